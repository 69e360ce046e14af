//! How long each stage of a retriever takes, beside the floor that the machine sets.
//!
//! `cargo bench -p swath-algorithms --bench stages`, or with a part of a name behind it. The groups named `floor` do only
//! the work without which there is no answer: reading the bytes for a scan, the bare matrix product for a batch.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use swath_algorithms::candidates::{CandidatesParams, Exact};
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::graph::{EdgeSource, GraphSpec, Relations};
use swath_algorithms::nearest::{Scan, for_each_nearest};
use swath_algorithms::params::Count;
use swath_algorithms::selector::{Request, SelectorParams};
use swath_algorithms::{Base, BaseFacts, Distance, Groups, Pool, Query, Scratch, Vectors, random};

/// Normal values, so that directions are spread evenly.
fn normal(rows: usize, dim: usize, seed: u64) -> Vectors {
    let mut rng = random::stream(seed, "bench", 0);
    let values: Vec<f32> = (0..rows * dim).map(|_| random::normal(&mut rng) as f32).collect();
    Vectors::new(&values, dim).expect("finite")
}

fn count(value: usize) -> Count {
    Count::new(value as u32).expect("in range")
}

/// One query against all, and the floor: reading every vector once.
fn scan(c: &mut Criterion) {
    for (n, d) in [(20_000, 100), (20_000, 768)] {
        let mut group = c.benchmark_group(format!("exact search of {n} x {d}"));
        let base = Base::new(normal(n, d, 1), Distance::Angular);
        let queries = normal(64, d, 2);
        let candidates = CandidatesParams::Exact(Exact { pool: Some(count(100)) });
        let index = candidates.build(&base);
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        group.throughput(Throughput::Bytes(base.vectors().bytes() as u64));
        let mut i = 0;
        group.bench_function("pool of 100", |b| {
            b.iter(|| {
                scratch.reset();
                i = (i + 1) % 64;
                candidates.search(&index, &base, Query::vector(&queries, i), &mut scratch, &mut found, &mut pool);
                pool.items.len()
            });
        });
        group.bench_function("floor: read the bytes", |b| {
            b.iter(|| {
                let lines = base.vectors().block(0..n);
                let mut sums = [0.0_f32; 64];
                for lines in black_box(lines).chunks_exact(4) {
                    for (sums, line) in sums.chunks_exact_mut(16).zip(lines) {
                        sums.iter_mut().zip(&line.0).for_each(|(sum, value)| *sum += value);
                    }
                }
                sums
            });
        });
        group.finish();
    }
}

/// The kNN graph of all vectors, and the floor: the bare matrix product, tile by tile, on the same threads.
fn graph(c: &mut Criterion) {
    let mut group = c.benchmark_group("kNN graph of 19000 x 100");
    group.sample_size(10);
    let base = Base::new(normal(19_000, 100, 3), Distance::Angular);
    group.bench_function("16 neighbours", |b| {
        b.iter(|| GraphSpec::new(&[EdgeSource::Knn.into()], count(16), &Relations::new()).build(&base, &[], &[]));
    });
    let scan = Scan::new(&base);
    // With one neighbour sought, next to nothing is kept or measured: what is left is the product and its scan.
    group.bench_function("floor: the product and one neighbour", |b| {
        b.iter(|| for_each_nearest(&base, &scan, base.points(), 1, |_, pool| pool.items[0].id));
    });
    group.finish();
}

/// Every selector on pools of several sizes and dimensions.
fn select(c: &mut Criterion) {
    for d in [100, 384, 768] {
        let (base, queries) = (Base::new(normal(10_000, d, 4), Distance::Angular), normal(1, d, 5));
        let query = Query::vector(&queries, 0);
        let subtopics: Vec<(u32, u32)> = (0..10_000).map(|id| (id, id % 7)).collect();
        let of = (0..10_000).map(|id| id % 500).collect();
        let groups = [Groups { name: "document".into(), of, labels: Vec::new() }];
        for selector in SelectorParams::all() {
            let mut group = c.benchmark_group(format!("{} of {d}-d", selector.name()));
            brief(&mut group);
            // Its walk takes minutes over a pool of 10,000.
            let most = if selector.name() == "grasshopper" { 1000 } else { 10_000 };
            let sizes = [100, 1000, 10_000].into_iter().filter(|&m| m <= most);
            for (m, k) in sizes.flat_map(|m| [(m, 10), (m, 100)]) {
                let (mut scratch, mut pool, mut picked) = (Scratch::default(), Pool::default(), Vec::new());
                pool.fill(&base, query, 0..m as u32, m, &scratch);
                let (base, pool, subtopics, groups) = (&base, &pool, subtopics.as_slice(), groups.as_slice());
                let request = Request {
                    base,
                    query,
                    pool,
                    k,
                    subtopics,
                    aspects: &[],
                    groups,
                    picked_outside: &[],
                    seed: 0,
                    query_id: 0,
                };
                group.bench_function(BenchmarkId::from_parameter(format!("{k} of {m}")), |b| {
                    b.iter(|| {
                        scratch.reset();
                        selector.select(&request, &scratch, &mut picked);
                        picked.len()
                    });
                });
            }
            group.finish();
        }
    }
}

/// Every expansion from pools of several sizes, over a kNN graph of 16 neighbours.
fn expand(c: &mut Criterion) {
    for d in [100, 384, 768] {
        let mut group = c.benchmark_group(format!("expansion of {d}-d"));
        brief(&mut group);
        let (base, queries) = (Base::new(normal(20_000, d, 6), Distance::Angular), normal(1, d, 7));
        let query = Query::vector(&queries, 0);
        for expansion in ExpansionParams::all() {
            let graph = expansion.graph().build(&base, &[], &[]);
            for m in [20, 100, 1000, 10_000] {
                let (mut scratch, mut pool, mut seeds) = (Scratch::default(), Pool::default(), Pool::default());
                seeds.fill(&base, query, 0..base.len() as u32, m, &scratch);
                group.bench_function(BenchmarkId::new(expansion.name(), m), |b| {
                    b.iter(|| {
                        scratch.reset();
                        pool.clone_from(&seeds);
                        expansion.expand(&graph, &base, query, &mut pool, &mut scratch);
                        pool.items.len()
                    });
                });
            }
        }
        group.finish();
    }
}

/// Every index with its default parameters: building it, and a query.
fn index(c: &mut Criterion) {
    for d in [100, 384, 768] {
        let mut group = c.benchmark_group(format!("index of 20000 x {d}"));
        brief(&mut group);
        let (base, queries) = (Base::new(normal(20_000, d, 8), Distance::Angular), normal(64, d, 9));
        let fits = |candidates: &CandidatesParams| candidates.check(&BaseFacts::of(&base)).is_ok();
        for candidates in CandidatesParams::all().into_iter().filter(fits) {
            group.bench_function(BenchmarkId::new("build", candidates.name()), |b| b.iter(|| candidates.build(&base)));
            let index = candidates.build(&base);
            let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
            let mut i = 0;
            group.bench_function(BenchmarkId::new("query", candidates.name()), |b| {
                b.iter(|| {
                    scratch.reset();
                    i = (i + 1) % 64;
                    candidates.search(&index, &base, Query::vector(&queries, i), &mut scratch, &mut found, &mut pool);
                    pool.items.len()
                });
            });
        }
        group.finish();
    }
}

/// Many cases: a second or so for each.
fn brief(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(600));
}

criterion_group!(stages, scan, graph, select, expand, index);
criterion_main!(stages);
