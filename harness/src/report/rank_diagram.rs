//! A critical-difference diagram: names at their mean ranks, with bars that join those of which no two differ (Demsar 2006).

use crate::plot::axis::{Axis, Ends, Tick};
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, SMALL, TEXT, fit, text_width};
use crate::plot::{Marker, Size};
use crate::statistics::ranks::Ranking;

/// The smallest length of the axis between the names.
const AXIS: f64 = 96.0;

/// A critical-difference diagram.
pub struct RankDiagram<'r> {
    /// A name and a marker for each of the ranking's columns.
    pub entries: Vec<(String, Marker)>,
    /// The ranking.
    pub ranking: &'r Ranking,
    /// The ends (places in the ranking's order) of what each bar joins.
    pub bars: &'r [(usize, usize)],
    /// The axis' title.
    pub title: String,
}

impl RankDiagram<'_> {
    /// The picture.
    pub fn draw(&self, size: Size) -> Drawing {
        const ROW: f64 = 22.0;
        let width = size.width();
        let order = &self.ranking.order;
        let ranks = &self.ranking.mean_ranks;
        let half = order.len().div_ceil(2);
        // Names stand at both sides, the axis between them.
        let entry_in = |i: usize, room: f64| {
            let rank = format!("{:.2}", ranks[i]);
            let rank_width = text_width(&rank, SMALL);
            let name = fit(&self.entries[i].0, TEXT, room - rank_width);
            let reach = 30.0 + text_width(&name, TEXT) + rank_width;
            (name, rank, reach)
        };
        let widest = |places: &[usize], room| places.iter().map(|&i| entry_in(i, room).2).fold(0.0, f64::max) + 10.0;
        // Names are whole if both sides leave room for the axis; otherwise each side gets half of the remaining room.
        let sides = [&order[..half], &order[half..]];
        let are_whole = sides.into_iter().map(|side| widest(side, width)).sum::<f64>() <= width - AXIS;
        let room = if are_whole { width } else { (width - AXIS) / 2.0 - 36.0 };
        let entry = |i: usize| entry_in(i, room);
        let reach = |places: &[usize]| widest(places, room);
        let (left, right) = (reach(&order[..half]), width - reach(&order[half..]));
        let axis = Axis::linear(ranks.iter().copied(), Ends { from: left, to: right });
        let line = 30.0;
        let bars_top = line + 12.0;
        let bars = self.bars.len() as f64;
        let labels_top = bars_top + 9.0 * bars + 12.0;
        let title = labels_top + ROW * half as f64 + 4.0;
        let mut drawing = Drawing::new(size, title + 24.0);
        drawing.line(&[(left, line), (right, line)], BLACK, 1.0, 1.0);
        let mut free = 0.0;
        for Tick { at, text, .. } in axis.ticks() {
            drawing.line(&[(at, line - 5.0), (at, line)], BLACK, 1.0, 1.0);
            let half = text_width(&text, SMALL) / 2.0;
            if at - half > free {
                drawing.text((at, line - 26.0), &text, SMALL, BLACK, Anchor::Top);
                free = at + half + 6.0;
            }
        }
        for (i, &(first, last)) in self.bars.iter().enumerate() {
            let y = bars_top + 9.0 * i as f64;
            let Some((from, to)) = axis.span(ranks[order[first]], ranks[order[last]]) else { continue };
            drawing.line(&[(from - 2.0, y), (to + 2.0, y)], BLACK, 1.0, 3.6);
        }
        // The better half has its names at the left, the worse half at the right; the best and the worst come first.
        for (place, &i) in order.iter().enumerate() {
            let is_left = place < half;
            let depth = if is_left { place } else { order.len() - 1 - place };
            let y = labels_top + ROW * depth as f64 + 8.0;
            let Some(at) = axis.place(ranks[i]) else { continue };
            let marker = self.entries[i].1;
            let (name, rank, reach) = entry(i);
            let end = if is_left { reach } else { width - reach };
            drawing.line(&[(at, line), (at, y), (end, y)], marker.ink, 0.9, 1.1);
            if is_left {
                marker.draw(&mut drawing, (8.0, y), 5.0);
                drawing.text((18.0, y), &name, TEXT, BLACK, Anchor::Left);
                drawing.text((reach - 4.0, y), &rank, SMALL, GREY, Anchor::Right);
            } else {
                marker.draw(&mut drawing, (width - 8.0, y), 5.0);
                drawing.text((width - 18.0, y), &name, TEXT, BLACK, Anchor::Right);
                drawing.text((end + 4.0, y), &rank, SMALL, GREY, Anchor::Left);
            }
        }
        drawing.text((width / 2.0, title), &self.title, TEXT, BLACK, Anchor::Top);
        drawing
    }
}
