//! Distances between vectors, exactly: `f32` data, `f64` arithmetic, one fixed order of summation.
//!
//! Element `i` of a row always goes to accumulator `i % 16` and the accumulators are always added up
//! in the same tree, so a result depends neither on the instruction set nor on tiling nor on threads.
//! (The product of two `f32` is exact in `f64`, so a fused multiply-add rounds as a separate
//! multiplication and addition do.)

use crate::vectors::{LANES, Line, Vectors};
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far apart two vectors are, as ann-benchmarks defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// The L2 norm of the difference (not squared), in `[0, inf)`.
    Euclidean,
    /// One minus the cosine, in `[0, 2]`; defined as 1 where a vector is all zeros.
    Angular,
}

impl Distance {
    /// All distances, for messages that list what is allowed.
    pub const ALL: [Self; 2] = [Self::Euclidean, Self::Angular];

    /// The name ann-benchmarks files carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Angular => "angular",
        }
    }

    /// The distance with that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }
}

impl std::fmt::Display for Distance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Adds up sixteen accumulators in a fixed tree: halves, quarters, pairs. (Written in steps of fixed width, each of
/// which becomes one instruction; a loop over the widths does not.)
#[inline(always)]
fn tree_sum(lanes: &[f64; LANES]) -> f64 {
    let (mut eight, mut four) = ([0.0; 8], [0.0; 4]);
    for i in 0..8 {
        eight[i] = lanes[i] + lanes[i + 8];
    }
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

/// What a sum over the elements of two rows adds for each pair.
trait Term {
    fn of(a: f64, b: f64) -> f64;
}

struct Product;
struct SquaredDifference;

impl Term for Product {
    #[inline(always)]
    fn of(a: f64, b: f64) -> f64 {
        a * b
    }
}

impl Term for SquaredDifference {
    #[inline(always)]
    fn of(a: f64, b: f64) -> f64 {
        (a - b) * (a - b)
    }
}

#[inline(always)]
fn add<T: Term>(sums: &mut [f64; LANES], a: &Line, b: &Line) {
    for i in 0..LANES {
        sums[i] += T::of(f64::from(a.0[i]), f64::from(b.0[i]));
    }
}

#[inline(always)]
fn sum_in_order<T: Term>(a: &[Line], b: &[Line]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        add::<T>(&mut sums, a, b);
    }
    tree_sum(&sums)
}

/// Row `a` with each row of `block`: four at a time, so that four chains of additions are under way at once.
#[inline(always)]
fn sums_in_order<T: Term>(a: &[Line], block: &[Line], out: &mut [f64]) {
    let stride = a.len();
    let mut fours = block.chunks_exact(4 * stride);
    let mut outs = out.chunks_exact_mut(4);
    for (rows, out) in (&mut fours).zip(&mut outs) {
        let (first, rest) = rows.split_at(stride);
        let (second, rest) = rest.split_at(stride);
        let (third, fourth) = rest.split_at(stride);
        let mut sums = [[0.0; LANES]; 4];
        for ((((a, first), second), third), fourth) in a.iter().zip(first).zip(second).zip(third).zip(fourth) {
            for i in 0..LANES {
                let a = f64::from(a.0[i]);
                sums[0][i] += T::of(a, f64::from(first.0[i]));
                sums[1][i] += T::of(a, f64::from(second.0[i]));
                sums[2][i] += T::of(a, f64::from(third.0[i]));
                sums[3][i] += T::of(a, f64::from(fourth.0[i]));
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            *out = tree_sum(sums);
        }
    }
    for (row, out) in fours.remainder().chunks_exact(stride).zip(outs.into_remainder()) {
        *out = sum_in_order::<T>(a, row);
    }
}

/// The inner product of two rows of equal length.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dot(a: &[Line], b: &[Line]) -> f64 {
    sum_in_order::<Product>(a, b)
}

/// The squared L2 distance of two rows of equal length.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclidean(a: &[Line], b: &[Line]) -> f64 {
    sum_in_order::<SquaredDifference>(a, b)
}

/// Inner products of row `a` with each row of `block` (rows of `a.len()` lines, one per value of `out`).
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dots(a: &[Line], block: &[Line], out: &mut [f64]) {
    sums_in_order::<Product>(a, block, out);
}

/// Squared L2 distances of row `a` to each row of `block`, laid out as for [`dots`].
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclideans(a: &[Line], block: &[Line], out: &mut [f64]) {
    sums_in_order::<SquaredDifference>(a, block, out);
}

/// The L2 norm of a row.
pub fn norm(a: &[Line]) -> f64 {
    dot(a, a).sqrt()
}

/// The L2 norm of each row.
pub fn norms(vectors: &Vectors) -> Vec<f64> {
    (0..vectors.rows()).map(|i| norm(vectors.lines(i))).collect()
}

/// The cosine for an inner product and the two norms, clamped to `[-1, 1]`; 0 (never -0) where a norm is 0.
#[inline]
pub fn cosine(dot: f64, norm_a: f64, norm_b: f64) -> f64 {
    let scale = norm_a * norm_b;
    if scale > 0.0 { (dot / scale).clamp(-1.0, 1.0) + 0.0 } else { 0.0 }
}

/// The distance between two rows, `d` values each, from scratch.
pub fn between(distance: Distance, a: &[Line], b: &[Line]) -> f64 {
    match distance {
        Distance::Euclidean => squared_euclidean(a, b).sqrt(),
        Distance::Angular => 1.0 - cosine(dot(a, b), norm(a), norm(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (1_usize..70).prop_flat_map(|d| {
            let row = proptest::collection::vec(-10.0_f32..10.0, d);
            (row.clone(), row)
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_sums((a, b) in pair()) {
            let d = a.len();
            let both = Vectors::new(&[a.clone(), b.clone()].concat(), d).expect("finite");
            let (x, y) = (both.lines(0), both.lines(1));
            let naive: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let squared: f64 = a.iter().zip(&b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
            prop_assert!((dot(x, y) - naive).abs() <= 1e-9);
            prop_assert!((squared_euclidean(x, y) - squared).abs() <= 1e-9);
            prop_assert_eq!(dot(x, y), dot(y, x));
            prop_assert_eq!(between(Distance::Euclidean, x, x), 0.0);
        }

        /// The dispatched loops give the very bits of the plain ones, whatever this processor is and however many rows
        /// go at once.
        #[test]
        fn every_instruction_set_gives_the_same_bits((a, b) in pair()) {
            let d = a.len();
            let seven = [&a, &b, &b, &a, &b, &a, &b].map(Clone::clone).concat();
            let rows = Vectors::new(&seven, d).expect("finite");
            let (x, y) = (rows.lines(0), rows.lines(1));
            prop_assert_eq!(dot(x, y).to_bits(), sum_in_order::<Product>(x, y).to_bits());
            prop_assert_eq!(squared_euclidean(x, y).to_bits(), sum_in_order::<SquaredDifference>(x, y).to_bits());
            let mut sums = [0.0; 7];
            dots(x, rows.block(0..7), &mut sums);
            for i in 0..7 {
                prop_assert_eq!(sums[i].to_bits(), sum_in_order::<Product>(x, rows.lines(i)).to_bits());
            }
            squared_euclideans(y, rows.block(0..7), &mut sums);
            for i in 0..7 {
                prop_assert_eq!(sums[i].to_bits(), sum_in_order::<SquaredDifference>(y, rows.lines(i)).to_bits());
            }
        }
    }

    #[test]
    fn a_zero_vector_is_at_angular_distance_one() {
        let both = Vectors::new(&[0.0, 0.0, 3.0, 4.0], 2).expect("finite");
        assert_eq!(between(Distance::Angular, both.lines(0), both.lines(1)), 1.0);
        assert_eq!(between(Distance::Angular, both.lines(1), both.lines(1)), 0.0);
        assert_eq!(between(Distance::Euclidean, both.lines(0), both.lines(1)), 5.0);
    }
}
