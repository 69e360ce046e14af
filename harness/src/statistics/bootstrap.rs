//! Bootstrap intervals of means over queries.
//!
//! Bias-corrected and accelerated (BCa; Efron 1987), 10,000 resamples of the queries, seeded, and the same resamples for
//! every trial and metric.

use crate::summary::Estimate;
use nalgebra::DMatrix;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};
use swath_algorithms::random;

/// How many resamples.
pub const RESAMPLES: usize = 10_000;

/// Resamples that share a random stream: the unit of parallel work, which must not depend on the number of threads.
const BLOCK: usize = 100;

/// Columns resampled together: bounds the memory to 10,000 x 512 means (40 MiB).
const COLUMNS: usize = 512;

/// Mean and 95 % interval of each column; NaN stands for a query without a value, and `None` results where no query has
/// one. Columns are of equal length. A constant column's interval is that constant.
pub fn estimates(columns: &[Vec<f64>], seed: u64) -> Vec<Option<Estimate>> {
    columns.chunks(COLUMNS).flat_map(|columns| estimate_some(columns, seed)).collect()
}

fn estimate_some(columns: &[Vec<f64>], seed: u64) -> Vec<Option<Estimate>> {
    let queries = columns.first().map_or(0, Vec::len);
    if queries == 0 {
        return vec![None; columns.len()];
    }
    let resampled = resample(columns, queries, seed);
    let estimate = |(i, column): (usize, &Vec<f64>)| {
        let values: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
        let mut means: Vec<f64> = resampled.iter().map(|row| row[i]).filter(|mean| !mean.is_nan()).collect();
        (!values.is_empty()).then(|| bca(&values, &mut means))
    };
    columns.par_iter().enumerate().map(estimate).collect()
}

/// The means of all columns, at least one and of equal length, in each of the resamples that intervals come from.
pub fn resampled_means(columns: &[Vec<f64>], seed: u64) -> Vec<Vec<f64>> {
    match columns.first().map_or(0, Vec::len) {
        0 => Vec::new(),
        queries => resample(columns, queries, seed),
    }
}

/// The means of all columns in each resample; NaN where a resample met no value.
fn resample(columns: &[Vec<f64>], queries: usize, seed: u64) -> Vec<Vec<f64>> {
    // A row for each query, of values and, for columns with gaps, of counts. How often a resample has each query, times
    // these, are its sums: one matrix product for a block of resamples.
    let gaps: Vec<usize> = (0..columns.len()).filter(|&c| columns[c].iter().any(|v| v.is_nan())).collect();
    let width = columns.len() + gaps.len();
    let rows = DMatrix::from_fn(queries, width, |q, c| match columns.get(c) {
        Some(column) if column[q].is_nan() => 0.0,
        Some(column) => column[q],
        None => f64::from(u8::from(!columns[gaps[c - columns.len()]][q].is_nan())),
    });
    let block = |block: usize| {
        let mut rng = random::stream(seed, "bootstrap", block as u64);
        let mut times = DMatrix::<f64>::zeros(BLOCK, queries);
        for resample in 0..BLOCK {
            for _ in 0..queries {
                times[(resample, random::below(&mut rng, queries))] += 1.0;
            }
        }
        let sums = times * &rows;
        let means = |resample: usize| {
            let mut counts = vec![queries as f64; columns.len()];
            gaps.iter().enumerate().for_each(|(g, &c)| counts[c] = sums[(resample, columns.len() + g)]);
            counts.iter().enumerate().map(|(c, count)| sums[(resample, c)] / count).collect::<Vec<f64>>()
        };
        (0..BLOCK).map(means).collect::<Vec<_>>()
    };
    (0..RESAMPLES / BLOCK).into_par_iter().flat_map_iter(block).collect()
}

/// The sum, compensated for rounding (Neumaier): a mean of tenths comes out as it would on paper.
fn sum(values: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for &value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// The mean, its sum compensated; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// The BCa interval at 95 % of the mean of `values`, from the means of resamples.
fn bca(values: &[f64], means: &mut [f64]) -> Estimate {
    let mean = mean(values);
    let constant = values.iter().all(|&value| value == values[0]);
    if constant || means.is_empty() {
        return Estimate { mean: values[0], lo: values[0], hi: values[0] };
    }
    let normal = Normal::standard();
    let below = means.iter().filter(|&&m| m < mean).count() + means.iter().filter(|&&m| m <= mean).count();
    let bias = normal.inverse_cdf(below as f64 / (2.0 * means.len() as f64));
    let moment = |power| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>();
    let acceleration = moment(3) / (6.0 * moment(2).powf(1.5));
    let mut end = |level: f64| {
        let z = bias + normal.inverse_cdf(level);
        quantile_of(means, normal.cdf(bias + z / (1.0 - acceleration * z)))
    };
    Estimate { mean, lo: end(0.025), hi: end(0.975) }
}

/// The quantile of ascending values, interpolated linearly between the two around it.
pub fn quantile(ascending: &[f64], level: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let at = level.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (ascending[at.floor() as usize], ascending[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// The [`quantile`] of values in any order, which it changes: two of them take less time than sorting all.
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

    #[test]
    fn a_constant_is_certain_and_nothing_is_none() {
        let found =
            estimates(&[vec![0.3; 7], vec![f64::NAN; 7], vec![f64::NAN, 2.0, f64::NAN, f64::NAN, 2.0, 2.0, 2.0]], 1);
        assert_eq!(found[0], Some(Estimate { mean: 0.3, lo: 0.3, hi: 0.3 }));
        assert_eq!(found[1], None);
        assert_eq!(found[2], Some(Estimate { mean: 2.0, lo: 2.0, hi: 2.0 }));
        assert_eq!(estimates(&[], 1), []);
    }

    /// SciPy 1.17.1, `bootstrap((values,), np.mean, n_resamples=1_000_000, method='BCa')`, gives the mean 0.24750625 and
    /// the interval 0.21067 to 0.28877; with its default of 10,000 resamples the ends vary by about 0.001 with the seed.
    #[test]
    fn the_interval_is_that_of_scipy() {
        for seed in 0..3 {
            let found = estimates(&[skewed(200)], seed)[0].expect("values");
            assert!((found.mean - 0.247_506_25).abs() < 1e-12, "{found:?}");
            assert!((found.lo - 0.21067).abs() < 0.002, "{found:?}");
            assert!((found.hi - 0.28877).abs() < 0.002, "{found:?}");
        }
    }

    #[test]
    fn resamples_are_shared_and_do_not_depend_on_threads_or_neighbours() {
        let (a, b) = (skewed(50), (0..50).map(f64::from).collect::<Vec<_>>());
        let alone = estimates(std::slice::from_ref(&a), 9)[0];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| estimates(&[a.clone(), b.clone(), a.clone()], 9))
        };
        let (one, three) = (run(1), run(3));
        assert_eq!(one, three);
        assert_eq!((one[0], one[2]), (alone, alone));
        assert_ne!(estimates(&[a], 10)[0], alone);
    }

    /// A query without a value is left out of the mean, not counted as nothing.
    #[test]
    fn gaps_leave_the_mean_of_the_rest() {
        let values: Vec<f64> = (0..60).map(|i| if i % 3 == 0 { f64::NAN } else { f64::from(i) }).collect();
        let found = estimates(std::slice::from_ref(&values), 1)[0].expect("values");
        let rest: Vec<f64> = values.into_iter().filter(|v| !v.is_nan()).collect();
        assert!((found.mean - rest.iter().sum::<f64>() / 40.0).abs() < 1e-12);
        assert!(found.lo > 20.0 && found.hi < 40.0 && found.lo < found.mean && found.mean < found.hi);
    }

    #[test]
    fn a_mean_of_tenths_is_what_it_is_on_paper() {
        let tenths: Vec<f64> = (0..1000).map(|i| if i < 53 { 1.0 } else { 0.9 }).collect();
        assert!((sum(&tenths) / 1000.0 - 0.9053).abs() < 2e-16);
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
