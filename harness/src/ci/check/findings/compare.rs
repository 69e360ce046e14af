//! Compares two snapshots of one experiment.

use super::quality::judge;
use super::time::{level, reference_time, time};
use super::{Finding, Verdict};
use crate::ci::check::Snapshot;
use crate::config::CheckSpec;
use crate::version;

/// Compares two snapshots of one experiment, trial by trial. Times are compared only if `timed` is set. If two versions of swath
/// made the snapshots, no measure is called better or worse.
pub fn compare(before: &Snapshot, now: &Snapshot, spec: &CheckSpec, timed: bool) -> Vec<Finding> {
    let of = |state: &Snapshot, label: &str| state.trials.iter().position(|trial| trial.label == label);
    let shared: Vec<(usize, usize)> = now
        .trials
        .iter()
        .enumerate()
        .filter_map(|(i, trial)| Some((of(before, &trial.label)?, i)))
        .filter(|&(b, i)| before.trials[b].failed.is_none() && now.trials[i].failed.is_none())
        .collect();
    let mut quality = judge(before, now, &shared, spec).into_iter();
    let times_differ = times_differ(before, now);
    let mut findings = Vec::new();
    for (i, trial) in now.trials.iter().enumerate() {
        if let Some(reason) = &trial.failed {
            findings.push(Finding::new(&trial.label, "trial", Verdict::Failed).noted(reason));
            continue;
        }
        let Some(&(b, _)) = shared.iter().find(|(_, own)| *own == i) else {
            findings.push(Finding::new(&trial.label, "trial", Verdict::New).noted("not run before"));
            continue;
        };
        findings.extend(quality.next().unwrap_or_default());
        let was = &before.trials[b];
        if timed && trial.label == now.reference && times_differ.is_none() {
            findings.extend(reference_time(before, now));
        } else if timed && trial.label != now.reference {
            findings.push(match trial.untimed.as_ref().or(times_differ.as_ref()) {
                Some(why) => Finding::new(&trial.label, CheckSpec::TIME, Verdict::NotCompared).noted(why.clone()),
                None => time(was, &trial.rounds, spec, level(now), &trial.label),
            });
        }
    }
    for trial in before.trials.iter().filter(|trial| of(now, &trial.label).is_none()) {
        findings
            .push(Finding::new(&trial.label, "trial", Verdict::Gone).noted("the experiment no longer has this trial"));
    }
    if version::differs(&before.swath, &now.swath).is_some() {
        findings.iter_mut().for_each(leave_open);
    }
    findings
}

/// Changes a finding to `not compared` if its verdict depends on the version of swath.
fn leave_open(finding: &mut Finding) {
    if matches!(finding.verdict, Verdict::Regressed | Verdict::Improved | Verdict::WithinNoise) {
        finding.verdict = Verdict::NotCompared;
        "another version of swath".clone_into(&mut finding.note);
    }
}

/// Why times cannot be compared, if they cannot.
fn times_differ(before: &Snapshot, now: &Snapshot) -> Option<String> {
    (before.machine != now.machine)
        .then(|| format!("timed on another machine ({})", before.machine))
        .or_else(|| {
            let other = before.reference != now.reference;
            other.then(|| format!("timed against another reference ({})", before.reference))
        })
        .or_else(|| Some(format!("timed differently: {}", before.timing.as_ref()?.differs(now.timing.as_ref()?)?)))
        .or_else(|| now.reference_failed().map(|reason| format!("the reference {} failed: {reason}", now.reference)))
        .or_else(|| before.reference_failed().map(|_| format!("the reference {} had failed before", before.reference)))
}

/// Turns changes of times into suspicions, because finished runs cannot be timed again.
pub fn once(findings: &mut [Finding]) {
    let is_time = |finding: &&mut Finding| finding.measure == CheckSpec::TIME;
    for finding in findings.iter_mut().filter(is_time) {
        if matches!(finding.verdict, Verdict::Regressed | Verdict::Improved) {
            finding.verdict = Verdict::Suspected;
            "each side was timed only once; `swath check` times again".clone_into(&mut finding.note);
        }
    }
}
