//! Maximal marginal relevance.

use super::{Selector, best_position};
use crate::base::Base;
use crate::kernel::{Kernel, PoolKernel};
use crate::params::{Fraction, constant};
use crate::pool::Pool;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximal marginal relevance: again and again the item with the largest
/// `lambda * rel - (1 - lambda) * (its largest similarity to what is picked)`, beginning with the most relevant.
/// Similarities are raw: unclipped cosines for angular data, the rbf kernel for euclidean.
///
/// Source: Carbonell & Goldstein 1998.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mmr {
    /// Weight of relevance against novelty: 1 is top-k, 0 looks at novelty alone.
    pub lambda: Fraction,
}

impl Default for Mmr {
    fn default() -> Self {
        Self { lambda: constant!(Fraction, 0.5) }
    }
}

impl Selector for Mmr {
    fn select(&self, base: &Base, pool: &Pool, k: usize, scratch: &Scratch, picked: &mut Vec<usize>) {
        let m = pool.items.len();
        let lambda = self.lambda.get();
        let similarity = PoolKernel::new(Kernel::raw(base.distance()), base, pool, scratch);
        let taken = scratch.arena.alloc_slice_fill_copy(m, false);
        let nearest = scratch.arena.alloc_slice_fill_copy(m, f64::NEG_INFINITY);
        let row = scratch.arena.alloc_slice_fill_copy(m, 0.0);
        picked.clear();
        while picked.len() < k.min(m) {
            if let Some(&last) = picked.last() {
                similarity.row(last, row);
                for (nearest, &similarity) in nearest.iter_mut().zip(&*row) {
                    *nearest = nearest.max(similarity);
                }
            }
            let value = |i: usize| {
                let rel = pool.items[i].score;
                if picked.is_empty() { rel } else { lambda * rel - (1.0 - lambda) * nearest[i] }
            };
            let Some(best) = best_position(pool, taken, value) else { break };
            taken[best] = true;
            picked.push(best);
        }
    }
}
