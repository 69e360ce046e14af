//! What must make no difference: how the base points are numbered, and in which unit they are measured. For every
//! registered stage, alone and together.

use crate::naive::{self, Cloud, Row, SPACES, Space, WITH_UNITS};
use crate::support::{Case, groups_of, setting};
use proptest::prelude::*;
use serde_json::{Value, json};
use swath_algorithms::candidates::{CandidatesParams, Exact};
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::graph::{Graph, Link};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::Count;
use swath_algorithms::selector::{Request, SelectorParams};
use swath_algorithms::{Distance, Pool, Query, Scratch, random};

/// Base points with links, subtopics and groups, and a query.
#[derive(Clone, Debug)]
struct World {
    cloud: Cloud,
    links: Vec<Link>,
    subtopics: Vec<(u32, u32)>,
    groups: Vec<i32>,
}

impl World {
    /// The same with row `i` as row `new[i]`.
    fn numbered(&self, new: &[u32]) -> Self {
        let mut numbered = Self { cloud: self.cloud.numbered(new), ..self.clone() };
        let to = |id: u32| new[id as usize];
        numbered.links.iter_mut().for_each(|link| (link.source, link.target) = (to(link.source), to(link.target)));
        // A file may hold its links in any order.
        numbered.links.sort_by_key(|link| (link.source, link.target, link.relation));
        numbered.subtopics.iter_mut().for_each(|(id, _)| *id = to(*id));
        numbered.subtopics.sort_unstable();
        self.groups.iter().zip(new).for_each(|(&group, &to)| numbered.groups[to as usize] = group);
        numbered
    }

    /// The same with all values times 2^power.
    fn scaled(&self, power: i32) -> Self {
        let times = |row: &Row| row.times(2.0_f32.powi(power));
        let (rows, query) = (self.cloud.rows.iter().map(times).collect(), times(&self.cloud.query));
        Self { cloud: Cloud { rows, query, ..self.cloud.clone() }, ..self.clone() }
    }

    /// What each combination of stages gives.
    fn lists(&self, stages: &Stages, k: usize) -> Vec<Outcome> {
        let (base, queries) = (self.cloud.base(), self.cloud.query());
        let query = Query::row(&queries, 0);
        let groups = [groups_of(self.groups.iter().copied())];
        let relations = ["a".to_owned(), "b".to_owned()];
        let build = |expansion: &ExpansionParams| expansion.graph().build(&base, &self.links, &relations);
        let graphs: Vec<Graph> = stages.expansions.iter().map(build).collect();
        let mut lists = Vec::new();
        for candidates in &stages.candidates {
            let index = candidates.build(&base);
            let expansions = stages.expansions.iter().zip(&graphs).map(Some);
            for expansion in std::iter::once(None).chain(expansions) {
                let (mut scratch, mut pool) = (Scratch::default(), Pool::default());
                candidates.search(&index, &base, query, &mut scratch, &mut Vec::new(), &mut pool);
                let mut whole = pool.clone();
                if let Some((expansion, graph)) = expansion {
                    without_limit(expansion).expand(graph, &base, query, &mut whole, &mut scratch);
                    expansion.expand(graph, &base, query, &mut pool, &mut scratch);
                }
                let (base, pool, subtopics, seed) = (&base, &pool, self.subtopics.as_slice(), 5);
                let (aspects, groups) = (&[][..], groups.as_slice());
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
                    query_id: 11,
                };
                let list = |selector: &SelectorParams| {
                    let mut picked = Vec::new();
                    selector.select(&request, &Scratch::default(), &mut picked);
                    picked.into_iter().map(|position| pool.items[position].id).collect()
                };
                let selected = stages.selectors.iter().map(list).collect();
                let expansion = expansion.map(|(expansion, _)| expansion);
                let is_free_of_ties = whole.items.windows(2).all(|w| w[0].score > w[1].score);
                lists.push(Outcome {
                    name: format!("{candidates:?}, {expansion:?}"),
                    is_free_of_ties,
                    lists: selected,
                });
            }
        }
        lists
    }
}

/// What a combination of stages gives.
struct Outcome {
    name: String,
    /// Whether ids decide nothing: neither in the pool nor about what an expansion keeps.
    is_free_of_ties: bool,
    /// One for each selector.
    lists: Vec<Vec<u32>>,
}

/// The same expansion, which keeps all that it reaches.
fn without_limit(expansion: &ExpansionParams) -> ExpansionParams {
    let mut json = json!(expansion);
    json[expansion.name()]["limit"] = 1000.into();
    serde_json::from_value(json).expect("in range")
}

/// What is combined, each with each.
struct Stages {
    candidates: Vec<CandidatesParams>,
    expansions: Vec<ExpansionParams>,
    selectors: Vec<SelectorParams>,
}

/// Every registered selector with its defaults, and with each of these values of a parameter that it has.
fn selectors(space: Space, kernels: &[Kernel]) -> Vec<SelectorParams> {
    let others = json!({
        "lambda": [0, 1, "adaptive"],
        "theta": [0, 0.95],
        "gamma": [0, 2],
        "alpha": [0.02, 1],
        "eta": [0.3, 3],
        "window": [2],
        "bias": [true],
        "method": ["k-medoids"],
        "weights": ["relevance", "softmax"],
        "optimizer": ["naive", { "stochastic": {} }, "swap", "frank-wolfe", "exact"],
        "greedy": ["full"],
        "aspects": [{ "clusters": 3 }, "queries"],
        "diversity": ["dispersion"],
        "redundancy": ["mean", "dartboard"],
        "sigma": [1e-4, 3],
        "s": [0, 1],
        "quality": ["power"],
        "distance": ["cosine"],
        "limit": [1],
        "similarity": [0.3],
        "within": [{ "mmr": {} }, { "cluster": { "method": "k-medoids" } }, { "threshold": { "within": { "flvmi": {} } } }],
        "kernel": kernels.iter().map(|kernel| kernel.name()).collect::<Vec<_>>(),
    });
    let mut all = SelectorParams::all();
    for default in SelectorParams::all() {
        for (parameter, values) in others.as_object().expect("a mapping") {
            for value in values.as_array().expect("a list") {
                let mut changed = json!(default);
                changed[default.name()][parameter] = value.clone();
                // Other selectors know no such parameter, or no such value.
                all.extend(serde_json::from_value::<SelectorParams>(changed));
            }
        }
    }
    all.retain(|selector| selector.check(&setting(space)).is_ok());
    all
}

/// Every registered expansion over several graphs, stopping early so that it matters in which order vertices are taken.
fn expansions() -> Vec<ExpansionParams> {
    let graphs =
        [json!(["knn"]), json!(["links"]), json!(["knn-mutual", { "links": 2 }]), json!(["knn-symmetric", "links"])];
    let with = |(default, graph): (&ExpansionParams, &Value)| {
        let mut json = json!(default);
        let parameters = &mut json[default.name()];
        parameters["graph"] = graph.clone();
        parameters["relations"] = json!({ "a": 0.3 });
        for (parameter, value) in [("neighbors", json!(4)), ("limit", json!(16)), ("epsilon", json!(0.01))] {
            if parameters.get(parameter).is_some() {
                parameters[parameter] = value;
            }
        }
        serde_json::from_value(json).expect("every expansion walks a graph")
    };
    let all = ExpansionParams::all();
    all.iter().flat_map(|expansion| graphs.iter().map(move |graph| (expansion, graph))).map(with).collect()
}

/// Every registered index, small enough for some dozen vectors.
fn candidates() -> Vec<CandidatesParams> {
    let with = |default: CandidatesParams| {
        let mut json = json!(default);
        for (parameter, value) in [("pool", 12), ("lists", 4), ("nprobe", 2), ("ef", 14), ("degree", 4)] {
            if json[default.name()].get(parameter).is_some() {
                json[default.name()][parameter] = value.into();
            }
        }
        serde_json::from_value(json).expect("these are in range")
    };
    let searching = CandidatesParams::all().into_iter().filter(|candidates| candidates.listed().is_none());
    searching.map(with).collect()
}

fn exact(pool: u32) -> CandidatesParams {
    CandidatesParams::Exact(Exact { pool: Some(Count::new(pool).expect("in range")) })
}

/// These points with links, subtopics and groups.
fn world_of(cloud: Cloud) -> impl Strategy<Value = World> {
    let n = cloud.rows.len();
    let id = 0..n as u32;
    let link = (id.clone(), id.clone(), 0_u8..2);
    let link = link.prop_map(|(source, target, relation)| Link { source, target, relation });
    let subtopics = prop::collection::btree_set((id, 0_u32..4), 0..2 * n);
    let groups = prop::collection::vec(-1_i32..5, n);
    (prop::collection::vec(link, 0..3 * n), subtopics, groups).prop_map(move |(links, subtopics, groups)| World {
        cloud: cloud.clone(),
        links,
        subtopics: subtopics.into_iter().collect(),
        groups,
    })
}

/// Worlds of 14 to 40 irregular points without ties.
fn irregular_worlds() -> impl Strategy<Value = World> {
    let cloud = (prop::sample::select(SPACES.to_vec()), 14_usize..=40, any::<u64>());
    let cloud = cloud.prop_map(|(space, n, seed)| naive::irregular_cloud(space, 3, n, seed));
    cloud.prop_filter("distances tie", Cloud::is_free_of_ties).prop_flat_map(world_of)
}

/// Worlds of 14 to 40 points that have a unit, with ties or without.
fn worlds_with_units() -> impl Strategy<Value = World> {
    naive::small_clouds(14..=40, &WITH_UNITS).prop_flat_map(world_of)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Where no two scores are equal, numbering the base vectors otherwise changes no list.
    #[test]
    fn the_numbering_makes_no_difference(world in irregular_worlds(), k in 2_usize..9, seed in any::<u64>()) {
        let stages = Stages {
            candidates: vec![exact(14)],
            expansions: expansions(),
            selectors: selectors(world.cloud.space, &Kernel::ALL),
        };
        let mut new: Vec<u32> = (0..world.cloud.rows.len() as u32).collect();
        random::shuffle(&mut random::stream(seed, "test", 0), &mut new);
        let (before, after) = (world.lists(&stages, k), world.numbered(&new).lists(&stages, k));
        let mut compared = 0;
        for (before, after) in before.iter().zip(&after).filter(|(before, _)| before.is_free_of_ties) {
            for ((list, after), selector) in before.lists.iter().zip(&after.lists).zip(&stages.selectors) {
                let list: Vec<u32> = list.iter().map(|&id| new[id as usize]).collect();
                prop_assert_eq!(&list, after, "{}, {:?}", before.name, selector);
            }
            compared += 1;
        }
        // For ip much of what an expansion adds is beyond the range of the candidates, where scores are cut and tie.
        let is_cut = world.cloud.space.distance == Distance::InnerProduct;
        let least = if is_cut { 1 } else { stages.expansions.len() / 2 };
        prop_assert!(compared >= least, "{compared} pools are free of ties");
    }

    /// Base points and query times a power of two: every list is the same, ties or not. (Fisher-Rao's kernel alone looks
    /// at the size of values: it is of their softmax.)
    #[test]
    fn the_unit_makes_no_difference(
        world in worlds_with_units(),
        k in 2_usize..9,
        power in prop::sample::select(vec![-90, -70, -20, -1, 7, 60, 90]),
    ) {
        let kernels = Kernel::ALL.map(|kernel| (kernel != Kernel::FisherRao).then_some(kernel));
        let stages = Stages {
            candidates: candidates(),
            expansions: expansions(),
            selectors: selectors(world.cloud.space, &kernels.into_iter().flatten().collect::<Vec<_>>()),
        };
        let (before, after) = (world.lists(&stages, k), world.scaled(power).lists(&stages, k));
        for (before, after) in before.iter().zip(&after) {
            for ((list, after), selector) in before.lists.iter().zip(&after.lists).zip(&stages.selectors) {
                prop_assert_eq!(list, after, "{}, {:?}", before.name, selector);
            }
        }
    }
}

/// Of equal scores the lower id, of unequal ones the higher score: where the criterion cannot tell items apart, every
/// selector takes them in the order of the pool.
#[test]
fn what_a_criterion_cannot_tell_apart_is_taken_by_score_then_by_id() {
    // Ten items without anything in common, the query nearer to some: nothing covers another, all are as far apart, and two
    // and two are as relevant.
    let (dim, near) = (10, |i: usize| [3, 1, 5, 2, 4][i % 5]);
    let expected = [2, 7, 4, 9, 0, 5, 3, 8, 1, 6];
    let dense = |value: &dyn Fn(usize) -> usize| Row::Dense((0..dim).map(|i| value(i) as f32).collect());
    let sparse = |value: &dyn Fn(usize) -> usize| {
        Row::Sparse((0..dim).map(|i| (i as u32, value(i) as f32)).filter(|entry| entry.1 > 0.0).collect())
    };
    // Six members each, of which the query has as many as the item is near.
    let set = |count: &dyn Fn(usize) -> usize| {
        Row::Set((0..dim).flat_map(|i| (0..count(i)).map(move |j| (6 * i + j) as u32)).collect())
    };
    let bits = |count: &dyn Fn(usize) -> usize| Row::Bits((0..6 * dim).map(|at| at % 6 < count(at / 6)).collect());
    let one_of = |count: usize| move |item: usize| move |i: usize| if i == item { count } else { 0 };
    let (one, six) = (one_of(1), one_of(6));
    let clouds = [
        (SPACES[1], dim, (0..dim).map(|item| dense(&one(item))).collect::<Vec<_>>(), dense(&near)),
        (SPACES[2], dim, (0..dim).map(|item| dense(&one(item))).collect(), dense(&near)),
        (SPACES[3], 6 * dim, (0..dim).map(|item| bits(&six(item))).collect(), bits(&near)),
        (SPACES[4], 6 * dim, (0..dim).map(|item| set(&six(item))).collect(), set(&near)),
        (SPACES[5], dim, (0..dim).map(|item| sparse(&one(item))).collect(), sparse(&near)),
    ];
    for (space, dim, rows, query) in clouds {
        let mut case = Case::of(Cloud { space, dim, rows, query });
        // Aspects that all have.
        case.subtopics = (0..10).map(|id| (id, 0)).collect();
        for selector in
            selectors(space, &[Kernel::Cosine, Kernel::Gram, Kernel::Geodesic, Kernel::Match, Kernel::Jaccard])
        {
            let json = json!(selector);
            let draws = ["stochastic", "clusters"].iter().any(|word| json.to_string().contains(word));
            if ["random", "cluster"].contains(&selector.name()) || draws {
                continue;
            }
            let ids = case.ids(&case.select(&*selector, 10));
            assert_eq!(
                ids, expected,
                "{json} on {space}: items that it cannot tell apart must come in the order of the pool"
            );
        }
    }
}
