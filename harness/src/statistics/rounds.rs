//! The change of a time that was measured in rounds, before and now.
//!
//! A round gives two times: that of a trial, and that of the reference that took turns with it in the same process. Rounds differ
//! as starts of the program do (the layout of memory, other work of the machine). So rounds are resampled, and not queries or
//! passes: those of one round are far closer to each other than to those of the next.
//!
//! The measure is the ratio of the two times in a round. Other work of the machine lengthens both. If it meets only one, the
//! round is far from the others and does not count. (The mean of the quickest rounds of each, taken separately, would pair rounds
//! of different moments, and varied more from check to check.)
//!
//! Other work need not lengthen both alike: when others use the caches, random access suffers more than streaming. Between checks
//! of one program in which the reference's own time varied, trials' times varied as its powers of 0.75 to 1.4. Within a check,
//! rounds vary by chance and do not show the power. So [`by_machine`] gives the change of a ratio that the machine alone may
//! cause.

use super::bootstrap::{RESAMPLES, quantile};
use crate::statistics::Estimate;
use swath_algorithms::random;

/// A trial timed against the reference, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Mean seconds per query of the trial.
    pub own: f64,
    /// Mean seconds per query of the reference, in turns with the trial.
    pub reference: f64,
}

impl Round {
    /// The logarithm of the trial's time over the reference's.
    pub fn log_ratio(self) -> f64 {
        (self.own / self.reference).ln()
    }
}

/// The logarithm of a trial's time over the reference's: the mean over the middle half of the rounds, so that rounds in which
/// only one of the two was disturbed do not count. NaN without rounds.
pub fn log_ratio(rounds: &[Round]) -> f64 {
    middle_half(rounds.iter().map(|round| round.log_ratio()).collect())
}

/// The mean of the middle half.
fn middle_half(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let cut = values.len() / 4;
    let middle = &values[cut..values.len() - cut];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// The change of the logarithm of the reference's own time, now minus before.
pub fn pace(before: &[Round], now: &[Round]) -> f64 {
    let typical = |rounds: &[Round]| middle_half(rounds.iter().map(|round| round.reference.ln()).collect());
    typical(now) - typical(before)
}

/// How much the logarithm of a ratio may change by the machine alone, if the logarithm of the reference's own time has changed by
/// `pace`: half of the part of `pace` beyond 0.2. Changes within 0.2 are covered by tolerances.
pub fn by_machine(pace: f64) -> f64 {
    0.5 * (pace.abs() - 0.2).max(0.0)
}

/// The change of the [logarithm](log_ratio), now minus before, with its two-sided interval at `level`; `None` if either has no
/// rounds.
///
/// Percentile bootstrap over rounds (Efron & Tibshirani 1993), each deviation widened by `sqrt(n / (n - 1))`; otherwise
/// the interval of few rounds would be too narrow (Hesterberg 2015).
pub fn change(before: &[Round], now: &[Round], level: f64, seed: u64) -> Option<Estimate> {
    if before.is_empty() || now.is_empty() {
        return None;
    }
    let mut rng = random::stream(seed, "rounds", 0);
    let mut resampled = |rounds: &[Round]| -> Vec<f64> {
        let n = rounds.len();
        let widen = if n > 1 { (n as f64 / (n - 1) as f64).sqrt() } else { 1.0 };
        let found = log_ratio(rounds);
        let mut drawn = Vec::with_capacity(n);
        (0..RESAMPLES)
            .map(|_| {
                drawn.clear();
                drawn.extend((0..n).map(|_| rounds[random::below(&mut rng, n)]));
                (log_ratio(&drawn) - found) * widen
            })
            .collect()
    };
    let (was, is) = (resampled(before), resampled(now));
    let mut deviations: Vec<f64> = was.iter().zip(&is).map(|(was, is)| is - was).collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let difference = log_ratio(now) - log_ratio(before);
    let end = |level: f64| difference + quantile(&deviations, level);
    let tail = (1.0 - level) / 2.0;
    Some(Estimate { mean: difference, lo: end(tail), hi: end(1.0 - tail) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(ratio: f64, disturbed: impl Fn(usize) -> f64, n: usize) -> Vec<Round> {
        (0..n).map(|i| Round { own: ratio * disturbed(i), reference: disturbed(i * 7 + 3) }).collect()
    }

    #[test]
    fn equal_rounds_have_not_changed() {
        let same = rounds(1.5, |_| 1.0, 5);
        let found = change(&same, &same[..3], 0.95, 1).expect("rounds");
        assert_eq!((found.mean, found.lo, found.hi), (0.0, 0.0, 0.0));
        assert_eq!(change(&[], &same, 0.95, 1), None);
        assert_eq!(change(&same, &[], 0.95, 1), None);
        assert!((log_ratio(&same) - 1.5_f64.ln()).abs() < 1e-12);
    }

    /// Two rounds of three may be disturbed, however much.
    #[test]
    fn disturbed_rounds_do_not_count() {
        let disturbed = |i: usize| if i.is_multiple_of(3) { 1.0 } else { 1.0 + (i % 5) as f64 };
        assert!((log_ratio(&rounds(2.0, disturbed, 12)) - 2.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_change_is_found_and_noise_is_not() {
        let noise = |i: usize| 1.0 + 0.02 * (i as f64 * 2.4).sin().abs();
        let found = change(&rounds(1.0, noise, 10), &rounds(1.3, noise, 5), 0.98, 1).expect("rounds");
        let (expected, near) = (1.3_f64.ln(), 0.03);
        assert!((found.mean - expected).abs() < near && found.lo > expected - near, "{found:?}");
        let found = change(&rounds(1.0, noise, 10), &rounds(1.0, noise, 5), 0.98, 1).expect("rounds");
        assert!(found.lo <= 0.0 && found.hi >= 0.0, "{found:?}");
    }

    #[test]
    fn the_pace_is_the_references_alone() {
        let at = |own: f64, reference: f64| vec![Round { own, reference }; 4];
        assert!((pace(&at(1.0, 2.0), &at(5.0, 3.0)) - 1.5_f64.ln()).abs() < 1e-12);
        assert_eq!([by_machine(0.15), by_machine(-0.15)], [0.0; 2]);
        assert!((by_machine(-0.7) - 0.25).abs() < 1e-12 && by_machine(-0.7) == by_machine(0.7));
    }

    /// Of 2,000 pairs drawn alike, 10 and 5 rounds with disturbances of any size, few intervals lie beyond a tolerance of
    /// a twentieth of the disturbances' spread.
    #[test]
    fn false_alarms_are_rare() {
        let mut called = 0;
        for experiment in 0..2000_u64 {
            let mut rng = random::stream(experiment, "disturbances", 0);
            let mut round = || {
                let mut time = || 1.0 - (1.0 - random::below(&mut rng, 1_000_000) as f64 / 1e6).ln() * 0.05;
                Round { own: time(), reference: time() }
            };
            let before: Vec<Round> = (0..10).map(|_| round()).collect();
            let now: Vec<Round> = (0..5).map(|_| round()).collect();
            let found = change(&before, &now, 0.97, experiment).expect("rounds");
            called += usize::from(found.lo > 0.0 || found.hi < 0.0);
        }
        println!("of 2,000 intervals at 97 %, {called} miss");
        assert!(called <= 200, "{called}");
    }
}
