//! Exact search through dense vectors beside the floors that the machine sets, measured in turn: each round times every line once,
//! and medians are printed.
//!
//! `cargo bench -p swath-algorithms --bench exact -- [ROWS] [DIMENSION] [ROUNDS]`
//!
//! The floors: a batch of m queries takes `2 n d m` flops, and the peak is that of multiplications and additions in registers.
//! One query at a time reads `4 n d` bytes.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;
use swath_algorithms::nearest::{Batch, Scan, multiply_in_registers, nearest_of_all};
use swath_algorithms::points::Line;
use swath_algorithms::{Base, Distance, Points, Query, Scratch, Vectors, random};

/// Queries of a batch.
const QUERIES: usize = 1_000;

/// Queries that are asked one by one.
const ONE_BY_ONE: usize = 20;

/// Values around centres, as those of embeddings are.
fn clustered(rows: usize, dim: usize, seed: u64) -> Vectors {
    let mut rng = random::stream(9, "bench centres", 0);
    let centres: Vec<Vec<f64>> = (0..200).map(|_| (0..dim).map(|_| random::normal(&mut rng)).collect()).collect();
    let mut rng = random::stream(seed, "bench rows", 0);
    let mut values = Vec::with_capacity(rows * dim);
    for _ in 0..rows {
        let centre = &centres[random::below(&mut rng, centres.len())];
        values.extend(centre.iter().map(|c| (c + random::normal(&mut rng)) as f32));
    }
    Vectors::new(&values, dim).expect("finite")
}

/// Flops a second of all threads, in registers.
fn peak(threads: usize) -> f64 {
    let start = Instant::now();
    let flops: usize = (0..threads).into_par_iter().map(|_| multiply_in_registers(8_000_000)).sum();
    flops as f64 / start.elapsed().as_secs_f64()
}

/// Adds all up as whole numbers, as fast as they can be read.
#[multiversion::multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2"))]
fn read(lines: &[Line]) -> u64 {
    bytemuck::cast_slice::<Line, u64>(lines).iter().fold(0, |all, &value| all.wrapping_add(value))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn seconds<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64()
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let [rows, dim, rounds] = std::array::from_fn(|i| numbers.get(i).copied().unwrap_or([340_479, 100, 7][i]));
    let queries = Points::from(clustered(QUERIES, dim, 2));
    let base = Base::new(clustered(rows, dim, 1), Distance::Angular);
    let scan = Scan::new(&base);
    let flops = 2.0 * rows as f64 * dim as f64 * QUERIES as f64;
    let threads = [1, rayon::current_num_threads()];
    let pools = threads.map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads"));
    let mut batch = Batch::default();
    let mut times: Vec<(String, Vec<f64>)> = Vec::new();
    for _ in 0..rounds {
        let mut round = Vec::new();
        for (pool, n) in pools.iter().zip(threads) {
            round.push((format!("peak, {n} threads, Gflop/s"), pool.install(|| peak(n)) / 1e9));
            for m in [10, 100] {
                let took = pool.install(|| seconds(|| nearest_of_all(&base, &scan, &queries, m, &mut batch)));
                round.push((format!("batch, m {m}, {n} threads, Gflop/s"), flops / took / 1e9));
                round.push((format!("batch, m {m}, {n} threads, seconds"), took));
            }
        }
        round.push(("read, ms".into(), 1e3 * seconds(|| read(base.vectors().block(0..rows)))));
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        let took = seconds(|| {
            for i in 0..ONE_BY_ONE {
                scratch.reset();
                scan.nearest(&base, Query::row(&queries, i), 100, &mut scratch, &mut found);
            }
        });
        round.push(("one query, m 100, ms".into(), 1e3 * took / ONE_BY_ONE as f64));
        round.push(("one query, m 100, measured exactly".into(), found.len() as f64));
        for (name, value) in round {
            match times.iter_mut().find(|(other, _)| *other == name) {
                Some((_, values)) => values.push(value),
                None => times.push((name, vec![value])),
            }
        }
    }
    println!("{rows} x {dim}, angular, {QUERIES} queries a batch, medians of {rounds}");
    for (name, mut values) in times {
        println!("{name:40} {:10.3}", median(&mut values));
    }
}
