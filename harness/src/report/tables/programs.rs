//! `tables/programs`: programs outside, and what their two clocks say.

use super::{Table, TableCell, TableColumn, TableRow, setting};
use crate::findings::LoadedRun;

/// Microseconds per query by both clocks, and of the exchange. `None` if no trial has a program outside.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let summary = &found.summary;
    let rows = summary.rows.iter().enumerate().filter_map(|(at, row)| Some((at, row, row.outside.as_ref()?)));
    let columns = vec![
        TableColumn::cost("program", ""),
        TableColumn::cost("its clock", "us"),
        TableColumn::cost("swath's clock", "us"),
        TableColumn::cost("exchange", "us"),
        TableColumn::cost("by swath's clock", "%"),
        TableColumn::cost("set", "ms"),
        TableColumn::cost("build", "s"),
        TableColumn::cost("build threads", ""),
        TableColumn::cost("index, as it says", "MiB"),
        TableColumn::cost("memory gained", "MiB"),
    ];
    let row = |(at, row, outside): (usize, &crate::findings::summary::TrialRow, &crate::findings::outside::Outside)| {
        let number = |value: f64| if value.is_finite() { TableCell::Number(value, 0) } else { TableCell::Empty };
        let mib =
            |bytes: Option<u64>| bytes.map_or(TableCell::Empty, |bytes| number(bytes as f64 / f64::from(1 << 20)));
        let threads = outside.build_threads().map_or(TableCell::Empty, |count| TableCell::Text(count.to_string()));
        TableRow {
            label: summary.timed_label(at),
            is_oracle: row.is_oracle,
            cells: vec![
                TableCell::Text(outside.label()),
                number(outside.program_us),
                number(outside.swath_us),
                number(outside.echo_us),
                number(100.0 * outside.by_swath),
                number(outside.set_ms),
                number(outside.programs.iter().map(|program| program.build_seconds).sum()),
                threads,
                mib(outside.programs.iter().map(|program| program.bytes).sum()),
                mib(Some(outside.programs.iter().map(|program| program.growth).sum())),
            ],
        }
    };
    let rows: Vec<TableRow> = rows.map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let caption = format!(
        "{}: programs outside, per query. A program times each search by its own clock; swath times each block of queries with the \
         exchange of arrays, and the exchange alone. The program's clock counts where swath's is at most a tenth and twice the exchange \
         (at most half of the block) above it; otherwise swath's does, less the exchange. Build times are comparable only at equal build \
         threads. The size of an index is what the program says; memory gained is what it held more after building than before it opened \
         the points, as swath measured.",
        setting(found, summary.rows.first()?.queries)
    );
    Some(Table { caption, corner: "retriever", columns, rows })
}
