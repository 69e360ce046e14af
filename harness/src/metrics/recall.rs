//! Recall.

use super::{Answer, Impossible, Metric, Setting, needs_neighbors};

/// See [`Metric::definition`].
pub struct Recall;

impl Metric for Recall {
    fn name(&self) -> &'static str {
        "recall"
    }

    fn definition(&self) -> &'static str {
        "share of the k results whose distance is at most that of the k-th true neighbour + 0.001"
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
        needs_neighbors(setting, setting.k, "a k")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        answer.recall()
    }
}
