//! Gram-Schmidt on vectors: the part of each item of a pool that lies outside the space that the picks span, approximately for all
//! items, and exactly for those that are asked for.
//!
//! # Bound
//!
//! An item's remainder is 1 less the squares of its coordinates along the directions of the picks (2 with a bias). The approximate
//! coordinate is off by at most the error `e` of a cosine, since directions have length 1, so its square by `2 |c| e + e^2`. The
//! directions are orthogonal, so the squares of p coordinates add up to at most the item's own square, S, and their magnitudes to
//! at most `sqrt(p S)` (Cauchy and Schwarz): the remainder is off by at most `2 e sqrt(p S) + p e^2`. Beside that, remainders of
//! less than [`NOTHING`] count as 0.

use super::directions::NOTHING;
use crate::kernel::Kernel;
use crate::points::dense::tree_sum;
use crate::points::vectors::{LANES, Line};
use crate::pool_kernel::{Approximate, PoolKernel};
use crate::scratch::Scratch;
use multiversion::multiversion;

/// A remainder so small that its direction, a tenth of the item's length, has lost a digit.
const LITTLE: f64 = 1e-2;

/// Remainders of all items beside the directions of the picks.
pub struct Span<'s> {
    kernel: &'s PoolKernel<'s>,
    /// None where `f32` cannot be trusted: then all remainders are exact ones. Which they are must not depend on the unit of the
    /// vectors, as Gram-Schmidt on similarities would differ in the last bits.
    approximate: Option<Approximate<'s>>,
    /// What is added to every similarity: as by one more dimension, with the root of it as every item's value.
    bias: f64,
    /// Values of a direction, whole lines.
    width: usize,
    /// One after another; beside them each one's value in the dimension of the bias.
    directions: &'s mut [f64],
    along_bias: &'s mut [f64],
    /// The last one, in `f32`.
    rounded: &'s mut [Line],
    picks: usize,
    /// Per item, approximately.
    remainders: &'s mut [f64],
    off: f64,
    /// Per item: the exact remainder beside the first picks, and how many.
    exact: &'s mut [f64],
    seen: &'s mut [usize],
}

impl<'s> Span<'s> {
    /// No pick yet, and room for `capacity`; `bias`, 0 or 1, is added to every similarity. `None` if similarities are no cosines of
    /// dense vectors, or there are no items.
    pub fn new(kernel: &'s PoolKernel<'s>, bias: f64, capacity: usize, scratch: &'s Scratch) -> Option<Self> {
        if kernel.is_empty() || kernel.kind() != Some(Kernel::Gram) {
            return None;
        }
        let (m, arena) = (kernel.len(), &scratch.arena);
        let stride = kernel.vector(0)?.0.len();
        let own = |i| kernel.self_similarity(i) + bias;
        Some(Self {
            approximate: kernel.approximate(scratch),
            bias,
            width: stride * LANES,
            directions: arena.alloc_slice_fill_copy(capacity * stride * LANES, 0.0),
            along_bias: arena.alloc_slice_fill_copy(capacity, 0.0),
            rounded: arena.alloc_slice_fill_copy(stride, Line([0.0; LANES])),
            picks: 0,
            remainders: arena.alloc_slice_fill_with(m, own),
            off: 2.0 * NOTHING,
            exact: arena.alloc_slice_fill_with(m, own),
            seen: arena.alloc_slice_fill_copy(m, 0),
            kernel,
        })
    }

    /// The remainder of each item, within [`Span::off`] of the exact one.
    pub fn remainders(&self) -> &[f64] {
        self.remainders
    }

    /// The bound on the error of a remainder.
    pub fn off(&self) -> f64 {
        self.off
    }

    /// The exact remainder of item `i` beside all picks; 0 where nothing but rounding is left.
    pub fn remainder(&mut self, i: usize) -> f64 {
        let Some((lines, norm)) = self.kernel.vector(i) else { return self.exact[i] };
        let inverse = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        let unseen = self.seen[i]..self.picks;
        let directions = &self.directions[unseen.start * self.width..unseen.end * self.width];
        let own = Own { lines, inverse, bias: self.bias };
        self.exact[i] = left_beside(self.exact[i], own, directions, &self.along_bias[unseen]);
        self.seen[i] = self.picks;
        if self.exact[i] < NOTHING { 0.0 } else { self.exact[i] }
    }

    /// Adds the direction of item `i`: the part of it that is left. If nothing is left, it has none.
    pub fn pick(&mut self, i: usize) {
        let remainder = self.remainder(i);
        let Some((lines, norm)) = self.kernel.vector(i) else { return };
        let (before, rest) = self.directions.split_at_mut(self.picks * self.width);
        let direction = &mut rest[..self.width];
        let mut along_bias = 0.0;
        if remainder > 0.0 {
            let inverse = if norm > 0.0 { 1.0 / norm } else { 0.0 };
            let values: &[f32] = bytemuck::cast_slice(lines);
            direction.iter_mut().zip(values).for_each(|(to, &value)| *to = f64::from(value) * inverse);
            along_bias = self.bias;
            // Where little is left, rounding leaves some of the other directions, which goes the second time.
            for _ in 0..if remainder < LITTLE { 2 } else { 1 } {
                along_bias = orthogonalise(direction, along_bias, before, self.along_bias);
            }
            let length = (product_of_values(direction, direction) + along_bias * along_bias).sqrt();
            let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
            direction.iter_mut().for_each(|value| *value *= scale);
            along_bias *= scale;
        }
        self.along_bias[self.picks] = along_bias;
        self.picks += 1;
        if remainder > 0.0 {
            self.lower_remainders();
        }
    }

    /// Takes the squares of the coordinates along the last direction from all remainders.
    fn lower_remainders(&mut self) {
        let (m, last) = (self.remainders.len(), self.picks - 1);
        let Some(approximate) = &mut self.approximate else {
            (0..m).for_each(|i| self.remainders[i] = self.remainder(i));
            return;
        };
        let direction = &self.directions[last * self.width..][..self.width];
        let rounded: &mut [f32] = bytemuck::cast_slice_mut(self.rounded);
        rounded.iter_mut().zip(direction).for_each(|(to, &value)| *to = value as f32);
        let coordinates = approximate.products(self.rounded, 1.0, 0..m);
        subtract_squares(self.remainders, coordinates, self.bias * self.along_bias[last]);
        let (picks, error) = (self.picks as f64, approximate.error());
        // A thousandth more for what rounding makes of lengths and right angles.
        let own = 1.001 * (1.0 + self.bias);
        self.off = 2.0 * error * (picks * own).sqrt() + picks * error * error + 2.0 * NOTHING;
    }
}

#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn subtract_squares(remainders: &mut [f64], coordinates: &[f32], bias: f64) {
    for (remainder, &coordinate) in remainders.iter_mut().zip(coordinates) {
        let along = f64::from(coordinate) + bias;
        *remainder -= along * along;
    }
}

/// Takes from a direction its parts along others, one after another; returns what is left of its value in the dimension of the bias.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn orthogonalise(direction: &mut [f64], mut along_bias: f64, others: &[f64], biases: &[f64]) -> f64 {
    for (other, &bias) in others.chunks_exact(direction.len()).zip(biases) {
        let along = sum_of_products(direction, other) + along_bias * bias;
        direction.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
        along_bias -= along * bias;
    }
    along_bias
}

/// A vector, one over its norm, and its value in the dimension of the bias.
struct Own<'a> {
    lines: &'a [Line],
    inverse: f64,
    bias: f64,
}

/// What is left of a remainder beside further directions.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn left_beside(mut remainder: f64, own: Own<'_>, directions: &[f64], biases: &[f64]) -> f64 {
    for (direction, bias) in directions.chunks_exact(own.lines.len() * LANES).zip(biases) {
        let mut sums = [0.0; LANES];
        for (line, values) in own.lines.iter().zip(direction.chunks_exact(LANES)) {
            for i in 0..LANES {
                sums[i] += f64::from(line.0[i]) * values[i];
            }
        }
        let along = tree_sum(&sums) * own.inverse + own.bias * bias;
        remainder -= along * along;
    }
    remainder
}

/// A sum in a fixed order: value `i` goes to lane `i % 16`, and the lanes are added up in a tree.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn product_of_values(a: &[f64], b: &[f64]) -> f64 {
    sum_of_products(a, b)
}

#[inline(always)]
fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    tree_sum(&sums)
}
