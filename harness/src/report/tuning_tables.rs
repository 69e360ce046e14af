//! `chosen.csv`, `chosen_pairs.csv`, `split.csv`, and the table in the terminal: each retriever at the point chosen on some of the
//! queries, measured on the others.

use crate::escape;
use crate::findings::summary::Summary;
use crate::findings::tuning::{TunedRetriever, Tuning};
use crate::plot::format::{cell, cell_or_empty, decimals, signed, three_decimals};
use crate::record::results::Results;
use crate::statistics::Estimate;

/// A row for each retriever: each metric with its interval, then its difference to the reference trial with its interval,
/// Holm's p (empty for oracles) and d_z.
///
/// # Errors
/// The writer's, which a table in memory does not have.
pub fn csv(summary: &Summary, tuning: &Tuning) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> =
        ["trial", "retriever", "params", "points", "tuned_on", "reported_on"].map(str::to_owned).to_vec();
    header
        .extend(summary.metrics.iter().flat_map(|metric| ["", "_lo", "_hi"].map(|end| metric.name().to_owned() + end)));
    for metric in &summary.metrics {
        let ends = ["", "_lo", "_hi"].map(|end| format!("difference_{}{end}", metric.name()));
        header.extend(ends.into_iter().chain(["p_holm_", "d_z_"].map(|test| test.to_owned() + metric.name())));
    }
    table.write_record(header)?;
    for tuned in &tuning.retrievers {
        let row = &summary.rows[tuned.row];
        let mut cells =
            [&row.trial, &row.retriever, row.params.text()].map(|text| escape::csv(text).into_owned()).to_vec();
        cells.push(tuned.points.to_string());
        cells.extend([tuning.tuned_on, tuning.reported_on].map(|count| count.to_string()));
        cells.extend(tuned.estimates.iter().flat_map(|estimate| three(estimate.as_ref())));
        for comparison in &tuned.differences {
            cells.extend(three(comparison.map(|c| c.difference).as_ref()));
            cells.push(cell_or_empty(comparison.and_then(|c| c.p_holm)));
            cells.push(cell_or_empty(comparison.map(|c| c.d_z)));
        }
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// A row for each pair of retrievers: the difference in the metric that points were chosen by, with its interval.
///
/// # Errors
/// As the function [`csv()`].
pub fn pairs_csv(summary: &Summary, tuning: &Tuning) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["retriever", "less", "metric", "difference", "difference_lo", "difference_hi"])?;
    let name = |index: usize| summary.rows[tuning.retrievers[index].row].retriever.as_str();
    for pair in &tuning.pairs {
        let [one, other] = [pair.of.0, pair.of.1].map(|index| escape::csv(name(index)).into_owned());
        let mut cells = vec![one, other, summary.metrics[tuning.by].name().to_owned()];
        cells.extend(three(Some(&pair.estimate)));
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// A row for each query, in the order of asking: its row in the dataset, and its side, `tune` if parameters are chosen on it,
/// `report` if they are reported on it.
///
/// # Errors
/// As the function [`csv()`].
pub fn split_csv(results: &Results) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["query", "side"])?;
    if let (Some(parting), Some(trial)) = (&results.parting, results.trials.first()) {
        let (tune, _) = parting.part(trial.query_ids.len(), results.seed);
        for (position, query) in trial.query_ids.iter().enumerate() {
            let side = if tune.binary_search(&position).is_ok() { "tune" } else { "report" };
            table.write_record([query.to_string().as_str(), side])?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

fn three(estimate: Option<&Estimate>) -> [String; 3] {
    estimate.map_or_else(Default::default, |e| [e.mean, e.lo, e.hi].map(cell))
}

/// The header of the table in the terminal: the mean of each metric, then the difference in the metric that points were
/// chosen by.
pub fn header(summary: &Summary, tuning: &Tuning) -> Vec<String> {
    let mut header = vec!["retriever, at its chosen point".to_owned()];
    header.extend(summary.metrics.iter().map(|metric| metric.name().to_owned()));
    header.push(format!("difference in {}", summary.metrics[tuning.by].name()));
    header.extend(["p (Holm)", "d_z"].map(str::to_owned));
    header
}

/// A row of that table.
pub fn cells(summary: &Summary, tuning: &Tuning, tuned: &TunedRetriever) -> Vec<String> {
    let mut cells = vec![summary.rows[tuned.row].label()];
    cells.extend(tuned.estimates.iter().map(|e| e.map_or_else(|| "-".into(), |e| decimals(e.mean, 4))));
    let comparison = tuned.differences[tuning.by];
    let dash = || "-".to_owned();
    let difference = comparison.map(|c| c.difference);
    let text = |e: Estimate| format!("{} ({} to {})", signed(e.mean, 4), signed(e.lo, 4), signed(e.hi, 4));
    cells.push(difference.map_or_else(dash, text));
    cells.push(comparison.and_then(|c| c.p_holm).map_or_else(dash, three_decimals));
    cells.push(comparison.map_or_else(dash, |c| signed(c.d_z, 2)));
    cells
}
