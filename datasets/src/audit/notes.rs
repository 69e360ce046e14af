//! What the reader has noted.

use super::{Check, Finding, Subject};

/// Notes of the reader on unusual parts of the file.
pub struct Notes;

impl Check for Notes {
    fn name(&self) -> &'static str {
        "the file"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let notes = &subject.dataset.notes;
        if notes.is_empty() {
            return vec![Finding::fine("it is read without a remark; no value is NaN or infinite")];
        }
        notes.iter().map(|note| Finding::note(note, "check that this is what you mean")).collect()
    }
}
