//! The Pareto front: points that no other point beats in one coordinate without losing in the other.

/// Indices of the points that are not dominated, larger being better in both coordinates, by falling first coordinate.
/// Of equal points all are on the front; a NaN is never on it.
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).filter(|&i| !points[i].0.is_nan() && !points[i].1.is_nan()).collect();
    order.sort_by(|&a, &b| points[b].0.total_cmp(&points[a].0).then(points[b].1.total_cmp(&points[a].1)));
    let mut front: Vec<usize> = Vec::new();
    let mut best = f64::NEG_INFINITY;
    for i in order {
        let equal = front.last().is_some_and(|&last| points[last] == points[i]);
        if points[i].1 > best || equal {
            best = points[i].1;
            front.push(i);
        }
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_what_nothing_dominates(points in prop::collection::vec((0_u8..6, 0_u8..6), 0..20)) {
            let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            let beats = |a: (f64, f64), b: (f64, f64)| a.0 >= b.0 && a.1 >= b.1 && a != b;
            let naive: Vec<usize> = (0..points.len()).filter(|&i| !points.iter().any(|&p| beats(p, points[i]))).collect();
            let mut found = front(&points);
            prop_assert!(found.windows(2).all(|w| points[w[0]].0 >= points[w[1]].0));
            found.sort_unstable();
            prop_assert_eq!(found, naive);
        }
    }
}
