//! Parameters chosen on some queries and reported on the others: results that hold for a retriever, not only for a point of its
//! grid.

use super::partial::{defined, partial};
use crate::metrics::MetricName;
use crate::record::Parting;
use crate::record::results::TrialResult;
use crate::statistics::bootstrap::{estimates, mean};
use crate::statistics::{Column, Comparison, Estimate, Paired, PairedDifferences, ROUNDING, compare};

/// Each retriever at the point of its grid that was best on the queries for choosing, measured on the other queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Index of the metric that points were chosen by, in [`Summary::metrics`](crate::findings::summary::Summary::metrics).
    pub by: usize,
    /// How many queries the points were chosen on.
    pub tuned_on: usize,
    /// How many other queries they are reported on.
    pub reported_on: usize,
    /// The retrievers, in the order of the experiment.
    pub retrievers: Vec<TunedRetriever>,
    /// Each pair of retrievers, the later minus the earlier.
    pub pairs: Vec<TunedPair>,
}

/// One retriever at its chosen point.
#[derive(Clone, Debug, PartialEq)]
pub struct TunedRetriever {
    /// Index of the trial in [`Summary::rows`](crate::findings::summary::Summary::rows).
    pub row: usize,
    /// How many points its grid has.
    pub points: usize,
    /// Each metric on the queries for reporting.
    pub estimates: Vec<Option<Estimate>>,
    /// For each metric, how many of those queries have a value.
    pub counts: Vec<usize>,
    /// Each metric against the reference trial on those queries, corrected for all retrievers that compete; `None` for the
    /// reference itself, if the reference failed, and if the two cannot be compared.
    pub differences: Vec<Option<Comparison>>,
}

/// The paired difference of two retrievers in the metric that points were chosen by, on the queries for reporting.
#[derive(Clone, Debug, PartialEq)]
pub struct TunedPair {
    /// Indices in [`Tuning::retrievers`].
    pub of: (usize, usize),
    /// The first minus the second.
    pub estimate: Estimate,
}

impl Tuning {
    /// Chooses among `trials`, and compares with the `reference` if there is one. `None` if the metric was not measured or no
    /// queries are left to report on.
    pub fn new(
        trials: &[TrialResult],
        metrics: &[MetricName],
        reference: Option<usize>,
        parting: &Parting,
        seed: u64,
    ) -> Option<Self> {
        let by = metrics.iter().position(|metric| *metric == parting.by)?;
        let (tune, report) = parting.part(trials.first()?.query_ids.len(), seed);
        if report.is_empty() {
            return None;
        }
        let of = |row: usize, metric: usize| -> Vec<f64> {
            report.iter().map(|&query| trials[row].metrics[metric][query]).collect()
        };
        let all = |row: usize| (0..metrics.len()).map(|metric| of(row, metric)).collect::<Vec<_>>();
        let mut retrievers: Vec<TunedRetriever> = best_points(trials, by, metrics[by], &tune)
            .into_iter()
            .map(|(row, points)| TunedRetriever {
                row,
                points,
                estimates: Vec::new(),
                counts: Vec::new(),
                differences: Vec::new(),
            })
            .collect();
        let reported: Vec<Vec<Vec<f64>>> = retrievers.iter().map(|tuned| all(tuned.row)).collect();
        let against = reference.map_or_else(Vec::new, all);
        let columns: Vec<Column<'_>> = reported.iter().flatten().map(|values| Column::new(values)).collect();
        let mut means = estimates(&columns, seed).into_iter();
        let is_comparable = |a: usize, b: usize, metric: usize| trials[a].is_comparable(&trials[b], metrics[metric]);
        // The reference's row, where the two can be compared in a metric.
        let rival = |tuned: &TunedRetriever, metric: usize| {
            reference.filter(|&row| row != tuned.row && is_comparable(tuned.row, row, metric))
        };
        let pairs = retrievers.iter().zip(&reported).flat_map(|(tuned, columns)| {
            let competes = !trials[tuned.row].is_oracle();
            let pairs = columns.iter().zip(&against).enumerate();
            let pairs = pairs.filter(move |(metric, _)| rival(tuned, *metric).is_some());
            pairs.map(move |(metric, (values, reference))| Paired {
                values,
                reference,
                family: competes.then_some(metric),
                higher_is_better: metrics[metric].higher_is_better(),
            })
        });
        let pairs: Vec<Paired<'_>> = pairs.collect();
        let mut found = compare(&pairs, seed).into_iter();
        let differences: Vec<Vec<Option<Comparison>>> = retrievers
            .iter()
            .map(|tuned| (0..metrics.len()).map(|metric| rival(tuned, metric).and_then(|_| found.next()?)).collect())
            .collect();
        for ((tuned, columns), differences) in retrievers.iter_mut().zip(&reported).zip(differences) {
            tuned.estimates = means.by_ref().take(metrics.len()).collect();
            tuned.counts = columns.iter().map(|values| defined(values.iter().copied())).collect();
            tuned.differences = differences;
        }
        let pairs = (0..retrievers.len()).flat_map(|later| (0..later).map(move |earlier| (later, earlier)));
        let pairs: Vec<(usize, usize)> =
            pairs.filter(|&(a, b)| is_comparable(retrievers[a].row, retrievers[b].row, by)).collect();
        let differences: Vec<PairedDifferences> =
            pairs.iter().map(|&(a, b)| PairedDifferences::new(&reported[a][by], &reported[b][by])).collect();
        let columns: Vec<Column<'_>> = differences.iter().map(PairedDifferences::column).collect();
        let pairs = pairs.iter().zip(estimates(&columns, seed));
        let pairs = pairs.filter_map(|(&of, estimate)| Some(TunedPair { of, estimate: estimate? })).collect();
        Some(Self { by, tuned_on: tune.len(), reported_on: report.len(), retrievers, pairs })
    }
}

impl Tuning {
    /// A sentence on how many queries the means of a metric are over, if not over all queries for reporting.
    pub fn partial(&self, metrics: &[MetricName], metric: usize) -> Option<String> {
        partial(metrics[metric], self.retrievers.iter().map(|tuned| tuned.counts[metric]), self.reported_on)
    }
}

/// For each retriever, the trial with the best mean over `queries` (the first of equals), and how many trials it has.
fn best_points(trials: &[TrialResult], by: usize, metric: MetricName, queries: &[usize]) -> Vec<(usize, usize)> {
    let sign = if metric.higher_is_better() { 1.0 } else { -1.0 };
    let value = |row: usize| {
        let values = queries.iter().map(|&query| trials[row].metrics[by][query]).filter(|value| !value.is_nan());
        let values: Vec<f64> = values.collect();
        if values.is_empty() { f64::NEG_INFINITY } else { sign * mean(&values) }
    };
    let mut best: Vec<(usize, usize, f64)> = Vec::new();
    for (row, trial) in trials.iter().enumerate() {
        let value = value(row);
        match best.iter_mut().find(|(other, ..)| trials[*other].retriever == trial.retriever) {
            Some((chosen, points, most)) => {
                *points += 1;
                // A difference of rounding alone is no gain.
                if value - ROUNDING * value.abs() > *most {
                    (*chosen, *most) = (row, value);
                }
            }
            None => best.push((row, 1, value)),
        }
    }
    best.into_iter().map(|(row, points, _)| (row, points)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Times;

    fn trial(retriever: &str, values: Vec<f64>) -> TrialResult {
        TrialResult {
            id: retriever.into(),
            retriever: retriever.into(),
            point: String::new(),
            params: crate::record::Parameters::default(),
            k: 1,
            query_ids: (0..values.len()).collect(),
            returned: Vec::new(),
            evaluations: vec![[0; 3]; values.len()],
            filled: 0,
            forbidden: Vec::new(),
            peaks: crate::record::Peaks::default(),
            untimed: [0.0; 2],
            repeats: vec![Times::Batch(values.len(), 1.0)],
            timed: Vec::new(),
            programs: Vec::new(),
            clocks: Vec::new(),
            best_search_seconds: 1.0,
            metrics: vec![values],
            build_seconds: 0.0,
            index_bytes: 0,
            decision: None,
        }
    }

    #[test]
    fn the_best_point_on_some_queries_is_reported_on_the_others() {
        let by = MetricName::find("coverage").expect("a metric");
        let parting = Parting { tune: 0.5, by };
        let (tune, report) = parting.part(40, 7);
        assert_eq!((tune.len(), report.len()), (20, 20));
        assert!(tune.iter().all(|query| !report.contains(query)));
        // The first point is better where it is chosen, and worse where it is reported.
        let on = |tuned: f64, reported: f64| -> Vec<f64> {
            (0..40).map(|query| if tune.contains(&query) { tuned } else { reported }).collect()
        };
        let trials = [
            trial("reference", on(0.5, 0.5)),
            trial("a", on(0.9, 0.1)),
            trial("a", on(0.2, 0.8)),
            trial("b", on(0.3, 0.6)),
        ];
        let tuning = Tuning::new(&trials, &[by], Some(0), &parting, 7).expect("chosen");
        let rows: Vec<(usize, usize)> = tuning.retrievers.iter().map(|tuned| (tuned.row, tuned.points)).collect();
        assert_eq!(rows, [(0, 1), (1, 2), (3, 1)]);
        let mean = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.mean);
        assert_eq!(mean(tuning.retrievers[1].estimates[0]), Some(0.1));
        let against = |index: usize| tuning.retrievers[index].differences[0].expect("compared");
        assert!((against(1).difference.mean + 0.4).abs() < 1e-12);
        assert_eq!(against(1).n, 20, "on the queries for reporting");
        assert_eq!(against(1).p_holm, Some(2.0 * against(1).p_permutation), "two compete with the reference");
        assert_eq!(tuning.retrievers[0].differences, [None]);
        let pairs: Vec<_> = tuning.pairs.iter().map(|pair| (pair.of, (pair.estimate.mean * 10.0).round())).collect();
        assert_eq!(pairs, [((1, 0), -4.0), ((2, 0), 1.0), ((2, 1), 5.0)]);

        // Without a reference the same is chosen, and compared with nothing.
        let alone = Tuning::new(&trials, &[by], None, &parting, 7).expect("chosen");
        assert!(alone.retrievers.iter().all(|tuned| tuned.differences == [None]));
        let bare = |tuned: &TunedRetriever| (tuned.row, tuned.points, tuned.estimates.clone());
        assert!(
            alone.retrievers.iter().map(bare).eq(tuning.retrievers.iter().map(bare)) && alone.pairs == tuning.pairs
        );
    }

    /// The same tenths in two orders, whose floating-point sums differ.
    #[test]
    fn the_first_of_points_that_differ_only_by_rounding_is_chosen() {
        let by = MetricName::find("coverage").expect("a metric");
        let rising: Vec<f64> = (0..9).map(|i| f64::from(i) / 10.0).collect();
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        let sums = [&rising, &falling].map(|values| values.iter().sum::<f64>());
        assert_ne!(sums[0], sums[1], "or nothing is tested");
        let nearly = falling.iter().map(|value| value * (1.0 + f64::EPSILON)).collect();
        let trials = [trial("a", rising), trial("a", falling), trial("a", nearly)];
        assert_eq!(best_points(&trials, 0, by, &(0..9).collect::<Vec<_>>()), [(0, 3)]);
    }

    #[test]
    fn every_query_is_on_one_side() {
        let parting = Parting { tune: 0.3, by: MetricName::find("recall").expect("a metric") };
        let (tune, report) = parting.part(10, 5);
        assert_eq!((tune.len(), report.len()), (3, 7));
        let mut all = [tune, report].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }
}
