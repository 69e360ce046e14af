//! Writes the files of trials that were run here.

use crate::plan::{Plan, Trial};
use crate::record::Outcome;
use crate::record::folder::trial_path;
use crate::record::results::{RecallWithin, ResultsError, TrialHeader, best_search_time, write_outcome};
use std::path::Path;
use swath_datasets::Dataset;

/// Writes the file of a trial that was run here, on a dataset of that name.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_trial(
    folder: &Path,
    plan: &Plan,
    trial: &Trial,
    names: (&str, &Dataset),
    outcome: &Outcome,
) -> Result<(), ResultsError> {
    write_trial_to(&trial_path(folder, &trial.id), plan, trial, names, outcome)
}

/// Writes the file of a trial as [`write_trial`] does, to this path.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_trial_to(
    path: &Path,
    plan: &Plan,
    trial: &Trial,
    (name, dataset): (&str, &Dataset),
    outcome: &Outcome,
) -> Result<(), ResultsError> {
    let k = plan.experiment.k.size();
    let within = RecallWithin::all(&plan.metrics, k, &plan.queries, &dataset.neighbors);
    let params = trial.params();
    let header = TrialHeader {
        id: &trial.id,
        retriever: trial.retriever.name.as_str(),
        algo: trial.retriever.name.as_str(),
        point: &trial.point,
        params: params.text(),
        dataset: name,
        distance: dataset.distance.name(),
        k,
        mode: plan.experiment.mode,
        query_ids: &plan.queries,
        metrics: &plan.metrics,
        best_search_seconds: best_search_time(&outcome.repeats, plan.queries.len()),
        rows: dataset.train.rows(),
        within: &within,
    };
    write_outcome(path, &header, outcome)
}
