//! Facility location: cover the pool.

use super::Selector;
use super::greedy::{Objective, lazy};
use crate::base::Base;
use crate::kernel::{Kernel, PoolKernel};
use crate::pool::Pool;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facility location: the set R that best covers the pool, maximising `sum over v of the pool of
/// w_v * max over r in R of s(v, r)`, by lazy greedy, which reaches at least 1 - 1/e of the best.
///
/// Source: Nemhauser, Wolsey & Fisher 1978; Minoux 1978 (lazy); Lin & Bilmes 2011 (for coverage).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FacilityLocation {
    /// How much each item of the pool is worth covering.
    pub weights: Weights,
}

/// How much an item of the pool is worth covering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// All the same.
    #[default]
    Uniform,
    /// Its relevance (none where that is negative).
    Relevance,
}

/// Pools up to this size keep their whole kernel (8 MiB); the rows of larger ones are computed again when needed.
const KEPT_POOL: usize = 1024;

impl Selector for FacilityLocation {
    fn select(&self, base: &Base, pool: &Pool, k: usize, scratch: &Scratch, picked: &mut Vec<usize>) {
        let m = pool.items.len();
        let arena = &scratch.arena;
        let similarity = PoolKernel::new(Kernel::coverage(base.distance()), base, pool, scratch);
        let kept = if m <= KEPT_POOL { symmetric(&similarity, scratch) } else { &mut [] };
        let weights = match self.weights {
            Weights::Uniform => arena.alloc_slice_fill_copy(m, 1.0),
            Weights::Relevance => arena.alloc_slice_fill_iter(pool.items.iter().map(|item| item.score.max(0.0))),
        };
        let mut coverage = Coverage {
            similarity,
            kept,
            weights,
            covered: arena.alloc_slice_fill_copy(m, 0.0),
            row: arena.alloc_slice_fill_copy(m, 0.0),
        };
        lazy(&mut coverage, pool, k, scratch, picked);
    }
}

/// The whole kernel, `m x m`, each pair evaluated once.
fn symmetric<'s>(similarity: &PoolKernel<'_>, scratch: &'s Scratch) -> &'s mut [f64] {
    let m = similarity.len();
    let kernel = scratch.arena.alloc_slice_fill_copy(m * m, 0.0);
    for i in 0..m {
        similarity.row_from(i, i, &mut kernel[i * m + i..(i + 1) * m]);
        for j in i + 1..m {
            kernel[j * m + i] = kernel[i * m + j];
        }
    }
    kernel
}

/// How well each item of the pool is covered so far.
struct Coverage<'s> {
    similarity: PoolKernel<'s>,
    kept: &'s [f64],
    weights: &'s [f64],
    covered: &'s mut [f64],
    row: &'s mut [f64],
}

impl Coverage<'_> {
    /// Similarities of the item at `position` to all of the pool, beside what they are compared with.
    fn row(&mut self, position: usize) -> (&[f64], &mut [f64]) {
        let m = self.row.len();
        if self.kept.is_empty() {
            self.similarity.row(position, self.row);
            (self.row, self.covered)
        } else {
            (&self.kept[position * m..(position + 1) * m], self.covered)
        }
    }
}

impl Objective for Coverage<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        let weights = self.weights;
        let (row, covered) = self.row(position);
        let terms = row.iter().zip(covered).zip(weights);
        terms.map(|((similarity, covered), weight)| weight * (similarity - *covered).max(0.0)).sum()
    }

    fn add(&mut self, position: usize) {
        let (row, covered) = self.row(position);
        for (covered, &similarity) in covered.iter_mut().zip(row) {
            *covered = covered.max(similarity);
        }
    }
}
