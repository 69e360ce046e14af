//! All approximate products of a few dozen rows with a few hundred columns, by the micro-kernel of exact search: for matrices that
//! are written down whole.

use super::micro_kernel::{Instructions, Register, products_of_group};
use crate::points::vectors::{LANES, Line};

/// Rows of a tile: a whole number of groups of every instruction set.
pub const ROWS: usize = 48;

/// Columns of a tile: a whole number of panels of every instruction set.
pub const COLUMNS: usize = 256;

/// The columns of a tile, packed into panels: value `k` of all columns of a panel stands in one run.
pub struct PackedColumns<'s> {
    instructions: Instructions,
    dim: usize,
    /// `dim x COLUMNS`.
    values: &'s mut [Line],
}

/// Bound on the error of a product of two rows of length at most 1 and of `dim` values, relative to 1.
///
/// A sum of `dim` products in the order of `k`, fused or not, is off by at most `(dim + 1) u / (1 - (dim + 1) u)` of the sum of
/// magnitudes, `u = 2^-24`, and that is at most 1; two more roundings stand for the denominator.
pub fn product_error(dim: usize) -> f64 {
    (dim + 3) as f64 * 0.5 * f64::from(f32::EPSILON)
}

impl<'s> PackedColumns<'s> {
    /// None yet; `room` has [`PackedColumns::lines`].
    ///
    /// # Panics
    /// If `room` has another length.
    pub fn new(dim: usize, room: &'s mut [Line]) -> Self {
        Self::with(Instructions::best(), dim, room)
    }

    fn with(instructions: Instructions, dim: usize, room: &'s mut [Line]) -> Self {
        assert!(room.len() == Self::lines(dim));
        Self { instructions, dim, values: room }
    }

    /// Lines that columns of `dim` values take.
    pub fn lines(dim: usize) -> usize {
        dim * COLUMNS / LANES
    }

    /// Packs up to [`COLUMNS`] rows of `stride` lines as columns. Those that are missing are zeros.
    pub fn pack(&mut self, rows: &[Line], stride: usize) {
        let (width, dim) = (self.instructions.width(), self.dim);
        let (rows, values): (&[f32], &mut [f32]) = (bytemuck::cast_slice(rows), bytemuck::cast_slice_mut(self.values));
        values.fill(0.0);
        for (place, row) in rows.chunks_exact(stride * LANES).enumerate() {
            let panel = &mut values[place / width * dim * width..][..dim * width];
            let column = panel.iter_mut().skip(place % width).step_by(width);
            column.zip(&row[..dim]).for_each(|(to, &value)| *to = value);
        }
    }

    /// `out[r * COLUMNS + c]` is the product of row `r` of a block of [`ROWS`] rows with column `c`.
    ///
    /// # Panics
    /// If the block or `out` has another size.
    pub fn multiply(&self, block: &[Line], out: &mut [f32]) {
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has them, see `Instructions::available`.
            Instructions::Avx512 => unsafe { multiply_with_avx512(self, block, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has them, see `Instructions::available`.
            Instructions::Avx2 => unsafe { multiply_with_avx2(self, block, out) },
            Instructions::Portable => multiply_by_registers::<[f32; 4], 4, 4>(self, block, out),
        }
    }
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn multiply_with_avx512(columns: &PackedColumns<'_>, block: &[Line], out: &mut [f32]) {
    multiply_by_registers::<std::arch::x86_64::__m512, 12, 2>(columns, block, out);
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_with_avx2(columns: &PackedColumns<'_>, block: &[Line], out: &mut [f32]) {
    multiply_by_registers::<std::arch::x86_64::__m256, 6, 2>(columns, block, out);
}

#[inline(always)]
fn multiply_by_registers<R: Register, const HIGH: usize, const REGISTERS: usize>(
    columns: &PackedColumns<'_>,
    block: &[Line],
    out: &mut [f32],
) {
    let (width, dim) = (REGISTERS * R::LANES, columns.dim);
    let (block, values): (&[f32], &[f32]) = (bytemuck::cast_slice(block), bytemuck::cast_slice(columns.values));
    let stride = block.len() / ROWS;
    assert!(out.len() == ROWS * COLUMNS && ROWS.is_multiple_of(HIGH) && COLUMNS.is_multiple_of(width));
    for (at, panel) in values.chunks_exact(dim * width).enumerate() {
        for (group, rows) in block.chunks_exact(HIGH * stride).enumerate() {
            let sums = products_of_group::<R, HIGH, REGISTERS>(rows, stride, panel);
            for row in 0..HIGH {
                let to = &mut out[(group * HIGH + row) * COLUMNS + at * width..][..width];
                for register in 0..REGISTERS {
                    // SAFETY: there are `width = REGISTERS * LANES` numbers.
                    unsafe { sums[row][register].store(to.as_mut_ptr().add(register * R::LANES)) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Vectors, dense::dot};
    use crate::random;

    /// Directions, so that the bound is relative to 1; fewer columns than there is room for.
    #[test]
    fn each_product_is_within_the_bound() {
        for instructions in Instructions::available() {
            for (dim, count) in [(1, 256), (3, 1), (16, 17), (17, 100), (100, 256), (384, 40)] {
                let mut rng = random::stream(8, "tile product", dim as u64);
                let mut rows: Vec<f32> = (0..(ROWS + count) * dim).map(|_| random::normal(&mut rng) as f32).collect();
                for row in rows.chunks_exact_mut(dim) {
                    let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt() * (1.0 + 1e-6);
                    row.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
                }
                let vectors = Vectors::new(&rows, dim).expect("finite");
                let mut room = vec![Line([f32::NAN; LANES]); PackedColumns::lines(dim)];
                let mut columns = PackedColumns::with(instructions, dim, &mut room);
                columns.pack(vectors.block(ROWS..ROWS + count), vectors.stride());
                let mut out = vec![f32::NAN; ROWS * COLUMNS];
                columns.multiply(vectors.block(0..ROWS), &mut out);
                for (at, &product) in out.iter().enumerate() {
                    let (row, column) = (at / COLUMNS, at % COLUMNS);
                    let missing = column >= count;
                    let expected = if missing { 0.0 } else { dot(vectors.lines(row), vectors.lines(ROWS + column)) };
                    let error = (f64::from(product) - expected).abs();
                    assert!(error <= product_error(dim), "{instructions:?}, {dim} values: {error}");
                }
            }
        }
    }
}
