//! Facility location over pools of thousands: gains in 16-bit similarities rule out nearly all items, exact gains decide.

use super::coverage::CoverageObjective;
use super::greedy::{Objective, note_filling, quantum, rounded};
use super::order::best_first;
use crate::nearest::{filter, multiply};
use crate::points::Points;
use crate::points::dense::DenseRows;
use crate::scratch::Scratch;
use crate::selector::Request;
use multiversion::multiversion;

/// Similarity 1 in whole units; a little below 2^16.
const ONE: f64 = 65_000.0;

/// Pools whose coarse similarities are kept, 2 bytes a pair: up to 288 MiB.
pub const SIZES: std::ops::RangeInclusive<usize> = 257..=12_288;

/// Rows and columns of a tile of the matrix product.
const TILE: (usize, usize) = (128, 1024);

/// Columns that are mirrored at once.
const MIRRORED: usize = 64;

/// The clipped cosines of a pool in whole units, and each item's gain in them.
pub struct CoarseGains<'s> {
    similarities: &'s mut [u16],
    covered: &'s mut [u16],
    gains: &'s mut [u32],
    /// Per item: the number of terms of its gain that are above 0, or may be.
    terms: &'s mut [u32],
    /// Bound on the error of one term, in units.
    off: f64,
}

impl<'s> CoarseGains<'s> {
    /// Computes them for the pool of `request`; `None` if the pool has another size or `f32` cannot be trusted.
    pub fn new(request: &Request<'_>, scratch: &'s Scratch) -> Option<Self> {
        let (base, items, arena) = (request.base, &request.pool.items, &scratch.arena);
        let Points::Dense(vectors) = base.points() else { return None };
        let (m, stride) = (items.len(), vectors.stride());
        let norm = |i: usize| base.norms()[items[i].id as usize];
        if !SIZES.contains(&m) || !(0..m).all(|i| filter::is_safe(norm(i))) {
            return None;
        }
        scratch.count(m * (m + 1) / 2);
        let rows = DenseRows::of(vectors);
        let gathered = arena.alloc_slice_fill_with(m * stride, |at| rows.get(items[at / stride].id)[at % stride]);
        let inverse = |i: usize| if norm(i) > 0.0 { (1.0 / norm(i)) as f32 } else { 0.0 };
        let inverses = arena.alloc_slice_fill_with(m, inverse);
        let similarities = arena.alloc_slice_fill_copy(m * m, 0_u16);
        let products = arena.alloc_slice_fill_copy(TILE.0 * TILE.1, 0.0_f32);
        for first in (0..m).step_by(TILE.0) {
            let left = first..(first + TILE.0).min(m);
            // On and above the diagonal; below it is the mirror image.
            for second in (first..m).step_by(TILE.1) {
                let right = second..(second + TILE.1).min(m);
                let lines = |range: &std::ops::Range<usize>| &gathered[range.start * stride..range.end * stride];
                multiply(lines(&left), lines(&right), stride, products);
                for (i, row) in left.clone().zip(products.chunks_exact(right.len())) {
                    let scale = inverses[i] * ONE as f32;
                    in_units(row, scale, &inverses[right.clone()], &mut similarities[i * m..][right.clone()]);
                }
                for block in right.clone().step_by(MIRRORED) {
                    for j in block..(block + MIRRORED).min(right.end) {
                        for i in left.clone() {
                            similarities[j * m + i] = similarities[i * m + j];
                        }
                    }
                }
            }
        }
        let gains = arena.alloc_slice_fill_with(m, |i| sum(&similarities[i * m..(i + 1) * m]));
        // The similarity and the coverage may each be off by the product's error and half a unit.
        let off = 2.0 * (ONE * filter::cosine_error(vectors.dim()) + 0.5);
        let (covered, terms) = (arena.alloc_slice_fill_copy(m, 0), arena.alloc_slice_fill_copy(m, m as u32));
        Some(Self { similarities, covered, gains, terms, off })
    }

    /// A lower bound (`sign` -1) or an upper bound (`sign` 1) on the true gain of the item at `position`.
    fn bound(&self, position: usize, sign: f64) -> f64 {
        (f64::from(self.gains[position]) + sign * self.off * f64::from(self.terms[position])) / ONE
    }

    /// Adds the item at `position`: where it covers better, every gain falls.
    fn add(&mut self, position: usize) {
        let m = self.gains.len();
        // A similarity that is lower by more than this is truly below the coverage.
        let reach = self.off.ceil() as u16;
        let mut rises = [(0, 0, 0); ROWS];
        let mut count = 0;
        for v in 0..m {
            let (old, new) = (self.covered[v], self.similarities[position * m + v]);
            if new > old {
                self.covered[v] = new;
                rises[count] = (v * m, old, new);
                count += 1;
            }
            if count == ROWS || v + 1 == m {
                // A rise from 0 to 0 changes nothing.
                rises[count..].fill((0, 0, 0));
                lower(self.gains, self.terms, self.similarities, rises, reach);
                count = 0;
            }
        }
    }
}

/// Rises of coverage that are taken from the gains in one pass.
const ROWS: usize = 4;

/// The greedy choice: the same items as the lazy engine's with equal weights.
pub fn maximize(
    exact: &mut CoverageObjective<'_>,
    coarse: &mut CoarseGains<'_>,
    request: &Request<'_>,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    picked.clear();
    let m = coarse.gains.len();
    let taken = scratch.arena.alloc_slice_fill_copy(m, false);
    let found = scratch.arena.alloc_slice_fill_copy(m, (0.0, 0_usize));
    let mut unit = None;
    while picked.len() < request.count() {
        let left = || (0..m).filter(|&i| !taken[i]);
        let sure = left().map(|i| coarse.bound(i, -1.0)).fold(f64::NEG_INFINITY, f64::max);
        let first = left().max_by_key(|&i| (coarse.gains[i], std::cmp::Reverse(i)));
        let (mut count, mut floor) = (0, sure);
        // The highest coarse gain first: its exact one rules out most of the others.
        for i in first.into_iter().chain(left().filter(|&i| Some(i) != first)) {
            if coarse.bound(i, 1.0) >= floor {
                found[count] = (exact.gain(i), i);
                floor = floor.max(found[count].0);
                count += 1;
            }
        }
        let most = found[..count].iter().map(|&(gain, _)| gain).fold(0.0, f64::max);
        let unit = *unit.get_or_insert_with(|| quantum(&[most]));
        let entries = found[..count].iter().map(|&(gain, i)| (rounded(gain, unit), i));
        let Some((gain, best)) = entries.min_by(|&a, &b| best_first(a, b)) else { break };
        note_filling(gain, scratch);
        exact.add(best);
        coarse.add(best);
        taken[best] = true;
        picked.push(best);
    }
}

/// `max(0, product * scale * inverse)` in whole units.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn in_units(products: &[f32], scale: f32, inverses: &[f32], units: &mut [u16]) {
    for ((unit, product), inverse) in units.iter_mut().zip(products).zip(inverses) {
        let value = (product * inverse) * scale + 0.5;
        let value = if value > 0.0 { value } else { 0.0 };
        let value = if value < 65_535.0 { value } else { 65_535.0 };
        *unit = value as i32 as u16;
    }
}

#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn sum(row: &[u16]) -> u32 {
    row.iter().map(|&unit| u32::from(unit)).sum()
}

/// Lowers each gain by what it loses when the coverage of some items rises. Each rise is (the item's offset in `all`,
/// its coverage before, its coverage after).
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn lower(gains: &mut [u32], terms: &mut [u32], all: &[u16], rises: [(usize, u16, u16); ROWS], reach: u16) {
    let m = gains.len();
    let terms = &mut terms[..m];
    let row = |r: usize| &all[rises[r].0..][..m];
    let (a, b, c, d) = (row(0), row(1), row(2), row(3));
    let lost = |r: usize, unit: u16| {
        let (_, old, new) = rises[r];
        u32::from(unit.saturating_sub(old) - unit.saturating_sub(new))
    };
    let settled = |r: usize, unit: u16| {
        let (_, old, new) = rises[r];
        u32::from(unit >= old.saturating_sub(reach)) - u32::from(unit >= new.saturating_sub(reach))
    };
    for i in 0..m {
        gains[i] -= lost(0, a[i]) + lost(1, b[i]) + lost(2, c[i]) + lost(3, d[i]);
        terms[i] -= settled(0, a[i]) + settled(1, b[i]) + settled(2, c[i]) + settled(3, d[i]);
    }
}
