//! Proximity graphs over dense vectors: how long they take to build with one thread and with all, whether both give the same
//! bits, and what a search finds in how much time.
//!
//! `cargo bench -p swath-algorithms --bench graphs -- [NAME OF A GRAPH] [ROWS] [DIMENSION] [FILE OF ROWS, FILE OF QUERIES]`
//!
//! Files hold `f32` values and nothing else. Without files the vectors are drawn around centres. Without a name all graphs take
//! part.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

mod data;

use data::{clustered, read};
use serde_json::{Value, json};
use std::time::Instant;
use swath_algorithms::candidates::{CandidatesParams, Index};
use swath_algorithms::nearest::{Batch, Scan, nearest_of_all};
use swath_algorithms::{Base, BaseFacts, Distance, Points, Pool, Query, Scratch, Vectors};

/// Size of the pool, and of the recall that is measured.
const POOL: usize = 10;

/// Queries drawn, and at most so many read.
const QUERIES: usize = 1_000;

/// Each query is asked so many times; the median pass counts.
const PASSES: usize = 5;

/// How many points a walk keeps under consideration.
const SEARCH_LISTS: [usize; 8] = [10, 20, 40, 80, 120, 160, 320, 640];

fn seconds<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed().as_secs_f64(), result)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// FNV-1a of the words of an index.
fn hash(candidates: &CandidatesParams, index: &Index) -> u64 {
    let words = candidates.words(index).unwrap_or_default();
    words.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &word| (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3))
}

/// The names of the graphs.
const GRAPHS: [&str; 2] = ["vamana", "hnsw"];

/// One line for each search list.
fn search(parameters: &Value, index: &Index, base: &Base, queries: &Points, truth: &[Pool]) {
    println!("  {:>6} {:>9} {:>12} {:>12}", "ef", "recall", "evaluations", "queries/s");
    for ef in SEARCH_LISTS {
        let mut parameters = parameters.clone();
        parameters.as_object_mut().into_iter().flatten().for_each(|(_, own)| own["ef"] = ef.into());
        let candidates: CandidatesParams = serde_json::from_value(parameters).expect("parameters of a graph");
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        let (mut hits, mut evaluations, mut times) = (0, 0, Vec::new());
        for pass in 0..=PASSES {
            let (took, ()) = seconds(|| {
                for i in 0..queries.len() {
                    scratch.reset();
                    candidates.search(index, base, Query::row(queries, i), &mut scratch, &mut found, &mut pool);
                    if pass == 0 {
                        let is_true = |id: u32| truth[i].items.iter().any(|item| item.id == id);
                        hits += pool.items.iter().filter(|item| is_true(item.id)).count();
                        evaluations += scratch.evaluations.get();
                    }
                }
            });
            // The first pass warms up.
            times.extend((pass > 0).then_some(took));
        }
        let per_query = |total: u64| total as f64 / queries.len() as f64;
        println!(
            "  {ef:>6} {:>9.4} {:>12.1} {:>12.0}",
            hits as f64 / (POOL * queries.len()) as f64,
            per_query(evaluations),
            queries.len() as f64 / median(times)
        );
    }
}

fn main() {
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (names, arguments): (Vec<String>, Vec<String>) =
        arguments.partition(|argument| GRAPHS.contains(&argument.as_str()));
    let number = |at: usize, default| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rows, dim) = (number(0, 100_000), number(1, 100));
    let values = |file: usize, rows, seed| match arguments.get(file) {
        Some(path) => read(path, rows, dim),
        None => clustered(rows, dim, seed),
    };
    let vectors = |values: Vec<f32>| Vectors::new(&values, dim).expect("finite values in whole rows");
    let base = Base::new(vectors(values(2, rows, 1)), Distance::Angular);
    let queries = Points::from(vectors(values(3, QUERIES, 2)));
    let mut truth = Batch::default();
    nearest_of_all(&base, &Scan::new(&base), &queries, POOL, &mut truth);
    println!("{} x {dim}, angular, {} queries, pools of {POOL}", base.len(), queries.len());
    for name in GRAPHS.into_iter().filter(|&name| names.is_empty() || names.iter().any(|one| one == name)) {
        let parameters = json!({ name: { "pool": POOL } });
        let candidates: CandidatesParams = serde_json::from_value(parameters.clone()).expect("parameters of a graph");
        println!("{parameters}, estimated {} MB", candidates.estimate(&BaseFacts::of(&base)) >> 20);
        let mut threads = vec![1, rayon::current_num_threads()];
        threads.dedup();
        let mut built = None;
        for n in threads {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
            let (took, index) = pool.install(|| seconds(|| candidates.build(&base)));
            let bytes = (candidates.bytes(&index, &base) - base.bytes()) >> 20;
            println!("  {n} threads: built in {took:.2} s, {bytes} MB, hash {:016x}", hash(&candidates, &index));
            built = Some(index);
        }
        if let Some(index) = built {
            search(&parameters, &index, &base, &queries, &truth.pools);
        }
    }
}
