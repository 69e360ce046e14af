//! A row for each trial, with its label above its marks: the frame of bars and of latencies.

use crate::findings::summary::Summary;
use crate::plot::axis::{Axis, Ends, Tick};
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, PALE, SMALL, TEXT, fit, text_width};
use crate::plot::{Marker, Size};

/// Up to this many trials have a row each. Beyond that, each retriever has one row for its best trial.
pub const MANY: usize = 16;

const LEFT: f64 = 14.0;
const ROW: f64 = 42.0;
const TOP: f64 = 4.0;

/// Left and right end of the axis, which leaves room for a number at the right.
pub fn across(size: Size) -> Ends {
    Ends { from: LEFT, to: size.width() - 66.0 }
}

/// The rows to draw: all trials that have a `goodness`, or each retriever's best if there are many.
pub fn shown(summary: &Summary, goodness: impl Fn(usize) -> Option<f64>) -> Vec<usize> {
    let all: Vec<usize> = (0..summary.rows.len()).filter(|&row| goodness(row).is_some()).collect();
    if all.len() <= MANY {
        return all;
    }
    let best = |name: &&str| {
        let own = all.iter().copied().filter(|&row| summary.rows[row].retriever == **name);
        own.max_by(|&a, &b| goodness(a).partial_cmp(&goodness(b)).unwrap_or(std::cmp::Ordering::Equal).then(b.cmp(&a)))
    };
    summary.retrievers().iter().filter_map(best).collect()
}

/// The caption's sentence on the selection among this many trials; empty if all are shown.
pub fn selection(trials: usize, by: &str) -> String {
    if trials <= MANY {
        return String::new();
    }
    format!(
        " Each retriever is shown by its trial with the {by}, which is chosen on the same queries and so exploratory."
    )
}

/// Draws the frame, and calls `draw` for each row with the drawing, the row of the summary, its marker, and the height of its
/// middle.
pub fn draw(
    summary: &Summary,
    rows: &[usize],
    axis: &Axis,
    title: &str,
    size: Size,
    draw: impl Fn(&mut Drawing, usize, Marker, f64),
) -> Drawing {
    let bottom = TOP + ROW * rows.len() as f64 + 4.0;
    let (width, right) = (size.width(), across(size).to);
    let mut drawing = Drawing::new(size, bottom + 56.0);
    for Tick { at, text, .. } in axis.ticks() {
        for i in 0..rows.len() {
            // The grid stands beside the marks and leaves the labels free.
            let top = TOP + ROW * i as f64 + 21.0;
            drawing.line(&[(at, top), (at, top + ROW - 21.0)], PALE, 1.0, 0.8);
        }
        let half = text_width(&text, SMALL) / 2.0;
        drawing.text((at.max(half + 1.0), bottom + 6.0), &text, SMALL, BLACK, Anchor::Top);
    }
    drawing.line(&[(LEFT, bottom), (right, bottom)], BLACK, 1.0, 1.0);
    drawing.text((width / 2.0, bottom + 29.0), title, TEXT, BLACK, Anchor::Top);
    for (i, &row) in rows.iter().enumerate() {
        let top = TOP + ROW * i as f64;
        let trial = &summary.rows[row];
        let marker = summary.marker(row);
        marker.draw(&mut drawing, (LEFT + 6.0, top + 10.0), 5.0);
        let name = fit(&trial.retriever, TEXT, width - LEFT - 20.0);
        let end = LEFT + 17.0 + text_width(&name, TEXT);
        drawing.text((LEFT + 17.0, top + 10.0), &name, TEXT, BLACK, Anchor::Left);
        let point = fit(&trial.point, SMALL, width - end - 12.0);
        drawing.text((end + 8.0, top + 10.0), &point, SMALL, GREY, Anchor::Left);
        draw(&mut drawing, row, marker, top + 30.0);
    }
    drawing
}
