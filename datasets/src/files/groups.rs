//! What base vectors belong to: `item,group`, or one column with the group of each base vector.

use super::qrels::Finders;
use super::strangers::Strangers;
use super::table::{ColumnNames, Table};
use crate::check::{self, Flaw, first_of};
use crate::dataset::Groups;
use crate::format::DatasetError;
use std::path::Path;

const COLUMNS: [ColumnNames; 2] = [
    &["item", "id", "_id", "corpus-id", "corpus_id", "doc_id", "docid", "document"],
    &["group", "group_id", "source", "site", "seller", "parent", "parent_id", "label"],
];

/// Reads the groups of one kind, `name`, of `rows` base vectors. A base vector that the file does not name belongs to none.
pub(super) fn read(
    path: &Path,
    name: &str,
    rows: usize,
    memory: u64,
    finders: Finders<'_>,
    notes: &mut Vec<String>,
) -> Result<Groups, DatasetError> {
    let invalid = |flaw| DatasetError::Invalid { path: path.to_owned(), flaw };
    let table = Table::read(path, &COLUMNS, 1, memory)?;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if table.rows.iter().all(|(_, fields)| fields.len() == 1) {
        check::one_for_each(&file, table.rows.len(), rows, "base vector").map_err(invalid)?;
        return Ok(Groups::of_labels(name, table.rows.iter().map(|(_, fields)| &fields[0])));
    }
    let places = table.places(&COLUMNS, 2, [Some(0), Some(1)], "`item,group`").map_err(invalid)?;
    let [Some(item_at), Some(group_at)] = places else {
        return Err(invalid(Flaw::new("the table", "it has no rows", "`item,group`")));
    };
    let mut strangers = Strangers::new(&file, "rows");
    let mut labels: Vec<Option<(&str, usize)>> = vec![None; rows];
    let mut contradicting = Vec::new();
    for (at, fields) in &table.rows {
        let item = strangers.item(&fields[item_at], finders.items);
        strangers.line(item.is_some());
        let Some(item) = item else { continue };
        let group = fields[group_at].as_str();
        match labels[item as usize] {
            Some((before, first_at)) if before != group => {
                contradicting.push((first_at, *at, &fields[item_at], before, group));
            }
            Some(_) => {}
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
    Ok(Groups::of_labels(name, labels.into_iter().map(|label| label.map_or("", |(label, _)| label))))
}
