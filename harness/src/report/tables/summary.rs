//! `tables/summary`: every trial.

use super::{Cell, Column, Row, Table, legend, number, setting};
use crate::report::found::Found;

/// Each trial's means, rates and medians.
pub fn table(found: &Found) -> Option<Table> {
    let summary = &found.summary;
    let metrics = summary.metrics.iter().enumerate();
    let estimates = |metric: usize| summary.rows.iter().map(move |row| row.estimates[metric].as_ref());
    let mut columns: Vec<Column> = metrics.map(|(at, &metric)| Column::metric(metric, estimates(at))).collect();
    columns.push(Column::cost("queries", "1/s"));
    columns.push(Column::cost("median", "ms"));
    let row = |at: usize| {
        let row = &summary.rows[at];
        let comparison = |metric: usize| {
            let of = |difference: &&crate::summary::Difference| difference.row == at && difference.metric == metric;
            summary.differences.iter().find(of).map(|difference| &difference.comparison)
        };
        let mut cells: Vec<Cell> =
            row.estimates.iter().enumerate().map(|(i, estimate)| number(estimate.as_ref(), comparison(i))).collect();
        cells.push(Cell::Number(row.timing.qps, 0));
        let median = row.timing.latency.as_ref().map(|latency| latency.percentiles_ms[0]);
        cells.push(median.map_or(Cell::Empty, |median| Cell::Number(median, 0)));
        Row { label: row.label(), is_oracle: row.is_oracle, cells }
    };
    let family = summary.rows.iter().enumerate().filter(|(at, row)| *at != summary.reference && !row.is_oracle).count();
    let mut table = Table {
        caption: String::new(),
        corner: "retriever",
        columns,
        rows: (0..summary.rows.len()).map(row).collect(),
    };
    table.caption = format!("{}.", setting(found, summary.rows.first()?.queries));
    if table.has_stars() {
        table.caption = format!("{} {}", table.caption, legend(found, family));
    }
    Some(table)
}
