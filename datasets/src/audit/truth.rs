//! True neighbours, computed again for a sample.

use super::{Check, Finding, Subject};
use crate::ground_truth::{SAMPLE, verify};

/// Whether the stored true neighbours are right; if not, in what unit or by what distance they are.
pub struct Truth;

impl Check for Truth {
    fn name(&self) -> &'static str {
        "true neighbours"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (dataset, queries) = (subject.dataset, subject.dataset.test.len());
        let known = (0..queries).filter(|&query| dataset.neighbors.known(query) > 0).count();
        if known == 0 {
            let remedy = "compute them before recall is measured: no query has any";
            return vec![Finding::warning("there are none", remedy).of(0, queries, None)];
        }
        let Some(doubt) = verify(subject.base, dataset, subject.seed) else {
            let sampled = SAMPLE.min(queries);
            return vec![Finding::fine(format!(
                "the stored ones of {sampled} sampled queries agree with those computed again"
            ))];
        };
        // The problem stands before a semicolon, what to do behind it.
        let text = doubt.to_string();
        let (what, remedy) = text.split_once("; ").unwrap_or((&text, "compute them again"));
        vec![Finding::warning(what, remedy).of(doubt.disagreeing, doubt.sampled, Some(doubt.query))]
    }
}
