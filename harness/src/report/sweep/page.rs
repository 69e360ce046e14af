//! The page of a sweep: its cells, what failed, and all figures.

use super::CellReport;
use crate::report::failed_trials::failed_trials;
use crate::report::page::{document, figure};
use crate::report::plots::Drawn;
use maud::html;

/// The page.
pub fn page(cells: &[CellReport], figures: &[Drawn]) -> String {
    let name = cells.first().map_or("", |one| one.manifest.experiment.name());
    let title = format!("{name}: a sweep over {} cells", cells.len());
    let lead = "Every metric and cost against each size that varies, with its fitted power";
    let main = html! {
        (failed_trials(cells, ""))
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
            p.note {
                "All values as a table: " a href="scale.csv" { "scale.csv" } "."
                @if cells.iter().any(|one| one.manifest.experiment.parting().is_some()) {
                    " Here every point of a grid stands on all queries. What was chosen on some and reported on the others is on the \
                     page of each cell."
                }
            }
        }
        section {
            h2 { "Figures" }
            div.figures { @for drawn in figures { (figure(drawn)) } }
        }
    };
    document(&title, env!("CARGO_PKG_VERSION"), lead, &main, None)
}
