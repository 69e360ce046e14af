//! What is known of base points before they are read.

use crate::base::Base;
use crate::distance::Distance;
use crate::points::vectors::{LANES, Line};
use crate::points::{PointType, Points};

/// What candidates must know of base points to check whether they can search them, and to estimate how large an index will be.
/// The header of a dataset says all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFacts {
    /// Number of base points, n.
    pub rows: usize,
    /// Dimension, d, see [`Points::dim`].
    pub dim: usize,
    /// Their type.
    pub kind: PointType,
    /// The distance from a query to a base point.
    pub distance: Distance,
    /// Numbers in all rows: members of sets, or values of sparse vectors. 0 of dense vectors and bits, whose rows all have d.
    pub numbers: usize,
}

impl BaseFacts {
    /// Facts about points in memory.
    pub fn of(base: &Base) -> Self {
        let numbers = match base.points() {
            Points::Sets(sets) => sets.members().len(),
            Points::Sparse(vectors) => vectors.columns().len(),
            Points::Dense(_) | Points::Bits(_) => 0,
        };
        Self {
            rows: base.len(),
            dim: base.points().dim(),
            kind: base.points().kind(),
            distance: base.distance(),
            numbers,
        }
    }

    /// Bytes that `rows` of such points take in memory, with their norms: those of [`Base::bytes`], where rows are of mean
    /// length.
    pub fn bytes_of(&self, rows: usize) -> usize {
        // The mean, rounded up; all numbers where all rows are asked for.
        let numbers = (self.numbers as u128 * rows as u128).div_ceil(self.rows.max(1) as u128) as usize;
        let offsets = rows.saturating_add(1).saturating_mul(size_of::<u64>());
        let points = match self.kind {
            PointType::Dense => rows.saturating_mul(self.dim.div_ceil(LANES) * size_of::<Line>()),
            PointType::Bits => rows.saturating_mul(self.dim.div_ceil(64) * size_of::<u64>()),
            PointType::Sets => numbers.saturating_mul(size_of::<u32>()).saturating_add(offsets),
            PointType::Sparse => numbers.saturating_mul(size_of::<u32>() + size_of::<f32>()).saturating_add(offsets),
        };
        // Bits and sets have no norms.
        let norms = if matches!(self.kind, PointType::Dense | PointType::Sparse) { rows } else { 0 };
        points.saturating_add(norms.saturating_mul(size_of::<f64>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Bits, Sets, SparseVectors, Vectors};

    #[test]
    fn bytes_are_those_that_points_take() {
        let offsets = vec![0, 2, 2, 3];
        let bases = [
            Base::new(Vectors::new(&[1.0; 3 * 20], 20).expect("finite"), Distance::Angular),
            Base::new(Bits::pack((0..3 * 70).map(|i| i % 3 == 0), 70).expect("3 rows"), Distance::Hamming),
            Base::new(Sets::new(vec![1, 4, 0], offsets.clone(), 5).expect("valid"), Distance::Jaccard),
            Base::new(
                SparseVectors::new(vec![1, 4, 0], vec![0.5, 2.0, 3.0], offsets, 5).expect("valid"),
                Distance::InnerProduct,
            ),
        ];
        for base in bases {
            let facts = BaseFacts::of(&base);
            assert_eq!(facts.bytes_of(3), base.bytes(), "{}", facts.kind);
            assert!(facts.bytes_of(2) < facts.bytes_of(3));
            assert_eq!(facts.bytes_of(usize::MAX).min(1), 1, "no overflow");
        }
    }
}
