//! `comparisons.csv`: each trial against the reference trial, paired by query.

use crate::escape;
use crate::findings::summary::Summary;
use crate::plot::format::{cell, cell_or_empty, p_cell};

const COLUMNS: [&str; 21] = [
    "trial",
    "retriever",
    "params",
    "reference",
    "metric",
    "n",
    "reference_mean",
    "mean",
    "difference",
    "difference_lo",
    "difference_hi",
    "p_permutation",
    "p_holm",
    "p_wilcoxon",
    "d_z",
    "cliffs_delta",
    "wins",
    "ties",
    "losses",
    "significant",
    "smallest_detectable",
];

/// The table: a [`Comparison`](crate::statistics::Comparison) for each other trial and metric. `p_holm` and `significant` are
/// empty for oracles, which do not compete. `smallest_detectable` is empty if the difference is significant or all differences
/// are equal. If the reference failed, the table has only its header.
pub fn bytes(summary: &Summary) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    let reference = summary.reference.row().map(|row| summary.rows[row].trial.as_str()).unwrap_or_default();
    for found in &summary.differences {
        let (row, comparison) = (&summary.rows[found.row], &found.comparison);
        let difference = comparison.difference;
        let texts = [&row.trial, &row.retriever, row.params.text(), reference];
        let mut cells = texts.map(|text| escape::csv(text).into_owned()).to_vec();
        cells.extend([summary.metrics[found.metric].name().to_owned(), comparison.n.to_string()]);
        cells.extend([comparison.reference_mean, comparison.mean].map(cell));
        cells.extend([difference.mean, difference.lo, difference.hi].map(cell));
        cells.push(p_cell(comparison.p_permutation));
        cells.push(comparison.p_holm.map_or_else(String::new, p_cell));
        cells.push(p_cell(comparison.p_wilcoxon));
        cells.extend([comparison.d_z, comparison.cliffs_delta].map(|effect| cell_or_empty(Some(effect))));
        cells.extend(comparison.wins_ties_losses.map(|count| count.to_string()));
        cells.push(comparison.significant().map_or_else(String::new, |is_significant| is_significant.to_string()));
        cells.push(cell_or_empty(comparison.smallest_detectable));
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
