//! What a run has done so far, in `unfinished/` in its folder, so that it can be resumed after any interruption.
//!
//! Each file there is listed in the folder's ledger before it is written. A trial's file is written there when the trial is
//! measured; under its name it is whole or missing. Timed passes are appended to a file beside it ([`crate::record::passes`]).
//! `run.json` describes the run. When the run is resumed it is compared with the new circumstances; results that no longer fit
//! are removed, and the user is told.

mod files;
mod resume;
mod run_file;

use super::data::{SharedDataset, damage_of_earlier};
use super::means::Means;
use super::trial_files::write_trial_to;
use crate::config::Failure;
use crate::plan::{Prepared, Trial};
use crate::record::folder::{UNFINISHED, UNFINISHED_RUN, trial_name, trial_path};
use crate::record::manifest::GraphRecord;
use crate::record::output_folder::OutputFolder;
use crate::record::results::{self, ResultsError, write_whole};
use crate::record::{Outcome, passes};
use files::{PREFIX, passes_file, remove, remove_all, trial_file, trials};
use resume::trials_are;
use run_file::{StoredRun, UnfinishedRun};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swath_datasets::whole_file;

/// How to give up unfinished trials. The command line says its option beside it.
pub const START_AFRESH: &str = "to start from scratch";

/// How a run starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Resumes the run that was stopped in this folder, if there is one; otherwise starts from scratch.
    #[default]
    GoOn,
    /// Starts from scratch, whatever is there.
    Fresh,
    /// As [`Start::GoOn`]. If no run was stopped, it also reuses the trials of a finished run that still fit, if that run began
    /// at this time or later.
    Reuse(Option<String>),
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialProgress {
    /// Whether it is measured, by all metrics of the experiment.
    pub measured: bool,
    /// How many passes are timed.
    pub passes: usize,
}

impl TrialProgress {
    /// Whether nothing is left to do.
    pub fn is_whole(self, repeats: usize) -> bool {
        self.measured && self.passes >= repeats
    }
}

/// The folder of unfinished trials, and the run that it belongs to.
pub struct Unfinished {
    out: Arc<OutputFolder>,
    folder: PathBuf,
    run: UnfinishedRun,
    shared: Option<SharedDataset>,
}

impl Unfinished {
    /// Starts or resumes a run. Returns how far each trial is, and notes for the user.
    ///
    /// # Errors
    /// The file system's refusal, or that files which are not swath's bear the names of unfinished ones.
    pub fn open(
        out: &Arc<OutputFolder>,
        prepared: &Prepared,
        start: &Start,
    ) -> Result<(Self, Vec<TrialProgress>, Vec<String>), ResultsError> {
        let run = UnfinishedRun::new(prepared);
        let mut unfinished = Self { out: Arc::clone(out), folder: out.path().join(UNFINISHED), run, shared: None };
        // Refuses listed names that are not files, such as a link that somebody put there: nothing is written through them.
        out.work_on(out.listed(PREFIX))?;
        if *start == Start::Fresh {
            remove_all(out);
        }
        let ids = prepared.plan.trials.iter().map(|trial| trial.id.as_str());
        let files = ids.flat_map(|id| [trial_file(id), passes_file(id)]);
        out.work_on(
            [UNFINISHED_RUN, SharedDataset::FILE].map(|name| format!("{PREFIX}{name}")).into_iter().chain(files),
        )?;
        let path = unfinished.folder.join(UNFINISHED_RUN);
        let mut before = StoredRun::read(&path);
        if matches!(before, StoredRun::Discarded) {
            trials(out).iter().for_each(|id| remove(out, id));
        }
        if let Start::Reuse(since) = start
            && matches!(before, StoredRun::Missing | StoredRun::Discarded)
            && trials(out).is_empty()
        {
            unfinished.reuse(since.as_deref())?;
            before = StoredRun::read(&path);
        }
        let mut notes = Vec::new();
        if let (StoredRun::Read(_), Some(damage)) = (&before, damage_of_earlier(&unfinished.folder)) {
            let measured = trials(out);
            measured.iter().for_each(|id| remove(out, id));
            if !measured.is_empty() {
                notes.push(format!(
                    "{} again, since the dataset was damaged then: {damage}",
                    trials_are(measured.len(), "run")
                ));
            }
        }
        let mut done = vec![TrialProgress::default(); prepared.plan.trials.len()];
        match before {
            StoredRun::Read(before) => done = unfinished.resume(&before, prepared, &mut notes)?,
            // A run of another program is never resumed.
            StoredRun::OfOther(program) => notes.extend(unfinished.remove_all_of(&program)),
            StoredRun::Damaged(what) => notes.extend(unfinished.without_run(Some(what))?),
            StoredRun::Missing => notes.extend(unfinished.without_run(None)?),
            StoredRun::Discarded => {}
        }
        unfinished.write(&unfinished.run)?;
        Ok((unfinished, done, notes))
    }

    /// Makes an unfinished run out of a finished one with all its trials, if there is one that began at `since` or later.
    fn reuse(&self, since: Option<&str>) -> Result<(), ResultsError> {
        let run = self.out.path();
        let Ok(manifest) = results::read_manifest(run) else { return Ok(()) };
        if since.is_some_and(|since| manifest.started.as_str() < since) {
            return Ok(());
        }
        // If this is interrupted, the copies are not taken for trials of a run whose `run.json` was lost.
        write_whole(&self.folder.join(UNFINISHED_RUN), run_file::DISCARDED)?;
        for trial in manifest.trials.iter().filter(|trial| trial.failed.is_none()) {
            let from = trial_path(run, &trial.trial);
            if !from.is_file() {
                continue;
            }
            // Trials that the plan no longer has are removed later, and counted.
            self.out.work_on([trial_file(&trial.trial), passes_file(&trial.trial)])?;
            let path = trial_path(&self.folder, &trial.trial);
            whole_file::copy_whole(&from, &path).map_err(|source| ResultsError::Io { path, source })?;
        }
        // Last: without `run.json` the files are not used.
        self.write(&UnfinishedRun::of(&manifest, &self.run))
    }

    fn write(&self, run: &UnfinishedRun) -> Result<(), ResultsError> {
        let path = self.folder.join(UNFINISHED_RUN);
        let text = serde_json::to_vec_pretty(run)
            .map_err(|error| ResultsError::Malformed { path: path.clone(), what: error.to_string() })?;
        write_whole(&path, &text)
    }

    /// The folder of unfinished trials.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Shares the dataset with children, and keeps it as it is for as long as this value lives.
    ///
    /// # Errors
    /// [`Failure::Run`].
    pub fn share(&mut self, prepared: &Prepared, means: Means<'_>) -> Result<(), Failure> {
        self.shared = SharedDataset::new(prepared, means, &self.folder)?;
        Ok(())
    }

    /// Where children find the dataset.
    pub fn data(&self) -> Option<&Path> {
        self.shared.as_ref().map(SharedDataset::path)
    }

    /// When the run began, and when it was resumed.
    pub fn times(&self) -> (String, Vec<String>) {
        (self.run.started.clone(), self.run.resumed.clone())
    }

    /// The graphs that were built, each once.
    pub fn graphs(&self) -> Vec<GraphRecord> {
        self.run.graphs.clone()
    }

    /// Records a graph that was built.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn add_graph(&mut self, record: GraphRecord) -> Result<(), ResultsError> {
        if self.run.graphs.iter().all(|known| known.graph != record.graph) {
            self.run.graphs.push(record);
            self.write(&self.run)?;
        }
        Ok(())
    }

    /// Writes the file of a finished trial under its final name. Repeats beyond those that the experiment now asks for are left
    /// out, and names are those of now.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn finish(&self, prepared: &Prepared, trial: &Trial) -> Result<Outcome, ResultsError> {
        let mut outcome = results::outcome(&self.folder, &trial.id, &prepared.plan.metrics)?;
        let wanted = prepared.plan.experiment.repeats.size();
        outcome.keep_passes(wanted);
        self.out.write_by(&trial_name(&trial.id), |path| write_trial_to(path, prepared, trial, &outcome))?;
        Ok(outcome)
    }

    /// Waits until timed passes are on the disk, where they survive a loss of power.
    pub fn sync(&self) {
        for path in passes::files(&self.folder) {
            // A file that cannot be synced is lost only with the power.
            let _ = whole_file::sync(&path);
        }
    }

    /// Removes the folder once all results are written elsewhere.
    pub fn remove(self) {
        remove_all(&self.out);
    }
}
