//! Once its working memory has grown, answering a query does not call the allocator: a timed query is not slowed by it.

mod naive;

use naive::SPACES;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use swath_algorithms::candidates::{CandidatesParams, Exact};
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::params::{Count, Fraction};
use swath_algorithms::points::{Bits, PointType, Sets, SparseVectors};
use swath_algorithms::selector::{
    AspectSource, Cluster, FacilityLocation, GroupLimit, MaxSum, Method, Mmr, PairWeight, Pm2, RelevanceGain, Request,
    SelectorParams, SelectorSetting, SumOptimizer, Threshold, Xquad,
};
use swath_algorithms::{Base, BaseFacts, Distance, Groups, Points, Pool, Query, Scratch, Vectors};

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
    let queries = Vectors::new(&(16_000..16_000 + 12 * 8).map(value).collect::<Vec<_>>(), 8).expect("finite");
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

/// In a pool that is small enough for it, the best set is looked for.
#[test]
fn nor_does_one_of_a_small_pool() {
    let exact = CandidatesParams::Exact(Exact { pool: Some(Count::new(20).expect("in range")) });
    let cloud = naive::irregular_cloud(SPACES[1], 20, 212, 1);
    let part = |range: std::ops::Range<usize>| naive::points(&cloud.rows[range], cloud.space.points, cloud.dim);
    check(&Base::new(part(0..200), cloud.space.distance), &part(200..212), std::slice::from_ref(&exact));
}

/// Selectors with parameters that take another way.
fn others() -> Vec<SelectorParams> {
    let max_sum = |optimizer, lambda| {
        SelectorParams::MaxSum(MaxSum { optimizer, lambda, greedy: RelevanceGain::Full, ..MaxSum::default() })
    };
    let adaptive = PairWeight::Adaptive;
    let fixed = MaxSum::default().lambda;
    let clusters = AspectSource::Clusters(Count::new(5).expect("in range"));
    vec![
        max_sum(SumOptimizer::Swap, fixed),
        max_sum(SumOptimizer::FrankWolfe, adaptive),
        max_sum(SumOptimizer::Exact, fixed),
        SelectorParams::Xquad(Xquad { aspects: clusters, ..Xquad::default() }),
        SelectorParams::Pm2(Pm2 { aspects: clusters, ..Pm2::default() }),
        SelectorParams::Pm2(Pm2 { aspects: AspectSource::Queries, ..Pm2::default() }),
    ]
}

/// Every selector, and some that ask others again and again.
fn selectors() -> Vec<SelectorParams> {
    let limit = Count::new(1).expect("in range");
    let limited =
        |within| SelectorParams::GroupLimit(GroupLimit { limit, within: Box::new(within), ..GroupLimit::default() });
    let similarity = Fraction::new(0.3).expect("in range");
    let apart =
        |within| SelectorParams::Threshold(Threshold { similarity, within: Box::new(within), ..Threshold::default() });
    let mut all = SelectorParams::all();
    let mmr = || SelectorParams::Mmr(Mmr::default());
    all.extend([
        limited(SelectorParams::FacilityLocation(FacilityLocation::default())),
        limited(apart(mmr())),
        apart(mmr()),
    ]);
    all
}

/// Answers the queries and counts allocations: by each of these candidates with every expansion, and by the first of them, alone and
/// with one expansion, with every selector.
fn check(base: &Base, queries: &Points, all_candidates: &[CandidatesParams]) {
    let (distance, kind, n) = (base.distance(), base.points().kind(), queries.len());
    let subtopics: Vec<(u32, u32)> = (0..base.len() as u32).map(|id| (id, id % 5)).collect();
    let aspects = if let Points::Dense(queries) = queries { queries.block(0..3) } else { &[] };
    let of = (0..base.len() as i32).map(|id| id % 7 - 1).collect();
    let groups = [Groups { name: "seller".into(), of, labels: Vec::new() }];
    let kinds = ["seller".to_owned()];
    let setting =
        SelectorSetting { distance, kind, subtopics: true, aspects: true, groups: &kinds, pool: None, programs: false };
    let medoids = SelectorParams::Cluster(Cluster { method: Method::KMedoids, ..Cluster::default() });
    for (first, candidates) in all_candidates.iter().enumerate().map(|(at, candidates)| (at == 0, candidates)) {
        let index = candidates.build(base);
        let expansions = std::iter::once(None).chain(ExpansionParams::all().into_iter().map(Some));
        for (at, expansion) in expansions.enumerate() {
            let graph = expansion.as_ref().map(|expansion| expansion.graph().build(base, &[], &[]));
            let count = if first && at < 2 { usize::MAX } else { 1 };
            let all = selectors().into_iter().chain(others()).chain([medoids.clone()]).take(count);
            for selector in all.filter(|selector| selector.check(&setting).is_ok()) {
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
                    let (subtopics, groups, query_id) = (subtopics.as_slice(), groups.as_slice(), i as u64);
                    let (pool, k, seed) = (&pool, 10, 1);
                    let request = Request {
                        base,
                        query,
                        pool,
                        k,
                        subtopics,
                        aspects,
                        groups,
                        picked_outside: &[],
                        seed,
                        query_id,
                    };
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
