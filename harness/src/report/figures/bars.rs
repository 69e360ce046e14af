//! One metric of every trial, with intervals.

use super::rows::{self, LEFT};
use super::{Figure, axis_title};
use crate::report::axis::Axis;
use crate::report::drawing::{Anchor, BLACK, Drawing, SMALL, WIDTH};
use crate::summary::Summary;

/// A bar for each trial.
pub struct Bars {
    /// Index of the metric.
    pub metric: usize,
    /// Its name, as a file's.
    pub name: String,
}

/// Right end of the axis: the value stands beyond it.
const RIGHT: f64 = WIDTH - 66.0;

impl Figure for Bars {
    fn name(&self) -> String {
        format!("metric-{}", self.name)
    }

    fn caption(&self, summary: &Summary) -> String {
        let metric = &summary.metrics[self.metric];
        let best = if metric.higher_is_better() { "highest mean" } else { "lowest mean" };
        let trials = summary.rows.iter().filter(|row| row.estimates[self.metric].is_some()).count();
        format!(
            "Mean {} over queries, with its 95 % interval: {}.{}",
            metric.name(),
            metric.definition(),
            rows::choice(trials, best)
        )
    }

    fn draw(&self, summary: &Summary) -> Drawing {
        let metric = &summary.metrics[self.metric];
        let estimate = |row: usize| summary.rows[row].estimates[self.metric];
        let sign = if metric.higher_is_better() { 1.0 } else { -1.0 };
        let chosen = rows::chosen(summary, |row| estimate(row).map(|e| sign * e.mean));
        let ends = chosen.iter().filter_map(|&row| estimate(row)).flat_map(|e| [e.lo, e.mean, e.hi]);
        let axis = Axis::from_zero(ends, (LEFT, RIGHT));
        rows::draw(summary, &chosen, &axis, (&axis_title(*metric), RIGHT), |drawing, row, marker, y| {
            let Some(estimate) = estimate(row) else { return };
            let (zero, end) = (axis.place(0.0), axis.place(estimate.mean));
            drawing.area(&[(zero, y - 6.0), (end, y - 6.0), (end, y + 6.0), (zero, y + 6.0)], marker.ink, 0.75);
            let (lo, hi) = (axis.place(estimate.lo), axis.place(estimate.hi));
            drawing.line(&[(lo, y), (hi, y)], BLACK, 1.0, 1.4);
            for at in [lo, hi] {
                drawing.line(&[(at, y - 4.0), (at, y + 4.0)], BLACK, 1.0, 1.4);
            }
            drawing.text((WIDTH - 2.0, y), &format!("{:.4}", estimate.mean), SMALL, BLACK, Anchor::Right);
        })
    }
}
