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

/// Adds up sixteen accumulators in a fixed tree.
#[inline(always)]
fn tree_sum(mut lanes: [f64; LANES]) -> f64 {
    for width in [8, 4, 2, 1] {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

#[inline(always)]
fn dot_in_order(a: &[Line], b: &[Line]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            sums[i] += f64::from(a.0[i]) * f64::from(b.0[i]);
        }
    }
    tree_sum(sums)
}

#[inline(always)]
fn squared_euclidean_in_order(a: &[Line], b: &[Line]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            let difference = f64::from(a.0[i]) - f64::from(b.0[i]);
            sums[i] += difference * difference;
        }
    }
    tree_sum(sums)
}

/// The inner product of two rows of equal length.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dot(a: &[Line], b: &[Line]) -> f64 {
    dot_in_order(a, b)
}

/// The squared L2 distance of two rows of equal length.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclidean(a: &[Line], b: &[Line]) -> f64 {
    squared_euclidean_in_order(a, b)
}

/// Inner products of row `a` with each row of `block` (rows of `a.len()` lines, one per value of `out`).
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dots(a: &[Line], block: &[Line], out: &mut [f64]) {
    for (b, out) in block.chunks_exact(a.len()).zip(out) {
        *out = dot_in_order(a, b);
    }
}

/// Squared L2 distances of row `a` to each row of `block`, laid out as for [`dots`].
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclideans(a: &[Line], block: &[Line], out: &mut [f64]) {
    for (b, out) in block.chunks_exact(a.len()).zip(out) {
        *out = squared_euclidean_in_order(a, b);
    }
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

        /// The dispatched loops give the very bits of the plain ones, whatever this processor is.
        #[test]
        fn every_instruction_set_gives_the_same_bits((a, b) in pair()) {
            let both = Vectors::new(&[a.clone(), b].concat(), a.len()).expect("finite");
            let (x, y) = (both.lines(0), both.lines(1));
            prop_assert_eq!(dot(x, y).to_bits(), dot_in_order(x, y).to_bits());
            prop_assert_eq!(squared_euclidean(x, y).to_bits(), squared_euclidean_in_order(x, y).to_bits());
            let mut rows = [0.0; 2];
            dots(x, both.block(0..2), &mut rows);
            prop_assert_eq!(rows, [dot_in_order(x, x), dot_in_order(x, y)]);
            squared_euclideans(x, both.block(0..2), &mut rows);
            prop_assert_eq!(rows, [0.0, squared_euclidean_in_order(x, y)]);
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
