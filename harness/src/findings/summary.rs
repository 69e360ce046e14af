//! The summary of an experiment: estimates of each trial, derived from the per-query values of its result file.

use super::outside::{self, Outside};
use super::partial::{defined, partial};
use crate::clock;
use crate::findings::timing::{self, APART, Load};
use crate::findings::tradeoffs::{Tradeoff, tradeoffs};
use crate::findings::tuning::Tuning;
use crate::metrics::MetricName;
use crate::plot::Marker;
use crate::record::reference::Reference;
use crate::record::results::{Results, TrialResult, plain_name};
use crate::record::{Parameters, Peaks, ProgramRecord};
use crate::statistics::bootstrap::estimates;
use crate::statistics::{Column, Comparison, Estimate, Paired, compare};

pub use crate::findings::timing::{Latency, Rate, Timing};

/// One trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRow {
    /// Its id, which is also the name of its file.
    pub trial: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points; may be empty.
    pub point: String,
    /// All its parameters.
    pub params: Parameters,
    /// Whether it is an oracle, which sees the subtopics: a bound, and not a competitor.
    pub is_oracle: bool,
    /// Results per query.
    pub k: usize,
    /// Queries asked.
    pub queries: usize,
    /// One estimate for each of [`Summary::metrics`]; `None` if no query has a value.
    pub estimates: Vec<Option<Estimate>>,
    /// For each metric, how many queries have a value. The mean is over these.
    pub counts: Vec<usize>,
    /// Seconds to build what it searches: index and graph.
    pub build_seconds: f64,
    /// Bytes of index and graph.
    pub index_bytes: u64,
    /// What building the index decided by the data, in words.
    pub decision: Option<String>,
    /// The most memory that its process held.
    pub peaks: Peaks,
    /// Mean similarity evaluations per query in each stage: candidates, expansion, selector; NaN if they were not counted.
    pub evaluations: [f64; 3],
    /// Timings.
    pub timing: Timing,
    /// The programs outside that are stages of it.
    pub outside: Option<Outside>,
}

impl TrialRow {
    /// The retriever's name with the point in brackets.
    pub fn label(&self) -> String {
        crate::record::label(&self.retriever, &self.point)
    }

    /// Bytes of index and graph; `None` if a program outside does not say how large its index is.
    pub fn known_index_bytes(&self) -> Option<u64> {
        let says = |outside: &Outside| outside.programs.iter().all(ProgramRecord::says_its_size);
        self.outside.as_ref().is_none_or(says).then_some(self.index_bytes)
    }

    /// The size of its pool, if known.
    pub fn pool(&self) -> Option<usize> {
        self.params.pool()
    }

    /// Whether it belongs to the retriever of that name in the experiment.
    pub fn is_of(&self, name: &str) -> bool {
        plain_name(&self.retriever) == name
    }
}

/// The paired difference of a trial to the reference trial, over queries for which both have a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Index of the trial in [`Summary::rows`].
    pub row: usize,
    /// Index of the metric in [`Summary::metrics`].
    pub metric: usize,
    /// The tests and effect sizes, corrected for all trials that compete in this metric.
    pub comparison: Comparison,
}

/// An experiment's results.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its metrics, in the order of tables.
    pub metrics: Vec<MetricName>,
    /// Its trials, in the order of the experiment.
    pub rows: Vec<TrialRow>,
    /// The trial that the others are compared with.
    pub reference: Reference,
    /// Every other trial against the reference, for each metric; empty if the reference failed.
    pub differences: Vec<Difference>,
    /// How each retriever trades recall for each metric.
    pub tradeoffs: Vec<Tradeoff>,
    /// Each retriever at its chosen point, if the queries were split for that.
    pub tuning: Option<Tuning>,
    /// The repeat that queries per second come from.
    pub rate: Rate,
}

impl Summary {
    /// Derives it from the results of a run; `None` if no trial succeeded.
    pub fn new(results: &Results) -> Option<Self> {
        let metrics = results.metrics.clone();
        let trials = &results.trials;
        let rate = if results.is_imported { Rate::Best } else { Rate::Median };
        let columns: Vec<Column<'_>> =
            trials.iter().flat_map(|trial| trial.metrics.iter().map(|values| Column::new(values))).collect();
        let mut means = estimates(&columns, results.seed).into_iter();
        let rows: Vec<TrialRow> = trials
            .iter()
            .map(|trial| TrialRow::new(trial, means.by_ref().take(metrics.len()).collect(), rate))
            .collect();
        if trials.is_empty() {
            return None;
        }
        let reference = results.reference.clone();
        let against = reference.row();
        let differences = against.map_or_else(Vec::new, |against| differences(trials, &metrics, against, results.seed));
        let parting = results.parting.as_ref();
        let tuning = parting.and_then(|parting| Tuning::new(trials, &metrics, against, parting, results.seed));
        let tradeoffs = tradeoffs(trials, &metrics, results.seed);
        Some(Self { metrics, rows, reference, differences, tradeoffs, tuning, rate })
    }

    /// The estimates of one metric, a trial each; `None` if it was not measured.
    pub fn estimates(&self, metric: &str) -> Option<Vec<Option<Estimate>>> {
        let at = self.metrics.iter().position(|m| m.name() == metric)?;
        Some(self.rows.iter().map(|row| row.estimates[at]).collect())
    }

    /// The row of a retriever, by the name that the experiment gives it, at a point of its grid; `None` if it failed.
    pub fn row_of(&self, retriever: &str, point: &str) -> Option<&TrialRow> {
        self.rows.iter().find(|row| row.is_of(retriever) && row.point == point)
    }

    /// One of its rows' estimate of a metric, if it was measured and any query has a value.
    pub fn estimate(&self, row: &TrialRow, metric: MetricName) -> Option<Estimate> {
        let at = self.metrics.iter().position(|&other| other == metric)?;
        row.estimates.get(at).copied().flatten()
    }

    /// A trial's queries per second in the repeat of [`Summary::rate`]; NaN if unknown.
    pub fn qps(&self, row: usize) -> f64 {
        self.rate.of(&self.rows[row].timing)
    }

    /// Whether a trial was timed at another hour than most: its median time of day differs by more than [`APART`] from the
    /// median of all trials.
    pub fn is_timed_apart(&self, row: usize) -> bool {
        self.rows[row].timing.at.zip(self.usual_time()).is_some_and(|(at, usual)| at.abs_diff(usual) > APART as u64)
    }

    /// The median over trials of when they were timed, in seconds since 1970.
    fn usual_time(&self) -> Option<i64> {
        let mut at: Vec<i64> = self.rows.iter().filter_map(|row| row.timing.at).collect();
        timing::middle(&mut at)
    }

    /// Whether half of a trial's times or more are by swath's clock, in place of a program's own.
    pub fn is_by_swath(&self, row: usize) -> bool {
        self.rows[row].outside.as_ref().is_some_and(|outside| outside.by_swath >= 0.5)
    }

    /// A trial's label for tables of times, marked if it was timed at another hour, or if half of its times or more are by swath's clock in
    /// place of a program's own.
    pub fn timed_label(&self, row: usize) -> String {
        let clock = if self.is_by_swath(row) { " (swath's clock)" } else { "" };
        let mark = if self.is_timed_apart(row) { " (timed apart)" } else { "" };
        self.rows[row].label() + clock + mark
    }

    /// Cautions on times: trials that were timed at another hour, and a load average above what swath alone makes on so many `cores`.
    pub fn cautions(&self, cores: usize) -> Vec<String> {
        let mut cautions = Vec::new();
        let apart: Vec<usize> = (0..self.rows.len()).filter(|&row| self.is_timed_apart(row)).collect();
        if let (Some(&first), Some(usual)) = (apart.first(), self.usual_time()) {
            let shown = 3.min(apart.len());
            let mut names: Vec<String> = apart[..shown].iter().map(|&row| self.rows[row].label()).collect();
            names.extend((apart.len() > shown).then(|| format!("{} more", apart.len() - shown)));
            let at = self.rows[first].timing.at.unwrap_or(usual);
            let (were, at) = (if apart.len() == 1 { "was" } else { "were" }, clock::written(at));
            cautions.push(format!(
                "Caution: {} {were} timed more than an hour from most trials ({at}{}, most about {}), and {were} marked \"timed apart\": \
                 the machine may have been busier or idler then, so compare times with care",
                names.join(", "),
                if apart.len() == 1 { "" } else { " the first" },
                clock::written(usual)
            ));
        }
        let loads: Vec<Load> = self.rows.iter().filter_map(|row| row.timing.load).collect();
        let mean = loads.iter().map(|load| load.mean).sum::<f64>() / loads.len() as f64;
        let most = loads.iter().map(|load| load.most).fold(0.0, f64::max);
        let outside = self.rows.iter().filter_map(|row| Some((row.label(), row.queries, row.outside.as_ref()?)));
        cautions.extend(outside::cautions(outside));
        // Its own threads may take all cores, and for a moment one more waits.
        if mean > cores as f64 + 0.5 {
            cautions.push(format!(
                "Caution: the load average was {mean:.1} while queries were timed (at most {most:.1}), above the {cores} cores of the \
                 machine: another program was running then or in the minute before, such as a build. If it ran then, times are \
                 longer and vary more than on an idle machine"
            ));
        }
        cautions
    }

    /// A sentence on how many queries the means of a metric are over, if not over all.
    pub fn partial(&self, metric: usize) -> Option<String> {
        let queries = self.rows.iter().map(|row| row.queries).max()?;
        partial(self.metrics[metric], self.rows.iter().map(|row| row.counts[metric]), queries)
    }

    /// Whether these trials have pools of different sizes.
    pub fn pools_differ(&self, mut rows: impl Iterator<Item = usize>) -> bool {
        let first = rows.next().map(|row| self.rows[row].pool());
        rows.any(|row| Some(self.rows[row].pool()) != first)
    }

    /// Whether one of these trials can be called the best in a metric. A metric that depends on the pool allows that only for
    /// pools of one size.
    pub fn can_rank(&self, metric: usize, rows: impl Iterator<Item = usize>) -> bool {
        !self.metrics[metric].params().depends_on_pool() || !self.pools_differ(rows)
    }

    /// A sentence on trials that are not compared with the reference in a metric, if there are any.
    pub fn left_out(&self) -> Option<String> {
        let metric = self.metrics.iter().find(|metric| metric.params().depends_on_pool())?;
        let pool = self.rows.get(self.reference.row()?)?.pool();
        let others = self.rows.iter().filter(|row| row.pool() != pool).count();
        let trials = if others == 1 { "1 trial is" } else { &format!("{others} trials are") };
        let size = pool.map_or_else(|| "unknown".to_owned(), |pool| pool.to_string());
        (others > 0).then(|| {
            format!(
                "{} is compared only at the reference's size of the pool, {size}: {trials} left out.",
                metric.name()
            )
        })
    }

    /// The marker of a trial's retriever.
    pub fn marker(&self, row: usize) -> Marker {
        let name = &self.rows[row].retriever;
        Marker::new(self.retrievers().iter().position(|other| other == name).unwrap_or(0))
    }

    /// Names of the retrievers, in order, each once.
    pub fn retrievers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.retriever.as_str()) {
                names.push(&row.retriever);
            }
        }
        names
    }
}

/// Every other trial against the reference.
fn differences(trials: &[TrialResult], metrics: &[MetricName], reference: usize, seed: u64) -> Vec<Difference> {
    let against = &trials[reference];
    let others = (0..trials.len()).filter(|&row| row != reference);
    let pairs = others.flat_map(|row| (0..metrics.len()).map(move |metric| (row, metric)));
    let is_comparable = |&(row, metric): &(usize, usize)| trials[row].is_comparable(against, metrics[metric]);
    let pairs: Vec<(usize, usize)> = pairs.filter(is_comparable).collect();
    let paired = |&(row, metric): &(usize, usize)| Paired {
        values: &trials[row].metrics[metric],
        reference: &against.metrics[metric],
        family: (!trials[row].is_oracle()).then_some(metric),
        higher_is_better: metrics[metric].higher_is_better(),
    };
    let compared = compare(&pairs.iter().map(paired).collect::<Vec<_>>(), seed);
    let rows = pairs.into_iter().zip(compared);
    rows.filter_map(|((row, metric), found)| Some(Difference { row, metric, comparison: found? })).collect()
}

impl TrialRow {
    fn new(trial: &TrialResult, estimates: Vec<Option<Estimate>>, rate: Rate) -> Self {
        let mean = |stage: usize| {
            let total: u64 = trial.evaluations.iter().map(|stages| stages[stage]).sum();
            total as f64 / trial.evaluations.len() as f64
        };
        Self {
            trial: trial.id.clone(),
            retriever: trial.retriever.clone(),
            point: trial.point.clone(),
            params: trial.params.clone(),
            is_oracle: trial.is_oracle(),
            k: trial.k,
            queries: trial.query_ids.len(),
            estimates,
            counts: trial.metrics.iter().map(|values| defined(values.iter().copied())).collect(),
            build_seconds: trial.build_seconds,
            index_bytes: trial.index_bytes,
            decision: trial.decision.clone(),
            peaks: trial.peaks,
            evaluations: [mean(0), mean(1), mean(2)],
            timing: Timing::new(trial, rate == Rate::Best),
            outside: Outside::of(trial),
        }
    }
}
