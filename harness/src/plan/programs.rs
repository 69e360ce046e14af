//! The programs outside that an experiment names: resolved, allowed, and met once before anything runs.

use crate::config::{Experiment, ExperimentFile, ExternalLimits, Failure, FieldPath, Invalid, Problem, Retriever};
use crate::escape;
use crate::external::allowed::Allowed;
use crate::external::{Command, Fault, Hello, Limits, Role, SAID, Session};
use crate::path;
use crate::record::Mode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// By what programs outside are started, and which may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outside<'a> {
    /// The program that starts others: swath itself. `None` where it is only a library.
    pub starter: Option<&'a Path>,
    /// The commands that were allowed before, if that is kept anywhere.
    pub allowed: Option<&'a Allowed>,
    /// Whether all commands are allowed now.
    pub allows_all: bool,
}

/// How commands that are new on this machine are allowed. The command line says its option beside it.
pub const ALLOW: &str = "allow its commands";

/// What identifies a program: what it says of itself, and its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Met {
    /// What it said first.
    pub hello: Hello,
    /// SHA-256 of the program and of each argument that is a file.
    pub files: Vec<String>,
}

/// The programs of an experiment, by command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Programs(BTreeMap<String, Met>);

/// A program in a retriever.
struct Named<'a> {
    at: FieldPath,
    command: &'a [String],
    role: Role,
}

/// The programs that one point of a grid names, with what each of them does.
pub fn of_retriever(retriever: &Retriever) -> impl Iterator<Item = (Role, &[String])> {
    let whole = retriever.program().map(|external| (Role::Retriever, &external.command[..]));
    let stages = !retriever.is_whole;
    let candidates = retriever.candidates.external().filter(move |_| stages);
    let select = retriever.select.external().filter(move |_| stages);
    let candidates = candidates.map(|external| (Role::Candidates, &external.command[..]));
    whole.into_iter().chain(candidates).chain(select.map(|external| (Role::Selector, &external.command[..])))
}

/// All programs that an experiment names, each once for each thing that it does.
fn named(experiment: &Experiment) -> Vec<Named<'_>> {
    let mut all: Vec<Named<'_>> = Vec::new();
    for (i, grid) in experiment.retrievers.iter().enumerate() {
        for (role, command) in grid.0.iter().flat_map(of_retriever) {
            let at = match role {
                Role::Candidates => path!["retrievers", i, "candidates", "external", "command"],
                Role::Selector => path!["retrievers", i, "select", "external", "command"],
                Role::Retriever => path!["retrievers", i, "external", "command"],
            };
            if all.iter().all(|other| other.command != command || other.role != role) {
                all.push(Named { at, command, role });
            }
        }
    }
    all
}

fn key(command: &[String]) -> String {
    json!(command).to_string()
}

/// The limits of a program that is only met.
pub fn limits(external: ExternalLimits, build: Option<u32>, memory: Option<u64>) -> Limits {
    let seconds = |count: swath_algorithms::params::Count| f64::from(count.get());
    Limits {
        hello: seconds(external.hello),
        open: seconds(external.open),
        build: build.map(f64::from),
        pass: seconds(external.pass),
        end: seconds(external.end),
        memory,
    }
}

impl Programs {
    /// Starts each program of an experiment once, and ends it again: what it says of itself is part of what identifies a trial.
    ///
    /// # Errors
    /// [`Failure::Invalid`] for a program that cannot be started, or cannot do what it is there for. [`Failure::Input`] for commands that
    /// the user has not allowed.
    pub fn meet(file: &ExperimentFile, outside: Outside<'_>) -> Result<Self, Failure> {
        let ExperimentFile { source, experiment } = file;
        let named = named(experiment);
        if named.is_empty() {
            return Ok(Self::default());
        }
        let invalid = |problems| Failure::from(Box::new(Invalid { source: source.clone(), problems }));
        let Some(starter) = outside.starter.filter(|_| cfg!(unix)) else {
            let message = "programs outside cannot be started by this system, or by swath as a library";
            return Err(invalid(vec![
                Problem::new(named[0].at.clone(), message).help("run it with `swath` on Linux or macOS"),
            ]));
        };
        let folder = source.path().parent().unwrap_or(Path::new(""));
        let (mut commands, mut problems) = (Vec::new(), Vec::new());
        for Named { at, command, .. } in &named {
            match Command::resolve(command, folder) {
                Ok(command) => commands.push(command),
                Err(what) => problems.push(Problem::new(at.clone(), what)),
            }
        }
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        is_allowed(&commands.iter().collect::<Vec<_>>(), outside)?;
        let mut met: BTreeMap<String, Met> = BTreeMap::new();
        for (Named { at, command, role }, resolved) in named.iter().zip(&commands) {
            let known = met.get(&key(command)).cloned();
            let one = match known.map_or_else(|| meet(starter, resolved, experiment), Ok) {
                Ok(one) => one,
                Err(Fault::Stopped) => return Err(Failure::Stopped("stopped".into())),
                Err(fault) => {
                    problems.push(unmet(at, resolved, &fault.to_string()));
                    continue;
                }
            };
            problems.extend(unable(at, &one.hello, *role, experiment.mode));
            met.insert(key(command), one);
        }
        if problems.is_empty() { Ok(Self(met)) } else { Err(invalid(problems)) }
    }

    /// A program.
    pub fn of(&self, command: &[String]) -> Option<&Met> {
        self.0.get(&key(command))
    }
}

fn meet(starter: &Path, command: &Command, experiment: &Experiment) -> Result<Met, Fault> {
    let files = command.sha256().map_err(Fault::Ended)?;
    let limits = limits(experiment.limits.external, None, experiment.limits.memory.map(crate::config::Bytes::get));
    Ok(Met { hello: Session::greet(starter, command, limits)?, files })
}

/// The problem of a program that cannot be met.
fn unmet(at: &FieldPath, command: &Command, what: &str) -> Problem {
    // Of its log only the last line has room here.
    let (what, log) = what.split_once(SAID).unwrap_or((what, ""));
    let last = log.lines().next_back().map_or_else(String::new, |line| format!("; its last words: {}", line.trim()));
    let problem = Problem::new(at.clone(), format!("`{}` does not say hello: {what}{last}", command.shown()));
    let missing = command.missing_files();
    missing.iter().fold(problem, |problem, word| {
        problem.help(format!("`{word}` names no file seen from {}", escape::path(&command.folder)))
    })
}

/// The problem of a program that cannot do what it is there for.
fn unable(at: &FieldPath, hello: &Hello, role: Role, mode: Mode) -> Option<Problem> {
    if !hello.can.contains(&role) {
        let message = format!("{} cannot {}; it says that it can: {}", hello.label(), role.does(), hello.abilities());
        return Some(Problem::new(at.clone(), message));
    }
    if mode == Mode::Batch && !hello.batch {
        let message = format!("{} cannot answer many queries at once, which `mode: batch` asks for", hello.label());
        return Some(Problem::new(at.clone(), message).help("use `mode: single`, or a program that says `batch`"));
    }
    None
}

/// Lets commands pass that were allowed before, or are now.
fn is_allowed(commands: &[&Command], outside: Outside<'_>) -> Result<(), Failure> {
    let lacking = outside.allowed.map_or_else(|| commands.to_vec(), |allowed| allowed.lacking(commands));
    if lacking.is_empty() {
        return Ok(());
    }
    if outside.allows_all {
        // If they cannot be kept, the user is asked again.
        let _ = outside.allowed.map(|allowed| allowed.allow(&lacking));
        return Ok(());
    }
    let mut lines: Vec<String> =
        lacking.iter().map(|command| format!("    {}", escape::terminal(&command.shown()))).collect();
    lines.dedup();
    Err(Failure::Input(format!(
        "the experiment runs commands that were not run from here before:\n{}\n  a file that names commands is code: read it, then {ALLOW}",
        lines.join("\n")
    )))
}
