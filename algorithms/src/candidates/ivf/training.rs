//! Centroids: k-means of dense vectors, k-majority of bits, k-medoids of sets and sparse vectors.

use super::IvfBuild;
use crate::base::Base;
use crate::distance::Distance;
use crate::nearest::{Scan, for_each_nearest};
use crate::points::{Bits, Points, Vectors};
use crate::random;
use rayon::prelude::*;

/// Training rows for each list: more hardly move a centroid.
const TRAINING: usize = 256;
/// The same where a centroid is one of the rows.
const TRAINING_MEDOIDS: usize = 64;
/// Rows of a list that may become its medoid in a round, beside the one that is.
const CANDIDATES: usize = 16;
/// Rows of a list to which their distances are summed.
const WITNESSES: usize = 64;

/// The centroids of lists.
#[derive(Clone, Debug)]
pub struct Centroids {
    points: Points,
    /// The id of each in the base, where they are base points.
    medoids: Option<Vec<u32>>,
}

/// A list, and the distance to its centroid.
pub type Assigned = (usize, f64);

impl Centroids {
    /// Some points of the base.
    fn medoids(ids: Vec<u32>, of: &Points) -> Self {
        let rows: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
        Self { points: of.gather(&rows), medoids: Some(ids) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// The centroids, compared with the points of `base` as these are with one another.
    pub fn items(&self, base: &Base) -> Base {
        Base::new(self.points.clone(), base.distance()).of_items()
    }

    /// Adds the ids of medoids, or the words of values and bits, row by row.
    pub fn add_words(&self, words: &mut Vec<u32>) {
        match (&self.medoids, &self.points) {
            (Some(ids), _) => words.extend(ids),
            (None, Points::Dense(vectors)) => {
                words.extend((0..vectors.rows()).flat_map(|list| vectors.row(list)).map(|value| value.to_bits()));
            }
            (None, Points::Bits(bits)) => {
                words.extend(bits.words().iter().flat_map(|&word| [word as u32, (word >> 32) as u32]));
            }
            (None, Points::Sets(_) | Points::Sparse(_)) => {}
        }
    }

    /// The centroids of so many lists with these words, for the points of `of`; `None` if there are none.
    pub fn of_words(words: &[u32], lists: usize, of: &Points) -> Option<Self> {
        let points = match of {
            Points::Dense(vectors) => {
                let values: Vec<f32> = words.iter().map(|&bits| f32::from_bits(bits)).collect();
                Points::from(Vectors::new(&values, vectors.dim()).ok()?)
            }
            Points::Bits(bits) => {
                let (pairs, rest) = words.as_chunks::<2>();
                let words: Vec<u64> = pairs.iter().map(|&[low, high]| u64::from(low) | u64::from(high) << 32).collect();
                Points::from(Bits::new(words, bits.dim()).ok().filter(|_| rest.is_empty())?)
            }
            Points::Sets(_) | Points::Sparse(_) => {
                let are_points = words.iter().all(|&id| (id as usize) < of.len());
                return (are_points && words.len() == lists).then(|| Self::medoids(words.to_vec(), of));
            }
        };
        (points.len() == lists).then_some(Self { points, medoids: None })
    }
}

/// The nearest centroid of each row and its distance, ties by lower list. There is at least one centroid.
pub fn assign(centroids: &Base, rows: &Points) -> Vec<Assigned> {
    for_each_nearest(centroids, &Scan::new(centroids), rows, 1, |_, pool| {
        (pool.items[0].id as usize, pool.items[0].distance)
    })
}

/// The nearest centroid of each row, see [`assign`].
pub fn lists(centroids: &Base, rows: &Points) -> Vec<u32> {
    for_each_nearest(centroids, &Scan::new(centroids), rows, 1, |_, pool| pool.items[0].id)
}

/// Centroids for a sample of the base points.
pub fn train(part: &IvfBuild, base: &Base) -> Centroids {
    let by_medoids = matches!(base.points(), Points::Sets(_) | Points::Sparse(_));
    train_on(part, if by_medoids { TRAINING_MEDOIDS } else { TRAINING }, base)
}

/// The same with so many training rows for each list.
pub fn train_on(part: &IvfBuild, each: usize, base: &Base) -> Centroids {
    let lists = part.lists.min(base.len());
    let by_medoids = matches!(base.points(), Points::Sets(_) | Points::Sparse(_));
    let sample =
        random::sample(&mut random::stream(part.seed, "ivf training", 0), base.len(), lists.saturating_mul(each));
    let rows = Base::new(base.points().gather(&sample), base.distance()).of_items();
    let first = random::sample(&mut random::stream(part.seed, "ivf centroids", 0), rows.len(), lists);
    let mut centroids = if by_medoids {
        Centroids::medoids(first.iter().map(|&row| row as u32).collect(), rows.points())
    } else {
        Centroids { points: rows.points().gather(&first), medoids: None }
    };
    for round in 0..if lists > 0 { part.iterations } else { 0 } {
        let assigned = assign(&centroids.items(base), rows.points());
        centroids = match (rows.points(), &centroids.points, &centroids.medoids) {
            (Points::Dense(vectors), Points::Dense(old), _) => means(&rows, vectors, &assigned, old),
            (Points::Bits(bits), Points::Bits(old), _) => majorities(bits, &assigned, old),
            (points, _, Some(old)) => Centroids::medoids(medoids(part.seed, round, &rows, &assigned, old), points),
            _ => unreachable!("centroids are of the rows' type"),
        };
    }
    match &centroids.medoids {
        // Rows of the sample, until now.
        Some(rows) => Centroids::medoids(rows.iter().map(|&row| sample[row as usize] as u32).collect(), base.points()),
        None => centroids,
    }
}

/// The rows that are farthest from their own centroids, the farthest first: lists without rows take them.
fn farthest(assigned: &[Assigned]) -> impl Iterator<Item = usize> {
    let mut farthest: Vec<usize> = (0..assigned.len()).collect();
    farthest.sort_unstable_by(|&a, &b| assigned[b].1.total_cmp(&assigned[a].1).then(a.cmp(&b)));
    farthest.into_iter()
}

/// The mean of each list's rows; of unit rows for angular and ip (spherical k-means, Dhillon & Modha 2001). A list without a
/// mean takes the row that is farthest from its own centroid and not taken yet.
fn means(rows: &Base, vectors: &Vectors, assigned: &[Assigned], old: &Vectors) -> Centroids {
    let (dim, lists) = (vectors.dim(), old.rows());
    let (mut sums, mut weights) = (vec![0.0_f64; lists * dim], vec![0.0_f64; lists]);
    for (i, &(list, _)) in assigned.iter().enumerate() {
        let scale = match rows.distance() {
            Distance::Euclidean => 1.0,
            _ if rows.norms()[i] > 0.0 => 1.0 / rows.norms()[i],
            _ => continue,
        };
        let sum = &mut sums[list * dim..(list + 1) * dim];
        sum.iter_mut().zip(vectors.row(i)).for_each(|(sum, &value)| *sum += scale * f64::from(value));
        weights[list] += 1.0;
    }
    let mut farthest = farthest(assigned);
    let mut values = Vec::with_capacity(lists * dim);
    for (sum, &weight) in sums.chunks_exact(dim).zip(&weights) {
        let row = if weight == 0.0 { farthest.next() } else { None };
        match row {
            Some(row) => values.extend_from_slice(vectors.row(row)),
            None => values.extend(sum.iter().map(|sum| (sum / weight.max(1.0)) as f32)),
        }
    }
    // A mean of finite values is finite. If it were not, the last centroids would be kept.
    let means = Vectors::new(&values, dim).unwrap_or_else(|_| old.clone());
    Centroids { points: means.into(), medoids: None }
}

/// The bits that most of a list's rows have; where as many have a bit as have it not, the bit stays as it was. A list without
/// rows takes the row that is farthest from its own centroid and not taken yet.
fn majorities(rows: &Bits, assigned: &[Assigned], old: &Bits) -> Centroids {
    let (dim, lists) = (rows.dim(), old.rows());
    // For each bit of a list: how many more rows have it than have it not.
    let (mut excess, mut sizes) = (vec![0_i32; lists * dim], vec![0_usize; lists]);
    for (i, &(list, _)) in assigned.iter().enumerate() {
        let row = rows.row(i);
        sizes[list] += 1;
        for (j, excess) in excess[list * dim..(list + 1) * dim].iter_mut().enumerate() {
            *excess += 2 * i32::from(row.bit(j)) - 1;
        }
    }
    let mut farthest = farthest(assigned);
    let mut words = Vec::with_capacity(lists * old.stride());
    for (list, excess) in excess.chunks_exact(dim).enumerate() {
        let row = if sizes[list] == 0 { farthest.next() } else { None };
        if let Some(row) = row {
            words.extend_from_slice(rows.row(row).words);
            continue;
        }
        for (place, excess) in excess.chunks(u64::BITS as usize).enumerate() {
            let bits = excess.iter().enumerate();
            let word = bits.map(|(j, &excess)| {
                let bit = if excess == 0 { old.row(list).bit(place * 64 + j) } else { excess > 0 };
                u64::from(bit) << j
            });
            words.push(word.fold(0, |word, bit| word | bit));
        }
    }
    // No bit beyond the dimension is set. If it were, the last centroids would be kept.
    let majorities = Bits::new(words, dim).unwrap_or_else(|_| old.clone());
    Centroids { points: majorities.into(), medoids: None }
}

/// For each list the row with the least sum of distances to a sample of its rows, among the last medoid and a sample of rows;
/// ties by the last medoid, then the lower row. A list without rows takes the row that is farthest from its own medoid and not
/// taken yet. At most (16 + 1) x 64 distances for each list.
fn medoids(seed: u64, round: usize, rows: &Base, assigned: &[Assigned], old: &[u32]) -> Vec<u32> {
    let mut lists = vec![Vec::new(); old.len()];
    assigned.iter().enumerate().for_each(|(i, &(list, _))| lists[list].push(i as u32));
    let best = lists.par_iter().zip(old).enumerate().map(|(list, (members, &last))| {
        let mut rng = random::stream(seed, "ivf medoids", (round * old.len() + list) as u64);
        let mut sample = |count| random::sample(&mut rng, members.len(), count).into_iter().map(|at| members[at]);
        let (candidates, witnesses): (Vec<u32>, Vec<u32>) = (sample(CANDIDATES).collect(), sample(WITNESSES).collect());
        let sum =
            |row: u32| -> f64 { witnesses.iter().map(|&to| rows.distance_to(rows.query(row as usize), to)).sum() };
        let all = std::iter::once(last).chain(candidates).map(|row| (row, sum(row)));
        let best = all.min_by(|(_, a), (_, b)| a.total_cmp(b));
        best.map_or(last, |(row, _)| row)
    });
    let best: Vec<u32> = best.collect();
    let mut farthest = farthest(assigned);
    let take = |(medoid, members): (u32, &Vec<u32>)| {
        if members.is_empty() { farthest.next().map_or(medoid, |row| row as u32) } else { medoid }
    };
    best.into_iter().zip(&lists).map(take).collect()
}
