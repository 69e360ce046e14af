//! `run.json`: the circumstances of an unfinished run, which decide what of it can be used.

use crate::clock;
use crate::plan::Prepared;
use crate::record::manifest::{GraphRecord, Manifest};
use crate::record::{Machine, Mode};
use crate::version;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;
use swath_datasets::bounded;

/// The run that left unfinished trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct UnfinishedRun {
    /// The program: version and revision and, if the revision does not tell what was built, the program's file.
    pub program: String,
    pub machine: Machine,
    pub mode: Mode,
    pub threads: u32,
    /// The dataset's SHA-256.
    pub dataset: String,
    pub k: u32,
    pub seed: u64,
    pub queries: Vec<usize>,
    /// When it began, UTC.
    pub started: String,
    /// When it was resumed, UTC.
    pub resumed: Vec<String>,
    /// Graphs that trials walk.
    pub graphs: Vec<GraphRecord>,
}

/// The content of `run.json` while the files beside it are removed or copied: they are never resumed.
pub(super) const DISCARDED: &[u8] = b"\"discarded\"\n";

/// What `run.json` holds.
pub(super) enum StoredRun {
    /// There is no such file.
    Missing,
    /// The files beside it are never resumed.
    Discarded,
    /// A run.
    Read(Box<UnfinishedRun>),
    /// A run of this other program, which this one cannot read.
    OfOther(String),
    /// It is damaged: why.
    Damaged(String),
}

impl StoredRun {
    /// Reads `run.json`.
    pub fn read(path: &Path) -> Self {
        let text = match bounded::read(path, bounded::RECORD) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::Missing,
            Err(error) => return Self::Damaged(error.to_string()),
        };
        if text == DISCARDED {
            return Self::Discarded;
        }
        let error = match serde_json::from_slice::<UnfinishedRun>(&text) {
            Ok(run) => return Self::Read(Box::new(run)),
            Err(error) => error.to_string(),
        };
        let program = serde_json::from_slice::<serde_json::Value>(&text).ok();
        let program = program.and_then(|run| run["program"].as_str().map(str::to_owned));
        let this = format!("{} ", env!("CARGO_PKG_VERSION"));
        match program.filter(|program| !program.starts_with(&this)) {
            Some(program) => Self::OfOther(program),
            None => Self::Damaged(error),
        }
    }
}

impl UnfinishedRun {
    /// A run that begins now.
    pub fn new(prepared: &Prepared) -> Self {
        let experiment = &prepared.plan.experiment;
        Self {
            program: version::program(),
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

    /// The finished run of a manifest. `now` gives what the manifest does not tell.
    pub fn of(manifest: &Manifest, now: &Self) -> Self {
        Self {
            program: if version::is_this_program(&manifest.swath, &manifest.revision, clock::parsed(&manifest.started))
            {
                now.program.clone()
            } else {
                format!("{} {}", manifest.swath, manifest.revision)
            },
            machine: manifest.machine.clone(),
            mode: manifest.experiment.mode(),
            threads: manifest.experiment.threads().count().unwrap_or(0),
            dataset: manifest.dataset.sha256.clone(),
            k: u32::try_from(manifest.experiment.k()).unwrap_or(u32::MAX),
            seed: manifest.experiment.seed(),
            // The manifest has the size of the sample, which also depends on the seed.
            queries: if manifest.experiment.queries().unwrap_or(manifest.dataset.queries) == now.queries.len() {
                now.queries.clone()
            } else {
                Vec::new()
            },
            started: manifest.started.clone(),
            resumed: manifest.resumed.clone(),
            graphs: manifest.graphs.clone(),
        }
    }

    /// Why `gone` trials of `before` are no longer in the experiment.
    pub fn why_gone(&self, before: &Self, gone: usize) -> String {
        let changes = [
            ("the dataset", before.dataset != self.dataset),
            ("k", before.k != self.k),
            ("the seed", before.seed != self.seed),
            ("the sample of queries", before.queries != self.queries),
        ];
        let changed: Vec<&str> = changes.iter().filter_map(|&(what, differs)| differs.then_some(what)).collect();
        match changed.as_slice() {
            [] => format!("{} no longer in the experiment", if gone == 1 { "it is" } else { "they are" }),
            [one] => format!("{one} has changed"),
            more => format!("{} have changed", more.join(" and ")),
        }
    }

    /// Why times of `before` cannot be used: machine, mode or number of threads have changed.
    pub fn timed_otherwise(&self, before: &Self) -> Option<String> {
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
