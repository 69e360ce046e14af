//! Facility location of mutual information: cover what is relevant, as far as it is.

use super::engine::bounded;
use super::engine::coarse::BoundedCoverage;
use super::engine::coverage::CoverageObjective;
use super::engine::exact::SetFunction;
use super::engine::greedy::{Optimizer, maximize};
use super::engine::units::Units;
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel_choice::KernelChoice;
use crate::params::{Positive, constant};
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Coverage capped by relevance: items far from the query are not worth covering well. Maximises `sum over v of the
/// pool of min(max over r in R of s(v, r), eta * s(v, q))`.
///
/// Source: Iyer et al. 2021; Kothawade et al. 2022.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Flvmi {
    /// How well an item may be covered, as a multiple of its similarity to the query.
    pub eta: Positive,
    /// The similarity s, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

impl Default for Flvmi {
    fn default() -> Self {
        Self { eta: constant!(Positive, 1.0), kernel: KernelChoice::DEFAULT, optimizer: Optimizer::default() }
    }
}

impl Selector for Flvmi {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        let caps = scratch.arena.alloc_slice_fill_copy(kernel.len(), 0.0);
        kernel.of_query(caps);
        caps.iter_mut().for_each(|cap| *cap *= self.eta.get());
        let weights = Weights::Uniform.of(request, 1.0, scratch);
        if self.optimizer == Optimizer::Lazy
            && let Some(units) = Units::of(&kernel, request.base.points().dim(), scratch)
        {
            let mut coverage = BoundedCoverage::new(kernel, units, weights, Some(caps), scratch);
            return bounded::maximize(&mut coverage, request, scratch, picked);
        }
        let mut coverage = CoverageObjective::new(Matrix::new(kernel, scratch), weights, Some(caps), scratch);
        maximize(&mut coverage, self.optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        true
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        let kernel = PoolKernel::new(self.kernel.or_coverage(request.base.distance()), request, scratch);
        let caps = scratch.arena.alloc_slice_fill_copy(kernel.len(), 0.0);
        kernel.of_query(caps);
        caps.iter_mut().for_each(|cap| *cap *= self.eta.get());
        let weights = Weights::Uniform.of(request, 1.0, scratch);
        Some(SetFunction::new(request, scratch)?.with_coverage(&kernel, weights, Some(caps)))
    }
}
