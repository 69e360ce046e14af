//! The loops of a search: the similarities of one query to rows, block by block.

use super::BLOCK;
use super::members::{MemberTable, PIECE, Places};
use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::inverted::InvertedIndex;
use crate::nearest::codes::{Codes, QueryCodes};
use crate::nearest::filter::{Contenders, ErrorBound, Filter, power_of_two};
use crate::nearest::micro_kernel::products;
use crate::points::bits::similarities_in_block;
use crate::points::{Bits, Point, Sets, SparseRow, SparseVectors, Vectors, sets};
use bumpalo::Bump;
use std::ops::Range;

/// Members or columns are looked up in a table of all, up to this many.
pub const TABLE: usize = 1 << 22;

/// A search under way.
pub struct Comparison<'a, 'k> {
    /// What is searched.
    pub base: &'a Base,
    /// Working memory.
    pub arena: &'a Bump,
    /// The best so far.
    pub contenders: Contenders<'k>,
}

/// A bound on the error of [`Comparison::of_bits`]: counts below 2^24 are exact, others are not trusted.
pub fn bits_error(dim: usize) -> Option<ErrorBound> {
    (dim < 1 << 24).then_some(ErrorBound::EXACT)
}

/// A bound on the error of Jaccard similarities to sets of at most `longest` members.
pub fn sets_error(of: Point<'_>, longest: usize) -> ErrorBound {
    let most = if let Point::Set(of) = of { of.len() + longest } else { usize::MAX };
    // Two fractions with denominators below 2^11 differ by more than 2^-22, if they differ: by several units in the last place of
    // an f32, so that rounding keeps their order.
    if most < 1 << 11 { ErrorBound::EXACT } else { ErrorBound::rounding(1.0) }
}

/// Parts of the ranges, each of rows that are looked at together.
fn blocks(ranges: impl Iterator<Item = Range<usize>>) -> impl Iterator<Item = Range<usize>> {
    ranges.flat_map(|rows| {
        let end = rows.end;
        rows.step_by(BLOCK).map(move |start| start..(start + BLOCK).min(end))
    })
}

impl<'a> Comparison<'a, '_> {
    /// Room for one value per row of a block.
    fn room<T: Copy + Default>(&self) -> &'a mut [T] {
        self.arena.alloc_slice_fill_copy(BLOCK.min(self.base.len()), T::default())
    }

    /// Approximate similarities of dense vectors.
    pub fn of_vectors(
        &mut self,
        filter: &Filter,
        vectors: &Vectors,
        query: Query<'_>,
        ranges: impl Iterator<Item = Range<usize>>,
    ) {
        let similarities = self.room();
        for rows in blocks(ranges) {
            let similarities = &mut similarities[..rows.len()];
            products(query.lines(), vectors.block(rows.clone()), similarities);
            filter.similarities(rows.start, similarities);
            self.contenders.take(rows.start, similarities);
        }
    }

    /// The same by codes.
    pub fn of_codes(
        &mut self,
        filter: &Filter,
        codes: &Codes,
        query: &QueryCodes<'_>,
        ranges: impl Iterator<Item = Range<usize>>,
    ) {
        self.contenders.loosen(query.bound());
        let similarities = self.room();
        for rows in blocks(ranges) {
            let similarities = &mut similarities[..rows.len()];
            codes.similarities(query, rows.clone(), similarities);
            filter.subtract(rows.start, similarities);
            self.contenders.take(rows.start, similarities);
        }
    }

    /// Minus the number of bits that differ.
    pub fn of_bits(&mut self, bits: &Bits, of: &[u64], ranges: impl Iterator<Item = Range<usize>>) {
        let similarities = self.room();
        for rows in blocks(ranges) {
            let similarities = &mut similarities[..rows.len()];
            similarities_in_block(of, bits.block(rows.clone()), similarities);
            self.contenders.take(rows.start, similarities);
        }
    }

    /// Jaccard similarities, rounded. Where few rows share a member with the query, shared members are looked for in whole blocks;
    /// else row by row.
    pub fn of_sets(&mut self, sets: &Sets, of: &'a [u32], ranges: impl Iterator<Item = Range<usize>>) {
        let table = MemberTable::new(of, sets.dim(), self.arena);
        let (mut places, mut few) = (Places::default(), !of.is_empty());
        for rows in blocks(ranges) {
            let sharing = if few {
                self.of_block(sets, &table, rows.clone(), &mut places)
            } else {
                rows.clone().filter(|&row| self.of_set(sets, &table, row)).count()
            };
            few = !of.is_empty() && 4 * sharing <= rows.len();
        }
    }

    /// The similarities of the sets of a block, at least one, to a query that is not empty. Returns how many share a member with
    /// it.
    fn of_block(&mut self, sets: &Sets, table: &MemberTable<'_>, rows: Range<usize>, places: &mut Places) -> usize {
        let (members, offsets): (&[u32], &[u64]) = (sets.members(), sets.offsets());
        let (first, end) = (offsets[rows.start] as usize, offsets[rows.end] as usize);
        let (mut row, mut common, mut sharing) = (rows.start, 0, 0);
        for start in (first..end).step_by(PIECE) {
            for &place in table.places(&members[start..end.min(start + PIECE)], places) {
                let place = (start + usize::from(place)) as u64;
                if place >= offsets[row + 1] {
                    self.take_set(sets, table, row, common);
                    row = self.take_until(sets, table, row + 1, |row| place < offsets[row + 1]);
                    common = 0;
                }
                sharing += usize::from(common == 0);
                common += 1;
            }
        }
        self.take_set(sets, table, row, common);
        self.take_until(sets, table, row + 1, |row| row == rows.end);
        sharing
    }

    /// Takes rows with nothing in common with the query, from this one on to that before the `last`, which is returned.
    fn take_until(
        &mut self,
        sets: &Sets,
        table: &MemberTable<'_>,
        mut row: usize,
        last: impl Fn(usize) -> bool,
    ) -> usize {
        while !last(row) {
            if self.contenders.cut() <= 0.0 {
                self.take_set(sets, table, row, 0);
            }
            row += 1;
        }
        row
    }

    /// Takes a row of so many members in common with the query, which is not empty.
    #[inline]
    fn take_set(&mut self, sets: &Sets, table: &MemberTable<'_>, row: usize, common: usize) {
        if common == 0 && self.contenders.cut() > 0.0 {
            return;
        }
        let members = sets.row(row);
        let common = if table.is_exact() { common } else { table.common(members) };
        self.contenders.push(row as u32, sets::similarity(common, [table.len(), members.len()], 0.0) as f32);
    }

    /// The similarity of one set. Returns whether it shares a member with the query, as far as it can be among the best.
    fn of_set(&mut self, sets: &Sets, table: &MemberTable<'_>, row: usize) -> bool {
        let (members, of, cut) = (sets.row(row), table.len(), self.contenders.cut());
        let (small, large) = (members.len().min(of), members.len().max(of));
        // Even if one held the other, they would not be more similar than this.
        if (small as f32) < cut * large as f32 * (1.0 - f32::EPSILON) {
            return false;
        }
        let common = table.common(members);
        if common > 0 || cut <= 0.0 || large == 0 {
            let empty = self.base.compared_by().of_empty_sets();
            self.contenders.push(row as u32, sets::similarity(common, [of, members.len()], empty) as f32);
        }
        common > 0
    }

    /// Products of sparse vectors, rounded, row by row.
    pub fn of_sparse(
        &mut self,
        vectors: &SparseVectors,
        of: SparseRow<'_>,
        ranges: impl Iterator<Item = Range<usize>> + Clone,
    ) {
        let table = if vectors.dim() > TABLE { 0 } else { vectors.dim() };
        let values = self.arena.alloc_slice_fill_copy(table, 0.0_f32);
        if table > 0 {
            of.columns.iter().zip(of.values).for_each(|(&column, &value)| values[column as usize] = value);
        }
        let products = self.arena.alloc_slice_fill_copy(ranges.clone().map(|range| range.len()).sum(), 0.0_f64);
        for (product, i) in products.iter_mut().zip(ranges.clone().flatten()) {
            let row = vectors.row(i);
            if table == 0 {
                *product = of.dot(row);
                continue;
            }
            for (&column, &value) in row.columns.iter().zip(row.values) {
                *product += f64::from(values[column as usize]) * f64::from(value);
            }
        }
        self.take_products(|place, _| products[place], ranges);
    }

    /// The same by an inverted index of all rows.
    pub fn of_products(
        &mut self,
        index: &InvertedIndex,
        of: Point<'_>,
        ranges: impl Iterator<Item = Range<usize>> + Clone,
    ) {
        let products = self.arena.alloc_slice_fill_copy(self.base.len(), 0.0_f64);
        index.add_products(of, products);
        self.take_products(|_, row| products[row], ranges);
    }

    /// Takes the product of each row, which is given its place among the rows of all ranges, and its number.
    fn take_products(
        &mut self,
        product: impl Fn(usize, usize) -> f64,
        ranges: impl Iterator<Item = Range<usize>> + Clone,
    ) {
        let by_angle = self.base.distance() == Distance::Angular;
        let norms = self.base.norms();
        let similarity = |(place, row): (usize, usize)| match norms[row] {
            norm if by_angle && norm > 0.0 => product(place, row) / norm,
            _ if by_angle => 0.0,
            _ => product(place, row),
        };
        let all = ranges.clone().flatten().enumerate();
        let largest = all.map(similarity).fold(f64::MIN_POSITIVE, |largest, similarity| largest.max(similarity.abs()));
        // Products of two `f32` may be beyond what one can hold.
        let per_unit = 1.0 / power_of_two(largest);
        self.contenders.loosen(ErrorBound::rounding(largest * per_unit));
        let (similarities, mut first) = (self.room::<f32>(), 0);
        for rows in blocks(ranges) {
            let similarities = &mut similarities[..rows.len()];
            for ((to, row), place) in similarities.iter_mut().zip(rows.clone()).zip(first..) {
                *to = (similarity((place, row)) * per_unit) as f32;
            }
            self.contenders.take(rows.start, similarities);
            first += rows.len();
        }
    }
}
