//! Retrievers compared across datasets: in each of them, in the mean over them, and by their ranks.

use crate::findings::LoadedRun;
use crate::metrics::MetricName;
use crate::statistics::bootstrap::{mean, means_over_strata};
use crate::statistics::ranks::Ranking;
use crate::statistics::{
    Column, Comparison, Estimate, Paired, PairedDifferences, ROUNDING, compare_together, holm, wilcoxon,
};

/// How the point of a retriever's grid was chosen that stands for it on a dataset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// No retriever has several points.
    None,
    /// The best on other queries of the same dataset, by this metric.
    OtherQueries(MetricName),
    /// The best on the other datasets, by this metric.
    OtherDatasets(MetricName),
    /// The best on the queries that are reported, by this metric: exploratory.
    SameQueries(MetricName),
}

/// A run on one of the datasets.
#[derive(Debug)]
pub struct OnDataset {
    /// The dataset's name, different from the others'.
    pub name: String,
    /// The run.
    pub found: LoadedRun,
}

/// A retriever.
#[derive(Clone, Debug, PartialEq)]
pub struct AcrossRetriever {
    /// Its name.
    pub name: String,
    /// Whether it is an oracle: a bound, and not a competitor.
    pub is_oracle: bool,
    /// For each dataset the trial that stands for it; `None` where none succeeded.
    pub rows: Vec<Option<usize>>,
}

/// Retrievers compared across datasets.
#[derive(Debug)]
pub struct Across {
    /// The datasets on which a trial succeeded.
    pub datasets: Vec<OnDataset>,
    /// How points were chosen.
    pub choice: Choice,
    /// The retrievers, in the order of the experiment.
    pub retrievers: Vec<AcrossRetriever>,
    /// Index of the retriever of the reference; `None` if the reference failed on every dataset.
    pub reference: Option<usize>,
    /// The metrics of which two datasets or more have values, in the order of tables; also those that no dataset has a value of.
    pub metrics: Vec<AcrossMetric>,
    /// The other metrics: those of which a single dataset has values, and which.
    pub alone: Vec<(MetricName, usize)>,
    /// Seed of the bootstrap and the tests.
    pub seed: u64,
}

/// A metric across datasets.
#[derive(Clone, Debug)]
pub struct AcrossMetric {
    /// The metric.
    pub metric: MetricName,
    /// Indices of the datasets on which some retriever has a value.
    pub on: Vec<usize>,
    /// Each retriever in it.
    pub standings: Vec<Standing>,
    /// Indices of the retrievers that are ranked: those that compete and have a value on each of these datasets.
    pub ranked: Vec<usize>,
    /// Their ranks over these datasets; `None` for fewer than two retrievers.
    pub ranking: Option<Ranking>,
    /// How many comparisons were corrected together.
    pub family: usize,
    /// Whether its values are in the unit of a dataset's vectors: then there are no means over datasets, only ranks.
    pub has_unit: bool,
}

/// A retriever in a metric.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// For each dataset, `None` where it has no value.
    pub on: Vec<Option<OnOne>>,
    /// The mean over datasets of its means, each dataset counting the same; `None` if a dataset lacks it, and for a metric with a
    /// unit.
    pub mean: Option<Estimate>,
    /// The mean over datasets of its differences to the reference.
    pub difference: Option<Estimate>,
    /// p of Wilcoxon's signed-rank test of its means against the reference's, a pair for each dataset.
    pub signed_rank: Option<f64>,
    /// The same after Holm's correction over the retrievers that compete.
    pub signed_rank_holm: Option<f64>,
}

/// A retriever in a metric on one dataset.
#[derive(Clone, Copy, Debug)]
pub struct OnOne {
    /// The mean.
    pub mean: f64,
    /// Against the reference, corrected over all trials that compete and all datasets; `None` for the reference itself.
    pub comparison: Option<Comparison>,
}

impl Standing {
    /// The datasets on which it was compared, with the comparison.
    pub fn compared(&self) -> impl Iterator<Item = (usize, &Comparison)> {
        self.on.iter().enumerate().filter_map(|(i, one)| Some((i, one.as_ref()?.comparison.as_ref()?)))
    }

    /// On how many datasets it is better than the reference, and worse; and on how many of these significantly.
    pub fn better_and_worse(&self, higher_is_better: bool) -> [(usize, usize); 2] {
        [true, false].map(|better| {
            let side =
                |c: &&Comparison| c.difference.mean != 0.0 && ((c.difference.mean > 0.0) == higher_is_better) == better;
            let all: Vec<&Comparison> = self.compared().map(|(_, comparison)| comparison).filter(side).collect();
            (all.len(), all.iter().filter(|comparison| comparison.significant() == Some(true)).count())
        })
    }
}

impl AcrossMetric {
    /// The dataset on which a retriever gains most over the reference, and that with the least gain, if several were compared;
    /// `None` for a metric with a unit.
    pub fn best_and_worst(&self, retriever: usize) -> Option<[(usize, &Comparison); 2]> {
        let compared = || self.standings[retriever].compared();
        let sign = if self.metric.higher_is_better() { 1.0 } else { -1.0 };
        let gain = |entry: &(usize, &Comparison)| sign * entry.1.difference.mean;
        let best = compared().max_by(|a, b| gain(a).total_cmp(&gain(b)).then(b.0.cmp(&a.0)))?;
        let worst = compared().min_by(|a, b| gain(a).total_cmp(&gain(b)).then(a.0.cmp(&b.0)))?;
        (compared().count() > 1 && !self.has_unit).then_some([best, worst])
    }
}

/// A trial's values on the queries that are reported.
fn reported(run: &OnDataset, row: usize, metric: MetricName, part: Option<&[usize]>) -> Option<Vec<f64>> {
    let at = run.found.summary.metrics.iter().position(|&other| other == metric)?;
    let values = &run.found.results.trials[row].metrics[at];
    Some(part.map_or_else(|| values.clone(), |queries| queries.iter().map(|&query| values[query]).collect()))
}

/// Comparisons with the reference by metric, dataset and retriever.
type Compared = Vec<Vec<Vec<Option<Comparison>>>>;

/// The columns of one metric on one dataset.
struct Columns {
    /// Of each retriever, `None` where it has no value.
    values: Vec<Option<Vec<f64>>>,
    /// Of the reference trial.
    reference: Option<Vec<f64>>,
    /// Of other points of grids that belong to the correction, each with its retriever.
    others: Vec<Vec<f64>>,
}

impl Columns {
    /// Whether a retriever has a value for a query.
    fn has(&self, retriever: usize) -> bool {
        self.values[retriever].as_deref().is_some_and(is_defined)
    }

    /// Whether any has.
    fn has_any(&self) -> bool {
        (0..self.values.len()).any(|retriever| self.has(retriever))
    }
}

/// Whether a query has a value.
fn is_defined(values: &[f64]) -> bool {
    values.iter().any(|value| !value.is_nan())
}

impl Across {
    /// Compares runs of one experiment on several datasets. `by`, if given, is the metric by which points are chosen on the other
    /// datasets. `None` if fewer than two datasets have results.
    pub fn new(datasets: Vec<OnDataset>, by: Option<MetricName>) -> Option<Self> {
        let first = datasets.get(1).and(datasets.first())?;
        let seed = first.found.results.seed;
        let mut names: Vec<(&str, bool)> = Vec::new();
        for row in datasets.iter().flat_map(|run| &run.found.summary.rows) {
            if !names.iter().any(|(name, _)| *name == row.retriever) {
                names.push((&row.retriever, row.is_oracle));
            }
        }
        let choice = choice(&datasets, by);
        let chosen = match choice {
            Choice::OtherDatasets(by) => on_other_datasets(&datasets, by, &names),
            Choice::SameQueries(by) => datasets.iter().map(|run| best(run, by)).collect(),
            Choice::OtherQueries(by) => {
                datasets.iter().map(|run| tuned(run).unwrap_or_else(|| best(run, by))).collect()
            }
            Choice::None => datasets.iter().map(|run| (0..run.found.summary.rows.len()).collect()).collect(),
        };
        let row_of = |dataset: usize, name: &str| {
            let rows: &Vec<usize> = &chosen[dataset];
            rows.iter().copied().find(|&row| datasets[dataset].found.summary.rows[row].retriever == name)
        };
        let retrievers: Vec<AcrossRetriever> = names
            .iter()
            .map(|&(name, is_oracle)| {
                let rows = (0..datasets.len()).map(|dataset| row_of(dataset, name)).collect();
                AcrossRetriever { name: name.to_owned(), is_oracle, rows }
            })
            .collect();
        let reference = datasets.iter().find_map(|run| {
            let row = run.found.summary.reference.row()?;
            retrievers.iter().position(|retriever| retriever.name == run.found.summary.rows[row].retriever)
        });
        let mut across = Self { datasets, choice, retrievers, reference, metrics: Vec::new(), alone: Vec::new(), seed };
        across.measure();
        Some(across)
    }

    /// The metric that speaks for the experiment: the one that points were chosen by; else [`common_headline`]; else the first.
    pub fn headline(&self) -> Option<usize> {
        let by = match self.choice {
            Choice::OtherQueries(by) | Choice::OtherDatasets(by) => Some(by),
            Choice::SameQueries(_) | Choice::None => None,
        };
        let named = by.or_else(|| common_headline(&self.datasets));
        let named = named.and_then(|by| self.metrics.iter().position(|one| one.metric == by));
        named.or((!self.metrics.is_empty()).then_some(0))
    }

    /// The metrics that any dataset measured.
    fn all_metrics(&self) -> Vec<MetricName> {
        let mut metrics: Vec<MetricName> = Vec::new();
        for &metric in self.datasets.iter().flat_map(|run| &run.found.summary.metrics) {
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        metrics
    }

    /// Whether a metric's values are in the unit of the vectors of a dataset.
    fn has_unit(&self, metric: MetricName) -> bool {
        self.datasets.iter().any(|run| metric.has_unit_on(run.found.manifest.dataset.known_distance()))
    }

    /// The values of a metric on a dataset, of the retrievers that are comparable with the reference there.
    fn columns(&self, dataset: usize, metric: MetricName, part: Option<&[usize]>) -> Columns {
        let run = &self.datasets[dataset];
        let trials = &run.found.results.trials;
        let reference = run.found.summary.reference.row();
        let is_comparable =
            |row: usize| reference.is_none_or(|against| trials[row].is_comparable(&trials[against], metric));
        let values = |row: usize| reported(run, row, metric, part).filter(|_| is_comparable(row));
        let is_chosen = |row: usize| self.retrievers.iter().any(|retriever| retriever.rows[dataset] == Some(row));
        let competes = |&row: &usize| !is_chosen(row) && Some(row) != reference && !trials[row].is_oracle();
        // Points that were chosen on the same queries are corrected for all that were tried.
        let tried = matches!(self.choice, Choice::SameQueries(_));
        Columns {
            values: self.retrievers.iter().map(|retriever| values(retriever.rows[dataset]?)).collect(),
            reference: reference.and_then(|row| reported(run, row, metric, part)),
            others: (0..trials.len()).filter(|_| tried).filter(competes).filter_map(values).collect(),
        }
    }

    /// Computes all metrics.
    fn measure(&mut self) {
        let metrics = self.all_metrics();
        let parts: Vec<Option<Vec<usize>>> = self
            .datasets
            .iter()
            .map(|run| run.found.reported().filter(|_| matches!(self.choice, Choice::OtherQueries(_))))
            .collect();
        // For each metric, the columns of each dataset.
        let columns = |metric: MetricName| -> Vec<Columns> {
            (0..self.datasets.len()).map(|dataset| self.columns(dataset, metric, parts[dataset].as_deref())).collect()
        };
        let (mut shared, mut all, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        for metric in metrics {
            let columns = columns(metric);
            let mut on = (0..columns.len()).filter(|&dataset| columns[dataset].has_any());
            if let (Some(only), None) = (on.next(), on.next()) {
                alone.push((metric, only));
            } else {
                shared.push(metric);
                all.push(columns);
            }
        }
        self.alone = alone;
        let metrics = shared;
        let (compared, families) = self.compare(&metrics, &all);
        let has_unit: Vec<bool> = metrics.iter().map(|&metric| self.has_unit(metric)).collect();
        let (means, differences) = self.means(&all, &has_unit);
        let finished = metrics.iter().zip(all).enumerate().map(|(at, (&metric, columns))| {
            let on = (0..columns.len()).filter(|&dataset| columns[dataset].has_any()).collect();
            let mut standings: Vec<Standing> = (0..self.retrievers.len())
                .map(|retriever| {
                    let one = |dataset: usize| {
                        let values = columns[dataset].values[retriever].as_ref()?;
                        let mean = mean(&values.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>());
                        mean.is_finite().then(|| OnOne { mean, comparison: compared[at][dataset][retriever] })
                    };
                    Standing {
                        on: (0..columns.len()).map(one).collect(),
                        mean: means[at * self.retrievers.len() + retriever],
                        difference: differences[at * self.retrievers.len() + retriever],
                        ..Standing::default()
                    }
                })
                .collect();
            if !has_unit[at] {
                self.signed_ranks(&mut standings);
            }
            let mut one = self.rank(metric, on, standings);
            (one.family, one.has_unit) = (families[at], has_unit[at]);
            one
        });
        self.metrics = finished.collect();
    }

    /// Each retriever against the reference, for each metric and dataset, and the size of each metric's family.
    fn compare(&self, metrics: &[MetricName], all: &[Vec<Columns>]) -> (Compared, Vec<usize>) {
        // A group for each dataset: columns there have equal lengths.
        let mut groups: Vec<Vec<Paired<'_>>> = vec![Vec::new(); self.datasets.len()];
        // Where each comparison belongs; those of points that do not stand for a retriever belong nowhere.
        let mut places: Vec<Vec<Option<(usize, usize)>>> = vec![Vec::new(); self.datasets.len()];
        let mut families = vec![0; metrics.len()];
        for (at, columns) in all.iter().enumerate() {
            for (dataset, Columns { values, reference, others }) in columns.iter().enumerate() {
                let Some(reference) = reference else { continue };
                let against = self.datasets[dataset].found.summary.reference.row();
                let own = self.retrievers.iter().enumerate().filter(|(_, one)| one.rows[dataset] != against);
                let own = own.filter_map(|(i, one)| Some((Some((at, i)), values[i].as_ref()?, !one.is_oracle)));
                for (place, values, competes) in own.chain(others.iter().map(|values| (None, values, true))) {
                    let higher_is_better = metrics[at].higher_is_better();
                    groups[dataset].push(Paired {
                        values,
                        reference,
                        family: competes.then_some(at),
                        higher_is_better,
                    });
                    places[dataset].push(place);
                    families[at] += usize::from(competes);
                }
            }
        }
        let compared = compare_together(&groups.iter().map(Vec::as_slice).collect::<Vec<_>>(), self.seed);
        let mut found = vec![vec![vec![None; self.retrievers.len()]; self.datasets.len()]; metrics.len()];
        for (dataset, (places, compared)) in places.into_iter().zip(compared).enumerate() {
            for (place, comparison) in places.into_iter().zip(compared) {
                if let Some((at, retriever)) = place {
                    found[at][dataset][retriever] = comparison;
                }
            }
        }
        (found, families)
    }

    /// For each metric and retriever, the mean over datasets and the mean difference to the reference.
    fn means(&self, all: &[Vec<Columns>], has_unit: &[bool]) -> (Vec<Option<Estimate>>, Vec<Option<Estimate>>) {
        let difference = |columns: &Columns, retriever: usize| {
            Some(PairedDifferences::new(columns.values[retriever].as_ref()?, columns.reference.as_ref()?))
        };
        let items = || (0..all.len()).flat_map(|at| (0..self.retrievers.len()).map(move |retriever| (at, retriever)));
        // A mean over datasets is one over all of those that have values of the metric.
        let has_all = |at: usize, retriever: usize| {
            !has_unit[at] && all[at].iter().all(|columns| columns.has(retriever) || !columns.has_any())
        };
        let is_compared = |at: usize, retriever: usize| {
            let has_reference = |one: &Columns| one.reference.as_deref().is_some_and(is_defined);
            has_all(at, retriever) && all[at].iter().all(|columns| has_reference(columns) || !columns.has_any())
        };
        let datasets = 0..self.datasets.len();
        let differences: Vec<Vec<Option<PairedDifferences>>> = datasets
            .clone()
            .map(|dataset| items().map(|(at, retriever)| difference(&all[at][dataset], retriever)).collect())
            .collect();
        let values = |dataset: usize| -> Vec<Option<Column<'_>>> {
            let column = |(at, retriever): (usize, usize)| {
                Some(Column::new(all[at][dataset].values[retriever].as_ref().filter(|_| has_all(at, retriever))?))
            };
            items().map(column).collect()
        };
        let gains = |dataset: usize| -> Vec<Option<Column<'_>>> {
            let mut columns = Vec::new();
            for ((at, retriever), difference) in items().zip(&differences[dataset]) {
                columns.push(difference.as_ref().filter(|_| is_compared(at, retriever)).map(PairedDifferences::column));
            }
            columns
        };
        (
            means_over_strata(&datasets.clone().map(values).collect::<Vec<_>>(), self.seed),
            means_over_strata(&datasets.map(gains).collect::<Vec<_>>(), self.seed),
        )
    }

    /// Adds the signed-rank tests on means of datasets.
    fn signed_ranks(&self, standings: &mut [Standing]) {
        let mut family = Vec::new();
        for (i, standing) in standings.iter_mut().enumerate() {
            if self.reference == Some(i) {
                continue;
            }
            let pairs: Vec<&Comparison> = standing.compared().map(|(_, comparison)| comparison).collect();
            let [means, references] = [
                pairs.iter().map(|c| c.mean).collect::<Vec<f64>>(),
                pairs.iter().map(|c| c.reference_mean).collect::<Vec<f64>>(),
            ];
            if pairs.len() > 1 {
                standing.signed_rank = Some(wilcoxon::p_value(&PairedDifferences::new(&means, &references).in_units()));
                family.extend((!self.retrievers[i].is_oracle).then_some(i));
            }
        }
        let p: Vec<f64> = family.iter().filter_map(|&i| standings[i].signed_rank).collect();
        for (i, p) in family.into_iter().zip(holm::adjust(&p)) {
            standings[i].signed_rank_holm = Some(p);
        }
    }

    /// Adds the ranks over datasets.
    fn rank(&self, metric: MetricName, on: Vec<usize>, standings: Vec<Standing>) -> AcrossMetric {
        let is_ranked =
            |&i: &usize| !self.retrievers[i].is_oracle && on.iter().all(|&dataset| standings[i].on[dataset].is_some());
        let ranked: Vec<usize> = (0..standings.len()).filter(is_ranked).collect();
        let column = |&i: &usize| on.iter().filter_map(|&dataset| Some(standings[i].on[dataset]?.mean)).collect();
        let columns: Vec<Vec<f64>> = ranked.iter().map(column).collect();
        let ranking = Ranking::new(&columns, metric.higher_is_better());
        AcrossMetric { metric, on, standings, ranked, ranking, family: 0, has_unit: false }
    }
}

/// How points are chosen: as the experiment says; else by the headline metric on the queries that are reported.
fn choice(datasets: &[OnDataset], by: Option<MetricName>) -> Choice {
    let has_points = |run: &OnDataset| run.found.summary.retrievers().len() < run.found.summary.rows.len();
    if let Some(by) = by {
        return Choice::OtherDatasets(by);
    }
    let tuned = |run: &OnDataset| Some(run.found.metric(run.found.summary.tuning.as_ref()?.by));
    if let Some(by) = datasets.iter().find_map(tuned) {
        return Choice::OtherQueries(by);
    }
    if !datasets.iter().any(has_points) {
        return Choice::None;
    }
    common_headline(datasets).map_or(Choice::None, Choice::SameQueries)
}

/// Of the metrics that all datasets measured, if possible of those without a unit: [`MetricName::of_judgements`]; else that of the
/// best headline rank; else the first.
pub fn common_headline(datasets: &[OnDataset]) -> Option<MetricName> {
    let measured = |metric: &&MetricName| datasets.iter().all(|run| run.found.summary.metrics.contains(metric));
    let has_unit = |metric: &MetricName| {
        datasets.iter().any(|run| metric.has_unit_on(run.found.manifest.dataset.known_distance()))
    };
    let mut all: Vec<MetricName> = datasets.first()?.found.summary.metrics.iter().filter(measured).copied().collect();
    if !all.iter().all(has_unit) {
        all.retain(|metric| !has_unit(metric));
    }
    let ranked = all.iter().filter_map(|metric| Some((metric.headline_rank()?, *metric))).min_by_key(|(rank, _)| *rank);
    let judged = MetricName::of_judgements(&all).map(|at| all[at]);
    judged.or_else(|| ranked.map(|(_, metric)| metric)).or(all.first().copied())
}

/// The chosen trials of a run that chose on some of its queries.
fn tuned(run: &OnDataset) -> Option<Vec<usize>> {
    Some(run.found.summary.tuning.as_ref()?.retrievers.iter().map(|tuned| tuned.row).collect())
}

/// The best trial of each retriever of a run; for that of the reference the reference itself.
fn best(run: &OnDataset, by: MetricName) -> Vec<usize> {
    let at = run.found.summary.metrics.iter().position(|&metric| metric == by);
    at.map_or_else(Vec::new, |at| run.found.representatives(at))
}

/// For each dataset the point of each retriever with the best mean over the other datasets, as a trial of this dataset. Datasets on
/// which no point of it has a value say nothing; only points that have one on all of the others are chosen among, and of equals the
/// first. A retriever with one point needs no choice.
fn on_other_datasets(datasets: &[OnDataset], by: MetricName, names: &[(&str, bool)]) -> Vec<Vec<usize>> {
    let sign = if by.higher_is_better() { 1.0 } else { -1.0 };
    let value = |run: &OnDataset, name: &str, point: &str| {
        let summary = &run.found.summary;
        let row = summary.rows.iter().find(|row| row.retriever == name && row.point == point)?;
        Some(sign * summary.estimate(row, by)?.mean).filter(|value| value.is_finite())
    };
    let chosen = |here: usize, name: &str| {
        let rows = &datasets[here].found.summary.rows;
        let own: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].retriever == name).collect();
        if let [one] = own[..] {
            return Some(one);
        }
        let says = |&other: &usize| {
            other != here && own.iter().any(|&row| value(&datasets[other], name, &rows[row].point).is_some())
        };
        let others: Vec<usize> = (0..datasets.len()).filter(says).collect();
        let mut best: Option<(usize, f64)> = None;
        for row in own {
            let of = |&other: &usize| value(&datasets[other], name, &rows[row].point);
            let values: Option<Vec<f64>> = others.iter().map(of).collect();
            let Some(values) = values.filter(|values| !values.is_empty()) else { continue };
            let value = mean(&values);
            // A difference of rounding alone is no gain.
            if best.is_none_or(|(_, most)| value - ROUNDING * value.abs() > most) {
                best = Some((row, value));
            }
        }
        best.map(|(row, _)| row)
    };
    (0..datasets.len()).map(|here| names.iter().filter_map(|(name, _)| chosen(here, name)).collect()).collect()
}
