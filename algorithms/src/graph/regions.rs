//! Dense vectors in lists around centroids, and what each finds in the lists that are nearest to it: where NN-descent begins.

use crate::base::Base;
use crate::candidates::ivf::{IvfBuild, training};
use crate::items::{Centre, GridRows, Items as _};
use crate::nearest::within_lists::{Lists, NONE, Queries, TOGETHER, nearest_within};
use std::ops::Range;

/// Lists for each unit of the square root of the number of vectors, so that a vector is compared with about as many centroids
/// as vectors in a few lists.
const LISTS: f64 = 2.0;

/// Lists that a vector is compared with.
const ASKED: usize = 24;

/// Training rows for each list, and rounds of training: more hardly move a centroid.
const TRAINING: usize = 32;
const ROUNDS: usize = 2;

/// The longest list, in multiples of the mean length. Longer ones are cut, so that the time does not grow with the square of the
/// number of vectors where many are the same.
const LONGEST: usize = 16;

/// Dense vectors on a grid, list by list.
pub struct Regions {
    /// The vector at each place.
    pub order: Vec<u32>,
    /// The vectors in that order.
    pub grid: GridRows,
    /// The places of each list.
    lists: Vec<Range<usize>>,
    /// For each place the lists that are nearest, the nearest first, as many for each.
    asked: Vec<u32>,
}

impl Regions {
    /// Those of dense vectors, at least one, about their centre.
    pub fn of(base: &Base, centre: &Centre) -> Self {
        let n = base.len();
        let count = ((LISTS * (n as f64).sqrt()) as usize).clamp(1, n);
        let part = IvfBuild { lists: count, iterations: ROUNDS, seed: 0 };
        let centroids = near_together(&training::train_on(&part, TRAINING, base).items(base));
        let each = ASKED.min(count);
        let nearest = nearest_lists(base, centre, &centroids, each);
        let own: Vec<u32> = nearest.chunks_exact(each).map(|lists| lists[0]).collect();
        let (order, lists) = by_list(&own, count);
        let asked = order.iter().flat_map(|&id| nearest[id as usize * each..][..each].iter().copied()).collect();
        drop(nearest);
        let grid = GridRows::of(centre, base, n, |place| order[place] as usize);
        Self { order, grid, lists, asked }.cut(LONGEST * n.div_ceil(count))
    }

    /// The same with lists of at most so many places. A vector asks for the part that it is in, and for one part of each other list.
    fn cut(self, most: usize) -> Self {
        let each = self.asked.len() / self.order.len();
        // The parts of each list.
        let mut lists = Vec::with_capacity(self.lists.len());
        let mut parts = Vec::with_capacity(self.lists.len());
        for range in &self.lists {
            let first = lists.len();
            lists.extend(range.clone().step_by(most).map(|start| start..(start + most).min(range.end)));
            // A list without places.
            if first == lists.len() {
                lists.push(range.clone());
            }
            parts.push(first..lists.len());
        }
        let mut asked = self.asked;
        for (place, asked) in asked.chunks_exact_mut(each).enumerate() {
            for asked in asked {
                let (range, parts) = (&self.lists[*asked as usize], &parts[*asked as usize]);
                let part = if range.contains(&place) { (place - range.start) / most } else { place % parts.len() };
                *asked = (parts.start + part) as u32;
            }
        }
        Self { lists, asked, ..self }
    }

    /// For each place the `m` other places that are nearest, as far as they are in its lists, nearest first; [`NONE`] for each
    /// that is missing.
    pub fn nearest(&self, m: usize) -> Vec<u32> {
        let lists = Lists { grid: &self.grid, ranges: &self.lists };
        // One more: a vector finds itself.
        let found = nearest_within(lists, Queries { grid: &self.grid, asked: &self.asked }, m + 1);
        let mut nearest = Vec::with_capacity(self.order.len() * m);
        for (place, found) in found.chunks_exact(m + 1).enumerate() {
            let others = found.iter().copied().filter(|&other| other as usize != place);
            nearest.extend(others.chain(std::iter::once(NONE)).take(m));
        }
        nearest
    }
}

/// For each vector the `m` nearest of the centroids, the nearest first, ties by lower number.
fn nearest_lists(base: &Base, centre: &Centre, centroids: &Base, m: usize) -> Vec<u32> {
    let centroids = GridRows::of(centre, centroids, centroids.len(), |list| list);
    let all = 0..centroids.len();
    let mut nearest = Vec::with_capacity(base.len() * m);
    // Some vectors at a time: all of them on the grid are half as large as the vectors are.
    let together = TOGETHER * rayon::current_num_threads();
    for start in (0..base.len()).step_by(together) {
        let count = together.min(base.len() - start);
        let grid = GridRows::of(centre, base, count, |place| start + place);
        let queries = Queries { grid: &grid, asked: &vec![0; count] };
        nearest.append(&mut nearest_within(Lists { grid: &centroids, ranges: std::slice::from_ref(&all) }, queries, m));
    }
    nearest
}

/// The centroids, near ones next to each other: those that are nearest to the same one of some of them.
fn near_together(centroids: &Base) -> Base {
    let groups = (centroids.len() as f64).sqrt().ceil() as usize;
    let some: Vec<u32> = (0..groups).map(|group| (group * centroids.len() / groups) as u32).collect();
    let (order, _) = by_list(&training::lists(&copy(centroids, &some), centroids.points()), groups);
    copy(centroids, &order)
}

/// The numbers of what is in lists in the order of these, ascending within a list, and the places of each list.
fn by_list(list_of: &[u32], lists: usize) -> (Vec<u32>, Vec<Range<usize>>) {
    let mut order: Vec<u32> = (0..list_of.len() as u32).collect();
    order.sort_by_key(|&id| list_of[id as usize]);
    let start = |list: u32| order.partition_point(|&id| list_of[id as usize] < list);
    let ranges = (0..lists as u32).map(|list| start(list)..start(list + 1)).collect();
    (order, ranges)
}

/// Some points.
fn copy(base: &Base, ids: &[u32]) -> Base {
    let ids: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
    Base::new(base.points().gather(&ids), base.distance())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::samples::Sample;
    use crate::distance::Distance;
    use crate::points::PointType;

    #[test]
    fn every_vector_is_in_one_list_and_asks_for_it_first() {
        for rows in [1, 2, 3, 50, 1000] {
            for distance in Distance::DENSE {
                let base = Sample { rows, centres: 5, dim: 12 }.base(PointType::Dense, distance, "base").of_items();
                for most in [rows, 7] {
                    let Regions { order, lists, asked, .. } = Regions::of(&base, &Centre::of(&base)).cut(most);
                    let mut ids = order.clone();
                    ids.sort_unstable();
                    assert!(ids.into_iter().eq(0..rows as u32));
                    assert!(lists.iter().cloned().flatten().eq(0..rows) && lists.iter().all(|list| list.len() <= most));
                    let each = asked.len() / rows;
                    for (place, asked) in asked.chunks_exact(each).enumerate() {
                        assert!(lists[asked[0] as usize].contains(&place), "{rows} rows, {distance}, cut at {most}");
                        let mut different = asked.to_vec();
                        different.sort_unstable();
                        different.dedup();
                        assert_eq!(different.len(), each);
                    }
                }
            }
        }
    }

    /// With so few vectors all lists are asked for, and what is found is what is nearest on the grid.
    #[test]
    fn each_finds_its_nearest_others() {
        use crate::items::Distances as _;
        let base = Sample { rows: 90, centres: 5, dim: 12 }.base(PointType::Dense, Distance::Euclidean, "base");
        let regions = Regions::of(&base, &Centre::of(&base));
        assert!(regions.lists.len() <= ASKED);
        let found = regions.nearest(10);
        for place in 0..90 {
            let mut all = [0; 90];
            let places: Vec<u32> = (0..90).collect();
            let from = regions.grid.from(place);
            from.measure(&places[..45], &mut all[..45]);
            from.measure(&places[45..], &mut all[45..]);
            let of = |found: &[u32]| found.iter().map(|&other| all[other as usize]).collect::<Vec<_>>();
            let mut expected: Vec<u32> = (0..90).filter(|&other| other != place).collect();
            expected.sort_by_key(|&other| all[other as usize]);
            // Similarities are rounded to 24 bits.
            let both = of(&found[place as usize * 10..][..10]).into_iter().zip(of(&expected[..10]));
            assert!(both.clone().all(|(a, b)| (a - b).abs() <= 128), "{place}: {:?}", both.collect::<Vec<_>>());
        }
        let all = regions.nearest(100);
        assert!(all.chunks_exact(100).all(|found| found.iter().filter(|&&other| other == NONE).count() == 11));
    }
}
