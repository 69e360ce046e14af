//! Arrays of numbers in files. A format is one file here and one line in [`FORMATS`]; [`open`] finds the format of a file.
//!
//! Values are read some rows at a time, so a file may be larger than memory. A file is opened only if its size proves that
//! the values are there that its header claims.

mod bin;
pub(crate) mod bytes;
pub(crate) mod csr;
mod csv;
mod faiss_index;
pub(crate) mod npy;
mod npz;
mod parquet;
mod pickle;
mod safetensors;
mod stored;
mod truth;
mod vecs;

pub use truth::{Truth, truth};

use crate::bounded;
use crate::check::{Flaw, listed};
use crate::format::DatasetError;
use crate::number::NumberForm;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// All formats. The first that recognises a file reads it.
pub const FORMATS: &[&dyn ArrayFormat] = &[
    // One line each.
    &npy::Npy,
    &npz::Npz,
    &safetensors::Safetensors,
    &faiss_index::FaissIndex,
    &parquet::Parquet,
    &csv::Csv,
    &bin::Bin,
    &vecs::Vecs,
    &csr::Csr,
];

/// [`ArrayFormat::sniff`] sees at most this many first bytes of a file.
const START: u64 = 4096;

/// Values that are read at a time, if a row is not longer: they stay in a processor's cache.
const AT_ONCE: usize = 1 << 16;

/// A format of files that hold arrays of numbers.
pub trait ArrayFormat: Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Endings of its files' names, without the dot, in lower case.
    fn endings(&self) -> &'static [&'static str];

    /// Whether a file that starts with these bytes, at most 4096, has this format. A format without a signature returns
    /// `false`: its files are recognised by their endings.
    fn sniff(&self, start: &[u8]) -> bool;

    /// Opens a file: reads its header and checks by sizes that the values are there. `part` chooses one of several arrays:
    /// a member of an archive, a tensor, a column.
    ///
    /// # Errors
    /// [`DatasetError::Io`]; [`DatasetError::Invalid`] says what is wrong in the file, where, and what would be right.
    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError>;
}

/// An array in an open file.
pub enum ArrayFile {
    /// Rows of equal length.
    Matrix(Box<dyn Matrix>),
    /// Rows of different length.
    Compressed(CompressedRows),
}

/// Rows of equal length in an open file. An array of one dimension has rows of one value.
pub trait Matrix: Send {
    /// Its shape and type.
    fn header(&self) -> &MatrixHeader;

    /// Passes the rows to `each` in their order, several whole ones at a time, as `f32`, until it returns `false`. Numbers are
    /// rounded to nearest; one beyond the range of `f32` becomes infinite. Values need not be finite.
    ///
    /// # Errors
    /// [`DatasetError::Io`]; [`DatasetError::Invalid`] if the values are not what the header says.
    fn f32_rows(&self, each: &mut dyn FnMut(&[f32]) -> bool) -> Result<(), DatasetError>;

    /// The same as `f64`; whole numbers beyond 2^53 are rounded.
    ///
    /// # Errors
    /// As [`Matrix::f32_rows`].
    fn f64_rows(&self, each: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), DatasetError>;

    /// The same as whole numbers; these may be stored as floating-point numbers.
    ///
    /// # Errors
    /// As [`Matrix::f32_rows`]; [`DatasetError::Invalid`] if a number is not whole or exceeds `i64`, with the number of those
    /// in the file.
    fn integer_rows(&self, each: &mut dyn FnMut(&[i64]) -> bool) -> Result<(), DatasetError>;

    /// All values as `f64`, row after row. The caller has checked that they fit into memory.
    ///
    /// # Errors
    /// As [`Matrix::f32_rows`].
    fn all_f64s(&self) -> Result<Vec<f64>, DatasetError> {
        let mut all = Vec::with_capacity(self.header().first_room());
        self.f64_rows(&mut |rows| {
            all.extend_from_slice(rows);
            true
        })?;
        Ok(all)
    }

    /// All values as whole numbers, row after row. The caller has checked that they fit into memory.
    ///
    /// # Errors
    /// As [`Matrix::integer_rows`].
    fn all_integers(&self) -> Result<Vec<i64>, DatasetError> {
        let mut all = Vec::with_capacity(self.header().first_room());
        self.integer_rows(&mut |rows| {
            all.extend_from_slice(rows);
            true
        })?;
        Ok(all)
    }
}

/// The shape and the type of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixHeader {
    /// The file.
    pub path: PathBuf,
    /// The array's name in the file, if it has one.
    pub part: Option<String>,
    /// Number of rows. May be 0.
    pub rows: usize,
    /// Values of a row, at least 1.
    pub columns: usize,
    /// The type that the values are stored as.
    pub form: NumberForm,
    /// Unusual things in the file, and how they are read.
    pub notes: Vec<String>,
}

/// Rows of different length: the numbers of all rows one after another, and where each row begins. Shapes agree; whether
/// offsets ascend and numbers are columns is not checked here.
pub struct CompressedRows {
    /// Number of rows.
    pub rows: usize,
    /// Columns: the numbers should be below.
    pub columns: usize,
    /// Stored values of all rows.
    pub values_count: usize,
    /// The first value of each row, and the end of the last: `rows + 1` whole numbers.
    pub offsets: Box<dyn Matrix>,
    /// The column of each value.
    pub numbers: Box<dyn Matrix>,
    /// The values.
    pub values: Box<dyn Matrix>,
}

/// Opens a file. `part` chooses one of several arrays in it.
///
/// 1. The first format that recognises the file's first bytes reads it,
/// 2. otherwise the first that has the ending of the file's name.
///
/// A pickle is never read: the error has the line of Python that converts it.
///
/// # Errors
/// [`DatasetError::NoFormat`] lists the known formats; and as [`ArrayFormat::open`].
pub fn open(path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
    let start = start(path)?;
    let sniffed = FORMATS.iter().find(|format| format.sniff(&start));
    let by_name = || FORMATS.iter().find(|format| has_ending(path, format.endings()));
    let unknown = || DatasetError::NoFormat { path: path.to_owned(), known: known() };
    let opened = sniffed.or_else(by_name).ok_or_else(unknown).and_then(|format| format.open(path, part));
    opened.map_err(|error| pickle::refusal(path, &start).unwrap_or(error))
}

/// Opens a file of rows of equal length.
///
/// # Errors
/// As [`open`]; [`DatasetError::Invalid`] if its rows have different lengths.
pub fn open_matrix(path: &Path, part: Option<&str>) -> Result<Box<dyn Matrix>, DatasetError> {
    match open(path, part)? {
        ArrayFile::Matrix(matrix) => Ok(matrix),
        ArrayFile::Compressed(_) => Err(invalid(path, "the array", "it has sparse rows", "rows of equal length")),
    }
}

/// Whether a file's name has an ending of one of the formats.
pub fn has_known_ending(path: &Path) -> bool {
    FORMATS.iter().any(|format| has_ending(path, format.endings()))
}

/// The first bytes of a file, at most [`START`].
fn start(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut start = Vec::new();
    let read = bounded::open(path).and_then(|(file, _)| file.take(START).read_to_end(&mut start));
    read.map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
    Ok(start)
}

/// The ending of a file's name, in lower case, without the dot.
fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    endings.contains(&ending(path).as_str())
}

/// The names of all formats, with their endings.
fn known() -> String {
    let named = |format: &&dyn ArrayFormat| {
        let endings: Vec<String> = format.endings().iter().map(|ending| format!(".{ending}")).collect();
        format!("{} ({})", format.name(), endings.join(", "))
    };
    FORMATS.iter().map(named).collect::<Vec<_>>().join("; ")
}

fn invalid(path: &Path, at: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
    DatasetError::Invalid { path: path.to_owned(), flaw: Flaw::new(at, found, expected) }
}

/// Which of several arrays is meant, each with its name and a description: the one called `part`, or the only one.
fn choose(path: &Path, what: &str, part: Option<&str>, arrays: &[(String, String)]) -> Result<usize, DatasetError> {
    let list = || {
        let named = |(name, description): &(String, String)| format!("`{name}` {description}").trim_end().to_owned();
        if arrays.is_empty() { "none".into() } else { listed(arrays.iter().map(named)) }
    };
    match (part, arrays) {
        (Some(part), arrays) => arrays.iter().position(|(name, _)| name == part).ok_or_else(|| {
            let found = format!("the file has no such {what}");
            invalid(path, format!("`{part}`"), found, format!("one of its {what}s: {}", list()))
        }),
        (None, [_]) => Ok(0),
        (None, []) => {
            Err(invalid(path, "the file", format!("it has no {what} of numbers"), format!("at least one {what}")))
        }
        (None, _) => {
            let found = format!("it has {} {what}s: {}", arrays.len(), list());
            Err(invalid(path, "the file", found, format!("the name of one {what}, beside the file's")))
        }
    }
}

/// Refuses the name of a part, for formats that have none.
fn no_parts(path: &Path, part: Option<&str>) -> Result<(), DatasetError> {
    let Some(part) = part else { return Ok(()) };
    let expected = "no name: a file of this format has one array, without a name";
    Err(invalid(path, format!("`{part}`"), "the file has no such part", expected))
}

impl MatrixHeader {
    /// The place of a value, for messages.
    pub fn at(&self, row: usize, column: usize) -> String {
        let part = self.part.as_ref().map_or_else(String::new, |part| format!("`{part}`, "));
        if self.columns == 1 { format!("{part}row {row}") } else { format!("{part}row {row}, column {column}") }
    }

    /// The error that something is wrong at a place of the file.
    pub(crate) fn invalid(
        &self,
        at: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> DatasetError {
        invalid(&self.path, at, found, expected)
    }

    /// Room for all values, up to a limit: the sizes of some formats are proven only by reading.
    fn first_room(&self) -> usize {
        self.rows.saturating_mul(self.columns).min(1 << 22)
    }

    fn io(&self, source: io::Error) -> DatasetError {
        let at = self.part.as_ref().map_or_else(|| "the values".into(), |part| format!("`{part}`"));
        let expected = "a whole file: copy or write it again";
        match source.kind() {
            ErrorKind::InvalidData => self.invalid(at, source.to_string(), expected),
            ErrorKind::UnexpectedEof => self.invalid(at, "they end too early", expected),
            _ => DatasetError::Io { path: self.path.clone(), source },
        }
    }
}
