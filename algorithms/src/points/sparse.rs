//! Sparse vectors: rows of columns and values, in compressed form.

use super::sets::{check_rows, gathered_offsets};
use super::space::{Filling, Space, in_order_of_source};
use super::{PointsError, Shared};
use std::io;

/// Rows of finite `f32` values at ascending columns below `dim`; all other values are 0.
///
/// It never changes, and a clone shares the memory. The L2 norm of each row is kept beside it.
#[derive(Clone, Debug)]
pub struct SparseVectors {
    columns: Shared<u32>,
    values: Shared<f32>,
    /// The offset of each row's first value, and the end of the last row.
    offsets: Shared<u64>,
    norms: Shared<f64>,
    dim: usize,
}

/// The arrays of [`SparseVectors`].
pub struct SparseParts {
    /// The columns of all values.
    pub columns: Shared<u32>,
    /// The values of all rows.
    pub values: Shared<f32>,
    /// The offset of each row's first value, and the end of the last row.
    pub offsets: Shared<u64>,
    /// The L2 norm of each row.
    pub norms: Shared<f64>,
}

/// A row of [`SparseVectors`]: a value at each column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SparseRow<'a> {
    /// Ascending.
    pub columns: &'a [u32],
    /// As many as there are columns.
    pub values: &'a [f32],
}

impl SparseVectors {
    /// Takes compressed rows with `n + 1` offsets: row `i` has the columns and values at `offsets[i]..offsets[i + 1]`.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, there is not one value for each column, the offsets do not ascend from 0 to the number
    /// of values, the columns of a row do not ascend below `dim`, or a value is NaN or infinite.
    pub fn new(
        columns: impl Into<Shared<u32>>,
        values: impl Into<Shared<f32>>,
        offsets: impl Into<Shared<u64>>,
        dim: usize,
    ) -> Result<Self, PointsError> {
        let (columns, values, offsets) = (columns.into(), values.into(), offsets.into());
        if columns.len() != values.len() {
            return Err(PointsError::Ragged { len: values.len(), dim: columns.len() });
        }
        check_rows(&columns, &offsets, dim)?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let row = offsets.partition_point(|&offset| offset as usize <= at) - 1;
            return Err(PointsError::NotFinite { row, column: columns[at] as usize, value: values[at] });
        }
        let row = |ends: &[u64]| SparseRow {
            columns: &columns[ends[0] as usize..ends[1] as usize],
            values: &values[ends[0] as usize..ends[1] as usize],
        };
        let norms: Vec<f64> = offsets.windows(2).map(|ends| row(ends).norm()).collect();
        Ok(Self { norms: norms.into(), columns, values, offsets, dim })
    }

    /// Takes compressed rows and their norms, such as those of a mapped file, without a look at the values.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, there is not one value for each column, or not one offset more than norms.
    pub fn of_parts(parts: SparseParts, dim: usize) -> Result<Self, PointsError> {
        let SparseParts { columns, values, offsets, norms } = parts;
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        if columns.len() != values.len() {
            return Err(PointsError::Ragged { len: values.len(), dim: columns.len() });
        }
        if offsets.len() != norms.len() + 1 || offsets.last() != Some(&(values.len() as u64)) {
            return Err(PointsError::Offsets { len: values.len() });
        }
        Ok(Self { columns, values, offsets, norms, dim })
    }

    /// The L2 norm of each row.
    pub fn norms(&self) -> &Shared<f64> {
        &self.norms
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns, d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Row `i`.
    #[inline]
    pub fn row(&self, i: usize) -> SparseRow<'_> {
        let range = self.offsets[i] as usize..self.offsets[i + 1] as usize;
        SparseRow { columns: &self.columns[range.clone()], values: &self.values[range] }
    }

    /// The columns of all values.
    pub fn columns(&self) -> &Shared<u32> {
        &self.columns
    }

    /// The values of all rows.
    pub fn values(&self) -> &Shared<f32> {
        &self.values
    }

    /// The offset of each row's first value, and the end of the last row.
    pub fn offsets(&self) -> &Shared<u64> {
        &self.offsets
    }

    /// The rows at `ids`, in that order.
    ///
    /// # Panics
    /// If an id is not below `rows`.
    #[must_use]
    pub fn gather(&self, ids: &[usize]) -> Self {
        let (mut columns, mut values, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for &i in ids {
            columns.extend_from_slice(self.row(i).columns);
            values.extend_from_slice(self.row(i).values);
            offsets.push(columns.len() as u64);
        }
        let norms: Vec<f64> = ids.iter().map(|&i| self.norms[i]).collect();
        Self {
            columns: columns.into(),
            values: values.into(),
            offsets: offsets.into(),
            norms: norms.into(),
            dim: self.dim,
        }
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
        let (mut columns, mut values) = (Filling::with_capacity(space, total)?, Filling::with_capacity(space, total)?);
        let mut norms = Filling::with_capacity(space, ids.len())?;
        let (of_columns, of_values) = (columns.add_zeros(total)?, values.add_zeros(total)?);
        let of_rows = norms.add_zeros(ids.len())?;
        for place in in_order_of_source(ids) {
            let (place, i) = (place as usize, ids[place as usize]);
            let (row, start) = (self.row(i), offsets[place] as usize);
            of_columns[start..][..row.columns.len()].copy_from_slice(row.columns);
            of_values[start..][..row.values.len()].copy_from_slice(row.values);
            of_rows[place] = self.norms[i];
        }
        let (columns, values, norms) = (columns.finish(), values.finish(), norms.finish());
        Ok(Self { columns, values, offsets, norms, dim: self.dim })
    }

    /// The same vectors with more columns, in which all values are 0.
    ///
    /// # Panics
    /// If there are fewer columns than before.
    #[must_use]
    pub fn with_dim(self, dim: usize) -> Self {
        assert!(dim >= self.dim, "{dim} columns instead of {}", self.dim);
        Self { dim, ..self }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.columns)
            + size_of_val(&*self.values)
            + size_of_val(&*self.offsets)
            + size_of_val(&*self.norms)
    }
}

impl SparseRow<'_> {
    /// The inner product with another row: `f64` arithmetic, in the order of columns. (The product of two `f32` is exact in
    /// `f64`.)
    #[inline]
    pub fn dot(self, other: SparseRow<'_>) -> f64 {
        let (mut i, mut j, mut sum) = (0, 0, 0.0);
        while let (Some(&x), Some(&y)) = (self.columns.get(i), other.columns.get(j)) {
            if x == y {
                sum += f64::from(self.values[i]) * f64::from(other.values[j]);
            }
            i += usize::from(x <= y);
            j += usize::from(y <= x);
        }
        sum
    }

    /// The L2 norm.
    pub fn norm(self) -> f64 {
        self.values.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn row(values: &BTreeMap<u32, f32>) -> (Vec<u32>, Vec<f32>) {
        values.iter().map(|(&column, &value)| (column, value)).unzip()
    }

    #[test]
    fn rows_are_checked() {
        let sparse = SparseVectors::new(vec![1, 4, 0], vec![0.5, 2.0, 3.0], vec![0, 2, 2, 3], 5).expect("valid");
        assert_eq!((sparse.rows(), sparse.dim(), sparse.row(1).values.len()), (3, 5, 0));
        assert_eq!(sparse.gather(&[2, 0]).row(1), sparse.row(0));
        assert_eq!((sparse.row(2).norm(), sparse.row(0).dot(sparse.row(2))), (3.0, 0.0));
        let wrong = SparseVectors::new(vec![1, 4, 0], vec![0.5, 2.0, f32::NAN], vec![0, 2, 2, 3], 5);
        assert!(matches!(wrong, Err(PointsError::NotFinite { row: 2, column: 0, .. })), "{wrong:?}");
        let wrong = SparseVectors::new(vec![1, 4], vec![0.5], vec![0, 2], 5).err();
        assert_eq!(wrong, Some(PointsError::Ragged { len: 1, dim: 2 }));
        assert!(SparseVectors::new(vec![4, 1], vec![0.5, 1.0], vec![0, 2], 5).is_err());
    }

    proptest! {
        #[test]
        fn products_are_those_of_dense_vectors(
            a in prop::collection::btree_map(0_u32..30, -9.0_f32..9.0, 0..20),
            b in prop::collection::btree_map(0_u32..30, -9.0_f32..9.0, 0..20),
        ) {
            let ((ac, av), (bc, bv)) = (row(&a), row(&b));
            let (x, y) = (SparseRow { columns: &ac, values: &av }, SparseRow { columns: &bc, values: &bv });
            let at = |row: &BTreeMap<u32, f32>, column| f64::from(row.get(&column).copied().unwrap_or(0.0));
            let expected: f64 = (0..30).map(|column| at(&a, column) * at(&b, column)).sum();
            prop_assert!((x.dot(y) - expected).abs() <= 1e-9);
            prop_assert_eq!(x.dot(y).to_bits(), y.dot(x).to_bits());
        }
    }
}
