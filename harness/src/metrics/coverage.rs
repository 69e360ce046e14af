//! Coverage.

use super::{Answer, Metric};
use swath_algorithms::kernel::Kernel;

/// See [`Metric::definition`].
pub struct Coverage;

impl Metric for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn definition(&self) -> &'static str {
        "mean over N, the query's stored true neighbours, of the largest similarity (max(0, cos), or the rbf kernel) to a \
         result: what facility location maximises when its pool is N"
    }

    fn range(&self) -> &'static str {
        "0 to 1"
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn source(&self) -> &'static str {
        "Raja & Vats 2025; Lin & Bilmes 2011"
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let kernel = Kernel::coverage(answer.base().distance());
        let best = |v: u32| answer.returned().iter().map(|&r| answer.similarity(kernel, r, v)).fold(0.0, f64::max);
        let total: f64 = answer.neighbors().iter().map(|&v| best(v)).sum();
        (!answer.neighbors().is_empty()).then(|| total / answer.neighbors().len() as f64)
    }
}
