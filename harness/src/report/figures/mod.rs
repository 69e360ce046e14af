//! The figures.
//!
//! To add one: one file here with one type implementing [`Figure`], and one line in [`all`].

mod bars;
mod latency;
mod rows;
mod scatter;

use super::drawing::Drawing;
use crate::metrics::MetricName;
use crate::summary::Summary;

/// A picture of an experiment's results.
pub trait Figure {
    /// Its file's name, without extension.
    fn name(&self) -> String;

    /// What it shows, as a caption says it.
    fn caption(&self, summary: &Summary) -> String;

    /// The picture.
    fn draw(&self, summary: &Summary) -> Drawing;
}

/// All figures that can be drawn from what was measured, in the order of the report.
pub fn all(summary: &Summary) -> Vec<Box<dyn Figure>> {
    let mut figures: Vec<Box<dyn Figure>> = Vec::new();
    for scatter in scatter::Scatter::all(summary) {
        figures.push(Box::new(scatter));
    }
    if summary.rows.iter().any(|row| row.timing.latency.is_some()) {
        figures.push(Box::new(latency::LatencyRanges));
    }
    for (metric, name) in summary.metrics.iter().enumerate() {
        figures.push(Box::new(bars::Bars { metric, name: name.file_name() }));
    }
    figures
}

/// `coverage (higher is better)`.
fn axis_title(metric: MetricName) -> String {
    let direction = if metric.higher_is_better() { "higher" } else { "lower" };
    format!("{} ({direction} is better)", metric.name())
}
