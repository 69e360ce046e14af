//! Ids in a file that no row has: counted and told, with an example.

use crate::check::Flaw;

/// Counts what a file says of rows that do not exist.
pub(crate) struct Strangers<'a> {
    /// The file, for messages.
    file: &'a str,
    /// What a line of it is, in the plural: judgements.
    lines: &'a str,
    known: usize,
    unknown: usize,
    /// What the first unknown id is of, and the id.
    example: Option<(&'static str, String)>,
    /// An id that would be known.
    known_example: String,
}

impl<'a> Strangers<'a> {
    /// None yet; `known_example` is an id that a row has.
    pub(crate) fn new(file: &'a str, lines: &'a str, known_example: String) -> Self {
        Self { file, lines, known: 0, unknown: 0, example: None, known_example }
    }

    /// The row, if there is one; otherwise counts the id as that of no `what`.
    pub(crate) fn check(&mut self, what: &'static str, id: &str, row: Option<u32>) -> Option<u32> {
        if row.is_none() {
            self.example.get_or_insert_with(|| (what, id.to_owned()));
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
        let Self { file, lines, known, unknown, example, known_example } = self;
        let Some((what, id)) = example else { return Ok(()) };
        let all = known + unknown;
        if known == 0 {
            let found = format!(
                "none of its {all} {lines} is of a query and a base vector of the dataset: no {what} has the id `{id}`"
            );
            return Err(Flaw::new(
                "the ids",
                found,
                format!("ids such as `{known_example}`; `ids` and `query-ids` name the files of others"),
            ));
        }
        let left = if unknown == 1 { "is left out: its id is" } else { "are left out: their ids are" };
        notes.push(format!(
            "{unknown} of {all} {lines} in {file} {left} not in the dataset (no {what} has the id `{id}`)"
        ));
        Ok(())
    }
}
