//! The pool: what the candidates found, the expansion adds to, and the selector picks from.

use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::items::{Distances as _, ExactDistances, TotalOrder};
use crate::kernel;
use crate::scratch::Scratch;
use crate::spare::{Room, reserve};
use std::cell::Cell;
use std::cmp::Ordering;

/// Items that are measured together, while the next ones are fetched from memory: candidates lie far apart there.
const AT_ONCE: usize = 8;

/// One base vector in a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Row of the base.
    pub id: u32,
    /// Distance to the query.
    pub distance: f64,
    /// Relevance, raw: cosine for angular, `exp(-distance^2 / (2 sigma^2))` for euclidean, the inner product for ip,
    /// 1 - distance for hamming and jaccard.
    pub rel: f64,
    /// What selectors read as relevance: [`Pool::scaled`] of `rel`, or the score of a list from a file, until an expansion
    /// replaces it.
    pub score: f64,
}

/// A query's pool, in the order of [`Item::best_first`]: of two items the better stands before the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// The items.
    pub items: Vec<Item>,
    /// Median distance to the query of what the candidates found: the width of the rbf kernel for this query.
    /// An expansion does not change it, so that relevances stay comparable.
    pub sigma: f64,
    /// The scale of relevances that have none of their own: the smallest and the largest of what the candidates found. An
    /// expansion does not change it.
    pub range: Option<[f64; 2]>,
}

impl Item {
    /// The order of preference of two items: the higher score first, then the lower id. It decides every tie of a
    /// selector, too: of two items equal in what a selector looks for, the one that stands first in the pool is taken.
    #[inline]
    pub fn best_first(&self, other: &Self) -> Ordering {
        larger_first(self.score, other.score).then_with(|| self.id.cmp(&other.id))
    }
}

/// The larger number first; 0 and -0 are equal.
#[inline]
pub(crate) fn larger_first(a: f64, b: f64) -> Ordering {
    (b + 0.0).total_cmp(&(a + 0.0))
}

impl Pool {
    /// Fills the pool with the `limit` of `found` nearest to the query (ties by lower id), measured exactly, best score
    /// first.
    ///
    /// Whatever a candidate search computed, only its ids count: relevance and distance always come from the one
    /// fixed-order routine (measuring again what the search measured does not count as an evaluation). A repeated id
    /// counts once.
    pub fn fill(
        &mut self,
        base: &Base,
        query: Query<'_>,
        found: impl Iterator<Item = u32>,
        limit: usize,
        scratch: &Scratch,
    ) {
        self.fill_nearest_first(base, query, found, limit, scratch);
        // Unequal distances may round to one relevance; then ids decide.
        self.keep_best(limit);
    }

    /// As [`Pool::fill`], but in the order of distances, ties by lower id.
    pub(crate) fn fill_nearest_first(
        &mut self,
        base: &Base,
        query: Query<'_>,
        found: impl Iterator<Item = u32>,
        limit: usize,
        scratch: &Scratch,
    ) {
        self.items.clear();
        self.items.extend(found.map(|id| Item { id, distance: 0.0, rel: 0.0, score: 0.0 }));
        let from = ExactDistances::new(base, query);
        let mut chunks = self.items.chunks_mut(AT_ONCE).peekable();
        while let Some(items) = chunks.next() {
            chunks.peek().into_iter().flat_map(|next| next.iter()).for_each(|item| from.prefetch(item.id));
            let (mut ids, mut distances) = ([0; AT_ONCE], [TotalOrder::default(); AT_ONCE]);
            ids.iter_mut().zip(&*items).for_each(|(id, item)| *id = item.id);
            from.measure(&ids[..items.len()], &mut distances[..items.len()]);
            items.iter_mut().zip(distances).for_each(|(item, distance)| item.distance = distance.0);
        }
        self.order(base.distance(), limit, scratch);
    }

    /// Fills the pool with listed base vectors, each once, measured exactly. The scores that the list gives them, scaled by this
    /// list from 0 to 1 (1 where all are equal), become theirs, best first.
    pub(crate) fn fill_listed(&mut self, base: &Base, query: Query<'_>, listed: &[(u32, f64)], scratch: &Scratch) {
        self.fill_nearest_first(base, query, listed.iter().map(|&(id, _)| id), listed.len(), scratch);
        let by_id = scratch.arena.alloc_slice_fill_iter(listed.iter().copied());
        by_id.sort_unstable_by_key(|&(id, _)| id);
        let scores = || listed.iter().map(|&(_, score)| score);
        let range = scores().reduce(f64::min).zip(scores().reduce(f64::max)).map(|(least, most)| [least, most]);
        for item in &mut self.items {
            if let Ok(at) = by_id.binary_search_by_key(&item.id, |&(id, _)| id) {
                item.score = scaled(by_id[at].1, range);
            }
        }
        self.keep_best(listed.len());
    }

    /// As [`Pool::fill_nearest_first`], of points that were measured exactly: ids and distances.
    pub(crate) fn fill_measured(
        &mut self,
        distance: Distance,
        found: impl Iterator<Item = (u32, f64)>,
        limit: usize,
        scratch: &Scratch,
    ) {
        self.items.clear();
        self.items.extend(found.map(|(id, distance)| Item { id, distance, rel: 0.0, score: 0.0 }));
        self.order(distance, limit, scratch);
    }

    /// Puts the nearest first, keeps `limit` of them, and gives them their relevances.
    fn order(&mut self, distance: Distance, limit: usize, scratch: &Scratch) {
        self.items.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
        self.items.dedup_by_key(|item| item.id);
        self.items.truncate(limit);
        if distance == Distance::Euclidean {
            let distances = scratch.arena.alloc_slice_fill_iter(self.items.iter().map(|item| item.distance));
            self.sigma = kernel::median(distances);
        }
        for item in &mut self.items {
            item.rel = relevance(distance, item.distance, self.sigma);
        }
        // The items stand in the order of distances, so of relevances.
        let ends = self.items.first().zip(self.items.last()).map(|(most, least)| [least.rel, most.rel]);
        self.range = ends.filter(|_| distance == Distance::InnerProduct);
        let range = self.range;
        self.items.iter_mut().for_each(|item| item.score = scaled(item.rel, range));
    }

    /// A relevance as selectors and expansions read it: as it is; for ip by its place between the smallest and the largest of
    /// the candidates, from 0 to 1 (1 where all are equal).
    #[inline]
    pub fn scaled(&self, rel: f64) -> f64 {
        scaled(rel, self.range)
    }

    /// Copies another pool into the memory that this one has.
    pub fn copy_from(&mut self, other: &Self) {
        self.items.clear();
        self.items.extend_from_slice(&other.items);
        (self.sigma, self.range) = (other.sigma, other.range);
    }

    /// Adds base vector `id`, which is not in the pool yet, with its relevance as its score.
    /// Adds 1 to `evaluations`.
    pub fn push(&mut self, base: &Base, query: Query<'_>, id: u32, evaluations: &Cell<u64>) {
        let distance = base.distance_to(query, id);
        evaluations.set(evaluations.get() + 1);
        let rel = relevance(base.distance(), distance, self.sigma);
        self.items.push(Item { id, distance, rel, score: self.scaled(rel) });
    }

    /// Puts the best score first and keeps the best `limit`.
    pub fn keep_best(&mut self, limit: usize) {
        if limit < self.items.len() {
            self.items.select_nth_unstable_by(limit, Item::best_first);
            self.items.truncate(limit);
        }
        self.items.sort_unstable_by(Item::best_first);
    }
}

impl Room for Pool {
    fn make_room(&mut self, other: &Self) {
        reserve(&mut self.items, other.items.capacity());
    }
}

/// Relevance at a distance. A function of the distance alone, so that a nearer item is never less relevant, to the last
/// bit.
#[inline]
fn relevance(kind: Distance, distance: f64, sigma: f64) -> f64 {
    match kind {
        Distance::Angular | Distance::Hamming | Distance::Jaccard => 1.0 - distance,
        Distance::InnerProduct => -distance,
        Distance::Euclidean => kernel::rbf(distance * distance, sigma),
    }
}

/// See [`Pool::scaled`].
#[inline]
pub fn scaled(rel: f64, range: Option<[f64; 2]>) -> f64 {
    match range {
        None => rel,
        Some([least, most]) if most > least => ((rel - least) / (most - least)).clamp(0.0, 1.0),
        Some([least, _]) => f64::from(u8::from(rel >= least)),
    }
}
