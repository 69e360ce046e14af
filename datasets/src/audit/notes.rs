//! What the reader has noted, and values that results cannot hold.

use super::{Check, Finding, Subject};

/// Notes of the reader on unusual parts of the file, and distances that results cannot store.
pub struct Notes;

impl Check for Notes {
    fn name(&self) -> &'static str {
        "the file"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (notes, beyond) = (&subject.dataset.notes, subject.dataset.beyond_f32());
        let found: Vec<Finding> =
            notes.iter().chain(&beyond).map(|note| Finding::note(note, "check that this is what you mean")).collect();
        if found.is_empty() {
            return vec![Finding::fine("it is read without a remark; no value is NaN or infinite")];
        }
        found
    }
}
