//! The power of a comparison: a difference that is not significant need not be 0.

use super::effect::moments;
use super::{Column, LEVEL};
use statrs::distribution::{ContinuousCDF, Normal};

/// The probability of detecting the smallest detectable difference.
pub const POWER: f64 = 0.8;

/// The smallest mean difference that a two-sided test of these pairs at [`LEVEL`] detects with probability [`POWER`], by the
/// normal approximation from the standard deviation of the differences (Cohen 1988). `None` for fewer than two differences, or
/// if all are equal.
pub fn smallest_detectable(differences: Column<'_>) -> Option<f64> {
    let (n, _, deviation) = moments(differences);
    let normal = Normal::standard();
    let quantiles = normal.inverse_cdf(1.0 - LEVEL / 2.0) + normal.inverse_cdf(POWER);
    (n >= 2 && !differences.is_constant()).then(|| quantiles * deviation / (n as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed() {
        // The standard deviation is 1: (1.959964 + 0.841621) / sqrt(3).
        let found = smallest_detectable(Column::new(&[1.0, 2.0, 3.0, f64::NAN])).expect("a spread");
        assert!((found - 1.617_496).abs() < 1e-6);
        assert_eq!([&[1.0][..], &[0.0; 5], &[0.1; 7]].map(|d| smallest_detectable(Column::new(d))), [None; 3]);
    }
}
