//! Checks of a trial's file before anything is made of it: it may be damaged, or made to mislead.

use super::read::TrialContent;
use super::trial::TrialResult;
use super::within::StoredWithin;
use crate::metrics::{MetricName, Within};
use crate::record::MISSING;
use std::collections::HashSet;

/// What is known of a trial apart from its file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    /// Base vectors of the dataset.
    pub rows: Option<usize>,
    /// Its queries.
    pub queries: Option<usize>,
    /// Whether it was timed elsewhere, so that not all of its times are here.
    pub is_imported: bool,
    /// Whether it was written by a version that wrote no hash.
    pub may_lack_hash: bool,
}

/// Whether a value can be a time, or another count with a fraction.
fn is_count(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// Checks what a file holds.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(content: &TrialContent, metrics: &[MetricName], context: Context) -> Result<(), String> {
    let TrialContent { trial, distances, within } = content;
    check_queries(trial, context.queries)?;
    let rows = context.rows.unwrap_or(i32::MAX as usize);
    for (i, (ids, distances)) in trial.returned.chunks(trial.k).zip(distances.chunks(trial.k)).enumerate() {
        check_returned(ids, distances, rows)
            .map_err(|what| format!("query {} (row {i}): {what}", trial.query_ids[i]))?;
    }
    for (metric, values) in metrics.iter().zip(&trial.metrics) {
        if let Some(i) = values.iter().position(|&value| !metric.can_be(value, trial.k)) {
            let range = metric.about().range;
            return Err(format!("`swath/{}`, row {i}: {} cannot be; its range is {range}", metric.name(), values[i]));
        }
    }
    for within in within {
        let values = metrics.iter().position(|metric| metric.name() == within.metric).map(|at| &trial.metrics[at]);
        let Some(values) = values else { continue };
        check_recall(trial, distances, within, values)?;
    }
    check_times(trial, context.is_imported)
}

/// Every query is one of the dataset's, and is asked once.
fn check_queries(trial: &TrialResult, queries: Option<usize>) -> Result<(), String> {
    let mut asked = HashSet::new();
    for (i, &query) in trial.query_ids.iter().enumerate() {
        if queries.is_some_and(|queries| query >= queries) || query > i32::MAX as usize {
            return Err(format!("`swath/query_ids`, row {i}: the dataset has no query {query}"));
        }
        if !asked.insert(query) {
            return Err(format!("`swath/query_ids`, row {i}: query {query} is there twice"));
        }
    }
    Ok(())
}

/// Every id is one of the dataset's, is returned once and has a distance. Missing ones stand at the end.
fn check_returned(ids: &[i32], distances: &[f32], rows: usize) -> Result<(), String> {
    for (i, (&id, &distance)) in ids.iter().zip(distances).enumerate() {
        if id == MISSING {
            if ids[i..].iter().any(|&id| id != MISSING) || distance != f32::INFINITY {
                return Err(format!("`neighbors`, column {i}: what is missing stands last, at an infinite distance"));
            }
            continue;
        }
        if usize::try_from(id).map_or(true, |id| id >= rows) {
            return Err(format!("`neighbors`, column {i}: there is no vector {id} among {rows}"));
        }
        if ids[..i].contains(&id) {
            return Err(format!("`neighbors`, column {i}: vector {id} is there twice"));
        }
        if distance.is_nan() || distance == f32::NEG_INFINITY {
            return Err(format!("`distances`, column {i}: {distance} is no distance"));
        }
    }
    Ok(())
}

/// The values of a recall follow from the returned distances.
fn check_recall(trial: &TrialResult, distances: &[f32], stored: &StoredWithin, values: &[f64]) -> Result<(), String> {
    let cut = MetricName::find(&stored.metric).and_then(MetricName::cut).map_or(trial.k, |cut| cut.min(trial.k));
    let lists = trial.returned.chunks(trial.k).zip(distances.chunks(trial.k));
    for (i, ((ids, distances), &value)) in lists.zip(values).enumerate() {
        let (distance, of) = (stored.distance[i], stored.of[i]);
        let wrong = |expected: String| {
            let metric = &stored.metric;
            let query = trial.query_ids[i];
            Err(format!("`swath/{metric}`, row {i}: query {query} has {value}, but its distances make it {expected}"))
        };
        let Some(of) = usize::try_from(of).ok().filter(|&of| of > 0 && !distance.is_nan()) else {
            if value.is_nan() {
                continue;
            }
            return wrong("undefined".into());
        };
        let within = Within { distance, of };
        let present = ids.iter().zip(distances).take(cut).filter(|(id, _)| **id != MISSING);
        let (least, most) = within.recalls(present.map(|(_, &distance)| distance));
        if !(least..=most).contains(&value) {
            return wrong(if least == most { least.to_string() } else { format!("{least} to {most}") });
        }
    }
    Ok(())
}

/// Times are finite and not negative, and the best search time is that of the repeats.
fn check_times(trial: &TrialResult, is_imported: bool) -> Result<(), String> {
    let counts = [
        ("swath_untimed_answering", trial.untimed[0]),
        ("swath_untimed_judging", trial.untimed[1]),
        // ann-benchmarks' results may lack it.
        ("build_time", if is_imported && trial.build_seconds.is_nan() { 0.0 } else { trial.build_seconds }),
    ];
    if let Some((name, value)) = counts.into_iter().find(|(_, value)| !is_count(*value)) {
        return Err(format!("`{name}`: {value} is no time"));
    }
    if let Some(repeat) = trial.repeats.iter().position(|pass| !pass.are_sound()) {
        return Err(format!("`swath/repeats`, repeat {repeat} holds what is no time"));
    }
    if let Some(timed) = trial.timed.iter().find(|timed| !timed.is_sound()) {
        return Err(format!("`swath/repeats_at`, `swath/repeats_load`: {timed:?} cannot be"));
    }
    let best = trial.best_search_seconds;
    let m = trial.query_ids.len();
    let expected = super::write::best_search_time(&trial.repeats, m);
    let is_right =
        if is_imported { is_count(best) } else { best == expected || (best - expected).abs() <= 1e-9 * best };
    if trial.repeats.is_empty() || is_right {
        return Ok(());
    }
    Err(format!("`best_search_time` is {best}, and the repeats make it {expected}"))
}
