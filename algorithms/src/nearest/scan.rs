//! Exact search through all base points, by one query.

use super::filter::{self, Contenders, ErrorBound, Filter};
use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::inverted::InvertedIndex;
use crate::points::bits::differing_in_block;
use crate::points::{Bits, Measure, Point, Points, Sets, Vectors, sets};
use crate::scratch::Scratch;

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
    Sets,
    /// An inverted index gives the products with all sparse vectors.
    Sparse(InvertedIndex),
}

impl Scan {
    /// Prepares for `base`.
    pub fn new(base: &Base) -> Self {
        match base.points() {
            Points::Dense(_) => Self::Dense(Filter::new(base)),
            Points::Bits(_) => Self::Bits,
            Points::Sets(_) => Self::Sets,
            Points::Sparse(_) => Self::Sparse(InvertedIndex::new(base.points())),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(filter) => filter.bytes(),
            Self::Bits | Self::Sets => 0,
            Self::Sparse(index) => index.bytes(),
        }
    }

    /// Finds all that may be among the `m` nearest of one query: hardly more than `m`, in any order. Counts its evaluations.
    pub fn nearest(&self, base: &Base, query: Query<'_>, m: usize, scratch: &mut Scratch, found: &mut Vec<u32>) {
        found.clear();
        scratch.count(base.len());
        let mut kept = std::mem::take(&mut scratch.contenders);
        let bound = match self {
            Self::Dense(filter) => filter.error_bound(base, query),
            // Whole numbers below 2^24.
            Self::Bits if base.points().dim() < 1 << 24 => Some(ErrorBound::EXACT),
            Self::Bits => None,
            // Similarities are at most 1.
            Self::Sets => Some(ErrorBound::rounding(1.0)),
            Self::Sparse(_) => Some(ErrorBound::EXACT),
        };
        match bound {
            Some(bound) => {
                let mut contenders = Contenders::new(m, bound, &mut kept);
                self.compare(base, query, scratch, &mut contenders);
                found.extend(contenders.finish());
            }
            None => found.extend(0..base.len() as u32),
        }
        scratch.contenders = kept;
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

    fn compare(&self, base: &Base, query: Query<'_>, scratch: &Scratch, contenders: &mut Contenders<'_>) {
        match (self, base.points(), query.point) {
            (Self::Dense(filter), Points::Dense(vectors), _) => {
                compare_vectors(filter, base, vectors, query, scratch, contenders);
            }
            (Self::Bits, Points::Bits(bits), Point::Bits(of)) => compare_bits(bits, of.words, scratch, contenders),
            (Self::Sets, Points::Sets(sets), Point::Set(of)) => {
                compare_sets(sets, of, base.compared_by(), scratch, contenders)
            }
            (Self::Sparse(index), Points::Sparse(_), of) => {
                compare_sparse(index, base, of, scratch, contenders);
            }
            (_, base, of) => panic!("{} are compared with {}: a bug of the caller", of.kind(), base.kind()),
        }
    }
}

/// The ranges of rows that are looked at together.
fn blocks(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..rows).step_by(BLOCK).map(move |start| start..(start + BLOCK).min(rows))
}

fn compare_vectors(
    filter: &Filter,
    base: &Base,
    vectors: &Vectors,
    query: Query<'_>,
    scratch: &Scratch,
    contenders: &mut Contenders<'_>,
) {
    let similarities = scratch.arena.alloc_slice_fill_copy(BLOCK.min(base.len()), 0.0_f32);
    for rows in blocks(base.len()) {
        let similarities = &mut similarities[..rows.len()];
        filter::products(query.lines(), vectors.block(rows.clone()), similarities);
        filter.similarities(base, rows.start, similarities);
        contenders.take(rows.start, similarities);
    }
}

fn compare_bits(bits: &Bits, of: &[u64], scratch: &Scratch, contenders: &mut Contenders<'_>) {
    let size = BLOCK.min(bits.rows());
    let counts = scratch.arena.alloc_slice_fill_copy(size, 0_u32);
    let similarities = scratch.arena.alloc_slice_fill_copy(size, 0.0_f32);
    for rows in blocks(bits.rows()) {
        let (counts, similarities) = (&mut counts[..rows.len()], &mut similarities[..rows.len()]);
        differing_in_block(of, bits.block(rows.clone()), counts);
        similarities.iter_mut().zip(&*counts).for_each(|(similarity, &count)| *similarity = -(count as f32));
        contenders.take(rows.start, similarities);
    }
}

fn compare_sets(sets: &Sets, of: &[u32], measure: Measure, scratch: &Scratch, contenders: &mut Contenders<'_>) {
    let of_query = scratch.arena.alloc_slice_fill_copy(sets.dim(), 0_u8);
    of.iter().for_each(|&member| of_query[member as usize] = 1);
    for i in 0..sets.rows() {
        let row = sets.row(i);
        let (small, large) = (row.len().min(of.len()), row.len().max(of.len()));
        // Even if one held the other, they would not be more similar than this.
        if (small as f32) < contenders.cut() * large as f32 * (1.0 - f32::EPSILON) {
            continue;
        }
        let common: u32 = row.iter().map(|&member| u32::from(of_query[member as usize])).sum();
        let similarity = sets::similarity(common as usize, [of.len(), row.len()], measure.of_empty_sets());
        contenders.push(i as u32, similarity as f32);
    }
}

fn compare_sparse(
    index: &InvertedIndex,
    base: &Base,
    of: Point<'_>,
    scratch: &Scratch,
    contenders: &mut Contenders<'_>,
) {
    let products = scratch.arena.alloc_slice_fill_copy(base.len(), 0.0_f64);
    index.add_products(of, products);
    if base.distance() == Distance::Angular {
        for (product, &norm) in products.iter_mut().zip(base.norms()) {
            *product = if norm > 0.0 { *product / norm } else { 0.0 };
        }
    }
    let largest = products.iter().fold(0.0_f64, |largest, product| largest.max(product.abs()));
    contenders.loosen(ErrorBound::rounding(largest));
    let similarities = scratch.arena.alloc_slice_fill_copy(BLOCK.min(base.len()), 0.0_f32);
    for rows in blocks(base.len()) {
        let similarities = &mut similarities[..rows.len()];
        similarities.iter_mut().zip(&products[rows.clone()]).for_each(|(to, &from)| *to = from as f32);
        contenders.take(rows.start, similarities);
    }
}
