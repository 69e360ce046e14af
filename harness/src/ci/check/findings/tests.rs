//! Verdicts on measures and times whose change is known.

use super::time::time;
use super::{ChangeIs, Finding, Verdict, compare, give_up, look_again, once, suspects};
use crate::ci::check::{MeasureValues, Scope, Snapshot, TimingSetup, TrialSnapshot};
use crate::config::CheckSpec;
use crate::record::Mode;
use crate::statistics::Round;

fn state(trials: Vec<TrialSnapshot>) -> Snapshot {
    Snapshot {
        setting: Scope {
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
        timing: Some(TimingSetup { mode: Mode::Batch, threads: 1, queries: 1000, passes: 3 }),
        reference: "top-k".into(),
        trials,
    }
}

/// A change from a baseline mean of 0 is not a share, but the difference itself.
#[test]
fn a_change_from_zero_is_a_difference() {
    let duplicates = |values: &[f64]| {
        let measures = vec![MeasureValues::new("duplicates", values)];
        state(vec![TrialSnapshot { label: "mmr".into(), measures, ..TrialSnapshot::default() }])
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
    assert!(said.ends_with("; no tolerance, because the value was 0"), "{said}");
    assert_eq!(serde_json::to_value(&finding).expect("JSON")["change_is"], "difference");
    // A change in one query of forty is within noise.
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
    let was = TrialSnapshot { rounds: rounds_of(1.0, 1.0), ..TrialSnapshot::default() };
    time(&was, &rounds_of(ratio, reference), &CheckSpec::default(), 0.88, "mmr")
}

#[test]
fn a_time_changed_if_it_is_beyond_the_tolerance_and_the_noise_of_the_machine() {
    assert_eq!(looked_at(1.0, 1.0).verdict, Verdict::WithinNoise);
    assert_eq!(looked_at(1.12, 1.0).verdict, Verdict::WithinNoise);
    assert_eq!(looked_at(1.3, 1.0).verdict, Verdict::Regressed);
    assert_eq!(looked_at(1.3, 0.9).verdict, Verdict::Regressed);
    assert_eq!(looked_at(0.8, 1.0).verdict, Verdict::Improved);
    let excused = looked_at(1.3, 0.5);
    assert_eq!(excused.verdict, Verdict::WithinNoise);
    let note = "the reference took 0.50 times its time before, so the tolerance is ";
    assert!(excused.note.starts_with(note) && excused.tolerance > 0.4, "{excused:?}");
    assert_eq!(looked_at(1.6, 0.5).verdict, Verdict::Regressed);
}

/// A state of one trial with these rounds.
fn timed(rounds: Vec<Round>) -> Snapshot {
    state(vec![TrialSnapshot { label: "mmr".into(), rounds, ..TrialSnapshot::default() }])
}

/// The only finding of two states of one trial that was timed.
fn found(before: &Snapshot, now: &Snapshot) -> Finding {
    let mut findings = compare(before, now, &CheckSpec::default(), true);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[test]
fn times_of_different_setups_are_not_compared() {
    let (before, slow) = (timed(rounds_of(1.0, 1.0)), timed(rounds_of(1.3, 1.0)));
    assert_eq!(found(&before, &slow).verdict, Verdict::Regressed, "in batch, too");
    let timing = |change: fn(&mut TimingSetup)| {
        let mut now = slow.clone();
        now.timing.iter_mut().for_each(change);
        now
    };
    let cases = [
        (timing(|timing| timing.queries = 100), "timed differently: the number of timed queries was 1000 and is 100"),
        (timing(|timing| timing.mode = Mode::Single), "timed differently: the mode was batch and is single"),
        (timing(|timing| timing.threads = 2), "timed differently: the number of threads was 1 and is 2"),
        (timing(|timing| timing.passes = 1), "timed differently: the number of passes was 3 and is 1"),
        (Snapshot { machine: "n".into(), ..slow.clone() }, "timed on another machine (m)"),
        (Snapshot { reference: "mmr-2".into(), ..slow.clone() }, "timed against another reference (top-k)"),
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

/// Between two versions of swath only equal measures get a verdict.
#[test]
fn two_versions_are_not_judged() {
    let measured = |mean: f64| MeasureValues { name: "recall".into(), mean, values: vec![mean; 20] };
    let with = |swath: &str, mean: f64| {
        let mut state = Snapshot { swath: swath.into(), ..timed(rounds_of(2.0 - mean, 1.0)) };
        state.trials[0].measures = vec![measured(mean)];
        state
    };
    let verdicts = |now: &Snapshot| {
        let findings = compare(&with("0.2.0 (abc)", 0.9), now, &CheckSpec::default(), true);
        findings.into_iter().map(|finding| finding.verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&with("0.2.0 (def)", 0.5)), [Verdict::Regressed, Verdict::Regressed]);
    assert_eq!(verdicts(&with("0.2.1 (abc)", 0.5)), [Verdict::NotCompared, Verdict::NotCompared]);
    assert_eq!(verdicts(&with("0.2.1 (abc)", 0.9)), [Verdict::Unchanged, Verdict::NotCompared]);
}

/// A time that cannot be timed again is only suspected. Metrics have no noise and are judged.
#[test]
fn times_of_one_look_are_suspected() {
    let mut findings = compare(&timed(rounds_of(1.0, 1.0)), &timed(rounds_of(1.3, 1.0)), &CheckSpec::default(), true);
    findings.push(Finding::new("mmr", "recall", Verdict::Regressed));
    once(&mut findings);
    let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
    assert_eq!(verdicts, [Verdict::Suspected, Verdict::Regressed]);
    assert!(!Verdict::Suspected.is_bad());
}

/// For each look after the first: the ratio of times, and the reference's time.
type Looks<'a> = &'a [(f64, f64)];

#[test]
fn a_suspect_is_reported_only_if_new_rounds_confirm_it() {
    let before = timed(rounds_of(1.0, 1.0));
    let spec = CheckSpec::default();
    let looks: [(f64, Looks<'_>, Verdict, usize); 6] = [
        (1.3, &[(1.3, 1.0), (1.3, 1.0)], Verdict::Regressed, 24),
        (1.3, &[(1.0, 1.0)], Verdict::WithinNoise, 16),
        (1.3, &[(1.3, 1.0), (1.0, 1.0)], Verdict::WithinNoise, 24),
        // Near the tolerance, and then beyond.
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

#[test]
fn a_finding_without_values_is_a_sentence() {
    let finding = Finding::new("mmr", CheckSpec::TIME, Verdict::NotCompared).noted("timed on another machine (x)");
    assert_eq!(finding.sentence(), "mmr: time against the reference not compared; timed on another machine (x)");
    let finding = Finding { now: Some(0.5), ..Finding::new("mmr", "recall", Verdict::New) };
    assert_eq!(finding.sentence(), "mmr: recall new, 0.5000 now");
}
