//! A graph over base points, and best-first walks over it.

use super::build::Targets;
use super::twins::Twins;
use crate::base::{Base, Query};
use crate::candidates::{Words, offsets};
use crate::scratch::Scratch;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::cmp::Ordering;

/// A directed graph over the different base points: for each its targets, and the one where walks start, from which every
/// other can be reached.
#[derive(Clone, Debug, PartialEq)]
pub struct ProximityGraph {
    /// The offset of vector `i`'s targets; the end of the last.
    starts: Vec<u64>,
    targets: Vec<u32>,
    /// `None` if there are no vectors.
    start: Option<u32>,
    /// Those that the graph does not hold, being the same as others.
    twins: Twins,
}

/// How many points a search keeps under consideration, and how many it finds at least.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    pub ef: usize,
    pub pool: usize,
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
    /// Lays out the lists of targets, and adds edges until every point of `base` that is not the same as one with a lower id can
    /// be reached from the start: each that cannot is made a target of the nearest that a walk of width `ef` finds.
    pub fn new(base: &Base, targets: Targets, twins: Twins, ef: usize) -> Self {
        let Targets { mut lists, start } = targets;
        let mut reached = twins.are_later(base.len());
        if let Some(start) = start {
            reach(start, &lists, &mut reached);
        }
        let mut scratch = Scratch::default();
        for id in 0..base.len() as u32 {
            if reached[id as usize] {
                continue;
            }
            scratch.reset();
            let query = base.query(id as usize);
            let distance = |other| base.distance_to(query, other);
            let nearest = walk(base.len(), distance, ef, &mut scratch, start, |near| &lists[near.id as usize]);
            if let Some(nearest) = nearest.first() {
                lists[nearest.id as usize].push(id);
            }
            reach(id, &lists, &mut reached);
        }
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len() as u64;
            Some(*end)
        });
        Self { starts: std::iter::once(0).chain(ends).collect(), targets: lists.concat(), start, twins }
    }

    /// The number of vectors, the start of walks ([`NOWHERE`] without vectors), each vector's number of targets, and
    /// the targets.
    pub fn words(&self) -> Vec<u32> {
        let mut words = vec![(self.starts.len() - 1) as u32, self.start.unwrap_or(NOWHERE)];
        words.extend(self.starts.windows(2).map(|ends| (ends[1] - ends[0]) as u32));
        words.extend(&self.targets);
        words
    }

    /// The graph over `base` with these words; `None` if there is none.
    pub fn restore(words: &[u32], base: &Base) -> Option<Self> {
        let mut words = Words(words);
        let (n, start) = (words.count()?, words.take(1)?[0]);
        let (lengths, targets) = (words.take(n)?, words.0);
        let start = Some(start).filter(|&start| start != NOWHERE);
        let is_whole = n == base.len() && offsets(lengths).last() == Some(targets.len()) && start.is_some() == (n > 0);
        if !is_whole || start.iter().chain(targets).any(|&id| id as usize >= n) {
            return None;
        }
        let twins = Twins::of(base.points());
        let later = twins.are_later(n);
        let leads_nowhere = later.iter().zip(lengths).all(|(&later, &length)| !later || length == 0);
        if !leads_nowhere || start.iter().chain(targets).any(|&id| later[id as usize]) {
            return None;
        }
        let starts = offsets(lengths).map(|start| start as u64).collect();
        Some(Self { starts, targets: targets.to_vec(), start, twins })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice()) + size_of_val(self.targets.as_slice()) + self.twins.bytes()
    }

    /// Finds at least the `pool` nearest to the query of those that a walk of width `ef`, at least `pool`, keeps: with each of
    /// them those that are the same.
    pub fn find(&self, base: &Base, query: Query<'_>, widths: Widths, scratch: &mut Scratch, found: &mut Vec<u32>) {
        found.clear();
        let Widths { ef, pool } = widths;
        let nearest = self.walk(base, query, ef, scratch);
        if self.twins.is_empty() {
            found.extend(nearest.iter().take(pool).map(|near| near.id));
            return;
        }
        let mut last = f64::INFINITY;
        for near in nearest {
            // Of those that are as near as the last, lower ids come first, whatever they are the same as.
            if found.len() >= pool && near.distance > last {
                break;
            }
            found.push(near.id);
            found.extend(self.twins.others(near.id).take(pool));
            last = near.distance;
        }
    }

    /// The `ef` nearest to the query that a walk finds, nearest first, ties by lower id; all if there are at most `ef`. Those that
    /// are the same as one with a lower id are left out. Measures exactly, and counts what it measures.
    pub fn walk<'s>(&self, base: &Base, query: Query<'_>, ef: usize, scratch: &'s mut Scratch) -> &'s [Near] {
        let targets = |near: Near| {
            let id = near.id as usize;
            &self.targets[self.starts[id] as usize..self.starts[id + 1] as usize]
        };
        walk(base.len(), |id| base.distance_to(query, id), ef, scratch, self.start, targets)
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

/// A walk over `rows` points from the start, see [`ProximityGraph::walk`]; `targets` is called with each point that it expands.
pub fn walk<'s, 't>(
    rows: usize,
    distance: impl Fn(u32) -> f64,
    ef: usize,
    scratch: &'s mut Scratch,
    start: Option<u32>,
    mut targets: impl FnMut(Near) -> &'t [u32],
) -> &'s [Near] {
    let Scratch { arena, mass: met, evaluations, .. } = scratch;
    met.clear(rows);
    let mut nearest = Nearest::new(ef.min(rows), arena);
    let mut measured = 0;
    let mut next = Some(start.as_slice());
    while let Some(ids) = next {
        for &id in ids {
            if !met.contains(id) {
                met.set(id, 1.0);
                measured += 1;
                nearest.insert(Near::new(id, distance(id)));
            }
        }
        next = nearest.expand().map(&mut targets);
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
    fn expand(&mut self) -> Option<Near> {
        self.first += self.kept[self.first..].iter().position(|near| !near.expanded)?;
        let near = &mut self.kept[self.first];
        near.expanded = true;
        Some(*near)
    }
}

impl Near {
    /// A point at that distance, whose targets have not been looked at.
    pub fn new(id: u32, distance: f64) -> Self {
        Self { id, distance, expanded: false }
    }

    /// The nearer first, then the lower id.
    pub fn nearest_first(&self, other: &Self) -> Ordering {
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
        let links = ProximityGraph::new(
            &base,
            Targets { lists: vec![vec![1], vec![], vec![3], vec![]], start: Some(0) },
            Twins::default(),
            4,
        );
        assert_eq!((links.starts, links.targets), (vec![0, 1, 2, 3, 3], vec![1, 2, 3]));
    }

    #[test]
    fn a_walk_measures_each_vector_it_meets_once() {
        let base = Base::from_values(&[0.0, 1.0, 2.0, 3.0, 9.0], 1, Distance::Euclidean).expect("finite");
        let lists = vec![vec![1, 4], vec![0, 2], vec![1, 3], vec![2, 0], vec![0, 1]];
        let links = ProximityGraph::new(&base, Targets { lists, start: Some(0) }, Twins::default(), 4);
        let mut scratch = Scratch::default();
        // From 0 it meets 1 and 4, from 1 it meets 2: with 2 kept, 1 and 0 are nearest to 0.9 and both are expanded.
        let queries = crate::points::vectors::Vectors::new(&[0.9], 1).expect("finite");
        let nearest: Vec<u32> =
            links.walk(&base, Query::vector(&queries, 0), 2, &mut scratch).iter().map(|n| n.id).collect();
        assert_eq!(nearest, [1, 0]);
        assert_eq!(scratch.evaluations.get(), 4);
    }
}
