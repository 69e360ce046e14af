//! Approximate `f32` similarities that only filter.
//!
//! A search computes them for every base vector, fast, and keeps what could still be among the `m` best
//! given their worst rounding error. The survivors, hardly more than `m`, are then measured exactly
//! ([`crate::base::Base::measure`]), so that results depend neither on tiling nor on threads nor on the
//! instruction set.

use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::vectors::{LANES, Line};
use multiversion::multiversion;

/// Norms within which `f32` arithmetic neither overflows nor loses small numbers; outside, nothing is filtered.
const SAFE: std::ops::RangeInclusive<f64> = 1e-12..=1e15;

/// What the filter needs of each base vector.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Angular: the inverse norm of each row (0 for a zero row). Euclidean: half the squared norm.
    per_row: Vec<f32>,
    max_norm: f64,
    /// Bound on the relative error of a sum of d products.
    relative_error: f64,
    usable: bool,
}

/// Approximate similarities, larger is nearer, and how far from the truth each may be.
#[derive(Clone, Copy, Debug)]
pub struct ErrorBound(f32);

impl Filter {
    /// Prepares for `base`.
    pub fn new(base: &Base) -> Self {
        let per_row = base.norms().iter().map(|&norm| match base.distance() {
            Distance::Angular if norm > 0.0 => (1.0 / norm) as f32,
            Distance::Angular => 0.0,
            Distance::Euclidean => (norm * norm / 2.0) as f32,
        });
        let nonzero = || base.norms().iter().copied().filter(|&norm| norm > 0.0);
        Self {
            per_row: per_row.collect(),
            max_norm: nonzero().fold(0.0, f64::max),
            // A sum of d rounded products in any order is off by at most d unit roundoffs (2^-24) relative to the
            // sum of magnitudes; doubled, and a few for scaling, to leave no doubt.
            relative_error: (base.vectors().dim() + 16) as f64 * f64::from(f32::EPSILON),
            usable: nonzero().all(|norm| SAFE.contains(&norm)),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.per_row.as_slice())
    }

    /// How far a similarity of this query may be off; `None` where `f32` cannot be trusted at all.
    pub fn error_bound(&self, base: &Base, query: Query<'_>) -> Option<ErrorBound> {
        if !self.usable || !(query.norm == 0.0 || SAFE.contains(&query.norm)) {
            return None;
        }
        let magnitude = match base.distance() {
            Distance::Angular => query.norm,
            Distance::Euclidean => self.max_norm * (query.norm + self.max_norm),
        };
        Some(ErrorBound((magnitude * self.relative_error) as f32))
    }

    /// Turns inner products of the query with rows `first..` into similarities, larger is nearer:
    /// the cosine times the query's norm, or `q.x - |x|^2 / 2`.
    pub fn similarities(&self, base: &Base, first: usize, products: &mut [f32]) {
        let per_row = &self.per_row[first..first + products.len()];
        match base.distance() {
            Distance::Angular => products.iter_mut().zip(per_row).for_each(|(product, inverse)| *product *= inverse),
            Distance::Euclidean => products.iter_mut().zip(per_row).for_each(|(product, half)| *product -= half),
        }
    }
}

/// The `m` best so far of a stream of similarities, and whatever may yet turn out to be among them.
pub struct Contenders<'s> {
    m: usize,
    slack: f32,
    cut: f32,
    full: usize,
    kept: &'s mut Vec<(f32, u32)>,
}

impl<'s> Contenders<'s> {
    /// Looks for the best `m`, at least 1, among similarities within `bound` of the truth.
    pub fn new(m: usize, bound: ErrorBound, kept: &'s mut Vec<(f32, u32)>) -> Self {
        kept.clear();
        // If the m-th best similarity is t, the m-th best true value is at least t - bound, and nothing whose
        // similarity is below t - 2 bound can truly reach that.
        Self { m, slack: 2.0 * bound.0, cut: f32::NEG_INFINITY, full: 2 * m + 4 * LANES, kept }
    }

    /// Takes the similarities of rows `first..`.
    pub fn take(&mut self, first: usize, similarities: &[f32]) {
        for (chunk, values) in similarities.chunks(4 * LANES).enumerate() {
            if !any_at_least(values, self.cut) {
                continue;
            }
            let first = (first + chunk * 4 * LANES) as u32;
            let cut = self.cut;
            self.kept.extend((first..).zip(values).filter(|&(_, &v)| v >= cut).map(|(id, &v)| (v, id)));
            if self.kept.len() >= self.full {
                self.tighten();
            }
        }
    }

    /// The ids of all that may be among the best `m`.
    pub fn finish(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.tighten();
        self.kept.iter().map(|&(_, id)| id)
    }

    fn tighten(&mut self) {
        if self.kept.len() > self.m {
            let (_, &mut (mth, _), _) = self.kept.select_nth_unstable_by(self.m - 1, |a, b| b.0.total_cmp(&a.0));
            // Rounding of the subtraction itself must not cut too much.
            self.cut = (mth - self.slack).next_down();
            let cut = self.cut;
            self.kept.retain(|&(similarity, _)| similarity >= cut);
        }
        // Ties and near-ties may leave many more than m; do not look again before it has doubled.
        self.full = self.full.max(2 * self.kept.len());
    }
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn any_at_least(values: &[f32], cut: f32) -> bool {
    let mut any = false;
    for &value in values {
        any |= value >= cut;
    }
    any
}

/// Approximate inner products of `query` with each row of `block` (rows of `query.len()` lines).
///
/// Four rows at a time, so that four chains of additions are under way at once.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn products(query: &[Line], block: &[Line], out: &mut [f32]) {
    let stride = query.len();
    for (rows, out) in block.chunks(4 * stride).zip(out.chunks_mut(4)) {
        let mut sums = [[0.0_f32; LANES]; 4];
        if out.len() == 4 {
            let (a, rest) = rows.split_at(stride);
            let (b, rest) = rest.split_at(stride);
            let (c, d) = rest.split_at(stride);
            for ((((q, a), b), c), d) in query.iter().zip(a).zip(b).zip(c).zip(d) {
                for i in 0..LANES {
                    sums[0][i] = fused(q.0[i], a.0[i], sums[0][i]);
                    sums[1][i] = fused(q.0[i], b.0[i], sums[1][i]);
                    sums[2][i] = fused(q.0[i], c.0[i], sums[2][i]);
                    sums[3][i] = fused(q.0[i], d.0[i], sums[3][i]);
                }
            }
        } else {
            for (row, sums) in rows.chunks_exact(stride).zip(&mut sums) {
                for (q, x) in query.iter().zip(row) {
                    for i in 0..LANES {
                        sums[i] = fused(q.0[i], x.0[i], sums[i]);
                    }
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            *out = tree_sum(sums);
        }
    }
}

/// `a * b + c`, fused where the processor does that.
#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn tree_sum(lanes: &[f32; LANES]) -> f32 {
    let (mut eight, mut four) = ([0.0; 8], [0.0; 4]);
    for i in 0..8 {
        eight[i] = lanes[i] + lanes[i + 8];
    }
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}
