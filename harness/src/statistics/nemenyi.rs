//! Nemenyi's test: which of several retrievers differ in their mean ranks over datasets (Nemenyi 1963; Demsar 2006).
//!
//! Two differ if their mean ranks are farther apart than a critical difference. It comes from the studentized range of as many
//! normal values as there are retrievers, so that all pairs are corrected at once.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Steps of the numerical integral, an even number.
const STEPS: usize = 2000;

/// p of the difference of two mean ranks, among those of `count` retrievers over `datasets`.
pub fn p_value(difference: f64, count: usize, datasets: usize) -> f64 {
    1.0 - range_below(difference.abs() / unit(count, datasets), count)
}

/// The difference of mean ranks that has a p of `level`.
pub fn critical_difference(level: f64, count: usize, datasets: usize) -> f64 {
    // The range of so few normal values is never so wide.
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if 1.0 - range_below(middle, count) > level { low = middle } else { high = middle }
    }
    high * unit(count, datasets)
}

/// The standard error of a mean rank, as it stands in the studentized range.
fn unit(count: usize, datasets: usize) -> f64 {
    let (k, n) = (count as f64, datasets as f64);
    (k * (k + 1.0) / (12.0 * n)).sqrt()
}

/// The probability that `count` standard normal values lie within a range of `width`: the integral over the least of them.
fn range_below(width: f64, count: usize) -> f64 {
    if width <= 0.0 || count < 2 {
        return 0.0;
    }
    let normal = Normal::standard();
    let others = (count - 1) as i32;
    let value = |least: f64| normal.pdf(least) * (normal.cdf(least + width) - normal.cdf(least)).powi(others);
    // Beyond 9 a density of 1e-18 is left.
    let (from, to) = (-9.0, 9.0);
    let step = (to - from) / STEPS as f64;
    // Simpson's rule.
    let weight = |i: usize| if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
    let sum: f64 = (0..=STEPS).map(|i| weight(i) * value(from + step * i as f64)).sum();
    (count as f64 * sum * step / 3.0).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 5 of Demsar 2006, whose last digit is not always rounded: the critical values at 0.05, in units of
    /// sqrt(k (k + 1) / (6 n)).
    #[test]
    fn critical_values_are_the_published_ones() {
        let published = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164];
        for (count, published) in (2..).zip(published) {
            let k = count as f64;
            let found = critical_difference(0.05, count, 10) / (k * (k + 1.0) / 60.0).sqrt();
            assert!((found - published).abs() < 1e-3, "{count}: {found}, published {published}");
        }
    }

    #[test]
    fn p_falls_with_the_difference_and_meets_the_critical_one() {
        let critical = critical_difference(0.05, 6, 8);
        assert!((p_value(critical, 6, 8) - 0.05).abs() < 1e-9);
        assert_eq!(p_value(0.0, 6, 8), 1.0);
        assert!(p_value(1.1 * critical, 6, 8) < 0.05 && p_value(-0.9 * critical, 6, 8) > 0.05);
        // Two values: the difference of two normal values has twice the variance of one.
        let p = 2.0 * Normal::standard().sf(1.3);
        assert!((p_value(1.3 * (2.0 * 3.0 / (6.0 * 7.0_f64)).sqrt(), 2, 7) - p).abs() < 1e-9);
    }
}
