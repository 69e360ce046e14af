//! The section of the page that compares retrievers at the same recall.

use crate::findings::summary::Summary;
use crate::findings::tradeoffs::{RECALLS, Tradeoff};
use crate::metrics::{Family, MetricName, Usual};
use crate::plot::format::decimals;
use crate::report::interval::interval;
use crate::statistics::Estimate;
use maud::{Markup, html};

/// The metrics with which the page shows trade-offs: the one that speaks for what people judged, then the other headline metrics
/// that are measured by default, but for recall itself. `frontiers.csv` has all.
fn shown(metrics: &[MetricName]) -> Vec<usize> {
    let judged = MetricName::of_judgements(metrics);
    let is_usual = |metric: MetricName| {
        metric.headline_rank().is_some() && metric.about().usual != Usual::Never && metric.family() != Family::Recall
    };
    let others = (0..metrics.len()).filter(|&at| Some(at) != judged && is_usual(metrics[at]));
    judged.into_iter().chain(others).collect()
}

/// The section; nothing if no retriever has several points.
pub fn section(summary: &Summary) -> Markup {
    let of = |metric: usize| summary.tradeoffs.iter().filter(move |tradeoff| tradeoff.metric == metric);
    if summary.tradeoffs.iter().all(|tradeoff| tradeoff.points < 2) {
        return html! {};
    }
    html! {
        section {
            h2 { "At the same recall" }
            @for metric in shown(&summary.metrics) {
                @if of(metric).next().is_some() { (table(summary.metrics[metric].name(), of(metric))) }
            }
            p.note {
                "Each retriever's Pareto front over the points of its grid: the metric at a recall, interpolated linearly between "
                "the two points around it (its best value if all points have more recall), and the area (hypervolume) between the front and the worst trial's mean. A dash: no "
                "point reaches that recall. Intervals are quantiles over resamples of the queries; the front is computed again in "
                "each. All metrics: " a href="frontiers.csv" { "frontiers.csv" } "."
            }
        }
    }
}

fn table<'s>(name: &str, tradeoffs: impl Iterator<Item = &'s Tradeoff>) -> Markup {
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
                    th scope="col" { "grid points" }
                    th scope="col" { "hypervolume" }
                    @for recall in RECALLS { th scope="col" { "recall " (recall) } }
                } }
                tbody { @for tradeoff in tradeoffs { tr {
                    th scope="row" { (tradeoff.retriever) }
                    td { (tradeoff.points) }
                    (value(Some(&tradeoff.hypervolume)))
                    @for estimate in &tradeoff.at_recall { (value(estimate.as_ref())) }
                } } }
            }
        }
    }
}
