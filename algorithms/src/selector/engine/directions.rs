//! Gram-Schmidt on similarities: the part of each item of a pool that lies outside the directions of the picks.

use crate::points::dense::product;
use crate::pool_kernel::{Picks, PoolKernel};
use crate::scratch::Scratch;
use multiversion::multiversion;

/// A remainder that counts as nothing; that of a whole item is 1 or 2.
pub const NOTHING: f64 = 1e-12;

/// The remainder, or exactly `floor` if the rest is rounding.
fn something(remainder: f64, floor: f64) -> f64 {
    if remainder < floor + NOTHING { floor } else { remainder }
}

/// Remainders of all items beside the directions of the last `window` picks, updated together.
///
/// An item's remainder is the squared length of its part that is orthogonal to the directions. A pick's direction is
/// the part of it that was left when it was picked; a pick of which nothing was left has none.
pub struct Directions<'s> {
    kernel: &'s PoolKernel<'s>,
    bias: f64,
    /// For each direction in the window, every item's coordinate along it; the oldest is overwritten.
    coordinates: &'s mut [f64],
    window: usize,
    picks: usize,
    fresh: &'s mut [f64],
    remainders: &'s mut [f64],
}

impl<'s> Directions<'s> {
    /// No pick yet; `bias` is added to every similarity.
    pub fn new(kernel: &'s PoolKernel<'s>, bias: f64, window: usize, scratch: &'s Scratch) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        Self {
            coordinates: arena.alloc_slice_fill_copy(window * m, 0.0),
            fresh: arena.alloc_slice_fill_copy(m, 0.0),
            remainders: arena.alloc_slice_fill_with(m, |i| kernel.self_similarity(i) + bias),
            kernel,
            bias,
            window,
            picks: 0,
        }
    }

    /// The remainder of each item.
    pub fn remainders(&self) -> &[f64] {
        self.remainders
    }

    /// Adds the direction of item `i`; the oldest leaves the window if that is full.
    pub fn pick(&mut self, i: usize) {
        let m = self.kernel.len();
        self.kernel.row(i, self.fresh);
        let held = self.picks.min(self.window);
        let weights = |direction: usize, coordinates: &[f64]| coordinates[direction * m + i];
        for first in (0..held).step_by(4) {
            let four = (first + 4).min(held);
            let mut by = [0.0; 4];
            (first..four).zip(&mut by).for_each(|(direction, by)| *by = weights(direction, self.coordinates));
            subtract(self.fresh, &self.coordinates[first * m..four * m], by);
        }
        let scale = if self.remainders[i] > NOTHING { 1.0 / self.remainders[i].sqrt() } else { 0.0 };
        // The bias was not added to these similarities yet.
        let oldest = self.picks % self.window * m;
        replace(self.remainders, &mut self.coordinates[oldest..oldest + m], self.fresh, scale, self.bias);
        self.picks += 1;
    }
}

/// `values -= by[j] * row j`, for up to four rows that follow each other.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn subtract(values: &mut [f64], rows: &[f64], by: [f64; 4]) {
    let m = values.len();
    if rows.len() == 4 * m {
        let (a, rest) = rows.split_at(m);
        let (b, rest) = rest.split_at(m);
        let (c, d) = rest.split_at(m);
        for i in 0..m {
            values[i] = values[i] - by[0] * a[i] - by[1] * b[i] - by[2] * c[i] - by[3] * d[i];
        }
    } else {
        for (row, by) in rows.chunks_exact(m).zip(by) {
            for i in 0..m {
                values[i] -= by * row[i];
            }
        }
    }
}

/// Replaces an old direction by a new one, and updates the remainders.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn replace(remainders: &mut [f64], old: &mut [f64], fresh: &[f64], scale: f64, bias: f64) {
    for ((remainder, old), fresh) in remainders.iter_mut().zip(old).zip(fresh) {
        let new = (fresh + bias) * scale;
        let left = *remainder + *old * *old - new * new;
        *remainder = if left < NOTHING { 0.0 } else { left };
        *old = new;
    }
}

/// A Cholesky factor of `S_R + ridge * I` that grows by one pick at a time, and the remainder of each item, updated
/// item by item when asked for.
///
/// An item's remainder is `det(S + ridge I of R + item) / det(S + ridge I of R)`; it never grows as R does.
pub struct Factor<'s> {
    kernel: PoolKernel<'s>,
    picks: Picks<'s>,
    /// Number of coordinates that each item has room for.
    capacity: usize,
    /// For each item, its coordinate along each pick that it has seen: `m x capacity`.
    coordinates: &'s mut [f64],
    /// Those of the picks themselves, `capacity x capacity`, and the root of each one's remainder.
    rows: &'s mut [f64],
    roots: &'s mut [f64],
    seen: &'s mut [usize],
    remainders: &'s mut [f64],
    fresh: &'s mut [f64],
    ridge: f64,
}

impl<'s> Factor<'s> {
    /// No pick yet, and room for `capacity`.
    pub fn new(kernel: PoolKernel<'s>, ridge: f64, capacity: usize, scratch: &'s Scratch) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        Self {
            picks: kernel.picks(capacity, scratch),
            capacity,
            coordinates: arena.alloc_slice_fill_copy(m * capacity, 0.0),
            rows: arena.alloc_slice_fill_copy(capacity * capacity, 0.0),
            roots: arena.alloc_slice_fill_copy(capacity, 0.0),
            seen: arena.alloc_slice_fill_copy(m, 0),
            remainders: arena.alloc_slice_fill_with(m, |i| kernel.self_similarity(i) + ridge),
            fresh: arena.alloc_slice_fill_copy(m.max(capacity), 0.0),
            kernel,
            ridge,
        }
    }

    /// Number of picks.
    pub fn picks(&self) -> usize {
        self.picks.count()
    }

    /// The remainder of item `i` beside the picks that it has seen: an upper bound on the remainder beside all.
    pub fn known(&self, i: usize) -> f64 {
        self.remainders[i]
    }

    /// A lower and an upper bound on the remainder of item `i` beside all picks.
    pub fn bounds(&self, i: usize) -> [f64; 2] {
        let least = if self.seen[i] == self.picks.count() { self.remainders[i] } else { self.ridge };
        [least, self.remainders[i]]
    }

    /// The remainder of item `i` beside all picks.
    pub fn remainder(&mut self, i: usize) -> f64 {
        let (from, to) = (self.seen[i], self.picks.count());
        if from < to {
            let similarities = &mut self.fresh[..to - from];
            self.kernel.to(i, self.picks.group(from..to), similarities);
            let mine = &mut self.coordinates[i * self.capacity..][..to];
            for (pick, &similarity) in (from..to).zip(&*similarities) {
                let along = product(&mine[..pick], &self.rows[pick * self.capacity..][..pick]);
                mine[pick] = (similarity - along) / self.roots[pick];
                self.remainders[i] -= mine[pick] * mine[pick];
            }
            self.remainders[i] = something(self.remainders[i], self.ridge);
            self.seen[i] = to;
        }
        self.remainders[i]
    }

    /// Adds item `i`. Its remainder must be above 0.
    pub fn pick(&mut self, i: usize) {
        let remainder = self.remainder(i);
        let pick = self.picks.count();
        self.roots[pick] = remainder.sqrt();
        self.rows[pick * self.capacity..][..pick].copy_from_slice(&self.coordinates[i * self.capacity..][..pick]);
        self.picks.push(&self.kernel, i);
        if pick == 0 {
            // Every item will need the first pick: a whole row at once is cheaper than one by one.
            self.kernel.row(i, self.fresh);
            for (other, &similarity) in self.fresh[..self.seen.len()].iter().enumerate() {
                let along = similarity / self.roots[0];
                self.coordinates[other * self.capacity] = along;
                self.seen[other] = 1;
                self.remainders[other] = something(self.remainders[other] - along * along, self.ridge);
            }
        }
    }
}
