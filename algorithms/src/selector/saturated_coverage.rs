//! Saturated coverage: cover each item of the pool until it has enough.

use super::engine::greedy::{Objective, Optimizer, maximize};
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{PositiveFraction, constant};
use crate::pool_kernel::{Matrix, PoolKernel, capped_sum};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Saturated coverage: all of R covers an item, until it has enough. Maximises `sum over v of the pool of min(sum over r in R of s(v, r), alpha * sum over u of the
/// pool of s(v, u))`.
///
/// Source: Lin & Bilmes 2011.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SaturatedCoverage {
    /// The share of its similarity to the whole pool at which an item is covered enough.
    pub alpha: PositiveFraction,
    /// The similarity s, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

impl Default for SaturatedCoverage {
    fn default() -> Self {
        Self { alpha: constant!(PositiveFraction, 0.1), kernel: KernelChoice::DEFAULT, optimizer: Optimizer::default() }
    }
}

impl Selector for SaturatedCoverage {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let mut matrix = Matrix::new(PoolKernel::new(kernel, request, scratch), scratch);
        let (m, arena) = (matrix.size(), &scratch.arena);
        let ones = Weights::Uniform.of(request, 1.0, scratch);
        let (totals, room) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, f64::INFINITY));
        matrix.capped_sums(room, ones, scratch, totals);
        totals.iter_mut().for_each(|total| *total *= self.alpha.get());
        room.copy_from_slice(totals);
        let reached = arena.alloc_slice_fill_copy(m, 0.0);
        let mut saturated = Saturated { matrix, ones, enough: totals, reached, room };
        maximize(&mut saturated, self.optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}

/// How much similarity each item of the pool has got so far, and how much more will count.
struct Saturated<'s> {
    matrix: Matrix<'s>,
    ones: &'s [f64],
    enough: &'s [f64],
    reached: &'s mut [f64],
    room: &'s mut [f64],
}

impl Objective for Saturated<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        capped_sum(self.matrix.row(position), self.room, self.ones)
    }

    fn add(&mut self, position: usize) {
        let row = self.matrix.row(position);
        for (((reached, room), &similarity), &enough) in
            self.reached.iter_mut().zip(&mut *self.room).zip(row).zip(self.enough)
        {
            *reached += similarity;
            *room = (enough - *reached).max(0.0);
        }
    }

    fn first_gains(&mut self, gains: &mut [f64], scratch: &Scratch) {
        self.matrix.capped_sums(self.room, self.ones, scratch, gains);
    }
}
