//! Whole numbers that stand for texts: the ids in a FAISS index, `{ file: vectors.faiss, part: ids }`.

use super::{Collected, TextFormat, invalid};
use crate::array_file::open_matrix;
use crate::format::DatasetError;
use std::path::Path;

/// Arrays of whole numbers in files that hold no texts.
pub struct Numbers;

impl TextFormat for Numbers {
    fn name(&self) -> &'static str {
        "ids of FAISS' indexes"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["faiss", "index"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        add(path, Some(column.unwrap_or("ids")), texts)
    }
}

/// Adds the numbers of an array.
pub(super) fn add(path: &Path, part: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
    let matrix = open_matrix(path, part)?;
    let header = matrix.header();
    if header.columns != 1 {
        let found = format!("it has {} x {} numbers", header.rows, header.columns);
        return Err(invalid(path, "the shape", found, "one dimension"));
    }
    let mut result = Ok(());
    matrix.integer_rows(&mut |rows| {
        result = rows.iter().try_for_each(|number| texts.add_text(&number.to_string()));
        result.is_ok()
    })?;
    result
}
