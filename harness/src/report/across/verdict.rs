//! What several datasets show together, in plain words.

use super::tables::how_chosen;
use crate::findings::across::{Across, AcrossMetric, Standing};
use crate::metrics::MetricName;
use crate::plot::format::{signed, three_decimals};
use crate::statistics::{LEVEL, ROUNDING};

/// From this many datasets on, mean ranks are compared pair by pair.
pub const FOR_RANKS: usize = 5;

/// The sentences.
pub fn verdict(across: &Across) -> Vec<String> {
    let Some(headline) = across.headline() else {
        return vec!["No metric has values on two datasets, so nothing is compared.".to_owned()];
    };
    let one = &across.metrics[headline];
    if one.on.is_empty() {
        let name = one.metric.name();
        return vec![format!(
            "No query of any dataset has a value of {name}: nothing is chosen by it, and nothing compared."
        )];
    }
    let mut sentences = Vec::new();
    match across.reference {
        Some(reference) => {
            sentences.push(first(across, one, reference));
            sentences.extend(best(across, one, reference));
            sentences.extend(everywhere(across, one, reference));
            sentences.extend(incomplete(across, one));
        }
        None => sentences.push("The reference failed on every dataset: nothing is compared with it.".to_owned()),
    }
    sentences.extend(ranks(across, one));
    sentences.extend(how_chosen(across));
    sentences.extend(partly(across, one));
    sentences.extend(alone(across));
    sentences
}

/// Retrievers that compete with the reference and were compared with it on some dataset, with their places.
fn rivals<'a>(
    across: &'a Across,
    one: &'a AcrossMetric,
    reference: usize,
) -> impl Iterator<Item = (usize, &'a Standing)> {
    let competes = move |&(i, standing): &(usize, &Standing)| {
        i != reference && !across.retrievers[i].is_oracle && standing.compared().next().is_some()
    };
    one.standings.iter().enumerate().filter(competes)
}

/// How many differences are significant, on how many datasets.
fn first(across: &Across, one: &AcrossMetric, reference: usize) -> String {
    let higher = one.metric.higher_is_better();
    let (mut better, mut worse, mut all) = (0, 0, 0);
    for (_, standing) in rivals(across, one, reference) {
        let [(_, gains), (_, losses)] = standing.better_and_worse(higher);
        (better, worse, all) = (better + gains, worse + losses, all + standing.compared().count());
    }
    let name = &across.retrievers[reference].name;
    let some = |count: usize| if count == 0 { "none".to_owned() } else { count.to_string() };
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let what = format!("In {} on {} datasets", one.metric.name(), one.on.len());
    if all == 0 {
        return format!("{what}, no other retriever has results to compare with {name}.");
    }
    let how = format!("permutation tests, {}", corrected(one.family));
    if better + worse == 0 {
        let comparisons = if all == 1 { "comparison" } else { "comparisons" };
        return format!("{what}, no difference from {name} is shown ({all} {comparisons}; {how}).");
    }
    format!(
        "{what}, {} of {} with {name} {} significantly better and {} significantly worse ({how}).",
        some(better),
        if all == 1 { "1 comparison".to_owned() } else { format!("{all} comparisons") },
        are(better),
        some(worse)
    )
}

/// How many tests were corrected together.
pub fn corrected(family: usize) -> String {
    match family {
        1 => "the only one, so without correction".to_owned(),
        family => format!("Holm-corrected over all {family} trials on all datasets"),
    }
}

/// The retriever with the best mean over the datasets.
fn best(across: &Across, one: &AcrossMetric, reference: usize) -> Option<String> {
    let sign = if one.metric.higher_is_better() { 1.0 } else { -1.0 };
    let gain = |standing: &Standing| Some(sign * standing.difference?.mean);
    let gains: Vec<(usize, f64)> =
        rivals(across, one, reference).filter_map(|(i, standing)| Some((i, gain(standing)?))).collect();
    let &(first, most) = gains.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    // A difference of rounding alone is none.
    let equal = gains.iter().filter(|(_, gain)| (most - gain).abs() <= ROUNDING * most.abs());
    let names: Vec<&str> = equal.map(|&(i, _)| across.retrievers[i].name.as_str()).collect();
    let against = &across.retrievers[reference].name;
    let difference = one.standings[first].difference?;
    let amount = format!(
        "{} (95 % interval {} to {})",
        signed(difference.mean, 4),
        signed(difference.lo, 4),
        signed(difference.hi, 4)
    );
    let (names, s) = (listed(&names), if names.len() == 1 { "s" } else { "" });
    let statement = if most > 0.0 {
        format!("{names} gain{s} most on average over these datasets: {amount} against {against}")
    } else {
        format!(
            "No retriever gains on average over these datasets; {names} come{s} nearest: {amount} against {against}"
        )
    };
    let ends = one.best_and_worst(first).filter(|_| s == "s").map_or_else(String::new, |both| {
        let [best, worst] =
            both.map(|(dataset, c)| format!("{} ({})", across.datasets[dataset].name, signed(c.difference.mean, 4)));
        format!(", from {best} to {worst}")
    });
    Some(format!("{statement}{ends}."))
}

/// Names as a list in a sentence.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The retrievers that are better than the reference on every dataset; `None` if no other retriever was compared.
fn everywhere(across: &Across, one: &AcrossMetric, reference: usize) -> Option<String> {
    let all = one.on.len();
    // On how many datasets a retriever is better, and significantly so.
    let side = |standing: &Standing| standing.better_and_worse(one.metric.higher_is_better())[0];
    let mut sides = rivals(across, one, reference).map(|(i, standing)| (i, side(standing))).peekable();
    sides.peek()?;
    let on_all = sides.filter(|(_, (better, _))| *better == all);
    let named = |(i, (_, significant)): (usize, (usize, usize))| {
        format!("{} (significantly on {significant} of {all})", across.retrievers[i].name)
    };
    let better: Vec<String> = on_all.map(named).collect();
    let against = &across.retrievers[reference].name;
    if better.is_empty() {
        return Some(format!("No retriever has a better mean than {against} on every dataset."));
    }
    let verb = if better.len() == 1 { "has" } else { "have" };
    let names: Vec<&str> = better.iter().map(String::as_str).collect();
    Some(format!("{} {verb} a better mean than {against} on every dataset.", listed(&names)))
}

/// The retrievers that have no value on some of the datasets.
fn incomplete(across: &Across, one: &AcrossMetric) -> Option<String> {
    let lacks = |i: &usize| one.on.iter().any(|&dataset| one.standings[*i].on[dataset].is_none());
    let on = |i: usize| one.on.iter().filter(|&&dataset| one.standings[i].on[dataset].is_some()).count();
    let names: Vec<String> = (0..one.standings.len())
        .filter(lacks)
        .map(|i| format!("{} ({} of {})", across.retrievers[i].name, on(i), one.on.len()))
        .collect();
    let without = if one.has_unit { "no rank" } else { "no mean and no rank" };
    (!names.is_empty()).then(|| {
        format!("Without a value on some of these datasets, and so with {without} over them: {}.", names.join(", "))
    })
}

/// What ranks over the datasets show.
fn ranks(across: &Across, one: &AcrossMetric) -> Vec<String> {
    let Some(ranking) = &one.ranking else { return Vec::new() };
    let p = ranking.friedman_by_permutation(across.seed);
    let equals = if p < 0.001 { "" } else { "= " };
    let (retrievers, datasets) = (one.ranked.len(), ranking.queries);
    let differ = if p < LEVEL {
        format!("the {retrievers} retrievers differ")
    } else {
        format!("no difference between the {retrievers} retrievers is shown")
    };
    let mut sentences = vec![format!(
        "Ranked on each of the {datasets} datasets, {differ} (Friedman's test by permutation, p {equals}{}).",
        three_decimals(p)
    )];
    let least = 2.0 / 2.0_f64.powi(datasets as i32);
    if least > LEVEL {
        sentences.push(format!(
            "So few datasets show little: with {datasets} the signed-rank test of two retrievers cannot give a p below {least}, and \
             nothing here speaks of other datasets."
        ));
    }
    if datasets < FOR_RANKS {
        return sentences;
    }
    let pairs = (0..retrievers).flat_map(|a| (a + 1..retrievers).map(move |b| (a, b)));
    let differing = pairs.filter(|&(a, b)| ranking.nemenyi(a, b) < LEVEL).count();
    let of = retrievers * (retrievers - 1) / 2;
    sentences.push(format!(
        "By Nemenyi's test {} of {of} pairs differ in mean rank (critical difference {:.2}).",
        if differing == 0 { "none".to_owned() } else { differing.to_string() },
        ranking.critical_difference()
    ));
    sentences
}

/// The datasets that have no value of the metric.
fn partly(across: &Across, one: &AcrossMetric) -> Option<String> {
    let missing = (0..across.datasets.len()).filter(|dataset| !one.on.contains(dataset));
    let names: Vec<&str> = missing.map(|dataset| across.datasets[dataset].name.as_str()).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    (!names.is_empty()).then(|| format!("{} {verb} no values of {}.", listed(&names), one.metric.name()))
}

/// The metrics that cannot be compared across datasets.
fn alone(across: &Across) -> Option<String> {
    let of =
        |(metric, dataset): &(MetricName, usize)| format!("{} ({})", metric.name(), across.datasets[*dataset].name);
    let names: Vec<String> = across.alone.iter().map(of).collect();
    (!names.is_empty())
        .then(|| format!("Only on the page of one dataset, since no other has values: {}.", names.join(", ")))
}
