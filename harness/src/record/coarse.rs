//! Recalls whose tolerance of 0.001 is large against the distances, so that they may count points that are no neighbours: with near
//! duplicates, or with data in a small unit.

use crate::metrics::{MetricName, is_coarse};
use crate::plot::format::number;
use serde::{Deserialize, Serialize};
use swath_datasets::Dataset;

/// A recall whose tolerance is more than 1 % of the distance of the k-th true neighbour, for some queries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coarse {
    /// The metric.
    pub metric: String,
    /// Number of queries with this problem.
    pub concerned: usize,
    /// Number of queries that are asked.
    pub queries: usize,
}

/// Sizes of the lists that recalls look at.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Results per query.
    pub k: usize,
    /// The smallest pool of any trial.
    pub pool: usize,
}

impl Coarse {
    /// The recalls among `metrics` with this problem on some of these queries.
    pub fn find(metrics: &[MetricName], sizes: Sizes, queries: &[usize], dataset: &Dataset) -> Vec<Self> {
        let find = |metric: &MetricName| {
            let count = match metric.kind() {
                "recall" => metric.cut().unwrap_or(sizes.k),
                "pool-recall" => sizes.pool,
                _ => return None,
            };
            let is_concerned = |query: &&usize| {
                let last = count.checked_sub(1).and_then(|last| dataset.neighbors.distances(**query).get(last));
                last.is_some_and(|&distance| is_coarse(distance, dataset.test.row(**query)))
            };
            let concerned = queries.iter().filter(is_concerned).count();
            let metric = metric.name().to_owned();
            (concerned > 0).then_some(Self { metric, concerned, queries: queries.len() })
        };
        metrics.iter().filter_map(find).collect()
    }

    /// Adds to `metrics`, beside each recall with this problem, the recall whose tolerance is relative, unless it is there.
    pub fn put_relative_beside(coarse: &[Self], metrics: &mut Vec<MetricName>) {
        let Some(relative) = MetricName::find("recall-eps") else { return };
        for at in (0..metrics.len()).rev() {
            let metric = metrics[at];
            let is_coarse = metric.kind() == "recall" && coarse.iter().any(|coarse| coarse.metric == metric.name());
            let has = |other: &MetricName| other.kind() == relative.kind() && other.cut() == metric.cut();
            if is_coarse && !metrics.iter().any(has) {
                metrics.insert(at + 1, relative.at(metric.cut()));
            }
        }
    }

    /// The numbers of queries as text: with the problem, and in all.
    fn counts(&self) -> [String; 2] {
        [self.concerned, self.queries].map(|count| number(count as f64))
    }

    /// A note that warns the user.
    pub fn caution(&self) -> String {
        let (metric, [concerned, queries]) = (&self.metric, self.counts());
        let (what, remedy) = if metric.starts_with("pool") {
            ("true neighbour that the pool reaches to", String::new())
        } else {
            let relative = metric.replacen("recall", "recall-eps", 1);
            ("k-th true neighbour", format!("; use `{relative}`: its tolerance is relative"))
        };
        format!(
            "Caution: `{metric}` counts results within 0.001 of the distance of the {what}, and for {concerned} of \
             {queries} queries this is more than 1 % of that distance: even a random pick may count as found{remedy}"
        )
    }

    /// The same for a caption.
    pub fn remark(&self) -> String {
        let (metric, [concerned, queries]) = (&self.metric, self.counts());
        format!(
            "Caution: for {concerned} of {queries} queries the 0.001 of {metric} is more than 1 % of the true neighbour's \
             distance, so that even a random pick may count."
        )
    }
}
