//! A knowledge graph over base vectors: `source,target[,relation]`.

use super::qrels::Finders;
use super::strangers::Strangers;
use super::table::{ColumnNames, Table};
use crate::check::{Flaw, first_of};
use crate::dataset::Links;
use crate::format::DatasetError;
use std::path::Path;

const COLUMNS: [ColumnNames; 3] = [
    &["source", "from", "head", "subject"],
    &["target", "to", "tail", "object"],
    &["relation", "predicate", "type", "label"],
];

/// At most this many relations: their number is stored in a signed byte.
const RELATIONS: usize = 128;

/// Reads links. A link from or to no base vector is left out.
pub(super) fn read(
    path: &Path,
    memory: u64,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Links, DatasetError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let invalid = |flaw| DatasetError::Invalid { path: path.to_owned(), flaw };
    let table = Table::read(path, &COLUMNS, 2, memory)?;
    let mut strangers = Strangers::new(&name, ["link", "links"], "between two base vectors");
    let [source_at, target_at, relation_at] = places(&table).map_err(invalid)?;
    notes.extend(table.header_of_ids(&name, &[source_at, target_at], finders.items));
    let relations = relations_of(&table, relation_at).map_err(invalid)?;
    let (mut edges, mut relation) = (Vec::new(), Vec::new());
    for (at, fields) in &table.rows {
        let end = |strangers: &mut Strangers<'_>, place: Option<usize>| {
            let id = place.map_or("", |place| fields[place].as_str());
            strangers.item(id, finders.items)
        };
        let (source, target) = (end(&mut strangers, source_at), end(&mut strangers, target_at));
        strangers.line(source.is_some() && target.is_some());
        let (Some(source), Some(target)) = (source, target) else {
            table.half_header(*at).map_or(Ok(()), Err).map_err(invalid)?;
            continue;
        };
        edges.push([source, target]);
        if let Some(place) = relation_at {
            let number = relations.iter().position(|relation| *relation == fields[place]);
            relation.extend(number.map(|number| number as u8));
        }
    }
    strangers.tell(notes).map_err(invalid)?;
    Ok(Links { edges, relations, relation })
}

/// The number of links and the names of their relations.
pub(super) fn relations(path: &Path, memory: u64) -> Result<(usize, Vec<String>), DatasetError> {
    let invalid = |flaw| DatasetError::Invalid { path: path.to_owned(), flaw };
    let table = Table::read(path, &COLUMNS, 2, memory)?;
    let [_, _, relation_at] = places(&table).map_err(invalid)?;
    Ok((table.rows.len(), relations_of(&table, relation_at).map_err(invalid)?))
}

fn places(table: &Table) -> Result<[Option<usize>; 3], Flaw> {
    const EXPECTED: &str = "`source,target` or `source,target,relation`";
    table.places(&COLUMNS, [Some(0), Some(1), (table.width() > 2).then_some(2)], EXPECTED)
}

/// The names of relations, sorted.
fn relations_of(table: &Table, place: Option<usize>) -> Result<Vec<String>, Flaw> {
    let Some(place) = place else { return Ok(Vec::new()) };
    let is_wrong = |name: &str| name.is_empty() || name.contains(',');
    let mut wrong = table.rows.iter().filter(|(_, fields)| is_wrong(&fields[place]));
    if let Some((at, fields)) = wrong.next() {
        let found = first_of(format!("the relation is `{}`", fields[place]), 1 + wrong.count());
        return Err(Flaw::new(table.at(*at), found, "the name of a relation, without a comma"));
    }
    let mut names: Vec<String> = table.rows.iter().map(|(_, fields)| fields[place].clone()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > RELATIONS {
        let found = format!("it names {} relations, such as `{}` and `{}`", names.len(), names[0], names[1]);
        return Err(Flaw::new("the table", found, format!("at most {RELATIONS}; is this column a text or an id?")));
    }
    Ok(names)
}
