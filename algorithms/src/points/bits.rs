//! Rows of bits, packed into words of 64.

use super::space::{Filling, Space, in_order_of_source};
use super::{PointsError, Shared};
use multiversion::multiversion;
use std::io;

/// Bits in a word.
const WORD: usize = u64::BITS as usize;

/// A matrix of `rows x dim` bits. Bit `j` of a row is bit `j % 64` of its word `j / 64`, the lowest first; the bits after the
/// last are 0.
///
/// It never changes, and a clone shares the memory.
#[derive(Clone, Debug)]
pub struct Bits {
    words: Shared<u64>,
    rows: usize,
    dim: usize,
}

/// A row of [`Bits`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BitRow<'a> {
    /// Its words, in which the bits after the last are 0.
    pub words: &'a [u64],
    /// Bits in it.
    pub dim: usize,
}

impl BitRow<'_> {
    /// Bit `j`.
    pub fn bit(self, j: usize) -> bool {
        self.words[j / WORD] >> (j % WORD) & 1 == 1
    }
}

impl Bits {
    /// Takes rows of packed words, each of `dim` bits.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, the words are not whole rows, or a bit after the last of a row is set.
    pub fn new(words: impl Into<Shared<u64>>, dim: usize) -> Result<Self, PointsError> {
        let words = words.into();
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        let stride = dim.div_ceil(WORD);
        if !words.len().is_multiple_of(stride) {
            return Err(PointsError::Ragged { len: words.len(), dim: stride });
        }
        let unused = if dim.is_multiple_of(WORD) { 0 } else { u64::MAX << (dim % WORD) };
        let beyond = words.chunks_exact(stride).position(|row| row[stride - 1] & unused != 0);
        if let Some(row) = beyond {
            return Err(PointsError::BitBeyondDimension { row, dim });
        }
        Ok(Self { rows: words.len() / stride, words, dim })
    }

    /// Takes packed words, such as those of a mapped file, without a look at them.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0 or the words are not whole rows.
    pub fn of_words(words: Shared<u64>, dim: usize) -> Result<Self, PointsError> {
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        let stride = dim.div_ceil(WORD);
        if !words.len().is_multiple_of(stride) {
            return Err(PointsError::Ragged { len: words.len(), dim: stride });
        }
        Ok(Self { rows: words.len() / stride, words, dim })
    }

    /// Packs rows of `dim` bits each, row after row.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, or the rows are ragged.
    pub fn pack(bits: impl ExactSizeIterator<Item = bool>, dim: usize) -> Result<Self, PointsError> {
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        if !bits.len().is_multiple_of(dim) {
            return Err(PointsError::Ragged { len: bits.len(), dim });
        }
        let stride = dim.div_ceil(WORD);
        let mut words = vec![0_u64; bits.len() / dim * stride];
        for (at, bit) in bits.enumerate() {
            let (row, column) = (at / dim, at % dim);
            words[row * stride + column / WORD] |= u64::from(bit) << (column % WORD);
        }
        Self::new(words, dim)
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bits in a row, d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Words that a row occupies.
    pub fn stride(&self) -> usize {
        self.dim.div_ceil(WORD)
    }

    /// Row `i`.
    #[inline]
    pub fn row(&self, i: usize) -> BitRow<'_> {
        BitRow { words: self.block(i..i + 1), dim: self.dim }
    }

    /// The words of the rows in `range`, one row after another.
    pub fn block(&self, range: std::ops::Range<usize>) -> &[u64] {
        let stride = self.stride();
        &self.words[range.start * stride..range.end * stride]
    }

    /// The words of all rows.
    pub fn words(&self) -> &Shared<u64> {
        &self.words
    }

    /// The rows at `ids`, in that order.
    ///
    /// # Panics
    /// If an id is not below `rows`.
    #[must_use]
    pub fn gather(&self, ids: &[usize]) -> Self {
        let words: Vec<u64> = ids.iter().flat_map(|&i| self.row(i).words).copied().collect();
        Self { words: words.into(), rows: ids.len(), dim: self.dim }
    }

    /// The same, put into a space.
    ///
    /// # Errors
    /// There is no room for them.
    ///
    /// # Panics
    /// If an id is not below `rows`.
    pub fn gather_into(&self, ids: &[usize], space: &Space) -> io::Result<Self> {
        let stride = self.stride();
        let mut words = Filling::with_capacity(space, ids.len() * stride)?;
        let rows = words.add_zeros(ids.len() * stride)?;
        for place in in_order_of_source(ids) {
            let place = place as usize;
            rows[place * stride..][..stride].copy_from_slice(self.row(ids[place]).words);
        }
        Ok(Self { words: words.finish(), rows: ids.len(), dim: self.dim })
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }
}

/// The number of bits in which two rows of equal length differ.
#[multiversion(targets(
    "x86_64+avx+avx2+avx512f+avx512bw+avx512vl+avx512vpopcntdq+popcnt",
    "x86_64+avx+avx2+popcnt",
    "x86_64+popcnt"
))]
pub fn differing(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// The number of bits in which `row` differs from each of the rows at `ids`, one per value of `out`.
pub fn differing_at(row: &[u64], rows: &Bits, ids: &[u32], out: &mut [f64]) {
    for (&id, out) in ids.iter().zip(out) {
        *out = f64::from(differing(row, rows.row(id as usize).words));
    }
}

/// For each row of `block` (rows of `row.len()` words) minus the number of bits in which it differs from `row`: exact for rows of
/// less than 2^24 bits.
#[multiversion(targets(
    "x86_64+avx+avx2+avx512f+avx512bw+avx512vl+avx512vpopcntdq+popcnt",
    "x86_64+avx+avx2+popcnt",
    "x86_64+popcnt"
))]
pub fn similarities_in_block(row: &[u64], block: &[u64], out: &mut [f32]) {
    match row.len() {
        1 => similarities_of_rows::<1>(row, block, out),
        2 => similarities_of_rows::<2>(row, block, out),
        4 => similarities_of_rows::<4>(row, block, out),
        8 => similarities_of_rows::<8>(row, block, out),
        13 => similarities_of_rows::<13>(row, block, out),
        16 => similarities_of_rows::<16>(row, block, out),
        stride => {
            for (other, out) in block.chunks_exact(stride).zip(out) {
                let count: u32 = row.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum();
                *out = -(count as f32);
            }
        }
    }
}

/// The same for rows of `N` words.
#[inline(always)]
fn similarities_of_rows<const N: usize>(row: &[u64], block: &[u64], out: &mut [f32]) {
    let Some(row) = row.first_chunk::<N>() else { return };
    for (other, out) in block.as_chunks::<N>().0.iter().zip(out) {
        let mut count = 0;
        for i in 0..N {
            count += (row[i] ^ other[i]).count_ones();
        }
        *out = -(count as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_keep_their_places_and_the_rest_is_zero() {
        let bits: Vec<bool> = (0..3 * 70).map(|i| i % 3 == 0).collect();
        let packed = Bits::pack(bits.iter().copied(), 70).expect("3 rows of 70");
        assert_eq!((packed.rows(), packed.dim(), packed.stride(), packed.bytes()), (3, 70, 2, 48));
        assert!((0..210).all(|at| packed.row(at / 70).bit(at % 70) == bits[at]));
        assert_eq!(packed.gather(&[2, 0]).row(0), packed.row(2));
        assert_eq!(Bits::pack([true; 5].into_iter(), 2).err(), Some(PointsError::Ragged { len: 5, dim: 2 }));
        assert_eq!(
            Bits::new(vec![0, 64], 70).map(|bits| bits.rows()),
            Err(PointsError::BitBeyondDimension { row: 0, dim: 70 })
        );
        assert_eq!(Bits::new(Vec::new(), 0).err(), Some(PointsError::NoDimension));
    }

    proptest! {
        #[test]
        fn differing_bits_are_those_that_differ(dim in 1_usize..1100, seed in any::<u64>()) {
            let mut state = seed | 1;
            let mut draw = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state >> 63 == 1
            };
            let bits: Vec<bool> = (0..5 * dim).map(|_| draw()).collect();
            let packed = Bits::pack(bits.iter().copied(), dim).expect("5 rows");
            let naive = |i: usize, j: usize| (0..dim).filter(|&b| bits[i * dim + b] != bits[j * dim + b]).count() as u32;
            let mut out = [0.0; 5];
            similarities_in_block(packed.row(2).words, packed.block(0..5), &mut out);
            for i in 0..5 {
                prop_assert_eq!(out[i], -(naive(2, i) as f32));
                prop_assert_eq!(differing(packed.row(i).words, packed.row(2).words), naive(2, i));
            }
        }
    }
}
