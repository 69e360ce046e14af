//! `tables/cost`: the cost of each trial by stage.

use super::{Table, TableCell, TableColumn, TableRow, lists_from_files, setting, timed_apart};
use crate::findings::LoadedRun;

/// Milliseconds and evaluations per query in each stage, seconds to build, sizes, and peaks of memory.
pub fn table(found: &LoadedRun) -> Option<Table> {
    let summary = &found.summary;
    let stages = ["candidates", "expand", "select"];
    let mut columns: Vec<TableColumn> = vec![TableColumn::cost("pool", "items")];
    let is_timed = summary.rows.iter().any(|row| row.timing.stages_ms.is_some());
    if is_timed {
        columns.extend(stages.map(|stage| TableColumn::cost(stage, "ms")));
    }
    columns.extend(stages.map(|stage| TableColumn::cost(stage, "evaluations")));
    columns.push(TableColumn::cost("build", "s"));
    columns.push(TableColumn::cost("index and graph", "MiB"));
    let is_known = summary.rows.iter().any(|row| row.peaks.search.is_some());
    if is_known {
        columns.push(TableColumn::cost("peak, building", "MiB"));
        columns.push(TableColumn::cost("peak, searching", "MiB"));
    }
    columns.push(TableColumn::cost(&format!("queries{}", summary.rate.suffix()), "1/s"));
    let row = |(at, row): (usize, &crate::findings::summary::TrialRow)| {
        let size = |pool: usize| TableCell::Text(crate::plot::format::number(pool as f64));
        let mut cells: Vec<TableCell> = vec![row.pool().map_or(TableCell::Empty, size)];
        if is_timed {
            let times = row.timing.stages_ms;
            cells
                .extend((0..3).map(|stage| times.map_or(TableCell::Empty, |times| TableCell::Number(times[stage], 0))));
        }
        // A program outside may not count its own.
        let text = |count: f64| TableCell::Text(crate::plot::format::number(count.round()));
        let count = |count: f64| if count.is_nan() { TableCell::Empty } else { text(count) };
        cells.extend(row.evaluations.map(count));
        cells.push(TableCell::Number(row.build_seconds, 0));
        let mib = |bytes: u64| TableCell::Number(bytes as f64 / f64::from(1 << 20), 0);
        cells.push(row.known_index_bytes().map_or(TableCell::Empty, mib));
        if is_known {
            cells.extend([row.peaks.build, row.peaks.search].map(|peak| peak.map_or(TableCell::Empty, mib)));
        }
        cells.push(TableCell::Number(summary.qps(at), 0));
        TableRow { label: summary.timed_label(at), is_oracle: row.is_oracle, cells }
    };
    let caption = format!(
        "{}: cost of a query by stage, of building, and of storing. Times depend on the machine ({}); similarity evaluations \
         hardly do.{}{}",
        setting(found, summary.rows.first()?.queries),
        found.manifest.machine.cpu,
        lists_from_files(summary),
        timed_apart(summary, 0..summary.rows.len())
    );
    Some(Table { caption, corner: "retriever", columns, rows: summary.rows.iter().enumerate().map(row).collect() })
}
