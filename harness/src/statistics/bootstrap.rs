//! Bootstrap intervals of means over queries.
//!
//! Bias-corrected and accelerated (BCa; Efron 1987), with 10,000 seeded resamples of the queries, the same for every trial and
//! metric.
//!
//! If values are counts, the means of many resamples equal the mean. Half of these count as below it, and means that differ by
//! rounding are equal: 27 successes of 30 have the interval [0.733, 0.967] for any value of a success.

use super::Column;
use crate::statistics::Estimate;
use nalgebra::DMatrix;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};
use swath_algorithms::random;

/// The number of resamples.
pub const RESAMPLES: usize = 10_000;

/// Resamples that share a random stream: the unit of parallel work, which must not depend on the number of threads.
const BLOCK: usize = 100;

/// Columns that are resampled together, which bounds memory to 10,000 x 512 means (40 MiB).
const COLUMNS: usize = 512;

/// The mean and 95 % interval of each column; `None` if no query has a value. Columns have equal lengths. A column that is
/// constant up to rounding has an interval of width 0.
pub fn estimates(columns: &[Column<'_>], seed: u64) -> Vec<Option<Estimate>> {
    columns.chunks(COLUMNS).flat_map(|columns| estimate_some(columns, seed)).collect()
}

fn estimate_some(columns: &[Column<'_>], seed: u64) -> Vec<Option<Estimate>> {
    let resampled = resampled_means(columns, seed);
    let estimate = |(i, column): (usize, &Column<'_>)| {
        let mut means: Vec<f64> = resampled.iter().map(|row| row[i]).filter(|mean| !mean.is_nan()).collect();
        column.present().next().map(|_| interval(*column, &mut means))
    };
    columns.par_iter().enumerate().map(estimate).collect()
}

/// The means of all columns, of equal length, in each resample that intervals come from; NaN if a resample has no value.
pub fn resampled_means(columns: &[Column<'_>], seed: u64) -> Vec<Vec<f64>> {
    resampled_in(0, columns, seed)
}

/// The same for one of several strata, which are resampled independently of each other.
fn resampled_in(stratum: usize, columns: &[Column<'_>], seed: u64) -> Vec<Vec<f64>> {
    match columns.first().map_or(0, |column| column.values.len()) {
        0 => Vec::new(),
        queries => resample(stratum, columns, queries, seed),
    }
}

/// The mean over strata of each item's mean in them, with its 95 % interval. Each stratum has a column for each item, all of equal
/// length, or `None` where it does not have the item; all strata that have it count the same. `None` for an item that no
/// stratum has a value of.
///
/// The strata themselves are fixed, and their queries are resampled: the interval says nothing of other strata. It is BCa, with
/// the acceleration of a statistic of several samples (Efron & Tibshirani 1993, eq. 14.36).
pub fn means_over_strata(strata: &[Vec<Option<Column<'_>>>], seed: u64) -> Vec<Option<Estimate>> {
    let items = strata.iter().map(Vec::len).max().unwrap_or(0);
    let some = |from: usize| {
        let to = items.min(from + COLUMNS);
        let some: Vec<Vec<Option<Column<'_>>>> = strata
            .iter()
            .map(|stratum| (from..to).map(|item| stratum.get(item).copied().flatten()).collect())
            .collect();
        means_of_some(&some, to - from, seed)
    };
    (0..items).step_by(COLUMNS).flat_map(some).collect()
}

/// The same for as many items as are resampled together.
fn means_of_some(strata: &[Vec<Option<Column<'_>>>], items: usize, seed: u64) -> Vec<Option<Estimate>> {
    let has = |column: &Column<'_>| column.present().next().is_some();
    let columns = |item: usize| strata.iter().filter_map(move |stratum| stratum[item]).filter(has);
    let shares: Vec<f64> = (0..items).map(|item| 1.0 / columns(item).count() as f64).collect();
    let mut totals = vec![vec![0.0; items]; RESAMPLES];
    for (number, stratum) in strata.iter().enumerate() {
        let own: Vec<(usize, Column<'_>)> =
            (0..items).filter_map(|item| Some((item, stratum[item].filter(has)?))).collect();
        let resampled = resampled_in(number, &own.iter().map(|(_, column)| *column).collect::<Vec<_>>(), seed);
        for (totals, means) in totals.iter_mut().zip(resampled) {
            own.iter().zip(means).for_each(|(&(item, _), mean)| totals[item] += mean * shares[item]);
        }
    }
    let estimate = |item: usize| {
        let columns: Vec<Column<'_>> = columns(item).collect();
        let mut means: Vec<f64> = totals.iter().map(|totals| totals[item]).filter(|mean| !mean.is_nan()).collect();
        (!columns.is_empty()).then(|| interval_over_strata(&columns, &mut means))
    };
    (0..items).into_par_iter().map(estimate).collect()
}

fn resample(stratum: usize, columns: &[Column<'_>], queries: usize, seed: u64) -> Vec<Vec<f64>> {
    // A row for each query, of values and, for columns with gaps, of counts. The matrix of how often each resample has each
    // query, times these rows, gives the sums of a block of resamples. Values are centred at their mean, so that these sums
    // round no more than the mean's own sum.
    let means: Vec<f64> = columns.iter().map(Column::mean).collect();
    let gaps: Vec<usize> = (0..columns.len()).filter(|&c| columns[c].values.iter().any(|v| v.is_nan())).collect();
    let width = columns.len() + gaps.len();
    let rows = DMatrix::from_fn(queries, width, |q, c| match columns.get(c) {
        Some(column) if column.values[q].is_nan() => 0.0,
        Some(column) => column.values[q] - means[c],
        None => f64::from(u8::from(!columns[gaps[c - columns.len()]].values[q].is_nan())),
    });
    let block = |block: usize| {
        let mut rng = random::stream(seed, "bootstrap", (stratum * (RESAMPLES / BLOCK) + block) as u64);
        let mut times = DMatrix::<f64>::zeros(BLOCK, queries);
        for resample in 0..BLOCK {
            for _ in 0..queries {
                times[(resample, random::below(&mut rng, queries))] += 1.0;
            }
        }
        let sums = times * &rows;
        let of = |resample: usize| {
            let mut counts = vec![queries as f64; columns.len()];
            gaps.iter().enumerate().for_each(|(g, &c)| counts[c] = sums[(resample, columns.len() + g)]);
            counts.iter().zip(&means).enumerate().map(|(c, (count, mean))| mean + sums[(resample, c)] / count).collect()
        };
        (0..BLOCK).map(of).collect::<Vec<Vec<f64>>>()
    };
    (0..RESAMPLES / BLOCK).into_par_iter().flat_map_iter(block).collect()
}

/// The sum, compensated for rounding (Neumaier), so that a mean of tenths is as exact as by hand.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// The mean, with a compensated sum; NaN if there are no values.
pub fn mean(values: &[f64]) -> f64 {
    mean_of(values.iter().copied())
}

/// The same for an iterator.
pub(super) fn mean_of(values: impl Iterator<Item = f64> + Clone) -> f64 {
    sum(values.clone()) / values.count() as f64
}

/// The 95 % BCa interval of the mean of a column that has a value, from the means of resamples, which are reordered.
///
/// `z0` is the normal quantile of the share of resampled means below the mean, those equal to it counted half (Efron &
/// Tibshirani 1993, eq. 14.14, with mid-ranks for ties as SciPy has them); the acceleration is that of the jackknife.
pub fn interval(column: Column<'_>, means: &mut [f64]) -> Estimate {
    interval_over_strata(&[column], means)
}

/// The same for the mean over several columns of their means.
pub fn interval_over_strata(columns: &[Column<'_>], means: &mut [f64]) -> Estimate {
    let unit = columns.iter().map(|column| column.unit).fold(0.0, f64::max);
    // A value that differs from 0 only by rounding is 0, without a sign.
    let settled = |value: f64| if value.abs() < unit { 0.0 } else { value };
    let mean = mean_of(columns.iter().map(Column::mean));
    if columns.iter().all(Column::is_constant) || means.is_empty() {
        let mean = settled(mean);
        return Estimate { mean, lo: mean, hi: mean };
    }
    let normal = Normal::standard();
    let below = means.iter().filter(|&&m| m - mean <= -unit).count();
    let above = means.iter().filter(|&&m| m - mean >= unit).count();
    let ties = means.len() - below - above;
    let bias = normal.inverse_cdf((below as f64 + ties as f64 / 2.0) / means.len() as f64);
    // How far each value moves the mean.
    let influences: Vec<f64> = columns
        .iter()
        .flat_map(|column| {
            let (mean, count) = (column.mean(), column.present().count() as f64);
            column.present().map(move |value| (value - mean) / count)
        })
        .collect();
    // In units of the largest, so that powers neither vanish nor overflow.
    let largest = influences.iter().map(|influence| influence.abs()).fold(0.0, f64::max);
    let moment = |power| influences.iter().map(|influence| (influence / largest).powi(power)).sum::<f64>();
    let acceleration = moment(3) / (6.0 * moment(2).powf(1.5));
    let mut end = |level: f64| {
        let z = bias + normal.inverse_cdf(level);
        settled(quantile_of(means, normal.cdf(bias + z / (1.0 - acceleration * z))))
    };
    Estimate { mean: settled(mean), lo: end(0.025), hi: end(0.975) }
}

/// The quantile of ascending values, interpolated linearly between the two around it.
pub fn quantile(ascending: &[f64], level: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let at = level.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (ascending[at.floor() as usize], ascending[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// The [`quantile`] of unordered values, which are reordered: selecting two values is faster than sorting all.
fn quantile_of(values: &mut [f64], level: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let at = level.clamp(0.0, 1.0) * last as f64;
    let (_, below, rest) = values.select_nth_unstable_by(at.floor() as usize, f64::total_cmp);
    let below = *below;
    let next = rest.iter().copied().min_by(f64::total_cmp).filter(|_| at.fract() > 0.0);
    below + (next.unwrap_or(below) - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skewed(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 37 % n) as f64 / n as f64).powi(3)).collect()
    }

    fn estimate(values: &[f64], seed: u64) -> Option<Estimate> {
        estimates(&[Column::new(values)], seed)[0]
    }

    #[test]
    fn strata_count_the_same_whatever_their_sizes() {
        let (long, short) = (skewed(400), vec![0.9, 0.8, f64::NAN, 1.0]);
        let strata = [
            vec![Some(Column::new(&long)), Some(Column::new(&long)), None, Some(Column::new(&[0.5; 400]))],
            vec![Some(Column::new(&short)), None, None, Some(Column::new(&[0.25; 4]))],
        ];
        let found = means_over_strata(&strata, 3);
        let both = found[0].expect("values");
        assert!((both.mean - f64::midpoint(mean(&long), 0.9)).abs() < 1e-15);
        assert!(both.lo < both.mean && both.mean < both.hi);
        // One stratum alone is an ordinary column, and the first has the ordinary resamples.
        assert_eq!(found[1], estimate(&long, 3));
        assert_eq!(found[2], None);
        assert_eq!(found[3], Some(Estimate { mean: 0.375, lo: 0.375, hi: 0.375 }));
        assert_eq!(means_over_strata(&[], 3), []);
    }

    /// The same values twice: independent strata halve the variance of a mean.
    #[test]
    fn strata_are_resampled_independently() {
        let values: Vec<f64> = (0..500).map(|i| f64::from(i % 2)).collect();
        let column = Column::new(&values);
        let one = means_over_strata(&[vec![Some(column)]], 3)[0].expect("values");
        let two = means_over_strata(&[vec![Some(column)], vec![Some(column)]], 3)[0].expect("values");
        let ratio = (one.hi - one.lo) / (two.hi - two.lo);
        assert!((ratio - 2.0_f64.sqrt()).abs() < 0.1, "{ratio}");
    }

    #[test]
    fn a_constant_has_no_width_and_an_empty_column_no_estimate() {
        assert_eq!(estimate(&[0.3; 7], 1), Some(Estimate { mean: 0.3, lo: 0.3, hi: 0.3 }));
        assert_eq!(estimate(&[f64::NAN; 7], 1), None);
        let found = estimate(&[f64::NAN, 2.0, f64::NAN, f64::NAN, 2.0, 2.0, 2.0], 1);
        assert_eq!(found, Some(Estimate { mean: 2.0, lo: 2.0, hi: 2.0 }));
        assert_eq!(estimate(&[], 1), None);
        assert_eq!(estimates(&[], 1), []);
    }

    /// As `vendi(q=2)` of one result: 1, and 1 less a rounding.
    #[test]
    fn a_column_that_is_constant_up_to_rounding_has_no_width() {
        for (a, b) in [(1.0, 1.0 - f64::EPSILON / 2.0), (0.3, 0.1 + 0.2), (-7.1e5, -7.1e5 * (1.0 + f64::EPSILON))] {
            for which in 1..4 {
                let values: Vec<f64> = (0..40).map(|i| if i * which % 5 == 1 { b } else { a }).collect();
                let found = estimate(&values, 1).expect("values");
                assert!((found.mean - a).abs() <= (a - b).abs(), "{found:?}");
                assert_eq!((found.lo, found.hi), (found.mean, found.mean), "{a} {b}");
            }
        }
    }

    /// 0 has no sign, neither alone nor as a difference of tenths that is 0 but for rounding.
    #[test]
    fn zero_has_no_sign() {
        let of_tenths: Vec<f64> = (0..20).map(|i| [0.3 - (0.1 + 0.2), 0.0, 0.1, -0.1][i % 4]).collect();
        for values in [vec![-0.0; 20], of_tenths] {
            let found = estimate(&values, 3).expect("values");
            for value in [found.mean, found.lo, found.hi] {
                assert!(value == 0.0 && value.is_sign_positive() || value.abs() > 1e-3, "{found:?}");
            }
        }
    }

    /// Exact: each count of successes weighted by its binomial chance. An independent computation (SciPy's binomial in place
    /// of resamples) has [22/30, 29/30] for 27 of 30; and a coverage of 0.977 for 20 trials at 0.52, but 0.915 if all ties
    /// counted as below and 0.901 if as above.
    #[test]
    fn ties_count_half_for_any_value_of_a_success() {
        for worth in [1.0, 0.1, 1.0 / 3.0, 0.7, 1e-30, 3e20] {
            let trials = |successes: usize, n: usize| -> Vec<f64> {
                (0..n).map(|i| if i < successes { worth } else { 0.0 }).collect()
            };
            let found = estimate(&trials(27, 30), 1).expect("values");
            let shares = [found.mean, found.lo, found.hi].map(|value| (value / worth * 30.0 * 1e9).round() / 1e9);
            assert_eq!(shares, [27.0, 22.0, 29.0], "{worth}");
            let outcomes: Vec<Vec<f64>> = (0..=20).map(|successes| trials(successes, 20)).collect();
            let columns: Vec<Column<'_>> = outcomes.iter().map(|values| Column::new(values)).collect();
            let (mut coverage, mut chance) = (0.0, 0.48_f64.powi(20));
            for (successes, found) in estimates(&columns, 1).into_iter().enumerate() {
                let Estimate { lo, hi, .. } = found.expect("values");
                if lo <= 0.52 * worth && 0.52 * worth <= hi {
                    coverage += chance;
                }
                chance *= (20 - successes) as f64 / (successes + 1) as f64 * 0.52 / 0.48;
            }
            assert!((coverage - 0.9771).abs() < 1e-4, "{worth}: {coverage}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        /// For any values, the ends of an interval are finite, ordered, and scale with the values.
        #[test]
        fn intervals_are_finite_and_scale(
            values in proptest::collection::vec(
                proptest::prop_oneof![3 => -3..4, 1 => proptest::strategy::Just(i32::MAX)], 1..30),
            power in -300..300_i32,
        ) {
            let column = |worth: f64| -> Vec<f64> {
                let gap = |v: i32| if v == i32::MAX { f64::NAN } else { f64::from(v) * worth };
                values.iter().map(|&v| gap(v)).collect()
            };
            let worth = 2_f64.powi(power);
            let (one, scaled) = (estimate(&column(1.0), 1), estimate(&column(worth), 1));
            proptest::prop_assert_eq!(one.is_some(), values.iter().any(|&v| v != i32::MAX));
            if let (Some(one), Some(scaled)) = (one, scaled) {
                proptest::prop_assert!([one.mean, one.lo, one.hi].iter().all(|v| v.is_finite()) && one.lo <= one.hi);
                proptest::prop_assert_eq!(scaled, Estimate { mean: one.mean * worth, lo: one.lo * worth, hi: one.hi * worth });
            }
        }
    }

    /// SciPy 1.17.1, `bootstrap((values,), np.mean, n_resamples=1_000_000, method='BCa')`, gives the mean 0.24750625 and
    /// the interval 0.21067 to 0.28877; with its default of 10,000 resamples the ends vary by about 0.001 with the seed.
    #[test]
    fn the_interval_is_that_of_scipy() {
        for seed in 0..3 {
            let found = estimate(&skewed(200), seed).expect("values");
            assert!((found.mean - 0.247_506_25).abs() < 1e-12, "{found:?}");
            assert!((found.lo - 0.21067).abs() < 0.002, "{found:?}");
            assert!((found.hi - 0.28877).abs() < 0.002, "{found:?}");
        }
    }

    #[test]
    fn resamples_are_shared_and_do_not_depend_on_threads_or_neighbours() {
        let (a, b) = (skewed(50), (0..50).map(f64::from).collect::<Vec<_>>());
        let alone = estimate(&a, 9);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| estimates(&[&a, &b, &a].map(|values| Column::new(values)), 9))
        };
        let (one, three) = (run(1), run(3));
        assert_eq!(one, three);
        assert_eq!((one[0], one[2]), (alone, alone));
        assert_ne!(estimate(&a, 10), alone);
    }

    /// A query without a value is left out of the mean, not counted as nothing.
    #[test]
    fn gaps_leave_the_mean_of_the_rest() {
        let values: Vec<f64> = (0..60).map(|i| if i % 3 == 0 { f64::NAN } else { f64::from(i) }).collect();
        let found = estimate(&values, 1).expect("values");
        let rest: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
        assert!((found.mean - rest.iter().sum::<f64>() / 40.0).abs() < 1e-12);
        assert!(found.lo > 20.0 && found.hi < 40.0 && found.lo < found.mean && found.mean < found.hi);
    }

    #[test]
    fn a_mean_of_tenths_is_exact() {
        let tenths: Vec<f64> = (0..1000).map(|i| if i < 53 { 1.0 } else { 0.9 }).collect();
        assert!((mean(&tenths) - 0.9053).abs() < 2e-16);
        assert!((tenths.iter().sum::<f64>() / 1000.0 - 0.9053).abs() > 2e-16, "or the plain sum would do");
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), 4.0);
        assert!(quantile(&[], 0.5).is_nan() && quantile_of(&mut [], 0.5).is_nan());
        let ascending = [0.5, 1.0, 1.0, 2.0, 4.0, 8.0];
        for level in (0..=20).map(|i| f64::from(i) / 20.0) {
            let mut values = [4.0, 1.0, 8.0, 0.5, 2.0, 1.0];
            assert_eq!(quantile_of(&mut values, level), quantile(&ascending, level), "{level}");
        }
        assert!(quantile_of(&mut [1.0, 2.0], f64::NAN).is_nan());
    }
}
