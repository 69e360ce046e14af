//! Max-sum diversity: relevant, and far from each other in total.

use super::engine::lazily::Bounds;
use super::engine::spread::{Spread, Spreads};
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::params::{NonNegative, constant};
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
        let (m, lambda, arena) = (request.pool.items.len(), self.lambda.get(), &scratch.arena);
        let mut approximate = spreads.kernel().approximate(request.base.points().dim(), scratch);
        let mut picks = spreads.kernel().picks(request.count(), scratch);
        // Per item: the sum of its distances to the picks that it was measured against, and an upper bound on the sum
        // to all picks.
        let (total, at_most) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0.0));
        let (row, seen) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0_usize));
        // Half of each score; minus infinity once the item is taken.
        let halves = arena.alloc_slice_fill_with(m, |i| 0.5 * request.score(i));
        let bounds = arena.alloc_slice_copy(halves);
        let mut bounds = Bounds::new(bounds, scratch);
        picked.clear();
        while picked.len() < request.count() {
            if let Some(&last) = picked.last() {
                if let Some(approximate) = &mut approximate {
                    let lower = spreads.kernel().lower_row(last, approximate);
                    row.iter_mut().zip(lower).for_each(|(row, &similarity)| *row = f64::from(similarity));
                    spreads.turn(row);
                } else {
                    spreads.row(last, row);
                }
                raise(bounds.all(), halves, at_most, row, lambda);
            }
            let best = bounds.take_best(|i| {
                let distances = &mut row[..picks.count() - seen[i]];
                spreads.kernel().to(i, picks.group(seen[i]..picks.count()), distances);
                spreads.turn(distances);
                distances.iter().for_each(|distance| total[i] += distance);
                seen[i] = picks.count();
                halves[i] + lambda * total[i]
            });
            let Some(best) = best else { break };
            halves[best] = f64::NEG_INFINITY;
            picked.push(best);
            picks.push(spreads.kernel(), best);
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

/// Adds a row of distances to sums of such, and raises the bounds to what they make.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn raise(bounds: &mut [f64], halves: &[f64], at_most: &mut [f64], row: &[f64], lambda: f64) {
    for (((bound, half), at_most), distance) in bounds.iter_mut().zip(halves).zip(at_most).zip(row) {
        *at_most += distance;
        // The exact sum rounds its terms differently; the factor allows for that.
        *bound = half + lambda * (*at_most * (1.0 + 1e-12));
    }
}
