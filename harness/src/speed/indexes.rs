//! Every index that finds candidates, with its default parameters: building it, and a query.

use super::{Subject, Task, Unit};
use std::hint::black_box;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::{Base, BaseFacts, Distance, Pool, Query, Scratch};

/// The most rows of an index.
const ROWS: usize = 10_000;

/// Queries that are asked one by one.
const ONE_BY_ONE: usize = 200;

/// Builds by all threads, and queries by one.
pub fn tasks(subject: &Subject) -> Vec<Task<'_>> {
    let rows = subject.base.len().min(ROWS);
    let base = || Base::new(subject.base.points().gather(&(0..rows).collect::<Vec<_>>()), Distance::Angular);
    let facts = BaseFacts::of(&base());
    let fitting = || CandidatesParams::all().into_iter().filter(|candidates| candidates.check(&facts).is_ok());
    let Some(all) = subject.pools.last() else { return Vec::new() };
    let builds = fitting().map(|candidates| {
        let base = base();
        Task {
            what: format!("{}: an index of {rows} vectors", candidates.name()),
            threads: all.current_num_threads(),
            unit: Unit::Milliseconds,
            work: 1.0,
            limit: None,
            run: Box::new(move || drop(all.install(|| candidates.build(&base)))),
        }
    });
    let queries = fitting().map(|candidates| {
        let base = base();
        let index = candidates.build(&base);
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        Task {
            what: format!("{}: a query among {rows} vectors", candidates.name()),
            threads: 1,
            unit: Unit::Milliseconds,
            work: ONE_BY_ONE as f64,
            limit: None,
            run: Box::new(move || {
                for i in 0..ONE_BY_ONE {
                    scratch.reset();
                    let query = Query::row(&subject.queries, i);
                    candidates.search(&index, &base, query, &mut scratch, &mut found, &mut pool);
                    black_box(&pool);
                }
            }),
        }
    });
    builds.chain(queries).collect()
}
