//! The figures of a report on several datasets: the gain of each retriever on each dataset, and mean ranks.

use super::verdict::FOR_RANKS;
use crate::findings::across::{Across, AcrossMetric, Standing};
use crate::plot::drawing::Drawing;
use crate::plot::{Marker, Size};
use crate::report::interval_rows::{IntervalRow, IntervalRows};
use crate::report::plots::Picture;
use crate::report::rank_diagram::RankDiagram;
use crate::statistics::ranks::Ranking;

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
    fn rows(&self) -> Vec<IntervalRow<'a>> {
        let standings =
            self.one.standings.iter().enumerate().filter(|(_, standing)| standing.compared().next().is_some());
        let row = |(i, standing): (usize, &'a Standing)| {
            let difference = |&dataset: &usize| Some(standing.on[dataset].as_ref()?.comparison.as_ref()?.difference);
            let of_runs = self.one.on.iter().map(difference).collect();
            IntervalRow { name: self.across.retrievers[i].name.as_str(), of_runs, of_all: standing.difference }
        };
        standings.map(row).collect()
    }

    fn gains(&self, size: Size) -> Drawing {
        let direction = if self.one.metric.higher_is_better() { "higher" } else { "lower" };
        let rows = IntervalRows {
            rows: self.rows(),
            // A dataset has the same marker in every figure.
            runs: self.one.on.iter().map(|&i| (Marker::new(i), self.across.datasets[i].name.clone())).collect(),
            title: format!("difference in {} to {} ({direction} is better)", self.one.metric.name(), self.reference()),
            is_from_zero: true,
        };
        rows.draw(size)
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
