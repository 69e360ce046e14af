//! Dots: one metric of each retriever in each run.

use super::Several;
use crate::config::measure::Measure;
use crate::metrics::MetricName;
use crate::plot::axis::{Axis, Ends, Tick, axis_title, has_place, left_out};
use crate::plot::drawing::{Anchor, BLACK, Drawing, PALE, SMALL, TEXT, fit, text_width};
use crate::plot::frame::Legend;
use crate::plot::{Marker, Size};
use crate::statistics::Estimate;

/// A row for each retriever, with a marker and an interval for each run.
pub struct Dots<'s> {
    /// The runs.
    pub several: &'s Several,
    /// The metric.
    pub metric: MetricName,
}

const LEFT: f64 = 14.0;
const HEAD: f64 = 22.0;
const STEP: f64 = 14.0;

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
        let (names, runs) = (self.several.retrievers(), self.several.runs.len());
        let all = names.iter().flat_map(|name| (0..runs).filter_map(|run| self.estimate(run, name)));
        let right = size.width() - 14.0;
        let axis = Axis::linear(all.flat_map(|e| [e.lo, e.mean, e.hi]), Ends { from: LEFT, to: right });
        let row = HEAD + STEP * runs as f64 + 6.0;
        let bottom = 4.0 + row * names.len() as f64;
        let legend =
            Legend::new(size, self.several.runs.iter().enumerate().map(|(i, run)| (Marker::new(i), run.name.clone())));
        let mut drawing = Drawing::new(size, bottom + 58.0 + legend.height());
        let mut free = f64::NEG_INFINITY;
        for Tick { at, text, .. } in axis.ticks() {
            for i in 0..names.len() {
                let top = 4.0 + row * i as f64 + HEAD;
                drawing.line(&[(at, top), (at, top + row - HEAD)], PALE, 1.0, 0.8);
            }
            let half = text_width(&text, SMALL) / 2.0;
            if at - half > free && at + half < size.width() {
                drawing.text((at, bottom + 6.0), &text, SMALL, BLACK, Anchor::Top);
                free = at + half + 6.0;
            }
        }
        drawing.line(&[(LEFT, bottom), (right, bottom)], BLACK, 1.0, 1.0);
        let title = axis_title(self.metric.name(), self.metric.higher_is_better());
        drawing.text((size.width() / 2.0, bottom + 29.0), &title, TEXT, BLACK, Anchor::Top);
        for (i, name) in names.iter().enumerate() {
            let top = 4.0 + row * i as f64;
            drawing.text((LEFT, top + 10.0), &fit(name, TEXT, right - LEFT), TEXT, BLACK, Anchor::Left);
            for run in 0..runs {
                let Some(estimate) = self.estimate(run, name) else { continue };
                let Some(x) = axis.place(estimate.mean) else { continue };
                let (y, marker) = (top + HEAD + STEP * (run as f64 + 0.5), Marker::new(run));
                if let Some((lo, hi)) = axis.span(estimate.lo, estimate.hi) {
                    drawing.line(&[(lo, y), (hi, y)], marker.ink, 0.6, 1.6);
                }
                marker.draw(&mut drawing, (x, y), 5.0);
            }
        }
        legend.draw(&mut drawing, bottom + 58.0);
        drawing
    }
}
