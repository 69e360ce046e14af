//! Relevance.

use super::{Answer, Metric};

/// See [`Metric::definition`].
pub struct Relevance;

impl Metric for Relevance {
    fn name(&self) -> &'static str {
        "relevance"
    }

    fn definition(&self) -> &'static str {
        "mean similarity of the results to the query: cosine, or exp(-distance^2 / (2 sigma^2)) with sigma the median \
         distance to N, the query's stored true neighbours"
    }

    fn range(&self) -> &'static str {
        "-1 to 1"
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn source(&self) -> &'static str {
        "by definition"
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let returned = answer.returned();
        let total: f64 = returned.iter().map(|&id| answer.relevance(id)).sum();
        (!returned.is_empty()).then(|| total / returned.len() as f64)
    }
}
