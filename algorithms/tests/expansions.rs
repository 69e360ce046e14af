//! Every registered expansion and the kNN graph, on points of every type, against what all must satisfy, and against their
//! definitions.

mod naive;

use naive::{Cloud, Row, SPACES, Space};
use proptest::prelude::*;
use std::collections::BTreeMap;
use swath_algorithms::expansion::{Expansion, ExpansionParams, Heat, Hops, Walk};
use swath_algorithms::graph::{EdgeSource, Graph, GraphSpec, Link, Relations};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{Count, Precision, Restart};
use swath_algorithms::points::PointType;
use swath_algorithms::{Base, Distance, Points, Pool, Query, Scratch, Vectors, random};

struct Case {
    base: Base,
    queries: Points,
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

impl Case {
    fn of(cloud: &Cloud, graph: Graph, seeds: usize) -> Self {
        Self { base: cloud.base(), queries: cloud.query(), graph, seeds }
    }
}

/// Rows of edges over `n` vertices.
fn edges(n: usize) -> impl Strategy<Value = Vec<Vec<(u32, f64)>>> {
    prop::collection::vec(prop::collection::vec((0..n as u32, 0.1_f64..2.0), 0..4), n)
}

/// Points of every space with ties and without, and a graph over them.
fn cases() -> impl Strategy<Value = Case> {
    naive::small_clouds(2..=19, &SPACES).prop_flat_map(|cloud| {
        let n = cloud.rows.len();
        (edges(n), 1..=n.min(6)).prop_map(move |(rows, seeds)| Case::of(&cloud, Graph::from_rows(rows), seeds))
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
                let truth = case.base.distance_to(Query::row(&case.queries, 0), item.id);
                prop_assert_eq!(item.distance, truth);
            }
        }
    }

    #[test]
    fn hops_is_the_best_decayed_path((case, hops) in (cases(), 1_usize..5)) {
        let params = Hops { hops: count(hops), ..Hops::default() };
        // The best value over paths of exactly h edges, by dynamic programming over all vertices.
        let candidates = case.pool();
        // For ip the place between the smallest and the largest of the candidates, cut to what they span.
        let ends = candidates.items.iter().map(|item| item.rel);
        let (least, most) = (ends.clone().fold(f64::INFINITY, f64::min), ends.fold(f64::NEG_INFINITY, f64::max));
        let place = |rel: f64| match case.base.distance() {
            Distance::InnerProduct if most > least => ((rel - least) / (most - least)).clamp(0.0, 1.0),
            Distance::InnerProduct => f64::from(u8::from(rel >= least)),
            _ => rel,
        };
        let seeds: BTreeMap<u32, f64> = candidates.items.iter().map(|item| (item.id, place(item.rel))).collect();
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
            prop_assert!((item.score - (0.5 * place(item.rel) + 0.5 * best[&item.id])).abs() < 1e-12);
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
    fn other_ids_give_the_same_scores(
        (space, n, seed) in (prop::sample::select(SPACES.to_vec()), 2_usize..20, any::<u64>()),
        rows in edges(20),
        seeds in 1_usize..=6,
    ) {
        let cloud = naive::irregular_cloud(space, 3, n, seed);
        prop_assume!(cloud.is_free_of_ties(), "ties are broken by id");
        let mut new: Vec<u32> = (0..n as u32).collect();
        random::shuffle(&mut random::stream(seed, "test", 0), &mut new);
        let inside = |row: &Vec<(u32, f64)>| row.iter().map(|&(target, weight)| (target % n as u32, weight)).collect();
        let graph = Graph::from_rows(rows[..n].iter().map(inside).collect());
        let mut renamed = vec![Vec::new(); n];
        for id in 0..n as u32 {
            let (targets, weights) = (graph.targets(id), graph.weights(id));
            renamed[new[id as usize] as usize] =
                targets.iter().zip(weights).map(|(&target, &weight)| (new[target as usize], weight)).collect();
        }
        // Rows that are normalised already may change in the last bit when they are again.
        let same = |id: u32| graph.targets(id).iter().copied().zip(graph.weights(id).iter().copied()).collect();
        let again = Graph::from_rows((0..n as u32).map(same).collect());
        let case = Case::of(&cloud, again, seeds.min(n));
        let renamed = Case::of(&cloud.numbered(&new), Graph::from_rows(renamed), seeds.min(n));
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
    let case = Case { base, queries: Vectors::new(&[0.0], 1).expect("finite").into(), graph, seeds: 2 };
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
    let case = Case { base, queries: Vectors::new(&[0.0], 1).expect("finite").into(), graph, seeds: 1 };
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
    let case = Case { base, queries: Vectors::new(&[1.0, 0.0], 2).expect("finite").into(), graph, seeds: 1 };
    let whole = case.expand(&Hops::default(), &mut Scratch::default());
    let cut = case.expand(&Hops { limit: count(10), ..Hops::default() }, &mut Scratch::default());
    assert_eq!(whole.items.len(), 50);
    assert_eq!(cut.items, whole.items[..10]);
}

/// Each row's nearest others, as methods.md defines them: by the distance of two rows (an angle for angular and ip), of equals
/// the lower id, weighted by the coverage kernel, which for rbf is as wide as the median distance to them.
fn naive_neighbors(cloud: &Cloud, i: usize, g: usize) -> Vec<(u32, f64)> {
    let distance = cloud.space.distance;
    let mut others: Vec<(f64, usize)> = (0..cloud.rows.len())
        .filter(|&j| j != i)
        .map(|j| (naive::between(distance, &cloud.rows[i], &cloud.rows[j]), j))
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.truncate(g);
    let sigma = naive::median(others.iter().map(|&(distance, _)| distance).collect());
    let weight = |j: usize| naive::similarity(Kernel::coverage(distance), &cloud.rows[i], &cloud.rows[j], sigma);
    others.into_iter().map(|(_, j)| (j as u32, weight(j))).filter(|&(_, weight)| weight > 0.0).collect()
}

fn knn(base: &Base, g: usize) -> Graph {
    GraphSpec::new(&[EdgeSource::Knn.into()], count(g), &Relations::new()).build(base, &[], &[])
}

/// Checks the rows of a kNN graph against naive ones, normalised.
fn check_neighbors(cloud: &Cloud, g: usize) {
    let graph = knn(&cloud.base(), g);
    assert_eq!(graph.knn_recall(), None, "exact");
    for i in 0..cloud.rows.len() {
        let expected = naive_neighbors(cloud, i, g);
        let total: f64 = expected.iter().map(|&(_, weight)| weight).sum();
        let expected: BTreeMap<u32, f64> =
            expected.into_iter().map(|(target, weight)| (target, weight / total)).collect();
        let targets: Vec<u32> = expected.keys().copied().collect();
        assert_eq!(graph.targets(i as u32), targets, "{}, row {i}", cloud.space);
        for (weight, expected) in graph.weights(i as u32).iter().zip(expected.values()) {
            assert!((weight - expected).abs() < 1e-9, "{}, row {i}: {weight} for {expected}", cloud.space);
        }
    }
}

proptest! {
    /// Where distances are whole numbers over whole numbers, ties and empty sets included.
    #[test]
    fn neighbors_of_bits_and_sets_are_their_definition(cloud in naive::small_clouds(2..=19, &SPACES[3..5]), g in 1_usize..6) {
        check_neighbors(&cloud, g);
    }

    #[test]
    fn neighbors_are_their_definition(space in prop::sample::select(SPACES.to_vec()), n in 2_usize..40, g in 1_usize..6, seed in any::<u64>()) {
        let cloud = naive::irregular_cloud(space, 3, n, seed);
        prop_assume!(cloud.is_free_of_ties());
        check_neighbors(&cloud, g);
    }
}

/// Two empty sets are equal, and unlike all others: each has one edge, to the other.
#[test]
fn empty_sets_are_each_others_neighbors() {
    let set = |members: &[u32]| Row::Set(members.iter().copied().collect());
    let space = Space { distance: Distance::Jaccard, points: PointType::Sets };
    let rows = vec![set(&[]), set(&[1, 2]), set(&[]), set(&[2, 3, 4])];
    let graph = knn(&Cloud { space, dim: 5, rows, query: set(&[1]) }.base(), 3);
    let edges: Vec<(&[u32], &[f64])> = (0..4).map(|id| (graph.targets(id), graph.weights(id))).collect();
    assert_eq!(edges, [(&[2][..], &[1.0][..]), (&[3], &[1.0]), (&[0], &[1.0]), (&[1], &[1.0])]);
}

/// Candidates with products 4 and 2 span the scale; what the graph reaches beyond it is cut to 0 and 1.
#[test]
fn products_beyond_the_candidates_are_cut() {
    let base = Base::from_values(&[4.0, 2.0, 9.0, -5.0, 3.0], 1, Distance::InnerProduct).expect("finite");
    let graph = Graph::from_rows(vec![vec![(2, 1.0), (3, 1.0), (4, 1.0)], vec![], vec![], vec![], vec![]]);
    let queries = Points::from(Vectors::new(&[1.0], 1).expect("finite"));
    let mut pool = Pool::default();
    let query = Query::row(&queries, 0);
    pool.fill(&base, query, [0, 1].into_iter(), 2, &Scratch::default());
    for expansion in all_with("beta", 1.0) {
        let mut pool = pool.clone();
        expansion.expand(&graph, &base, query, &mut pool, &mut Scratch::default());
        let found: Vec<(u32, f64, f64)> = pool.items.iter().map(|item| (item.id, item.rel, item.score)).collect();
        let expected = [(0, 4.0, 1.0), (2, 9.0, 1.0), (4, 3.0, 0.5), (1, 2.0, 0.0), (3, -5.0, 0.0)];
        assert_eq!(found, expected, "{}", expansion.name());
    }
}
