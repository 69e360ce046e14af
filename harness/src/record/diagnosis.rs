//! Diagnostics of a dataset, as a manifest keeps them.

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
    /// Its definition, with the source.
    pub definition: String,
    /// Its value; `None` if it is not defined.
    pub measured: Option<DiagnosticValue>,
    /// Its meaning for retrieval, or why it is not defined.
    pub meaning: String,
}

/// All diagnostics of one dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The sample from which they were computed.
    pub sampled: String,
    /// The findings.
    pub findings: Vec<DiagnosticFinding>,
}
