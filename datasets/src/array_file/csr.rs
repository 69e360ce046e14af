//! big-ann-benchmarks' files of sparse vectors (`.csr`, `.spmat`), all little-endian: the numbers of rows, columns and values as
//! int64; the offsets of the rows as int64, one more than rows; the columns as int32; and the values as float32.

use super::bytes::Span;
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, CompressedRows, Matrix, MatrixHeader, invalid, no_parts};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Bytes of the header.
const HEADER: u64 = 24;

/// big-ann-benchmarks' sparse vectors.
pub struct Csr;

impl ArrayFormat for Csr {
    fn name(&self) -> &'static str {
        "big-ann-benchmarks' sparse vectors"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csr", "spmat"]
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        no_parts(path, part)?;
        rows(path).map(ArrayFile::Compressed)
    }
}

/// Opens a file and checks that it is as long as its header says.
///
/// # Errors
/// As [`ArrayFormat::open`].
pub(crate) fn rows(path: &Path) -> Result<CompressedRows, DatasetError> {
    let io = |source| DatasetError::Io { path: path.to_owned(), source };
    let (file, size) = bounded::open(path).map_err(io)?;
    let bytes = Span::new(&Arc::new(file), 0, size);
    let wrong = |found, expected: &str| invalid(path, "the header", found, expected);
    if size < HEADER {
        return Err(wrong(format!("the file has {size} bytes"), "24 and more"));
    }
    let mut start = [0; HEADER as usize];
    bytes.clone().read_exact(&mut start).map_err(io)?;
    let sizes = start.as_chunks::<8>().0;
    let [rows, columns, values] = [0, 1, 2].map(|i| i64::from_le_bytes(sizes[i]));
    let found = format!("it says {rows} rows, {columns} columns and {values} values");
    let limit = i64::from(i32::MAX);
    if !((1..=limit).contains(&rows) && (1..=limit).contains(&columns) && values >= 0) {
        return Err(wrong(found, "rows and columns from 1 to 2^31 - 1, and at least 0 values"));
    }
    let claimed = i128::from(HEADER) + 8 * (i128::from(rows) + 1) + 8 * i128::from(values);
    if claimed != i128::from(size) {
        let found = format!("{found}, which are {claimed} bytes; the file has {size}");
        return Err(wrong(found, "a whole file, with the sizes that its header says"));
    }
    let (rows, columns, values_count) = (rows as usize, columns as usize, values as usize);
    let part = |name: &str, form: NumberForm, at: u64, count: usize| -> Box<dyn Matrix> {
        let part = Some(name.to_owned());
        let header = MatrixHeader { path: path.to_owned(), part, rows: count, columns: 1, form, notes: Vec::new() };
        let (number, bytes) = (NumberType::little_endian(form), bytes.from(at).into());
        Box::new(StoredMatrix { header, number, layout: Layout::Rows, bytes })
    };
    let numbers_at = HEADER + 8 * (rows as u64 + 1);
    Ok(CompressedRows {
        rows,
        columns,
        values_count,
        offsets: part("offsets", NumberForm::Signed(8), HEADER, rows + 1),
        numbers: part("columns", NumberForm::Signed(4), numbers_at, values_count),
        values: part("values", NumberForm::Single, numbers_at + 4 * values_count as u64, values_count),
    })
}
