//! What a perfect choice of parameters per query would reach: a bound on every way of choosing them, and no result.

use super::loaded_run::LoadedRun;
use crate::record::results::TrialResult;
use crate::statistics::bootstrap::estimates;
use crate::statistics::{Column, Estimate};

/// What marks a ceiling.
pub const OPTIMISTIC: &str = "optimistic: chosen per query on the reported queries";

/// The same in labels of tables that must fit a page.
const BRIEFLY: &str = "optimistic: chosen per query";

/// The mean over queries of the best that any point of a retriever's grid reached for the query. It is chosen with the very
/// values that it reports, so that it is not tested, and competes with nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// The retriever.
    pub retriever: String,
    /// How many points its grid has.
    pub points: usize,
    /// Index of the metric in [`Summary::metrics`](super::summary::Summary::metrics): the headline metric.
    pub metric: usize,
    /// The mean, over the queries for reporting if points were chosen on others, else over all.
    pub estimate: Estimate,
}

impl Ceiling {
    /// The retriever's name with the mark.
    pub fn label(&self) -> String {
        crate::record::label(&self.retriever, BRIEFLY)
    }
}

/// The ceilings of all retrievers that have several points, in the order of the experiment; none for a metric in which these
/// cannot be compared.
pub fn ceilings(found: &LoadedRun) -> Vec<Ceiling> {
    let Some(metric) = found.headline() else { return Vec::new() };
    let summary = &found.summary;
    let queries = found.reported().unwrap_or_else(|| (0..summary.rows.first().map_or(0, |row| row.queries)).collect());
    let sign = if found.metric(metric).higher_is_better() { 1.0 } else { -1.0 };
    let of = |retriever: &str| {
        let rows: Vec<usize> =
            (0..summary.rows.len()).filter(|&row| summary.rows[row].retriever == retriever).collect();
        if rows.len() < 2 || !summary.can_rank(metric, rows.iter().copied()) {
            return None;
        }
        let trials: Vec<&TrialResult> = rows.iter().filter_map(|&row| found.results.trials.get(row)).collect();
        // The largest of those that have a value; NaN where none has.
        let best =
            |&query: &usize| trials.iter().map(|trial| sign * trial.metrics[metric][query]).fold(f64::NAN, f64::max);
        Some((retriever.to_owned(), rows.len(), queries.iter().map(|query| sign * best(query)).collect::<Vec<f64>>()))
    };
    let all: Vec<(String, usize, Vec<f64>)> = summary.retrievers().into_iter().filter_map(of).collect();
    let columns: Vec<Column<'_>> = all.iter().map(|(.., values)| Column::new(values)).collect();
    let means = estimates(&columns, found.results.seed);
    let ceiling = |((retriever, points, _), estimate): ((String, usize, Vec<f64>), Option<Estimate>)| {
        Some(Ceiling { retriever, points, metric, estimate: estimate? })
    };
    all.into_iter().zip(means).filter_map(ceiling).collect()
}
