//! Maximal marginal relevance.

use super::engine::mean::{Mean, unlike_on_average};
use super::engine::novelty::{Novelty, novel};
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{Fraction, constant};
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximal marginal relevance: relevant, and unlike what is picked already. Again and again the item with the largest
/// `lambda * rel - (1 - lambda) * (its largest similarity to what is picked)`, beginning with the most relevant. `redundancy`
/// may put a mean in place of the largest similarity. No guarantee is known.
///
/// Source: Carbonell & Goldstein 1998.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mmr {
    /// Weight of relevance against novelty: 1 is top-k, 0 is novelty alone.
    pub lambda: Fraction,
    /// The similarity of two items; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// What of the similarities to the picks counts against an item.
    #[serde(skip_serializing_if = "Redundancy::is_default")]
    #[schemars(extend("default" = "largest"))]
    pub redundancy: Redundancy,
}

/// What of an item's similarities to the picks R counts against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Redundancy {
    /// The largest.
    #[default]
    Largest,
    /// Their sum over |R|.
    Mean,
    /// Their sum over |R| + 1: the "MMR" of Dartboard's authors (arXiv 2407.12101, their code), whose picks these are. It takes
    /// d = (1 - s) / 2 in place of relevances and similarities, which halves both sides and changes no choice.
    Dartboard,
}

impl Redundancy {
    /// Whether it is the one that Carbonell & Goldstein have.
    pub fn is_default(&self) -> bool {
        *self == Self::Largest
    }
}

impl Default for Mmr {
    fn default() -> Self {
        Self { lambda: constant!(Fraction, 0.5), kernel: KernelChoice::DEFAULT, redundancy: Redundancy::Largest }
    }
}

impl Selector for Mmr {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_raw(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        let lambda = self.lambda.get();
        let relevance = scratch.arena.alloc_slice_fill_with(kernel.len(), |i| lambda * request.score(i));
        let weight = 1.0 - lambda;
        let added = match self.redundancy {
            Redundancy::Largest => {
                return novel(request, &kernel, Novelty { relevance, weight }, scratch, picked);
            }
            Redundancy::Mean => 0.0,
            Redundancy::Dartboard => 1.0,
        };
        unlike_on_average(request, &kernel, Mean { relevance, weight, added }, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check(setting.kind)
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}
