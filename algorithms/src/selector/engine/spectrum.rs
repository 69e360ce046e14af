//! Eigenvalues of small symmetric matrices.

/// Rotations of one eigenvalue, of which a few are usual.
const MOST_ROUNDS: usize = 100;

/// Puts the eigenvalues of a symmetric matrix, of which the lower half is read and overwritten, into `values`, in any order.
/// `matrix` is row-major, `values` and `beside` have its size n, and `beside` is room to work in.
///
/// In `4/3 n^3` multiplications or so: by Householder's reflections to three diagonals, then by implicit shifts (Golub & Van Loan
/// 2013, 8.3).
pub fn eigenvalues(matrix: &mut [f64], values: &mut [f64], beside: &mut [f64]) {
    let n = values.len();
    if n > 0 {
        to_three_diagonals(matrix, values, beside);
        diagonalise(values, beside);
    }
}

/// Leaves the diagonal in `values`, and the numbers below it in `beside`, of which the last is 0.
fn to_three_diagonals(matrix: &mut [f64], values: &mut [f64], beside: &mut [f64]) {
    let n = values.len();
    for column in 0..n {
        values[column] = matrix[column * n + column];
        let below = column + 1..n;
        let Some(first) = below.clone().next() else {
            beside[column] = 0.0;
            return;
        };
        let rest: f64 = below.clone().skip(1).map(|i| matrix[i * n + column] * matrix[i * n + column]).sum();
        let own = matrix[first * n + column];
        if rest == 0.0 {
            beside[column] = own;
            continue;
        }
        // The reflection that turns the column to its first place; `matrix` keeps its normal there.
        let length = (own * own + rest).sqrt();
        let turned = if own > 0.0 { -length } else { length };
        beside[column] = turned;
        matrix[first * n + column] = own - turned;
        let factor = 1.0 / (length * (length + own.abs()));
        // In `values`, which is not yet used there: the rest of the matrix times the normal.
        let mut overlap = 0.0;
        for i in below.clone() {
            let left: f64 = (first..=i).map(|j| matrix[i * n + j] * matrix[j * n + column]).sum();
            let right: f64 = (i + 1..n).map(|j| matrix[j * n + i] * matrix[j * n + column]).sum();
            values[i] = factor * (left + right);
            overlap += values[i] * matrix[i * n + column];
        }
        let half = 0.5 * factor * overlap;
        for i in below.clone() {
            values[i] -= half * matrix[i * n + column];
            for j in first..=i {
                let (own, other) = (matrix[i * n + column], matrix[j * n + column]);
                matrix[i * n + j] -= own * values[j] + values[i] * other;
            }
        }
    }
}

fn diagonalise(values: &mut [f64], beside: &mut [f64]) {
    let n = values.len();
    for start in 0..n {
        for _ in 0..MOST_ROUNDS {
            let is_parted = |&i: &usize| {
                let scale = f64::EPSILON * (values[i].abs() + values[i + 1].abs());
                beside[i].abs() <= scale.max(f64::MIN_POSITIVE)
            };
            let end = (start..n - 1).find(is_parted).unwrap_or(n - 1);
            if end == start {
                break;
            }
            rotate(&mut values[start..=end], &mut beside[start..=end]);
        }
    }
}

/// One round of rotations over a block, from its end to its start.
fn rotate(values: &mut [f64], beside: &mut [f64]) {
    let end = values.len() - 1;
    let half = (values[1] - values[0]) / (2.0 * beside[0]);
    let root = (half * half + 1.0).sqrt();
    let shift = values[0] - beside[0] / (half + if half < 0.0 { -root } else { root });
    let (mut sine, mut cosine, mut moved, mut chased) = (1.0, 1.0, 0.0, values[end] - shift);
    for i in (0..end).rev() {
        let (off, along) = (sine * beside[i], cosine * beside[i]);
        let length = (off * off + chased * chased).sqrt();
        beside[i + 1] = length;
        if length == 0.0 {
            values[i + 1] -= moved;
            beside[end] = 0.0;
            return;
        }
        (sine, cosine) = (off / length, chased / length);
        let before = values[i + 1] - moved;
        let turned = (values[i] - before) * sine + 2.0 * cosine * along;
        moved = sine * turned;
        values[i + 1] = before + moved;
        chased = cosine * turned - along;
    }
    values[0] -= moved;
    beside[0] = chased;
    beside[end] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(matrix: &[f64], n: usize) -> Vec<f64> {
        let (mut matrix, mut values, mut beside) = (matrix.to_vec(), vec![7.0; n], vec![7.0; n]);
        // The upper half is not read.
        (0..n).for_each(|i| matrix[i * n + i + 1..(i + 1) * n].fill(f64::NAN));
        eigenvalues(&mut matrix, &mut values, &mut beside);
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn known_eigenvalues() {
        assert!(of(&[], 0).is_empty());
        assert_eq!(of(&[3.0], 1), [3.0]);
        assert_eq!(of(&[0.0; 9], 3), [0.0; 3]);
        let close = |found: Vec<f64>, expected: &[f64]| {
            let off = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f64::max);
            assert!(found.len() == expected.len() && off < 1e-14, "{found:?}");
        };
        close(of(&[1.0, 0.5, 0.5, 1.0], 2), &[0.5, 1.5]);
        close(of(&[1.0; 16], 4), &[0.0, 0.0, 0.0, 4.0]);
        // A vector of zeros between two that are at right angles.
        close(of(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 3), &[0.0, 1.0, 1.0]);
        // A path of n: 2 cos(pi j / (n + 1)).
        let n = 30_usize;
        let path: Vec<f64> = (0..n * n).map(|at| f64::from(u8::from((at / n).abs_diff(at % n) == 1))).collect();
        let mut expected: Vec<f64> =
            (1..=n).map(|j| 2.0 * (std::f64::consts::PI * j as f64 / (n as f64 + 1.0)).cos()).collect();
        expected.sort_by(f64::total_cmp);
        close(of(&path, n), &expected);
    }

    proptest! {
        /// The sums of their first three powers are traces.
        #[test]
        fn powers_of_eigenvalues_add_up_to_traces(n in 1_usize..14, values in prop::collection::vec(-1.0_f64..1.0, 196), zeros in any::<u64>()) {
            let entry = |i: usize, j: usize| {
                let (i, j) = (i.max(j), i.min(j));
                if zeros >> ((i * 7 + j) % 64) & 1 == 1 { 0.0 } else { values[i * 14 + j] }
            };
            let matrix: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
            let found = of(&matrix, n);
            let times = |a: &[f64], b: &[f64]| -> Vec<f64> {
                (0..n * n).map(|at| (0..n).map(|l| a[at / n * n + l] * b[l * n + at % n]).sum()).collect()
            };
            let mut power = matrix.clone();
            for exponent in 1..4 {
                let trace: f64 = (0..n).map(|i| power[i * n + i]).sum();
                let sum: f64 = found.iter().map(|value| value.powi(exponent)).sum();
                prop_assert!((trace - sum).abs() < 1e-11, "{exponent}: {sum} for {trace}");
                power = times(&power, &matrix);
            }
        }
    }
}
