//! Max-sum diversity: relevant, and far from each other in total.

use super::engine::lazily::{Bounds, at_least, largest};
use super::engine::order::best_first;
use super::engine::spread::{Spread, Spreads};
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::params::{NonNegative, constant};
use crate::pool_kernel::{Approximate, Picks};
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Max-sum diversity: relevant, and far from each other in total. Maximises `sum over r in R of rel(r)` plus
/// `lambda * sum over pairs in R of their distance`, beginning with the most relevant, by Borodin's greedy, which
/// halves the gain in relevance. At least 1/2 of the best where no relevance is negative and the distance is a metric.
///
/// Source: Gollapudi & Sharma 2009; Borodin, Lee & Ye 2012.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxSum {
    /// Weight of each pair's distance against an item's relevance.
    pub lambda: NonNegative,
    /// How far apart two items are.
    pub distance: Spread,
}

impl Default for MaxSum {
    fn default() -> Self {
        Self { lambda: constant!(NonNegative, 0.1), distance: Spread::default() }
    }
}

impl Selector for MaxSum {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let spreads = Spreads::new(self.distance, request, scratch);
        picked.clear();
        match spreads.kernel().approximate(scratch) {
            Some(approximate) if self.distance == Spread::Cosine => {
                self.by_sums(request, &spreads, approximate, scratch, picked);
            }
            approximate => self.by_bounds(request, &spreads, approximate, scratch, picked),
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        if self.distance == Spread::Cosine && setting.distance.of_items() != Distance::Angular {
            let message =
                format!("the distance `cosine` is asked for, but the dataset's distance is {}", setting.distance);
            let help = "leave `distance` out: `cosine` compares directions, for angular and ip";
            return Err(Unfit::new(message, help).of("distance"));
        }
        Ok(())
    }
}

/// Exact sums of distances to the picks, of items that are asked for.
struct Totals<'a, 's> {
    spreads: &'a Spreads<'s>,
    picks: Picks<'s>,
    /// Per item: the sum of its distances to the first picks, and to how many.
    of: &'s mut [f64],
    seen: &'s mut [usize],
    distances: &'s mut [f64],
}

impl<'a, 's> Totals<'a, 's> {
    fn new(request: &Request<'_>, spreads: &'a Spreads<'s>, scratch: &'s Scratch) -> Self {
        let (m, arena) = (request.pool.items.len(), &scratch.arena);
        Self {
            spreads,
            picks: spreads.kernel().picks(request.count(), scratch),
            of: arena.alloc_slice_fill_copy(m, 0.0),
            seen: arena.alloc_slice_fill_copy(m, 0),
            distances: arena.alloc_slice_fill_copy(request.count(), 0.0),
        }
    }

    /// The sum of the distances of item `i` to all picks, added up in the order of picking.
    fn total(&mut self, i: usize) -> f64 {
        let distances = &mut self.distances[..self.picks.count() - self.seen[i]];
        self.spreads.kernel().to(i, self.picks.group(self.seen[i]..self.picks.count()), distances);
        self.spreads.turn(distances);
        distances.iter().for_each(|distance| self.of[i] += distance);
        self.seen[i] = self.picks.count();
        self.of[i]
    }

    fn pick(&mut self, i: usize) {
        self.picks.push(self.spreads.kernel(), i);
    }
}

impl MaxSum {
    /// Upper bounds of all sums; the exact ones where these are high enough.
    fn by_bounds(
        &self,
        request: &Request<'_>,
        spreads: &Spreads<'_>,
        mut approximate: Option<Approximate<'_>>,
        scratch: &Scratch,
        picked: &mut Vec<usize>,
    ) {
        let (m, lambda, arena) = (request.pool.items.len(), self.lambda.get(), &scratch.arena);
        let mut totals = Totals::new(request, spreads, scratch);
        // Per item: an upper bound on the sum of its distances to all picks.
        let (at_most, row) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0.0));
        // Half of each score; minus infinity once the item is taken.
        let halves = arena.alloc_slice_fill_with(m, |i| 0.5 * request.score(i));
        let bounds = arena.alloc_slice_copy(halves);
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
                raise(bounds.all(), halves, at_most, row, lambda);
            }
            let best = bounds.take_best(|i| halves[i] + lambda * totals.total(i));
            let Some(best) = best else { break };
            halves[best] = f64::NEG_INFINITY;
            picked.push(best);
            totals.pick(best);
        }
    }

    /// Approximate sums of `1 - cosine`, all off by no more than the same bound: exact ones only where several items are within
    /// twice that of the best.
    fn by_sums(
        &self,
        request: &Request<'_>,
        spreads: &Spreads<'_>,
        mut approximate: Approximate<'_>,
        scratch: &Scratch,
        picked: &mut Vec<usize>,
    ) {
        let (m, lambda, arena) = (request.pool.items.len(), self.lambda.get(), &scratch.arena);
        let mut totals = Totals::new(request, spreads, scratch);
        let halves = arena.alloc_slice_fill_with(m, |i| 0.5 * request.score(i));
        // Minus infinity once the item is taken.
        let values = arena.alloc_slice_copy(halves);
        let found = arena.alloc_slice_fill_copy(m, 0_u32);
        let largest_half = halves.iter().map(|half| half.abs()).fold(0.0, f64::max);
        while picked.len() < request.count() {
            let most = match picked.last() {
                Some(&last) => add_distances(values, approximate.with(last, 0..m), lambda),
                None => largest(values),
            };
            // Each distance is off by the cosine's error. Both ways of adding up round after each step, by at most `2^-53` of a sum
            // that no step exceeds: `1e-15` is four times that for each.
            let picks = picked.len() as f64;
            let rounding = 1e-15 * (picks + 4.0) * (largest_half + 2.0 * lambda * picks);
            let off = lambda * picks * approximate.error() + rounding;
            let count = at_least(values, most - 2.0 * off, found);
            let best = match &found[..count] {
                &[only] => Some(only as usize),
                some => {
                    let exact = |&i: &u32| (halves[i as usize] + lambda * totals.total(i as usize), i as usize);
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
fn raise(bounds: &mut [f64], halves: &[f64], at_most: &mut [f64], row: &[f64], lambda: f64) {
    for (((bound, half), at_most), distance) in bounds.iter_mut().zip(halves).zip(at_most).zip(row) {
        *at_most += distance;
        // The exact sum rounds its terms differently; the factor allows for that.
        *bound = half + lambda * (*at_most * (1.0 + 1e-12));
    }
}
