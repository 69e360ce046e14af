//! Reads and writes the CSV file of a history.

use super::page::count;
use super::{History, HistoryRow, commit, utc};
use crate::config::Failure;
use crate::escape;
use crate::plot::format::{cell, cell_or_empty};
use crate::record::results;
use csv::{ErrorKind, Position, StringRecord};
use std::collections::BTreeMap;
use std::path::Path;
use swath_datasets::bounded;

/// The columns of the file.
pub(super) const COLUMNS: [&str; 12] =
    ["time", "commit", "swath", "experiment", "dataset", "retriever", "point", "trial", "measure", "value", "lo", "hi"];

/// The version that wrote files without the third column, `swath`.
const FIRST: &str = "0.1.0";

impl History {
    /// Reads a file. Accepts line ends of any kind, and the byte order mark that spreadsheets write.
    ///
    /// # Errors
    /// [`Failure::Input`]: what is wrong, in which line, and what would be right.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = bounded::read(path, bounded::RECORD).map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => "; `swath history add RUN_FOLDER` creates it",
                std::io::ErrorKind::IsADirectory => "; give the CSV file inside it",
                _ => "",
            };
            Failure::Input(format!("cannot read {}: {error}{hint}", path.display()))
        })?;
        Self::parse(&bytes).map_err(|wrong| Failure::Input(format!("{}, {wrong}", path.display())))
    }

    /// Reads the content of a file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let lines = bytes.split(|&b| b == b'\n').count();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let line = |position: Option<&Position>| format!("line {}", position.map_or(1, Position::line));
        let mut records = reader.records();
        let unreadable = |error: csv::Error| match error.kind() {
            ErrorKind::Utf8 { pos, .. } => format!("{}: it is not UTF-8 text; save it as UTF-8", line(pos.as_ref())),
            _ => error.to_string(),
        };
        let header = records.next().transpose().map_err(unreadable)?.unwrap_or_default();
        let old: Vec<&str> = COLUMNS.into_iter().filter(|column| *column != "swath").collect();
        let is_old = header == old;
        if header != COLUMNS[..] && !is_old {
            if bytes.is_empty() {
                return Err("line 1: the file is empty; remove it, and `swath history add` creates it anew".into());
            }
            let found: String = header.iter().collect::<Vec<_>>().join(",").chars().take(60).collect();
            let expected = COLUMNS.join(",");
            return Err(format!(
                "line 1: this is not a history of swath: it begins with `{found}`, expected `{expected}`"
            ));
        }
        if bytes.last() != Some(&b'\n') {
            return Err(format!(
                "line {lines}: the file is cut off in this line; restore it from the last commit, or remove the line"
            ));
        }
        let mut known = Known::default();
        for record in records {
            let record = record.map_err(unreadable)?;
            let place = line(record.position());
            let row = HistoryRow::parse(&record, is_old).map_err(|wrong| format!("{place}: {wrong}"))?;
            known.add(row, &place)?;
        }
        Ok(Self { rows: known.rows })
    }

    /// Writes the file. After a failure the old file is still complete.
    ///
    /// # Errors
    /// [`Failure::Run`] if the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("cannot write {}: {error}", path.display()));
        let bytes = self.bytes().map_err(|error| failed(&error))?;
        // A link stays: the file behind it is written.
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        results::write_whole(path, &bytes).map_err(|error| Failure::Run(format!("cannot write {error}")))
    }

    /// The content of the file.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS)?;
        for row in &self.rows {
            let texts = [&row.time, &row.commit, &row.swath, &row.experiment, &row.dataset];
            let text = |text: &String| escape::csv(text).into_owned();
            let mut cells = texts.map(text).to_vec();
            cells.extend([&row.retriever, &row.point, &row.trial, &row.measure].map(text));
            cells.push(cell(row.value));
            cells.extend([row.interval.map(|ends| ends.0), row.interval.map(|ends| ends.1)].map(cell_or_empty));
            table.write_record(cells)?;
        }
        table.into_inner().map_err(|error| error.into_error().into())
    }
}

/// The rows that were read, and their places in the file.
#[derive(Default)]
struct Known {
    rows: Vec<HistoryRow>,
    /// By commit, experiment, retriever, point and measure: the place of the row.
    seen: BTreeMap<[String; 5], String>,
    /// By commit and experiment: the version of swath, and the place of the first row.
    versions: BTreeMap<[String; 2], (String, String)>,
}

impl Known {
    /// Adds a row.
    ///
    /// # Errors
    /// If it repeats an earlier row, or its run has rows of another version of swath.
    fn add(&mut self, row: HistoryRow, place: &str) -> Result<(), String> {
        let of_run = [&row.commit, &row.experiment].map(Clone::clone);
        let (version, first) = self.versions.entry(of_run).or_insert_with(|| (row.swath.clone(), place.to_owned()));
        if *version != row.swath {
            return Err(format!(
                "{place}: {} at this commit was run by swath {}, but by {version} in {first}; add the run again",
                row.experiment, row.swath
            ));
        }
        let key = [&row.commit, &row.experiment, &row.retriever, &row.point, &row.measure].map(Clone::clone);
        if let Some(first) = self.seen.insert(key, place.to_owned()) {
            return Err(format!(
                "{place}: {} of {} at this commit is already in {first}; remove one of the two lines",
                row.measure,
                crate::record::label(&row.retriever, &row.point)
            ));
        }
        self.rows.push(row);
        Ok(())
    }
}

impl HistoryRow {
    /// Reads a row. With `is_old` the file has no column `swath`.
    fn parse(record: &StringRecord, is_old: bool) -> Result<Self, String> {
        let expected: Vec<&str> = COLUMNS.into_iter().filter(|column| !is_old || *column != "swath").collect();
        if record.len() != expected.len() {
            if record.iter().any(|field| field.contains('\n')) {
                return Err("a quotation mark in this line is not closed, so that the next lines belong to it".into());
            }
            let fields = count(record.len(), "field");
            return Err(format!("it has {fields}, expected {}: {}", expected.len(), expected.join(",")));
        }
        let mut fields: Vec<&str> = record.iter().collect();
        if is_old {
            fields.insert(2, FIRST);
        }
        let text = |i: usize| escape::csv_back(fields[i]).to_owned();
        let number = |i: usize| {
            let number = fields[i].trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| format!("{} is `{}`, expected a number", COLUMNS[i], fields[i]))
        };
        let interval = match (fields[10].is_empty(), fields[11].is_empty()) {
            (true, true) => None,
            (false, false) => Some((number(10)?, number(11)?)),
            _ => return Err("one of lo and hi is missing, expected both or neither".into()),
        };
        let named = |i: usize| {
            let missing = || format!("{} is missing", COLUMNS[i]);
            if fields[i].is_empty() { Err(missing()) } else { Ok(text(i)) }
        };
        let said = |failure: Failure| failure.to_string();
        Ok(Self {
            time: utc(fields[0]).map_err(said)?,
            commit: commit(fields[1]).map_err(said)?,
            swath: named(2)?,
            experiment: named(3)?,
            dataset: text(4),
            retriever: named(5)?,
            point: text(6),
            trial: text(7),
            measure: named(8)?,
            value: number(9)?,
            interval,
        })
    }
}
