//! Inserting points into a graph, in parallel, with the same graph for any number of threads.
//!
//! Points are inserted in batches. All points of a batch walk over the graph as it was before the batch, and choose their targets
//! among those that the walk looked at. Then the edges back are sorted by where they start, so that each point gets its new edges
//! at once and in one order. The sizes of batches depend on the number of points alone.
//!
//! Source: ParlayANN (Manohar et al. 2024).

use super::prune::{Rule, prune};
use super::walk::{Course, Near, TargetLists, WalkMemory, walk};
use crate::items::{Distances, Items, TOGETHER};
use crate::large_pages;
use crate::prefetch::prefetch;
use crate::scratch::Scratch;
use crate::spare::Spare;
use rayon::prelude::*;

/// A batch is at most this part of the points before it, so that few of its neighbours are in the batch itself.
const PART_OF_EARLIER: usize = 16;
/// A batch is at most this part of all points, but for small graphs.
const PART_OF_ALL: usize = 200;
/// The largest batch of a small graph.
const SMALL_BATCH: usize = 64;

/// What shapes a graph.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Targets that a new point chooses.
    pub first: usize,
    /// Targets that a point may have while the graph grows.
    pub capacity: usize,
    /// What is kept of more.
    pub rule: Rule,
    /// How many points a walk keeps that looks for the targets of a new point.
    pub ef: usize,
}

impl Shape {
    /// The same for so many points: none has more targets than there are points.
    pub fn within(self, rows: usize) -> Self {
        let [first, degree, capacity, ef] =
            [self.first, self.rule.degree, self.capacity, self.ef].map(|count| count.min(rows.max(1)));
        Self { first, capacity, ef, rule: Rule { degree, ..self.rule } }
    }
}

/// Lists of targets with room for more: for each point their number, then they themselves.
#[derive(Debug)]
pub struct GrowingLists {
    words: Vec<u32>,
    width: usize,
}

impl GrowingLists {
    /// Empty lists of `rows` points.
    fn new(rows: usize, capacity: usize) -> Self {
        Self { words: large_pages::filled(0, rows * (capacity + 1)), width: capacity + 1 }
    }

    /// Bytes that lists of so many points take.
    pub fn bytes(rows: usize, capacity: usize) -> usize {
        rows.saturating_mul((capacity + 1) * size_of::<u32>())
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.words.len() / self.width
    }

    /// These lists.
    #[cfg(test)]
    pub fn with(lists: &[&[u32]]) -> Self {
        let mut all = Self::new(lists.len(), lists.iter().map(|list| list.len()).max().unwrap_or(0));
        (0..).zip(lists).for_each(|(id, list)| all.set(id, list));
        all
    }

    fn set(&mut self, id: u32, list: &[u32]) {
        write(&mut self.words[id as usize * self.width..][..self.width], list);
    }
}

/// Replaces a list.
fn write(words: &mut [u32], list: &[u32]) {
    words[0] = list.len() as u32;
    words[1..=list.len()].copy_from_slice(list);
}

impl TargetLists for GrowingLists {
    #[inline(always)]
    fn of(&self, id: u32) -> &[u32] {
        let words = &self.words[id as usize * self.width..][..self.width];
        &words[1..=words[0] as usize]
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        prefetch(&self.words[id as usize * self.width..][..self.width]);
    }
}

/// Where the walk of a new point starts, beside the first point of all.
pub type Entry<'a> = &'a (dyn Fn(u32, &mut WalkMemory<'_>) -> u32 + Sync);

/// A graph that points are being inserted into.
struct Insertion<'a, I> {
    items: &'a I,
    shape: Shape,
    lists: GrowingLists,
    start: u32,
    entry: Entry<'a>,
    spare: Spare<Scratch>,
}

/// Inserts points in this order, each once.
pub fn insert_all<I: Items>(items: &I, shape: Shape, order: &[u32], entry: Entry<'_>) -> GrowingLists {
    let shape = shape.within(items.len());
    let lists = GrowingLists::new(items.len(), shape.capacity);
    let Some((&start, rest)) = order.split_first() else { return lists };
    let mut insertion = Insertion { items, shape, lists, start, entry, spare: Spare::default() };
    let largest = (order.len() / PART_OF_ALL).max(SMALL_BATCH);
    let mut inserted = 0;
    while inserted < rest.len() {
        let size = (inserted / PART_OF_EARLIER).clamp(1, largest).min(rest.len() - inserted);
        insertion.insert(&rest[inserted..inserted + size]);
        inserted += size;
    }
    insertion.lists
}

/// An edge back from a target to the point that chose it.
type EdgeBack = (u32, u32);

impl<I: Items> Insertion<'_, I> {
    /// Inserts a batch.
    fn insert(&mut self, batch: &[u32]) {
        let chosen: Vec<Vec<u32>> = batch.par_iter().map(|&id| self.choose(id)).collect();
        let edges = batch.iter().zip(&chosen).flat_map(|(&id, list)| list.iter().map(move |&target| (target, id)));
        let mut back: Vec<EdgeBack> = edges.collect();
        back.par_sort_unstable();
        batch.iter().zip(&chosen).for_each(|(&id, list)| self.lists.set(id, list));
        let (width, items, shape) = (self.lists.width, self.items, self.shape);
        lists_of(&mut self.lists.words, width, &back)
            .into_par_iter()
            .for_each(|(list, edges)| add(items, shape, list, edges));
    }

    /// The targets of a new point: among all that a walk to it looked at.
    fn choose(&self, id: u32) -> Vec<u32> {
        let mut scratch = self.spare.take();
        scratch.reset();
        let mut memory = WalkMemory::of(&mut scratch);
        let starts = [self.start, (self.entry)(id, &mut memory)];
        let mut met = Vec::with_capacity(2 * self.shape.ef);
        let course = Course { rows: self.items.len(), starts: &starts, ef: self.shape.ef };
        walk(course, &self.lists, &self.items.from(id), &mut memory, |near| met.push(near));
        prune(self.items, Rule { degree: self.shape.first, ..self.shape.rule }, &mut met)
    }
}

/// The list of each point that edges go back from, with these edges.
fn lists_of<'l, 'e>(
    mut words: &'l mut [u32],
    width: usize,
    back: &'e [EdgeBack],
) -> Vec<(&'l mut [u32], &'e [EdgeBack])> {
    let mut lists = Vec::new();
    let mut passed = 0;
    for edges in back.chunk_by(|a, b| a.0 == b.0) {
        let of = edges[0].0 as usize;
        let (list, rest) = std::mem::take(&mut words)[(of - passed) * width..].split_at_mut(width);
        lists.push((list, edges));
        (words, passed) = (rest, of + 1);
    }
    lists
}

/// Adds edges to a list, and prunes it if it is then too long.
fn add<I: Items>(items: &I, shape: Shape, words: &mut [u32], edges: &[EdgeBack]) {
    let length = words[0] as usize;
    let total = length + edges.len();
    if total <= shape.capacity {
        words[1 + length..=total].iter_mut().zip(edges).for_each(|(word, &(_, id))| *word = id);
        words[0] = total as u32;
        return;
    }
    let from = items.from(edges[0].0);
    let ids: Vec<u32> = words[1..=length].iter().copied().chain(edges.iter().map(|&(_, id)| id)).collect();
    ids.iter().for_each(|&id| from.prefetch(id));
    let mut near = Vec::with_capacity(total);
    for ids in ids.chunks(TOGETHER) {
        let mut distances = [I::Distance::default(); TOGETHER];
        from.measure(ids, &mut distances[..ids.len()]);
        near.extend(ids.iter().zip(distances).map(|(&id, distance)| Near::new(id, distance)));
    }
    write(words, &prune(items, shape.rule, &mut near));
}
