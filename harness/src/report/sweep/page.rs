//! The page of a sweep: its cells, what failed, and all figures.

use super::CellReport;
use crate::record::manifest::TrialRecord;
use crate::report::code_spans::with_code;
use crate::report::page::{document, figure};
use crate::report::plots::Drawn;
use maud::html;

/// The page.
pub fn page(cells: &[CellReport], figures: &[Drawn]) -> String {
    let name = cells.first().map_or("", |one| one.manifest.experiment.name());
    let title = format!("{name}: a sweep over {} cells", cells.len());
    let lead = "Every metric and cost against each size that varies, with its fitted power";
    let failed: Vec<(&CellReport, Vec<(&TrialRecord, &str)>)> = cells
        .iter()
        .map(|one| (one, one.manifest.failed().collect::<Vec<_>>()))
        .filter(|(_, failed)| !failed.is_empty())
        .collect();
    let main = html! {
        @if !failed.is_empty() {
            section.box.bad role="alert" {
                h2 { "Trials that failed" }
                ul { @for (one, trials) in &failed {
                    li {
                        strong { (one.cell.folder) }
                        @if one.summary.is_none() { ": no trial succeeded" }
                        ul { @for (trial, reason) in trials { li { (trial.label()) ": " (with_code(reason)) } } }
                    }
                } }
            }
        }
        section {
            h2 { "Cells" }
            ul { @for one in cells {
                li {
                    @if one.summary.is_some() {
                        a href={ (one.cell.folder) "/index.html" } { (one.cell.folder) }
                    } @else {
                        (one.cell.folder) " (no trial succeeded)"
                    }
                    ": " (one.manifest.dataset.name) ", "
                    (one.manifest.dataset.points()) ", k = " (one.cell.k.get())
                }
            } }
            p.note { "All values as a table: " a href="scale.csv" { "scale.csv" } "." }
        }
        section {
            h2 { "Figures" }
            div.figures { @for drawn in figures { (figure(drawn)) } }
        }
    };
    document(&title, env!("CARGO_PKG_VERSION"), lead, &main, None)
}
