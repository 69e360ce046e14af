//! A filter of results that nearly repeat an earlier one.

use super::engine::constrained::{Constraint, constrained};
use super::{Request, Selector, SelectorParams, SelectorSetting, TopK, Unfit};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{Fraction, constant};
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No two results as similar as `similarity`. What another selector picks, by default the most relevant, without what is at least
/// that similar to an earlier pick. If too little of the pool is left, the rest is filled by relevance, and the report says
/// how many results break the limit.
///
/// Around `mmr`, `max-min`, `max-sum`, `dpp` and `ssd` this is their greedy choice among what the limit allows, item for item; other
/// selectors pick again from what is left of the pool. It has no guarantee: a more relevant set within the limit may exist.
///
/// Source: common practice, the redundancy filter of retrieval toolkits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Threshold {
    /// The similarity from which on two results are too much alike.
    pub similarity: Fraction,
    /// The similarity of two items; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// The selector that picks, written as in `select`.
    pub within: Box<SelectorParams>,
}

impl Default for Threshold {
    fn default() -> Self {
        Self {
            similarity: constant!(Fraction, 0.9),
            kernel: KernelChoice::DEFAULT,
            within: Box::new(SelectorParams::TopK(TopK {})),
        }
    }
}

impl Selector for Threshold {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let (m, k, arena) = (request.pool.items.len(), request.count(), &scratch.arena);
        let kernel = self.kernel.or_raw(request.base.distance());
        let mut apart = Apart {
            kernel: PoolKernel::new(kernel, request, scratch),
            least: self.similarity.get(),
            ids: arena.alloc_slice_fill_copy(k, 0),
            norms: arena.alloc_slice_fill_copy(k, 0.0),
            similarities: arena.alloc_slice_fill_copy(m, 0.0),
            compared: arena.alloc_slice_fill_copy(m, false),
        };
        constrained(request, &self.within, &mut apart, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting<'_>) -> Result<(), Unfit> {
        self.kernel.check(setting.kind)?;
        self.within.check(&setting.of_within()).map_err(|unfit| unfit.inside("within", self.within.name()))
    }

    fn is_oracle(&self) -> bool {
        self.within.is_oracle()
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf) || self.within.needs_query()
    }
}

/// No two picks with a similarity of `least` or more.
struct Apart<'s> {
    kernel: PoolKernel<'s>,
    least: f64,
    /// Room for the ids and norms of k picks.
    ids: &'s mut [u32],
    norms: &'s mut [f64],
    similarities: &'s mut [f64],
    /// Whether the item at a position was compared with all others: what is too similar to it is marked already.
    compared: &'s mut [bool],
}

impl Constraint for Apart<'_> {
    fn forbids(&mut self, picks: &[usize], position: usize) -> bool {
        let group = self.kernel.choose(picks.iter().copied(), self.ids, self.norms);
        let similarities = &mut self.similarities[..picks.len()];
        self.kernel.to(position, group, similarities);
        similarities.iter().any(|&similarity| similarity >= self.least)
    }

    fn mark(&mut self, picks: &[usize], forbidden: &mut [bool]) {
        for &pick in picks {
            if std::mem::replace(&mut self.compared[pick], true) {
                continue;
            }
            self.kernel.row(pick, self.similarities);
            for (forbidden, &similarity) in forbidden.iter_mut().zip(&*self.similarities) {
                *forbidden |= similarity >= self.least;
            }
        }
    }
}
