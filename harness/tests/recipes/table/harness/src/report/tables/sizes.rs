//! `tables/sizes`: how much each trial answered.

use super::{Table, TableCell, TableColumn, TableRow, setting};
use crate::findings::LoadedRun;

/// Results per query, and queries.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let rows = &found.summary.rows;
    let row = |row: &crate::findings::summary::TrialRow| TableRow {
        label: row.label(),
        is_oracle: row.is_oracle,
        cells: [row.k, row.queries].map(|count| TableCell::Text(count.to_string())).to_vec(),
    };
    Some(Table {
        caption: format!("{}: how much each trial answered.", setting(found, rows.first()?.queries)),
        corner: "retriever",
        columns: ["k", "queries"].map(|title| TableColumn::cost(title, "")).to_vec(),
        rows: rows.iter().map(row).collect(),
    })
}
