//! `runs.csv`: one row per trial.

use crate::escape;
use crate::findings::columns::{TrialValues, columns};
use crate::findings::summary::Summary;
use crate::plot::format::cell_or_empty;
use crate::record::manifest::Manifest;

/// The table of all [`columns`]. Undefined values are empty.
pub fn bytes(summary: &Summary, manifest: &Manifest) -> Result<Vec<u8>, csv::Error> {
    let columns = columns(summary, manifest);
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(columns.iter().map(|column| &column.name))?;
    for row in 0..summary.rows.len() {
        table.write_record(columns.iter().map(|column| match &column.values {
            TrialValues::Text(values) => escape::csv(&values[row]).into_owned(),
            TrialValues::Count(values) => values[row].to_string(),
            TrialValues::Number(values) => cell_or_empty(values[row]),
        }))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
