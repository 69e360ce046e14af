//! The time that a run took, by phase.

use serde::{Deserialize, Serialize};

/// Seconds that a run took, by phase; of a run that was resumed, since it was resumed last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSeconds {
    /// Child processes started, and indexes and graphs built or read.
    pub building: f64,
    /// All queries answered once, untimed, and their metrics computed.
    pub answering: f64,
    /// Timed passes, with their warm-up.
    pub timing: f64,
    /// The dataset diagnosed.
    pub diagnosing: f64,
    /// All until the manifest was written: from the moment when the dataset was there.
    pub whole: f64,
}
