//! Recall of the candidates.

use super::{Answer, Impossible, Metric, Setting, needs_neighbors};

/// See [`Metric::definition`].
pub struct PoolRecall;

impl Metric for PoolRecall {
    fn name(&self) -> &'static str {
        "pool-recall"
    }

    fn definition(&self) -> &'static str {
        "recall of the candidates' pool at its own size, so that a poor pool is not blamed on the selector"
    }

    fn range(&self) -> &'static str {
        "0 to 1"
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn source(&self) -> &'static str {
        "Aumueller, Bernhardsson & Faithfull 2020 (ann-benchmarks)"
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        needs_neighbors(setting, setting.largest_pool, "pools")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        answer.pool_recall()
    }
}
