//! Measures what the precision `epsilon` of `walk` and `heat` costs, and how many result lists it changes: the table of
//! docs/epsilon.md.
//!
//! `cargo run --release -p swath-datasets --example epsilon -- [FILE ...]` measures each file (ann-benchmarks HDF5) and a
//! drawn dataset, over every graph that the dataset has edges for. A list is the best 10 by score after the 20 nearest are
//! expanded by default parameters. It is kept if it equals the list by exact probabilities, which are computed here by dense
//! iteration. Edges and similarity evaluations are counts without noise; times are medians over the queries.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;
use swath_algorithms::candidates::{AnyCandidates, Exact};
use swath_algorithms::expansion::{Expansion, Heat, Walk};
use swath_algorithms::graph::{EdgeSource, Graph, GraphSpec, Link, Relations};
use swath_algorithms::kernel::median;
use swath_algorithms::params::{Count, Precision};
use swath_algorithms::{Base, Distance, Item, Pool, Query, Scratch};
use swath_datasets::dataset::Dataset;
use swath_datasets::format;
use swath_datasets::generate::{Distribution, Gaussian, Generated};

/// From coarse to fine.
const EPSILONS: [f64; 7] = [1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7];
/// Steps after which no probability is left to move: 0.85 to this power is 1e-14.
const STEPS: u32 = 200;
const QUERIES: usize = 60;
const POOL: u32 = 20;
const K: usize = 10;

type Failure = Box<dyn std::error::Error>;

/// The result of one expansion for all queries.
struct Outcome {
    lists: Vec<Vec<u32>>,
    edges: u64,
    evaluations: u64,
    milliseconds: f64,
}

fn main() -> Result<(), Failure> {
    println!("| data | graph | expansion | epsilon | lists kept | edges a query | evaluations a query | ms a query |");
    println!("|---|---|---|---:|---:|---:|---:|---:|");
    for path in std::env::args_os().skip(1) {
        let path = Path::new(&path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        measure(&name, &format::read(path, u64::MAX)?)?;
    }
    let (n, dimension) = (Count::new(20_000)?, Count::new(32)?);
    let queries = Count::new(QUERIES as u32)?;
    let generate = Distribution::Gaussian(Gaussian {});
    let drawn = Generated { generate, n, dimension, queries, distance: Distance::Euclidean, seed: 0 };
    measure(&drawn.name(), &drawn.dataset()?)
}

/// Prints one dataset's rows.
fn measure(name: &str, dataset: &Dataset) -> Result<(), Failure> {
    let base = Base::new(dataset.train.clone(), dataset.distance);
    let mut sources = vec![("knn", EdgeSource::Knn), ("knn-symmetric", EdgeSource::KnnSymmetric)];
    sources.extend(dataset.links.as_ref().map(|_| ("links", EdgeSource::Links)));
    let links: Vec<Link> = dataset.links.as_ref().map_or_else(Vec::new, |links| {
        let relation = |i: usize| links.relation.get(i).copied().unwrap_or(0);
        let link = |(i, &[source, target]): (usize, &[u32; 2])| Link { source, target, relation: relation(i) };
        links.edges.iter().enumerate().map(link).collect()
    });
    let relations = dataset.links.as_ref().map_or(&[][..], |links| &links.relations);
    for (graph_name, source) in sources {
        let spec = GraphSpec::new(&[source.into()], Count::new(16)?, &Relations::new());
        let graph = spec.build(&base, &links, relations);
        let pools = pools(&base, dataset)?;
        let all: Vec<Precision> = EPSILONS.map(Precision::new).into_iter().collect::<Result<_, _>>()?;
        let walks = all.iter().map(|&epsilon| -> Box<dyn Expansion> { Box::new(Walk { epsilon, ..Walk::default() }) });
        let heats = all.iter().map(|&epsilon| -> Box<dyn Expansion> { Box::new(Heat { epsilon, ..Heat::default() }) });
        std::thread::scope(|scope| {
            let threads = [("walk", walks.collect::<Vec<_>>()), ("heat", heats.collect())].map(|(kind, expansions)| {
                let (graph, base, pools) = (&graph, &base, &pools);
                scope.spawn(move || {
                    let exact: Vec<Vec<u32>> = (0..pools.len())
                        .map(|i| exact(kind, graph, base, Query::row(&dataset.test, i), pools[i].clone()))
                        .collect();
                    let mut rows = String::new();
                    for (epsilon, expansion) in EPSILONS.iter().zip(&expansions) {
                        let outcome = answer(&**expansion, graph, base, dataset, pools);
                        let kept = outcome.lists.iter().zip(&exact).filter(|(list, exact)| list == exact).count();
                        let m = pools.len();
                        let (edges, evaluations) = (outcome.edges / m as u64, outcome.evaluations / m as u64);
                        let ms = outcome.milliseconds;
                        let _ = writeln!(
                            rows,
                            "| {name} | {graph_name} | {kind} | {epsilon:e} | {kept} of {m} | {edges} | {evaluations} | {ms:.2} |"
                        );
                    }
                    rows
                })
            });
            threads.into_iter().filter_map(|thread| thread.join().ok()).for_each(|rows| print!("{rows}"));
        });
    }
    Ok(())
}

/// The pools of nearest vectors of the first queries.
fn pools(base: &Base, dataset: &Dataset) -> Result<Vec<Pool>, Failure> {
    let exact: &dyn AnyCandidates = &Exact { pool: Some(Count::new(POOL)?) };
    let index = exact.build(base);
    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    let pool = |i| {
        let mut pool = Pool::default();
        scratch.reset();
        exact.search(&index, base, Query::row(&dataset.test, i), &mut scratch, &mut found, &mut pool);
        pool
    };
    Ok((0..dataset.test.len().min(QUERIES)).map(pool).collect())
}

/// Expands each pool by `expansion`.
#[expect(clippy::disallowed_methods, reason = "a table in the docs, not a figure that swath reports")]
fn answer(expansion: &dyn Expansion, graph: &Graph, base: &Base, dataset: &Dataset, pools: &[Pool]) -> Outcome {
    let (mut scratch, mut times) = (Scratch::default(), Vec::new());
    let mut outcome = Outcome { lists: Vec::new(), edges: 0, evaluations: 0, milliseconds: 0.0 };
    for (i, pool) in pools.iter().enumerate() {
        let mut pool = pool.clone();
        scratch.reset();
        let start = Instant::now();
        expansion.expand(graph, base, Query::row(&dataset.test, i), &mut pool, &mut scratch);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        outcome.lists.push(best(&pool));
        outcome.edges += scratch.edges.get();
        outcome.evaluations += scratch.evaluations.get();
    }
    outcome.milliseconds = median(&mut times);
    outcome
}

fn best(pool: &Pool) -> Vec<u32> {
    pool.items.iter().take(K).map(|item| item.id).collect()
}

/// The list by exact probabilities, computed from the definition of `walk` or `heat` with default parameters.
fn exact(kind: &str, graph: &Graph, base: &Base, query: Query<'_>, mut pool: Pool) -> Vec<u32> {
    let (restart, t, temperature, beta) = (0.15, 3.0_f64, 0.1, 0.5);
    let highest = pool.items.iter().map(|item| item.rel).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = pool.items.iter().map(|item| ((item.rel - highest) / temperature).exp()).sum();
    let seed = |item: &Item| (item.id as usize, ((item.rel - highest) / temperature).exp() / total);
    let seeds: Vec<(usize, f64)> = pool.items.iter().map(seed).collect();
    let (mut p, mut walking) = (vec![0.0; graph.len()], vec![0.0; graph.len()]);
    seeds.iter().for_each(|&(v, share)| walking[v] = share);
    let mut stops = if kind == "walk" { restart } else { (-t).exp() };
    for step in 1..=STEPS {
        let mut next = vec![0.0; graph.len()];
        for v in (0..graph.len()).filter(|&v| walking[v] > 0.0) {
            p[v] += stops * walking[v];
            let edges = graph.targets(v as u32).iter().zip(graph.weights(v as u32));
            edges.for_each(|(&target, weight)| next[target as usize] += walking[v] * weight);
            if graph.targets(v as u32).is_empty() {
                seeds.iter().for_each(|&(seed, share)| next[seed] += walking[v] * share);
            }
        }
        stops *= if kind == "walk" { 1.0 - restart } else { t / f64::from(step) };
        walking = next;
    }
    let most = p.iter().copied().fold(0.0, f64::max);
    let evaluations = Cell::new(0);
    for v in (0..graph.len()).filter(|&v| p[v] > 0.0 && !seeds.iter().any(|&(seed, _)| seed == v)) {
        pool.push(base, query, v as u32, &evaluations);
    }
    for item in &mut pool.items {
        item.score = beta * item.rel + (1.0 - beta) * p[item.id as usize] / most;
    }
    pool.keep_best(K);
    best(&pool)
}
