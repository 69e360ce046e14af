//! Texts in files, one for each row. A format is one file here and one line in [`FORMATS`]; [`texts`] finds the format of a file.

mod csv;
mod jsonl;
mod lines;
mod npy;
mod numbers;
mod parquet;

use crate::bounded;
use crate::check::{Flaw, first_of};
use crate::format::DatasetError;
use crate::parquet_file::{ParquetFile, SIGNATURE};
use crate::texts::Texts;
use std::io::Read as _;
use std::path::Path;

/// All formats.
pub const FORMATS: &[&dyn TextFormat] = &[
    // One line each.
    &lines::Lines,
    &csv::Csv,
    &jsonl::Jsonl,
    &parquet::Parquet,
    &npy::Npy,
    &numbers::Numbers,
];

/// A format of files that hold texts.
pub trait TextFormat: Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Endings of its files' names, without the dot, in lower case.
    fn endings(&self) -> &'static [&'static str];

    /// Reads the texts of a file into `texts`, in their order. `column` chooses one of several columns or keys.
    ///
    /// # Errors
    /// [`DatasetError::Io`], [`DatasetError::Invalid`].
    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError>;
}

/// Texts that are collected, and what is wrong among them.
pub struct Collected<'a> {
    path: &'a Path,
    column: Option<&'a str>,
    /// Whether a text that is missing is an empty one.
    may_miss: bool,
    /// Bytes that may still be taken.
    left: u64,
    memory: u64,
    ends: Vec<u64>,
    bytes: Vec<u8>,
    /// The number of texts, those that are wrong among them.
    rows: usize,
    wrong: Option<Wrong>,
}

/// The first text that is wrong.
struct Wrong {
    row: usize,
    kind: WrongKind,
    count: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum WrongKind {
    /// From this byte on.
    NotUtf8(usize),
    Missing,
}

/// The texts in a file, in the order of its rows. They take at most `memory` bytes.
///
/// # Errors
/// [`DatasetError::NoFormat`] lists the known formats; [`DatasetError::Io`]; [`DatasetError::Invalid`] if texts are missing or
/// not UTF-8, with the first row and the number of these, or if there are too many for the memory.
pub fn texts(path: &Path, column: Option<&str>, memory: u64) -> Result<Texts, DatasetError> {
    read(path, column, false, memory)
}

/// The same, where a text that is missing is an empty one.
///
/// # Errors
/// As [`texts`], except for missing texts.
pub fn texts_or_empty(path: &Path, column: Option<&str>, memory: u64) -> Result<Texts, DatasetError> {
    read(path, column, true, memory)
}

fn read(path: &Path, column: Option<&str>, may_miss: bool, memory: u64) -> Result<Texts, DatasetError> {
    let Some(format) = FORMATS.iter().find(|format| format.endings().contains(&ending(path).as_str())) else {
        return Err(DatasetError::NoFormat { path: path.to_owned(), known: known() });
    };
    let (ends, bytes) = (Vec::new(), Vec::new());
    let mut texts = Collected { path, column, may_miss, left: memory, memory, ends, bytes, rows: 0, wrong: None };
    format.read(path, column, &mut texts)?;
    texts.finish()
}

/// The ending of a file's name, in lower case, without the dot.
fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Whether a file is Parquet, whatever its name.
///
/// # Errors
/// [`DatasetError::Io`].
pub fn is_parquet(path: &Path) -> Result<bool, DatasetError> {
    let mut start = Vec::new();
    let read = bounded::open(path).and_then(|(file, _)| file.take(SIGNATURE.len() as u64).read_to_end(&mut start));
    read.map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
    Ok(start == SIGNATURE)
}

/// The names of the columns of a Parquet file, or the keys in the first line of lines of JSON.
///
/// # Errors
/// [`DatasetError::Io`], [`DatasetError::Invalid`].
pub fn columns(path: &Path) -> Result<Vec<String>, DatasetError> {
    if jsonl::Jsonl.endings().contains(&ending(path).as_str()) {
        return jsonl::first_keys(path);
    }
    Ok(ParquetFile::open(path)?.columns().into_iter().map(|column| column.name).collect())
}

/// The names of all formats, with their endings.
fn known() -> String {
    let named = |format: &&dyn TextFormat| {
        let endings: Vec<String> = format.endings().iter().map(|ending| format!(".{ending}")).collect();
        format!("{} ({})", format.name(), endings.join(", "))
    };
    FORMATS.iter().map(named).collect::<Vec<_>>().join("; ")
}

fn invalid(path: &Path, at: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
    DatasetError::Invalid { path: path.to_owned(), flaw: Flaw::new(at, found, expected) }
}

impl Collected<'_> {
    /// Adds the text of the next row.
    ///
    /// # Errors
    /// The texts take more memory than they may.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), DatasetError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.add_text(text),
            Err(error) => {
                self.note(WrongKind::NotUtf8(error.valid_up_to()));
                Ok(())
            }
        }
    }

    /// The same of a text that is UTF-8.
    ///
    /// # Errors
    /// The texts take more memory than they may.
    pub fn add_text(&mut self, text: &str) -> Result<(), DatasetError> {
        self.rows += 1;
        if self.wrong.is_some() {
            return Ok(());
        }
        let needed = (text.len() + size_of::<u64>()) as u64;
        let Some(left) = self.left.checked_sub(needed) else {
            let (row, memory) = (self.rows - 1, self.memory);
            let found = format!("the texts up to this one take more than {memory} bytes of memory");
            return Err(invalid(self.path, self.at(row), found, "fewer or shorter texts, or a higher limit"));
        };
        self.left = left;
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u64);
        Ok(())
    }

    /// Notes that the text of the next row is missing, or adds an empty one.
    ///
    /// # Errors
    /// The texts take more memory than they may.
    pub fn add_missing(&mut self) -> Result<(), DatasetError> {
        if self.may_miss {
            return self.add_text("");
        }
        self.note(WrongKind::Missing);
        Ok(())
    }

    /// Whether a text that is missing is an empty one.
    pub fn may_miss(&self) -> bool {
        self.may_miss
    }

    fn note(&mut self, kind: WrongKind) {
        let row = self.rows;
        self.rows += 1;
        let is_missing = |kind: WrongKind| kind == WrongKind::Missing;
        match &mut self.wrong {
            Some(first) => first.count += usize::from(is_missing(first.kind) == is_missing(kind)),
            None => self.wrong = Some(Wrong { row, kind, count: 1 }),
        }
    }

    fn at(&self, row: usize) -> String {
        self.column.map_or_else(|| format!("row {row}"), |column| format!("`{column}`, row {row}"))
    }

    fn finish(self) -> Result<Texts, DatasetError> {
        let Some(Wrong { row, kind, count }) = self.wrong else {
            return Ok(Texts::of_checked(self.ends, self.bytes));
        };
        let (found, expected) = match kind {
            WrongKind::NotUtf8(at) => (
                format!("byte {at} of the text is not UTF-8"),
                "UTF-8: `iconv -f LATIN1 -t UTF-8 OLD > NEW` converts, where LATIN1 stands for what the file has",
            ),
            WrongKind::Missing => {
                ("the text is missing".to_owned(), "a text for each row; an empty one may stand for none")
            }
        };
        Err(invalid(self.path, self.at(row), first_of(found, count), expected))
    }
}
