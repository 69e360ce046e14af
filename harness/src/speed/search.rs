//! Exact search through the base vectors.

use super::machine::{FLOPS, READ};
use super::{ONE_BY_ONE, QUERIES, Subject, Task, Unit};
use std::hint::black_box;
use swath_algorithms::nearest::{Batch, Scan, nearest_of_all};
use swath_algorithms::{Query, Scratch};

/// How many nearest ones are looked for.
const MOST: [usize; 2] = [10, 100];

/// What exact search prepares: by values and, where these are worth it, by codes of 8 bits.
pub struct Prepared(Vec<(&'static str, Scan)>);

impl Prepared {
    /// Prepares both.
    pub fn new(subject: &Subject) -> Self {
        let scan = Scan::new(&subject.base);
        let by_codes = scan.has_codes().then(|| ("codes", scan.clone()));
        Self([("values", scan.without_codes())].into_iter().chain(by_codes).collect())
    }

    /// Batches by one thread and by all, and queries one by one.
    pub fn tasks<'a>(&'a self, subject: &'a Subject) -> Vec<Task<'a>> {
        let ways = || self.0.iter().flat_map(|way| MOST.map(|most| (way, most)));
        let mut tasks = Vec::new();
        for ((by, scan), most) in ways() {
            tasks.extend(subject.pools.iter().map(|pool| {
                let mut batch = Batch::default();
                Task {
                    what: format!("exact, {QUERIES} queries together, the {most} nearest, by {by}"),
                    size: String::new(),
                    threads: pool.current_num_threads(),
                    unit: Unit::Gigaflops,
                    times: 1,
                    work: 2.0 * (QUERIES * subject.base.len() * subject.setting.dim) as f64,
                    limit: Some(FLOPS),
                    run: Box::new(move || {
                        pool.install(|| nearest_of_all(&subject.base, scan, &subject.queries, most, &mut batch));
                    }),
                }
            }));
        }
        for ((by, scan), most) in ways() {
            let (mut scratch, mut found) = (Scratch::default(), Vec::new());
            tasks.push(Task {
                what: format!("exact, one query, the {most} nearest, by {by}"),
                size: String::new(),
                threads: 1,
                unit: Unit::Gigabytes,
                times: ONE_BY_ONE,
                work: size_of_val(subject.base.vectors().block(0..subject.base.len())) as f64,
                limit: Some(READ),
                run: Box::new(move || {
                    for i in 0..ONE_BY_ONE {
                        scratch.reset();
                        let query = Query::row(&subject.queries, i);
                        scan.nearest(&subject.base, query, most, &mut scratch, &mut found);
                        black_box(&found);
                    }
                }),
            });
        }
        tasks
    }
}
