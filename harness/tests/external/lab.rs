//! Experiments with the program of `child`, run by `swath` as a user runs it.

use crate::child::SERVE;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use swath::clock::Moment;
use swath::record::manifest::Manifest;
use swath::record::results::{Results, TrialResult};

/// The variable by which a test knows the processes that it started.
const MARK: &str = "SWATH_TEST_MARK";

/// Seconds after which nothing of a program may be left.
const LEFT: f64 = 5.0;

/// A small dataset: 60 points of 4 dimensions and 12 queries.
pub const DENSE: &str = "{ generate: gaussian, n: 60, dimension: 4, queries: 12 }";

/// A folder with the program, and all that runs keep.
pub struct Lab {
    root: Arc<tempfile::TempDir>,
    folder: PathBuf,
}

/// How a run ended.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// What it said on standard error.
    pub said: String,
    /// The folder of results.
    pub out: PathBuf,
    /// Keeps that folder.
    _root: Arc<tempfile::TempDir>,
}

/// An experiment.
#[derive(Clone, Copy)]
pub struct Experiment<'a> {
    pub dataset: &'a str,
    pub repeats: usize,
    pub limits: &'a str,
    pub more: &'a str,
}

impl Default for Experiment<'_> {
    fn default() -> Self {
        Self { dataset: DENSE, repeats: 2, limits: "{}", more: "" }
    }
}

impl Experiment<'_> {
    /// Its text.
    pub fn with(&self, retrievers: &[&str]) -> String {
        let Self { dataset, repeats, limits, more } = self;
        let retrievers = retrievers.iter().map(|retriever| format!("  - {retriever}")).collect::<Vec<_>>().join("\n");
        format!(
            "name: x\ndataset: {dataset}\nk: 5\nrepeats: {repeats}\nmetrics: [recall]\nlimits: {limits}\n{more}retrievers:\n{retrievers}\n"
        )
    }
}

/// The program, as candidates with a pool of 10, with this trap.
pub fn candidates(trap: &str) -> String {
    format!("{{ name: it, candidates: {{ external: {{ command: [./child, {trap}], pool: 10 }} }}, select: top-k }}")
}

/// The program as a selector.
pub fn selector(trap: &str) -> String {
    format!(
        "{{ name: it, candidates: {{ exact: {{ pool: 10 }} }}, select: {{ external: {{ command: [./child, {trap}] }} }} }}"
    )
}

/// The program as a whole retriever.
pub fn retriever(trap: &str) -> String {
    format!("{{ name: it, external: {{ command: [./child, {trap}] }} }}")
}

impl Lab {
    /// A new one.
    pub fn new() -> Self {
        Self::within("lab")
    }

    /// A new one, whose folder has this name.
    pub fn within(name: impl AsRef<OsStr>) -> Self {
        let root = tempfile::Builder::new().prefix("swath-lab-").tempdir().expect("a folder");
        let folder = root.path().join(name.as_ref());
        std::fs::create_dir_all(folder.join("tmp")).expect("made");
        let lab = Self { root: Arc::new(root), folder };
        lab.write_child("");
        lab
    }

    /// Writes the program: a script, so that not each run reads the whole of this test to know it again.
    pub fn write_child(&self, comment: &str) {
        let own = std::env::current_exe().expect("a program");
        let path = self.folder.join("child");
        let script = [
            b"#!/bin/sh\n",
            comment.as_bytes(),
            b"exec '",
            own.as_os_str().as_bytes(),
            b"' ",
            SERVE.as_bytes(),
            b" \"$@\"\n",
        ];
        std::fs::write(&path, script.concat()).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file that the program writes, as its second argument: not such a one that swath reads for what it is.
    pub fn note(&self, name: &str) -> String {
        format!("'note={}'", self.path(name).display())
    }

    /// `swath` with these arguments, in its folder, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
        command.args(arguments).current_dir(&self.folder).env(MARK, self.root.path());
        ["SWATH_DATA", "RUST_BACKTRACE"].into_iter().for_each(|name| {
            command.env_remove(name);
        });
        command.env("SWATH_CACHE", self.folder.join("cache")).env("TMPDIR", self.folder.join("tmp"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs an experiment with commands allowed. Nothing of its programs may be left afterwards.
    pub fn run(&self, experiment: &str) -> Ran {
        self.run_with(experiment, &["--allow-external"])
    }

    /// The same, with other arguments.
    pub fn run_with(&self, experiment: &str, arguments: &[&str]) -> Ran {
        std::fs::write(self.path("x.yaml"), experiment).expect("written");
        let out = arguments.iter().position(|&word| word == "--out").map_or("out", |at| arguments[at + 1]);
        let mut all = vec!["run", "x.yaml", "--quiet"];
        all.extend(arguments);
        if out == "out" {
            all.extend(["--out", "out"]);
        }
        let output = self.command(&all).output().expect("started");
        self.nothing_is_left();
        Ran {
            code: output.status.code().expect("a code"),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
            out: self.path(out),
            _root: Arc::clone(&self.root),
        }
    }

    /// Runs an experiment with one retriever named `it`, all of whose trials fail for one reason, which is returned.
    pub fn failing(&self, experiment: &str) -> String {
        let ran = self.run(experiment);
        assert_eq!(ran.code, 1, "{}", ran.said);
        let reason = ran.manifest().failed().next().expect("a trial that failed").1.to_owned();
        let first = reason.lines().next().unwrap_or_default();
        assert!(ran.said.contains(first), "{reason:?} is not in {:?}", ran.said);
        reason
    }

    /// Processes of runs, but for this one.
    pub fn processes(&self) -> Vec<String> {
        let mark = [MARK.as_bytes(), b"=", self.root.path().as_os_str().as_bytes()].concat();
        let all = std::fs::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
        let is_ours = |path: &PathBuf| {
            let environment = std::fs::read(path.join("environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|entry| *entry == mark[..])
        };
        let words = |path: PathBuf| {
            let words = std::fs::read(path.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            format!("{} {words}", path.display())
        };
        all.filter(is_ours).map(words).collect()
    }

    /// Asserts that some seconds later no process is left and no folder of a program.
    pub fn nothing_is_left(&self) {
        let begun = Moment::now();
        loop {
            let processes = self.processes();
            let folders: Vec<_> = std::fs::read_dir(self.path("tmp")).expect("a folder").flatten().collect();
            if processes.is_empty() && folders.is_empty() {
                return;
            }
            assert!(begun.elapsed() < LEFT, "left after {LEFT} s: {processes:#?} {folders:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Ran {
    /// Its manifest.
    pub fn manifest(&self) -> Manifest {
        swath::record::results::read_manifest(&self.out).unwrap_or_else(|error| panic!("{error}; {}", self.said))
    }

    /// Its results, if all trials succeeded.
    pub fn results(&self) -> Results {
        assert_eq!(self.code, 0, "{}", self.said);
        swath::record::results::read(&self.out).unwrap_or_else(|error| panic!("{error}; {}", self.said)).1
    }

    /// Its only trial, which succeeded.
    pub fn trial(&self) -> TrialResult {
        let mut trials = self.results().trials;
        assert_eq!(trials.len(), 1);
        trials.remove(0)
    }
}

/// The text of a file.
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Waits until something is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Moment::now();
    while !is_so() {
        assert!(begun.elapsed() < 30.0, "{what} has not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Asserts that a text has a part.
#[track_caller]
pub fn has(text: &str, part: &str) {
    assert!(text.contains(part), "no {part:?} in {text:?}");
}
