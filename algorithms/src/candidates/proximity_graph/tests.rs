//! What holds for every index that is such a graph.

use super::*;
use crate::candidates::samples::{Sample, pairs};
use crate::candidates::{AnyCandidates, CandidatesParams, Exact};
use crate::distance::Distance;
use crate::params::constant;
use crate::points::Vectors;
use crate::pool::Pool;
use crate::random;
use proptest::prelude::*;
use rand_chacha::rand_core::Rng;
use serde_json::json;
use std::fmt::Write as _;

/// The registered indexes that are such graphs, with these parameters.
fn graphs(parameters: &serde_json::Value) -> Vec<CandidatesParams> {
    let of = |name: &str| serde_json::from_value(json!({ name: parameters })).expect("parameters of a graph");
    ["vamana", "hnsw"].map(of).into()
}

/// The same, with pools and widths of walks. A walk over HNSW's graph, which has fewer edges, keeps twice as many points: then it
/// takes no more than [`most_evaluations`].
fn searching(pool: u32, ef: u32) -> Vec<CandidatesParams> {
    let of = |name: &str, ef: u32| {
        serde_json::from_value(json!({ name: { "pool": pool, "ef": ef } })).expect("parameters of a graph")
    };
    vec![of("vamana", ef), of("hnsw", 2 * ef)]
}

/// Evaluations that an index may take where Vamana may take so many.
fn most_evaluations(candidates: &CandidatesParams, of_vamana: f64) -> f64 {
    if candidates.name() == "vamana" { of_vamana } else { 1.3 * of_vamana }
}

/// The graph that an index is.
fn graph(candidates: &CandidatesParams, base: &Base) -> ProximityGraph {
    let words = candidates.words(&candidates.build(base)).expect("a graph has words");
    ProximityGraph::restore(&words, base).expect("its own words")
}

/// Values that are about normal.
fn normal(count: usize, purpose: &str) -> Vec<f32> {
    let mut rng = random::stream(7, purpose, 0);
    let mut value = || rng.next_u32() as f32 / u32::MAX as f32 - 0.5;
    (0..count).map(|_| (0..6).map(|_| value()).sum()).collect()
}

/// Points in clouds around centres that are about normal.
#[derive(Clone, Copy, Debug)]
struct Clouds {
    dim: usize,
    number: usize,
    /// Of a cloud, where that of the centres is 1.
    width: f32,
}

impl Clouds {
    /// `n` points, taking turns among the clouds.
    fn points(self, n: usize, purpose: &str) -> Vec<f32> {
        let (centres, mut points) = (normal(self.number * self.dim, "centres"), normal(n * self.dim, purpose));
        for (i, point) in points.chunks_exact_mut(self.dim).enumerate() {
            let centre = &centres[(i % self.number) * self.dim..];
            point.iter_mut().zip(centre).for_each(|(x, c)| *x = *x * self.width + c);
        }
        points
    }
}

fn search(candidates: &dyn AnyCandidates, base: &Base, queries: &Points) -> Vec<(Pool, u64)> {
    let index = candidates.build(base);
    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    let answer = |i| {
        let mut pool = Pool::default();
        scratch.reset();
        candidates.search(&index, base, Query::row(queries, i), &mut scratch, &mut found, &mut pool);
        (pool, scratch.evaluations.get())
    };
    (0..queries.len()).map(answer).collect()
}

#[test]
fn finds_most_of_the_true_neighbours_in_few_evaluations() {
    for (number, width) in [(1, 1.0), (100, 0.05)] {
        let clouds = Clouds { dim: 24, number, width };
        for distance in Distance::DENSE {
            let base = Base::from_values(&clouds.points(3000, "base"), 24, distance).expect("finite");
            let queries = Points::from(Vectors::new(&clouds.points(100, "queries"), 24).expect("finite"));
            for candidates in searching(10, 60) {
                let name = candidates.name();
                let found = search(&*candidates, &base, &queries);
                let recall = recall(&found, &base, &queries);
                let evaluations = found.iter().map(|(_, evaluations)| evaluations).sum::<u64>() as f64 / 100.0;
                // Edges are by angle, and the product is none: a vector of a large norm far off is missed now and then.
                let least = if distance == Distance::InnerProduct { 0.98 } else { 0.99 };
                assert!(recall >= least, "{name}, {distance}, {clouds:?}: recall {recall}");
                assert!(
                    evaluations < most_evaluations(&candidates, 1300.0),
                    "{name}, {distance}, {clouds:?}: {evaluations} evaluations"
                );
            }
        }
    }
}

/// The share of the 10 true neighbours among those found.
fn recall(found: &[(Pool, u64)], base: &Base, queries: &Points) -> f64 {
    let truth = search(&Exact { pool: Some(constant!(Count, 10)) }, base, queries);
    let hits = found.iter().zip(&truth).flat_map(|((found, _), (truth, _))| {
        found.items.iter().filter(|item| truth.items.iter().any(|other| other.id == item.id))
    });
    hits.count() as f64 / (10 * queries.len()) as f64
}

/// Checks that hardly any vectors with a direction have at most one edge to them, that every vector can be reached,
/// and that the `recall` at this `ef` is at least 0.99.
fn check_graph(base: &Base, queries: &Points, ef: u32, what: &str) {
    for candidates in searching(10, ef) {
        let (name, graph) = (candidates.name(), graph(&candidates, base));
        let directed = graph.in_degrees().into_iter().zip(base.norms()).filter(|&(_, &norm)| norm > 0.0);
        let few = directed.filter(|&(degree, _)| degree <= 1).count();
        let most = if name == "vamana" { 3 } else { base.len() / 100 };
        assert!(few <= most, "{name}, {what}: {few} of {} have at most one edge to them", base.len());
        let (mut reached, all) = (Vec::new(), WalkWidths { ef: base.len(), pool: base.len() });
        graph.find(base, base.query(0), all, &mut Scratch::default(), &mut reached);
        assert_eq!(reached.len(), base.len(), "{name}, {what}");
        let recall = recall(&search(&*candidates, base, queries), base, queries);
        assert!(recall >= 0.99, "{name}, {what}: recall {recall} at ef {ef}");
    }
}

/// Walks used to start at the mean, which in many dimensions is nearer to every vector than its neighbours are. So
/// the graph kept edges to the mean in their place, and lost those, too, when the mean was left out.
#[test]
fn every_vector_has_edges_from_several_and_can_be_found() {
    for (number, width, n, ef) in [(60, 0.2, 1200, 20), (1, 1.0, 1000, 50)] {
        let clouds = Clouds { dim: 48, number, width };
        for distance in Distance::DENSE {
            let base = Base::from_values(&clouds.points(n, "base"), 48, distance).expect("finite");
            let queries = Points::from(Vectors::new(&clouds.points(100, "queries"), 48).expect("finite"));
            check_graph(&base, &queries, ef, &format!("{distance}, {clouds:?}"));
        }
    }
}

/// A vector without a direction is orthogonal to all others, and not in their middle.
#[test]
fn vectors_without_a_direction_take_no_edges_from_others() {
    let clouds = Clouds { dim: 48, number: 1, width: 1.0 };
    let mut values = clouds.points(1000, "base");
    for zeros in [0..1, 500..530] {
        values[zeros.start * 48..zeros.end * 48].fill(0.0);
    }
    let base = Base::from_values(&values, 48, Distance::Angular).expect("finite");
    let queries = Points::from(Vectors::new(&clouds.points(100, "queries"), 48).expect("finite"));
    check_graph(&base, &queries, 50, "31 zeros");
}

/// Points of every type in clusters, and queries near them.
#[test]
fn finds_most_of_the_true_neighbours_of_any_points() {
    for (kind, distance) in pairs() {
        let sample = Sample { rows: 3000, centres: 60, dim: 24 };
        let base = sample.base(kind, distance, "base");
        let queries = Sample { rows: 100, ..sample }.points(kind, "queries");
        for (ef, least, most) in [(20, 0.98, 500.0), (60, 0.995, 1200.0)] {
            for candidates in searching(10, ef) {
                let what = format!("{}, {kind}, {distance}, ef {ef}", candidates.name());
                let found = search(&*candidates, &base, &queries);
                let recall = recall(&found, &base, &queries);
                let evaluations = found.iter().map(|(_, evaluations)| evaluations).sum::<u64>() as f64 / 100.0;
                assert!(recall >= least, "{what}: recall {recall}");
                assert!(evaluations < most_evaluations(&candidates, most), "{what}: {evaluations} evaluations");
            }
        }
    }
}

/// FNV-1a of an index's words.
fn hash(candidates: &CandidatesParams, base: &Base) -> u64 {
    let words = candidates.words(&candidates.build(base)).expect("a graph has words");
    words.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &word| (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn a_graph_is_the_same_with_any_number_of_threads() {
    for (kind, distance) in pairs() {
        // More than the largest batch, so that batches of every size are inserted.
        let base = Sample { rows: 2500, centres: 10, dim: 24 }.base(kind, distance, "base");
        for candidates in searching(10, 60) {
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| hash(&candidates, &base))
            };
            let alone = with(1);
            assert!([2, 7].iter().all(|&threads| with(threads) == alone), "{}, {kind}, {distance}", candidates.name());
        }
    }
}

/// Values are whole numbers, so that they are the same everywhere: a machine whose instructions lead to another graph, or whose
/// walk finds something else, fails here.
#[test]
fn graphs_and_walks_are_the_same_on_every_machine() {
    let mut said = String::new();
    for distance in Distance::DENSE {
        let mut rng = random::stream(3, "machines", 0);
        let mut values =
            |count: usize| (0..count).map(|_| random::below(&mut rng, 2001) as f32 - 1000.0).collect::<Vec<_>>();
        let base = Base::from_values(&values(2000 * 17), 17, distance).expect("finite");
        let queries = Points::from(Vectors::new(&values(50 * 17), 17).expect("finite"));
        for candidates in searching(5, 20) {
            let found = search(&*candidates, &base, &queries);
            let ids = found.iter().flat_map(|(pool, _)| pool.items.iter().map(|item| u64::from(item.id)));
            let evaluations: u64 = found.iter().map(|(_, evaluations)| evaluations).sum();
            let (name, graph, ids) = (candidates.name(), hash(&candidates, &base), ids.sum::<u64>());
            writeln!(said, "{name}, {distance}: graph {graph:016x}, sum of ids {ids}, {evaluations} evaluations")
                .expect("a string takes all");
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn ef_and_pool_do_not_shape_the_graph() {
    let keys = |parameters| -> Vec<String> { graphs(&parameters).iter().map(|one| one.build_key()).collect() };
    let narrow = keys(json!({ "pool": 5, "ef": 7 }));
    assert_eq!(narrow, keys(json!({ "pool": 100, "ef": 200 })));
    let other = keys(json!({ "ef-construction": 8 }));
    assert!(narrow.iter().zip(&other).all(|(narrow, other)| narrow != other));
}

#[test]
fn no_vectors_no_pool() {
    for distance in Distance::DENSE {
        let base = Base::from_values(&[], 3, distance).expect("finite");
        let queries = Points::from(Vectors::new(&[1.0, 2.0, 3.0], 3).expect("finite"));
        for candidates in searching(100, 100) {
            assert!(search(&*candidates, &base, &queries)[0].0.items.is_empty());
        }
    }
}

#[test]
fn numbers_at_the_ends_of_f32_do_no_harm() {
    let values = [f32::MAX, -f32::MAX, f32::MIN_POSITIVE, 0.0, 1.0e-45, 1.0, -3.0e38, 2.0e-20];
    for distance in Distance::DENSE {
        let base = Base::from_values(&values.repeat(9), 3, distance).expect("finite");
        let queries = Points::from(Vectors::new(&[f32::MAX, f32::MAX, -f32::MAX, 0.0, 0.0, 0.0], 3).expect("finite"));
        for (some, all) in searching(5, 24).iter().zip(searching(5, 5000)) {
            let found = search(&**some, &base, &queries);
            assert_eq!(found, search(&*all, &base, &queries));
            assert!(found.iter().all(|(pool, _)| pool.items.len() == 5));
        }
    }
}

/// More than half of the points are the same one, in the middle of the others or among their outermost; the queries are near
/// all of them, or are that very point. Whatever is the same takes no edges and no place in a walk from others.
#[test]
fn a_point_that_is_there_a_thousand_times_hides_no_other() {
    for (kind, distance) in pairs() {
        for seed in 0..4 {
            let sample = Sample { rows: 400, centres: 8, dim: 16 };
            let points = sample.points(kind, &format!("base {seed}"));
            // Copies of one row stand before, among and behind the others.
            let mut ids = vec![seed * 7; 300];
            ids.extend((0..400).flat_map(|id| [id, seed * 7]));
            ids.extend([seed * 7; 300]);
            let base = Base::new(points.gather(&ids), distance);
            let mut asked: Vec<usize> = (0..40).collect();
            asked.push(seed * 7);
            let queries = points.gather(&asked);
            let truth = search(&Exact { pool: Some(constant!(Count, 10)) }, &base, &queries);
            for candidates in searching(10, 60) {
                let what = format!("{}, {kind}, {distance}, seed {seed}", candidates.name());
                let found = search(&*candidates, &base, &queries);
                let same = found.iter().zip(&truth).filter(|((found, _), (truth, _))| found == truth).count();
                assert!(same >= 39, "{what}: {same} of 41");
                assert_eq!(found[40].0, truth[40].0, "{what}: the point itself");
            }
        }
    }
}

proptest! {
    #[test]
    fn all_vectors_where_ef_is_no_less(
        (values, query) in (1_usize..60).prop_flat_map(|n| {
            // Few values: many duplicates, some zero vectors.
            let value = prop::sample::select(vec![0.0_f32, 1.0, -1.0, 0.5]);
            (prop::collection::vec(value, n * 2), prop::collection::vec(-1.0_f32..1.0, 2))
        }),
        pool in 1_u32..80,
        (degree, ef_construction) in (1_u32..6, 1_u32..6),
        euclidean: bool,
    ) {
        let distance = if euclidean { Distance::Euclidean } else { Distance::Angular };
        let base = Base::from_values(&values, 2, distance).expect("finite");
        let queries = Points::from(Vectors::new(&query, 2).expect("finite"));
        let pool = Count::new(pool).expect("at least 1");
        let of_vamana = json!({ "vamana": { "pool": pool, "degree": degree, "ef-construction": ef_construction } });
        let of_hnsw = json!({ "hnsw": { "pool": pool, "m": degree, "ef-construction": ef_construction } });
        let pools = |found: Vec<(Pool, u64)>| found.into_iter().map(|(pool, _)| pool).collect::<Vec<_>>();
        let exact = search(&Exact { pool: Some(pool) }, &base, &queries);
        let exact = pools(exact);
        for parameters in [of_vamana, of_hnsw] {
            let candidates: CandidatesParams = serde_json::from_value(parameters).expect("parameters of a graph");
            prop_assert_eq!(pools(search(&*candidates, &base, &queries)), exact.clone());
        }
    }
}
