//! Max-sum diversity: relevant, and far from each other in total.

use super::lazily::Bounds;
use super::{Request, Selector, Setting, Unfit};
use crate::Distance;
use crate::kernel::{Kernel, angles};
use crate::params::{NonNegative, constant};
use crate::pool::Pool;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Max-sum diversity: relevant, and far from each other in total. Maximises `sum over r in R of rel(r)` plus
/// `lambda * sum over pairs in R of their distance`, beginning with the most relevant, by Borodin's greedy, which halves the gain in relevance. At least 1/2 of the best
/// where no relevance is negative and the distance is a metric.
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

/// A distance of two items. None depends on the unit of the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// A metric: angle / pi on angular data; on euclidean data the L2 distance / sigma, the median distance of the pool to
    /// the query (where that is 0, the largest one).
    #[default]
    Metric,
    /// 1 - cosine: not a metric, so without the guarantee, but what other libraries use; angular data only.
    Cosine,
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
        let mut approximate = spreads.kernel.approximate(request.base.vectors().dim(), scratch);
        let mut picks = spreads.kernel.picks(request.count(), scratch);
        // Of each item the sum of its distances to the picks that it has seen, and a sum to all that is none too small.
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
                    let lower = spreads.kernel.lower_row(last, approximate);
                    row.iter_mut().zip(lower).for_each(|(row, &similarity)| *row = f64::from(similarity));
                    spreads.turn(row);
                } else {
                    spreads.row(last, row);
                }
                raise(bounds.all(), halves, at_most, row, lambda);
            }
            let best = bounds.take_best(|i| {
                let distances = &mut row[..picks.count() - seen[i]];
                spreads.kernel.to(i, picks.group(seen[i]..picks.count()), distances);
                spreads.turn(distances);
                distances.iter().for_each(|distance| total[i] += distance);
                seen[i] = picks.count();
                halves[i] + lambda * total[i]
            });
            let Some(best) = best else { break };
            halves[best] = f64::NEG_INFINITY;
            picked.push(best);
            picks.push(&spreads.kernel, best);
        }
    }

    fn check(&self, setting: &Setting) -> Result<(), Unfit> {
        if self.distance == Spread::Cosine && setting.distance != Distance::Angular {
            return Err(Unfit {
                parameter: Some("distance"),
                message: format!(
                    "the distance `cosine` is asked for, but the dataset's distance is {}",
                    setting.distance
                ),
                help: "leave `distance` out".into(),
            });
        }
        Ok(())
    }
}

/// Adds a row of distances to sums of such, and raises the bounds to what they make.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn raise(bounds: &mut [f64], halves: &[f64], at_most: &mut [f64], row: &[f64], lambda: f64) {
    for (((bound, half), at_most), distance) in bounds.iter_mut().zip(halves).zip(at_most).zip(row) {
        *at_most += distance;
        // The true sum has its terms in another form: what rounding may make of that.
        *bound = half + lambda * (*at_most * (1.0 + 1e-12));
    }
}

/// Distances within a pool, which do not depend on the unit of its vectors.
pub(super) struct Spreads<'s> {
    kernel: PoolKernel<'s>,
    scale: Scale,
}

/// How a distance comes of what the kernel gives.
#[derive(Clone, Copy)]
enum Scale {
    /// The root of a negative square, over this unit.
    Root(f64),
    /// 1 less a cosine.
    Cosine,
    /// The angle of a cosine, over pi.
    Angle,
}

impl<'s> Spreads<'s> {
    pub(super) fn new(spread: Spread, request: &Request<'s>, scratch: &'s Scratch) -> Self {
        let (kernel, scale) = match (request.base.distance(), spread) {
            (Distance::Euclidean, _) => {
                (PoolKernel::negative_squares(request, scratch), Scale::Root(unit_of(request.pool)))
            }
            (Distance::Angular, Spread::Cosine) => (PoolKernel::new(Kernel::Gram, request, scratch), Scale::Cosine),
            (Distance::Angular, Spread::Metric) => (PoolKernel::new(Kernel::Gram, request, scratch), Scale::Angle),
        };
        Self { kernel, scale }
    }

    /// Turns what the kernel gives into distances.
    fn turn(&self, values: &mut [f64]) {
        match self.scale {
            Scale::Root(unit) => values.iter_mut().for_each(|value| *value = (-*value).sqrt() / unit),
            Scale::Cosine => values.iter_mut().for_each(|value| *value = 1.0 - *value),
            Scale::Angle => {
                angles(values);
                values.iter_mut().for_each(|value| *value /= PI);
            }
        }
    }

    /// `out[j]` is the distance of items `i` and `j`; 0 from an item to itself.
    pub(super) fn row(&self, i: usize, out: &mut [f64]) {
        self.kernel.row(i, out);
        self.turn(out);
        out[i] = 0.0;
    }
}

/// The unit of L2 distances in a pool: sigma; where that is 0 the largest distance to the query; where that is 0, too, 1.
fn unit_of(pool: &Pool) -> f64 {
    if pool.sigma > 0.0 {
        return pool.sigma;
    }
    let largest = pool.items.iter().map(|item| item.distance).fold(0.0, f64::max);
    if largest > 0.0 { largest } else { 1.0 }
}
