//! Building the graph over dense vectors with the `diskann` crate.
//!
//! The library sums squared differences in `f32`, in an order that depends on the instruction set. It is therefore
//! given coordinates that are multiples of 2^-11, of vectors of norm at most 1: a difference of two is a multiple of
//! 2^-11, its square a multiple of 2^-22, and no sum exceeds 4 = 2^24 * 2^-22, so every sum is exact in whatever order.
//! That rounding moves a vector by about a thousandth of the greatest distance, which matters little, since the graph
//! only says where to look.

use super::Build;
use super::build::{Targets, capacity};
use crate::base::Base;
use crate::distance::Distance;
use diskann::ANNResult;
use diskann::graph::config::{Builder, MaxDegree as ListLength};
use diskann::graph::glue::PruneStrategy;
use diskann::graph::{AdjacencyList, DiskANNIndex};
use diskann::provider::{DataProvider, NeighborAccessor};
use diskann_inmem::num::{Capacity, MaxDegree};
use diskann_inmem::repr::full::{Config, Full};
use diskann_inmem::{Context, Provider, Strategy};
use diskann_utils::views::rowmajor;
use diskann_vector::distance::Metric;
use std::pin::pin;
use std::task::{self, Poll, Waker};

/// Coordinates are whole multiples of one over this.
const GRID: f64 = 2048.0;
/// Vectors farther from the centre than this many times the median are moved in to that distance, so that a few
/// outliers do not make the others too small for the grid.
const OUTLYING: f64 = 8.0;

/// Builds the graph.
///
/// # Panics
/// If the library fails, which for finite vectors is a bug.
pub fn targets(part: &Build, base: &Base) -> Targets {
    match library_graph(part, base) {
        Ok((lists, start)) => Targets { lists, start },
        Err(error) => panic!("diskann could not build a graph over {} vectors: {error}", base.len()),
    }
}

/// Each vector's targets, and the vector where walks start: the one nearest the mean.
///
/// The start is a vector and not the mean itself. The mean of unit vectors lies inside the sphere, nearer to most of
/// them than their neighbours are: pruning would keep the edge to it in place of theirs, and a walk could not return
/// it.
fn library_graph(part: &Build, base: &Base) -> ANNResult<(Vec<Vec<u32>>, Option<u32>)> {
    let (rows, n) = (LibraryRows::new(base), base.len());
    let Some(start) = rows.nearest_to_mean() else { return Ok((Vec::new(), None)) };
    let degree = part.degree.size().min(n);
    let capacity = capacity(degree, n);
    let mut row = vec![0.0; rows.dim];
    rows.copy(start as usize, &mut row);
    // The library gets the starting point separately, and numbers it after the inserted vectors.
    let others = n - 1;
    let starting = rowmajor::Owned::row_vector(row.clone().into());
    let store = Config::new(Capacity::new(others), MaxDegree::new(capacity), Metric::L2, starting)?;
    let mut config =
        Builder::new(degree, ListLength::new(capacity), part.ef_construction.size().min(n), Metric::L2.into());
    config.alpha(part.alpha.get() as f32);
    let provider: Provider<Full<f32>, u32> = Provider::new(store)?;
    let index = DiskANNIndex::new(config.build()?, provider, std::num::NonZeroUsize::new(1));
    for id in (0..n as u32).filter(|&id| id != start) {
        rows.copy(id as usize, &mut row);
        at_once(index.insert(&Strategy, &Context, &id, row.as_slice()))?;
    }

    let (provider, starting) = (index.provider(), others as u32);
    let inside = |id: u32| if id == start { Ok(starting) } else { provider.to_internal_id(&Context, &id) };
    let outside = |id: u32| if id == starting { Ok(start) } else { provider.to_external_id(&Context, id) };
    let mut lists = Strategy.prune_accessor(provider, &Context, 0)?;
    let mut list = AdjacencyList::new();
    let mut targets = |id: u32| -> ANNResult<Vec<u32>> {
        at_once(lists.get_neighbors(inside(id)?, &mut list))?;
        list.iter().map(|&target| outside(target)).collect()
    };
    Ok(((0..n as u32).map(&mut targets).collect::<ANNResult<_>>()?, Some(start)))
}

/// Runs a future that never waits, since all data are in memory.
fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// The base vectors as the library gets them: unit vectors (angular and ip), or relative to their centre (euclidean), in
/// a ball of radius 1, on the grid. A vector without a direction lies along a coordinate of its own, orthogonal to all
/// others as its cosine 0 to them says; at the centre it would be nearer to them than their neighbours are.
struct LibraryRows<'b> {
    base: &'b Base,
    /// The median of each coordinate, which outliers do not move (euclidean).
    centre: Vec<f64>,
    /// The radius of the ball, before scaling.
    radius: f64,
    /// The share of the radius that is used, so that rounding to the grid does not lead out of the ball.
    room: f64,
    /// Coordinates of a row: one more than the base has where some of its vectors have no direction.
    dim: usize,
}

impl<'b> LibraryRows<'b> {
    fn new(base: &'b Base) -> Self {
        let dim = base.vectors().dim();
        let room = (1.0 - (dim as f64).sqrt() / (2.0 * GRID)).max(0.5);
        let undirected = base.distance() != Distance::Euclidean && base.norms().contains(&0.0);
        let mut rows = Self { base, centre: vec![0.0; dim], radius: 0.0, room, dim: dim + usize::from(undirected) };
        if base.distance() == Distance::Euclidean {
            rows.centre = medians(base);
            let mut deviations: Vec<f64> = (0..base.len()).map(|i| rows.deviation(i)).collect();
            deviations.sort_unstable_by(f64::total_cmp);
            let (median, greatest) = (deviations.get(base.len() / 2), deviations.last());
            rows.radius = match (median, greatest) {
                (Some(&median), Some(&greatest)) if median > 0.0 => greatest.min(OUTLYING * median),
                (_, greatest) => greatest.copied().unwrap_or(0.0),
            };
        }
        rows
    }

    /// The distance of row `i` from the centre.
    fn deviation(&self, i: usize) -> f64 {
        let row = self.base.vectors().row(i);
        row.iter().zip(&self.centre).map(|(&x, c)| (f64::from(x) - c).powi(2)).sum::<f64>().sqrt()
    }

    /// Writes row `i`.
    fn copy(&self, i: usize, row: &mut [f32]) {
        let dim = self.base.vectors().dim();
        let radius = self.deviation(i).max(self.radius);
        let scale = if radius > 0.0 { self.room * GRID / radius } else { 0.0 };
        for ((out, &x), c) in row.iter_mut().zip(self.base.vectors().row(i)).zip(&self.centre) {
            *out = (((f64::from(x) - c) * scale).round() / GRID) as f32;
        }
        if let Some(own) = row.get_mut(dim) {
            *own = if radius > 0.0 { 0.0 } else { ((self.room * GRID).round() / GRID) as f32 };
        }
    }

    /// The row nearest to the mean of all, ties by lower id: that with the largest cosine (angular and ip) or the least distance
    /// to it (euclidean). `None` if there are no rows.
    fn nearest_to_mean(&self) -> Option<u32> {
        let mut row = vec![0.0; self.dim];
        let mut mean = vec![0.0; row.len()];
        for i in 0..self.base.len() {
            self.copy(i, &mut row);
            mean.iter_mut().zip(&row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        mean.iter_mut().for_each(|sum| *sum /= self.base.len() as f64);
        let mut away = |i: u32| -> f64 {
            self.copy(i as usize, &mut row);
            let pairs = row.iter().map(|&x| f64::from(x)).zip(&mean);
            match self.base.distance() {
                Distance::Euclidean => pairs.map(|(x, mean)| (x - mean).powi(2)).sum(),
                _ => -pairs.map(|(x, mean)| x * mean).sum::<f64>(),
            }
        };
        let all = (0..self.base.len() as u32).map(|i| (i, away(i)));
        all.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, _)| i)
    }
}

/// The median of each coordinate.
fn medians(base: &Base) -> Vec<f64> {
    let mut column = Vec::with_capacity(base.len());
    let mut median = |j: usize| {
        column.clear();
        column.extend((0..base.len()).map(|i| base.vectors().row(i)[j]));
        if column.is_empty() {
            return 0.0;
        }
        f64::from(*column.select_nth_unstable_by(base.len() / 2, f32::total_cmp).1)
    };
    (0..base.vectors().dim()).map(&mut median).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::strategy::Strategy as _;

    proptest! {
        /// The claims at the head of this file, from which it follows that the library's sums are exact.
        #[test]
        fn rows_lie_on_the_grid_within_the_ball(
            (dim, values) in (1_usize..40).prop_flat_map(|dim| {
                let value = prop_oneof![-1.0_f32..1.0, -1e30_f32..1e30, Just(f32::MAX), Just(f32::MIN), Just(0.0)];
                (Just(dim), prop::collection::vec(value, dim * 10))
            }),
            euclidean: bool,
        ) {
            let distance = if euclidean { Distance::Euclidean } else { Distance::Angular };
            let base = Base::from_values(&values, dim, distance).expect("finite");
            let rows = LibraryRows::new(&base);
            let mut row = vec![0.0; rows.dim];
            for i in 0..base.len() {
                rows.copy(i, &mut row);
                let squared: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum();
                prop_assert!(squared <= 1.0, "row {} has the squared norm {}", i, squared);
                prop_assert!(row.iter().all(|&x| (f64::from(x) * GRID).fract() == 0.0));
            }
        }
    }

    #[test]
    fn an_outlier_leaves_the_others_their_places() {
        let mut values: Vec<f32> = (0..100).map(|i| i as f32).collect();
        values.push(1e30);
        let base = Base::from_values(&values, 1, Distance::Euclidean).expect("finite");
        let rows = LibraryRows::new(&base);
        let mut row = [0.0];
        rows.copy(100, &mut row);
        assert!(row[0] > 0.99);
        let mut place = |i| {
            rows.copy(i, &mut row);
            row[0]
        };
        assert!((1..100).all(|i| place(i) > place(i - 1)));
    }
}
