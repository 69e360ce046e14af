//! The programs that run for a bench: each is started when a trial needs it, and again if it ended before its time.

use crate::config::Bytes;
use crate::external::{BuiltIndex, Command, Fault, Opening, Role, Session};
use crate::plan::programs::{Met, limits};
use crate::plan::{Prepared, Trial};
use crate::record::ProgramRecord;
use crate::version;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use swath_algorithms::external::{Program, Settings};
use swath_algorithms::params::Count;
use swath_datasets::prepared::{self, Made};
use tempfile::TempDir;

/// How often a program that ended before its time is started again.
const RESTARTS: usize = 3;

/// Ids that are asked for, items of a pool, and whether queries are answered together: an echo takes its own time for each.
type EchoKey = (usize, usize, bool);

/// The programs of a bench.
pub struct Programs<'a> {
    prepared: &'a Prepared,
    /// The program that starts others: swath itself.
    starter: Option<PathBuf>,
    /// The prepared dataset, if it has a file.
    data: Option<PathBuf>,
    /// A folder with a file of it, if it has none.
    own: Option<TempDir>,
    running: BTreeMap<String, Running>,
    /// How often the program had been started when it answered a trial's first pass, by trial and role.
    measured: BTreeMap<(String, Role), usize>,
}

/// A program.
#[derive(Default)]
struct Running {
    session: Option<Session>,
    built: BuiltIndex,
    build_threads: usize,
    starts: usize,
    /// Why it ended the last time.
    ended: String,
    echoes: BTreeMap<EchoKey, f64>,
}

/// The program of a trial, and its search parameters.
fn program_of(trial: &Trial, role: Role) -> Option<(Program<'_>, &Settings)> {
    match role {
        Role::Candidates => {
            trial.retriever.candidates.external().map(|external| (external.program(), &external.search))
        }
        Role::Selector | Role::Retriever => {
            trial.retriever.select.external().map(|external| (external.program(), &external.search))
        }
    }
}

/// What the programs of a trial do.
pub fn roles(trial: &Trial) -> Vec<Role> {
    crate::plan::programs::of_retriever(&trial.retriever).map(|(role, _)| role).collect()
}

/// The same program for the same thing has one name.
fn key(program: Program<'_>, role: Role) -> String {
    format!("{} {}", role.name(), program.key())
}

impl<'a> Programs<'a> {
    /// None is started yet.
    pub fn new(prepared: &'a Prepared, starter: Option<PathBuf>, data: Option<PathBuf>) -> Self {
        Self { prepared, starter, data, own: None, running: BTreeMap::new(), measured: BTreeMap::new() }
    }

    /// Starts and builds the program of a trial, if it does not run.
    ///
    /// # Errors
    /// Why it does not.
    pub fn ready(&mut self, trial: &Trial, role: Role) -> Result<(), String> {
        let Some((program, _)) = program_of(trial, role) else { return Err("it has no program".into()) };
        let key = key(program, role);
        let known = self.running.entry(key.clone()).or_default();
        if known.session.is_some() {
            return Ok(());
        }
        if known.starts > RESTARTS {
            return Err(format!(
                "its program ended {} times, and is not started again; the last time: {}",
                known.starts, known.ended
            ));
        }
        known.starts += 1;
        let started = self.start(program, role);
        let known = self.running.entry(key).or_default();
        match started {
            Ok((session, built, build_threads)) => {
                known.echoes.clear();
                (known.session, known.built, known.build_threads) = (Some(session), built, build_threads);
                Ok(())
            }
            Err(fault) => {
                known.ended = fault.to_string();
                Err(fault.to_string())
            }
        }
    }

    fn start(&mut self, program: Program<'_>, role: Role) -> Result<(Session, BuiltIndex, usize), Fault> {
        let ended = |what: &str| Fault::Ended(what.to_owned());
        let data = self.data().map_err(Fault::Ended)?;
        let starter = self.starter.clone().ok_or_else(|| ended("programs outside are started by `swath` alone"))?;
        let Prepared { source, plan, facts, base, .. } = self.prepared;
        let experiment = &plan.experiment;
        let command = Command::resolve(program.command, source.path().parent().unwrap_or(Path::new("")));
        let command = command.map_err(Fault::Ended)?;
        let known = facts.programs.of(program.command);
        if known.is_some_and(|known| command.sha256().is_ok_and(|now| now != known.files)) {
            return Err(ended("a file of its command has changed since the run began"));
        }
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let build_threads = program.build_threads.map_or(all, Count::size);
        let limit = &experiment.limits;
        let mut session = Session::open(&Opening {
            starter: &starter,
            command: &command,
            role,
            file: &data,
            points: base.points(),
            groups: &facts.groups,
            distance: facts.distance,
            threads: experiment.threads.size(),
            build_threads,
            seed: experiment.seed,
            limits: limits(limit.external, limit.seconds.map(Count::get), limit.memory.map(Bytes::get)),
        })?;
        if let Some(Met { hello, .. }) = known.filter(|known| known.hello != *session.hello()) {
            let (then, now) = (hello.label(), session.hello().label());
            return Err(Fault::Ended(if then == now {
                "it says something else of itself than when the run began".into()
            } else {
                format!("it was {then} when the run began, and is {now} now")
            }));
        }
        let built = session.build(program.build)?;
        Ok((session, built, build_threads))
    }

    /// The prepared dataset's file.
    fn data(&mut self) -> Result<PathBuf, String> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let unwritten = |error: std::io::Error| format!("the dataset cannot be written for programs: {error}");
        let own = tempfile::Builder::new().prefix("swath-dataset-").tempdir().map_err(unwritten)?;
        let path = own.path().join("dataset");
        let Prepared { facts, dataset, dataset_name, .. } = self.prepared;
        let made = Made { name: dataset_name, sha256: &facts.sha256, sources: &[], doubts: &[], dataset };
        prepared::write(&path, &version::program(), &made).map_err(unwritten)?;
        self.own = Some(own);
        self.data = Some(path.clone());
        Ok(path)
    }

    fn running(&mut self, trial: &Trial, role: Role) -> Option<&mut Running> {
        self.running.get_mut(&key(program_of(trial, role)?.0, role))
    }

    /// Asks the program of a trial.
    ///
    /// # Errors
    /// It refused, or ended.
    pub(super) fn ask<T>(
        &mut self,
        trial: &Trial,
        role: Role,
        ask: impl FnOnce(&mut Session) -> Result<T, Fault>,
    ) -> Result<T, String> {
        let Some(running) = self.running(trial, role) else { return Err("its program does not run".into()) };
        let Some(session) = &mut running.session else { return Err(format!("its program ended: {}", running.ended)) };
        ask(session).map_err(|fault| {
            if let Fault::Ended(what) = &fault {
                running.ended.clone_from(what);
                running.session = None;
            }
            fault.to_string()
        })
    }

    /// Ends the program of a trial, whose answer cannot be.
    pub(super) fn refuse(&mut self, trial: &Trial, role: Role, what: String) -> String {
        if let Some(running) = self.running(trial, role) {
            running.ended.clone_from(&what);
            running.session = None;
        }
        what
    }

    /// Sets the search parameters of a trial; returns the seconds that it took.
    pub(super) fn set(&mut self, trial: &Trial, role: Role) -> Result<f64, String> {
        let settings = program_of(trial, role).map(|(_, search)| search.clone()).unwrap_or_default();
        self.ask(trial, role, |session| session.set(&settings))
    }

    /// What is known of the exchange.
    pub(super) fn known_echo(&mut self, trial: &Trial, role: Role, key: EchoKey) -> Option<f64> {
        self.running(trial, role)?.echoes.get(&key).copied()
    }

    pub(super) fn keep_echo(&mut self, trial: &Trial, role: Role, key: EchoKey, seconds: f64) {
        self.running(trial, role).map(|running| running.echoes.insert(key, seconds));
    }

    /// The name of a trial's program.
    pub(super) fn name(&mut self, trial: &Trial, role: Role) -> String {
        let session = self.running(trial, role).and_then(|running| running.session.as_ref());
        session.map_or_else(|| trial.label(), |session| format!("{} ({})", trial.label(), session.hello().label()))
    }

    /// Notes that a trial is measured by the programs that run now.
    pub fn note_measured(&mut self, trial: &Trial) {
        for role in roles(trial) {
            let starts = self.running(trial, role).map_or(0, |running| running.starts);
            self.measured.insert((trial.id.clone(), role), starts);
        }
    }

    /// Whether the program was started again since a trial's first pass.
    pub(super) fn was_built_since(&mut self, trial: &Trial, role: Role) -> bool {
        let starts = self.running(trial, role).map(|running| running.starts);
        self.measured.get(&(trial.id.clone(), role)).copied() != starts
    }

    /// Seconds that the programs of a trial took to build, and bytes of what they built as far as they say them.
    pub fn built(&mut self, trial: &Trial) -> (f64, u64) {
        let (mut seconds, mut bytes) = (0.0, 0);
        for role in roles(trial) {
            let built = self.running(trial, role).map(|running| running.built).unwrap_or_default();
            seconds += built.seconds;
            bytes = u64::saturating_add(bytes, built.bytes.unwrap_or(0));
        }
        (seconds, bytes)
    }

    /// The most memory that the programs of a trial held while they built; `None` if it has none.
    pub fn build_peak(&mut self, trial: &Trial) -> Option<u64> {
        let roles = roles(trial);
        let of = |role: &Role| self.running(trial, *role).map_or(0, |running| running.built.peak);
        (!roles.is_empty()).then(|| roles.iter().map(of).sum())
    }

    /// The most memory that the programs of a trial held since this was asked before; `None` if it has none.
    pub fn peak(&mut self, trial: &Trial) -> Option<u64> {
        let roles = roles(trial);
        let of = |role: &Role| {
            let session = self.running(trial, *role).and_then(|running| running.session.as_ref());
            session.map_or(0, Session::peak)
        };
        (!roles.is_empty()).then(|| roles.iter().map(of).sum())
    }

    /// Asks all programs to end by themselves; those that do not are ended. Returns what the user should know.
    pub fn end(&mut self) -> Vec<String> {
        let sessions = std::mem::take(&mut self.running).into_values().filter_map(|running| running.session);
        let end = |session: Session| {
            let name = session.hello().label();
            session.end().err().map(|fault| format!("the program {name} did not end as it was asked to: {fault}"))
        };
        sessions.filter_map(end).collect()
    }

    /// What is recorded of the programs of a trial.
    pub fn records(&mut self, trial: &Trial) -> Vec<ProgramRecord> {
        let of = |&role: &Role| {
            let running = self.running(trial, role)?;
            let BuiltIndex { seconds, bytes, growth, .. } = running.built;
            Some(ProgramRecord {
                role,
                hello: running.session.as_ref()?.hello().clone(),
                build_threads: running.build_threads,
                build_seconds: seconds,
                bytes,
                growth,
            })
        };
        roles(trial).iter().filter_map(of).collect()
    }
}

impl Drop for Programs<'_> {
    fn drop(&mut self) {
        // All that they had to answer is answered.
        let _ = self.end();
    }
}
