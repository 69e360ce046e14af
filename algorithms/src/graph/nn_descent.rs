//! NN-descent: an approximate kNN graph in far fewer comparisons than all with all (Dong, Moses & Li 2011).
//!
//! A neighbour of a neighbour is likely to be a neighbour. Every row begins with random neighbours; in each round it looks
//! at those of its neighbours, both ways along the edges, where one of the two edges is new, and keeps the nearest. Rounds
//! are synchronous: a row sees only what the last round left, so the result does not depend on threads.

use crate::base::Base;
use crate::nearest::{Scan, for_each_nearest};
use crate::random;
use rayon::prelude::*;

/// Number of neighbours that a row keeps beyond those asked for: they lead to others.
const MORE: usize = 8;

/// Edges of each kind that a row follows in a round, at most.
const SAMPLE: usize = 12;

/// Rounds at most.
const ROUNDS: u64 = 24;

/// Ends when fewer than this share of all entries changed in a round.
const CHANGED: f64 = 0.001;

/// Number of rows on which recall is measured.
const JUDGED: usize = 1000;

/// A row's neighbour: an approximate similarity, larger is nearer, and whether its edge was not followed yet.
#[derive(Clone, Copy)]
struct Neighbor {
    similarity: f32,
    id: u32,
    is_new: bool,
}

impl Neighbor {
    fn nearer_first(&self, other: &Self) -> std::cmp::Ordering {
        other.similarity.total_cmp(&self.similarity).then(self.id.cmp(&other.id))
    }
}

/// Finds about the `g` nearest others of each row, as (id, distance), measured exactly, nearest first, ties by lower
/// id. Needs `g + 1 < n`.
pub(super) fn neighbors(base: &Base, scan: &Scan, g: usize) -> Vec<Vec<(u32, f64)>> {
    let n = base.len();
    let kept = (g + MORE).min(n - 1);
    let mut lists: Vec<Vec<Neighbor>> = (0..n).into_par_iter().map(|row| first(base, scan, row, kept)).collect();
    for round in 0..ROUNDS {
        let along = Followed::new(&mut lists, round);
        let changes: usize = lists
            .par_iter_mut()
            .enumerate()
            .map_init(|| Met::new(n), |seen, (row, list)| improve(base, scan, &along, row, kept, list, seen))
            .sum();
        if (changes as f64) < CHANGED * (n * kept) as f64 {
            break;
        }
    }
    let exact = |(row, list): (usize, &Vec<Neighbor>)| {
        let query = base.query(row);
        let mut found: Vec<(u32, f64)> = list.iter().map(|e| (e.id, base.distance_to(query, e.id))).collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.truncate(g);
        found
    };
    lists.par_iter().enumerate().map(exact).collect()
}

/// The share of the true `g` nearest neighbours that were found, over a seeded sample of rows. One as near as the last
/// of them counts, too.
pub(super) fn recall(base: &Base, scan: &Scan, found: &[Vec<(u32, f64)>], g: usize) -> f64 {
    let rows = random::sample(&mut random::stream(0, "nn-descent recall", 0), base.len(), JUDGED);
    let queries = base.points().gather(&rows);
    let hits = for_each_nearest(base, scan, &queries, g + 1, |i, pool| {
        let others = pool.items.iter().filter(|item| item.id as usize != rows[i]).take(g);
        let last = others.map(|item| item.distance).fold(0.0, f64::max);
        found[rows[i]].iter().filter(|(_, distance)| *distance <= last).count()
    });
    hits.iter().sum::<usize>() as f64 / (rows.len() * g) as f64
}

/// Random neighbours.
fn first(base: &Base, scan: &Scan, row: usize, kept: usize) -> Vec<Neighbor> {
    let mut rng = random::stream(0, "nn-descent first", row as u64);
    let mut ids: Vec<u32> = Vec::with_capacity(kept);
    while ids.len() < kept {
        let id = random::below(&mut rng, base.len()) as u32;
        if id as usize != row && !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut similarities = vec![0.0; kept];
    scan.similarities_at(base, row, &ids, &mut similarities);
    let neighbor = |(similarity, id)| Neighbor { similarity, id, is_new: true };
    let mut list: Vec<Neighbor> = similarities.into_iter().zip(ids).map(neighbor).collect();
    list.sort_by(Neighbor::nearer_first);
    list
}

/// The edges that rows follow in one round: for each row a sample of its new and of its old neighbours, and of the rows
/// that have it as one.
struct Followed {
    fresh: Vec<Vec<u32>>,
    stale: Vec<Vec<u32>>,
}

impl Followed {
    /// Draws the samples, and marks the new neighbours in them as old.
    fn new(lists: &mut [Vec<Neighbor>], round: u64) -> Self {
        let n = lists.len();
        let chosen: Vec<(Vec<u32>, Vec<u32>)> = lists
            .par_iter_mut()
            .enumerate()
            .map(|(row, list)| {
                let mut rng = random::stream(round, "nn-descent forward", row as u64);
                let mut fresh: Vec<usize> = (0..list.len()).filter(|&at| list[at].is_new).collect();
                random::shuffle(&mut rng, &mut fresh);
                fresh.truncate(SAMPLE);
                let stale: Vec<u32> = list.iter().filter(|e| !e.is_new).map(|e| e.id).take(SAMPLE).collect();
                let fresh = fresh.into_iter().map(|at| {
                    list[at].is_new = false;
                    list[at].id
                });
                (fresh.collect(), stale)
            })
            .collect();
        let (mut fresh_back, mut stale_back) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        for (row, (fresh, stale)) in chosen.iter().enumerate() {
            fresh.iter().for_each(|&id| fresh_back[id as usize].push(row as u32));
            stale.iter().for_each(|&id| stale_back[id as usize].push(row as u32));
        }
        let both = |there: Vec<u32>, mut back: Vec<u32>, row: usize| {
            random::shuffle(&mut random::stream(round, "nn-descent backward", row as u64), &mut back);
            back.truncate(SAMPLE);
            let mut all = there;
            all.extend(back);
            all.sort_unstable();
            all.dedup();
            all
        };
        let rows = chosen.into_par_iter().zip(fresh_back).zip(stale_back).enumerate();
        let (fresh, stale) = rows
            .map(|(row, (((fresh, stale), fresh_back), stale_back))| {
                (both(fresh, fresh_back, row), both(stale, stale_back, row))
            })
            .unzip();
        Self { fresh, stale }
    }
}

/// The ids that a row has met in this round.
struct Met {
    at: Vec<u32>,
    now: u32,
    ids: Vec<u32>,
    similarities: Vec<f32>,
    /// The row's list before the round.
    before: Vec<u32>,
}

impl Met {
    fn new(n: usize) -> Self {
        Self { at: vec![0; n], now: 0, ids: Vec::new(), similarities: Vec::new(), before: Vec::new() }
    }

    /// Begins another row.
    fn clear(&mut self) {
        self.ids.clear();
        self.now = self.now.wrapping_add(1);
        if self.now == 0 {
            self.at.fill(0);
            self.now = 1;
        }
    }

    fn meet(&mut self, id: u32, is_candidate: bool) {
        if std::mem::replace(&mut self.at[id as usize], self.now) != self.now && is_candidate {
            self.ids.push(id);
        }
    }
}

/// Looks at neighbours of neighbours and keeps the nearest; returns how many entries changed.
fn improve(
    base: &Base,
    scan: &Scan,
    along: &Followed,
    row: usize,
    kept: usize,
    list: &mut Vec<Neighbor>,
    seen: &mut Met,
) -> usize {
    seen.clear();
    seen.meet(row as u32, false);
    list.iter().for_each(|entry| seen.meet(entry.id, false));
    seen.before.clear();
    seen.before.extend(list.iter().map(|entry| entry.id));
    // Along two edges of which one is new. The end of the first is met as well, since that edge may lead back.
    for &middle in &along.fresh[row] {
        seen.meet(middle, true);
        let onward = along.fresh[middle as usize].iter().chain(&along.stale[middle as usize]);
        onward.for_each(|&id| seen.meet(id, true));
    }
    for &middle in &along.stale[row] {
        along.fresh[middle as usize].iter().for_each(|&id| seen.meet(id, true));
    }
    seen.similarities.resize(seen.ids.len(), 0.0);
    scan.similarities_at(base, row, &seen.ids, &mut seen.similarities);
    let before = list.len();
    let worst = list.last().map_or(f32::NEG_INFINITY, |entry| entry.similarity);
    let found =
        seen.similarities.iter().zip(&seen.ids).filter(|&(&similarity, _)| before < kept || similarity >= worst);
    list.extend(found.map(|(&similarity, &id)| Neighbor { similarity, id, is_new: true }));
    list.sort_by(Neighbor::nearer_first);
    list.truncate(kept);
    list.iter().filter(|entry| !seen.before.contains(&entry.id)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Bits, Sets, SparseVectors};
    use crate::{Distance, Vectors};

    /// Points around `clusters` centres.
    fn clustered(n: usize, d: usize, clusters: usize, distance: Distance) -> Base {
        let mut rng = random::stream(1, "clustered", 0);
        let mut value = || random::normal(&mut rng) as f32;
        let centres: Vec<f32> = (0..clusters * d).map(|_| 2.0 * value()).collect();
        let values: Vec<f32> = (0..n * d).map(|at| centres[at / d % clusters * d + at % d] + value()).collect();
        Base::new(Vectors::new(&values, d).expect("finite"), distance)
    }

    /// Rows of `d` numbers that are there or not, most as in one of `clusters` centres: for each row those that are there.
    fn clustered_members(n: usize, d: usize, clusters: usize) -> Vec<Vec<u32>> {
        let mut rng = random::stream(2, "clustered", 0);
        let centres: Vec<bool> = (0..clusters * d).map(|_| random::uniform(&mut rng) < 0.3).collect();
        let mut is_there = |row: usize, at: usize| {
            let (other, drawn) = (random::uniform(&mut rng) < 0.15, random::uniform(&mut rng) < 0.3);
            if other { drawn } else { centres[row % clusters * d + at] }
        };
        (0..n).map(|row| (0..d).filter(|&at| is_there(row, at)).map(|at| at as u32).collect()).collect()
    }

    /// Clustered points of every type, each a query to the others.
    fn clustered_of_every_type() -> Vec<Base> {
        let (n, d) = (4000, 120);
        let rows = clustered_members(n, d, 20);
        let bits = (0..n * d).map(|at| rows[at / d].contains(&((at % d) as u32)));
        let bits = Bits::pack(bits, d).expect("whole rows");
        let sets = Sets::from_rows(&rows, d).expect("valid");
        let values: Vec<f32> = (0..sets.members().len()).map(|at| 1.0 + (at * 7 % 10) as f32 / 10.0).collect();
        let sparse = SparseVectors::new(sets.members().clone(), values, sets.offsets().clone(), d).expect("valid");
        let dense = Distance::DENSE.map(|distance| clustered(n, 12, 20, distance));
        let others = [
            Base::new(bits, Distance::Hamming),
            Base::new(sets, Distance::Jaccard),
            Base::new(sparse, Distance::InnerProduct),
        ];
        dense.into_iter().chain(others.map(|base| base.of_items())).collect()
    }

    #[test]
    fn finds_nearly_all_true_neighbours_the_same_with_any_number_of_threads() {
        for base in clustered_of_every_type() {
            let of = format!("{} of {}", base.distance(), base.points().kind());
            let scan = Scan::new(&base);
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| neighbors(&base, &scan, 10))
            };
            let found = run(1);
            assert_eq!(found, run(3));
            let recall = recall(&base, &scan, &found, 10);
            assert!(recall >= 0.95, "{of}: {recall}");
            for (row, list) in found.iter().enumerate() {
                assert_eq!(list.len(), 10);
                assert!(
                    list.windows(2).all(|w| (w[0].1, w[0].0) < (w[1].1, w[1].0)),
                    "{of}: row {row} is not in order"
                );
                let mut ids: Vec<u32> = list.iter().map(|&(id, _)| id).collect();
                ids.sort_unstable();
                ids.dedup();
                assert!(ids.len() == 10 && !ids.contains(&(row as u32)), "{of}: row {row}");
                assert!(list.iter().all(|&(id, d)| d == base.distance_to(base.query(row), id)));
            }
        }
    }

    /// Empty sets are at no distance from each other, and as far as can be from all others.
    #[test]
    fn empty_sets_find_each_other() {
        let mut rows = clustered_members(600, 60, 6);
        (0..12).for_each(|i| rows[i * 37].clear());
        let base = Base::new(Sets::from_rows(&rows, 60).expect("valid"), Distance::Jaccard).of_items();
        let scan = Scan::new(&base);
        let found = neighbors(&base, &scan, 8);
        let recall = recall(&base, &scan, &found, 8);
        assert!(recall >= 0.95, "{recall}");
        let mut equal = 0;
        for (row, list) in found.iter().enumerate().filter(|&(row, _)| rows[row].is_empty()) {
            for &(id, distance) in list {
                let expected = if rows[id as usize].is_empty() { 0.0 } else { 1.0 };
                assert_eq!(distance, expected, "{row} and {id}");
                equal += usize::from(distance == 0.0);
            }
        }
        assert!(equal > 0, "none found another");
    }

    #[test]
    fn duplicates_zero_vectors_and_few_rows_are_no_trouble() {
        let mut values = vec![0.0_f32; 60 * 3];
        values[90..].iter_mut().enumerate().for_each(|(i, v)| *v = (i % 4) as f32);
        for distance in Distance::DENSE {
            let base = Base::from_values(&values, 3, distance).expect("finite");
            let scan = Scan::new(&base);
            let found = neighbors(&base, &scan, 5);
            assert!(found.iter().all(|list| list.len() == 5));
            let three = Base::from_values(&values[84..93], 3, distance).expect("finite");
            assert!(neighbors(&three, &Scan::new(&three), 1).iter().all(|list| list.len() == 1));
        }
    }
}
