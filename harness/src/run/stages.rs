//! Times the stages of a retriever, one query at a time.

use super::worker::Worker;
use crate::clock::Moment;
use crate::record::MISSING;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use swath_algorithms::spare::Spare;

/// The most queries that are answered, not timed, before each timed pass. They bring index and code into the caches, and fill
/// the working memory.
const WARM_UP: usize = 32;

/// One query in this many is answered to warm up, so that most of a pass over few queries is timed.
const WARMED: usize = 32;

/// The stages that answer queries, which are named by their place.
pub trait Stages: Sync {
    /// Finds the candidates of a query.
    fn find(&self, worker: &mut Worker, query: usize);
    /// Adds to the pool.
    fn expand(&self, worker: &mut Worker, query: usize);
    /// Picks from the pool.
    fn select(&self, worker: &mut Worker, query: usize);
    /// Wastes time at the end of a query that began at `start`, where that is asked for.
    #[cfg(feature = "plant")]
    fn slow(&self, _start: Moment) {}
}

/// Answers one query; returns the seconds from the start to the end of each stage. The stages take the memory that they need from
/// the worker, which has grown with earlier queries. If it had to grow now, the query is answered again: no time holds a call of
/// the allocator.
pub fn time(stages: &impl Stages, worker: &mut Worker, query: usize) -> [f64; 3] {
    worker.scratch.reset();
    let room = worker.room();
    let times = answer(stages, worker, query);
    if worker.room() == room {
        return times;
    }
    worker.scratch.reset();
    answer(stages, worker, query)
}

fn answer(stages: &impl Stages, worker: &mut Worker, query: usize) -> [f64; 3] {
    let start = Moment::now();
    stages.find(worker, query);
    let found = Moment::now();
    stages.expand(worker, query);
    let expanded = Moment::now();
    stages.select(worker, query);
    #[cfg(feature = "plant")]
    stages.slow(start);
    let selected = Moment::now();
    [found.since(start), expanded.since(start), selected.since(start)]
}

/// Times each query, with the threads of the current rayon pool. `expected` holds `k` results of each.
///
/// # Errors
/// A query whose results are not the expected ones.
pub fn time_all(
    stages: &impl Stages,
    workers: &Spare<Worker>,
    expected: &[i32],
    k: usize,
) -> Result<Vec<[f64; 3]>, usize> {
    let other = AtomicUsize::new(usize::MAX);
    let times = time_each(stages, workers, expected.len() / k, |query, worker| {
        if !same(worker, &expected[query * k..(query + 1) * k]) {
            other.fetch_min(query, Ordering::Relaxed);
        }
    });
    match other.into_inner() {
        usize::MAX => Ok(times),
        query => Err(query),
    }
}

/// Times each of so many queries, with the threads of the current rayon pool, and lets `see` look at each answer.
pub fn time_each(
    stages: &impl Stages,
    workers: &Spare<Worker>,
    queries: usize,
    see: impl Fn(usize, &Worker) + Sync,
) -> Vec<[f64; 3]> {
    let mut times = vec![[0.0; 3]; queries];
    let share = times.len().div_ceil(rayon::current_num_threads()).max(1);
    times.par_chunks_mut(share).enumerate().for_each(|(place, times)| {
        let mut worker = workers.take();
        let first = place * share;
        for query in (first..first + times.len()).take(times.len().div_ceil(WARMED).min(WARM_UP)) {
            time(stages, &mut worker, query);
        }
        for (query, times) in (first..).zip(times) {
            *times = time(stages, &mut worker, query);
            see(query, &worker);
        }
    });
    times
}

/// Whether a worker's results are the expected ones.
pub(super) fn same(worker: &Worker, expected: &[i32]) -> bool {
    worker.ids().chain(std::iter::repeat(MISSING)).zip(expected).all(|(id, &expected)| id == expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Finds more from query to query, and tells for which queries it was asked.
    struct Growing(Mutex<Vec<usize>>);

    impl Stages for Growing {
        fn find(&self, worker: &mut Worker, query: usize) {
            self.0.lock().expect("one thread").push(query);
            worker.found.clear();
            worker.found.extend(0..[1, 1, 100, 90, 0][query]);
        }
        fn expand(&self, worker: &mut Worker, query: usize) {
            if query == 4 {
                worker.scratch.arena.alloc_slice_fill_copy(10_000, 0_u8);
            }
        }
        fn select(&self, _: &mut Worker, _: usize) {}
    }

    #[test]
    fn a_query_for_which_memory_grew_is_timed_again() {
        let (stages, mut worker) = (Growing(Mutex::default()), Worker::default());
        (0..5).for_each(|query| assert!(time(&stages, &mut worker, query).is_sorted()));
        assert_eq!(*stages.0.lock().expect("one thread"), [0, 0, 1, 2, 2, 3, 4, 4]);
    }

    #[test]
    fn a_query_with_other_results_is_told() {
        let stages = Growing(Mutex::default());
        assert_eq!(time_all(&stages, &Spare::default(), &[MISSING; 10], 2).map(|times| times.len()), Ok(5));
        let first = *stages.0.lock().expect("one thread").first().expect("asked");
        assert_eq!(time_all(&stages, &Spare::default(), &[MISSING, MISSING, 7, MISSING], 2), Err(1), "after {first}");
    }
}
