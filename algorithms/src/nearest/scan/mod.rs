//! Exact search through base points, by one query.

mod comparison;
mod members;

use super::filter::{self, Contenders, ErrorBound, Filter};
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::inverted::InvertedIndex;
use crate::points::{Point, PointType, Points};
use crate::scratch::Scratch;
use comparison::Comparison;
pub use comparison::TABLE;
use std::ops::Range;

/// Rows that are looked at together.
pub(super) const BLOCK: usize = 1024;

/// What exact search prepares for the base points, by their type.
#[derive(Clone, Debug)]
pub enum Scan {
    /// Approximate products of vectors rule out nearly all of them.
    Dense(Filter),
    /// Differing bits are counted row by row.
    Bits,
    /// The members of each set are looked up among the query's.
    Sets {
        /// Members of the largest set.
        longest: usize,
    },
    /// The columns of each sparse vector are looked up among the query's.
    Sparse,
    /// An inverted index gives the products with all sparse vectors at once.
    Inverted(InvertedIndex),
}

/// Working memory of a search.
pub struct Memory<'s> {
    /// All but contenders.
    pub scratch: &'s Scratch,
    /// The contenders.
    pub kept: &'s mut Vec<(f32, u32)>,
}

impl Scan {
    /// Prepares for searches through all of `base`. An inverted index is as large as the points: where these are larger than
    /// memory, it is done without.
    pub fn new(base: &Base) -> Self {
        match base.points() {
            Points::Sparse(_) if !base.copies_are_outside() => Self::Inverted(InvertedIndex::new(base.points())),
            _ => Self::by_rows(base),
        }
    }

    /// Prepares for searches through some rows of `base`, see [`Scan::nearest_within`].
    pub fn by_rows(base: &Base) -> Self {
        match base.points() {
            Points::Dense(_) => Self::Dense(Filter::new(base)),
            Points::Bits(_) => Self::Bits,
            Points::Sets(sets) => {
                Self::Sets { longest: (0..sets.rows()).map(|i| sets.row(i).len()).max().unwrap_or(0) }
            }
            Points::Sparse(_) => Self::Sparse,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(filter) => filter.bytes(),
            Self::Bits | Self::Sets { .. } | Self::Sparse => 0,
            Self::Inverted(index) => index.bytes(),
        }
    }

    /// Bytes that [`Scan::new`] of such points will hold.
    pub fn estimate(facts: &BaseFacts) -> usize {
        match facts.kind {
            PointType::Dense => facts.rows.saturating_mul(size_of::<f32>()),
            PointType::Bits | PointType::Sets => 0,
            PointType::Sparse => InvertedIndex::estimate(facts),
        }
    }

    /// Finds all that may be among the `m` nearest of one query: hardly more than `m`, in any order. Counts its evaluations.
    pub fn nearest(&self, base: &Base, query: Query<'_>, m: usize, scratch: &mut Scratch, found: &mut Vec<u32>) {
        let mut kept = std::mem::take(&mut scratch.contenders);
        let bound = self.error_bound(base, query);
        let contenders = bound.map(|bound| Contenders::new(m, bound, &mut kept).of_lowest_rows());
        self.search(base, query, std::iter::once(0..base.len()), contenders, scratch, found);
        scratch.contenders = kept;
    }

    /// The same among the rows of these ranges, with working memory for contenders; all rows that are exactly as near as the last
    /// one are found, since it is not the number of a row that decides among them.
    pub fn nearest_within(
        &self,
        base: &Base,
        query: Query<'_>,
        ranges: impl Iterator<Item = Range<usize>> + Clone,
        m: usize,
        memory: &mut Memory<'_>,
        found: &mut Vec<u32>,
    ) {
        let contenders = self.error_bound(base, query).map(|bound| Contenders::new(m, bound, memory.kept));
        self.search(base, query, ranges, contenders, memory.scratch, found);
    }

    /// Similarities of base point `row` to those at `ids`, larger is nearer: approximate ones of dense vectors.
    pub(crate) fn similarities_at(&self, base: &Base, row: usize, ids: &[u32], out: &mut [f32]) {
        if let Self::Dense(filter) = self {
            return filter.similarities_at(base, row, ids, out);
        }
        let query = base.query(row);
        out.iter_mut().zip(ids).for_each(|(out, &id)| *out = -base.distance_to(query, id) as f32);
    }

    /// Whether similarities can be trusted, see [`filter::is_safe`].
    pub(crate) fn is_safe(&self, base: &Base) -> bool {
        !matches!(self, Self::Dense(_)) || base.norms().iter().all(|&norm| filter::is_safe(norm))
    }

    /// A bound on the error of similarities; `None` if they cannot be trusted.
    pub(super) fn error_bound(&self, base: &Base, query: Query<'_>) -> Option<ErrorBound> {
        match self {
            Self::Dense(filter) => filter.error_bound(base, query),
            Self::Bits => comparison::bits_error(base.points().dim()),
            Self::Sets { longest } => Some(comparison::sets_error(query.point, *longest)),
            // It is known when the products are.
            Self::Sparse | Self::Inverted(_) => Some(ErrorBound::rounding(0.0)),
        }
    }

    /// Compares the query with the rows of all ranges; without contenders all are found.
    fn search(
        &self,
        base: &Base,
        query: Query<'_>,
        ranges: impl Iterator<Item = Range<usize>> + Clone,
        contenders: Option<Contenders<'_>>,
        scratch: &Scratch,
        found: &mut Vec<u32>,
    ) {
        found.clear();
        scratch.count(ranges.clone().map(|range| range.len()).sum());
        let Some(contenders) = contenders else {
            found.extend(ranges.flat_map(|range| range.start as u32..range.end as u32));
            return;
        };
        let mut comparison = Comparison { base, arena: &scratch.arena, contenders };
        match (self, base.points(), query.point) {
            (Self::Dense(filter), Points::Dense(vectors), _) => comparison.of_vectors(filter, vectors, query, ranges),
            (Self::Bits, Points::Bits(bits), Point::Bits(of)) => comparison.of_bits(bits, of.words, ranges),
            (Self::Sets { .. }, Points::Sets(sets), Point::Set(of)) => comparison.of_sets(sets, of, ranges),
            (Self::Sparse, Points::Sparse(vectors), Point::Sparse(of)) => comparison.of_sparse(vectors, of, ranges),
            (Self::Inverted(index), Points::Sparse(_), of) => comparison.of_products(index, of, ranges),
            (_, base, of) => panic!("{} are compared with {}: a bug of the caller", of.kind(), base.kind()),
        }
        found.extend(comparison.contenders.finish());
    }
}
