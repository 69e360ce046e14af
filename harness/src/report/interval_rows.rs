//! Rows of intervals: a name in each row, and below it a mean with its interval for each of several runs.

use crate::plot::axis::{Axis, Ends, Tick};
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, PALE, SMALL, TEXT, fit, text_width};
use crate::plot::frame::Legend;
use crate::plot::{Marker, Size};
use crate::statistics::Estimate;

/// A row.
pub struct IntervalRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// An estimate for each run, `None` where there is none.
    pub of_runs: Vec<Option<Estimate>>,
    /// That over all runs, drawn in black.
    pub of_all: Option<Estimate>,
}

/// The picture.
pub struct IntervalRows<'a> {
    /// The rows, from above.
    pub rows: Vec<IntervalRow<'a>>,
    /// The markers and names of the runs.
    pub runs: Vec<(Marker, String)>,
    /// The axis' title.
    pub title: String,
    /// Whether a line marks 0, which is then on the axis.
    pub is_from_zero: bool,
}

const LEFT: f64 = 14.0;
const HEAD: f64 = 22.0;
const STEP: f64 = 14.0;

impl IntervalRows<'_> {
    /// All estimates.
    fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        self.rows.iter().flat_map(|row| row.of_runs.iter().flatten().chain(&row.of_all))
    }

    /// Draws it.
    pub fn draw(&self, size: Size) -> Drawing {
        let right = size.width() - 14.0;
        let values = self.estimates().flat_map(|e| [e.lo, e.mean, e.hi]).chain(self.is_from_zero.then_some(0.0));
        let axis = Axis::linear(values, Ends { from: LEFT, to: right });
        let lines = self.runs.len() + usize::from(self.rows.iter().any(|row| row.of_all.is_some()));
        let height = HEAD + STEP * lines as f64 + 6.0;
        let bottom = 4.0 + height * self.rows.len() as f64;
        let legend = Legend::new(size, self.runs.iter().cloned());
        let mut drawing = Drawing::new(size, bottom + 58.0 + legend.height());
        let mut free = f64::NEG_INFINITY;
        for Tick { at, text, .. } in axis.ticks() {
            for i in 0..self.rows.len() {
                let top = 4.0 + height * i as f64 + HEAD;
                drawing.line(&[(at, top), (at, top + height - HEAD)], PALE, 1.0, 0.8);
            }
            let half = text_width(&text, SMALL) / 2.0;
            if at - half > free && at + half < size.width() {
                drawing.text((at, bottom + 6.0), &text, SMALL, BLACK, Anchor::Top);
                free = at + half + 6.0;
            }
        }
        drawing.line(&[(LEFT, bottom), (right, bottom)], BLACK, 1.0, 1.0);
        if let Some(zero) = axis.place(0.0).filter(|_| self.is_from_zero) {
            for i in 0..self.rows.len() {
                let top = 4.0 + height * i as f64 + HEAD;
                drawing.line(&[(zero, top), (zero, top + height - HEAD)], GREY, 1.0, 1.2);
            }
        }
        let title = fit(&self.title, TEXT, size.width() - 8.0);
        drawing.text((size.width() / 2.0, bottom + 29.0), &title, TEXT, BLACK, Anchor::Top);
        for (i, row) in self.rows.iter().enumerate() {
            let top = 4.0 + height * i as f64;
            drawing.text((LEFT, top + 10.0), &fit(row.name, TEXT, right - LEFT), TEXT, BLACK, Anchor::Left);
            let of_runs = row.of_runs.iter().zip(&self.runs).map(|(estimate, (marker, _))| (estimate, Some(*marker)));
            for (at, (estimate, marker)) in of_runs.chain([(&row.of_all, None)]).enumerate() {
                let Some(estimate) = estimate else { continue };
                draw_one(&mut drawing, &axis, estimate, marker, top + HEAD + STEP * (at as f64 + 0.5));
            }
        }
        legend.draw(&mut drawing, bottom + 58.0);
        drawing
    }
}

/// Draws an estimate at a height, with the marker of its run or, over all runs, in black.
fn draw_one(drawing: &mut Drawing, axis: &Axis, estimate: &Estimate, marker: Option<Marker>, y: f64) {
    let Some(x) = axis.place(estimate.mean) else { return };
    let (ink, opacity, width) = marker.map_or((BLACK, 1.0, 2.4), |marker| (marker.ink, 0.6, 1.6));
    if let Some((lo, hi)) = axis.span(estimate.lo, estimate.hi) {
        drawing.line(&[(lo, y), (hi, y)], ink, opacity, width);
    }
    match marker {
        Some(marker) => marker.draw(drawing, (x, y), 5.0),
        None => drawing.line(&[(x, y - 5.0), (x, y + 5.0)], BLACK, 1.0, 2.4),
    }
}
