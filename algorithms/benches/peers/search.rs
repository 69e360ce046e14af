//! Searches, for `vectors.py`, `points.py` and `graphs.py`.

use crate::file;
use rayon::ThreadPool;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use swath_algorithms::candidates::{CandidatesParams, Index};
use swath_algorithms::nearest::{Batch, Scan, nearest_of_all};
use swath_algorithms::points::{Bits, Sets};
use swath_algorithms::{Base, Distance, Points, Pool, Query, Scratch, Vectors};

/// What is searched, and for what.
struct Data {
    base: Base,
    queries: Points,
}

/// What a search goes through.
enum Way {
    /// An index of candidates.
    Index(Index),
    /// All vectors: by values alone or, where swath finds them worth it, by codes.
    Scan(Scan),
}

/// What has been asked for, by data, build and threads: data are read and indexed once, and threads stay.
#[derive(Default)]
pub struct Searches {
    data: HashMap<String, Arc<Data>>,
    built: HashMap<String, Built>,
    threads: HashMap<usize, ThreadPool>,
}

/// An index of data.
struct Built {
    data: Arc<Data>,
    way: Way,
    seconds: f64,
}

/// Dense vectors, bits packed into words, or sets that all have as many members.
fn points(kind: &str, path: &Value, dim: usize, size: usize) -> Points {
    match kind {
        "vectors" => Vectors::new(&file::floats(path), dim).expect("finite").into(),
        "bits" => Bits::new(file::words(path), dim).expect("whole rows").into(),
        "sets" => {
            let members = file::members(path);
            let offsets: Vec<u64> = (0..=members.len() / size).map(|row| (row * size) as u64).collect();
            Sets::new(members, offsets, dim).expect("ascending members").into()
        }
        _ => panic!("unknown kind of points: {kind}"),
    }
}

fn number(asked: &Value, name: &str) -> Option<usize> {
    asked[name].as_u64().map(|number| number as usize)
}

impl Data {
    fn new(asked: &Value) -> Self {
        let kind = asked["kind"].as_str().expect("kind");
        let of = |name: &str| {
            points(kind, &asked[name], number(asked, "dim").expect("dim"), number(asked, "size").unwrap_or(0))
        };
        let distance = match kind {
            "vectors" => Distance::Angular,
            "bits" => Distance::Hamming,
            _ => Distance::Jaccard,
        };
        Self { base: Base::new(of("rows"), distance), queries: of("queries") }
    }
}

impl Way {
    /// `by` says whether exact search goes by "values" alone, or by "codes" where swath finds them worth it; without it, the
    /// candidates say what is built.
    fn new(asked: &Value, candidates: &CandidatesParams, base: &Base) -> Self {
        match asked["by"].as_str() {
            Some("values") => Self::Scan(Scan::new(base).without_codes()),
            Some("codes") => Self::Scan(Scan::new(base)),
            Some(other) => panic!("unknown way of exact search: {other}"),
            None => Self::Index(candidates.build(base)),
        }
    }
}

impl Built {
    fn new(data: Arc<Data>, asked: &Value, candidates: &CandidatesParams, threads: &ThreadPool) -> Self {
        let start = Instant::now();
        let way = threads.install(|| Way::new(asked, candidates, &data.base));
        Self { data, way, seconds: start.elapsed().as_secs_f64() }
    }

    /// Asks the first `count` queries, one by one: the mean milliseconds and the pools.
    fn one_by_one(&self, candidates: &CandidatesParams, count: usize) -> (f64, Vec<Pool>) {
        let Data { base, queries } = &*self.data;
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        let (mut pools, mut seconds) = (Vec::new(), 0.0);
        for i in 0..count {
            scratch.reset();
            let query = Query::row(queries, i);
            let start = Instant::now();
            match &self.way {
                Way::Index(index) => candidates.search(index, base, query, &mut scratch, &mut found, &mut pool),
                Way::Scan(scan) => {
                    scan.nearest(base, query, candidates.pool(), &mut scratch, &mut found);
                    pool.fill(base, query, found.iter().copied(), candidates.pool(), &scratch);
                }
            }
            seconds += start.elapsed().as_secs_f64();
            pools.push(pool.clone());
        }
        (1e3 * seconds / count as f64, pools)
    }

    /// Asks all queries at once: the milliseconds a query and the pools; `None` where one by one is as good.
    fn together(&self, candidates: &CandidatesParams, threads: &ThreadPool) -> Option<(f64, Vec<Pool>)> {
        let Data { base, queries } = &*self.data;
        let mut batch = Batch::default();
        let start = Instant::now();
        let answered = threads.install(|| match &self.way {
            Way::Index(index) => candidates.search_batch(index, base, queries, &mut batch),
            Way::Scan(scan) => {
                nearest_of_all(base, scan, queries, candidates.pool(), &mut batch);
                true
            }
        });
        answered.then(|| (1e3 * start.elapsed().as_secs_f64() / queries.len() as f64, batch.pools))
    }
}

/// What was found, for as many queries as the script compares.
fn found(pools: &[Pool], count: usize) -> Value {
    let pools = &pools[..count.min(pools.len())];
    let ids: Vec<Vec<u32>> = pools.iter().map(|pool| pool.items.iter().map(|item| item.id).collect()).collect();
    let distances: Vec<Vec<f64>> =
        pools.iter().map(|pool| pool.items.iter().map(|item| item.distance).collect()).collect();
    json!({ "ids": ids, "distances": distances })
}

impl Searches {
    /// Answers so many queries `one_by_one`, or all of them `together` by as many `threads` as asked for, or both, or neither: then it
    /// only builds. Times are milliseconds a query; answers are those of the first `compared` queries.
    pub fn answer(&mut self, asked: &Value) -> Value {
        let candidates: CandidatesParams = serde_json::from_value(asked["candidates"].clone()).expect("candidates");
        let count = number(asked, "threads").expect("threads");
        let pool = || rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads");
        let threads = self.threads.entry(count).or_insert_with(pool);
        let of_data = ["kind", "dim", "size", "rows", "queries"].map(|name| asked[name].to_string()).join(" ");
        let data = self.data.entry(of_data.clone()).or_insert_with(|| Arc::new(Data::new(asked))).clone();
        let key = format!("{of_data} {} {count} {}", asked["by"], candidates.build_key());
        let built = self.built.entry(key).or_insert_with(|| Built::new(data, asked, &candidates, threads));
        let compared = number(asked, "compared").expect("how many answers are compared");
        let mut answer = json!({ "build_s": built.seconds });
        if let Some(count) = number(asked, "one_by_one") {
            let (milliseconds, pools) = built.one_by_one(&candidates, count);
            answer["one_by_one"] = found(&pools, compared);
            answer["one_by_one_ms"] = milliseconds.into();
        }
        if asked["together"] == true
            && let Some((milliseconds, pools)) = built.together(&candidates, threads)
        {
            answer["together"] = found(&pools, compared);
            answer["together_ms"] = milliseconds.into();
        }
        if let Way::Scan(scan) = &built.way {
            answer["decision"] = scan.decision().into();
        }
        answer
    }
}
