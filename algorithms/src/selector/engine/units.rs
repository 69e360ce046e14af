//! The similarities of all pairs of a pool, in 16 bits each, with a bound on their error.

use super::cosine_tiles::CosineTiles;
use crate::nearest::tile_product::{COLUMNS, ROWS};
use crate::pool_kernel::PoolKernel;
use crate::prefetch::fetch;
use crate::scratch::{Scratch, room_for_units};
use multiversion::multiversion;
use std::cell::RefMut;
use std::ops::{Range, RangeInclusive};

/// Similarity 1 in whole units; a little below 2^16.
pub const ONE: f64 = 65_000.0;

/// What no number of units reaches.
pub const NEVER: u16 = u16::MAX;

/// Pools whose similarities are kept, 2 bytes a pair: up to 288 MiB. For smaller ones exact similarities cost less.
pub const SIZES: RangeInclusive<usize> = 65..=12_288;

/// Longer rows cost less as exact similarities in pools of up to [`FEW`], too: tiles of approximate ones are padded.
const LONG: usize = 128;

/// See [`LONG`].
const FEW: usize = 128;

/// Rows are padded to a multiple of so many numbers: loops over blocks of them use whole registers.
pub const WIDTH: usize = 128;

/// Error of a number of units beside that of the similarity: half a unit of rounding, the roundings of `f32` on the way there
/// (of at most `65,536 x 2^-24 = 1/256` each), and room for those of the exact similarities and sums, which are `f64`.
const OF_ROUNDING: f64 = 0.5 + 2.0 / 256.0 + 1e-3;

/// Similarities in whole units.
pub struct Units<'s> {
    values: RefMut<'s, Vec<u16>>,
    size: usize,
    stride: usize,
    error: f64,
}

impl<'s> Units<'s> {
    /// Those of a pool, for a kernel with values in `[0, 1]`; `None` if the pool has another size than [`SIZES`], or exact similarities cost
    /// less.
    pub fn of(kernel: &PoolKernel<'s>, dim: usize, scratch: &'s Scratch) -> Option<Self> {
        if dim > LONG && kernel.len() <= FEW {
            return None;
        }
        let mut this = Self::room(kernel.len(), scratch)?;
        match CosineTiles::of(kernel, dim, scratch) {
            Some(tiles) => this.fill_with_cosines(tiles, kernel, scratch),
            None => this.fill_exactly(kernel, scratch),
        }
        this.pad();
        Some(this)
    }

    /// The same of a matrix that is kept, row after row.
    pub fn of_all(similarities: &[f64], size: usize, scratch: &'s Scratch) -> Option<Self> {
        let mut this = Self::room(size, scratch)?;
        let rows = similarities.chunks_exact(size).zip(this.values.chunks_exact_mut(this.stride));
        rows.for_each(|(similarities, units)| exactly_in_units(similarities, &mut units[..size]));
        this.pad();
        Some(this)
    }

    fn room(size: usize, scratch: &'s Scratch) -> Option<Self> {
        if !SIZES.contains(&size) {
            return None;
        }
        let mut stride = size.next_multiple_of(WIDTH);
        if (stride * size_of::<u16>()).is_multiple_of(4096) {
            // Otherwise the same value of all rows would go to the same few places of a cache.
            stride += WIDTH;
        }
        let mut values = scratch.units.borrow_mut();
        room_for_units(&mut values, size * stride);
        Some(Self { values, size, stride, error: OF_ROUNDING })
    }

    fn pad(&mut self) {
        for row in self.values.chunks_exact_mut(self.stride).take(self.size) {
            row[self.size..].fill(0);
        }
    }

    /// Items of the pool, m.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Numbers of a row, with those that pad it.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Bound on the error of a number, in units. The similarity that it stands for is the one that the kernel computes.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// Similarities of item `i` to all, and zeros that pad them.
    pub fn row(&self, i: usize) -> &[u16] {
        &self.values[i * self.stride..][..self.stride]
    }

    /// All rows, one after another.
    pub fn all(&self) -> &[u16] {
        &self.values
    }

    fn fill_exactly(&mut self, kernel: &PoolKernel<'s>, scratch: &'s Scratch) {
        let stride = self.stride;
        let values = &mut *self.values;
        kernel.tiles(scratch, |rows, columns, tile| {
            for (i, similarities) in rows.zip(tile.chunks_exact(columns.len())) {
                exactly_in_units(similarities, &mut values[i * stride..][columns.clone()]);
            }
        });
    }

    fn fill_with_cosines(&mut self, mut tiles: CosineTiles<'s>, kernel: &PoolKernel<'s>, scratch: &'s Scratch) {
        let stride = self.stride;
        self.error += ONE * tiles.error();
        let units = scratch.arena.alloc_slice_fill_copy(ROWS * COLUMNS, 0_u16);
        let start = self.values.as_ptr();
        let fetch_all = |rows: Range<usize>, columns: Range<usize>| {
            fetch_block(start, stride, rows.clone(), columns.clone());
            fetch_block(start, stride, columns, rows);
        };
        let values = &mut *self.values;
        tiles.each(kernel, fetch_all, |rows, columns, cosines| {
            all_in_units(cosines, units);
            for (i, row) in rows.clone().zip(units.chunks_exact(COLUMNS)) {
                values[i * stride..][columns.clone()].copy_from_slice(&row[..columns.len()]);
            }
            transpose(units, rows.len(), columns.len(), &mut values[columns.start * stride + rows.start..], stride);
        });
    }
}

/// Fetches some columns of some rows.
fn fetch_block(start: *const u16, stride: usize, rows: Range<usize>, columns: Range<usize>) {
    /// Numbers that are fetched at once.
    const STEP: usize = 32;
    for row in rows {
        for column in columns.clone().step_by(STEP) {
            fetch(start.wrapping_add(row * stride + column).cast());
        }
    }
}

/// A similarity in whole units; one that is below 0, or above 1, is that of 0 or about 1.
pub fn in_units(similarity: f64) -> u16 {
    ((similarity.max(0.0) * ONE + 0.5) as u16).min(NEVER - 1)
}

/// Adding it leaves a number below 2^16 rounded to a whole one, which stands in the last 16 bits.
const ROUNDING: f32 = 8_388_608.0;

#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn all_in_units(similarities: &[f32], units: &mut [u16]) {
    for (unit, similarity) in units.iter_mut().zip(similarities) {
        let value = similarity * ONE as f32;
        let value = if value > 0.0 { value } else { 0.0 };
        let value = if value < 65_534.0 { value } else { 65_534.0 };
        *unit = (value + ROUNDING).to_bits() as u16;
    }
}

/// The same of exact similarities: each is rounded once.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn exactly_in_units(similarities: &[f64], units: &mut [u16]) {
    /// As [`ROUNDING`], of `f64`.
    const ROUNDING: f64 = 4_503_599_627_370_496.0;
    for (unit, &similarity) in units.iter_mut().zip(similarities) {
        let value = similarity * ONE;
        let value = if value > 0.0 { value } else { 0.0 };
        let value = if value < 65_534.0 { value } else { 65_534.0 };
        *unit = (value + ROUNDING).to_bits() as u16;
    }
}

/// Rows and columns that are exchanged at once.
const SQUARE: usize = 8;

/// `to[c * stride + r] = from[r * COLUMNS + c]`, for the first `rows` and `columns`, and for what follows to whole squares of rows.
///
/// A function of its own: as part of a larger one, squares do not stay in registers, and it takes about 3 times as long.
#[inline(never)]
fn transpose(from: &[u16], rows: usize, columns: usize, to: &mut [u16], stride: usize) {
    for column in (0..columns).step_by(SQUARE) {
        for row in (0..rows).step_by(SQUARE) {
            let square: [[u16; SQUARE]; SQUARE] = std::array::from_fn(|r| {
                let at = (row + r) * COLUMNS + column;
                std::array::from_fn(|c| from[at..at + SQUARE][c])
            });
            for (c, values) in exchange(square).into_iter().enumerate().take(columns - column) {
                let at = (column + c) * stride + row;
                to[at..at + SQUARE].copy_from_slice(&values);
            }
        }
    }
}

/// Rows become columns: three rounds that each interleave two halves, as many processors do in one instruction.
#[inline(always)]
fn exchange(mut rows: [[u16; SQUARE]; SQUARE]) -> [[u16; SQUARE]; SQUARE] {
    for _ in 0..3 {
        rows = std::array::from_fn(|r| {
            let (a, b, half) = (rows[r / 2], rows[r / 2 + SQUARE / 2], r % 2 * SQUARE / 2);
            std::array::from_fn(|i| if i % 2 == 0 { a[half + i / 2] } else { b[half + i / 2] })
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let from: Vec<u16> = (0..(ROWS * COLUMNS) as u16).collect();
        let stride = 96;
        for (rows, columns) in [(ROWS, COLUMNS), (17, 3), (1, 9), (16, 256)] {
            let mut to = vec![NEVER; stride * COLUMNS];
            transpose(&from, rows, columns, &mut to, stride);
            for (at, &value) in to.iter().enumerate() {
                let (row, column) = (at % stride, at / stride);
                if column >= columns || row >= rows.next_multiple_of(SQUARE) {
                    assert_eq!(value, NEVER);
                } else {
                    assert_eq!(value, from[row * COLUMNS + column]);
                }
            }
        }
    }

    #[test]
    fn whole_units_are_the_nearest() {
        let similarities: Vec<f32> = (-100..1100).map(|i| i as f32 * 9.37e-4).collect();
        let mut units = vec![7; similarities.len()];
        all_in_units(&similarities, &mut units);
        let exactly: Vec<f64> = similarities.iter().map(|&similarity| f64::from(similarity)).collect();
        let mut of_exact = vec![7; similarities.len()];
        exactly_in_units(&exactly, &mut of_exact);
        for ((&similarity, unit), of_exact) in similarities.iter().zip(units).zip(of_exact) {
            let exact = (f64::from(similarity) * ONE).clamp(0.0, 65_534.0);
            assert!((f64::from(unit) - exact).abs() <= OF_ROUNDING, "{similarity}");
            assert!((f64::from(of_exact) - exact).abs() <= 0.5, "{similarity}");
            assert!((f64::from(in_units(f64::from(similarity))) - exact).abs() <= 0.5, "{similarity}");
        }
    }
}
