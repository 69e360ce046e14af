//! The kNN graph: an edge from each base vector to each of its nearest others.

use super::Row;
use crate::base::Base;
use crate::distance::Distance;
use crate::filter::Filter;
use crate::kernel::{self, Kernel};
use crate::nearest::for_each_nearest;

/// Each vector's `neighbors` nearest others, exactly, weighted by the coverage kernel; its width for [`Kernel::Rbf`]
/// is the median distance to those neighbours. Edges of weight 0 are left out.
pub(super) fn rows(base: &Base, neighbors: usize) -> Vec<Row> {
    let kernel = Kernel::coverage(base.distance());
    for_each_nearest(base, &Filter::new(base), base.vectors(), neighbors + 1, |i, pool| {
        let others = || pool.items.iter().filter(|item| item.id as usize != i).take(neighbors);
        let sigma = kernel::median(&mut others().map(|item| item.distance).collect::<Vec<_>>());
        let weight = |distance: f64| match base.distance() {
            Distance::Angular => kernel.value(1.0 - distance, sigma),
            Distance::Euclidean => kernel.value(distance * distance, sigma),
        };
        others().map(|item| (item.id, weight(item.distance))).filter(|&(_, weight)| weight > 0.0).collect()
    })
}
