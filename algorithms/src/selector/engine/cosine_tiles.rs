//! Approximate cosines of all pairs of a pool, in `f32`, tile by tile.

use crate::kernel::Kernel;
use crate::nearest::tile_product::{COLUMNS, PackedColumns, ROWS, product_error};
use crate::points::vectors::{LANES, Line};
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use std::ops::Range;

/// Bound on the error of cosines of directions that are rounded to `f32`, beside that of the product: each value of a direction is
/// off by at most `2 u`, `u = 2^-24`, so the product by `4 u` of the sum of magnitudes, which is at most 1; the fifth stands for
/// higher powers of `u`, and for values so small that `f32` loses their digits.
const OF_DIRECTIONS: f64 = 5.0 * 0.5 * f32::EPSILON as f64;

/// The products of all directions of a pool, never written down whole.
pub struct CosineTiles<'s> {
    /// Zeros follow the last direction up to a whole number of tiles.
    directions: &'s [Line],
    stride: usize,
    size: usize,
    dim: usize,
    packed: PackedColumns<'s>,
    products: &'s mut [f32],
}

impl<'s> CosineTiles<'s> {
    /// Those of a pool of vectors of `dim` values, for a kernel that clips cosines; `None` for another one, or if `f32` cannot be
    /// trusted.
    pub fn of(kernel: &PoolKernel<'s>, dim: usize, scratch: &'s Scratch) -> Option<Self> {
        if kernel.kind() != Some(Kernel::Cosine) {
            return None;
        }
        let (size, arena) = (kernel.len(), &scratch.arena);
        let (directions, stride) = kernel.directions(size.next_multiple_of(ROWS), scratch)?;
        let room = arena.alloc_slice_fill_copy(PackedColumns::lines(dim), Line([0.0; LANES]));
        let packed = PackedColumns::new(dim, room);
        let products = arena.alloc_slice_fill_copy(ROWS * COLUMNS, 0.0);
        Some(Self { directions, stride, size, dim, packed, products })
    }

    /// Bound on the error of a cosine, beside that of the kernel's own, which is `f64`.
    pub fn error(&self) -> f64 {
        product_error(self.dim) + OF_DIRECTIONS
    }

    /// Calls `visit(rows, columns, cosines)` for the tiles on and above the diagonal, not yet clipped: that of row `r` with column `c`
    /// of a tile is `cosines[r * COLUMNS + c]`. Where the tile has fewer columns, zeros follow; rows that follow belong to other tiles.
    ///
    /// A pair stands in one tile if its row is before that tile's columns, else once as (i, j) and once as (j, i).
    ///
    /// `announce(rows, columns)` is called before the tile is computed, so that memory can be fetched meanwhile.
    pub fn each(
        &mut self,
        kernel: &PoolKernel<'s>,
        announce: impl Fn(Range<usize>, Range<usize>),
        mut visit: impl FnMut(Range<usize>, Range<usize>, &[f32]),
    ) {
        let (size, stride) = (self.size, self.stride);
        kernel.count(size * (size + 1) / 2);
        for first in (0..size).step_by(COLUMNS) {
            let columns = first..(first + COLUMNS).min(size);
            self.packed.pack(&self.directions[columns.start * stride..columns.end * stride], stride);
            for top in (0..columns.end).step_by(ROWS) {
                let rows = top..(top + ROWS).min(columns.end);
                announce(rows.clone(), columns.clone());
                self.packed.multiply(&self.directions[top * stride..(top + ROWS) * stride], self.products);
                visit(rows, columns.clone(), self.products);
            }
        }
    }
}
