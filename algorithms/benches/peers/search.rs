//! Searches, for `points.py`, `vectors.py` and `graphs.py`.

use rayon::ThreadPool;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Instant;
use swath_algorithms::candidates::{CandidatesParams, Index};
use swath_algorithms::nearest::Batch;
use swath_algorithms::points::{Bits, Sets};
use swath_algorithms::{Base, Distance, Points, Pool, Query, Scratch, Vectors};

/// A base that is searched, with its index.
struct Searched {
    base: Base,
    index: Index,
    build_seconds: f64,
    queries: Points,
}

/// What has been asked for, by data, build and threads: data are read and indexed once.
#[derive(Default)]
pub struct Searches(HashMap<String, Searched>);

/// A file of little-endian values.
fn values<T>(path: &Value, of_bytes: impl Fn(&[u8]) -> T) -> Vec<T> {
    let bytes = std::fs::read(path.as_str().expect("a path")).expect("a file that points.py wrote");
    bytes.chunks_exact(size_of::<T>()).map(of_bytes).collect()
}

fn words(path: &Value) -> Vec<u64> {
    values(path, |bytes| u64::from_le_bytes(bytes.try_into().expect("8 bytes")))
}

/// Dense vectors, bits packed into words, or sets that all have as many members.
fn points(kind: &str, path: &Value, dim: usize, size: usize) -> Points {
    if kind == "vectors" {
        return Vectors::new(&crate::vectors(path.as_str().expect("a path")), dim).expect("finite").into();
    }
    if kind == "bits" {
        return Bits::new(words(path), dim).expect("whole rows").into();
    }
    let members = values(path, |bytes| u32::from_le_bytes(bytes.try_into().expect("4 bytes")));
    let offsets: Vec<u64> = (0..=members.len() / size).map(|row| (row * size) as u64).collect();
    Sets::new(members, offsets, dim).expect("ascending members").into()
}

impl Searched {
    fn new(asked: &Value, candidates: &CandidatesParams, threads: &ThreadPool) -> Self {
        let kind = asked["kind"].as_str().expect("kind");
        let number = |name: &str| asked[name].as_u64().expect("a number") as usize;
        let of = |name: &str| points(kind, &asked[name], number("dim"), number("size"));
        let distance = match kind {
            "vectors" => Distance::Angular,
            "bits" => Distance::Hamming,
            _ => Distance::Jaccard,
        };
        let base = Base::new(of("rows"), distance);
        let start = Instant::now();
        let index = threads.install(|| candidates.build(&base));
        Self { base, index, build_seconds: start.elapsed().as_secs_f64(), queries: of("queries") }
    }
}

impl Searches {
    /// Answers queries one by one (all, or as many as `one_by_one` says), then all at once by as many `threads` as asked for, where
    /// the index can; in milliseconds a query.
    pub fn answer(&mut self, asked: &Value) -> Value {
        let count = |name: &str| asked[name].as_u64().map(|count| count as usize);
        let candidates: CandidatesParams = serde_json::from_value(asked["candidates"].clone()).expect("candidates");
        let threads =
            rayon::ThreadPoolBuilder::new().num_threads(count("threads").unwrap_or(1)).build().expect("threads");
        let data = ["kind", "dim", "size", "rows", "queries", "threads"].map(|name| asked[name].to_string());
        let key = format!("{} {}", data.join(" "), candidates.build_key());
        let searched = self.0.entry(key).or_insert_with(|| Searched::new(asked, &candidates, &threads));
        let Searched { base, index, build_seconds, queries } = searched;
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        let (mut distances, mut ids) = (Vec::new(), Vec::new());
        let one_by_one = count("one_by_one").unwrap_or(queries.len());
        let start = Instant::now();
        for i in 0..one_by_one {
            scratch.reset();
            candidates.search(index, base, Query::row(queries, i), &mut scratch, &mut found, &mut pool);
            distances.push(pool.items.iter().map(|item| item.distance).collect::<Vec<f64>>());
            ids.push(pool.items.iter().map(|item| item.id).collect::<Vec<u32>>());
        }
        let each = |start: Instant, queries: usize| start.elapsed().as_secs_f64() * 1e3 / queries as f64;
        let single = each(start, one_by_one);
        let mut batch = Batch::default();
        let start = Instant::now();
        let has_batch = threads.install(|| candidates.search_batch(index, base, queries, &mut batch));
        let together = each(start, queries.len());
        json!({
            "build_s": build_seconds, "single_ms": single, "batch_ms": has_batch.then_some(together),
            "distances": distances, "ids": ids,
        })
    }
}
