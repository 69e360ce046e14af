//! Every selector, with its default parameters.

use super::{Subject, Task, Unit};
use std::hint::black_box;
use swath_algorithms::selector::{Request, SelectorParams};
use swath_algorithms::{Groups, Pool, Query, Scratch};

/// How often in a run.
const TIMES: usize = 5;

/// Kinds of the items, for selectors that ask for them: item `i` has the kind `i % 7`.
const SUBTOPICS: u32 = 7;

/// Members of a group, for selectors that ask for groups.
const MEMBERS: i32 = 4;

/// The largest pool of `grasshopper`: its walk takes minutes over larger ones.
const LARGEST_WALK: usize = 1000;

/// `k` items of a pool of `size`, at most as many as there are vectors, by one thread.
pub fn tasks(subject: &Subject, size: usize, k: usize) -> Vec<Task<'_>> {
    let (base, query) = (&subject.base, Query::row(&subject.queries, 0));
    let k = k.min(size);
    let selectors = SelectorParams::all().into_iter();
    let selectors = selectors.filter(|selector| size <= LARGEST_WALK || selector.name() != "grasshopper");
    let tasks = selectors.map(|selector| {
        let (mut scratch, mut pool, mut picked) = (Scratch::default(), Pool::default(), Vec::new());
        pool.fill(base, query, 0..size as u32, size, &scratch);
        let subtopics: Vec<(u32, u32)> = (0..base.len() as u32).map(|id| (id, id % SUBTOPICS)).collect();
        let of = (0..base.len() as i32).map(|id| id / MEMBERS).collect();
        let groups = [Groups { name: "document".into(), of, labels: Vec::new() }];
        let task: Task<'_> = Task {
            what: format!("{}: {k} of a pool", selector.name()),
            size: format!(" of {size}"),
            threads: 1,
            unit: Unit::Milliseconds,
            times: TIMES,
            work: 1.0,
            limit: None,
            run: Box::new(move || {
                for _ in 0..TIMES {
                    scratch.reset();
                    let (pool, subtopics, groups) = (&pool, subtopics.as_slice(), groups.as_slice());
                    let request = Request {
                        base,
                        query,
                        pool,
                        k,
                        subtopics,
                        aspects: &[],
                        groups,
                        picked_outside: &[],
                        seed: 0,
                        query_id: 0,
                    };
                    selector.select(&request, &scratch, &mut picked);
                    black_box(&picked);
                }
            }),
        };
        task
    });
    tasks.collect()
}
