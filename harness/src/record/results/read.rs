//! Reads trials' files.

use super::ResultsError;
use super::check::{Context, check};
use super::content::{Content, WITHIN};
use super::layout::{
    CLOCKS, DECISION, EVALUATIONS, FORBIDDEN, PEAKS, PROGRAMS, QUERY_IDS, REPEATS, ROWS, TIMED, UNTIMED, in_swath,
};
use super::trial::{TrialResult, marked_name};
use super::within::StoredWithin;
use crate::metrics::MetricName;
use crate::record::folder::trial_path;
use crate::record::{Clocks, Outcome, Parameters, Peaks, ProgramRecord, Timed, Times, passes};
use std::path::{Path, PathBuf};
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, MEMORY};

/// Reads the outcome stored in a trial's file, with these metrics, and the passes that were timed since; `None` if the file is
/// missing or damaged.
pub fn read_outcome(folder: &Path, id: &str, metrics: &[MetricName]) -> Option<Outcome> {
    outcome(folder, id, metrics).ok()
}

/// Reads the outcome as [`read_outcome`] does.
///
/// # Errors
/// What is wrong with the file.
pub fn outcome(folder: &Path, id: &str, metrics: &[MetricName]) -> Result<Outcome, ResultsError> {
    let TrialContent { trial, distances, .. } = read_trial(folder, id, metrics, Context::default())?;
    let mut outcome = Outcome {
        returned: trial.returned,
        distances,
        metrics: trial.metrics,
        evaluations: trial.evaluations,
        filled: trial.filled,
        forbidden: trial.forbidden,
        build_seconds: trial.build_seconds,
        index_bytes: trial.index_bytes,
        decision: trial.decision,
        peaks: trial.peaks,
        untimed: trial.untimed,
        repeats: trial.repeats,
        timed: trial.timed,
        programs: trial.programs,
        clocks: trial.clocks,
    };
    passes::add(folder, id, &mut outcome, trial.query_ids.len());
    Ok(outcome)
}

/// Names of the metrics that a trial's file has no values of.
pub fn lacking(folder: &Path, id: &str, metrics: &[MetricName]) -> Vec<String> {
    let names = Hdf5File::open(&trial_path(folder, id), MEMORY).and_then(|file| file.names("swath"));
    let names = names.unwrap_or_default();
    let has = |metric: &&MetricName| names.iter().any(|name| *name == metric.name());
    metrics.iter().filter(|metric| !has(metric)).map(|metric| metric.name().to_owned()).collect()
}

/// The distances of a trial's results, `m x k`, infinite where it returned nothing.
///
/// # Errors
/// What is wrong with the file.
pub fn read_distances(folder: &Path, trial: &TrialResult) -> Result<Vec<f32>, ResultsError> {
    let context = Context { may_lack_hash: true, is_imported: true, ..Context::default() };
    let now = read_trial(folder, &trial.id, &[], context)?;
    if now.trial.returned != trial.returned {
        let path = trial_path(folder, &trial.id);
        return Err(ResultsError::Malformed { path, what: "it was changed while it was read".into() });
    }
    Ok(now.distances)
}

/// What a trial's file holds.
pub(super) struct TrialContent {
    pub trial: TrialResult,
    /// The distances of its results.
    pub distances: Vec<f32>,
    /// The distances up to which its recalls count.
    pub within: Vec<StoredWithin>,
}

/// Reads and checks a trial's file.
pub(super) fn read_trial(
    folder: &Path,
    id: &str,
    metrics: &[MetricName],
    context: Context,
) -> Result<TrialContent, ResultsError> {
    let file = TrialFile::open(folder, id, context)?;
    let query_ids: Vec<usize> =
        file.integers(QUERY_IDS)?.iter().map(|&id| usize::try_from(id).unwrap_or(usize::MAX)).collect();
    let (m, k) = (query_ids.len(), file.count("count")?);
    if m == 0 || k == 0 || m.checked_mul(k.max(3)).is_none() {
        return Err(file.malformed(format!("{m} queries of {k} results make no trial")));
    }
    let evaluations = file.evaluations(m)?;
    let columns = metrics.iter().map(|metric| Ok(file.full_floats(&in_swath(metric.name()), m)?.to_vec()));
    let columns = columns.collect::<Result<Vec<_>, ResultsError>>()?;
    let within = file.within(m)?;
    let repeats = file.repeats(m)?;
    let timed = file.timed(repeats.len())?;
    let clocks = file.clocks(repeats.len())?;
    let programs = file.programs()?;
    let returned = file.full_integers("neighbors", m.saturating_mul(k))?;
    let returned: Vec<i32> = returned.iter().map(|&id| i32::try_from(id).unwrap_or(i32::MIN)).collect();
    let distances = file.full_floats("distances", m.saturating_mul(k))?;
    let distances: Vec<f32> = distances.iter().map(|&distance| distance as f32).collect();
    let rows = file.optional_count(ROWS)?;
    if let Some((rows, expected)) = rows.zip(context.rows).filter(|(rows, expected)| rows != expected) {
        return Err(file.malformed(format!("it is of a dataset of {rows} vectors, and not of {expected}")));
    }
    let params = Parameters::parse(file.text("swath_params")?);
    let trial = TrialResult {
        id: id.to_owned(),
        retriever: marked_name(&file.text("swath_retriever")?, &params),
        point: file.text("swath_point")?,
        params,
        k,
        query_ids,
        returned,
        metrics: columns,
        evaluations,
        build_seconds: file.number("build_time")?,
        index_bytes: file.count("swath_index_bytes")? as u64,
        decision: file.optional_text(DECISION)?,
        filled: file.optional_count("swath_filled")?.unwrap_or(0),
        forbidden: file.forbidden(m, k)?,
        peaks: Peaks { build: file.bytes(PEAKS[0])?, search: file.bytes(PEAKS[1])? },
        untimed: [file.number_or_zero(UNTIMED[0])?, file.number_or_zero(UNTIMED[1])?],
        repeats,
        timed,
        programs,
        clocks,
        best_search_seconds: file.number("best_search_time")?,
    };
    let content = TrialContent { trial, distances, within };
    check(&content, metrics, Context { rows: context.rows.or(rows), ..context })
        .map_err(|what| file.malformed(what))?;
    Ok(content)
}

/// A trial's file that is open.
struct TrialFile {
    path: PathBuf,
    content: Content,
}

impl TrialFile {
    /// Opens the file of a trial: its content has the hash that it should, and is that trial's.
    fn open(folder: &Path, id: &str, context: Context) -> Result<Self, ResultsError> {
        let path = trial_path(folder, id);
        let content = Content::read(&path)?;
        let file = Self { path, content };
        if !file.content.is_sealed() && !context.may_lack_hash {
            return Err(file.malformed(
                "it has no hash of its content, which this version of swath writes; move the file away and run the experiment again, reusing its other trials".into(),
            ));
        }
        let stated = file.text("swath_trial")?;
        if stated == id { Ok(file) } else { Err(file.malformed(format!("it is the file of the trial {stated}"))) }
    }

    fn malformed(&self, what: String) -> ResultsError {
        ResultsError::Malformed { path: self.path.clone(), what }
    }

    fn wrong(&self, source: Hdf5Error) -> ResultsError {
        ResultsError::Trial { path: self.path.clone(), source }
    }

    fn missing(&self, attribute: &str) -> ResultsError {
        self.malformed(format!("the attribute `{attribute}` is missing, or not what it should be"))
    }

    fn text(&self, name: &str) -> Result<String, ResultsError> {
        let text = self.content.attribute(name).and_then(Attribute::text);
        text.map(str::to_owned).ok_or_else(|| self.missing(name))
    }

    fn optional_text(&self, name: &str) -> Result<Option<String>, ResultsError> {
        self.content.attribute(name).map(|_| self.text(name)).transpose()
    }

    fn number(&self, name: &str) -> Result<f64, ResultsError> {
        self.content.attribute(name).and_then(Attribute::number).ok_or_else(|| self.missing(name))
    }

    /// A number that files of an earlier version do not have.
    fn number_or_zero(&self, name: &str) -> Result<f64, ResultsError> {
        self.content.attribute(name).map_or(Ok(0.0), |_| self.number(name))
    }

    fn count(&self, name: &str) -> Result<usize, ResultsError> {
        let count = self.content.attribute(name).and_then(Attribute::integer);
        count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| self.missing(name))
    }

    fn optional_count(&self, name: &str) -> Result<Option<usize>, ResultsError> {
        self.content.attribute(name).map(|_| self.count(name)).transpose()
    }

    fn bytes(&self, name: &str) -> Result<Option<u64>, ResultsError> {
        Ok(self.optional_count(name)?.map(|bytes| bytes as u64))
    }

    fn integers(&self, name: &str) -> Result<&[i64], ResultsError> {
        self.content.integers(name).map_err(|error| self.wrong(error))
    }

    fn floats(&self, name: &str) -> Result<&[f64], ResultsError> {
        self.content.floats(name).map_err(|error| self.wrong(error))
    }

    fn full_integers(&self, name: &str, expected: usize) -> Result<&[i64], ResultsError> {
        let values = self.integers(name)?;
        self.full(name, values.len(), expected).map(|()| values)
    }

    fn full_floats(&self, name: &str, expected: usize) -> Result<&[f64], ResultsError> {
        let values = self.floats(name)?;
        self.full(name, values.len(), expected).map(|()| values)
    }

    fn full(&self, name: &str, found: usize, expected: usize) -> Result<(), ResultsError> {
        if found == expected {
            return Ok(());
        }
        Err(self.malformed(format!("`{name}` has {found} values, expected {expected}")))
    }

    /// How many of `k` results of each of `m` queries break the selector's limit; none where the file does not say it.
    fn forbidden(&self, m: usize, k: usize) -> Result<Vec<u32>, ResultsError> {
        if !self.content.has(FORBIDDEN) {
            return Ok(Vec::new());
        }
        let counts = self.full_integers(FORBIDDEN, m)?;
        if let Some(at) = counts.iter().position(|&count| usize::try_from(count).map_or(true, |count| count > k)) {
            let what = format!("`{FORBIDDEN}`, row {at}: {} is no number of {k} results", counts[at]);
            return Err(self.malformed(what));
        }
        Ok(counts.iter().map(|&count| count as u32).collect())
    }

    /// Similarity evaluations of `m` queries; none where they were not counted.
    fn evaluations(&self, m: usize) -> Result<Vec<[u64; 3]>, ResultsError> {
        if !self.content.has(EVALUATIONS) {
            return Ok(Vec::new());
        }
        let counts = self.full_integers(EVALUATIONS, 3 * m)?;
        if let Some(at) = counts.iter().position(|&count| count < 0) {
            return Err(self.malformed(format!("`{EVALUATIONS}`, row {}: {} is no count", at / 3, counts[at])));
        }
        Ok(counts.as_chunks::<3>().0.iter().map(|stages| stages.map(|count| count as u64)).collect())
    }

    /// For each recall the distances up to which it counts, for `m` queries.
    fn within(&self, m: usize) -> Result<Vec<StoredWithin>, ResultsError> {
        let within = |metric: &str| {
            let [farthest, count] = WITHIN.map(|group| format!("{group}/{metric}"));
            let (distance, of) = (self.floats(&farthest)?, self.integers(&count)?);
            self.full(&farthest, distance.len(), m)?;
            self.full(&count, of.len(), m)?;
            Ok(StoredWithin { metric: metric.to_owned(), distance: distance.to_vec(), of: of.to_vec() })
        };
        self.content.names(WITHIN[0]).map(within).collect()
    }

    /// The times of all repeats over `m` queries; none of a trial that is not timed yet.
    fn repeats(&self, m: usize) -> Result<Vec<Times>, ResultsError> {
        let runs = self.count("run_count")?;
        if runs == 0 {
            return Ok(Vec::new());
        }
        let times = self.floats(REPEATS)?;
        let shape = self.content.shape(REPEATS).map_err(|error| self.wrong(error))?;
        if shape == [runs] {
            return Ok(times.iter().map(|&seconds| Times::Batch(m, seconds)).collect());
        }
        if shape == [runs, m, 3] {
            let pass = |pass: &[f64]| Times::Single(pass.as_chunks::<3>().0.to_vec());
            return Ok(times.chunks_exact(m * 3).map(pass).collect());
        }
        let what = format!("the shape of `{REPEATS}` is {shape:?}, expected [{runs}] or [{runs}, {m}, 3]");
        Err(self.malformed(what))
    }

    /// The clocks of programs outside in the untimed pass and each repeat; none without a program.
    fn clocks(&self, repeats: usize) -> Result<Vec<Clocks>, ResultsError> {
        if !self.content.has(CLOCKS) {
            return Ok(Vec::new());
        }
        let values = self.full_floats(CLOCKS, (repeats + 1) * Clocks::LEN)?;
        let clocks: Vec<Clocks> = values.as_chunks().0.iter().map(|&values| Clocks::of(values)).collect();
        match clocks.iter().position(|clocks| !clocks.are_sound()) {
            Some(at) => Err(self.malformed(format!("`{CLOCKS}`, row {at} holds what is no time"))),
            None => Ok(clocks),
        }
    }

    /// What programs outside are; none without a program.
    fn programs(&self) -> Result<Vec<ProgramRecord>, ResultsError> {
        let Some(text) = self.optional_text(PROGRAMS)? else { return Ok(Vec::new()) };
        serde_json::from_str(&text).map_err(|error| self.malformed(format!("the attribute `{PROGRAMS}`: {error}")))
    }

    /// When each repeat was timed; empty where the file does not say it.
    fn timed(&self, repeats: usize) -> Result<Vec<Timed>, ResultsError> {
        let [at, load] = TIMED.map(in_swath);
        if !self.content.has(&at) || !self.content.has(&load) {
            return Ok(Vec::new());
        }
        let (when, loads) = (self.integers(&at)?, self.floats(&load)?);
        self.full(&at, when.len(), repeats)?;
        self.full(&load, loads.len(), repeats)?;
        Ok(when.iter().zip(loads).map(|(&at, &load)| Timed { at, load }).collect())
    }
}
