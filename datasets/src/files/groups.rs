//! What base vectors belong to: rows `item,group`, or a value for each base vector, in their order.

use super::Part;
use super::qrels::{Finders, repetition};
use super::strangers::Strangers;
use super::table::{ColumnNames, Table};
use crate::check::{self, Flaw, first_of};
use crate::csv_file::CsvFile;
use crate::dataset::Groups;
use crate::format::DatasetError;
use crate::text_file;
use std::path::Path;

const COLUMNS: [ColumnNames; 2] = [
    &["item", "id", "_id", "corpus-id", "corpus_id", "doc_id", "docid", "document"],
    &["group", "group_id", "source", "site", "seller", "parent", "parent_id", "label"],
];

/// Endings of files with a value for each base vector, whatever these look like.
const VALUES: [&str; 4] = ["txt", "jsonl", "ndjson", "npy"];

/// Reads the groups of one kind, `name`, of `rows` base vectors. A base vector that the file does not name belongs to none.
///
/// The file has a value for each base vector if a column of it is named, if it has only one, or if it has no columns.
pub(super) fn read(
    part: &Part,
    name: &str,
    rows: usize,
    memory: u64,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Groups, DatasetError> {
    let path = &part.file;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let values = |column: Option<&str>| {
        let texts = text_file::texts_or_empty(path, column, memory)?;
        one_for_each(path, texts.len(), rows)?;
        Ok(Groups::of_labels(name, texts.iter()))
    };
    if part.part.is_some() || VALUES.contains(&ending.as_str()) {
        return values(part.part.as_deref());
    }
    if text_file::is_parquet(path)? {
        if let [only] = text_file::columns(path)?.as_slice() {
            return values(Some(only));
        }
    } else if matches!(ending.as_str(), "csv" | "tsv") {
        let table = CsvFile::open(path)?;
        if table.first.len() == 1 {
            return column(table, name, rows, notes);
        }
    }
    pairs(path, name, rows, memory, finders, notes)
}

fn one_for_each(path: &Path, found: usize, rows: usize) -> Result<(), DatasetError> {
    check::one_for_each("groups", found, rows, "base vector")
        .map_err(|flaw| DatasetError::Invalid { path: path.to_owned(), flaw })
}

/// The values of the only column of a table. Its first line names it if it is a usual name, or if there is one more line than base
/// vectors.
fn column(mut table: CsvFile, name: &str, rows: usize, notes: &mut Vec<String>) -> Result<Groups, DatasetError> {
    let mut count = 0;
    table.records(|_, _, _| {
        count += 1;
        true
    })?;
    let path = table.path.clone();
    let first = table.first.concat();
    let is_usual = COLUMNS[1].contains(&first.to_lowercase().as_str()) || (first == name && !name.is_empty());
    if is_usual || count == rows + 1 {
        table.names = Some(table.first.clone());
        count -= 1;
        if !is_usual {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            notes.push(format!("the first line of {file}, `{first}`, is read as the name of its column"));
        }
    }
    one_for_each(&path, count, rows)?;
    let (mut labels, mut flaw) = (Vec::with_capacity(rows), None);
    table.records(|row, line, record| {
        match std::str::from_utf8(record.get(0).unwrap_or_default()) {
            Ok(label) => labels.push(label.trim().to_owned()),
            Err(_) => flaw = Some(Flaw::new(format!("row {row} (line {line})"), "it is not UTF-8", "UTF-8")),
        }
        flaw.is_none()
    })?;
    match flaw {
        Some(flaw) => Err(DatasetError::Invalid { path, flaw }),
        None => Ok(Groups::of_labels(name, labels)),
    }
}

/// The groups of rows `item,group`.
fn pairs(
    path: &Path,
    name: &str,
    rows: usize,
    memory: u64,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Groups, DatasetError> {
    const EXPECTED: &str = "`item,group`, or one column with a value for each base vector";
    let invalid = |flaw| DatasetError::Invalid { path: path.to_owned(), flaw };
    let table = Table::read(path, &COLUMNS, 2, memory)?;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let places = table.places(&COLUMNS, [Some(0), Some(1)], EXPECTED).map_err(invalid)?;
    let [Some(item_at), Some(group_at)] = places else {
        return Err(invalid(Flaw::new("the table", "it has no rows", EXPECTED)));
    };
    notes.extend(table.header_of_ids(&file, &places[..1], finders.items));
    let mut strangers = Strangers::new(&file, ["row", "rows"], "of a base vector");
    let mut labels: Vec<Option<(&str, usize)>> = vec![None; rows];
    let (mut repeated, mut contradicting, mut example) = (0, Vec::new(), None);
    for (at, fields) in &table.rows {
        let item = strangers.item(&fields[item_at], finders.items);
        strangers.line(item.is_some());
        let Some(item) = item else {
            table.half_header(*at).map_or(Ok(()), Err).map_err(invalid)?;
            continue;
        };
        let group = fields[group_at].as_str();
        match labels[item as usize] {
            Some((before, first_at)) if before != group => {
                contradicting.push((first_at, *at, &fields[item_at], before, group));
            }
            Some((_, first_at)) => {
                repeated += 1;
                example.get_or_insert([first_at, *at]);
            }
            None => labels[item as usize] = Some((group, *at)),
        }
    }
    if let Some((first_at, at, item, before, group)) = contradicting.first() {
        let found = format!("`{item}` belongs to `{before}` in the first and to `{group}` in the second");
        let place = format!("{}s {first_at} and {at}", table.counts);
        let expected = "one group of a kind for each item; write other kinds of groups into files of their own";
        return Err(invalid(Flaw::new(place, first_of(found, contradicting.len()), expected)));
    }
    strangers.tell(notes).map_err(invalid)?;
    if let Some(at) = example {
        notes.push(repetition(repeated, ["row", "rows"], &file, &table, at));
    }
    Ok(Groups::of_labels(name, labels.into_iter().map(|label| label.map_or("", |(label, _)| label))))
}
