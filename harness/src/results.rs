//! Result files: one per trial, in the layout of ann-benchmarks' results, with swath's per-query values beside.
//!
//! Everything after the run (statistics, tables, figures, the page) comes from these files and the manifest alone.

use crate::chosen::Parting;
use crate::config::Mode;
use crate::manifest::Manifest;
use crate::metrics::MetricName;
use crate::output_folder::{FolderError, OutputFolder};
use crate::plan::{Plan, Trial, label};
use crate::reference::{self, Planned, Reference};
use crate::run::{Outcome, Peaks, Timed, Times, passes};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use swath_algorithms::selector::SelectorParams;
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, Hdf5Writer, MEMORY, Values};
use swath_datasets::whole_file;

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

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// The folder of trials' files.
pub const TRIALS: &str = "trials";

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
        self.returned.iter().skip(position * self.k).take(self.k).filter_map(|&id| u32::try_from(id).ok())
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

/// The name of a trial's file in the folder of its experiment.
pub fn trial_name(id: &str) -> String {
    format!("{TRIALS}/{id}.hdf5")
}

/// The path of a trial's file in the folder of its experiment.
pub fn trial_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(trial_name(id))
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
}

/// Writes the file of a trial that was run here, on a dataset of that name and distance.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_trial(
    folder: &Path,
    plan: &Plan,
    trial: &Trial,
    names: (&str, &str),
    outcome: &Outcome,
) -> Result<(), ResultsError> {
    write_trial_to(&trial_path(folder, &trial.id), plan, trial, names, outcome)
}

/// Writes the file of a trial as [`write_trial`] does, to this path.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_trial_to(
    path: &Path,
    plan: &Plan,
    trial: &Trial,
    (dataset, distance): (&str, &str),
    outcome: &Outcome,
) -> Result<(), ResultsError> {
    let record = Record {
        id: &trial.id,
        retriever: trial.retriever.name.as_str(),
        algo: trial.retriever.name.as_str(),
        point: &trial.point,
        params: &trial.params(),
        dataset,
        distance,
        k: plan.experiment.k.size(),
        mode: plan.experiment.mode,
        query_ids: &plan.queries,
        metrics: &plan.metrics,
        best_search_seconds: best_search_time(&outcome.repeats, plan.queries.len()),
    };
    write_record(path, &record, outcome)
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
    file.array("swath/query_ids", &[m], Values::I32(&query_ids));
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
    file.write(path).map_err(|source| unwritten(path.to_owned(), source))
}

/// ann-benchmarks' results file, with the seconds of each query.
fn layout<'a>(record: &Record<'_>, outcome: &'a Outcome, per_query: &'a [f32]) -> Hdf5Writer<'a> {
    let (m, k) = (record.query_ids.len(), record.k);
    let returned = outcome.returned.iter().filter(|&&id| id >= 0).count() as f64 / m as f64;
    let mut file = Hdf5Writer::new();
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
fn best_search_time(repeats: &[Times], m: usize) -> f64 {
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
    let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            let what = if !folder.exists() {
                "there is no such folder"
            } else if crate::run::unfinished::is_there(folder) {
                "a run here was stopped before its end; the same `swath run` goes on with it"
            } else if folder.join("sweep.json").exists() {
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
    let trial = read_trial(folder, id, metrics).ok()?;
    let distances = read_distances(folder, &trial).ok()?;
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
    Some(outcome)
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
    let manifest = read_manifest(folder)?;
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
    let trials: Result<Vec<_>, _> = succeeded.map(|trial| read_trial(folder, &trial.trial, &metrics)).collect();
    let trials = trials?;
    let reference = reference(&manifest, &trials);
    let is_imported = !manifest.experiment["imported"].is_null();
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

fn read_trial(folder: &Path, id: &str, metrics: &[MetricName]) -> Result<TrialResult, ResultsError> {
    let path = trial_path(folder, id);
    let trial = |source| ResultsError::Trial { path: path.clone(), source };
    let malformed = |what: String| ResultsError::Malformed { path: path.clone(), what };
    let file = Hdf5File::open(&path, MEMORY).map_err(trial)?;
    let attributes = file.attributes().map_err(trial)?;
    let missing = |name: &str| malformed(format!("the attribute `{name}` is missing or of another type"));
    let text = |name: &str| text_of(&attributes, name).ok_or_else(|| missing(name));
    let number = |name: &str| attributes.get(name).and_then(Attribute::number).ok_or_else(|| missing(name));
    let bytes =
        |name: &str| attributes.get(name).and_then(Attribute::integer).and_then(|bytes| u64::try_from(bytes).ok());

    let query_ids: Vec<usize> =
        file.integers("swath/query_ids").map_err(trial)?.into_iter().map(|id| id as usize).collect();
    let m = query_ids.len();
    let full = |name: &str, found: usize, expected: usize| {
        let what = || malformed(format!("`{name}` has {found} values, expected {expected}"));
        if found == expected { Ok(()) } else { Err(what()) }
    };
    let mut evaluations = Vec::new();
    let names = file.names("swath").map_err(trial)?;
    if names.iter().any(|name| format!("swath/{name}") == EVALUATIONS) {
        evaluations = file.integers(EVALUATIONS).map_err(trial)?;
        full(EVALUATIONS, evaluations.len(), 3 * m)?;
    }
    let columns = metrics.iter().map(|metric| {
        let name = in_swath(metric.name());
        let values = file.f64s(&name).map_err(trial)?;
        full(&name, values.len(), m)?;
        Ok(values)
    });
    let columns = columns.collect::<Result<Vec<_>, ResultsError>>()?;
    let runs = number("run_count")? as usize;
    // A trial under way may not be timed yet.
    let times = if runs == 0 { Vec::new() } else { file.f64s(REPEATS).map_err(trial)? };
    let repeats = if runs == 0 {
        Vec::new()
    } else if file.shape(REPEATS).map_err(trial)?.len() == 1 {
        full(REPEATS, times.len(), runs)?;
        times.iter().map(|&seconds| Times::Batch(m, seconds)).collect()
    } else {
        full(REPEATS, times.len(), runs * m * 3)?;
        let pass = |pass: &[f64]| Times::Single(pass.chunks_exact(3).map(|ends| [ends[0], ends[1], ends[2]]).collect());
        times.chunks_exact((m * 3).max(1)).map(pass).collect()
    };
    let mut timed = Vec::new();
    if TIMED.iter().all(|part| names.iter().any(|name| name == part)) {
        let at = file.integers(&in_swath(TIMED[0])).map_err(trial)?;
        let load = file.f64s(&in_swath(TIMED[1])).map_err(trial)?;
        full(&in_swath(TIMED[0]), at.len(), repeats.len())?;
        full(&in_swath(TIMED[1]), load.len(), repeats.len())?;
        timed = at.into_iter().zip(load).map(|(at, load)| Timed { at, load }).collect();
    }
    let k = number("count")? as usize;
    let returned: Vec<i32> = file.integers("neighbors").map_err(trial)?.into_iter().map(|id| id as i32).collect();
    full("neighbors", returned.len(), m * k)?;
    let params = text("swath_params")?;
    let parsed: Value = serde_json::from_str(&params).unwrap_or_default();
    let is_oracle = is_oracle(&parsed);
    let mark = if is_oracle { ORACLE } else { "" };
    Ok(TrialResult {
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
        evaluations: evaluations.chunks_exact(3).map(|c| [c[0] as u64, c[1] as u64, c[2] as u64]).collect(),
        build_seconds: number("build_time")?,
        index_bytes: number("swath_index_bytes")? as u64,
        // Files of an earlier version have none of these.
        filled: number("swath_filled").unwrap_or(0.0) as usize,
        peaks: Peaks { build: bytes(PEAKS[0]), search: bytes(PEAKS[1]) },
        untimed: UNTIMED.map(|name| number(name).unwrap_or(0.0)),
        repeats,
        timed,
        best_search_seconds: number("best_search_time")?,
    })
}

/// The distances of what a trial returned, `m x k`, infinite where it returned nothing.
///
/// # Errors
/// What is wrong with the file.
pub fn read_distances(folder: &Path, trial: &TrialResult) -> Result<Vec<f32>, ResultsError> {
    let path = trial_path(folder, &trial.id);
    let failed = |source| ResultsError::Trial { path: path.clone(), source };
    let distances = Hdf5File::open(&path, MEMORY).and_then(|file| file.f32s("distances")).map_err(failed)?;
    let (found, expected) = (distances.len(), trial.returned.len());
    if found != expected {
        let what = format!("`distances` has {found} values, expected {expected}");
        return Err(ResultsError::Malformed { path, what });
    }
    Ok(distances)
}

fn text_of(attributes: &HashMap<String, Attribute>, name: &str) -> Option<String> {
    attributes.get(name).and_then(Attribute::text).map(str::to_owned)
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
