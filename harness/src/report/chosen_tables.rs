//! `chosen.csv`, `chosen_pairs.csv` and `tables/chosen.md`: each retriever at the point that was chosen on some of the
//! queries, as the other queries see it.

use super::format::cell;
use crate::chosen::{Choice, Chosen};
use crate::summary::{Estimate, Summary};

/// A retriever a row: each metric with its interval, then its difference to the reference trial with its interval.
///
/// # Errors
/// None but the writer's own, which a table in memory does not have.
pub fn csv(summary: &Summary, chosen: &Chosen) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> =
        ["trial", "retriever", "params", "points", "tuned_on", "reported_on"].map(str::to_owned).to_vec();
    for prefix in ["", "difference_"] {
        for metric in &summary.metrics {
            header.extend(["", "_lo", "_hi"].map(|suffix| format!("{prefix}{}{suffix}", metric.name())));
        }
    }
    table.write_record(header)?;
    for choice in &chosen.choices {
        let row = &summary.rows[choice.row];
        let mut cells = vec![row.trial.clone(), row.retriever.clone(), row.params.clone(), choice.points.to_string()];
        cells.extend([chosen.queries.0, chosen.queries.1].map(|count| count.to_string()));
        for estimate in choice.estimates.iter().chain(&choice.differences) {
            cells.extend(three(estimate.as_ref()));
        }
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// A pair of retrievers a row: the difference in the metric by which was chosen, with its interval.
///
/// # Errors
/// As the function [`csv()`].
pub fn pairs_csv(summary: &Summary, chosen: &Chosen) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["retriever", "less", "metric", "difference", "difference_lo", "difference_hi"])?;
    let name = |choice: usize| summary.rows[chosen.choices[choice].row].retriever.clone();
    for pair in &chosen.pairs {
        let mut cells = vec![name(pair.of.0), name(pair.of.1), summary.metrics[chosen.by].name().to_owned()];
        cells.extend(three(Some(&pair.estimate)));
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

fn three(estimate: Option<&Estimate>) -> [String; 3] {
    estimate.map_or_else(Default::default, |e| [e.mean, e.lo, e.hi].map(cell))
}

/// The columns of a table for people: each metric's mean, then the difference in the one by which was chosen.
pub fn header(summary: &Summary, chosen: &Chosen) -> Vec<String> {
    let mut header = vec!["retriever, at its chosen point".to_owned()];
    header.extend(summary.metrics.iter().map(|metric| metric.name().to_owned()));
    header.push(format!("difference in {}", summary.metrics[chosen.by].name()));
    header
}

/// A row of such a table.
pub fn cells(summary: &Summary, chosen: &Chosen, choice: &Choice) -> Vec<String> {
    let mut cells = vec![summary.rows[choice.row].label()];
    cells.extend(choice.estimates.iter().map(|e| e.map_or_else(|| "-".into(), |e| format!("{:.4}", e.mean))));
    let difference = choice.differences[chosen.by];
    cells.push(difference.map_or_else(|| "-".into(), |e| format!("{:+.4} ({:+.4} to {:+.4})", e.mean, e.lo, e.hi)));
    cells
}

/// GitHub's Markdown.
pub fn markdown(summary: &Summary, chosen: &Chosen) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header = header(summary, chosen);
    let mut text = line(&header);
    let rule: Vec<String> = (0..header.len()).map(|i| if i == 0 { "---" } else { "---:" }.to_owned()).collect();
    text.push_str(&line(&rule));
    for choice in &chosen.choices {
        text.push_str(&line(&cells(summary, chosen, choice)));
    }
    text
}
