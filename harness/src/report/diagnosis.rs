//! The section of the page on the dataset.

use crate::plot::format::three_digits;
use crate::record::diagnosis::Diagnosis;
use crate::report::code_spans::with_code;
use maud::{Markup, html};

/// The diagnostics of the dataset; nothing if the run did not compute them.
pub fn section(diagnosis: Option<&Diagnosis>) -> Markup {
    let Some(diagnosis) = diagnosis else { return html! {} };
    html! {
        section {
            h2 { "The dataset" }
            div.scroll tabindex="0" role="region" aria-label="The dataset" {
                table {
                    thead { tr { th scope="col" { "diagnostic" } th scope="col" { "value" } th.text scope="col" { "what it means" } } }
                    tbody { @for finding in &diagnosis.findings { tr {
                        th scope="row" title=(finding.definition) { (finding.name) }
                        td { @match finding.measured {
                            Some(found) => {
                                (three_digits(found.value))
                                span.interval { (three_digits(found.lo)) " to " (three_digits(found.hi)) }
                            },
                            None => "-",
                        } }
                        td.text { (with_code(&finding.meaning)) }
                    } } }
                }
            }
            p.note { "From " (diagnosis.sampled) ". The 95 % interval is below each value." }
        }
    }
}
