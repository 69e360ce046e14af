//! Writes trials' files.

use super::ResultsError;
use super::content::{Sealed, WITHIN};
use super::layout::{
    CLOCKS, DECISION, EVALUATIONS, FORBIDDEN, PEAKS, PROGRAMS, QUERY_IDS, REPEATS, ROWS, TIMED, UNTIMED, in_swath,
};
use super::within::RecallWithin;
use crate::metrics::MetricName;
use crate::record::{Clocks, Mode, Outcome, Times, label};
use std::path::{Path, PathBuf};
use swath_datasets::hdf5_file::{Hdf5Error, Values};

/// What a trial's file says beside the trial's [`Outcome`].
pub struct TrialHeader<'a> {
    /// Its id.
    pub id: &'a str,
    /// The retriever's name.
    pub retriever: &'a str,
    /// The same as ann-benchmarks shows it.
    pub algo: &'a str,
    /// The parameters in which it differs from the retriever's other points.
    pub point: &'a str,
    /// All parameters, as text.
    pub params: &'a str,
    /// The dataset's name.
    pub dataset: &'a str,
    /// The dataset's distance.
    pub distance: &'a str,
    /// Results per query.
    pub k: usize,
    /// How queries were timed.
    pub mode: Mode,
    /// Rows of the dataset's queries.
    pub query_ids: &'a [usize],
    /// The metrics of [`Outcome::metrics`].
    pub metrics: &'a [MetricName],
    /// As in ann-benchmarks: the smallest over repeats of the mean seconds over queries.
    pub best_search_seconds: f64,
    /// Base vectors of the dataset.
    pub rows: usize,
    /// The distances up to which the recalls among the metrics count.
    pub within: &'a [RecallWithin],
}

/// Writes a trial's file. Where no evaluations were counted, it has none.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_outcome(path: &Path, header: &TrialHeader<'_>, outcome: &Outcome) -> Result<(), ResultsError> {
    let m = header.query_ids.len();
    let query_ids: Vec<i32> = header.query_ids.iter().map(|&id| id as i32).collect();
    let evaluations: Vec<i64> = outcome.evaluations.iter().flatten().map(|&count| count as i64).collect();
    let forbidden: Vec<i64> = outcome.forbidden.iter().copied().map(i64::from).collect();
    // Times of all repeats, `repeats x m x 3`, or `repeats` in mode batch.
    let times: Vec<f64> = outcome.repeats.iter().flat_map(flat).collect();
    let per_query = seconds_per_query(&outcome.repeats, m);
    let mut file = layout(header, outcome, &per_query);
    file.integer("swath_index_bytes", outcome.index_bytes as i64).integer("swath_filled", outcome.filled as i64);
    file.float(UNTIMED[0], outcome.untimed[0]).float(UNTIMED[1], outcome.untimed[1]);
    outcome.decision.as_ref().map(|decision| file.text(DECISION, decision));
    for (name, peak) in PEAKS.into_iter().zip([outcome.peaks.build, outcome.peaks.search]) {
        peak.map(|bytes| file.integer(name, bytes as i64));
    }
    file.array(QUERY_IDS, &[m], Values::I32(&query_ids));
    if !evaluations.is_empty() {
        file.array(EVALUATIONS, &[m, 3], Values::I64(&evaluations));
    }
    if !forbidden.is_empty() {
        file.array(FORBIDDEN, &[m], Values::I64(&forbidden));
    }
    let repeats = outcome.repeats.len();
    let shape: &[usize] = if header.mode == Mode::Batch { &[repeats] } else { &[repeats, m, 3] };
    if repeats > 0 {
        file.array(REPEATS, shape, Values::F64(&times));
    }
    let (at, load): (Vec<i64>, Vec<f64>) = outcome.timed.iter().map(|timed| (timed.at, timed.load)).unzip();
    if repeats > 0 && at.len() == repeats {
        file.array(&in_swath(TIMED[0]), &[repeats], Values::I64(&at));
        file.array(&in_swath(TIMED[1]), &[repeats], Values::F64(&load));
    }
    let clocks: Vec<f64> = outcome.clocks.iter().flat_map(Clocks::values).collect();
    if !clocks.is_empty() {
        file.array(CLOCKS, &[outcome.clocks.len(), Clocks::LEN], Values::F64(&clocks));
    }
    if !outcome.programs.is_empty() {
        file.text(PROGRAMS, &serde_json::json!(outcome.programs).to_string());
    }
    let names: Vec<String> = header.metrics.iter().map(|metric| in_swath(metric.name())).collect();
    for (name, values) in names.iter().zip(&outcome.metrics) {
        file.array(name, &[m], Values::F64(values));
    }
    file.integer(ROWS, header.rows as i64);
    for RecallWithin { metric, distance, of } in header.within {
        let [farthest, count] = WITHIN.map(|group| format!("{group}/{}", metric.name()));
        file.array(&farthest, &[m], Values::F64(distance)).array(&count, &[m], Values::I32(of));
    }
    file.write(path).map_err(|source| unwritten(path.to_owned(), source))
}

/// Writes only what ann-benchmarks reads of a trial, and which trial it is.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_plain(path: &Path, header: &TrialHeader<'_>, outcome: &Outcome) -> Result<(), ResultsError> {
    let per_query = seconds_per_query(&outcome.repeats, header.query_ids.len());
    let file = layout(header, outcome, &per_query);
    file.write_plain(path).map_err(|source| unwritten(path.to_owned(), source))
}

/// A refusal of the file system needs no more words.
fn unwritten(path: PathBuf, error: Hdf5Error) -> ResultsError {
    match error {
        Hdf5Error::Io { source, .. } => ResultsError::Io { path, source },
        source => ResultsError::Trial { path, source },
    }
}

/// ann-benchmarks' results file, with the seconds of each query.
fn layout<'a>(header: &TrialHeader<'_>, outcome: &'a Outcome, per_query: &'a [f32]) -> Sealed<'a> {
    let (m, k) = (header.query_ids.len(), header.k);
    let returned = outcome.returned.iter().filter(|&&id| id >= 0).count() as f64 / m as f64;
    let mut file = Sealed::default();
    file.text("algo", header.algo).text("name", &label(header.algo, header.point));
    file.text("dataset", header.dataset).text("distance", header.distance);
    file.float("build_time", outcome.build_seconds).float("index_size", outcome.index_bytes as f64 / 1e3);
    file.float("best_search_time", header.best_search_seconds).float("candidates", returned);
    file.integer("count", k as i64).integer("run_count", outcome.repeats.len() as i64);
    file.boolean("batch_mode", header.mode == Mode::Batch).boolean("expect_extra", false);
    file.text("swath_trial", header.id).text("swath_retriever", header.retriever);
    file.text("swath_point", header.point).text("swath_params", header.params);
    file.array("neighbors", &[m, k], Values::I32(&outcome.returned));
    file.array("distances", &[m, k], Values::F32(&outcome.distances));
    file.array("times", &[m], Values::F32(per_query));
    file
}

fn flat(times: &Times) -> Vec<f64> {
    match times {
        Times::Single(times) => times.iter().flatten().copied().collect(),
        Times::Batch(_, seconds) => vec![*seconds],
    }
}

/// As in ann-benchmarks: the smallest over repeats of the mean over `m` queries.
pub fn best_search_time(repeats: &[Times], m: usize) -> f64 {
    repeats.iter().map(Times::total).fold(f64::INFINITY, f64::min) / m as f64
}

/// As in ann-benchmarks: each query's time in the best repeat; in mode batch the mean for each. NaN where nothing is timed yet.
fn seconds_per_query(repeats: &[Times], m: usize) -> Vec<f32> {
    match repeats.iter().min_by(|a, b| a.total().total_cmp(&b.total())) {
        Some(Times::Single(times)) => times.iter().map(|ends| ends[2] as f32).collect(),
        Some(Times::Batch(_, seconds)) => vec![(seconds / m as f64) as f32; m],
        None => vec![f32::NAN; m],
    }
}
