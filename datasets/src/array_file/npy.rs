//! NumPy's `.npy` files, versions 1 to 3 (NumPy Enhancement Proposal 1): a header in Python's words, then the values.

use super::bytes::{Bytes, Span};
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, MatrixHeader, invalid, no_parts};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// The first bytes of a file.
pub(super) const SIGNATURE: &[u8] = b"\x93NUMPY";

/// A header may have this many bytes: far more than a shape and a type need.
const LONGEST_HEADER: u32 = 1 << 16;

/// NumPy's arrays.
pub struct Npy;

/// The header of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NpyHeader {
    /// The type of the elements, as NumPy writes it: `<f4`.
    pub descr: String,
    /// Whether columns follow each other, and not rows.
    pub fortran: bool,
    pub shape: Vec<u64>,
    /// Bytes before the values.
    pub length: u64,
}

impl ArrayFormat for Npy {
    fn name(&self) -> &'static str {
        "NumPy"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn sniff(&self, start: &[u8]) -> bool {
        start.starts_with(SIGNATURE)
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        no_parts(path, part)?;
        let (file, size) = bounded::open(path).map_err(io)?;
        let span = Span::new(&Arc::new(file), 0, size);
        let header = NpyHeader::read(&mut span.clone()).map_err(|error| refused(path, None, error))?;
        let mut matrix = matrix(path, None, &header)?;
        let values = values_bytes(&matrix.0, matrix.1);
        let end = values.saturating_add(header.length.into());
        if end > u128::from(size) {
            let found = format!("its shape {} needs {end} bytes; the file has {size}", shape_text(&header.shape));
            return Err(invalid(path, "the header", found, "a whole file: copy or write it again"));
        }
        if end < u128::from(size) {
            let more = u128::from(size) - end;
            matrix.0.notes.push(format!("{more} bytes follow the array in the file: they are not read"));
        }
        Ok(stored(matrix, &header, span.from(header.length).into()).into())
    }
}

/// Bytes of the values of a matrix.
pub(super) fn values_bytes(header: &MatrixHeader, number: NumberType) -> u128 {
    (header.rows as u128 * header.columns as u128).saturating_mul(number.bytes() as u128)
}

/// The matrix whose values are `bytes`.
pub(super) fn stored((matrix, number): (MatrixHeader, NumberType), header: &NpyHeader, bytes: Bytes) -> StoredMatrix {
    // A single row or column is the same in both orders.
    let is_turned = header.fortran && matrix.rows > 1 && matrix.columns > 1;
    let layout = if is_turned { Layout::Columns } else { Layout::Rows };
    StoredMatrix { header: matrix, number, layout, bytes }
}

/// The error that a header cannot be read; `part` is the name of the array in an archive.
pub(crate) fn refused(path: &Path, part: Option<&str>, error: io::Error) -> DatasetError {
    let at = part.map_or_else(|| "the header".to_owned(), |part| format!("`{part}`, the header"));
    let expected = "a file that numpy.save has written";
    match error.kind() {
        ErrorKind::UnexpectedEof => invalid(path, at, "it is cut short", expected),
        ErrorKind::InvalidData => invalid(path, at, error.to_string(), expected),
        _ => DatasetError::Io { path: path.to_owned(), source: error },
    }
}

/// The shape and type of the matrix that a header describes.
pub(super) fn matrix(
    path: &Path,
    part: Option<&str>,
    header: &NpyHeader,
) -> Result<(MatrixHeader, NumberType), DatasetError> {
    let at = |what: &str| part.map_or_else(|| format!("the {what}"), |part| format!("`{part}`, the {what}"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let loaded = part.map_or_else(|| format!("numpy.load({name:?})"), |part| format!("numpy.load({name:?})[{part:?}]"));
    let number = number(&header.descr).ok_or_else(|| {
        let (found, line) = not_numbers(&header.descr, &name, part, &loaded);
        invalid(path, at("type"), found, format!("numbers; in Python: {line}"))
    })?;
    let shape = shape_text(&header.shape);
    let (rows, columns) = match header.shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => {
            let line = format!("numpy.save(\"rows.npy\", x.reshape(len(x), -1)) with x = {loaded}");
            let expected = format!("one or two dimensions; in Python: {line}");
            return Err(invalid(path, at("shape"), format!("it is {shape}"), expected));
        }
    };
    if columns == 0 {
        return Err(invalid(path, at("shape"), format!("it is {shape}"), "at least one value in each row"));
    }
    let too_large = || invalid(path, at("shape"), format!("it is {shape}"), "an array that a disk can hold");
    let count = |count| usize::try_from(count).map_err(|_| too_large());
    let (rows, columns) = (count(rows)?, count(columns)?);
    let part = part.map(str::to_owned);
    let header = MatrixHeader { path: path.to_owned(), part, rows, columns, form: number.form, notes: Vec::new() };
    Ok((header, number))
}

/// The type of numbers that NumPy describes so; `None` if they are no numbers, or of a type that is not read.
fn number(descr: &str) -> Option<NumberType> {
    let (order, form) = descr.split_at_checked(1)?;
    let form = match form {
        "b1" => NumberForm::Bool,
        "f2" => NumberForm::Half,
        "f4" => NumberForm::Single,
        "f8" => NumberForm::Double,
        "i1" => NumberForm::Signed(1),
        "i2" => NumberForm::Signed(2),
        "i4" => NumberForm::Signed(4),
        "i8" => NumberForm::Signed(8),
        "u1" => NumberForm::Unsigned(1),
        "u2" => NumberForm::Unsigned(2),
        "u4" => NumberForm::Unsigned(4),
        "u8" => NumberForm::Unsigned(8),
        _ => return None,
    };
    let big_endian = match order {
        "<" | "|" => false,
        ">" => true,
        _ => return None,
    };
    Some(NumberType { form, big_endian })
}

/// What an array holds instead of numbers, and the line of Python that turns it into numbers.
fn not_numbers(descr: &str, file: &str, part: Option<&str>, loaded: &str) -> (String, String) {
    let kind = descr.trim_start_matches(['<', '>', '|', '=']).chars().next();
    let save = |what: String| format!("numpy.save(\"numbers.npy\", {what})");
    match kind {
        Some('O') => {
            let part = part.map_or_else(String::new, |part| format!("[{part:?}]"));
            let line = format!("numpy.stack(numpy.load({file:?}, allow_pickle=True){part}).astype(\"float32\")");
            ("it holds Python objects (a pickle), which could run any program".into(), save(line))
        }
        Some('[') => (format!("it holds records: {descr}"), save(format!("{loaded}[\"FIELD\"]"))),
        Some('U' | 'S') => ("it holds texts".into(), save(format!("{loaded}.astype(\"float32\")"))),
        Some('c') => {
            let half = if descr.ends_with("c8") { "float32" } else { "float64" };
            ("it holds complex numbers".into(), save(format!("{loaded}.view({half:?})")))
        }
        _ => (format!("it holds elements of NumPy's type {descr}"), save(format!("{loaded}.astype(\"float32\")"))),
    }
}

/// A shape as NumPy prints it.
pub(crate) fn shape_text(shape: &[u64]) -> String {
    match shape {
        [length] => format!("({length},)"),
        shape => format!("({})", shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

impl NpyHeader {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`]; [`ErrorKind::InvalidData`] says what is wrong.
    pub(crate) fn read(file: &mut impl Read) -> io::Result<Self> {
        let wrong = |what: String| io::Error::new(ErrorKind::InvalidData, what);
        let mut start = [0; 8];
        file.read_exact(&mut start)?;
        if !start.starts_with(SIGNATURE) {
            return Err(wrong("it begins otherwise than NumPy's files".into()));
        }
        let (length, before) = match start[6] {
            1 => {
                let mut length = [0; 2];
                file.read_exact(&mut length)?;
                (u32::from(u16::from_le_bytes(length)), 10)
            }
            2 | 3 => {
                let mut length = [0; 4];
                file.read_exact(&mut length)?;
                (u32::from_le_bytes(length), 12)
            }
            version => return Err(wrong(format!("it has version {version}, and versions 1 to 3 are read"))),
        };
        if length > LONGEST_HEADER {
            return Err(wrong(format!("it says that it has {length} bytes, and at most {LONGEST_HEADER} are read")));
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text)?;
        // Version 3 is UTF-8 and the others Latin-1: they differ only in the names of fields.
        let text = String::from_utf8_lossy(&text);
        let header = Self::parse(text.trim(), before + u64::from(length));
        header.ok_or_else(|| wrong(format!("it is not understood: {}", text.trim())))
    }

    /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    fn parse(text: &str, length: u64) -> Option<Self> {
        let mut rest = text.strip_prefix('{')?.strip_suffix('}')?.trim();
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            let (value, after) = match value.chars().next()? {
                '\'' | '"' => quoted(value)?,
                open @ ('(' | '[') => bracketed(value, open)?,
                _ => value.split_at(value.find(',').unwrap_or(value.len())),
            };
            match key {
                "descr" => descr = Some(value.to_owned()),
                "fortran_order" => fortran = Some(value.trim().parse::<PythonBool>().ok()?.0),
                "shape" => shape = Some(parse_shape(value)?),
                _ => return None,
            }
            let after = after.trim_start();
            rest = after.strip_prefix(',').unwrap_or(after).trim_start();
        }
        Some(Self { descr: descr?, fortran: fortran?, shape: shape?, length })
    }
}

/// `True` or `False`.
struct PythonBool(bool);

impl std::str::FromStr for PythonBool {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "True" => Ok(Self(true)),
            "False" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

/// The text between the quotes that `text` begins with, and what follows them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// The part of `text` up to the bracket that closes the first one, and what follows it.
fn bracketed(text: &str, open: char) -> Option<(&str, &str)> {
    let close = if open == '(' { ')' } else { ']' };
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return Some(text.split_at(at + 1));
            }
        }
    }
    None
}

/// Parses `(3, 4)`, `(3,)` or `()`; Python 2 wrote `(3L, 4L)`.
fn parse_shape(text: &str) -> Option<Vec<u64>> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?.trim();
    let inner = inner.strip_suffix(',').unwrap_or(inner);
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner.split(',').map(|length| length.trim().trim_end_matches('L').parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<NpyHeader> {
        NpyHeader::parse(text, 80)
    }

    #[test]
    fn headers_of_all_writers_are_understood() {
        let plain = header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }").expect("understood");
        assert_eq!(plain, NpyHeader { descr: "<f4".into(), fortran: false, shape: vec![3, 4], length: 80 });
        let other = header("{\"shape\":(3L,),\"fortran_order\":True,\"descr\":\"|u1\"}").expect("another order");
        assert_eq!((other.descr.as_str(), other.fortran, other.shape), ("|u1", true, vec![3]));
        let single = header("{'descr': '<i8', 'fortran_order': False, 'shape': ()}").expect("a single number");
        assert!(single.shape.is_empty());
        let records = "{'descr': [('a', '<i4'), ('b', '<f4', (2,))], 'fortran_order': False, 'shape': (5,)}";
        assert_eq!(header(records).expect("records").descr, "[('a', '<i4'), ('b', '<f4', (2,))]");
        for wrong in [
            "",
            "{}",
            "{'descr': '<f4'}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
            "{'descr: 3, 'é",
        ] {
            assert_eq!(header(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn types_are_known_by_their_names() {
        let big = |form| NumberType { form, big_endian: true };
        assert_eq!(number("<f2"), Some(NumberType::little_endian(NumberForm::Half)));
        assert_eq!(number(">i8"), Some(big(NumberForm::Signed(8))));
        assert_eq!(number("|b1"), Some(NumberType::little_endian(NumberForm::Bool)));
        for none in ["|O", "<U3", "<f16", "<c8", "<M8[s]", "", "é4", "f4", "[('a', '<f4')]"] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
