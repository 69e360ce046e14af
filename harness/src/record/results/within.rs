//! The distance up to which a recall counts a result as found. A trial's file keeps it, so that the recall can be checked
//! without the dataset.

use crate::metrics::MetricName;
use swath_datasets::Neighbors;

/// Per query: the largest distance that a recall counts as found, and out of how many true neighbours.
pub struct RecallWithin {
    pub(super) metric: MetricName,
    /// NaN where recall is not defined.
    pub(super) distance: Vec<f64>,
    pub(super) of: Vec<i32>,
}

impl RecallWithin {
    /// One for each recall among `metrics`, for `k` results and these queries of a dataset.
    pub fn all(metrics: &[MetricName], k: usize, queries: &[usize], neighbors: &Neighbors) -> Vec<Self> {
        let is_recall = |metric: &&MetricName| metric.params().reach(1.0).is_some();
        let of = |&metric: &MetricName| {
            let within = |&query: &usize| match metric.within(neighbors.distances(query), neighbors.stored, k) {
                Some(within) => (within.distance, i32::try_from(within.of).unwrap_or(i32::MAX)),
                None => (f64::NAN, 0),
            };
            let (distance, of) = queries.iter().map(within).unzip();
            Self { metric, distance, of }
        };
        metrics.iter().filter(is_recall).map(of).collect()
    }

    /// Whether a trial's file holds the same.
    pub(super) fn is(&self, stored: &StoredWithin) -> bool {
        let distances = stored.distance.iter().zip(&self.distance);
        let counts = stored.of.iter().zip(&self.of);
        distances.clone().count() == self.distance.len()
            && distances.into_iter().all(|(a, b)| a == b || a.is_nan() && b.is_nan())
            && counts.into_iter().all(|(&a, &b)| a == i64::from(b))
    }
}

/// [`RecallWithin`] as it is read from a trial's file.
pub(super) struct StoredWithin {
    /// The recall's name.
    pub metric: String,
    /// The largest distance that counts, for each query; NaN where recall is not defined.
    pub distance: Vec<f64>,
    /// Out of how many, for each query.
    pub of: Vec<i64>,
}
