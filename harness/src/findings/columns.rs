//! The columns of tables for machines, such as `runs.csv`: one value per trial in each.

use crate::findings::outside::Outside;
use crate::findings::summary::{Summary, TrialRow};
use crate::record::manifest::Manifest;
use crate::statistics::Estimate;

/// A column: its name, and a value for each trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialColumn {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: TrialValues,
}

/// The values of a column, all of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialValues {
    /// Texts.
    Text(Vec<String>),
    /// Counts.
    Count(Vec<u64>),
    /// Numbers, `None` where undefined.
    Number(Vec<Option<f64>>),
}

/// All columns: the identity of the trial; the mean and 95 % interval of each metric, with the number of queries if some trial
/// has no value for some query; the pool; and costs. Only `build_seconds`, `qps`, `qps_best`, `swath_clock_share` and the columns ending in `_ms`, `_us` and
/// `_peak_bytes` differ from run to run.
pub fn columns(summary: &Summary, manifest: &Manifest) -> Vec<TrialColumn> {
    let rows = &summary.rows;
    let mut columns = Vec::new();
    let mut add = |name: &str, values| columns.push(TrialColumn { name: name.to_owned(), values });
    add("trial", TrialValues::Text(rows.iter().map(|row| row.trial.clone()).collect()));
    add("retriever", TrialValues::Text(rows.iter().map(|row| row.retriever.clone()).collect()));
    add("params", TrialValues::Text(rows.iter().map(|row| row.params.to_string()).collect()));
    add("dataset", TrialValues::Text(vec![manifest.dataset.name.clone(); rows.len()]));
    add("k", TrialValues::Count(rows.iter().map(|row| row.k as u64).collect()));
    add("queries", TrialValues::Count(rows.iter().map(|row| row.queries as u64).collect()));
    for (i, metric) in summary.metrics.iter().enumerate() {
        for (part, end) in ["", "_lo", "_hi"].into_iter().enumerate() {
            let of = |estimate: Estimate| [estimate.mean, estimate.lo, estimate.hi][part];
            add(&format!("{}{end}", metric.name()), numbers(rows, |row| row.estimates[i].map(of)));
        }
        if rows.iter().any(|row| row.counts[i] < row.queries) {
            add(
                &format!("{}_n", metric.name()),
                TrialValues::Count(rows.iter().map(|row| row.counts[i] as u64).collect()),
            );
        }
    }
    add("pool", numbers(rows, |row| row.pool().map(|pool| pool as f64)));
    add("build_seconds", numbers(rows, |row| Some(row.build_seconds)));
    add("qps", numbers(rows, |row| Some(row.timing.qps)));
    add("qps_best", numbers(rows, |row| Some(row.timing.qps_best)));
    for (i, name) in ["p50_ms", "p95_ms", "p99_ms"].into_iter().enumerate() {
        add(name, numbers(rows, |row| Some(row.timing.latency.as_ref()?.percentiles_ms[i])));
    }
    add("index_bytes", numbers(rows, |row| row.known_index_bytes().map(|bytes| bytes as f64)));
    let stages = ["candidates", "expand", "select"];
    for (i, stage) in stages.into_iter().enumerate() {
        add(&format!("{stage}_ms"), numbers(rows, |row| Some(row.timing.stages_ms?[i])));
    }
    // If it is a metric, the column exists already.
    if summary.metrics.iter().all(|metric| metric.name() != "evaluations") {
        add("evaluations", numbers(rows, |row| Some(row.evaluations.iter().sum())));
    }
    for (i, stage) in stages.into_iter().enumerate() {
        add(&format!("{stage}_evaluations"), numbers(rows, |row| Some(row.evaluations[i])));
    }
    add("build_peak_bytes", numbers(rows, |row| row.peaks.build.map(|bytes| bytes as f64)));
    add("search_peak_bytes", numbers(rows, |row| row.peaks.search.map(|bytes| bytes as f64)));
    // Programs outside, if there are any.
    if rows.iter().any(|row| row.outside.is_some()) {
        let of = |value: fn(&Outside) -> f64| numbers(rows, |row| row.outside.as_ref().map(value));
        let label = |row: &TrialRow| row.outside.as_ref().map_or_else(String::new, Outside::label);
        add("program", TrialValues::Text(rows.iter().map(label).collect()));
        add("build_threads", of(|outside| outside.build_threads().map_or(f64::NAN, |count| count as f64)));
        add("program_us", of(|outside| outside.program_us));
        add("swath_us", of(|outside| outside.swath_us));
        add("echo_us", of(|outside| outside.echo_us));
        add("set_ms", of(|outside| outside.set_ms));
        add("swath_clock_share", of(|outside| outside.by_swath));
        add("answered_otherwise", of(|outside| outside.otherwise as f64));
    }
    columns
}

/// A number of each row; `None` if it is not finite.
fn numbers(rows: &[TrialRow], of: impl Fn(&TrialRow) -> Option<f64>) -> TrialValues {
    TrialValues::Number(rows.iter().map(|row| of(row).filter(|value| value.is_finite())).collect())
}
