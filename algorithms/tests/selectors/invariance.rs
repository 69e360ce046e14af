//! What must make no difference: how the base vectors are numbered, and in which unit they are measured. For every
//! registered stage, alone and together.

use proptest::prelude::*;
use serde_json::{Value, json};
use swath_algorithms::candidates::{CandidatesParams, Exact};
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::graph::{Graph, Link};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::Count;
use swath_algorithms::selector::{Request, SelectorParams, SelectorSetting};
use swath_algorithms::{Base, Distance, Pool, Query, Scratch, Vectors, random};

const DIM: usize = 3;

/// Base vectors with links and subtopics, and a query.
#[derive(Clone, Debug)]
struct World {
    rows: Vec<[f32; DIM]>,
    query: [f32; DIM],
    links: Vec<Link>,
    subtopics: Vec<(u32, u32)>,
    distance: Distance,
}

impl World {
    fn base(&self) -> Base {
        Base::from_values(self.rows.as_flattened(), DIM, self.distance).expect("finite")
    }

    /// The same with row `i` as row `new[i]`.
    fn numbered(&self, new: &[u32]) -> Self {
        let mut numbered = self.clone();
        for (row, &to) in self.rows.iter().zip(new) {
            numbered.rows[to as usize] = *row;
        }
        let to = |id: u32| new[id as usize];
        numbered.links.iter_mut().for_each(|link| (link.source, link.target) = (to(link.source), to(link.target)));
        // A file may hold its links in any order.
        numbered.links.sort_by_key(|link| (link.source, link.target, link.relation));
        numbered.subtopics.iter_mut().for_each(|(id, _)| *id = to(*id));
        numbered.subtopics.sort_unstable();
        numbered
    }

    /// The same with all values times 2^power.
    fn scaled(&self, power: i32) -> Self {
        let times = |row: &[f32; DIM]| row.map(|value| value * 2.0_f32.powi(power));
        Self { rows: self.rows.iter().map(times).collect(), query: times(&self.query), ..self.clone() }
    }

    /// For each combination of stages its name, its pool and its lists: one for each selector.
    fn lists(&self, stages: &Stages, k: usize) -> Vec<(String, Pool, Vec<Vec<u32>>)> {
        let base = self.base();
        let queries = Vectors::new(&self.query, DIM).expect("finite");
        let query = Query::vector(&queries, 0);
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
                if let Some((expansion, graph)) = expansion {
                    expansion.expand(graph, &base, query, &mut pool, &mut scratch);
                }
                let request =
                    Request { base: &base, query, pool: &pool, k, subtopics: &self.subtopics, seed: 5, query_id: 11 };
                let list = |selector: &SelectorParams| {
                    let mut picked = Vec::new();
                    selector.select(&request, &Scratch::default(), &mut picked);
                    picked.into_iter().map(|position| pool.items[position].id).collect()
                };
                let selected = stages.selectors.iter().map(list).collect();
                let expansion = expansion.map(|(expansion, _)| expansion);
                lists.push((format!("{candidates:?}, {expansion:?}"), pool.clone(), selected));
            }
        }
        lists
    }
}

/// What is combined, each with each.
struct Stages {
    candidates: Vec<CandidatesParams>,
    expansions: Vec<ExpansionParams>,
    selectors: Vec<SelectorParams>,
}

/// Every registered selector with its defaults, and with each of these values of a parameter that it has.
fn selectors(distance: Distance, kernels: &[Kernel]) -> Vec<SelectorParams> {
    let others = json!({
        "lambda": [0, 1],
        "theta": [0, 0.95],
        "gamma": [0, 2],
        "alpha": [0.02, 1],
        "eta": [0.3, 3],
        "window": [2],
        "bias": [true],
        "method": ["k-medoids"],
        "weights": ["relevance", "softmax"],
        "optimizer": ["naive", { "stochastic": {} }],
        "diversity": ["dispersion"],
        "distance": ["cosine"],
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
    all.retain(|selector| selector.check(&SelectorSetting { distance, subtopics: true }).is_ok());
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
    CandidatesParams::all().into_iter().map(with).collect()
}

fn exact(pool: u32) -> CandidatesParams {
    CandidatesParams::Exact(Exact { pool: Some(Count::new(pool).expect("in range")) })
}

/// Worlds of 14 to 40 vectors with values from `value`.
fn worlds(value: impl Strategy<Value = f32> + Clone) -> impl Strategy<Value = World> {
    (14_usize..=40, prop::sample::select(Distance::DENSE.to_vec())).prop_flat_map(move |(n, distance)| {
        let row = prop::array::uniform3(value.clone());
        let id = 0..n as u32;
        let link = (id.clone(), id.clone(), 0_u8..2);
        let link = link.prop_map(|(source, target, relation)| Link { source, target, relation });
        (
            prop::collection::vec(row.clone(), n),
            row,
            prop::collection::vec(link, 0..3 * n),
            prop::collection::btree_set((id, 0_u32..4), 0..2 * n),
        )
            .prop_map(move |(rows, query, links, subtopics)| World {
                rows,
                query,
                links,
                subtopics: subtopics.into_iter().collect(),
                distance,
            })
    })
}

/// Whether ids decide nothing.
fn is_free_of_ties(pool: &Pool) -> bool {
    pool.items.windows(2).all(|w| w[0].score > w[1].score)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Where no two scores are equal, numbering the base vectors otherwise changes no list.
    #[test]
    fn the_numbering_makes_no_difference(world in worlds(-2.0_f32..2.0), k in 2_usize..9, seed in any::<u64>()) {
        let stages = Stages {
            candidates: vec![exact(14)],
            expansions: expansions(),
            selectors: selectors(world.distance, &Kernel::ALL),
        };
        let mut new: Vec<u32> = (0..world.rows.len() as u32).collect();
        random::shuffle(&mut random::stream(seed, "test", 0), &mut new);
        let (before, after) = (world.lists(&stages, k), world.numbered(&new).lists(&stages, k));
        let mut compared = 0;
        for ((name, pool, before), (_, _, after)) in before.iter().zip(&after) {
            if !is_free_of_ties(pool) {
                continue;
            }
            for ((before, after), selector) in before.iter().zip(after).zip(&stages.selectors) {
                let before: Vec<u32> = before.iter().map(|&id| new[id as usize]).collect();
                prop_assert_eq!(&before, after, "{}, {:?}", name, selector);
            }
            compared += 1;
        }
        prop_assert!(compared > stages.expansions.len() / 2, "{compared} pools are free of ties");
    }

    /// Base vectors and query times a power of two: every list is the same, ties or not. (Fisher-Rao's kernel alone looks
    /// at the size of values: it is of their softmax.)
    #[test]
    fn the_unit_makes_no_difference(
        world in prop_oneof![
            worlds(-2.0_f32..2.0),
            worlds(prop::sample::select(vec![-1.0_f32, 0.0, 0.0, 0.0, 0.5, 1.0])),
        ],
        k in 2_usize..9,
        power in prop::sample::select(vec![-60, -20, -1, 1, 7, 30, 60]),
    ) {
        let kernels = Kernel::ALL.map(|kernel| (kernel != Kernel::FisherRao).then_some(kernel));
        let stages = Stages {
            candidates: candidates(),
            expansions: expansions(),
            selectors: selectors(world.distance, &kernels.into_iter().flatten().collect::<Vec<_>>()),
        };
        let (before, after) = (world.lists(&stages, k), world.scaled(power).lists(&stages, k));
        for ((name, _, before), (_, _, after)) in before.iter().zip(&after) {
            for ((before, after), selector) in before.iter().zip(after).zip(&stages.selectors) {
                prop_assert_eq!(before, after, "{}, {:?}", name, selector);
            }
        }
    }
}

/// Of equal scores the lower id, of unequal ones the higher score: where the criterion cannot tell items apart, every
/// selector takes them in the order of the pool.
#[test]
fn what_a_criterion_cannot_tell_apart_is_taken_by_score_then_by_id() {
    // Ten directions at right angles to each other, each once, the query nearer to some: nothing covers another, all are
    // as far apart, and two and two are as relevant.
    let dim = 10;
    let mut rows = vec![0.0; dim * dim];
    (0..dim).for_each(|i| rows[i * dim + i] = 1.0);
    let query: Vec<f32> = (0..dim).map(|i| [3.0, 1.0, 5.0, 2.0, 4.0][i % 5]).collect();
    let expected = [2, 7, 4, 9, 0, 5, 3, 8, 1, 6];
    let base = Base::from_values(&rows, dim, Distance::Angular).expect("finite");
    let queries = Vectors::new(&query, dim).expect("finite");
    let (query, mut pool) = (Query::vector(&queries, 0), Pool::default());
    pool.fill(&base, query, 0..dim as u32, dim, &Scratch::default());
    // Aspects that all have.
    let subtopics: Vec<(u32, u32)> = (0..dim as u32).map(|id| (id, 0)).collect();
    for selector in selectors(Distance::Angular, &[Kernel::Cosine, Kernel::Gram, Kernel::Geodesic]) {
        let json = json!(selector);
        if ["random", "cluster"].contains(&selector.name()) || json.to_string().contains("stochastic") {
            continue;
        }
        let request = Request { base: &base, query, pool: &pool, k: dim, subtopics: &subtopics, seed: 0, query_id: 0 };
        let mut picked = Vec::new();
        selector.select(&request, &Scratch::default(), &mut picked);
        let ids: Vec<u32> = picked.into_iter().map(|position| pool.items[position].id).collect();
        assert_eq!(ids, expected, "{json}: items that it cannot tell apart must come in the order of the pool");
    }
}
