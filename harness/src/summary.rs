//! What an experiment found: each trial's estimates, derived from the per-query values of its result file.

use crate::chosen::Chosen;
use crate::metrics::MetricName;
use crate::reference::Reference;
use crate::report::Marker;
use crate::results::{Results, TrialResult, plain_name};
use crate::run::{Peaks, Times};
use crate::statistics::bootstrap::{estimates, quantile};
use crate::statistics::frontier::{Frontier, frontiers};
use crate::statistics::{Column, Comparison, Paired, compare};

/// A mean over queries with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// Seconds of one trial's queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Queries per second: 1 / mean time in mode single, queries / wall time in mode batch.
    pub qps: f64,
    /// Queries per second as ann-benchmarks has it: 1 / the least over repeats of the mean time.
    pub qps_best: f64,
    /// Each query's time: its median over the repeats. In mode batch nothing is known of single queries.
    pub latency: Option<Latency>,
}

/// Times of single queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Seconds of each query, whole.
    pub seconds: Vec<f64>,
    /// Percentiles 50, 95 and 99 of those, in milliseconds.
    pub percentiles_ms: [f64; 3],
    /// Mean milliseconds in each stage: candidates, expansion, selector.
    pub stages_ms: [f64; 3],
}

/// One trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its id, which is also the name of its file.
    pub trial: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points; may be empty.
    pub point: String,
    /// All its parameters, as JSON.
    pub params: String,
    /// Whether it looked at the subtopics: a bound, and not a competitor.
    pub is_oracle: bool,
    /// Results per query.
    pub k: usize,
    /// Queries asked.
    pub queries: usize,
    /// One estimate for each of [`Summary::metrics`]; `None` where no query has a value.
    pub estimates: Vec<Option<Estimate>>,
    /// Seconds to build what it searches: index and graph.
    pub build_seconds: f64,
    /// Bytes of index and graph.
    pub index_bytes: u64,
    /// The most memory that its process held.
    pub peaks: Peaks,
    /// Mean similarity evaluations per query in each stage: candidates, expansion, selector; NaN where they were not counted.
    pub evaluations: [f64; 3],
    /// Timings.
    pub timing: Timing,
}

impl Row {
    /// The retriever's name with the point in brackets.
    pub fn label(&self) -> String {
        crate::plan::label(&self.retriever, &self.point)
    }

    /// Whether it is one of the retriever that the experiment calls so.
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
    /// What may be said of it; corrected for all trials that compete, in this metric.
    pub comparison: Comparison,
}

/// An experiment's results.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its metrics, in the order of tables.
    pub metrics: Vec<MetricName>,
    /// Its trials, in the order of the experiment.
    pub rows: Vec<Row>,
    /// The trial that the others are compared with.
    pub reference: Reference,
    /// Every other trial against the reference, for each metric; none where the reference failed.
    pub differences: Vec<Difference>,
    /// Each retriever's frontier of each metric against recall.
    pub frontiers: Vec<Frontier>,
    /// Each retriever at its best point, if queries were parted for that.
    pub chosen: Option<Chosen>,
}

impl Summary {
    /// Derives it from what a run left behind; `None` if no trial succeeded.
    pub fn new(results: &Results) -> Option<Self> {
        let metrics = results.metrics.clone();
        let trials = &results.trials;
        let columns: Vec<Column<'_>> =
            trials.iter().flat_map(|trial| trial.metrics.iter().map(|values| Column::new(values))).collect();
        let mut means = estimates(&columns, results.seed).into_iter();
        let rows: Vec<Row> =
            trials.iter().map(|trial| Row::new(trial, means.by_ref().take(metrics.len()).collect())).collect();
        if trials.is_empty() {
            return None;
        }
        let reference = results.reference.clone();
        let against = reference.row();
        let differences = against.map_or_else(Vec::new, |against| differences(trials, &metrics, against, results.seed));
        let parting = results.parting.as_ref();
        let chosen = parting.and_then(|parting| Chosen::new(trials, &metrics, against, (parting, results.seed)));
        let frontiers = frontiers(trials, &metrics, results.seed);
        Some(Self { metrics, rows, reference, differences, frontiers, chosen })
    }

    /// The estimates of one metric, a trial each; `None` if it was not measured.
    pub fn estimates(&self, metric: &str) -> Option<Vec<Option<Estimate>>> {
        let at = self.metrics.iter().position(|m| m.name() == metric)?;
        Some(self.rows.iter().map(|row| row.estimates[at]).collect())
    }

    /// The row of a retriever, by the name that the experiment gives it, at a point of its grid; `None` if it failed.
    pub fn row_of(&self, retriever: &str, point: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.is_of(retriever) && row.point == point)
    }

    /// One of its rows' estimate of a metric, if it was measured and any query has a value.
    pub fn estimate(&self, row: &Row, metric: MetricName) -> Option<Estimate> {
        let at = self.metrics.iter().position(|&other| other == metric)?;
        row.estimates.get(at).copied().flatten()
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
    let pairs: Vec<(usize, usize)> =
        others.flat_map(|row| (0..metrics.len()).map(move |metric| (row, metric))).collect();
    let paired = |&(row, metric): &(usize, usize)| Paired {
        values: &trials[row].metrics[metric],
        reference: &against.metrics[metric],
        family: (!trials[row].is_oracle).then_some(metric),
        higher_is_better: metrics[metric].higher_is_better(),
    };
    let compared = compare(&pairs.iter().map(paired).collect::<Vec<_>>(), seed);
    let rows = pairs.into_iter().zip(compared);
    rows.filter_map(|((row, metric), found)| Some(Difference { row, metric, comparison: found? })).collect()
}

impl Row {
    fn new(trial: &TrialResult, estimates: Vec<Option<Estimate>>) -> Self {
        let mean = |stage: usize| {
            let total: u64 = trial.evaluations.iter().map(|stages| stages[stage]).sum();
            total as f64 / trial.evaluations.len() as f64
        };
        Self {
            trial: trial.id.clone(),
            retriever: trial.retriever.clone(),
            point: trial.point.clone(),
            params: trial.params.clone(),
            is_oracle: trial.is_oracle,
            k: trial.k,
            queries: trial.query_ids.len(),
            estimates,
            build_seconds: trial.build_seconds,
            index_bytes: trial.index_bytes,
            peaks: trial.peaks,
            evaluations: [mean(0), mean(1), mean(2)],
            timing: Timing::new(&trial.repeats, trial.best_search_seconds),
        }
    }
}

impl Timing {
    /// Of repeats, at least one, all of the same mode, the best of which took `best` seconds a query.
    fn new(repeats: &[Times], best: f64) -> Self {
        let qps_best = 1.0 / best;
        let single: Vec<&Vec<[f64; 3]>> = repeats
            .iter()
            .filter_map(|times| if let Times::Single(times) = times { Some(times) } else { None })
            .collect();
        let Some(first) = single.first() else {
            let mut walls: Vec<f64> = repeats
                .iter()
                .filter_map(|t| if let Times::Batch(queries, s) = t { Some(s / *queries as f64) } else { None })
                .collect();
            return Self { qps: 1.0 / median(&mut walls), qps_best, latency: None };
        };
        // A query's time is that of its median repeat, stage by stage.
        let of_query = |q: usize, part: fn(&[f64; 3]) -> f64| {
            median(&mut single.iter().map(|times| part(&times[q])).collect::<Vec<_>>())
        };
        let all = |part: fn(&[f64; 3]) -> f64| (0..first.len()).map(|q| of_query(q, part)).collect::<Vec<_>>();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let seconds = all(|ends| ends[2]);
        let stages = [all(|ends| ends[0]), all(|ends| ends[1] - ends[0]), all(|ends| ends[2] - ends[1])];
        let mut ascending = seconds.clone();
        ascending.sort_unstable_by(f64::total_cmp);
        let latency = Latency {
            percentiles_ms: [0.5, 0.95, 0.99].map(|level| 1e3 * quantile(&ascending, level)),
            stages_ms: stages.map(|stage| 1e3 * mean(&stage)),
            seconds,
        };
        Self { qps: 1.0 / mean(&latency.seconds), qps_best, latency: Some(latency) }
    }
}

fn median(values: &mut [f64]) -> f64 {
    swath_algorithms::kernel::median(values)
}
