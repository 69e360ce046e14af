//! Working memory of searchers.

use swath_algorithms::nearest::Batch;
use swath_algorithms::spare::{Room, Spare, reserve};
use swath_algorithms::{Pool, Scratch};

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

    /// Makes room for searches that leave twice as many candidates as those so far.
    pub fn double(&mut self) {
        let Self { scratch, found, pool, .. } = self;
        double(found);
        double(&mut pool.items);
        double(&mut scratch.contenders);
    }

    /// Ids of the items that were picked.
    pub fn ids(&self) -> impl Iterator<Item = i32> {
        self.picked.iter().map(|&position| self.pool.items[position].id as i32)
    }
}

fn double<T>(values: &mut Vec<T>) {
    let capacity = 2 * values.capacity();
    reserve(values, capacity);
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

    /// Makes room for searches of queries that were not answered yet, see [`Worker::double`].
    pub(super) fn double(&mut self, threads: usize) {
        self.workers.level(threads);
        self.workers.take().double();
        self.workers.level(threads);
    }
}
