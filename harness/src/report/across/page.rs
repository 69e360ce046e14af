//! The page of several datasets.

use super::tables;
use super::verdict::verdict;
use crate::findings::across::Across;
use crate::plot::format::number;
use crate::report::cell_report::CellReport;
use crate::report::code_spans::with_code;
use crate::report::failed_trials::failed_trials;
use crate::report::page::{document, figure};
use crate::report::plots::Drawn;
use crate::report::tables::{Table, html as shown};
use maud::{Markup, html};

/// The page.
pub struct Page<'a> {
    /// The runs.
    pub cells: &'a [CellReport],
    /// What they show together; `None` if fewer than two have results.
    pub across: Option<&'a Across>,
    /// The figures.
    pub figures: &'a [Drawn],
}

impl Page<'_> {
    /// Its text.
    pub fn text(&self) -> String {
        let name = self.cells.first().map_or("", |one| one.manifest.experiment.name());
        let names: Vec<&str> = self.cells.iter().map(|one| one.cell.folder.as_str()).collect();
        let lead = format!("The same retrievers on {} datasets: {}", names.len(), names.join(", "));
        let main = html! {
            (failed_trials(self.cells, ", so this dataset is left out"))
            @match self.across {
                Some(across) => (self.found(across)),
                None => section.verdict id="verdict" {
                    h2 { "Verdict" }
                    p { "Fewer than two datasets have results, so nothing is compared across datasets." }
                }
            }
            (self.runs())
            @if let Some(across) = self.across { (definitions(across)) }
        };
        document(name, env!("CARGO_PKG_VERSION"), &lead, &main, None)
    }

    fn found(&self, across: &Across) -> Markup {
        let sentences = verdict(across);
        let headline = across.headline();
        html! {
            section.verdict id="verdict" {
                h2 { "Verdict" }
                @if let Some((first, rest)) = sentences.split_first() {
                    p.first { (first) }
                    @for sentence in rest { p { (sentence) } }
                }
            }
            nav aria-label="contents" { ul {
                @for (id, text) in [("across", "across datasets"), ("figures", "figures"), ("each", "on each dataset"), ("runs", "the runs")] {
                    li { a href={ "#" (id) } { (text) } }
                }
            } }
            @if let Some(headline) = headline {
                section id="across" {
                    h2 { "Across datasets" }
                    (with_caption("across", &tables::retrievers(across, headline)))
                    @if let Some(table) = tables::extremes(across, headline) { (with_caption("best and worst dataset", &table)) }
                    h3 { "Every metric" }
                    (with_caption("means", &tables::means(across)))
                }
            }
            section id="figures" {
                h2 { "Figures" }
                div.figures { @for drawn in self.figures { (figure(drawn)) } }
            }
            @if let Some(headline) = headline {
                section id="each" {
                    h2 { "On each dataset" }
                    (with_caption("by-dataset", &tables::by_dataset(across, headline)))
                    @for (dataset, run) in across.datasets.iter().enumerate() {
                        h3 { a href={ (run.name) "/index.html" } { (run.name) } }
                        (with_caption(&run.name, &tables::one_dataset(across, dataset)))
                    }
                }
            }
        }
    }

    fn runs(&self) -> Markup {
        html! {
            section id="runs" {
                h2 { "Runs" }
                div.scroll tabindex="0" role="region" aria-label="Runs" {
                    table {
                        thead { tr { @for head in ["dataset", "points", "distance", "k", "queries", "trials"] { th scope="col" { (head) } } } }
                        tbody { @for one in self.cells {
                            @let dataset = &one.manifest.dataset;
                            @let rows = one.summary.as_ref().map_or(&[][..], |summary| &summary.rows);
                            tr {
                                th scope="row" {
                                    @if rows.is_empty() { (one.cell.folder) }
                                    @else { a href={ (one.cell.folder) "/index.html" } { (one.cell.folder) } }
                                }
                                td { (dataset.points()) }
                                td { (dataset.distance) }
                                td { (one.cell.k.get()) }
                                td { (rows.first().map_or_else(|| "-".to_owned(), |row| number(row.queries as f64))) }
                                td { (rows.len()) }
                            }
                        } }
                    }
                }
                p.note {
                    "Each run has a page of its own, with its figures, single queries and times. All values: "
                    a href="datasets.csv" { "datasets.csv" } " (each dataset), " a href="across.csv" { "across.csv" } " (over datasets), "
                    a href="ranks.csv" { "ranks.csv" } " (pairs of mean ranks); tables for papers: " code { "tables/" } "."
                }
                @if self.cells.iter().any(|one| !one.manifest.notes.is_empty()) {
                    h3 { "Notes" }
                    ul { @for one in self.cells { @for note in &one.manifest.notes { li { (one.cell.folder) ": " (with_code(note)) } } } }
                }
            }
        }
    }
}

/// What the metrics are.
fn definitions(across: &Across) -> Markup {
    html! {
        section {
            h2 { "Metrics" }
            dl { @for (one, about) in across.metrics.iter().map(|one| (one, one.metric.about())) {
                dt { (one.metric.name()) }
                dd { (with_code(about.definition)) ". " span.dim { (about.range) "; " (about.source) "." } }
            } }
        }
    }
}

/// A table with its caption below it.
fn with_caption(name: &str, table: &Table) -> Markup {
    html! {
        (shown::table(name, table.corner, table))
        p.note { (table.caption) }
    }
}
