//! What a dataset is like, as a manifest says it.

use serde::{Deserialize, Serialize};

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagnosticValue {
    /// The value.
    pub value: f64,
    /// Lower end of the interval.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// One diagnostic of one dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiagnosticFinding {
    /// Its name.
    pub name: String,
    /// What it is and where the definition comes from.
    pub definition: String,
    /// Its value; `None` where it is not defined.
    pub measured: Option<DiagnosticValue>,
    /// What it means for retrieval, or why it is not defined.
    pub meaning: String,
}

/// All diagnostics of one dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What they were computed from.
    pub sampled: String,
    /// The findings.
    pub findings: Vec<DiagnosticFinding>,
}
