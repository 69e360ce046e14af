//! `index.html`: the report on one self-contained page. It is complete without scripts, and interactive with them.

pub(super) mod data;
pub(super) mod explore;
mod same_recall;
mod verdict;

pub use verdict::verdict;

use super::code_spans::with_code;
use super::diagnosis;
use super::interval::interval;
use super::plots::Drawn;
use super::tables::{self, lists_from_files};
use crate::escape;
use crate::findings::LoadedRun;
use crate::findings::ceiling::{Ceiling, OPTIMISTIC, ceilings};
use crate::findings::summary::Summary;
use crate::findings::timing::Rate;
use crate::plot::drawing::FONT_FACE;
use crate::plot::format::{decimals, number, signed, three_decimals, three_digits};
use crate::record::manifest::Manifest;
use crate::statistics::Comparison;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn page(found: &LoadedRun, tables: &[&str], figures: &[Drawn]) -> String {
    let (summary, manifest) = (&found.summary, &found.manifest);
    let experiment = &manifest.experiment;
    let title = experiment.name();
    // With a split they are over the queries for reporting, and stand beside the chosen points.
    let bounds = if summary.tuning.is_some() { Vec::new() } else { ceilings(found) };
    let main = html! {
        (judgement(found))
        (boxes(manifest, &summary.cautions(manifest.machine.cores)))
        (contents(found))
        (explore::plot())
        (tuning(found))
        section id="results" {
            h2 { "Results" }
            (results(found, &bounds))
            p.note {
                "Means over " @if summary.tuning.is_some() { "all queries, including those that parameters were chosen on" } @else { "queries" }
                ", with 95 % intervals (BCa bootstrap over queries, 10,000 resamples). "
                "Bold: the best mean of the column, oracles excluded. Queries per second are from the " @if summary.rate == Rate::Best { "best" } @else { "median" } " repeat, "
                "percentiles from single queries in all repeats. Timings hold for this machine on that day."
                @if let Some(caution) = summary.rate.caution() { " " (caution) }
                (about_ceilings(found, &bounds))
                (remarks(found, false))
            }
        }
        section id="figures" {
            h2 { "Figures" }
            div.figures { @for drawn in figures { (figure(drawn)) } }
        }
        (explore::queries(found))
        (comparisons(summary))
        (same_recall::section(summary))
        (diagnosis::section(manifest.diagnosis.as_ref()))
        (costs(summary, manifest))
        (programs(found))
        (definitions(found))
        (cautions(summary, manifest))
        (provenance(manifest, tables))
    };
    document(title, &manifest.swath, &lead(manifest), &main, Some(&data::data(found)))
}

/// A self-contained page with its title, swath's version, the line below the title, its content, and the data of its script
/// if it has one.
pub(crate) fn document(title: &str, version: &str, lead: &str, main: &Markup, data: Option<&Value>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "swath " (version) };
                title { (title) " - swath" }
                style { (PreEscaped(FONT_FACE.as_str())) (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.brand { "swath " (version) }
                    h1 { (title) }
                    p.lead { (lead) }
                }
                main { (main) }
                @if let Some(data) = data { (explore::script(data)) }
            }
        }
    };
    escape::html(&page.into_string())
}

fn judgement(found: &LoadedRun) -> Markup {
    let sentences = verdict(found);
    html! {
        @if let Some((first, rest)) = sentences.split_first() {
            section.verdict id="verdict" {
                h2 { "Verdict" }
                p.first { (first) }
                @for sentence in rest { p { (sentence) } }
            }
        }
    }
}

/// The table of contents.
fn contents(found: &LoadedRun) -> Markup {
    let has_queries = found.excerpt.as_ref().is_some_and(|excerpt| !excerpt.queries.is_empty());
    let sections = [
        ("results", "results", true),
        ("figures", "figures", true),
        ("queries", "query by query", has_queries),
        ("comparisons", "comparisons", !found.summary.differences.is_empty()),
        ("cost", "cost", true),
        ("programs", "programs outside", found.summary.rows.iter().any(|row| row.outside.is_some())),
        ("again", "how to run it again", true),
    ];
    html! {
        nav aria-label="contents" { ul { @for (id, text, _) in sections.iter().filter(|(.., is_there)| *is_there) {
            li { a href={ "#" (id) } { (text) } }
        } } }
    }
}

fn lead(manifest: &Manifest) -> String {
    let (dataset, experiment) = (&manifest.dataset, &manifest.experiment);
    let queries = number(dataset.queries as f64);
    let sampled = experiment.queries().map_or_else(
        || format!("all {queries} queries"),
        |count| format!("{} of {queries} queries (seed {})", number(count as f64), experiment.seed()),
    );
    let plural = |count: &str| if count == "1" { "" } else { "s" };
    let (threads, repeats) = (experiment.threads().to_string(), experiment.repeats().to_string());
    format!(
        "{}: {}, {}; {sampled}, k = {}, mode {}, {threads} thread{}, {repeats} timed repeat{}{}",
        dataset.name,
        dataset.points(),
        dataset.compared(),
        experiment.k(),
        experiment.mode().name(),
        plural(&threads),
        plural(&repeats),
        dataset.terms().map_or_else(String::new, |terms| format!(". {terms}")),
    )
}

/// Boxes of failed trials, and of notes and cautions.
fn boxes(manifest: &Manifest, cautions: &[String]) -> Markup {
    let failed: Vec<_> = manifest.failed().collect();
    html! {
        @if !failed.is_empty() {
            section.box.bad role="alert" {
                h2 { "Trials that failed" }
                ul { @for (trial, reason) in &failed {
                    li { strong { (trial.label()) } ": " (with_code(reason)) }
                } }
            }
        }
        @if !manifest.notes.is_empty() || !cautions.is_empty() {
            section.box {
                h2 { "Notes" }
                ul { @for note in manifest.notes.iter().chain(cautions) { li { (with_code(note)) } } }
            }
        }
    }
}

/// The label of a trial in a table of times, marked if it was timed at another hour.
fn timed_label(summary: &Summary, row: usize) -> Markup {
    html! {
        (label(summary, row))
        @if summary.is_by_swath(row) { span.point title="half of its times or more are by swath's clock, since the program's own said much less" { "swath's clock" } }
        @if summary.is_timed_apart(row) { span.point title="more than an hour before or after most trials" { "timed apart" } }
    }
}

/// The label of a trial with its retriever's marker.
fn label(summary: &Summary, row: usize) -> Markup {
    let trial = &summary.rows[row];
    html! {
        (PreEscaped(summary.marker(row).svg())) (trial.retriever)
        @if !trial.point.is_empty() { span.point { (trial.point) } }
    }
}

/// Remarks on the metrics of a table.
fn remarks(found: &LoadedRun, tuned: bool) -> Markup {
    html! { @for remark in found.remarks(0..found.summary.metrics.len(), tuned) { " " strong { (with_code(&remark)) } } }
}

fn tuning(found: &LoadedRun) -> Markup {
    let summary = &found.summary;
    let Some(tuning) = &summary.tuning else { return html! {} };
    let by = summary.metrics[tuning.by];
    let bounds = ceilings(found);
    let distance = found.manifest.dataset.known_distance();
    html! {
        section {
            h2 { "Chosen on " (number(tuning.tuned_on as f64)) " queries, reported on the other " (number(tuning.reported_on as f64)) }
            div.scroll tabindex="0" role="region" aria-label="Chosen points" {
                table.sortable {
                    thead { tr {
                        th scope="col" { "retriever, at its chosen point" }
                        th scope="col" { "grid points" }
                        @for metric in &summary.metrics { th scope="col" title=(metric.about_on(distance).definition) { (metric.name()) } }
                        th scope="col" { "difference" span.unit { "in " (by.name()) } }
                    } }
                    tbody { @for tuned in &tuning.retrievers { tr {
                        th scope="row" title=(summary.rows[tuned.row].params) { (label(summary, tuned.row)) }
                        td { (tuned.points) }
                        @for estimate in &tuned.estimates {
                            td { @match estimate {
                                Some(e) => { (decimals(e.mean, 4)) span.interval { (interval(e, 4)) } }
                                None => { "-" }
                            } }
                        }
                        (compared(tuned.differences[tuning.by].as_ref(), by.higher_is_better()))
                    } } }
                    (ceiling_rows(found, &bounds, |ceiling| html! { (ceiling.points) }, 1))
                }
            }
            p.note {
                "Each retriever is at the point of its grid with the best mean " (by.name()) " on the queries for choosing. All values "
                "are from the other queries, which had no part in the choice. "
                @if let Some(reference) = summary.reference.row() {
                    "The difference is to " (summary.rows[reference].label()) " over the same queries, tested as below, and corrected "
                    "for the retrievers of this table. "
                } @else {
                    (summary.reference.failure().unwrap_or_default()) " "
                }
                "All pairs, with intervals only: "
                a href="chosen_pairs.csv" { "chosen_pairs.csv" } "; the side of each query: "
                a href="split.csv" { "split.csv" } "."
                @if let Some(left_out) = summary.left_out() { " " (left_out) }
                (about_ceilings(found, &bounds))
                (remarks(found, true))
            }
        }
    }
}

/// The last rows of a table of results: the ceiling of each retriever that has several points. `before` and `after` columns stand
/// beside those of the metrics.
fn ceiling_rows(found: &LoadedRun, ceilings: &[Ceiling], before: impl Fn(&Ceiling) -> Markup, after: usize) -> Markup {
    html! {
        @if !ceilings.is_empty() { tfoot { @for ceiling in ceilings { tr {
            th scope="row" { (ceiling.retriever) span.point { (OPTIMISTIC) } }
            td { (before(ceiling)) }
            @for metric in 0..found.summary.metrics.len() {
                td { @if metric == ceiling.metric {
                    (decimals(ceiling.estimate.mean, 4)) span.interval { (interval(&ceiling.estimate, 4)) }
                } @else { "-" } }
            }
            @for _ in 0..after { td { "-" } }
        } } } }
    }
}

/// What these rows are; nothing if there are none.
fn about_ceilings(found: &LoadedRun, ceilings: &[Ceiling]) -> Markup {
    html! { @if let Some(first) = ceilings.first() {
        " Rows marked optimistic take, for each query, the retriever's best point in " (found.metric(first.metric).name()) " for that very "
        "query: a bound on any choice of its parameters, which no test looks at."
    } }
}

/// For each row, whether its mean is the best of a metric. Oracles do not compete.
fn best_rows(summary: &Summary, metric: usize) -> Vec<bool> {
    let sign = if summary.metrics[metric].higher_is_better() { 1.0 } else { -1.0 };
    // As printed: equal printed values are equally good.
    let shown = |mean: f64| (mean * 1e4).round() * sign;
    let competes = |row: usize| !summary.rows[row].is_oracle;
    let value = |row: usize| summary.rows[row].estimates[metric].filter(|_| competes(row)).map(|e| shown(e.mean));
    let best = (0..summary.rows.len()).filter_map(value).fold(f64::NEG_INFINITY, f64::max);
    let can_rank = summary.can_rank(metric, 0..summary.rows.len());
    (0..summary.rows.len()).map(|row| can_rank && value(row) == Some(best)).collect()
}

fn results(found: &LoadedRun, bounds: &[Ceiling]) -> Markup {
    let summary = &found.summary;
    let distance = found.manifest.dataset.known_distance();
    let best: Vec<Vec<bool>> = (0..summary.metrics.len()).map(|metric| best_rows(summary, metric)).collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Results" {
            table.sortable {
                thead { tr {
                    th scope="col" { "trial" }
                    th scope="col" title="candidates per query" { "pool" }
                    @for metric in &summary.metrics {
                        th scope="col" title=(metric.about_on(distance).definition) {
                            (metric.name()) span.unit { @if metric.higher_is_better() { "higher is better" } @else { "lower is better" } }
                        }
                    }
                    th scope="col" { "queries" span.unit { "per second" (summary.rate.suffix()) } }
                    @for percentile in ["median", "p95", "p99"] { th scope="col" { (percentile) span.unit { "ms" } } }
                } }
                tbody { @for (i, row) in summary.rows.iter().enumerate() { tr {
                    th scope="row" title=(row.params) { (timed_label(summary, i)) }
                    td { @match row.pool() { Some(pool) => { (number(pool as f64)) } None => { "-" } } }
                    @for (metric, estimate) in row.estimates.iter().enumerate() {
                        td.best[best[metric][i]] {
                            @match estimate {
                                Some(e) => { (decimals(e.mean, 4)) span.interval { (interval(e, 4)) } }
                                None => { "-" }
                            }
                        }
                    }
                    td { (three_digits(summary.qps(i))) }
                    @for percentile in 0..3 {
                        td { @match &row.timing.latency {
                            Some(latency) => { (three_digits(latency.percentiles_ms[percentile])) }
                            None => { "-" }
                        } }
                    }
                } } }
                (ceiling_rows(found, bounds, |_| html! { "-" }, 4))
            }
        }
    }
}

pub(crate) fn figure(drawn: &Drawn) -> Markup {
    // Screen readers read the caption in place of the picture.
    let role = format!("<svg role=\"img\" aria-label=\"{}\" ", html! { (drawn.caption) }.into_string());
    html! {
        figure id=(drawn.name) {
            (PreEscaped(drawn.svg.replacen("<svg ", &role, 1)))
            figcaption {
                (with_code(&drawn.caption)) " "
                a href={ "plots/" (drawn.name) ".svg" } { "SVG" } ", "
                a href={ "plots/" (drawn.name) ".png" } { "PNG" } ", "
                a href={ "plots/" (drawn.name) ".pdf" } { "PDF" }
            }
        }
    }
}

fn comparisons(summary: &Summary) -> Markup {
    let Some(reference) = summary.reference.row().filter(|_| !summary.differences.is_empty()) else { return html! {} };
    let of = |row: usize, metric: usize| {
        let found = summary.differences.iter().find(|d| d.row == row && d.metric == metric);
        found.map(|difference| &difference.comparison)
    };
    html! {
        section id="comparisons" {
            h2 { "Against " (summary.rows[reference].label()) }
            div.scroll tabindex="0" role="region" aria-label="Differences" {
                table.sortable {
                    thead { tr {
                        th scope="col" { "trial" }
                        @for metric in &summary.metrics { th scope="col" { (metric.name()) } }
                    } }
                    tbody { @for row in (0..summary.rows.len()).filter(|&row| row != reference) { tr {
                        th scope="row" { (label(summary, row)) }
                        @for (metric, name) in summary.metrics.iter().enumerate() {
                            (compared(of(row, metric), name.higher_is_better()))
                        }
                    } } }
                }
            }
            p.note {
                "Mean difference over the same queries with its 95 % interval; p of the sign-flip permutation test, Holm-corrected "
                "over all trials of the table in that metric, oracles excluded; Cohen's d_z; the number of queries on which the trial "
                "is better / equal / worse. Marked if p is below 0.05: " span.better { "better" } ", "
                span.worse { "worse" } ". Other differences are not significant; \"detectable\" is about the true difference that "
                "these queries detect in four of five experiments (before the correction). More in "
                a href="comparisons.csv" { "comparisons.csv" } "."
                @if let Some(left_out) = summary.left_out() { " " (left_out) }
                @if summary.tuning.is_some() {
                    " All queries count here, including those that parameters were chosen on, so this table is exploratory. The chosen "
                    "points are judged separately, above."
                } @else {
                    " A point picked from this table is chosen on the same queries that it is reported on, so its comparison is "
                    "exploratory. " code { "split" } " chooses on some queries and reports on the others."
                }
            }
        }
    }
}

/// A cell: the difference, its interval, tests and effect sizes.
fn compared(comparison: Option<&Comparison>, higher_is_better: bool) -> Markup {
    let Some(c) = comparison else { return html! { td { "-" } } };
    let shown = c.significant() == Some(true);
    let is_better = (c.difference.mean > 0.0) == higher_is_better;
    let [wins, ties, losses] = c.wins_ties_losses.map(|count| number(count as f64));
    html! {
        td.better[shown && is_better].worse[shown && !is_better] {
            (signed(c.difference.mean, 4))
            span.interval { (interval(&c.difference, 4)) }
            span.interval {
                @if let Some(p) = c.p_holm { "p " (three_decimals(p)) }
                @if c.p_holm.is_some() && c.d_z.is_finite() { ", " }
                @if c.d_z.is_finite() { "d" sub { "z" } " " (signed(c.d_z, 2)) }
            }
            span.interval title="queries better / equal / worse" { (wins) " / " (ties) " / " (losses) }
            @if let Some(least) = c.smallest_detectable {
                span.interval title="the smallest true difference that these queries detect in four of five experiments" {
                    "detectable " (decimals(least, 4))
                }
            }
        }
    }
}

fn costs(summary: &Summary, manifest: &Manifest) -> Markup {
    let mib = |bytes: u64| three_digits(bytes as f64 / f64::from(1 << 20));
    html! {
        section id="cost" {
            h2 { "Cost" }
            div.scroll tabindex="0" role="region" aria-label="Cost" {
                table.sortable {
                    thead {
                        tr {
                            th scope="col" rowspan="2" { "trial" }
                            th scope="colgroup" colspan="3" { "milliseconds per query" }
                            th scope="colgroup" colspan="3" { "similarity evaluations per query" }
                            th scope="col" rowspan="2" { "build" span.unit { "s" } }
                            th scope="col" rowspan="2" { "index and graph" span.unit { "MiB" } }
                        }
                        tr { @for _ in 0..2 { @for stage in ["candidates", "expand", "select"] { th scope="col" { (stage) } } } }
                    }
                    tbody { @for (i, row) in summary.rows.iter().enumerate() { tr {
                        th scope="row" { (timed_label(summary, i)) }
                        @for stage in 0..3 {
                            td { @match row.timing.stages_ms {
                                Some(times) => { (three_digits(times[stage])) }
                                None => { "-" }
                            } }
                        }
                        @for stage in row.evaluations { td { @if stage.is_nan() { "-" } @else { (number(stage.round())) } } }
                        td { (three_digits(row.build_seconds)) }
                        td { @match row.known_index_bytes() {
                            Some(bytes) => { (mib(bytes)) }
                            None => { "-" }
                        } }
                    } } }
                }
            }
            @for (decision, retrievers) in decisions(summary) {
                p.note { (retrievers.join(", ")) ": " (decision) "." }
            }
            p.note {
                "Evaluations hardly depend on the machine. Times do, and on the content of the caches: the same search takes longer in "
                "a trial whose walk fills the caches with other data. Metrics are computed outside the timed part"
                @if let [answering, metrics] = manifest.untimed && answering > 0.0 {
                    ": they took " (three_digits(metrics)) " s of all threads, and answering all queries once took " (three_digits(answering)) " s"
                }
                "." (lists_from_files(summary))
            }
        }
    }
}

/// Programs outside, if there are any: their clocks, and whose lists they agree with.
fn programs(found: &LoadedRun) -> Markup {
    let all = tables::of_programs(found);
    html! {
        @if !all.is_empty() {
            section id="programs" {
                h2 { "Programs outside" }
                @for (name, table) in &all {
                    (tables::html::table(name, "trial", table))
                    p.note { (table.caption) }
                }
            }
        }
    }
}

/// What building indexes decided by the data, each with the retrievers whose indexes did.
fn decisions(summary: &Summary) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in &summary.rows {
        let Some(decision) = row.decision.as_deref() else { continue };
        match all.iter_mut().find(|(other, _)| *other == decision) {
            Some((_, retrievers)) if retrievers.contains(&row.retriever.as_str()) => {}
            Some((_, retrievers)) => retrievers.push(&row.retriever),
            None => all.push((decision, vec![&row.retriever])),
        }
    }
    all
}

fn definitions(found: &LoadedRun) -> Markup {
    let distance = found.manifest.dataset.known_distance();
    html! {
        section {
            h2 { "Metrics" }
            dl { @for (metric, about) in found.summary.metrics.iter().map(|metric| (metric, metric.about_on(distance))) {
                dt { (metric.name()) }
                dd { (with_code(about.definition)) ". " span.dim { (about.range) "; " (about.source) "." } }
            } }
        }
    }
}

fn cautions(summary: &Summary, manifest: &Manifest) -> Markup {
    let coverage = summary.metrics.iter().any(|metric| metric.kind() == "coverage");
    let subtopics = summary.metrics.iter().any(|metric| metric.kind() == "subtopic-recall");
    let links = summary.rows.iter().any(|row| row.params.text().contains("\"links\""));
    html! {
        @if coverage || (subtopics && links) {
            section {
                h2 { "Cautions" }
                ul {
                    @if coverage { li {
                        "Facility location maximises coverage over its pool. If its pool is the true neighbours, coverage judges it by its "
                        "own objective: look at the other metrics, too."
                    } }
                    @if subtopics && links { li {
                        "Some trials walk the links of " (manifest.dataset.name) ". Where links and subtopics come from one source "
                        "(WordNet, in glove-wordnet-20k), a gain in subtopic-recall shows that the links are used, not that links "
                        "from elsewhere would help as much. Compare with the same walk without links."
                    } }
                }
            }
        }
    }
}

fn provenance(manifest: &Manifest, tables: &[&str]) -> Markup {
    let (machine, dataset) = (&manifest.machine, &manifest.dataset);
    let memory = three_digits(machine.memory as f64 / f64::from(1 << 30));
    html! {
        section id="again" {
            h2 { "How to run it again" }
            p { "Save the experiment below as a file and run " code { "swath run FILE" } ". Everything except the timings will be the same." }
            dl.grid {
                dt { "swath" } dd { (manifest.swath) ", revision " code { (manifest.revision) } }
                dt { "dataset" } dd { (dataset.name) ", SHA-256 " code { (dataset.sha256) } }
                dt { "machine" } dd {
                    (machine.cpu)
                    @if machine.cores > 0 { ", " (machine.cores) " cores, " (memory) " GiB, " (machine.os) ", " (machine.arch) }
                }
                dt { "compiler" } dd { (manifest.rustc) }
                dt { "run" } dd { (manifest.started) " to " (manifest.finished) }
                dt { "files" } dd {
                    a href="runs.csv" { "runs.csv" } ", " a href="comparisons.csv" { "comparisons.csv" } ", "
                    a href="frontiers.csv" { "frontiers.csv" } ", " a href="manifest.json" { "manifest.json" }
                }
                dt { "tables" } dd { @for table in tables {
                    (table) " (" a href={ "tables/" (table) ".tex" } { "LaTeX" } ", " a href={ "tables/" (table) ".md" } { "Markdown" }
                    ", " a href={ "tables/" (table) ".csv" } { "CSV" } "), "
                } "all tables and figures in one document: " a href="paper.tex" { "paper.tex" } }
            }
            pre tabindex="0" { code { (manifest.config) } }
        }
    }
}
