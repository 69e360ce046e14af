//! Rows of different lengths as files store them: the numbers of all rows one after another, with the rows' lengths or offsets.
//! Here they are checked, and rows that are out of order are put right.

use crate::check::{Flaw, first_of};
use std::io;
use swath_algorithms::points::{Filling, Sets, Space, SparseVectors};

/// Where a file has the rows: names for messages.
#[derive(Clone, Copy)]
pub(crate) struct RowNames<'a> {
    /// The array of the numbers: members of sets, or columns of sparse vectors.
    pub numbers: &'a str,
    /// The array of lengths or offsets.
    pub lengths: &'a str,
    /// What limits the numbers.
    pub bound: &'a str,
}

/// Rows of numbers, not in order yet.
pub(crate) struct CompressedRows<'a> {
    /// Names for messages.
    pub names: RowNames<'a>,
    /// Members, or columns.
    pub numbers: NumbersBelow,
    /// The first number of each row, and the end of the last.
    pub offsets: Vec<u64>,
}

/// Collects numbers, which must be below a dimension.
pub(crate) struct NumbersBelow {
    dim: usize,
    numbers: Filling<u32>,
    /// The place and the value of the first that is not, and how many are not.
    wrong: Option<(usize, i64)>,
    wrong_count: usize,
}

impl NumbersBelow {
    /// None yet; room for `total` in a space.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn new(dim: usize, total: usize, space: &Space) -> io::Result<Self> {
        Ok(Self { dim, numbers: Filling::with_capacity(space, total)?, wrong: None, wrong_count: 0 })
    }

    /// Adds numbers.
    ///
    /// # Errors
    /// There is no more room.
    pub(crate) fn push(&mut self, numbers: &[i64]) -> io::Result<()> {
        let before = self.numbers.len();
        for (i, (kept, &number)) in self.numbers.add_zeros(numbers.len())?.iter_mut().zip(numbers).enumerate() {
            if number < 0 || number >= self.dim as i64 {
                self.wrong.get_or_insert((before + i, number));
                self.wrong_count += 1;
            }
            *kept = number as u32;
        }
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// All, if they are below the dimension.
    fn checked(self, names: RowNames<'_>, offsets: &[u64]) -> Result<Filling<u32>, Flaw> {
        let Some((at, number)) = self.wrong else { return Ok(self.numbers) };
        let found = first_of(format!("the value is {number}"), self.wrong_count);
        let at = format!("`{}`, value {at} (row {})", names.numbers, row_of(offsets, at));
        Err(Flaw::new(at, found, format!("0 to {}: {}", self.dim.saturating_sub(1), names.bound)))
    }
}

/// Offsets of rows with these lengths, which must add up to `total`.
pub(crate) fn offsets_of_lengths(names: RowNames<'_>, lengths: &[i64], total: usize) -> Result<Vec<u64>, Flaw> {
    let at = format!("`{}`", names.lengths);
    let mut negative = lengths.iter().enumerate().filter(|(_, length)| **length < 0);
    if let Some((row, length)) = negative.next() {
        let found = first_of(format!("the value is {length}"), 1 + negative.count());
        return Err(Flaw::new(format!("{at}, row {row}"), found, "at least 0, the number of members of a set"));
    }
    let sum = lengths.iter().map(|&length| i128::from(length)).sum::<i128>();
    if sum != total as i128 {
        let expected = format!("{total}, the number of values in `{}`", names.numbers);
        return Err(Flaw::new(at, format!("its values add up to {sum}"), expected));
    }
    let ends = lengths.iter().scan(0, |end, &length| {
        *end += length.unsigned_abs();
        Some(*end)
    });
    Ok(std::iter::once(0).chain(ends).collect())
}

/// Offsets of rows, which must ascend from 0 to `total`.
pub(crate) fn offsets(names: RowNames<'_>, offsets: &[i64], total: usize) -> Result<Vec<u64>, Flaw> {
    let at = |row: usize| format!("`{}`, row {row}", names.lengths);
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
        return Err(Flaw::new(format!("`{}`", names.lengths), "it is empty", "the offset of each row, and the end"));
    };
    if first != 0 {
        return Err(Flaw::new(at(0), format!("the value is {first}"), "0, where the first row begins"));
    }
    if let Some(row) = offsets.windows(2).position(|pair| pair[1] < pair[0]) {
        let found = format!("{} comes after {}", offsets[row + 1], offsets[row]);
        return Err(Flaw::new(at(row + 1), found, "offsets in ascending order"));
    }
    if last != total as i64 {
        let expected = format!("{total}, the number of values in `{}`", names.numbers);
        return Err(Flaw::new(at(offsets.len() - 1), format!("the value is {last}"), expected));
    }
    Ok(offsets.iter().map(|offset| offset.unsigned_abs()).collect())
}

impl CompressedRows<'_> {
    /// The rows as sets. A row that is out of order is sorted, and a repeated member counts once; both are noted.
    pub(crate) fn sets(self, notes: &mut Vec<String>) -> Result<Sets, Flaw> {
        let Self { names, numbers, mut offsets } = self;
        let (name, dim) = (names.numbers, numbers.dim);
        let mut members = numbers.checked(names, &offsets)?;
        let (mut unordered, mut repeating, mut kept) = (0, 0, 0);
        for row in 0..offsets.len() - 1 {
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            offsets[row] = kept as u64;
            let set = &mut members[range.clone()];
            if !set.is_sorted() {
                set.sort_unstable();
                unordered += 1;
            }
            let (start, length) = (kept, range.len());
            for at in range {
                if kept == start || members[kept - 1] != members[at] {
                    members[kept] = members[at];
                    kept += 1;
                }
            }
            repeating += usize::from(kept - start < length);
        }
        if let Some(end) = offsets.last_mut() {
            *end = kept as u64;
        }
        members.truncate(kept);
        if unordered > 0 {
            notes.push(format!("the members of {unordered} sets in `{name}` are out of order: they were sorted"));
        }
        if repeating > 0 {
            notes.push(format!("{repeating} sets in `{name}` name a member more than once: it counts once"));
        }
        Sets::new(members, offsets, dim).map_err(|error| refused(name, &error))
    }

    /// The rows as sparse vectors with a value for each number. SciPy leaves the columns of a row in any order: they are sorted.
    /// Values of one column are added up, as SciPy does; that is noted.
    pub(crate) fn sparse(
        self,
        values_name: &str,
        mut values: Filling<f32>,
        notes: &mut Vec<String>,
    ) -> Result<SparseVectors, Flaw> {
        let Self { names, numbers, mut offsets } = self;
        let (name, dim) = (names.numbers, numbers.dim);
        let mut columns = numbers.checked(names, &offsets)?;
        if values.len() != columns.len() {
            let expected = format!("{}, one for each value in `{name}`", columns.len());
            return Err(Flaw::new(format!("`{values_name}`"), format!("it has {} values", values.len()), expected));
        }
        let mut wrong = values.iter().enumerate().filter(|(_, value)| !value.is_finite());
        if let Some((at, value)) = wrong.next() {
            let found = first_of(format!("the value is {value}"), 1 + wrong.count());
            let at = format!("`{values_name}`, value {at} (row {})", row_of(&offsets, at));
            return Err(Flaw::new(at, found, "a finite number within the range of f32"));
        }
        let (mut repeating, mut kept, mut pairs) = (0, 0, Vec::new());
        for row in 0..offsets.len() - 1 {
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            offsets[row] = kept as u64;
            pairs.clear();
            pairs.extend(columns[range.clone()].iter().copied().zip(values[range].iter().copied()));
            // Stable, so that the order in which values are added up is that of the file.
            pairs.sort_by_key(|&(column, _)| column);
            let start = kept;
            for &(column, value) in &pairs {
                if kept > start && columns[kept - 1] == column {
                    values[kept - 1] += value;
                    if values[kept - 1].is_infinite() {
                        let at = format!("`{values_name}`, row {row}");
                        let found = format!("the values in column {column} add up to {}", values[kept - 1]);
                        return Err(Flaw::new(
                            at,
                            found,
                            "a sum within the range of f32, or one value for each column",
                        ));
                    }
                } else {
                    (columns[kept], values[kept]) = (column, value);
                    kept += 1;
                }
            }
            repeating += usize::from(kept - start < pairs.len());
        }
        if let Some(end) = offsets.last_mut() {
            *end = kept as u64;
        }
        columns.truncate(kept);
        values.truncate(kept);
        if repeating > 0 {
            notes.push(format!(
                "{repeating} rows in `{name}` have several values in one column: these are added up, as SciPy does"
            ));
        }
        SparseVectors::new(columns, values, offsets, dim).map_err(|error| refused(name, &error))
    }
}

/// The row that has the value at this place.
fn row_of(offsets: &[u64], at: usize) -> usize {
    offsets.partition_point(|&offset| offset as usize <= at).saturating_sub(1)
}

/// What the checks above have not found.
fn refused(name: &str, error: &swath_algorithms::PointsError) -> Flaw {
    Flaw::new(format!("`{name}`"), error.to_string(), "rows of ascending numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: RowNames<'_> = RowNames { numbers: "train", lengths: "size_train", bound: "below `dimension`" };

    fn rows(numbers: &[i64], lengths: &[i64]) -> Result<CompressedRows<'static>, Flaw> {
        let offsets = offsets_of_lengths(NAMES, lengths, numbers.len())?;
        let mut below = NumbersBelow::new(9, numbers.len(), &Space::Heap).expect("room");
        below.push(numbers).expect("room");
        Ok(CompressedRows { names: NAMES, numbers: below, offsets })
    }

    fn filled(values: &[f32]) -> Filling<f32> {
        let mut filling = Filling::with_capacity(&Space::Heap, values.len()).expect("room");
        filling.extend(values).expect("room");
        filling
    }

    #[test]
    fn sets_are_sorted_and_members_count_once() {
        let mut notes = Vec::new();
        let sets = rows(&[5, 1, 5, 2, 2, 8], &[3, 0, 2, 1]).expect("they add up").sets(&mut notes).expect("valid");
        let expected: [&[u32]; 4] = [&[1, 5], &[], &[2], &[8]];
        assert!((0..4).all(|row| sets.row(row) == expected[row]) && sets.rows() == 4);
        assert_eq!(
            notes,
            [
                "the members of 1 sets in `train` are out of order: they were sorted",
                "2 sets in `train` name a member more than once: it counts once"
            ]
        );
    }

    #[test]
    fn values_of_one_column_are_added_up() {
        let mut notes = Vec::new();
        let values = filled(&[1.0, 2.0, 0.5, 4.0]);
        let rows = rows(&[5, 1, 5, 0], &[3, 1, 0]).expect("they add up");
        let sparse = rows.sparse("values", values, &mut notes).expect("valid");
        assert_eq!((sparse.row(0).columns, sparse.row(0).values), (&[1, 5][..], &[2.0, 1.5][..]));
        assert_eq!(
            (sparse.row(1).columns, sparse.row(1).values, sparse.row(2).columns.len()),
            (&[0][..], &[4.0][..], 0)
        );
        assert_eq!(notes.len(), 1, "{notes:?}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let message = |flaw: Option<Flaw>| flaw.map(|flaw| flaw.to_string()).unwrap_or_default();
        for (lengths, expected) in [
            (
                vec![2, -1, -5],
                "`size_train`, row 1: the value is -1 (the first of 2 like it); expected at least 0, the number of members of a set",
            ),
            (vec![2, 5], "`size_train`: its values add up to 7; expected 3, the number of values in `train`"),
            (vec![i64::MAX, i64::MAX], "`size_train`: its values add up to 18446744073709551614; expected 3"),
        ] {
            let found = message(rows(&[1, 2, 3], &lengths).err());
            assert!(found.starts_with(expected), "{found}");
        }
        for (numbers, expected) in [
            ([1, 2, 9], "`train`, value 2 (row 1): the value is 9; expected 0 to 8: below `dimension`"),
            ([-1, 1 << 31, 0], "`train`, value 0 (row 0): the value is -1 (the first of 2 like it); expected 0 to 8"),
        ] {
            let found = message(rows(&numbers, &[2, 1]).expect("they add up").sets(&mut Vec::new()).err());
            assert!(found.starts_with(expected), "{found}");
        }
        for (stored, expected) in [
            (vec![], "`size_train`: it is empty; expected the offset of each row, and the end"),
            (vec![1, 3], "`size_train`, row 0: the value is 1; expected 0, where the first row begins"),
            (vec![0, 3, 2], "`size_train`, row 2: 2 comes after 3; expected offsets in ascending order"),
            (vec![0, 2], "`size_train`, row 1: the value is 2; expected 3, the number of values in `train`"),
        ] {
            assert_eq!(message(offsets(NAMES, &stored, 3).err()), expected);
        }
        let nan =
            rows(&[1, 2], &[1, 1]).expect("they add up").sparse("values", filled(&[0.0, f32::NAN]), &mut Vec::new());
        assert_eq!(
            message(nan.err()),
            "`values`, value 1 (row 1): the value is NaN; expected a finite number within the range of f32"
        );
    }
}
