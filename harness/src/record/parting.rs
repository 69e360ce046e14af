//! The parting of queries: parameters are chosen on some of them, and reported on the others.

use crate::metrics::MetricName;
use serde::{Deserialize, Serialize};
use swath_algorithms::random;

/// The parting of a run's queries, `split` in YAML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parting {
    /// The share of queries on which parameters are chosen.
    pub tune: f64,
    /// The metric by which they are chosen.
    pub by: MetricName,
}

/// Number of `queries` for choosing, at this share.
pub fn tuned_on(tune: f64, queries: usize) -> usize {
    (queries as f64 * tune).round() as usize
}

impl Parting {
    /// Positions in a sample of `queries`: those for choosing, chosen with the seed, and those for reporting. Both ascend.
    pub fn part(&self, queries: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let chosen = random::sample(&mut random::stream(seed, "tune", 0), queries, tuned_on(self.tune, queries));
        let others = (0..queries).filter(|position| chosen.binary_search(position).is_err()).collect();
        (chosen, others)
    }
}
