//! The figures of a report on several datasets: the gain of each retriever on each dataset, and mean ranks.

use super::verdict::FOR_RANKS;
use crate::findings::across::{Across, AcrossMetric, Standing};
use crate::plot::axis::{Axis, Ends, Tick};
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, PALE, SMALL, TEXT, fit, text_width};
use crate::plot::frame::Legend;
use crate::plot::{Marker, Size};
use crate::report::plots::Picture;
use crate::report::rank_diagram::RankDiagram;
use crate::statistics::{Estimate, ranks::Ranking};

/// A figure.
pub struct AcrossFigure<'a> {
    across: &'a Across,
    one: &'a AcrossMetric,
    kind: Kind<'a>,
}

enum Kind<'a> {
    /// Differences to the reference.
    Gains,
    /// Mean ranks.
    Ranks(&'a Ranking),
}

/// A retriever with its differences.
struct GainsRow<'a> {
    name: &'a str,
    /// On each dataset.
    on: Vec<Option<Estimate>>,
    /// Over all.
    mean: Option<Estimate>,
}

/// All figures: gains in each metric, the headline first, and ranks in the headline.
pub fn all(across: &Across) -> Vec<AcrossFigure<'_>> {
    let Some(headline) = across.headline() else { return Vec::new() };
    let others = (0..across.metrics.len()).filter(|&at| at != headline);
    let metrics = std::iter::once(headline).chain(others).map(|at| &across.metrics[at]);
    let mut figures: Vec<AcrossFigure<'_>> = Vec::new();
    for one in metrics {
        if !one.has_unit && one.standings.iter().any(|standing| standing.compared().next().is_some()) {
            figures.push(AcrossFigure { across, one, kind: Kind::Gains });
        }
        if figures.len() < 2
            && let Some(ranking) = &one.ranking
        {
            figures.push(AcrossFigure { across, one, kind: Kind::Ranks(ranking) });
        }
    }
    figures
}

const LEFT: f64 = 14.0;
const HEAD: f64 = 22.0;
const STEP: f64 = 14.0;

impl<'a> AcrossFigure<'a> {
    /// As a picture to draw.
    pub fn picture(self) -> Picture<'a> {
        let name = self.one.metric.file_name();
        let (name, caption) = match self.kind {
            Kind::Gains => (format!("gains-{name}"), self.caption_of_gains()),
            Kind::Ranks(ranking) => (format!("ranks-{name}"), self.caption_of_ranks(ranking)),
        };
        let draw = move |size| match self.kind {
            Kind::Gains => self.gains(size),
            Kind::Ranks(ranking) => self.ranks(ranking, size),
        };
        Picture { name, caption, draw: Box::new(draw) }
    }

    fn reference(&self) -> &str {
        self.across.reference.map_or("", |i| &self.across.retrievers[i].name)
    }

    fn caption_of_gains(&self) -> String {
        format!(
            "Difference in {} between each retriever and {} on each dataset, with 95 % intervals over queries (BCa bootstrap). \
             Black: the mean over datasets. Line: no difference.",
            self.one.metric.name(),
            self.reference()
        )
    }

    fn caption_of_ranks(&self, ranking: &Ranking) -> String {
        let bars = if ranking.queries < FOR_RANKS {
            format!("With {} datasets no two are compared.", ranking.queries)
        } else {
            format!(
                "A bar joins retrievers of which no two differ by Nemenyi's test (critical difference {:.2}, level 5 %).",
                ranking.critical_difference()
            )
        };
        format!(
            "Mean rank in {} over {} datasets (1 is best). {bars} Oracles are left out.",
            self.one.metric.name(),
            ranking.queries
        )
    }

    /// The retrievers that are compared.
    fn rows(&self) -> Vec<GainsRow<'a>> {
        let standings =
            self.one.standings.iter().enumerate().filter(|(_, standing)| standing.compared().next().is_some());
        let row = |(i, standing): (usize, &'a Standing)| {
            let difference = |&dataset: &usize| Some(standing.on[dataset].as_ref()?.comparison.as_ref()?.difference);
            let on = self.one.on.iter().map(difference).collect();
            GainsRow { name: self.across.retrievers[i].name.as_str(), on, mean: standing.difference }
        };
        standings.map(row).collect()
    }

    fn gains(&self, size: Size) -> Drawing {
        let (rows, datasets) = (self.rows(), self.one.on.len());
        let all = rows.iter().flat_map(|row| row.on.iter().flatten().chain(&row.mean));
        let values = all.flat_map(|e| [e.lo, e.mean, e.hi]).chain([0.0]);
        let right = size.width() - 14.0;
        let axis = Axis::linear(values, Ends { from: LEFT, to: right });
        let row = HEAD + STEP * (datasets + 1) as f64 + 6.0;
        let bottom = 4.0 + row * rows.len() as f64;
        let names = self.one.on.iter().enumerate();
        let names = names.map(|(i, &dataset)| (Marker::new(i), self.across.datasets[dataset].name.clone()));
        let legend = Legend::new(size, names);
        let mut drawing = Drawing::new(size, bottom + 58.0 + legend.height());
        let mut free = f64::NEG_INFINITY;
        for Tick { at, text, .. } in axis.ticks() {
            for i in 0..rows.len() {
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
        if let Some(zero) = axis.place(0.0) {
            drawing.line(&[(zero, 4.0), (zero, bottom)], GREY, 1.0, 1.2);
        }
        let direction = if self.one.metric.higher_is_better() { "higher" } else { "lower" };
        let title = format!("difference in {} to {} ({direction} is better)", self.one.metric.name(), self.reference());
        let title = fit(&title, TEXT, size.width() - 8.0);
        drawing.text((size.width() / 2.0, bottom + 29.0), &title, TEXT, BLACK, Anchor::Top);
        for (i, GainsRow { name, on, mean }) in rows.iter().enumerate() {
            let top = 4.0 + row * i as f64;
            drawing.text((LEFT, top + 10.0), &fit(name, TEXT, right - LEFT), TEXT, BLACK, Anchor::Left);
            let marks = on.iter().enumerate().map(|(at, estimate)| (estimate, Some(Marker::new(at))));
            for (at, (estimate, marker)) in marks.chain([(mean, None)]).enumerate() {
                let Some(estimate) = estimate else { continue };
                let (Some(x), Some((lo, hi))) = (axis.place(estimate.mean), axis.span(estimate.lo, estimate.hi)) else {
                    continue;
                };
                let y = top + HEAD + STEP * (at as f64 + 0.5);
                let Some(marker) = marker else {
                    drawing.line(&[(lo, y), (hi, y)], BLACK, 1.0, 2.4);
                    drawing.line(&[(x, y - 5.0), (x, y + 5.0)], BLACK, 1.0, 2.4);
                    continue;
                };
                drawing.line(&[(lo, y), (hi, y)], marker.ink, 0.6, 1.6);
                marker.draw(&mut drawing, (x, y), 5.0);
            }
        }
        legend.draw(&mut drawing, bottom + 58.0);
        drawing
    }

    fn ranks(&self, ranking: &Ranking, size: Size) -> Drawing {
        let bars = if ranking.queries < FOR_RANKS { Vec::new() } else { ranking.nemenyi_groups() };
        let entry = |&i: &usize| (self.across.retrievers[i].name.clone(), Marker::new(i));
        let diagram = RankDiagram {
            entries: self.one.ranked.iter().map(entry).collect(),
            ranking,
            bars: &bars,
            title: format!("mean rank in {} (lower is better)", self.one.metric.name()),
        };
        diagram.draw(size)
    }
}
