//! Small tables of texts: rows of fields between tabs, commas, semicolons or spaces, or the columns of a Parquet file.

use crate::array_file;
use crate::bounded;
use crate::check::{Flaw, counted, first_of, listed};
use crate::csv_file::split_at_tabs;
use crate::format::DatasetError;
use crate::parquet_file::{Column, ParquetFile};
use crate::text_file;
use crate::texts::RowFinder;
use csv::ByteRecord;
use std::path::Path;

/// A table: its rows, and the names of its columns if it has a header.
pub(super) struct Table {
    /// The columns' names, in lower case.
    pub header: Option<Vec<String>>,
    /// A row's number in the file (the line, from 1), and its fields.
    pub rows: Vec<(usize, Vec<String>)>,
    /// What a row's number counts: line or row.
    pub counts: &'static str,
    /// What stands between fields.
    between: &'static str,
    /// What is wrong in the first row, if it is a header: it names some of the columns that are needed, and not all.
    half_header: Option<Flaw>,
}

/// What a table's columns may be called.
pub(super) type ColumnNames = &'static [&'static str];

impl Table {
    /// Reads a table whose columns are called as `columns` says, those up to `needed` required. Of a text the separator is found
    /// by its first line: tabs, else commas (or semicolons, if the file is called `.csv`), else spaces. Its first line is a header
    /// if it names all columns that are required.
    pub(super) fn read(path: &Path, columns: &[ColumnNames], needed: usize, memory: u64) -> Result<Self, DatasetError> {
        if text_file::is_parquet(path)? {
            return Self::of_parquet(path, columns, needed, memory);
        }
        let bytes = bounded::read(path, memory).map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let text = utf8(path, &bytes)?;
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let (between, mut rows) = if first.contains('\t') {
            ("tabs", between_tabs(text))
        } else if is_csv && first.contains(';') && !first.contains(',') {
            ("semicolons", separated(path, text, b';')?)
        } else if is_csv || first.contains(',') {
            ("commas", separated(path, text, b',')?)
        } else {
            let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            ("spaces", text.lines().enumerate().map(|(at, line)| (at + 1, fields(line))).collect())
        };
        rows.retain(|(_, fields)| fields.iter().any(|field| !field.is_empty()));
        let names = |(_, fields): &(usize, Vec<String>)| fields.iter().map(|name| name.to_lowercase()).collect();
        let first: Vec<String> = rows.first().map(names).unwrap_or_default();
        let (mut header, mut half_header) = (None, None);
        let is_named = |names: &&ColumnNames| first.iter().any(|name| names.contains(&name.as_str()));
        let missing = missing_column(&first, columns, needed);
        if !rows.is_empty() && missing.is_none() {
            rows.remove(0);
            header = Some(first);
        } else if columns[..needed].iter().any(|names| is_named(&names)) {
            half_header = missing;
        }
        Ok(Self { header, rows, counts: "line", between, half_header })
    }

    fn of_parquet(path: &Path, columns: &[ColumnNames], needed: usize, memory: u64) -> Result<Self, DatasetError> {
        let present = ParquetFile::open(path)?.columns();
        let names: Vec<String> = present.iter().map(|column| column.name.to_lowercase()).collect();
        if let Some(flaw) = missing_column(&names, columns, needed) {
            return Err(DatasetError::Invalid { path: path.to_owned(), flaw });
        }
        let find = |wanted: &ColumnNames| names.iter().position(|name| wanted.contains(&name.as_str()));
        let named: Vec<usize> = columns.iter().filter_map(find).collect();
        let texts = named.iter().map(|&column| parquet_texts(path, &present[column], memory));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let count = texts.iter().map(crate::Texts::len).min().unwrap_or(0);
        let row = |row: usize| (row, texts.iter().map(|column| column.get(row).to_owned()).collect());
        Ok(Self {
            header: Some(named.into_iter().map(|column| names[column].clone()).collect()),
            rows: (0..count).map(row).collect(),
            counts: "row",
            between: "columns",
            half_header: None,
        })
    }

    /// The places of columns: by their names in the header, or as in `without_header` where there is none. Every row reaches to each,
    /// and none is longer than the header, or than those.
    ///
    /// # Errors
    /// There are no rows; one is too short or too long.
    pub(super) fn places<const N: usize>(
        &self,
        columns: &[ColumnNames; N],
        without_header: [Option<usize>; N],
        expected: &str,
    ) -> Result<[Option<usize>; N], Flaw> {
        if self.rows.is_empty() {
            return Err(Flaw::new("the table", "it has no rows", format!("at least one; {expected}")));
        }
        let places = match &self.header {
            Some(header) => columns.map(|names| header.iter().position(|name| names.contains(&name.as_str()))),
            None => without_header,
        };
        let least = places.iter().flatten().max().map_or(0, |last| last + 1);
        let most = self.header.as_ref().map_or(least, Vec::len);
        // Some programs end a line with a separator.
        let is_long = |fields: &[String]| fields.iter().skip(most).any(|field| !field.is_empty());
        let is_wrong = |(_, fields): &&(usize, Vec<String>)| fields.len() < least || is_long(fields);
        let mut wrong = self.rows.iter().filter(is_wrong);
        if let Some((row, fields)) = wrong.next() {
            let found = format!("it has {} between {}", counted(fields.len(), "field"), self.between);
            return Err(Flaw::new(self.at(*row), first_of(found, 1 + wrong.count()), expected));
        }
        Ok(places)
    }

    /// What is wrong if the first row, which cannot be read as one, was meant as a header.
    pub(super) fn half_header(&self, row: usize) -> Option<Flaw> {
        self.half_header.clone().filter(|_| self.rows.first().is_some_and(|(first, _)| *first == row))
    }

    /// A note if the header could be a row: if what stands at these places are ids of base vectors, too.
    pub(super) fn header_of_ids(&self, file: &str, places: &[Option<usize>], items: &RowFinder<'_>) -> Option<String> {
        let header = self.header.as_ref()?;
        let is_id = |place: &Option<usize>| place.is_some_and(|place| items.find(&header[place]).is_some());
        places.iter().all(is_id).then(|| {
            format!(
                "the first line of {file} is read as the names of its columns, though the dataset has such ids, too"
            )
        })
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

/// That a column up to `needed` is not among these names, if so.
fn missing_column(names: &[String], columns: &[ColumnNames], needed: usize) -> Option<Flaw> {
    let is_there = |wanted: &ColumnNames| names.iter().any(|name| wanted.contains(&name.as_str()));
    let missing = columns.iter().take(needed).find(|wanted| !is_there(wanted))?;
    let found = format!("its columns are {}", listed(names.iter().cloned()));
    Some(Flaw::new("the header", found, format!("a column `{}`", missing.join("` or `"))))
}

/// A column of texts or of numbers. Programs write whole numbers as fractions of 0 where a value of the column was once missing.
fn parquet_texts(path: &Path, column: &Column, memory: u64) -> Result<crate::Texts, DatasetError> {
    if column.is_list || !column.kind.is_float() {
        return text_file::texts(path, Some(&column.name), memory);
    }
    let numbers = array_file::open_matrix(path, Some(&column.name))?.all_f64s()?;
    Ok(numbers.into_iter().map(|number| number.to_string()).collect())
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

/// Rows of fields between tabs: see [`split_at_tabs`].
fn between_tabs(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut record = ByteRecord::new();
    let fields = |line: &str| {
        split_at_tabs(line.as_bytes(), &mut record);
        record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
    };
    text.lines().map(fields).enumerate().map(|(at, fields)| (at + 1, fields)).collect()
}

/// Rows of fields between separators, perhaps in quotes.
fn separated(path: &Path, text: &str, separator: u8) -> Result<Vec<(usize, Vec<String>)>, DatasetError> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
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
