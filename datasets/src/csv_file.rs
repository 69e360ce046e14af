//! Files of values with separators between them (`.csv`, `.tsv`), read record by record.

use crate::array_file::bytes::Span;
use crate::bounded;
use crate::check::{Flaw, counted};
use crate::format::DatasetError;
use crate::line_file::lines;
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

/// Splits a line at tabs. A quote counts only if it begins a field and if another, before a tab or the end of the line, closes it:
/// in between quotes are doubled, and tabs may stand. Any other quote is a character like others, since many programs write texts
/// between tabs as they are.
pub(crate) fn split_at_tabs(line: &[u8], record: &mut ByteRecord) {
    record.clear();
    let mut rest = line;
    loop {
        let length = if let Some((field, length)) = quoted(rest) {
            record.push_field(&field);
            length
        } else {
            let length = rest.iter().position(|&byte| byte == b'\t').unwrap_or(rest.len());
            record.push_field(&rest[..length]);
            length
        };
        let Some(after) = rest.get(length + 1..) else { return };
        rest = after;
    }
}

/// The field in quotes that `text` begins with, and its length with them.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut field = Vec::new();
    loop {
        match rest {
            [b'"', b'"', after @ ..] => {
                field.push(b'"');
                rest = after;
            }
            [b'"'] | [b'"', b'\t', ..] => return Some((field, text.len() - rest.len() + 1)),
            [b'"', ..] | [] => return None,
            [byte, after @ ..] => {
                field.push(*byte);
                rest = after;
            }
        }
    }
}

/// The place of a record, for messages; `before` records come before the first row.
fn place(line: u64, number: usize, before: usize) -> String {
    match number.checked_sub(before) {
        Some(row) => format!("row {row} (line {line})"),
        None => format!("line {line}"),
    }
}

fn fields(count: usize) -> String {
    format!("it has {}", counted(count, "field"))
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
        let separator = separator.chain([b'\t']).find(|separator| line.contains(separator));
        let separator = separator.unwrap_or(if is_tabs { b'\t' } else { b',' });
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
        if self.separator == b'\t' {
            return self.lines(each);
        }
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

    /// The same of fields between tabs: each line is a record. Empty lines are none.
    fn lines(&self, mut each: impl FnMut(usize, u64, &ByteRecord) -> bool) -> Result<(), DatasetError> {
        let mut record = ByteRecord::new();
        let before = usize::from(self.names.is_some());
        let (mut number, mut width) = (0, None);
        lines(&self.path, |at, line| {
            if line.is_empty() {
                return Ok(true);
            }
            split_at_tabs(line, &mut record);
            let (count, width) = (record.len(), *width.get_or_insert(record.len()));
            if count != width {
                let expected = format!("{width}, as the first line has; texts with line ends do not fit between tabs");
                let at = place(at as u64 + 1, number, before);
                let flaw = Flaw::new(at, fields(count), expected);
                return Err(DatasetError::Invalid { path: self.path.clone(), flaw });
            }
            let goes_on = number < before || each(number - before, at as u64 + 1, &record);
            number += 1;
            Ok(goes_on)
        })
    }

    /// The error in the record of this number.
    fn wrong(&self, error: &csv::Error, number: usize, before: usize) -> DatasetError {
        let invalid = |at: String, found: String, expected: String| DatasetError::Invalid {
            path: self.path.clone(),
            flaw: Flaw::new(at, found, expected),
        };
        let at = |line: u64| place(line, number, before);
        match error.kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.as_ref().map_or(0, csv::Position::line);
                invalid(at(line), fields(*len as usize), format!("{expected_len}, as the first line has"))
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
