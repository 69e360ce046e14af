//! Neighbours of sampled base points.

use swath_algorithms::nearest::{Scan, for_each_nearest};
use swath_algorithms::{Base, Pool};

/// The `count` nearest others of base points, exactly, each with its distance.
pub(super) fn nearest_others(base: &Base, points: &[usize], count: usize) -> Vec<Vec<(u32, f64)>> {
    let count = count.min(base.len().saturating_sub(1));
    if count == 0 {
        return vec![Vec::new(); points.len()];
    }
    let others = |i: usize, pool: &Pool| {
        let others = pool.items.iter().filter(|item| item.id as usize != points[i]);
        others.take(count).map(|item| (item.id, item.distance)).collect()
    };
    for_each_nearest(base, &Scan::new(base), &base.points().gather(points), count + 1, others)
}
