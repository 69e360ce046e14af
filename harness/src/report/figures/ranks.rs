//! Ranks: retrievers by their mean ranks, in a critical-difference diagram.

use super::{Figure, FigureKind, Style, metric_or_headline};
use crate::config::figures::Ranks;
use crate::findings::LoadedRun;
use crate::plot::axis::{Axis, Ends, Tick};
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, SMALL, TEXT, fit, text_width};
use crate::plot::format::{number, three_decimals};
use crate::statistics::ranks::Ranking;

/// The smallest length of the axis between the names.
const AXIS: f64 = 96.0;

/// At most this many retrievers: those with the best means.
const MOST: usize = 16;

impl FigureKind for Ranks {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let Some(metric) = metric_or_headline(found, self.metric)? else { return Ok(Vec::new()) };
        let sign = if found.metric(metric).higher_is_better() { 1.0 } else { -1.0 };
        let mean = |row: usize| found.estimate(row, metric).map_or(f64::NEG_INFINITY, |e| sign * e.mean);
        let competes = |row: &usize| !found.summary.rows[*row].is_oracle && found.results.trials.get(*row).is_some();
        let mut rows: Vec<usize> = found.representatives(metric).into_iter().filter(competes).collect();
        let all = rows.len();
        if !found.summary.can_rank(metric, rows.iter().copied()) {
            let name = found.metric(metric).name();
            let refused = format!("`{name}` does not compare retrievers whose pools are of several sizes");
            return if self.metric.is_some() { Err(refused) } else { Ok(Vec::new()) };
        }
        rows.sort_by(|&a, &b| mean(b).total_cmp(&mean(a)).then(a.cmp(&b)));
        rows.truncate(MOST);
        let queries: Option<Vec<usize>> = found.reported();
        let column = |&row: &usize| {
            let values = &found.results.trials[row].metrics[metric];
            queries.as_ref().map_or_else(|| values.clone(), |queries| queries.iter().map(|&q| values[q]).collect())
        };
        let columns: Vec<Vec<f64>> = rows.iter().map(column).collect();
        let Some(ranking) = Ranking::new(&columns, found.metric(metric).higher_is_better()) else {
            return Ok(Vec::new());
        };
        Ok(vec![Box::new(Diagram { metric, rows, all, ranking, parted: queries.is_some() })])
    }
}

struct Diagram {
    metric: usize,
    rows: Vec<usize>,
    all: usize,
    ranking: Ranking,
    parted: bool,
}

impl Figure for Diagram {
    fn name(&self) -> String {
        "ranks".into()
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let name = found.metric(self.metric).name();
        let chosen = if self.parted {
            "at their points chosen on other queries"
        } else {
            "each at its best point on the same queries, so exploratory"
        };
        let left_out = if self.all > self.rows.len() {
            format!(" The {} retrievers with the best means are shown, of {} in all.", self.rows.len(), self.all)
        } else {
            String::new()
        };
        let pairs = match self.rows.len() * (self.rows.len() - 1) / 2 {
            1 => "1 pair".to_owned(),
            pairs => format!("{pairs} pairs"),
        };
        format!(
            "Mean rank in {name} over {} queries (1 is best) of retrievers {chosen}. A bar joins retrievers of which no two differ \
             significantly (Wilcoxon's signed-rank test of each pair, Holm-corrected over {pairs}, level 5 %). Friedman's test \
             that all are equal: p {}.{left_out}",
            number(self.ranking.queries as f64),
            if self.ranking.friedman < 0.001 {
                three_decimals(self.ranking.friedman)
            } else {
                format!("= {}", three_decimals(self.ranking.friedman))
            },
        )
    }

    fn metrics(&self, _: &LoadedRun) -> Vec<usize> {
        vec![self.metric]
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        const ROW: f64 = 22.0;
        let (width, summary) = (style.size.width(), &found.summary);
        let order = &self.ranking.order;
        let ranks = &self.ranking.mean_ranks;
        let half = order.len().div_ceil(2);
        // Names stand at both sides, the axis between them.
        let entry_in = |i: usize, room: f64| {
            let rank = format!("{:.2}", ranks[i]);
            let rank_width = text_width(&rank, SMALL);
            let name = fit(&summary.rows[self.rows[i]].retriever, TEXT, room - rank_width);
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
        let bars = self.ranking.groups.len() as f64;
        let labels_top = bars_top + 9.0 * bars + 12.0;
        let title = labels_top + ROW * half as f64 + 4.0;
        let mut drawing = Drawing::new(style.size, title + 24.0);
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
        for (i, &(first, last)) in self.ranking.groups.iter().enumerate() {
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
            let marker = summary.marker(self.rows[i]);
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
        let across = format!("mean rank in {} (lower is better)", found.metric(self.metric).name());
        drawing.text((width / 2.0, title), style.across.unwrap_or(&across), TEXT, BLACK, Anchor::Top);
        drawing
    }
}
