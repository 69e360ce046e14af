//! What a run has done so far, so that it can go on after whatever stopped it: `unfinished/` in its folder.
//!
//! All files there are listed in the ledger of the folder as worked on, before they are written.
//! There each trial's file is written when it is measured; under its name it is whole or not there. Timed passes are appended
//! to a file beside it ([`crate::record::passes`]). `run.json` says what the run was: it is compared with what the run is to be now, and what no longer fits is taken out, and said.

use super::data::{Data, Shared};
use super::means::Means;
use super::trial_files::{write_trial, write_trial_to};
use crate::clock;
use crate::config::Failure;
use crate::plan::Prepared;
use crate::plan::Trial;
use crate::record::Machine;
use crate::record::Mode;
use crate::record::Outcome;
use crate::record::folder::{TRIALS, UNFINISHED, UNFINISHED_RUN, is_unfinished, trial_name, trial_path};
use crate::record::manifest::{GraphRecord, Manifest};
use crate::record::output_folder::OutputFolder;
use crate::record::passes;
use crate::record::results;
use crate::record::results::Question;
use crate::record::results::{ResultsError, write_whole};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use swath_datasets::{bounded, whole_file};

/// Begins the names of its files in the folder of the run.
const PREFIX: &str = "unfinished/";

/// What a run begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Goes on with the run that was stopped in this folder, if there is one; else anew.
    #[default]
    GoOn,
    /// Anew, whatever is there.
    Fresh,
    /// As [`Start::GoOn`]; where no run was stopped, with the trials of a finished one that still fit, if it began at this
    /// time or later.
    Reuse(Option<String>),
}

/// What the run was that left these files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ledger {
    /// The program: version, revision, and for a revision that says little, the file.
    program: String,
    machine: Machine,
    mode: Mode,
    threads: u32,
    dataset: String,
    k: u32,
    seed: u64,
    queries: Vec<usize>,
    /// When it began, UTC.
    started: String,
    /// When it was gone on with.
    resumed: Vec<String>,
    /// Graphs that trials walk.
    graphs: Vec<GraphRecord>,
}

impl Ledger {
    /// That of a run that begins now.
    fn new(prepared: &Prepared) -> Self {
        let experiment = &prepared.plan.experiment;
        Self {
            program: program(),
            machine: Machine::this(),
            mode: experiment.mode,
            threads: experiment.threads.get(),
            dataset: prepared.facts.sha256.clone(),
            k: experiment.k.get(),
            seed: experiment.seed,
            queries: prepared.plan.queries.clone(),
            started: clock::timestamp(),
            resumed: Vec::new(),
            graphs: Vec::new(),
        }
    }

    /// That of a run that is finished, as far as its manifest says.
    fn of(manifest: &Manifest, now: &Self) -> Self {
        Self {
            program: if is_of_this(manifest) {
                now.program.clone()
            } else {
                format!("{} {}", manifest.swath, manifest.revision)
            },
            machine: manifest.machine.clone(),
            mode: manifest.experiment.mode(),
            threads: manifest.experiment.threads().count().unwrap_or(0),
            dataset: manifest.dataset.sha256.clone(),
            // Trials whose k, seed or queries are others have another id.
            k: now.k,
            seed: now.seed,
            queries: now.queries.clone(),
            started: manifest.started.clone(),
            resumed: manifest.resumed.clone(),
            graphs: manifest.graphs.clone(),
        }
    }
}

/// What this program is. Two builds of one commit are the same; where the revision does not say what was built, the
/// program's own file must be the same.
fn program() -> String {
    match file() {
        Some((bytes, built)) if !is_clean(REVISION) => {
            format!("{VERSION} {REVISION} ({bytes} bytes of {})", built.as_nanos())
        }
        _ => format!("{VERSION} {REVISION}"),
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REVISION: &str = env!("SWATH_REVISION");

/// Whether a revision says what was built.
fn is_clean(revision: &str) -> bool {
    !revision.ends_with("-dirty") && revision != "unknown"
}

/// Bytes of this program's file, and when it was built, from 1970 on.
fn file() -> Option<(u64, Duration)> {
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    Some((file.len(), file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?))
}

/// Whether this very program ran what a manifest is of. Where the revision does not say what was built, the program must be
/// older than the run.
fn is_of_this(manifest: &Manifest) -> bool {
    let began = clock::parsed(&manifest.started).and_then(|began| u64::try_from(began).ok());
    let is_older = || file().zip(began).is_some_and(|((_, built), began)| built.as_secs() <= began);
    manifest.swath == VERSION && manifest.revision == REVISION && (is_clean(REVISION) || is_older())
}

/// The folder, and what the run was.
pub struct Unfinished {
    out: Arc<OutputFolder>,
    folder: PathBuf,
    ledger: Ledger,
    shared: Option<Shared>,
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Whether its answers are judged.
    pub measured: bool,
    /// How many passes are timed.
    pub passes: usize,
}

impl Unfinished {
    /// Begins, or goes on. Returns how far each trial is, and what to say of it.
    ///
    /// # Errors
    /// The file system's refusal; and that somebody else's files bear the names of what is not finished.
    pub fn open(
        out: &Arc<OutputFolder>,
        prepared: &Prepared,
        start: &Start,
    ) -> Result<(Self, Vec<Done>, Vec<String>), ResultsError> {
        let now = Ledger::new(prepared);
        let mut unfinished =
            Self { out: Arc::clone(out), folder: out.path().join(UNFINISHED), ledger: now, shared: None };
        // What is listed and no file, as a link that somebody put there, is not written through.
        out.work_on(out.listed(PREFIX))?;
        if *start == Start::Fresh {
            remove_all(out);
        }
        let ids = prepared.plan.trials.iter().map(|trial| trial.id.as_str());
        let files = ids.flat_map(|id| [trial_file(id), passes_file(id)]);
        out.work_on([UNFINISHED_RUN, Shared::FILE].map(|name| format!("{PREFIX}{name}")).into_iter().chain(files))?;
        if let Start::Reuse(since) = start
            && !is_unfinished(out.path())
        {
            unfinished.reuse(since.as_deref())?;
        }
        let before = bounded::read(&unfinished.folder.join(UNFINISHED_RUN), bounded::RECORD).ok();
        let before = before.and_then(|text| serde_json::from_slice::<Ledger>(&text).ok());
        let mut notes = Vec::new();
        let mut done = vec![Done::default(); prepared.plan.trials.len()];
        if let Some(before) = before {
            done = unfinished.go_on(&before, prepared, &mut notes)?;
        } else {
            // Without it nobody knows what the files are.
            trials(out).iter().for_each(|id| remove(out, id));
        }
        unfinished.write()?;
        Ok((unfinished, done, notes))
    }

    /// Makes an unfinished run of a finished one, if there is one that began at `since` or later: of its trials those that
    /// the plan has.
    fn reuse(&self, since: Option<&str>) -> Result<(), ResultsError> {
        let run = self.out.path();
        let Ok(manifest) = results::read_manifest(run) else { return Ok(()) };
        if since.is_some_and(|since| manifest.started.as_str() < since) {
            return Ok(());
        }
        for trial in manifest.trials.iter().filter(|trial| trial.failed.is_none()) {
            let from = trial_path(run, &trial.trial);
            if !from.is_file() {
                continue;
            }
            // Those that the plan has not are taken out again, and counted.
            self.out.work_on([trial_file(&trial.trial), passes_file(&trial.trial)])?;
            let path = trial_path(&self.folder, &trial.trial);
            whole_file::copy_whole(&from, &path).map_err(|source| ResultsError::Io { path, source })?;
        }
        // Last: without it the files are nobody's.
        self.write_as(&Ledger::of(&manifest, &self.ledger))
    }

    /// Takes out what no longer fits, and takes over the rest.
    fn go_on(
        &mut self,
        before: &Ledger,
        prepared: &Prepared,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Done>, ResultsError> {
        let plan = &prepared.plan;
        let other_program = before.program != self.ledger.program;
        let mut gone = 0;
        for id in trials(&self.out) {
            if other_program || plan.trials.iter().all(|trial| trial.id != id) {
                gone += 1;
                remove(&self.out, &id);
            }
        }
        if other_program {
            let then = format!("the program has changed: {} then, {} now", before.program, self.ledger.program);
            notes.extend((gone > 0).then(|| format!("{} again, since {then}", trials_are(gone, "run"))));
        } else if gone > 0 {
            notes.push(format!("{}, since {}", trials_are(gone, "left out"), self.ledger.why_gone(before, gone)));
        }
        self.ledger.started.clone_from(&before.started);
        self.ledger.resumed = before.resumed.iter().cloned().chain([clock::timestamp()]).collect();
        if !other_program {
            self.ledger.graphs.clone_from(&before.graphs);
        }
        let timed_otherwise = self.ledger.timed_otherwise(before);
        let mut done = vec![Done::default(); plan.trials.len()];
        let (mut timed_again, mut judged_again, mut new_metrics) = (0, 0, Vec::new());
        for (trial, done) in plan.trials.iter().zip(&mut done) {
            let asked = Question { k: plan.experiment.k.size(), queries: &plan.queries, metrics: &plan.metrics };
            if let Err(wrong) = results::verify(&self.folder, &trial.id, asked, &prepared.base, &prepared.dataset) {
                notes.push(format!("{} is run again, and its file not used: {wrong}", trial.label()));
                remove(&self.out, &trial.id);
                continue;
            }
            let Some(before) = results::read_outcome(&self.folder, &trial.id, &[]) else {
                remove(&self.out, &trial.id);
                continue;
            };
            let lacking = results::lacking(&self.folder, &trial.id, &plan.metrics);
            let complete = results::read_outcome(&self.folder, &trial.id, &plan.metrics);
            *done = Done { measured: complete.is_some(), passes: before.repeats.len() };
            if timed_otherwise.is_some() && done.passes > 0 {
                timed_again += 1;
                done.passes = 0;
                match complete {
                    Some(complete) => {
                        self.out.remove(&passes_file(&trial.id));
                        let untimed = Outcome { repeats: Vec::new(), timed: Vec::new(), ..complete };
                        self.keep(prepared, trial, &untimed)?;
                    }
                    None => remove(&self.out, &trial.id),
                }
            }
            judged_again += usize::from(!lacking.is_empty());
            new_metrics.extend(lacking.into_iter().filter(|new| !new_metrics.contains(new)).collect::<Vec<_>>());
        }
        if let Some(why) = timed_otherwise.filter(|_| timed_again > 0) {
            notes.push(format!("{} again, since {why}", trials_are(timed_again, "timed")));
        }
        if judged_again > 0 {
            notes.push(format!("{} again, for {}", trials_are(judged_again, "judged"), new_metrics.join(", ")));
        }
        let wanted = plan.experiment.repeats.size();
        let whole = done.iter().filter(|done| done.is_whole(wanted)).count();
        let begun = done.iter().filter(|done| **done != Done::default() && !done.is_whole(wanted)).count();
        let of = format!("of {} trials {whole} are done and {begun} begun", plan.trials.len());
        notes.insert(0, format!("going on with the run of {}: {of}", before.started));
        Ok(done)
    }

    fn keep(&self, prepared: &Prepared, trial: &Trial, outcome: &Outcome) -> Result<(), ResultsError> {
        write_trial(&self.folder, &prepared.plan, trial, prepared.names(), outcome)
    }

    fn write(&self) -> Result<(), ResultsError> {
        self.write_as(&self.ledger)
    }

    fn write_as(&self, ledger: &Ledger) -> Result<(), ResultsError> {
        let path = self.folder.join(UNFINISHED_RUN);
        let text = serde_json::to_vec_pretty(ledger)
            .map_err(|error| ResultsError::Malformed { path: path.clone(), what: error.to_string() })?;
        write_whole(&path, &text)
    }

    /// Where trials that are not finished are kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives children the dataset, if there will be any, for as long as this is there.
    ///
    /// # Errors
    /// [`Failure::Run`].
    pub fn share(&mut self, prepared: &Prepared, means: Means<'_>) -> Result<(), Failure> {
        self.shared = Shared::new(prepared, means, &self.folder)?;
        Ok(())
    }

    /// Where children find the dataset.
    pub fn data(&self) -> Option<&Data> {
        self.shared.as_ref().map(Shared::data)
    }

    /// When the run began, and when it was gone on with.
    pub fn times(&self) -> (String, Vec<String>) {
        (self.ledger.started.clone(), self.ledger.resumed.clone())
    }

    /// The graphs that were built, each once.
    pub fn graphs(&self) -> Vec<GraphRecord> {
        self.ledger.graphs.clone()
    }

    /// A graph is built.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn add_graph(&mut self, record: GraphRecord) -> Result<(), ResultsError> {
        if self.ledger.graphs.iter().all(|known| known.graph != record.graph) {
            self.ledger.graphs.push(record);
            self.write()?;
        }
        Ok(())
    }

    /// Writes the file of a trial that is done under its final name, with no more repeats than are wanted now and the names
    /// that things have now.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn finish(&self, prepared: &Prepared, trial: &Trial) -> Result<Outcome, ResultsError> {
        let mut outcome = results::outcome(&self.folder, &trial.id, &prepared.plan.metrics)?;
        let wanted = prepared.plan.experiment.repeats.size();
        outcome.repeats.truncate(wanted);
        outcome.timed.truncate(wanted);
        self.out.write_by(&trial_name(&trial.id), |path| {
            write_trial_to(path, &prepared.plan, trial, prepared.names(), &outcome)
        })?;
        Ok(outcome)
    }

    /// Waits until passes that were timed are on the disk, where they outlast a loss of power.
    pub fn sync(&self) {
        for path in passes::files(&self.folder) {
            // What cannot be synced is there all the same, unless power is lost.
            let _ = whole_file::sync(&path);
        }
    }

    /// All is done, and elsewhere.
    pub fn remove(self) {
        remove_all(&self.out);
    }
}

impl Done {
    /// Whether nothing is left to do.
    pub fn is_whole(self, repeats: usize) -> bool {
        self.measured && self.passes >= repeats
    }
}

impl Ledger {
    /// Why so many trials of `before` are in the experiment no longer.
    fn why_gone(&self, before: &Self, gone: usize) -> String {
        let changes = [
            ("the dataset", before.dataset != self.dataset),
            ("k", before.k != self.k),
            ("the seed", before.seed != self.seed),
            ("the sample of queries", before.queries != self.queries),
        ];
        let changed: Vec<&str> = changes.iter().filter_map(|&(what, differs)| differs.then_some(what)).collect();
        match changed.as_slice() {
            [] => format!("the experiment has {} no longer", if gone == 1 { "it" } else { "them" }),
            [one] => format!("{one} has changed"),
            more => format!("{} have changed", more.join(" and ")),
        }
    }

    /// What has changed of that which times depend on.
    fn timed_otherwise(&self, before: &Self) -> Option<String> {
        if let Some(how) = self.machine.differs(&before.machine) {
            return Some(how);
        }
        if before.mode != self.mode {
            return Some("the mode has changed".into());
        }
        (before.threads != self.threads)
            .then(|| format!("the number of threads has changed ({} then, {} now)", before.threads, self.threads))
    }
}

fn trials_are(count: usize, what: &str) -> String {
    if count == 1 { format!("1 trial is {what}") } else { format!("{count} trials are {what}") }
}

/// The name of a trial's file in the run's folder, while it is not finished.
fn trial_file(id: &str) -> String {
    format!("{PREFIX}{}", trial_name(id))
}

/// The name of the file of its passes.
fn passes_file(id: &str) -> String {
    format!("{PREFIX}{}/{id}.{}", TRIALS, passes::EXTENSION)
}

/// The ids of the trials whose files are there.
fn trials(out: &OutputFolder) -> Vec<String> {
    let id = |name: &String| {
        let id = name.strip_prefix(PREFIX)?.strip_prefix(TRIALS)?.strip_prefix('/')?.strip_suffix(".hdf5")?;
        out.path().join(name).is_file().then(|| id.to_owned())
    };
    out.listed(PREFIX).iter().filter_map(id).collect()
}

/// Takes out a trial.
fn remove(out: &OutputFolder, id: &str) {
    out.remove(&passes_file(id));
    out.remove(&trial_file(id));
}

/// Removes all that is not finished, and nothing that is somebody else's.
fn remove_all(out: &OutputFolder) {
    // First what says what the others are: what is left behind without it is not gone on with.
    out.remove(&format!("{PREFIX}{UNFINISHED_RUN}"));
    out.listed(PREFIX).iter().for_each(|name| out.remove(name));
    out.remove_empty(&format!("{PREFIX}{}", TRIALS));
    out.remove_empty(UNFINISHED);
}
