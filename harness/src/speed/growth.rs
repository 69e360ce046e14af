//! How time grows with the number of vectors, with their dimension and with the size of the pool.
//!
//! Time t is compared with the power of the size that fits it best: the exponent is the slope of the least-squares line through
//! (ln size, ln t). 1 is time in proportion to the size, 2 in proportion to its square.

use super::{PICKED, POOL, Setting, Subject, Task, Unmeasured, indexes, median, search, selection};
use serde::Serialize;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::points::PointType;
use swath_algorithms::{BaseFacts, Distance};

/// Numbers of vectors are these parts of the largest one.
const PARTS: [usize; 5] = [100, 30, 10, 3, 1];

/// Fewer vectors say little about growth.
pub const FEWEST: usize = 1_000;

/// Dimensions.
const DIMS: [usize; 5] = [32, 96, 384, 768, 1_536];

/// The largest pool.
const LARGEST_POOL: usize = 10_000;

/// What takes longer than this, in seconds, is done once.
const LONG: f64 = 3.0;

/// A table: the same work at several sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// What grows.
    pub of: &'static str,
    /// What stays the same, in words.
    pub at: String,
    /// The sizes.
    pub sizes: Vec<usize>,
    /// What was done.
    pub lines: Vec<GrownLine>,
}

/// A line of a table.
#[derive(Clone, Debug, Serialize)]
pub struct GrownLine {
    /// What was done.
    pub what: String,
    /// By how many threads.
    pub threads: usize,
    /// Milliseconds at each size, medians; `None` where it is not done at that size.
    pub milliseconds: Vec<Option<f64>>,
    /// The exponent of the power of the size that fits best; `None` where it was done at one size.
    pub exponent: Option<f64>,
}

/// The numbers of vectors, ascending.
pub fn numbers_of_rows(setting: Setting) -> Vec<usize> {
    PARTS.map(|part| setting.rows / part).into_iter().filter(|&rows| rows >= FEWEST).collect()
}

/// Bytes that measuring takes, at most: all indexes of the largest number of vectors are there at once.
pub fn bytes(setting: Setting) -> u64 {
    let facts = BaseFacts {
        rows: setting.rows,
        dim: setting.dim,
        kind: PointType::Dense,
        distance: Distance::Angular,
        numbers: 0,
    };
    let fitting = CandidatesParams::all().into_iter().filter(|candidates| candidates.check(&facts).is_ok());
    let indexes: u64 = fitting.map(|candidates| candidates.estimate(&facts) as u64).sum();
    let largest = Setting { dim: setting.dim.max(DIMS[DIMS.len() - 1]), rows: setting.rows / PARTS[0], ..setting };
    setting.bytes().max(largest.bytes()).saturating_add(indexes)
}

/// Measures all tables, and hands each to `take` when it is whole. Calls `begin` at each size, with what grows and the size; there are
/// [`steps`] of them.
///
/// # Errors
/// [`Unmeasured`].
pub fn measure(setting: Setting, begin: impl FnMut(&str, usize), take: impl FnMut(Growth)) -> Result<(), Unmeasured> {
    measure_at(setting, &DIMS, begin, take)
}

/// The same with these dimensions.
fn measure_at(
    setting: Setting,
    dims: &[usize],
    mut begin: impl FnMut(&str, usize),
    mut take: impl FnMut(Growth),
) -> Result<(), Unmeasured> {
    let rows = numbers_of_rows(setting);
    let fewest = Setting { rows: rows.first().copied().unwrap_or(setting.rows), ..setting };
    let mut vectors = Table::new("vectors", format!("{} values each", setting.dim), rows);
    for at in 0..vectors.sizes.len() {
        begin("vectors", vectors.sizes[at]);
        let subject = Subject::new(Setting { rows: vectors.sizes[at], ..setting })?;
        let prepared = search::Prepared::new(&subject);
        let searches = prepared.tasks(&subject);
        vectors.take(at, setting.rounds, searches.into_iter().chain(indexes::tasks(&subject, subject.setting.rows)));
    }
    take(vectors.finish());
    let mut dimensions = Table::new("dimension", format!("{} vectors", fewest.rows), dims.to_vec());
    for (at, &dim) in dims.iter().enumerate() {
        begin("dimension", dim);
        let subject = Subject::new(Setting { dim, ..fewest })?;
        let prepared = search::Prepared::new(&subject);
        let searches = prepared.tasks(&subject);
        let others = indexes::tasks(&subject, fewest.rows).into_iter();
        let others = others.chain(selection::tasks(&subject, POOL.min(fewest.rows), PICKED));
        dimensions.take(at, setting.rounds, searches.into_iter().chain(others));
    }
    take(dimensions.finish());
    let subject = Subject::new(fewest)?;
    let largest = fewest.rows.min(LARGEST_POOL);
    let mut pools = Table::new("pool", format!("items of {} values", setting.dim), pools(largest));
    for at in 0..pools.sizes.len() {
        begin("pool", pools.sizes[at]);
        // As many of each pool.
        pools.take(at, setting.rounds, selection::tasks(&subject, pools.sizes[at], PICKED.min(pools.sizes[0])));
    }
    take(pools.finish());
    Ok(())
}

/// Sizes of pools, ascending.
fn pools(largest: usize) -> Vec<usize> {
    PARTS[1..].iter().map(|part| largest / part).collect()
}

/// How often [`measure`] calls `begin`.
pub fn steps(setting: Setting) -> usize {
    numbers_of_rows(setting).len() + DIMS.len() + PARTS.len() - 1
}

/// A table that fills.
struct Table {
    of: &'static str,
    at: String,
    sizes: Vec<usize>,
    /// Name, threads and milliseconds by size.
    lines: Vec<(String, usize, Vec<Option<f64>>)>,
}

impl Table {
    fn new(of: &'static str, at: String, sizes: Vec<usize>) -> Self {
        Self { of, at, sizes, lines: Vec::new() }
    }

    /// Measures tasks of the size with this number.
    fn take<'a>(&mut self, at: usize, rounds: usize, tasks: impl IntoIterator<Item = Task<'a>>) {
        for mut task in tasks {
            let milliseconds = 1e3 * median_seconds(&mut task, rounds);
            let known = self.lines.iter().position(|(what, threads, _)| *what == task.what && *threads == task.threads);
            let line = known.unwrap_or_else(|| {
                self.lines.push((task.what.clone(), task.threads, vec![None; self.sizes.len()]));
                self.lines.len() - 1
            });
            self.lines[line].2[at] = Some(milliseconds);
        }
    }

    fn finish(self) -> Growth {
        let Self { of, at, sizes, lines } = self;
        let line = |(what, threads, milliseconds): (String, usize, Vec<Option<f64>>)| {
            let exponent = exponent(&sizes, &milliseconds);
            GrownLine { what, threads, milliseconds, exponent }
        };
        let lines = lines.into_iter().map(line).collect();
        Growth { of, at, sizes, lines }
    }
}

/// The median of the rounds, after one that warms up; of one run alone where that took long.
fn median_seconds(task: &mut Task<'_>, rounds: usize) -> f64 {
    let first = task.seconds();
    if first * task.times as f64 > LONG { first } else { median((0..rounds).map(|_| task.seconds()).collect()) }
}

/// The slope of the least-squares line through (ln size, ln time).
fn exponent(sizes: &[usize], times: &[Option<f64>]) -> Option<f64> {
    let logs = |(&size, time): (&usize, &Option<f64>)| time.map(|time| ((size as f64).ln(), time.ln()));
    let points: Vec<(f64, f64)> = sizes.iter().zip(times).filter_map(logs).collect();
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    slope.is_finite().then_some(slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_powers() {
        let close = |found: Option<f64>, expected: f64| (found.expect("two sizes") - expected).abs() < 1e-12;
        assert!(close(exponent(&[10, 100, 1_000], &[3.0, 300.0, 30_000.0].map(Some)), 2.0));
        assert!(close(exponent(&[10, 40, 70], &[Some(2.0), Some(4.0), None]), 0.5));
        assert!(close(exponent(&[10, 40], &[Some(2.0), Some(2.0)]), 0.0));
        assert_eq!(exponent(&[10, 40], &[None, Some(2.0)]), None);
        assert_eq!(exponent(&[], &[]), None);
    }

    #[test]
    fn sizes_end_with_the_largest() {
        let of = |rows| numbers_of_rows(Setting { rows, dim: 4, rounds: 1 });
        assert_eq!(of(1_000_000), [10_000, 33_333, 100_000, 333_333, 1_000_000]);
        assert_eq!(of(5_000), [1_666, 5_000]);
        assert_eq!(pools(10_000), [333, 1_000, 3_333, 10_000]);
    }

    #[test]
    fn every_size_of_every_line_is_measured() {
        let setting = Setting { rows: 3_000, dim: 8, rounds: 1 };
        let (mut begun, mut tables) = (Vec::new(), Vec::new());
        let begin = |of: &str, size| begun.push((of.to_owned(), size));
        measure_at(setting, &[3, 9], begin, |table| tables.push(table)).expect("threads");
        assert_eq!(begun.len(), steps(setting) - DIMS.len() + 2);
        assert_eq!(tables.iter().map(|table| table.of).collect::<Vec<_>>(), ["vectors", "dimension", "pool"]);
        for table in &tables {
            assert!(table.sizes.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", table.sizes);
            for size in &table.sizes {
                assert!(begun.contains(&(table.of.to_owned(), *size)), "{} {size}", table.of);
            }
            for line in &table.lines {
                // Codes may not be worth it at every size.
                let is_by_codes = line.what.ends_with("by codes");
                assert!(is_by_codes || line.milliseconds.iter().all(Option::is_some), "{line:?}");
                assert!(line.milliseconds.iter().flatten().all(|&time| time > 0.0), "{line:?}");
            }
        }
        for (table, name) in [(0, "vamana: an index"), (0, "kNN graph"), (1, "mmr"), (2, "facility-location")] {
            assert!(tables[table].lines.iter().any(|line| line.what.contains(name)), "{name}");
        }
    }
}
