//! The Pareto front: points that no other point beats in one coordinate without losing in the other.

/// Two coordinates, larger being better in both.
pub type Point = (f64, f64);

/// The items whose points no other item's point dominates, by falling first coordinate. Items with equal points are all on the
/// front, in their given order; an item with a NaN is never on it.
pub fn front<T>(items: impl IntoIterator<Item = T>, point: impl Fn(&T) -> Point) -> Vec<T> {
    let has_place = |item: &T| {
        let (x, y) = point(item);
        !x.is_nan() && !y.is_nan()
    };
    let mut front: Vec<T> = items.into_iter().filter(has_place).collect();
    front.sort_by(|a, b| {
        let (a, b) = (point(a), point(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    // The highest point so far, which equals no other before the first.
    let mut best = (f64::NAN, f64::NEG_INFINITY);
    front.retain(|item| {
        let point = point(item);
        let is_on = point.1 > best.1 || point == best;
        if is_on {
            best = point;
        }
        is_on
    });
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_front_is_what_nothing_dominates(points in prop::collection::vec((0_u8..6, 0_u8..6), 0..20)) {
            let points: Vec<Point> = points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            let beats = |a: Point, b: Point| a.0 >= b.0 && a.1 >= b.1 && a != b;
            let naive: Vec<usize> = (0..points.len()).filter(|&i| !points.iter().any(|&p| beats(p, points[i]))).collect();
            let mut found = front(0..points.len(), |&i| points[i]);
            prop_assert!(found.windows(2).all(|w| points[w[0]].0 >= points[w[1]].0));
            found.sort_unstable();
            prop_assert_eq!(found, naive);
        }
    }

    #[test]
    fn a_nan_is_never_on_the_front() {
        let points = [(f64::NAN, 3.0), (1.0, f64::NAN), (1.0, 2.0), (1.0, 1.0)];
        assert_eq!(front(points, |&point| point), [(1.0, 2.0)]);
    }
}
