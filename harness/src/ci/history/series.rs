//! The measures of an experiment over commits, and their changes.

use super::names::higher_is_better;
use super::{Commit, HistoryRow};
use crate::plot::format::{decimals, signed, three_digits};
use crate::statistics::change_points::{self, ChangePoint};
use crate::statistics::effect::share;
use crate::version;
use std::collections::{BTreeMap, BTreeSet};

/// One measure of one trial over commits.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which the trial differs from the retriever's other points.
    pub point: String,
    /// The trial's id at the newest commit. The id may change with the version of swath.
    pub trial: String,
    /// The measure.
    pub measure: String,
    /// Index in [`ExperimentHistory::commits`] and value, in order.
    pub values: Vec<(usize, f64)>,
    /// Indices of `values` at which a new version of swath begins.
    pub new_versions: Vec<usize>,
    /// Its changes; [`ChangePoint::at`] is an index of `values`.
    pub changes: Vec<ChangePoint>,
}

/// An experiment over commits.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentHistory {
    /// Its name.
    pub name: String,
    /// Its dataset.
    pub dataset: String,
    /// Commits, ordered by time.
    pub commits: Vec<Commit>,
    /// Measures of trials, ordered by the oldest commit that has them.
    pub series: Vec<Series>,
}

impl ExperimentHistory {
    /// Groups the rows of an experiment into series, and finds the changes of each series at this significance level.
    pub(super) fn new(name: &str, dataset: &str, rows: &[&HistoryRow], level: f64) -> Self {
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
        // Each version's values are examined separately: a new version may define a measure differently.
        let spans: Vec<Span> = series.iter().enumerate().flat_map(|(i, one)| spans(i, one, &commits)).collect();
        let values: Vec<Vec<f64>> = spans.iter().map(|span| span.values.clone()).collect();
        // The seed is fixed, so that the same file gives the same changes.
        for (Span { series: i, first, .. }, found) in spans.iter().zip(change_points::of_all(&values, level, 0)) {
            series[*i].new_versions.extend((*first > 0).then_some(*first));
            series[*i].changes.extend(found.into_iter().map(|point| ChangePoint { at: first + point.at, ..point }));
        }
        Self { name: name.to_owned(), dataset: dataset.to_owned(), commits, series }
    }

    /// The name, with the dataset if its name differs.
    pub fn title(&self) -> String {
        if self.dataset.is_empty() || self.name == self.dataset {
            return self.name.clone();
        }
        format!("{} on {}", self.name, self.dataset)
    }

    /// Names of the measures, each once, in the order of `series`.
    pub fn measures(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for one in &self.series {
            if !names.contains(&one.measure.as_str()) {
                names.push(&one.measure);
            }
        }
        names
    }

    /// Indices of the commits at which a new version of swath begins.
    pub fn new_versions(&self) -> Vec<usize> {
        (1..self.commits.len()).filter(|&i| !self.commits[i].same_version(&self.commits[i - 1])).collect()
    }

    /// A caution for each commit at which a new version of swath begins.
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

/// A caution for each commit at which a new version of swath begins. The commits are ordered by time.
pub(super) fn cautions(commits: &[Commit]) -> Vec<String> {
    let say = |pair: &[Commit]| {
        let what = version::differs(&pair[0].swath, &pair[1].swath)?;
        Some(format!("at {} {what}; values before and after this commit are not compared", pair[1].short()))
    };
    commits.windows(2).filter_map(say).collect()
}

/// The values of one series with one version of swath.
struct Span {
    /// The index of the series.
    series: usize,
    /// The index of the first value.
    first: usize,
    values: Vec<f64>,
}

/// The values of series `i`, version by version.
fn spans(i: usize, series: &Series, commits: &[Commit]) -> Vec<Span> {
    let same = |a: &(usize, f64), b: &(usize, f64)| commits[a.0].same_version(&commits[b.0]);
    let mut first = 0;
    let span = |values: &[(usize, f64)]| {
        let begins = first;
        first += values.len();
        Span { series: i, first: begins, values: values.iter().map(|&(_, value)| value).collect() }
    };
    series.values.chunk_by(same).map(span).collect()
}

/// A change of one series.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Its experiment.
    pub experiment: &'a ExperimentHistory,
    /// The series.
    pub series: &'a Series,
    /// The first commit of the new level.
    pub commit: &'a Commit,
    /// The levels before and after, and the p-value.
    pub point: ChangePoint,
}

impl Change<'_> {
    /// The change in per cent of the level before; `None` if that was 0.
    pub fn percent(&self) -> Option<f64> {
        let ChangePoint { before, after, .. } = self.point;
        share(after - before, before).map(|share| 100.0 * share)
    }

    /// Whether it is an improvement; `None` if the better direction is unknown.
    pub fn is_better(&self) -> Option<bool> {
        Some((self.point.after > self.point.before) == higher_is_better(&self.series.measure)?)
    }

    /// The change in one line.
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

    /// Both levels, with enough digits to tell them apart.
    pub fn levels(&self) -> [String; 2] {
        let levels = [self.point.before, self.point.after];
        let plain = levels.map(three_digits);
        if plain[0] != plain[1] {
            return plain;
        }
        let with = |digits: usize| levels.map(|level| decimals(level, digits));
        (4..12).map(with).find(|texts| texts[0] != texts[1]).unwrap_or(plain)
    }

    /// The size of the change with its sign: in per cent, or as a difference if the level before was 0.
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
