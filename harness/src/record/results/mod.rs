//! Result files: one per trial, in the layout of ann-benchmarks' results, with swath's per-query values beside.
//!
//! Everything after the run (statistics, tables, figures, the page) comes from these files and the manifest alone.
//!
//! Reading a file detects changes since it was written:
//!
//! 1. The file holds a hash of its content (`seal.rs`), which damage breaks.
//! 2. For each recall it holds the distance up to which a result counts. The recall is computed again from the distances, which
//!    detects made-up values whose hash was made right.
//! 3. Every value is checked as a dataset's are.

mod check;
mod content;
mod error;
mod layout;
mod manifest_file;
mod read;
mod trial;
mod verify;
mod within;
mod write;

pub use error::ResultsError;
pub use manifest_file::{read_manifest, write_manifest};
pub use read::{lacking, outcome, read_distances, read_outcome};
pub use trial::{TrialResult, plain_name};
pub use verify::{Question, verify};
pub use within::RecallWithin;
pub use write::{TrialHeader, best_search_time, write_outcome, write_plain};

use crate::metrics::MetricName;
use crate::record::folder::{MANIFEST, trial_path};
use crate::record::manifest::Manifest;
use crate::record::reference::{Reference, Succeeded};
use crate::record::{Mode, Parting, Times};
use crate::version;
use check::Context;
use read::read_trial;
use std::path::Path;
use swath_datasets::whole_file;

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

/// Versions that wrote no hash into a trial's file.
const WITHOUT_HASH: [&str; 2] = ["0.1.0", "0.2.0"];

/// Writes a file whole: under its name there is never a part of it.
///
/// # Errors
/// [`ResultsError::Io`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ResultsError> {
    whole_file::write_whole(path, bytes).map_err(|source| ResultsError::Io { path: path.to_owned(), source })
}

/// Reads back what a run left in its folder.
///
/// # Errors
/// A file is missing, or has other content than this version of swath writes.
pub fn read(folder: &Path) -> Result<(Manifest, Results), ResultsError> {
    let mut manifest = read_manifest(folder)?;
    let malformed = |what: String| ResultsError::Malformed { path: folder.join(MANIFEST), what };
    let metrics = manifest.metrics.iter().map(|name| {
        MetricName::find(name).ok_or_else(|| malformed(format!("it names a metric `{name}`, which there is not")))
    });
    let metrics = metrics.collect::<Result<Vec<_>, _>>()?;
    let experiment = &manifest.experiment;
    let (seed, parting, is_imported) = (experiment.seed(), experiment.parting().cloned(), experiment.is_imported());
    let context = Context {
        rows: Some(manifest.dataset.rows),
        queries: Some(manifest.dataset.queries),
        is_imported,
        may_lack_hash: manifest.swath != version::THIS && WITHOUT_HASH.contains(&manifest.swath.as_str()),
    };
    let trials = read_trials(folder, &manifest, &metrics, context)?;
    if context.may_lack_hash && !trials.is_empty() {
        let what = format!(
            "its result files are of swath {}, which wrote no hashes into them: it cannot be seen whether they were changed since",
            manifest.swath
        );
        manifest.notes.push(what);
    }
    let succeeded = trials.iter().map(|trial| Succeeded { id: &trial.id, parameters: &trial.params });
    let reference = Reference::of_run(&manifest, &succeeded.collect::<Vec<_>>());
    Ok((manifest, Results { metrics, seed, reference, parting, is_imported, trials }))
}

/// Reads the trials that succeeded. They agree with the manifest, and with each other: results are compared query by query.
fn read_trials(
    folder: &Path,
    manifest: &Manifest,
    metrics: &[MetricName],
    context: Context,
) -> Result<Vec<TrialResult>, ResultsError> {
    let malformed = |what: String| ResultsError::Malformed { path: folder.join(MANIFEST), what };
    let experiment = &manifest.experiment;
    let mut trials: Vec<TrialResult> = Vec::new();
    for record in manifest.trials.iter().filter(|trial| trial.failed.is_none()) {
        let id = &record.trial;
        if id.len() != 16 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed(format!("`{id}` is no id of a trial: that is 16 hexadecimal digits")));
        }
        if trials.iter().any(|trial| trial.id == *id) {
            return Err(malformed(format!("it lists the trial {id} twice")));
        }
        let trial = read_trial(folder, id, metrics, context)?.trial;
        let is_batch = trial.repeats.iter().any(|times| matches!(times, Times::Batch(..)));
        let is_other_mode = !trial.repeats.is_empty() && (experiment.mode() == Mode::Batch) != is_batch;
        if experiment.k() != trial.k || is_other_mode {
            return Err(malformed(format!("its k or its mode is not that of the trial {id}")));
        }
        if let Some(first) = trials.first()
            && (first.k, &first.query_ids) != (trial.k, &trial.query_ids)
        {
            let first = trial_path(folder, &first.id);
            let what = format!("it answered other queries than {}, or with another k", first.display());
            return Err(ResultsError::Malformed { path: trial_path(folder, id), what });
        }
        trials.push(trial);
    }
    Ok(trials)
}
