//! Suspected changes of time, and their verdicts after more looks.

use super::time::{level, time};
use super::{Finding, Verdict};
use crate::ci::check::{LOOKS, Snapshot};
use crate::config::CheckSpec;
use crate::statistics::{Round, rounds};

/// A change beyond this share of the tolerance is suspected.
const SUSPICIOUS: f64 = 2.0 / 3.0;

/// If the reference is slower than in earlier looks by more than this (a difference of logarithms), the machine is busy with
/// something else, and the look does not count.
const DISTURBED: f64 = 0.3;

/// The direction in which a time has changed; `None` if its interval includes no change.
fn direction(finding: &Finding) -> Option<Verdict> {
    match finding.interval? {
        [lo, _] if lo > 0.0 => Some(Verdict::Regressed),
        [_, hi] if hi < 0.0 => Some(Verdict::Improved),
        _ => None,
    }
}

/// The direction of a suspected change of time; `None` if the change does not come near the tolerance.
fn suspicion(finding: &Finding) -> Option<Verdict> {
    let near = SUSPICIOUS * finding.tolerance.ln_1p();
    direction(finding).filter(|_| finding.change.is_some_and(|change| change.ln_1p().abs() > near))
}

/// Labels of the trials whose time is suspected to have changed.
pub fn suspects(findings: &[Finding]) -> Vec<String> {
    let is_suspect = |finding: &&Finding| finding.measure == CheckSpec::TIME && suspicion(finding).is_some();
    findings.iter().filter(is_suspect).map(|finding| finding.trial.clone()).collect()
}

/// Judges each suspect again, by the rounds of one more look. Returns the labels of those that need another look.
///
/// 1. If the reference was far slower in this look than before, the look does not count.
/// 2. If this look alone, or all looks together, do not show the suspected change, the time is within noise.
/// 3. After [`LOOKS`] looks the time is called changed if all rounds together are beyond the tolerance.
pub fn look_again(
    findings: &mut [Finding],
    before: &Snapshot,
    now: &mut Snapshot,
    again: Vec<(String, Vec<Round>)>,
    spec: &CheckSpec,
) -> Vec<String> {
    let level = level(now);
    let mut open = Vec::new();
    for (label, rounds) in again {
        let (Some(was), Some(trial), Some(finding)) = (
            before.trials.iter().find(|trial| trial.label == label),
            now.trials.iter_mut().find(|trial| trial.label == label),
            findings.iter_mut().find(|finding| finding.trial == label && finding.measure == CheckSpec::TIME),
        ) else {
            continue;
        };
        if rounds::pace(&trial.rounds, &rounds) > DISTURBED {
            open.push(label);
            continue;
        }
        let look = time(was, &rounds, spec, level, &label);
        trial.rounds.extend(rounds);
        let all = time(was, &trial.rounds, spec, level, &label);
        let suspected = suspicion(finding);
        if direction(&look) != suspected || suspicion(&all) != suspected {
            let all = Finding { verdict: Verdict::WithinNoise, ..all };
            *finding = all.noted("suspected, but not confirmed when timed again");
        } else if trial.rounds.len() < LOOKS * spec.rounds.size() {
            *finding = all;
            open.push(label);
        } else {
            let is_called = all.verdict != Verdict::WithinNoise;
            let note = if is_called {
                "confirmed in each measurement series"
            } else {
                "suspected, but within the tolerance in all measurement series together"
            };
            *finding = all.noted(note);
        }
    }
    open
}

/// Gives up on suspects that could not be timed often enough: their verdict is within noise.
pub fn give_up(findings: &mut [Finding], open: &[String]) {
    for finding in findings.iter_mut().filter(|f| f.measure == CheckSpec::TIME && open.contains(&f.trial)) {
        finding.verdict = Verdict::WithinNoise;
        "suspected, but the machine was too busy to time it again".clone_into(&mut finding.note);
    }
}
