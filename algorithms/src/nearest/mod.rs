//! Exact nearest neighbours: a search through all base points, and exact measuring of what it leaves. For many queries the base
//! points are read once for a group of queries; on dense vectors the search is a blocked matrix product.

mod codes;
pub mod filter;
mod measured;
mod micro_kernel;
pub(crate) mod row_products;
mod scan;
mod tile;
pub(crate) mod tile_product;
pub(crate) mod within_lists;

pub use micro_kernel::{multiply_in_registers, read};
pub use scan::{Memory, Scan};

use crate::base::Base;
use crate::points::Points;
use crate::pool::Pool;
use crate::spare::Spare;
use rayon::prelude::*;
use tile::{Asked, Searched, Tile, queries_of_a_tile};

/// For each row of `queries` its `m` nearest base vectors, nearest first, ties by lower id: calls
/// `each(query, pool)` once per query, in no particular order, from as many threads as the current rayon pool has.
///
/// The result is the same for any number of threads and any tiling. Cost on dense vectors: `2 n d` flops a
/// query, plus exact measurement of hardly more than `m` vectors.
pub fn for_each_nearest<T: Send>(
    base: &Base,
    scan: &Scan,
    queries: &Points,
    m: usize,
    each: impl Fn(usize, &Pool) -> T + Sync,
) -> Vec<T> {
    let together = queries_of_a_tile(queries);
    let blocks: Vec<_> = (0..queries.len()).step_by(together).collect();
    let found = blocks.into_par_iter().map_init(Tile::default, |tile, start| {
        let range = start..(start + together).min(queries.len());
        let mut results = Vec::with_capacity(range.len());
        tile.search(Searched { base, scan }, &Asked { queries, range }, m, |i, pool| results.push(each(i, pool)));
        results
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// For each of the base points `points` its `count` nearest others, exactly, nearest first: ids and distances in the dataset's own
/// measure. For ip base points are compared by their products, as queries are with them.
pub fn nearest_others(base: &Base, points: &[usize], count: usize) -> Vec<Vec<(u32, f64)>> {
    let count = count.min(base.len().saturating_sub(1));
    if count == 0 {
        return vec![Vec::new(); points.len()];
    }
    let others = |i: usize, pool: &Pool| {
        let others = pool.items.iter().filter(|item| item.id as usize != points[i]);
        others.take(count).map(|item| (item.id, item.distance)).collect()
    };
    for_each_nearest(base, &Scan::new(base), &base.points().gather(points), count + 1, others)
}

/// Pools of many queries, with the working memory that finding them takes; kept from batch to batch.
#[derive(Default)]
pub struct Batch {
    /// The pool of each query, in their order.
    pub pools: Vec<Pool>,
    /// The similarity evaluations that a search for each query alone counts.
    pub evaluations: Vec<u64>,
    tiles: Spare<Tile>,
}

impl Batch {
    /// Makes room for `threads` threads, so that searching the same batch again does not call the allocator, whichever
    /// thread takes which query.
    pub fn level(&mut self, threads: usize) {
        self.tiles.level(threads);
    }
}

/// Fills the batch with the pools of the `m` nearest base vectors of each query, as [`Pool::fill`] makes them.
pub fn nearest_of_all(base: &Base, scan: &Scan, queries: &Points, m: usize, batch: &mut Batch) {
    let Batch { pools, evaluations, tiles } = batch;
    pools.resize_with(queries.len(), Pool::default);
    // A scan compares each query with all.
    evaluations.clear();
    evaluations.resize(queries.len(), base.len() as u64);
    let together = queries_of_a_tile(queries);
    let blocks = pools.par_chunks_mut(together).enumerate();
    blocks.for_each_init(
        || tiles.take(),
        |tile, (block, pools)| {
            let start = block * together;
            let range = start..start + pools.len();
            tile.search(Searched { base, scan }, &Asked { queries, range }, m, |i, nearest| {
                let pool = &mut pools[i - start];
                pool.copy_from(nearest);
                pool.keep_best(m);
            });
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Query;
    use crate::points::{Bits, Sets, SparseVectors, Vectors};
    use crate::scratch::Scratch;
    use crate::{Distance, random};
    use proptest::prelude::*;

    /// All distances in `f64` by the definition, sorted by (distance, id).
    fn naive(base: &Base, query: Query<'_>, m: usize) -> Vec<u32> {
        let mut all: Vec<_> = (0..base.len() as u32).map(|id| (base.distance_to(query, id), id)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(m);
        all.into_iter().map(|(_, id)| id).collect()
    }

    fn ids(pool: &Pool) -> Vec<u32> {
        pool.items.iter().map(|item| item.id).collect()
    }

    /// By all ways to search, codes included.
    fn check(base: &Base, queries: &Points, m: usize) {
        check_scan(base, &Scan::new(base), queries, m);
        if let Some(by_codes) = matches!(base.points(), Points::Dense(_)).then(|| Scan::always_by_codes(base)).flatten()
        {
            check_scan(base, &by_codes, queries, m);
        }
    }

    fn check_scan(base: &Base, scan: &Scan, queries: &Points, m: usize) {
        let expected: Vec<_> = (0..queries.len()).map(|i| naive(base, Query::row(queries, i), m)).collect();
        assert_eq!(for_each_nearest(base, scan, queries, m, |_, pool| ids(pool)), expected, "by tiles");
        let mut batch = Batch::default();
        nearest_of_all(base, scan, queries, m, &mut batch);
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        for (i, expected) in expected.iter().enumerate() {
            scratch.reset();
            scan.nearest(base, Query::row(queries, i), m, &mut scratch, &mut found);
            pool.fill_nearest_first(base, Query::row(queries, i), found.iter().copied(), m, &scratch);
            assert_eq!(&ids(&pool), expected, "by a scan, query {i}");
            pool.keep_best(m);
            assert_eq!(batch.pools[i], pool, "by tiles, as pools, query {i}");
        }
    }

    /// Few distinct values make many exact ties; offsets make the euclidean expansion cancel.
    fn case() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, usize, usize)> {
        (1_usize..40, 1_usize..200, 1_usize..4, prop::sample::select(vec![0.0_f32, 1000.0])).prop_flat_map(
            |(d, n, queries, offset)| {
                let value =
                    prop::sample::select(vec![-1.0_f32, 0.0, 0.25, 0.250_000_1, 1.0]).prop_map(move |v| v + offset);
                let rows = prop::collection::vec(value.clone(), n * d);
                (rows, prop::collection::vec(value, queries * d), Just(d), 1..=n)
            },
        )
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_scan((rows, queries, d, m) in case()) {
            let queries = Points::from(Vectors::new(&queries, d).expect("finite"));
            for distance in Distance::DENSE {
                let base = Base::from_values(&rows, d, distance).expect("finite");
                check(&base, &queries, m);
            }
        }
    }

    #[test]
    fn the_nearest_others_leave_out_the_point_itself_and_no_copy() {
        let base = Base::from_values(&[0.0, 5.0, 0.0, 1.0, 3.0], 1, Distance::Euclidean).expect("finite");
        let found = nearest_others(&base, &[2, 4], 3);
        assert_eq!(found, [[(0, 0.0), (3, 1.0), (4, 3.0)], [(1, 2.0), (3, 2.0), (0, 3.0)]]);
        assert_eq!(nearest_others(&base, &[0], 9)[0].len(), 4);
        let one = Base::from_values(&[1.0], 1, Distance::InnerProduct).expect("finite");
        assert_eq!(nearest_others(&one, &[0], 3), [[]; 1]);
    }

    #[test]
    fn more_rows_than_a_tile_and_values_that_f32_cannot_square() {
        let rows: Vec<f32> = (0..2500 * 3).map(|i| ((i * 7919) % 1009) as f32 - 500.0).collect();
        for scale in [1.0, 1e-30, 1e30] {
            let rows: Vec<f32> = rows.iter().map(|v| v * scale).collect();
            let queries = Points::from(Vectors::new(&rows[..30], 3).expect("finite"));
            for distance in Distance::DENSE {
                check(&Base::from_values(&rows, 3, distance).expect("finite"), &queries, 17);
            }
        }
    }

    #[test]
    fn sparse_values_whose_products_f32_cannot_hold() {
        for scale in [1.0_f32, 1e-30, 1e30] {
            let rows = |count: u32| {
                let columns: Vec<u32> = (0..count).flat_map(|row| [row % 5, 5 + row % 7, 12 + row % 3]).collect();
                let values: Vec<f32> = (0..3 * count).map(|i| ((i * 7919) % 1009) as f32 * scale).collect();
                let offsets: Vec<u64> = (0..=u64::from(count)).map(|row| 3 * row).collect();
                Points::from(SparseVectors::new(columns, values, offsets, 15).expect("finite"))
            };
            let (base, queries) = (Base::new(rows(500), Distance::InnerProduct), rows(20));
            for scan in [Scan::new(&base), Scan::by_rows(&base)] {
                check_scan(&base, &scan, &queries, 17);
            }
        }
    }

    /// So many rows that a sample guesses the cut: rows in no order; rows in order, so that all of the best are next to each other,
    /// in the sample or out of it; and the same row again and again.
    #[test]
    fn guessed_cuts_leave_none_out() {
        let (n, dim) = (4000, 5);
        let mut rng = random::stream(7, "guesses", 0);
        let drawn: Vec<f32> = (0..n * dim).map(|_| random::normal(&mut rng) as f32).collect();
        let spiral: Vec<f32> = (0..n * dim).map(|i| ((i / dim) as f32 / 1e4 + (i % dim) as f32).sin()).collect();
        let few: Vec<f32> = (0..n * dim).map(|i| [0.0, 1.0, 0.5][(i / dim) % 600 / 200 * (i % dim) % 3]).collect();
        for rows in [drawn, spiral, few] {
            let queries = Vectors::new(&[&rows[..40 * dim], &[0.0; 5]].concat(), dim).expect("finite");
            for distance in Distance::DENSE {
                let base = Base::from_values(&rows, dim, distance).expect("finite");
                for m in [1, 12, 40] {
                    check(&base, &Points::from(queries.clone()), m);
                }
            }
        }
    }

    /// Some rows so much longer than the others that the error of their similarities is larger than what those of others differ by:
    /// they are found, and do not make others hard to tell from each other. Rows of several ranges, too.
    #[test]
    fn few_rows_far_longer_than_others() {
        let (n, dim, m) = (9000, 17, 10);
        let mut rng = random::stream(9, "long rows", 0);
        let mut rows: Vec<f32> = (0..n * dim).map(|_| random::normal(&mut rng) as f32).collect();
        let queries = Points::from(Vectors::new(&rows[..6 * dim], dim).expect("finite"));
        for (row, by) in [(3, 1e4), (5000, 1e7), (8999, -1e5)] {
            rows[row * dim..(row + 1) * dim].iter_mut().for_each(|value| *value *= by);
        }
        for distance in Distance::DENSE {
            let base = Base::from_values(&rows, dim, distance).expect("finite");
            check(&base, &queries, m);
            check(&base, &queries, n - 1);
            let by_codes = Scan::always_by_codes(&base).expect("safe norms");
            for scan in [by_codes.clone().without_codes(), by_codes] {
                let (mut scratch, mut found, mut kept) = (Scratch::default(), Vec::new(), Vec::new());
                let query = Query::row(&queries, 1);
                scan.nearest(&base, query, m, &mut scratch, &mut found);
                assert!(found.len() < 20 * m, "{distance}: {} are left", found.len());
                let ranges = [2..4, 4999..5002, 8000..8001].into_iter();
                let mut memory = Memory { scratch: &scratch, kept: &mut kept };
                scan.nearest_within(&base, query, ranges.clone(), 5, &mut memory, &mut found);
                let mut within: Vec<u32> = ranges.flatten().map(|row| row as u32).collect();
                within.sort_by(|&a, &b| base.distance_to(query, a).total_cmp(&base.distance_to(query, b)));
                assert!(within[..5].iter().all(|row| found.contains(row)), "{distance}");
            }
        }
    }

    /// So many are found that they are measured row by row, with rows that no query found and some that more found than are
    /// measured at once.
    #[test]
    fn rows_that_many_queries_found() {
        let (n, dim) = (1500, 300);
        let mut rng = random::stream(10, "many found", 0);
        let rows: Vec<f32> = (0..n * dim).map(|i| random::normal(&mut rng) as f32 + (i / dim / 500) as f32).collect();
        let queries: Vec<f32> = (0..300 * dim).map(|i| rows[i] + random::normal(&mut rng) as f32 / 8.0).collect();
        let queries = Points::from(Vectors::new(&queries, dim).expect("finite"));
        for distance in Distance::DENSE {
            let base = Base::from_values(&rows, dim, distance).expect("finite");
            check(&base, &queries, 100);
        }
    }

    /// Queries so much longer than the rows that `f64` rounds distances to equal ones, or the wrong way round.
    #[test]
    fn queries_far_longer_than_rows() {
        let (n, dim) = (1500, 17);
        let mut rng = random::stream(8, "long queries", 0);
        let mut drawn =
            |rows: usize| -> Vec<f32> { (0..rows * dim).map(|_| random::normal(&mut rng) as f32).collect() };
        let (rows, queries) = (drawn(n), drawn(6));
        for (of_rows, of_queries) in [(1.0, 1e9), (1.0, 3e11), (1.0, 1e13), (1e-10, 1e3)] {
            let scaled = |values: &[f32], by: f32| values.iter().map(|value| value * by).collect::<Vec<_>>();
            let queries = Points::from(Vectors::new(&scaled(&queries, of_queries), dim).expect("finite"));
            for distance in Distance::DENSE {
                let base = Base::from_values(&scaled(&rows, of_rows), dim, distance).expect("finite");
                check(&base, &queries, 100);
            }
        }
    }

    /// Rows of several blocks: half of them few different ones, so that very many are equally near, and some of no bits or
    /// members. More queries than a tile spans.
    #[test]
    fn bits_and_sets_are_found_by_tiles_as_by_a_scan() {
        for dim in [3_usize, 64, 70, 256, 300] {
            let mut rng = random::stream(5, "tiles", dim as u64);
            let mut row = |i: usize| {
                let share = if i.is_multiple_of(2) { 0.5 } else { 1.0 / dim as f64 };
                (0..dim).map(|_| random::uniform(&mut rng) < share).collect::<Vec<bool>>()
            };
            let rows: Vec<Vec<bool>> = (0..2300).map(&mut row).collect();
            let bits = Points::from(
                Bits::pack(rows.iter().flatten().copied().collect::<Vec<_>>().into_iter(), dim).expect("rows"),
            );
            let members = |row: &Vec<bool>| (0..dim as u32).filter(|&j| row[j as usize]).collect::<Vec<u32>>();
            let sets: Vec<Vec<u32>> = rows.iter().map(members).collect();
            let sets = Points::from(Sets::from_rows(&sets, dim).expect("valid"));
            let asked: Vec<usize> = (100..200).collect();
            for m in [1, 10, 700] {
                check(&Base::new(bits.clone(), Distance::Hamming), &bits.gather(&asked), m);
                let base = Base::new(sets.clone(), Distance::Jaccard);
                check(&base, &sets.gather(&asked), m);
                check(&base.of_items(), &sets.gather(&asked), m);
            }
        }
    }

    /// Members beyond what a table of them may hold, and rows so long that similarities are rounded.
    #[test]
    fn sets_of_large_numbers_and_of_many_members() {
        let spread: Vec<Vec<u32>> = (0..300_u32).map(|i| vec![i % 7, 1000 + i % 50, 4_000_000_000 + i % 3]).collect();
        let long: Vec<Vec<u32>> = (0..40).map(|i| (i..2000 + i % 5).collect()).collect();
        for (rows, dim) in [(spread, u32::MAX as usize), (long, 3000)] {
            let sets = Points::from(Sets::from_rows(&rows, dim).expect("valid"));
            check(&Base::new(sets.clone(), Distance::Jaccard), &sets.gather(&[0, 3, 20]), 9);
        }
    }

    /// Rows of 0 to 59 members, of which few share one with a query, and one longer than a piece of members that are looked at
    /// together. Every row is a multiple of `spread`.
    #[test]
    fn sets_that_share_little() {
        for spread in [1_u32, 100_000] {
            let mut rng = random::stream(6, "share little", u64::from(spread));
            let mut row = |i: usize| {
                let size = if i == 1500 { 10_000 } else { random::below(&mut rng, 60) };
                let members = (0..size).map(|_| random::below(&mut rng, 28_000) as u32 * spread);
                members.collect::<std::collections::BTreeSet<u32>>().into_iter().collect()
            };
            let mut rows: Vec<Vec<u32>> = (0..3000).map(&mut row).collect();
            // Many that share a member: these rows are looked at one by one, and the next ones together again.
            rows[2100..2400].iter_mut().for_each(|row| row.insert(0, 0));
            rows[2100..2400].iter_mut().for_each(Vec::dedup);
            rows[7] = vec![0, spread];
            rows[1501] = Vec::new();
            let sets = Points::from(Sets::from_rows(&rows, 28_000 * spread as usize).expect("valid"));
            let asked = sets.gather(&[7, 20, 1500, 1501, 1502, 2200, 2999]);
            for m in [1, 10, 2999] {
                check(&Base::new(sets.clone(), Distance::Jaccard), &asked, m);
                check(&Base::new(sets.clone(), Distance::Jaccard).of_items(), &asked, m);
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same() {
        let rows: Vec<f32> = (0..500 * 8).map(|i| ((i * 31) % 97) as f32).collect();
        let base = Base::from_values(&rows, 8, Distance::Angular).expect("finite");
        let scan = Scan::new(&base);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| for_each_nearest(&base, &scan, base.points(), 9, |i, pool| (i, pool.items.clone())))
        };
        assert_eq!(run(1), run(3));
    }
}
