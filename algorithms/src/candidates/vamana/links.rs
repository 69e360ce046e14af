//! A graph over base vectors, and best-first walks over it.

use crate::base::{Base, Query};
use crate::candidates::{Words, offsets};
use crate::scratch::Scratch;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::cmp::Ordering;

/// A directed graph over base vectors: for each vector its targets, and the one where walks start, from which every
/// other can be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct ProximityGraph {
    /// The offset of vector `i`'s targets; the end of the last.
    starts: Vec<u64>,
    targets: Vec<u32>,
    /// `None` if there are no vectors.
    start: Option<u32>,
}

/// Stands for no vector in [`ProximityGraph::words`].
const NOWHERE: u32 = u32::MAX;

/// A vector that a walk has met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Row of the base.
    pub id: u32,
    /// Its distance to the query.
    pub distance: f64,
    /// Whether its own targets have been looked at.
    expanded: bool,
}

impl ProximityGraph {
    /// Lays out `targets`, the list of each vector, and adds edges until every vector of `base` can be reached from
    /// `start`: each that cannot is made a target of the nearest that a walk of width `ef` finds.
    pub fn new(base: &Base, mut targets: Vec<Vec<u32>>, start: Option<u32>, ef: usize) -> Self {
        let mut reached = vec![false; base.len()];
        if let Some(start) = start {
            reach(start, &targets, &mut reached);
        }
        let mut scratch = Scratch::default();
        for id in 0..base.len() as u32 {
            if reached[id as usize] {
                continue;
            }
            scratch.reset();
            let nearest = walk(base, base.query(id as usize), ef, &mut scratch, start, |id| &targets[id as usize]);
            if let Some(nearest) = nearest.first() {
                targets[nearest.id as usize].push(id);
            }
            reach(id, &targets, &mut reached);
        }
        let ends = targets.iter().scan(0, |end, list| {
            *end += list.len() as u64;
            Some(*end)
        });
        Self { starts: std::iter::once(0).chain(ends).collect(), targets: targets.concat(), start }
    }

    /// The number of vectors, the start of walks ([`NOWHERE`] without vectors), each vector's number of targets, and
    /// the targets.
    pub fn words(&self) -> Vec<u32> {
        let mut words = vec![(self.starts.len() - 1) as u32, self.start.unwrap_or(NOWHERE)];
        words.extend(self.starts.windows(2).map(|ends| (ends[1] - ends[0]) as u32));
        words.extend(&self.targets);
        words
    }

    /// The graph over `rows` vectors with these words; `None` if there is none.
    pub fn restore(words: &[u32], rows: usize) -> Option<Self> {
        let mut words = Words(words);
        let (n, start) = (words.count()?, words.take(1)?[0]);
        let (lengths, targets) = (words.take(n)?, words.0);
        let start = Some(start).filter(|&start| start != NOWHERE);
        let is_whole = n == rows && offsets(lengths).last() == Some(targets.len()) && start.is_some() == (n > 0);
        if !is_whole || start.iter().chain(targets).any(|&id| id as usize >= n) {
            return None;
        }
        let starts = offsets(lengths).map(|start| start as u64).collect();
        Some(Self { starts, targets: targets.to_vec(), start })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice()) + size_of_val(self.targets.as_slice())
    }

    /// The `ef` nearest to the query that a walk finds, nearest first, ties by lower id; all vectors if there are at
    /// most `ef`. Measures exactly, and counts what it measures.
    pub fn walk<'s>(&self, base: &Base, query: Query<'_>, ef: usize, scratch: &'s mut Scratch) -> &'s [Near] {
        let targets = |id: u32| {
            let id = id as usize;
            &self.targets[self.starts[id] as usize..self.starts[id + 1] as usize]
        };
        walk(base, query, ef, scratch, self.start, targets)
    }

    /// Edges into each vector.
    #[cfg(test)]
    pub fn in_degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.starts.len() - 1];
        self.targets.iter().for_each(|&target| degrees[target as usize] += 1);
        degrees
    }
}

/// Marks all that can be reached from `from`.
fn reach(from: u32, targets: &[Vec<u32>], reached: &mut [bool]) {
    let mut waiting = vec![from];
    while let Some(id) = waiting.pop() {
        if !std::mem::replace(&mut reached[id as usize], true) {
            waiting.extend(targets[id as usize].iter().filter(|&&target| !reached[target as usize]));
        }
    }
}

/// See [`ProximityGraph::walk`].
fn walk<'s, 't>(
    base: &Base,
    query: Query<'_>,
    ef: usize,
    scratch: &'s mut Scratch,
    start: Option<u32>,
    targets: impl Fn(u32) -> &'t [u32],
) -> &'s [Near] {
    let Scratch { arena, mass: met, evaluations, .. } = scratch;
    met.clear(base.len());
    let mut nearest = Nearest::new(ef.min(base.len()), arena);
    let mut measured = 0;
    let mut next = Some(start.as_slice());
    while let Some(ids) = next {
        for &id in ids {
            if !met.contains(id) {
                met.set(id, 1.0);
                measured += 1;
                nearest.insert(Near { id, distance: base.distance_to(query, id), expanded: false });
            }
        }
        next = nearest.expand().map(&targets);
    }
    evaluations.set(evaluations.get() + measured);
    nearest.kept.into_bump_slice()
}

/// The nearest `width` of those met so far, nearest first.
struct Nearest<'s> {
    kept: ArenaVec<'s, Near>,
    width: usize,
    /// All before this one are expanded.
    first: usize,
}

impl<'s> Nearest<'s> {
    fn new(width: usize, arena: &'s Bump) -> Self {
        Self { kept: ArenaVec::with_capacity_in(width + 1, arena), width, first: 0 }
    }

    fn insert(&mut self, near: Near) {
        // Most vectors are farther off than all that are kept.
        if self.kept.len() == self.width && self.kept.last().is_none_or(|last| last.nearest_first(&near).is_lt()) {
            return;
        }
        let place = self.kept.partition_point(|kept| kept.nearest_first(&near).is_lt());
        self.kept.insert(place, near);
        self.kept.truncate(self.width);
        self.first = self.first.min(place);
    }

    /// Returns the nearest that is not expanded yet, and marks it as expanded.
    fn expand(&mut self) -> Option<u32> {
        self.first += self.kept[self.first..].iter().position(|near| !near.expanded)?;
        let near = &mut self.kept[self.first];
        near.expanded = true;
        Some(near.id)
    }
}

impl Near {
    fn nearest_first(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.id.cmp(&other.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::Distance;

    #[test]
    fn what_nothing_leads_to_gets_an_edge_from_the_nearest() {
        // On a line, 0 -> 1, and 2 -> 3 apart from them; nothing leads to 2.
        let base = Base::from_values(&[0.0, 1.0, 5.0, 6.0], 1, Distance::Euclidean).expect("finite");
        let links = ProximityGraph::new(&base, vec![vec![1], vec![], vec![3], vec![]], Some(0), 4);
        assert_eq!((links.starts, links.targets), (vec![0, 1, 2, 3, 3], vec![1, 2, 3]));
    }

    #[test]
    fn a_walk_measures_each_vector_it_meets_once() {
        let base = Base::from_values(&[0.0, 1.0, 2.0, 3.0, 9.0], 1, Distance::Euclidean).expect("finite");
        let targets = vec![vec![1, 4], vec![0, 2], vec![1, 3], vec![2, 0], vec![0, 1]];
        let links = ProximityGraph::new(&base, targets, Some(0), 4);
        let mut scratch = Scratch::default();
        // From 0 it meets 1 and 4, from 1 it meets 2: with 2 kept, 1 and 0 are nearest to 0.9 and both are expanded.
        let queries = crate::points::vectors::Vectors::new(&[0.9], 1).expect("finite");
        let nearest: Vec<u32> =
            links.walk(&base, Query::vector(&queries, 0), 2, &mut scratch).iter().map(|n| n.id).collect();
        assert_eq!(nearest, [1, 0]);
        assert_eq!(scratch.evaluations.get(), 4);
    }
}
