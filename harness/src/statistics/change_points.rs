//! Change points of a series with one value per commit: the commits where its level shifts and stays.
//!
//! Series without noise and with noise need different methods.
//!
//! **Without noise.** A quality metric of a seeded run is the same at every commit until the code changes what is returned: a
//! step function. No test is needed, and none would work: after 20 equal values, two other values that equal each other have a
//! permutation p of 2 / 231. A series counts as a step function if at most a quarter of its neighbours differ (or two, if that is
//! more). It has a change where a value that occurs at least twice in a row is followed by another that occurs at least twice in
//! a row, or is the newest. A value that occurs once in between is a spike and no change. p is `None`: the change is certain,
//! given that equal values are not chance.
//!
//! **With noise** (timings). Hierarchical segmentation with a permutation test at each step, as E-divisive has it (Matteson &
//! James 2014, "A nonparametric approach for multiple change point analysis of multivariate data"), which MongoDB brought to
//! performance tests (Daly et al. 2020, "The use of change point detection to identify software performance regressions in a
//! continuous integration system"). Two parts differ:
//!
//! - The exponent of the energy distance is 2 instead of 1. Then it is the squared difference of means, which reacts to levels and
//!   not to spread; levels are what is reported. Values are first clipped at five standard deviations from the median, as the
//!   median absolute deviation estimates them (after Fearnhead & Rigaill 2019, "Changepoint detection in the presence of
//!   outliers"), so that one commit on a busy machine has the weight of one value. Ranks have that property, too, but they detect
//!   a slowdown after five commits only once in sixteen times, where clipped values detect it nearly always.
//! - E-divisive tries all ends of the second part. This tries the splits of seeded intervals (Kovács et al. 2023, "Seeded binary
//!   segmentation"): O(n) intervals with O(n log n) splits. A slowdown that is fixed eight commits later hardly shows in any split
//!   of the whole series, but it shows in an interval that ends before the fix.
//!
//! The test permutes the series and compares the largest statistic of each permutation with that of the true order. Its level
//! holds for any distribution, as long as commits without a change are exchangeable. Hunter (Fleming et al. 2023, "Hunter: using
//! change point detection to hunt for performance regressions") uses Student's test instead of permutations, which is faster and
//! more powerful with three commits. But its p is of one split, while the tested split is the largest of many, so that p is not a
//! rate of false alarms. With [`LEVEL`] 0.001, one series without a change in a thousand gives a false alarm. Autocorrelation, as
//! on a machine that is slow for a day, breaks the assumption: at 0.1, 0.3 and 0.5, about 0.4, 4 and 20 of a hundred series of 60
//! commits give a false alarm (AR(1), see the tests). A time relative to that of another trial of the same run has less of it.
//!
//! Few commits have little power. At least three commits after a change are needed to detect it, with 25 or more before; with 14
//! in all the change must be near the middle. In 60 commits, a step of four standard deviations is found within one commit of its
//! place in 99 % of series with five commits after it, and in 80 % with three.

use rayon::prelude::*;
use swath_algorithms::random;

/// The rate of false alarms for series without a change.
pub const LEVEL: f64 = 0.001;

/// Series with fewer values have no change points.
pub const LEAST: usize = 4;

/// Values are clipped at this many standard deviations from the median.
const CLIP: f64 = 5.0;

/// The standard deviation of normal values over their median absolute deviation.
const NORMAL: f64 = 1.4826;

/// The shortest level of a series with noise, in values.
const SEGMENT: usize = 3;

/// The test stops as not significant when this many drawn orders are as extreme as the true one. It uses `EXTREME / level` orders
/// including the true one, so that this number is the limit of significance.
const EXTREME: usize = 10;

/// Values that differ by less than this share of the largest differ only by rounding.
const ROUNDING: f64 = 1e-9;

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value of the new level.
    pub at: usize,
    /// Median of the level before.
    pub before: f64,
    /// Median of the new level.
    pub after: f64,
    /// p of the permutation test that found it; `None` in a series without noise.
    pub p: Option<f64>,
}

/// The change points of each series of finite values, in order. They depend only on the series, the level and the seed.
pub fn of_all(series: &[Vec<f64>], level: f64, seed: u64) -> Vec<Vec<ChangePoint>> {
    series.par_iter().map(|values| change_points(values, level, seed)).collect()
}

/// The change points of finite values, in order.
pub fn change_points(values: &[f64], level: f64, seed: u64) -> Vec<ChangePoint> {
    if values.len() < LEAST {
        return Vec::new();
    }
    let found = steps(values).unwrap_or_else(|| shifts(values, level, seed));
    let end = |i: usize| found.get(i).map_or(values.len(), |&(at, _)| at);
    let begin = |i: usize| if i == 0 { 0 } else { found[i - 1].0 };
    let change = |(i, &(at, p)): (usize, &(usize, Option<f64>))| ChangePoint {
        at,
        before: median(&values[begin(i)..at]),
        after: median(&values[at..end(i + 1)]),
        p,
    };
    found.iter().enumerate().map(change).collect()
}

fn median(values: &[f64]) -> f64 {
    swath_algorithms::kernel::median(&mut values.to_vec())
}

/// The changes of a series without noise; `None` for a series with noise.
fn steps(values: &[f64]) -> Option<Vec<(usize, Option<f64>)>> {
    let unit = ROUNDING * values.iter().fold(0.0, |most, value| value.abs().max(most));
    let equal = |a: f64, b: f64| (a - b).abs() <= unit;
    // First index and length of each run.
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, &value) in values.iter().enumerate() {
        match runs.last_mut() {
            Some((first, length)) if equal(values[*first], value) => *length += 1,
            _ => runs.push((i, 1)),
        }
    }
    if runs.len() - 1 > ((values.len() - 1) / 4).max(2) {
        return None;
    }
    let lasting = runs.iter().filter(|(first, length)| *length > 1 || first + 1 == values.len());
    let mut found = Vec::new();
    // The current level as the index of its first value, and where it was last seen.
    let mut held: Option<(usize, usize)> = None;
    for &(first, length) in lasting {
        if let Some((_, last)) = held.filter(|(level, _)| !equal(values[*level], values[first])) {
            // A spike in between is the first value that left the level.
            found.push((last + 1, None));
        }
        held = Some((first, first + length - 1));
    }
    Some(found)
}

/// The changes of a series with noise, each with its p-value.
fn shifts(values: &[f64], level: f64, seed: u64) -> Vec<(usize, Option<f64>)> {
    let mut found: Vec<(usize, Option<f64>)> = Vec::new();
    let mut parts = vec![(0, values.len())];
    while let Some((begin, end)) = parts.pop() {
        if let Some((at, p)) = shift(&values[begin..end], level, seed, begin as u64) {
            found.push((begin + at, Some(p)));
            parts.extend([(begin, begin + at), (begin + at, end)]);
        }
    }
    found.sort_unstable_by_key(|&(at, _)| at);
    // Each was found with other neighbours; between its final neighbours the best place may differ.
    for i in 0..found.len() {
        let begin = if i == 0 { 0 } else { found[i - 1].0 };
        let end = found.get(i + 1).map_or(values.len(), |&(at, _)| at);
        let sums = cumulated(&clipped(&values[begin..end]));
        if let Some((_, at)) = best_split(&sums, 0, end - begin) {
            found[i].0 = begin + at;
        }
    }
    found
}

/// The strongest change point and its p-value, if significant at this level.
fn shift(values: &[f64], level: f64, seed: u64, index: u64) -> Option<(usize, f64)> {
    let intervals = intervals(values.len());
    let mut scores = clipped(values);
    let (observed, at) = largest(&cumulated(&scores), &intervals)?;
    if observed <= 0.0 {
        return None;
    }
    let orders = (EXTREME as f64 / level).round() as usize;
    let mut rng = random::stream(seed, "change points", index << 32 | values.len() as u64);
    let mut beyond = 0;
    for _ in 1..orders {
        random::shuffle(&mut rng, &mut scores);
        let is_beyond =
            largest(&cumulated(&scores), &intervals).is_some_and(|(drawn, _)| drawn >= observed * (1.0 - ROUNDING));
        beyond += usize::from(is_beyond);
        if beyond >= EXTREME {
            return None;
        }
    }
    Some((at, (beyond + 1) as f64 / orders as f64))
}

/// Clipped distances from the median. If half of the values are equal, their spread is unknown and nothing is clipped.
fn clipped(values: &[f64]) -> Vec<f64> {
    let middle = median(values);
    let distances: Vec<f64> = values.iter().map(|value| value - middle).collect();
    let spread = median(&distances.iter().map(|distance| distance.abs()).collect::<Vec<_>>());
    let most = if spread > 0.0 { CLIP * NORMAL * spread } else { f64::INFINITY };
    distances.into_iter().map(|distance| distance.clamp(-most, most)).collect()
}

/// The sums of the first 0, 1, ... values.
fn cumulated(values: &[f64]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    sums.extend(values.iter().map(|value| {
        sum += value;
        sum
    }));
    sums
}

/// Begin and end of the seeded intervals of `n` values: the whole, then ever shorter intervals that overlap by half or more.
fn intervals(n: usize) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut share = 1.0_f64;
    while share * n as f64 >= (2 * SEGMENT) as f64 {
        let count = 2 * (1.0 / share - 1e-9).ceil() as usize - 1;
        let length = share * n as f64;
        let step = if count > 1 { (n as f64 - length) / (count - 1) as f64 } else { 0.0 };
        let ends = |i: usize| {
            let begin = step * i as f64;
            ((begin + 1e-9).floor() as usize, ((begin + length - 1e-9).ceil() as usize).min(n))
        };
        all.extend((0..count).map(ends));
        share *= std::f64::consts::FRAC_1_SQRT_2;
    }
    all
}

/// The largest statistic of any split of any interval, and where it is.
fn largest(sums: &[f64], intervals: &[(usize, usize)]) -> Option<(f64, usize)> {
    let splits = intervals.iter().filter_map(|&(begin, end)| best_split(sums, begin, end));
    splits.reduce(|best, other| if other.0 > best.0 { other } else { best })
}

/// The largest statistic of any split of an interval, and its place. The statistic is the squared difference of the means of both
/// parts over its expectation, up to a factor that is the same for the whole series.
fn best_split(sums: &[f64], begin: usize, end: usize) -> Option<(f64, usize)> {
    let total = sums[end] - sums[begin];
    let length = (end - begin) as f64;
    let statistic = |at: usize| {
        let left = (at - begin) as f64;
        let excess = sums[at] - sums[begin] - total * left / length;
        (excess * excess * length / (left * (length - left)), at)
    };
    let splits = (begin + SEGMENT..(end + 1).saturating_sub(SEGMENT)).map(statistic);
    splits.reduce(|best, other| if other.0 > best.0 { other } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use swath_algorithms::random::{normal, uniform};

    /// Student's t with 3 degrees of freedom.
    fn t3(rng: &mut ChaCha8Rng) -> f64 {
        let squares: f64 = (0..3).map(|_| normal(rng).powi(2)).sum();
        normal(rng) / (squares / 3.0).sqrt()
    }

    /// `count` series of `n` values.
    fn many(count: u64, n: usize, draw: impl Fn(&mut ChaCha8Rng, usize) -> f64) -> Vec<Vec<f64>> {
        let one = |i| {
            let mut rng = random::stream(5, "test series", i);
            (0..n).map(|at| draw(&mut rng, at)).collect()
        };
        (0..count).map(one).collect()
    }

    /// The number of series with a change point.
    fn alarms(series: &[Vec<f64>], level: f64) -> usize {
        // Each with orders of its own, or all would err together.
        let has = |(i, values): &(usize, &Vec<f64>)| !change_points(values, level, *i as u64).is_empty();
        series.par_iter().enumerate().filter(has).count()
    }

    fn places(values: &[f64]) -> Vec<usize> {
        change_points(values, LEVEL, 1).iter().map(|change| change.at).collect()
    }

    /// Of 2,000 series without a change 0.05 x 2,000 = 100 are expected to give an alarm, with a standard deviation of 9.7,
    /// and 0.001 x 2,000 = 2, with one of 1.4: whatever the distribution, with ties, too.
    #[test]
    fn false_alarms_come_at_the_nominal_rate() {
        let coin = |rng: &mut ChaCha8Rng, _| f64::from(u8::from(uniform(rng) < 0.5));
        let kinds: [(&str, Vec<Vec<f64>>); 4] = [
            ("normal", many(2000, 60, |rng, _| normal(rng))),
            ("t3", many(2000, 60, |rng, _| t3(rng))),
            ("normal, 25 values", many(2000, 25, |rng, _| normal(rng))),
            ("coin", many(2000, 60, coin)),
        ];
        for (kind, series) in kinds {
            let found = [0.05, LEVEL].map(|level| alarms(&series, level));
            println!("{kind}: {} of 2,000 at 0.05, {} at 0.001", found[0], found[1]);
            assert!((71..=129).contains(&found[0]) && found[1] <= 7, "{kind}: {found:?}");
        }
    }

    /// Autocorrelated neighbours are not exchangeable: the rates in the documentation of the module.
    #[test]
    fn false_alarms_are_more_frequent_with_autocorrelation() {
        let rate = |rho: f64| {
            let series = many(1000, 60, |rng, _| normal(rng)).into_iter().map(|noise| {
                let mut last = noise[0];
                let next = |value: &f64| {
                    last = rho * last + (1.0 - rho * rho).sqrt() * value;
                    last
                };
                noise[1..].iter().map(next).collect()
            });
            alarms(&series.collect::<Vec<_>>(), LEVEL)
        };
        let found = [0.1, 0.3, 0.5].map(rate);
        println!("AR(1) with 0.1, 0.3, 0.5: {found:?} of 1,000 at 0.001");
        let [little, some, much] = found;
        assert!((1..=12).contains(&little) && (25..=65).contains(&some) && (160..=245).contains(&much), "{found:?}");
    }

    /// How many of 100 series of that shape are found to have just that many changes, each within 1 of its place.
    fn found_at(level_of: impl Fn(usize) -> f64, n: usize, expected: &[usize], heavy: bool) -> usize {
        let draw = |rng: &mut ChaCha8Rng, at: usize| level_of(at) + if heavy { t3(rng) } else { normal(rng) };
        let right = |found: &Vec<ChangePoint>| {
            found.len() == expected.len() && found.iter().zip(expected).all(|(change, &at)| change.at.abs_diff(at) <= 1)
        };
        of_all(&many(100, n, draw), LEVEL, 1).iter().filter(|found| right(found)).count()
    }

    #[test]
    fn planted_shifts_are_found_where_they_are() {
        let step = |height: f64, from: usize| move |at: usize| if at >= from { height } else { 0.0 };
        let bump = |height: f64| move |at: usize| if (20..28).contains(&at) { height } else { 0.0 };
        let stairs = |at: usize| 4.0 * (at / 20) as f64;
        let found = [
            found_at(step(2.0, 30), 60, &[30], false),
            found_at(step(4.0, 30), 60, &[30], false),
            found_at(step(4.0, 30), 60, &[30], true),
            found_at(step(4.0, 55), 60, &[55], false),
            found_at(step(4.0, 57), 60, &[57], false),
            found_at(bump(4.0), 60, &[20, 28], false),
            found_at(stairs, 60, &[20, 40], false),
        ];
        println!("found within 1 of 100: {found:?}");
        let least = [75, 98, 80, 97, 72, 88, 90];
        assert!(found.iter().zip(least).all(|(&found, least)| found >= least), "{found:?}");
    }

    #[test]
    fn a_level_that_holds_has_no_change() {
        for n in [0, 1, 3, 4, 60] {
            assert_eq!(places(&vec![0.3; n]), [0; 0]);
        }
        let rounding: Vec<f64> = (0..60).map(|i| 0.3 * (1.0 + f64::from(i % 3) * f64::EPSILON)).collect();
        assert_eq!(places(&rounding), [0; 0]);
        assert_eq!(places(&[0.0; 20]), [0; 0]);
        // Too few to say anything of.
        assert_eq!(places(&[1.0, 1.0, 2.0]), [0; 0]);
        assert_eq!(places(&[1.0, 9.0, 2.0, 8.0, 3.0]), [0; 0]);
    }

    #[test]
    fn a_step_without_noise_is_found_at_once() {
        let of = |parts: &[(f64, usize)]| -> Vec<f64> {
            parts.iter().flat_map(|&(value, count)| std::iter::repeat_n(value, count)).collect()
        };
        assert_eq!(places(&of(&[(1.0, 20), (2.0, 20)])), [20]);
        assert_eq!(places(&of(&[(1.0, 2), (2.0, 2)])), [2]);
        assert_eq!(places(&of(&[(1.0, 20), (1.000_001, 1)])), [20], "the newest");
        assert_eq!(places(&of(&[(1.0, 20), (2.0, 1), (1.0, 20)])), [0; 0], "a spike");
        assert_eq!(places(&of(&[(2.0, 1), (1.0, 20)])), [0; 0], "a spike at the beginning");
        assert_eq!(places(&of(&[(1.0, 20), (2.0, 1), (3.0, 9)])), [20], "the first that left the level");
        assert_eq!(places(&of(&[(1.0, 9), (2.0, 5), (1.0, 9)])), [9, 14], "there and back");
        let found = change_points(&of(&[(1.0, 9), (2.0, 5), (4.0, 9)]), LEVEL, 1);
        let all: Vec<_> = found.iter().map(|c| (c.at, c.before, c.after, c.p)).collect();
        assert_eq!(all, [(9, 1.0, 2.0, None), (14, 2.0, 4.0, None)]);
    }

    /// A commit on a busy machine is no change, wherever it stands.
    #[test]
    fn an_outlier_amid_noise_is_no_change() {
        for at in 0..60 {
            let mut series = many(1, 60, |rng, _| normal(rng)).remove(0);
            series[at] = 1e6;
            assert_eq!(places(&series), [0; 0], "at {at}");
        }
    }

    #[test]
    fn the_same_series_has_the_same_changes() {
        let series = many(8, 60, |rng, at| normal(rng) + if at > 40 { 3.0 } else { 0.0 });
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| of_all(&series, LEVEL, 1))
        };
        assert_eq!(run(1), run(3));
        let p = run(1)[0][0].p.expect("noise");
        assert!((0.0001..=LEVEL).contains(&p), "{p}");
    }

    /// The statistic as it is defined, over each split of each interval: mean against mean.
    fn naive(scores: &[f64], intervals: &[(usize, usize)]) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mut most = f64::NEG_INFINITY;
        for &(begin, end) in intervals {
            for at in begin + SEGMENT..=end - SEGMENT {
                let (left, right) = (&scores[begin..at], &scores[at..end]);
                let difference = mean(left) - mean(right);
                let expected = 1.0 / left.len() as f64 + 1.0 / right.len() as f64;
                most = most.max(difference * difference / expected);
            }
        }
        most
    }

    proptest! {
        #[test]
        fn the_statistic_is_as_defined(values in proptest::collection::vec(-3_i8..3, 6..40)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let (scores, intervals) = (clipped(&values), intervals(values.len()));
            let (fast, _) = largest(&cumulated(&scores), &intervals).expect("a split");
            let naive = naive(&scores, &intervals);
            prop_assert!((fast - naive).abs() <= 1e-9 * naive.max(1.0), "{} and {}", fast, naive);
        }

        #[test]
        fn intervals_lie_inside_and_cover(n in 6_usize..300) {
            let all = intervals(n);
            prop_assert_eq!(all[0], (0, n));
            prop_assert!(all.iter().all(|&(begin, end)| begin + 2 * SEGMENT <= end && end <= n));
            prop_assert!(all.len() <= 2 * n, "{}", all.len());
        }
    }

    /// Against all 40,320 orders of eight values.
    #[test]
    fn p_is_the_share_of_orders() {
        let values = [0.1, 0.7, 0.4, 0.9, 1.1, 2.0, 2.5, 1.7];
        let (mut scores, intervals) = (clipped(&values), intervals(8));
        let observed = naive(&scores, &intervals);
        let (mut beyond, mut orders) = (0_u32, 0_u32);
        // Heap's algorithm.
        let (mut counts, mut i) = ([0; 8], 0);
        let mut see = |scores: &[f64]| {
            orders += 1;
            beyond += u32::from(naive(scores, &intervals) >= observed * (1.0 - ROUNDING));
        };
        see(&scores);
        while i < 8 {
            if counts[i] < i {
                scores.swap(if i % 2 == 0 { 0 } else { counts[i] }, i);
                see(&scores);
                counts[i] += 1;
                i = 0;
            } else {
                counts[i] = 0;
                i += 1;
            }
        }
        let exact = f64::from(beyond) / f64::from(orders);
        assert_eq!(orders, 40_320);
        // 0.5 needs but 20 orders, the true one among them; a mean over seeds tells the share of the other 19.
        let drawn = |seed| shift(&values, 0.5, seed, 0).map(|(_, p)| 20.0 * p - 1.0);
        let drawn = (0..2000).map(|seed| drawn(seed).expect("far from 0.5")).sum::<f64>() / (2000.0 * 19.0);
        let error = (exact * (1.0 - exact) / (2000.0 * 19.0)).sqrt();
        println!("exact {exact}, drawn {drawn}");
        assert!((drawn - exact).abs() < 4.0 * error, "exact {exact}, drawn {drawn}, error {error}");
    }
}
