//! Working memory of searchers.

use swath_algorithms::nearest::Batch;
use swath_algorithms::spare::{Room, Spare, reserve};
use swath_algorithms::{Pool, Scratch};

/// Candidates for which there is room beside those that a pool needs: searches look at a block of them at a time.
const BESIDE: usize = 256;

/// One thread's working memory.
#[derive(Default)]
pub struct Worker {
    /// What the stages work in.
    pub scratch: Scratch,
    /// Ids that the candidates found.
    pub found: Vec<u32>,
    /// The pool.
    pub pool: Pool,
    /// Positions in the pool of the items that were picked.
    pub picked: Vec<usize>,
}

impl Worker {
    /// A number that grows whenever a search asks the allocator for more.
    pub fn room(&self) -> usize {
        let Self { scratch, found, pool, picked } = self;
        scratch.room() + found.capacity() + pool.items.capacity() + picked.capacity()
    }

    /// Makes room for searches that look at twice as many candidates as usual to find a pool of that size.
    fn allow_for(&mut self, pool: usize) {
        let Self { scratch, found, pool: Pool { items, .. }, .. } = self;
        reserve(found, 2 * pool + BESIDE);
        reserve(items, 2 * pool + BESIDE);
        reserve(&mut scratch.contenders, 4 * pool + BESIDE);
    }

    /// Ids of the items that were picked.
    pub fn ids(&self) -> impl Iterator<Item = i32> {
        self.picked.iter().map(|&position| self.pool.items[position].id as i32)
    }
}

impl Room for Worker {
    fn make_room(&mut self, other: &Self) {
        self.scratch.make_room(&other.scratch);
        reserve(&mut self.found, other.found.capacity());
        self.pool.make_room(&other.pool);
        reserve(&mut self.picked, other.picked.capacity());
    }
}

/// Working memory of searchers, kept from pass to pass and from trial to trial, so that a timed pass does not call the
/// allocator. It grows while a trial answers queries untimed ([`measure`], [`Searcher::warm_up`]).
///
/// [`measure`]: super::untimed::measure
/// [`Searcher::warm_up`]: super::searcher::Searcher::warm_up
#[derive(Default)]
pub struct Memory {
    pub(super) workers: Spare<Worker>,
    pub(super) batch: Batch,
    /// The results of a batch, `m x k`.
    pub(super) returned: Vec<i32>,
}

impl Memory {
    /// Gives each of `threads` threads the largest room that any of them has needed so far.
    pub fn level(&mut self, threads: usize) {
        self.workers.level(threads);
        self.batch.level(threads);
    }

    /// Makes room for queries that were not answered yet, so that few of them need more: each of `threads` threads can find twice
    /// as many candidates as usual for pools of that size.
    pub(super) fn allow_for(&mut self, pool: usize, threads: usize) {
        self.workers.take().allow_for(pool);
        self.workers.level(threads);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_for_the_same_pools_is_made_once() {
        let mut memory = Memory::default();
        memory.allow_for(100, 3);
        let rooms = |memory: &Memory| {
            let three = [memory.workers.take(), memory.workers.take(), memory.workers.take()];
            three.map(|worker| worker.room())
        };
        let first = rooms(&memory);
        assert!(first[0] > 800 && first.iter().all(|&room| room == first[0]), "{first:?}");
        (0..40).for_each(|_| memory.allow_for(100, 3));
        assert_eq!(rooms(&memory), first);
        memory.allow_for(200, 3);
        assert!(rooms(&memory)[0] > first[0]);
    }
}
