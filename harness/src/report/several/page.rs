//! The page of several runs.

use super::{ChangedTrial, Changes, ComparedRun, Several};
use crate::escape;
use crate::plot::format::{decimals, number, signed, three_decimals};
use crate::report::code_spans::with_code;
use crate::report::page::{data, document, explore, figure};
use crate::report::plots::Drawn;
use crate::report::tables;
use maud::{Markup, html};
use std::path::{Component, Path, PathBuf};

impl Several {
    /// The page, for a folder.
    pub(super) fn page(&self, folder: &Path, figures: &[Drawn]) -> String {
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        let title = names.join(", ");
        let datasets: Vec<String> = self.datasets().iter().map(|(name, runs)| format!("{name} ({runs})")).collect();
        let runs: Vec<_> = self.runs.iter().map(|run| (run.name.as_str(), &run.found)).collect();
        let lead = format!("{} runs on {}", self.runs.len(), datasets.join(", "));
        let main = html! {
            section.verdict id="verdict" {
                h2 { "Verdict" }
                @for sentence in self.verdict() { p { (sentence) } }
            }
            (explore::plot())
            (self.tables())
            section id="figures" {
                h2 { "Figures" }
                div.figures { @for drawn in figures { (figure(drawn)) } }
            }
            @for changes in &self.changes { (self.changes_table(changes)) }
            (self.list(folder))
        };
        document(&title, env!("CARGO_PKG_VERSION"), &lead, &main, Some(&data::plot(&runs)))
    }

    fn tables(&self) -> Markup {
        html! {
            section id="results" {
                h2 { "Retrievers in each run" }
                @for metric in self.metrics() { (tables::html::table(metric.name(), metric.name(), &self.table(metric))) }
                p.note {
                    "Each retriever is at its chosen point; in a run without a choice at its best point, which is exploratory. Stars: differs "
                    "from the run's own reference at p < 0.05, 0.01, 0.001 (sign-flip permutation test, Holm-corrected over the run's "
                    "trials). Bold: best of the column, underlined: second. As files: " code { "tables/" } "; every trial: "
                    a href="several.csv" { "several.csv" } "."
                }
            }
        }
    }

    fn changes_table(&self, changes: &Changes) -> Markup {
        let (first, run, metrics) = (&self.runs[0], &self.runs[changes.run], self.metrics());
        let rate = self.rate();
        let qps = |run: &ComparedRun, row: usize| rate.of(&run.found.summary.rows[row].timing);
        html! {
            section {
                h2 { (run.name) " against " (first.name) }
                div.scroll tabindex="0" role="region" aria-label="Changes" {
                    table.sortable {
                        thead { tr {
                            th scope="col" { "trial" }
                            @for metric in &metrics { th scope="col" { (metric.name()) } }
                            th scope="col" { "queries/s" span.unit { "times as many" (rate.suffix()) } }
                        } }
                        tbody { @for ChangedTrial { row, before, compared } in &changes.trials { tr {
                            th scope="row" { (run.found.summary.rows[*row].label()) }
                            @for (comparison, metric) in compared.iter().zip(&metrics) {
                                @match comparison {
                                    None => td { "-" },
                                    Some(c) => {
                                        @let shown = c.significant() == Some(true);
                                        @let gains = (c.difference.mean > 0.0) == metric.higher_is_better();
                                        td.better[shown && gains].worse[shown && !gains] {
                                            (signed(c.difference.mean, 4))
                                            span.interval { (signed(c.difference.lo, 4)) " to " (signed(c.difference.hi, 4)) }
                                            @if let Some(p) = c.p_holm { span.interval { "p " (three_decimals(p)) } }
                                        }
                                    }
                                }
                            }
                            td { (decimals(qps(run, *row) / qps(first, *before), 2)) }
                        } } }
                    }
                }
                p.note {
                    "The same trials over the same queries: mean difference with its 95 % interval, p of the sign-flip permutation test, "
                    "Holm-corrected over the trials. Marked if p is below 0.05. As a file: " a href="changes.csv" { "changes.csv" } "."
                }
            }
        }
    }

    fn list(&self, folder: &Path) -> Markup {
        html! {
            section id="again" {
                h2 { "Runs" }
                div.scroll tabindex="0" role="region" aria-label="Runs" {
                    table {
                        thead { tr { @for head in ["run", "dataset", "k", "queries", "trials", "swath", "machine", "when"] {
                            th scope="col" { (head) }
                        } } }
                        tbody { @for run in &self.runs {
                            @let manifest = &run.found.manifest;
                            @let rows = &run.found.summary.rows;
                            tr {
                                th scope="row" { a href={ (way(folder, &run.folder)) "/index.html" } { (run.name) } }
                                td { (manifest.dataset.name) }
                                td { (rows[0].k) }
                                td { (number(rows[0].queries as f64)) }
                                td { (rows.len()) }
                                td { (manifest.swath) ", " (manifest.revision.chars().take(12).collect::<String>()) }
                                td { (manifest.machine.cpu) }
                                td { (manifest.started) }
                            }
                        } }
                    }
                }
                @if self.runs.iter().any(|run| !run.found.manifest.notes.is_empty()) {
                    h3 { "Notes" }
                    ul { @for run in &self.runs { @for note in &run.found.manifest.notes { li { (run.name) ": " (with_code(note)) } } } }
                }
            }
        }
    }
}

/// The relative path from one folder to another, as a link.
fn way(from: &Path, to: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (from, to) = (absolute(from), absolute(to));
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - shared);
    let way: PathBuf = up.chain(to[shared..].iter().copied()).collect();
    escape::link(&way)
}
