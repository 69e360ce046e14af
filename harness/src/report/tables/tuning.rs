//! `tables/chosen`: each retriever at the point chosen on some of the queries, measured on the others.

use super::{Digits, Table, TableCell, TableColumn, TableRow, add_ceilings, decimals, legend, number, setting, stars};
use crate::findings::LoadedRun;
use crate::plot::format::{signed, three_decimals};

/// The means of each retriever, and its difference to the reference in the metric that points were chosen by.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let summary = &found.summary;
    let tuning = summary.tuning.as_ref()?;
    let rows = || tuning.retrievers.iter().map(|tuned| tuned.row);
    let estimates = |metric: usize| tuning.retrievers.iter().map(move |tuned| tuned.estimates[metric].as_ref());
    let mut columns: Vec<TableColumn> =
        summary.metrics.iter().enumerate().map(|(at, &metric)| TableColumn::metric(metric, estimates(at))).collect();
    for (metric, column) in columns.iter_mut().enumerate() {
        column.ranked = column.ranked.filter(|_| summary.can_rank(metric, rows()));
    }
    let differences =
        tuning.retrievers.iter().filter_map(|tuned| Some(&tuned.differences[tuning.by].as_ref()?.difference));
    let digits = decimals(differences);
    let by = summary.metrics[tuning.by].name();
    let column = |title: String, digits| TableColumn { title, unit: "", ranked: None, digits };
    columns.push(column(format!("difference in {by}"), Digits::Signed(digits)));
    columns.push(column("95 % interval".into(), Digits::Three));
    columns.push(column("p (Holm)".into(), Digits::Three));
    columns.push(column("d_z".into(), Digits::Signed(2)));
    let row = |tuned: &crate::findings::tuning::TunedRetriever| {
        let trial = &summary.rows[tuned.row];
        let of = tuned.estimates.iter().zip(&tuned.differences);
        let mut cells: Vec<TableCell> = of.map(|(estimate, c)| number(estimate.as_ref(), c.as_ref())).collect();
        match tuned.differences[tuning.by].as_ref() {
            None => cells.extend([TableCell::Empty, TableCell::Empty, TableCell::Empty, TableCell::Empty]),
            Some(c) => {
                let interval = format!("{} to {}", signed(c.difference.lo, digits), signed(c.difference.hi, digits));
                cells.push(TableCell::Number(c.difference.mean, stars(Some(c))));
                cells.push(TableCell::Text(interval));
                cells.push(c.p_holm.map_or(TableCell::Empty, |p| TableCell::Text(three_decimals(p))));
                cells.push(if c.d_z.is_finite() { TableCell::Number(c.d_z, 0) } else { TableCell::Empty });
            }
        }
        TableRow { label: trial.label(), is_oracle: trial.is_oracle, cells }
    };
    let competes = |tuned: &&crate::findings::tuning::TunedRetriever| {
        !summary.reference.is(tuned.row) && !summary.rows[tuned.row].is_oracle
    };
    let family = tuning.retrievers.iter().filter(competes).count();
    let caption = format!(
        "{}: each retriever at the point of its grid that was best in {by} on {} other queries. {}{}",
        setting(found, tuning.reported_on),
        crate::plot::format::number(tuning.tuned_on as f64),
        legend(found, family),
        found.remarks_on_all(true)
    );
    let rows = tuning.retrievers.iter().map(row).collect();
    let mut table = Table { caption, corner: "retriever, at its chosen point", columns, rows };
    add_ceilings(&mut table, found);
    Some(table)
}
