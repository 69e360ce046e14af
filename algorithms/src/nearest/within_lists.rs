//! Rows of a grid that stand list by list, each list compared with the queries that ask for it.

use super::filter::{Contenders, ErrorBound};
use super::micro_kernel::{Instructions, Panels, Rows};
use crate::items::{GridRows, Items as _};
use rayon::prelude::*;
use std::ops::Range;

/// Queries that are worked on together: the more, the more of them ask for the same lists.
pub const TOGETHER: usize = 8192;

/// Queries that are multiplied by a list at once: packed, they stay in the second-level cache.
const PACKED: usize = 256;

/// Stands for no row.
pub const NONE: u32 = u32::MAX;

/// Rows in lists.
#[derive(Clone, Copy)]
pub struct Lists<'a> {
    /// All rows.
    pub grid: &'a GridRows,
    /// The rows of each list.
    pub ranges: &'a [Range<usize>],
}

/// Queries on a grid about the same centre as the rows'.
#[derive(Clone, Copy)]
pub struct Queries<'a> {
    /// All queries.
    pub grid: &'a GridRows,
    /// The lists that each query asks for, none twice; as many for each, [`NONE`] in the places of those that are missing. A list
    /// that stands first is compared first: if it is the nearest, others take less time.
    pub asked: &'a [u32],
}

/// For each query the `m` rows that are nearest among those of the lists that it asks for, nearest first, ties by lower row; [`NONE`]
/// in the places of those that are missing.
///
/// The same for any number of threads and all instructions: a similarity is a whole number, rounded to `f32` in the same way
/// everywhere, and of equal ones the lower row is the nearer.
pub fn nearest_within(lists: Lists<'_>, queries: Queries<'_>, m: usize) -> Vec<u32> {
    nearest_with(Instructions::for_pairs(), lists, queries, m)
}

fn nearest_with(instructions: Instructions, lists: Lists<'_>, queries: Queries<'_>, m: usize) -> Vec<u32> {
    let halves: Vec<f32> = lists.grid.squares().iter().map(|&square| square as f32 / 2.0).collect();
    let mut found = vec![NONE; queries.grid.len() * m];
    let blocks = found.par_chunks_mut(TOGETHER * m).enumerate();
    blocks.for_each_init(
        || Work::with(instructions),
        |work, (block, found)| {
            work.compare(lists, &halves, queries, block * TOGETHER, m);
            for (kept, found) in work.kept.iter_mut().zip(found.chunks_exact_mut(m)) {
                kept.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                found.iter_mut().zip(&*kept).for_each(|(to, near)| *to = near.1);
            }
        },
    );
    found
}

impl Queries<'_> {
    /// Lists that each asks for.
    fn each(&self) -> usize {
        self.asked.len() / self.grid.len().max(1)
    }
}

/// What a thread works in.
struct Work {
    panels: Panels,
    by_list: ByList,
    /// The nearest rows of each query, with their similarities.
    kept: Vec<Vec<(f32, u32)>>,
}

impl Work {
    fn with(instructions: Instructions) -> Self {
        Self { panels: Panels::with(instructions), by_list: ByList::default(), kept: Vec::new() }
    }

    /// Finds the nearest rows of some queries, from `first` on.
    fn compare(&mut self, lists: Lists<'_>, halves: &[f32], queries: Queries<'_>, first: usize, m: usize) {
        let Queries { grid, asked } = queries;
        let Self { panels, by_list, kept } = self;
        let each = queries.each();
        let asked = &asked[first * each..asked.len().min((first + TOGETHER) * each)];
        let count = asked.len() / each;
        kept.resize_with(kept.len().max(count), Vec::new);
        let begin = |kept| Some(Contenders::new(m, ErrorBound::EXACT, kept).of_lowest_rows());
        let mut all: Vec<Option<Contenders<'_>>> = kept[..count].iter_mut().map(begin).collect();
        let mut some: Vec<Option<Contenders<'_>>> = Vec::with_capacity(PACKED);
        for places_of_lists in [0..1, 1..each] {
            by_list.sort(lists.ranges.len(), asked, each, &places_of_lists);
            for (list, range) in lists.ranges.iter().enumerate() {
                for places in by_list.of(list).chunks(PACKED) {
                    some.extend(places.iter().map(|&place| all[place as usize].take()));
                    panels.pack_grid(grid, places.iter().map(|&place| first + place as usize));
                    panels.multiply_grid(Rows::of_grid(lists.grid, range.clone(), halves), &mut some);
                    places.iter().zip(some.drain(..)).for_each(|(&place, back)| all[place as usize] = back);
                }
            }
            all.iter_mut().flatten().for_each(Contenders::tighten);
        }
    }
}

/// Queries by the lists that they ask for.
#[derive(Default)]
struct ByList {
    places: Vec<u32>,
    /// Where those of each list begin, and the end of the last.
    starts: Vec<usize>,
}

impl ByList {
    /// Sorts them by some of the lists that each asks for.
    fn sort(&mut self, lists: usize, asked: &[u32], each: usize, some: &Range<usize>) {
        let Self { places, starts } = self;
        starts.clear();
        starts.resize(lists + 2, 0);
        for asked in asked.chunks_exact(each) {
            let asked = asked[some.clone()].iter().filter(|&&list| list != NONE);
            asked.for_each(|&list| starts[list as usize + 2] += 1);
        }
        (2..lists + 2).for_each(|list| starts[list] += starts[list - 1]);
        places.clear();
        places.resize(starts[lists + 1], 0);
        for (place, asked) in (0_u32..).zip(asked.chunks_exact(each)) {
            for &list in asked[some.clone()].iter().filter(|&&list| list != NONE) {
                places[starts[list as usize + 1]] = place;
                starts[list as usize + 1] += 1;
            }
        }
    }

    /// Those that ask for a list.
    fn of(&self, list: usize) -> &[u32] {
        &self.places[self.starts[list]..self.starts[list + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Base;
    use crate::candidates::samples::Sample;
    use crate::distance::Distance;
    use crate::points::PointType;
    use crate::random;

    /// By its definition.
    fn naive(lists: Lists<'_>, queries: Queries<'_>, m: usize) -> Vec<u32> {
        let n = queries.grid.len();
        let each = queries.each();
        let of_query = |query: usize| {
            let asked = queries.asked[query * each..][..each].iter().filter(|&&list| list != NONE);
            let rows = asked.flat_map(|&list| lists.ranges[list as usize].clone());
            let similarity = |row: usize| {
                let pairs = queries.grid.numbers_of(query..query + 1).iter().zip(lists.grid.numbers_of(row..row + 1));
                let product: i32 = pairs.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
                product as f32 - lists.grid.squares()[row] as f32 / 2.0
            };
            let mut all: Vec<(f32, u32)> = rows.map(|row| (similarity(row), row as u32)).collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            all.into_iter().map(|(_, row)| row).chain(std::iter::repeat(NONE)).take(m).collect::<Vec<_>>()
        };
        (0..n).flat_map(of_query).collect()
    }

    /// All instructions; lists of any length, next to each other, apart and empty; dimensions beside those of registers; more
    /// queries of a list than are packed together; the same rows again and again.
    #[test]
    fn the_nearest_are_those_of_the_definition() {
        for (dim, rows, centres) in [(1, 40, 3), (3, 700, 5), (33, 500, 5), (100, 300, 9)] {
            for distance in [Distance::Angular, Distance::Euclidean] {
                let base = Sample { rows, centres, dim }.base(PointType::Dense, distance, "rows");
                let again: Vec<usize> = (0..rows).map(|row| if row % 7 == 3 { row / 14 } else { row }).collect();
                let grid = GridRows::new(&Base::new(base.points().gather(&again), distance));
                let mut rng = random::stream(3, "lists", dim as u64);
                let mut ends: Vec<usize> = (0..20).map(|_| random::below(&mut rng, rows + 1)).collect();
                ends.sort_unstable();
                let ranges: Vec<Range<usize>> = ends.windows(2).map(|ends| ends[0]..ends[1]).collect();
                let mut asked: Vec<u32> = Vec::new();
                for _ in 0..rows {
                    let mut lists = random::sample(&mut rng, ranges.len(), 4);
                    random::shuffle(&mut rng, &mut lists);
                    asked.extend(lists.into_iter().map(|list| if list == 5 { NONE } else { list as u32 }));
                }
                let (lists, queries) = (Lists { grid: &grid, ranges: &ranges }, Queries { grid: &grid, asked: &asked });
                for m in [1, 10, 60] {
                    let expected = naive(lists, queries, m);
                    for instructions in Instructions::all_for_pairs() {
                        let found = nearest_with(instructions, lists, queries, m);
                        assert!(found == expected, "{instructions:?}, {rows} x {dim}, {distance}, {m}");
                    }
                }
            }
        }
    }
}
