//! The report of a sweep: how metrics and costs change with n, dimension and k.

use super::ReportError;
use super::page::{document, figure};
use super::plots::{Drawn, Plots};
use super::write;
use crate::config::{Failure, ReportSpec};
use crate::escape;
use crate::findings::summary::{Row, Summary};
use crate::metrics::MetricName;
use crate::plan::Cell;
use crate::plot::Marker;
use crate::plot::Size;
use crate::plot::axis::{Axis, has_place, left_out};
use crate::plot::drawing::{Anchor, BLACK, Drawing, TEXT, fit};
use crate::plot::format::number;
use crate::plot::format::{cell, cell_or_empty, decimals};
use crate::plot::frame::Frame;
use crate::record::folder::SWEEP;
use crate::record::manifest::Manifest;
use crate::record::manifest::TrialRecord;
use crate::record::output_folder::OutputFolder;
use crate::record::output_folder::{self, Kind, is_cell_name};
use maud::html;
use std::collections::BTreeSet;
use std::path::Path;
use swath_datasets::bounded;

/// A cell that ran.
pub struct Ran {
    /// Which one.
    pub cell: Cell,
    /// What it found; `None` if no trial succeeded.
    pub summary: Option<Summary>,
    /// Under what circumstances.
    pub manifest: Manifest,
}

impl Ran {
    /// For what room its experiment wants figures.
    pub fn sizes(&self) -> Vec<Size> {
        let report = self.manifest.experiment.report::<ReportSpec>().ok().flatten();
        report.map_or_else(Vec::new, |report| report.sizes)
    }
}

/// Writes the reports of all cells and the one above them from their result files alone, with `spec` as in
/// [`experiment::report`].
///
/// # Errors
/// As [`experiment::report`].
pub fn report(folder: &Path, spec: Option<&ReportSpec>) -> Result<Vec<Ran>, Failure> {
    let out = OutputFolder::open(folder, &[Kind::Sweep])?;
    out.tidy();
    let ran = report_into(&out, spec)?;
    out.settle();
    Ok(ran)
}

/// Writes the reports of all cells and the one above them, into a folder that is open.
///
/// # Errors
/// As [`report()`].
pub fn report_into(out: &OutputFolder, spec: Option<&ReportSpec>) -> Result<Vec<Ran>, Failure> {
    let folder = out.path();
    let path = folder.join(SWEEP);
    let unreadable = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let text = bounded::read_text(&path, bounded::TEXT).map_err(|error| unreadable(&error))?;
    let cells: Vec<Cell> = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    if let Some(cell) = cells.iter().find(|cell| !is_cell_name(&cell.folder)) {
        let message = format!("{}: `{}` is no name of a cell, such as `n=1000,k=5`", path.display(), cell.folder);
        return Err(Failure::Input(message + "; it was not written by swath"));
    }
    out.refuse(|name| name != SWEEP, &["scale.csv", "plots/captions.txt", "index.html"].map(str::to_owned))?;
    let mut ran = Vec::new();
    for cell in cells {
        let (summary, manifest, _) = write::report(&output_folder::inside(folder, &cell.folder)?, spec)?;
        ran.push(Ran { cell, summary, manifest });
    }
    write_above(out, &ran)?;
    Ok(ran)
}

const LEGEND_ROW: f64 = 22.0;

/// Writes `scale.csv`, the figures and `index.html`, each whole.
///
/// # Errors
/// [`ReportError`].
pub(super) fn write_above(out: &OutputFolder, ran: &[Ran]) -> Result<(), ReportError> {
    out.write("scale.csv", &csv(ran)?)?;
    let sizes: Vec<Size> = ran.first().map_or_else(Vec::new, Ran::sizes);
    let mut plots = Plots::new(out, &sizes);
    for figure in figures(ran) {
        plots.draw(&figure.name, figure.caption(), |size| figure.draw(size))?;
    }
    out.write("index.html", page(ran, &plots.finish()?).as_bytes())?;
    Ok(())
}

/// A cost of a trial, by name.
type Cost = (&'static str, fn(&Row) -> f64);

/// What is drawn beside the metrics.
const COSTS: [Cost; 3] = [
    ("queries/s", |row| row.timing.qps),
    ("evaluations", |row| row.evaluations.iter().sum()),
    ("build seconds", |row| row.build_seconds),
];

/// The mean distance to a base vector over that to the nearest.
fn contrast(ran: &Ran) -> Option<f64> {
    let findings = &ran.manifest.diagnosis.as_ref()?.findings;
    Some(findings.iter().find(|finding| finding.name == "relative contrast")?.measured?.value)
}

/// The metrics that any cell measured, in the order of the first that has each: what a cell can measure depends on its k.
fn metrics<'a>(ran: impl IntoIterator<Item = &'a Ran>) -> Vec<MetricName> {
    let mut metrics = Vec::new();
    for &metric in ran.into_iter().filter_map(|one| one.summary.as_ref()).flat_map(|summary| &summary.metrics) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

/// A row for each trial of each cell that succeeded: where it is, each metric with its interval, what it costs.
fn csv(ran: &[Ran]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let metrics = metrics(ran);
    let mut header: Vec<String> = ["n", "dimension", "k", "retriever", "point"].map(str::to_owned).to_vec();
    let names = metrics.iter().map(|metric| metric.name());
    header.extend(names.flat_map(|name| ["", "_lo", "_hi"].map(|suffix| format!("{name}{suffix}"))));
    header.extend(["qps", "evaluations", "build_seconds", "relative_contrast"].map(str::to_owned));
    table.write_record(&header)?;
    for one in ran {
        let (dataset, k) = (&one.manifest.dataset, one.cell.k.get());
        let Some(summary) = &one.summary else { continue };
        for row in &summary.rows {
            let mut cells = [dataset.rows, dataset.dim].map(|size| size.to_string()).to_vec();
            cells.push(k.to_string());
            cells.extend([&row.retriever, &row.point].map(|text| escape::csv(text).into_owned()));
            for &metric in &metrics {
                let estimate = summary.estimate(row, metric);
                cells.extend(
                    [estimate.map(|e| e.mean), estimate.map(|e| e.lo), estimate.map(|e| e.hi)].map(cell_or_empty),
                );
            }
            cells.extend(COSTS.iter().map(|(_, cost)| cell(cost(row))));
            cells.push(cell_or_empty(contrast(one)));
            table.write_record(cells)?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// One trial, or the dataset, over the cells of a figure.
struct Line {
    label: String,
    /// Number of its marker.
    marker: usize,
    /// x and y, by rising x.
    points: Vec<(f64, f64)>,
}

/// One measure against one axis.
struct Figure {
    name: String,
    measure: String,
    axis: &'static str,
    /// What the other axes are at; empty where there are none.
    at: String,
    is_cost: bool,
    /// How many trials of its cells failed, and are missing in it.
    missing: usize,
    lines: Vec<Line>,
}

/// The sizes of a cell by axis.
fn sizes(ran: &Ran) -> [(&'static str, f64); 3] {
    let dataset = &ran.manifest.dataset;
    [("n", dataset.rows as f64), ("dimension", dataset.dim as f64), ("k", f64::from(ran.cell.k.get()))]
}

fn figures(ran: &[Ran]) -> Vec<Figure> {
    let Some(first) = ran.first() else { return Vec::new() };
    let varies = |axis: usize| ran.iter().any(|one| sizes(one)[axis].1 != sizes(first)[axis].1);
    let values = |axis: usize| {
        let mut values: Vec<u64> = ran.iter().map(|one| sizes(one)[axis].1 as u64).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    // Two values make no curve, unless there is nothing else to show.
    let most = (0..3).map(values).max().unwrap_or(0);
    let mut all = Vec::new();
    for axis in (0..3).filter(|&axis| varies(axis) && values(axis) >= most.min(3)) {
        let others: Vec<usize> = (0..3).filter(|&other| other != axis && varies(other)).collect();
        let place = |one: &Ran| {
            let parts =
                others.iter().map(|&other| format!("{} = {}", sizes(one)[other].0, number(sizes(one)[other].1)));
            parts.collect::<Vec<_>>().join(", ")
        };
        let mut places: Vec<String> = ran.iter().map(place).collect();
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(place.clone()));
        for at in places {
            let members: Vec<&Ran> = ran.iter().filter(|one| place(one) == at).collect();
            all.extend(at_one_place(&members, axis, &at));
        }
    }
    all
}

/// The figures of cells that differ in one axis alone. A line joins a retriever's trials at one point of its grid: trials are
/// found by these in each cell, as any may have failed there.
fn at_one_place(members: &[&Ran], axis: usize, at: &str) -> Vec<Figure> {
    let Some(first) = members.first() else { return Vec::new() };
    let axis_name = sizes(first)[axis].0;
    let x = |one: &Ran| sizes(one)[axis].1;
    // All cells plan the same trials, and the manifest names those that failed, too.
    let planned = &first.manifest.trials;
    let lines = |value: &dyn Fn(&Summary, &Row) -> Option<f64>| {
        let line = |trial: &TrialRecord| {
            let rows: Vec<(&Ran, &Summary, &Row)> = members
                .iter()
                .filter_map(|one| {
                    let summary = one.summary.as_ref()?;
                    Some((*one, summary, summary.row_of(&trial.retriever, &trial.point)?))
                })
                .collect();
            let (_, _, row) = rows.first()?;
            let mut points: Vec<(f64, f64)> =
                rows.iter().filter_map(|(one, summary, row)| Some((x(one), value(summary, row)?))).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let before = planned.iter().take_while(|other| other.retriever != trial.retriever);
            let marker = before.map(|other| other.retriever.as_str()).collect::<BTreeSet<_>>().len();
            Some(Line { label: row.label(), marker, points })
        };
        planned.iter().filter_map(line).collect::<Vec<_>>()
    };
    let missing = members.iter().flat_map(|one| &one.manifest.trials).filter(|trial| trial.failed.is_some()).count();
    let figure = |measure: &str, is_cost: bool, missing: usize, lines| {
        let suffix = if at.is_empty() { String::new() } else { format!("-{}", at.replace(" = ", "-")) };
        let name = escape::file(&format!("{}-{axis_name}{suffix}", measure.replace('_', "-")));
        Figure { name, measure: measure.to_owned(), axis: axis_name, at: at.to_owned(), is_cost, missing, lines }
    };
    let mut figures: Vec<Figure> = Vec::new();
    for metric in metrics(members.iter().copied()) {
        let mean = |summary: &Summary, row: &Row| Some(summary.estimate(row, metric)?.mean);
        figures.push(figure(metric.name(), false, missing, lines(&mean)));
    }
    for (name, cost) in COSTS {
        figures.push(figure(name, true, missing, lines(&|_, row| Some(cost(row)))));
    }
    let contrasts: Vec<(f64, f64)> = members.iter().filter_map(|one| Some((x(one), contrast(one)?))).collect();
    let dataset = Line { label: "the dataset".into(), marker: 0, points: contrasts };
    figures.push(figure("relative contrast", true, 0, vec![dataset]));
    figures
}

impl Figure {
    fn caption(&self) -> String {
        let at = if self.at.is_empty() { String::new() } else { format!(", at {}", self.at) };
        let scale = if self.is_cost { " (both logarithmic)" } else { " (logarithmic)" };
        let fit = "With each line the fitted power of it and its standard error.";
        let missing = match self.missing {
            0 => String::new(),
            1 => " 1 trial failed and is missing here.".to_owned(),
            many => format!(" {many} trials failed and are missing here."),
        };
        let points = self.lines.iter().flat_map(|line| &line.points);
        let without = points.filter(|point| !has_place(point.1, self.is_cost)).count();
        let without = left_out(without, "point", self.is_cost);
        format!("{} against {}{scale}{at}. {fit}{missing}{without}", self.measure, self.axis)
    }

    fn draw(&self, size: Size) -> Drawing {
        let of = |part: fn(&(f64, f64)) -> f64| self.lines.iter().flat_map(move |line| line.points.iter().map(part));
        let heights = Frame::heights(size);
        let y = if self.is_cost { Axis::log(of(|p| p.1), heights) } else { Axis::linear(of(|p| p.1), heights) };
        let frame = Frame::new(size, &y);
        let x = Axis::log(of(|point| point.0), frame.across());
        let top = frame.below();
        let mut drawing = Drawing::new(size, top + LEGEND_ROW * self.lines.len() as f64);
        frame.draw(&mut drawing, &x, &y, (self.axis, &self.measure));
        for (i, Line { label, marker, points }) in self.lines.iter().enumerate() {
            let marker = Marker::new(*marker);
            let places: Vec<Option<(f64, f64)>> =
                points.iter().map(|&(a, b)| Some((x.place(a)?, y.place(b)?))).collect();
            // The line is broken where a point is left out.
            for part in places.split(Option::is_none) {
                drawing.line(&part.iter().flatten().copied().collect::<Vec<_>>(), marker.ink, 0.7, 1.2);
            }
            places.iter().flatten().for_each(|&at| marker.draw(&mut drawing, at, 5.0));
            let at = top + LEGEND_ROW * i as f64 + 8.0;
            marker.draw(&mut drawing, (14.0, at), 6.0);
            let power = fitted_power(points).map_or_else(String::new, |(power, error)| {
                format!(": ~ {}^{} (se {})", self.axis, decimals(power, 2), decimals(error, 2))
            });
            let text = fit(&format!("{label}{power}"), TEXT, size.width() - 40.0);
            drawing.text((27.0, at), &text, TEXT, BLACK, Anchor::Left);
        }
        drawing
    }
}

/// The power b of y ~ x^b by least squares over the logarithms, with its standard error; `None` for fewer than 3 points or
/// values that are not above 0.
pub fn fitted_power(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    if points.len() < 3 || points.iter().any(|&(x, y)| !has_place(x, true) || !has_place(y, true)) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x.ln(), y.ln())).collect();
    let mean = |part: fn(&(f64, f64)) -> f64| logs.iter().map(part).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let square = logs.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>();
    let power = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / square;
    let rest: f64 = logs.iter().map(|p| (p.1 - y - power * (p.0 - x)).powi(2)).sum();
    (square > 0.0).then(|| (power, (rest / (n - 2.0) / square).sqrt()))
}

fn page(ran: &[Ran], figures: &[Drawn]) -> String {
    let name = ran.first().map_or("", |one| one.manifest.experiment.name());
    let title = format!("{name}: a sweep over {} cells", ran.len());
    let lead = "Every metric and cost against what varies, with the fitted power of it";
    let failed: Vec<(&Ran, Vec<(&TrialRecord, &str)>)> = ran
        .iter()
        .map(|one| (one, one.manifest.failed().collect::<Vec<_>>()))
        .filter(|(_, failed)| !failed.is_empty())
        .collect();
    let main = html! {
        @if !failed.is_empty() {
            section.box.bad role="alert" {
                h2 { "Trials that failed" }
                ul { @for (one, trials) in &failed {
                    li {
                        strong { (one.cell.folder) }
                        @if one.summary.is_none() { ": no trial succeeded" }
                        ul { @for (trial, reason) in trials { li { (trial.label()) ": " (reason) } } }
                    }
                } }
            }
        }
        section {
            h2 { "Cells" }
            ul { @for one in ran {
                li {
                    @if one.summary.is_some() {
                        a href={ (one.cell.folder) "/index.html" } { (one.cell.folder) }
                    } @else {
                        (one.cell.folder) " (no trial succeeded)"
                    }
                    ": " (one.manifest.dataset.name) ", "
                    (number(one.manifest.dataset.rows as f64)) " base vectors of " (one.manifest.dataset.dim)
                    " dimensions, k = " (one.cell.k.get())
                }
            } }
            p.note { "All figures as a table: " a href="scale.csv" { "scale.csv" } "." }
        }
        section {
            h2 { "Figures" }
            div.figures { @for drawn in figures { (figure(drawn)) } }
        }
    };
    document(&title, env!("CARGO_PKG_VERSION"), lead, &main, None)
}

#[cfg(test)]
mod tests {
    use super::fitted_power;

    #[test]
    fn a_power_law_is_found_and_what_is_none_has_an_error() {
        let exact: Vec<(f64, f64)> = [1.0, 10.0, 50.0, 400.0].iter().map(|&x: &f64| (x, 3.0 * x.powf(0.75))).collect();
        let (power, error) = fitted_power(&exact).expect("a fit");
        assert!((power - 0.75).abs() < 1e-12 && error < 1e-7, "{power} {error}");
        // By hand: logs (0, 0), (1, 1), (2, 1) have slope 1/2 and residual squares 1/6 in all.
        let e = std::f64::consts::E;
        let (power, error) = fitted_power(&[(1.0, 1.0), (e, e), (e * e, e)]).expect("a fit");
        assert!((power - 0.5).abs() < 1e-12 && (error - (1.0_f64 / 12.0).sqrt()).abs() < 1e-12, "{power} {error}");
        assert_eq!(fitted_power(&exact[..2]), None);
        assert_eq!(fitted_power(&[(1.0, 1.0), (2.0, 0.0), (3.0, 1.0)]), None);
    }
}
