//! Measures: what two points are compared by, and from which distances, relevances and kernels are computed.

use super::{Point, PointType, Rows, bits, dense, sets};
use std::ops::Range;

/// A number for two points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The cosine of vectors, in `[-1, 1]`; 0 where one is all zeros.
    Cosine,
    /// The squared L2 distance of dense vectors; of bits, the number of those that differ, which is that of their values 0 and
    /// 1.
    SquaredDistance,
    /// The inner product of vectors.
    Product,
    /// The share of bits that differ, in `[0, 1]`.
    DifferingShare,
    /// The Jaccard similarity of sets, in `[0, 1]`; 1 of two empty ones.
    Jaccard,
    /// The same of a query and a set; 0 where one is empty, as ann-benchmarks has it.
    JaccardToQuery,
}

/// Some rows, with their norms.
#[derive(Clone, Copy)]
pub struct Chosen<'a> {
    /// Their numbers.
    pub ids: &'a [u32],
    /// The L2 norm of each; 0 of bits and sets.
    pub norms: &'a [f64],
}

impl<'a> Chosen<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Those in `range`.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Chosen<'a> {
        Self { ids: &self.ids[range.clone()], norms: &self.norms[range] }
    }
}

impl Measure {
    /// Whether points of that type have it.
    pub fn fits(self, kind: PointType) -> bool {
        match self {
            Self::Cosine | Self::Product => matches!(kind, PointType::Dense | PointType::Sparse),
            Self::SquaredDistance => matches!(kind, PointType::Dense | PointType::Bits),
            Self::DifferingShare => kind == PointType::Bits,
            Self::Jaccard | Self::JaccardToQuery => kind == PointType::Sets,
        }
    }

    /// The similarity of two empty sets.
    pub fn of_empty_sets(self) -> f64 {
        if self == Self::JaccardToQuery { 0.0 } else { 1.0 }
    }

    /// The measure of two points; each is given with its norm.
    ///
    /// # Panics
    /// If the points do not have it: a bug of the caller, see [`Measure::fits`].
    #[inline]
    pub fn between(self, a: Point<'_>, norm_a: f64, b: Point<'_>, norm_b: f64) -> f64 {
        match (self, a, b) {
            (Self::Cosine, Point::Dense(a), Point::Dense(b)) => dense::cosine(dense::dot(a, b), norm_a, norm_b),
            (Self::SquaredDistance, Point::Dense(a), Point::Dense(b)) => dense::squared_euclidean(a, b),
            (Self::Product, Point::Dense(a), Point::Dense(b)) => dense::dot(a, b),
            (Self::Cosine, Point::Sparse(a), Point::Sparse(b)) => dense::cosine(a.dot(b), norm_a, norm_b),
            (Self::Product, Point::Sparse(a), Point::Sparse(b)) => a.dot(b),
            (Self::SquaredDistance, Point::Bits(a), Point::Bits(b)) => f64::from(bits::differing(a.words, b.words)),
            (Self::DifferingShare, Point::Bits(a), Point::Bits(b)) => {
                f64::from(bits::differing(a.words, b.words)) / a.dim as f64
            }
            (Self::Jaccard | Self::JaccardToQuery, Point::Set(a), Point::Set(b)) => {
                sets::similarity(sets::common(a, b), [a.len(), b.len()], self.of_empty_sets())
            }
            _ => self.misfit(a, b),
        }
    }

    fn misfit(self, a: Point<'_>, b: Point<'_>) -> ! {
        panic!("{self:?} of {} and {} is asked for, which they do not have", a.kind(), b.kind())
    }

    /// The measure of `of` with each of the chosen rows, one per value of `out`. The numbers have the same bits as those of
    /// [`Measure::between`].
    ///
    /// # Panics
    /// As [`Measure::between`].
    pub fn with_many(self, of: Point<'_>, norm: f64, rows: Rows<'_>, chosen: Chosen<'_>, out: &mut [f64]) {
        let Chosen { ids, norms } = chosen;
        match (rows, of) {
            (Rows::Dense(rows), Point::Dense(of)) if self == Self::SquaredDistance => {
                dense::squared_euclideans(of, rows, ids, out);
            }
            (Rows::Dense(rows), Point::Dense(of)) => dense::dots(of, rows, ids, out),
            (Rows::Bits(rows), Point::Bits(of)) => bits::differing_at(of.words, rows, ids, out),
            (Rows::Sets(rows), Point::Set(of)) => {
                let empty = self.of_empty_sets();
                for (&id, out) in ids.iter().zip(&mut *out) {
                    let row = rows.row(id as usize);
                    *out = sets::similarity(sets::common(of, row), [of.len(), row.len()], empty);
                }
            }
            (Rows::Sparse(rows), Point::Sparse(of)) => {
                for (&id, out) in ids.iter().zip(&mut *out) {
                    *out = of.dot(rows.row(id as usize));
                }
            }
            (rows, of) => self.misfit(of, rows.get(0)),
        }
        match (self, of) {
            (Self::Cosine, _) => dense::cosines(out, norm, norms),
            (Self::DifferingShare, Point::Bits(of)) => out.iter_mut().for_each(|count| *count /= of.dim as f64),
            _ => {}
        }
    }

    /// The measures of the rows `left` with the rows `right`, row-major: `out[l * right.len() + r]`. The numbers have the same
    /// bits as those of [`Measure::between`].
    ///
    /// # Panics
    /// As [`Measure::between`].
    pub fn tile(self, rows: Rows<'_>, left: Chosen<'_>, right: Chosen<'_>, out: &mut [f64]) {
        let width = right.len().max(1);
        let Rows::Dense(dense_rows) = rows else {
            for (i, out) in out.chunks_exact_mut(width).enumerate() {
                self.with_many(rows.get(left.ids[i]), left.norms[i], rows, right, out);
            }
            return;
        };
        if self == Self::SquaredDistance {
            dense::squared_euclidean_tile(dense_rows, left.ids, right.ids, out);
        } else {
            dense::dot_tile(dense_rows, left.ids, right.ids, out);
        }
        if self == Self::Cosine {
            for (row, &norm) in out.chunks_exact_mut(width).zip(left.norms) {
                dense::cosines(row, norm, right.norms);
            }
        }
    }
}
