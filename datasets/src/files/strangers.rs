//! Ids in a file that no row has: counted and told, with an example.

use crate::check::Flaw;
use crate::texts::RowFinder;

/// What a line of judgements, subtopics or results must be of.
pub(crate) const BOTH: &str = "of a query and a base vector";

/// Counts what a file says of rows that do not exist.
pub(crate) struct Strangers<'a> {
    /// The file, for messages.
    file: &'a str,
    /// What a line of it is, and several: judgement, judgements.
    lines: [&'a str; 2],
    /// What a line must be of, such as [`BOTH`].
    of: &'a str,
    known: usize,
    unknown: usize,
    example: Option<Example>,
}

/// The first unknown id.
struct Example {
    /// What it is of.
    what: &'static str,
    id: String,
    /// An id that a row has.
    known: String,
}

impl<'a> Strangers<'a> {
    /// None yet.
    pub(crate) fn new(file: &'a str, lines: [&'a str; 2], of: &'a str) -> Self {
        Self { file, lines, of, known: 0, unknown: 0, example: None }
    }

    /// The row of the query with this id.
    pub(crate) fn query(&mut self, id: &str, rows: &RowFinder<'_>) -> Option<u32> {
        self.find("query", id, rows)
    }

    /// The row of the base vector with this id.
    pub(crate) fn item(&mut self, id: &str, rows: &RowFinder<'_>) -> Option<u32> {
        self.find("base vector", id, rows)
    }

    fn find(&mut self, what: &'static str, id: &str, rows: &RowFinder<'_>) -> Option<u32> {
        let row = rows.find(id);
        if row.is_none() {
            self.example.get_or_insert_with(|| Example { what, id: id.to_owned(), known: rows.first() });
        }
        row
    }

    /// Counts a line, of which all ids are known or not.
    pub(crate) fn line(&mut self, is_known: bool) {
        if is_known {
            self.known += 1;
        } else {
            self.unknown += 1;
        }
    }

    /// Notes how many lines were left out.
    ///
    /// # Errors
    /// [`Flaw`] if no line is left.
    pub(crate) fn tell(self, notes: &mut Vec<String>) -> Result<(), Flaw> {
        let Self { file, lines, of, known, unknown, example } = self;
        let Some(Example { what, id, known: known_id }) = example else { return Ok(()) };
        let all = known + unknown;
        if known == 0 {
            let none = match all {
                1 => format!("its only {} is not", lines[0]),
                _ => format!("none of its {all} {} is", lines[1]),
            };
            let found = format!("{none} {of} of the dataset: no {what} has the id `{id}`");
            let key = if what == "query" { "query-ids" } else { "ids" };
            let expected = format!("ids such as `{known_id}`; `{key}` names the file of others");
            return Err(Flaw::new("the ids", found, expected));
        }
        let left = if unknown == 1 { "is left out: its id is" } else { "are left out: their ids are" };
        notes.push(format!(
            "{unknown} of {all} {} in {file} {left} not in the dataset (no {what} has the id `{id}`)",
            lines[1]
        ));
        Ok(())
    }
}
