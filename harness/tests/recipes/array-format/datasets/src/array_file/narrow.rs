//! The number of columns in a byte, then the values of all rows, a byte each (a recipe's example).

use super::bytes::Span;
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, MatrixHeader, invalid, no_parts};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Such a file.
pub struct Narrow;

impl ArrayFormat for Narrow {
    fn name(&self) -> &'static str {
        "narrow matrices"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["narrow"]
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        no_parts(path, part)?;
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let (file, size) = bounded::open(path).map_err(io)?;
        let bytes = Span::new(&Arc::new(file), 0, size);
        let mut columns = [0];
        bytes.clone().read_exact(&mut columns).map_err(io)?;
        let (columns, values) = (usize::from(columns[0]), size as usize - 1);
        if columns == 0 || values % columns > 0 {
            let found = format!("the file has {values} values");
            return Err(invalid(path, "the values", found, format!("rows of {columns}, and at least one column")));
        }
        let form = NumberForm::Unsigned(1);
        let (path, rows) = (path.to_owned(), values / columns);
        let header = MatrixHeader { path, part: None, rows, columns, form, notes: Vec::new() };
        let (number, bytes) = (NumberType::little_endian(form), bytes.from(1).into());
        Ok(StoredMatrix { header, number, layout: Layout::Rows, bytes }.into())
    }
}
