//! Which base vector covers which subtopic of a query: TREC's diversity qrels (`topic subtopic document grade`), a table with named
//! columns, or nuggets as JSON.

use super::nuggets;
use super::qrels::{Finders, ITEM, QUERY, grade_in, repetition};
use super::strangers::{BOTH, Strangers};
use super::table::{ColumnNames, Table, utf8};
use crate::bounded;
use crate::check::{Flaw, first_of};
use crate::format::DatasetError;
use crate::text_file;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SUBTOPIC: ColumnNames =
    &["subtopic", "subtopic_id", "subtopic-id", "intent", "aspect", "nugget", "nugget_id", "iteration"];
const GRADE: ColumnNames = &["score", "grade", "relevance", "rel", "label"];

/// The number of a subtopic of a query: the number that it is called, or its place among the names of all the query's subtopics.
pub(super) fn number_of(name: &str, all: &BTreeSet<&str>) -> u32 {
    let number = |name: &str| name.parse::<u32>().ok().filter(|number| i32::try_from(*number).is_ok());
    let place = || all.iter().position(|other| *other == name).unwrap_or(0) as u32;
    if all.iter().all(|name| number(name).is_some()) { number(name).unwrap_or(0) } else { place() }
}

/// Reads rows (query, item, subtopic).
pub(super) fn read(
    path: &Path,
    memory: u64,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<[u32; 3]>, DatasetError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let invalid = |flaw| DatasetError::Invalid { path: path.to_owned(), flaw };
    if !text_file::is_parquet(path)? {
        let bytes = bounded::read(path, memory).map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let text = utf8(path, &bytes)?;
        if text.trim_start().starts_with(['{', '[']) {
            return nuggets::read(text, &name, finders, notes).map_err(invalid);
        }
    }
    let columns = [QUERY, ITEM, SUBTOPIC, GRADE];
    let table = Table::read(path, &columns, 3, memory)?;
    parse(&table, &columns, &name, finders, notes).map_err(invalid)
}

fn parse(
    table: &Table,
    columns: &[ColumnNames; 4],
    name: &str,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<[u32; 3]>, Flaw> {
    const EXPECTED: &str =
        "TREC's `topic subtopic document grade`, or `query item subtopic`, or columns with these names";
    let without_header = match table.width() {
        3 => [Some(0), Some(1), Some(2), None],
        _ => [Some(0), Some(2), Some(1), Some(3)],
    };
    let places = table.places(columns, without_header, EXPECTED)?;
    let [Some(query_at), Some(item_at), Some(subtopic_at), grade_at] = places else {
        return Err(Flaw::new("the table", "it has no rows", EXPECTED));
    };
    let mut strangers = Strangers::new(name, ["row", "rows"], BOTH);
    let mut names: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    // By query, item and subtopic: the grade, and where it stands.
    let mut grades: BTreeMap<(u32, u32, &str), (i64, usize)> = BTreeMap::new();
    let (mut repeated, mut contradicting, mut example) = (0, Vec::new(), None);
    for (at, fields) in &table.rows {
        let grade = grade_at.map_or(Ok(1), |place| grade_in(table, *at, fields, place, EXPECTED))?;
        let query = strangers.query(&fields[query_at], finders.queries);
        let item = strangers.item(&fields[item_at], finders.items);
        strangers.line(query.is_some() && item.is_some());
        let (Some(query), Some(item)) = (query, item) else {
            table.half_header(*at).filter(|_| grade_at.is_none()).map_or(Ok(()), Err)?;
            continue;
        };
        let subtopic = fields[subtopic_at].as_str();
        names.entry(query).or_default().insert(subtopic);
        if let Some((before, first_at)) = grades.insert((query, item, subtopic), (grade, *at)) {
            if before == grade {
                repeated += 1;
                example.get_or_insert([first_at, *at]);
            } else {
                contradicting.push((first_at, *at, before, grade, fields));
            }
        }
    }
    if let Some(&(first_at, at, before, grade, fields)) = contradicting.first() {
        let what = format!(
            "query `{}`, document `{}` and subtopic `{}` have grade {before} in the first and {grade} in the second",
            fields[query_at], fields[item_at], fields[subtopic_at]
        );
        let place = format!("{}s {first_at} and {at}", table.counts);
        let expected = "one grade for each query, document and subtopic";
        return Err(Flaw::new(place, first_of(what, contradicting.len()), expected));
    }
    strangers.tell(notes)?;
    if let Some(at) = example {
        notes.push(repetition(repeated, ["row", "rows"], name, table, at));
    }
    let covered = grades.into_iter().filter(|(_, (grade, _))| *grade > 0);
    let row = |((query, item, subtopic), _): ((u32, u32, &str), _)| [query, item, number_of(subtopic, &names[&query])];
    Ok(covered.map(row).collect())
}
