//! An index that is exact, but for one fault: what the checks must catch.

use swath_algorithms::candidates::Candidates;
use swath_algorithms::nearest::{Batch, Scan, nearest_of_all};
use swath_algorithms::params::Count;
use swath_algorithms::points::Point;
use swath_algorithms::{Base, BaseFacts, Points, Query, Scratch};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The nearest is found twice.
    Repeats,
    /// One vector fewer than the pool takes.
    FallsShort,
    /// A batch gets pools that are one smaller.
    OtherBatch,
    /// A batch counts one evaluation more for its first query.
    MiscountsBatch,
    /// With several threads the farthest of the pool is another.
    CountsThreads,
    /// The nearest is never found.
    MissesTheNearest,
    /// Asked for everything, it must be built anew.
    Rebuilds,
    /// Nearness is that of the first value alone.
    LooksAtOneAxis,
    /// The first vectors are found, wherever they are.
    TakesTheFirst,
}

/// An index that compares all, but for its fault.
#[derive(Clone, Copy, Debug)]
pub struct Faulty {
    pool: usize,
    fault: Fault,
    /// Whether it was asked for everything.
    exhaustive: bool,
}

const fn faulty(fault: Fault) -> Faulty {
    Faulty { pool: 7, fault, exhaustive: false }
}

/// Without a fault.
pub const NONE: Faulty = faulty(Fault::None);

/// One with each fault.
pub const ALL: [Faulty; 9] = [
    faulty(Fault::Repeats),
    faulty(Fault::FallsShort),
    faulty(Fault::OtherBatch),
    faulty(Fault::MiscountsBatch),
    faulty(Fault::CountsThreads),
    faulty(Fault::MissesTheNearest),
    faulty(Fault::Rebuilds),
    faulty(Fault::LooksAtOneAxis),
    faulty(Fault::TakesTheFirst),
];

impl Faulty {
    /// The check that its fault is for.
    pub fn caught_by(&self) -> &'static str {
        match self.fault {
            Fault::None => "nothing",
            Fault::Repeats => "unique ids",
            Fault::FallsShort => "a full pool",
            Fault::OtherBatch | Fault::MiscountsBatch => "batch as single",
            Fault::CountsThreads => "any number of threads",
            Fault::MissesTheNearest | Fault::Rebuilds => "exact when exhaustive",
            Fault::LooksAtOneAxis => "any rotation",
            Fault::TakesTheFirst => "any numbering",
        }
    }
}

impl Candidates for Faulty {
    type Build = bool;
    type Index = ();

    fn pool(&self) -> usize {
        self.pool
    }

    fn exhaustive(&self, pool: Count, _: usize) -> Self {
        Self { pool: pool.size(), exhaustive: true, ..*self }
    }

    fn build_part(&self) -> bool {
        self.fault == Fault::Rebuilds && self.exhaustive
    }

    fn build(_: &bool, _: &Base) {}

    fn bytes((): &(), base: &Base) -> usize {
        base.bytes()
    }

    fn estimate(&self, _: &BaseFacts) -> usize {
        0
    }

    fn search(&self, (): &(), base: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>) {
        let distance = |id: u32| match (self.fault, query.point, base.points().row(id as usize)) {
            (Fault::LooksAtOneAxis, Point::Dense(a), Point::Dense(b)) => f64::from(a[0].0[0] - b[0].0[0]).abs(),
            (Fault::TakesTheFirst, ..) => f64::from(id),
            _ => base.distance_to(query, id),
        };
        let mut all: Vec<(f64, u32)> = (0..base.len() as u32).map(|id| (distance(id), id)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if self.fault == Fault::MissesTheNearest && !all.is_empty() {
            all.remove(0);
        }
        if self.fault == Fault::CountsThreads && rayon::current_num_threads() > 1 && all.len() > self.pool {
            all.swap(self.pool - 1, self.pool);
        }
        all.truncate(if self.fault == Fault::FallsShort { self.pool - 1 } else { self.pool });
        found.clear();
        found.extend(all.iter().map(|&(_, id)| id));
        if self.fault == Fault::Repeats {
            found.extend(all.first().map(|&(_, id)| id));
        }
        scratch.count(base.len());
    }

    fn search_batch(&self, (): &(), base: &Base, queries: &Points, batch: &mut Batch) -> bool {
        let pool = if self.fault == Fault::OtherBatch { self.pool - 1 } else { self.pool };
        nearest_of_all(base, &Scan::new(base), queries, pool, batch);
        let more = u64::from(self.fault == Fault::MiscountsBatch);
        batch.evaluations.iter_mut().take(1).for_each(|count| *count += more);
        true
    }
}
