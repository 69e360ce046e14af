//! `swath history`.

use super::places::Places;
use super::shown::Shown;
use super::terminal::{complain, note, print};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::process;
use std::process::ExitCode;
use swath::ci::history::{self, AddedRun, History};
use swath::config::Failure;
use swath::escape;
use swath::record::output_folder::{self, FolderKind};

/// Environment variables in which CI systems name the commit.
const VARIABLES: [&str; 2] = ["GITHUB_SHA", "CI_COMMIT_SHA"];

/// At most this many changes are listed.
const LISTED: usize = 20;

/// Keep results by commit, and plot their changes
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a run to the CSV file of a history; it replaces an earlier run of the same commit and experiment
    #[command(after_help = "\
Examples:
  swath history add reports/quickstart
  swath history add reports/quickstart --commit 8be8f3f --time \"$(git show -s --format=%cI 8be8f3f)\"")]
    Add {
        /// The folder of a run
        folder: PathBuf,
        /// The CSV file
        #[arg(long, value_name = "FILE", default_value = "history.csv")]
        file: PathBuf,
        /// The commit that was measured [default: GITHUB_SHA, CI_COMMIT_SHA, or the commit that git has checked out]
        #[arg(long, value_name = "SHA")]
        commit: Option<String>,
        /// The commit's time (RFC 3339), which orders commits [default: the end of the run]
        #[arg(long, value_name = "TIME")]
        time: Option<String>,
    },
    /// Plot each measure over commits, and mark its changes
    #[command(after_help = "\
Examples:
  swath history plot
  swath history plot --file bench/history.csv --out public/history")]
    Plot {
        /// The CSV file
        #[arg(long, value_name = "FILE", default_value = "history.csv")]
        file: PathBuf,
        /// Folder for the page
        #[arg(long, value_name = "DIR", default_value = "reports/history")]
        out: PathBuf,
        /// The accepted rate of false alarms: the share of noisy series without a change that are marked as changed
        #[arg(long, value_name = "RATE", default_value_t = swath::statistics::change_points::LEVEL)]
        level: f64,
    },
}

impl Arguments {
    /// Adds a run, or plots the history.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Add { folder, file, commit, time } => add(&folder, &file, commit.as_deref(), time.as_deref()),
            Command::Plot { file, out, level } => plot(&file, &out, level),
        }
    }
}

/// Adds a run.
fn add(folder: &Path, file: &Path, commit: Option<&str>, time: Option<&str>) -> Result<ExitCode, Failure> {
    let commit = commit.map_or_else(here, history::commit)?;
    let run = AddedRun::open(folder)?;
    let time = history::utc(time.unwrap_or(run.finished()))?;
    let added = history::add(file, &run, &commit, &time)?;
    run.lacks().iter().for_each(|lack| note(lack));
    for caution in run.caution().iter().chain(&added.caution) {
        complain(&format!("caution: {caution}"));
    }
    let replaced = match added.replaced {
        0 => String::new(),
        rows => format!(", replacing {rows} earlier rows of this commit and experiment"),
    };
    print(&format!(
        "{}: {} rows of {} at {}{replaced}\n",
        escape::path(file),
        added.rows,
        escape::terminal(&added.experiment),
        commit.get(..12).unwrap_or(&commit)
    ))
}

/// The commit that is checked out, according to the CI system or to git.
fn here() -> Result<String, Failure> {
    let said =
        |name: &&'static str| std::env::var(name).ok().filter(|sha| !sha.trim().is_empty()).map(|sha| (*name, sha));
    if let Some((name, sha)) = VARIABLES.iter().find_map(said) {
        return history::commit(&sha).map_err(|error| Failure::Input(format!("the variable {name}: {error}")));
    }
    let output =
        process::Command::new("git").args(["rev-parse", "HEAD"]).output().ok().filter(|output| output.status.success());
    let unknown = || {
        Failure::Input(format!(
            "the current commit is unknown: {} are not set, and `git rev-parse HEAD` fails here; \
             give the commit with --commit SHA",
            VARIABLES.join(" and ")
        ))
    };
    history::commit(&String::from_utf8_lossy(&output.ok_or_else(unknown)?.stdout))
}

/// Plots the history.
fn plot(file: &Path, out: &Path, level: f64) -> Result<ExitCode, Failure> {
    if !(1e-6..=0.5).contains(&level) {
        return Err(Failure::Input(format!(
            "--level is {level}, expected a number from 0.000001 to 0.5, for example 0.001"
        )));
    }
    output_folder::check_unchanged(out, &[FolderKind::History])?;
    let history = History::read(file)?;
    if history.rows.is_empty() {
        let add = Shown::new(&["history", "add"]).option("--file", Some(file));
        let message = format!("{} has no rows; add a run with `{} RUN_FOLDER`", escape::path(file), add.whole());
        return Err(Failure::Input(message));
    }
    let (changes, lacking) = history::write(&history, level, out)?;
    lacking.iter().for_each(|text| note(text));
    let mut lines: Vec<String> = history.cautions().iter().map(|caution| format!("caution: {caution}")).collect();
    lines.push(match changes.len() {
        0 => "no change found".to_owned(),
        1 => "1 change".to_owned(),
        many => format!("{many} changes, newest first"),
    });
    lines.extend(changes.iter().take(LISTED).map(|change| format!("  {change}")));
    if changes.len() > LISTED {
        lines.push(format!("  and {} more in {}", changes.len() - LISTED, out.join("changes.csv").display()));
    }
    lines.push(format!("page: {}", out.join("index.html").display()));
    history.too_short().iter().for_each(|text| note(text));
    let lines: Vec<_> = lines.iter().map(|line| escape::terminal(line)).collect();
    print(&format!("{}\n", lines.join("\n")))
}
