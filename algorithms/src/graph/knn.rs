//! The kNN graph: an edge from each base point to each of its nearest others, for ip at the smallest angles.

use super::{EdgeList, nn_descent};
use crate::base::Base;
use crate::distance::Distance;
use crate::kernel::{self, Kernel};
use crate::nearest::{Scan, for_each_nearest};

/// Up to this number of points, neighbours are exact, by a blocked product of all with all. Beyond it, NN-descent
/// finds them, in a fraction of the comparisons, and their recall is measured.
const EXACT: usize = 100_000;

/// Each point's `neighbors` nearest others, weighted by the coverage kernel; its width for [`Kernel::Rbf`] is the
/// median distance to those neighbours. Two empty sets are equal. Edges of weight 0 are left out. Also returns the recall of the neighbours,
/// measured on a sample; `None` if they are exact.
pub(super) fn rows(base: &Base, neighbors: usize) -> (Vec<EdgeList>, Option<f64>) {
    let base = &base.of_items();
    let scan = Scan::new(base);
    if base.len() <= EXACT {
        let exact = for_each_nearest(base, &scan, base.points(), neighbors + 1, |i, pool| {
            let others = pool.items.iter().filter(|item| item.id as usize != i).take(neighbors);
            weighted(base, &others.map(|item| (item.id, item.distance)).collect::<Vec<_>>())
        });
        return (exact, None);
    }
    let found = nn_descent::neighbors(base, neighbors);
    let recall = nn_descent::recall(base, &scan, &found, neighbors);
    (found.iter().map(|list| weighted(base, list)).collect(), Some(recall))
}

/// Neighbours (id, distance) as edges.
fn weighted(base: &Base, neighbors: &[(u32, f64)]) -> EdgeList {
    let kernel = Kernel::coverage(base.distance());
    let sigma = kernel::median(&mut neighbors.iter().map(|&(_, distance)| distance).collect::<Vec<_>>());
    let weight = |distance: f64| match base.distance() {
        Distance::Euclidean => kernel.value(distance * distance, sigma),
        Distance::Hamming => kernel.value(distance, sigma),
        Distance::Angular | Distance::InnerProduct | Distance::Jaccard => kernel.value(1.0 - distance, sigma),
    };
    neighbors.iter().map(|&(id, distance)| (id, weight(distance))).filter(|&(_, weight)| weight > 0.0).collect()
}
