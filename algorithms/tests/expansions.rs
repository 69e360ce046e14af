//! Every registered expansion against what all must satisfy, and hops against its definition.

use proptest::prelude::*;
use std::collections::BTreeMap;
use swath_algorithms::expansion::{Expansion, ExpansionParams, Heat, Hops, Walk};
use swath_algorithms::graph::{EdgeSource, Graph, GraphSpec, Link, Relations};
use swath_algorithms::params::{Count, Precision, Restart};
use swath_algorithms::{Base, Distance, Pool, Query, Scratch, Vectors, random};

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
        pool.fill(&self.base, Query::vector(&self.queries, 0), all, self.seeds, &Scratch::default());
        pool
    }

    fn expand(&self, expansion: &dyn Expansion, scratch: &mut Scratch) -> Pool {
        let mut pool = self.pool();
        scratch.reset();
        expansion.expand(&self.graph, &self.base, Query::vector(&self.queries, 0), &mut pool, scratch);
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
            prop::sample::select(Distance::DENSE.to_vec()),
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

/// Every registered expansion that has this parameter, with this value.
fn all_with(parameter: &str, value: f64) -> Vec<ExpansionParams> {
    let set = |expansion: ExpansionParams| {
        let mut json = serde_json::to_value(&expansion).expect("written");
        *json[expansion.name()].get_mut(parameter)? = value.into();
        Some(serde_json::from_value(json).expect("read"))
    };
    ExpansionParams::all().into_iter().filter_map(set).collect()
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
            prop_assert!(pool.items.windows(2).all(|w| w[0].best_first(&w[1]).is_le()));
            for item in &pool.items {
                let truth = case.base.distance_to(Query::vector(&case.queries, 0), item.id);
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
        for expansion in all_with("beta", 1.0) {
            let pool = case.expand(&*expansion, &mut Scratch::default());
            let seeds: Vec<u32> = case.pool().items.iter().map(|item| item.id).collect();
            let kept: Vec<u32> = pool.items.iter().map(|item| item.id).filter(|id| seeds.contains(id)).collect();
            prop_assert_eq!(kept, seeds);
        }
    }

    /// Which number a vector has makes no difference, to the last bit, also where a push stops early: what is pushed first
    /// does not depend on numbers.
    #[test]
    fn other_ids_give_the_same_scores(mut case in cases(), seed in any::<u64>()) {
        let distance = |id| case.base.distance_to(Query::vector(&case.queries, 0), id);
        let mut distances: Vec<f64> = (0..case.base.len() as u32).map(distance).collect();
        distances.sort_by(f64::total_cmp);
        prop_assume!(distances.windows(2).all(|w| w[0] < w[1]), "ties are broken by id");
        let n = case.base.len() as u32;
        let mut new: Vec<u32> = (0..n).collect();
        random::shuffle(&mut random::stream(seed, "test", 0), &mut new);
        let mut old = vec![0; n as usize];
        (0..n).for_each(|id| old[new[id as usize] as usize] = id);
        let values: Vec<f32> = old.iter().flat_map(|&id| case.base.vectors().row(id as usize)[..3].to_vec()).collect();
        let edges = |&id: &u32| {
            let (targets, weights) = (case.graph.targets(id), case.graph.weights(id));
            targets.iter().zip(weights).map(|(&target, &weight)| (new[target as usize], weight)).collect()
        };
        // Rows that are normalised already may change in the last bit when they are again.
        let same = |id: u32| case.graph.targets(id).iter().copied().zip(case.graph.weights(id).iter().copied()).collect();
        let again = Graph::from_rows((0..n).map(same).collect());
        let renamed = Case {
            base: Base::from_values(&values, 3, case.base.distance()).expect("finite"),
            queries: case.queries.clone(),
            graph: Graph::from_rows(old.iter().map(edges).collect()),
            seeds: case.seeds,
        };
        case.graph = again;
        let early = all_with("epsilon", 0.01);
        prop_assert!(early.len() >= 2);
        for expansion in early.into_iter().chain(ExpansionParams::all()) {
            let before = by_id(&case.expand(&*expansion, &mut Scratch::default()));
            let after = by_id(&renamed.expand(&*expansion, &mut Scratch::default()));
            prop_assert_eq!(before.len(), after.len());
            for (id, score) in before {
                prop_assert_eq!(score, after[&new[id as usize]], "{}", expansion.name());
            }
        }
    }

    /// Two that a rounding alone tells apart may change places.
    #[test]
    fn a_graph_without_edges_changes_nothing(mut case in cases()) {
        case.graph = Graph::from_rows(vec![Vec::new(); case.base.len()]);
        let before = case.pool();
        let ids = |pool: &Pool| by_id(pool).into_keys().collect::<Vec<_>>();
        for expansion in ExpansionParams::all() {
            let after = case.expand(&*expansion, &mut Scratch::default());
            prop_assert_eq!(ids(&after), ids(&before), "{}", expansion.name());
            for (after, before) in after.items.iter().zip(&before.items) {
                prop_assert!((after.rel - before.rel).abs() < 1e-12, "{}", expansion.name());
            }
        }
    }
}

/// On a line with the query at 0. The candidates find 1 and 2, whose median distance is 1.5; the expansion adds 3 and 9.
#[test]
fn the_width_of_relevance_stays_that_of_the_candidates() {
    let base = Base::from_values(&[1.0, 2.0, 3.0, 9.0], 1, Distance::Euclidean).expect("finite");
    let graph = Graph::from_rows(vec![vec![(2, 1.0)], vec![(3, 1.0)], vec![], vec![]]);
    let case = Case { base, queries: Vectors::new(&[0.0], 1).expect("finite"), graph, seeds: 2 };
    for expansion in ExpansionParams::all() {
        let pool = case.expand(&*expansion, &mut Scratch::default());
        assert_eq!((pool.items.len(), pool.sigma), (4, 1.5), "{}", expansion.name());
        for item in pool.items {
            let expected = (-item.distance * item.distance / (2.0 * 1.5 * 1.5)).exp();
            assert!((item.rel - expected).abs() < 1e-15, "{}: item {}", expansion.name(), item.id);
        }
    }
}

/// From 0 to 1 and 2, which have no edges and restart at the one seed, 0. By hand: the walk pushes 0, 1, 2 and 0 again; the
/// diffusion follows four steps, since the next term's tail, 0.185, is below 0.1 for each of two edges.
#[test]
fn edges_that_were_followed_are_counted() {
    let base = Base::from_values(&[1.0, 2.0, 3.0], 1, Distance::Euclidean).expect("finite");
    let graph = Graph::from_rows(vec![vec![(1, 1.0), (2, 1.0)], vec![], vec![]]);
    let case = Case { base, queries: Vectors::new(&[0.0], 1).expect("finite"), graph, seeds: 1 };
    let epsilon = Precision::new(0.1).expect("in range");
    let walk = Walk { restart: Restart::new(0.5).expect("in range"), epsilon, ..Walk::default() };
    let heat = Heat { epsilon, ..Heat::default() };
    let (mut scratch, both): (_, [&dyn Expansion; 2]) = (Scratch::default(), [&walk, &heat]);
    for expansion in both {
        case.expand(expansion, &mut scratch);
        assert_eq!(scratch.edges.get(), 2 + 1 + 2 + 1);
    }
}

/// At the default epsilon more lists are those of a push that leaves next to nothing than at 1e-5, the default of old.
#[test]
fn the_default_epsilon_keeps_more_lists_than_that_of_old() {
    let mut rng = random::stream(7, "test", 0);
    let mut draw = |rows: usize| (0..rows * 16).map(|_| random::normal(&mut rng) as f32).collect::<Vec<f32>>();
    let base = Base::from_values(&draw(1500), 16, Distance::Euclidean).expect("finite");
    let queries = Vectors::new(&draw(30), 16).expect("finite");
    let graph = GraphSpec::new(&[EdgeSource::Knn.into()], count(16), &Relations::new()).build(&base, &[], &[]);
    let lists = |expansion: &dyn Expansion| -> Vec<Vec<u32>> {
        let mut scratch = Scratch::default();
        let list = |i| {
            let (query, mut pool) = (Query::vector(&queries, i), Pool::default());
            scratch.reset();
            pool.fill(&base, query, 0..base.len() as u32, 20, &scratch);
            expansion.expand(&graph, &base, query, &mut pool, &mut scratch);
            pool.items[..10].iter().map(|item| item.id).collect()
        };
        (0..queries.rows()).map(list).collect()
    };
    let finest = all_with("epsilon", 1e-9);
    let defaults = ExpansionParams::all();
    for (finest, coarse) in finest.iter().zip(all_with("epsilon", 1e-5)) {
        let truth = lists(&**finest);
        let kept = |found: &[Vec<u32>]| found.iter().zip(&truth).filter(|(found, truth)| found == truth).count();
        let default = defaults.iter().find(|default| default.name() == finest.name()).expect("registered");
        let (now, before) = (kept(&lists(&**default)), kept(&lists(&*coarse)));
        println!("{}: {now} of 30, at 1e-5 {before}", finest.name());
        assert!(before < now, "{}: {now} of 30, at 1e-5 {before}", finest.name());
    }
}

#[test]
fn the_limit_keeps_the_best_by_score() {
    let links: Vec<Link> = (1..50).map(|target| Link { source: 0, target, relation: 0 }).collect();
    let rows: Vec<f32> = (0..50).flat_map(|i| [1.0, i as f32 / 50.0]).collect();
    let base = Base::from_values(&rows, 2, Distance::Angular).expect("finite");
    let graph = GraphSpec::new(&[EdgeSource::Links.into()], count(1), &Relations::new()).build(&base, &links, &[]);
    let case = Case { base, queries: Vectors::new(&[1.0, 0.0], 2).expect("finite"), graph, seeds: 1 };
    let whole = case.expand(&Hops::default(), &mut Scratch::default());
    let cut = case.expand(&Hops { limit: count(10), ..Hops::default() }, &mut Scratch::default());
    assert_eq!(whole.items.len(), 50);
    assert_eq!(cut.items, whole.items[..10]);
}
