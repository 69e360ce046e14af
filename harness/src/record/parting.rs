//! How queries are parted into those that parameters are chosen on and those that they are reported on.

use crate::metrics::MetricName;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// How queries were parted, see [`Split`](crate::config::Split).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parting {
    /// The share of queries on which parameters are chosen.
    pub tune: f64,
    /// The metric by which.
    pub by: MetricName,
}

/// How many of `queries` are for choosing, at this share.
pub fn tuned_on(tune: f64, queries: usize) -> usize {
    (queries as f64 * tune).round() as usize
}

impl Parting {
    /// Positions in a sample of `queries`: those for choosing, those for reporting. A seeded part, each ascending.
    pub fn part(&self, queries: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let chosen = random::sample(&mut random::stream(seed, "tune", 0), queries, tuned_on(self.tune, queries));
        let others = (0..queries).filter(|position| chosen.binary_search(position).is_err()).collect();
        (chosen, others)
    }
}
