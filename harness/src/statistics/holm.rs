//! Holm's correction for a family of tests (Holm 1979). It bounds the probability of rejecting any true null hypothesis by the
//! level, for any dependence among the tests.

/// Adjusted p-values in the given order, to be compared with the level itself.
pub fn adjust(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut adjusted, mut least) = (vec![0.0; p.len()], 0.0_f64);
    for (rank, &i) in order.iter().enumerate() {
        least = least.max(p[i] * (p.len() - rank) as f64).min(1.0);
        adjusted[i] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed() {
        // 4 x 0.01; 3 x 0.02; 2 x 0.03, as much; 0.04, no less than those before.
        assert_eq!(adjust(&[0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06]);
        assert_eq!(adjust(&[0.7, 0.6]), [1.0, 1.0]);
        assert_eq!(adjust(&[]), [0.0; 0]);
    }
}
