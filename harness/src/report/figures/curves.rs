//! Curves: a metric along a parameter, with intervals.

use super::{Figure, FigureKind, Style, capital, metric_or_headline};
use crate::config::figures::Curves;
use crate::findings::LoadedRun;
use crate::plan::point::{self, Varying};
use crate::plot::Marker;
use crate::plot::axis::{Axis, axis_title, has_place, left_out};
use crate::plot::drawing::{Drawing, GREY};
use crate::plot::frame::{Frame, Legend};
use crate::statistics::Estimate;

/// At most this many figures if no parameter is named.
const MOST: usize = 4;

impl FigureKind for Curves {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let Some(metric) = metric_or_headline(found, self.metric)? else { return Ok(Vec::new()) };
        let named = |parameter: String| -> Option<Box<dyn Figure>> {
            let curves = CurveFigure { lines: lines(found, metric, &parameter), metric, parameter };
            if curves.lines.is_empty() { None } else { Some(Box::new(curves)) }
        };
        if let Some(parameter) = &self.parameter {
            let why = || format!("no retriever's grid varies a number called `{parameter}`");
            return named(parameter.clone()).map(|figure| vec![figure]).ok_or_else(why);
        }
        let mut parameters: Vec<String> = Vec::new();
        for grid in grids(found) {
            for axis in grid.varying.iter().filter(|axis| axis.numbers().is_some_and(|values| distinct(&values) >= 3)) {
                if !parameters.contains(&axis.name) {
                    parameters.push(axis.name.clone());
                }
            }
        }
        Ok(parameters.into_iter().filter_map(named).take(MOST).collect())
    }
}

/// A retriever's trials with the parameters that they vary.
pub struct TrialGrid {
    /// Its name.
    pub retriever: String,
    /// Its trials.
    pub rows: Vec<usize>,
    /// What they vary.
    pub varying: Vec<Varying>,
}

/// The grids of all retrievers.
pub fn grids(found: &LoadedRun) -> Vec<TrialGrid> {
    let summary = &found.summary;
    let grid = |name: &str| {
        let rows: Vec<usize> = (0..summary.rows.len()).filter(|&row| summary.rows[row].retriever == name).collect();
        let varying = point::varying(&rows.iter().map(|&row| &summary.rows[row].params).collect::<Vec<_>>());
        TrialGrid { retriever: name.to_owned(), rows, varying }
    };
    summary.retrievers().into_iter().map(grid).collect()
}

/// How many different numbers are among the values.
pub fn distinct(values: &[f64]) -> usize {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    values.len()
}

impl TrialGrid {
    /// The positions of the trials that share the best trial's values of all parameters except `free`, and these values as text.
    pub fn slice(&self, found: &LoadedRun, metric: usize, free: &[&str]) -> (Vec<usize>, String) {
        let sign = if found.metric(metric).higher_is_better() { 1.0 } else { -1.0 };
        let value = |at: usize| found.estimate(self.rows[at], metric).map_or(f64::NEG_INFINITY, |e| sign * e.mean);
        let best = (0..self.rows.len()).max_by(|&a, &b| value(a).total_cmp(&value(b)).then(b.cmp(&a))).unwrap_or(0);
        let fixed: Vec<&Varying> = self.varying.iter().filter(|axis| !free.contains(&axis.name.as_str())).collect();
        let same = |&at: &usize| fixed.iter().all(|axis| axis.values[at] == axis.values[best]);
        let said = fixed.iter().filter_map(|axis| Some(format!("{}={}", axis.name, axis.values[best].as_ref()?)));
        ((0..self.rows.len()).filter(same).collect(), said.collect::<Vec<_>>().join(", "))
    }
}

struct Curve {
    label: String,
    /// Whether the grid varies other parameters, which the label then names.
    is_slice: bool,
    marker: Marker,
    /// By rising parameter.
    points: Vec<(f64, Estimate)>,
}

fn lines(found: &LoadedRun, metric: usize, parameter: &str) -> Vec<Curve> {
    let line = |(index, grid): (usize, &TrialGrid)| {
        let values = grid.varying.iter().find(|axis| axis.name == parameter)?.numbers()?;
        let (members, fixed) = grid.slice(found, metric, &[parameter]);
        let point = |&at: &usize| Some((values[at], found.estimate(grid.rows[at], metric)?));
        let mut points: Vec<(f64, Estimate)> = members.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let label = crate::record::label(&grid.retriever, &fixed);
        (points.len() >= 2).then(|| Curve { label, is_slice: !fixed.is_empty(), marker: Marker::new(index), points })
    };
    grids(found).iter().enumerate().filter_map(line).collect()
}

struct CurveFigure {
    metric: usize,
    parameter: String,
    lines: Vec<Curve>,
}

impl CurveFigure {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0))
    }

    /// How many points have no place on the axis.
    fn left_out(&self) -> usize {
        self.lines.iter().flat_map(|line| &line.points).filter(|(_, e)| !has_place(e.mean, false)).count()
    }

    /// Whether the axis of the parameter is logarithmic: its values are above 0 and differ by more than a factor of 20.
    fn is_log(&self) -> bool {
        let (low, high) = self.values().fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        low > 0.0 && high / low > 20.0
    }
}

impl Figure for CurveFigure {
    fn name(&self) -> String {
        let parameter = self.parameter.replace('.', "-");
        format!("curves-{parameter}")
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let scale = if self.is_log() { ", on a logarithmic scale" } else { "" };
        let dashed = found
            .summary
            .reference
            .row()
            .map_or_else(String::new, |row| format!(" Dashed: {}.", found.summary.rows[row].label()));
        let fixed = if self.lines.iter().any(|line| line.is_slice) {
            " A grid's other parameters have the values of the retriever's best trial, given in the legend."
        } else {
            ""
        };
        format!(
            "{} along {}{scale}, with 95 % intervals over queries.{fixed}{dashed}{}",
            capital(found.metric(self.metric).name()),
            self.parameter,
            left_out(self.left_out(), "point", false)
        )
    }

    fn metrics(&self, _: &LoadedRun) -> Vec<usize> {
        vec![self.metric]
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        let metric = found.metric(self.metric);
        let reference = found.summary.reference.row().and_then(|row| found.estimate(row, self.metric));
        let points = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
        let ends = points.chain(reference).flat_map(|e| [e.lo, e.mean, e.hi]);
        let y = Axis::linear(ends, Frame::heights(style.size));
        let frame = Frame::new(style.size, &y);
        let x = if self.is_log() {
            Axis::log(self.values(), frame.across())
        } else {
            Axis::linear(self.values(), frame.across())
        };
        let legend = Legend::new(style.size, self.lines.iter().map(|line| (line.marker, line.label.clone())));
        let mut drawing = Drawing::new(style.size, frame.below() + legend.height());
        let up = axis_title(metric.name(), metric.higher_is_better());
        frame.draw(&mut drawing, &x, &y, style.across.unwrap_or(&self.parameter), style.up.unwrap_or(&up));
        if let Some(at) = reference.and_then(|reference| y.place(reference.mean)) {
            drawing.dashes(&[(frame.left, at), (frame.right, at)], GREY, 1.3);
        }
        for line in &self.lines {
            let interval = |&(value, e): &(f64, Estimate)| Some((x.place(value)?, y.span(e.lo, e.hi)?));
            let intervals: Vec<_> = line.points.iter().filter_map(interval).collect();
            let lower = intervals.iter().map(|&(at, (lo, _))| (at, lo));
            let upper = intervals.iter().rev().map(|&(at, (_, hi))| (at, hi));
            drawing.area(&lower.chain(upper).collect::<Vec<_>>(), line.marker.ink, 0.13);
        }
        for line in &self.lines {
            let place = |&(value, e): &(f64, Estimate)| Some((x.place(value)?, y.place(e.mean)?));
            let places: Vec<_> = line.points.iter().filter_map(place).collect();
            drawing.line(&places, line.marker.ink, 1.0, 1.4);
            places.iter().for_each(|&at| line.marker.draw(&mut drawing, at, 5.0));
        }
        legend.draw(&mut drawing, frame.below());
        drawing
    }
}
