//! Facility location: cover the pool.

use super::engine::bounded;
use super::engine::coarse::BoundedCoverage;
use super::engine::coverage::CoverageObjective;
use super::engine::exact::SetFunction;
use super::engine::greedy::{Optimizer, maximize};
use super::engine::units::Units;
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{Positive, constant};
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facility location: a set that represents the whole pool. Maximises
/// `sum over v of the pool of w_v * max over r in R of s(v, r)`, greedily, which reaches at least 1 - 1/e of the best.
///
/// Source: Nemhauser, Wolsey & Fisher 1978; Minoux 1978 (lazy); Lin & Bilmes 2011 (for coverage).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FacilityLocation {
    /// How much each item of the pool is worth covering.
    pub weights: Weights,
    /// How evenly `weights: softmax` spreads over the pool.
    pub temperature: Positive,
    /// The similarity s, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

impl Default for FacilityLocation {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            temperature: constant!(Positive, 0.1),
            kernel: KernelChoice::DEFAULT,
            optimizer: Optimizer::default(),
        }
    }
}

impl Selector for FacilityLocation {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let similarities = PoolKernel::new(kernel, request, scratch);
        let weights = self.weights.of(request, self.temperature.get(), scratch);
        if self.optimizer == Optimizer::Lazy
            && let Some(units) = Units::of(&similarities, request.base.points().dim(), scratch)
        {
            let mut coverage = BoundedCoverage::new(similarities, units, weights, None, scratch);
            return bounded::maximize(&mut coverage, request, scratch, picked);
        }
        let mut coverage = CoverageObjective::new(Matrix::new(similarities, scratch), weights, None, scratch);
        maximize(&mut coverage, self.optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        let kernel = PoolKernel::new(self.kernel.or_coverage(request.base.distance()), request, scratch);
        let weights = self.weights.of(request, self.temperature.get(), scratch);
        Some(SetFunction::new(request, scratch)?.with_coverage(&kernel, weights, None))
    }
}
