//! A column of values with separators between them. The first line names the columns.

use super::{Collected, TextFormat, invalid};
use crate::check::listed;
use crate::csv_file::CsvFile;
use crate::format::DatasetError;
use std::path::Path;

/// Tables as text.
pub struct Csv;

impl TextFormat for Csv {
    fn name(&self) -> &'static str {
        "tables as text"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        let mut table = CsvFile::open(path)?;
        let names = table.first.clone();
        let list = || listed(names.iter().map(|name| format!("`{name}`")));
        let chosen = match (column, names.as_slice()) {
            (Some(column), _) => names.iter().position(|name| name == column).ok_or_else(|| {
                invalid(path, format!("`{column}`"), "the first line has no such name", format!("one of {}", list()))
            })?,
            (None, [_]) => 0,
            (None, []) => return Err(invalid(path, "the file", "it is empty", "a line with the names of columns")),
            (None, _) => {
                let found = format!("it has {} columns: {}", names.len(), list());
                return Err(invalid(path, "the file", found, "the name of one column, beside the file's"));
            }
        };
        table.names = Some(names);
        let mut result = Ok(());
        table.records(|_, _, record| {
            result = texts.add(record.get(chosen).unwrap_or_default());
            result.is_ok()
        })?;
        result
    }
}
