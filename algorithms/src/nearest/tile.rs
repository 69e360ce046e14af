//! Exact search through all base points by several queries at once: each block of rows is read once for all of them.

use super::Scan;
use super::codes::Codes;
use super::filter::{Contenders, guessing};
use super::measured::Measured;
use super::micro_kernel::{ONE_IN, Panels, Part, Rows};
use super::scan::{BLOCK, TABLE};
use crate::base::{Base, Query};
use crate::points::bits::similarities_in_block;
use crate::points::{Bits, Points, Sets, sets};
use crate::pool::Pool;
use crate::scratch::Scratch;
use crate::spare::{Room, reserve};
use std::ops::Range;

/// The most queries that a tile spans.
const MOST_QUERIES: usize = 256;
/// Dense queries come in multiples of this, the most that a panel holds.
const PANEL: usize = 32;
/// The most bytes of packed queries: they stay in the caches.
const PACKED: usize = 1 << 20;
/// Queries of bits and sets that a tile spans: as many as a mask has bits.
const MASKED_QUERIES: usize = u64::BITS as usize;
/// Rows of bits and sets that a tile spans.
const TILE_ROWS: usize = BLOCK;

/// A sample has at least so many rows for each of its best.
const ENOUGH: usize = 8;

/// How many of these queries are searched for together. The more, the less often rows are read; but each thread should have
/// some.
pub fn queries_of_a_tile(queries: &Points) -> usize {
    match queries {
        Points::Dense(vectors) => {
            let a_thread = queries.len().div_ceil(rayon::current_num_threads());
            let most = PACKED / (vectors.dim() * size_of::<f32>()) / PANEL * PANEL;
            a_thread.next_multiple_of(PANEL).min(most).clamp(PANEL, MOST_QUERIES)
        }
        _ => MASKED_QUERIES,
    }
}

/// What is searched.
#[derive(Clone, Copy)]
pub struct Searched<'a> {
    pub base: &'a Base,
    pub scan: &'a Scan,
}

/// Some of the queries, at most [`queries_of_a_tile`].
#[derive(Clone)]
pub struct Asked<'a> {
    pub queries: &'a Points,
    pub range: Range<usize>,
}

/// One thread's working memory.
#[derive(Default)]
pub struct Tile {
    /// Packed dense queries.
    panels: Panels,
    /// Similarities of a block of bits.
    products: Vec<f32>,
    /// For each member the queries that have it; all 0 between searches.
    having: Vec<u64>,
    kept: Vec<Vec<(f32, u32)>>,
    found: Vec<u32>,
    measured: Measured,
    scratch: Scratch,
    pool: Pool,
}

/// The contenders of each query; none where similarities cannot be trusted, nor beyond the last query.
type AllContenders<'k> = [Option<Contenders<'k>>; MOST_QUERIES];

impl Tile {
    /// Finds the `m` nearest of each query, nearest first, ties by lower id, and calls `each` with its number and them.
    pub fn search(&mut self, searched: Searched<'_>, asked: &Asked<'_>, m: usize, mut each: impl FnMut(usize, &Pool)) {
        let Searched { base, scan } = searched;
        let Asked { queries, range } = asked.clone();
        let by_blocks = match (scan, base.points()) {
            (Scan::Dense(..) | Scan::Bits, _) => true,
            (Scan::Sets { .. }, Points::Sets(sets)) => sets.dim() <= TABLE,
            _ => false,
        };
        if !by_blocks {
            for i in range {
                self.scratch.reset();
                scan.nearest(base, Query::row(queries, i), m, &mut self.scratch, &mut self.found);
                let found = self.found.iter().copied();
                self.pool.fill_nearest_first(base, Query::row(queries, i), found, m, &self.scratch);
                each(i, &self.pool);
            }
            return;
        }
        self.kept.resize_with(MOST_QUERIES, Vec::new);
        let mut all_kept = std::mem::take(&mut self.kept);
        let mut kept = range.clone().zip(&mut all_kept);
        let mut contenders: AllContenders<'_> = std::array::from_fn(|_| {
            let (i, kept) = kept.next()?;
            let bound = scan.error_bound(base, Query::row(queries, i));
            bound.map(|bound| Contenders::new(m, bound, kept).of_lowest_rows())
        });
        match (scan, base.points(), queries) {
            (Scan::Dense(filter, codes), _, Points::Dense(_)) => {
                let codes = codes.as_ref().filter(|coded| self.panels.take_codes() && m <= coded.worth.batch);
                let codes = codes.map(|coded| &coded.codes);
                let rows = match codes {
                    Some(codes) => codes.rows(filter.per_row()),
                    None => Rows::of_values(base.vectors(), filter.per_row()),
                };
                self.multiply(rows, codes, asked.clone(), m, &mut contenders);
            }
            (Scan::Bits, Points::Bits(rows), Points::Bits(of)) => {
                self.count_bits(rows, of, range.clone(), &mut contenders);
            }
            (Scan::Sets { .. }, Points::Sets(rows), Points::Sets(of)) => {
                let empty = base.compared_by().of_empty_sets();
                self.count_members(rows, of, range.clone(), empty, &mut contenders);
            }
            (_, base, of) => panic!("{} are compared with {}: a bug of the caller", of.kind(), base.kind()),
        }
        // A wrong guess: the query is asked again, alone.
        for contenders in &mut contenders {
            contenders.take_if(|contenders| !contenders.is_proved());
        }
        let contenders = &mut contenders[..range.len()];
        let long = if let Scan::Dense(filter, _) = scan { filter.long() } else { &[] };
        let by_rows = match queries {
            Points::Dense(queries) if self.measured.take([base.len(), queries.dim()], long, contenders) => {
                self.measured.measure(base, queries, range.start);
                true
            }
            _ => false,
        };
        for (place, i) in range.enumerate() {
            self.scratch.reset();
            let query = Query::row(queries, i);
            match &mut contenders[place] {
                Some(_) if by_rows => {
                    self.pool.fill_measured(base.distance(), self.measured.of_query(place), m, &self.scratch);
                }
                Some(contenders) => {
                    contenders.tighten();
                    let dropped = contenders.dropped(long);
                    let found = contenders.finish().chain(dropped.iter().copied());
                    self.pool.fill_nearest_first(base, query, found, m, &self.scratch);
                }
                None => {
                    scan.nearest(base, query, m, &mut self.scratch, &mut self.found);
                    self.pool.fill_nearest_first(base, query, self.found.iter().copied(), m, &self.scratch);
                }
            }
            each(i, &self.pool);
        }
        self.kept = all_kept;
    }

    /// Approximate similarities of dense vectors. The best of a sample guess the cut, so that few others have to be looked at.
    fn multiply(
        &mut self,
        mut rows: Rows<'_>,
        codes: Option<&Codes>,
        asked: Asked<'_>,
        m: usize,
        contenders: &mut AllContenders<'_>,
    ) {
        let (Points::Dense(queries), true) = (asked.queries, contenders.iter().any(Option::is_some)) else { return };
        let multiply = if let Some(codes) = codes {
            self.pack_codes(codes, &asked, contenders);
            Panels::multiply_codes
        } else {
            self.panels.pack(queries, asked.range);
            Panels::multiply
        };
        if rows.len() / ONE_IN >= ENOUGH * guessing(m, ONE_IN) {
            contenders.iter_mut().flatten().for_each(|contenders| contenders.sample(ONE_IN));
            rows.part = Part::Sample;
            multiply(&mut self.panels, rows, contenders);
            contenders.iter_mut().flatten().for_each(|contenders| contenders.guess(m));
            rows.part = Part::Rest;
        }
        multiply(&mut self.panels, rows, contenders);
    }

    /// Packs the codes of the queries, and allows for their error.
    fn pack_codes(&mut self, codes: &Codes, Asked { queries, range }: &Asked<'_>, contenders: &mut AllContenders<'_>) {
        self.panels.clear_for_codes(range.len(), codes.stride());
        for (place, (i, contenders)) in range.clone().zip(contenders).enumerate() {
            self.scratch.reset();
            let of_query = codes.of_query(Query::row(queries, i), &self.scratch.arena);
            match (of_query, &mut *contenders) {
                (Some(of_query), Some(contenders)) => {
                    self.panels.pack_codes(place, &of_query);
                    contenders.loosen(of_query.bound());
                }
                // Such a query is compared with all rows exactly.
                _ => *contenders = None,
            }
        }
    }

    /// Minus the numbers of differing bits.
    fn count_bits(&mut self, rows: &Bits, of: &Bits, range: Range<usize>, contenders: &mut AllContenders<'_>) {
        self.products.resize(TILE_ROWS, 0.0);
        for block in blocks(rows.rows()) {
            let products = &mut self.products[..block.len()];
            for (i, contenders) in range.clone().zip(&mut *contenders) {
                let Some(contenders) = contenders else { continue };
                similarities_in_block(of.row(i).words, rows.block(block.clone()), products);
                contenders.take(block.start, products);
            }
        }
    }

    /// Jaccard similarities, `empty` of two empty sets: the members of a row are looked up in a table that says for each which of
    /// the queries have it.
    fn count_members(
        &mut self,
        rows: &Sets,
        of: &Sets,
        range: Range<usize>,
        empty: f64,
        contenders: &mut AllContenders<'_>,
    ) {
        self.having.resize(rows.dim().max(self.having.len()), 0);
        let mut of_empty = 0_u64;
        for (place, i) in range.clone().enumerate() {
            of.row(i).iter().for_each(|&member| self.having[member as usize] |= 1 << place);
            of_empty |= u64::from(of.row(i).is_empty()) << place;
        }
        let all = u64::MAX >> (MASKED_QUERIES - range.len());
        let mut common = [0_u32; MASKED_QUERIES];
        for block in blocks(rows.rows()) {
            // Those for which a row counts though it has nothing in common.
            let mut open = of_empty;
            for place in places(all) {
                let cut = contenders[place].as_ref().map_or(0.0, Contenders::cut);
                open |= u64::from(cut <= 0.0) << place;
            }
            for i in block {
                let row = rows.row(i);
                let mut met = open;
                for &member in row {
                    let having = self.having[member as usize];
                    met |= having;
                    places(having).for_each(|place| common[place] += 1);
                }
                for place in places(met) {
                    let sizes = [of.row(range.start + place).len(), row.len()];
                    let similarity = sets::similarity(std::mem::take(&mut common[place]) as usize, sizes, empty);
                    if let Some(contenders) = &mut contenders[place] {
                        contenders.push(i as u32, similarity as f32);
                    }
                }
            }
        }
        range.for_each(|i| of.row(i).iter().for_each(|&member| self.having[member as usize] = 0));
    }
}

/// The ranges of rows that are looked at together.
fn blocks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(TILE_ROWS).map(move |start| start..(start + TILE_ROWS).min(rows))
}

/// The places of the bits that are set, ascending.
fn places(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(place)
    })
}

impl Room for Tile {
    fn make_room(&mut self, other: &Self) {
        self.panels.make_room(&other.panels);
        reserve(&mut self.products, other.products.capacity());
        reserve(&mut self.having, other.having.capacity());
        if self.kept.len() < other.kept.len() {
            self.kept.resize_with(other.kept.len(), Vec::new);
        }
        self.kept.iter_mut().zip(&other.kept).for_each(|(kept, other)| reserve(kept, other.capacity()));
        reserve(&mut self.found, other.found.capacity());
        self.measured.make_room(&other.measured);
        self.scratch.make_room(&other.scratch);
        self.pool.make_room(&other.pool);
    }
}
