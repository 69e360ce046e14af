//! What the machine can do, which no kernel exceeds.

use super::{ONE_BY_ONE, Subject, Task, Unit};
use rayon::prelude::*;
use std::hint::black_box;
use swath_algorithms::nearest::{multiply_in_registers, read};
use swath_algorithms::random;

/// What the line of flops is called.
pub const FLOPS: &str = "multiplications and additions in registers";

/// What the line of reading is called.
pub const READ: &str = "a read of all values";

/// Steps of a thread that multiplies in registers.
const STEPS: usize = 4_000_000;

/// The most places of the walk through memory: 256 MiB. It has as many as the vectors have values, so that it meets the same caches.
const PLACES: usize = 1 << 26;

/// Jumps of the walk.
const JUMPS: usize = 1 << 20;

/// Flops and reading by one thread and by all, and jumps through memory.
pub fn tasks(subject: &Subject) -> Vec<Task<'_>> {
    let mut tasks = Vec::new();
    for pool in &subject.pools {
        let threads = pool.current_num_threads();
        tasks.push(Task {
            what: FLOPS.into(),
            size: String::new(),
            threads,
            unit: Unit::Gigaflops,
            times: 1,
            work: (threads * multiply_in_registers(1) * STEPS) as f64,
            limit: None,
            run: Box::new(move || {
                pool.install(|| (0..threads).into_par_iter().for_each(|_| _ = black_box(multiply_in_registers(STEPS))));
            }),
        });
    }
    let lines = subject.base.vectors().block(0..subject.base.len());
    for pool in &subject.pools {
        let threads = pool.current_num_threads();
        let part = lines.len().div_ceil(threads).max(1);
        tasks.push(Task {
            what: READ.into(),
            size: String::new(),
            threads,
            unit: Unit::Gigabytes,
            times: ONE_BY_ONE,
            work: size_of_val(lines) as f64,
            limit: None,
            run: Box::new(move || {
                pool.install(|| {
                    for _ in 0..ONE_BY_ONE {
                        black_box(lines).par_chunks(part).for_each(|lines| _ = black_box(read(lines)));
                    }
                });
            }),
        });
    }
    let walk = walk((subject.base.len() * subject.setting.dim).min(PLACES));
    tasks.push(Task {
        what: format!(
            "a jump to a place in {} MiB that the last place names",
            size_of_val(walk.as_slice()).div_ceil(1 << 20)
        ),
        size: String::new(),
        threads: 1,
        unit: Unit::Nanoseconds,
        times: JUMPS,
        work: 1.0,
        limit: None,
        run: Box::new(move || _ = black_box((0..JUMPS).fold(0_u32, |at, _| walk[at as usize]))),
    });
    tasks
}

/// For each place the next one: one walk through all of them, in an order without a pattern (Sattolo 1986).
fn walk(places: usize) -> Vec<u32> {
    let mut next: Vec<u32> = (0..places as u32).collect();
    let mut rng = random::stream(0, "bench walk", 0);
    for i in (1..places).rev() {
        next.swap(i, random::below(&mut rng, i));
    }
    next
}
