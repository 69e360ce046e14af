//! `history`.

use super::command::Shown;
use super::{complain, print};
use std::path::Path;
use std::process::{Command, ExitCode};
use swath::ci::history;
use swath::ci::history::{History, Run};
use swath::config::Failure;
use swath::escape;
use swath::record::output_folder;
use swath::record::output_folder::Kind;

/// Where programs of continuous integration say which commit they are at.
const VARIABLES: [&str; 2] = ["GITHUB_SHA", "CI_COMMIT_SHA"];

/// How many changes are listed.
const LISTED: usize = 20;

/// Adds a run.
pub fn add(folder: &Path, file: &Path, commit: Option<&str>, time: Option<&str>) -> Result<ExitCode, Failure> {
    let commit = commit.map_or_else(here, history::commit)?;
    let run = Run::open(folder)?;
    let time = history::utc(time.unwrap_or(run.finished()))?;
    let added = history::add(file, &run, &commit, &time)?;
    run.lacks().iter().for_each(|lack| complain(&format!("note: {lack}")));
    for caution in run.caution().iter().chain(&added.caution) {
        complain(&format!("caution: {caution}"));
    }
    let replaced = match added.replaced {
        0 => String::new(),
        rows => format!(", in place of {rows} that were there of this commit and experiment"),
    };
    print(&format!(
        "{}: {} rows of {} at {}{replaced}\n",
        escape::path(file),
        added.rows,
        escape::terminal(&added.experiment),
        commit.get(..12).unwrap_or(&commit)
    ))
}

/// The commit that is checked out: as continuous integration says, or as git does.
fn here() -> Result<String, Failure> {
    let said =
        |name: &&'static str| std::env::var(name).ok().filter(|sha| !sha.trim().is_empty()).map(|sha| (*name, sha));
    if let Some((name, sha)) = VARIABLES.iter().find_map(said) {
        return history::commit(&sha).map_err(|error| Failure::Input(format!("the variable {name}: {error}")));
    }
    let output = Command::new("git").args(["rev-parse", "HEAD"]).output().ok().filter(|output| output.status.success());
    let unknown = || {
        Failure::Input(format!(
            "which commit this is cannot be found out: neither {} is set, nor does `git rev-parse HEAD` say so here; \
             give it with --commit SHA",
            VARIABLES.join(" nor ")
        ))
    };
    history::commit(&String::from_utf8_lossy(&output.ok_or_else(unknown)?.stdout))
}

/// Draws what was added.
pub fn plot(file: &Path, out: &Path, level: f64) -> Result<ExitCode, Failure> {
    if !(1e-6..=0.5).contains(&level) {
        return Err(Failure::Input(format!(
            "--level is {level}, expected a number from 0.000001 to 0.5, such as 0.001"
        )));
    }
    output_folder::check_unchanged(out, &[Kind::History])?;
    let history = History::read(file)?;
    if history.rows.is_empty() {
        let add = Shown::new(&["history", "add"]).option("--file", Some(file));
        let message = format!("{} has no rows; add a run with `{} RUN_FOLDER`", escape::path(file), add.whole());
        return Err(Failure::Input(message));
    }
    let (changes, lacking) = history::write(&history, level, out)?;
    lacking.iter().for_each(|note| complain(&format!("note: {note}")));
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
    history.too_short().iter().for_each(|note| complain(&format!("note: {note}")));
    let lines: Vec<_> = lines.iter().map(|line| escape::terminal(line)).collect();
    print(&format!("{}\n", lines.join("\n")))
}
