//! The best item of a pool when values are expensive and bounds are cheap.

use super::order::best_first;
use crate::scratch::Scratch;
use multiversion::multiversion;

/// Bounds from above on the values of a pool's items, from which the best item is found by computing few values.
pub struct Bounds<'s> {
    /// The bound of each item; minus infinity once it is taken.
    of: &'s mut [f64],
    /// Room for the positions of promising items.
    promising: &'s mut [u32],
}

impl<'s> Bounds<'s> {
    /// Starts with these bounds.
    pub fn new(bounds: &'s mut [f64], scratch: &'s Scratch) -> Self {
        Self { promising: scratch.arena.alloc_slice_fill_copy(bounds.len(), 0), of: bounds }
    }

    /// The bounds, to lower or to raise.
    pub fn all(&mut self) -> &mut [f64] {
        self.of
    }

    /// Takes the item with the best value; of equals the one that stands first in the pool. `value` computes an item's
    /// true value, which is never above its bound and becomes its new bound. `None` if no value above minus infinity is
    /// left.
    pub fn take_best(&mut self, mut value: impl FnMut(usize) -> f64) -> Option<usize> {
        let highest = largest(self.of);
        if highest == f64::NEG_INFINITY {
            return None;
        }
        let count = at_least(self.of, highest, self.promising);
        let first = self.promising[..count].first().copied()? as usize;
        self.of[first] = value(first);
        let mut best = (self.of[first], first);
        // The value of one item with a high bound rules out most others.
        let count = at_least(self.of, best.0, self.promising);
        for &i in &self.promising[..count] {
            let i = i as usize;
            if i != first && self.of[i] >= best.0 {
                self.of[i] = value(i);
                if best_first((self.of[i], i), best).is_lt() {
                    best = (self.of[i], i);
                }
            }
        }
        if best.0 == f64::NEG_INFINITY {
            return None;
        }
        self.of[best.1] = f64::NEG_INFINITY;
        Some(best.1)
    }
}

/// Of the items whose bound is above minus infinity: the one with the best value, and this value; of equals the one that stands first
/// in the pool. `value` computes an item's true value, which is at most `slack` above its bound and becomes its new bound; it is asked
/// for one item after another, by their bounds, until no other can be as good. `is_known` is room for a mark of each item.
pub fn best_of(
    bounds: &mut [f64],
    slack: f64,
    is_known: &mut [bool],
    mut value: impl FnMut(usize) -> f64,
) -> Option<(f64, usize)> {
    is_known.fill(false);
    let mut best = (f64::NEG_INFINITY, usize::MAX);
    loop {
        let unknown = (0..bounds.len()).filter(|&i| !is_known[i] && bounds[i] > f64::NEG_INFINITY);
        match unknown.map(|i| (bounds[i], i)).min_by(|&a, &b| best_first(a, b)) {
            Some((bound, next)) if bound + slack >= best.0 => {
                (bounds[next], is_known[next]) = (value(next), true);
                let entry = (bounds[next], next);
                best = if best_first(entry, best).is_lt() { entry } else { best };
            }
            _ => return (best.0 > f64::NEG_INFINITY).then_some(best),
        }
    }
}

/// The largest value; minus infinity if there are none.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn largest(values: &[f64]) -> f64 {
    let mut lanes = [f64::NEG_INFINITY; 16];
    let mut chunks = values.chunks_exact(16);
    for chunk in &mut chunks {
        for i in 0..16 {
            lanes[i] = if chunk[i] > lanes[i] { chunk[i] } else { lanes[i] };
        }
    }
    lanes.iter().chain(chunks.remainder()).copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Puts the positions of the values that are at least `floor` into `found`, ascending, and returns how many there are.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn at_least(values: &[f64], floor: f64, found: &mut [u32]) -> usize {
    let mut count = 0;
    for (chunk, values) in values.chunks(32).enumerate() {
        let mut any = false;
        for &value in values {
            any |= value >= floor;
        }
        if any {
            for (at, _) in values.iter().enumerate().filter(|&(_, &value)| value >= floor) {
                found[count] = (chunk * 32 + at) as u32;
                count += 1;
            }
        }
    }
    count
}
