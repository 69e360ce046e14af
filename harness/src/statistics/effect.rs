//! How large a difference is, beside how certain.

/// Values whose standard deviation is no larger a share of their mean are the same but for rounding.
pub(super) const ROUNDING: f64 = 1e-12;

/// Cohen's d_z: the mean of paired differences over their standard deviation (n - 1). 0 where all are zero; NaN where there
/// are fewer than two, or where all are the same and not zero. NaN among the differences is left out.
pub fn d_z(differences: &[f64]) -> f64 {
    let (n, mean, deviation) = moments(differences);
    if n < 2 {
        f64::NAN
    } else if deviation <= ROUNDING * mean.abs() {
        if mean == 0.0 { 0.0 } else { f64::NAN }
    } else {
        mean / deviation
    }
}

/// How many values there are, their mean and their standard deviation (n - 1), NaN left out.
pub fn moments(values: &[f64]) -> (usize, f64, f64) {
    let present = || values.iter().filter(|value| !value.is_nan());
    let n = present().count();
    let mean = present().sum::<f64>() / n as f64;
    let squares: f64 = present().map(|value| (value - mean).powi(2)).sum();
    (n, mean, (squares / (n as f64 - 1.0)).sqrt())
}

/// Cliff's delta: how much more often a value of `a` is above one of `b` than below, over all pairs of one of either
/// (Cliff 1993); -1 to 1. NaN where either is empty. O(n log n).
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> f64 {
    let mut b = b.to_vec();
    b.sort_unstable_by(f64::total_cmp);
    let above = |value: f64| b.partition_point(|&other| other < value) as f64;
    let below = |value: f64| (b.len() - b.partition_point(|&other| other <= value)) as f64;
    a.iter().map(|&value| above(value) - below(value)).sum::<f64>() / (a.len() * b.len()) as f64
}

/// In how many pairs the difference is in favour, none, and against; NaN is none of these.
pub fn wins_ties_losses(differences: &[f64], higher_is_better: bool) -> [usize; 3] {
    let count = |holds: fn(f64) -> bool| differences.iter().filter(|&&d| holds(d)).count();
    let (above, equal, below) = (count(|d| d > 0.0), count(|d| d == 0.0), count(|d| d < 0.0));
    if higher_is_better { [above, equal, below] } else { [below, equal, above] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed() {
        assert_eq!(d_z(&[1.0, 2.0, f64::NAN, 3.0]), 2.0);
        assert_eq!(d_z(&[0.0; 3]), 0.0);
        assert!(d_z(&[0.1; 7]).is_nan() && d_z(&[1.0]).is_nan());
        // Above 3 of 4 pairs, below none, equal in one.
        assert_eq!(cliffs_delta(&[2.0, 3.0], &[1.0, 2.0]), 0.75);
        assert_eq!(cliffs_delta(&[1.0], &[1.0]), 0.0);
        assert!(cliffs_delta(&[], &[]).is_nan());
        assert_eq!(wins_ties_losses(&[0.5, -0.5, 0.0, -1.0, f64::NAN], false), [2, 1, 1]);
    }
}
