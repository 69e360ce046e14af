//! The outcome of one trial, complete or so far.

use super::{Clocks, ProgramRecord};

/// The id in place of a result that a retriever did not return.
pub const MISSING: i32 = -1;

/// A distance as files keep it, in 32 bits. One beyond their range becomes the largest of the range: infinity stands for a missing
/// result.
pub fn stored(distance: f64) -> f32 {
    let narrow = distance as f32;
    if narrow.is_infinite() && distance.is_finite() { f32::MAX.copysign(narrow) } else { narrow }
}

/// The outcome of one trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Ids, `m x k`, [`MISSING`] where there are fewer.
    pub returned: Vec<i32>,
    /// Their distances, recomputed here, `m x k`; infinite where missing.
    pub distances: Vec<f32>,
    /// Per metric of the plan a value per query; NaN where undefined.
    pub metrics: Vec<Vec<f64>>,
    /// Similarity evaluations of each query in each stage.
    pub evaluations: Vec<[u64; 3]>,
    /// Queries that the selector could answer only in part; the rest was filled by relevance.
    pub filled: usize,
    /// Results of each query that break the selector's limit: it filled up with them. None where no query has any.
    pub forbidden: Vec<u32>,
    /// Seconds to build index and graph.
    pub build_seconds: f64,
    /// Bytes of index and graph.
    pub index_bytes: u64,
    /// What building the index decided by the data, in words; `None` where there was no choice.
    pub decision: Option<String>,
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
}

impl Outcome {
    /// Leaves out all but the first `repeats` timed passes.
    pub fn keep_passes(&mut self, repeats: usize) {
        self.repeats.truncate(repeats);
        self.timed.truncate(repeats);
        self.clocks.truncate(repeats + 1);
    }
}

/// When a repeat was timed, and how busy the machine was then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// When it began, in seconds since 1970, UTC.
    pub at: i64,
    /// The system's load average of the minute before; NaN where it is unknown.
    pub load: f64,
}

impl Timed {
    /// Whether the values are possible.
    pub fn is_sound(&self) -> bool {
        self.at >= 0 && (self.load.is_nan() || self.load.is_finite() && self.load >= 0.0)
    }
}

/// Peaks of a process's memory in bytes, dataset included; `None` where they were not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    /// While it built index and graph.
    pub build: Option<u64>,
    /// While it answered timed queries, over all repeats.
    pub search: Option<u64>,
}

/// Times of one pass over all queries.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// For each query the seconds from its beginning to the end of each stage.
    Single(Vec<[f64; 3]>),
    /// Number of queries, and the seconds for all of them.
    Batch(usize, f64),
}

impl Times {
    /// Number of queries.
    pub fn queries(&self) -> usize {
        match self {
            Self::Single(times) => times.len(),
            Self::Batch(queries, _) => *queries,
        }
    }

    /// Whether they are possible: finite, not negative, and stages end one after another.
    pub fn are_sound(&self) -> bool {
        let is_time = |seconds: &f64| seconds.is_finite() && *seconds >= 0.0;
        match self {
            Self::Single(times) => times.iter().all(|ends| ends.iter().all(is_time) && ends.is_sorted()),
            Self::Batch(_, seconds) => is_time(seconds),
        }
    }

    /// Seconds for all queries together.
    pub fn total(&self) -> f64 {
        match self {
            Self::Single(times) => times.iter().map(|ends| ends[2]).sum(),
            Self::Batch(_, seconds) => *seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_distance_is_stored_as_infinite() {
        assert_eq!([0.0, 1.5, 1e39, -1e300].map(stored), [0.0, 1.5, f32::MAX, f32::MIN]);
        assert_eq!(stored(f64::INFINITY), f32::INFINITY, "what is missing is missing");
    }
}
