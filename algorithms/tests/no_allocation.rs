//! Once its working memory has grown, answering a query does not call the allocator: a timed query is not slowed by it.

mod naive;

use naive::SPACES;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use swath_algorithms::candidates::{CandidatesParams, Exact};
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::params::Count;
use swath_algorithms::points::{Bits, PointType, Sets, SparseVectors};
use swath_algorithms::selector::{Cluster, Method, Request, SelectorParams, SelectorSetting};
use swath_algorithms::{Base, BaseFacts, Distance, Points, Pool, Query, Scratch, Vectors};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is; counting touches only a thread-local number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise about `layout` is the one that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above with this layout, so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_warm_query_does_not_allocate() {
    let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
    let vectors = Vectors::new(&(0..2000 * 8).map(value).collect::<Vec<_>>(), 8).expect("finite");
    let queries = Vectors::new(&(16_000..16_000 + 40 * 8).map(value).collect::<Vec<_>>(), 8).expect("finite");
    for distance in Distance::DENSE {
        let base = Base::new(vectors.clone(), distance);
        let fits = |candidates: &CandidatesParams| candidates.check(&BaseFacts::of(&base)).is_ok();
        let all: Vec<CandidatesParams> = CandidatesParams::all().into_iter().filter(fits).collect();
        check(&base, &queries.clone().into(), &all);
    }
}

#[test]
fn nor_does_one_on_bits_sets_or_sparse_vectors() {
    let exact = CandidatesParams::Exact(Exact { pool: Some(Count::new(60).expect("in range")) });
    for space in SPACES.into_iter().filter(|space| space.points != PointType::Dense) {
        let cloud = naive::irregular_cloud(space, 20, 212, 1);
        let part = |range: std::ops::Range<usize>| naive::points(&cloud.rows[range], space.points, cloud.dim);
        check(&Base::new(part(0..200), space.distance), &part(200..212), std::slice::from_ref(&exact));
    }
}

/// Answers the queries by each of these candidates, with every expansion and every selector, and counts allocations.
fn check(base: &Base, queries: &Points, all_candidates: &[CandidatesParams]) {
    let (distance, kind, n) = (base.distance(), base.points().kind(), queries.len());
    let subtopics: Vec<(u32, u32)> = (0..base.len() as u32).map(|id| (id, id % 5)).collect();
    for candidates in all_candidates {
        let index = candidates.build(base);
        for expansion in std::iter::once(None).chain(ExpansionParams::all().into_iter().map(Some)) {
            let graph = expansion.as_ref().map(|expansion| expansion.graph().build(base, &[], &[]));
            for mut selector in SelectorParams::all() {
                if selector.check(&SelectorSetting { distance, kind, subtopics: true }).is_err() {
                    selector = SelectorParams::Cluster(Cluster { method: Method::KMedoids, ..Cluster::default() });
                }
                let mut scratch = Scratch::default();
                let (mut found, mut pool, mut picked) = (Vec::new(), Pool::default(), Vec::new());
                let mut answer = |i: usize| {
                    let query = Query::row(queries, i);
                    scratch.reset();
                    let before = ALLOCATIONS.get();
                    candidates.search(&index, base, query, &mut scratch, &mut found, &mut pool);
                    if let (Some(expansion), Some(graph)) = (&expansion, &graph) {
                        expansion.expand(graph, base, query, &mut pool, &mut scratch);
                    }
                    let (subtopics, query_id) = (subtopics.as_slice(), i as u64);
                    let request = Request { base, query, pool: &pool, k: 10, subtopics, seed: 1, query_id };
                    selector.select(&request, &scratch, &mut picked);
                    ALLOCATIONS.get() - before
                };
                // Two rounds: the arena settles on one chunk that holds the largest query.
                let cold: usize = (0..n).chain(0..n).map(&mut answer).sum();
                let warm: usize = (0..n).map(&mut answer).sum();
                let expansion = expansion.as_ref().map_or("none", |expansion| expansion.name());
                assert!(cold > 0, "nothing is counted");
                assert_eq!(warm, 0, "{distance} of {kind}, {}, {expansion}, {}", candidates.name(), selector.name());
            }
        }
    }
}

/// Rows of about a dozen numbers below 200.
fn rows(count: usize) -> (Vec<u32>, Vec<u64>) {
    let (mut numbers, mut offsets) = (Vec::new(), vec![0]);
    for row in 0..count as u32 {
        numbers.extend((0..200).filter(|number| (row * 31 + number * number * 17) % 16 == row % 3));
        offsets.push(numbers.len() as u64);
    }
    (numbers, offsets)
}

fn points(kind: PointType, count: usize) -> Points {
    let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
    let (numbers, offsets) = rows(count);
    match kind {
        PointType::Dense => Vectors::new(&(0..count * 8).map(value).collect::<Vec<_>>(), 8).expect("finite").into(),
        PointType::Bits => Bits::pack((0..count * 100).map(|i| value(i) > 0.0), 100).expect("whole rows").into(),
        PointType::Sets => Sets::new(numbers, offsets, 200).expect("valid").into(),
        PointType::Sparse => {
            let values = (0..numbers.len()).map(value).collect::<Vec<_>>();
            SparseVectors::new(numbers, values, offsets, 200).expect("valid").into()
        }
    }
}

#[test]
fn a_warm_search_of_any_points_does_not_allocate() {
    for (kind, distance) in PointType::ALL.into_iter().flat_map(|kind| Distance::ALL.map(|distance| (kind, distance))) {
        if !distance.fits(kind) {
            continue;
        }
        let base = Base::new(points(kind, 1500), distance);
        for candidates in CandidatesParams::all() {
            if candidates.check(&BaseFacts::of(&base)).is_err() {
                continue;
            }
            let index = candidates.build(&base);
            let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
            let mut answer = |i: usize| {
                scratch.reset();
                let before = ALLOCATIONS.get();
                candidates.search(&index, &base, base.query(i * 7), &mut scratch, &mut found, &mut pool);
                ALLOCATIONS.get() - before
            };
            let cold: usize = (0..100).chain(0..100).map(&mut answer).sum();
            let warm: usize = (0..100).map(&mut answer).sum();
            assert!(cold > 0, "nothing is counted");
            assert_eq!(warm, 0, "{kind}, {distance}, {}", candidates.name());
        }
    }
}
