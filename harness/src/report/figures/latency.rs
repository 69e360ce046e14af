//! Latency: the distribution of query times.

use super::{Figure, FigureKind, Style, rows};
use crate::config::figures::Latencies;
use crate::findings::LoadedRun;
use crate::findings::summary::Summary;
use crate::plot::axis::{Axis, has_place, left_out};
use crate::plot::drawing::{Anchor, BLACK, Drawing, SMALL};
use crate::plot::format::three_digits;
use crate::statistics::bootstrap::quantile;

impl FigureKind for Latencies {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let timed = found.summary.rows.iter().any(|row| row.timing.latency.is_some());
        Ok(if timed { vec![Box::new(Distributions)] } else { Vec::new() })
    }
}

struct Distributions;

/// Quantiles of the milliseconds of a trial's queries in all repeats, evenly spaced.
fn milliseconds(summary: &Summary, row: usize) -> Option<Vec<f64>> {
    let latency = summary.rows[row].timing.latency.as_ref()?;
    Some(latency.quantiles.iter().map(|seconds| 1e3 * seconds).collect())
}

/// The same if their median has a place. A clock too coarse for the queries measures 0.
fn shown(summary: &Summary, row: usize) -> Option<Vec<f64>> {
    milliseconds(summary, row).filter(|ascending| has_place(ends(ascending)[1], true))
}

/// The share of times without a place on a logarithmic axis.
fn unplaced(quantiles: &[f64]) -> f64 {
    quantiles.iter().filter(|&&time| !has_place(time, true)).count() as f64 / quantiles.len() as f64
}

/// Percentiles 1, 50 and 99.
fn ends(ascending: &[f64]) -> [f64; 3] {
    [0.01, 0.5, 0.99].map(|level| quantile(ascending, level))
}

/// The density of `places` at each of `at`, scaled to at most 1: a sum of normal curves of that width.
fn density(places: &[f64], at: &[f64], width: f64) -> Vec<f64> {
    let sum = |x: &f64| places.iter().map(|place| (-0.5 * ((x - place) / width).powi(2)).exp()).sum::<f64>();
    let heights: Vec<f64> = at.iter().map(sum).collect();
    let most = heights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    heights.into_iter().map(|height| height / most).collect()
}

impl Figure for Distributions {
    fn name(&self) -> String {
        "latency".into()
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let rows = || 0..found.summary.rows.len();
        let timed = rows().filter(|&row| found.summary.rows[row].timing.latency.is_some()).count();
        let trials = rows().filter(|&row| shown(&found.summary, row).is_some()).count();
        let shares = rows().filter_map(|row| shown(&found.summary, row)).map(|quantiles| unplaced(&quantiles));
        let most = shares.fold(0.0, f64::max);
        let partly = if most > 0.0 {
            format!(
                " Times of 0, up to {} % of a trial's times, are left out: a logarithmic scale shows only values above 0.",
                three_digits(100.0 * most)
            )
        } else {
            String::new()
        };
        format!(
            "Milliseconds of single queries in all repeats, on a logarithmic scale. The shape is their density between \
             percentiles 1 and 99; the long tick and the number are the median; the short tick is percentile 99.{}{}{}",
            rows::selection(trials, "lowest median"),
            left_out(timed - trials, "trial", true),
            partly,
        )
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        let summary = &found.summary;
        let median = |row: usize| shown(summary, row).map(|ascending| -ends(&ascending)[1]);
        let rows = rows::shown(summary, median);
        let values = rows.iter().filter_map(|&row| shown(summary, row)).flat_map(|ascending| ends(&ascending));
        let axis = Axis::log(values, rows::across(style.size));
        let title = style.across.unwrap_or("milliseconds per query (lower is better)");
        rows::draw(summary, &rows, &axis, title, style.size, |drawing, row, marker, y| {
            let Some(ascending) = shown(summary, row) else { return };
            let percentiles = ends(&ascending);
            let (Some(half), Some((low, high))) =
                (axis.place(percentiles[1]), axis.span(percentiles[0], percentiles[2]))
            else {
                return;
            };
            let steps = 48;
            let at: Vec<f64> = (0..=steps).map(|i| low + (high - low) * f64::from(i) / f64::from(steps)).collect();
            let places: Vec<f64> = ascending.iter().filter_map(|&value| axis.place(value)).collect();
            let heights = density(&places, &at, ((high - low) / 24.0).max(1.5));
            let upper = at.iter().zip(&heights).map(|(&x, height)| (x, y - 1.0 - 8.0 * height));
            let lower = at.iter().zip(&heights).rev().map(|(&x, height)| (x, y + 1.0 + 8.0 * height));
            drawing.area(&upper.chain(lower).collect::<Vec<_>>(), marker.ink, 0.75);
            drawing.line(&[(half, y - 9.5), (half, y + 9.5)], BLACK, 1.0, 2.0);
            drawing.line(&[(high, y - 5.0), (high, y + 5.0)], BLACK, 1.0, 1.4);
            let value = three_digits(percentiles[1]);
            drawing.text((style.size.width() - 2.0, y), &value, SMALL, BLACK, Anchor::Right);
        })
    }
}
