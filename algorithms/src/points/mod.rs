//! Points: the rows of a dataset, of one of four types.
//!
//! The type is decided once, where points enter. Loops over rows are written for one type each, in the file of that type;
//! [`Points`] and [`Rows`] choose among them once for many rows.

pub mod bits;
pub mod dense;
mod measure;
pub mod sets;
mod shared;
pub mod space;
pub mod sparse;
pub mod vectors;

pub use bits::{BitRow, Bits};
pub use measure::{Chosen, Measure};
pub use sets::Sets;
pub use shared::Shared;
pub use space::{Filling, Outside, OutsideBytes, Space};
pub use sparse::{SparseParts, SparseRow, SparseVectors};
pub use vectors::{Line, VectorMemory, Vectors};

use std::io;

/// Rows of one type, n of dimension d. A clone shares the memory.
#[derive(Clone, Debug)]
pub enum Points {
    /// Vectors of `f32`.
    Dense(Vectors),
    /// Strings of bits.
    Bits(Bits),
    /// Sets of whole numbers.
    Sets(Sets),
    /// Sparse vectors of `f32`.
    Sparse(SparseVectors),
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub enum Point<'a> {
    /// A vector, padded to whole lines.
    Dense(&'a [Line]),
    /// Bits, packed into words.
    Bits(BitRow<'a>),
    /// Members, ascending.
    Set(&'a [u32]),
    /// Columns and values.
    Sparse(SparseRow<'a>),
}

/// The type of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PointType {
    /// Vectors of `f32`.
    Dense,
    /// Strings of bits.
    Bits,
    /// Sets of whole numbers.
    Sets,
    /// Sparse vectors of `f32`.
    Sparse,
}

/// Rows that are read by number.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Of vectors.
    Dense(dense::DenseRows<'a>),
    /// Of bits.
    Bits(&'a Bits),
    /// Of sets.
    Sets(&'a Sets),
    /// Of sparse vectors.
    Sparse(&'a SparseVectors),
}

/// Why numbers are not points.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointsError {
    /// Points of no dimension.
    #[error("vectors need at least one dimension")]
    NoDimension,
    /// The length is no multiple of the dimension.
    #[error("{len} values do not make rows of {dim}")]
    Ragged {
        /// Values given.
        len: usize,
        /// Values a row should have.
        dim: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is {value}; every value must be finite")]
    NotFinite {
        /// Row of the first such value.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A bit after the last one of a row is set.
    #[error("row {row} has a bit after its last, {dim}; those that fill up a word must be 0")]
    BitBeyondDimension {
        /// The first such row.
        row: usize,
        /// Bits in a row.
        dim: usize,
    },
    /// Offsets of rows do not ascend from 0 to the number of values.
    #[error("the offsets of rows must ascend from 0 to {len}, the number of values")]
    Offsets {
        /// Values given.
        len: usize,
    },
    /// There is no room for them.
    #[error("there is no room for the points: {reason}")]
    NoRoom {
        /// What was refused.
        reason: String,
    },
    /// The members or columns of a row do not ascend.
    #[error("row {row}: {after} comes after {before}; the numbers of a row must ascend, each once")]
    NotAscending {
        /// The first such row.
        row: usize,
        /// A number.
        before: u32,
        /// The next one.
        after: u32,
    },
    /// A member or column is not below the dimension.
    #[error("row {row} has the number {number}; every number must be below the dimension, {dim}")]
    BeyondDimension {
        /// The first such row.
        row: usize,
        /// Its largest number.
        number: u32,
        /// The dimension.
        dim: usize,
    },
}

impl From<io::Error> for PointsError {
    fn from(error: io::Error) -> Self {
        Self::NoRoom { reason: error.to_string() }
    }
}

impl PointType {
    /// All types.
    pub const ALL: [Self; 4] = [Self::Dense, Self::Bits, Self::Sets, Self::Sparse];

    /// Points of this type, in plural.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense vectors",
            Self::Bits => "bits",
            Self::Sets => "sets",
            Self::Sparse => "sparse vectors",
        }
    }
}

impl std::fmt::Display for PointType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Points {
    /// Their type.
    pub fn kind(&self) -> PointType {
        match self {
            Self::Dense(_) => PointType::Dense,
            Self::Bits(_) => PointType::Bits,
            Self::Sets(_) => PointType::Sets,
            Self::Sparse(_) => PointType::Sparse,
        }
    }

    /// Number of rows, n.
    pub fn len(&self) -> usize {
        match self {
            Self::Dense(vectors) => vectors.rows(),
            Self::Bits(bits) => bits.rows(),
            Self::Sets(sets) => sets.rows(),
            Self::Sparse(vectors) => vectors.rows(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Dimension, d: values or bits in a row, or the number below which members and columns are.
    pub fn dim(&self) -> usize {
        match self {
            Self::Dense(vectors) => vectors.dim(),
            Self::Bits(bits) => bits.dim(),
            Self::Sets(sets) => sets.dim(),
            Self::Sparse(vectors) => vectors.dim(),
        }
    }

    /// Numbers in a row, on average over rows of different length: values, words of bits, or members. The cost of comparing two
    /// points grows with it.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense(vectors) => vectors.dim(),
            Self::Bits(bits) => bits.stride(),
            Self::Sets(sets) => sets.members().len().div_ceil(sets.rows().max(1)),
            Self::Sparse(vectors) => vectors.values().len().div_ceil(vectors.rows().max(1)),
        }
    }

    /// Row `i`.
    #[inline]
    pub fn row(&self, i: usize) -> Point<'_> {
        match self {
            Self::Dense(vectors) => Point::Dense(vectors.lines(i)),
            Self::Bits(bits) => Point::Bits(bits.row(i)),
            Self::Sets(sets) => Point::Set(sets.row(i)),
            Self::Sparse(vectors) => Point::Sparse(vectors.row(i)),
        }
    }

    /// All rows, read by number.
    pub fn rows(&self) -> Rows<'_> {
        match self {
            Self::Dense(vectors) => Rows::Dense(dense::DenseRows::of(vectors)),
            Self::Bits(bits) => Rows::Bits(bits),
            Self::Sets(sets) => Rows::Sets(sets),
            Self::Sparse(vectors) => Rows::Sparse(vectors),
        }
    }

    /// The rows at `ids`, in that order.
    ///
    /// # Panics
    /// If an id is not below the number of rows.
    #[must_use]
    pub fn gather(&self, ids: &[usize]) -> Self {
        match self {
            Self::Dense(vectors) => Self::Dense(vectors.gather(ids)),
            Self::Bits(bits) => Self::Bits(bits.gather(ids)),
            Self::Sets(sets) => Self::Sets(sets.gather(ids)),
            Self::Sparse(vectors) => Self::Sparse(vectors.gather(ids)),
        }
    }

    /// The same, put into a space.
    ///
    /// # Errors
    /// There is no room for them.
    ///
    /// # Panics
    /// If an id is not below the number of rows.
    pub fn gather_into(&self, ids: &[usize], space: &Space) -> io::Result<Self> {
        Ok(match self {
            Self::Dense(vectors) => Self::Dense(vectors.gather_into(ids, space)?),
            Self::Bits(bits) => Self::Bits(bits.gather_into(ids, space)?),
            Self::Sets(sets) => Self::Sets(sets.gather_into(ids, space)?),
            Self::Sparse(vectors) => Self::Sparse(vectors.gather_into(ids, space)?),
        })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(vectors) => vectors.bytes(),
            Self::Bits(bits) => bits.bytes(),
            Self::Sets(sets) => sets.bytes(),
            Self::Sparse(vectors) => vectors.bytes(),
        }
    }

    /// The L2 norm of each row; 0 of bits and sets, whose distances do not need one.
    pub fn norms(&self) -> Shared<f64> {
        match self {
            Self::Dense(vectors) => vectors.norms().clone(),
            Self::Sparse(vectors) => vectors.norms().clone(),
            Self::Bits(_) | Self::Sets(_) => vec![0.0; self.len()].into(),
        }
    }

    /// The vectors, if these are dense.
    pub fn dense(&self) -> Option<&Vectors> {
        if let Self::Dense(vectors) = self { Some(vectors) } else { None }
    }
}

impl PartialEq for Points {
    /// Whether both have the same rows, of the same type and dimension.
    fn eq(&self, other: &Self) -> bool {
        let rows = |same: &dyn Fn(usize) -> bool| (0..self.len()).all(same);
        (self.len(), self.dim()) == (other.len(), other.dim())
            && match (self, other) {
                (Self::Dense(a), Self::Dense(b)) => rows(&|i| a.row(i) == b.row(i)),
                (Self::Bits(a), Self::Bits(b)) => rows(&|i| a.row(i) == b.row(i)),
                (Self::Sets(a), Self::Sets(b)) => rows(&|i| a.row(i) == b.row(i)),
                (Self::Sparse(a), Self::Sparse(b)) => rows(&|i| a.row(i) == b.row(i)),
                _ => false,
            }
    }
}

impl From<Vectors> for Points {
    fn from(vectors: Vectors) -> Self {
        Self::Dense(vectors)
    }
}

impl From<Bits> for Points {
    fn from(bits: Bits) -> Self {
        Self::Bits(bits)
    }
}

impl From<Sets> for Points {
    fn from(sets: Sets) -> Self {
        Self::Sets(sets)
    }
}

impl From<SparseVectors> for Points {
    fn from(vectors: SparseVectors) -> Self {
        Self::Sparse(vectors)
    }
}

impl<'a> Point<'a> {
    /// Its type.
    pub fn kind(self) -> PointType {
        match self {
            Self::Dense(_) => PointType::Dense,
            Self::Bits(_) => PointType::Bits,
            Self::Set(_) => PointType::Sets,
            Self::Sparse(_) => PointType::Sparse,
        }
    }

    /// The L2 norm of a vector; 0 of bits and sets, whose distances do not need one.
    pub fn norm(self) -> f64 {
        match self {
            Self::Dense(lines) => dense::norm(lines),
            Self::Sparse(row) => row.norm(),
            Self::Bits(_) | Self::Set(_) => 0.0,
        }
    }

    /// The lines of a dense vector.
    ///
    /// # Panics
    /// If it is none: a bug of the caller, which knows the type of the base.
    #[inline]
    pub fn lines(self) -> &'a [Line] {
        match self {
            Self::Dense(lines) => lines,
            other => panic!("dense vectors are compared with {}", other.kind()),
        }
    }
}

impl<'a> Rows<'a> {
    /// Row `i`.
    #[inline]
    pub fn get(self, i: u32) -> Point<'a> {
        match self {
            Self::Dense(rows) => Point::Dense(rows.get(i)),
            Self::Bits(bits) => Point::Bits(bits.row(i as usize)),
            Self::Sets(sets) => Point::Set(sets.row(i as usize)),
            Self::Sparse(vectors) => Point::Sparse(vectors.row(i as usize)),
        }
    }
}
