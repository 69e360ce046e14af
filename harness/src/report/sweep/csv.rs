//! `scale.csv`: every trial of every cell.

use super::{CellReport, EXPENSES, metrics};
use crate::escape;
use crate::plot::format::{self, cell_or_empty};

/// A row for each trial of each cell: the cell's sizes, each metric with its interval, expenses, and the dataset's contrast.
/// Trials that failed have none.
pub fn bytes(cells: &[CellReport]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let metrics = metrics(cells);
    let mut header: Vec<String> = ["n", "dimension", "k", "retriever", "point"].map(str::to_owned).to_vec();
    let names = metrics.iter().map(|metric| metric.name());
    header.extend(names.flat_map(|name| ["", "_lo", "_hi"].map(|suffix| format!("{name}{suffix}"))));
    header.extend(EXPENSES.map(|expense| expense.column().to_owned()));
    header.push("relative_contrast".to_owned());
    table.write_record(&header)?;
    for cell in cells {
        let (dataset, k) = (&cell.manifest.dataset, cell.cell.k.get());
        let Some(summary) = &cell.summary else { continue };
        for row in &summary.rows {
            let mut record = [dataset.rows, dataset.dim].map(|size| size.to_string()).to_vec();
            record.push(k.to_string());
            record.extend([&row.retriever, &row.point].map(|text| escape::csv(text).into_owned()));
            for &metric in &metrics {
                let estimate = summary.estimate(row, metric);
                record.extend(
                    [estimate.map(|e| e.mean), estimate.map(|e| e.lo), estimate.map(|e| e.hi)].map(cell_or_empty),
                );
            }
            record.extend(EXPENSES.map(|expense| format::cell(expense.of(row))));
            record.push(cell_or_empty(cell.contrast()));
            table.write_record(record)?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
