//! Dense vectors on a grid of whole numbers: what they are compared by while a graph is built.
//!
//! A graph must be the same on every machine, and sums of `f32` depend on the order that the instruction set suggests. Whole
//! numbers of 16 bits have sums that are exact in any order, and the processors multiply them twice as many at once.
//!
//! # No overflow
//!
//! A row has the length [`RADIUS`] = 2^14 at most, and rounding adds half a step to each of d values, so `sqrt(d) / 2` to the
//! length. By Cauchy and Schwarz any sum over some of the products of two rows is at most the product of their lengths, and a
//! squared distance at most the square of their sum: `4 (2^14 + sqrt(d) / 2)^2`, which is below 2^31 for d below 10^8.
//!
//! Rounding moves a vector by about `sqrt(d / 12)` steps, a few thousandths of its length in 10,000 dimensions. That matters
//! little, since the graph only says where to look.

use super::whole_products::{WholeRows, products};
use super::{Centre, Distances, Items};
use crate::base::Base;
use crate::distance::Distance;
use crate::large_pages;
use crate::prefetch::prefetch;
use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;
use std::ops::Range;

/// Steps from the centre to the farthest vectors.
const RADIUS: f64 = 16384.0;

/// Numbers that are multiplied at once.
const LANES: usize = 32;

/// One cache line of a row.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct GridLine([i16; LANES]);

/// The vectors of a base on the grid: their directions (angular and ip), or their places about the centre (euclidean).
///
/// A vector without a direction is orthogonal to all others, as its cosine 0 to them says: it is all zeros, and its length counts
/// as that of the others.
#[derive(Debug)]
pub struct GridRows {
    lines: Vec<GridLine>,
    stride: usize,
    dim: usize,
    /// The squared length of each row.
    squares: Vec<i32>,
}

impl GridRows {
    /// Puts all vectors on the grid.
    pub fn new(base: &Base) -> Self {
        Self::of(&Centre::of(base), base, base.len(), |row| row)
    }

    /// Puts `count` of the vectors on the grid about this centre: as row `i` that at `id(i)`. Rows of grids about the same centre
    /// can be compared, whatever base they are of.
    pub fn of(centre: &Centre, base: &Base, count: usize, id: impl Fn(usize) -> usize + Sync) -> Self {
        let dim = base.vectors().dim();
        let stride = dim.div_ceil(LANES);
        let mut lines = large_pages::filled(GridLine([0; LANES]), count * stride);
        let mut squares = vec![0; count];
        lines.par_chunks_exact_mut(stride).zip(&mut squares).enumerate().for_each(|(i, (lines, square))| {
            let row = base.vectors().row(id(i));
            let length = centre.to(row).max(centre.radius);
            let scale = if length > 0.0 { RADIUS / length } else { 0.0 };
            let values: &mut [i16] = bytemuck::cast_slice_mut(lines);
            for ((value, &x), centre) in values.iter_mut().zip(row).zip(&centre.values) {
                *value = ((f64::from(x) - centre) * scale).round() as i16;
            }
            let has_direction = length > 0.0 || base.distance() == Distance::Euclidean;
            *square = if has_direction { product(lines, lines) } else { (RADIUS * RADIUS) as i32 };
        });
        Self { lines, stride, dim, squares }
    }

    /// Bytes that such rows take.
    pub fn bytes(rows: usize, dim: usize) -> usize {
        rows.saturating_mul(dim.div_ceil(LANES) * size_of::<GridLine>() + size_of::<i32>())
    }

    /// Numbers of a row; those that follow, up to [`GridRows::row_numbers`], are zeros.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Numbers from the first of a row to the first of the next.
    pub fn row_numbers(&self) -> usize {
        self.stride * LANES
    }

    /// The numbers of some rows.
    pub fn numbers_of(&self, rows: Range<usize>) -> &[i16] {
        bytemuck::cast_slice(&self.lines[rows.start * self.stride..rows.end * self.stride])
    }

    /// The squared length of each row.
    pub fn squares(&self) -> &[i32] {
        &self.squares
    }

    #[inline(always)]
    fn row(&self, id: u32) -> &[GridLine] {
        &self.lines[id as usize * self.stride..][..self.stride]
    }
}

/// The product of two rows.
#[inline(always)]
fn product(a: &[GridLine], b: &[GridLine]) -> i32 {
    let (a, b): (&[i16], &[i16]) = (bytemuck::cast_slice(a), bytemuck::cast_slice(b));
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

/// Squared distances from one row.
#[derive(Clone, Copy)]
pub struct FromGridRow<'a> {
    rows: &'a GridRows,
    id: u32,
}

impl Distances for FromGridRow<'_> {
    type Distance = i32;

    fn measure(&self, ids: &[u32], out: &mut [i32]) {
        let Self { rows, id } = *self;
        let (stride, square) = (rows.row_numbers(), rows.squares[id as usize]);
        let numbers: &[i16] = bytemuck::cast_slice(&rows.lines);
        products(bytemuck::cast_slice(rows.row(id)), WholeRows::new(numbers, stride), ids, out);
        for (out, &id) in out.iter_mut().zip(ids) {
            *out = square + rows.squares[id as usize] - 2 * *out;
        }
    }

    #[inline(always)]
    fn prefetch(&self, id: u32) {
        prefetch(self.rows.row(id));
        prefetch(&self.rows.squares[id as usize..=id as usize]);
    }
}

impl Items for GridRows {
    type Distance = i32;
    type From<'a> = FromGridRow<'a>;

    fn len(&self) -> usize {
        self.squares.len()
    }

    fn from(&self, id: u32) -> FromGridRow<'_> {
        FromGridRow { rows: self, id }
    }

    /// The row nearest to the mean of all, ties by lower id.
    ///
    /// It is a row and not the mean itself. The mean of unit vectors lies inside the sphere, nearer to most of them than their
    /// neighbours are: pruning would keep the edge to it in place of theirs, and a walk could not return it.
    fn middle(&self) -> Option<u32> {
        let values = |row: &'_ [GridLine]| -> Vec<i64> {
            bytemuck::cast_slice::<GridLine, i16>(row).iter().map(|&value| i64::from(value)).collect()
        };
        let sums = self.lines.par_chunks_exact(self.stride.max(1)).fold(
            || vec![0_i64; self.stride * LANES],
            |mut sums, row| {
                let row: &[i16] = bytemuck::cast_slice(row);
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += i64::from(value));
                sums
            },
        );
        let zeros = || vec![0; self.stride * LANES];
        let sums = sums.reduce(zeros, |a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect());
        // n times the squared distance to the mean, but for what is the same for all rows: n x.x - 2 x.S, less than 2^62.
        let n = self.len() as i64;
        let away = |id: u32| {
            let product: i64 = values(self.row(id)).iter().zip(&sums).map(|(value, sum)| value * sum).sum();
            n * i64::from(self.squares[id as usize]) - 2 * product
        };
        (0..self.len() as u32).into_par_iter().min_by_key(|&id| (away(id), id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = (usize, Vec<f32>)> {
        (1_usize..70).prop_flat_map(|dim| {
            let value = prop_oneof![-1.0_f32..1.0, -1e30_f32..1e30, Just(f32::MAX), Just(f32::MIN), Just(0.0)];
            (Just(dim), prop::collection::vec(value, dim * 10))
        })
    }

    proptest! {
        /// The claims at the head of this file.
        #[test]
        fn rows_lie_in_the_ball_and_distances_are_exact((dim, values) in values(), euclidean: bool) {
            let distance = if euclidean { Distance::Euclidean } else { Distance::Angular };
            let base = Base::from_values(&values, dim, distance).expect("finite");
            let rows = GridRows::new(&base);
            let wide = |i: u32| -> Vec<i64> {
                bytemuck::cast_slice::<GridLine, i16>(rows.row(i)).iter().map(|&value| i64::from(value)).collect()
            };
            let all: Vec<u32> = (0..10).collect();
            for i in 0..10 {
                let squared: i64 = wide(i).iter().map(|value| value * value).sum();
                prop_assert!((squared as f64).sqrt() <= RADIUS + (dim as f64).sqrt() / 2.0);
                let mut out = [0; 10];
                rows.from(i).measure(&all, &mut out);
                for (j, &distance) in out.iter().enumerate() {
                    let product: i64 = wide(i).iter().zip(wide(j as u32)).map(|(a, b)| a * b).sum();
                    let length = |row: u32| i64::from(rows.squares[row as usize]);
                    prop_assert_eq!(i64::from(distance), length(i) + length(j as u32) - 2 * product);
                    // A vector of zeros is at a right angle to all.
                    let is_zero = |row: u32| !euclidean && base.norms()[row as usize] == 0.0;
                    if is_zero(i) {
                        let expected = if is_zero(j as u32) { 2.0 } else { 1.0 + length(j as u32) as f64 / RADIUS.powi(2) };
                        prop_assert_eq!(f64::from(distance), expected * RADIUS * RADIUS);
                    }
                }
            }
        }

        #[test]
        fn the_middle_is_nearest_to_the_mean((dim, values) in values()) {
            let base = Base::from_values(&values, dim, Distance::Euclidean).expect("finite");
            let rows = GridRows::new(&base);
            let wide = |i: u32| bytemuck::cast_slice::<GridLine, i16>(rows.row(i)).iter().map(|&value| i128::from(value)).collect::<Vec<_>>();
            let sums = (0..10).map(wide).reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect()).expect("ten");
            let away = |i: u32| wide(i).iter().zip(&sums).map(|(value, sum)| (10 * value - sum).pow(2)).sum::<i128>();
            prop_assert_eq!(rows.middle(), (0..10).min_by_key(|&i| (away(i), i)));
        }
    }

    #[test]
    fn an_outlier_leaves_the_others_their_places() {
        let mut values: Vec<f32> = (0..100).map(|i| i as f32).collect();
        values.push(1e30);
        let base = Base::from_values(&values, 1, Distance::Euclidean).expect("finite");
        let rows = GridRows::new(&base);
        let place = |i| rows.row(i)[0].0[0];
        assert!(place(100) == RADIUS as i16);
        assert!((1..100).all(|i| place(i) > place(i - 1)));
    }
}
