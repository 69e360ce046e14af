//! Texts of rows: ids, names, whole documents.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use swath_algorithms::points::Shared;

/// Texts, one for each row, in one piece of memory that clones share.
#[derive(Clone)]
pub struct Texts {
    /// Where each text ends, in bytes.
    ends: Shared<u64>,
    /// All texts, one after another: UTF-8.
    bytes: Shared<u8>,
}

impl Texts {
    /// From the end of each text and all texts, one after another; `None` if ends do not ascend up to the last byte, or a text is
    /// not UTF-8.
    pub fn of_parts(ends: Shared<u64>, bytes: Shared<u8>) -> Option<Self> {
        let all = std::str::from_utf8(&bytes).ok()?;
        let fits = |&end: &u64| usize::try_from(end).is_ok_and(|end| all.is_char_boundary(end));
        let is_whole = ends.last().copied().unwrap_or(0) == bytes.len() as u64;
        (is_whole && ends.is_sorted() && ends.iter().all(fits)).then_some(Self { ends, bytes })
    }

    /// The same of texts that are known to be UTF-8, with their ends.
    pub(crate) fn of_checked(ends: Vec<u64>, bytes: Vec<u8>) -> Self {
        Self { ends: ends.into(), bytes: bytes.into() }
    }

    /// Where each text ends.
    pub fn ends(&self) -> &Shared<u64> {
        &self.ends
    }

    /// The bytes of all texts.
    pub fn bytes(&self) -> &Shared<u8> {
        &self.bytes
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn get(&self, row: usize) -> &str {
        let from = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        // Checked when it was made.
        std::str::from_utf8(&self.bytes[from..self.ends[row] as usize]).unwrap_or_default()
    }

    /// All texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The texts of these rows, in this order.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Self {
        rows.iter().map(|&row| self.get(row)).collect()
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        size_of_val(&self.ends[..]) + self.bytes.len()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let (mut ends, mut bytes) = (Vec::new(), Vec::new());
        for text in texts {
            bytes.extend_from_slice(text.as_ref().as_bytes());
            ends.push(bytes.len() as u64);
        }
        Self { ends: ends.into(), bytes: bytes.into() }
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.ends[..] == other.ends[..] && self.bytes[..] == other.bytes[..]
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// What rows are called, and what they say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// What other files call them: judgements, runs, links.
    pub ids: Option<Texts>,
    /// What to show for them.
    pub names: Option<Texts>,
    /// The documents or questions themselves.
    pub texts: Option<Texts>,
}

impl Labels {
    /// The kinds of labels, as arrays are named: `train_ids`, `test_texts`.
    pub const KINDS: [&str; 3] = ["ids", "names", "texts"];

    /// Number of rows; 0 where there are no labels.
    pub fn len(&self) -> usize {
        self.kinds().into_iter().flatten().map(Texts::len).next().unwrap_or(0)
    }

    /// Whether there are no labels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names alone.
    pub fn of_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { names: Some(names.into_iter().collect()), ..Self::default() }
    }

    /// The labels by kind, in the order of [`Labels::KINDS`].
    pub fn kinds(&self) -> [&Option<Texts>; 3] {
        [&self.ids, &self.names, &self.texts]
    }

    /// From labels in the order of [`Labels::KINDS`].
    pub fn of_kinds([ids, names, texts]: [Option<Texts>; 3]) -> Self {
        Self { ids, names, texts }
    }

    /// What to show for a row: its name, or its id if it has none.
    pub fn name(&self, row: usize) -> Option<&str> {
        let named = self.names.as_ref().map(|names| names.get(row));
        let id = || self.ids.as_ref().map(|ids| ids.get(row));
        named.filter(|name| !name.is_empty()).or_else(id).or(named)
    }

    /// The labels of these rows, in this order.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Self {
        Self::of_kinds(self.kinds().map(|texts| texts.as_ref().map(|texts| texts.gather(rows))))
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.kinds().into_iter().flatten().map(Texts::size).sum()
    }

    /// What other files call the rows: see [`RowIds`].
    pub fn row_ids(&self, rows: usize) -> RowIds<'_> {
        if let Some(ids) = &self.ids {
            return RowIds { texts: Some(ids), rows };
        }
        let plain = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
        let tells_apart = |names: &&Texts| names.iter().all(plain) && all_differ(names);
        RowIds { texts: self.names.as_ref().filter(tells_apart), rows }
    }
}

/// Whether no two texts are equal.
fn all_differ(texts: &Texts) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(texts.len());
    texts.iter().all(|text| seen.insert(text))
}

/// What other files call rows: their ids; without ids their names, if each is one word and no two are equal; otherwise their
/// numbers, from 0.
#[derive(Clone, Copy, Debug)]
pub struct RowIds<'a> {
    texts: Option<&'a Texts>,
    rows: usize,
}

impl<'a> RowIds<'a> {
    /// The numbers of rows.
    pub fn numbers(rows: usize) -> Self {
        Self { texts: None, rows }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The id of a row.
    pub fn of(&self, row: usize) -> Cow<'a, str> {
        self.texts.map_or_else(|| Cow::Owned(row.to_string()), |texts| Cow::Borrowed(texts.get(row)))
    }

    /// Whether ids are numbers of rows.
    pub fn are_numbers(&self) -> bool {
        self.texts.is_none()
    }

    /// Finds rows by their ids.
    pub fn finder(&self) -> RowFinder<'a> {
        let rows = self.texts.map(|texts| {
            let mut rows = HashMap::with_capacity(texts.len());
            // Of several rows with one id the first.
            texts.iter().enumerate().for_each(|(row, id)| {
                rows.entry(id).or_insert(row as u32);
            });
            rows
        });
        RowFinder { rows, count: self.rows }
    }
}

/// Finds rows by their ids.
pub struct RowFinder<'a> {
    rows: Option<HashMap<&'a str, u32>>,
    count: usize,
}

impl RowFinder<'_> {
    /// The row with this id.
    pub fn find(&self, id: &str) -> Option<u32> {
        match &self.rows {
            Some(rows) => rows.get(id).copied(),
            None => id.parse::<u32>().ok().filter(|&row| (row as usize) < self.count && !id.starts_with('+')),
        }
    }

    /// The id of the first row.
    pub(crate) fn first(&self) -> String {
        let named = self.rows.iter().flatten().find(|(_, row)| **row == 0);
        named.map_or_else(|| "0".to_owned(), |(id, _)| (*id).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_was_put_in_and_bad_parts_are_refused() {
        let texts: Texts = ["a", "", "f\u{fc}nf"].into_iter().collect();
        assert_eq!((texts.len(), texts.get(0), texts.get(1), texts.get(2)), (3, "a", "", "f\u{fc}nf"));
        assert_eq!(texts.gather(&[2, 0]).iter().collect::<Vec<_>>(), ["f\u{fc}nf", "a"]);
        let parts = |ends: &[u64], bytes: &[u8]| Texts::of_parts(ends.to_vec().into(), bytes.to_vec().into());
        assert_eq!(parts(&[1, 1, 6], "af\u{fc}nf".as_bytes()), Some(texts));
        assert!(parts(&[], &[]).is_some_and(|none| none.is_empty()));
        for (ends, bytes) in [
            (&[1, 1][..], &b"ab"[..]),
            (&[2, 1, 2], b"ab"),
            (&[3], b"ab"),
            (&[1], b"\xff"),
            (&[1, 2], "\u{fc}".as_bytes()),
            (&[], b"a"),
        ] {
            assert!(parts(ends, bytes).is_none(), "{ends:?} {bytes:?}");
        }
    }

    #[test]
    fn rows_are_called_by_ids_else_by_names_that_tell_them_apart_else_by_numbers() {
        let called = |labels: &Labels| {
            let ids = labels.row_ids(3);
            let finder = ids.finder();
            (0..3).for_each(|row| assert_eq!(finder.find(&ids.of(row)), Some(row as u32)));
            assert_eq!(finder.find("none"), None);
            (0..3).map(|row| ids.of(row).into_owned()).collect::<Vec<_>>()
        };
        let names = |names: [&str; 3]| Labels::of_names(names);
        assert_eq!(called(&names(["x", "y", "z"])), ["x", "y", "z"]);
        assert_eq!(called(&names(["x", "y", "x"])), ["0", "1", "2"]);
        assert_eq!(called(&names(["x", "y y", "z"])), ["0", "1", "2"]);
        assert_eq!(called(&names(["x", "", "z"])), ["0", "1", "2"]);
        assert_eq!(called(&Labels::default()), ["0", "1", "2"]);
        let ids = Some(["d7", "d 8", "d9"].into_iter().collect());
        let both = Labels { ids, ..names(["x", "", "z"]) };
        assert_eq!(called(&both), ["d7", "d 8", "d9"]);
        assert_eq!((both.name(0), both.name(1), Labels::default().name(1)), (Some("x"), Some("d 8"), None));
        assert_eq!(Labels::default().row_ids(3).finder().find("3"), None);
        assert_eq!(Labels::default().row_ids(3).finder().find("+1"), None);
    }
}
