//! The greedy choice: one item after the other.

use super::Sum;
use crate::pool_kernel::Approximate;
use crate::selector::engine::lazily::{Bounds, at_least, largest};
use crate::selector::engine::order::best_first;
use crate::selector::engine::spread::Spread;
use crate::selector::engine::totals::Totals;
use multiversion::multiversion;

impl Sum<'_, '_> {
    /// Begins with the most relevant; then again and again the item with the largest share of its relevance plus `lambda` times its
    /// distances to the picks.
    pub(super) fn greedy(&self, picked: &mut Vec<usize>) {
        picked.clear();
        match self.spreads.kernel().approximate(self.scratch) {
            Some(approximate) if self.distance == Spread::Cosine => self.by_sums(approximate, picked),
            approximate => self.by_bounds(approximate, picked),
        }
    }

    /// Puts picks into the order in which greedy would pick them from their set.
    pub(super) fn order(&self, picked: &mut [usize]) {
        let mut totals = Totals::new(self.request, self.spreads.kernel(), self.scratch);
        for at in 0..picked.len() {
            let mut best: Option<((f64, usize), usize)> = None;
            for (slot, &i) in picked.iter().enumerate().skip(at) {
                let total = totals.total(i, |distances| self.spreads.turn(distances));
                let entry = (self.share * self.request.score(i) + self.lambda * total, i);
                if best.is_none_or(|(best, _)| best_first(entry, best).is_lt()) {
                    best = Some((entry, slot));
                }
            }
            let Some((_, slot)) = best else { return };
            picked.swap(at, slot);
            totals.pick(picked[at]);
        }
    }

    /// Upper bounds of all sums; the exact ones where these are high enough.
    fn by_bounds(&self, mut approximate: Option<Approximate<'_>>, picked: &mut Vec<usize>) {
        let Self { request, spreads, lambda, scratch, .. } = self;
        let (m, lambda, arena) = (request.pool.items.len(), *lambda, &scratch.arena);
        let mut totals = Totals::new(request, spreads.kernel(), scratch);
        // Per item: an upper bound on the sum of its distances to all picks.
        let (at_most, row) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0.0));
        // The share of each score; minus infinity once the item is taken.
        let shares = arena.alloc_slice_fill_with(m, |i| self.share * request.score(i));
        let bounds = arena.alloc_slice_copy(shares);
        let mut bounds = Bounds::new(bounds, scratch);
        while picked.len() < request.count() {
            if let Some(&last) = picked.last() {
                if let Some(approximate) = &mut approximate {
                    let error = approximate.error();
                    let cosines = approximate.with(last, 0..m);
                    row.iter_mut().zip(cosines).for_each(|(row, &cosine)| *row = (f64::from(cosine) - error).max(-1.0));
                    spreads.turn(row);
                } else {
                    spreads.row(last, row);
                }
                raise(bounds.all(), shares, at_most, row, lambda);
            }
            let best = bounds.take_best(|i| shares[i] + lambda * totals.total(i, |distances| spreads.turn(distances)));
            let Some(best) = best else { break };
            shares[best] = f64::NEG_INFINITY;
            picked.push(best);
            totals.pick(best);
        }
    }

    /// Approximate sums of `1 - cosine`, all off by no more than the same bound: exact ones only where several items are within
    /// twice that of the best.
    fn by_sums(&self, mut approximate: Approximate<'_>, picked: &mut Vec<usize>) {
        let Self { request, spreads, lambda, scratch, .. } = self;
        let (m, lambda, arena) = (request.pool.items.len(), *lambda, &scratch.arena);
        let mut totals = Totals::new(request, spreads.kernel(), scratch);
        let shares = arena.alloc_slice_fill_with(m, |i| self.share * request.score(i));
        // Minus infinity once the item is taken.
        let values = arena.alloc_slice_copy(shares);
        let found = arena.alloc_slice_fill_copy(m, 0_u32);
        let largest_share = shares.iter().map(|share| share.abs()).fold(0.0, f64::max);
        while picked.len() < request.count() {
            let most = match picked.last() {
                Some(&last) => add_distances(values, approximate.with(last, 0..m), lambda),
                None => largest(values),
            };
            // Each distance is off by the cosine's error. Both ways of adding up round after each step, by at most `2^-53` of a sum
            // that no step exceeds: `1e-15` is four times that for each.
            let picks = picked.len() as f64;
            let rounding = 1e-15 * (picks + 4.0) * (largest_share + 2.0 * lambda * picks);
            let off = lambda * picks * approximate.error() + rounding;
            let count = at_least(values, most - 2.0 * off, found);
            let best = match &found[..count] {
                &[only] => Some(only as usize),
                some => {
                    let mut total = |i: usize| totals.total(i, |distances| spreads.turn(distances));
                    let exact = |&i: &u32| (shares[i as usize] + lambda * total(i as usize), i as usize);
                    some.iter().map(exact).min_by(|&a, &b| best_first(a, b)).map(|(_, best)| best)
                }
            };
            let Some(best) = best else { break };
            values[best] = f64::NEG_INFINITY;
            picked.push(best);
            totals.pick(best);
        }
    }
}

/// Adds `lambda * (1 - cosine)` to each value. Returns the largest.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn add_distances(values: &mut [f64], cosines: &[f32], lambda: f64) -> f64 {
    const LANES: usize = 16;
    let mut most = [f64::NEG_INFINITY; LANES];
    let (mut sixteens, mut of_cosines) = (values.chunks_exact_mut(LANES), cosines.chunks_exact(LANES));
    for (values, cosines) in (&mut sixteens).zip(&mut of_cosines) {
        for lane in 0..LANES {
            values[lane] += lambda * (1.0 - f64::from(cosines[lane]));
            most[lane] = if values[lane] > most[lane] { values[lane] } else { most[lane] };
        }
    }
    for (value, cosine) in sixteens.into_remainder().iter_mut().zip(of_cosines.remainder()) {
        *value += lambda * (1.0 - f64::from(*cosine));
        most[0] = if *value > most[0] { *value } else { most[0] };
    }
    most.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

/// Adds a row of distances to sums of such, and raises the bounds to what they make.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn raise(bounds: &mut [f64], shares: &[f64], at_most: &mut [f64], row: &[f64], lambda: f64) {
    for (((bound, share), at_most), distance) in bounds.iter_mut().zip(shares).zip(at_most).zip(row) {
        *at_most += distance;
        // The exact sum rounds its terms differently; the factor allows for that.
        *bound = share + lambda * (*at_most * (1.0 + 1e-12));
    }
}
