//! GRASSHOPPER: a random walk that picked items absorb.

use super::engine::walk::Walk;
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{PartialFraction, Positive, constant};
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A random walk over the pool: with probability `lambda` it goes on to an item in proportion to its similarity, else it jumps to
/// one in proportion to `r = softmax(rel / temperature)`; from an item like no other it always jumps. The first pick is where the
/// walk is most often. Picked items absorb it, so that it is seldom near them, and the next pick is the one that it visits most
/// often before it is absorbed. Visits that differ by less than a billionth are equal. No guarantee is known.
///
/// With P the steps between items that are not picked, expected visits are `(I - P)^-T 1`, over their number. The jumps have
/// rank 1, and each pick takes one row and one column from a matrix whose inverse is updated by one of its columns. So there are
/// k + 1 systems with one matrix, whose condition is at most `(1 + lambda) / (1 - lambda)`; conjugate gradients solve each to a
/// residual that bounds the error, in some 10 to 40 products with the similarities. All costs O(k m^2) for pools of up to 1,024;
/// larger ones compute similarities again for each product, O(k m^2 d).
///
/// Source: Zhu, Goldberg, Van Gael & Andrzejewski 2007.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Grasshopper {
    /// The probability of a step to a similar item: 0 is top-k.
    pub lambda: PartialFraction,
    /// How evenly jumps spread over the pool.
    pub temperature: Positive,
    /// The similarity, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for hamming and
    /// `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Grasshopper {
    fn default() -> Self {
        Self {
            lambda: constant!(PartialFraction, 0.5),
            temperature: constant!(Positive, 0.1),
            kernel: KernelChoice::DEFAULT,
        }
    }
}

/// Visits of less than the most by this share are as many.
const ALIKE: f64 = 1e-9;

impl Selector for Grasshopper {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let kernel = PoolKernel::new(self.kernel.or_coverage(request.base.distance()), request, scratch);
        if kernel.is_empty() {
            return;
        }
        let (m, arena) = (kernel.len(), &scratch.arena);
        let jumps = Weights::Softmax.of(request, self.temperature.get(), scratch);
        let mut walk = Walk::new(Matrix::new(kernel, scratch), self.lambda.get(), jumps, request.count(), scratch);
        let (visits, taken) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, false));
        while picked.len() < request.count() {
            walk.visits(visits);
            let left = || (0..m).filter(|&i| !taken[i]);
            let most = left().map(|i| visits[i]).fold(f64::NEG_INFINITY, f64::max);
            let Some(best) = left().find(|&i| visits[i] >= most - ALIKE * most.abs()) else { break };
            taken[best] = true;
            picked.push(best);
            if picked.len() < request.count() {
                walk.absorb(best);
            }
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a random walk needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}
