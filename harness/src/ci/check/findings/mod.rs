//! Findings: the verdict on each measure of each trial.

mod compare;
mod looks;
mod quality;
#[cfg(test)]
mod tests;
mod time;

pub use compare::{compare, once};
pub use looks::{give_up, look_again, suspects};
pub use time::FEWEST;

use serde::Serialize;

/// The verdict on a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The trial fails now.
    Failed,
    /// Worse, beyond tolerance and chance.
    Regressed,
    /// A time that seems changed, but was timed only once and cannot be timed again.
    Suspected,
    /// Better, beyond tolerance and chance.
    Improved,
    /// Different, but within tolerance or chance.
    WithinNoise,
    /// The same.
    Unchanged,
    /// The baseline does not have it.
    New,
    /// Only the baseline has it.
    Gone,
    /// Not comparable; the note says why.
    NotCompared,
}

impl Verdict {
    /// The verdict in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Regressed => "regressed",
            Self::Suspected => "suspected",
            Self::Improved => "improved",
            Self::WithinNoise => "within noise",
            Self::Unchanged => "unchanged",
            Self::New => "new",
            Self::Gone => "gone",
            Self::NotCompared => "not compared",
        }
    }

    /// Whether a check fails because of it.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Regressed)
    }
}

/// The unit of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeIs {
    /// A share of the value before.
    #[default]
    Share,
    /// The difference; used if the value before was 0.
    Difference,
}

/// The finding on one measure of one trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The trial's label.
    pub trial: String,
    /// A metric's name, `evaluations`, or `time`: the time as a multiple of the reference's.
    pub measure: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The value before.
    pub before: Option<f64>,
    /// The value now.
    pub now: Option<f64>,
    /// The change.
    pub change: Option<f64>,
    /// The unit of `change` and `interval`.
    pub change_is: ChangeIs,
    /// Ends of the interval of the change.
    pub interval: Option<[f64; 2]>,
    /// The corrected p of the paired test.
    pub p: Option<f64>,
    /// The tolerance, as a share.
    pub tolerance: f64,
    /// A remark; may be empty.
    pub note: String,
}

impl Finding {
    fn new(trial: &str, measure: &str, verdict: Verdict) -> Self {
        Self {
            trial: trial.to_owned(),
            measure: measure.to_owned(),
            verdict,
            before: None,
            now: None,
            change: None,
            change_is: ChangeIs::Share,
            interval: None,
            p: None,
            tolerance: 0.0,
            note: String::new(),
        }
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}
