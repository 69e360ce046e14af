//! Sum vector: together the picks point where the query points.

use super::engine::directions::NOTHING;
use super::engine::greedy::{quantum, rounded};
use super::engine::order::best_position;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::kernel::Kernel;
use crate::points::PointType;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The sum of the picks points where the query points: beginning with the most relevant, again and again the item x with the
/// largest `cos(query, sum of picks + x)`, which the metric `sum-cosine` measures. It has no parameter. For angular each vector
/// has length 1 in the sum; for ip and euclidean it has its own. (For euclidean, results so depend on where the origin is.) A
/// sum of zero has cosine 0.
///
/// The largest cosine of all sets is NP-hard to find; for these greedy picks no guarantee is known. Costs O(m k d): a pick adds
/// one row of cosines to sums from which all further cosines follow.
///
/// Source: VRSD, arXiv 2407.04573.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SumVector {}

impl Selector for SumVector {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let (m, arena) = (request.pool.items.len(), &scratch.arena);
        let kernel = PoolKernel::new(Kernel::Gram, request, scratch);
        let [along, to_sum, row, values] = std::array::from_fn(|_| arena.alloc_slice_fill_copy(m, 0.0));
        let lengths = lengths(request, scratch);
        let taken = arena.alloc_slice_fill_copy(m, false);
        kernel.of_query(along);
        along.iter_mut().zip(lengths).for_each(|(along, length)| *along *= length);
        let mut sum = Sum::default();
        // No cosine is above 1, and rounding must not decide between equal ones.
        let unit = quantum(&[1.0]);
        while picked.len() < request.count() {
            let best = if picked.is_empty() {
                // The pool stands in order of score.
                Some(0)
            } else {
                cosines_with(sum, lengths, along, to_sum, values);
                best_position(taken, |i| rounded(values[i], unit))
            };
            let Some(best) = best else { break };
            taken[best] = true;
            picked.push(best);
            let length = lengths[best];
            sum.square += length * (2.0 * to_sum[best] + length);
            sum.squares += length * length;
            sum.along += along[best];
            kernel.row(best, row);
            to_sum.iter_mut().zip(&*row).for_each(|(to_sum, cosine)| *to_sum += length * cosine);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        if matches!(setting.kind, PointType::Dense | PointType::Sparse) {
            return Ok(());
        }
        let message = format!("`sum-vector` adds up vectors, and {} are none", setting.kind);
        Err(Unfit::new(
            message,
            "use `mmr` or `facility-location`, which compare items by the dataset's own similarity",
        ))
    }

    fn needs_query(&self) -> bool {
        true
    }
}

/// The length of each item in a sum, over the largest.
fn lengths<'s>(request: &Request<'_>, scratch: &'s Scratch) -> &'s [f64] {
    let norms = request.pool.items.iter().map(|item| request.base.norms()[item.id as usize]);
    let largest = norms.clone().fold(0.0, f64::max);
    let length = |norm: f64| match request.base.distance() {
        _ if norm == 0.0 => 0.0,
        Distance::Angular => 1.0,
        _ => norm / largest,
    };
    scratch.arena.alloc_slice_fill_iter(norms.map(length))
}

/// The sum of the picks.
#[derive(Clone, Copy, Default)]
struct Sum {
    /// Its squared length.
    square: f64,
    /// The squared lengths of the picks, added up.
    squares: f64,
    /// Its inner product with the direction of the query.
    along: f64,
}

/// The cosine of the query and the sum with each item, from the item's length, its inner product with the direction of the query,
/// and the inner product of its direction with the sum.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn cosines_with(sum: Sum, lengths: &[f64], along: &[f64], to_sum: &[f64], cosines: &mut [f64]) {
    for (((cosine, length), along), to_sum) in cosines.iter_mut().zip(lengths).zip(along).zip(to_sum) {
        let square = sum.square + length * (2.0 * to_sum + length);
        let is_something = square > NOTHING * (sum.squares + length * length);
        *cosine = if is_something { (sum.along + along) / square.sqrt() } else { 0.0 };
    }
}
