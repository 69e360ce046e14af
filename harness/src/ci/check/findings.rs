//! What is said of each measure of each trial.

use super::baseline::is_written_as;
use super::{Measured, State, TrialState};
use crate::config::CheckSpec;
use crate::statistics::Estimate;
use crate::statistics::Round;
use crate::statistics::{Comparison, LEVEL, Paired, compare as compare_pairs, effect, rounds};
use crate::version;
use serde::Serialize;

/// How often, of many checks of what has not changed, a time is called changed in one: by design, at most.
pub const FALSE_ALARMS: f64 = 0.001;

/// Rounds on either side that it takes to say anything of a time.
pub const FEWEST: usize = 3;

/// What is said of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The trial fails now.
    Failed,
    /// Worse, beyond tolerance and chance.
    Regressed,
    /// A time that looks changed, and was looked at once: nothing can be timed again.
    Suspected,
    /// Better, beyond tolerance and chance.
    Improved,
    /// Different, but no more than is let pass or than chance makes.
    WithinNoise,
    /// The same.
    Unchanged,
    /// There was none before.
    New,
    /// There is none any more.
    Gone,
    /// Not comparable; the note says why.
    NotCompared,
}

impl Verdict {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Regressed => "regressed",
            Self::Suspected => "suspected",
            Self::Improved => "improved",
            Self::WithinNoise => "within noise",
            Self::Unchanged => "unchanged",
            Self::New => "new",
            Self::Gone => "gone",
            Self::NotCompared => "not compared",
        }
    }

    /// Whether a check fails for it.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Regressed)
    }
}

/// What a change is given as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeIs {
    /// A share of what it was.
    #[default]
    Share,
    /// Now less before, where that was 0, of which nothing is a share.
    Difference,
}

/// What is said of one measure of one trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The trial's label.
    pub trial: String,
    /// A metric's name, `evaluations`, or `time`: how often as long as the reference.
    pub measure: String,
    /// What is said of it.
    pub verdict: Verdict,
    /// What it was.
    pub before: Option<f64>,
    /// What it is.
    pub now: Option<f64>,
    /// Its change, of a time with its interval.
    pub change: Option<f64>,
    /// What `change` and `interval` are.
    pub change_is: ChangeIs,
    /// Ends of the change's interval.
    pub interval: Option<[f64; 2]>,
    /// p of the paired test, corrected.
    pub p: Option<f64>,
    /// How much worse it may get, as a share.
    pub tolerance: f64,
    /// What else there is to say.
    pub note: String,
}

impl Finding {
    fn new(trial: &str, measure: &str, verdict: Verdict) -> Self {
        Self {
            trial: trial.to_owned(),
            measure: measure.to_owned(),
            verdict,
            before: None,
            now: None,
            change: None,
            change_is: ChangeIs::Share,
            interval: None,
            p: None,
            tolerance: 0.0,
            note: String::new(),
        }
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// Compares two states of one experiment, trial by trial; `timed` says whether times are to be compared, too. States of two
/// versions of swath are set beside each other, and nothing is called changed.
pub fn compare(before: &State, now: &State, spec: &CheckSpec, timed: bool) -> Vec<Finding> {
    let of = |state: &State, label: &str| state.trials.iter().position(|trial| trial.label == label);
    let shared: Vec<(usize, usize)> = now
        .trials
        .iter()
        .enumerate()
        .filter_map(|(i, trial)| Some((of(before, &trial.label)?, i)))
        .filter(|&(b, i)| before.trials[b].failed.is_none() && now.trials[i].failed.is_none())
        .collect();
    let mut quality = judge(before, now, &shared, spec).into_iter();
    let times_differ = (before.machine != now.machine)
        .then(|| format!("timed on another machine ({})", before.machine))
        .or_else(|| {
            let other = before.reference != now.reference;
            other.then(|| format!("timed against another reference ({})", before.reference))
        })
        .or_else(|| Some(format!("timed otherwise: {}", before.timing.as_ref()?.differs(now.timing.as_ref()?)?)))
        .or_else(|| now.reference_failed().map(|reason| format!("the reference {} failed: {reason}", now.reference)))
        .or_else(|| before.reference_failed().map(|_| format!("the reference {} had failed before", before.reference)));
    let mut findings = Vec::new();
    for (i, trial) in now.trials.iter().enumerate() {
        if let Some(reason) = &trial.failed {
            findings.push(Finding::new(&trial.label, "trial", Verdict::Failed).noted(reason));
            continue;
        }
        let Some(&(b, _)) = shared.iter().find(|(_, own)| *own == i) else {
            findings.push(Finding::new(&trial.label, "trial", Verdict::New).noted("there was none before"));
            continue;
        };
        findings.extend(quality.next().unwrap_or_default());
        let was = &before.trials[b];
        if timed && trial.label == now.reference && times_differ.is_none() {
            findings.extend(reference_time(before, now));
        } else if timed && trial.label != now.reference {
            findings.push(match trial.untimed.as_ref().or(times_differ.as_ref()) {
                Some(why) => Finding::new(&trial.label, CheckSpec::TIME, Verdict::NotCompared).noted(why.clone()),
                None => time(was, &trial.rounds, (spec, level(now)), &trial.label),
            });
        }
    }
    for trial in before.trials.iter().filter(|trial| of(now, &trial.label).is_none()) {
        findings.push(Finding::new(&trial.label, "trial", Verdict::Gone).noted("the experiment has it no longer"));
    }
    if version::differs(&before.swath, &now.swath).is_some() {
        findings.iter_mut().for_each(leave_open);
    }
    findings
}

/// Of two versions of swath only what is the same is known.
fn leave_open(finding: &mut Finding) {
    if matches!(finding.verdict, Verdict::Regressed | Verdict::Improved | Verdict::WithinNoise) {
        finding.verdict = Verdict::NotCompared;
        "another version of swath".clone_into(&mut finding.note);
    }
}

/// Of two runs that are there nothing can be timed again: a time that looks changed is suspected, and no more.
pub fn once(findings: &mut [Finding]) {
    let is_time = |finding: &&mut Finding| finding.measure == CheckSpec::TIME;
    for finding in findings.iter_mut().filter(is_time) {
        if matches!(finding.verdict, Verdict::Regressed | Verdict::Improved) {
            finding.verdict = Verdict::Suspected;
            "from one look at each; `swath check` looks again".clone_into(&mut finding.note);
        }
    }
}

/// The two-sided level of the interval of a look at the times of so many trials.
fn level(now: &State) -> f64 {
    let timed = now.trials.iter().filter(|trial| !trial.rounds.is_empty()).count().max(1);
    1.0 - 2.0 * (FALSE_ALARMS / timed as f64).powf(1.0 / super::LOOKS as f64)
}

/// A measure that both states have.
struct Pair<'a> {
    before: &'a Measured,
    now: &'a Measured,
}

/// The measures of trials that both have; a list for each pair of trials.
fn judge<'a>(before: &'a State, now: &'a State, shared: &[(usize, usize)], spec: &CheckSpec) -> Vec<Vec<Finding>> {
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
    let paired = |measured: &Measured, pair: Option<&Pair<'a>>| {
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
            let new = Finding::new(label, &measured.name, Verdict::New).noted("there was none before");
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

fn quality(pair: &Pair<'_>, comparison: Option<Comparison>, spec: &CheckSpec, label: &str) -> Finding {
    let name = &pair.now.name;
    let tolerance = spec.tolerance(name);
    let finding = Finding {
        before: Some(pair.before.mean),
        now: Some(pair.now.mean),
        tolerance,
        ..Finding::new(label, name, Verdict::Unchanged)
    };
    // A mean that is read in the text of a baseline is rounded.
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
    // Of 0 nothing is let pass.
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
    let note = if beyond && by_chance { "beyond the tolerance, but so few queries make no case of it" } else { "" };
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

/// What is said of the reference's own time: nothing takes turns with it, so that it is told, and not judged.
fn reference_time(before: &State, now: &State) -> Option<Finding> {
    let (was, is) = (before.reference_seconds()?, now.reference_seconds()?);
    let note = format!(
        "it took {:.3} ms a query, {:.2} times what it took before; the others are timed against it, and it against nothing",
        1e3 * is,
        is / was
    );
    Some(Finding::new(&now.reference, CheckSpec::TIME, Verdict::NotCompared).noted(note))
}

/// What is said of a trial's time.
fn time(was: &TrialState, rounds: &[Round], (spec, level): (&CheckSpec, f64), label: &str) -> Finding {
    let tolerance = spec.tolerance(CheckSpec::TIME);
    let finding = Finding { tolerance, ..Finding::new(label, CheckSpec::TIME, Verdict::NotCompared) };
    if was.rounds.is_empty() {
        return finding.noted("the baseline has no time for it");
    }
    let fewest = was.rounds.len().min(rounds.len());
    if fewest < FEWEST {
        let times = if fewest == 1 { "once".to_owned() } else { format!("{fewest} times") };
        return finding.noted(format!("timed {times}, of which nothing can be said; {FEWEST} times are the least"));
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
        "the reference took {:.2} times what it took before: on a machine so different {:.1} % are let pass",
        pace.exp(),
        100.0 * beyond.exp_m1()
    ))
}

/// A change of the logarithm of a time is called where it is beyond what is let pass and beyond chance.
fn timed(change: &Estimate, beyond: f64) -> Verdict {
    if change.mean > beyond && change.lo > 0.0 {
        Verdict::Regressed
    } else if change.mean < -beyond && change.hi < 0.0 {
        Verdict::Improved
    } else {
        Verdict::WithinNoise
    }
}

/// Of what is let pass, the share beyond which a change is suspected.
const SUSPICIOUS: f64 = 2.0 / 3.0;

/// How much slower, as a logarithm, the reference may be in a look than in those before. Beyond, something else has the
/// machine, and the look says nothing.
const DISTURBED: f64 = 0.3;

/// Which way a time has changed; `None` where its interval does not exclude that it has not.
fn direction(finding: &Finding) -> Option<Verdict> {
    match finding.interval? {
        [lo, _] if lo > 0.0 => Some(Verdict::Regressed),
        [_, hi] if hi < 0.0 => Some(Verdict::Improved),
        _ => None,
    }
}

/// Which way a time is suspected to have changed: its direction, where the change comes near what is let pass.
fn suspicion(finding: &Finding) -> Option<Verdict> {
    let near = SUSPICIOUS * finding.tolerance.ln_1p();
    direction(finding).filter(|_| finding.change.is_some_and(|change| change.ln_1p().abs() > near))
}

/// Labels of the trials whose time is suspected to have changed.
pub fn suspects(findings: &[Finding]) -> Vec<String> {
    let is_suspect = |finding: &&Finding| finding.measure == CheckSpec::TIME && suspicion(finding).is_some();
    findings.iter().filter(is_suspect).map(|finding| finding.trial.clone()).collect()
}

/// Judges suspects anew. Called is what in each of [`LOOKS`](super::LOOKS) looks alone has changed the same way, by chance
/// hardly, and by what all rounds together say is beyond what is let pass; the rest is within noise. Returns who is to be
/// looked at once more.
pub fn look_again(
    findings: &mut [Finding],
    before: &State,
    now: &mut State,
    again: Vec<(String, Vec<Round>)>,
    spec: &CheckSpec,
) -> Vec<String> {
    let level = level(now);
    let mut open = Vec::new();
    for (label, rounds) in again {
        let by = (spec, level);
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
        let look = time(was, &rounds, by, &label);
        trial.rounds.extend(rounds);
        let all = time(was, &trial.rounds, by, &label);
        let suspected = suspicion(finding);
        if direction(&look) != suspected || suspicion(&all) != suspected {
            let all = Finding { verdict: Verdict::WithinNoise, ..all };
            *finding = all.noted("suspected, and not so when timed again");
        } else if trial.rounds.len() < super::LOOKS * spec.rounds.size() {
            *finding = all;
            open.push(label);
        } else {
            let is_called = all.verdict != Verdict::WithinNoise;
            let note = if is_called { "seen again and again" } else { "suspected; all looks together let it pass" };
            *finding = all.noted(note);
        }
    }
    open
}

/// Lets pass what could not be looked at often enough.
pub fn give_up(findings: &mut [Finding], open: &[String]) {
    for finding in findings.iter_mut().filter(|f| f.measure == CheckSpec::TIME && open.contains(&f.trial)) {
        finding.verdict = Verdict::WithinNoise;
        "suspected; the machine had too much else to do to time it again".clone_into(&mut finding.note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::check::Timing;
    use crate::record::Mode;

    fn state(trials: Vec<TrialState>) -> State {
        State {
            setting: crate::ci::check::Setting {
                experiment: "x".into(),
                dataset: "x".into(),
                sha256: String::new(),
                k: 1,
                queries: 1,
                seed: 0,
            },
            swath: "0.2.0 (abc)".into(),
            saved: String::new(),
            machine: "m".into(),
            timing: Some(Timing { mode: Mode::Batch, threads: 1, queries: 1000, passes: 3 }),
            reference: "top-k".into(),
            trials,
        }
    }

    /// A baseline mean of 0 has no shares: the change is told as it is.
    #[test]
    fn a_change_from_zero_is_a_difference() {
        let duplicates = |values: &[f64]| {
            let measures = vec![Measured::new("duplicates", values)];
            state(vec![TrialState { label: "mmr".into(), measures, ..TrialState::default() }])
        };
        let found = |before: &[f64], now: &[f64]| {
            compare(&duplicates(before), &duplicates(now), &CheckSpec::default(), false).remove(0)
        };
        let rises: Vec<f64> = (0..40).map(|i| f64::from(i % 4) / 8.0).collect();
        let finding = found(&[0.0; 40], &rises);
        assert_eq!((finding.verdict, finding.change_is), (Verdict::Regressed, ChangeIs::Difference));
        assert_eq!(finding.change, Some(0.1875));
        let [lo, hi] = finding.interval.expect("an interval");
        assert!(0.1 < lo && lo < 0.1875 && hi < 0.3, "{finding:?}");
        let said = finding.sentence();
        assert!(said.contains("0.0000 to 0.1875, +0.1875 (+0.1"), "{said}");
        assert!(said.ends_with("; of 0 nothing is let pass"), "{said}");
        assert_eq!(serde_json::to_value(&finding).expect("JSON")["change_is"], "difference");
        // One query of forty makes no case.
        let one: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i == 3))).collect();
        assert_eq!(found(&[0.0; 40], &one).verdict, Verdict::WithinNoise);
        let finding = found(&[0.0; 40], &[0.0; 40]);
        assert_eq!((finding.verdict, finding.change_text()), (Verdict::Unchanged, "0".to_owned()));
        let finding = found(&rises, &[0.0; 40]);
        assert_eq!((finding.verdict, finding.change), (Verdict::Improved, Some(-1.0)));
        assert!(finding.change_text().starts_with("-100.0 % ("), "{}", finding.change_text());
    }

    /// Eight rounds in which the trial takes `ratio` times as long as the reference, which takes `reference`.
    fn rounds_of(ratio: f64, reference: f64) -> Vec<Round> {
        let noise = |i: usize| 1.0 + 0.01 * (i as f64 * 2.4).sin();
        (0..8).map(|i| Round { own: ratio * reference * noise(i), reference: reference * noise(3 * i + 1) }).collect()
    }

    fn looked_at(ratio: f64, reference: f64) -> Finding {
        let was = TrialState { rounds: rounds_of(1.0, 1.0), ..TrialState::default() };
        time(&was, &rounds_of(ratio, reference), (&CheckSpec::default(), 0.88), "mmr")
    }

    #[test]
    fn a_time_is_called_beyond_the_tolerance_and_what_the_machine_does() {
        assert_eq!(looked_at(1.0, 1.0).verdict, Verdict::WithinNoise);
        assert_eq!(looked_at(1.12, 1.0).verdict, Verdict::WithinNoise);
        assert_eq!(looked_at(1.3, 1.0).verdict, Verdict::Regressed);
        assert_eq!(looked_at(1.3, 0.9).verdict, Verdict::Regressed);
        assert_eq!(looked_at(0.8, 1.0).verdict, Verdict::Improved);
        let excused = looked_at(1.3, 0.5);
        assert_eq!(excused.verdict, Verdict::WithinNoise);
        let note = "the reference took 0.50 times what it took before: on a machine so different ";
        assert!(excused.note.starts_with(note) && excused.tolerance > 0.4, "{excused:?}");
        assert_eq!(looked_at(1.6, 0.5).verdict, Verdict::Regressed);
    }

    /// A state of one trial with these rounds.
    fn timed(rounds: Vec<Round>) -> State {
        state(vec![TrialState { label: "mmr".into(), rounds, ..TrialState::default() }])
    }

    /// The only finding of two states of one trial that was timed.
    fn found(before: &State, now: &State) -> Finding {
        let mut findings = compare(before, now, &CheckSpec::default(), true);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    #[test]
    fn times_of_something_else_are_not_compared() {
        let (before, slow) = (timed(rounds_of(1.0, 1.0)), timed(rounds_of(1.3, 1.0)));
        assert_eq!(found(&before, &slow).verdict, Verdict::Regressed, "in batch, too");
        let timing = |change: fn(&mut Timing)| {
            let mut now = slow.clone();
            now.timing.iter_mut().for_each(change);
            now
        };
        let cases = [
            (timing(|timing| timing.queries = 100), "timed otherwise: the number of timed queries was 1000 and is 100"),
            (timing(|timing| timing.mode = Mode::Single), "timed otherwise: the mode was batch and is single"),
            (timing(|timing| timing.threads = 2), "timed otherwise: the number of threads was 1 and is 2"),
            (timing(|timing| timing.passes = 1), "timed otherwise: the number of passes was 3 and is 1"),
            (State { machine: "n".into(), ..slow.clone() }, "timed on another machine (m)"),
            (State { reference: "mmr-2".into(), ..slow.clone() }, "timed against another reference (top-k)"),
        ];
        for (now, why) in cases {
            let finding = found(&before, &now);
            assert_eq!((finding.verdict, finding.note.as_str()), (Verdict::NotCompared, why));
        }
        let mut now = timed(Vec::new());
        now.trials[0].untimed = Some("top-k failed".into());
        let finding = found(&before, &now);
        assert_eq!((finding.verdict, finding.note.as_str()), (Verdict::NotCompared, "top-k failed"));
    }

    /// Of two versions of swath only what is the same is said to be so.
    #[test]
    fn two_versions_are_not_judged() {
        let measured = |mean: f64| Measured { name: "recall".into(), mean, values: vec![mean; 20] };
        let with = |swath: &str, mean: f64| {
            let mut state = State { swath: swath.into(), ..timed(rounds_of(2.0 - mean, 1.0)) };
            state.trials[0].measures = vec![measured(mean)];
            state
        };
        let verdicts = |now: &State| {
            let findings = compare(&with("0.2.0 (abc)", 0.9), now, &CheckSpec::default(), true);
            findings.into_iter().map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&with("0.2.0 (def)", 0.5)), [Verdict::Regressed, Verdict::Regressed]);
        assert_eq!(verdicts(&with("0.2.1 (abc)", 0.5)), [Verdict::NotCompared, Verdict::NotCompared]);
        assert_eq!(verdicts(&with("0.2.1 (abc)", 0.9)), [Verdict::Unchanged, Verdict::NotCompared]);
    }

    /// What cannot be timed again is suspected, and fails nothing; metrics have no noise and are judged.
    #[test]
    fn times_of_one_look_are_suspected() {
        let mut findings =
            compare(&timed(rounds_of(1.0, 1.0)), &timed(rounds_of(1.3, 1.0)), &CheckSpec::default(), true);
        findings.push(Finding::new("mmr", "recall", Verdict::Regressed));
        once(&mut findings);
        let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Suspected, Verdict::Regressed]);
        assert!(!Verdict::Suspected.is_bad());
    }

    /// What the looks after the first see, and how long the reference takes.
    type Looks<'a> = &'a [(f64, f64)];

    #[test]
    fn a_suspect_is_called_only_if_new_rounds_say_the_same() {
        let before = timed(rounds_of(1.0, 1.0));
        let spec = CheckSpec::default();
        let looks: [(f64, Looks<'_>, Verdict, usize); 6] = [
            (1.3, &[(1.3, 1.0), (1.3, 1.0)], Verdict::Regressed, 24),
            (1.3, &[(1.0, 1.0)], Verdict::WithinNoise, 16),
            (1.3, &[(1.3, 1.0), (1.0, 1.0)], Verdict::WithinNoise, 24),
            // Near what is let pass, and then beyond.
            (1.13, &[(1.25, 1.0), (1.25, 1.0)], Verdict::Regressed, 24),
            (1.12, &[(1.12, 1.0), (1.12, 1.0)], Verdict::WithinNoise, 24),
            // A disturbed look does not count.
            (1.3, &[(1.0, 2.0), (1.3, 1.0), (1.3, 1.0)], Verdict::Regressed, 24),
        ];
        for (first, again, verdict, rounds) in looks {
            let mut now = timed(rounds_of(first, 1.0));
            let mut findings = compare(&before, &now, &spec, true);
            let mut open = suspects(&findings);
            for &(ratio, reference) in again {
                assert_eq!(open, ["mmr"], "{first} and {again:?}");
                let look = vec![("mmr".into(), rounds_of(ratio, reference))];
                open = look_again(&mut findings, &before, &mut now, look, &spec);
            }
            assert_eq!(open, [""; 0], "{first} and {again:?}");
            let time = findings.iter().find(|finding| finding.measure == CheckSpec::TIME).expect("a time");
            assert_eq!((time.verdict, now.trials[0].rounds.len()), (verdict, rounds), "{time:?}");
        }
        let now = timed(rounds_of(1.3, 1.0));
        let mut findings = compare(&before, &now, &spec, true);
        give_up(&mut findings, &["mmr".into()]);
        assert!(findings.iter().all(|finding| !finding.verdict.is_bad()), "{findings:?}");
    }
}
