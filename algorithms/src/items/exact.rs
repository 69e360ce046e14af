//! Exact distances, of points of any type.

use super::{Distances, Items, TOGETHER, TotalOrder};
use crate::base::{Base, Query};
use crate::points::{Chosen, Point};
use crate::prefetch::prefetch;
use crate::random;
use rayon::prelude::*;

/// Distances from a query, as they are defined.
#[derive(Clone, Copy)]
pub struct ExactDistances<'a> {
    base: &'a Base,
    query: Query<'a>,
}

impl<'a> ExactDistances<'a> {
    /// Those to points of `base`.
    pub fn new(base: &'a Base, query: Query<'a>) -> Self {
        Self { base, query }
    }
}

impl Distances for ExactDistances<'_> {
    type Distance = TotalOrder<f64>;

    fn measure(&self, ids: &[u32], out: &mut [TotalOrder<f64>]) {
        let (mut norms, mut measures) = ([0.0; TOGETHER], [0.0; TOGETHER]);
        for (norm, &id) in norms.iter_mut().zip(ids) {
            *norm = self.base.norms()[id as usize];
        }
        let chosen = Chosen { ids, norms: &norms[..ids.len()] };
        let measures = &mut measures[..ids.len()];
        let Query { point, norm, .. } = self.query;
        self.base.compared_by().with_many(point, norm, self.base.points().rows(), chosen, measures);
        for (out, &measure) in out.iter_mut().zip(&*measures) {
            *out = TotalOrder(self.base.distance_of(measure));
        }
    }

    fn prefetch(&self, id: u32) {
        prefetch(&self.base.norms()[id as usize..=id as usize]);
        match self.base.points().row(id as usize) {
            Point::Dense(lines) => prefetch(lines),
            Point::Bits(row) => prefetch(row.words),
            Point::Set(members) => prefetch(members),
            Point::Sparse(row) => {
                prefetch(row.columns);
                prefetch(row.values);
            }
        }
    }
}

/// Points that become the start of walks by a sample.
const CANDIDATES: usize = 64;
/// Points to which the distances of a candidate are summed.
const WITNESSES: usize = 256;

/// Points that are compared by their distances while a graph is built; for ip by angle.
pub struct ExactItems(Base);

impl ExactItems {
    /// The points of a base.
    pub fn new(base: &Base) -> Self {
        Self(base.of_items())
    }
}

impl Items for ExactItems {
    type Distance = TotalOrder<f64>;
    type From<'a> = ExactDistances<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn from(&self, id: u32) -> ExactDistances<'_> {
        ExactDistances::new(&self.0, self.0.query(id as usize))
    }

    /// The one of some points that is nearest to some others, in the mean; ties by lower id.
    fn middle(&self) -> Option<u32> {
        let drawn = |purpose, count| random::sample(&mut random::stream(0, purpose, 0), self.len(), count);
        let witnesses: Vec<u32> = drawn("vamana witnesses", WITNESSES).into_iter().map(|id| id as u32).collect();
        let sum = |id: usize| -> f64 {
            let from = self.from(id as u32);
            let mut distances = [TotalOrder::default(); TOGETHER];
            let parts = witnesses.chunks(TOGETHER).flat_map(|ids| {
                from.measure(ids, &mut distances[..ids.len()]);
                distances[..ids.len()].to_vec()
            });
            parts.map(|distance| distance.0).sum()
        };
        let candidates = drawn("vamana start", CANDIDATES);
        let sums: Vec<(TotalOrder<f64>, usize)> =
            candidates.into_par_iter().map(|id| (TotalOrder(sum(id)), id)).collect();
        sums.into_iter().min().map(|(_, id)| id as u32)
    }
}
