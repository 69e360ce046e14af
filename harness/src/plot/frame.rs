//! Axes around a plot, and the legend below it.

use super::axis::{Axis, Ends, Tick};
use super::drawing::{Anchor, BLACK, Drawing, PALE, SMALL, TEXT, fit, text_width};
use super::{Marker, Size};

/// The area between the axes.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    size: Size,
    /// Left end.
    pub left: f64,
    /// Right end.
    pub right: f64,
    /// Upper end.
    pub top: f64,
    /// Lower end.
    pub bottom: f64,
}

const TOP: f64 = 10.0;

impl Frame {
    /// The ends of the axis upwards of every frame of that size. The axis is made before its frame.
    pub fn heights(size: Size) -> Ends {
        Ends { from: TOP + size.plot_height(), to: TOP }
    }

    /// A frame that leaves room for the numbers and the title of the axis upwards.
    pub fn new(size: Size, up: &Axis) -> Self {
        let widest = up.ticks().iter().map(|tick| text_width(&tick.text, SMALL)).fold(0.0, f64::max);
        let Ends { from: bottom, to: top } = Self::heights(size);
        Self { size, left: 34.0 + widest, right: size.width() - 14.0, top, bottom }
    }

    /// The ends of the axis across.
    pub fn across(&self) -> Ends {
        Ends { from: self.left, to: self.right }
    }

    /// The height below the axis and its title, where a legend begins.
    pub fn below(&self) -> f64 {
        self.bottom + 58.0
    }

    /// Draws the grid, the numbers, the axes and their titles.
    pub fn draw(&self, drawing: &mut Drawing, x: &Axis, y: &Axis, across: &str, up: &str) {
        let Self { left, right, top, bottom, .. } = *self;
        let mut free = f64::NEG_INFINITY;
        for Tick { at, text, .. } in x.ticks() {
            drawing.line(&[(at, top), (at, bottom)], PALE, 1.0, 0.8);
            // A number that would overlap another is left out, but its line is drawn.
            let half = text_width(&text, SMALL) / 2.0;
            if at - half > free && at + half < self.size.width() {
                drawing.text((at, bottom + 8.0), &text, SMALL, BLACK, Anchor::Top);
                free = at + half + 6.0;
            }
        }
        for Tick { at, text, .. } in y.ticks() {
            drawing.line(&[(left, at), (right, at)], PALE, 1.0, 0.8);
            drawing.text((left - 7.0, at), &text, SMALL, BLACK, Anchor::Right);
        }
        drawing.line(&[(left, top), (left, bottom), (right, bottom)], BLACK, 1.0, 1.0);
        let across = fit(across, TEXT, self.size.width() - 8.0);
        let half = text_width(&across, TEXT) / 2.0;
        // Below the middle of the axis, or as near as the edges of the drawing allow.
        let middle = f64::midpoint(left, right).min(self.size.width() - half - 2.0).max(half + 2.0);
        drawing.text((middle, bottom + 28.0), &across, TEXT, BLACK, Anchor::Top);
        let up = fit(up, TEXT, bottom + 40.0);
        let half = text_width(&up, TEXT) / 2.0;
        drawing.text((11.0, f64::midpoint(top, bottom).max(half + 2.0)), &up, TEXT, BLACK, Anchor::Upwards);
    }
}

/// Names with their markers, as many in a row as fit.
pub struct Legend {
    entries: Vec<(f64, usize, Marker, String)>,
    rows: usize,
}

const ROW: f64 = 24.0;

impl Legend {
    /// A legend of these names.
    pub fn new(size: Size, names: impl IntoIterator<Item = (Marker, String)>) -> Self {
        let (mut x, mut row) = (14.0, 0);
        let mut entries = Vec::new();
        for (marker, name) in names {
            let text = fit(&name, TEXT, size.width() - 50.0);
            let width = 18.0 + text_width(&text, TEXT) + 22.0;
            if x + width - 22.0 > size.width() - 4.0 && x > 14.0 {
                (x, row) = (14.0, row + 1);
            }
            entries.push((x, row, marker, text));
            x += width;
        }
        Self { rows: if entries.is_empty() { 0 } else { row + 1 }, entries }
    }

    /// Its height.
    pub fn height(&self) -> f64 {
        ROW * self.rows as f64
    }

    /// Draws it from `top` down.
    pub fn draw(&self, drawing: &mut Drawing, top: f64) {
        for (x, row, marker, text) in &self.entries {
            let y = top + ROW * (*row as f64) + 8.0;
            marker.draw(drawing, (*x, y), 6.0);
            drawing.text((x + 13.0, y), text, TEXT, BLACK, Anchor::Left);
        }
    }
}
