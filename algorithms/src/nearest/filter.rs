//! Approximate `f32` similarities that only filter.
//!
//! A search computes them for every base vector, fast, and keeps what could still be among the `m` best
//! given their worst rounding error. The survivors, hardly more than `m`, are then measured exactly
//! ([`Base::measure`]), so that results depend neither on tiling nor on threads nor on the
//! instruction set.

use super::micro_kernel::PerRow;
use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::points::vectors::LANES;
use multiversion::multiversion;
use std::ops::Range;

/// Norms within which `f32` arithmetic neither overflows nor loses small numbers; outside, nothing is filtered.
const SAFE: std::ops::RangeInclusive<f64> = 1e-12..=1e15;

/// Of so many rows one may be [far longer](Filter::long) than the others, or one of all.
const LONG_ONE_IN: usize = 4096;

/// So many times longer than others.
const FAR_LONGER: f64 = 2.0;

/// Numbers of the base vectors, and a bound on the filter's error.
#[derive(Clone, Debug)]
pub struct Filter {
    rows: usize,
    /// Angular: the inverse norm of each row (0 for a zero row); else none.
    factors: Vec<f32>,
    /// What is subtracted from each product. Euclidean: half the squared norm; infinity for a long row. None for other distances
    /// without long rows.
    subtracted: Vec<f32>,
    long: Vec<u32>,
    /// Of those that are not long.
    max_norm: f64,
    /// Bound on the relative error of a sum of d products.
    relative_error: f64,
    usable: bool,
}

/// A bound on the error of approximate similarities.
#[derive(Clone, Copy, Debug)]
pub struct ErrorBound(f32);

impl ErrorBound {
    /// Of similarities that `f32` holds exactly.
    pub const EXACT: Self = Self(0.0);

    /// Of similarities that are off by at most so much.
    pub fn of(error: f64) -> Self {
        Self((error as f32).next_up())
    }

    /// How much similarities are off at most.
    pub fn size(self) -> f64 {
        f64::from(self.0)
    }

    /// Of similarities up to `largest` in magnitude that are rounded to `f32` once.
    pub fn rounding(largest: f64) -> Self {
        Self((largest * f64::from(f32::EPSILON)) as f32)
    }
}

impl Filter {
    /// Prepares for `base`.
    pub fn new(base: &Base) -> Self {
        let (norms, distance) = (base.norms(), base.distance());
        let long = if distance == Distance::Angular { Vec::new() } else { far_longer(norms) };
        let mut subtracted: Vec<f32> = match distance {
            Distance::Euclidean => norms.iter().map(|&norm| (norm * norm / 2.0) as f32).collect(),
            _ if long.is_empty() => Vec::new(),
            _ => vec![0.0; norms.len()],
        };
        long.iter().for_each(|&row| subtracted[row as usize] = f32::INFINITY);
        let inverse = |&norm: &f64| if norm > 0.0 { (1.0 / norm) as f32 } else { 0.0 };
        let is_short = |row: usize| long.binary_search(&(row as u32)).is_err();
        Self {
            rows: norms.len(),
            factors: if distance == Distance::Angular { norms.iter().map(inverse).collect() } else { Vec::new() },
            subtracted,
            max_norm: (0..norms.len()).filter(|&row| is_short(row)).map(|row| norms[row]).fold(0.0, f64::max),
            relative_error: relative_error(base.vectors().dim()),
            usable: norms.iter().all(|&norm| is_safe(norm)),
            long,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows so much longer than all others that a bound on their error would hide what the others differ by. They are few, they are
    /// measured exactly for each query, and their similarities are minus infinity. Ascending.
    pub fn long(&self) -> &[u32] {
        &self.long
    }

    /// Those of the long rows that are in a range.
    pub fn long_within(&self, range: Range<usize>) -> &[u32] {
        let [start, end] = [range.start, range.end].map(|end| self.long.partition_point(|&row| (row as usize) < end));
        &self.long[start..end]
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.factors.as_slice())
            + size_of_val(self.subtracted.as_slice())
            + size_of_val(self.long.as_slice())
    }

    /// A bound on the error of this query's similarities; `None` if `f32` cannot be trusted at all.
    pub fn error_bound(&self, base: &Base, query: Query<'_>) -> Option<ErrorBound> {
        if !self.usable || !(query.norm == 0.0 || SAFE.contains(&query.norm)) {
            return None;
        }
        let magnitude = match base.distance() {
            Distance::Angular => query.norm,
            Distance::InnerProduct => self.max_norm * query.norm,
            _ => self.max_norm * (query.norm + self.max_norm),
        };
        let of_measure = rounding_of_measure(base.distance(), base.points().dim(), [query.norm, self.max_norm]);
        Some(ErrorBound::of(magnitude * self.relative_error + of_measure))
    }

    /// What [`Filter::similarities`] does to the product with each row.
    pub fn per_row(&self) -> PerRow<'_> {
        let unless_empty = |numbers| Some(numbers).filter(|numbers: &&[f32]| !numbers.is_empty());
        PerRow { factors: unless_empty(&self.factors), subtracted: unless_empty(&self.subtracted) }
    }

    /// Turns inner products of the query with rows `first..` into similarities, larger is nearer:
    /// the cosine times the query's norm, `q.x - |x|^2 / 2`, or the product itself.
    pub fn similarities(&self, first: usize, products: &mut [f32]) {
        if let Some(factors) = self.factors.get(first..first + products.len()) {
            products.iter_mut().zip(factors).for_each(|(product, factor)| *product *= factor);
        }
        self.subtract(first, products);
    }

    /// Subtracts from similarities to rows `first..` what is subtracted from products.
    pub fn subtract(&self, first: usize, similarities: &mut [f32]) {
        if let Some(subtracted) = self.subtracted.get(first..first + similarities.len()) {
            similarities.iter_mut().zip(subtracted).for_each(|(similarity, number)| *similarity -= number);
        }
    }
}

/// The rows that are far longer than all but a few; ascending.
fn far_longer(norms: &[f64]) -> Vec<u32> {
    let few = norms.len().div_ceil(LONG_ONE_IN);
    if norms.len() <= few {
        return Vec::new();
    }
    let mut longest_first = norms.to_vec();
    let (_, &mut longest_of_others, _) = longest_first.select_nth_unstable_by(few, |a, b| b.total_cmp(a));
    let limit = FAR_LONGER * longest_of_others;
    (0..).zip(norms).filter(|&(_, &norm)| norm > limit).map(|(row, _)| row).collect()
}

/// The `m` best similarities of a stream so far, and all that may still turn out to be among the best.
pub struct Contenders<'s> {
    m: usize,
    slack: f32,
    cut: f32,
    /// What was below this was dropped, and it is not yet known that it may be.
    guessed: f32,
    full: usize,
    /// Whether of equal similarities only those of the lowest rows are kept.
    lower_rows: bool,
    kept: &'s mut Vec<(f32, u32)>,
}

impl<'s> Contenders<'s> {
    /// Looks for the best `m`, at least 1, among similarities within `bound` of the truth.
    pub fn new(m: usize, bound: ErrorBound, kept: &'s mut Vec<(f32, u32)>) -> Self {
        kept.clear();
        // If the m-th best similarity is t, the m-th best true value is at least t - bound, and nothing whose
        // similarity is below t - 2 bound can truly reach that.
        Self {
            m,
            slack: 2.0 * bound.0,
            cut: f32::NEG_INFINITY,
            guessed: f32::NEG_INFINITY,
            full: full(m),
            lower_rows: false,
            kept,
        }
    }

    /// How many are looked for.
    pub fn most(&self) -> usize {
        self.m
    }

    /// The same, but of equal similarities only those of the lowest rows are kept, however many there are. Right where rows are
    /// numbered as the base points are. Without effect where similarities are not [exact](ErrorBound::EXACT).
    #[must_use]
    pub fn of_lowest_rows(self) -> Self {
        Self { lower_rows: self.slack == 0.0, ..self }
    }

    /// Looks for the best of a sample of all rows, one in `one_in`, and no more of them than guess the cut;
    /// [`Contenders::guess`] ends this.
    pub fn sample(&mut self, one_in: usize) {
        self.m = guessing(self.m, one_in);
        self.full = full(self.m);
        self.lower_rows = false;
    }

    /// Ends a sample: what is worse than its best is not among the best `m` of all rows, it is guessed.
    /// [`Contenders::is_proved`] says in the end whether that was right.
    pub fn guess(&mut self, m: usize) {
        self.tighten();
        self.guessed = self.cut;
        self.m = m;
        self.full = full(m);
        self.lower_rows = self.slack == 0.0;
    }

    /// Whether nothing was dropped that may be among the best: at least `m` reach the cut that was guessed, by more than errors
    /// can make of it.
    pub fn is_proved(&mut self) -> bool {
        if self.guessed == f32::NEG_INFINITY {
            return true;
        }
        if self.kept.len() < self.m {
            return false;
        }
        let (_, &mut (mth, _), _) = self.kept.select_nth_unstable_by(self.m - 1, |a, b| b.0.total_cmp(&a.0));
        (mth - self.slack).next_down() >= self.guessed
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

    /// Takes the similarity of one row.
    #[inline]
    pub fn push(&mut self, row: u32, similarity: f32) {
        if similarity >= self.cut {
            self.kept.push((similarity, row));
            if self.kept.len() >= self.full {
                self.tighten();
            }
        }
    }

    /// Nothing below this similarity can be among the best; minus infinity at first.
    #[inline]
    pub fn cut(&self) -> f32 {
        self.cut
    }

    /// Allows for a larger error from now on. To be called before anything is taken.
    pub fn loosen(&mut self, bound: ErrorBound) {
        self.slack = 2.0 * bound.0;
        self.lower_rows &= self.slack == 0.0;
    }

    /// The ids of all that may be among the best `m`.
    pub fn finish(&mut self) -> impl Iterator<Item = u32> + '_ {
        self.tighten();
        self.kept.iter().map(|&(_, id)| id)
    }

    /// Of rows whose similarity is minus infinity, those that were dropped: all or none. To be asked when the cut is
    /// [raised](Contenders::tighten) for the last time.
    pub fn dropped<'r>(&self, rows: &'r [u32]) -> &'r [u32] {
        if self.cut == f32::NEG_INFINITY { &[] } else { rows }
    }

    /// Raises the cut as far as those that were taken allow.
    pub fn tighten(&mut self) {
        if self.lower_rows && self.kept.len() > self.m {
            let best_first = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            let (_, &mut (mth, _), _) = self.kept.select_nth_unstable_by(self.m - 1, best_first);
            self.cut = mth;
            self.kept.truncate(self.m);
        } else if self.kept.len() > self.m {
            let (_, &mut (mth, _), _) = self.kept.select_nth_unstable_by(self.m - 1, |a, b| b.0.total_cmp(&a.0));
            // Rounding of the subtraction itself must not cut too much.
            self.cut = (mth - self.slack).next_down().max(self.guessed);
            let cut = self.cut;
            self.kept.retain(|&(similarity, _)| similarity >= cut);
        }
        // Ties and near-ties may leave many more than m; do not look again before it has doubled.
        self.full = self.full.max(2 * self.kept.len());
    }
}

/// How many of a sample of one row in `one_in` guess the similarity of the `m`-th best of all: as many as it should have of the best
/// `m`, five standard deviations, and two.
pub fn guessing(m: usize, one_in: usize) -> usize {
    let share = m as f64 / one_in as f64;
    (share + 5.0 * share.sqrt() + 2.0) as usize
}

/// How many contenders for `m` places are kept before the worst are dropped.
fn full(m: usize) -> usize {
    2 * m + 4 * LANES
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn any_at_least(values: &[f32], cut: f32) -> bool {
    let mut any = false;
    for &value in values {
        any |= value >= cut;
    }
    any
}

/// A bound on the error of a cosine computed from an approximate inner product, for vectors of `dim` values with norms
/// that pass [`is_safe`].
pub fn cosine_error(dim: usize) -> f64 {
    relative_error(dim)
}

/// A bound on what measuring exactly, in `f64`, rounds a similarity by, where an error bound of `f32` is not much larger. A squared
/// distance is a sum of d rounded squares, up to the square of both norms together: where a query is 10^9 times longer than the
/// rows, that is more than any similarity differs from another.
pub fn rounding_of_measure(distance: Distance, dim: usize, norms: [f64; 2]) -> f64 {
    match distance {
        // A similarity is half of a squared distance, but for the query's own part.
        Distance::Euclidean => (dim + 16) as f64 * f64::EPSILON * (norms[0] + norms[1]).powi(2),
        _ => 0.0,
    }
}

/// Whether `f32` arithmetic can be trusted with vectors of that norm.
pub fn is_safe(norm: f64) -> bool {
    norm == 0.0 || SAFE.contains(&norm)
}

/// A positive number rounded down to a power of two. Dividing by it rounds nothing, so numbers over one of their own magnitude are
/// the same in every unit of the data, and `f32` holds them whatever that is.
pub fn power_of_two(number: f64) -> f64 {
    f64::from_bits(number.to_bits() & f64::INFINITY.to_bits())
}

/// Bound on the relative error of a sum of d products: a sum of d rounded products in any order is off by at most d
/// unit roundoffs (2^-24) relative to the sum of magnitudes; doubled, with a few more for scaling, to be safe.
fn relative_error(dim: usize) -> f64 {
    (dim + 16) as f64 * f64::from(f32::EPSILON)
}
