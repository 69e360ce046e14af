//! The page of a history.

use super::{Change, Commit, ExperimentHistory};
use crate::plot::format::three_decimals;
use crate::record::label;
use crate::report::page::{document, figure};
use crate::report::plots::Drawn;
use crate::statistics::change_points;
use maud::{Markup, html};

/// The page. `changes` were found at `level` and come newest first. `names` lists, for each experiment, the names of its
/// figures in `drawn`.
pub fn page(
    experiments: &[ExperimentHistory],
    changes: &[Change<'_>],
    level: f64,
    drawn: &[Drawn],
    names: &[Vec<String>],
) -> String {
    let title = match experiments {
        [one] => format!("{}, by commit", one.title()),
        _ => "Experiments, by commit".to_owned(),
    };
    let series: usize = experiments.iter().map(|experiment| experiment.series.len()).sum();
    let main = html! {
        section.verdict id="verdict" {
            h2 { "Verdict" }
            @for sentence in verdict(experiments, changes) { p { (sentence) } }
        }
        nav aria-label="contents" { ul {
            @if !changes.is_empty() { li { a href="#changes" { "changes" } } }
            @for (i, experiment) in experiments.iter().enumerate() {
                li { a href={ "#experiment-" (i) } { (experiment.title()) } }
            }
            li { a href="#how" { "how changes are found" } }
        } }
        @if !changes.is_empty() { (table(changes, experiments.len() > 1)) }
        @for (i, (experiment, names)) in experiments.iter().zip(names).enumerate() {
            section id={ "experiment-" (i) } {
                h2 { (experiment.title()) }
                div.figures { @for drawn in drawn.iter().filter(|drawn| names.contains(&drawn.name)) { (figure(drawn)) } }
            }
        }
        (how(series, level))
    };
    document(&title, env!("CARGO_PKG_VERSION"), &lead(experiments), &main, None)
}

/// The first and the last commit.
fn lead(experiments: &[ExperimentHistory]) -> String {
    let commits = || experiments.iter().flat_map(|experiment| &experiment.commits);
    let ends = (commits().min(), commits().max());
    let said = |commit: &Commit| format!("{} ({})", commit.short(), day(commit));
    match ends {
        (Some(first), Some(last)) => format!("{} to {}", said(first), said(last)),
        _ => "No commit was added yet".into(),
    }
}

/// The day of a commit.
fn day(commit: &Commit) -> &str {
    commit.time.get(..10).unwrap_or(&commit.time)
}

/// A number with its noun; the noun gets an `s` unless the number is 1.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// First the number of series that changed. Then, for each commit with changes, newest first: their number and the
/// largest change.
fn verdict(experiments: &[ExperimentHistory], changes: &[Change<'_>]) -> Vec<String> {
    const COMMITS: usize = 8;
    let mut sentences: Vec<String> = experiments
        .iter()
        .filter(|one| one.commits.len() < change_points::LEAST)
        .map(|one| {
            format!(
                "{}: {}; at least {} are needed to find changes.",
                one.title(),
                count(one.commits.len(), "commit"),
                change_points::LEAST
            )
        })
        .collect();
    let cautions = |one: &ExperimentHistory| {
        let title = one.title();
        one.cautions().into_iter().map(move |caution| format!("Caution: {title}: {caution}."))
    };
    sentences.extend(experiments.iter().flat_map(cautions));
    // Only those with enough commits are examined.
    let judged = experiments.iter().filter(|one| one.commits.len() >= change_points::LEAST);
    let series: Vec<_> = judged.flat_map(|one| &one.series).collect();
    let changed = series.iter().filter(|series| !series.changes.is_empty()).count();
    match (series.len(), changed) {
        (0, _) => {}
        (all, 0) => sentences.push(format!("No change was found in {all} series.")),
        (all, _) => sentences.push(format!("{changed} of {all} series changed.")),
    }
    let groups: Vec<&[Change<'_>]> = changes.chunk_by(|a, b| a.commit.sha == b.commit.sha).collect();
    sentences.extend(groups.iter().take(COMMITS).map(|group| of_commit(group)));
    if groups.len() > COMMITS {
        sentences.push(format!("The table also lists {}.", count(groups.len() - COMMITS, "earlier commit")));
    }
    sentences
}

/// The changes at a commit, in a sentence.
fn of_commit(changes: &[Change<'_>]) -> String {
    let judged = |wanted: bool| changes.iter().filter(|change| change.is_better() == Some(wanted)).count();
    let (better, worse) = (judged(true), judged(false));
    let size = |change: &&Change<'_>| change.percent().map_or(f64::INFINITY, f64::abs);
    let largest = changes.iter().max_by(|a, b| size(a).total_cmp(&size(b)));
    let largest = largest.map_or_else(String::new, |change| {
        let Change { series, .. } = change;
        let [before, after] = change.levels();
        let size = change.size_text();
        let label = label(&series.retriever, &series.point);
        let largest = if changes.len() > 1 { "the largest is " } else { "" };
        format!(" {largest}{} of {label}, from {before} to {after} ({size}).", series.measure)
    });
    let commit = changes[0].commit;
    let head = format!("{} ({}):", commit.short(), day(commit));
    match changes.len() {
        1 => format!("{head}{largest}"),
        all => format!("{head} {all} changes, {better} better and {worse} worse;{largest}"),
    }
}

fn table(changes: &[Change<'_>], several: bool) -> Markup {
    html! {
        section id="changes" {
            h2 { "Changes" }
            div.scroll tabindex="0" role="region" aria-label="Changes" {
                table {
                    thead { tr {
                        th scope="col" { "commit" }
                        th scope="col" { "day" }
                        @if several { th scope="col" { "experiment" } }
                        @for head in ["measure", "trial", "before", "after", "change", "p"] { th scope="col" { (head) } }
                    } }
                    tbody { @for change in changes {
                        @let [before, after] = change.levels();
                        @let better = change.is_better();
                        tr {
                            th scope="row" title=(change.commit.sha) { code { (change.commit.short()) } }
                            td { (day(change.commit)) }
                            @if several { td { (change.experiment.title()) } }
                            td { (change.series.measure) }
                            td { (label(&change.series.retriever, &change.series.point)) }
                            td { (before) }
                            td { (after) }
                            td.better[better == Some(true)].worse[better == Some(false)] {
                                (change.size_text())
                            }
                            td { (change.point.p.map_or_else(|| "no noise".to_owned(), three_decimals)) }
                        }
                    } }
                }
            }
            p.note {
                "Newest first. The commit is the first one at the new level; levels are medians between changes. As a file: "
                a href="changes.csv" { "changes.csv" } "."
            }
        }
    }
}

fn how(series: usize, level: f64) -> Markup {
    html! {
        section id="how" {
            h2 { "How changes are found" }
            p.note {
                "A measure that repeats exactly from commit to commit has no noise. It changed where it takes a new value and keeps it, "
                "or takes a new value at the newest commit. A value that occurs at one commit only is ignored. All other measures "
                "(timings) are noisy. Their series is split where the means before and after differ most, after values are clipped at "
                "five standard deviations. The split is kept if fewer than a share of " (level) " of random orders of the series can be "
                "split as well (permutation test over seeded intervals, after E-divisive: Matteson & James 2014; Kovács et al. 2023)."
            }
            p.note {
                "False alarms: a share of " (level) " of the series without a change are marked as changed. Among these " (series)
                " series, expect about " (format!("{:.1}", series as f64 * level)) " by chance, and more if a machine is slow for days. "
                "In a noisy series, a change is found only with at least three commits after it. Times depend on the machine; "
                "relative_time, the mean time per query divided by that of the reference trial in the same run, depends on it least."
            }
        }
    }
}
