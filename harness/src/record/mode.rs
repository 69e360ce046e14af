//! How queries are timed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How queries are timed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One query at a time: latency.
    #[default]
    Single,
    /// All queries at once: throughput.
    Batch,
}

impl Mode {
    /// Its name in experiments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Batch => "batch",
        }
    }
}
