//! `tables/summary`: every trial.

use super::{Table, TableCell, TableColumn, TableRow, legend, lists_from_files, number, setting, timed_apart};
use crate::findings::LoadedRun;

/// The means, queries per second and median milliseconds of each trial.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let queries = found.summary.rows.first()?.queries;
    let rows: Vec<usize> = (0..found.summary.rows.len()).collect();
    Some(of(found, &rows, format!("{}.", setting(found, queries))))
}

/// The table of some trials.
pub fn of(found: &LoadedRun, rows: &[usize], caption: String) -> Table {
    let summary = &found.summary;
    let metrics = summary.metrics.iter().enumerate();
    let estimates = |metric: usize| rows.iter().map(move |&row| summary.rows[row].estimates[metric].as_ref());
    let mut columns: Vec<TableColumn> =
        metrics.map(|(at, &metric)| TableColumn::metric(metric, estimates(at))).collect();
    for (metric, column) in columns.iter_mut().enumerate() {
        column.ranked = column.ranked.filter(|_| summary.can_rank(metric, rows.iter().copied()));
    }
    columns.push(TableColumn::cost(&format!("queries{}", summary.rate.suffix()), "1/s"));
    columns.push(TableColumn::cost("median", "ms"));
    let row = |&at: &usize| {
        let row = &summary.rows[at];
        let comparison = |metric: usize| {
            let of = |difference: &&crate::findings::summary::Difference| {
                difference.row == at && difference.metric == metric
            };
            summary.differences.iter().find(of).map(|difference| &difference.comparison)
        };
        let mut cells: Vec<TableCell> =
            row.estimates.iter().enumerate().map(|(i, estimate)| number(estimate.as_ref(), comparison(i))).collect();
        cells.push(TableCell::Number(summary.qps(at), 0));
        let median = row.timing.latency.as_ref().map(|latency| latency.percentiles_ms[0]);
        cells.push(median.map_or(TableCell::Empty, |median| TableCell::Number(median, 0)));
        TableRow { label: summary.timed_label(at), is_oracle: row.is_oracle, cells }
    };
    let family =
        summary.rows.iter().enumerate().filter(|(at, row)| !summary.reference.is(*at) && !row.is_oracle).count();
    let caption = caption + &timed_apart(summary, rows.iter().copied()) + &lists_from_files(summary);
    let mut table = Table { caption, corner: "retriever", columns, rows: rows.iter().map(row).collect() };
    if table.has_stars() || summary.reference.row().is_none() {
        table.caption = format!("{} {}", table.caption, legend(found, family));
    }
    table.caption += &found.remarks_on_all(false);
    table
}
