//! Compares metrics and evaluations. Their only noise is the choice of queries.

use super::{ChangeIs, Finding, Verdict};
use crate::ci::check::baseline::is_written_as;
use crate::ci::check::{MeasureValues, Snapshot};
use crate::config::CheckSpec;
use crate::statistics::{Comparison, LEVEL, Paired, compare as compare_pairs, effect};

/// A measure that both snapshots have.
struct Pair<'a> {
    before: &'a MeasureValues,
    now: &'a MeasureValues,
}

/// Compares the measures of the trials that both snapshots have. Returns a list for each pair of trials.
pub fn judge<'a>(
    before: &'a Snapshot,
    now: &'a Snapshot,
    shared: &[(usize, usize)],
    spec: &CheckSpec,
) -> Vec<Vec<Finding>> {
    let mut names: Vec<&str> = Vec::new();
    let mut pairs = Vec::new();
    for &(b, i) in shared {
        for measured in &now.trials[i].measures {
            if !names.contains(&measured.name.as_str()) {
                names.push(&measured.name);
            }
            let was = before.trials[b].measures.iter().find(|was| was.name == measured.name);
            pairs.push((i, measured, was.map(|was| Pair { before: was, now: measured })));
        }
    }
    let family = |name: &str| names.iter().position(|known| *known == name);
    let paired = |measured: &MeasureValues, pair: Option<&Pair<'a>>| {
        let pair = pair.filter(|pair| pair.before.values.len() == pair.now.values.len())?;
        (!pair.now.values.is_empty()).then(|| Paired {
            values: &pair.now.values,
            reference: &pair.before.values,
            family: family(&measured.name),
            higher_is_better: measured.higher_is_better(),
        })
    };
    let paired: Vec<Option<Paired<'_>>> =
        pairs.iter().map(|(_, measured, pair)| paired(measured, pair.as_ref())).collect();
    let is_testable: Vec<bool> = paired.iter().map(Option::is_some).collect();
    let testable: Vec<Paired<'_>> = paired.into_iter().flatten().collect();
    let mut tested = compare_pairs(&testable, now.setting.seed).into_iter();
    let mut findings: Vec<Vec<Finding>> = shared.iter().map(|_| Vec::new()).collect();
    for ((i, measured, pair), is_testable) in pairs.iter().zip(is_testable) {
        let comparison = is_testable.then(|| tested.next()).flatten().flatten();
        let label = &now.trials[*i].label;
        let finding = if let Some(pair) = pair {
            quality(pair, comparison, spec, label)
        } else {
            let new = Finding::new(label, &measured.name, Verdict::New).noted("not measured before");
            Finding { now: Some(measured.mean), ..new }
        };
        if let Some(at) = shared.iter().position(|(_, own)| own == i) {
            findings[at].push(finding);
        }
    }
    for (&(b, i), findings) in shared.iter().zip(&mut findings) {
        let gone = before.trials[b].measures.iter();
        for measured in gone.filter(|was| now.trials[i].measures.iter().all(|now| now.name != was.name)) {
            let gone = Finding::new(&now.trials[i].label, &measured.name, Verdict::Gone);
            findings.push(Finding { before: Some(measured.mean), ..gone.noted("no longer measured") });
        }
    }
    findings
}

/// Compares a measure of a trial.
fn quality(pair: &Pair<'_>, comparison: Option<Comparison>, spec: &CheckSpec, label: &str) -> Finding {
    let name = &pair.now.name;
    let tolerance = spec.tolerance(name);
    let finding = Finding {
        before: Some(pair.before.mean),
        now: Some(pair.now.mean),
        tolerance,
        ..Finding::new(label, name, Verdict::Unchanged)
    };
    // The mean in the text of a baseline is rounded.
    let written = pair.before.values.is_empty();
    let difference = match comparison {
        Some(comparison) => comparison.difference.mean,
        None if written && is_written_as(pair.now.mean, pair.before.mean) => 0.0,
        None => pair.now.mean - pair.before.mean,
    };
    let share = effect::share(difference, pair.before.mean);
    let change_is = if share.is_some() || difference.is_nan() { ChangeIs::Share } else { ChangeIs::Difference };
    let change = |difference: f64| match change_is {
        ChangeIs::Share if difference != 0.0 => difference / pair.before.mean.abs(),
        _ => difference,
    };
    let is_same = difference == 0.0 && comparison.is_none_or(|c| c.wins_ties_losses[1] == c.n);
    // 0 has no tolerance.
    let beyond = share.map_or(!difference.is_nan(), |share| share.abs() > tolerance);
    // NaN is worse than any number, and no worse than itself.
    let lost = !pair.before.mean.is_nan() && pair.now.mean.is_nan();
    let by_chance = comparison.is_some_and(|comparison| comparison.p_holm.is_none_or(|p| p >= LEVEL));
    let better = (difference > 0.0) == pair.now.higher_is_better();
    let verdict = match (is_same, beyond && !by_chance, better) {
        _ if lost => Verdict::Regressed,
        _ if pair.now.mean.is_nan() => Verdict::Unchanged,
        (true, ..) => Verdict::Unchanged,
        (false, false, _) => Verdict::WithinNoise,
        (false, true, true) => Verdict::Improved,
        (false, true, false) => Verdict::Regressed,
    };
    let note = if beyond && by_chance { "beyond the tolerance, but too few queries to be sure" } else { "" };
    Finding {
        verdict,
        change: Some(change(difference)),
        change_is,
        interval: comparison.map(|comparison| [comparison.difference.lo, comparison.difference.hi].map(change)),
        p: comparison.and_then(|comparison| comparison.p_holm),
        note: note.to_owned(),
        ..finding
    }
}
