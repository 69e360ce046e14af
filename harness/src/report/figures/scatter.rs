//! One measure against another: a marker per trial, with intervals, and the Pareto front.

use super::{Figure, axis_title};
use crate::report::axis::Axis;
use crate::report::drawing::{Anchor, BLACK, Drawing, GREY, PALE, SMALL, TEXT, WIDTH, fit, text_width};
use crate::report::marker::Marker;
use crate::report::pareto;
use crate::summary::{Estimate, Summary};

/// What stands along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// A metric, by its index.
    Metric(usize),
    /// Queries per second.
    Qps,
}

/// A scatter plot.
pub struct Scatter {
    name: &'static str,
    across: Measure,
    up: Measure,
}

const LEFT: f64 = 76.0;
const RIGHT: f64 = WIDTH - 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 310.0;
const LEGEND: f64 = BOTTOM + 62.0;
const LEGEND_ROW: f64 = 24.0;

impl Scatter {
    /// Those whose measures this experiment has.
    pub fn all(summary: &Summary) -> Vec<Self> {
        let metric = |name: &str| summary.metrics.iter().position(|m| m.name() == name).map(Measure::Metric);
        let wanted = [
            ("recall-qps", metric("recall"), Some(Measure::Qps)),
            ("coverage-redundancy", metric("redundancy"), metric("coverage")),
            ("subtopic-recall-recall", metric("recall"), metric("subtopic-recall")),
        ];
        let complete =
            wanted.into_iter().filter_map(|(name, across, up)| Some(Self { name, across: across?, up: up? }));
        complete.collect()
    }

    /// The trials that have both values, as (row, across, up). An oracle is a bound, and not a competitor: it is left out,
    /// so that its values do not stretch the axes.
    fn points(&self, summary: &Summary) -> Vec<(usize, Estimate, Estimate)> {
        (0..summary.rows.len())
            .filter(|&row| !summary.rows[row].is_oracle)
            .filter_map(|row| Some((row, self.across.estimate(summary, row)?, self.up.estimate(summary, row)?)))
            .collect()
    }
}

impl Measure {
    fn title(self, summary: &Summary) -> String {
        match self {
            Self::Metric(metric) => axis_title(summary.metrics[metric]),
            Self::Qps => "queries per second (higher is better)".into(),
        }
    }

    fn words(self, summary: &Summary) -> &'static str {
        match self {
            Self::Metric(metric) => summary.metrics[metric].name(),
            Self::Qps => "queries per second",
        }
    }

    fn estimate(self, summary: &Summary, row: usize) -> Option<Estimate> {
        let row = &summary.rows[row];
        match self {
            Self::Metric(metric) => row.estimates[metric],
            // A clock too coarse for the queries knows no rate.
            Self::Qps if !row.timing.qps.is_finite() => None,
            Self::Qps => Some(Estimate { mean: row.timing.qps, lo: row.timing.qps, hi: row.timing.qps }),
        }
    }

    /// The value with larger ones better.
    fn goodness(self, summary: &Summary, value: f64) -> f64 {
        match self {
            Self::Metric(metric) if !summary.metrics[metric].higher_is_better() => -value,
            _ => value,
        }
    }

    fn axis(self, values: &[Estimate], places: (f64, f64)) -> Axis {
        let ends = values.iter().flat_map(|e| [e.lo, e.mean, e.hi]);
        if self == Self::Qps { Axis::log(ends, places) } else { Axis::linear(ends, places) }
    }
}

impl Figure for Scatter {
    fn name(&self) -> String {
        self.name.into()
    }

    fn caption(&self, summary: &Summary) -> String {
        let interval = if self.points(summary).len() <= MANY { " Bars are 95 % intervals over queries." } else { "" };
        let scale = if self.up == Measure::Qps { ", on a logarithmic scale" } else { "" };
        let oracles = summary.rows.iter().enumerate().filter(|(_, row)| row.is_oracle);
        let reached = oracles.filter_map(|(row, oracle)| {
            let up = self.up.estimate(summary, row)?;
            Some(format!("{} {}", oracle.label(), crate::report::format::three_digits(up.mean)))
        });
        let reached: Vec<String> = reached.collect();
        let oracles =
            if reached.is_empty() { String::new() } else { format!(" Left out, as bounds: {}.", reached.join("; ")) };
        format!(
            "{} against {}{scale}, a marker per trial.{interval} Dashed: the Pareto front, the trials that no other beats \
             in one without losing in the other.{oracles}",
            capital(self.up.words(summary)),
            self.across.words(summary)
        )
    }

    fn draw(&self, summary: &Summary) -> Drawing {
        let points = self.points(summary);
        let retrievers = summary.retrievers();
        let shown = |name: &&str| summary.rows.iter().any(|row| row.retriever == *name && !row.is_oracle);
        let legend = Legend::new(&retrievers.iter().copied().filter(shown).collect::<Vec<_>>(), &retrievers);
        let mut drawing = Drawing::new(LEGEND + LEGEND_ROW * legend.rows as f64);
        let x = self.across.axis(&points.iter().map(|p| p.1).collect::<Vec<_>>(), (LEFT, RIGHT));
        let y = self.up.axis(&points.iter().map(|p| p.2).collect::<Vec<_>>(), (BOTTOM, TOP));
        grid(&mut drawing, &x, &y);
        drawing.text(
            (f64::midpoint(LEFT, RIGHT), BOTTOM + 28.0),
            &self.across.title(summary),
            TEXT,
            BLACK,
            Anchor::Top,
        );
        drawing.text((11.0, f64::midpoint(TOP, BOTTOM)), &self.up.title(summary), TEXT, BLACK, Anchor::Upwards);

        let place = |a: f64, b: f64| (x.place(a), y.place(b));
        let goodness: Vec<(f64, f64)> = points
            .iter()
            .map(|(_, a, b)| (self.across.goodness(summary, a.mean), self.up.goodness(summary, b.mean)))
            .collect();
        let front = pareto::front(&goodness);
        let line: Vec<_> = front.iter().map(|&i| place(points[i].1.mean, points[i].2.mean)).collect();
        let marker = |row: usize| {
            Marker::new(retrievers.iter().position(|name| *name == summary.rows[row].retriever).unwrap_or(0))
        };
        if points.len() <= MANY {
            for (row, a, b) in &points {
                drawing.line(&[place(a.lo, b.mean), place(a.hi, b.mean)], marker(*row).ink, 0.45, 1.2);
                drawing.line(&[place(a.mean, b.lo), place(a.mean, b.hi)], marker(*row).ink, 0.45, 1.2);
            }
        }
        // Among many the front stands out; the others are small and pale, and below it.
        let is_many = points.len() > MANY;
        let stands_out = |i: usize| !is_many || front.contains(&i) || points[i].0 == summary.reference;
        for (_, &(row, a, b)) in points.iter().enumerate().filter(|&(i, _)| !stands_out(i)) {
            marker(row).faded().draw(&mut drawing, place(a.mean, b.mean), 3.5);
        }
        drawing.dashes(&line, GREY, 1.3);
        // The reference last: the others may lie upon it, and it is what they are looked at against.
        let (reference, others): (Vec<_>, Vec<_>) =
            (0..points.len()).filter(|&i| stands_out(i)).partition(|&i| points[i].0 == summary.reference);
        for (row, a, b) in others.into_iter().chain(reference).map(|i| points[i]) {
            marker(row).draw(&mut drawing, place(a.mean, b.mean), 6.0);
        }
        legend.draw(&mut drawing);
        drawing
    }
}

/// Beyond so many trials their intervals would be a thicket: they are in the table.
const MANY: usize = 30;

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

fn grid(drawing: &mut Drawing, x: &Axis, y: &Axis) {
    for (value, text) in x.ticks() {
        let at = x.place(value);
        drawing.line(&[(at, TOP), (at, BOTTOM)], PALE, 1.0, 0.8);
        drawing.text((at, BOTTOM + 8.0), &text, SMALL, BLACK, Anchor::Top);
    }
    for (value, text) in y.ticks() {
        let at = y.place(value);
        drawing.line(&[(LEFT, at), (RIGHT, at)], PALE, 1.0, 0.8);
        drawing.text((LEFT - 7.0, at), &text, SMALL, BLACK, Anchor::Right);
    }
    drawing.line(&[(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM)], BLACK, 1.0, 1.0);
}

/// Names of the retrievers below the plot, as many in a row as fit.
struct Legend {
    entries: Vec<(f64, usize, usize, String)>,
    rows: usize,
}

impl Legend {
    /// Names of `shown`, with the markers that they have among `retrievers`.
    fn new(shown: &[&str], retrievers: &[&str]) -> Self {
        let (mut x, mut row) = (14.0, 0);
        let mut entries = Vec::new();
        for name in shown {
            let index = retrievers.iter().position(|other| other == name).unwrap_or(0);
            let text = fit(name, TEXT, WIDTH - 50.0);
            let width = 18.0 + text_width(&text, TEXT) + 22.0;
            if x + width - 22.0 > WIDTH - 4.0 && x > 14.0 {
                (x, row) = (14.0, row + 1);
            }
            entries.push((x, row, index, text));
            x += width;
        }
        Self { entries, rows: row + 1 }
    }

    fn draw(&self, drawing: &mut Drawing) {
        for (x, row, index, text) in &self.entries {
            let y = LEGEND + LEGEND_ROW * (*row as f64) + 8.0;
            Marker::new(*index).draw(drawing, (*x, y), 6.0);
            drawing.text((x + 13.0, y), text, TEXT, BLACK, Anchor::Left);
        }
    }
}
