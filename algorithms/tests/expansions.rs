//! Every registered expansion against what all must keep to, and hops against its definition.

use proptest::prelude::*;
use std::collections::BTreeMap;
use swath_algorithms::expansion::{Expansion, ExpansionParams, Hops, Walk};
use swath_algorithms::graph::{Graph, GraphSpec, Link, Source};
use swath_algorithms::params::{Count, Fraction};
use swath_algorithms::{Base, Distance, Pool, Query, Scratch, Vectors};

struct Case {
    base: Base,
    queries: Vectors,
    graph: Graph,
    seeds: usize,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {} seeds", self.graph, self.seeds)
    }
}

impl Case {
    fn pool(&self) -> Pool {
        let mut pool = Pool::default();
        let all = 0..self.base.len() as u32;
        pool.fill(&self.base, Query::row(&self.queries, 0), all, self.seeds, &Scratch::default());
        pool
    }

    fn expand(&self, expansion: &dyn Expansion, scratch: &mut Scratch) -> Pool {
        let mut pool = self.pool();
        scratch.reset();
        expansion.expand(&self.graph, &self.base, Query::row(&self.queries, 0), &mut pool, scratch);
        pool
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (2_usize..20).prop_flat_map(|n| {
        let vectors = prop::collection::vec(-1.0_f32..1.0, n * 3);
        let row = prop::collection::vec((0..n as u32, 0.1_f64..2.0), 0..4);
        let graph = prop::collection::vec(row, n);
        (
            vectors,
            prop::collection::vec(-1.0_f32..1.0, 3),
            graph,
            1..=n.min(6),
            prop::sample::select(Distance::ALL.to_vec()),
        )
            .prop_map(|(vectors, query, rows, seeds, distance)| Case {
                base: Base::from_values(&vectors, 3, distance).expect("finite"),
                queries: Vectors::new(&query, 3).expect("finite"),
                graph: Graph::from_rows(rows),
                seeds,
            })
    })
}

fn count(value: usize) -> Count {
    Count::new(value as u32).expect("in range")
}

fn by_id(pool: &Pool) -> BTreeMap<u32, f64> {
    pool.items.iter().map(|item| (item.id, item.score)).collect()
}

proptest! {
    /// What holds for any expansion: items are different, in order, measured truly, within the limit, all reachable,
    /// and do not depend on what the working memory held before.
    #[test]
    fn every_expansion_keeps_the_pool_in_order((case, other) in (cases(), cases())) {
        for expansion in ExpansionParams::all() {
            let mut used = Scratch::default();
            other.expand(&*expansion, &mut used);
            let pool = case.expand(&*expansion, &mut used);
            prop_assert_eq!(&pool, &case.expand(&*expansion, &mut Scratch::default()));
            prop_assert!(pool.items.len() >= case.seeds && pool.items.len() <= expansion.limit());
            prop_assert_eq!(by_id(&pool).len(), pool.items.len());
            prop_assert!(pool.items.windows(2).all(|w| w[0].best_first(w[0].score, &w[1], w[1].score).is_le()));
            for item in &pool.items {
                let truth = case.base.distance_to(Query::row(&case.queries, 0), item.id);
                prop_assert_eq!(item.distance, truth);
            }
        }
    }

    #[test]
    fn hops_is_the_best_decayed_path((case, hops) in (cases(), 1_usize..5)) {
        let params = Hops { hops: count(hops), ..Hops::default() };
        // The best value over paths of exactly h edges, by dynamic programming over all vertices.
        let seeds: BTreeMap<u32, f64> = case.pool().items.iter().map(|item| (item.id, item.rel)).collect();
        let (mut layer, mut best) = (seeds.clone(), seeds);
        for _ in 0..hops {
            let mut next: BTreeMap<u32, f64> = BTreeMap::new();
            for (&u, &value) in &layer {
                for &v in case.graph.targets(u) {
                    let entry = next.entry(v).or_insert(f64::NEG_INFINITY);
                    *entry = entry.max(value * 0.5);
                }
            }
            for (&v, &value) in &next {
                let entry = best.entry(v).or_insert(f64::NEG_INFINITY);
                *entry = entry.max(value);
            }
            layer = next;
        }
        let pool = case.expand(&params, &mut Scratch::default());
        prop_assert_eq!(pool.items.len(), best.len());
        for item in &pool.items {
            prop_assert!((item.score - (0.5 * item.rel + 0.5 * best[&item.id])).abs() < 1e-12);
        }
    }

    #[test]
    fn relevance_alone_keeps_the_order_of_the_seeds(case in cases()) {
        let beta = Fraction::new(1.0).expect("in range");
        let both = [ExpansionParams::Hops(Hops { beta, ..Hops::default() }), ExpansionParams::Walk(Walk { beta, ..Walk::default() })];
        for expansion in both {
            let pool = case.expand(&*expansion, &mut Scratch::default());
            let seeds: Vec<u32> = case.pool().items.iter().map(|item| item.id).collect();
            let kept: Vec<u32> = pool.items.iter().map(|item| item.id).filter(|id| seeds.contains(id)).collect();
            prop_assert_eq!(kept, seeds);
        }
    }

    #[test]
    fn a_graph_without_edges_changes_nothing(mut case in cases()) {
        case.graph = Graph::from_rows(vec![Vec::new(); case.base.len()]);
        let before: Vec<u32> = case.pool().items.iter().map(|item| item.id).collect();
        for expansion in ExpansionParams::all() {
            let after: Vec<u32> = case.expand(&*expansion, &mut Scratch::default()).items.iter().map(|item| item.id).collect();
            prop_assert_eq!(&after, &before, "{}", expansion.name());
        }
    }
}

#[test]
fn the_limit_keeps_the_best_by_score() {
    let links: Vec<Link> = (1..50).map(|target| Link { source: 0, target }).collect();
    let rows: Vec<f32> = (0..50).flat_map(|i| [1.0, i as f32 / 50.0]).collect();
    let base = Base::from_values(&rows, 2, Distance::Angular).expect("finite");
    let graph = GraphSpec::new(&[Source::Links], count(1)).build(&base, &links);
    let case = Case { base, queries: Vectors::new(&[1.0, 0.0], 2).expect("finite"), graph, seeds: 1 };
    let whole = case.expand(&Hops::default(), &mut Scratch::default());
    let cut = case.expand(&Hops { limit: count(10), ..Hops::default() }, &mut Scratch::default());
    assert_eq!(whole.items.len(), 50);
    assert_eq!(cut.items, whole.items[..10]);
}
