//! kNN graphs of dense vectors: how long they take to build, and the share of the true neighbours in them.
//!
//! `cargo bench -p swath-algorithms --bench knn_graph -- [ROWS] [DIMENSION] [THREADS] [ROUNDS] [FILE OF ROWS]`
//!
//! The file holds `f32` values and nothing else. Without one the vectors are drawn around centres. Graphs of up to 100,000 vectors
//! are exact. `peers/run.py --only neighbors` sets pynndescent beside it.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

mod data;

use data::{clustered, read};
use std::time::Instant;
use swath_algorithms::graph::{EdgeSource, GraphSpec, Relations};
use swath_algorithms::nearest::{Scan, for_each_nearest};
use swath_algorithms::params::Count;
use swath_algorithms::{Base, Distance, random};

/// Neighbours of each vector.
const NEIGHBORS: usize = 10;

/// Vectors whose neighbours are judged.
const JUDGED: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |at: usize, default| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rows, dim, threads, rounds) = (number(0, 340_479), number(1, 100), number(2, 1), number(3, 3));
    let values = match arguments.get(4) {
        Some(path) => read(path, rows, dim),
        None => clustered(rows, dim, 1),
    };
    let base = Base::from_values(&values, dim, Distance::Angular).expect("finite values in whole rows");
    drop(values);
    let judged = random::sample(&mut random::stream(3, "bench judged", 0), base.len(), JUDGED);
    let truth = for_each_nearest(&base, &Scan::new(&base), &base.points().gather(&judged), NEIGHBORS + 1, |i, pool| {
        let others = pool.items.iter().map(|item| item.id).filter(|&id| id as usize != judged[i]);
        others.take(NEIGHBORS).collect::<Vec<u32>>()
    });
    let count = Count::new(NEIGHBORS as u32).expect("a count");
    let spec = GraphSpec::new(&[EdgeSource::Knn.into()], count, &Relations::new());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    for _ in 0..rounds {
        let start = Instant::now();
        let graph = pool.install(|| spec.build(&base, &[], &[]));
        let took = start.elapsed().as_secs_f64();
        let hits = judged
            .iter()
            .zip(&truth)
            .map(|(&row, truth)| truth.iter().filter(|id| graph.targets(row as u32).binary_search(id).is_ok()).count());
        let recall = hits.sum::<usize>() as f64 / (NEIGHBORS * judged.len()) as f64;
        println!("{} x {dim}, angular, {threads} threads: {took:.2} s, recall {recall:.4}", base.len());
    }
}
