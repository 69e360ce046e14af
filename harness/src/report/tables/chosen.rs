//! `tables/chosen`: each retriever at the point that was chosen on some of the queries, as the others see it.

use super::{Cell, Column, Digits, Row, Table, decimals, legend, number, setting, stars};
use crate::findings::Found;
use crate::plot::format::{signed, three_decimals};

/// Each choice's means, and its difference to the reference in the metric by which was chosen.
pub fn table(found: &Found) -> Option<Table> {
    let summary = &found.summary;
    let chosen = summary.chosen.as_ref()?;
    let rows = || chosen.choices.iter().map(|choice| choice.row);
    let estimates = |metric: usize| chosen.choices.iter().map(move |choice| choice.estimates[metric].as_ref());
    let mut columns: Vec<Column> =
        summary.metrics.iter().enumerate().map(|(at, &metric)| Column::metric(metric, estimates(at))).collect();
    for (metric, column) in columns.iter_mut().enumerate() {
        column.ranked = column.ranked.filter(|_| summary.can_rank(metric, rows()));
    }
    let differences =
        chosen.choices.iter().filter_map(|choice| Some(&choice.differences[chosen.by].as_ref()?.difference));
    let digits = decimals(differences);
    let by = summary.metrics[chosen.by].name();
    let column = |title: String, digits| Column { title, unit: "", ranked: None, digits };
    columns.push(column(format!("difference in {by}"), Digits::Signed(digits)));
    columns.push(column("95 % interval".into(), Digits::Three));
    columns.push(column("p (Holm)".into(), Digits::Three));
    columns.push(column("d_z".into(), Digits::Signed(2)));
    let row = |choice: &crate::findings::tuning::Choice| {
        let trial = &summary.rows[choice.row];
        let of = choice.estimates.iter().zip(&choice.differences);
        let mut cells: Vec<Cell> = of.map(|(estimate, c)| number(estimate.as_ref(), c.as_ref())).collect();
        match choice.differences[chosen.by].as_ref() {
            None => cells.extend([Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]),
            Some(c) => {
                let interval = format!("{} to {}", signed(c.difference.lo, digits), signed(c.difference.hi, digits));
                cells.push(Cell::Number(c.difference.mean, stars(Some(c))));
                cells.push(Cell::Text(interval));
                cells.push(c.p_holm.map_or(Cell::Empty, |p| Cell::Text(three_decimals(p))));
                cells.push(if c.d_z.is_finite() { Cell::Number(c.d_z, 0) } else { Cell::Empty });
            }
        }
        Row { label: trial.label(), is_oracle: trial.is_oracle, cells }
    };
    let competes = |choice: &&crate::findings::tuning::Choice| {
        !summary.reference.is(choice.row) && !summary.rows[choice.row].is_oracle
    };
    let family = chosen.choices.iter().filter(competes).count();
    let caption = format!(
        "{}: each retriever at the point of its grid that was best in {by} on {} other queries. {}{}",
        setting(found, chosen.queries.1),
        chosen.queries.0,
        legend(found, family),
        found.remarks_on_all(true)
    );
    Some(Table {
        caption,
        corner: "retriever, at its chosen point",
        columns,
        rows: chosen.choices.iter().map(row).collect(),
    })
}
