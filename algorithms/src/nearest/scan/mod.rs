//! Exact search through base points, by one query.

mod comparison;
mod members;
mod worth;

use super::codes::{self, Codes};
use super::filter::{Contenders, ErrorBound, Filter};
use super::micro_kernel::Panels;
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::inverted::InvertedIndex;
use crate::points::{Point, PointType, Points};
use crate::scratch::Scratch;
use comparison::Comparison;
pub use comparison::TABLE;
use rayon::prelude::*;
use std::ops::Range;
pub use worth::Worth;

/// Base points that are asked for their nearest ones, to see what codes rule out.
const ASKED: usize = 16;

/// Rows among which they are looked for, at most.
const AMONG: usize = 1 << 17;

/// Rows that are looked at together.
pub(super) const BLOCK: usize = 1024;

/// What exact search prepares for the base points, by their type.
#[derive(Clone, Debug)]
pub enum Scan {
    /// Approximate products of vectors rule out nearly all of them: by the vectors themselves, or by codes.
    Dense(Filter, Option<Coded>),
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

/// Codes, and when they are used.
#[derive(Clone, Debug)]
pub struct Coded {
    /// Of all rows.
    pub codes: Codes,
    /// In which searches.
    pub worth: Worth,
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
            Points::Dense(_) => Self::dense(base),
            Points::Bits(_) => Self::Bits,
            Points::Sets(sets) => {
                Self::Sets { longest: (0..sets.rows()).map(|i| sets.row(i).len()).max().unwrap_or(0) }
            }
            Points::Sparse(_) => Self::Sparse,
        }
    }

    /// With codes where these are worth it.
    fn dense(base: &Base) -> Self {
        let filter = Filter::new(base);
        let codes = if base.len() < codes::FEWEST { None } else { Codes::new(base, &filter) };
        let by_codes = Self::Dense(filter, codes.map(|codes| Coded { codes, worth: Worth::ALWAYS }));
        if !by_codes.has_codes() {
            return by_codes;
        }
        let among = base.len().min(AMONG);
        let worth = Worth::of(among, |most| by_codes.left(base, 0..among, most));
        match by_codes {
            Self::Dense(filter, Some(coded)) if worth.single > 0 => Self::Dense(filter, Some(Coded { worth, ..coded })),
            not_worth_it => not_worth_it.without_codes(),
        }
    }

    /// How many of these rows are measured exactly to find the nearest ones of a base point: the mean of some.
    fn left(&self, base: &Base, rows: Range<usize>, most: usize) -> usize {
        let asked = (0..ASKED).into_par_iter().map(|i| {
            let (scratch, mut kept, mut found) = (Scratch::default(), Vec::new(), Vec::new());
            let mut memory = Memory { scratch: &scratch, kept: &mut kept };
            let query = base.query(i * base.len() / ASKED);
            self.nearest_within(base, query, std::iter::once(rows.clone()), most, &mut memory, &mut found);
            found.len()
        });
        asked.sum::<usize>() / ASKED
    }

    /// What the data decided, in words; `None` where there was no choice.
    pub fn decision(&self) -> Option<String> {
        match self {
            Self::Dense(filter, codes) if filter.rows() >= codes::FEWEST => Some(match codes {
                Some(Coded { worth, .. }) if Panels::default().take_codes() => worth.to_string(),
                Some(Coded { worth, .. }) => Worth { batch: 0, ..*worth }.to_string(),
                None => {
                    "queries are compared by values, since codes of 8 bits would leave too many to measure".to_owned()
                }
            }),
            _ => None,
        }
    }

    /// Whether dense vectors are compared by codes, in some searches at least.
    pub fn has_codes(&self) -> bool {
        matches!(self, Self::Dense(_, Some(_)))
    }

    /// The same without codes.
    #[must_use]
    pub fn without_codes(self) -> Self {
        if let Self::Dense(filter, _) = self { Self::Dense(filter, None) } else { self }
    }

    /// The same that uses codes in all searches, if it has them.
    #[cfg(test)]
    pub(super) fn always_by_codes(base: &Base) -> Option<Self> {
        let filter = Filter::new(base);
        let codes = Codes::new(base, &filter)?;
        Some(Self::Dense(filter, Some(Coded { codes, worth: Worth::ALWAYS })))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(filter, codes) => filter.bytes() + codes.as_ref().map_or(0, |coded| coded.codes.bytes()),
            Self::Bits | Self::Sets { .. } | Self::Sparse => 0,
            Self::Inverted(index) => index.bytes(),
        }
    }

    /// Bytes that [`Scan::new`] of such points will hold, if codes are used.
    pub fn estimate(facts: &BaseFacts) -> usize {
        match facts.kind {
            PointType::Dense => {
                let of_codes = if facts.rows < codes::FEWEST { [0, 0] } else { Codes::estimate(facts) };
                of_codes.into_iter().fold(facts.rows.saturating_mul(size_of::<f32>()), usize::saturating_add)
            }
            PointType::Bits | PointType::Sets => 0,
            PointType::Sparse => InvertedIndex::estimate(facts),
        }
    }

    /// Those of them that are where [copies](Base::with_copies_in) are.
    pub fn copied(facts: &BaseFacts) -> usize {
        let has_codes = facts.kind == PointType::Dense && facts.rows >= codes::FEWEST;
        if has_codes { Codes::estimate(facts)[0] } else { 0 }
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

    /// A bound on the error of similarities; `None` if they cannot be trusted.
    pub(super) fn error_bound(&self, base: &Base, query: Query<'_>) -> Option<ErrorBound> {
        match self {
            Self::Dense(filter, _) => filter.error_bound(base, query),
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
        let m = contenders.most();
        let mut comparison = Comparison { base, arena: &scratch.arena, contenders };
        match (self, base.points(), query.point) {
            (Self::Dense(filter, codes), Points::Dense(vectors), _) => {
                let codes = codes.as_ref().filter(|coded| m <= coded.worth.single).map(|coded| &coded.codes);
                let of_query = codes.and_then(|codes| Some((codes, codes.of_query(query, &scratch.arena)?)));
                match of_query {
                    Some((codes, of_query)) => comparison.of_codes(filter, codes, &of_query, ranges.clone()),
                    None => comparison.of_vectors(filter, vectors, query, ranges.clone()),
                }
                found.extend(comparison.contenders.finish());
                for range in ranges {
                    found.extend_from_slice(comparison.contenders.dropped(filter.long_within(range)));
                }
                return;
            }
            (Self::Bits, Points::Bits(bits), Point::Bits(of)) => comparison.of_bits(bits, of.words, ranges),
            (Self::Sets { .. }, Points::Sets(sets), Point::Set(of)) => comparison.of_sets(sets, of, ranges),
            (Self::Sparse, Points::Sparse(vectors), Point::Sparse(of)) => comparison.of_sparse(vectors, of, ranges),
            (Self::Inverted(index), Points::Sparse(_), of) => comparison.of_products(index, of, ranges),
            (_, base, of) => panic!("{} are compared with {}: a bug of the caller", of.kind(), base.kind()),
        }
        found.extend(comparison.contenders.finish());
    }
}
