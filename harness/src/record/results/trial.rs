//! A trial as its file has it.

use crate::metrics::MetricName;
use crate::record::{Clocks, Parameters, Peaks, ProgramRecord, Timed, Times};

/// A trial's file, read back.
#[derive(Clone, Debug)]
pub struct TrialResult {
    /// Its id.
    pub id: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points.
    pub point: String,
    /// All parameters.
    pub params: Parameters,
    /// Results per query.
    pub k: usize,
    /// Rows of the dataset's queries.
    pub query_ids: Vec<usize>,
    /// Ids returned, k a query, below 0 where there was none.
    pub returned: Vec<i32>,
    /// Per metric of [`Results::metrics`](super::Results::metrics) a value per query, NaN where undefined.
    pub metrics: Vec<Vec<f64>>,
    /// Similarity evaluations of each query in each stage; none where they were not counted.
    pub evaluations: Vec<[u64; 3]>,
    /// Seconds to build index and graph.
    pub build_seconds: f64,
    /// Bytes of index and graph.
    pub index_bytes: u64,
    /// What building the index decided by the data, in words; `None` where there was no choice, or it is not known.
    pub decision: Option<String>,
    /// Queries that the selector could answer only in part.
    pub filled: usize,
    /// Results of each query that break the selector's limit; none where no query has any.
    pub forbidden: Vec<u32>,
    /// The peaks of its process's memory.
    pub peaks: Peaks,
    /// Seconds of the untimed pass, over all threads: answering, and metrics.
    pub untimed: [f64; 2],
    /// Times of each repeat.
    pub repeats: Vec<Times>,
    /// When each repeat was timed; empty where that is unknown.
    pub timed: Vec<Timed>,
    /// The programs outside that are stages of it.
    pub programs: Vec<ProgramRecord>,
    /// Their clocks: of the untimed pass, then of each repeat. None without a program.
    pub clocks: Vec<Clocks>,
    /// As in ann-benchmarks: the smallest over repeats of the mean seconds over queries.
    pub best_search_seconds: f64,
}

/// Stands behind the name of a retriever that looked at the subtopics.
const ORACLE: &str = " (oracle)";

impl TrialResult {
    /// The retriever's name in the experiment.
    pub fn plain_name(&self) -> &str {
        plain_name(&self.retriever)
    }

    /// Whether it looked at the subtopics: a bound, and not a competitor. Its retriever's name says so.
    pub fn is_oracle(&self) -> bool {
        self.params.is_oracle()
    }

    /// Whether both can be compared in `metric`: a metric that depends on the pool needs pools of one size.
    pub fn is_comparable(&self, other: &Self, metric: MetricName) -> bool {
        !metric.params().depends_on_pool() || self.params.pool() == other.params.pool()
    }

    /// The ids that it returned for the query at a position, in order.
    pub fn answer(&self, position: usize) -> impl Iterator<Item = u32> {
        self.returned.iter().skip(position.saturating_mul(self.k)).take(self.k).filter_map(|&id| u32::try_from(id).ok())
    }
}

/// The name of a retriever in the experiment: without the mark of an oracle.
pub fn plain_name(retriever: &str) -> &str {
    retriever.strip_suffix(ORACLE).unwrap_or(retriever)
}

/// The name of a retriever in results: with a mark if these parameters are an oracle's.
pub(super) fn marked_name(plain: &str, params: &Parameters) -> String {
    format!("{plain}{}", if params.is_oracle() { ORACLE } else { "" })
}
