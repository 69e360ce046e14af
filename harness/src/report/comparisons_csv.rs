//! `comparisons.csv`: each trial against the reference trial, paired by query.

use super::format::cell;
use crate::summary::Summary;

/// The table: for each other trial and metric the mean difference (trial minus reference) with its 95 % interval, and
/// in how many queries the trial is better, equal, worse.
pub fn bytes(summary: &Summary) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "trial",
        "retriever",
        "params",
        "reference",
        "metric",
        "difference",
        "difference_lo",
        "difference_hi",
        "wins",
        "ties",
        "losses",
    ])?;
    let reference = &summary.rows[summary.reference];
    for difference in &summary.differences {
        let row = &summary.rows[difference.row];
        let estimate = difference.estimate;
        let mut cells = vec![row.trial.clone(), row.retriever.clone(), row.params.clone(), reference.trial.clone()];
        cells.push(summary.metrics[difference.metric].name().to_owned());
        cells.extend([estimate.mean, estimate.lo, estimate.hi].map(cell));
        cells.extend(difference.wins_ties_losses.map(|count| count.to_string()));
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
