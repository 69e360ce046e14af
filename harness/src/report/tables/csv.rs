//! A table as CSV: the printed values, with stars in separate columns.

use super::{Table, TableCell};
use crate::escape;

/// The table as CSV. A column with stars is followed by a column that counts them.
///
/// # Errors
/// The writer's.
pub fn table(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let starred = |column: usize| table.rows.iter().any(|row| matches!(row.cells[column], TableCell::Number(_, 1..)));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec![table.corner.to_owned()];
    let title = |title: &str, rest: &str| escape::csv(&format!("{title}{rest}")).into_owned();
    for (at, column) in table.columns.iter().enumerate() {
        let unit = if column.unit.is_empty() { String::new() } else { format!(" ({})", column.unit) };
        header.push(title(&column.title, &unit));
        if starred(at) {
            header.push(title(&column.title, " stars"));
        }
    }
    writer.write_record(header)?;
    for (row, cells) in table.printed() {
        let mut record = vec![escape::csv(&row.label).into_owned()];
        for (at, cell) in cells.into_iter().enumerate() {
            // For programs: no thousands separators, and unknown values are empty.
            let text = if cell.text == "-" { String::new() } else { cell.text.replace(',', "") };
            record.push(text);
            if starred(at) {
                record.push(cell.stars.to_string());
            }
        }
        writer.write_record(record)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
