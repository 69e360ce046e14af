//! Every index that finds candidates, with its default parameters: building it, and a query; and the kNN graph.

use super::{Subject, Task, Unit};
use std::cell::OnceCell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use swath_algorithms::candidates::{CandidatesParams, Index};
use swath_algorithms::expansion::{Hops, SharedParameters};
use swath_algorithms::{Base, BaseFacts, Distance, Pool, Query, Scratch};

/// Queries that are asked one by one.
const ONE_BY_ONE: usize = 200;

/// An index, built once it is needed.
struct Indexed {
    candidates: CandidatesParams,
    base: Arc<Base>,
    index: OnceCell<Index>,
}

/// Builds over the first `rows` vectors by all threads, and queries by one.
pub fn tasks(subject: &Subject, rows: usize) -> Vec<Task<'_>> {
    let base = if rows == subject.base.len() {
        subject.base.clone()
    } else {
        let part = subject.base.points().gather(&(0..rows).collect::<Vec<_>>());
        Arc::new(Base::new(part, Distance::Angular))
    };
    let facts = BaseFacts::of(&base);
    let fitting = CandidatesParams::all().into_iter().filter(|candidates| candidates.check(&facts).is_ok());
    let indexed: Vec<Rc<Indexed>> =
        fitting.map(|candidates| Rc::new(Indexed { candidates, base: base.clone(), index: OnceCell::new() })).collect();
    let builds = indexed.iter().map(|indexed| build(subject, indexed.clone()));
    let queries = indexed.iter().map(|indexed| queries(subject, indexed.clone()));
    builds.chain([knn_graph(subject, base)]).chain(queries).collect()
}

/// Building an index. The first one that is built stays.
fn build(subject: &Subject, indexed: Rc<Indexed>) -> Task<'_> {
    let all = subject.all();
    Task {
        what: format!("{}: an index", indexed.candidates.name()),
        size: format!(" of {} vectors", indexed.base.len()),
        threads: all.current_num_threads(),
        unit: Unit::Milliseconds,
        times: 1,
        work: 1.0,
        limit: None,
        run: Box::new(move || {
            let Indexed { candidates, base, index } = indexed.as_ref();
            let built = all.install(|| candidates.build(base));
            let _ = index.set(built);
        }),
    }
}

/// Queries one by one.
fn queries(subject: &Subject, indexed: Rc<Indexed>) -> Task<'_> {
    let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
    Task {
        what: format!("{}: a query", indexed.candidates.name()),
        size: format!(" among {} vectors", indexed.base.len()),
        threads: 1,
        unit: Unit::Milliseconds,
        times: ONE_BY_ONE,
        work: 1.0,
        limit: None,
        run: Box::new(move || {
            let Indexed { candidates, base, index } = indexed.as_ref();
            let index = index.get_or_init(|| subject.all().install(|| candidates.build(base)));
            for i in 0..ONE_BY_ONE {
                scratch.reset();
                let query = Query::row(&subject.queries, i);
                candidates.search(index, base, query, &mut scratch, &mut found, &mut pool);
                black_box(&pool);
            }
        }),
    }
}

/// The graph of nearest neighbours that expansions walk by default.
fn knn_graph(subject: &Subject, base: Arc<Base>) -> Task<'_> {
    let spec = SharedParameters::graph(&Hops::default());
    let all = subject.all();
    Task {
        what: format!("kNN graph: the {} nearest of each", spec.neighbors().unwrap_or(0)),
        size: format!(" of {} vectors", base.len()),
        threads: all.current_num_threads(),
        unit: Unit::Milliseconds,
        times: 1,
        work: 1.0,
        limit: None,
        run: Box::new(move || drop(black_box(all.install(|| spec.build(&base, &[], &[]))))),
    }
}
