//! `tables/comparisons`: the differences of every trial to the reference.

use super::{Digits, Table, TableCell, TableColumn, TableRow, decimals, legend, setting, stars};
use crate::findings::LoadedRun;
use crate::plot::format::signed;
use crate::statistics::Comparison;

/// A difference for each metric, and the interval of the difference in the headline metric. `None` if the reference failed.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let summary = &found.summary;
    let (headline, reference) = (found.headline()?, summary.reference.row()?);
    let of = |row: usize, metric: usize| -> Option<&Comparison> {
        let found = summary.differences.iter().find(|d| d.row == row && d.metric == metric);
        found.map(|difference| &difference.comparison)
    };
    let rows: Vec<usize> = (0..summary.rows.len()).filter(|&row| row != reference).collect();
    let digits: Vec<usize> = (0..summary.metrics.len())
        .map(|metric| decimals(rows.iter().filter_map(|&row| Some(&of(row, metric)?.difference))))
        .collect();
    let column = |(metric, &digits): (usize, &usize)| TableColumn {
        title: summary.metrics[metric].name().to_owned(),
        unit: "",
        ranked: None,
        digits: Digits::Signed(digits),
    };
    let mut columns: Vec<TableColumn> = digits.iter().enumerate().map(column).collect();
    let name = summary.metrics[headline].name();
    columns.push(TableColumn {
        title: format!("{name}, 95 % interval"),
        unit: "",
        ranked: None,
        digits: Digits::Three,
    });
    let row = |&at: &usize| {
        let trial = &summary.rows[at];
        let cell = |metric: usize| {
            of(at, metric).map_or(TableCell::Empty, |c| TableCell::Number(c.difference.mean, stars(Some(c))))
        };
        let mut cells: Vec<TableCell> = (0..summary.metrics.len()).map(cell).collect();
        cells.push(of(at, headline).map_or(TableCell::Empty, |c| {
            let digits = digits[headline];
            TableCell::Text(format!("{} to {}", signed(c.difference.lo, digits), signed(c.difference.hi, digits)))
        }));
        TableRow { label: trial.label(), is_oracle: trial.is_oracle, cells }
    };
    let family = rows.iter().filter(|&&row| !summary.rows[row].is_oracle).count();
    let caption = format!(
        "{}: mean differences to {} over the same queries. {}{}",
        setting(found, summary.rows.first()?.queries),
        summary.rows[reference].label(),
        legend(found, family),
        found.remarks_on_all(false)
    );
    Some(Table { caption, corner: "retriever", columns, rows: rows.iter().map(row).collect() })
}
