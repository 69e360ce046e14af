//! Everything that a run left in its folder, with the statistics derived from it.

use crate::config::Failure;
use crate::findings::summary::Summary;
use crate::metrics::MetricName;
use crate::plot::Marker;
use crate::record::coarse::Coarse;
use crate::record::excerpt::Excerpt;
use crate::record::manifest::Manifest;
use crate::record::results::{self, Results, ResultsError};
use crate::statistics::Estimate;
use std::path::Path;

/// Everything that a run left in its folder, with the statistics derived from it.
#[derive(Debug)]
pub struct LoadedRun {
    /// The statistics.
    pub summary: Summary,
    /// The per-query values of every trial.
    pub results: Results,
    /// The circumstances of the run.
    pub manifest: Manifest,
    /// Single queries to look into; runs of earlier versions and imported runs have none.
    pub excerpt: Option<Excerpt>,
}

impl LoadedRun {
    /// The headline metric of the experiment: the metric that points were chosen by; else [`MetricName::of_judgements`]; else the
    /// first measured one of a list of metrics of breadth; else the first that does not depend on the pool; else the first.
    pub fn headline(&self) -> Option<usize> {
        let tuned_by = self.summary.tuning.as_ref().map(|tuning| tuning.by);
        let ranked =
            self.summary.metrics.iter().enumerate().filter_map(|(at, metric)| Some((metric.headline_rank()?, at)));
        let any = || self.summary.metrics.iter().position(|metric| !metric.params().depends_on_pool());
        let first = (!self.summary.metrics.is_empty()).then_some(0);
        let judged = || MetricName::of_judgements(&self.summary.metrics);
        tuned_by.or_else(judged).or_else(|| ranked.min().map(|(_, at)| at)).or_else(any).or(first)
    }

    /// The trial that represents each retriever: its chosen point if points were chosen; else the reference, for the retriever
    /// of the reference; else its best trial in `metric`.
    pub fn representatives(&self, metric: usize) -> Vec<usize> {
        let summary = &self.summary;
        if let Some(tuning) = &summary.tuning {
            return tuning.retrievers.iter().map(|tuned| tuned.row).collect();
        }
        let sign = if summary.metrics[metric].higher_is_better() { 1.0 } else { -1.0 };
        let value = |row: usize| summary.rows[row].estimates[metric].map_or(f64::NEG_INFINITY, |e| sign * e.mean);
        let of = |name: &str| -> Option<usize> {
            let reference = summary.reference.row().filter(|&row| summary.rows[row].retriever == name);
            if reference.is_some() {
                return reference;
            }
            let own = (0..summary.rows.len()).filter(|&row| summary.rows[row].retriever == name);
            own.max_by(|&a, &b| value(a).total_cmp(&value(b)).then(b.cmp(&a)))
        };
        summary.retrievers().into_iter().filter_map(of).collect()
    }

    /// Remarks that a reader of these metrics' means needs: the number of queries if not all, and whether recall says little.
    /// With `tuned` they are on the means of chosen points over the queries for reporting.
    pub fn remarks(&self, metrics: impl IntoIterator<Item = usize>, tuned: bool) -> Vec<String> {
        let summary = &self.summary;
        let of = |metric: usize| {
            let partial = match summary.tuning.as_ref().filter(|_| tuned) {
                Some(tuning) => tuning.partial(&summary.metrics, metric),
                None => summary.partial(metric),
            };
            let name = summary.metrics[metric].name();
            let coarse = self.manifest.coarse.iter().find(|coarse| coarse.metric == name).map(Coarse::remark);
            partial.into_iter().chain(coarse)
        };
        metrics.into_iter().flat_map(of).collect()
    }

    /// Remarks on all metrics and on trials that are not compared, as sentences to append to a caption.
    pub fn remarks_on_all(&self, tuned: bool) -> String {
        let remarks = self.remarks(0..self.summary.metrics.len(), tuned);
        remarks.into_iter().chain(self.summary.left_out()).fold(String::new(), |text, remark| text + " " + &remark)
    }

    /// Positions of the queries on which chosen points are reported; `None` if no points were chosen.
    pub fn reported(&self) -> Option<Vec<usize>> {
        let parting = self.results.parting.as_ref().filter(|_| self.summary.tuning.is_some())?;
        let queries = self.results.trials.first()?.query_ids.len();
        Some(parting.part(queries, self.results.seed).1)
    }

    /// The marker of a trial's retriever.
    pub fn marker(&self, row: usize) -> Marker {
        self.summary.marker(row)
    }

    /// The metric at an index.
    pub fn metric(&self, metric: usize) -> MetricName {
        self.summary.metrics[metric]
    }

    /// A trial's estimate of a metric.
    pub fn estimate(&self, row: usize, metric: usize) -> Option<Estimate> {
        self.summary.rows[row].estimates.get(metric).copied().flatten()
    }
}

/// Reads the results of a run from its folder. `LoadedRun` is `None` if no trial succeeded.
///
/// # Errors
/// [`Failure::Input`] if the folder has no readable results.
pub fn load(folder: &Path) -> Result<(Option<LoadedRun>, Manifest), Failure> {
    let unreadable = |error: ResultsError| Failure::Input(error.to_string());
    let (manifest, results) = results::read(folder).map_err(unreadable)?;
    let excerpt = Excerpt::read(folder).map_err(unreadable)?;
    let asked = results.trials.first().map_or(&[][..], |trial| &trial.query_ids);
    if let Some(shown) =
        excerpt.iter().flat_map(|excerpt| &excerpt.queries).find(|q| asked.get(q.position) != Some(&q.row))
        && !asked.is_empty()
    {
        let message =
            format!("{}: the excerpt shows query {} in a place where it was not asked", folder.display(), shown.row);
        return Err(Failure::Input(message + "\n  run it again, or remove its excerpt"));
    }
    let summary = Summary::new(&results);
    let found = summary.map(|summary| LoadedRun { summary, results, manifest: manifest.clone(), excerpt });
    Ok((found, manifest))
}
