//! Graph cut: resemble the pool, but not each other.

use super::engine::greedy::{Objective, Optimizer, maximize};
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{NonNegative, constant};
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Graph cut: items that resemble the pool, and not each other. Maximises
/// `sum over v of the pool and r in R of s(v, r)` less `lambda * sum over ordered pairs r, t in R, r = t included, of
/// s(r, t)`. Monotone for lambda up to 1/2, with the greedy guarantee of 1 - 1/e there; submodular for any.
///
/// Source: Lin & Bilmes 2011.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GraphCut {
    /// Penalty for similarity within R.
    pub lambda: NonNegative,
    /// The similarity s, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

impl Default for GraphCut {
    fn default() -> Self {
        Self { lambda: constant!(NonNegative, 0.5), kernel: KernelChoice::DEFAULT, optimizer: Optimizer::default() }
    }
}

impl Selector for GraphCut {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let mut matrix = Matrix::new(PoolKernel::new(kernel, request, scratch), scratch);
        let (m, arena) = (matrix.size(), &scratch.arena);
        let to_pool = arena.alloc_slice_fill_copy(m, 0.0);
        let endless = arena.alloc_slice_fill_copy(m, f64::INFINITY);
        matrix.capped_sums(endless, Weights::Uniform.of(request, 1.0, scratch), scratch, to_pool);
        let own = arena.alloc_slice_fill_with(m, |i| matrix.kernel().self_similarity(i));
        let to_picked = arena.alloc_slice_fill_copy(m, 0.0);
        let mut cut = Cut { matrix, lambda: self.lambda.get(), to_pool, to_picked, own };
        maximize(&mut cut, self.optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}

/// Each item's similarity to the whole pool, to what is picked, and to itself.
struct Cut<'s> {
    matrix: Matrix<'s>,
    lambda: f64,
    to_pool: &'s [f64],
    to_picked: &'s mut [f64],
    own: &'s [f64],
}

impl Objective for Cut<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        self.to_pool[position] - self.lambda * (2.0 * self.to_picked[position] + self.own[position])
    }

    fn add(&mut self, position: usize) {
        for (to_picked, &similarity) in self.to_picked.iter_mut().zip(self.matrix.row(position)) {
            *to_picked += similarity;
        }
    }
}
