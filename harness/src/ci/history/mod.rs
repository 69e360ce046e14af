//! Results by commit: a CSV file, kept beside the code, with a row for each trial and measure. From it the changes of each
//! measure are found.
//!
//! Each row has one value, so a new metric or trial adds lines and changes none. Git can merge the file: with
//! `history.csv merge=union` in `.gitattributes`, two branches can both add lines.

mod file;
mod names;
mod page;
mod plot;
mod run;
mod series;
mod time;
mod turn;

pub use plot::{LINES, write};
pub use run::AddedRun;
pub use series::{Change, ExperimentHistory, Series};
pub use time::utc;

use crate::config::Failure;
use crate::statistics::change_points;
use crate::version;
use series::cautions;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use swath_datasets::whole_file::{can_write, make_folder};

/// The measure of time that depends least on how fast the machine is today.
const RELATIVE_TIME: &str = "relative_time";

/// One measure of one trial at one commit.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// The commit's time, as RFC 3339 in UTC, to the second. It orders the commits.
    pub time: String,
    /// The commit's SHA, in lower case.
    pub commit: String,
    /// The version of swath that ran the trial.
    pub swath: String,
    /// The experiment's name.
    pub experiment: String,
    /// The dataset's name.
    pub dataset: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which the trial differs from the retriever's other points.
    pub point: String,
    /// The trial's id.
    pub trial: String,
    /// A metric, a cost, `evaluations` or `relative_time`.
    pub measure: String,
    /// Its value; for a metric, the mean over queries.
    pub value: f64,
    /// Ends of the 95 % interval over queries, for a metric.
    pub interval: Option<(f64, f64)>,
}

/// The rows of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The rows, in the order of the file.
    pub rows: Vec<HistoryRow>,
}

/// The effect of adding a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The experiment's name.
    pub experiment: String,
    /// Rows that are new.
    pub rows: usize,
    /// Earlier rows of the same commit and experiment that were replaced.
    pub replaced: usize,
    /// A caution if the experiment's newest rows are of another version of swath.
    pub caution: Option<String>,
}

/// Checks a commit's SHA, and returns it in lower case.
///
/// # Errors
/// [`Failure::Input`] if it is not a SHA.
pub fn commit(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Failure::Input(format!(
        "`{text}` is not the SHA of a commit; expected 7 to 64 hexadecimal digits, as `git rev-parse HEAD` prints them"
    )))
}

/// Adds a run to a file, and creates the file and its folder if they do not exist. Only one process at a time adds to a file.
///
/// # Errors
/// [`Failure`] if the file has errors, or cannot be written.
pub fn add(file: &Path, run: &AddedRun, commit: &str, time: &str) -> Result<Added, Failure> {
    can_write(&std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()))
        .and_then(|()| make_folder(file.parent().unwrap_or(Path::new(""))))
        .map_err(|error| Failure::Input(format!("cannot write {}: {error}", file.display())))?;
    // Held from before the file is read until it is written.
    let _turn = turn::wait(file);
    let mut history = if file.exists() { History::read(file)? } else { History::default() };
    let added = history.add(run, commit, time);
    history.write(file)?;
    Ok(added)
}

/// Whether two SHAs are of the same commit. One of them may be abbreviated.
fn same_commit(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

impl History {
    /// Adds a run in place of earlier rows of the same commit and experiment.
    pub fn add(&mut self, run: &AddedRun, commit: &str, time: &str) -> Added {
        let rows = run.rows(commit, time);
        let experiment = run.experiment().to_owned();
        let newest = self.rows.iter().filter(|row| row.experiment == experiment && !same_commit(&row.commit, commit));
        let newest = newest.max_by_key(|row| &row.time);
        let caution = newest.and_then(|row| version::differs(&row.swath, run.version()));
        let before = self.rows.len();
        self.rows.retain(|row| row.experiment != experiment || !same_commit(&row.commit, commit));
        let added = Added { experiment, rows: rows.len(), replaced: before - self.rows.len(), caution };
        self.rows.extend(rows);
        added
    }

    /// A note for each experiment with too few commits to show a change.
    pub fn too_short(&self) -> Vec<String> {
        let say = |(experiment, commits): (&str, Vec<Commit>)| {
            let newest = commits.chunk_by(Commit::same_version).last()?;
            let of =
                if newest.len() < commits.len() { format!(" of swath {}", newest[0].swath) } else { String::new() };
            (newest.len() < change_points::LEAST).then(|| {
                let commits = page::count(newest.len(), "commit");
                format!("{experiment} has {commits}{of}; at least {} are needed to find a change", change_points::LEAST)
            })
        };
        self.commits().into_iter().filter_map(say).collect()
    }

    /// A caution for each new version of swath.
    pub fn cautions(&self) -> Vec<String> {
        let say = |(experiment, commits): (&str, Vec<Commit>)| {
            cautions(&commits).into_iter().map(|caution| format!("{experiment}: {caution}")).collect::<Vec<_>>()
        };
        self.commits().into_iter().flat_map(say).collect()
    }

    /// The commits of each experiment, ordered by time.
    fn commits(&self) -> BTreeMap<&str, Vec<Commit>> {
        let mut commits: BTreeMap<&str, BTreeSet<Commit>> = BTreeMap::new();
        for row in &self.rows {
            commits.entry(&row.experiment).or_default().insert(Commit::of(row));
        }
        commits.into_iter().map(|(experiment, commits)| (experiment, commits.into_iter().collect())).collect()
    }

    /// The experiments, with the changes of each series at this significance level.
    pub fn experiments(&self, level: f64) -> Vec<ExperimentHistory> {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for row in &self.rows {
            let name = (row.experiment.as_str(), row.dataset.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let of = |&(experiment, dataset): &(&str, &str)| {
            let rows = self.rows.iter().filter(|row| row.experiment == experiment && row.dataset == dataset);
            ExperimentHistory::new(experiment, dataset, &rows.collect::<Vec<_>>(), level)
        };
        names.iter().map(of).collect()
    }
}

/// A commit that was measured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// Its time.
    pub time: String,
    /// Its SHA.
    pub sha: String,
    /// The version of swath that measured it.
    pub swath: String,
}

impl Commit {
    /// The commit of a row.
    pub(super) fn of(row: &HistoryRow) -> Self {
        Self { time: row.time.clone(), sha: row.commit.clone(), swath: row.swath.clone() }
    }

    /// Whether its results and those of `other` may be compared.
    pub(super) fn same_version(&self, other: &Self) -> bool {
        version::differs(&self.swath, &other.swath).is_none()
    }

    /// Its abbreviated SHA.
    pub fn short(&self) -> &str {
        &self.sha[..self.sha.len().min(7)]
    }
}

#[cfg(test)]
mod tests {
    use super::file::COLUMNS;
    use super::*;

    #[test]
    fn levels_have_enough_digits_to_differ() {
        let from = |before: &'static str, after: &str| {
            let row = |i: u8| {
                let value = if i < 4 { before } else { after };
                format!("2026-01-0{i}T00:00:00Z,000000{i},0.2.0,x,y,mmr,,id,coverage,{value},,\n")
            };
            let text = COLUMNS.join(",") + "\n" + &(1..8).map(row).collect::<String>();
            History::parse(text.as_bytes()).expect("a history")
        };
        let history = |after: &str| from("0.5", after);
        let changes = |history: &History| {
            let experiments = history.experiments(change_points::LEVEL);
            experiments[0].changes().iter().map(Change::sentence).collect::<Vec<_>>()
        };
        let sentence = |after: &str| changes(&history(after));
        assert_eq!(changes(&from("0", "0.25")), ["0000004: coverage of mmr: 0 -> 0.250 (+0.250, better)"]);
        assert_eq!(sentence("0.6"), ["0000004: coverage of mmr: 0.500 -> 0.600 (+20.0 %, better)"]);
        assert_eq!(sentence("0.499999"), ["0000004: coverage of mmr: 0.500000 -> 0.499999 (-0.000200 %, worse)"]);
        assert_eq!(sentence("0.5"), [""; 0]);
        assert_eq!(sentence("0"), ["0000004: coverage of mmr: 0.500 -> 0 (-100.0 %, worse)"]);
        let text = history("0.6").bytes().expect("a table");
        assert_eq!(History::parse(&text), Ok(history("0.6")));
    }
}
