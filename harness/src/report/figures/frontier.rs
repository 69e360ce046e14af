//! The frontier: one measure against another with a marker per trial, intervals, and the Pareto front.

use super::{Figure, FigureKind, Style, capital};
use crate::config::figures::Frontier;
use crate::config::measure::{Measure, Scale};
use crate::findings::LoadedRun;
use crate::metrics::MetricName;
use crate::plot::Marker;
use crate::plot::axis::left_out;
use crate::plot::drawing::{Drawing, GREY};
use crate::plot::frame::{Frame, Legend};
use crate::plot::pareto::{self, Point};
use crate::statistics::Estimate;

/// The pairs that are drawn if none is named: across, and upwards. What people judged comes before them, against recall.
const USUAL: [(&str, &str); 2] = [("recall", "qps"), ("redundancy", "coverage")];

impl FigureKind for Frontier {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let measured = |name: &str| {
            let metric = found.summary.metrics.iter().copied().find(|metric| metric.name() == name);
            metric.map(Measure::Metric).or_else(|| Measure::cost(name))
        };
        let plot = |x, y| {
            let name = format!("{}-{}", Measure::file_name(y), Measure::file_name(x));
            let name = match name.strip_suffix("-recall") {
                Some(rate) if rate.starts_with("qps") => format!("recall-{rate}"),
                _ => name,
            };
            Scatter { name, x, y, scales: (self.x_scale, self.y_scale) }
        };
        if self.x.is_none() && self.y.is_none() {
            let rate = |y| if y == "qps" { found.summary.rate.column() } else { y };
            let judged =
                MetricName::of_judgements(&found.summary.metrics).map(|at| ("recall", found.metric(at).name()));
            let pairs = judged.into_iter().chain(USUAL);
            let pairs = pairs.filter_map(|(x, y)| Some(plot(measured(x)?, measured(rate(y))?)));
            let shown = pairs.filter(|plot| plot.both(found).next().is_some());
            return Ok(shown.map(|plot| -> Box<dyn Figure> { Box::new(plot) }).collect());
        }
        let named = |measure: Option<Measure>, usual: &str| {
            let measure = measure.or_else(|| measured(usual)).ok_or(format!("`{usual}` was not measured"))?;
            let known = |metric: &MetricName| found.summary.metrics.contains(metric);
            match measure {
                Measure::Metric(metric) if !known(&metric) => Err(format!("`{}` was not measured", metric.name())),
                _ => Ok(measure),
            }
        };
        let headline = found.headline().map_or("coverage", |metric| found.metric(metric).name());
        Ok(vec![Box::new(plot(named(self.x, "recall")?, named(self.y, headline)?))])
    }
}

/// A marker per trial, and the Pareto front as a line.
struct Scatter {
    name: String,
    x: Measure,
    y: Measure,
    scales: (Scale, Scale),
}

impl Scatter {
    /// The trials that a figure may show. Oracles are left out: they are bounds, and their values would stretch the axes.
    fn rows(found: &LoadedRun) -> impl Iterator<Item = usize> {
        (0..found.summary.rows.len()).filter(|&row| !found.summary.rows[row].is_oracle)
    }

    /// Those that have both values, as (row, across, up).
    fn both(&self, found: &LoadedRun) -> impl Iterator<Item = (usize, Estimate, Estimate)> {
        Self::rows(found).filter_map(|row| Some((row, found.measured(self.x, row)?, found.measured(self.y, row)?)))
    }

    /// The trials that have both values and a place, as (row, across, up), and how many have both values but no place.
    fn points(&self, found: &LoadedRun) -> (Vec<(usize, Estimate, Estimate)>, usize) {
        let (placed, others): (Vec<_>, Vec<_>) = self
            .both(found)
            .partition(|(_, x, y)| self.x.has_place(self.scales.0, x) && self.y.has_place(self.scales.1, y));
        (placed, others.len())
    }
}

impl Figure for Scatter {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let (points, without) = self.points(found);
        let lacking = match Self::rows(found).count() - points.len() - without {
            0 => String::new(),
            1 => " 1 trial lacks one of the two and is not shown.".to_owned(),
            many => format!(" {many} trials lack one of the two and are not shown."),
        };
        let without = left_out(without, "trial", self.x.is_log(self.scales.0) || self.y.is_log(self.scales.1));
        let interval = match (self.x, self.y) {
            _ if points.len() > MANY => "",
            (Measure::Metric(_), Measure::Metric(_)) => " Bars are 95 % intervals over queries.",
            _ => " Bars are 95 % intervals over queries; for queries per second, the range of the repeats.",
        };
        let log = |measure: Measure, scale| if measure.is_log(scale) { ", on a logarithmic scale," } else { "" };
        let oracles = found.summary.rows.iter().enumerate().filter(|(_, row)| row.is_oracle);
        let reached = oracles.filter_map(|(row, oracle)| {
            let up = found.measured(self.y, row)?;
            Some(format!("{} {}", oracle.label(), crate::plot::format::three_digits(up.mean)))
        });
        let reached: Vec<String> = reached.collect();
        let oracles = if reached.is_empty() {
            String::new()
        } else {
            format!(" Oracles, which know the subtopics, are left out: {}.", reached.join("; "))
        };
        format!(
            "{}{} against {}{}, one marker per trial.{interval} Dashed: the Pareto front, the trials that no other trial beats \
             in one measure without losing in the other.{without}{lacking}{oracles}",
            capital(self.y.words()),
            log(self.y, self.scales.1),
            self.x.words(),
            log(self.x, self.scales.0).trim_end_matches(','),
        )
    }

    fn metrics(&self, found: &LoadedRun) -> Vec<usize> {
        let place = |measure: Measure| match measure {
            Measure::Metric(metric) => found.summary.metrics.iter().position(|&other| other == metric),
            Measure::Cost(_) => None,
        };
        [self.x, self.y].into_iter().filter_map(place).collect()
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        let (points, _) = self.points(found);
        let summary = &found.summary;
        let of = |part: fn(&(usize, Estimate, Estimate)) -> Estimate| points.iter().map(part).collect::<Vec<_>>();
        let y = self.y.axis(self.scales.1, &of(|p| p.2), Frame::heights(style.size));
        let frame = Frame::new(style.size, &y);
        let x = self.x.axis(self.scales.0, &of(|p| p.1), frame.across());
        let shown = |name: &&str| points.iter().any(|point| summary.rows[point.0].retriever == *name);
        let names = summary.retrievers().into_iter().enumerate().filter(|(_, name)| shown(name));
        let legend = Legend::new(style.size, names.map(|(i, name)| (Marker::new(i), name.to_owned())));
        let mut drawing = Drawing::new(style.size, frame.below() + legend.height());
        let titles = (self.x.title(), self.y.title());
        frame.draw(&mut drawing, &x, &y, style.across.unwrap_or(&titles.0), style.up.unwrap_or(&titles.1));

        let place = |(_, a, b): &(usize, Estimate, Estimate)| Some((x.place(a.mean)?, y.place(b.mean)?));
        let goodness: Vec<Point> =
            points.iter().map(|(_, a, b)| (self.x.goodness(a.mean), self.y.goodness(b.mean))).collect();
        let front = pareto::front(0..points.len(), |&i| goodness[i]);
        let line: Vec<_> = front.iter().filter_map(|&i| place(&points[i])).collect();
        if points.len() <= MANY {
            for point in &points {
                let (row, a, b) = point;
                let (ink, Some((across, up))) = (found.marker(*row).ink, place(point)) else { continue };
                if let Some((lo, hi)) = x.span(a.lo, a.hi) {
                    drawing.line(&[(lo, up), (hi, up)], ink, 0.45, 1.2);
                }
                if let Some((lo, hi)) = y.span(b.lo, b.hi) {
                    drawing.line(&[(across, lo), (across, hi)], ink, 0.45, 1.2);
                }
            }
        }
        // Among many trials the front stands out. The others are small and pale, and drawn first.
        let is_many = points.len() > MANY;
        let stands_out = |i: usize| !is_many || front.contains(&i) || summary.reference.is(points[i].0);
        for point in (0..points.len()).filter(|&i| !stands_out(i)).map(|i| &points[i]) {
            place(point).into_iter().for_each(|at| found.marker(point.0).faded().draw(&mut drawing, at, 3.5));
        }
        drawing.dashes(&line, GREY, 1.3);
        // The reference is drawn last, so that no other marker covers it.
        let (reference, others): (Vec<_>, Vec<_>) =
            (0..points.len()).filter(|&i| stands_out(i)).partition(|&i| summary.reference.is(points[i].0));
        for point in others.into_iter().chain(reference).map(|i| &points[i]) {
            place(point).into_iter().for_each(|at| found.marker(point.0).draw(&mut drawing, at, 6.0));
        }
        legend.draw(&mut drawing, frame.below());
        drawing
    }
}

/// Beyond this many trials no intervals are drawn: they would cover each other. They are in the table.
const MANY: usize = 30;
