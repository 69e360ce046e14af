//! Result files: one per trial, in the layout of ann-benchmarks' results, with swath's per-query values beside.
//!
//! Everything after the run (statistics, tables, figures, the page) comes from these files and the manifest alone.
//!
//! A file holds a hash of its content (`seal.rs`) and, of each recall, what counted as found. So it is seen on reading
//! what was changed since: damage by the hash, and values that somebody made up, hash and all, by recall that is computed
//! again from the distances. What is read is looked at besides, as a dataset is.

mod checked;
mod content;

use crate::metrics::MetricName;
use crate::record::Mode;
use crate::record::Parting;
use crate::record::folder::{self, MANIFEST, trial_path};
use crate::record::label;
use crate::record::manifest::Manifest;
use crate::record::output_folder::{FolderError, OutputFolder};
use crate::record::reference;
use crate::record::reference::{Planned, Reference};
use crate::record::{Outcome, Peaks, Timed, Times, passes};
use crate::version;
use checked::{Found, Known, check};
use content::{Content, Sealed, WITHIN};
use serde_json::Value;
use std::path::{Path, PathBuf};
use swath_algorithms::selector::SelectorParams;
use swath_algorithms::{Base, Query};
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, MEMORY, Values};
use swath_datasets::{Dataset, Neighbors, bounded, whole_file};

/// Why results could not be written or read back.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file system's refusal.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// A trial's file.
    #[error("{}", of_trial(path, source))]
    Trial {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Hdf5Error,
    },
    /// The folder that it was to be written into.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file that says something else than this version of swath writes.
    #[error("{path}: {what}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// What is wrong with a trial's file, and what to do: it is no dataset that could be downloaded.
fn of_trial(path: &Path, source: &Hdf5Error) -> String {
    let file = path.display();
    let again = "the same `swath run` makes it again";
    match source {
        Hdf5Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            format!("{file} is not there: what this trial returned was not kept; {again}")
        }
        Hdf5Error::CutShort { size, stated, .. } => {
            format!("{file} is cut short: it has {size} of its {stated} bytes; {again}")
        }
        Hdf5Error::Io { .. } | Hdf5Error::NotHdf5 { .. } => source.to_string(),
        _ => format!("{file}: {source}"),
    }
}

/// What a run left behind, read back.
#[derive(Clone, Debug)]
pub struct Results {
    /// The experiment's metrics.
    pub metrics: Vec<MetricName>,
    /// Its seed.
    pub seed: u64,
    /// The trial that the others are compared with.
    pub reference: Reference,
    /// How its queries are parted for choosing parameters, if they are.
    pub parting: Option<Parting>,
    /// Whether they were imported: of their times only those of the best repeat are known.
    pub is_imported: bool,
    /// The trials that succeeded, in the order of the experiment.
    pub trials: Vec<TrialResult>,
}

/// A trial's file, read back.
#[derive(Clone, Debug)]
pub struct TrialResult {
    /// Its id.
    pub id: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points.
    pub point: String,
    /// All parameters, as JSON.
    pub params: String,
    /// Whether it looked at the subtopics: a bound, and not a competitor. Its name says so.
    pub is_oracle: bool,
    /// Whether it is plain top-k over exact candidates: what others are compared with.
    pub is_top_k: bool,
    /// Results per query.
    pub k: usize,
    /// Rows of the dataset's queries.
    pub query_ids: Vec<usize>,
    /// Ids returned, k a query, below 0 where there was none.
    pub returned: Vec<i32>,
    /// Per metric of [`Results::metrics`] a value per query, NaN where undefined.
    pub metrics: Vec<Vec<f64>>,
    /// Similarity evaluations of each query in each stage; none where they were not counted.
    pub evaluations: Vec<[u64; 3]>,
    /// Seconds to build index and graph.
    pub build_seconds: f64,
    /// Bytes of index and graph.
    pub index_bytes: u64,
    /// How many queries the selector could answer in part only.
    pub filled: usize,
    /// The most memory that its process held.
    pub peaks: Peaks,
    /// Seconds of the untimed pass, over all threads: answering, and metrics.
    pub untimed: [f64; 2],
    /// Times of each repeat.
    pub repeats: Vec<Times>,
    /// When each repeat was timed; empty where that is unknown.
    pub timed: Vec<Timed>,
    /// As ann-benchmarks has it: the least over repeats of the mean seconds over queries.
    pub best_search_seconds: f64,
}

/// Where a trial's file keeps the rows of its queries.
const QUERY_IDS: &str = "swath/query_ids";

/// The attribute with the number of base vectors.
const ROWS: &str = "swath_rows";

/// Where a trial's file keeps similarity evaluations.
const EVALUATIONS: &str = "swath/stage_evaluations";

/// Where a trial's file keeps the times of all repeats.
const REPEATS: &str = "swath/repeats";

/// Where a trial's file keeps when each repeat was timed, in seconds since 1970, and the load average then.
const TIMED: [&str; 2] = ["repeats_at", "repeats_load"];

/// Attributes with the seconds of the untimed pass.
const UNTIMED: [&str; 2] = ["swath_untimed_answering", "swath_untimed_judging"];

/// Attributes with the most memory that was held, where that was measured.
const PEAKS: [&str; 2] = ["swath_build_peak", "swath_search_peak"];

/// What stands behind the name of a retriever that looked at the subtopics.
const ORACLE: &str = " (oracle)";

impl TrialResult {
    /// The retriever's name as the experiment has it.
    pub fn plain_name(&self) -> &str {
        plain_name(&self.retriever)
    }

    /// Whether both can be compared in `metric`: what depends on the pool is compared at one size of it.
    pub fn is_comparable(&self, other: &Self, metric: MetricName) -> bool {
        !metric.params().depends_on_pool() || pool(&self.params) == pool(&other.params)
    }

    /// The ids that it returned for the query at a position, in order.
    pub fn answer(&self, position: usize) -> impl Iterator<Item = u32> {
        self.returned.iter().skip(position.saturating_mul(self.k)).take(self.k).filter_map(|&id| u32::try_from(id).ok())
    }
}

/// The name of a retriever as the experiment has it: without what is said of one that looked at the subtopics.
pub fn plain_name(retriever: &str) -> &str {
    retriever.strip_suffix(ORACLE).unwrap_or(retriever)
}

/// Writes a file, which under its name is whole or not there.
///
/// # Errors
/// [`ResultsError::Io`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ResultsError> {
    whole_file::write_whole(path, bytes).map_err(|source| ResultsError::Io { path: path.to_owned(), source })
}

/// What stands in a trial's file beside what the trial gave.
pub struct Record<'a> {
    /// Its id.
    pub id: &'a str,
    /// The retriever's name.
    pub retriever: &'a str,
    /// The same as ann-benchmarks shows it.
    pub algo: &'a str,
    /// The parameters in which it differs from the retriever's other points.
    pub point: &'a str,
    /// All parameters, as JSON.
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
    /// What [`Outcome::metrics`] are.
    pub metrics: &'a [MetricName],
    /// As ann-benchmarks has it: the least over repeats of the mean seconds over queries.
    pub best_search_seconds: f64,
    /// Base vectors of the dataset.
    pub rows: usize,
    /// What the recalls among the metrics count as found.
    pub within: &'a [RecallWithin],
}

/// What a recall counts as found: of each query the largest distance, NaN where recall is not defined, and out of how many.
pub struct RecallWithin {
    metric: MetricName,
    distance: Vec<f64>,
    of: Vec<i32>,
}

impl RecallWithin {
    /// Those of the recalls among `metrics` of `k` results, for these queries of a dataset.
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
}

/// Writes a trial's file. Where no evaluations were counted, it has none.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_record(path: &Path, record: &Record<'_>, outcome: &Outcome) -> Result<(), ResultsError> {
    let m = record.query_ids.len();
    let query_ids: Vec<i32> = record.query_ids.iter().map(|&id| id as i32).collect();
    let evaluations: Vec<i64> = outcome.evaluations.iter().flatten().map(|&count| count as i64).collect();
    // Times of all repeats, `repeats x m x 3`, or `repeats` in mode batch.
    let times: Vec<f64> = outcome.repeats.iter().flat_map(flat).collect();
    let per_query = seconds_per_query(&outcome.repeats, m);
    let mut file = layout(record, outcome, &per_query);
    file.integer("swath_index_bytes", outcome.index_bytes as i64).integer("swath_filled", outcome.filled as i64);
    file.float(UNTIMED[0], outcome.untimed[0]).float(UNTIMED[1], outcome.untimed[1]);
    for (name, peak) in PEAKS.into_iter().zip([outcome.peaks.build, outcome.peaks.search]) {
        peak.map(|bytes| file.integer(name, bytes as i64));
    }
    file.array(QUERY_IDS, &[m], Values::I32(&query_ids));
    if !evaluations.is_empty() {
        file.array(EVALUATIONS, &[m, 3], Values::I64(&evaluations));
    }
    let repeats = outcome.repeats.len();
    let shape: &[usize] = if record.mode == Mode::Batch { &[repeats] } else { &[repeats, m, 3] };
    if repeats > 0 {
        file.array(REPEATS, shape, Values::F64(&times));
    }
    let (at, load): (Vec<i64>, Vec<f64>) = outcome.timed.iter().map(|timed| (timed.at, timed.load)).unzip();
    if repeats > 0 && at.len() == repeats {
        file.array(&in_swath(TIMED[0]), &[repeats], Values::I64(&at));
        file.array(&in_swath(TIMED[1]), &[repeats], Values::F64(&load));
    }
    let names: Vec<String> = record.metrics.iter().map(|metric| in_swath(metric.name())).collect();
    for (name, values) in names.iter().zip(&outcome.metrics) {
        file.array(name, &[m], Values::F64(values));
    }
    file.integer(ROWS, record.rows as i64);
    for RecallWithin { metric, distance, of } in record.within {
        let [farthest, count] = WITHIN.map(|group| format!("{group}/{}", metric.name()));
        file.array(&farthest, &[m], Values::F64(distance)).array(&count, &[m], Values::I32(of));
    }
    file.write(path).map_err(|source| unwritten(path.to_owned(), source))
}

/// The refusal of the file system says all there is to say.
fn unwritten(path: PathBuf, error: Hdf5Error) -> ResultsError {
    match error {
        Hdf5Error::Io { source, .. } => ResultsError::Io { path, source },
        source => ResultsError::Trial { path, source },
    }
}

/// Writes of a trial what ann-benchmarks reads, and no more but who it is.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_plain(path: &Path, record: &Record<'_>, outcome: &Outcome) -> Result<(), ResultsError> {
    let per_query = seconds_per_query(&outcome.repeats, record.query_ids.len());
    let file = layout(record, outcome, &per_query);
    file.write_plain(path).map_err(|source| unwritten(path.to_owned(), source))
}

/// ann-benchmarks' results file, with the seconds of each query.
fn layout<'a>(record: &Record<'_>, outcome: &'a Outcome, per_query: &'a [f32]) -> Sealed<'a> {
    let (m, k) = (record.query_ids.len(), record.k);
    let returned = outcome.returned.iter().filter(|&&id| id >= 0).count() as f64 / m as f64;
    let mut file = Sealed::default();
    file.text("algo", record.algo).text("name", &label(record.algo, record.point));
    file.text("dataset", record.dataset).text("distance", record.distance);
    file.float("build_time", outcome.build_seconds).float("index_size", outcome.index_bytes as f64 / 1e3);
    file.float("best_search_time", record.best_search_seconds).float("candidates", returned);
    file.integer("count", k as i64).integer("run_count", outcome.repeats.len() as i64);
    file.boolean("batch_mode", record.mode == Mode::Batch).boolean("expect_extra", false);
    file.text("swath_trial", record.id).text("swath_retriever", record.retriever);
    file.text("swath_point", record.point).text("swath_params", record.params);
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

/// As ann-benchmarks has it: the least over repeats of the mean over queries.
pub fn best_search_time(repeats: &[Times], m: usize) -> f64 {
    repeats.iter().map(Times::total).fold(f64::INFINITY, f64::min) / m as f64
}

/// As ann-benchmarks has it: each query's time in the best repeat; in mode batch the mean for each. NaN where nothing is
/// timed yet.
fn seconds_per_query(repeats: &[Times], m: usize) -> Vec<f32> {
    match repeats.iter().min_by(|a, b| a.total().total_cmp(&b.total())) {
        Some(Times::Single(times)) => times.iter().map(|ends| ends[2] as f32).collect(),
        Some(Times::Batch(_, seconds)) => vec![(seconds / m as f64) as f32; m],
        None => vec![f32::NAN; m],
    }
}

/// Writes the manifest.
///
/// # Errors
/// [`ResultsError::Io`].
pub fn write_manifest(out: &OutputFolder, manifest: &Manifest) -> Result<(), ResultsError> {
    let path = out.path().join(MANIFEST);
    let malformed = |error: serde_json::Error| ResultsError::Malformed { path, what: error.to_string() };
    let mut text = serde_json::to_string_pretty(manifest).map_err(malformed)?;
    text.push('\n');
    Ok(out.write(MANIFEST, text.as_bytes())?)
}

/// Where a trial's file keeps what ann-benchmarks does not know: a metric's values by its name, and others.
fn in_swath(name: &str) -> String {
    format!("swath/{name}")
}

/// Reads a run's manifest.
///
/// # Errors
/// It is missing, or not as this version of swath writes it.
pub fn read_manifest(folder: &Path) -> Result<Manifest, ResultsError> {
    let path = folder.join("manifest.json");
    let text = bounded::read_text(&path, bounded::RECORD).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            let what = if !folder.exists() {
                "there is no such folder"
            } else if folder::is_unfinished(folder) {
                "a run here was stopped before its end; the same `swath run` goes on with it"
            } else if folder.join(folder::SWEEP).exists() {
                "this is a sweep: each of the folders in it is a run"
            } else {
                "this is not the folder of a run: it has no manifest.json, which `swath run` writes"
            };
            ResultsError::Malformed { path: folder.to_owned(), what: what.to_owned() }
        }
        _ => ResultsError::Io { path: path.clone(), source },
    })?;
    serde_json::from_str(&text).map_err(|error| {
        let what = format!("this is no manifest that swath {} reads ({error})", env!("CARGO_PKG_VERSION"));
        ResultsError::Malformed { path, what }
    })
}

/// What a trial's file holds of what these metrics and the times make an outcome, if it is there and whole, with the passes
/// that were timed since.
pub fn read_outcome(folder: &Path, id: &str, metrics: &[MetricName]) -> Option<Outcome> {
    outcome(folder, id, metrics).ok()
}

/// The same, or why not.
///
/// # Errors
/// What is wrong with the file.
pub fn outcome(folder: &Path, id: &str, metrics: &[MetricName]) -> Result<Outcome, ResultsError> {
    let (trial, distances, _) = read_trial(folder, id, metrics, Known::default())?;
    let mut outcome = Outcome {
        returned: trial.returned,
        distances,
        metrics: trial.metrics,
        evaluations: trial.evaluations,
        filled: trial.filled,
        build_seconds: trial.build_seconds,
        index_bytes: trial.index_bytes,
        peaks: trial.peaks,
        untimed: trial.untimed,
        repeats: trial.repeats,
        timed: trial.timed,
    };
    passes::add(folder, id, &mut outcome, trial.query_ids.len());
    Ok(outcome)
}

/// A distance that is stored may be this far from the one that is computed again, and by this part of it: processors of
/// another kind round otherwise.
const SLACK: (f64, f64) = (1e-6, 1e-5);

/// What a trial was asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Results per query.
    pub k: usize,
    /// Rows of the dataset's queries.
    pub queries: &'a [usize],
    /// The metrics by which it is judged.
    pub metrics: &'a [MetricName],
}

/// Looks whether what a trial's file says is true of the dataset: that it answered these queries, that its distances are
/// those of the vectors, and that its recalls were judged by the true neighbours. It is `Ok`, too, where there is no file.
///
/// # Errors
/// What is wrong with the file.
pub fn verify(
    folder: &Path,
    id: &str,
    asked: Asked<'_>,
    (base, dataset): (&Base, &Dataset),
) -> Result<(), ResultsError> {
    let path = trial_path(folder, id);
    if !path.exists() {
        return Ok(());
    }
    let known = Known { rows: Some(base.len()), queries: Some(dataset.test.rows()), ..Known::default() };
    // What is no file is not waited for.
    bounded::open(&path).map_err(|source| ResultsError::Io { path: path.clone(), source })?;
    // Of the metrics that it has: it may have been judged by others.
    let lacks = lacking(folder, id, asked.metrics);
    let has = asked.metrics.iter().copied().filter(|metric| lacks.iter().all(|name| name != metric.name()));
    let has: Vec<MetricName> = has.collect();
    let (trial, distances, found) = read_trial(folder, id, &has, known)?;
    let malformed = |what: String| ResultsError::Malformed { path: path.clone(), what };
    if trial.query_ids != asked.queries || trial.k != asked.k {
        return Err(malformed("it answered other queries, or with another k".into()));
    }
    for (i, &query) in trial.query_ids.iter().enumerate() {
        let of = Query::row(&dataset.test, query);
        for at in i * trial.k..(i + 1) * trial.k {
            let Ok(id) = u32::try_from(trial.returned[at]) else { continue };
            let (stored, computed) = (f64::from(distances[at]), base.distance_to(of, id));
            // What is beyond `f32` is stored as infinite.
            let is_same =
                stored == f64::from(computed as f32) || (stored - computed).abs() <= SLACK.0 + SLACK.1 * computed.abs();
            if !is_same {
                return Err(malformed(format!(
                    "query {query}: the distance of vector {id} is {computed}, and not {stored}"
                )));
            }
        }
    }
    for expected in RecallWithin::all(&has, trial.k, &trial.query_ids, &dataset.neighbors) {
        let stored = found.iter().find(|found| found.metric == expected.metric.name());
        let same = |found: &Found| {
            let distances = found.distance.iter().zip(&expected.distance);
            let counts = found.of.iter().zip(&expected.of);
            distances.clone().count() == expected.distance.len()
                && distances.into_iter().all(|(a, b)| a == b || a.is_nan() && b.is_nan())
                && counts.into_iter().all(|(&a, &b)| a == i64::from(b))
        };
        if !stored.is_some_and(same) {
            let what = format!("`{}` was judged by other true neighbours than the dataset has", expected.metric.name());
            return Err(malformed(what));
        }
    }
    Ok(())
}

/// Those of the metrics that a trial's file has no values of.
pub fn lacking(folder: &Path, id: &str, metrics: &[MetricName]) -> Vec<String> {
    let names = Hdf5File::open(&trial_path(folder, id), MEMORY).and_then(|file| file.names("swath"));
    let names = names.unwrap_or_default();
    let has = |metric: &&MetricName| names.iter().any(|name| *name == metric.name());
    metrics.iter().filter(|metric| !has(metric)).map(|metric| metric.name().to_owned()).collect()
}

/// Reads back what a run left in its folder.
///
/// # Errors
/// What is missing or not as this version of swath writes it.
pub fn read(folder: &Path) -> Result<(Manifest, Results), ResultsError> {
    let mut manifest = read_manifest(folder)?;
    let path = folder.join("manifest.json");
    let malformed = |what: String| ResultsError::Malformed { path: path.clone(), what };
    let metrics = manifest.metrics.iter().map(|name| {
        MetricName::find(name).ok_or_else(|| malformed(format!("it names a metric `{name}`, which there is not")))
    });
    let metrics = metrics.collect::<Result<Vec<_>, _>>()?;
    let seed = manifest.experiment.get("seed").and_then(Value::as_u64);
    let seed = seed.ok_or_else(|| malformed("it names no seed".into()))?;
    let parting = match &manifest.experiment["split"] {
        Value::Null => None,
        split => Some(serde_json::from_value(split.clone()).map_err(|error| malformed(format!("its split: {error}")))?),
    };
    let succeeded = manifest.trials.iter().filter(|trial| trial.failed.is_none());
    let is_imported = !manifest.experiment["imported"].is_null();
    let known = Known {
        rows: Some(manifest.dataset.rows),
        queries: Some(manifest.dataset.queries),
        is_imported,
        may_lack_hash: manifest.swath != version::THIS && WITHOUT_HASH.contains(&manifest.swath.as_str()),
    };
    let mut trials: Vec<TrialResult> = Vec::new();
    for record in succeeded {
        if record.trial.len() != 16 || !record.trial.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed(format!("`{}` is no id of a trial: that is 16 hexadecimal digits", record.trial)));
        }
        if trials.iter().any(|trial| trial.id == record.trial) {
            return Err(malformed(format!("it lists the trial {} twice", record.trial)));
        }
        let (trial, ..) = read_trial(folder, &record.trial, &metrics, known)?;
        let is_batch = trial.repeats.iter().any(|times| matches!(times, Times::Batch(..)));
        let says = |key: &str| &manifest.experiment[key];
        if says("k").as_u64().is_some_and(|k| k != trial.k as u64)
            || says("mode").as_str().is_some_and(|mode| !trial.repeats.is_empty() && (mode == "batch") != is_batch)
        {
            return Err(malformed(format!("its k or its mode is not that of the trial {}", record.trial)));
        }
        // Each is compared with each, query by query.
        if let Some(first) = trials.first()
            && (first.k, &first.query_ids) != (trial.k, &trial.query_ids)
        {
            let what = format!(
                "it answered other queries than {}, or with another k",
                trial_path(folder, &first.id).display()
            );
            return Err(ResultsError::Malformed { path: trial_path(folder, &record.trial), what });
        }
        trials.push(trial);
    }
    if known.may_lack_hash && !trials.is_empty() {
        let what = format!(
            "its result files are of swath {}, which wrote no hashes into them: it cannot be seen whether they were changed since",
            manifest.swath
        );
        manifest.notes.push(what);
    }
    let reference = reference(&manifest, &trials);
    Ok((manifest, Results { metrics, seed, reference, parting, is_imported, trials }))
}

/// The trial that the others are compared with, among all that were planned. One that succeeded says itself what it is; of
/// one that failed the experiment does, in which every point of every grid is written out.
fn reference(manifest: &Manifest, trials: &[TrialResult]) -> Reference {
    let grids = manifest.experiment["retrievers"].as_array();
    let points: Vec<&Value> = grids.into_iter().flatten().filter_map(Value::as_array).flatten().collect();
    let row = |id: &str| trials.iter().position(|trial| trial.id == id);
    let planned = manifest.trials.iter().enumerate().map(|(i, record)| Planned {
        retriever: &record.retriever,
        is_top_k: row(&record.trial)
            .map_or_else(|| points.get(i).is_some_and(|point| is_top_k(point)), |row| trials[row].is_top_k),
    });
    let planned: Vec<Planned<'_>> = planned.collect();
    let chosen = manifest.trials.get(reference::choose(&planned, manifest.experiment["reference"].as_str()));
    match chosen.and_then(|record| Some((record, record.failed.clone()?))) {
        Some((record, reason)) => Reference::Failed { label: record.label(), reason },
        None => Reference::Row(chosen.and_then(|record| row(&record.trial)).unwrap_or(0)),
    }
}

/// Versions that wrote no hash into a trial's file.
const WITHOUT_HASH: [&str; 2] = ["0.1.0", "0.2.0"];

/// A trial, the distances of what it returned, and what its recalls count as found.
type Read = (TrialResult, Vec<f32>, Vec<Found>);

fn read_trial(folder: &Path, id: &str, metrics: &[MetricName], known: Known) -> Result<Read, ResultsError> {
    let path = trial_path(folder, id);
    let trial = |source| ResultsError::Trial { path: path.clone(), source };
    let malformed = |what: String| ResultsError::Malformed { path: path.clone(), what };
    let file = Content::read(&path)?;
    if !file.is_sealed() && !known.may_lack_hash {
        return Err(malformed(
            "it has no hash of its content, which this version of swath writes; move the file away and run the experiment again, reusing its other trials".into(),
        ));
    }
    let missing = |name: &str| malformed(format!("the attribute `{name}` is missing, or not what it should be"));
    let text =
        |name: &str| file.attribute(name).and_then(Attribute::text).map(str::to_owned).ok_or_else(|| missing(name));
    let number = |name: &str| file.attribute(name).and_then(Attribute::number).ok_or_else(|| missing(name));
    let count = |name: &str| {
        let count = file.attribute(name).and_then(Attribute::integer);
        count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| missing(name))
    };
    if text("swath_trial")? != id {
        return Err(malformed(format!("it is the file of the trial {}", text("swath_trial")?)));
    }
    let integers = |name: &str| file.integers(name).map_err(trial);
    let floats = |name: &str| file.floats(name).map_err(trial);

    let query_ids =
        integers(QUERY_IDS)?.iter().map(|&id| usize::try_from(id).unwrap_or(usize::MAX)).collect::<Vec<_>>();
    let (m, k) = (query_ids.len(), count("count")?);
    if m == 0 || k == 0 || m.checked_mul(k.max(3)).is_none() {
        return Err(malformed(format!("{m} queries of {k} results make no trial")));
    }
    let refused = |error: Refused| match error {
        Ok(source) => trial(source),
        Err(what) => malformed(what),
    };
    let full = |name: &str, found: usize, expected: usize| {
        let what = || malformed(format!("`{name}` has {found} values, expected {expected}"));
        if found == expected { Ok(()) } else { Err(what()) }
    };
    let evaluations = evaluations(&file, m).map_err(refused)?;
    let columns = metrics.iter().map(|metric| {
        let name = in_swath(metric.name());
        let values = floats(&name)?;
        full(&name, values.len(), m)?;
        Ok(values.to_vec())
    });
    let columns = columns.collect::<Result<Vec<_>, ResultsError>>()?;
    let found = |metric: &str| {
        let [farthest, count] = WITHIN.map(|group| format!("{group}/{metric}"));
        let (distance, of) = (floats(&farthest)?.to_vec(), integers(&count)?.to_vec());
        full(&farthest, distance.len(), m)?;
        full(&count, of.len(), m)?;
        Ok(Found { metric: metric.to_owned(), distance, of })
    };
    let found = file.names(WITHIN[0]).map(found).collect::<Result<Vec<_>, ResultsError>>()?;
    let repeats = repeats(&file, count("run_count")?, m).map_err(refused)?;
    let mut timed = Vec::new();
    let [at, load] = TIMED.map(in_swath);
    if file.has(&at) && file.has(&load) {
        let (when, loads) = (integers(&at)?, floats(&load)?);
        full(&at, when.len(), repeats.len())?;
        full(&load, loads.len(), repeats.len())?;
        timed = when.iter().zip(loads).map(|(&at, &load)| Timed { at, load }).collect();
    }
    let returned: Vec<i32> = integers("neighbors")?.iter().map(|&id| i32::try_from(id).unwrap_or(i32::MIN)).collect();
    full("neighbors", returned.len(), m.saturating_mul(k))?;
    let distances: Vec<f32> = floats("distances")?.iter().map(|&distance| distance as f32).collect();
    full("distances", distances.len(), m.saturating_mul(k))?;
    let rows = if file.attribute(ROWS).is_some() { Some(count(ROWS)?) } else { None };
    if let Some((rows, expected)) = rows.zip(known.rows).filter(|(rows, expected)| rows != expected) {
        return Err(malformed(format!("it is of a dataset of {rows} vectors, and not of {expected}")));
    }
    let bytes = |name: &str| file.attribute(name).map(|_| count(name)).transpose();
    let params = text("swath_params")?;
    let parsed: Value = serde_json::from_str(&params).unwrap_or_default();
    let is_oracle = is_oracle(&parsed);
    let mark = if is_oracle { ORACLE } else { "" };
    // Files of an earlier version do not say some of these.
    let or_zero = |name: &str| file.attribute(name).map_or(Ok(0.0), |_| number(name));
    let result = TrialResult {
        id: id.to_owned(),
        retriever: text("swath_retriever")? + mark,
        is_oracle,
        point: text("swath_point")?,
        is_top_k: is_top_k(&parsed),
        params,
        k,
        query_ids,
        returned,
        metrics: columns,
        evaluations,
        build_seconds: number("build_time")?,
        index_bytes: count("swath_index_bytes")? as u64,
        filled: bytes("swath_filled")?.unwrap_or(0),
        peaks: Peaks { build: bytes(PEAKS[0])?.map(|n| n as u64), search: bytes(PEAKS[1])?.map(|n| n as u64) },
        untimed: [or_zero(UNTIMED[0])?, or_zero(UNTIMED[1])?],
        repeats,
        timed,
        best_search_seconds: number("best_search_time")?,
    };
    check(&result, (&distances, &found), metrics, Known { rows: known.rows.or(rows), ..known }).map_err(malformed)?;
    Ok((result, distances, found))
}

/// What is wrong with a part of a file: the reader's error, or a sentence.
type Refused = Result<Hdf5Error, String>;

/// Similarity evaluations of `m` queries, if they were counted.
fn evaluations(file: &Content, m: usize) -> Result<Vec<[u64; 3]>, Refused> {
    if !file.has(EVALUATIONS) {
        return Ok(Vec::new());
    }
    let counts = file.integers(EVALUATIONS).map_err(Ok)?;
    if counts.len() != 3 * m {
        return Err(Err(format!("`{EVALUATIONS}` has {} values, expected {}", counts.len(), 3 * m)));
    }
    if let Some(at) = counts.iter().position(|&count| count < 0) {
        return Err(Err(format!("`{EVALUATIONS}`, row {}: {} is no count", at / 3, counts[at])));
    }
    Ok(counts.as_chunks::<3>().0.iter().map(|stages| stages.map(|count| count as u64)).collect())
}

/// The times of so many repeats over `m` queries.
fn repeats(file: &Content, runs: usize, m: usize) -> Result<Vec<Times>, Refused> {
    // A trial under way may not be timed yet.
    if runs == 0 {
        return Ok(Vec::new());
    }
    let (times, shape) = (file.floats(REPEATS).map_err(Ok)?, file.shape(REPEATS).map_err(Ok)?);
    if shape == [runs] {
        return Ok(times.iter().map(|&seconds| Times::Batch(m, seconds)).collect());
    }
    if shape == [runs, m, 3] {
        let pass = |pass: &[f64]| Times::Single(pass.as_chunks::<3>().0.to_vec());
        return Ok(times.chunks_exact(m * 3).map(pass).collect());
    }
    Err(Err(format!("the shape of `{REPEATS}` is {shape:?}, expected [{runs}] or [{runs}, {m}, 3]")))
}

/// The distances of what a trial returned, `m x k`, infinite where it returned nothing.
///
/// # Errors
/// What is wrong with the file.
pub fn read_distances(folder: &Path, trial: &TrialResult) -> Result<Vec<f32>, ResultsError> {
    let known = Known { may_lack_hash: true, is_imported: true, ..Known::default() };
    let (now, distances, _) = read_trial(folder, &trial.id, &[], known)?;
    if now.returned != trial.returned {
        let path = trial_path(folder, &trial.id);
        return Err(ResultsError::Malformed { path, what: "it was changed while it was read".into() });
    }
    Ok(distances)
}

/// The size of the pool in these parameters, which results from elsewhere do not have.
pub fn pool(params: &str) -> Option<usize> {
    let params: Value = serde_json::from_str(params).unwrap_or_default();
    let pool = params["candidates"].as_object()?.values().next()?.get("pool")?.as_u64()?;
    usize::try_from(pool).ok()
}

/// Whether the selector of these parameters is an oracle.
fn is_oracle(params: &Value) -> bool {
    serde_json::from_value::<SelectorParams>(params["select"].clone()).is_ok_and(|selector| selector.is_oracle())
}

/// Whether these parameters are plain top-k over exact candidates.
pub fn is_top_k(params: &Value) -> bool {
    params["select"].get("top-k").is_some() && params["candidates"].get("exact").is_some() && params["expand"].is_null()
}
