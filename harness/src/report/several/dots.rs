//! Dots: one metric of each retriever in each run.

use super::Several;
use crate::config::measure::Measure;
use crate::metrics::MetricName;
use crate::plot::axis::{axis_title, has_place, left_out};
use crate::plot::drawing::Drawing;
use crate::plot::{Marker, Size};
use crate::report::interval_rows::{IntervalRow, IntervalRows};
use crate::statistics::Estimate;

/// A row for each retriever, with a marker and an interval for each run.
pub struct Dots<'s> {
    /// The runs.
    pub several: &'s Several,
    /// The metric.
    pub metric: MetricName,
}

impl Dots<'_> {
    fn estimate(&self, run: usize, retriever: &str) -> Option<Estimate> {
        let run = &self.several.runs[run];
        run.found.measured(Measure::Metric(self.metric), Several::row(run, retriever)?)
    }

    /// Its caption.
    pub fn caption(&self) -> String {
        let names = self.several.retrievers();
        let all = names.iter().flat_map(|name| (0..self.several.runs.len()).filter_map(|run| self.estimate(run, name)));
        format!(
            "Mean {} of each retriever at its best point in each run, with 95 % intervals over queries.{}",
            self.metric.name(),
            left_out(all.filter(|estimate| !has_place(estimate.mean, false)).count(), "mean", false)
        )
    }

    /// The picture.
    pub fn draw(&self, size: Size) -> Drawing {
        let runs = self.several.runs.len();
        let row =
            |name| IntervalRow { name, of_runs: (0..runs).map(|run| self.estimate(run, name)).collect(), of_all: None };
        let rows = IntervalRows {
            rows: self.several.retrievers().into_iter().map(row).collect(),
            runs: self.several.runs.iter().enumerate().map(|(i, run)| (Marker::new(i), run.name.clone())).collect(),
            title: axis_title(self.metric.name(), self.metric.higher_is_better()),
            is_from_zero: false,
        };
        rows.draw(size)
    }
}
