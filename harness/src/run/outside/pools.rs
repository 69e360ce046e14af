//! The pools of all queries, which a program outside picks from.

use crate::clock::Moment;
use crate::record::{Mode, Times};
use crate::run::searcher::Searcher;
use crate::run::stages::{Stages, time_each};
use crate::run::worker::{Memory, Worker};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};
use swath_algorithms::spare::Taken;

/// The pools of all queries.
pub(super) struct QueryPools {
    /// Items of the largest pool.
    pub size: usize,
    /// By query ids and scores, best first.
    pools: Vec<Vec<(i32, f32)>>,
}

/// The stages before the selector; in its place the pool is kept.
struct Before<'a, 's> {
    searcher: &'a Searcher<'s>,
    kept: Vec<Mutex<Vec<(i32, f32)>>>,
}

impl Stages for Before<'_, '_> {
    fn find(&self, worker: &mut Worker, query: usize) {
        self.searcher.find(worker, query);
    }

    fn expand(&self, worker: &mut Worker, query: usize) {
        self.searcher.expand(worker, query);
    }

    fn select(&self, worker: &mut Worker, query: usize) {
        let mut kept = self.kept[query].lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
        kept.extend(worker.pool.items.iter().map(|item| (item.id as i32, item.score as f32)));
    }
}

impl<'a, 's> Before<'a, 's> {
    fn of(searcher: &'a Searcher<'s>) -> Self {
        Self { searcher, kept: (0..searcher.queries()).map(|_| Mutex::default()).collect() }
    }

    fn pools(self) -> QueryPools {
        let pools: Vec<_> =
            self.kept.into_iter().map(|kept| kept.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
        QueryPools { size: pools.iter().map(Vec::len).max().unwrap_or(0), pools }
    }

    /// All queries, with the threads of the current rayon pool.
    fn run(&self, memory: &Memory) {
        let one = |worker: &mut Taken<'_, Worker>, query: usize| {
            worker.scratch.reset();
            self.find(worker, query);
            self.expand(worker, query);
            self.select(worker, query);
        };
        (0..self.kept.len()).into_par_iter().for_each_init(|| memory.workers.take(), one);
    }
}

impl QueryPools {
    /// Finds the pools, with the threads of the current rayon pool.
    pub fn of(searcher: &Searcher<'_>, memory: &Memory) -> Self {
        let before = Before::of(searcher);
        before.run(memory);
        before.pools()
    }

    /// The same, timed.
    pub fn timed(searcher: &Searcher<'_>, memory: &mut Memory, mode: Mode) -> (Self, Times) {
        let before = Before::of(searcher);
        before.run(memory);
        memory.level(rayon::current_num_threads());
        let m = before.kept.len();
        let times = match mode {
            Mode::Single => Times::Single(time_each(&before, &memory.workers, m, |_, _| {})),
            Mode::Batch => {
                let start = Moment::now();
                before.run(memory);
                Times::Batch(m, start.elapsed())
            }
        };
        (before.pools(), times)
    }

    /// The pools of some queries: ids, -1 at the tail, and scores.
    pub fn of_rows(&self, rows: &[usize]) -> (Vec<i32>, Vec<f32>) {
        let row = |&query: &usize| {
            let pool = &self.pools[query];
            pool.iter().copied().chain(std::iter::repeat_n((-1, 0.0), self.size - pool.len()))
        };
        rows.iter().flat_map(row).unzip()
    }
}
