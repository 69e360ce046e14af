//! The interactive parts of the page. Without scripts they stay hidden, and a line says so.

use crate::escape;
use crate::findings::LoadedRun;
use crate::plot::format::number;
use crate::record::excerpt::TEXT;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// The plot of any measure against any other.
pub fn plot() -> Markup {
    let axis = |name: &str, what: &str| {
        let (id, log) = (format!("explore-{name}"), format!("explore-{name}-log"));
        html! {
            label { (what) " " select id=(id) {} }
            label.check { input type="checkbox" id=(log); "logarithmic" }
        }
    };
    html! {
        section id="explore" hidden {
            h2 { "Explore" }
            div.controls { (axis("y", "upwards")) (axis("x", "across")) }
            div id="explore-plot" .plot {}
            p id="explore-said" .said role="status" {}
            fieldset {
                legend { "retrievers" }
                div id="explore-retrievers" .checks {}
                button type="button" id="explore-all" { "all" } " "
                button type="button" id="explore-none" { "none" }
            }
            p.note {
                "Each marker is a trial. Whiskers are 95 % intervals over queries; for queries per second, the range of the repeats. "
                "Dashed: the Pareto front of the trials shown, oracles excluded."
            }
        }
        noscript { p.note { "Without scripts this page shows its figures and tables. With scripts one can choose the axes of a plot, sort "
            "tables and look into single queries." } }
    }
}

/// The results of retrievers for single queries, side by side; nothing if the run kept no queries.
pub fn queries(found: &LoadedRun) -> Markup {
    let (Some(excerpt), Some(metric)) = (&found.excerpt, found.headline()) else { return html! {} };
    let name = found.metric(metric).name();
    let is_judged = excerpt.queries.iter().any(|query| query.relevant.is_some());
    let chosen = if found.summary.tuning.is_some() { "chosen point" } else { "best point" };
    html! {
        section id="queries" hidden {
            h2 { "Query by query" }
            div.controls {
                label { "query " select id="query" {} }
                button type="button" id="query-before" { "previous" }
                button type="button" id="query-after" { "next" }
                label { "order " select id="query-order" {
                    option value="sample" { "as sampled" }
                    option value="name" { "by name" }
                    @if found.summary.reference.row().is_some() {
                        option value="lead" { "largest lead over the reference first" }
                    }
                } }
            }
            div id="query-about" .said role="status" {}
            @if is_judged {
                p.legend {
                    span.grade.relevant { "grade 1" } " or more: judged relevant, with a ring on the map. "
                    span.grade.irrelevant { "grade 0" } " judged not relevant. "
                    span.grade.unjudged { "not judged" } " counts as not relevant, although nobody looked."
                }
            }
            div.beside { div id="query-lists" .cards {} div id="query-map" .plot {} }
            p.note {
                "A seeded sample of " (number(excerpt.queries.len() as f64)) " queries, with each retriever at its " (chosen) " in " (name)
                ". "
                @if found.manifest.dataset.subtopics { "Numbered colours are the query's subtopics. " }
                @if excerpt.queries.iter().any(|query| query.items.iter().any(|item| item.text.is_some())) {
                    "Long texts are cut: \"more\" shows a text whole, or its first " (number(TEXT as f64)) " characters. "
                }
                "# is the rank among the true neighbours; \"far\" is beyond the "
                "neighbours that the dataset stores. The map shows the first two principal components of the query's neighbourhood, "
                "with the query as a cross. "
                @if let Some(placed) = found.manifest.dataset.placed() { (placed) " " }
                "Press a retriever's name to see its results."
            }
        }
    }
}

/// The script and its data.
pub fn script(data: &Value) -> Markup {
    html! {
        script type="application/json" id="swath-data" { (PreEscaped(escape::script(data))) }
        script { (PreEscaped(include_str!("page.js"))) }
    }
}
