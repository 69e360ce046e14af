//! Building the graph by distances alone, whatever the points are.
//!
//! Points are inserted in batches. Every point of a batch walks over the graph of those before the batch, and chooses its
//! targets among all that the walk looked at; then the edges back are added. So the graph does not depend on the number of threads.

use super::Build;
use super::build::{Targets, capacity};
use super::links::{Near, walk};
use crate::base::Base;
use crate::random;
use crate::scratch::Scratch;
use crate::spare::Spare;
use rayon::prelude::*;

/// A batch is this part of the points before it, so that few of its neighbours are in the batch itself.
const BATCH: usize = 16;
/// Points in a batch, at most.
const LARGEST_BATCH: usize = 512;
/// Points that may become the start of walks.
const CANDIDATES: usize = 64;
/// Points to which the distances of a candidate are summed.
const WITNESSES: usize = 256;

/// A graph that points are being inserted into.
struct Insertion {
    /// The points, each a query to the others: for ip they are compared by angle.
    items: Base,
    lists: Vec<Vec<u32>>,
    start: u32,
    degree: usize,
    capacity: usize,
    ef: usize,
    alpha: f64,
    spare: Spare<Scratch>,
}

/// Builds the graph: the start first, then the others in an order drawn at random.
///
/// Source: Jayaram Subramanya et al. 2019, one pass; batches as in ParlayANN (Manohar et al. 2024).
pub fn targets(part: &Build, base: &Base) -> Targets {
    let items = base.of_items();
    let n = base.len();
    let Some(start) = middle(&items) else { return Targets::default() };
    let degree = part.degree.size().min(n);
    let mut insertion = Insertion {
        items,
        lists: vec![Vec::new(); n],
        start,
        degree,
        capacity: capacity(degree, n),
        ef: part.ef_construction.size().min(n),
        alpha: part.alpha.get(),
        spare: Spare::default(),
    };
    let mut order: Vec<u32> = (0..n as u32).filter(|&id| id != start).collect();
    random::shuffle(&mut random::stream(0, "vamana order", 0), &mut order);
    let mut inserted = 0;
    while inserted < order.len() {
        let size = (inserted / BATCH).clamp(1, LARGEST_BATCH).min(order.len() - inserted);
        insertion.insert(&order[inserted..inserted + size]);
        inserted += size;
    }
    Targets { lists: insertion.lists, start: Some(start) }
}

/// The one of some points that is nearest to some others, in the mean; ties by lower id.
fn middle(items: &Base) -> Option<u32> {
    let drawn = |purpose, count| random::sample(&mut random::stream(0, purpose, 0), items.len(), count);
    let witnesses = drawn("vamana witnesses", WITNESSES);
    let sum = |id: usize| -> f64 { witnesses.iter().map(|&to| items.distance_to(items.query(id), to as u32)).sum() };
    let candidates = drawn("vamana start", CANDIDATES);
    let sums: Vec<(f64, usize)> = candidates.into_par_iter().map(|id| (sum(id), id)).collect();
    sums.into_iter().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, id)| id as u32)
}

impl Insertion {
    /// Inserts a batch.
    fn insert(&mut self, batch: &[u32]) {
        let chosen: Vec<Vec<u32>> = batch.par_iter().map(|&id| self.choose(id)).collect();
        let edges = batch.iter().zip(&chosen).flat_map(|(&id, list)| list.iter().map(move |&target| (target, id)));
        let mut back: Vec<(u32, u32)> = edges.collect();
        back.sort_unstable();
        batch.iter().zip(chosen).for_each(|(&id, list)| self.lists[id as usize] = list);
        let grown: Vec<(u32, Vec<u32>)> = back
            .par_chunk_by(|a, b| a.0 == b.0)
            .map(|edges| {
                let of = edges[0].0;
                let added = edges.iter().map(|&(_, id)| id);
                (of, self.within_capacity(of, self.lists[of as usize].iter().copied().chain(added).collect()))
            })
            .collect();
        grown.into_iter().for_each(|(of, list)| self.lists[of as usize] = list);
    }

    /// The targets of a new point: among all that a walk to it expanded or kept.
    fn choose(&self, id: u32) -> Vec<u32> {
        let mut scratch = self.spare.take();
        scratch.reset();
        let mut met: Vec<Near> = Vec::with_capacity(2 * self.ef);
        let query = self.items.query(id as usize);
        let distance = |other| self.items.distance_to(query, other);
        let lists = |near: Near| {
            met.push(near);
            self.lists[near.id as usize].as_slice()
        };
        let kept = walk(self.items.len(), distance, self.ef, &mut scratch, Some(self.start), lists);
        met.extend(kept);
        self.prune(met)
    }

    /// A list as it is, or pruned where it is too long.
    fn within_capacity(&self, of: u32, list: Vec<u32>) -> Vec<u32> {
        if list.len() <= self.capacity {
            return list;
        }
        let query = self.items.query(of as usize);
        self.prune(list.into_iter().map(|id| Near::new(id, self.items.distance_to(query, id))).collect())
    }

    /// Robust pruning: the nearest is taken, and those that are alpha times nearer to it than to the point itself are left out;
    /// then the next that is left, until there are `degree`.
    fn prune(&self, mut near: Vec<Near>) -> Vec<u32> {
        near.sort_unstable_by(Near::nearest_first);
        near.dedup_by_key(|near| near.id);
        let mut chosen: Vec<u32> = Vec::with_capacity(self.degree);
        for Near { id, distance, .. } in near {
            if chosen.len() == self.degree {
                break;
            }
            let query = self.items.query(id as usize);
            if chosen.iter().all(|&other| self.alpha * self.items.distance_to(query, other) > distance) {
                chosen.push(id);
            }
        }
        chosen
    }
}
