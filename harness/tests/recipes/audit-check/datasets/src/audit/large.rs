//! The number of base points.

use super::{Check, Finding, Subject};

/// How many base points there are.
pub struct Large;

impl Check for Large {
    fn name(&self) -> &'static str {
        "size"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        vec![Finding::fine(format!("{} base points (a recipe's example)", subject.dataset.train.len()))]
    }
}
