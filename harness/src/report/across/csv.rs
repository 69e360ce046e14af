//! The files of values of a report on several datasets.

use super::verdict::FOR_RANKS;
use crate::escape;
use crate::findings::across::Across;
use crate::plot::format::{cell, cell_or_empty};
use crate::statistics::Estimate;

fn finish(table: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    table.into_inner().map_err(|error| error.into_error().into())
}

fn three(estimate: Option<Estimate>) -> [String; 3] {
    estimate.map_or_else(Default::default, |e| [e.mean, e.lo, e.hi].map(cell))
}

/// A row for each dataset, retriever and metric: the mean, and the paired difference to the reference.
pub fn datasets(across: &Across) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "dataset",
        "retriever",
        "point",
        "metric",
        "mean",
        "n",
        "difference",
        "difference_lo",
        "difference_hi",
        "p_permutation",
        "p_holm",
        "p_wilcoxon",
        "d_z",
    ])?;
    for (dataset, run) in across.datasets.iter().enumerate() {
        for (i, retriever) in across.retrievers.iter().enumerate() {
            let Some(trial) = retriever.rows[dataset].map(|row| &run.found.summary.rows[row]) else { continue };
            for one in &across.metrics {
                let Some(found) = &one.standings[i].on[dataset] else { continue };
                let texts = [&run.name, &trial.retriever, &trial.point];
                let mut cells = texts.map(|text| escape::csv(text).into_owned()).to_vec();
                cells.extend([one.metric.name().to_owned(), cell(found.mean)]);
                let compared = found.comparison;
                cells.push(compared.map_or_else(String::new, |c| c.n.to_string()));
                cells.extend(three(compared.map(|c| c.difference)));
                let tests = [
                    compared.map(|c| c.p_permutation),
                    compared.and_then(|c| c.p_holm),
                    compared.map(|c| c.p_wilcoxon),
                    compared.map(|c| c.d_z),
                ];
                cells.extend(tests.map(cell_or_empty));
                table.write_record(cells)?;
            }
        }
    }
    finish(table)
}

/// A row for each retriever and metric: means over datasets, and the tests across them.
pub fn across(across: &Across) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "retriever",
        "metric",
        "datasets",
        "mean",
        "mean_lo",
        "mean_hi",
        "difference",
        "difference_lo",
        "difference_hi",
        "better",
        "better_significant",
        "worse",
        "worse_significant",
        "p_signed_rank",
        "p_signed_rank_holm",
        "mean_rank",
        "best_dataset",
        "worst_dataset",
        "p_friedman",
        "p_friedman_permutation",
        "critical_difference",
    ])?;
    for one in &across.metrics {
        let higher = one.metric.higher_is_better();
        let tests = one.ranking.as_ref().map(|ranking| {
            let critical = (ranking.queries >= FOR_RANKS).then(|| ranking.critical_difference());
            [Some(ranking.friedman), Some(ranking.friedman_by_permutation(across.seed)), critical].map(cell_or_empty)
        });
        for (i, standing) in one.standings.iter().enumerate() {
            let name = escape::csv(&across.retrievers[i].name).into_owned();
            let mut cells = vec![name, one.metric.name().to_owned(), one.on.len().to_string()];
            cells.extend(three(standing.mean));
            cells.extend(three(standing.difference));
            let sides = standing.better_and_worse(higher);
            // Oracles are not tested.
            let is_tested = standing.compared().any(|(_, comparison)| comparison.p_holm.is_some());
            let significant = |count: usize| if is_tested { count.to_string() } else { String::new() };
            cells.extend(sides.into_iter().flat_map(|(all, some)| [all.to_string(), significant(some)]));
            cells.extend([standing.signed_rank, standing.signed_rank_holm].map(cell_or_empty));
            let place = one.ranked.iter().position(|&other| other == i);
            cells.push(cell_or_empty(place.and_then(|place| Some(one.ranking.as_ref()?.mean_ranks[place]))));
            let ends = one.best_and_worst(i).map_or_else(Default::default, |both| {
                both.map(|(dataset, _)| escape::csv(&across.datasets[dataset].name).into_owned())
            });
            cells.extend(ends);
            cells.extend(tests.clone().unwrap_or_default());
            table.write_record(cells)?;
        }
    }
    finish(table)
}

/// A row for each metric and pair of ranked retrievers: their mean ranks, and p of Nemenyi's test.
pub fn ranks(across: &Across) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["metric", "retriever", "other", "mean_rank", "mean_rank_of_other", "p_nemenyi"])?;
    for one in &across.metrics {
        let Some(ranking) = &one.ranking else { continue };
        for first in 0..one.ranked.len() {
            for second in first + 1..one.ranked.len() {
                let names = [first, second].map(|place| &across.retrievers[one.ranked[place]].name);
                let mut cells = vec![one.metric.name().to_owned()];
                cells.extend(names.map(|name| escape::csv(name).into_owned()));
                cells.extend([ranking.mean_ranks[first], ranking.mean_ranks[second]].map(cell));
                // So few datasets do not tell pairs apart.
                cells.push(cell_or_empty((ranking.queries >= FOR_RANKS).then(|| ranking.nemenyi(first, second))));
                table.write_record(cells)?;
            }
        }
    }
    finish(table)
}
