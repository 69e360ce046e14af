//! Compares times, as ratios to the reference's time.

use super::{Finding, Verdict};
use crate::ci::check::{LOOKS, Snapshot, TrialSnapshot};
use crate::config::CheckSpec;
use crate::statistics::{Estimate, Round, rounds};

/// The accepted share of checks of an unchanged program that report a changed time.
const FALSE_ALARMS: f64 = 0.001;

/// A verdict on a time needs at least this many rounds on each side.
pub const FEWEST: usize = 3;

/// The two-sided level of a look's intervals, given the number of timed trials.
pub fn level(now: &Snapshot) -> f64 {
    let timed = now.trials.iter().filter(|trial| !trial.rounds.is_empty()).count().max(1);
    1.0 - 2.0 * (FALSE_ALARMS / timed as f64).powf(1.0 / LOOKS as f64)
}

/// Reports the reference's own time. It gets no verdict, because it is not timed relative to another trial.
pub fn reference_time(before: &Snapshot, now: &Snapshot) -> Option<Finding> {
    let (was, is) = (before.reference_seconds()?, now.reference_seconds()?);
    let note = format!(
        "it took {:.3} ms per query, {:.2} times its time before; its time has no verdict, because it is the reference",
        1e3 * is,
        is / was
    );
    Some(Finding::new(&now.reference, CheckSpec::TIME, Verdict::NotCompared).noted(note))
}

/// Compares a trial's time.
pub fn time(was: &TrialSnapshot, rounds: &[Round], spec: &CheckSpec, level: f64, label: &str) -> Finding {
    let tolerance = spec.tolerance(CheckSpec::TIME);
    let finding = Finding { tolerance, ..Finding::new(label, CheckSpec::TIME, Verdict::NotCompared) };
    if was.rounds.is_empty() {
        return finding.noted("not timed before");
    }
    let fewest = was.rounds.len().min(rounds.len());
    if fewest < FEWEST {
        let times = if fewest == 1 { "once".to_owned() } else { format!("{fewest} times") };
        return finding.noted(format!("timed {times}; at least {FEWEST} rounds are needed"));
    }
    let Some(change) = rounds::change(&was.rounds, rounds, level, 0) else { return finding };
    let pace = rounds::pace(&was.rounds, rounds);
    let beyond = tolerance.ln_1p() + rounds::by_machine(pace);
    let verdict = timed(&change, beyond);
    let excused = change.mean.abs() > tolerance.ln_1p() && change.mean.abs() <= beyond;
    let finding = Finding {
        verdict,
        before: Some(rounds::log_ratio(&was.rounds).exp()),
        now: Some(rounds::log_ratio(rounds).exp()),
        change: Some(change.mean.exp_m1()),
        interval: Some([change.lo.exp_m1(), change.hi.exp_m1()]),
        tolerance: beyond.exp_m1(),
        ..finding
    };
    if !excused {
        return finding;
    }
    finding.noted(format!(
        "the reference took {:.2} times its time before, so the tolerance is {:.1} %",
        pace.exp(),
        100.0 * beyond.exp_m1()
    ))
}

/// Judges a change of the logarithm of a time. It counts if it is beyond the tolerance, and its interval excludes 0.
fn timed(change: &Estimate, beyond: f64) -> Verdict {
    if change.mean > beyond && change.lo > 0.0 {
        Verdict::Regressed
    } else if change.mean < -beyond && change.hi < 0.0 {
        Verdict::Improved
    } else {
        Verdict::WithinNoise
    }
}
