//! Writes the files of trials that were run here.

use crate::plan::{Prepared, Trial};
use crate::record::Outcome;
use crate::record::folder::trial_path;
use crate::record::results::{RecallWithin, ResultsError, TrialHeader, best_search_time, write_outcome};
use std::path::Path;

/// Writes a trial's file below `folder`, under the name that its id gives it.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_trial(folder: &Path, prepared: &Prepared, trial: &Trial, outcome: &Outcome) -> Result<(), ResultsError> {
    write_trial_to(&trial_path(folder, &trial.id), prepared, trial, outcome)
}

/// Writes a trial's file to `path`.
///
/// # Errors
/// [`ResultsError::Trial`].
pub fn write_trial_to(path: &Path, prepared: &Prepared, trial: &Trial, outcome: &Outcome) -> Result<(), ResultsError> {
    let (plan, dataset) = (&prepared.plan, &prepared.dataset);
    let k = plan.experiment.k.size();
    let within = RecallWithin::all(&plan.metrics, k, &plan.queries, &dataset.neighbors);
    let params = trial.params();
    let header = TrialHeader {
        id: &trial.id,
        retriever: trial.retriever.name.as_str(),
        algo: trial.retriever.name.as_str(),
        point: &trial.point,
        params: params.text(),
        dataset: &prepared.dataset_name,
        distance: dataset.distance.name(),
        k,
        mode: plan.experiment.mode,
        query_ids: &plan.queries,
        metrics: &plan.metrics,
        best_search_seconds: best_search_time(&outcome.repeats, plan.queries.len()),
        rows: dataset.train.len(),
        within: &within,
    };
    write_outcome(path, &header, outcome)
}
