//! Small tables of texts: rows of fields between tabs, commas or spaces, or the columns of a Parquet file.

use crate::bounded;
use crate::check::{Flaw, first_of};
use crate::format::DatasetError;
use crate::text_file;
use std::path::Path;

/// A table: its rows, and the names of its columns if it has a header.
pub(super) struct Table {
    /// The columns' names, in lower case.
    pub header: Option<Vec<String>>,
    /// A row's number in the file (the line, from 1), and its fields.
    pub rows: Vec<(usize, Vec<String>)>,
    /// What a row's number counts: line or row.
    pub counts: &'static str,
}

/// What a table's columns may be called.
pub(super) type ColumnNames = &'static [&'static str];

impl Table {
    /// Reads a table whose columns are called as `columns` says, those up to `needed` required. Of a text the separator is found
    /// by its first line: tabs, else commas (also where the file is called `.csv`), else spaces. Its first line is a header if one of its fields is a column's name.
    pub(super) fn read(path: &Path, columns: &[ColumnNames], needed: usize, memory: u64) -> Result<Self, DatasetError> {
        if text_file::is_parquet(path)? {
            return Self::of_parquet(path, columns, needed, memory);
        }
        let bytes = bounded::read(path, memory).map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let text = utf8(path, &bytes)?;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let commas = (is_csv || first.contains(',')).then_some(b',');
        let separator = if first.contains('\t') { Some(b'\t') } else { commas };
        let mut rows = if let Some(separator) = separator {
            separated(path, text, separator)?
        } else {
            let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let rows = text.lines().enumerate().map(|(at, line)| (at + 1, fields(line)));
            rows.filter(|(_, fields)| !fields.is_empty()).collect()
        };
        let is_name =
            |field: &String| columns.iter().any(|names| names.contains(&field.trim().to_lowercase().as_str()));
        let has_header = rows.first().is_some_and(|(_, fields)| fields.iter().any(is_name));
        let header = has_header.then(|| rows.remove(0).1.iter().map(|name| name.trim().to_lowercase()).collect());
        Ok(Self { header, rows, counts: "line" })
    }

    fn of_parquet(path: &Path, columns: &[ColumnNames], needed: usize, memory: u64) -> Result<Self, DatasetError> {
        let present = text_file::columns(path)?;
        let find = |names: &ColumnNames| present.iter().find(|column| names.contains(&column.to_lowercase().as_str()));
        let found: Vec<Option<&String>> = columns.iter().map(find).collect();
        if let Some(missing) = found.iter().take(needed).position(Option::is_none) {
            let has = format!("its columns are {}", present.join(", "));
            let expected = format!("a column `{}`", columns[missing].join("` or `"));
            return Err(DatasetError::Invalid { path: path.to_owned(), flaw: Flaw::new("the table", has, expected) });
        }
        let named: Vec<&String> = found.into_iter().flatten().collect();
        let texts =
            named.iter().map(|column| text_file::texts(path, Some(column), memory)).collect::<Result<Vec<_>, _>>()?;
        let count = texts.iter().map(crate::Texts::len).min().unwrap_or(0);
        let row = |row: usize| (row, texts.iter().map(|column| column.get(row).to_owned()).collect());
        Ok(Self {
            header: Some(named.into_iter().map(|name| name.to_lowercase()).collect()),
            rows: (0..count).map(row).collect(),
            counts: "row",
        })
    }

    /// The places of columns: by their names in the header, or as in `without_header` where there is none. Every row reaches to each.
    ///
    /// # Errors
    /// The header lacks one of the first `needed`; a row is too short.
    pub(super) fn places<const N: usize>(
        &self,
        columns: &[ColumnNames; N],
        needed: usize,
        without_header: [Option<usize>; N],
        expected: &str,
    ) -> Result<[Option<usize>; N], Flaw> {
        let mut places = without_header;
        if let Some(header) = &self.header {
            places = columns.map(|names| header.iter().position(|name| names.contains(&name.as_str())));
            if let Some(missing) = places.iter().take(needed).position(Option::is_none) {
                let found = format!("its columns are {}", header.join(", "));
                return Err(Flaw::new("the header", found, format!("a column `{}`", columns[missing].join("` or `"))));
            }
        }
        let width = places.iter().flatten().max().map_or(0, |last| last + 1);
        let mut short = self.rows.iter().filter(|(_, fields)| fields.len() < width);
        if let Some((row, fields)) = short.next() {
            let found = first_of(format!("it has {} fields", fields.len()), 1 + short.count());
            return Err(Flaw::new(self.at(*row), found, expected));
        }
        Ok(places)
    }

    /// Fields of the first row; 0 where there is none.
    pub(super) fn width(&self) -> usize {
        self.rows.first().map_or(0, |(_, fields)| fields.len())
    }

    /// The place of a row, for messages.
    pub(super) fn at(&self, row: usize) -> String {
        format!("{} {row}", self.counts)
    }
}

/// The text of a file.
pub(super) fn utf8<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, DatasetError> {
    // Some programs begin a text with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        let expected = "UTF-8; `iconv -f ISO-8859-1 -t UTF-8 OLD > NEW` converts other texts";
        let flaw = Flaw::new(format!("line {line}"), "it is not UTF-8", expected);
        DatasetError::Invalid { path: path.to_owned(), flaw }
    })
}

/// Rows of fields between separators. Quotes mean something only between commas.
fn separated(path: &Path, text: &str, separator: u8) -> Result<Vec<(usize, Vec<String>)>, DatasetError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .quoting(separator == b',')
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let flaw = Flaw::new("the table", error.to_string(), "rows of fields");
            DatasetError::Invalid { path: path.to_owned(), flaw }
        })?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        rows.push((line, record.iter().map(|field| field.trim().to_owned()).collect()));
    }
    Ok(rows)
}
