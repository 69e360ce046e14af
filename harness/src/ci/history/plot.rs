//! Figures: each measure of each experiment over commits, a panel for each retriever.

use super::names::{higher_is_better, words};
use super::page::{self, count};
use super::{Change, Commit, ExperimentHistory, History, Series};
use crate::config::Failure;
use crate::escape;
use crate::plot::axis::{Axis, Ends, axis_title};
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, PALE, SMALL, TEXT, fit, text_width};
use crate::plot::format::{cell, cell_or_empty, number, p_cell};
use crate::plot::frame::Legend;
use crate::plot::{Marker, Size};
use crate::record::label;
use crate::record::output_folder::{FolderKind, OutputFolder};
use crate::report::ReportError;
use crate::report::plots::{Picture, Plots};
use std::collections::BTreeSet;
use std::path::Path;

/// A panel has at most this many lines, so that they can be told apart.
pub const LINES: usize = 4;

/// An axis is logarithmic if the largest value is more than this many times the smallest.
const FAR: f64 = 5.0;

const TOP: f64 = 28.0;
const GAP: f64 = 14.0;
const RIGHT: f64 = 14.0;
/// Smallest distance between the numbers beside an axis.
const ROOM: f64 = 21.0;
/// Height of a row of commits above the panels.
const ROW: f64 = 18.0;

/// Writes `changes.csv`, figures and the page of a history into a folder. Returns the changes, a line each, newest first;
/// and a note if there are characters that figures cannot show.
///
/// # Errors
/// [`Failure::Run`].
pub fn write(history: &History, level: f64, folder: &Path) -> Result<(Vec<String>, Option<String>), Failure> {
    let failed = |error: ReportError| match error {
        ReportError::File(error) => error.into(),
        error => Failure::Run(format!("cannot write {}: {error}", folder.display())),
    };
    let out = OutputFolder::open(folder, &[FolderKind::History])?;
    out.tidy();
    out.refuse(|_| true, &["changes.csv", "plots/captions.txt", "index.html"].map(str::to_owned))?;
    let experiments = history.experiments(level);
    let mut changes: Vec<Change<'_>> = experiments.iter().flat_map(ExperimentHistory::changes).collect();
    changes.sort_by(|a, b| b.commit.cmp(a.commit));
    let table = csv(&changes).map_err(|error| failed(error.into()))?;
    out.write("changes.csv", &table)?;
    let mut plots = Plots::new(&out, &[Size::Column]);
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut used = BTreeSet::new();
    let mut pictures = Vec::new();
    for experiment in &experiments {
        let charts = experiment.measures().into_iter().map(|measure| Chart { experiment, measure });
        let mut own = Vec::new();
        for chart in charts {
            let mut name = chart.file_name();
            while !used.insert(name.clone()) {
                name.push('-');
            }
            own.push(name.clone());
            pictures.push(Picture { name, caption: chart.caption(), draw: Box::new(move |size| chart.draw(size)) });
        }
        names.push(own);
    }
    plots.draw(&pictures).map_err(failed)?;
    let lacking = plots.lacking();
    let drawn = plots.finish().map_err(failed)?;
    let text = page::page(&experiments, &changes, level, &drawn, &names);
    out.write("index.html", text.as_bytes())?;
    out.settle();
    let several = experiments.len() > 1;
    let line = |change: &Change<'_>| {
        let sentence = change.sentence();
        if several { format!("{sentence} [{}]", change.experiment.title()) } else { sentence }
    };
    Ok((changes.iter().map(line).collect(), lacking))
}

/// A row for each change, newest first; p is empty if the measure has no noise.
fn csv(changes: &[Change<'_>]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "commit",
        "time",
        "experiment",
        "dataset",
        "measure",
        "retriever",
        "point",
        "trial",
        "before",
        "after",
        "change_percent",
        "p",
        "direction",
    ])?;
    let text = |text: &String| escape::csv(text).into_owned();
    for change in changes {
        let (series, experiment, point) = (change.series, change.experiment, change.point);
        let mut cells =
            [&change.commit.sha, &change.commit.time, &experiment.name, &experiment.dataset].map(text).to_vec();
        cells.extend([&series.measure, &series.retriever, &series.point, &series.trial].map(text));
        cells.extend([point.before, point.after].map(cell));
        cells.push(cell_or_empty(change.percent()));
        cells.push(point.p.map_or_else(String::new, p_cell));
        cells.push(change.is_better().map_or("", |better| if better { "better" } else { "worse" }).to_owned());
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// One measure of an experiment.
struct Chart<'h> {
    experiment: &'h ExperimentHistory,
    measure: &'h str,
}

/// A retriever's lines.
struct Panel<'h> {
    lines: Vec<&'h Series>,
    /// Trials that are not drawn.
    hidden: usize,
}

/// The horizontal extent of the panels, and how many commits it holds.
#[derive(Clone, Copy)]
struct Across {
    left: f64,
    right: f64,
    commits: usize,
}

impl Across {
    /// The horizontal place of a commit.
    fn place(self, commit: usize) -> f64 {
        const MARGIN: f64 = 7.0;
        if self.commits < 2 {
            return f64::midpoint(self.left, self.right);
        }
        let share = commit as f64 / (self.commits - 1) as f64;
        self.left + MARGIN + share * (self.right - self.left - 2.0 * MARGIN)
    }
}

impl Panel<'_> {
    fn axis(&self, places: Ends) -> Axis {
        let values = || self.lines.iter().flat_map(|line| line.values.iter().map(|&(_, value)| value));
        let (least, most) = values().fold((f64::INFINITY, 0.0_f64), |(least, most), v| (least.min(v), most.max(v)));
        if least > 0.0 && most > FAR * least { Axis::log(values(), places) } else { Axis::linear(values(), places) }
    }

    /// The numbers beside its axis, thinned so that they do not overlap.
    fn ticks(&self, places: Ends) -> Vec<(f64, String)> {
        let axis = self.axis(places);
        let ticks: Vec<(f64, String)> =
            axis.ticks().into_iter().map(|tick| (tick.at, long(tick.value, tick.text))).collect();
        let least = ticks.windows(2).map(|pair| (pair[1].0 - pair[0].0).abs()).fold(f64::INFINITY, f64::min);
        let every = if least < ROOM { (ROOM / least).ceil() as usize } else { 1 };
        ticks.into_iter().step_by(every).collect()
    }

    fn legend(&self, size: Size) -> Legend {
        let entry = |(i, line): (usize, &&Series)| (Marker::new(i), label(&line.retriever, &line.point));
        Legend::new(size, self.lines.iter().enumerate().map(entry))
    }
}

impl<'h> Chart<'h> {
    fn file_name(&self) -> String {
        let measure = self.measure.replace('_', "-").replace(')', "");
        escape::file(&format!("history-{} {measure}", self.experiment.name))
    }

    fn series(&self) -> impl Iterator<Item = &'h Series> {
        self.experiment.series.iter().filter(|series| series.measure == self.measure)
    }

    /// A panel for each retriever, with at most [`LINES`] trials: always the first, and preferably those that changed.
    fn panels(&self) -> Vec<Panel<'h>> {
        let mut names: Vec<&str> = Vec::new();
        for series in self.series() {
            if !names.contains(&series.retriever.as_str()) {
                names.push(&series.retriever);
            }
        }
        let panel = |name: &&str| {
            let own: Vec<&Series> = self.series().filter(|series| series.retriever == *name).collect();
            // Trials that changed come first, then the others, each in the order of the file.
            let mut order: Vec<usize> = (0..own.len()).collect();
            order.sort_by_key(|&i| own[i].changes.is_empty());
            order.truncate(LINES);
            if !order.contains(&0) {
                order.pop();
                order.push(0);
            }
            order.sort_unstable();
            Panel { hidden: own.len() - order.len(), lines: order.into_iter().map(|i| own[i]).collect() }
        };
        names.iter().map(panel).collect()
    }

    fn caption(&self) -> String {
        let panels = self.panels();
        let (hidden, changes) = (
            panels.iter().map(|panel| panel.hidden).sum::<usize>(),
            panels.iter().flat_map(|panel| &panel.lines).map(|line| line.changes.len()).sum::<usize>(),
        );
        let what = match changes {
            0 => "no change found".to_owned(),
            1 => "one change, dashed, at its commit; bold: the levels before and after".to_owned(),
            _ => format!("{changes} changes, dashed, at their commits; bold: the levels between them"),
        };
        let rest = match hidden {
            0 => String::new(),
            _ => format!(
                " {hidden} more trials are not drawn: a panel shows at most {LINES}, preferably those that changed."
            ),
        };
        let name = if words(self.measure) == self.measure { String::new() } else { format!(" ({})", self.measure) };
        let versions = match self.experiment.new_versions().as_slice() {
            [] => "",
            [_] => " The vertical line marks a new version of swath: values before and after it are not compared.",
            _ => " Vertical lines mark new versions of swath: values before and after them are not compared.",
        };
        format!(
            "{}: {}{name} over {}; {what}.{versions}{rest}",
            self.experiment.title(),
            words(self.measure),
            count(self.experiment.commits.len(), "commit")
        )
    }

    /// Commits at which a drawn line changes.
    fn changed(panels: &[Panel<'_>]) -> BTreeSet<usize> {
        let lines = panels.iter().flat_map(|panel| &panel.lines);
        lines.flat_map(|line| line.changes.iter().map(|change| line.values[change.at].0)).collect()
    }

    fn draw(&self, size: Size) -> Drawing {
        let panels = self.panels();
        let changed = Self::changed(&panels);
        let height = match panels.len() {
            0 | 1 => 0.8 * size.plot_height(),
            2 | 3 => 0.5 * size.plot_height(),
            _ => 0.33 * size.plot_height(),
        };
        let ticks = panels.iter().flat_map(|panel| panel.ticks(Ends { from: height, to: 0.0 }));
        let widest = ticks.map(|(_, text)| text_width(&text, SMALL)).fold(0.0, f64::max);
        let commits = &self.experiment.commits;
        let across = Across { left: 17.0 + widest, right: size.width() - RIGHT, commits: commits.len() };
        let versions = self.experiment.new_versions();
        let named = named(&changed, &versions, commits);
        let (marks, rows) = above(&named, across, size);
        let mut top = TOP + ROW * rows as f64;
        // For each panel: the top of its legend, the top of its area, and the bottom.
        let mut places = Vec::new();
        for panel in &panels {
            let legend = panel.legend(size).height();
            places.push((top, top + legend, top + legend + height));
            top += legend + height + GAP;
        }
        let bottom = top - GAP;
        let mut drawing = Drawing::new(size, bottom + 56.0);
        let what = higher_is_better(self.measure)
            .map_or_else(|| words(self.measure), |better| axis_title(&words(self.measure), better));
        let what = fit(&what, TEXT, size.width() - 14.0);
        drawing.text((7.0, 14.0), &what, TEXT, BLACK, Anchor::Left);
        for Mark { row, place, at, text } in &marks {
            drawing.line(&[(*place, TOP + ROW * (*row as f64) + 15.0), (*place, bottom)], PALE, 1.0, 1.6);
            drawing.text((*at, TOP + ROW * (*row as f64) + 6.0), text, SMALL, BLACK, Anchor::Centre);
        }
        for &version in &versions {
            let place = across.place(version);
            drawing.line(&[(place, TOP + ROW * rows as f64), (place, bottom)], GREY, 1.0, 1.6);
        }
        for (panel, &(legend, above, below)) in panels.iter().zip(&places) {
            panel.legend(size).draw(&mut drawing, legend);
            panel.draw(&mut drawing, across, Ends { from: below, to: above }, &changed);
        }
        let spaced = below(commits, across);
        for &(at, text) in &spaced {
            drawing.line(&[(at, bottom), (at, bottom + 4.0)], BLACK, 1.0, 1.0);
            drawing.text((at, bottom + 8.0), text, SMALL, BLACK, Anchor::Top);
        }
        let title = "commits, oldest first";
        drawing.text((f64::midpoint(across.left, across.right), bottom + 29.0), title, TEXT, BLACK, Anchor::Top);
        drawing
    }
}

impl Panel<'_> {
    fn draw(&self, drawing: &mut Drawing, across: Across, places: Ends, changed: &BTreeSet<usize>) {
        let axis = self.axis(places);
        let Ends { from: bottom, to: top } = places;
        for (at, text) in self.ticks(places) {
            drawing.line(&[(across.left, at), (across.right, at)], PALE, 1.0, 0.8);
            drawing.text((across.left - 7.0, at), &text, SMALL, BLACK, Anchor::Right);
        }
        for &commit in changed {
            let at = across.place(commit);
            let own = self.lines.iter().any(|line| line.changes.iter().any(|c| line.values[c.at].0 == commit));
            if own {
                drawing.dashes(&[(at, top), (at, bottom)], GREY, 1.2);
            }
        }
        let corners = [(across.left, top), (across.left, bottom), (across.right, bottom)];
        drawing.line(&corners, BLACK, 1.0, 1.0);
        let radius = if across.commits > 40 { 2.4 } else { 3.4 };
        for (i, line) in self.lines.iter().enumerate() {
            let marker = Marker::new(i);
            let point = |&(commit, value): &(usize, f64)| Some((across.place(commit), axis.place(value)?));
            let points = |values: &[(usize, f64)]| values.iter().filter_map(point).collect::<Vec<_>>();
            let breaks = std::iter::once(0).chain(line.new_versions.iter().copied()).chain([line.values.len()]);
            for ends in breaks.collect::<Vec<_>>().windows(2) {
                drawing.line(&points(&line.values[ends[0]..ends[1]]), marker.ink, 0.55, 1.2);
            }
            let points = points(&line.values);
            points.iter().for_each(|&point| marker.draw(drawing, point, radius));
            for (from, to, level) in levels(line) {
                let Some(y) = axis.place(level) else { continue };
                let ends = [from, to].map(|at| (across.place(line.values[at].0), y));
                drawing.line(&ends, marker.ink, 1.0, 2.6);
            }
        }
    }
}

/// The text of a number; a large one has its thousands separated.
fn long(value: f64, text: String) -> String {
    if value.abs() >= 1e4 { number(value) } else { text }
}

/// The levels of a line that changed: index of the first value, of the last, and the level. Each level stays within one
/// version of swath.
fn levels(line: &Series) -> Vec<(usize, usize, f64)> {
    let mut levels = Vec::new();
    for (i, change) in line.changes.iter().enumerate() {
        let versions = || line.new_versions.iter().copied();
        let first = versions().filter(|&at| at <= change.at).max().unwrap_or(0);
        let end = versions().find(|&at| at > change.at).unwrap_or(line.values.len());
        let is_first = i.checked_sub(1).is_none_or(|before| line.changes[before].at < first);
        let next = line.changes.get(i + 1).map_or(end, |next| next.at.min(end));
        levels.extend(is_first.then_some((first, change.at - 1, change.before)));
        levels.push((change.at, next - 1, change.after));
    }
    levels
}

/// Texts above the panels, with the index of their commit: names of commits at which a line changes, and new versions of
/// swath.
fn named(changed: &BTreeSet<usize>, versions: &[usize], commits: &[Commit]) -> Vec<(usize, String)> {
    let all: BTreeSet<usize> = changed.iter().chain(versions).copied().collect();
    let name = |commit: usize| {
        let Commit { swath, .. } = &commits[commit];
        let short = commits[commit].short();
        match (changed.contains(&commit), versions.contains(&commit)) {
            (true, true) => format!("{short}, swath {swath}"),
            (false, true) => format!("swath {swath}"),
            _ => short.to_owned(),
        }
    };
    all.into_iter().map(|commit| (commit, name(commit))).collect()
}

/// A commit's name above the panels.
struct Mark<'c> {
    row: usize,
    /// The horizontal place of the commit.
    place: f64,
    /// The middle of its name.
    at: f64,
    text: &'c str,
}

/// Places commits' names above the panels, in at most two rows, so that they do not overlap. Returns them and the number of
/// rows. Names that do not fit are left out; the page's text has them.
fn above(named: &[(usize, String)], across: Across, size: Size) -> (Vec<Mark<'_>>, usize) {
    const ROWS: usize = 2;
    let mut free = [f64::NEG_INFINITY; ROWS];
    let mut marks = Vec::new();
    for (commit, text) in named {
        let half = text_width(text, SMALL) / 2.0;
        let place = across.place(*commit);
        let at = place.min(size.width() - half - 2.0);
        if let Some(row) = (0..ROWS).find(|&row| at - half > free[row]) {
            free[row] = at + half + 6.0;
            marks.push(Mark { row, place, at, text });
        }
    }
    let rows = marks.iter().map(|mark| mark.row + 1).max().unwrap_or(0);
    (marks, rows)
}

/// Commits' names below the panels, evenly thinned so that they do not overlap.
fn below(commits: &[Commit], across: Across) -> Vec<(f64, &str)> {
    let widest = commits.iter().map(|commit| text_width(commit.short(), SMALL)).fold(0.0, f64::max) + 12.0;
    let most = ((across.right - across.left) / widest).floor().max(1.0) as usize;
    let every = commits.len().div_ceil(most).max(1);
    let shown = commits.iter().enumerate().step_by(every);
    let placed = shown.map(|(i, commit)| (across.place(i), commit.short()));
    placed.filter(|&(at, text)| at + text_width(text, SMALL) / 2.0 < across.right + RIGHT).collect()
}
