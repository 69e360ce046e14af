//! The box that names the trials that failed, of a page above several runs.

use super::cell_report::CellReport;
use super::code_spans::with_code;
use crate::record::manifest::TrialRecord;
use maud::{Markup, html};

/// The box; nothing if no trial failed. `consequence` follows where no trial of a run succeeded.
pub fn failed_trials(cells: &[CellReport], consequence: &str) -> Markup {
    let failed: Vec<(&CellReport, Vec<(&TrialRecord, &str)>)> = cells
        .iter()
        .map(|one| (one, one.manifest.failed().collect::<Vec<_>>()))
        .filter(|(_, failed)| !failed.is_empty())
        .collect();
    html! {
        @if !failed.is_empty() {
            section.box.bad role="alert" {
                h2 { "Trials that failed" }
                ul { @for (one, trials) in &failed {
                    li {
                        strong { (one.cell.folder) }
                        @if one.summary.is_none() { ": no trial succeeded" (consequence) }
                        ul { @for (trial, reason) in trials { li { (trial.label()) ": " (with_code(reason)) } } }
                    }
                } }
            }
        }
    }
}
