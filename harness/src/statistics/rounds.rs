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
//! It need not lengthen both alike. Where others crowd the caches, what jumps about in memory suffers more than what streams
//! through it: as the reference takes twice as long, a walk over a graph takes 2.5 times as long. How much more, the rounds
//! tell themselves, as the machine varies while they are timed ([`excess`]); the ratios are then compared as they would be
//! at the baseline's pace of the reference, an analysis of covariance (Fisher 1932).

use super::bootstrap::{RESAMPLES, quantile};
use crate::run::Round;
use crate::summary::Estimate;
use swath_algorithms::random;

/// The logarithm of how much longer than the reference a trial takes: the mean of the middle half of the rounds, so that
/// those in which something disturbed one of the two alone do not count; NaN of nothing.
pub fn log_ratio(rounds: &[Round]) -> f64 {
    middle_half(&mut rounds.iter().map(|round| round.log_ratio()).collect::<Vec<f64>>())
}

/// The mean of the middle half.
fn middle_half(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let cut = values.len() / 4;
    let middle = &values[cut..values.len() - cut];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// By how much more than the reference, as a share, a trial's time lengthens when the machine slows: the slope of a round's
/// logarithm of the ratio against the machine's pace, within each side, turned into one against the reference's own.
///
/// The pace is the mean of the two logarithms, not the reference's alone, so that what disturbs one time of a round alone
/// shows no slope, the one time or the other (Bland & Altman 1986). Each side is taken about its own mean, so that a change
/// between the sides is none either. Where the machine hardly varied, nothing is known of the slope, and little is assumed:
/// it is shrunk towards none as one drawn with a standard deviation of [`USUAL_EXCESS`] (ridge regression).
fn excess(sides: [&[Round]; 2]) -> f64 {
    let (mut paces, mut both, mut ratios, mut n) = (0.0, 0.0, 0.0, 0.0);
    for rounds in sides {
        let count = rounds.len() as f64;
        let ratio = rounds.iter().map(|round| round.log_ratio()).sum::<f64>() / count;
        let pace = rounds.iter().map(|round| round.log_pace()).sum::<f64>() / count;
        for round in rounds {
            let (x, y) = (round.log_pace() - pace, round.log_ratio() - ratio);
            paces += x * x;
            both += x * y;
            ratios += y * y;
        }
        n += count - 1.0;
    }
    if paces == 0.0 {
        return 0.0;
    }
    let rest = (ratios - both * both / paces).max(0.0) / (n - 1.0).max(1.0);
    let slope = (both / (paces + rest / USUAL_EXCESS.powi(2))).clamp(-1.0, 1.0);
    // own = (1 + e) reference and pace = (own + reference) / 2 make own - reference = e / (1 + e / 2) pace.
    slope / (1.0 - slope / 2.0)
}

/// How far the slopes of trials lie from none before anything is known of them.
const USUAL_EXCESS: f64 = 0.3;

/// The change of the logarithm of the ratio, now less before, at the pace that the reference had before.
fn difference(before: &[Round], now: &[Round]) -> f64 {
    let excess = excess([before, now]);
    let middle = |rounds: &[Round], of: &dyn Fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        middle_half(&mut values)
    };
    let at = |round: &Round| round.log_ratio() - excess * round.reference.ln();
    middle(now, &at) - middle(before, &at)
}

/// The [difference], with its two-sided interval at `level`; `None` where either has no rounds.
///
/// Percentile bootstrap over rounds (Efron & Tibshirani 1993), each deviation widened by `sqrt(n / (n - 1))`, n being that
/// of the side with fewer, without which the interval of few rounds is too narrow (Hesterberg 2015).
pub fn change(before: &[Round], now: &[Round], level: f64, seed: u64) -> Option<Estimate> {
    if before.is_empty() || now.is_empty() {
        return None;
    }
    let found = difference(before, now);
    let n = before.len().min(now.len());
    let widen = if n > 1 { (n as f64 / (n - 1) as f64).sqrt() } else { 1.0 };
    let mut rng = random::stream(seed, "rounds", 0);
    let mut draw = |rounds: &[Round], drawn: &mut Vec<Round>| {
        drawn.clear();
        drawn.extend((0..rounds.len()).map(|_| rounds[random::below(&mut rng, rounds.len())]));
    };
    let (mut was, mut is) = (Vec::new(), Vec::new());
    let mut deviations: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            draw(before, &mut was);
            draw(now, &mut is);
            (difference(&was, &is) - found) * widen
        })
        .collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let end = |level: f64| found + quantile(&deviations, level);
    let tail = (1.0 - level) / 2.0;
    Some(Estimate { mean: found, lo: end(tail), hi: end(1.0 - tail) })
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

    /// A trial that suffers more than the reference has not changed where the machine is another, and a change is seen
    /// there as elsewhere; where the machine was steady, the ratios are taken as they are.
    #[test]
    fn what_suffers_more_has_not_changed() {
        let at = |slowed: f64, noise: f64, by: f64| Round {
            own: by * slowed.powf(1.4) * (1.0 + 0.02 * noise.sin()),
            reference: slowed * (1.0 + 0.02 * (noise * 1.7).cos()),
        };
        let crowded: Vec<Round> = (0..32).map(|i| at(1.5 + 0.1 * f64::from(i % 7), f64::from(i), 9.0)).collect();
        let quiet = |by: f64| -> Vec<Round> { (0..8).map(|i| at(1.0, f64::from(i), 9.0 * by)).collect() };
        let found = change(&crowded, &quiet(1.0), 0.97, 1).expect("rounds");
        assert!(found.mean.abs() < 0.05 && log_ratio(&quiet(1.0)) - log_ratio(&crowded) < -0.2, "{found:?}");
        let found = change(&crowded, &quiet(1.3), 0.97, 1).expect("rounds");
        assert!((found.mean - 1.3_f64.ln()).abs() < 0.05 && found.lo > 0.0, "{found:?}");
        assert!((excess([&crowded, &quiet(1.0)]) - 0.4).abs() < 0.1);
        let steady = [quiet(1.0), quiet(1.1)];
        assert!(excess([&steady[0], &steady[1]]).abs() < 0.15);
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
