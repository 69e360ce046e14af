//! Runs by commit: a CSV with a row for each trial and measure, kept beside the code, and where each measure changed.
//!
//! The table is long, with one value a row, so that a new metric or trial adds lines and changes none. It is text that
//! merges: `history.csv merge=union` in `.gitattributes` lets two branches both add to it.

mod page;
mod plot;
mod turn;

use crate::clock;
use crate::config::Failure;
use crate::config::measure::{Cost, Measure};
use crate::escape;
use crate::findings;
use crate::findings::summary::{Summary, TrialRow as Trial};
use crate::findings::timing::Rate;
use crate::metrics::MetricName;
use crate::plot::format::{cell, cell_or_empty, decimals, signed, three_digits};
use crate::record::folder;
use crate::record::manifest::Manifest;
use crate::record::results;
use crate::statistics::change_points;
use crate::statistics::change_points::ChangePoint;
use crate::statistics::effect::share;
use crate::version;
use csv::{ErrorKind, Position, StringRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use swath_datasets::bounded;

pub use plot::{LINES, write};

/// The columns of the file.
const COLUMNS: [&str; 12] =
    ["time", "commit", "swath", "experiment", "dataset", "retriever", "point", "trial", "measure", "value", "lo", "hi"];

/// The version that wrote files without the column `swath`, which is the third.
const FIRST: &str = "0.1.0";

/// The measure that a machine which is slow today leaves alone.
const RELATIVE_TIME: &str = "relative_time";

/// A measure of a trial of a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When, as RFC 3339 in UTC, to the second: the order of commits.
    pub time: String,
    /// The commit's SHA, in lower case.
    pub commit: String,
    /// The version of swath that ran it.
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
    /// Its value; of a metric the mean over queries.
    pub value: f64,
    /// Ends of the 95 % interval of a metric over queries.
    pub interval: Option<(f64, f64)>,
}

/// The rows of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In the order of the file.
    pub rows: Vec<Row>,
}

/// A measure's name, its value, and its interval where it has one.
type Measured = (String, f64, Option<(f64, f64)>);

/// A run that is to be added.
pub struct Run {
    /// What it found.
    summary: Summary,
    /// Its circumstances.
    manifest: Manifest,
}

/// What adding a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The experiment's name.
    pub experiment: String,
    /// Rows that are new.
    pub rows: usize,
    /// Rows of the same commit and experiment that they replaced.
    pub replaced: usize,
    /// Where the experiment's newest rows are of another version of swath: what to say of it.
    pub caution: Option<String>,
}

impl Run {
    /// Reads back what is in the folder of a run.
    ///
    /// # Errors
    /// [`Failure::Input`] where there is no run, or no trial of it succeeded.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        if folder::is_sweep(folder) {
            let message = format!("{shown} is the folder of a sweep; add its cells, which are the folders in it");
            return Err(Failure::Input(message));
        }
        let (found, manifest) = findings::load(folder)?;
        let nothing = || Failure::Input(format!("no trial of {shown} succeeded: there is nothing to add"));
        Ok(Self { summary: found.ok_or_else(nothing)?.summary, manifest })
    }

    /// When it ended.
    pub fn finished(&self) -> &str {
        &self.manifest.finished
    }

    /// What it lacks, where the trial failed that times are relative to.
    pub fn lacks(&self) -> Option<String> {
        let failure = self.summary.reference.failure()?;
        Some(format!("{failure} There is no {RELATIVE_TIME} of this run."))
    }

    /// Where another version of swath ran it than adds it: what to say of it.
    pub fn caution(&self) -> Option<String> {
        let what = version::differs(&self.manifest.swath, version::THIS)?;
        Some(format!("the run is added by another version than ran it, which computes its means and times: {what}"))
    }

    /// Its rows.
    fn rows(&self, commit: &str, time: &str) -> Vec<Row> {
        let experiment = self.manifest.experiment.name();
        let of = |trial: &Trial| {
            let row = |(measure, value, interval): Measured| Row {
                time: time.to_owned(),
                commit: commit.to_owned(),
                swath: self.manifest.swath.clone(),
                experiment: experiment.to_owned(),
                dataset: self.manifest.dataset.name.clone(),
                retriever: trial.retriever.clone(),
                point: trial.point.clone(),
                trial: trial.trial.clone(),
                measure,
                value,
                interval,
            };
            self.measures(trial).into_iter().filter(|(_, value, _)| value.is_finite()).map(row).collect::<Vec<_>>()
        };
        self.summary.rows.iter().flat_map(of).collect()
    }

    /// What is known of a trial.
    fn measures(&self, trial: &Trial) -> Vec<Measured> {
        let metrics = self.summary.metrics.iter().zip(&trial.estimates);
        let metric = |(metric, estimate): (&MetricName, &Option<_>)| {
            let estimate: crate::statistics::Estimate = (*estimate)?;
            Some((metric.name().to_owned(), estimate.mean, Some((estimate.lo, estimate.hi))))
        };
        let mut measures: Vec<_> = metrics.filter_map(metric).collect();
        // As a metric it is there already.
        if self.summary.metrics.iter().all(|metric| metric.name() != "evaluations") {
            measures.push(("evaluations".to_owned(), trial.evaluations.iter().sum(), None));
        }
        let cost = |cost: Cost| Some((cost.column().to_owned(), trial.cost(cost)?, None));
        let rate = self.summary.rate;
        // Of the two rates the one by which trials are compared.
        let others = [Rate::Median, Rate::Best].into_iter().filter(|other| *other != rate).map(Rate::column);
        let others: Vec<&str> = others.collect();
        measures.extend(Cost::ALL.into_iter().filter(|cost| !others.contains(&cost.column())).filter_map(cost));
        let qps = |row: &Trial| rate.of(&row.timing);
        let reference = self.summary.reference.row().map(|row| &self.summary.rows[row]);
        measures.extend(reference.map(|reference| (RELATIVE_TIME.to_owned(), qps(reference) / qps(trial), None)));
        measures
    }
}

/// A commit's SHA in lower case.
///
/// # Errors
/// [`Failure::Input`] where it is none.
pub fn commit(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Failure::Input(format!(
        "`{text}` is no commit's SHA: that is 7 to 64 hexadecimal digits, as of `git rev-parse HEAD`"
    )))
}

/// Adds a run to a file, which is made if it is not there. Of several processes that do so one does at a time.
///
/// # Errors
/// What is wrong with the file; that it cannot be written.
pub fn add(file: &Path, run: &Run, commit: &str, time: &str) -> Result<Added, Failure> {
    // From before it is read until after it is written.
    let _turn = turn::wait(file);
    let mut history = if file.exists() { History::read(file)? } else { History::default() };
    let added = history.add(run, commit, time);
    history.write(file)?;
    Ok(added)
}

/// A time of RFC 3339, with any offset, in UTC to the second.
///
/// # Errors
/// [`Failure::Input`] where it is none.
pub fn utc(text: &str) -> Result<String, Failure> {
    let wrong = || {
        Failure::Input(format!(
            "`{text}` is no time of RFC 3339: that is 2026-01-31T12:00:00Z, or with an offset as of \
             `git show -s --format=%cI`"
        ))
    };
    clock::parsed(text.trim()).map(clock::written).ok_or_else(wrong)
}

/// Whether two SHAs, of which one may be short, are of the same commit.
fn same_commit(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

impl History {
    /// Reads a file; line ends of any kind, and the mark that spreadsheets put before the first line, are taken.
    ///
    /// # Errors
    /// [`Failure::Input`]: what is wrong, in which line, and what would be right.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = bounded::read(path, bounded::RECORD).map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => "; `swath history add RUN_FOLDER` writes it",
                std::io::ErrorKind::IsADirectory => "; give the CSV file inside it",
                _ => "",
            };
            Failure::Input(format!("cannot read {}: {error}{hint}", path.display()))
        })?;
        Self::parse(&bytes).map_err(|wrong| Failure::Input(format!("{}, {wrong}", path.display())))
    }

    /// The same from its content.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let lines = bytes.split(|&b| b == b'\n').count();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let line = |position: Option<&Position>| format!("line {}", position.map_or(1, Position::line));
        let mut records = reader.records();
        let unreadable = |error: csv::Error| match error.kind() {
            ErrorKind::Utf8 { pos, .. } => format!("{}: it is not UTF-8 text; save it as UTF-8", line(pos.as_ref())),
            _ => error.to_string(),
        };
        let header = records.next().transpose().map_err(unreadable)?.unwrap_or_default();
        let old: Vec<&str> = COLUMNS.into_iter().filter(|column| *column != "swath").collect();
        let is_old = header == old;
        if header != COLUMNS[..] && !is_old {
            let found: String = header.iter().collect::<Vec<_>>().join(",").chars().take(60).collect();
            let expected = COLUMNS.join(",");
            return Err(format!("line 1: this is no history of swath: it begins `{found}`, expected `{expected}`"));
        }
        if bytes.last() != Some(&b'\n') {
            return Err(format!(
                "line {lines}: the file ends inside this line: it was cut; take it from its last commit, or remove the line"
            ));
        }
        let mut rows = Vec::new();
        let mut seen: BTreeMap<[String; 5], String> = BTreeMap::new();
        let mut versions: BTreeMap<[String; 2], (String, String)> = BTreeMap::new();
        for record in records {
            let record = record.map_err(unreadable)?;
            let place = line(record.position());
            let row = Row::parse(&record, is_old).map_err(|wrong| format!("{place}: {wrong}"))?;
            let of_run = [&row.commit, &row.experiment].map(Clone::clone);
            let (version, first) = versions.entry(of_run).or_insert_with(|| (row.swath.clone(), place.clone()));
            if *version != row.swath {
                return Err(format!(
                    "{place}: {} at this commit is of swath {}, and of {version} in {first}; add its run again",
                    row.experiment, row.swath
                ));
            }
            let key = [&row.commit, &row.experiment, &row.retriever, &row.point, &row.measure].map(Clone::clone);
            if let Some(first) = seen.insert(key, place.clone()) {
                return Err(format!(
                    "{place}: {} of {} at this commit is in {first} already; remove one of both",
                    row.measure,
                    crate::record::label(&row.retriever, &row.point)
                ));
            }
            rows.push(row);
        }
        Ok(Self { rows })
    }

    /// Adds a run in place of what is there of that commit and experiment.
    pub fn add(&mut self, run: &Run, commit: &str, time: &str) -> Added {
        let rows = run.rows(commit, time);
        let experiment = run.manifest.experiment.name().to_owned();
        let newest = self.rows.iter().filter(|row| row.experiment == experiment && !same_commit(&row.commit, commit));
        let newest = newest.max_by_key(|row| &row.time);
        let caution = newest.and_then(|row| version::differs(&row.swath, &run.manifest.swath));
        let before = self.rows.len();
        self.rows.retain(|row| row.experiment != experiment || !same_commit(&row.commit, commit));
        let added = Added { experiment, rows: rows.len(), replaced: before - self.rows.len(), caution };
        self.rows.extend(rows);
        added
    }

    /// Writes the file, whole.
    ///
    /// # Errors
    /// [`Failure::Run`].
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("cannot write {}: {error}", path.display()));
        let bytes = self.bytes().map_err(|error| failed(&error))?;
        // Behind a link the file is written, and the link stays.
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        results::write_whole(path, &bytes).map_err(|error| Failure::Run(format!("cannot write {error}")))
    }

    fn bytes(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS)?;
        for row in &self.rows {
            let texts = [&row.time, &row.commit, &row.swath, &row.experiment, &row.dataset];
            let text = |text: &String| escape::csv(text).into_owned();
            let mut cells = texts.map(text).to_vec();
            cells.extend([&row.retriever, &row.point, &row.trial, &row.measure].map(text));
            cells.push(cell(row.value));
            cells.extend([row.interval.map(|ends| ends.0), row.interval.map(|ends| ends.1)].map(cell_or_empty));
            table.write_record(cells)?;
        }
        table.into_inner().map_err(|error| error.into_error().into())
    }

    /// Which experiments have too few commits to say anything of.
    pub fn too_short(&self) -> Vec<String> {
        let say = |(experiment, commits): (&str, Vec<Commit>)| {
            let newest = commits.chunk_by(Commit::same_version).last()?;
            let of =
                if newest.len() < commits.len() { format!(" of swath {}", newest[0].swath) } else { String::new() };
            (newest.len() < change_points::LEAST).then(|| {
                format!(
                    "{experiment} has {} of the {} commits{of} that a change needs at least",
                    newest.len(),
                    change_points::LEAST
                )
            })
        };
        self.commits().into_iter().filter_map(say).collect()
    }

    /// Where the version of swath changes, in words.
    pub fn cautions(&self) -> Vec<String> {
        let say = |(experiment, commits): (&str, Vec<Commit>)| {
            cautions(&commits).into_iter().map(|caution| format!("{experiment}: {caution}")).collect::<Vec<_>>()
        };
        self.commits().into_iter().flat_map(say).collect()
    }

    /// The commits of each experiment, in the order of time.
    fn commits(&self) -> BTreeMap<&str, Vec<Commit>> {
        let mut commits: BTreeMap<&str, BTreeSet<Commit>> = BTreeMap::new();
        for row in &self.rows {
            commits.entry(&row.experiment).or_default().insert(Commit::of(row));
        }
        commits.into_iter().map(|(experiment, commits)| (experiment, commits.into_iter().collect())).collect()
    }

    /// Each experiment's series, with the change points of each at that level.
    pub fn experiments(&self, level: f64) -> Vec<Experiment> {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for row in &self.rows {
            let name = (row.experiment.as_str(), row.dataset.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let of = |&(experiment, dataset): &(&str, &str)| {
            let rows = self.rows.iter().filter(|row| row.experiment == experiment && row.dataset == dataset);
            Experiment::new((experiment, dataset), &rows.collect::<Vec<_>>(), level)
        };
        names.iter().map(of).collect()
    }
}

impl Row {
    /// Reads a row; `is_old` says that the file has no column `swath`.
    fn parse(record: &StringRecord, is_old: bool) -> Result<Self, String> {
        let expected: Vec<&str> = COLUMNS.into_iter().filter(|column| !is_old || *column != "swath").collect();
        if record.len() != expected.len() {
            return Err(format!("it has {} fields, expected {}: {}", record.len(), expected.len(), expected.join(",")));
        }
        let mut fields: Vec<&str> = record.iter().collect();
        if is_old {
            fields.insert(2, FIRST);
        }
        let text = |i: usize| escape::csv_back(fields[i]).to_owned();
        let number = |i: usize| {
            let number = fields[i].trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| format!("{} is `{}`, expected a number", COLUMNS[i], fields[i]))
        };
        let interval = match (fields[10].is_empty(), fields[11].is_empty()) {
            (true, true) => None,
            (false, false) => Some((number(10)?, number(11)?)),
            _ => return Err("one of lo and hi is missing, expected both or none".into()),
        };
        let named = |i: usize| {
            let missing = || format!("{} is missing", COLUMNS[i]);
            if fields[i].is_empty() { Err(missing()) } else { Ok(text(i)) }
        };
        let said = |failure: Failure| failure.to_string();
        Ok(Self {
            time: utc(fields[0]).map_err(said)?,
            commit: commit(fields[1]).map_err(said)?,
            swath: named(2)?,
            experiment: named(3)?,
            dataset: text(4),
            retriever: named(5)?,
            point: text(6),
            trial: text(7),
            measure: named(8)?,
            value: number(9)?,
            interval,
        })
    }
}

/// A commit that was measured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// When.
    pub time: String,
    /// Its SHA.
    pub sha: String,
    /// The version of swath that measured it.
    pub swath: String,
}

impl Commit {
    /// That of a row.
    fn of(row: &Row) -> Self {
        Self { time: row.time.clone(), sha: row.commit.clone(), swath: row.swath.clone() }
    }

    /// Whether its results and those of `other` may be compared.
    fn same_version(&self, other: &Self) -> bool {
        version::differs(&self.swath, &other.swath).is_none()
    }

    /// Its SHA as people write it.
    pub fn short(&self) -> &str {
        &self.sha[..self.sha.len().min(7)]
    }
}

/// One measure of one trial over commits.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which the trial differs from the retriever's other points.
    pub point: String,
    /// The trial's id at the newest commit: another version of swath may give it another.
    pub trial: String,
    /// The measure.
    pub measure: String,
    /// Index in [`Experiment::commits`] and value, in order.
    pub values: Vec<(usize, f64)>,
    /// Indices of `values` at which the version of swath is another than before.
    pub new_versions: Vec<usize>,
    /// Where it changed; [`ChangePoint::at`] is an index of `values`.
    pub changes: Vec<ChangePoint>,
}

/// An experiment over commits.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// Its dataset.
    pub dataset: String,
    /// Commits in the order of time.
    pub commits: Vec<Commit>,
    /// Measures of trials, in the order of the oldest commit that has them.
    pub series: Vec<Series>,
}

impl Experiment {
    fn new((name, dataset): (&str, &str), rows: &[&Row], level: f64) -> Self {
        let mut rows = rows.to_vec();
        rows.sort_by_key(|row| (&row.time, &row.commit));
        let commits: BTreeSet<Commit> = rows.iter().map(|row| Commit::of(row)).collect();
        let commits: Vec<Commit> = commits.into_iter().collect();
        let place: BTreeMap<(&str, &str), usize> =
            commits.iter().enumerate().map(|(i, commit)| ((commit.time.as_str(), commit.sha.as_str()), i)).collect();
        let mut at: BTreeMap<[&str; 3], usize> = BTreeMap::new();
        let mut series: Vec<Series> = Vec::new();
        for row in rows {
            let index = *at.entry([&row.retriever, &row.point, &row.measure]).or_insert_with(|| {
                series.push(Series {
                    retriever: row.retriever.clone(),
                    point: row.point.clone(),
                    trial: row.trial.clone(),
                    measure: row.measure.clone(),
                    values: Vec::new(),
                    new_versions: Vec::new(),
                    changes: Vec::new(),
                });
                series.len() - 1
            });
            series[index].values.push((place[&(row.time.as_str(), row.commit.as_str())], row.value));
            series[index].trial.clone_from(&row.trial);
        }
        // Each version's values apart: from one to the next a definition may have changed, which is no change of the program.
        let spans: Vec<(usize, usize, Vec<f64>)> =
            series.iter().enumerate().flat_map(|(i, one)| spans(i, one, &commits)).collect();
        let values: Vec<Vec<f64>> = spans.iter().map(|(.., values)| values.clone()).collect();
        // The seed is no choice: it decides which orders are drawn, and the same file has the same changes.
        for ((i, first, _), found) in spans.iter().zip(change_points::of_all(&values, level, 0)) {
            series[*i].new_versions.extend((*first > 0).then_some(*first));
            series[*i].changes.extend(found.into_iter().map(|point| ChangePoint { at: first + point.at, ..point }));
        }
        Self { name: name.to_owned(), dataset: dataset.to_owned(), commits, series }
    }

    /// What it is called: its name, and its dataset where that says more.
    pub fn title(&self) -> String {
        if self.dataset.is_empty() || self.name == self.dataset {
            return self.name.clone();
        }
        format!("{} on {}", self.name, self.dataset)
    }

    /// Names of the measures, each once, in the same order.
    pub fn measures(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for one in &self.series {
            if !names.contains(&one.measure.as_str()) {
                names.push(&one.measure);
            }
        }
        names
    }

    /// Commits, by their places, at which the version of swath is another than before.
    pub fn new_versions(&self) -> Vec<usize> {
        (1..self.commits.len()).filter(|&i| !self.commits[i].same_version(&self.commits[i - 1])).collect()
    }

    /// What to say of each of these commits.
    pub fn cautions(&self) -> Vec<String> {
        cautions(&self.commits)
    }

    /// All changes, the newest commit first.
    pub fn changes(&self) -> Vec<Change<'_>> {
        let of = |series| self.changes_of(series);
        let mut changes: Vec<Change<'_>> = self.series.iter().flat_map(of).collect();
        changes.sort_by(|a, b| b.commit.cmp(a.commit));
        changes
    }

    fn changes_of<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = Change<'a>> {
        series.changes.iter().map(move |point| {
            let commit = &self.commits[series.values[point.at].0];
            Change { experiment: self, series, commit, point: *point }
        })
    }
}

/// What to say of each of these commits, in the order of time, at which the version of swath is another than before.
fn cautions(commits: &[Commit]) -> Vec<String> {
    let say = |pair: &[Commit]| {
        let what = version::differs(&pair[0].swath, &pair[1].swath)?;
        Some(format!("at {} {what}; values before and after it are not compared", pair[1].short()))
    };
    commits.windows(2).filter_map(say).collect()
}

/// The values of series `i`, version by version: the series, the index of the first value, and the values.
fn spans(i: usize, series: &Series, commits: &[Commit]) -> Vec<(usize, usize, Vec<f64>)> {
    let same = |a: &(usize, f64), b: &(usize, f64)| commits[a.0].same_version(&commits[b.0]);
    let mut first = 0;
    let span = |values: &[(usize, f64)]| {
        let begins = first;
        first += values.len();
        (i, begins, values.iter().map(|&(_, value)| value).collect())
    };
    series.values.chunk_by(same).map(span).collect()
}

/// A change of one series.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Its experiment.
    pub experiment: &'a Experiment,
    /// The series.
    pub series: &'a Series,
    /// The first commit of the new level.
    pub commit: &'a Commit,
    /// The levels, and how sure it is.
    pub point: ChangePoint,
}

impl Change<'_> {
    /// By how many per cent of the level before it changed; `None` where that was 0.
    pub fn percent(&self) -> Option<f64> {
        let ChangePoint { before, after, .. } = self.point;
        share(after - before, before).map(|share| 100.0 * share)
    }

    /// Whether it became better; `None` where it is not known which direction is.
    pub fn is_better(&self) -> Option<bool> {
        Some((self.point.after > self.point.before) == higher_is_better(&self.series.measure)?)
    }

    /// In one line.
    pub fn sentence(&self) -> String {
        let Series { retriever, point, measure, .. } = self.series;
        let [before, after] = self.levels();
        let judged = match self.is_better() {
            Some(true) => ", better",
            Some(false) => ", worse",
            None => "",
        };
        let label = crate::record::label(retriever, point);
        let size = self.size_text();
        format!("{}: {measure} of {label}: {before} -> {after} ({size}{judged})", self.commit.short())
    }

    /// Both levels with as many digits as tell them apart.
    pub fn levels(&self) -> [String; 2] {
        let levels = [self.point.before, self.point.after];
        let plain = levels.map(three_digits);
        if plain[0] != plain[1] {
            return plain;
        }
        let with = |digits: usize| levels.map(|level| decimals(level, digits));
        (4..12).map(with).find(|texts| texts[0] != texts[1]).unwrap_or(plain)
    }

    /// By how much it changed, with its sign: in per cent, or where the level before was 0 as it is.
    pub fn size_text(&self) -> String {
        let ChangePoint { before, after, .. } = self.point;
        let small = |change: f64| format!("{}{}", if change < 0.0 { "-" } else { "+" }, three_digits(change.abs()));
        match self.percent() {
            Some(percent) if percent.abs() < 0.1 => small(percent) + " %",
            Some(percent) => signed(percent, 1) + " %",
            None => small(after - before),
        }
    }
}

/// The measure of that name, if this version knows it.
fn measure(name: &str) -> Option<Measure> {
    Measure::cost(name).or_else(|| MetricName::find(name).map(Measure::Metric))
}

/// Whether more of it is better, if that is known.
fn higher_is_better(name: &str) -> Option<bool> {
    if name == RELATIVE_TIME { Some(false) } else { measure(name).map(Measure::higher_is_better) }
}

/// What it is, for a sentence.
fn words(name: &str) -> String {
    if name == RELATIVE_TIME {
        return "time per query, in those of the reference".into();
    }
    measure(name).map_or_else(|| name.to_owned(), |measure| measure.words().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_utc() {
        let told = |text: &str| utc(text).ok();
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00.75Z", "2026-01-31T12:00:00Z"),
            ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
            ("2026-12-31T20:00:00-05:30", "2027-01-01T01:30:00Z"),
        ] {
            assert_eq!(told(text).as_deref(), Some(expected), "{text}");
        }
        // The last two are moved by their offset out of the years that can be written.
        for text in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+25:00",
            "\u{e9}+01:00",
            "1970-01-01T00:30:00+01:00",
            "9999-12-31T23:30:00-01:00",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn levels_are_told_apart() {
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
