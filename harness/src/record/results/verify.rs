//! Compares a trial's file with the dataset, before the trial is used again.

use super::ResultsError;
use super::check::Context;
use super::read::{TrialContent, lacking, read_trial};
use super::within::RecallWithin;
use crate::metrics::MetricName;
use crate::record::folder::trial_path;
use std::path::Path;
use swath_algorithms::{Base, Query};
use swath_datasets::{Dataset, bounded};

/// A stored distance may be this far from the one that is computed again, absolutely and relatively: other processors round
/// differently.
const SLACK: (f64, f64) = (1e-6, 1e-5);

/// What a trial was asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Results per query.
    pub k: usize,
    /// Rows of the dataset's queries.
    pub queries: &'a [usize],
    /// The metrics by which it is judged.
    pub metrics: &'a [MetricName],
}

/// Checks a trial's file against the dataset:
///
/// 1. it answered these queries,
/// 2. its distances are those of the vectors,
/// 3. its recalls were judged by the dataset's true neighbours.
///
/// If there is no file, nothing is wrong.
///
/// # Errors
/// What is wrong with the file.
pub fn verify(
    folder: &Path,
    id: &str,
    asked: Question<'_>,
    base: &Base,
    dataset: &Dataset,
) -> Result<(), ResultsError> {
    let path = trial_path(folder, id);
    if !path.exists() {
        return Ok(());
    }
    let context = Context { rows: Some(base.len()), queries: Some(dataset.test.len()), ..Context::default() };
    // Refuses a pipe, which reading would wait for.
    bounded::open(&path).map_err(|source| ResultsError::Io { path: path.clone(), source })?;
    // Only the metrics that it has: it may have been judged by others.
    let lacks = lacking(folder, id, asked.metrics);
    let has = asked.metrics.iter().copied().filter(|metric| lacks.iter().all(|name| name != metric.name()));
    let has: Vec<MetricName> = has.collect();
    let content = read_trial(folder, id, &has, context)?;
    let malformed = |what: String| ResultsError::Malformed { path: path.clone(), what };
    let trial = &content.trial;
    if trial.query_ids != asked.queries || trial.k != asked.k {
        return Err(malformed("it answered other queries, or with another k".into()));
    }
    verify_distances(&content, base, dataset).map_err(malformed)?;
    for expected in RecallWithin::all(&has, trial.k, &trial.query_ids, &dataset.neighbors) {
        let name = expected.metric.name();
        let stored = content.within.iter().find(|stored| stored.metric == name);
        if !stored.is_some_and(|stored| expected.is(stored)) {
            return Err(malformed(format!("`{name}` was judged by other true neighbours than the dataset has")));
        }
    }
    Ok(())
}

/// Compares the stored distances with those of the vectors.
fn verify_distances(content: &TrialContent, base: &Base, dataset: &Dataset) -> Result<(), String> {
    let TrialContent { trial, distances, .. } = content;
    for (i, &query) in trial.query_ids.iter().enumerate() {
        let of = Query::row(&dataset.test, query);
        for at in i * trial.k..(i + 1) * trial.k {
            let Ok(id) = u32::try_from(trial.returned[at]) else { continue };
            let (stored, computed) = (f64::from(distances[at]), base.distance_to(of, id));
            // A distance beyond `f32` is stored as infinite.
            let is_same =
                stored == f64::from(computed as f32) || (stored - computed).abs() <= SLACK.0 + SLACK.1 * computed.abs();
            if !is_same {
                return Err(format!("query {query}: the distance of vector {id} is {computed}, and not {stored}"));
            }
        }
    }
    Ok(())
}
