//! swath's side of `compare.py`, `points.py`, `vectors.py` and `graphs.py`: answers their requests, one JSON object a line, with times and picks.
//!
//! Not a benchmark to run by itself: `python algorithms/benches/peers/compare.py` starts it.

// It measures; the clock is what it is for.
#![allow(clippy::disallowed_methods)]

mod search;

use search::Searches;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::time::Instant;
use swath_algorithms::points::Point;
use swath_algorithms::selector::{Request, SelectorParams};
use swath_algorithms::{Base, Distance, Item, OwnedPool, Points, Pool, Query, Scratch, Vectors, select_with};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().map_or(Vec::new(), |list| list.iter().filter_map(Value::as_f64).collect())
}

fn median_ms(mut seconds: Vec<f64>) -> f64 {
    1e3 * swath_algorithms::kernel::median(&mut seconds)
}

/// Vectors as raw little-endian `f32`, row after row.
fn vectors(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("the file of vectors that compare.py wrote");
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn answer(request: &Value) -> Value {
    let dim = request["dim"].as_u64().expect("dim") as usize;
    let k = request["k"].as_u64().expect("k") as usize;
    let repeats = request["repeats"].as_u64().expect("repeats") as usize;
    let values = vectors(request["vectors"].as_str().expect("vectors"));
    let scores = numbers(&request["scores"]);
    let params: SelectorParams = serde_json::from_value(request["select"].clone()).expect("a selector");

    let base = Base::from_values(&values, dim, Distance::Angular).expect("vectors");
    let item = |(id, &score): (u32, &f64)| Item { id, distance: 1.0 - score, rel: score, score };
    let mut pool = Pool { items: (0..).zip(&scores).map(item).collect(), ..Pool::default() };
    pool.keep_best(scores.len());
    // A query, for selectors that look at one: the relevances are then cosines to it.
    let of_query: Vec<f32> = numbers(&request["query"]).into_iter().map(|value| value as f32).collect();
    let queries = (!of_query.is_empty()).then(|| Points::from(Vectors::new(&of_query, dim).expect("one query")));
    let query = match &queries {
        Some(queries) => Query::row(queries, 0),
        None => Query { point: Point::Dense(&[]), norm: 0.0 },
    };
    let asked = Request { base: &base, query, pool: &pool, k, subtopics: &[], seed: 0, query_id: 0 };
    let (mut scratch, mut picked) = (Scratch::default(), Vec::new());
    let mut once = || {
        scratch.reset();
        let start = Instant::now();
        params.select(&asked, &scratch, &mut picked);
        start.elapsed().as_secs_f64()
    };
    // Two untimed passes: the working memory settles.
    (0..2).for_each(|_| _ = once());
    let stage = median_ms((0..repeats).map(|_| once()).collect());
    let evaluations = scratch.evaluations.get();

    // As a library user calls it, who keeps the working memory.
    let mut kept = Scratch::default();
    let rows: Vec<&[f32]> = values.chunks_exact(dim).collect();
    let whole = median_ms(
        (0..repeats + 2)
            .map(|_| {
                let start = Instant::now();
                let pool = if of_query.is_empty() {
                    OwnedPool::scored(&rows, &scores).expect("a pool")
                } else {
                    OwnedPool::around(&rows, &of_query, Distance::Angular).expect("a pool")
                };
                let picked = select_with(&pool, &params, k, &mut kept).expect("a selection");
                let seconds = start.elapsed().as_secs_f64();
                drop((pool, picked));
                seconds
            })
            // The working memory settles.
            .skip(2)
            .collect(),
    );
    let ids: Vec<u32> = picked.iter().map(|&position| pool.items[position].id).collect();
    json!({ "stage_ms": stage, "whole_ms": whole, "picked": ids, "evaluations": evaluations })
}

fn main() {
    let (mut output, mut searches) = (std::io::stdout().lock(), Searches::default());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        // Cargo's own arguments to benches are not requests.
        let Ok(request) = serde_json::from_str::<Value>(&line) else { continue };
        let answer = match request.get("search") {
            Some(asked) => searches.answer(asked),
            None => answer(&request),
        };
        writeln!(output, "{answer}").and_then(|()| output.flush()).expect("the script listens");
    }
}
