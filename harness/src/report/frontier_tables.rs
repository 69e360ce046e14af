//! Retrievers at the same recall, and the areas below their frontiers: `frontiers.csv` and a section of the page.

use super::interval::interval;
use crate::escape;
use crate::findings::frontiers::{Frontier, RECALLS};
use crate::findings::summary::Summary;
use crate::metrics::{Family, MetricName, Usual};
use crate::plot::format::{cell, cell_or_empty, decimals};
use crate::statistics::Estimate;
use maud::{Markup, html};

/// Whether the page shows frontiers of this metric: those that may speak for an experiment and are always measured, but for
/// recall itself. `frontiers.csv` has all.
fn is_shown(metric: MetricName) -> bool {
    metric.headline_rank().is_some() && metric.about().usual == Usual::Always && metric.family() != Family::Recall
}

/// A retriever and metric a row: the area below the frontier against recall, and the metric at given recalls, each with its
/// interval; empty where no point has so much recall.
///
/// # Errors
/// The writer's.
pub fn csv(summary: &Summary) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = ["retriever", "metric", "points"].map(str::to_owned).to_vec();
    let names =
        std::iter::once("hypervolume".to_owned()).chain(RECALLS.iter().map(|recall| format!("at_recall_{recall}")));
    header.extend(names.flat_map(|name| ["", "_lo", "_hi"].map(|suffix| format!("{name}{suffix}"))));
    table.write_record(header)?;
    for frontier in &summary.frontiers {
        let metric = summary.metrics[frontier.metric].name();
        let mut cells =
            vec![escape::csv(&frontier.retriever).into_owned(), metric.to_owned(), frontier.points.to_string()];
        cells.extend([frontier.hypervolume.mean, frontier.hypervolume.lo, frontier.hypervolume.hi].map(cell));
        for estimate in &frontier.at_recall {
            let of = |part: fn(&Estimate) -> f64| cell_or_empty(estimate.as_ref().map(part));
            cells.extend([of(|e| e.mean), of(|e| e.lo), of(|e| e.hi)]);
        }
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// The section of the page; nothing where no retriever has several points.
pub fn section(summary: &Summary) -> Markup {
    let shown = |metric: &(usize, &MetricName)| is_shown(*metric.1);
    let of = |metric: usize| summary.frontiers.iter().filter(move |frontier| frontier.metric == metric);
    if summary.frontiers.iter().all(|frontier| frontier.points < 2) {
        return html! {};
    }
    html! {
        section {
            h2 { "At the same recall" }
            @for (metric, name) in summary.metrics.iter().enumerate().filter(shown) {
                @if of(metric).next().is_some() { (table(name.name(), of(metric))) }
            }
            p.note {
                "Each retriever's frontier over the points of its grid: the metric where at least that recall is asked for, on the "
                "straight line between the two points around it, and the area (hypervolume) between the frontier and the worst "
                "trial's mean. A dash: no point has so much recall. Intervals are quantiles over resamples of the queries, in each of which the "
                "frontier is found anew. All metrics: " a href="frontiers.csv" { "frontiers.csv" } "."
            }
        }
    }
}

fn table<'s>(name: &str, frontiers: impl Iterator<Item = &'s Frontier>) -> Markup {
    let value = |estimate: Option<&Estimate>| {
        html! {
            @match estimate {
                Some(estimate) => td { (decimals(estimate.mean, 4)) span.interval { (interval(estimate, 4)) } },
                None => td { "-" },
            }
        }
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("{name} at the same recall")) {
            table.sortable {
                thead { tr {
                    th scope="col" { (name) }
                    th scope="col" { "points" }
                    th scope="col" { "hypervolume" }
                    @for recall in RECALLS { th scope="col" { "recall " (recall) } }
                } }
                tbody { @for frontier in frontiers { tr {
                    th scope="row" { (frontier.retriever) }
                    td { (frontier.points) }
                    (value(Some(&frontier.hypervolume)))
                    @for estimate in &frontier.at_recall { (value(estimate.as_ref())) }
                } } }
            }
        }
    }
}
