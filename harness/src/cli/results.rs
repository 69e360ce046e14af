//! The results of runs, as `run`, `report` and `import` print them.

use super::table::table;
use super::terminal::{cautioned, complain, print};
use std::path::Path;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::findings::summary::Summary;
use swath::findings::tuning::Tuning;
use swath::plot::format::decimals;
use swath::record::coarse::Coarse;
use swath::record::folder::CellKind;
use swath::record::manifest::Manifest;
use swath::report::cells::CellReports;
use swath::report::tuning_tables;

/// A table has about this many columns of characters, so that it fits into a terminal.
const WIDTH: usize = 120;

/// At least this many metrics are shown, if there are so many.
const LEAST: usize = 3;

/// Prints the results of each cell, and the trials that failed.
pub fn finish_cells(folder: &Path, kind: CellKind, ran: &CellReports) -> Result<ExitCode, Failure> {
    for one in &ran.cells {
        let cell = &one.cell.folder;
        print(&format!("{cell}\n{}", found(&folder.join(cell), one.summary.as_ref(), &one.manifest)))?;
        for (trial, reason) in one.manifest.failed() {
            complain(&format!("error: at {cell}: {} failed: {reason}", trial.label()));
        }
        without_reference(one.summary.as_ref());
    }
    let verdict = ran.verdict.iter().map(|sentence| escape::terminal(sentence).into_owned() + "\n");
    print(&verdict.fold(String::new(), |text, sentence| text + "\n" + &sentence))?;
    let of = match kind {
        CellKind::Size => "of the sweep",
        CellKind::Dataset => "across the datasets",
    };
    print(&format!("\nreport {of}: {}\n", escape::path(&folder.join("index.html"))))?;
    Ok(ended(ran.cells.iter().map(|one| &one.manifest)))
}

/// Prints the results of a run and the path of its report.
pub fn finish(folder: &Path, summary: Option<&Summary>, manifest: &Manifest) -> Result<ExitCode, Failure> {
    print(&found(folder, summary, manifest))?;
    for (trial, reason) in manifest.failed() {
        complain(&format!("error: {} failed: {reason}", trial.label()));
    }
    without_reference(summary);
    Ok(ended([manifest]))
}

/// Notes that nothing is compared if the reference failed.
fn without_reference(summary: Option<&Summary>) {
    if let Some(failure) = summary.and_then(|summary| summary.reference.failure()) {
        complain(&format!("note: {failure}"));
    }
}

/// The results as a table, cautions, and the place of the report.
fn found(folder: &Path, summary: Option<&Summary>, manifest: &Manifest) -> String {
    let Some(summary) = summary else { return "no trial succeeded, so there is no report\n".to_owned() };
    let coarse = manifest.coarse.iter().map(Coarse::remark);
    let times = summary.cautions(manifest.machine.cores);
    let rate = summary.rate.caution().map(|text| format!("Caution: {text}"));
    let cautions = lines(coarse.chain(times).chain(rate).map(cautioned));
    format!("{}{cautions}\nreport: {}\n", results(summary), escape::path(&folder.join("index.html")))
}

/// Exit code 1 if any trial failed.
fn ended<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> ExitCode {
    let failed = manifests.into_iter().any(|manifest| manifest.failed().next().is_some());
    if failed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn results(summary: &Summary) -> String {
    summary.tuning.as_ref().map_or_else(|| all_trials(summary), |tuning| tuned_trials(summary, tuning))
}

/// The trials that tuning chose.
fn tuned_trials(summary: &Summary, tuning: &Tuning) -> String {
    let mut rows = vec![tuning_tables::header(summary, tuning)];
    rows.extend(tuning.retrievers.iter().map(|tuned| tuning_tables::cells(summary, tuning, tuned)));
    // The metrics stand after the label.
    let all = summary.metrics.len();
    let width = |shown: usize| {
        let columns = (0..=shown).chain(all + 1..rows[0].len());
        let longest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0) + 2;
        columns.map(longest).sum::<usize>()
    };
    let shown = (0..=all).rev().find(|&shown| width(shown) <= WIDTH).unwrap_or(0).max(all.min(LEAST));
    rows.iter_mut().for_each(|row| drop(row.drain((1 + shown)..=all)));
    let (tuned, reported) = (tuning.tuned_on, tuning.reported_on);
    let partial = (0..summary.metrics.len()).filter_map(|metric| tuning.partial(&summary.metrics, metric));
    format!(
        "{}{}\nchosen on {tuned} queries, reported on the other {reported}\n{}",
        table(&rows, 1..),
        others(all - shown),
        lines(partial)
    )
}

/// All trials, with the metrics that fit.
fn all_trials(summary: &Summary) -> String {
    let shown = fitting(summary);
    let mut header = vec![String::new()];
    header.extend(summary.metrics[..shown].iter().map(|metric| metric.name().to_owned()));
    header.extend(["pool".to_owned(), format!("queries/s{}", summary.rate.suffix())]);
    let mut rows = vec![header];
    for (at, row) in summary.rows.iter().enumerate() {
        let mut cells = vec![summary.timed_label(at)];
        cells.extend(row.estimates[..shown].iter().map(|e| e.map_or_else(|| "-".into(), |e| decimals(e.mean, 4))));
        cells.push(row.pool().map_or_else(|| "-".into(), |pool| pool.to_string()));
        cells.push(decimals(summary.qps(at), 0));
        rows.push(cells);
    }
    let partial = (0..summary.metrics.len()).filter_map(|metric| summary.partial(metric));
    table(&rows, 1..) + &others(summary.metrics.len() - shown) + &lines(partial)
}

/// A line that says how many metrics the table lacks.
fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => "and one more metric in the report\n".to_owned(),
        _ => format!("and {more} more metrics in the report\n"),
    }
}

/// A line for each text.
fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| escape::terminal(&text).into_owned() + "\n").collect()
}

/// The number of metrics that fit into a table of about 120 columns beside the names of trials; at least 3, if there are 3.
fn fitting(summary: &Summary) -> usize {
    let label = summary.rows.iter().map(|row| row.label().chars().count()).max().unwrap_or(0);
    let width = |count: usize| {
        label + summary.metrics[..count].iter().map(|metric| metric.name().len().max(6) + 2).sum::<usize>() + 17
    };
    let all = summary.metrics.len();
    (0..=all).rev().find(|&count| width(count) <= WIDTH).unwrap_or(0).max(all.min(LEAST))
}
