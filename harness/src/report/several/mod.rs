//! Several runs on one page: datasets side by side, or versions of one experiment against the first.

mod dots;
mod page;

use super::ReportError;
use super::page::verdict;
use super::plots::{Picture, Plots};
use super::tables::{self, Table, TableCell, TableColumn, TableRow};
use crate::config::measure::{Cost, Measure};
use crate::findings::LoadedRun;
use crate::findings::timing::Rate;
use crate::metrics::MetricName;
use crate::plot::Size;
use crate::plot::format::{cell, cell_or_empty};
use crate::record::output_folder::OutputFolder;
use crate::statistics::{Comparison, Paired, compare};
use crate::{escape, version};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Runs with unique names.
pub struct Several {
    runs: Vec<ComparedRun>,
    changes: Vec<Changes>,
}

/// One of them.
struct ComparedRun {
    name: String,
    folder: PathBuf,
    found: LoadedRun,
}

/// The differences between a run and the first, if both asked the same queries of the same dataset.
struct Changes {
    /// Index of the run.
    run: usize,
    /// The trials that both have.
    trials: Vec<ChangedTrial>,
}

/// A trial that two runs have.
struct ChangedTrial {
    /// Its row in the run.
    row: usize,
    /// Its row in the first run.
    before: usize,
    /// Its difference in each shared metric; `None` where the two cannot be compared.
    compared: Vec<Option<Comparison>>,
}

/// A trial's values of a metric; `None` where it was not measured.
fn column(found: &LoadedRun, row: usize, metric: MetricName) -> Option<&[f64]> {
    let at = found.summary.metrics.iter().position(|&other| other == metric)?;
    Some(&found.results.trials[row].metrics[at])
}

impl Several {
    /// Names the runs by their experiments, or if these names are not unique by their folders, and compares runs that asked
    /// the same queries.
    pub fn new(runs: Vec<(PathBuf, LoadedRun)>) -> Self {
        let experiment = |found: &LoadedRun| found.manifest.experiment.name().to_owned();
        let last =
            |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ways: [Vec<String>; 3] = [
            runs.iter().map(|(_, found)| experiment(found)).collect(),
            runs.iter().map(|(folder, _)| last(folder)).collect(),
            runs.iter().map(|(folder, _)| folder.display().to_string()).collect(),
        ];
        let differ = |names: &&Vec<String>| {
            let mut sorted = (*names).clone();
            sorted.sort_unstable();
            sorted.windows(2).all(|pair| pair[0] != pair[1]) && !sorted.iter().any(String::is_empty)
        };
        let names = ways.iter().find(differ).unwrap_or(&ways[2]).clone();
        let runs: Vec<ComparedRun> =
            runs.into_iter().zip(names).map(|((folder, found), name)| ComparedRun { name, folder, found }).collect();
        let mut several = Self { runs, changes: Vec::new() };
        several.changes = (1..several.runs.len()).filter_map(|run| several.changes_of(run)).collect();
        several
    }

    /// Metrics that all runs measured, in the order of the first.
    fn metrics(&self) -> Vec<MetricName> {
        let all = |metric: &MetricName| self.runs.iter().all(|run| run.found.summary.metrics.contains(metric));
        self.runs.first().map_or_else(Vec::new, |run| run.found.summary.metrics.iter().copied().filter(all).collect())
    }

    /// The first run's headline metric if all runs measured it, otherwise the first metric that all measured.
    fn headline(&self) -> Option<MetricName> {
        let metrics = self.metrics();
        let own = self.runs.first().and_then(|run| Some(run.found.metric(run.found.headline()?)));
        own.filter(|metric| metrics.contains(metric)).or(metrics.first().copied())
    }

    /// Names of retrievers, each once.
    fn retrievers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.runs.iter().flat_map(|run| run.found.summary.retrievers()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn changes_of(&self, run: usize) -> Option<Changes> {
        let (first, other) = (&self.runs[0].found, &self.runs[run].found);
        let asked = |found: &LoadedRun| {
            let trial = found.results.trials.first()?;
            Some((found.manifest.dataset.sha256.clone(), trial.k, trial.query_ids.clone()))
        };
        if asked(first)? != asked(other)? {
            return None;
        }
        let metrics = self.metrics();
        let rows = |found: &LoadedRun| {
            found.summary.rows.iter().map(crate::findings::summary::TrialRow::label).collect::<Vec<_>>()
        };
        let (before, after) = (rows(first), rows(other));
        let shared =
            after.iter().enumerate().filter_map(|(i, label)| Some((i, before.iter().position(|b| b == label)?)));
        let shared: Vec<(usize, usize)> = shared.collect();
        // `None` for what cannot be compared.
        let paired = |&(i, j): &(usize, usize)| {
            metrics.iter().enumerate().map(move |(family, &metric)| {
                let (own, its) = (&other.results.trials[i], &first.results.trials[j]);
                let is_comparable = own.is_comparable(its, metric);
                let columns = column(other, i, metric).zip(column(first, j, metric)).filter(|_| is_comparable);
                let higher_is_better = metric.higher_is_better();
                columns.map(|(values, reference)| Paired { values, reference, family: Some(family), higher_is_better })
            })
        };
        let pairs: Vec<Option<Paired<'_>>> = shared.iter().flat_map(paired).collect();
        let mut found = compare(&pairs.iter().flatten().copied().collect::<Vec<_>>(), first.results.seed).into_iter();
        let compared: Vec<_> = pairs.iter().map(|pair| pair.as_ref().and_then(|_| found.next()?)).collect();
        let trials = shared.iter().zip(compared.chunks(metrics.len().max(1)));
        let trial = |(&(row, before), compared): (&(usize, usize), &[Option<Comparison>])| ChangedTrial {
            row,
            before,
            compared: compared.to_vec(),
        };
        let trials: Vec<ChangedTrial> = trials.map(trial).collect();
        (!trials.is_empty()).then_some(Changes { run, trials })
    }

    /// The repeat that queries per second come from: the best for all runs if any of them is imported.
    fn rate(&self) -> Rate {
        let is_best = self.runs.iter().any(|run| run.found.summary.rate == Rate::Best);
        if is_best { Rate::Best } else { Rate::Median }
    }

    /// The verdict in plain words: each run's first sentence, then sentences on all runs.
    pub fn verdict(&self) -> Vec<String> {
        let of = |run: &ComparedRun| Some(format!("{}: {}", run.name, verdict(&run.found).into_iter().next()?));
        let mut sentences = self.cautions();
        sentences.extend(self.runs.iter().filter_map(of));
        sentences.extend(self.best_of_all());
        sentences.extend(self.changes.iter().map(|changes| self.change(changes)));
        sentences.extend(self.rate().caution().map(str::to_owned));
        sentences
    }

    /// What to say of runs of another version of swath than the first.
    fn cautions(&self) -> Vec<String> {
        let of = |pair: &[ComparedRun]| {
            let versions = [0, 1].map(|i| pair[i].found.manifest.swath.as_str());
            let what = version::differs(versions[0], versions[1])?;
            Some(format!("Caution: from {} to {} {what}.", pair[0].name, pair[1].name))
        };
        self.runs.windows(2).filter_map(of).collect()
    }

    /// The sentence on the retriever with the best mean rank over all runs.
    fn best_of_all(&self) -> Option<String> {
        let metric = self.headline()?;
        let competes = |run: &ComparedRun, name: &str| {
            !run.found.summary.rows.iter().any(|row| row.retriever == name && row.is_oracle)
        };
        let in_all =
            |name: &&str| self.runs.iter().all(|run| self.mean(run, name, metric).is_some() && competes(run, name));
        let names: Vec<&str> = self.retrievers().into_iter().filter(in_all).collect();
        if names.len() < 2 || self.runs.len() < 2 {
            return None;
        }
        let sign = if metric.higher_is_better() { 1.0 } else { -1.0 };
        let rank = |name: &str| {
            let in_run = |run: &ComparedRun| {
                let own = self.mean(run, name, metric).unwrap_or(f64::NAN);
                let better = |other: &&str| self.mean(run, other, metric).is_some_and(|mean| sign * (mean - own) > 0.0);
                1.0 + names.iter().filter(|other| better(other)).count() as f64
            };
            self.runs.iter().map(in_run).sum::<f64>() / self.runs.len() as f64
        };
        let ranks: Vec<f64> = names.iter().map(|name| rank(name)).collect();
        let (of, least) = best_rank(&names, &ranks)?;
        Some(format!(
            "The best mean rank in {} of the {} retrievers that {} have {of} ({least:.2}; 1 is first in every run).",
            metric.name(),
            names.len(),
            if self.runs.len() == 2 { "both runs".to_owned() } else { format!("all {} runs", self.runs.len()) },
        ))
    }

    fn change(&self, changes: &Changes) -> String {
        let metrics = self.metrics();
        let (mut better, mut worse, mut all) = (0, 0, 0);
        for ChangedTrial { compared, .. } in &changes.trials {
            for (comparison, metric) in compared.iter().zip(&metrics).filter_map(|(c, m)| Some((c.as_ref()?, m))) {
                all += 1;
                if comparison.significant() == Some(true) {
                    let gains = (comparison.difference.mean > 0.0) == metric.higher_is_better();
                    (better, worse) = (better + usize::from(gains), worse + usize::from(!gains));
                }
            }
        }
        let (first, other) = (&self.runs[0], &self.runs[changes.run]);
        let rate = |found: &LoadedRun, row: usize| self.rate().of(&found.summary.rows[row].timing);
        let mut ratios: Vec<f64> = changes
            .trials
            .iter()
            .map(|trial| rate(&other.found, trial.row) / rate(&first.found, trial.before))
            .filter(|r| r.is_finite())
            .collect();
        let timed = ratios.len();
        let speed = if timed == 0 {
            String::new()
        } else {
            let ratio = swath_algorithms::kernel::median(&mut ratios);
            // Lists from files have no times of a search.
            let trials = if timed < changes.trials.len() { "Its timed trials" } else { "Its trials" };
            format!(" {trials} answer {ratio:.2} times as many queries per second (median).")
        };
        format!(
            "Comparing {} with {} over the same queries gives {all} differences ({} trials, {} metrics): {better} are significantly \
             better and {worse} significantly worse.{speed}",
            other.name,
            first.name,
            changes.trials.len(),
            metrics.len()
        )
    }

    /// The row that represents a retriever in a run.
    fn row(run: &ComparedRun, retriever: &str) -> Option<usize> {
        let representatives = run.found.representatives(run.found.headline()?);
        representatives.into_iter().find(|&row| run.found.summary.rows[row].retriever == retriever)
    }

    fn mean(&self, run: &ComparedRun, retriever: &str, metric: MetricName) -> Option<f64> {
        let estimate = run.found.measured(Measure::Metric(metric), Self::row(run, retriever)?)?;
        debug_assert!(self.runs.iter().any(|other| std::ptr::eq(other, run)));
        Some(estimate.mean)
    }

    /// Writes `several.csv`, `changes.csv`, tables, figures and the page. Returns a note on characters that no figure can show.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn write(&self, out: &OutputFolder) -> Result<Option<String>, ReportError> {
        out.write("several.csv", &self.csv()?)?;
        out.write("changes.csv", &self.changes_csv()?)?;
        let mut plots = Plots::new(out, &[Size::Column]);
        let mut pictures = Vec::new();
        for metric in self.metrics() {
            let name = metric.file_name();
            tables::write_one(out, &name, &self.table(metric))?;
            let dots = dots::Dots { several: self, metric };
            let (name, caption) = (format!("several-{name}"), dots.caption());
            pictures.push(Picture { name, caption, draw: Box::new(move |size| dots.draw(size)) });
        }
        plots.draw(&pictures)?;
        let lacking = plots.lacking();
        out.write("index.html", self.page(out.path(), &plots.finish()?).as_bytes())?;
        Ok(lacking)
    }

    /// A row for each trial of each run: means with intervals of all metrics that any measured, and costs.
    fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut metrics: Vec<MetricName> = Vec::new();
        for &metric in self.runs.iter().flat_map(|run| &run.found.summary.metrics) {
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut header: Vec<String> =
            ["run", "dataset", "k", "queries", "retriever", "point"].map(str::to_owned).to_vec();
        header
            .extend(metrics.iter().flat_map(|metric| ["", "_lo", "_hi"].map(|end| format!("{}{end}", metric.name()))));
        header.extend(Cost::ALL.iter().map(|cost| cost.column().to_owned()));
        table.write_record(header)?;
        for run in &self.runs {
            for (i, row) in run.found.summary.rows.iter().enumerate() {
                let text = |text: &String| escape::csv(text).into_owned();
                let mut cells = vec![text(&run.name), text(&run.found.manifest.dataset.name)];
                cells.extend([row.k.to_string(), row.queries.to_string(), text(&row.retriever), text(&row.point)]);
                for &metric in &metrics {
                    let estimate = run.found.measured(Measure::Metric(metric), i);
                    cells.extend(estimate.map_or_else(Default::default, |e| [e.mean, e.lo, e.hi].map(cell)));
                }
                cells.extend(Cost::ALL.iter().map(|&cost| cell_or_empty(row.cost(cost))));
                table.write_record(cells)?;
            }
        }
        table.into_inner().map_err(|error| error.into_error().into())
    }

    /// A row for each paired difference between a run and the first.
    fn changes_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record([
            "run",
            "against",
            "retriever",
            "point",
            "metric",
            "n",
            "before",
            "after",
            "difference",
            "difference_lo",
            "difference_hi",
            "p_permutation",
            "p_holm",
            "d_z",
        ])?;
        let metrics = self.metrics();
        for changes in &self.changes {
            let (first, run) = (&self.runs[0], &self.runs[changes.run]);
            for ChangedTrial { row, compared, .. } in &changes.trials {
                let row = &run.found.summary.rows[*row];
                for (metric, c) in metrics.iter().zip(compared).filter_map(|(m, c)| Some((m, c.as_ref()?))) {
                    let texts = [&run.name, &first.name, &row.retriever, &row.point];
                    let mut cells = texts.map(|text| escape::csv(text).into_owned()).to_vec();
                    cells.extend([metric.name().to_owned(), c.n.to_string()]);
                    let numbers = [c.reference_mean, c.mean, c.difference.mean, c.difference.lo, c.difference.hi];
                    cells.extend(numbers.map(cell));
                    cells.extend([Some(c.p_permutation), c.p_holm, Some(c.d_z)].map(cell_or_empty));
                    table.write_record(cells)?;
                }
            }
        }
        table.into_inner().map_err(|error| error.into_error().into())
    }

    /// Retrievers by runs in one metric.
    fn table(&self, metric: MetricName) -> Table {
        let estimate =
            |run: &ComparedRun, name: &str| run.found.measured(Measure::Metric(metric), Self::row(run, name)?);
        let names = self.retrievers();
        let column = |run: &ComparedRun| {
            let estimates: Vec<_> = names.iter().map(|name| estimate(run, name)).collect();
            TableColumn { title: run.name.clone(), ..TableColumn::metric(metric, estimates.iter().map(Option::as_ref)) }
        };
        let row = |&name: &&str| {
            let is_oracle =
                |run: &ComparedRun| run.found.summary.rows.iter().any(|row| row.retriever == name && row.is_oracle);
            let cell = |run: &ComparedRun| {
                let (Some(row), Some(estimate)) = (Self::row(run, name), estimate(run, name)) else {
                    return TableCell::Empty;
                };
                let at = run.found.summary.metrics.iter().position(|&other| other == metric);
                let difference = run.found.summary.differences.iter().find(|d| d.row == row && Some(d.metric) == at);
                TableCell::Number(estimate.mean, tables::stars(difference.map(|difference| &difference.comparison)))
            };
            TableRow {
                label: name.to_owned(),
                is_oracle: self.runs.iter().any(is_oracle),
                cells: self.runs.iter().map(cell).collect(),
            }
        };
        let caption = format!(
            "Mean {} of each retriever at its best point, one column per run. Stars: differs from the run's reference at \
             p < 0.05, 0.01, 0.001 (sign-flip permutation test over queries, Holm-corrected over the run's trials).",
            metric.name()
        );
        let remarks = self.runs.iter().flat_map(|run| {
            let at = run.found.summary.metrics.iter().position(|&other| other == metric);
            run.found.remarks(at, false).into_iter().map(|remark| format!(" {}: {remark}", run.name))
        });
        let caption = remarks.fold(caption, |caption, remark| caption + &remark);
        let columns = self.runs.iter().map(column).collect();
        Table { caption, corner: "retriever", columns, rows: names.iter().map(row).collect() }
    }

    /// The number of runs of each dataset.
    fn datasets(&self) -> BTreeMap<&str, usize> {
        let mut datasets = BTreeMap::new();
        for run in &self.runs {
            *datasets.entry(run.found.manifest.dataset.name.as_str()).or_default() += 1;
        }
        datasets
    }
}

/// Which of them have the least rank, as the end of a sentence, and that rank.
fn best_rank(names: &[&str], ranks: &[f64]) -> Option<(String, f64)> {
    let least = ranks.iter().copied().reduce(f64::min)?;
    // Ranks are counts over the number of runs: those of retrievers that are as good are the same number.
    let best: Vec<&str> = names.iter().zip(ranks).filter(|&(_, &rank)| rank == least).map(|(&name, _)| name).collect();
    let of = match best.split_last()? {
        (last, []) => format!("is that of {last}"),
        (last, others) => format!("is shared by {} and {last}", others.join(", ")),
    };
    Some((of, least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_have_the_best_rank_are_named() {
        let names = ["exact", "hnsw", "ivf"];
        let said = |ranks: [f64; 3]| best_rank(&names, &ranks).expect("three");
        assert_eq!(said([2.0, 1.5, 2.5]), ("is that of hnsw".into(), 1.5));
        assert_eq!(said([1.5, 3.0, 1.5]), ("is shared by exact and ivf".into(), 1.5));
        assert_eq!(said([1.0; 3]), ("is shared by exact, hnsw and ivf".into(), 1.0));
        assert_eq!(best_rank(&[], &[]), None);
    }
}
