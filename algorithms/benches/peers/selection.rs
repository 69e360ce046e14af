//! Selections, for `selection.py`.

use crate::file;
use serde_json::{Value, json};
use std::time::Instant;
use swath_algorithms::points::{Point, VectorMemory};
use swath_algorithms::selector::{Request, SelectorParams};
use swath_algorithms::{
    Base, Distance, Item, OwnedPool, Points, Pool, PoolParts, Query, Scratch, Vectors, select_with,
};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().map_or(Vec::new(), |list| list.iter().filter_map(Value::as_f64).collect())
}

fn median_ms(mut seconds: Vec<f64>) -> f64 {
    1e3 * swath_algorithms::kernel::median(&mut seconds)
}

/// Picks from a pool, `repeats` times; the medians in milliseconds. `stage_ms` is the selector alone, on vectors that it holds already, as
/// in a run; `whole_ms` begins with plain slices of numbers.
pub fn answer(request: &Value) -> Value {
    let dim = request["dim"].as_u64().expect("dim") as usize;
    let k = request["k"].as_u64().expect("k") as usize;
    let repeats = request["repeats"].as_u64().expect("repeats") as usize;
    let values = file::floats(&request["vectors"]);
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
        None => Query { point: Point::Dense(&[]), norm: 0.0, row: 0 },
    };
    let asked = Request {
        base: &base,
        query,
        pool: &pool,
        k,
        subtopics: &[],
        aspects: &[],
        groups: &[],
        picked_outside: &[],
        seed: 0,
        query_id: 0,
    };
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
    let (mut kept, mut memory) = (Scratch::default(), VectorMemory::default());
    let rows: Vec<&[f32]> = values.chunks_exact(dim).collect();
    let whole = median_ms(
        (0..repeats + 2)
            .map(|_| {
                let start = Instant::now();
                let base = Base::new(memory.of_rows(rows.iter().copied(), dim).expect("vectors"), Distance::Angular);
                let (scores, query) = match &queries {
                    Some(query) => (None, Some(query.clone())),
                    None => (Some(&scores[..]), None),
                };
                let pool = OwnedPool::new(PoolParts { base, ids: None, scores, query }).expect("a pool");
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
