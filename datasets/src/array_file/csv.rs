//! Numbers as text, with separators between them (`.csv`, `.tsv`). The first line may name the columns.

use super::{AT_ONCE, ArrayFile, ArrayFormat, Matrix, MatrixHeader, choose};
use crate::check::first_of;
use crate::csv_file::CsvFile;
use crate::format::DatasetError;
use crate::number::{NumberForm, whole};
use std::path::Path;

/// What stands for a value that is missing.
const MISSING: [&str; 6] = ["", "NA", "N/A", "null", "NULL", "None"];

/// Text files of numbers.
pub struct Csv;

/// A file, or one column of it.
struct CsvMatrix {
    header: MatrixHeader,
    table: CsvFile,
    /// The column that is read; all if there is none.
    column: Option<usize>,
}

/// A type that numbers are parsed as.
trait Parsed: Copy {
    fn parse(text: &str) -> Option<Self>;

    /// What is expected, in words.
    const EXPECTED: &'static str;
}

impl Parsed for f32 {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    const EXPECTED: &'static str = "a number";
}

impl Parsed for f64 {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    const EXPECTED: &'static str = "a number";
}

impl Parsed for i64 {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| whole(text.parse().ok()?))
    }

    const EXPECTED: &'static str = "a whole number below 2^63";
}

impl ArrayFormat for Csv {
    fn name(&self) -> &'static str {
        "numbers as text"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv"]
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        let mut table = CsvFile::open(path)?;
        let is_name = |field: &String| f64::parse(field).is_none() && !MISSING.contains(&field.as_str());
        // Programs that count columns write their numbers where they have no names.
        let is_counted =
            table.first.len() > 1 && table.first.iter().enumerate().all(|(at, name)| *name == at.to_string());
        if is_counted || table.first.iter().any(is_name) {
            table.names = Some(table.first.clone());
        }
        let mut notes = Vec::new();
        if is_counted {
            let (file, last) = (path.file_name().unwrap_or_default().to_string_lossy(), table.first.len() - 1);
            notes.push(format!("the first line of {file} is 0 to {last}: it is read as the names of columns"));
        }
        let described: Vec<(String, String)> = table.columns().into_iter().map(|name| (name, String::new())).collect();
        let column = part.map(|part| choose(path, "column", Some(part), &described)).transpose()?;
        let (mut rows, mut is_whole) = (0, true);
        let is_digits =
            |field: &[u8]| field.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b' '));
        table.records(|_, _, record| {
            rows += 1;
            is_whole = is_whole
                && match column {
                    Some(column) => record.get(column).is_some_and(is_digits),
                    None => record.iter().all(is_digits),
                };
            true
        })?;
        let columns = if column.is_some() { 1 } else { table.first.len().max(1) };
        let form = if is_whole { NumberForm::Signed(8) } else { NumberForm::Double };
        let part = part.map(str::to_owned);
        let header = MatrixHeader { path: path.to_owned(), part, rows, columns, form, notes };
        Ok(ArrayFile::Matrix(Box::new(CsvMatrix { header, table, column })))
    }
}

/// A field that cannot be read, and the number of those like it.
struct Wrong {
    at: String,
    text: String,
    is_missing: bool,
    count: usize,
}

impl CsvMatrix {
    fn rows<T: Parsed>(&self, each: &mut dyn FnMut(&[T]) -> bool) -> Result<(), DatasetError> {
        let mut values: Vec<T> = Vec::new();
        let mut wrong: Option<Wrong> = None;
        let mut goes_on = true;
        let at_once = (AT_ONCE / self.header.columns).max(1) * self.header.columns;
        self.table.records(|row, line, record| {
            let mut field = |column: usize, bytes: &[u8]| {
                let text = std::str::from_utf8(bytes).map_or("bytes that are not UTF-8", str::trim);
                if let Some(value) = T::parse(text) {
                    values.push(value);
                    return;
                }
                let is_missing = MISSING.contains(&text);
                if let Some(first) = &mut wrong {
                    first.count += usize::from(first.is_missing == is_missing);
                } else {
                    let at = format!("{} (line {line})", self.header.at(row, column));
                    wrong = Some(Wrong { at, text: text.chars().take(40).collect(), is_missing, count: 1 });
                }
            };
            match self.column {
                Some(column) => field(0, record.get(column).unwrap_or_default()),
                None => record.iter().enumerate().for_each(|(column, bytes)| field(column, bytes)),
            }
            if wrong.is_none() && values.len() >= at_once {
                goes_on = each(&values);
                values.clear();
            } else if wrong.is_some() {
                values.clear();
            }
            goes_on
        })?;
        if let Some(Wrong { at, text, is_missing, count }) = wrong {
            let found = if is_missing { "the value is missing".to_owned() } else { format!("it is {text:?}") };
            let found = first_of(found, count);
            let remedy = match self.table.names {
                Some(_) if !is_missing => "; if only some columns have numbers, name one",
                _ => "",
            };
            return Err(self.header.invalid(at, found, format!("{}{remedy}", T::EXPECTED)));
        }
        if goes_on && !values.is_empty() {
            each(&values);
        }
        Ok(())
    }
}

impl Matrix for CsvMatrix {
    fn header(&self) -> &MatrixHeader {
        &self.header
    }

    fn f32_rows(&self, each: &mut dyn FnMut(&[f32]) -> bool) -> Result<(), DatasetError> {
        self.rows(each)
    }

    fn f64_rows(&self, each: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), DatasetError> {
        self.rows(each)
    }

    fn integer_rows(&self, each: &mut dyn FnMut(&[i64]) -> bool) -> Result<(), DatasetError> {
        self.rows(each)
    }
}
