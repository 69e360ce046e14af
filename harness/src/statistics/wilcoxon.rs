//! Wilcoxon's signed-rank test, two-sided, with zeros and ties as `scipy.stats.wilcoxon` treats them by default.

use statrs::distribution::{ContinuousCDF, Normal};

/// Up to this many pairs without zeros and ties, the distribution of the sum of ranks is enumerated.
const EXACT: usize = 50;

/// Up to this many pairs it is enumerated with zeros and ties, too.
const EXACT_WITH_TIES: usize = 13;

/// The p-value of differences; NaNs are left out. Zeros have no ranks (Wilcoxon's own way), and equal sizes share their mean
/// rank. NaN if there is no value. 1 if all differences are zero, for which SciPy has NaN beyond 13 pairs.
pub fn p_value(differences: &[f64]) -> f64 {
    let mut ranked: Vec<f64> = differences.iter().copied().filter(|d| !d.is_nan()).collect();
    let pairs = ranked.len();
    if pairs == 0 {
        return f64::NAN;
    }
    ranked.retain(|&d| d != 0.0);
    ranked.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Ranks are doubled: a mean of ranks is a whole or a half.
    let (mut doubled, mut plus, mut ties) = (Vec::with_capacity(ranked.len()), 0, 0.0);
    for equal in ranked.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = 2 * doubled.len() + equal.len() + 1;
        plus += rank * equal.iter().filter(|&&d| d > 0.0).count();
        ties += (equal.len() as f64).powi(3) - equal.len() as f64;
        doubled.resize(doubled.len() + equal.len(), rank);
    }
    let plain = ties == 0.0 && ranked.len() == pairs;
    if ranked.is_empty() {
        1.0
    } else if pairs <= EXACT_WITH_TIES || plain && pairs <= EXACT {
        exact(&doubled, plus)
    } else {
        approximate(ranked.len() as f64, plus as f64 / 2.0, ties)
    }
}

/// Twice the smaller tail among all sums that positive ranks may have.
fn exact(ranks: &[usize], plus: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    let mut ways = vec![0.0; total + 1];
    ways[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..=total).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let (below, above): (f64, f64) = (ways[..=plus].iter().sum(), ways[plus..].iter().sum());
    (2.0 * below.min(above) / 2.0_f64.powi(ranks.len() as i32)).min(1.0)
}

/// The normal approximation, with its variance reduced for ties and without continuity correction.
fn approximate(count: f64, plus: f64, ties: f64) -> f64 {
    let mean = count * (count + 1.0) / 4.0;
    let variance = (count * (count + 1.0) * (2.0 * count + 1.0) - ties / 2.0) / 24.0;
    2.0 * Normal::standard().sf(((plus - mean) / variance.sqrt()).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed() {
        // All five positive: 2 of 32 patterns are as extreme.
        assert_eq!(p_value(&[1.0, 2.0, 3.0, 4.0, 5.0]), 0.0625);
        assert_eq!(p_value(&[-1.0, -2.0, f64::NAN, -3.0, -4.0, -5.0]), 0.0625);
        assert_eq!(p_value(&[1.0, -1.0]), 1.0);
        assert_eq!(p_value(&[0.0; 40]), 1.0);
        assert!(p_value(&[f64::NAN]).is_nan());
    }
}
