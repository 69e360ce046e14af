//! The pool: what the candidates found, the expansion adds to, and the selector picks from.

use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::kernel;
use crate::scratch::Scratch;
use std::cmp::Ordering;

/// One base vector in a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Row of the base.
    pub id: u32,
    /// Distance to the query.
    pub distance: f64,
    /// Relevance, raw: cosine for angular, `exp(-distance^2 / (2 sigma^2))` for euclidean.
    pub rel: f64,
    /// What selectors read as relevance: `rel`, until an expansion replaces it.
    pub score: f64,
}

/// A query's pool, best score first (see [`Item::best_first`]).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// The items.
    pub items: Vec<Item>,
    /// Median distance to the query of what the candidates found: the width of the rbf kernel for this query.
    /// An expansion does not change it, so that relevances stay comparable.
    pub sigma: f64,
}

impl Item {
    /// The order of preference of two items with these values: the larger value first, then the nearer, then the
    /// lower id. (Two distances may round to one relevance: items tie only if they agree in both.)
    #[inline]
    pub fn best_first(&self, value: f64, other: &Self, other_value: f64) -> Ordering {
        let nearer = || self.distance.total_cmp(&other.distance);
        other_value.total_cmp(&value).then_with(nearer).then_with(|| self.id.cmp(&other.id))
    }
}

impl Pool {
    /// Fills the pool with the `limit` of `found` nearest to the query, measured exactly.
    ///
    /// Whatever a candidate search computed, only its ids count: relevance and distance always come from
    /// the one fixed-order routine (comparing again what the search compared counts as no evaluation). A repeated
    /// id counts once.
    pub fn fill(
        &mut self,
        base: &Base,
        query: Query<'_>,
        found: impl Iterator<Item = u32>,
        limit: usize,
        scratch: &Scratch,
    ) {
        self.items.clear();
        self.items.extend(found.map(|id| Item { id, distance: base.distance_to(query, id), rel: 0.0, score: 0.0 }));
        self.items.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
        self.items.dedup_by_key(|item| item.id);
        self.items.truncate(limit);
        if base.distance() == Distance::Euclidean {
            let distances = scratch.arena.alloc_slice_fill_iter(self.items.iter().map(|item| item.distance));
            self.sigma = kernel::median(distances);
        }
        for item in &mut self.items {
            item.rel = relevance(base.distance(), item.distance, self.sigma);
            item.score = item.rel;
        }
    }

    /// Adds base vector `id`, which is not in the pool yet, with its relevance as its score.
    pub fn push(&mut self, base: &Base, query: Query<'_>, id: u32, scratch: &Scratch) {
        let distance = base.distance_to(query, id);
        scratch.count(1);
        let rel = relevance(base.distance(), distance, self.sigma);
        self.items.push(Item { id, distance, rel, score: rel });
    }

    /// Puts the best score first and keeps the best `limit`.
    pub fn keep_best(&mut self, limit: usize) {
        let order = |a: &Item, b: &Item| a.best_first(a.score, b, b.score);
        if limit < self.items.len() {
            self.items.select_nth_unstable_by(limit, order);
            self.items.truncate(limit);
        }
        self.items.sort_unstable_by(order);
    }
}

/// Relevance at a distance. A function of the distance alone, so that what is nearer is never less relevant, to the last
/// bit.
#[inline]
fn relevance(kind: Distance, distance: f64, sigma: f64) -> f64 {
    match kind {
        Distance::Angular => 1.0 - distance,
        Distance::Euclidean => kernel::rbf(distance * distance, sigma),
    }
}
