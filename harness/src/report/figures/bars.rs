//! Bars: one metric of every trial, with intervals.

use super::{Figure, FigureKind, Style, position, rows};
use crate::config::figures::Bars;
use crate::findings::LoadedRun;
use crate::plot::axis::{Axis, axis_title, has_place, left_out};
use crate::plot::drawing::{Anchor, BLACK, Drawing, SMALL};
use crate::statistics::Estimate;

impl FigureKind for Bars {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let bars = |metric: usize| -> Box<dyn Figure> {
            Box::new(MetricBars { metric, name: found.metric(metric).file_name() })
        };
        match self.metric {
            Some(metric) => Ok(vec![bars(position(found, metric)?)]),
            None => Ok((0..found.summary.metrics.len()).map(bars).collect()),
        }
    }
}

/// The bars of one metric.
struct MetricBars {
    metric: usize,
    name: String,
}

impl MetricBars {
    /// A trial's estimate, if it has a place on the axis.
    fn estimate(&self, found: &LoadedRun, row: usize) -> Option<Estimate> {
        found.estimate(row, self.metric).filter(|estimate| has_place(estimate.mean, false))
    }
}

impl Figure for MetricBars {
    fn name(&self) -> String {
        format!("metric-{}", self.name)
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let metric = found.metric(self.metric);
        let best = if metric.higher_is_better() { "highest mean" } else { "lowest mean" };
        let rows = || 0..found.summary.rows.len();
        let all = rows().filter(|&row| found.estimate(row, self.metric).is_some()).count();
        let trials = rows().filter(|&row| self.estimate(found, row).is_some()).count();
        format!(
            "Mean {} over queries, with its 95 % interval: {}.{}{}",
            metric.name(),
            metric.about_on(found.manifest.dataset.known_distance()).definition,
            rows::selection(trials, best),
            left_out(all - trials, "trial", false)
        )
    }

    fn metrics(&self, _: &LoadedRun) -> Vec<usize> {
        vec![self.metric]
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        let metric = found.metric(self.metric);
        let estimate = |row: usize| self.estimate(found, row);
        let sign = if metric.higher_is_better() { 1.0 } else { -1.0 };
        let shown = rows::shown(&found.summary, |row| estimate(row).map(|e| sign * e.mean));
        let ends = shown.iter().filter_map(|&row| estimate(row)).flat_map(|e| [e.lo, e.mean, e.hi]);
        let axis = Axis::from_zero(ends, rows::across(style.size));
        let title = axis_title(metric.name(), metric.higher_is_better());
        let title = style.across.unwrap_or(&title);
        rows::draw(&found.summary, &shown, &axis, title, style.size, |drawing, row, marker, y| {
            let Some(estimate) = estimate(row) else { return };
            let (Some(zero), Some(end)) = (axis.place(0.0), axis.place(estimate.mean)) else { return };
            drawing.area(&[(zero, y - 6.0), (end, y - 6.0), (end, y + 6.0), (zero, y + 6.0)], marker.ink, 0.75);
            if let Some((lo, hi)) = axis.span(estimate.lo, estimate.hi) {
                drawing.line(&[(lo, y), (hi, y)], BLACK, 1.0, 1.4);
                for at in [lo, hi] {
                    drawing.line(&[(at, y - 4.0), (at, y + 4.0)], BLACK, 1.0, 1.4);
                }
            }
            let value = crate::plot::format::decimals(estimate.mean, 4);
            drawing.text((style.size.width() - 2.0, y), &value, SMALL, BLACK, Anchor::Right);
        })
    }
}
