//! How fast swath's kernels are on this machine, beside what the machine can do: the table of `swath bench`.
//!
//! Each round takes every line once, one after another, so that a busy moment meets all of them. A line tells the median of the
//! rounds, the least and the greatest; and, where the machine sets a limit, the median share of what the machine reached in the same
//! round.
//!
//! [`growth`] has how the same cost grows with the data.

pub mod growth;
mod indexes;
mod machine;
mod search;
mod selection;

use crate::clock::Moment;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use serde::Serialize;
use std::sync::Arc;
use swath_algorithms::{Base, Distance, Points, PointsError, Vectors, random};

/// What is measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Setting {
    /// Number of base vectors.
    pub rows: usize,
    /// Dimension.
    pub dim: usize,
    /// Rounds, at least 1.
    pub rounds: usize,
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// What was done.
    pub what: String,
    /// By how many threads.
    pub threads: usize,
    /// What the numbers count.
    pub unit: Unit,
    /// The median of the rounds.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// The line that the machine's limit is, where there is one.
    pub limit: Option<String>,
    /// The median share of the limit.
    pub share: Option<f64>,
}

/// What numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// 10^9 multiplications and additions of values a second.
    #[serde(rename = "Gflop/s")]
    Gigaflops,
    /// 10^9 bytes a second.
    #[serde(rename = "GB/s")]
    Gigabytes,
    /// Nanoseconds each.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Milliseconds each.
    #[serde(rename = "ms")]
    Milliseconds,
}

impl Unit {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gigaflops => "Gflop/s",
            Self::Gigabytes => "GB/s",
            Self::Nanoseconds => "ns",
            Self::Milliseconds => "ms",
        }
    }

    /// The number for so much work in so many seconds.
    fn number(self, work: f64, seconds: f64) -> f64 {
        match self {
            Self::Gigaflops | Self::Gigabytes => work / seconds / 1e9,
            Self::Nanoseconds => seconds / work * 1e9,
            Self::Milliseconds => seconds / work * 1e3,
        }
    }
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum Unmeasured {
    /// There is no room for the vectors.
    #[error(transparent)]
    Vectors(#[from] PointsError),
    /// Threads cannot be started.
    #[error("threads cannot be started: {0}")]
    Threads(#[from] ThreadPoolBuildError),
}

impl Setting {
    /// Bytes that measuring takes, at most: the vectors twice while they are drawn, codes of them, and what indexes hold.
    pub fn bytes(self) -> u64 {
        const OTHERS: u64 = 512 << 20;
        let line = 16 * size_of::<f32>();
        let row = (self.dim * size_of::<f32>()).next_multiple_of(line) as u64;
        (self.rows as u64).saturating_mul(3 * row).saturating_add(OTHERS)
    }
}

/// What a line measures.
struct Task<'a> {
    /// What is done, but for the number of vectors or the size of the pool.
    what: String,
    /// These, in words that follow; empty where the whole setting is meant.
    size: String,
    threads: usize,
    unit: Unit,
    /// How often a run does it.
    times: usize,
    /// The flops or bytes of doing it once; 1 where time is the number.
    work: f64,
    /// The task that shows the machine's limit, by what it is called. Both have one unit and as many threads.
    limit: Option<&'static str>,
    run: Box<dyn FnMut() + 'a>,
}

impl Task<'_> {
    /// The name of its line.
    fn name(&self) -> String {
        format!("{}{}", self.what, self.size)
    }

    /// Runs once, and returns the seconds that doing it once takes.
    fn seconds(&mut self) -> f64 {
        let start = Moment::now();
        (self.run)();
        start.elapsed() / self.times as f64
    }
}

/// Data of the setting, the same in each run of swath.
struct Subject {
    base: Arc<Base>,
    queries: Points,
    setting: Setting,
    /// Of one thread, and of all.
    pools: Vec<ThreadPool>,
}

/// Queries of a batch.
const QUERIES: usize = 1_000;

/// Queries that exact search is asked one by one; all values are read as often.
const ONE_BY_ONE: usize = 20;

/// The most vectors of an index in the table.
const INDEXED: usize = 10_000;

/// The most items of the pool that a selector picks from.
const POOL: usize = 1_000;

/// Items that it picks.
const PICKED: usize = 100;

impl Subject {
    fn new(setting: Setting) -> Result<Self, Unmeasured> {
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let mut threads = vec![1, all];
        threads.dedup();
        let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
        Ok(Self {
            base: Arc::new(Base::new(clustered(setting.rows, setting.dim, 1)?, Distance::Angular)),
            queries: Points::from(clustered(QUERIES, setting.dim, 2)?),
            setting,
            pools: threads.into_iter().map(pool).collect::<Result<_, _>>()?,
        })
    }

    /// The threads of all cores.
    fn all(&self) -> &ThreadPool {
        &self.pools[self.pools.len() - 1]
    }
}

/// Vectors around centres, as embeddings are; around the same ones for each seed, so that queries are like the vectors.
fn clustered(rows: usize, dim: usize, seed: u64) -> Result<Vectors, PointsError> {
    /// Clusters.
    const CENTRES: usize = 200;
    let mut rng = random::stream(0, "bench centres", 0);
    let centres: Vec<f64> = (0..CENTRES * dim).map(|_| random::normal(&mut rng)).collect();
    let mut rng = random::stream(seed, "bench rows", 0);
    let mut values = Vec::with_capacity(rows * dim);
    for _ in 0..rows {
        let centre = &centres[random::below(&mut rng, CENTRES) * dim..][..dim];
        values.extend(centre.iter().map(|value| (value + random::normal(&mut rng)) as f32));
    }
    Vectors::new(&values, dim)
}

/// Measures all lines. An untimed round comes first, which fills the caches. Calls `begin` at the beginning of each round, with its number.
///
/// # Errors
/// [`Unmeasured`].
pub fn measure(setting: Setting, mut begin: impl FnMut(usize)) -> Result<Vec<Line>, Unmeasured> {
    let subject = Subject::new(setting)?;
    let prepared = search::Prepared::new(&subject);
    let mut tasks = machine::tasks(&subject);
    tasks.extend(prepared.tasks(&subject));
    tasks.extend(indexes::tasks(&subject, INDEXED.min(setting.rows)));
    tasks.extend(selection::tasks(&subject, POOL.min(setting.rows), PICKED));
    tasks.iter_mut().for_each(|task| (task.run)());
    let mut numbers = vec![Vec::with_capacity(setting.rounds); tasks.len()];
    for round in 1..=setting.rounds {
        begin(round);
        for (task, numbers) in tasks.iter_mut().zip(&mut numbers) {
            numbers.push(task.unit.number(task.work, task.seconds()));
        }
    }
    let line = |(task, of_task): (&Task<'_>, &Vec<f64>)| {
        let is_limit = |other: &Task<'_>| Some(other.what.as_str()) == task.limit && other.threads == task.threads;
        let limit = tasks.iter().position(is_limit);
        let shares = limit.map(|limit| of_task.iter().zip(&numbers[limit]).map(|(number, of)| number / of).collect());
        let sorted = sorted(of_task.clone());
        Line {
            what: task.name(),
            threads: task.threads,
            unit: task.unit,
            median: median(of_task.clone()),
            least: sorted[0],
            greatest: sorted[sorted.len() - 1],
            limit: limit.map(|limit| tasks[limit].name()),
            share: shares.map(median),
        }
    };
    Ok(tasks.iter().zip(&numbers).map(line).collect())
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The middle one; of two in the middle their mean.
fn median(values: Vec<f64>) -> f64 {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { sorted[middle - 1].midpoint(sorted[middle]) } else { sorted[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_numbers_and_those_with_a_limit_a_share() {
        let setting = Setting { rows: 1_200, dim: 20, rounds: 2 };
        let mut rounds = Vec::new();
        let lines = measure(setting, |round| rounds.push(round)).expect("threads");
        assert_eq!(rounds, [1, 2]);
        for line in &lines {
            assert!(line.least > 0.0 && line.least <= line.median && line.median <= line.greatest, "{line:?}");
            assert_eq!(line.limit.is_some(), line.share.is_some());
            let limits = lines.iter().filter(|other| line.limit.as_ref() == Some(&other.what));
            let of_as_many = limits.filter(|other| other.threads == line.threads && other.unit == line.unit);
            assert_eq!(of_as_many.count(), usize::from(line.limit.is_some()), "{line:?}");
        }
        let names: std::collections::BTreeSet<_> = lines.iter().map(|line| (&line.what, line.threads)).collect();
        assert_eq!(names.len(), lines.len(), "each line once");
        for name in ["mmr", "facility-location", "vamana", "ivf-flat"] {
            assert!(lines.iter().any(|line| line.what.contains(name)), "{name}");
        }
    }

    #[test]
    fn numbers_and_medians() {
        assert_eq!(Unit::Gigaflops.number(4e9, 2.0), 2.0);
        assert_eq!(Unit::Nanoseconds.number(2.0, 3e-9), 1.5);
        assert_eq!(Unit::Milliseconds.number(4.0, 0.002), 0.5);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }
}
