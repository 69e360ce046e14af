//! Best-first walks over a graph.

use crate::items::{Distances, KeyedDistance, TOGETHER};
use crate::prefetch::prefetch;
use crate::scratch::{Scratch, Visited};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use std::cell::Cell;

/// The targets of each point of a graph.
pub trait TargetLists {
    /// Those of one point.
    fn of(&self, id: u32) -> &[u32];

    /// Says that those of one point will be read soon.
    #[inline(always)]
    fn prefetch(&self, id: u32) {
        prefetch(self.of(id));
    }
}

/// What a walk works in.
pub struct WalkMemory<'s> {
    /// Where the points that it keeps lie.
    pub arena: &'s Bump,
    visited: &'s mut Visited,
    evaluations: &'s Cell<u64>,
}

impl<'s> WalkMemory<'s> {
    /// Part of a thread's working memory.
    pub fn of(scratch: &'s mut Scratch) -> Self {
        Self { arena: &scratch.arena, visited: &mut scratch.visited, evaluations: &scratch.evaluations }
    }
}

/// Points that a graph may have: a bit beside the number says whether a walk has looked at the targets of a point.
pub const MOST_POINTS: usize = 1 << 31;

/// A point that a walk has met. The nearer is less, then the lower id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near<D: KeyedDistance>(D::Key);

impl<D: KeyedDistance> Near<D> {
    /// A point at that distance, whose targets have not been looked at.
    #[inline(always)]
    pub fn new(id: u32, distance: D) -> Self {
        Self(distance.key(id << 1))
    }

    /// How far off it is.
    #[inline(always)]
    pub fn distance(self) -> D {
        D::distance_of(self.0)
    }

    /// Its number in the graph.
    #[inline(always)]
    pub fn id(self) -> u32 {
        D::number_of(self.0) >> 1
    }

    /// Whether its own targets have been looked at.
    #[inline(always)]
    fn is_expanded(self) -> bool {
        D::number_of(self.0) & 1 == 1
    }

    /// The same, expanded.
    #[inline(always)]
    fn expanded(self) -> Self {
        Self(self.0 | 1.into())
    }
}

/// Where a walk starts, and how many points it keeps.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    /// Points of the graph.
    pub rows: usize,
    /// Where it starts; it finds nothing without a start.
    pub starts: &'a [u32],
    /// How many points it keeps under consideration.
    pub ef: usize,
}

/// The `ef` nearest that a walk finds, nearest first, ties by lower id; all that can be reached if there are at most `ef`. Counts
/// each point that it measures, which is each that it meets, once. `expanded` is called with each point whose targets are
/// looked at.
pub fn walk<'s, D: Distances>(
    course: Course<'_>,
    targets: &impl TargetLists,
    from: &D,
    memory: &mut WalkMemory<'s>,
    mut expanded: impl FnMut(Near<D::Distance>),
) -> &'s [Near<D::Distance>] {
    let WalkMemory { arena, visited, evaluations } = memory;
    assert!(course.rows <= MOST_POINTS, "more points than a graph can have");
    visited.clear(course.rows);
    let mut nearest = Nearest::new(course.ef.min(course.rows), arena);
    let mut measured = 0;
    let mut next = Some(course.starts);
    while let Some(ids) = next {
        for ids in ids.chunks(TOGETHER) {
            let mut new = [0; TOGETHER];
            let count = visited.insert(ids, &mut new);
            let new = &new[..count];
            new.iter().for_each(|&id| from.prefetch(id));
            // Unless something nearer is found now, its targets are looked at next.
            if let Some(likely) = nearest.next() {
                targets.prefetch(likely.id());
            }
            let mut distances = [D::Distance::default(); TOGETHER];
            from.measure(new, &mut distances[..count]);
            new.iter().zip(distances).for_each(|(&id, distance)| nearest.insert(Near::new(id, distance)));
            measured += count as u64;
        }
        next = nearest.expand().map(|near| {
            expanded(near);
            targets.of(near.id())
        });
    }
    evaluations.set(evaluations.get() + measured);
    nearest.kept.into_bump_slice()
}

/// The nearest `width` of those met so far, nearest first.
struct Nearest<'s, D: KeyedDistance> {
    kept: ArenaVec<'s, Near<D>>,
    width: usize,
    /// All before this one are expanded.
    first: usize,
}

impl<'s, D: KeyedDistance> Nearest<'s, D> {
    fn new(width: usize, arena: &'s Bump) -> Self {
        Self { kept: ArenaVec::with_capacity_in(width, arena), width, first: 0 }
    }

    fn insert(&mut self, near: Near<D>) {
        if self.kept.len() == self.width {
            // Most points are farther off than all that are kept.
            if self.kept.last().is_none_or(|last| *last < near) {
                return;
            }
            self.kept.pop();
        }
        let place = self.kept.partition_point(|kept| *kept < near);
        self.kept.insert(place, near);
        self.first = self.first.min(place);
    }

    /// The nearest that is not expanded yet.
    fn next(&mut self) -> Option<Near<D>> {
        let ahead = self.kept[self.first..].iter().position(|near| !near.is_expanded());
        self.first += ahead.unwrap_or(self.kept.len() - self.first);
        self.kept.get(self.first).copied()
    }

    /// The same, and marks it as expanded.
    fn expand(&mut self) -> Option<Near<D>> {
        let next = self.next()?;
        self.kept[self.first] = next.expanded();
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::collections::BTreeSet;

    /// Distances to points on a line, from one place.
    struct OnLine {
        place: i32,
        points: Vec<i32>,
        measured: Cell<usize>,
    }

    impl Distances for OnLine {
        type Distance = i32;

        fn measure(&self, ids: &[u32], out: &mut [i32]) {
            ids.iter().zip(out).for_each(|(&id, out)| *out = (self.points[id as usize] - self.place).abs());
            self.measured.set(self.measured.get() + ids.len());
        }

        fn prefetch(&self, _: u32) {}
    }

    impl TargetLists for Vec<Vec<u32>> {
        fn of(&self, id: u32) -> &[u32] {
            &self[id as usize]
        }
    }

    #[test]
    fn a_walk_measures_each_point_it_meets_once() {
        let from = OnLine { place: 9, points: vec![0, 10, 20, 30, 90], measured: Cell::new(0) };
        let lists = vec![vec![1, 4], vec![0, 2], vec![1, 3], vec![2, 0], vec![0, 1]];
        let mut scratch = Scratch::default();
        // From 0 it meets 1 and 4, from 1 it meets 2: with 2 kept, 1 and 0 are nearest to 9 and both are expanded.
        let (course, mut expanded) = (Course { rows: 5, starts: &[0], ef: 2 }, Vec::new());
        let nearest = walk(course, &lists, &from, &mut WalkMemory::of(&mut scratch), |near| expanded.push(near.id()));
        assert_eq!(nearest.iter().map(|near| near.id()).collect::<Vec<_>>(), [1, 0]);
        assert_eq!((expanded, scratch.evaluations.get(), from.measured.get()), (vec![0, 1], 4, 4));
    }

    /// The walk by its definition: sets, and a sort at every step.
    fn naive(course: Course<'_>, lists: &[Vec<u32>], from: &OnLine) -> Vec<u32> {
        let distance = |id: u32| (from.points[id as usize] - from.place).abs();
        let mut met: BTreeSet<u32> = course.starts.iter().copied().collect();
        let mut expanded = BTreeSet::new();
        loop {
            let mut kept: Vec<(i32, u32)> = met.iter().map(|&id| (distance(id), id)).collect();
            kept.sort_unstable();
            kept.truncate(course.ef);
            let Some(&(_, id)) = kept.iter().find(|(_, id)| !expanded.contains(id)) else {
                return kept.into_iter().map(|(_, id)| id).collect();
            };
            expanded.insert(id);
            met.extend(&lists[id as usize]);
        }
    }

    proptest! {
        /// Few places, so that many points are equally near; long lists, which are looked at in parts.
        #[test]
        fn a_walk_finds_what_its_definition_finds(rows in 1_usize..150, degree in 0_usize..140, ef in 1_usize..40, seed: u64) {
            let mut rng = random::stream(seed, "walk", 0);
            let points: Vec<i32> = (0..rows).map(|_| random::below(&mut rng, 50) as i32).collect();
            let list = |_| (0..degree).map(|_| random::below(&mut rng, rows) as u32).collect();
            let lists: Vec<Vec<u32>> = (0..rows).map(list).collect();
            let from = OnLine { place: 20, points, measured: Cell::new(0) };
            let starts = [0, (rows / 2) as u32];
            let course = Course { rows, starts: &starts, ef };
            let mut scratch = Scratch::default();
            let found: Vec<u32> = walk(course, &lists, &from, &mut WalkMemory::of(&mut scratch), |_| ()).iter().map(|near| near.id()).collect();
            prop_assert_eq!(found, naive(course, &lists, &from));
            prop_assert_eq!(scratch.evaluations.get(), from.measured.get() as u64);
        }
    }
}
