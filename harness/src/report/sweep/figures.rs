//! Figures of a sweep: each metric and expense against each axis, with the fitted power of it.

use super::{CellReport, EXPENSES, metrics};
use crate::escape;
use crate::findings::summary::{Summary, TrialRow};
use crate::plot::axis::{Axis, has_place, left_out};
use crate::plot::drawing::{Anchor, BLACK, Drawing, TEXT, fit};
use crate::plot::format::{decimals, number};
use crate::plot::frame::Frame;
use crate::plot::{Marker, Size};
use crate::record::manifest::TrialRecord;
use std::collections::BTreeSet;

/// Height of a line of the legend.
const LEGEND_ROW: f64 = 22.0;

/// One trial, or the dataset, over the cells of a figure.
struct SweepLine {
    label: String,
    /// Number of its marker.
    marker: usize,
    /// x and y, by rising x.
    points: Vec<(f64, f64)>,
}

/// One measure against one axis.
pub struct SweepFigure {
    /// Its file's name, without extension.
    pub name: String,
    measure: String,
    axis: &'static str,
    /// The values of the other axes; empty if no other axis varies.
    at: String,
    /// Whether the axis upwards is logarithmic.
    is_log: bool,
    /// Trials of its cells that failed, and are missing in it.
    missing: usize,
    lines: Vec<SweepLine>,
}

/// The three axes of a sweep, with the value of a cell on each.
fn axes(cell: &CellReport) -> [(&'static str, f64); 3] {
    let dataset = &cell.manifest.dataset;
    [("n", dataset.rows as f64), ("dimension", dataset.dim as f64), ("k", f64::from(cell.cell.k.get()))]
}

/// Every measure against every axis that varies, at each combination of the other axes.
pub fn figures(cells: &[CellReport]) -> Vec<SweepFigure> {
    let Some(first) = cells.first() else { return Vec::new() };
    let varies = |axis: usize| cells.iter().any(|one| axes(one)[axis].1 != axes(first)[axis].1);
    let values = |axis: usize| {
        let mut values: Vec<u64> = cells.iter().map(|one| axes(one)[axis].1 as u64).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    // An axis of two values is shown only if no axis has more.
    let most = (0..3).map(values).max().unwrap_or(0);
    let mut all = Vec::new();
    for axis in (0..3).filter(|&axis| varies(axis) && values(axis) >= most.min(3)) {
        let others: Vec<usize> = (0..3).filter(|&other| other != axis && varies(other)).collect();
        let place = |one: &CellReport| {
            let parts = others.iter().map(|&other| format!("{} = {}", axes(one)[other].0, number(axes(one)[other].1)));
            parts.collect::<Vec<_>>().join(", ")
        };
        let mut places: Vec<String> = cells.iter().map(place).collect();
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(place.clone()));
        for at in places {
            let members: Vec<&CellReport> = cells.iter().filter(|one| place(one) == at).collect();
            all.extend(at_one_place(&members, axis, &at));
        }
    }
    all
}

/// The figures of cells that differ only in one axis. A line joins the trials of a retriever at one point of its grid. They are
/// found by retriever and point, because any may have failed in a cell.
fn at_one_place(members: &[&CellReport], axis: usize, at: &str) -> Vec<SweepFigure> {
    let Some(first) = members.first() else { return Vec::new() };
    let axis_name = axes(first)[axis].0;
    let x = |one: &CellReport| axes(one)[axis].1;
    // All cells plan the same trials, and the manifest includes those that failed.
    let planned = &first.manifest.trials;
    let lines = |value: &dyn Fn(&Summary, &TrialRow) -> Option<f64>| {
        let line = |trial: &TrialRecord| {
            let rows: Vec<(&CellReport, &Summary, &TrialRow)> = members
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
            Some(SweepLine { label: row.label(), marker, points })
        };
        planned.iter().filter_map(line).collect::<Vec<_>>()
    };
    let missing = members.iter().flat_map(|one| &one.manifest.trials).filter(|trial| trial.failed.is_some()).count();
    let figure = |measure: &str, is_log: bool, missing: usize, lines| {
        let suffix = if at.is_empty() { String::new() } else { format!("-{}", at.replace(" = ", "-")) };
        let name = escape::file(&format!("{}-{axis_name}{suffix}", measure.replace('_', "-")));
        SweepFigure { name, measure: measure.to_owned(), axis: axis_name, at: at.to_owned(), is_log, missing, lines }
    };
    let mut figures: Vec<SweepFigure> = Vec::new();
    for metric in metrics(members.iter().copied()) {
        let mean = |summary: &Summary, row: &TrialRow| Some(summary.estimate(row, metric)?.mean);
        figures.push(figure(metric.name(), false, missing, lines(&mean)));
    }
    for expense in EXPENSES {
        figures.push(figure(expense.name(), true, missing, lines(&|_, row| Some(expense.of(row)))));
    }
    let contrasts: Vec<(f64, f64)> = members.iter().filter_map(|one| Some((x(one), one.contrast()?))).collect();
    let dataset = SweepLine { label: "the dataset".into(), marker: 0, points: contrasts };
    figures.push(figure("relative contrast", true, 0, vec![dataset]));
    figures
}

impl SweepFigure {
    /// Its caption.
    pub fn caption(&self) -> String {
        let at = if self.at.is_empty() { String::new() } else { format!(", at {}", self.at) };
        let scale = if self.is_log { " (both logarithmic)" } else { " (logarithmic)" };
        let fit = "The label of each line gives its fitted power and the standard error.";
        let missing = match self.missing {
            0 => String::new(),
            1 => " 1 trial failed and is missing here.".to_owned(),
            many => format!(" {many} trials failed and are missing here."),
        };
        let points = self.lines.iter().flat_map(|line| &line.points);
        let without = points.filter(|point| !has_place(point.1, self.is_log)).count();
        let without = left_out(without, "point", self.is_log);
        format!("{} against {}{scale}{at}. {fit}{missing}{without}", self.measure, self.axis)
    }

    /// The picture.
    pub fn draw(&self, size: Size) -> Drawing {
        let of = |part: fn(&(f64, f64)) -> f64| self.lines.iter().flat_map(move |line| line.points.iter().map(part));
        let heights = Frame::heights(size);
        let y = if self.is_log { Axis::log(of(|p| p.1), heights) } else { Axis::linear(of(|p| p.1), heights) };
        let frame = Frame::new(size, &y);
        let x = Axis::log(of(|point| point.0), frame.across());
        let top = frame.below();
        let mut drawing = Drawing::new(size, top + LEGEND_ROW * self.lines.len() as f64);
        frame.draw(&mut drawing, &x, &y, self.axis, &self.measure);
        for (i, SweepLine { label, marker, points }) in self.lines.iter().enumerate() {
            let marker = Marker::new(*marker);
            let places: Vec<Option<(f64, f64)>> =
                points.iter().map(|&(a, b)| Some((x.place(a)?, y.place(b)?))).collect();
            // A point that is left out breaks the line.
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
/// for values that are not above 0.
fn fitted_power(points: &[(f64, f64)]) -> Option<(f64, f64)> {
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

#[cfg(test)]
mod tests {
    use super::fitted_power;

    #[test]
    fn a_power_law_is_fitted_and_deviations_give_an_error() {
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
