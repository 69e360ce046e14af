//! The similarities of all pairs of a pool, in 16 bits each, with a bound on their error.

use crate::kernel::Kernel;
use crate::nearest::tile_product::{COLUMNS, PackedColumns, ROWS, product_error};
use crate::points::vectors::{LANES, Line};
use crate::pool_kernel::PoolKernel;
use crate::scratch::{Scratch, room_for_units};
use multiversion::multiversion;
use std::cell::RefMut;
use std::ops::RangeInclusive;

/// Similarity 1 in whole units; a little below 2^16.
pub const ONE: f64 = 65_000.0;

/// What no number of units reaches.
pub const NEVER: u16 = u16::MAX;

/// Pools whose similarities are kept, 2 bytes a pair: up to 288 MiB.
pub const SIZES: RangeInclusive<usize> = 257..=12_288;

/// Numbers that are worked on at once: rows are padded to a multiple.
pub const WIDTH: usize = 32;

/// Bound on the error of cosines of directions that are rounded to `f32`, beside that of the product: each value of a direction is
/// off by at most `2 u`, `u = 2^-24`, so the product by `4 u` of the sum of magnitudes, which is at most 1; the fifth stands for
/// higher powers of `u`, and for values so small that `f32` loses their digits.
const OF_DIRECTIONS: f64 = 5.0 * 0.5 * f32::EPSILON as f64;

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
    /// Those of a pool, for a kernel with values in `[0, 1]`; `None` if the pool has another size than [`SIZES`].
    pub fn of(kernel: &PoolKernel<'s>, dim: usize, scratch: &'s Scratch) -> Option<Self> {
        let size = kernel.len();
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
        let mut this = Self { values, size, stride, error: OF_ROUNDING };
        let directions = (kernel.kind() == Some(Kernel::Cosine)).then(|| {
            // Whole tiles of columns are whole tiles of rows, too, or nearly.
            kernel.directions(size.next_multiple_of(ROWS), scratch)
        });
        match directions.flatten() {
            Some((lines, stride)) => this.fill_with_cosines(lines, stride, dim, kernel, scratch),
            None => this.fill_exactly(kernel, scratch),
        }
        for row in this.values.chunks_exact_mut(stride).take(size) {
            row[size..].fill(0);
        }
        Some(this)
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
                let row = &mut values[i * stride..][columns.clone()];
                row.iter_mut().zip(similarities).for_each(|(unit, &similarity)| *unit = in_units(similarity));
            }
        });
    }

    fn fill_with_cosines(
        &mut self,
        lines: &[Line],
        of_row: usize,
        dim: usize,
        kernel: &PoolKernel<'s>,
        scratch: &'s Scratch,
    ) {
        let (size, stride, arena) = (self.size, self.stride, &scratch.arena);
        kernel.count(size * (size + 1) / 2);
        self.error += ONE * (product_error(dim) + OF_DIRECTIONS);
        let room = arena.alloc_slice_fill_copy(PackedColumns::lines(dim), Line([0.0; LANES]));
        let mut packed = PackedColumns::new(dim, room);
        let products = arena.alloc_slice_fill_copy(ROWS * COLUMNS, 0.0_f32);
        let units = arena.alloc_slice_fill_copy(ROWS * COLUMNS, 0_u16);
        let mirrored = arena.alloc_slice_fill_copy(ROWS * COLUMNS, 0_u16);
        for first in (0..size).step_by(COLUMNS) {
            let columns = first..(first + COLUMNS).min(size);
            packed.pack(&lines[columns.start * of_row..columns.end * of_row], of_row);
            // On and above the diagonal; below it is the mirror image.
            for top in (0..columns.end).step_by(ROWS) {
                packed.multiply(&lines[top * of_row..(top + ROWS) * of_row], products);
                all_in_units(products, units);
                let rows = top..(top + ROWS).min(size);
                for (i, row) in rows.clone().zip(units.chunks_exact(COLUMNS)) {
                    self.values[i * stride..][columns.clone()].copy_from_slice(&row[..columns.len()]);
                }
                transpose(units, mirrored);
                for (j, column) in columns.clone().zip(mirrored.chunks_exact(ROWS)) {
                    self.values[j * stride..][rows.clone()].copy_from_slice(&column[..rows.len()]);
                }
            }
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

/// Rows and columns that are exchanged at once.
const SQUARE: usize = 8;

/// `to[c * ROWS + r] = from[r * COLUMNS + c]`.
fn transpose(from: &[u16], to: &mut [u16]) {
    for row in (0..ROWS).step_by(SQUARE) {
        for column in (0..COLUMNS).step_by(SQUARE) {
            let square: [[u16; SQUARE]; SQUARE] = std::array::from_fn(|r| {
                let at = (row + r) * COLUMNS + column;
                std::array::from_fn(|c| from[at..at + SQUARE][c])
            });
            for (c, values) in exchange(square).into_iter().enumerate() {
                let at = (column + c) * ROWS + row;
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
        let mut to = vec![0; from.len()];
        transpose(&from, &mut to);
        for (at, &value) in to.iter().enumerate() {
            assert_eq!(value, from[at % ROWS * COLUMNS + at / ROWS]);
        }
    }

    #[test]
    fn whole_units_are_the_nearest() {
        let similarities: Vec<f32> = (-100..1100).map(|i| i as f32 * 9.37e-4).collect();
        let mut units = vec![7; similarities.len()];
        all_in_units(&similarities, &mut units);
        for (&similarity, unit) in similarities.iter().zip(units) {
            let exact = (f64::from(similarity) * ONE).clamp(0.0, 65_534.0);
            assert!((f64::from(unit) - exact).abs() <= OF_ROUNDING, "{similarity}");
            assert!((f64::from(in_units(f64::from(similarity))) - exact).abs() <= 0.5, "{similarity}");
        }
    }
}
