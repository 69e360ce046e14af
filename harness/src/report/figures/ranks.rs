//! Ranks: retrievers by their mean ranks, in a critical-difference diagram.

use super::{Figure, FigureKind, Style, metric_or_headline};
use crate::config::figures::Ranks;
use crate::findings::LoadedRun;
use crate::plot::drawing::Drawing;
use crate::plot::format::{number, three_decimals};
use crate::report::rank_diagram::RankDiagram;
use crate::statistics::ranks::Ranking;

/// At most this many retrievers: those with the best means, and the reference's.
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
        if let Some(place) = rows.iter().position(|&row| found.summary.reference.row() == Some(row))
            && place >= MOST
        {
            rows.swap(MOST - 1, place);
        }
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
            let reference = found.summary.reference.row();
            let among = self.rows.iter().position(|&row| Some(row) == reference);
            let and_reference = if among == Some(MOST - 1) { ", among them the reference," } else { "" };
            format!(
                " The {} retrievers with the best means{and_reference} are shown, of {} in all.",
                self.rows.len(),
                self.all
            )
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
        let summary = &found.summary;
        let across = format!("mean rank in {} (lower is better)", found.metric(self.metric).name());
        let entry = |&row: &usize| (summary.rows[row].retriever.clone(), summary.marker(row));
        let diagram = RankDiagram {
            entries: self.rows.iter().map(entry).collect(),
            ranking: &self.ranking,
            bars: &self.ranking.groups,
            title: style.across.unwrap_or(&across).to_owned(),
        };
        diagram.draw(style.size)
    }
}
