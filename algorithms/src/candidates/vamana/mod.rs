//! Vamana: approximate search along the edges of a proximity graph.
//!
//! The `diskann` crate builds the graph (`build.rs`); the search over the finished graph is ours (`links.rs`), so that
//! it measures exactly, counts what it measures and does not allocate.

mod build;
mod links;

use super::Candidates;
use crate::base::{Base, Query};
use crate::params::{Count, Stretch, constant};
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use links::ProximityGraph;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Approximate nearest neighbours by a best-first walk over a Vamana graph, in which every vector has edges to near
/// ones and to some farther off. Faster than exact search on large datasets; misses some neighbours.
///
/// The graph is built by one thread, one vector after the other, and depends on nothing but vectors and parameters.
/// Walks start at the vector nearest the mean. Every vector can be reached from there: edges are added to those that
/// the library left out of reach.
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
        ProximityGraph::restore(words, base.len())
    }

    fn bytes(links: &ProximityGraph, base: &Base) -> usize {
        base.bytes() + links.bytes()
    }

    fn estimate(&self, rows: usize, dim: usize) -> usize {
        // The finished graph, and what exists only while it is built: the library's copy of the vectors and its lists.
        let edges = build::capacity(self.degree.size(), rows);
        rows.saturating_mul((2 * edges + dim) * size_of::<u32>() + size_of::<u64>())
    }

    fn check(&self, _: usize) -> Result<(), Unfit> {
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
        found.clear();
        let ef = self.ef.size().max(self.pool.size());
        let nearest = links.walk(base, query, ef, scratch);
        found.extend(nearest.iter().take(self.pool.size()).map(|near| near.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::{AnyCandidates, Exact};
    use crate::distance::Distance;
    use crate::points::vectors::Vectors;
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

    fn search(candidates: &dyn AnyCandidates, base: &Base, queries: &Vectors) -> Vec<(Pool, u64)> {
        let index = candidates.build(base);
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        let answer = |i| {
            let mut pool = Pool::default();
            scratch.reset();
            candidates.search(&index, base, Query::vector(queries, i), &mut scratch, &mut found, &mut pool);
            (pool, scratch.evaluations.get())
        };
        (0..queries.rows()).map(answer).collect()
    }

    #[test]
    fn finds_most_of_the_true_neighbours_in_few_evaluations() {
        for (number, width) in [(1, 1.0), (100, 0.05)] {
            let clouds = Clouds { dim: 24, number, width };
            for distance in Distance::DENSE {
                let base = Base::from_values(&clouds.points(3000, "base"), 24, distance).expect("finite");
                let queries = Vectors::new(&clouds.points(100, "queries"), 24).expect("finite");
                let found = search(&vamana(10, 60), &base, &queries);
                let recall = recall(&found, &base, &queries);
                let evaluations = found.iter().map(|(_, evaluations)| evaluations).sum::<u64>() as f64 / 100.0;
                assert!(recall >= 0.99, "{distance}, {clouds:?}: recall {recall}");
                assert!(evaluations < 1300.0, "{distance}, {clouds:?}: {evaluations} evaluations");
            }
        }
    }

    /// The share of the 10 true neighbours among those found.
    fn recall(found: &[(Pool, u64)], base: &Base, queries: &Vectors) -> f64 {
        let truth = search(&Exact { pool: Some(constant!(Count, 10)) }, base, queries);
        let hits = found.iter().zip(&truth).flat_map(|((found, _), (truth, _))| {
            found.items.iter().filter(|item| truth.items.iter().any(|other| other.id == item.id))
        });
        hits.count() as f64 / (10 * queries.rows()) as f64
    }

    /// Checks that at most 3 vectors with a direction have at most one edge to them, that every vector can be reached,
    /// and that the `recall` at this `ef` is at least 0.99.
    fn check_graph(base: &Base, queries: &Vectors, ef: u32, what: &str) {
        let links = <Vamana as Candidates>::build(&Vamana::default().build_part(), base);
        let directed = links.in_degrees().into_iter().zip(base.norms()).filter(|&(_, &norm)| norm > 0.0);
        let few = directed.filter(|&(degree, _)| degree <= 1).count();
        assert!(few <= 3, "{what}: {few} of {} have at most one edge to them", base.len());
        let reached = links.walk(base, base.query(0), base.len(), &mut Scratch::default()).len();
        assert_eq!(reached, base.len(), "{what}");
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
                let queries = Vectors::new(&clouds.points(100, "queries"), 48).expect("finite");
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
        let queries = Vectors::new(&clouds.points(100, "queries"), 48).expect("finite");
        check_graph(&base, &queries, 50, "31 zeros");
    }

    #[test]
    fn a_second_build_is_the_same() {
        let base =
            Base::from_values(&Clouds { dim: 24, number: 10, width: 0.05 }.points(1000, "base"), 24, Distance::Angular)
                .expect("finite");
        let part = Vamana::default().build_part();
        assert_eq!(<Vamana as Candidates>::build(&part, &base), <Vamana as Candidates>::build(&part, &base));
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
            let queries = Vectors::new(&[1.0, 2.0, 3.0], 3).expect("finite");
            assert!(search(&Vamana::default(), &base, &queries)[0].0.items.is_empty());
        }
    }

    #[test]
    fn numbers_at_the_ends_of_f32_do_no_harm() {
        let values = [f32::MAX, -f32::MAX, f32::MIN_POSITIVE, 0.0, 1.0e-45, 1.0, -3.0e38, 2.0e-20];
        for distance in Distance::DENSE {
            let base = Base::from_values(&values.repeat(9), 3, distance).expect("finite");
            let queries = Vectors::new(&[f32::MAX, f32::MAX, -f32::MAX, 0.0, 0.0, 0.0], 3).expect("finite");
            let found = search(&vamana(5, 24), &base, &queries);
            assert_eq!(found, search(&vamana(5, 5000), &base, &queries));
            assert!(found.iter().all(|(pool, _)| pool.items.len() == 5));
        }
    }

    #[test]
    fn a_thousand_times_the_same_vector_hides_no_other() {
        let mut values = [1.0, 2.0, 3.0, 4.0].repeat(1000);
        values.extend(normal(400, "others"));
        for distance in Distance::DENSE {
            let base = Base::from_values(&values, 4, distance).expect("finite");
            let queries = Vectors::new(&normal(40, "queries"), 4).expect("finite");
            let found = search(&vamana(10, 100), &base, &queries);
            let truth = search(&Exact { pool: Some(constant!(Count, 10)) }, &base, &queries);
            let same = found.iter().zip(&truth).filter(|((found, _), (truth, _))| found == truth).count();
            assert!(same >= 9, "{distance}: {same} of 10");
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
            let queries = Vectors::new(&query, 2).expect("finite");
            let [pool, degree, ef_construction] =
                [pool, degree, ef_construction].map(|value| Count::new(value).expect("at least 1"));
            let candidates = Vamana { pool, degree, ef_construction, ..Vamana::default() };
            prop_assert_eq!(search(&candidates, &base, &queries), search(&Exact { pool: Some(pool) }, &base, &queries));
        }
    }
}
