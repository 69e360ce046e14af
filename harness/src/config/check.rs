//! When `swath check` calls a change a regression.

use super::defaults::constant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use swath_algorithms::params::Count;

/// What `swath check` lets pass, and how it times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSpec {
    /// How much worse each measure may get, as a share of the baseline: a metric's name, `evaluations` or `time`. What is
    /// not named may get worse by 0.005, `time` by 0.15.
    pub tolerance: BTreeMap<String, f64>,
    /// How often trials are timed, each time in new processes; the baseline is timed four times as often.
    pub rounds: Count,
    /// How often each query is timed in a round.
    pub passes: Count,
    /// The first so many of the queries are timed; in mode batch all are.
    pub queries: Count,
}

/// Whether a number is a share that a measure may get worse by.
pub fn is_tolerance(share: f64) -> bool {
    (0.0..=10.0).contains(&share)
}

impl CheckSpec {
    /// The measure of similarity evaluations.
    pub const EVALUATIONS: &str = "evaluations";
    /// The measure of time.
    pub const TIME: &str = "time";

    /// How much worse a measure may get, as a share.
    pub fn tolerance(&self, measure: &str) -> f64 {
        let usual = if measure == Self::TIME { 0.15 } else { 0.005 };
        self.tolerance.get(measure).copied().unwrap_or(usual)
    }
}

impl Default for CheckSpec {
    fn default() -> Self {
        Self { tolerance: BTreeMap::new(), rounds: constant(8), passes: constant(3), queries: constant(100) }
    }
}
