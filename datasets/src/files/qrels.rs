//! Relevance judged by people: TREC's qrels (`topic iteration document grade`), BEIR's TSV and Parquet (`query-id corpus-id score`),
//! CSV.

use super::strangers::Strangers;
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
const ITERATION: ColumnNames = &["iteration", "iter", "subtopic", "intent", "q0"];

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

/// Reads judgements. Where the iteration of a topic's rows varies, it is a subtopic, and the grade of an item is its largest.
pub(super) fn read(
    path: &Path,
    memory: u64,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Judged, DatasetError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let columns = [QUERY, ITEM, GRADE, ITERATION];
    let table = Table::read(path, &columns, 3, memory)?;
    parse(&table, &columns, &name, finders, notes).map_err(|flaw| DatasetError::Invalid { path: path.to_owned(), flaw })
}

fn parse(
    table: &Table,
    columns: &[ColumnNames; 4],
    name: &str,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Judged, Flaw> {
    const EXPECTED: &str = "TREC's `topic iteration document grade`, or `query-id corpus-id score`";
    let without_header = match table.width() {
        3 => [Some(0), Some(1), Some(2), None],
        _ => [Some(0), Some(2), Some(3), Some(1)],
    };
    let places = table.places(columns, 3, without_header, EXPECTED)?;
    let [Some(query_at), Some(item_at), Some(grade_at), iteration_at] = places else {
        return Err(Flaw::new("the table", "it has no rows", EXPECTED));
    };
    let mut strangers = Strangers::new(name, "judgements");
    // By query, item and iteration: the grade, and where it stands.
    let mut grades: HashMap<(u32, u32, &str), (i64, usize)> = HashMap::with_capacity(table.rows.len());
    let mut iterations: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    let (mut repeated, mut contradicting, mut example) = (0, Vec::new(), None);
    for (at, fields) in &table.rows {
        let grade = grade(&fields[grade_at]).ok_or_else(|| {
            let is_wrong = |(_, fields): &&(usize, Vec<String>)| grade(&fields[grade_at]).is_none();
            let found =
                first_of(format!("the grade is `{}`", fields[grade_at]), table.rows.iter().filter(is_wrong).count());
            Flaw::new(table.at(*at), found, format!("a whole number; {EXPECTED}"))
        })?;
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
        notes.push(format!("{repeated} judgements in {name} are there twice, such as that of {}s {first_at} and {at}: each counts once", table.counts));
    }
    let varies = iterations.values().any(|iterations| iterations.len() > 1);
    let mut qrels: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for (&(query, item, _), &(grade, _)) in &grades {
        let largest = qrels.entry((query, item)).or_insert(grade);
        *largest = (*largest).max(grade);
    }
    let negative = qrels.values().filter(|grade| **grade < 0).count();
    if negative > 0 {
        notes.push(format!("{negative} of {} grades in {name} are below 0 and count as 0, not relevant", qrels.len()));
    }
    let subtopics = varies.then(|| {
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

/// A grade: a whole number that fits 32 bits, perhaps written with a fraction of 0.
pub(super) fn grade(text: &str) -> Option<i64> {
    let whole = text.parse::<i64>().ok();
    let real =
        || text.parse::<f64>().ok().filter(|value| value.fract() == 0.0 && value.abs() < 1e9).map(|value| value as i64);
    whole.or_else(real).filter(|grade| grade.abs() <= i64::from(i32::MAX))
}
