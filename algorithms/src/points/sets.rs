//! Sets of whole numbers, each row its members in ascending order.

use super::space::{Filling, Space, in_order_of_source};
use super::{PointsError, Shared};
use std::io;

/// Rows of different whole numbers below `dim`, ascending, one row after another.
///
/// It never changes, and a clone shares the memory.
#[derive(Clone, Debug)]
pub struct Sets {
    members: Shared<u32>,
    /// The offset of each row's first member, and the end of the last row.
    offsets: Shared<u64>,
    dim: usize,
}

/// The offsets of the rows at `ids`, one after another, and the end of the last.
pub(super) fn gathered_offsets(offsets: &[u64], ids: &[usize], space: &Space) -> io::Result<Shared<u64>> {
    let mut gathered = Filling::with_capacity(space, ids.len() + 1)?;
    let mut end = 0;
    for (after, &i) in gathered.add_zeros(ids.len() + 1)?[1..].iter_mut().zip(ids) {
        end += offsets[i + 1] - offsets[i];
        *after = end;
    }
    Ok(gathered.finish())
}

impl Sets {
    /// Takes the members of all rows and `n + 1` offsets: row `i` is `members[offsets[i]..offsets[i + 1]]`.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, the offsets do not ascend from 0 to the number of members, the members of a row do not
    /// ascend, or a member is not below `dim`.
    pub fn new(
        members: impl Into<Shared<u32>>,
        offsets: impl Into<Shared<u64>>,
        dim: usize,
    ) -> Result<Self, PointsError> {
        let (members, offsets) = (members.into(), offsets.into());
        check_rows(&members, &offsets, dim)?;
        Ok(Self { members, offsets, dim })
    }

    /// Takes members and offsets, such as those of a mapped file, without a look at the members.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0 or the last offset is not the number of members.
    pub fn of_parts(members: Shared<u32>, offsets: Shared<u64>, dim: usize) -> Result<Self, PointsError> {
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        if offsets.last() != Some(&(members.len() as u64)) {
            return Err(PointsError::Offsets { len: members.len() });
        }
        Ok(Self { members, offsets, dim })
    }

    /// Copies rows of members.
    ///
    /// # Errors
    /// As [`Sets::new`].
    pub fn from_rows(rows: &[impl AsRef<[u32]>], dim: usize) -> Result<Self, PointsError> {
        let ends = rows.iter().scan(0, |end, row| {
            *end += row.as_ref().len() as u64;
            Some(*end)
        });
        let offsets: Vec<u64> = std::iter::once(0).chain(ends).collect();
        let members: Vec<u32> = rows.iter().flat_map(AsRef::as_ref).copied().collect();
        Self::new(members, offsets, dim)
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Every member is below this number, d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The members of row `i`, ascending.
    #[inline]
    pub fn row(&self, i: usize) -> &[u32] {
        &self.members[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// The members of all rows.
    pub fn members(&self) -> &Shared<u32> {
        &self.members
    }

    /// The offset of each row's first member, and the end of the last row.
    pub fn offsets(&self) -> &Shared<u64> {
        &self.offsets
    }

    /// The rows at `ids`, in that order.
    ///
    /// # Panics
    /// If an id is not below `rows`.
    #[must_use]
    pub fn gather(&self, ids: &[usize]) -> Self {
        let (mut members, mut offsets) = (Vec::new(), vec![0]);
        for &i in ids {
            members.extend_from_slice(self.row(i));
            offsets.push(members.len() as u64);
        }
        Self { members: members.into(), offsets: offsets.into(), dim: self.dim }
    }

    /// The same, put into a space.
    ///
    /// # Errors
    /// There is no room for them.
    ///
    /// # Panics
    /// If an id is not below `rows`.
    pub fn gather_into(&self, ids: &[usize], space: &Space) -> io::Result<Self> {
        let offsets = gathered_offsets(&self.offsets, ids, space)?;
        let total = offsets[ids.len()] as usize;
        let mut members = Filling::with_capacity(space, total)?;
        let all = members.add_zeros(total)?;
        for place in in_order_of_source(ids) {
            let row = self.row(ids[place as usize]);
            all[offsets[place as usize] as usize..][..row.len()].copy_from_slice(row);
        }
        Ok(Self { members: members.finish(), offsets, dim: self.dim })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.members) + size_of_val(&*self.offsets)
    }
}

/// Checks rows of ascending numbers below `dim`, as sets and sparse vectors have them.
pub(super) fn check_rows(numbers: &[u32], offsets: &[u64], dim: usize) -> Result<(), PointsError> {
    if dim == 0 {
        return Err(PointsError::NoDimension);
    }
    let ascend = offsets.windows(2).all(|ends| ends[0] <= ends[1]);
    if offsets.first() != Some(&0) || offsets.last() != Some(&(numbers.len() as u64)) || !ascend {
        return Err(PointsError::Offsets { len: numbers.len() });
    }
    for (row, ends) in offsets.windows(2).enumerate() {
        let numbers = &numbers[ends[0] as usize..ends[1] as usize];
        if let Some(at) = numbers.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(PointsError::NotAscending { row, before: numbers[at], after: numbers[at + 1] });
        }
        if let Some(&last) = numbers.last().filter(|&&last| last as usize >= dim) {
            return Err(PointsError::BeyondDimension { row, number: last, dim });
        }
    }
    Ok(())
}

/// Number of common members of two ascending rows.
#[inline]
pub fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(&x), Some(&y)) = (a.get(i), b.get(j)) {
        // Without branches that depend on the data: which side moves on is as good as random.
        count += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

/// The Jaccard similarity of sets of these sizes: the common members over all members; `empty` if both sets are empty.
#[inline]
pub fn similarity(common: usize, sizes: [usize; 2], empty: f64) -> f64 {
    let all = sizes[0] + sizes[1] - common;
    if all == 0 { empty } else { common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_are_checked() {
        let sets = Sets::from_rows(&[vec![1_u32, 5], vec![], vec![0]], 6).expect("valid");
        assert_eq!((sets.rows(), sets.dim(), sets.row(0), sets.row(1)), (3, 6, &[1, 5][..], &[][..]));
        assert_eq!((sets.gather(&[2, 0]).row(1), sets.bytes()), (&[1, 5][..], 3 * 4 + 4 * 8));
        let wrong = |members: Vec<u32>, offsets: Vec<u64>, dim| Sets::new(members, offsets, dim).expect_err("invalid");
        assert_eq!(wrong(vec![1, 1], vec![0, 2], 6), PointsError::NotAscending { row: 0, before: 1, after: 1 });
        assert_eq!(wrong(vec![1, 6], vec![0, 2], 6), PointsError::BeyondDimension { row: 0, number: 6, dim: 6 });
        for offsets in [vec![], vec![0], vec![0, 1], vec![1, 2], vec![0, 2, 1, 2]] {
            assert_eq!(wrong(vec![1, 2], offsets, 6), PointsError::Offsets { len: 2 });
        }
        assert_eq!(wrong(vec![], vec![0], 0), PointsError::NoDimension);
    }

    proptest! {
        #[test]
        fn similarities_are_those_of_sets(
            a in prop::collection::btree_set(0_u32..60, 0..40), b in prop::collection::btree_set(0_u32..60, 0..40),
        ) {
            let row = |set: &BTreeSet<u32>| set.iter().copied().collect::<Vec<_>>();
            let (left, right) = (row(&a), row(&b));
            let count = common(&left, &right);
            prop_assert_eq!(count, a.intersection(&b).count());
            let all = a.union(&b).count();
            let expected = if all == 0 { 0.25 } else { count as f64 / all as f64 };
            prop_assert_eq!(similarity(count, [left.len(), right.len()], 0.25), expected);
        }
    }
}
