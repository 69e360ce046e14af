//! A column of texts, or of whole numbers, of a Parquet file.

use super::{Collected, TextFormat, invalid};
use crate::check::listed;
use crate::format::DatasetError;
use crate::parquet_file::{Batch, Column, ColumnKind, ParquetFile, Slot};
use parquet::data_type::{ByteArrayType, DataType, Int32Type, Int64Type};
use std::path::Path;

/// Rows that are read at a time.
const AT_ONCE: usize = 1024;

/// Parquet's columns of texts.
pub struct Parquet;

impl TextFormat for Parquet {
    fn name(&self) -> &'static str {
        "Parquet"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        let file = ParquetFile::open(path)?;
        let all = file.columns();
        let list = || listed(all.iter().map(|column| format!("`{}` ({})", column.name, column.words())));
        let texts_of: Vec<&Column> =
            all.iter().filter(|column| column.kind == ColumnKind::Text && !column.is_list).collect();
        let chosen = match (column, texts_of.as_slice()) {
            (Some(column), _) => all.iter().find(|known| known.name == column).ok_or_else(|| {
                let expected = format!("one of {}", list());
                invalid(path, format!("`{column}`"), "the file has no such column", expected)
            })?,
            (None, [only]) => only,
            (None, _) => {
                let found = format!("its columns are {}", list());
                return Err(invalid(path, "the file", found, "the name of one column of texts, beside the file's"));
            }
        };
        match chosen.kind {
            ColumnKind::Text if !chosen.is_list => {
                read::<ByteArrayType>(&file, chosen, texts, |texts, value| texts.add(value.data()))
            }
            ColumnKind::Signed(4) if !chosen.is_list => {
                read::<Int32Type>(&file, chosen, texts, |texts, value| texts.add_text(&value.to_string()))
            }
            ColumnKind::Unsigned(4) if !chosen.is_list => read::<Int32Type>(&file, chosen, texts, |texts, value| {
                texts.add_text(&value.cast_unsigned().to_string())
            }),
            ColumnKind::Signed(_) if !chosen.is_list => {
                read::<Int64Type>(&file, chosen, texts, |texts, value| texts.add_text(&value.to_string()))
            }
            ColumnKind::Unsigned(_) if !chosen.is_list => read::<Int64Type>(&file, chosen, texts, |texts, value| {
                texts.add_text(&value.cast_unsigned().to_string())
            }),
            _ => {
                let found = format!("it holds {}", chosen.words());
                Err(invalid(path, format!("`{}`", chosen.name), found, "texts or whole numbers"))
            }
        }
    }
}

/// Adds the values of a column.
fn read<T: DataType>(
    file: &ParquetFile,
    column: &Column,
    texts: &mut Collected<'_>,
    mut add: impl FnMut(&mut Collected<'_>, &T::T) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let mut batch = Batch::<T>::new();
    for group in 0..file.groups() {
        let mut reader = file.values::<T>(group, column)?;
        while batch.read(&mut reader, AT_ONCE).map_err(|error| file.damaged(column, &error))? > 0 {
            let mut values = batch.values.iter();
            for (_, slot) in batch.slots(column) {
                match (slot == Slot::Value).then(|| values.next()).flatten() {
                    Some(value) => add(texts, value)?,
                    None => texts.add_missing()?,
                }
            }
        }
    }
    Ok(())
}
