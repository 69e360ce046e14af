//! The verdict: what came out, in plain words, on top of the page.

use crate::report::axis::number;
use crate::report::format::{three_decimals, three_digits};
use crate::report::found::Found;
use crate::statistics::Comparison;
use crate::summary::{Estimate, Rate};

/// A retriever that stands against the reference.
struct Rival<'a> {
    row: usize,
    estimate: Estimate,
    comparison: &'a Comparison,
}

/// Sentences; empty where there is nothing to compare.
pub fn verdict(found: &Found) -> Vec<String> {
    let Some(metric) = found.headline() else { return Vec::new() };
    let summary = &found.summary;
    let Some(reference_row) = summary.reference.row() else {
        return summary.reference.failure().into_iter().chain(how_chosen(found)).collect();
    };
    let higher = found.metric(metric).higher_is_better();
    let mut rivals = rivals(found, metric);
    rivals.sort_by(|a, b| {
        let by = a.estimate.mean.total_cmp(&b.estimate.mean);
        (if higher { by.reverse() } else { by }).then(a.row.cmp(&b.row))
    });
    let gains = |c: &Comparison| (c.difference.mean > 0.0) == higher && c.difference.mean != 0.0;
    // What holds is said before what has the higher mean without holding.
    let certain = rivals.iter().find(|rival| gains(rival.comparison) && rival.comparison.significant() == Some(true));
    let Some(best) = certain.or(rivals.first()) else { return Vec::new() };
    let (reference, name) = (name(found, reference_row), name(found, best.row));
    let mut sentences = vec![format!(
        "{} {}. {}",
        if gains(best.comparison) {
            format!("{name} returns {}", amount(found, metric, best.comparison))
        } else if best.comparison.difference.mean == 0.0 {
            format!("In {} nothing here is better than {reference}; {name} is its equal", found.metric(metric).name())
        } else {
            format!(
                "Nothing here is better than {reference} in {}; next is {name}, with {}",
                found.metric(metric).name(),
                amount(found, metric, best.comparison)
            )
        },
        than(found, (best.row, reference_row), gains(best.comparison)),
        certainty(best.comparison)
    )];
    if let Some(first) = rivals.first().filter(|first| first.row != best.row) {
        let more = amount(found, metric, first.comparison);
        sentences
            .push(format!("{} returns {more}, but that difference is not significant.", self::name(found, first.row)));
    }
    if rivals.len() > 1 {
        sentences.push(count(found, (metric, reference_row), &rivals));
    }
    sentences.extend(beside(found, best.row));
    sentences.push(how_chosen(found).unwrap_or_else(|| {
        "Each trial is judged on all queries, and this one was picked for its figure on those very queries: the comparison is \
         exploratory. With \"split\" parameters are chosen on some queries and reported on the others."
            .to_owned()
    }));
    sentences
}

/// On which queries parameters were chosen and on which they are reported; `None` where nothing was chosen.
fn how_chosen(found: &Found) -> Option<String> {
    let (tuned, reported) = found.summary.chosen.as_ref()?.queries;
    Some(format!(
        "Parameters were chosen on {} queries; all of this is said of {} others.",
        number(tuned as f64),
        number(reported as f64)
    ))
}

/// A trial as a sentence has it: `mmr with lambda 0.7`.
fn name(found: &Found, row: usize) -> String {
    let row = &found.summary.rows[row];
    let point = row.point.replace('=', " ");
    if point.is_empty() { row.retriever.clone() } else { format!("{} with {point}", row.retriever) }
}

/// A trial's mean over the queries that are reported on: all, or those on which nothing was chosen.
fn mean(found: &Found, row: usize, metric: usize) -> Option<f64> {
    let Some(reported) = found.reported() else { return found.estimate(row, metric).map(|estimate| estimate.mean) };
    let values = &found.results.trials.get(row)?.metrics[metric];
    let known: Vec<f64> = reported.into_iter().map(|query| values[query]).filter(|value| !value.is_nan()).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Those that compete, with what may be said of each against the reference in a metric.
fn rivals(found: &Found, metric: usize) -> Vec<Rival<'_>> {
    let summary = &found.summary;
    let competes = |row: usize| !summary.rows[row].is_oracle && !summary.reference.is(row);
    if let Some(chosen) = &summary.chosen {
        let choices = chosen.choices.iter().filter(|choice| competes(choice.row));
        let rival = choices.filter_map(|choice| {
            let (estimate, comparison) = (choice.estimates[metric]?, choice.differences[metric].as_ref()?);
            Some(Rival { row: choice.row, estimate, comparison })
        });
        return rival.collect();
    }
    let of = summary.differences.iter().filter(|difference| difference.metric == metric && competes(difference.row));
    let rival = of.filter_map(|difference| {
        let estimate = found.estimate(difference.row, metric)?;
        Some(Rival { row: difference.row, estimate, comparison: &difference.comparison })
    });
    rival.collect()
}

/// `3.3 % more of the subtopics`.
fn amount(found: &Found, metric: usize, comparison: &Comparison) -> String {
    let plain = found.metric(metric).about().plain;
    let difference = comparison.difference.mean;
    let direction = if difference > 0.0 { "more" } else { "less" };
    let size = difference.abs();
    if comparison.reference_mean > 0.0 && comparison.mean >= 0.0 {
        format!("{} % {direction} {plain}", three_digits(100.0 * size / comparison.reference_mean))
    } else {
        format!("{} {direction} {plain}", three_digits(size))
    }
}

/// `than top-k, at 64 % of its recall`.
fn than(found: &Found, (row, reference_row): (usize, usize), gains: bool) -> String {
    let summary = &found.summary;
    let reference = name(found, reference_row);
    let than = if gains { format!("than {reference}") } else { String::new() };
    let recall = summary.metrics.iter().position(|metric| metric.name() == "recall");
    let of = |row: usize| mean(found, row, recall?);
    let at = match (of(row), of(reference_row)) {
        (Some(own), Some(its)) if its > 0.0 && recall != found.headline() => {
            format!("at {:.0} % of its recall", 100.0 * own / its)
        }
        _ => String::new(),
    };
    let parts: Vec<&str> = [than.as_str(), at.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// Whether the difference is significant, and by what.
fn certainty(c: &Comparison) -> String {
    let Some(p) = c.p_holm else { return String::new() };
    let said = if c.significant() == Some(true) { "is significant" } else { "is not significant" };
    let equals = if p < 0.001 { "" } else { "= " };
    format!(
        "The difference ({:+.4}, 95 % interval {:+.4} to {:+.4}, over {} queries) {said}: p {equals}{} by a permutation test, \
         corrected for all that was compared.",
        c.difference.mean,
        c.difference.lo,
        c.difference.hi,
        number(c.n as f64),
        three_decimals(p)
    )
}

/// How many are better and worse beyond doubt.
fn count(found: &Found, (metric, reference): (usize, usize), rivals: &[Rival<'_>]) -> String {
    let higher = found.metric(metric).higher_is_better();
    let what = if found.summary.chosen.is_some() { "retrievers" } else { "trials" };
    let is = |rival: &&Rival<'_>, better: bool| {
        rival.comparison.significant() == Some(true) && ((rival.comparison.difference.mean > 0.0) == higher) == better
    };
    let better: Vec<String> =
        rivals.iter().filter(|rival| is(rival, true)).map(|rival| name(found, rival.row)).collect();
    let worse = rivals.iter().filter(|rival| is(rival, false)).count();
    let named = match better.len() {
        0 => String::new(),
        1..=3 => format!(" ({})", better.join("; ")),
        _ => format!(" ({}; ...)", better[..3].join("; ")),
    };
    let some = |count: usize| if count == 0 { "none".to_owned() } else { count.to_string() };
    format!(
        "Of {} {what} beside {}, {}{named} {} significantly better in {} and {} significantly worse.",
        rivals.len(),
        name(found, reference),
        some(better.len()),
        if better.len() == 1 { "is" } else { "are" },
        found.metric(metric).name(),
        some(worse)
    )
}

/// What it costs, and what else changes.
fn beside(found: &Found, row: usize) -> Option<String> {
    let summary = &found.summary;
    let against = summary.reference.row()?;
    let reference = &summary.rows[against];
    let mut parts = Vec::new();
    for name in ["redundancy", "coverage"] {
        let metric = summary.metrics.iter().position(|metric| metric.name() == name);
        let Some(metric) = metric.filter(|&metric| Some(metric) != found.headline()) else { continue };
        let pair = (mean(found, row, metric), mean(found, against, metric));
        if let (Some(own), Some(its)) = pair
            && its > 0.0
        {
            let change = 100.0 * (own / its - 1.0);
            parts.push(format!(
                "its {name} is {:.1} % {}",
                change.abs(),
                if change < 0.0 { "lower" } else { "higher" }
            ));
        }
    }
    let (own, its) = (summary.qps(row), summary.qps(against));
    if own.is_finite() && its.is_finite() {
        let spread = match (repeats(found, row), repeats(found, against)) {
            _ if summary.rate == Rate::Best => " (best repeats)".to_owned(),
            (Some(own), Some(its)) => format!(" (medians of repeats that range from {own}, and from {its})"),
            _ => String::new(),
        };
        parts.push(format!(
            "it answers {} queries per second where {} answers {}{spread}",
            number(own.round()),
            reference.label(),
            number(its.round())
        ));
    }
    let last = parts.pop()?;
    let text = if parts.is_empty() { last } else { format!("{}, and {last}", parts.join(", ")) };
    Some(format!("Beside that, {text}."))
}

/// The fewest and the most queries per second in a repeat; `None` of a single one.
fn repeats(found: &Found, row: usize) -> Option<String> {
    let timing = &found.summary.rows[row].timing;
    let [least, most] = [timing.qps_least, timing.qps_best].map(|qps| number(qps.round()));
    (timing.repeats > 1 && timing.qps_best.is_finite()).then(|| format!("{least} to {most}"))
}
