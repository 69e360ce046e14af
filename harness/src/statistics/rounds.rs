//! How a time has changed that was measured in rounds, before and now.
//!
//! A round gives two times, that of a trial and that of the reference that took turns with it in the same process. What
//! varies from round to round is what varies from one start of the program to the next (where things lie in memory, what
//! else the machine does), so rounds are what is resampled, and not queries or passes, which within a round are far closer
//! to each other than to those of the next.
//!
//! What counts is the ratio of the two in a round. Whatever else a machine does lengthens both; where it meets one alone, the
//! round is far from the others and does not count. (Taking each of the two where it was least disturbed, the mean of its
//! quickest rounds, would pair rounds of different moments, and varied more from check to check.)
//!
//! It need not lengthen both alike, though: where others crowd the caches, what jumps about in memory suffers more than what
//! streams through it. Between checks of one program in which the reference's own time varied, trials' times varied as its
//! powers of 0.75 to 1.4; within a check, what varies from round to round is chance, and does not tell which. So
//! [`by_machine`] says how much a ratio may change by itself.

use super::bootstrap::{RESAMPLES, quantile};
use crate::statistics::Estimate;
use swath_algorithms::random;

/// A trial timed against the reference, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Seconds that the trial took for a query, on the average.
    pub own: f64,
    /// Seconds that the reference took for the same, in turns with it.
    pub reference: f64,
}

impl Round {
    /// The logarithm of how much longer than the reference it took.
    pub fn log_ratio(self) -> f64 {
        (self.own / self.reference).ln()
    }
}

/// The logarithm of how much longer than the reference a trial takes: the mean of the middle half of the rounds, so that
/// those in which something disturbed one of the two alone do not count; NaN of nothing.
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

/// The change of the logarithm of the reference's own time, now less before.
pub fn pace(before: &[Round], now: &[Round]) -> f64 {
    let typical = |rounds: &[Round]| middle_half(rounds.iter().map(|round| round.reference.ln()).collect());
    typical(now) - typical(before)
}

/// How far the logarithm of a ratio may change with the machine alone, where the reference's own has changed by `pace`: not
/// at all within a fifth, which a tolerance has to cover, and half of what is beyond.
pub fn by_machine(pace: f64) -> f64 {
    0.5 * (pace.abs() - 0.2).max(0.0)
}

/// The change of the [logarithm](log_ratio), now less before, with its two-sided interval at `level`; `None` where either
/// has no rounds.
///
/// Percentile bootstrap over rounds (Efron & Tibshirani 1993), each deviation widened by `sqrt(n / (n - 1))`, without which
/// the interval of few rounds is too narrow (Hesterberg 2015).
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
    fn what_is_the_same_has_not_changed() {
        let same = rounds(1.5, |_| 1.0, 5);
        let found = change(&same, &same[..3], 0.95, 1).expect("rounds");
        assert_eq!((found.mean, found.lo, found.hi), (0.0, 0.0, 0.0));
        assert_eq!(change(&[], &same, 0.95, 1), None);
        assert_eq!(change(&same, &[], 0.95, 1), None);
        assert!((log_ratio(&same) - 1.5_f64.ln()).abs() < 1e-12);
    }

    /// Two rounds of three may be disturbed, however much.
    #[test]
    fn what_is_disturbed_does_not_count() {
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
    fn what_has_not_changed_is_seldom_called_changed() {
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
