//! What several datasets show together, in plain words.

use super::tables::how_chosen;
use crate::findings::across::{Across, AcrossMetric, Standing};
use crate::plot::format::{signed, three_decimals};
use crate::statistics::LEVEL;

/// From this many datasets on, mean ranks are compared pair by pair.
pub const FOR_RANKS: usize = 5;

/// The sentences.
pub fn verdict(across: &Across) -> Vec<String> {
    let Some(headline) = across.headline() else { return vec!["No metric was measured on two datasets.".to_owned()] };
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
            sentences.push(everywhere(across, one, reference));
        }
        None => sentences.push("The reference failed on every dataset: nothing is compared with it.".to_owned()),
    }
    sentences.extend(ranks(across, one));
    sentences.extend(how_chosen(across));
    sentences.extend(partly(across, one));
    sentences
}

/// Retrievers that compete with the reference, with their places.
fn rivals<'a>(
    across: &'a Across,
    one: &'a AcrossMetric,
    reference: usize,
) -> impl Iterator<Item = (usize, &'a Standing)> {
    let competes = move |&(i, standing): &(usize, &Standing)| {
        i != reference && !across.retrievers[i].is_oracle && standing.difference.is_some()
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
    let how = format!("permutation tests, Holm-corrected over all {} trials on all datasets", one.family);
    let what = format!("In {} on {} datasets", one.metric.name(), one.on.len());
    if better + worse == 0 {
        return format!("{what}, no difference from {name} is shown ({all} comparisons; {how}).");
    }
    format!(
        "{what}, {} of {all} comparisons with {name} {} significantly better and {} significantly worse ({how}).",
        some(better),
        are(better),
        some(worse)
    )
}

/// The retriever with the best mean over the datasets.
fn best(across: &Across, one: &AcrossMetric, reference: usize) -> Option<String> {
    let sign = if one.metric.higher_is_better() { 1.0 } else { -1.0 };
    let gain = |standing: &Standing| standing.difference.map_or(f64::NEG_INFINITY, |e| sign * e.mean);
    let (i, standing) =
        rivals(across, one, reference).max_by(|a, b| gain(a.1).total_cmp(&gain(b.1)).then(b.0.cmp(&a.0)))?;
    let (name, against) = (&across.retrievers[i].name, &across.retrievers[reference].name);
    let difference = standing.difference?;
    let amount = format!(
        "{} (95 % interval {} to {})",
        signed(difference.mean, 4),
        signed(difference.lo, 4),
        signed(difference.hi, 4)
    );
    let statement = if gain(standing) > 0.0 {
        format!("{name} gains most on average over these datasets: {amount} against {against}")
    } else {
        format!("No retriever gains on average over these datasets; {name} comes nearest: {amount} against {against}")
    };
    let ends = standing.best_and_worst(one.metric.higher_is_better()).map_or_else(String::new, |both| {
        let [best, worst] =
            both.map(|(dataset, c)| format!("{} ({})", across.datasets[dataset].name, signed(c.difference.mean, 4)));
        format!(", from {best} to {worst}")
    });
    Some(format!("{statement}{ends}."))
}

/// The retrievers that are better than the reference on every dataset.
fn everywhere(across: &Across, one: &AcrossMetric, reference: usize) -> String {
    let higher = one.metric.higher_is_better();
    let all = one.on.len();
    // On how many datasets a retriever is better, and significantly so.
    let sides = rivals(across, one, reference)
        .map(|(i, standing)| (across.retrievers[i].name.as_str(), standing.better_and_worse(higher)[0]));
    let sides: Vec<(&str, (usize, usize))> = sides.collect();
    let better: Vec<&str> = sides.iter().filter(|(_, (better, _))| *better == all).map(|(name, _)| *name).collect();
    let significant: Vec<&str> = sides.iter().filter(|(_, (_, some))| *some == all).map(|(name, _)| *name).collect();
    let against = &across.retrievers[reference].name;
    if better.is_empty() {
        return format!("No retriever has a better mean than {against} on every dataset.");
    }
    let verb = if better.len() == 1 { "has" } else { "have" };
    let on_all = if significant.is_empty() {
        "none significantly on each".to_owned()
    } else {
        format!("significantly on each: {}", significant.join(", "))
    };
    format!("{} {verb} a better mean than {against} on every dataset ({on_all}).", better.join(", "))
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

/// The datasets that did not measure the metric.
fn partly(across: &Across, one: &AcrossMetric) -> Option<String> {
    let missing = (0..across.datasets.len()).filter(|dataset| !one.on.contains(dataset));
    let names: Vec<&str> = missing.map(|dataset| across.datasets[dataset].name.as_str()).collect();
    (!names.is_empty()).then(|| format!("Not measured on {}: {}.", names.join(", "), one.metric.name()))
}
