//! The times of a trial: queries per second, times of single queries, and when they were measured.

use crate::record::Times;
use crate::record::results::TrialResult;
use crate::statistics::bootstrap::quantile;
use swath_algorithms::kernel::median;

/// Trials whose median times of measurement differ by more than this, in seconds, were timed at different hours.
pub const APART: i64 = 3600;

/// Steps of [`Latency::quantiles`].
const STEPS: usize = 1000;

/// The repeat that queries per second come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// The median one.
    #[default]
    Median,
    /// The best one: for imported results, which have no other, and for all runs that are shown beside them.
    Best,
}

impl Rate {
    /// A trial's queries per second.
    pub fn of(self, timing: &Timing) -> f64 {
        match self {
            Self::Median => timing.qps,
            Self::Best => timing.qps_best,
        }
    }

    /// Its column in `runs.csv`.
    pub fn column(self) -> &'static str {
        match self {
            Self::Median => "qps",
            Self::Best => "qps_best",
        }
    }

    /// The text that follows `queries` in a heading.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Median => "",
            Self::Best => ", best repeat",
        }
    }

    /// The caution that belongs to such rates, if any.
    pub fn caution(self) -> Option<&'static str> {
        (self == Self::Best).then_some(
            "Imported results have only their best repeat, so all queries per second here are from the best repeat of each \
             trial.",
        )
    }
}

/// Seconds of one trial's queries.
///
/// The time of a repeat is the sum of its queries' times in mode single, its wall time in mode batch. The rates below are
/// queries / the time of a repeat, so that `qps_least <= qps <= qps_best` always.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Queries per second in the median repeat; NaN if only the best repeat is known.
    pub qps: f64,
    /// Those in the slowest repeat.
    pub qps_least: f64,
    /// Those in the best repeat: 1 / ann-benchmarks' `best_search_time`.
    pub qps_best: f64,
    /// How many repeats there are.
    pub repeats: usize,
    /// When the median repeat was timed, in seconds since 1970, UTC, if known.
    pub at: Option<i64>,
    /// The load average while it was timed, if known.
    pub load: Option<Load>,
    /// Times of single queries; unknown in mode batch.
    pub latency: Option<Latency>,
    /// Mean milliseconds per query in each stage, candidates, expansion, selector; unknown in mode batch.
    pub stages_ms: Option<[f64; 3]>,
}

/// Load averages over repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Their mean.
    pub mean: f64,
    /// The largest.
    pub most: f64,
}

/// Times of single queries in all repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Seconds, ascending: the quantiles at 0, 0.1, 0.2 ... 100 %.
    pub quantiles: Vec<f64>,
    /// Percentiles 50, 95 and 99, in milliseconds.
    pub percentiles_ms: [f64; 3],
}

impl Timing {
    /// The timing of a trial. With `only_best` only its best repeat is known. Where candidates are lists from a file, only the times of
    /// the later stages are: those lists are found at no cost.
    pub fn new(trial: &TrialResult, only_best: bool) -> Self {
        let best = trial.best_search_seconds;
        // Imported results may contain the times of another repeat than the best.
        let mean = |times: &Times| (times.total() / times.queries() as f64).max(best);
        let mut seconds: Vec<f64> = trial.repeats.iter().map(mean).collect();
        let slowest = seconds.iter().copied().fold(f64::NAN, f64::max);
        let is_unknown = only_best || seconds.is_empty();
        let loads: Vec<f64> = trial.timed.iter().map(|timed| timed.load).filter(|load| !load.is_nan()).collect();
        let load = |most| Load { mean: loads.iter().sum::<f64>() / loads.len() as f64, most };
        let mut at: Vec<i64> = trial.timed.iter().map(|timed| timed.at).collect();
        let timing = Self {
            qps: if is_unknown { f64::NAN } else { rate(median(&mut seconds)) },
            qps_least: rate(slowest),
            qps_best: rate(best),
            repeats: trial.repeats.len(),
            at: middle(&mut at),
            load: loads.iter().copied().reduce(f64::max).map(load),
            latency: Latency::new(&trial.repeats),
            stages_ms: stages_ms(&trial.repeats),
        };
        if trial.params.is_listed() { timing.without_search() } else { timing }
    }

    /// Without what has a part that is no search.
    fn without_search(self) -> Self {
        let stages_ms = self.stages_ms.map(|[_, expansion, selector]| [f64::NAN, expansion, selector]);
        let [qps, qps_least, qps_best] = [f64::NAN; 3];
        Self { qps, qps_least, qps_best, latency: None, stages_ms, ..self }
    }
}

/// Queries per second at this many seconds each; NaN if that is 0, as in some imported results.
fn rate(seconds: f64) -> f64 {
    if seconds > 0.0 { 1.0 / seconds } else { f64::NAN }
}

impl Latency {
    /// The latencies of all repeats in mode single; `None` if there are none.
    fn new(repeats: &[Times]) -> Option<Self> {
        let mut seconds: Vec<f64> = single(repeats).flatten().map(|&[_, _, selected]| selected).collect();
        if seconds.is_empty() {
            return None;
        }
        seconds.sort_unstable_by(f64::total_cmp);
        Some(Self {
            quantiles: (0..=STEPS).map(|step| quantile(&seconds, step as f64 / STEPS as f64)).collect(),
            percentiles_ms: [0.5, 0.95, 0.99].map(|level| 1e3 * quantile(&seconds, level)),
        })
    }
}

/// Mean milliseconds of each stage in all repeats in mode single; `None` if there are none.
fn stages_ms(repeats: &[Times]) -> Option<[f64; 3]> {
    let (mut stages, mut count) = ([0.0; 3], 0);
    for &[found, expanded, selected] in single(repeats).flatten() {
        stages[0] += found;
        stages[1] += expanded - found;
        stages[2] += selected - expanded;
        count += 1;
    }
    (count > 0).then(|| stages.map(|stage| 1e3 * stage / f64::from(count)))
}

/// The repeats in mode single: for each query, when each stage ended.
fn single(repeats: &[Times]) -> impl Iterator<Item = &Vec<[f64; 3]>> {
    repeats.iter().filter_map(|times| if let Times::Single(times) = times { Some(times) } else { None })
}

/// Mean seconds of each query over the repeats in mode single; `None` if there are none.
pub fn seconds_per_query(repeats: &[Times]) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; single(repeats).next()?.len()];
    for times in single(repeats) {
        sums.iter_mut().zip(times).for_each(|(sum, ends)| *sum += ends[2]);
    }
    let count = single(repeats).count() as f64;
    Some(sums.into_iter().map(|sum| sum / count).collect())
}

/// The median, the earlier of the two middle ones; `None` if there are none.
pub fn middle(at: &mut [i64]) -> Option<i64> {
    at.sort_unstable();
    at.get(at.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Peaks, Timed};
    use proptest::prelude::*;

    /// A trial as a run leaves it, with these repeats.
    fn trial(repeats: Vec<Times>, at: &[i64]) -> TrialResult {
        let queries = repeats[0].queries();
        let best = repeats.iter().map(Times::total).fold(f64::INFINITY, f64::min) / queries as f64;
        TrialResult {
            id: String::new(),
            retriever: String::new(),
            point: String::new(),
            params: crate::record::Parameters::default(),
            k: 1,
            query_ids: (0..queries).collect(),
            returned: Vec::new(),
            metrics: Vec::new(),
            evaluations: Vec::new(),
            build_seconds: 0.0,
            index_bytes: 0,
            decision: None,
            filled: 0,
            forbidden: Vec::new(),
            peaks: Peaks::default(),
            untimed: [0.0; 2],
            repeats,
            timed: at.iter().map(|&at| Timed { at, load: at as f64 }).collect(),
            programs: Vec::new(),
            clocks: Vec::new(),
            best_search_seconds: best,
        }
    }

    /// Four repeats of two queries with spikes in different places, so that no query's median shows them.
    fn spiky() -> Vec<Times> {
        let repeat = |a: f64, b: f64| Times::Single(vec![[0.25 * a, 0.5 * a, a], [0.25 * b, 0.25 * b, b]]);
        vec![repeat(1.0, 9.0), repeat(8.0, 1.0), repeat(1.0, 1.0), repeat(7.0, 1.0)]
    }

    #[test]
    fn a_rate_is_that_of_whole_repeats() {
        // Whole repeats take 10, 9, 2 and 8 s; the median of each query is 4 and 1 s, which no repeat took.
        let timing = Timing::new(&trial(spiky(), &[40, 10, 20, 30]), false);
        assert_eq!((timing.qps, timing.qps_least, timing.qps_best), (2.0 / 8.5, 0.2, 1.0));
        assert_eq!((timing.repeats, timing.at), (4, Some(20)));
        assert_eq!(timing.load, Some(Load { mean: 25.0, most: 40.0 }));
        let latency = timing.latency.expect("single");
        // 1 1 1 1 1 7 8 9
        assert_eq!(latency.percentiles_ms[0], 1000.0);
        assert!((latency.percentiles_ms[1] - 8650.0).abs() < 1e-9, "8 + 0.65");
        assert_eq!(latency.quantiles.len(), 1001);
        assert_eq!([0, 500, 1000].map(|step| latency.quantiles[step]), [1.0, 1.0, 9.0]);
        // All stages of all passes: 29 s, of which 7.25 in the first; of 17 s of the first query a quarter in the second.
        let mean = |seconds: f64| 1e3 * seconds / 8.0;
        assert_eq!(timing.stages_ms, Some([mean(7.25), mean(4.25), mean(17.5)]));
        assert_eq!(seconds_per_query(&spiky()), Some(vec![4.25, 3.0]));
        let batch = vec![Times::Batch(4, 2.0), Times::Batch(4, 1.0), Times::Batch(4, 8.0)];
        assert_eq!(seconds_per_query(&batch), None);
        let timing = Timing::new(&trial(batch, &[]), false);
        assert_eq!((timing.qps, timing.qps_least, timing.qps_best), (2.0, 0.5, 4.0));
        assert_eq!((timing.at, timing.load, timing.latency), (None, None, None));
    }

    #[test]
    fn lists_from_a_file_have_no_times_but_those_of_later_stages() {
        let params = crate::record::Parameters::parse(r#"{"candidates":{"run":{"file":"a"}}}"#.into());
        let timing = Timing::new(&TrialResult { params, ..trial(spiky(), &[40, 10, 20, 30]) }, false);
        assert!([timing.qps, timing.qps_least, timing.qps_best].iter().all(|rate| rate.is_nan()));
        assert_eq!(timing.latency, None);
        let [candidates, expansion, selector] = timing.stages_ms.expect("single");
        assert!(candidates.is_nan());
        assert_eq!([expansion, selector], [1e3 * 4.25 / 8.0, 1e3 * 17.5 / 8.0]);
    }

    #[test]
    fn only_the_best_repeat_of_an_imported_trial_is_known() {
        let imported = TrialResult { best_search_seconds: 0.5, ..trial(vec![Times::Batch(4, 4.0)], &[]) };
        let timing = Timing::new(&imported, true);
        assert!(timing.qps.is_nan());
        assert_eq!((timing.qps_least, timing.qps_best), (1.0, 2.0));
        assert_eq!([Rate::Median, Rate::Best].map(Rate::column), ["qps", "qps_best"]);
        assert_eq!(Rate::Best.of(&timing), 2.0);
    }

    proptest! {
        #[test]
        fn a_rate_lies_in_its_range_which_ends_at_the_best(
            queries in 1_usize..6,
            seconds in proptest::collection::vec(1e-9..1.0_f64, 1..60),
            batch in any::<bool>(),
        ) {
            let repeat = |seconds: &[f64]| if batch {
                Times::Batch(queries, seconds.iter().sum())
            } else {
                Times::Single(seconds.iter().map(|&s| [s * 0.5, s * 0.75, s]).collect())
            };
            let repeats: Vec<Times> = seconds.chunks_exact(queries).map(repeat).collect();
            prop_assume!(!repeats.is_empty());
            let rates: Vec<f64> = repeats.iter().map(|times| 1.0 / (times.total() / queries as f64)).collect();
            let timing = Timing::new(&trial(repeats, &[]), false);
            prop_assert!(timing.qps_least <= timing.qps && timing.qps <= timing.qps_best);
            prop_assert_eq!(rates.iter().copied().fold(f64::INFINITY, f64::min), timing.qps_least);
            prop_assert_eq!(rates.iter().copied().fold(0.0, f64::max), timing.qps_best);
            prop_assert_eq!(timing.repeats, rates.len());
        }
    }
}
