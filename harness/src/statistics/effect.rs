//! Effect sizes: how large a difference is.

use super::{Column, ROUNDING, rounding};

/// Cohen's d_z: the mean of paired differences over their standard deviation (n - 1). Up to rounding: 0 if all are 0; NaN if
/// there are fewer than two, or if all are equal but not 0.
pub fn d_z(differences: Column<'_>) -> f64 {
    let (n, mean, deviation) = moments(differences);
    if n < 2 {
        f64::NAN
    } else if differences.is_constant() {
        if mean.abs() < differences.unit { 0.0 } else { f64::NAN }
    } else {
        mean / deviation
    }
}

/// The number of values, their mean and their standard deviation (n - 1).
pub(super) fn moments(column: Column<'_>) -> (usize, f64, f64) {
    let (n, mean) = (column.present().count(), column.mean());
    let squares: f64 = column.present().map(|value| (value - mean).powi(2)).sum();
    (n, mean, (squares / (n as f64 - 1.0)).sqrt())
}

/// Cliff's delta (Cliff 1993), from -1 to 1: over all pairs of a value of `a` and one of `b`, the share in which `a` is above
/// minus the share in which it is below. Values that differ by rounding are equal, as in the tests. NaN if either is empty.
/// O(n log n).
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> f64 {
    let unit = rounding(a.iter().chain(b));
    let mut b = b.to_vec();
    b.sort_unstable_by(f64::total_cmp);
    let below = |value: f64| b.partition_point(|&other| value - other >= unit) as f64;
    let above = |value: f64| (b.len() - b.partition_point(|&other| other - value < unit)) as f64;
    a.iter().map(|&value| below(value) - above(value)).sum::<f64>() / (a.len() * b.len()) as f64
}

/// A difference as a share of the value that it refers to; `None` if that value is 0 up to rounding.
pub fn share(difference: f64, of: f64) -> Option<f64> {
    let share = if difference == 0.0 { 0.0 } else { difference / of.abs() };
    (share.abs() * ROUNDING <= 1.0).then_some(share)
}

/// The numbers of pairs whose difference is in favour, zero, and against. NaN counts as none of these.
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
        let d_z = |differences: &[f64]| d_z(Column::new(differences));
        assert_eq!(d_z(&[1.0, 2.0, f64::NAN, 3.0]), 2.0);
        assert_eq!(d_z(&[0.0; 3]), 0.0);
        assert!(d_z(&[0.1; 7]).is_nan() && d_z(&[1.0]).is_nan());
        assert!(d_z(&[0.3, 0.1 + 0.2, 0.3]).is_nan());
        // Above 3 of 4 pairs, below none, equal in one.
        assert_eq!(cliffs_delta(&[2.0, 3.0], &[1.0, 2.0]), 0.75);
        assert_eq!(cliffs_delta(&[1.0], &[1.0]), 0.0);
        assert!(cliffs_delta(&[], &[]).is_nan());
        assert_eq!(wins_ties_losses(&[0.5, -0.5, 0.0, -1.0, f64::NAN], false), [2, 1, 1]);
    }

    #[test]
    fn nothing_is_a_share_of_zero() {
        assert_eq!([share(0.1, 0.2), share(-0.1, -0.2), share(0.0, 0.0)], [Some(0.5), Some(-0.5), Some(0.0)]);
        assert_eq!([(0.1, 0.0), (0.1, -0.0), (0.1, 1e-17), (f64::NAN, 1.0)].map(|(d, of)| share(d, of)), [None; 4]);
    }

    /// Tenths summed another way are the same tenths: over all pairs, in whole numbers.
    #[test]
    fn what_is_equal_but_for_rounding_is_neither_above_nor_below() {
        let whole = |step: usize, n: usize| (0..n).map(move |i| i * step % 10);
        let (a, b): (Vec<usize>, Vec<usize>) = (whole(7, 60).collect(), whole(3, 45).collect());
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| i32::from(a > b) - i32::from(a < b)));
        let expected = f64::from(pairs.sum::<i32>()) / (60.0 * 45.0);
        let divided: Vec<f64> = a.iter().map(|&a| a as f64 / 10.0).collect();
        let summed: Vec<f64> = b.iter().map(|&b| (0..b).map(|_| 0.1).sum()).collect();
        assert!(summed.iter().any(|sum| !divided.contains(sum)), "or nothing is tested");
        assert_eq!(cliffs_delta(&divided, &summed), expected);
        assert_eq!(cliffs_delta(&summed, &divided), -expected);
    }
}
