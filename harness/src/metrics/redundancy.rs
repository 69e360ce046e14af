//! Redundancy.

use super::{Answer, Impossible, Metric, Setting, mean_over_pairs, needs_pairs};
use swath_algorithms::kernel::Kernel;

/// See [`Metric::definition`].
pub struct Redundancy;

impl Metric for Redundancy {
    fn name(&self) -> &'static str {
        "redundancy"
    }

    fn definition(&self) -> &'static str {
        "mean similarity of two results: cosine, unclipped, or the rbf kernel"
    }

    fn range(&self) -> &'static str {
        "-1 to 1"
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    fn source(&self) -> &'static str {
        "Raja & Vats 2025"
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        needs_pairs(setting)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let kernel = Kernel::raw(answer.base().distance());
        mean_over_pairs(answer.returned().len(), |i, j| kernel.value(answer.measure(i, j), answer.sigma()))
    }
}
