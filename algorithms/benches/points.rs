//! Exact search through bits and sets by one query at a time and by many, beside the floor that the machine sets.
//!
//! `cargo bench -p swath-algorithms --bench points`. The floors, per query:
//!
//! - 256 bits: 32 bytes a row are read: 3.2 MB of 100,000 rows, 32 MB of 1,000,000. 4 words a row are compared and counted.
//!   The groups named `floor` read the bytes, and do no more.
//! - sets of 30 of 28,000: 30 members of 4 bytes and an offset of 8 a row are read: 12.8 MB of 100,000 rows. Each member is
//!   looked up once: 3,000,000 loads from a table of 3.5 KB, or with AVX-512 190,000 groups of 16 members, each in two tables of
//!   two registers. By an inverted index: 30 lists of 107 rows, so 3,200 additions.
//!
//! Many queries read the bytes once for 64 of them.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use swath_algorithms::candidates::{CandidatesParams, Exact, Inverted};
use swath_algorithms::nearest::Batch;
use swath_algorithms::params::Count;
use swath_algorithms::points::{Bits, Sets};
use swath_algorithms::{Base, Distance, Points, Pool, Query, Scratch, random};

/// Queries, in turn.
const QUERIES: usize = 64;

/// Even bits.
fn bits(rows: usize, seed: u64) -> Points {
    use rand_chacha::rand_core::Rng;
    let mut rng = random::stream(seed, "bench bits", 0);
    Bits::new((0..rows * 4).map(|_| rng.next_u64()).collect::<Vec<_>>(), 256).expect("whole rows").into()
}

/// 30 members, each as likely as any other.
fn sets(rows: usize, seed: u64) -> Points {
    let mut rng = random::stream(seed, "bench sets", 0);
    let row = |_| {
        let mut members: Vec<u32> = Vec::with_capacity(30);
        while members.len() < 30 {
            let member = random::below(&mut rng, 28_000) as u32;
            if !members.contains(&member) {
                members.push(member);
            }
        }
        members.sort_unstable();
        members
    };
    Sets::from_rows(&(0..rows).map(row).collect::<Vec<_>>(), 28_000).expect("valid").into()
}

/// What is searched, by what.
struct Search {
    base: Base,
    queries: Points,
    candidates: CandidatesParams,
}

impl Search {
    fn new(points: Points, queries: Points, distance: Distance, candidates: CandidatesParams) -> Self {
        Self { base: Base::new(points, distance), queries, candidates }
    }

    /// One query at a time.
    fn bench(&self, c: &mut Criterion, name: &str) {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(self.base.points().bytes() as u64));
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3)).sample_size(30);
        let index = self.candidates.build(&self.base);
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        let mut i = 0;
        group.bench_function("one query", |b| {
            b.iter(|| {
                scratch.reset();
                i = (i + 1) % QUERIES;
                let query = Query::row(&self.queries, i);
                self.candidates.search(&index, &self.base, query, &mut scratch, &mut found, &mut pool);
                pool.items.len()
            });
        });
        group.bench_function("floor: read the bytes", |b| b.iter(|| sum_of_words(black_box(self.base.points()))));
        let mut batch = Batch::default();
        if self.candidates.search_batch(&index, &self.base, &self.queries, &mut batch) {
            group.sample_size(10);
            group.bench_function("64 queries in a batch, one thread", |b| {
                let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
                threads.install(|| {
                    b.iter(|| self.candidates.search_batch(&index, &self.base, &self.queries, &mut batch));
                });
            });
        }
        group.finish();
    }
}

/// Reads every word or member once.
fn sum_of_words(points: &Points) -> u64 {
    let words: &[u64] = match points {
        Points::Bits(bits) => bits.words(),
        Points::Sets(sets) => {
            let members = sets.members().chunks_exact(64).fold([0_u32; 64], |mut sums, members| {
                sums.iter_mut().zip(members).for_each(|(sum, &member)| *sum = sum.wrapping_add(member));
                sums
            });
            return u64::from(members.iter().fold(0, |sum: u32, &member| sum.wrapping_add(member)));
        }
        _ => &[],
    };
    let sums = words.chunks_exact(32).fold([0_u64; 32], |mut sums, words| {
        sums.iter_mut().zip(words).for_each(|(sum, &word)| *sum = sum.wrapping_add(word));
        sums
    });
    sums.iter().fold(0, |sum: u64, &word| sum.wrapping_add(word))
}

fn exact() -> CandidatesParams {
    CandidatesParams::Exact(Exact { pool: Count::new(100).ok() })
}

fn hamming(c: &mut Criterion) {
    for rows in [100_000, 1_000_000] {
        let search = Search::new(bits(rows, 1), bits(QUERIES, 2), Distance::Hamming, exact());
        search.bench(c, &format!("hamming, {rows} x 256 bits"));
    }
}

fn jaccard(c: &mut Criterion) {
    for candidates in [exact(), CandidatesParams::Inverted(Inverted::default())] {
        let name = format!("jaccard, 100000 sets of 30 of 28000, {}", candidates.name());
        Search::new(sets(100_000, 1), sets(QUERIES, 2), Distance::Jaccard, candidates).bench(c, &name);
    }
}

criterion_group!(points, hamming, jaccard);
criterion_main!(points);
