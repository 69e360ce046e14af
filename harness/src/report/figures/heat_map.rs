//! Heat map: a metric over two parameters of a retriever.

use super::curves::{TrialGrid, distinct, grids};
use super::{Figure, FigureKind, Style, capital, metric_or_headline, rows_of};
use crate::config::figures::HeatMap;
use crate::findings::LoadedRun;
use crate::plot::axis::{has_place, left_out};
use crate::plot::drawing::{Anchor, BLACK, Drawing, Ink, SMALL, TEXT, fit, text_width};
use crate::plot::format::number;

/// At most this many figures if no retriever is named.
const MOST: usize = 4;

impl FigureKind for HeatMap {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let Some(metric) = metric_or_headline(found, self.metric)? else { return Ok(Vec::new()) };
        let figure =
            |grid: &TrialGrid| -> Result<Box<dyn Figure>, String> { Ok(Box::new(self.map(found, metric, grid)?)) };
        let Some(name) = &self.retriever else {
            return Ok(grids(found).iter().filter_map(|grid| figure(grid).ok()).take(MOST).collect());
        };
        let rows = rows_of(found, name.as_str())?;
        let grid = grids(found).into_iter().find(|grid| grid.rows == rows);
        grid.map_or_else(|| Ok(Vec::new()), |grid| figure(&grid).map(|figure| vec![figure]))
    }
}

impl HeatMap {
    fn map(&self, found: &LoadedRun, metric: usize, grid: &TrialGrid) -> Result<HeatMapFigure, String> {
        let mut axes: Vec<(&str, Vec<f64>)> =
            grid.varying.iter().filter_map(|axis| Some((axis.name.as_str(), axis.numbers()?))).collect();
        axes.sort_by_key(|(_, values)| std::cmp::Reverse(distinct(values)));
        let names: Vec<String> = axes.iter().map(|(name, _)| format!("`{name}`")).collect();
        let retriever = &grid.retriever;
        let take = |axes: &mut Vec<(&str, Vec<f64>)>, wanted: Option<&String>| {
            let at = wanted.map_or(Some(0), |wanted| axes.iter().position(|(name, _)| name == wanted));
            let missing = || match wanted {
                Some(wanted) => format!("`{retriever}` varies no number called `{wanted}`, but {}", names.join(", ")),
                None => format!("`{retriever}` varies fewer than two numbers"),
            };
            let at = at.filter(|&at| at < axes.len()).ok_or_else(missing)?;
            Ok::<_, String>((axes[at].0.to_owned(), axes.remove(at).1))
        };
        // A named axis is taken first; the other takes the first that is left.
        let (x, y) = if self.x.is_none() && self.y.is_some() {
            let y = take(&mut axes, self.y.as_ref())?;
            (take(&mut axes, None)?, y)
        } else {
            (take(&mut axes, self.x.as_ref())?, take(&mut axes, self.y.as_ref())?)
        };
        let (members, fixed) = grid.slice(found, metric, &[&x.0, &y.0]);
        let cell = |&at: &usize| Some((x.1[at], y.1[at], found.estimate(grid.rows[at], metric)?.mean));
        let (cells, others): (Vec<(f64, f64, f64)>, Vec<_>) =
            members.iter().filter_map(cell).partition(|cell| has_place(cell.2, false));
        let sorted = |part: fn(&(f64, f64, f64)) -> f64| {
            let mut values: Vec<f64> = cells.iter().map(part).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            values
        };
        let (across, up) = (sorted(|cell| cell.0), sorted(|cell| cell.1));
        if across.len() < 2 || up.len() < 2 {
            return Err(format!("`{retriever}` has no two values of `{}` and `{}` beside each other", x.0, y.0));
        }
        let names = (x.0, y.0);
        Ok(HeatMapFigure {
            retriever: retriever.clone(),
            metric,
            names,
            fixed,
            across,
            up,
            cells,
            left_out: others.len(),
        })
    }
}

struct HeatMapFigure {
    retriever: String,
    metric: usize,
    names: (String, String),
    fixed: String,
    across: Vec<f64>,
    up: Vec<f64>,
    cells: Vec<(f64, f64, f64)>,
    /// Trials whose value has no colour.
    left_out: usize,
}

/// Colours of evenly rising lightness, distinct with any colour vision: from blue over grey to yellow, as in "cividis"
/// (Nunez, Anderton & Renslow 2018).
const COLOURS: [Ink; 5] =
    [Ink(0x00, 0x22, 0x4e), Ink(0x43, 0x4e, 0x6c), Ink(0x7d, 0x7c, 0x78), Ink(0xbc, 0xaf, 0x6f), Ink(0xfe, 0xe8, 0x38)];

fn colour(share: f64) -> Ink {
    let place = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let low = (place as usize).min(COLOURS.len() - 2);
    let part = place - low as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    let (Ink(r, g, b), Ink(s, h, c)) = (COLOURS[low], COLOURS[low + 1]);
    Ink(mix(r, s), mix(g, h), mix(b, c))
}

impl Figure for HeatMapFigure {
    fn name(&self) -> String {
        format!("heat-map-{}", self.retriever)
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let metric = found.metric(self.metric);
        let fixed = if self.fixed.is_empty() { String::new() } else { format!(" at {}", self.fixed) };
        let light = if metric.higher_is_better() { "Light is better" } else { "Dark is better" };
        format!(
            "{} of {}{fixed}, by {} and {}. {light}; the best is framed.{}",
            capital(metric.name()),
            self.retriever,
            self.names.0,
            self.names.1,
            left_out(self.left_out, "trial", false)
        )
    }

    fn metrics(&self, _: &LoadedRun) -> Vec<usize> {
        vec![self.metric]
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        const ROW: f64 = 34.0;
        let width = style.size.width();
        let texts: Vec<String> = self.up.iter().map(|&value| number(value)).collect();
        let left = 36.0 + texts.iter().map(|text| text_width(text, SMALL)).fold(0.0, f64::max);
        let (right, top) = (width - 6.0, 6.0);
        let step = (right - left) / self.across.len() as f64;
        let bottom = top + ROW * self.up.len() as f64;
        let mut drawing = Drawing::new(style.size, bottom + 56.0);
        let values = || self.cells.iter().map(|cell| cell.2);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let best = if found.metric(self.metric).higher_is_better() { high } else { low };
        let digits = if high - low < 0.02 { 4 } else { 3 };
        let is_framed = |value: f64| format!("{value:.digits$}") == format!("{best:.digits$}");
        let corner = |x: f64, y: f64| {
            let column = self.across.iter().position(|&value| value == x).unwrap_or(0);
            let row = self.up.iter().position(|&value| value == y).unwrap_or(0);
            (left + step * column as f64, bottom - ROW * (row + 1) as f64)
        };
        let around = |(x, y): (f64, f64), inside: f64| {
            let (far_x, far_y) = (x + step - inside, y + ROW - inside);
            let (x, y) = (x + inside, y + inside);
            [(x, y), (far_x, y), (far_x, far_y), (x, far_y), (x, y)]
        };
        for &(x, y, value) in &self.cells {
            let share = if high > low { (value - low) / (high - low) } else { 0.5 };
            let at = corner(x, y);
            drawing.area(&around(at, 0.75)[..4], colour(share), 1.0);
            let text = format!("{value:.digits$}");
            if text_width(&text, SMALL) < step - 4.0 {
                let ink = if share > 0.55 { BLACK } else { Ink(0xff, 0xff, 0xff) };
                drawing.text((at.0 + step / 2.0, at.1 + ROW / 2.0), &text, SMALL, ink, Anchor::Centre);
            }
        }
        for &(x, y, _) in self.cells.iter().filter(|cell| is_framed(cell.2)) {
            drawing.line(&around(corner(x, y), 1.5), Ink(0xd5, 0x5e, 0x00), 1.0, 2.4);
        }
        for (i, text) in texts.iter().enumerate() {
            drawing.text((left - 6.0, bottom - ROW * (i as f64 + 0.5)), text, SMALL, BLACK, Anchor::Right);
        }
        for (i, &value) in self.across.iter().enumerate() {
            let text = fit(&number(value), SMALL, step);
            drawing.text((left + step * (i as f64 + 0.5), bottom + 6.0), &text, SMALL, BLACK, Anchor::Top);
        }
        let across = style.across.unwrap_or(&self.names.0);
        drawing.text((f64::midpoint(left, right), bottom + 27.0), across, TEXT, BLACK, Anchor::Top);
        let up = fit(style.up.unwrap_or(&self.names.1), TEXT, bottom + 30.0);
        let half = text_width(&up, TEXT) / 2.0;
        drawing.text((11.0, f64::midpoint(top, bottom).max(half + 2.0)), &up, TEXT, BLACK, Anchor::Upwards);
        drawing
    }
}
