//! Finished lists of targets.

use super::insertion::GrowingLists;
use super::walk::TargetLists;
use crate::candidates::{Words, offsets};
use crate::large_pages;

/// The targets of each point, without room for more.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjacency {
    /// The offset of each point's targets; the end of the last.
    starts: Vec<u64>,
    targets: Vec<u32>,
}

/// An edge that is added to lists, in the order of its source.
pub type Edge = (u32, u32);

impl Adjacency {
    /// Lays out lists, each with its further `edges` at its end.
    pub fn new(lists: &GrowingLists, edges: &[Edge]) -> Self {
        let count = (0..lists.len() as u32).map(|id| lists.of(id).len()).sum::<usize>() + edges.len();
        let mut adjacency = Self { starts: vec![0], targets: large_pages::with_capacity(count) };
        let mut edges = edges.iter().peekable();
        for id in 0..lists.len() as u32 {
            adjacency.targets.extend_from_slice(lists.of(id));
            while let Some(&(_, target)) = edges.next_if(|edge| edge.0 == id) {
                adjacency.targets.push(target);
            }
            adjacency.starts.push(adjacency.targets.len() as u64);
        }
        adjacency
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The same among `rows` points, where point `i` has the number `ids[i]`, ascending; the others have no targets.
    pub fn renumbered(self, ids: &[usize], rows: usize) -> Self {
        let mut starts = Vec::with_capacity(rows + 1);
        for (id, &start) in ids.iter().zip(&self.starts) {
            starts.resize(id + 1, start);
        }
        starts.resize(rows + 1, self.targets.len() as u64);
        Self { starts, targets: self.targets.into_iter().map(|id| ids[id as usize] as u32).collect() }
    }

    /// All targets.
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// The number of points, each one's number of targets, and the targets.
    pub fn words(&self, words: &mut Vec<u32>) {
        words.push(self.len() as u32);
        words.extend(self.starts.windows(2).map(|ends| (ends[1] - ends[0]) as u32));
        words.extend(&self.targets);
    }

    /// The next of these [words](Adjacency::words); `None` if they are none.
    pub fn restore(words: &mut Words<'_>) -> Option<Self> {
        let rows = words.count()?;
        let lengths = words.take(rows)?;
        let starts: Vec<u64> = offsets(lengths).map(|start| start as u64).collect();
        let targets = words.take(*starts.last()? as usize)?.to_vec();
        let is_whole = targets.iter().all(|&id| (id as usize) < rows);
        is_whole.then_some(Self { starts, targets })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.starts.as_slice()) + size_of_val(self.targets.as_slice())
    }
}

impl TargetLists for Adjacency {
    #[inline(always)]
    fn of(&self, id: u32) -> &[u32] {
        let id = id as usize;
        &self.targets[self.starts[id] as usize..self.starts[id + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(of: &[&[u32]]) -> Adjacency {
        let lengths: Vec<u32> = of.iter().map(|list| list.len() as u32).collect();
        Adjacency { starts: offsets(&lengths).map(|start| start as u64).collect(), targets: of.concat() }
    }

    #[test]
    fn points_get_other_numbers() {
        let before = lists(&[&[1, 2], &[], &[0]]);
        let after = before.renumbered(&[1, 2, 5], 7);
        assert_eq!(after, lists(&[&[], &[2, 5], &[], &[], &[], &[1], &[]]));
        assert_eq!(lists(&[]).renumbered(&[], 2), lists(&[&[], &[]]));
    }

    #[test]
    fn lists_come_back_from_their_words() {
        let before = lists(&[&[1, 2], &[], &[0]]);
        let mut words = Vec::new();
        before.words(&mut words);
        assert_eq!(Adjacency::restore(&mut Words(&words)), Some(before));
        assert_eq!(Adjacency::restore(&mut Words(&[2, 1, 0, 2])), None, "no such point");
        assert_eq!(Adjacency::restore(&mut Words(&[2, 1, 1, 0])), None, "a target is missing");
    }
}
