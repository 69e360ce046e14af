//! Vamana: approximate search along the edges of a proximity graph.
//!
//! The `diskann` crate builds the graph over dense vectors (`library.rs`), and `insertion.rs` that over other points. The search
//! over the finished graph is ours (`links.rs`), so that it measures exactly, counts what it measures and does not allocate.

mod build;
mod insertion;
mod library;
mod links;
mod twins;

use super::Candidates;
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::params::{Count, Stretch, constant};
use crate::points::PointType;
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use links::{ProximityGraph, Widths};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Approximate nearest neighbours by a best-first walk over a Vamana graph, in which every vector has edges to near
/// ones and to some farther off. Faster than exact search on large datasets; misses some neighbours.
///
/// The graph depends on nothing but vectors and parameters. Walks start in the middle: at the vector nearest the mean, or, of
/// bits, sets and sparse vectors, at the one of a sample that is nearest to others. Every vector can be reached from there.
/// Vectors that are the same are one in the graph. For ip the graph is built by angle, and a walk compares products.
///
/// Source: Jayaram Subramanya et al. 2019 (DiskANN); Fu et al. 2019 (NSG) for reaching every vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vamana {
    /// Size of the pool.
    pub pool: Count,
    /// How many vectors the walk keeps under consideration; at least `pool`. More find more of the true neighbours and
    /// take longer.
    pub ef: Count,
    /// Edges that each vector keeps when the graph is built; up to a third more while it is built.
    pub degree: Count,
    /// The `ef` of the walks that find a new vector's neighbours when the graph is built.
    pub ef_construction: Count,
    /// How much shorter a detour must be to replace an edge when the graph is built: a larger value keeps more long
    /// edges.
    pub alpha: Stretch,
}

impl Default for Vamana {
    fn default() -> Self {
        Self {
            pool: constant!(Count, 100),
            ef: constant!(Count, 100),
            degree: constant!(Count, 32),
            ef_construction: constant!(Count, 100),
            alpha: constant!(Stretch, 1.2),
        }
    }
}

/// The parameters that shape the graph.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Build {
    degree: Count,
    ef_construction: Count,
    alpha: Stretch,
}

impl Candidates for Vamana {
    type Build = Build;
    type Index = ProximityGraph;

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn exhaustive(&self, pool: Count, rows: usize) -> Self {
        let all = u32::try_from(rows).ok().and_then(|rows| Count::new(rows).ok());
        Self { pool, ef: all.filter(|all| all.get() > pool.get()).unwrap_or(pool), ..self.clone() }
    }

    fn build_part(&self) -> Build {
        Build { degree: self.degree, ef_construction: self.ef_construction, alpha: self.alpha }
    }

    fn build(part: &Build, base: &Base) -> ProximityGraph {
        build::build(part, base)
    }

    fn words(links: &ProximityGraph) -> Option<Vec<u32>> {
        Some(links.words())
    }

    fn restore(words: &[u32], base: &Base) -> Option<ProximityGraph> {
        ProximityGraph::restore(words, base)
    }

    fn bytes(links: &ProximityGraph, base: &Base) -> usize {
        base.bytes() + links.bytes()
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        // The finished graph, and what exists only while it is built: the library's copy of the vectors and its lists.
        let edges = build::capacity(self.degree.size(), facts.rows);
        let copied = if facts.kind == PointType::Dense { facts.dim } else { 0 };
        facts.rows.saturating_mul((2 * edges + copied) * size_of::<u32>() + size_of::<u64>())
    }

    fn check(&self, _: &BaseFacts) -> Result<(), Unfit> {
        let (pool, ef) = (self.pool.size(), self.ef.size());
        if ef >= pool {
            return Ok(());
        }
        let message = format!("a walk that keeps {ef} vectors under consideration cannot find a pool of {pool}");
        Err(Unfit::new(message, format!("use at least {pool}")).of("ef"))
    }

    fn search(
        &self,
        links: &ProximityGraph,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        let pool = self.pool.size();
        links.find(base, query, Widths { ef: self.ef.size().max(pool), pool }, scratch, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::samples::{Sample, pairs};
    use crate::candidates::{AnyCandidates, Exact};
    use crate::distance::Distance;
    use crate::points::{Points, Vectors};
    use crate::pool::Pool;
    use crate::random;
    use proptest::prelude::*;
    use rand_chacha::rand_core::Rng;

    fn vamana(pool: u32, ef: u32) -> Vamana {
        let count = |value| Count::new(value).expect("at least 1");
        Vamana { pool: count(pool), ef: count(ef), ..Vamana::default() }
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
                let found = search(&vamana(10, 60), &base, &queries);
                let recall = recall(&found, &base, &queries);
                let evaluations = found.iter().map(|(_, evaluations)| evaluations).sum::<u64>() as f64 / 100.0;
                // Edges are by angle, and the product is none: a vector of a large norm far off is missed now and then.
                let least = if distance == Distance::InnerProduct { 0.98 } else { 0.99 };
                assert!(recall >= least, "{distance}, {clouds:?}: recall {recall}");
                assert!(evaluations < 1300.0, "{distance}, {clouds:?}: {evaluations} evaluations");
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

    /// Checks that at most 3 vectors with a direction have at most one edge to them, that every vector can be reached,
    /// and that the `recall` at this `ef` is at least 0.99.
    fn check_graph(base: &Base, queries: &Points, ef: u32, what: &str) {
        let links = <Vamana as Candidates>::build(&Vamana::default().build_part(), base);
        let directed = links.in_degrees().into_iter().zip(base.norms()).filter(|&(_, &norm)| norm > 0.0);
        let few = directed.filter(|&(degree, _)| degree <= 1).count();
        assert!(few <= 3, "{what}: {few} of {} have at most one edge to them", base.len());
        let (mut reached, all) = (Vec::new(), Widths { ef: base.len(), pool: base.len() });
        links.find(base, base.query(0), all, &mut Scratch::default(), &mut reached);
        assert_eq!(reached.len(), base.len(), "{what}");
        let recall = recall(&search(&vamana(10, ef), base, queries), base, queries);
        assert!(recall >= 0.99, "{what}: recall {recall} at ef {ef}");
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
                let found = search(&vamana(10, ef), &base, &queries);
                let recall = recall(&found, &base, &queries);
                let evaluations = found.iter().map(|(_, evaluations)| evaluations).sum::<u64>() as f64 / 100.0;
                assert!(recall >= least, "{kind}, {distance}, ef {ef}: recall {recall}");
                assert!(evaluations < most, "{kind}, {distance}, ef {ef}: {evaluations} evaluations");
            }
        }
    }

    #[test]
    fn a_second_build_is_the_same_with_any_number_of_threads() {
        for (kind, distance) in pairs() {
            let base = Sample { rows: 1500, centres: 10, dim: 24 }.base(kind, distance, "base");
            let part = Vamana::default().build_part();
            let build = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| <Vamana as Candidates>::build(&part, &base))
            };
            let alone = build(1);
            assert!(alone == build(1) && alone == build(3), "{kind}, {distance}");
        }
    }

    #[test]
    fn ef_and_pool_do_not_shape_the_graph() {
        let key = |candidates: &Vamana| AnyCandidates::build_key(candidates);
        assert_eq!(key(&vamana(5, 7)), key(&vamana(100, 200)));
        assert_ne!(key(&Vamana::default()), key(&Vamana { degree: constant!(Count, 8), ..Vamana::default() }));
    }

    #[test]
    fn no_vectors_no_pool() {
        for distance in Distance::DENSE {
            let base = Base::from_values(&[], 3, distance).expect("finite");
            let queries = Points::from(Vectors::new(&[1.0, 2.0, 3.0], 3).expect("finite"));
            assert!(search(&Vamana::default(), &base, &queries)[0].0.items.is_empty());
        }
    }

    #[test]
    fn numbers_at_the_ends_of_f32_do_no_harm() {
        let values = [f32::MAX, -f32::MAX, f32::MIN_POSITIVE, 0.0, 1.0e-45, 1.0, -3.0e38, 2.0e-20];
        for distance in Distance::DENSE {
            let base = Base::from_values(&values.repeat(9), 3, distance).expect("finite");
            let queries =
                Points::from(Vectors::new(&[f32::MAX, f32::MAX, -f32::MAX, 0.0, 0.0, 0.0], 3).expect("finite"));
            let found = search(&vamana(5, 24), &base, &queries);
            assert_eq!(found, search(&vamana(5, 5000), &base, &queries));
            assert!(found.iter().all(|(pool, _)| pool.items.len() == 5));
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
                let found = search(&vamana(10, 60), &base, &queries);
                let truth = search(&Exact { pool: Some(constant!(Count, 10)) }, &base, &queries);
                let same = found.iter().zip(&truth).filter(|((found, _), (truth, _))| found == truth).count();
                assert!(same >= 39, "{kind}, {distance}, seed {seed}: {same} of 41");
                assert_eq!(found[40].0, truth[40].0, "{kind}, {distance}, seed {seed}: the point itself");
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
            let [pool, degree, ef_construction] =
                [pool, degree, ef_construction].map(|value| Count::new(value).expect("at least 1"));
            let candidates = Vamana { pool, degree, ef_construction, ..Vamana::default() };
            let pools = |found: Vec<(Pool, u64)>| found.into_iter().map(|(pool, _)| pool).collect::<Vec<_>>();
            let exact = search(&Exact { pool: Some(pool) }, &base, &queries);
            prop_assert_eq!(pools(search(&candidates, &base, &queries)), pools(exact));
        }
    }
}
