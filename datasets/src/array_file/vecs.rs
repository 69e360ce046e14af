//! TEXMEX's files (`.fvecs`, `.bvecs`, `.ivecs`): each row is its number of values as int32, then the values, all little-endian.

use super::bytes::Span;
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, MatrixHeader, ending, invalid, no_parts};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::io::{self, BufReader, ErrorKind, Seek as _};
use std::path::Path;
use std::sync::Arc;

/// Endings and the types of their values.
const FORMS: [(&str, NumberForm); 3] =
    [("fvecs", NumberForm::Single), ("bvecs", NumberForm::Unsigned(1)), ("ivecs", NumberForm::Signed(4))];

/// Bytes before each row.
const LENGTH: u64 = 4;

/// TEXMEX's matrices.
pub struct Vecs;

impl ArrayFormat for Vecs {
    fn name(&self) -> &'static str {
        "TEXMEX's vectors"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["fvecs", "bvecs", "ivecs"]
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        no_parts(path, part)?;
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let ending = ending(path);
        let form = FORMS.iter().find(|(known, _)| *known == ending).map_or(NumberForm::Single, |&(_, form)| form);
        let number = NumberType::little_endian(form);
        let (file, size) = bounded::open(path).map_err(io)?;
        let bytes = Span::new(&Arc::new(file), 0, size);
        let length = next_length(&mut bytes.clone()).map_err(io)?;
        let Some(length) = length else {
            let found = format!("the file has {size} bytes");
            return Err(invalid(path, "row 0", found, "4 and more: the number of values of a row, and the values"));
        };
        let columns = usize::try_from(length).ok().filter(|&columns| columns > 0);
        let Some(columns) = columns else {
            let found = format!("it says that it has {length} values");
            return Err(invalid(path, "row 0", found, "at least 1 value, as little-endian int32 before the values"));
        };
        let stride = LENGTH + columns as u64 * number.bytes() as u64;
        if !size.is_multiple_of(stride) {
            if let Some((row, other)) = other_length(&bytes, length, stride).map_err(io)? {
                let found = format!("it has {other} values");
                return Err(invalid(path, format!("row {row}"), found, format!("{length}, as row 0 has")));
            }
            let found = format!("it has {} of its {stride} bytes", size % stride);
            return Err(invalid(path, format!("row {}", size / stride), found, "a whole file: copy it again"));
        }
        let rows = usize::try_from(size / stride).map_err(|error| io(io::Error::other(error)))?;
        let header = MatrixHeader { path: path.to_owned(), part: None, rows, columns, form, notes: Vec::new() };
        Ok(StoredMatrix { header, number, layout: Layout::RowsWithLengths, bytes: bytes.into() }.into())
    }
}

/// The next number of values; `None` at the end of the file.
fn next_length(file: &mut impl io::Read) -> io::Result<Option<i32>> {
    let mut length = [0; LENGTH as usize];
    match file.read_exact(&mut length) {
        Ok(()) => Ok(Some(i32::from_le_bytes(length))),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first row that has another number of values than the first one.
fn other_length(bytes: &Span, length: i32, stride: u64) -> io::Result<Option<(u64, i32)>> {
    let mut file = BufReader::new(&*bytes.file);
    file.rewind()?;
    for row in 0..=bytes.end / stride {
        match next_length(&mut file)? {
            Some(other) if other != length => return Ok(Some((row, other))),
            Some(_) => file.seek_relative((stride - LENGTH) as i64)?,
            None => break,
        }
    }
    Ok(None)
}
