//! Rows of `f32`, laid out for the hot loops.

use super::space::{Filling, Space, in_order_of_source};
use super::{PointsError, Shared, dense};
use bytemuck::{Pod, Zeroable};
use multiversion::multiversion;
use rayon::prelude::*;
use std::io;
use std::sync::Arc;

/// Sixteen `f32` on a 64-byte boundary: one cache line, one AVX-512 register, two AVX2 registers.
///
/// A row is a whole number of lines, zero-padded, so no loop over a row has a tail.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [f32; LANES]);

/// `f32` values in a [`Line`].
pub const LANES: usize = 16;

/// Rows that one thread writes before another may take the next.
const ROWS_AT_ONCE: usize = 64;

/// A row-major matrix of `rows x dim` finite `f32` values, each row padded with zeros to whole [`Line`]s.
///
/// It never changes. A clone shares the memory, so a process holds its vectors once, however many parts use them. The L2 norm of
/// each row is kept beside it.
#[derive(Clone, Debug)]
pub struct Vectors {
    lines: Shared<Line>,
    norms: Shared<f64>,
    dim: usize,
}

/// Memory for vectors of a short life: what held the last ones holds the next. Asking for new memory, and clearing it, can take as long as
/// the copying.
///
/// ```
/// use swath_algorithms::points::VectorMemory;
///
/// let mut memory = VectorMemory::default();
/// for rows in [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]] {
///     let vectors = memory.of_rows(rows.iter().map(|row| &row[..]), 2)?;
///     assert_eq!(vectors.row(1), rows[1]);
/// }
/// # Ok::<(), swath_algorithms::PointsError>(())
/// ```
#[derive(Debug, Default)]
pub struct VectorMemory {
    lines: Arc<Vec<Line>>,
    norms: Arc<Vec<f64>>,
}

/// Collects vectors a few rows at a time, so that the caller need not hold a second copy of all.
#[derive(Debug)]
pub struct Builder {
    lines: Filling<Line>,
    norms: Filling<f64>,
    dim: usize,
}

impl Builder {
    /// No rows yet; room for `rows` of `dim` values on the heap.
    ///
    /// # Errors
    /// As [`Builder::in_space`].
    pub fn new(rows: usize, dim: usize) -> Result<Self, PointsError> {
        Self::in_space(&Space::Heap, rows, dim)
    }

    /// No rows yet; room for `rows` of `dim` values in a space.
    ///
    /// # Errors
    /// [`PointsError::NoDimension`] when `dim` is 0, [`PointsError::NoRoom`].
    pub fn in_space(space: &Space, rows: usize, dim: usize) -> Result<Self, PointsError> {
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        let lines = Filling::with_capacity(space, rows.saturating_mul(dim.div_ceil(LANES)))?;
        Ok(Self { lines, norms: Filling::with_capacity(space, rows)?, dim })
    }

    /// Adds whole rows, row-major.
    ///
    /// # Errors
    /// [`PointsError`] when the rows are ragged, a value is NaN or infinite, or there is no more room.
    pub fn push(&mut self, values: &[f32]) -> Result<(), PointsError> {
        let dim = self.dim;
        if !values.len().is_multiple_of(dim) {
            return Err(PointsError::Ragged { len: values.len(), dim });
        }
        if !are_finite(values)
            && let Some(at) = values.iter().position(|v| !v.is_finite())
        {
            let (row, column) = (self.norms.len() + at / dim, at % dim);
            return Err(PointsError::NotFinite { row, column, value: values[at] });
        }
        let (stride, rows) = (dim.div_ceil(LANES), values.len() / dim);
        let (lines, norms) = (self.lines.add_zeros(rows * stride)?, self.norms.add_zeros(rows)?);
        for (row, padded) in values.chunks_exact(dim).zip(lines.chunks_exact_mut(stride)) {
            bytemuck::cast_slice_mut::<Line, f32>(padded)[..dim].copy_from_slice(row);
        }
        dense::norms(lines, stride, norms);
        Ok(())
    }

    /// Adds `rows` rows that `write` writes where they stay, in parallel and in any order: it gets a workspace of its thread, the
    /// row's number among these, and its zeros.
    ///
    /// # Errors
    /// As [`Builder::push`]; a row that is not finite stays.
    pub fn write<W>(
        &mut self,
        rows: usize,
        workspace: impl Fn() -> W + Sync,
        write: impl Fn(&mut W, usize, &mut [f32]) + Sync,
    ) -> Result<(), PointsError> {
        let (dim, stride, before) = (self.dim, self.dim.div_ceil(LANES), self.norms.len());
        let (lines, norms) = (self.lines.add_zeros(rows * stride)?, self.norms.add_zeros(rows)?);
        let blocks = lines.par_chunks_mut(ROWS_AT_ONCE * stride).zip(norms.par_chunks_mut(ROWS_AT_ONCE)).enumerate();
        let wrong = blocks.map_init(&workspace, |workspace, (block, (lines, norms))| {
            let mut wrong = None;
            for (i, padded) in lines.chunks_exact_mut(stride).enumerate() {
                let (row, at) = (&mut bytemuck::cast_slice_mut::<Line, f32>(padded)[..dim], block * ROWS_AT_ONCE + i);
                write(workspace, at, row);
                if wrong.is_none() && !are_finite(row) {
                    let column = row.iter().position(|value| !value.is_finite()).unwrap_or_default();
                    wrong = Some(PointsError::NotFinite { row: before + at, column, value: row[column] });
                }
            }
            dense::norms(lines, stride, norms);
            wrong
        });
        // The first, whichever thread found it.
        wrong.collect::<Vec<_>>().into_iter().flatten().next().map_or(Ok(()), Err)
    }

    /// The vectors.
    pub fn finish(self) -> Vectors {
        Vectors { lines: self.lines.into(), norms: self.norms.into(), dim: self.dim }
    }
}

/// Whether no value is NaN or infinite: their exponents alone have all bits set.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn are_finite(values: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    let mut found = false;
    for value in values {
        found |= value.to_bits() & EXPONENT == EXPONENT;
    }
    !found
}

impl VectorMemory {
    /// As [`Vectors::of_rows`], in the memory of the vectors made before, unless somebody still has these.
    ///
    /// # Errors
    /// As [`Vectors::of_rows`].
    pub fn of_rows<'a>(
        &mut self,
        rows: impl ExactSizeIterator<Item = &'a [f32]>,
        dim: usize,
    ) -> Result<Vectors, PointsError> {
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        let (count, stride) = (rows.len(), dim.div_ceil(LANES));
        let lines = of_length(&mut self.lines, count * stride, Line([0.0; LANES]));
        let norms = of_length(&mut self.norms, count, 0.0);
        let (mut four, mut waiting): ([&[f32]; 4], usize) = ([&[]; 4], 0);
        let (mut fours, mut norms_of_fours) = (lines.chunks_exact_mut(4 * stride), norms.chunks_exact_mut(4));
        for row in rows {
            if row.len() != dim {
                return Err(PointsError::Ragged { len: row.len(), dim });
            }
            four[waiting] = row;
            waiting += 1;
            if waiting == 4
                && let (Some(lines), Some(Ok(norms))) =
                    (fours.next(), norms_of_fours.next().map(<&mut [f64; 4]>::try_from))
            {
                dense::pack(four, lines, stride, norms);
                waiting = 0;
            }
        }
        let last = fours.into_remainder();
        for (row, line) in four[..waiting].iter().zip(last.chunks_exact_mut(stride)) {
            let (values, padding) = bytemuck::cast_slice_mut::<Line, f32>(line).split_at_mut(dim);
            values.copy_from_slice(row);
            padding.fill(0.0);
        }
        dense::norms(last, stride, norms_of_fours.into_remainder());
        // A sum of squares of finite `f32` is a finite `f64`, and no other is.
        if let Some(row) = norms.iter().position(|norm| !norm.is_finite()) {
            let values: &[f32] = &bytemuck::cast_slice(&lines[row * stride..(row + 1) * stride])[..dim];
            let column = values.iter().position(|value| !value.is_finite()).unwrap_or_default();
            return Err(PointsError::NotFinite { row, column, value: values[column] });
        }
        Ok(Vectors { lines: Arc::clone(&self.lines).into(), norms: Arc::clone(&self.norms).into(), dim })
    }
}

/// Values to be written over, as many as that: those that are there, unless they are shared, and copies of `filling`.
fn of_length<T: Clone>(values: &mut Arc<Vec<T>>, length: usize, filling: T) -> &mut [T] {
    if Arc::get_mut(values).is_none() {
        *values = Arc::default();
    }
    let values = Arc::make_mut(values);
    values.resize(length, filling);
    values
}

impl Vectors {
    /// Copies `values`, row-major `n x dim`, checking that every value is finite.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, the rows are ragged, or a value is NaN or infinite.
    pub fn new(values: &[f32], dim: usize) -> Result<Self, PointsError> {
        let mut builder = Builder::new(values.len() / dim.max(1), dim)?;
        builder.push(values)?;
        Ok(builder.finish())
    }

    /// Copies rows of `dim` values each, in one pass over them.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0, a row has another length, or a value is NaN or infinite.
    pub fn of_rows<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]>, dim: usize) -> Result<Self, PointsError> {
        VectorMemory::default().of_rows(rows, dim)
    }

    /// Takes lines, the rows one after another, and the norm of each row, such as those of a mapped file, without a look at the
    /// values.
    ///
    /// # Errors
    /// [`PointsError`] when `dim` is 0 or the lines are not as many rows as there are norms.
    pub fn of_lines(lines: Shared<Line>, norms: Shared<f64>, dim: usize) -> Result<Self, PointsError> {
        if dim == 0 {
            return Err(PointsError::NoDimension);
        }
        let stride = dim.div_ceil(LANES);
        if Some(lines.len()) != norms.len().checked_mul(stride) {
            return Err(PointsError::Ragged { len: lines.len(), dim: stride });
        }
        Ok(Self { lines, norms, dim })
    }

    /// Number of rows, n.
    pub fn rows(&self) -> usize {
        self.norms.len()
    }

    /// The L2 norm of each row.
    pub fn norms(&self) -> &Shared<f64> {
        &self.norms
    }

    /// The lines of all rows.
    pub fn all_lines(&self) -> &Shared<Line> {
        &self.lines
    }

    /// Dimension, d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Lines a row occupies.
    pub fn stride(&self) -> usize {
        self.dim.div_ceil(LANES)
    }

    /// Row `i` without its padding, `dim` values.
    pub fn row(&self, i: usize) -> &[f32] {
        &bytemuck::cast_slice(self.lines(i))[..self.dim]
    }

    /// Row `i` as whole lines, padding included.
    pub fn lines(&self, i: usize) -> &[Line] {
        let stride = self.stride();
        &self.lines[i * stride..(i + 1) * stride]
    }

    /// Rows `range` as one run of lines, padding included.
    pub fn block(&self, range: std::ops::Range<usize>) -> &[Line] {
        let stride = self.stride();
        &self.lines[range.start * stride..range.end * stride]
    }

    /// The rows at `ids`, in that order.
    ///
    /// # Panics
    /// If an id is not below `rows`.
    #[must_use]
    pub fn gather(&self, ids: &[usize]) -> Self {
        let mut lines = Vec::with_capacity(ids.len() * self.stride());
        ids.iter().for_each(|&i| lines.extend_from_slice(self.lines(i)));
        let norms: Vec<f64> = ids.iter().map(|&i| self.norms[i]).collect();
        Self { lines: lines.into(), norms: norms.into(), dim: self.dim }
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
        let mut lines = Filling::with_capacity(space, ids.len() * stride)?;
        let mut norms = Filling::with_capacity(space, ids.len())?;
        let (rows, of_rows) = (lines.add_zeros(ids.len() * stride)?, norms.add_zeros(ids.len())?);
        for place in in_order_of_source(ids) {
            let place = place as usize;
            rows[place * stride..][..stride].copy_from_slice(self.lines(ids[place]));
            of_rows[place] = self.norms[ids[place]];
        }
        Ok(Self { lines: lines.finish(), norms: norms.finish(), dim: self.dim })
    }

    /// Bytes held, padding and norms included.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + size_of_val(&*self.norms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_values_and_pad_with_zeros() {
        let values: Vec<f32> = (0..40).map(|v| v as f32).collect();
        let vectors = Vectors::new(&values, 20).expect("2 rows of 20");
        assert_eq!((vectors.rows(), vectors.dim(), vectors.stride()), (2, 20, 2));
        assert_eq!(vectors.row(1), &values[20..]);
        assert_eq!(vectors.lines(1)[1].0[4..], [0.0; 12]);
        assert_eq!(vectors.gather(&[1, 0]).row(0), &values[20..]);
        assert_eq!(vectors.bytes(), 2 * 2 * 64 + 2 * 8);
    }

    /// The memory of the last vectors is taken over where nobody has them, and nothing of them is seen again.
    #[test]
    fn memory_is_kept_for_the_next_vectors() {
        let mut memory = VectorMemory::default();
        for (count, dim) in [(9, 40), (1, 40), (7, 33), (4, 16), (0, 5), (13, 1), (13, 16)] {
            let values: Vec<f32> = (0..count * dim).map(|v| v as f32 - 50.5).collect();
            let rows = || values.chunks_exact(dim);
            let (kept, expected) = (memory.of_rows(rows(), dim).expect("finite"), Vectors::new(&values, dim));
            let expected = expected.expect("finite");
            assert_eq!((kept.rows(), kept.dim()), (count, dim));
            let bits = |vectors: &Vectors| bytemuck::cast_slice::<Line, u32>(vectors.all_lines()).to_vec();
            assert_eq!((bits(&kept), &kept.norms()[..]), (bits(&expected), &expected.norms()[..]), "{count} x {dim}");
        }
        let first = memory.of_rows([&[1.0_f32; 3][..]].into_iter(), 3).expect("finite");
        let second = memory.of_rows([&[2.0_f32; 3][..]].into_iter(), 3).expect("finite");
        assert_eq!((first.row(0), second.row(0)), (&[1.0; 3][..], &[2.0; 3][..]));
        let places = [&first, &second].map(|vectors| vectors.lines(0).as_ptr());
        drop((first, second));
        let third = memory.of_rows([&[3.0_f32; 3][..]].into_iter(), 3).expect("finite");
        assert!(third.lines(0).as_ptr() == places[1] && places[0] != places[1]);
        let rows = [&[1.0_f32; 3][..], &[1.0, f32::NAN, 2.0], &[1.0; 2]];
        let said = memory.of_rows(rows[..2].iter().copied(), 3).expect_err("not finite").to_string();
        assert!(said.starts_with("row 1, column 1 is NaN"), "{said}");
        assert_eq!(memory.of_rows(rows[2..].iter().copied(), 3).err(), Some(PointsError::Ragged { len: 2, dim: 3 }));
    }

    #[test]
    fn rows_may_come_some_at_a_time_and_a_clone_is_no_copy() {
        let values: Vec<f32> = (0..60).map(|v| v as f32).collect();
        let mut builder = Builder::new(3, 20).expect("a dimension");
        builder.push(&values[..20]).expect("finite");
        builder.push(&[]).expect("nothing");
        builder.push(&values[20..]).expect("finite");
        let found = builder.push(&[[0.0; 20], [f32::NAN; 20]].concat()).err();
        assert!(matches!(found, Some(PointsError::NotFinite { row: 4, column: 0, .. })), "{found:?}");
        let (vectors, whole) = (builder.finish(), Vectors::new(&values, 20).expect("finite"));
        assert!((0..3).all(|i| vectors.row(i) == whole.row(i)) && vectors.rows() == 3);
        assert!(std::ptr::eq(vectors.clone().lines(0), vectors.lines(0)));
        assert!(Builder::new(1, 0).is_err());
    }

    #[test]
    fn rows_that_are_written_in_place_are_those_that_are_pushed() {
        let value = |row: usize, column: usize| (row as f32).mul_add(0.7, column as f32).sin();
        for (rows, dim) in [(0, 3), (1, 16), (63, 17), (200, 5)] {
            let write = |(): &mut (), row: usize, values: &mut [f32]| {
                assert!(values.len() == dim && values.iter().all(|&value| value == 0.0));
                values.iter_mut().enumerate().for_each(|(column, out)| *out = value(row, column));
            };
            let mut builder = Builder::new(rows + 1, dim).expect("a dimension");
            builder.push(&vec![7.0; dim]).expect("finite");
            builder.write(rows, || (), write).expect("finite");
            let pushed = (0..rows).flat_map(|row| (0..dim).map(move |column| value(row, column)));
            let expected: Vec<f32> = std::iter::repeat_n(7.0, dim).chain(pushed).collect();
            let (written, expected) = (builder.finish(), Vectors::new(&expected, dim).expect("finite"));
            assert_eq!(written.norms()[..], expected.norms()[..]);
            assert!((0..=rows).all(|i| written.lines(i).iter().zip(expected.lines(i)).all(|(a, b)| a.0 == b.0)));
        }
        // The first of two, as a row of all.
        let mut builder = Builder::new(301, 2).expect("a dimension");
        builder.push(&[0.0; 2]).expect("finite");
        let infinite = |(): &mut (), row: usize, values: &mut [f32]| {
            values[1] = if row == 130 || row == 250 { f32::INFINITY } else { 0.0 };
        };
        let found = builder.write(300, || (), infinite).err();
        assert_eq!(found, Some(PointsError::NotFinite { row: 131, column: 1, value: f32::INFINITY }));
    }

    #[test]
    fn rows_of_slices_are_those_of_values() {
        for dim in [1, 15, 16, 17, 40] {
            let values: Vec<f32> = (0..11 * dim).map(|v| (v as f32).sin()).collect();
            let vectors = Vectors::of_rows(values.chunks_exact(dim), dim).expect("finite");
            let expected = Vectors::new(&values, dim).expect("finite");
            assert_eq!((vectors.rows(), vectors.norms()[..].to_vec()), (11, expected.norms()[..].to_vec()));
            assert!((0..11).all(|i| vectors.lines(i).iter().zip(expected.lines(i)).all(|(a, b)| a.0 == b.0)));
        }
        let rows = |rows: &[&[f32]], dim| Vectors::of_rows(rows.iter().copied(), dim).map(|vectors| vectors.rows());
        assert_eq!(rows(&[], 3), Ok(0));
        assert_eq!(rows(&[&[]], 0), Err(PointsError::NoDimension));
        assert_eq!(rows(&[&[1.0], &[1.0, 2.0]], 1), Err(PointsError::Ragged { len: 2, dim: 1 }));
        for value in [f32::INFINITY, f32::NEG_INFINITY] {
            let found = rows(&[&[1.0, f32::MAX], &[f32::MIN_POSITIVE, value]], 2);
            assert_eq!(found, Err(PointsError::NotFinite { row: 1, column: 1, value }));
        }
        assert!(matches!(rows(&[&[f32::NAN]], 1), Err(PointsError::NotFinite { row: 0, column: 0, .. })));
    }

    #[test]
    fn bad_values_are_named() {
        assert_eq!(Vectors::new(&[], 0).err(), Some(PointsError::NoDimension));
        assert_eq!(Vectors::new(&[0.0; 5], 2).err(), Some(PointsError::Ragged { len: 5, dim: 2 }));
        let found = Vectors::new(&[0.0, 0.0, 0.0, f32::INFINITY], 2).err();
        assert_eq!(found, Some(PointsError::NotFinite { row: 1, column: 1, value: f32::INFINITY }));
        assert!(matches!(Vectors::new(&[f32::NAN], 1), Err(PointsError::NotFinite { .. })));
    }
}
