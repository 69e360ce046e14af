//! Relevance judged by people: TREC's qrels (`topic iteration document grade`), BEIR's TSV and Parquet (`query-id corpus-id score`),
//! CSV.

use super::strangers::{BOTH, Strangers};
use super::subtopics::number_of;
use super::table::{ColumnNames, Table};
use crate::check::{Flaw, first_of};
use crate::format::DatasetError;
use crate::texts::RowFinder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// What columns of queries may be called.
pub(super) const QUERY: ColumnNames = &["query-id", "query_id", "queryid", "qid", "topic", "topic_id", "query"];
/// What columns of base vectors may be called.
pub(super) const ITEM: ColumnNames = &[
    "corpus-id",
    "corpus_id",
    "doc-id",
    "doc_id",
    "docid",
    "docno",
    "document",
    "document_id",
    "pid",
    "passage_id",
    "item",
    "id",
];
const GRADE: ColumnNames = &["score", "grade", "relevance", "rel", "label", "judgement", "judgment"];
const ITERATION: ColumnNames = &["iteration", "iter", "subtopic", "intent"];

/// Finds queries and base vectors by their ids.
#[derive(Clone, Copy)]
pub(super) struct Finders<'a> {
    pub queries: &'a RowFinder<'a>,
    pub items: &'a RowFinder<'a>,
}

/// Judgements of a file.
pub(super) struct Judged {
    /// Rows (query, item, grade).
    pub qrels: Vec<[u32; 3]>,
    /// Rows (query, item, subtopic), if the iteration varies.
    pub subtopics: Option<Vec<[u32; 3]>>,
}

/// Reads judgements. Where the iteration of a topic's rows varies, it is a subtopic, and the grade of an item is its largest; with
/// `other_subtopics`, which are read from a file of their own, it is none.
pub(super) fn read(
    path: &Path,
    memory: u64,
    finders: Finders<'_>,
    other_subtopics: bool,
    notes: &mut Vec<String>,
) -> Result<Judged, DatasetError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let columns = [QUERY, ITEM, GRADE, ITERATION];
    let table = Table::read(path, &columns, 3, memory)?;
    parse(&table, &columns, &name, finders, other_subtopics, notes)
        .map_err(|flaw| DatasetError::Invalid { path: path.to_owned(), flaw })
}

fn parse(
    table: &Table,
    columns: &[ColumnNames; 4],
    name: &str,
    finders: Finders<'_>,
    other_subtopics: bool,
    notes: &mut Vec<String>,
) -> Result<Judged, Flaw> {
    const EXPECTED: &str = "TREC's `topic iteration document grade`, or `query-id corpus-id score`";
    let without_header = match table.width() {
        3 => [Some(0), Some(1), Some(2), None],
        _ => [Some(0), Some(2), Some(3), Some(1)],
    };
    let places = table.places(columns, without_header, EXPECTED)?;
    let [Some(query_at), Some(item_at), Some(grade_at), iteration_at] = places else {
        return Err(Flaw::new("the table", "it has no rows", EXPECTED));
    };
    let mut strangers = Strangers::new(name, ["judgement", "judgements"], BOTH);
    // By query, item and iteration: the grade, and where it stands.
    let mut grades: HashMap<(u32, u32, &str), (i64, usize)> = HashMap::with_capacity(table.rows.len());
    let mut iterations: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    let (mut repeated, mut contradicting, mut example) = (0, Vec::new(), None);
    for (at, fields) in &table.rows {
        let grade = grade_in(table, *at, fields, grade_at, EXPECTED)?;
        let query = strangers.query(&fields[query_at], finders.queries);
        let item = strangers.item(&fields[item_at], finders.items);
        strangers.line(query.is_some() && item.is_some());
        let (Some(query), Some(item)) = (query, item) else { continue };
        let iteration = iteration_at.map_or("", |place| fields[place].as_str());
        iterations.entry(query).or_default().insert(iteration);
        if let Some((before, first_at)) = grades.insert((query, item, iteration), (grade, *at)) {
            if before == grade {
                repeated += 1;
                example.get_or_insert((first_at, *at));
            } else {
                contradicting.push((first_at, *at, before, grade, fields));
            }
        }
    }
    if let Some(&(first_at, at, before, grade, fields)) = contradicting.first() {
        let what = format!(
            "query `{}` and document `{}` have grade {before} in the first and {grade} in the second",
            fields[query_at], fields[item_at]
        );
        let place = format!("{}s {first_at} and {at}", table.counts);
        return Err(Flaw::new(place, first_of(what, contradicting.len()), "one grade for each query and document"));
    }
    strangers.tell(notes)?;
    if let Some((first_at, at)) = example {
        notes.push(repetition(repeated, ["judgement", "judgements"], name, table, [first_at, at]));
    }
    let varies = iterations.values().any(|iterations| iterations.len() > 1);
    let mut qrels: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for (&(query, item, _), &(grade, _)) in &grades {
        let largest = qrels.entry((query, item)).or_insert(grade);
        *largest = (*largest).max(grade);
    }
    let negative = qrels.values().filter(|grade| **grade < 0).count();
    if negative > 0 {
        let are = if negative == 1 { "is below 0 and counts" } else { "are below 0 and count" };
        notes.push(format!("{negative} of {} grades in {name} {are} as 0, not relevant", qrels.len()));
    }
    let subtopics = (varies && !other_subtopics).then(|| {
        let mut relevant: Vec<(u32, u32, &str)> =
            grades.iter().filter(|(_, (grade, _))| *grade > 0).map(|(key, _)| *key).collect();
        relevant.sort_unstable();
        let row =
            |&(query, item, iteration): &(u32, u32, &str)| [query, item, number_of(iteration, &iterations[&query])];
        let rows: Vec<[u32; 3]> = relevant.iter().map(row).collect();
        notes.push(format!("the second column of {name} varies: it is read as the number of a subtopic"));
        rows
    });
    let row = |((query, item), grade): ((u32, u32), i64)| [query, item, grade.max(0) as u32];
    Ok(Judged { qrels: qrels.into_iter().map(row).collect(), subtopics })
}

/// The grade of a row.
pub(super) fn grade_in(table: &Table, at: usize, fields: &[String], place: usize, expected: &str) -> Result<i64, Flaw> {
    grade(&fields[place]).ok_or_else(|| {
        table.half_header(at).unwrap_or_else(|| {
            let is_wrong = |(_, fields): &&(usize, Vec<String>)| grade(&fields[place]).is_none();
            let count = table.rows.iter().filter(is_wrong).count();
            let found = first_of(format!("the grade is `{}`", fields[place]), count);
            Flaw::new(table.at(at), found, format!("a whole number; {expected}"))
        })
    })
}

/// A note on rows that are there twice: what they are, for one and for several, and where the first of them stands.
pub(super) fn repetition(count: usize, what: [&str; 2], name: &str, table: &Table, at: [usize; 2]) -> String {
    let (counts, [first, second]) = (table.counts, at);
    if count == 1 {
        return format!("1 {} in {name} is there twice, in {counts}s {first} and {second}: it counts once", what[0]);
    }
    let what = what[1];
    format!(
        "{count} {what} in {name} are there twice, such as that of {counts}s {first} and {second}: each counts once"
    )
}

/// A grade: a whole number that fits 32 bits, perhaps written with a fraction of 0.
fn grade(text: &str) -> Option<i64> {
    let whole = text.parse::<i64>().ok();
    let real =
        || text.parse::<f64>().ok().filter(|value| value.fract() == 0.0 && value.abs() < 1e9).map(|value| value as i64);
    whole.or_else(real).filter(|grade| grade.abs() <= i64::from(i32::MAX))
}
