//! Sliding spectrum decomposition: far from the space that the last picks span.

use super::engine::directions::Directions;
use super::engine::order::best_position;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{Count, NonNegative, constant};
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sliding spectrum decomposition: relevant, and far from the space of the last picks. Beginning with the most
/// relevant, again and again the item with the largest `rel + gamma * (its distance from the space of the last picks)`.
/// The space is spanned by one orthogonal direction for each of the last `window` picks: the part of the pick that was
/// left when it was picked. A direction that leaves the window counts as new again.
///
/// Source: Huang, Wang, Tao et al. 2021 (its variant SSD*, without the running product of volumes).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ssd {
    /// Weight of novelty against relevance.
    pub gamma: NonNegative,
    /// Number of last picks that span the space.
    pub window: Count,
    /// Whether 1 is added to every similarity, as by one more dimension with value 1 for all. Opposite directions are
    /// then not the same line.
    pub bias: bool,
    /// The similarity, positive semidefinite; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Ssd {
    fn default() -> Self {
        Self {
            gamma: constant!(NonNegative, 0.5),
            window: constant!(Count, 100),
            bias: false,
            kernel: KernelChoice::DEFAULT,
        }
    }
}

impl Selector for Ssd {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_raw(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        let taken = scratch.arena.alloc_slice_fill_copy(kernel.len(), false);
        let (bias, window) = (if self.bias { 1.0 } else { 0.0 }, self.window.size().min(request.count()));
        let mut directions = Directions::new(kernel, bias, window, scratch);
        picked.clear();
        while picked.len() < request.count() {
            let value = |i: usize| match picked.len() {
                0 => request.score(i),
                _ => request.score(i) + self.gamma.get() * directions.remainders()[i].sqrt(),
            };
            let Some(best) = best_position(taken, value) else { break };
            directions.pick(best);
            taken[best] = true;
            picked.push(best);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_semidefinite(setting.kind, "a determinant needs one that is")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}
