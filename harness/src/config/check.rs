//! When `swath check` calls a change a regression.

use super::defaults::constant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use swath_algorithms::params::Count;

/// The tolerances of `swath check`, and how it times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckSpec {
    /// The tolerance of each measure (a metric's name, `evaluations` or `time`): how much worse it may get, as a share of the
    /// baseline. The default is 0.005, and 0.15 for `time`.
    pub tolerance: BTreeMap<String, f64>,
    /// Rounds in which trials are timed, each in new processes; a baseline takes four times as many.
    pub rounds: Count,
    /// Times that each query is timed in a round.
    pub passes: Count,
    /// At most this many queries are timed, the first ones; in mode batch all are.
    pub queries: Count,
}

/// Whether a number can be a tolerance.
pub fn is_tolerance(share: f64) -> bool {
    (0.0..=10.0).contains(&share)
}

impl CheckSpec {
    /// The measure of similarity evaluations.
    pub const EVALUATIONS: &str = "evaluations";
    /// The measure of time.
    pub const TIME: &str = "time";

    /// The tolerance of a measure, as a share.
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
