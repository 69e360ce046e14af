//! Sign-flip permutation test of a paired mean difference, two-sided.
//!
//! If two retrievers are equally good, each query's difference has either sign with equal probability. p is the share of sign
//! patterns whose sum is at least as far from zero as the observed one (Fisher 1935). For drawn patterns 1 is added to both
//! counts, which keeps p above zero and the test valid (Phipson & Smyth 2010).

use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use swath_algorithms::random;

/// Up to this many pairs all sign patterns are enumerated.
pub const EXACT: usize = 12;

/// The smallest number of drawn patterns.
pub const RESAMPLES: usize = 10_000;

/// Drawn patterns for each comparison of a family, so that p can fall far below 0.05 after Holm's correction.
pub const PER_COMPARISON: usize = 200;

/// Patterns that share a random stream: the unit of drawing, which must not depend on the number of threads.
const BLOCK: usize = 1000;

/// Queries whose signs form one byte of a pattern. The 256 sums of such a group are tabulated.
const GROUP: usize = 8;

/// Columns that are summed together: a table of 256 x 8 sums fits in the L1 cache.
const LANES: usize = 8;

/// Groups whose tables are added at once, so that each sum is read and written once for all of them.
const TOGETHER: usize = 4;

/// Sums that differ by less than this share of the sum of absolute differences differ only by rounding.
const TOLERANCE: f64 = 1e-10;

/// The number of patterns drawn for families of up to `family` comparisons.
pub fn resamples(family: usize) -> usize {
    RESAMPLES.max(PER_COMPARISON * family).next_multiple_of(BLOCK)
}

/// The p-value of each column of differences, one value per query. NaN is a query without a value. p is NaN if no query has a
/// value, and 1 if all differences are zero. Columns have equal lengths and share their sign patterns: [`resamples`] of them,
/// with `p = (b + 1) / (B + 1)`, or all patterns for a column with up to [`EXACT`] values.
pub fn p_values(columns: &[impl AsRef<[f64]>], family: usize, seed: u64) -> Vec<f64> {
    let columns: Vec<&[f64]> = columns.iter().map(AsRef::as_ref).collect();
    let queries = columns.first().map_or(0, |column| column.len());
    let pairs = |column: &&[f64]| column.iter().filter(|value| !value.is_nan()).count();
    let is_drawn: Vec<bool> = columns.iter().map(|column| pairs(column) > EXACT).collect();
    let drawn: Vec<&[f64]> = columns.iter().zip(&is_drawn).filter(|(_, drawn)| **drawn).map(|(c, _)| *c).collect();
    let patterns = if drawn.is_empty() { Vec::new() } else { draw(queries, resamples(family), seed) };
    let counted: Vec<[f64; LANES]> = drawn.par_chunks(LANES).map(|some| sampled(some, &patterns)).collect();
    let mut counted = counted.as_flattened().iter();
    let p = |(column, drawn): (&&[f64], &bool)| {
        if *drawn { counted.next().copied().unwrap_or(f64::NAN) } else { exact(column) }
    };
    columns.iter().zip(&is_drawn).map(p).collect()
}

/// Sign patterns in blocks of [`BLOCK`]. A block has the bytes of all patterns for the first group of queries, then those for
/// the next group, and so on. A set bit is a plus.
fn draw(queries: usize, resamples: usize, seed: u64) -> Vec<Vec<u8>> {
    let block = |block: usize| {
        let mut bytes = vec![0; queries.div_ceil(GROUP) * BLOCK];
        random::stream(seed, "permutation", block as u64).fill_bytes(&mut bytes);
        bytes
    };
    (0..resamples / BLOCK).into_par_iter().map(block).collect()
}

/// The distance from zero at which a sum counts as at least as extreme as the observed one.
fn threshold(column: &[f64]) -> f64 {
    let present = column.iter().filter(|value| !value.is_nan());
    let (sum, size) = present.fold((0.0, 0.0), |(sum, size), value| (sum + value, size + value.abs()));
    f64::abs(sum) - TOLERANCE * size
}

/// p of up to [`LANES`] columns from drawn patterns, block by block: the sums of a block stay in cache while the tables of all
/// groups are added.
#[multiversion::multiversion(targets("x86_64+avx+avx2+avx512f+avx512vl", "x86_64+avx+avx2"))]
fn sampled(columns: &[&[f64]], patterns: &[Vec<u8>]) -> [f64; LANES] {
    let queries = columns.first().map_or(0, |column| column.len());
    let tables: Vec<_> = (0..queries.div_ceil(GROUP)).map(|group| tabulate(columns, group * GROUP)).collect();
    let thresholds: Vec<f64> = columns.iter().map(|column| threshold(column)).collect();
    let mut beyond = [0; LANES];
    let mut sums = vec![[0.0; LANES]; BLOCK];
    for block in patterns {
        sums.fill([0.0; LANES]);
        for (tables, patterns) in tables.chunks(TOGETHER).zip(block.chunks(TOGETHER * BLOCK)) {
            for (i, sums) in sums.iter_mut().enumerate() {
                let mut sum = *sums;
                for (group, table) in tables.iter().enumerate() {
                    let parts = &table[usize::from(patterns[group * BLOCK + i])];
                    sum.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
                }
                *sums = sum;
            }
        }
        for (lane, threshold) in thresholds.iter().enumerate() {
            beyond[lane] += sums.iter().filter(|sums| sums[lane].abs() >= *threshold).count();
        }
    }
    beyond.map(|beyond| (beyond + 1) as f64 / (patterns.len() * BLOCK + 1) as f64)
}

/// The sums over up to [`GROUP`] queries from `first` on, for each pattern of their signs.
fn tabulate(columns: &[&[f64]], first: usize) -> [[f64; LANES]; 1 << GROUP] {
    let mut table = [[0.0; LANES]; 1 << GROUP];
    for (lane, column) in columns.iter().enumerate() {
        for (bit, value) in column.iter().skip(first).take(GROUP).enumerate().filter(|(_, value)| !value.is_nan()) {
            for (pattern, sums) in table.iter_mut().enumerate() {
                sums[lane] += if pattern >> bit & 1 == 1 { *value } else { -value };
            }
        }
    }
    table
}

/// p of one column from all patterns.
fn exact(column: &[f64]) -> f64 {
    let mut sums = vec![0.0_f64];
    for value in column.iter().filter(|value| !value.is_nan()) {
        sums = sums.iter().flat_map(|sum| [sum + value, sum - value]).collect();
    }
    if sums.len() == 1 {
        return f64::NAN;
    }
    let threshold = threshold(column);
    sums.iter().filter(|sum| sum.abs() >= threshold).count() as f64 / sums.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tenths whose differences are equal only up to rounding.
    fn tenths(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7 % 11) as f64 / 10.0) - ((i * 5 % 9) as f64 / 10.0)).collect()
    }

    #[test]
    fn sums_that_differ_by_rounding_count_as_equal() {
        for n in 1..=EXACT {
            let column = tenths(n);
            let whole: Vec<i64> = column.iter().map(|value| (value * 10.0).round() as i64).collect();
            let observed = whole.iter().sum::<i64>().abs();
            let sum = |pattern: usize| -> i64 {
                whole.iter().enumerate().map(|(i, value)| if pattern >> i & 1 == 1 { *value } else { -value }).sum()
            };
            let beyond = (0..1 << n).filter(|&pattern| sum(pattern).abs() >= observed).count();
            assert_eq!(p_values(&[column], 1, 0), [beyond as f64 / f64::from(1 << n)], "{n} pairs");
        }
    }

    #[test]
    fn drawn_patterns_come_near_all_patterns() {
        for n in [5, 9, 12] {
            let column = tenths(n);
            let patterns = draw(n, 100_000, 3);
            let (drawn, all) = (sampled(&[&column], &patterns)[0], exact(&column));
            assert!((drawn - all).abs() < 5.0 * (all * (1.0 - all) / 1e5).sqrt() + 1e-5, "{n}: {drawn} and {all}");
        }
    }

    /// The tables of groups add up to what a pattern's signs say, query by query.
    #[test]
    fn sums_are_those_of_the_patterns() {
        let mut columns: Vec<Vec<f64>> = (0..11).map(|i| tenths(40 + i)[i..].to_vec()).collect();
        columns[3][5] = f64::NAN;
        let patterns = draw(40, resamples(1), 2);
        let naive = |column: &Vec<f64>| {
            let value = |q: usize| if column[q].is_nan() { 0.0 } else { column[q] };
            let observed = (0..40).map(value).sum::<f64>().abs() - 1e-9;
            let sum = |block: &[u8], i: usize| -> f64 {
                let sign = |q: usize| f64::from(block[q / 8 * BLOCK + i] >> (q % 8) & 1) * 2.0 - 1.0;
                (0..40).map(|q| sign(q) * value(q)).sum()
            };
            let all = patterns.iter().flat_map(|block| (0..BLOCK).map(move |i| sum(block, i)));
            (1 + all.filter(|sum| sum.abs() >= observed).count()) as f64 / 10_001.0
        };
        assert_eq!(p_values(&columns, 1, 2), columns.iter().map(naive).collect::<Vec<_>>());
    }

    #[test]
    fn no_difference_is_certain_and_no_value_is_none() {
        let p = p_values(&[vec![0.0; 40], vec![f64::NAN; 40], vec![0.5; 40]], 1, 1);
        assert_eq!((p[0], p[2]), (1.0, 1.0 / 10_001.0));
        assert!(p[1].is_nan());
        assert_eq!(p_values(&[vec![0.0; 3]], 1, 1), [1.0]);
        assert_eq!(p_values(&[[0.0; 0]; 0], 1, 1), [0.0; 0]);
    }

    #[test]
    fn a_query_without_a_value_does_not_count() {
        let mut column = tenths(12);
        let p = p_values(&[column.clone()], 1, 1);
        column.extend([f64::NAN; 30]);
        assert_eq!(p_values(&[column], 1, 1), p);
    }

    #[test]
    fn patterns_are_shared_and_do_not_depend_on_threads_or_neighbours() {
        let columns: Vec<Vec<f64>> = (0..20).map(|i| tenths(61 + i)[i..].to_vec()).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| p_values(&columns, 60, 9))
        };
        let (one, three) = (run(1), run(3));
        assert_eq!(one, three);
        assert_eq!(one[13], p_values(&columns[13..14], 60, 9)[0]);
        assert_ne!(one, p_values(&columns, 60, 10));
    }

    #[test]
    fn large_families_draw_more() {
        assert_eq!([1, 50, 51, 1000].map(resamples), [10_000, 10_000, 11_000, 200_000]);
    }
}
