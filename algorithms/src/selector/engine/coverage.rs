//! The objective of selectors that cover: how well each item of the pool is represented so far.

use super::greedy::Objective;
use crate::pool_kernel::{Matrix, uncovered_sum};
use crate::scratch::Scratch;

/// `sum over v of the pool of weight_v * min(max over r in R of s(v, r), cap_v)`, for a kernel that is never negative.
pub struct CoverageObjective<'s> {
    matrix: Matrix<'s>,
    weights: &'s [f64],
    caps: &'s [f64],
    covered: &'s mut [f64],
}

impl<'s> CoverageObjective<'s> {
    /// Nothing is covered yet. Without `caps`, coverage has no cap.
    pub fn new(matrix: Matrix<'s>, weights: &'s [f64], caps: Option<&'s [f64]>, scratch: &'s Scratch) -> Self {
        let m = matrix.size();
        let caps = caps.unwrap_or_else(|| scratch.arena.alloc_slice_fill_copy(m, f64::INFINITY));
        Self { matrix, weights, caps, covered: scratch.arena.alloc_slice_fill_copy(m, 0.0) }
    }
}

impl Objective for CoverageObjective<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        uncovered_sum(self.matrix.row(position), self.caps, self.weights, self.covered)
    }

    fn add(&mut self, position: usize) {
        for ((covered, &similarity), &cap) in self.covered.iter_mut().zip(self.matrix.row(position)).zip(self.caps) {
            *covered = covered.max(similarity.min(cap));
        }
    }

    fn first_gains(&mut self, gains: &mut [f64], scratch: &Scratch) {
        self.matrix.capped_sums(self.caps, self.weights, scratch, gains);
    }
}
