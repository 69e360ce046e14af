//! Exact distances of what many queries found, row by row: each row is read once for all queries that found it, and rows are read in
//! their order. Worth it where rows were found by several queries; else each query measures its own, see [`crate::pool::Pool::fill`].

use super::filter::Contenders;
use crate::base::Base;
use crate::items::TOGETHER;
use crate::points::dense::DenseRows;
use crate::points::{Chosen, Rows, Vectors};
use crate::prefetch::prefetch;
use crate::spare::reserve;

/// It is worth it for vectors of so many values: for narrower ones, sorting takes longer than reading again.
const WIDE: usize = 256;

/// It is worth it where so many queries found a row, in the mean: fewer queries, which lie far apart in memory, take longer to read
/// than the row does.
const FINDERS: usize = 4;

/// So many ids take about 80 MB: no thread takes more for this.
const MOST: usize = 1 << 22;

/// Queries that measure a row together.
struct Together {
    queries: [u32; TOGETHER],
    norms: [f64; TOGETHER],
    measures: [f64; TOGETHER],
}

/// What some queries found, and how far it is. Room for it is kept.
#[derive(Debug, Default)]
pub struct Measured {
    /// Ids, a query after another.
    ids: Vec<u32>,
    /// Of each id: the distance.
    distances: Vec<f64>,
    /// Of each query: where its ids end. The first begin at 0.
    ends: Vec<usize>,
    /// Of each row: where those who found it end among `finders`.
    rows: Vec<u32>,
    /// By row: who found it.
    finders: Vec<Finder>,
}

/// One that found a row.
#[derive(Clone, Copy, Debug, Default)]
struct Finder {
    /// The query's place among all.
    query: u32,
    /// The place of the row among the ids.
    at: u32,
}

impl Default for Together {
    fn default() -> Self {
        Self { queries: [0; TOGETHER], norms: [0.0; TOGETHER], measures: [0.0; TOGETHER] }
    }
}

impl Together {
    /// The measures of a row for those who found it.
    fn measure(&mut self, base: &Base, row: usize, queries: &Vectors, finders: &[Finder]) -> &[f64] {
        for ((finder, query), norm) in finders.iter().zip(&mut self.queries).zip(&mut self.norms) {
            (*query, *norm) = (finder.query, queries.norms()[finder.query as usize]);
        }
        let (of, count) = (base.query(row), finders.len());
        let chosen = Chosen { ids: &self.queries[..count], norms: &self.norms[..count] };
        let queries = Rows::Dense(DenseRows::of(queries));
        base.compared_by().with_many(of.point, of.norm, queries, chosen, &mut self.measures[..count]);
        &self.measures[..count]
    }
}

impl Measured {
    /// Takes what the contenders of some queries kept among so many rows of so many values, a query after another, and for each of
    /// them the `long` rows; nothing for queries without. Returns whether it is worth to measure it all row by row; if it is not,
    /// nothing is taken.
    pub fn take(&mut self, [rows, dim]: [usize; 2], long: &[u32], contenders: &mut [Option<Contenders<'_>>]) -> bool {
        self.ids.clear();
        self.ends.clear();
        if dim < WIDE {
            return false;
        }
        let found: usize = contenders.iter_mut().flatten().map(|contenders| contenders.finish().count()).sum();
        if !(FINDERS * rows..MOST).contains(&found) {
            return false;
        }
        for contenders in contenders {
            if let Some(contenders) = contenders {
                self.ids.extend(contenders.finish());
                self.ids.extend_from_slice(contenders.dropped(long));
            }
            self.ends.push(self.ids.len());
        }
        true
    }

    /// Measures all that was taken. The queries are rows `first..` of `queries`.
    pub fn measure(&mut self, base: &Base, queries: &Vectors, first: usize) {
        self.sort_by_rows(base.len(), first);
        let Self { distances, rows, finders, ids, .. } = self;
        distances.clear();
        distances.resize(ids.len(), 0.0);
        let mut together = Together::default();
        let mut start = 0;
        for (row, &end) in rows[..base.len()].iter().enumerate() {
            let of_row = &finders[start as usize..end as usize];
            let next = finders.get(end as usize).filter(|_| !of_row.is_empty());
            next.into_iter().for_each(|next| prefetch(base.vectors().lines(ids[next.at as usize] as usize)));
            for finders in of_row.chunks(TOGETHER) {
                for (finder, measure) in finders.iter().zip(together.measure(base, row, queries, finders)) {
                    distances[finder.at as usize] = base.distance_of(*measure);
                }
            }
            start = end;
        }
    }

    /// Sorts the finders by the rows that they found, by counting.
    fn sort_by_rows(&mut self, rows: usize, first: usize) {
        self.rows.clear();
        self.rows.resize(rows + 1, 0);
        self.ids.iter().for_each(|&id| self.rows[id as usize + 1] += 1);
        for row in 0..rows {
            self.rows[row + 1] += self.rows[row];
        }
        self.finders.resize(self.ids.len(), Finder::default());
        let mut start = 0;
        for (query, &end) in self.ends.iter().enumerate() {
            for at in start..end {
                let place = &mut self.rows[self.ids[at] as usize];
                self.finders[*place as usize] = Finder { query: (first + query) as u32, at: at as u32 };
                *place += 1;
            }
            start = end;
        }
    }

    /// The ids that the query at this place found, with their distances, once they are measured.
    pub fn of_query(&self, place: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let range = place.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[place];
        self.ids[range.clone()].iter().copied().zip(self.distances[range].iter().copied())
    }

    /// Makes as much room as another has.
    pub fn make_room(&mut self, other: &Self) {
        reserve(&mut self.ids, other.ids.capacity());
        reserve(&mut self.distances, other.distances.capacity());
        reserve(&mut self.ends, other.ends.capacity());
        reserve(&mut self.rows, other.rows.capacity());
        reserve(&mut self.finders, other.finders.capacity());
    }
}
