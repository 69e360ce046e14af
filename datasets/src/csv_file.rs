//! Files of values with separators between them (`.csv`, `.tsv`), read record by record.

use crate::array_file::bytes::Span;
use crate::bounded;
use crate::check::Flaw;
use crate::format::DatasetError;
use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use std::cell::Cell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A record may have this many bytes; one whose quotes do not end has all the rest of its file.
const LONGEST: u64 = 256 << 20;

/// The separator is found in this many first bytes.
const START: u64 = 1 << 16;

/// An open file.
pub(crate) struct CsvFile {
    pub path: PathBuf,
    bytes: Span,
    separator: u8,
    /// The names of the columns, once the caller has found that the first record has them.
    pub names: Option<Vec<String>>,
    /// The first record.
    pub first: Vec<String>,
}

/// Bytes of a file, at most [`LONGEST`] for each record.
struct Limited {
    bytes: Span,
    since: Rc<Cell<u64>>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = self.since.get();
        if since > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a quote that does not end"));
        }
        let count = self.bytes.read(buffer)?;
        self.since.set(since + count as u64);
        Ok(count)
    }
}

impl CsvFile {
    /// Opens a file and reads its first record.
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let (file, size) = bounded::open(path).map_err(io)?;
        let bytes = Span::new(&Arc::new(file), 0, size);
        let mut start = Vec::new();
        bytes.clone().take(START).read_to_end(&mut start).map_err(io)?;
        let line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let is_tabs = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tsv"));
        let separator = [b'\t', b',', b';'].into_iter().skip(usize::from(!is_tabs));
        // A file may have another separator than its ending says.
        let separator = separator.chain([b'\t']).find(|separator| line.contains(separator)).unwrap_or(b',');
        let mut this = Self { path: path.to_owned(), bytes, separator, names: None, first: Vec::new() };
        let mut first = Vec::new();
        this.records(|_, _, record| {
            first = record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
            false
        })?;
        this.first = first;
        Ok(this)
    }

    /// Passes each record to `each` until it returns `false`, with the number of its row and of its line in the file. The
    /// record of names is left out.
    pub(crate) fn records(&self, mut each: impl FnMut(usize, u64, &ByteRecord) -> bool) -> Result<(), DatasetError> {
        let since = Rc::new(Cell::new(0));
        let bytes = Limited { bytes: self.bytes.clone(), since: since.clone() };
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).delimiter(self.separator).buffer_capacity(1 << 16);
        let mut reader = builder.from_reader(bytes);
        let mut record = ByteRecord::new();
        let before = usize::from(self.names.is_some());
        let mut number = 0;
        while reader.read_byte_record(&mut record).map_err(|error| self.wrong(&error, number, before))? {
            since.set(0);
            if number >= before {
                let line = record.position().map_or(0, csv::Position::line);
                if !each(number - before, line, &record) {
                    break;
                }
            }
            number += 1;
        }
        Ok(())
    }

    /// The error in the record of this number.
    fn wrong(&self, error: &csv::Error, number: usize, before: usize) -> DatasetError {
        let invalid = |at: String, found: String, expected: String| DatasetError::Invalid {
            path: self.path.clone(),
            flaw: Flaw::new(at, found, expected),
        };
        let at = |line: u64| match number.checked_sub(before) {
            Some(row) => format!("row {row} (line {line})"),
            None => format!("line {line}"),
        };
        match error.kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.as_ref().map_or(0, csv::Position::line);
                invalid(at(line), format!("it has {len} fields"), format!("{expected_len}, as the first line has"))
            }
            ErrorKind::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                let found = format!("it has more than {LONGEST} bytes, or {error}");
                let row = number.saturating_sub(before);
                invalid(format!("row {row}"), found, "quotes in pairs; a quote in a text is doubled".into())
            }
            ErrorKind::Io(error) => {
                DatasetError::Io { path: self.path.clone(), source: io::Error::new(error.kind(), error.to_string()) }
            }
            _ => invalid(at(0), error.to_string(), "fields with separators between them".into()),
        }
    }

    /// Columns with their names, or numbers if they have none.
    pub(crate) fn columns(&self) -> Vec<String> {
        match &self.names {
            Some(names) => names.clone(),
            None => (0..self.first.len()).map(|column| column.to_string()).collect(),
        }
    }
}
