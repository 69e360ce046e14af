//! NN-descent: an approximate kNN graph in far fewer comparisons than all with all (Dong, Moses & Li 2011).
//!
//! A neighbour of a neighbour is likely to be a neighbour. Every row begins with some neighbours: dense vectors of one scale (see
//! [`Centre`]) with the nearest in the lists of [`Regions`], others with random ones. In each round a row looks at the neighbours
//! of its neighbours, both ways along the edges, where one of the two edges is new, and keeps the nearest. Rounds are
//! synchronous: a row sees only what the last round left, so the result does not depend on threads. Points are compared as
//! [`items`](crate::items) are, so it does not depend on the machine either.

use super::regions::Regions;
use crate::base::Base;
use crate::items::{Centre, Distances, ExactDistances, ExactItems, ItemDistance, Items, TOGETHER};
use crate::nearest::within_lists::NONE;
use crate::nearest::{Scan, for_each_nearest};
use crate::points::Points;
use crate::prefetch::prefetch;
use crate::random;
use rayon::prelude::*;

/// Number of neighbours that a row keeps beyond those asked for: they lead to others.
const MORE: usize = 8;

/// Edges of each kind that a row follows in a round in each direction, at most.
const SAMPLE: usize = 8;

/// Rounds at most.
const ROUNDS: u64 = 24;

/// Ends when fewer than this share of all entries changed in a round.
const ENOUGH_CHANGED: f64 = 0.001;

/// The same where rows begin with the nearest of lists. Where one round changes few, to compare with more lists finds more than
/// a second round in the same time.
const ENOUGH_CHANGED_OF_REGIONS: f64 = 0.1;

/// Number of neighbours beyond those asked for that are measured exactly.
const MORE_EXACT: usize = 4;

/// Rows that are fetched ahead.
const AHEAD: usize = 16;

/// Number of rows on which recall is measured.
const JUDGED: usize = 1000;

/// Rows that are worked on together.
const BLOCK: usize = 2048;

/// A row's neighbour, and whether its edge was not followed yet.
#[derive(Clone, Copy, Debug)]
struct Neighbor<D> {
    distance: D,
    id: u32,
    is_new: bool,
}

impl<D: ItemDistance> Neighbor<D> {
    fn key(&self) -> (D, u32) {
        (self.distance, self.id)
    }
}

/// Finds about the `g` nearest others of each row, as (id, distance), measured exactly, nearest first, ties by lower
/// id. Needs `g + 1 < n`.
pub(super) fn neighbors(base: &Base, g: usize) -> Vec<Vec<(u32, f64)>> {
    let kept = (g + MORE).min(base.len() - 1);
    let on_grid = || matches!(base.points(), Points::Dense(_)).then(|| Centre::of(base));
    if let Some(centre) = on_grid().filter(|centre| centre.is_of_one_scale) {
        let regions = Regions::of(base, &centre);
        let first = regions.nearest(kept);
        let Regions { order, grid, .. } = regions;
        let found = descend(&grid, kept, first, ENOUGH_CHANGED_OF_REGIONS);
        drop(grid);
        let mut places = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&id, place)| places[id as usize] = place);
        let near = |row: usize| found[places[row] as usize * kept..][..kept].iter().map(|&place| order[place as usize]);
        return exact(base, g, |row, ids| ids.extend(near(row)));
    }
    let first = vec![NONE; base.len() * kept];
    let found = descend(&ExactItems::new(base), kept, first, ENOUGH_CHANGED);
    exact(base, g, |row, ids| ids.extend(&found[row * kept..][..kept]))
}

/// The `g` nearest of those that `near` adds for each row, which come nearest first: of a few more than `g`, by their exact
/// distances.
fn exact(base: &Base, g: usize, near: impl Fn(usize, &mut Vec<u32>) + Sync) -> Vec<Vec<(u32, f64)>> {
    let of_row = |ids: &mut Vec<u32>, row| {
        ids.clear();
        near(row, ids);
        ids.truncate(g + MORE_EXACT);
        let mut found = Vec::with_capacity(ids.len());
        let from = ExactDistances::new(base, base.query(row));
        measure(&from, ids, |id, distance| found.push((id, distance.0)));
        found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.truncate(g);
        found
    };
    (0..base.len()).into_par_iter().map_init(Vec::new, of_row).collect()
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

/// Puts random rows into the places of those that are missing.
fn fill(n: usize, row: usize, list: &mut [u32]) {
    let mut there = list.iter().position(|&id| id == NONE).unwrap_or(list.len());
    if there == list.len() {
        return;
    }
    let mut rng = random::stream(0, "nn-descent first", row as u64);
    while there < list.len() {
        let id = random::below(&mut rng, n) as u32;
        if id as usize != row && !list[..there].contains(&id) {
            list[there] = id;
            there += 1;
        }
    }
}

/// Improves lists of `kept` neighbours of each row until fewer than this share of all entries change in a round; what is missing in
/// the `first` ones is drawn. Returns the neighbours of each row, nearest first.
fn descend<I: Items>(items: &I, kept: usize, mut first: Vec<u32>, enough: f64) -> Vec<u32> {
    let n = items.len();
    let begin = |(row, ids): (usize, &mut [u32])| {
        fill(n, row, ids);
        let mut list: Vec<Neighbor<I::Distance>> = Vec::with_capacity(kept);
        let add = |id, distance| list.push(Neighbor { distance, id, is_new: true });
        measure(&items.from(row as u32), ids, add);
        list.sort_unstable_by_key(Neighbor::key);
        list
    };
    let mut lists: Vec<Neighbor<I::Distance>> =
        first.par_chunks_exact_mut(kept).enumerate().flat_map_iter(begin).collect();
    drop(first);
    for _ in 0..ROUNDS {
        let along = Followed::new(&mut lists, kept);
        let rows = lists.par_chunks_mut(kept).enumerate();
        let improved = rows.map_init(|| Met::new(n), |met, (row, list)| improve(items, &along, row as u32, list, met));
        let changes: usize = improved.sum();
        if (changes as f64) < enough * lists.len() as f64 {
            break;
        }
    }
    lists.iter().map(|near| near.id).collect()
}

/// Calls `each` with the rows at `ids` and their distances to a row.
fn measure<D: Distances>(from: &D, ids: &[u32], mut each: impl FnMut(u32, D::Distance)) {
    let mut distances = [D::Distance::default(); TOGETHER];
    let mut chunks = ids.chunks(AHEAD).peekable();
    chunks.peek().into_iter().copied().flatten().for_each(|&id| from.prefetch(id));
    while let Some(ids) = chunks.next() {
        chunks.peek().into_iter().copied().flatten().for_each(|&id| from.prefetch(id));
        from.measure(ids, &mut distances[..ids.len()]);
        ids.iter().zip(distances).for_each(|(&id, distance)| each(id, distance));
    }
}

/// The edges that rows follow in one round: for each row some of its new and of its old neighbours, and of the rows that have it
/// as one; the nearest.
struct Followed {
    /// The new ones, then the old ones: `2 x WIDTH` for each row.
    ids: Vec<u32>,
    /// How many of both.
    counts: Vec<[u8; 2]>,
}

/// Edges of each kind in both directions.
const WIDTH: usize = 2 * SAMPLE;

/// An edge, as it is known to its target.
#[derive(Clone, Copy)]
struct Back<D> {
    target: u32,
    source: u32,
    distance: D,
    is_new: bool,
}

impl Followed {
    /// Chooses them, and marks the new neighbours among them as old.
    fn new<D: ItemDistance>(lists: &mut [Neighbor<D>], kept: usize) -> Self {
        let n = lists.len() / kept;
        let (mut ids, mut counts) = (vec![0; n * 2 * WIDTH], vec![[0; 2]; n]);
        let blocks = n.div_ceil(BLOCK);
        // For each block of rows its edges, by the block of their targets.
        let back: Vec<(Vec<Back<D>>, Vec<usize>)> = lists
            .par_chunks_mut(BLOCK * kept)
            .zip(ids.par_chunks_mut(BLOCK * 2 * WIDTH))
            .zip(counts.par_chunks_mut(BLOCK))
            .enumerate()
            .map(|(block, ((lists, ids), counts))| {
                let mut back = Vec::with_capacity(counts.len() * WIDTH);
                let rows = lists.chunks_exact_mut(kept).zip(ids.chunks_exact_mut(2 * WIDTH)).zip(counts);
                for (source, ((list, ids), counts)) in ((block * BLOCK) as u32..).zip(rows) {
                    for near in list {
                        let kind = usize::from(!near.is_new);
                        if usize::from(counts[kind]) == SAMPLE {
                            continue;
                        }
                        ids[kind * WIDTH + usize::from(counts[kind])] = near.id;
                        counts[kind] += 1;
                        back.push(Back { target: near.id, source, distance: near.distance, is_new: near.is_new });
                        near.is_new = false;
                    }
                }
                sorted_by_block(&back, blocks)
            })
            .collect();
        let rows = ids.par_chunks_mut(BLOCK * 2 * WIDTH).zip(counts.par_chunks_mut(BLOCK)).enumerate();
        rows.for_each_init(
            || vec![Vec::new(); 2 * BLOCK],
            |nearest, (block, (ids, counts))| {
                let all = back.iter().flat_map(|(edges, ends)| &edges[ends[block]..ends[block + 1]]);
                for edge in all {
                    let row = edge.target as usize - block * BLOCK;
                    let kind = usize::from(!edge.is_new);
                    insert(&mut nearest[2 * row + kind], (edge.distance, edge.source));
                }
                for ((ids, counts), nearest) in
                    ids.chunks_exact_mut(2 * WIDTH).zip(counts).zip(nearest.chunks_exact_mut(2))
                {
                    for (kind, nearest) in nearest.iter_mut().enumerate() {
                        let ids = &mut ids[kind * WIDTH..][..WIDTH];
                        for (_, source) in nearest.drain(..) {
                            if !ids[..usize::from(counts[kind])].contains(&source) {
                                ids[usize::from(counts[kind])] = source;
                                counts[kind] += 1;
                            }
                        }
                    }
                }
            },
        );
        Self { ids, counts }
    }

    /// The new and the old ones of a row.
    #[inline(always)]
    fn of(&self, row: u32) -> [&[u32]; 2] {
        let (ids, [new, old]) = (&self.ids[row as usize * 2 * WIDTH..][..2 * WIDTH], self.counts[row as usize]);
        [&ids[..usize::from(new)], &ids[WIDTH..WIDTH + usize::from(old)]]
    }

    #[inline(always)]
    fn prefetch(&self, row: u32) {
        prefetch(&self.ids[row as usize * 2 * WIDTH..][..2 * WIDTH]);
        prefetch(&self.counts[row as usize..=row as usize]);
    }
}

/// The edges by the block of their targets, and where those of each block begin.
fn sorted_by_block<D: ItemDistance>(edges: &[Back<D>], blocks: usize) -> (Vec<Back<D>>, Vec<usize>) {
    let block = |edge: &Back<D>| edge.target as usize / BLOCK;
    let mut ends = vec![0; blocks + 2];
    edges.iter().for_each(|edge| ends[block(edge) + 2] += 1);
    (2..blocks + 2).for_each(|block| ends[block] += ends[block - 1]);
    let mut sorted = edges.to_vec();
    for edge in edges {
        let place = &mut ends[block(edge) + 1];
        sorted[*place] = *edge;
        *place += 1;
    }
    (sorted, ends)
}

/// Keeps the least [`SAMPLE`].
fn insert<T: Ord + Copy>(least: &mut Vec<T>, one: T) {
    if least.len() == SAMPLE {
        if least[SAMPLE - 1] <= one {
            return;
        }
        least.pop();
    }
    let place = least.partition_point(|other| *other < one);
    least.insert(place, one);
}

/// The ids that a row has met in this round.
struct Met {
    at: Vec<u32>,
    now: u32,
    ids: Vec<u32>,
}

impl Met {
    fn new(n: usize) -> Self {
        Self { at: vec![0; n], now: 0, ids: Vec::new() }
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

    /// Whether it was not met before.
    #[inline(always)]
    fn is_first(&mut self, id: u32) -> bool {
        std::mem::replace(&mut self.at[id as usize], self.now) != self.now
    }

    #[inline(always)]
    fn meet(&mut self, id: u32) {
        if self.is_first(id) {
            self.ids.push(id);
        }
    }
}

/// Looks at neighbours of neighbours and keeps the nearest; returns how many entries changed.
fn improve<I: Items>(
    items: &I,
    along: &Followed,
    row: u32,
    list: &mut [Neighbor<I::Distance>],
    met: &mut Met,
) -> usize {
    met.clear();
    met.is_first(row);
    list.iter().for_each(|near| _ = met.is_first(near.id));
    let [new, old] = along.of(row);
    new.iter().chain(old).for_each(|&middle| along.prefetch(middle));
    // Along two edges of which one is new. The end of the first is met as well, since that edge may lead back.
    for &middle in new {
        met.meet(middle);
        along.of(middle).into_iter().flatten().for_each(|&id| met.meet(id));
    }
    for &middle in old {
        along.of(middle)[0].iter().for_each(|&id| met.meet(id));
    }
    let mut changes = 0;
    let ids = std::mem::take(&mut met.ids);
    measure(&items.from(row), &ids, |id, distance| {
        let found = Neighbor { distance, id, is_new: true };
        let last = list.len() - 1;
        if found.key() < list[last].key() {
            let place = list.partition_point(|near| near.key() < found.key());
            list.copy_within(place..last, place + 1);
            list[place] = found;
            changes += 1;
        }
    });
    met.ids = ids;
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Bits, Sets, SparseVectors};
    use crate::{Distance, Vectors};
    use std::fmt::Write as _;

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

    /// By its definition: of each kind, of all edges of a row the nearest; then of the rows that follow an edge to it the nearest.
    fn naive_followed(lists: &[Neighbor<i32>], kept: usize) -> Vec<[Vec<u32>; 2]> {
        let of_kind = |list: &[Neighbor<i32>], is_new: bool| -> Vec<Neighbor<i32>> {
            list.iter().copied().filter(|near| near.is_new == is_new).take(SAMPLE).collect()
        };
        let mut back = vec![[Vec::new(), Vec::new()]; lists.len() / kept];
        for (source, list) in lists.chunks_exact(kept).enumerate() {
            for kind in 0..2 {
                for near in of_kind(list, kind == 0) {
                    back[near.id as usize][kind].push((near.distance, source as u32));
                }
            }
        }
        let both = |row: usize, kind: usize| {
            let list = &lists[row * kept..][..kept];
            let mut ids: Vec<u32> = of_kind(list, kind == 0).iter().map(|near| near.id).collect();
            let mut back = back[row][kind].clone();
            back.sort_unstable();
            back.truncate(SAMPLE);
            let others: Vec<u32> = back.iter().map(|&(_, id)| id).filter(|id| !ids.contains(id)).collect();
            ids.extend(others);
            ids
        };
        (0..back.len()).map(|row| [0, 1].map(|kind| both(row, kind))).collect()
    }

    /// Rows of several blocks, some of which very many have as a neighbour, at few different distances.
    #[test]
    fn edges_that_are_followed_are_those_of_the_definition() {
        let (n, kept) = (2 * BLOCK + 100, 20);
        let mut rng = random::stream(4, "followed", 0);
        let mut lists = Vec::new();
        for row in 0..n {
            let mut list: Vec<Neighbor<i32>> = Vec::new();
            while list.len() < kept {
                let among = if list.len() < 4 { 30 } else { n };
                let id = random::below(&mut rng, among) as u32;
                if id as usize != row && list.iter().all(|near| near.id != id) {
                    let (distance, is_new) = (random::below(&mut rng, 9) as i32, random::below(&mut rng, 2) == 0);
                    list.push(Neighbor { distance, id, is_new });
                }
            }
            list.sort_unstable_by_key(Neighbor::key);
            lists.extend(list);
        }
        let expected = naive_followed(&lists, kept);
        let before = lists.clone();
        let followed = Followed::new(&mut lists, kept);
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(followed.of(row as u32).map(<[u32]>::to_vec), *expected, "{row}");
        }
        for (list, before) in lists.chunks_exact(kept).zip(before.chunks_exact(kept)) {
            let new: Vec<u32> = before.iter().filter(|near| near.is_new).skip(SAMPLE).map(|near| near.id).collect();
            assert!(list.iter().filter(|near| near.is_new).map(|near| near.id).eq(new), "what was not followed is new");
        }
    }

    /// Values are whole numbers, so that they are the same everywhere: a machine whose instructions lead to other neighbours fails
    /// here.
    #[test]
    fn neighbours_are_the_same_on_every_machine() {
        let mut said = String::new();
        for distance in Distance::DENSE {
            let mut rng = random::stream(3, "machines", 0);
            let values: Vec<f32> = (0..3000 * 17).map(|_| random::below(&mut rng, 2001) as f32 - 1000.0).collect();
            let base = Base::from_values(&values, 17, distance).expect("finite").of_items();
            let ids = neighbors(&base, 10).into_iter().flatten().map(|(id, _)| u64::from(id));
            let hash = ids.fold(0xcbf2_9ce4_8422_2325_u64, |hash, id| (hash ^ id).wrapping_mul(0x0100_0000_01b3));
            writeln!(said, "{distance}: {hash:016x}").expect("a string takes all");
        }
        insta::assert_snapshot!(said);
    }

    #[test]
    fn finds_nearly_all_true_neighbours_the_same_with_any_number_of_threads() {
        for base in clustered_of_every_type() {
            let of = format!("{} of {}", base.distance(), base.points().kind());
            let scan = Scan::new(&base);
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| neighbors(&base, 10))
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
        let found = neighbors(&base, 8);
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
            let found = neighbors(&base, 5);
            assert!(found.iter().all(|list| list.len() == 5));
            let three = Base::from_values(&values[84..93], 3, distance).expect("finite");
            assert!(neighbors(&three, 1).iter().all(|list| list.len() == 1));
        }
    }
}
