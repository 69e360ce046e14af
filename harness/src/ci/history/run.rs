//! A run to add to a history.

use super::{HistoryRow, RELATIVE_TIME};
use crate::config::Failure;
use crate::config::measure::Cost;
use crate::findings::summary::{Summary, TrialRow as Trial};
use crate::findings::timing::Rate;
use crate::metrics::MetricName;
use crate::record::folder::CellKind;
use crate::record::manifest::Manifest;
use crate::statistics::Estimate;
use crate::{findings, version};
use std::path::Path;

/// A run to add to a history.
pub struct AddedRun {
    summary: Summary,
    manifest: Manifest,
}

/// A measure of a trial.
struct Measurement {
    measure: String,
    value: f64,
    /// Ends of the interval, if the measure has one.
    interval: Option<(f64, f64)>,
}

impl Measurement {
    /// A measure without an interval.
    fn new(measure: &str, value: f64) -> Self {
        Self { measure: measure.to_owned(), value, interval: None }
    }
}

impl AddedRun {
    /// Reads a run from its folder.
    ///
    /// # Errors
    /// [`Failure::Input`] if the folder has no run, or no trial succeeded.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        if let Some(kind) = CellKind::of(folder) {
            let what = kind.words();
            let message = format!("{shown} is the folder of {what}; add its runs, which are folders in it");
            return Err(Failure::Input(message));
        }
        let (found, manifest) = findings::load(folder)?;
        let nothing = || Failure::Input(format!("no trial of {shown} succeeded, so there is nothing to add"));
        Ok(Self { summary: found.ok_or_else(nothing)?.summary, manifest })
    }

    /// The experiment's name.
    pub(super) fn experiment(&self) -> &str {
        self.manifest.experiment.name()
    }

    /// The version of swath that ran it.
    pub(super) fn version(&self) -> &str {
        &self.manifest.swath
    }

    /// When the run ended.
    pub fn finished(&self) -> &str {
        &self.manifest.finished
    }

    /// A note if the reference failed, because times are relative to it.
    pub fn lacks(&self) -> Option<String> {
        let failure = self.summary.reference.failure()?;
        Some(format!("{failure} This run has no {RELATIVE_TIME}."))
    }

    /// A caution if another version of swath made the run.
    pub fn caution(&self) -> Option<String> {
        let what = version::differs(&self.manifest.swath, version::THIS)?;
        Some(format!(
            "another version of swath made this run; its means and times are computed by this version: {what}"
        ))
    }

    /// Its rows in a history.
    pub(super) fn rows(&self, commit: &str, time: &str) -> Vec<HistoryRow> {
        let experiment = self.experiment();
        let of = |trial: &Trial| {
            let row = |of: Measurement| HistoryRow {
                time: time.to_owned(),
                commit: commit.to_owned(),
                swath: self.manifest.swath.clone(),
                experiment: experiment.to_owned(),
                dataset: self.manifest.dataset.name.clone(),
                retriever: trial.retriever.clone(),
                point: trial.point.clone(),
                trial: trial.trial.clone(),
                measure: of.measure,
                value: of.value,
                interval: of.interval,
            };
            self.measures(trial).into_iter().filter(|of| of.value.is_finite()).map(row).collect::<Vec<_>>()
        };
        self.summary.rows.iter().flat_map(of).collect()
    }

    /// The measures of a trial.
    fn measures(&self, trial: &Trial) -> Vec<Measurement> {
        let metrics = self.summary.metrics.iter().zip(&trial.estimates);
        let metric = |(metric, estimate): (&MetricName, &Option<_>)| {
            let estimate: Estimate = (*estimate)?;
            Some(Measurement {
                measure: metric.name().to_owned(),
                value: estimate.mean,
                interval: Some((estimate.lo, estimate.hi)),
            })
        };
        let mut measures: Vec<_> = metrics.filter_map(metric).collect();
        // It may be among the metrics already.
        if self.summary.metrics.iter().all(|metric| metric.name() != "evaluations") {
            measures.push(Measurement::new("evaluations", trial.evaluations.iter().sum()));
        }
        let cost = |cost: Cost| Some(Measurement::new(cost.column(), trial.cost(cost)?));
        let rate = self.summary.rate;
        // Of the two rates, only the one that trials are compared by.
        let others = [Rate::Median, Rate::Best].into_iter().filter(|other| *other != rate).map(Rate::column);
        let others: Vec<&str> = others.collect();
        measures.extend(Cost::ALL.into_iter().filter(|cost| !others.contains(&cost.column())).filter_map(cost));
        let qps = |row: &Trial| rate.of(&row.timing);
        let reference = self.summary.reference.row().map(|row| &self.summary.rows[row]);
        let relative = reference.map(|reference| Measurement::new(RELATIVE_TIME, qps(reference) / qps(trial)));
        // Lists from files are found at no cost.
        let has_time = |row: &Trial| !row.params.is_listed();
        measures.extend(relative.filter(|_| has_time(trial) && reference.is_some_and(has_time)));
        measures
    }
}
