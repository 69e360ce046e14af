//! `runs.csv`: one row per trial.

use super::format::cell;
use crate::manifest::Manifest;
use crate::summary::{Row, Summary};

/// The table: what the trial is, each metric's mean and 95 % interval, then what it cost. Empty where a value is not
/// defined. Only `build_seconds`, `qps` and the columns in `_ms` differ from run to run.
pub fn bytes(summary: &Summary, manifest: &Manifest) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> =
        ["trial", "retriever", "params", "dataset", "k", "queries"].map(str::to_owned).to_vec();
    for metric in &summary.metrics {
        let name = metric.name();
        header.extend([name.to_owned(), format!("{name}_lo"), format!("{name}_hi")]);
    }
    header.extend(
        [
            "build_seconds",
            "qps",
            "p50_ms",
            "p95_ms",
            "p99_ms",
            "index_bytes",
            "candidates_ms",
            "expand_ms",
            "select_ms",
        ]
        .map(str::to_owned),
    );
    if !measures_evaluations(summary) {
        header.push("evaluations".into());
    }
    header.extend(["candidates", "expand", "select"].map(|stage| format!("{stage}_evaluations")));
    table.write_record(&header)?;
    for row in &summary.rows {
        table.write_record(record(row, manifest, measures_evaluations(summary)))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// Whether the column `evaluations` is already there, as a metric.
fn measures_evaluations(summary: &Summary) -> bool {
    summary.metrics.iter().any(|metric| metric.name() == "evaluations")
}

fn record(row: &Row, manifest: &Manifest, measures_evaluations: bool) -> Vec<String> {
    let mut cells = vec![
        row.trial.clone(),
        row.retriever.clone(),
        row.params.clone(),
        manifest.dataset.name.clone(),
        row.k.to_string(),
        row.queries.to_string(),
    ];
    for estimate in &row.estimates {
        match estimate {
            Some(estimate) => cells.extend([estimate.mean, estimate.lo, estimate.hi].map(cell)),
            None => cells.extend([const { String::new() }; 3]),
        }
    }
    cells.extend([row.build_seconds, row.timing.qps].map(cell));
    let latency = row.timing.latency.as_ref();
    let three = |values: Option<[f64; 3]>| values.map_or([const { String::new() }; 3], |v| v.map(cell));
    cells.extend(three(latency.map(|latency| latency.percentiles_ms)));
    cells.push(row.index_bytes.to_string());
    cells.extend(three(latency.map(|latency| latency.stages_ms)));
    if !measures_evaluations {
        cells.push(cell(row.evaluations.iter().sum()));
    }
    cells.extend(row.evaluations.map(cell));
    cells
}
