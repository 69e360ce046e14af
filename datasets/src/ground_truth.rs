//! Computes true neighbours, and checks those of a file: for a seeded sample of queries they are computed again.

use crate::dataset::{Dataset, Neighbors, Stored};
use rayon::prelude::*;
use std::fmt;
use swath_algorithms::nearest::{Scan, for_each_nearest};
use swath_algorithms::points::{Measure, Point};
use swath_algorithms::{Base, Distance, Points, Pool, Query, random};

/// The `count` nearest base vectors of each query; all if there are fewer.
pub fn compute(base: &Base, queries: &Points, count: usize) -> Neighbors {
    let count = count.min(base.len());
    let mut neighbors = Neighbors { count, ids: Vec::new(), distances: Vec::new(), stored: Stored::Float64 };
    if count == 0 {
        return neighbors;
    }
    let row = |_, pool: &Pool| pool.items.iter().map(|item| (item.id, item.distance)).collect::<Vec<_>>();
    let rows = for_each_nearest(base, &Scan::new(base), queries, count, row);
    (neighbors.ids, neighbors.distances) = rows.into_iter().flatten().unzip();
    neighbors
}

/// At most this many queries are computed again.
pub const SAMPLE: usize = 20;

/// A disagreement between the stored neighbours and those computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The query that shows it: its row in `test`.
    pub query: usize,
    /// Number of sampled queries that disagree.
    pub disagreeing: usize,
    /// Number of sampled queries.
    pub sampled: usize,
    /// The likely cause.
    pub cause: Cause,
}

/// A stored neighbour, with its distance as it is stored and as it is computed again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeighborExample {
    /// The neighbour: its row in `train`.
    pub id: u32,
    /// Its distance in the file.
    pub stored: f64,
    /// Its distance, computed from the dataset's vectors.
    pub recomputed: f64,
}

/// The likely cause of a disagreement.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The stored ids are the nearest, but their distances are in another unit.
    Unit {
        /// What the stored distances are.
        stored: &'static str,
        /// Whether the ids are in order, the nearest first.
        in_order: bool,
        /// The first neighbour that differs.
        example: NeighborExample,
    },
    /// The stored ids are the nearest, but their distances are wrong.
    Distances {
        /// Whether the ids are in order, the nearest first.
        in_order: bool,
        /// The first neighbour that differs.
        example: NeighborExample,
    },
    /// The stored ids are the nearest and the stored distances are theirs, but in another order.
    Order {
        /// Whether the nearest is last.
        is_reversed: bool,
        /// The first neighbour that differs.
        example: NeighborExample,
    },
    /// The stored ids are the nearest by another distance.
    OtherDistance {
        /// That distance.
        distance: Distance,
        /// The stored neighbour that should not be one.
        example: NeighborExample,
    },
    /// The stored ids minus one are the nearest: they count from 1.
    FromOne {
        /// The stored neighbour that should not be one.
        example: NeighborExample,
    },
    /// The stored ids are the nearest rows of `test`, not of `train`.
    AmongQueries {
        /// The stored neighbour that should not be one.
        example: NeighborExample,
    },
    /// The stored ids are not the nearest.
    Ids {
        /// Number of stored neighbours that are as near as the true ones.
        right: usize,
        /// Number of stored neighbours.
        of: usize,
        /// The distance of the farthest true neighbour.
        farthest: f64,
        /// The stored neighbour that should not be one.
        example: NeighborExample,
    },
}

impl fmt::Display for NeighborExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, stored, recomputed } = self;
        let [stored, recomputed] = [stored, recomputed].map(|distance| format!("{distance:.6}"));
        if stored == recomputed {
            write!(f, "neighbour {id} at {stored}")
        } else {
            write!(f, "neighbour {id}: stored {stored}, recomputed {recomputed}")
        }
    }
}

/// What must be done about ids that are right, but not in the order of their distances.
const OUT_OF_ORDER: &str =
    "`distances` is computed again, and each row of `neighbors` is sorted by it, the nearest first";

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, disagreeing, sampled, .. } = self;
        write!(
            f,
            "the stored neighbours disagree with recomputed ones for {disagreeing} of {sampled} sampled queries: "
        )?;
        match &self.cause {
            Cause::Unit { stored, in_order, example } => write!(
                f,
                "the ids are right, but the stored distances are {stored} (query {query}, {example}); metrics that use \
                 them will be wrong until {}",
                if *in_order { "`distances` is computed again" } else { OUT_OF_ORDER }
            ),
            Cause::Distances { in_order, example } => write!(
                f,
                "the ids are right, but the stored distances are not (query {query}, {example}); were the vectors changed \
                 after they were computed? metrics that use them will be wrong until {}",
                if *in_order { "`distances` is computed again" } else { OUT_OF_ORDER }
            ),
            Cause::Order { is_reversed, example } => write!(
                f,
                "the ids and the distances are right, but not in the same order (query {query}, {example}); {}",
                if *is_reversed {
                    "the nearest id is last: reverse each row of `neighbors`"
                } else {
                    "sort each row of `neighbors` by distance, the nearest first"
                }
            ),
            Cause::OtherDistance { distance, example } => write!(
                f,
                "they are the nearest by {distance} distance (query {query}, {example}); correct `distance`, \
                 or compute `neighbors` and `distances` again"
            ),
            Cause::FromOne { example } => write!(
                f,
                "the ids count from 1 (query {query}, {example}); subtract 1 from `neighbors`: rows count from 0"
            ),
            Cause::AmongQueries { example } => write!(
                f,
                "the ids are the nearest rows of `test` itself (query {query}, {example}); search `train` for the queries, \
                 and store those ids and distances"
            ),
            Cause::Ids { right, of, farthest, example } => write!(
                f,
                "for query {query} only {right} of {of} stored neighbours are within {farthest:.6}, as the {of} nearest are \
                 ({example}); were they computed on other vectors or in another order, or approximately? compute \
                 `neighbors` and `distances` again"
            ),
        }
    }
}

/// Compares the stored neighbours of a seeded sample of at most [`SAMPLE`] queries with exact ones; `None` if they agree, up
/// to the rounding of `f32`. Neighbours at equal distances may be in any order.
pub fn verify(base: &Base, dataset: &Dataset, seed: u64) -> Option<Doubt> {
    let m = dataset.test.len();
    let queries = random::sample(&mut random::stream(seed, "ground truth", 0), m, SAMPLE);
    let causes: Vec<(usize, Cause)> =
        queries.par_iter().filter_map(|&query| Some((query, judge(base, dataset, query)?))).collect();
    // Wrong ids are worse than wrong distances, and may be their cause; wrong ids without an explanation are the worst.
    let gravest = causes.iter().rev().max_by_key(|(_, cause)| match cause {
        Cause::Distances { .. } | Cause::Order { .. } => 1,
        Cause::Unit { .. } => 0,
        Cause::OtherDistance { .. } | Cause::FromOne { .. } | Cause::AmongQueries { .. } => 2,
        Cause::Ids { .. } => 3,
    });
    let (query, cause) = gravest?;
    Some(Doubt { query: *query, disagreeing: causes.len(), sampled: queries.len(), cause: cause.clone() })
}

/// All that a user should know of a dataset before it is used: a [`Doubt`] about its true neighbours, and [`Dataset::doubts`].
pub fn examine(dataset: &Dataset) -> Vec<String> {
    let base = Base::new(dataset.train.clone(), dataset.distance);
    // The same sample in every run: what was found is kept with a prepared dataset.
    let doubt = verify(&base, dataset, 0).map(|doubt| doubt.to_string());
    doubt.into_iter().chain(dataset.doubts()).collect()
}

/// Whether two distances agree up to the rounding of `f32` sums: within a thousandth of `b`, or of `scale` if that is larger.
fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-3 * b.abs().max(scale)
}

/// The scale for distances near 0: L2 distances have that of their row, and inner products that of the lengths multiplied,
/// `lengths`. Others have one of their own.
fn scale(distance: Distance, farthest: f64, lengths: f64) -> f64 {
    match distance {
        Distance::Euclidean => farthest,
        Distance::Angular => 1e-1,
        // A sum in f32 is rounded by far less than this part of the lengths.
        Distance::InnerProduct => 1e-2 * lengths,
        Distance::Hamming | Distance::Jaccard => 1e-3,
    }
}

/// The length of the query times the largest length of the rows at `ids`.
fn lengths(query: Point<'_>, rows: &Points, ids: &[u32]) -> f64 {
    query.norm() * ids.iter().map(|&id| rows.row(id as usize).norm()).fold(0.0, f64::max)
}

/// Candidates for the neighbours of a query: the rows `0..n` of an array.
struct Candidates<'a> {
    query: Point<'a>,
    rows: &'a Points,
    distance: Distance,
    /// A row that is left out.
    without: Option<usize>,
}

/// How good stored ids are.
struct Judged {
    /// How many of them are among the nearest.
    right: usize,
    /// The distance of the farthest of the nearest.
    farthest: f64,
    /// See [`scale`].
    scale: f64,
}

impl Candidates<'_> {
    fn to(&self, id: u32) -> f64 {
        let is_left_out = self.without == Some(id as usize);
        if is_left_out { f64::INFINITY } else { self.distance.between(self.query, self.rows.row(id as usize)) }
    }

    fn judge(&self, ids: &[u32]) -> Judged {
        let mut all: Vec<f64> = (0..self.rows.len() as u32).map(|id| self.to(id)).collect();
        let farthest = *all.select_nth_unstable_by(ids.len() - 1, f64::total_cmp).1;
        let scale = scale(self.distance, farthest, lengths(self.query, self.rows, ids));
        let is_right = |distance: f64| distance <= farthest || close(distance, farthest, scale);
        Judged { right: ids.iter().filter(|&&id| is_right(self.to(id))).count(), farthest, scale }
    }

    /// Whether all of `ids` are among the nearest.
    fn are_nearest(&self, ids: &[u32]) -> bool {
        self.judge(ids).right == ids.len()
    }
}

fn judge(base: &Base, dataset: &Dataset, at: usize) -> Option<Cause> {
    let query = Query::row(&dataset.test, at);
    let (ids, stored) = (dataset.neighbors.ids(at), dataset.neighbors.distances(at));
    if ids.is_empty() {
        return None;
    }
    let all = Candidates { query: query.point, rows: base.points(), distance: base.distance(), without: None };
    let Judged { right, farthest, scale: tolerance } = all.judge(ids);
    let example =
        |i: usize| NeighborExample { id: ids[i], stored: stored[i], recomputed: base.distance_to(query, ids[i]) };
    let recomputed: Vec<f64> = (0..ids.len()).map(|i| example(i).recomputed).collect();
    if right < ids.len() {
        let outside = recomputed.iter().position(|&d| d > farthest && !close(d, farthest, tolerance));
        return Some(wrong_ids(dataset, at, right, farthest, example(outside.unwrap_or(0))));
    }
    let first = (0..ids.len()).find(|&i| !close(stored[i], recomputed[i], tolerance))?;
    let example = example(first);
    let agree = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(&a, &b)| close(a, b, tolerance));
    let mut ascending = recomputed.clone();
    ascending.sort_unstable_by(f64::total_cmp);
    if agree(stored, &ascending) {
        let is_reversed = recomputed.windows(2).all(|pair| pair[1] <= pair[0]);
        return Some(Cause::Order { is_reversed, example });
    }
    let in_order = agree(&recomputed, &ascending);
    let unit = unit(base.distance(), dataset, at, &recomputed);
    Some(unit.map_or(Cause::Distances { in_order, example }, |stored| Cause::Unit { stored, in_order, example }))
}

/// Whether the stored distances are those of the query to the rows at `ids`.
pub(crate) fn are_distances(query: Point<'_>, rows: &Points, distance: Distance, ids: &[u32], stored: &[f64]) -> bool {
    let found: Vec<f64> = ids.iter().map(|&id| distance.between(query, rows.row(id as usize))).collect();
    let scale = scale(distance, found.iter().copied().fold(0.0, f64::max), lengths(query, rows, ids));
    found.iter().zip(stored).all(|(&found, &stored)| close(stored, found, scale))
}

/// Finds out why the stored ids of the query are not the nearest.
fn wrong_ids(dataset: &Dataset, at: usize, right: usize, farthest: f64, example: NeighborExample) -> Cause {
    let (query, rows) = (dataset.test.row(at), &dataset.train);
    let ids = dataset.neighbors.ids(at);
    let others = Distance::ALL.into_iter().filter(|&other| other.fits(rows.kind()) && other != dataset.distance);
    let nearest_by = |&distance: &Distance| Candidates { query, rows, distance, without: None }.are_nearest(ids);
    if let Some(distance) = { others }.find(nearest_by) {
        return Cause::OtherDistance { distance, example };
    }
    let less_one: Option<Vec<u32>> = ids.iter().map(|id| id.checked_sub(1)).collect();
    let distance = dataset.distance;
    if less_one.is_some_and(|ids| Candidates { query, rows, distance, without: None }.are_nearest(&ids)) {
        return Cause::FromOne { example };
    }
    // A query is its own nearest neighbour, unless it was left out.
    let rows = &dataset.test;
    let among = |without| Candidates { query, rows, distance, without }.are_nearest(ids);
    if ids.len() <= rows.len() && ids.iter().all(|&id| (id as usize) < rows.len()) && (among(None) || among(Some(at))) {
        return Cause::AmongQueries { example };
    }
    Cause::Ids { right, of: ids.len(), farthest, example }
}

/// The unit that the stored distances of the query are in, in words; `None` if no known unit fits. Of several that fit it is
/// the best: for near neighbours an angle and its chord are nearly equal.
fn unit(distance: Distance, dataset: &Dataset, at: usize, distances: &[f64]) -> Option<&'static str> {
    let convert = |convert: fn(f64) -> f64| distances.iter().map(|&d| convert(d)).collect::<Vec<f64>>();
    let angle = |d: f64| (1.0 - d).clamp(-1.0, 1.0).acos();
    let other = |distance: Distance| {
        let to = |&id: &u32| distance.between(dataset.test.row(at), dataset.train.row(id as usize));
        dataset.neighbors.ids(at).iter().map(to).collect::<Vec<f64>>()
    };
    let units = match distance {
        Distance::Euclidean => vec![
            ("squared", convert(|d| d * d)),
            ("half the squares", convert(|d| d * d / 2.0)),
            ("angular (1 - cosine)", other(Distance::Angular)),
        ],
        Distance::Angular => vec![
            ("euclidean distances of normalised vectors", convert(|d| (2.0 * d).max(0.0).sqrt())),
            ("squared euclidean distances of normalised vectors", convert(|d| 2.0 * d)),
            ("euclidean distances", other(Distance::Euclidean)),
            ("angles in radians", convert(angle)),
            ("angles divided by pi", distances.iter().map(|&d| angle(d) / std::f64::consts::PI).collect()),
            ("cosine similarities", convert(|d| 1.0 - d)),
            ("negative cosine similarities", convert(|d| d - 1.0)),
        ],
        Distance::InnerProduct => vec![
            ("inner products, not their negatives", convert(|d| -d)),
            ("1 minus the inner product", convert(|d| 1.0 + d)),
            ("angular (1 - cosine)", item_distances(dataset, at)),
        ],
        Distance::Hamming => vec![("counts of bits", {
            let dim = dataset.train.dim() as f64;
            distances.iter().map(|&d| d * dim).collect()
        })],
        Distance::Jaccard => vec![("similarities", convert(|d| 1.0 - d))],
    };
    let stored = dataset.neighbors.distances(at);
    let fits = |values: &[f64]| {
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        values.iter().zip(stored).all(|(&value, &stored)| close(stored, value, largest.min(1.0)))
    };
    let error = |values: &[f64]| values.iter().zip(stored).map(|(value, stored)| (value - stored).abs()).sum::<f64>();
    let fitting = units.iter().filter(|(_, values)| fits(values));
    fitting.min_by(|(_, a), (_, b)| error(a).total_cmp(&error(b))).map(|&(name, _)| name)
}

/// The angular distances of the query's stored neighbours, whatever the type of its vectors.
fn item_distances(dataset: &Dataset, at: usize) -> Vec<f64> {
    let query = Query::row(&dataset.test, at);
    let to = |&id: &u32| {
        let other = dataset.train.row(id as usize);
        1.0 - Measure::Cosine.between(query.point, query.norm, other, other.norm())
    };
    dataset.neighbors.ids(at).iter().map(to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Neighbors;
    use swath_algorithms::Vectors;
    use swath_algorithms::points::{Bits, Sets, SparseVectors};

    fn vectors(values: &[f32], dim: usize) -> Points {
        Vectors::new(values, dim).expect("finite").into()
    }

    fn dataset(distance: Distance) -> Dataset {
        scaled(distance, 1.0)
    }

    fn scaled(distance: Distance, scale: f32) -> Dataset {
        let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract() * 3.0 * scale;
        let train = vectors(&(0..300).map(value).collect::<Vec<_>>(), 3);
        let test = vectors(&(300..330).map(value).collect::<Vec<_>>(), 3);
        with_truth(train, test, distance)
    }

    /// With seven true neighbours of each query.
    fn with_truth(train: Points, test: Points, distance: Distance) -> Dataset {
        let base = Base::new(train.clone(), distance);
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        for q in 0..test.len() {
            let mut all: Vec<_> =
                (0..base.len() as u32).map(|id| (base.distance_to(Query::row(&test, q), id), id)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            ids.extend(all[..7].iter().map(|&(_, id)| id));
            distances.extend(all[..7].iter().map(|&(d, _)| d));
        }
        let neighbors = Neighbors { count: 7, ids, distances, stored: Stored::Float64 };
        Dataset::of_points(train, test, distance, neighbors)
    }

    fn doubt(dataset: &Dataset) -> Option<Doubt> {
        verify(&Base::new(dataset.train.clone(), dataset.distance), dataset, 1)
    }

    /// The dataset's distance, the unit that should be recognised, and the conversion to it.
    type Unit = (Distance, &'static str, fn(f64) -> f64);

    const UNITS: &[Unit] = &[
        (Distance::Euclidean, "squared", |d| d * d),
        (Distance::Euclidean, "half the squares", |d| d * d / 2.0),
        (Distance::Angular, "euclidean distances of normalised vectors", |d| (2.0 * d).sqrt()),
        (Distance::Angular, "squared euclidean distances of normalised vectors", |d| 2.0 * d),
        (Distance::Angular, "angles in radians", |d| (1.0 - d).acos()),
        (Distance::Angular, "angles divided by pi", |d| (1.0 - d).acos() / std::f64::consts::PI),
        (Distance::Angular, "cosine similarities", |d| 1.0 - d),
        (Distance::Angular, "negative cosine similarities", |d| d - 1.0),
        (Distance::InnerProduct, "inner products, not their negatives", |d| -d),
        (Distance::InnerProduct, "1 minus the inner product", |d| 1.0 + d),
        (Distance::Hamming, "counts of bits", |d| d * 70.0),
        (Distance::Jaccard, "similarities", |d| 1.0 - d),
    ];

    /// A row of 70 bits, as numbers below 70.
    fn members(row: u32) -> Vec<u32> {
        (0..70).filter(|column| (row * 7919 + column * 104_729 + row * column) % 97 < 20 + row % 30).collect()
    }

    /// Rows of bits, sets or sparse vectors, by the distance.
    fn points(rows: std::ops::Range<u32>, distance: Distance) -> Points {
        let all: Vec<Vec<u32>> = rows.map(members).collect();
        match distance {
            Distance::Hamming => {
                let bit = |i: usize| all[i / 70].contains(&(i as u32 % 70));
                Bits::pack((0..all.len() * 70).map(bit), 70).expect("whole rows").into()
            }
            Distance::Jaccard => Sets::from_rows(&all, 70).expect("ascending").into(),
            _ => {
                let offsets = all.iter().scan(0, |end, row| {
                    *end += row.len() as u64;
                    Some(*end)
                });
                let offsets: Vec<u64> = std::iter::once(0).chain(offsets).collect();
                let columns = all.concat();
                let values: Vec<f32> = columns.iter().map(|&column| (column as f32).sin() * 3.0).collect();
                SparseVectors::new(columns, values, offsets, 70).expect("finite").into()
            }
        }
    }

    fn of_other_points(distance: Distance) -> Dataset {
        with_truth(points(0..100, distance), points(100..110, distance), distance)
    }

    const OTHERS: [Distance; 3] = [Distance::Hamming, Distance::Jaccard, Distance::InnerProduct];

    #[test]
    fn other_points_are_judged_as_vectors_are() {
        for distance in OTHERS {
            let mut rounded = of_other_points(distance);
            rounded.neighbors.distances.iter_mut().for_each(|d| *d = f64::from(*d as f32));
            assert_eq!(doubt(&rounded), None, "{distance}");

            let mut stale = of_other_points(distance);
            stale.neighbors.ids.iter_mut().for_each(|id| *id = (*id + 50) % 100);
            assert!(matches!(doubt(&stale).map(|d| d.cause), Some(Cause::Ids { .. })), "{distance}");

            let mut off = of_other_points(distance);
            off.neighbors.distances.iter_mut().for_each(|d| *d *= 1.1);
            assert!(matches!(doubt(&off).map(|d| d.cause), Some(Cause::Distances { .. })), "{distance}");

            let mut from_one = of_other_points(distance);
            // One row more, which is near to no query, so that the largest id exists.
            let far = (0..100).find(|id| !from_one.neighbors.ids.contains(id)).expect("some row") as usize;
            from_one.train = from_one.train.gather(&(0..100).chain([far]).collect::<Vec<_>>());
            from_one.neighbors.ids.iter_mut().for_each(|id| *id += 1);
            assert!(matches!(doubt(&from_one).map(|d| d.cause), Some(Cause::FromOne { .. })), "{distance}");

            let mut among = of_other_points(distance);
            let of_queries = with_truth(among.test.clone(), among.test.clone(), distance);
            among.neighbors = of_queries.neighbors;
            assert!(matches!(doubt(&among).map(|d| d.cause), Some(Cause::AmongQueries { .. })), "{distance}");
        }
    }

    /// Products near 0 beside long vectors: rounding in single precision is no error.
    #[test]
    fn products_near_zero_are_judged_by_the_lengths() {
        let train = vectors(&[1e6, 1.0, 1e6, 2.0, -1e6, 3.0], 2);
        let mut near_zero = dataset(Distance::InnerProduct);
        (near_zero.train, near_zero.test) = (train, vectors(&[1e-7, -1.0], 2));
        near_zero.neighbors =
            Neighbors { count: 3, ids: vec![0, 1, 2], distances: vec![0.9, 1.9, 3.1], stored: Stored::Float64 };
        near_zero.neighbors.distances.iter_mut().for_each(|d| *d += 1e-5);
        assert_eq!(doubt(&near_zero), None);
        near_zero.neighbors.distances[0] = 0.7;
        assert_eq!(doubt(&near_zero), None, "1e-5 of the product of the lengths");
        near_zero.neighbors.distances[0] = -30.0;
        assert!(matches!(doubt(&near_zero).map(|d| d.cause), Some(Cause::Distances { .. })));
    }

    #[test]
    fn true_neighbours_agree_even_if_their_distances_are_rounded() {
        for distance in Distance::DENSE {
            for scale in [1e-6, 1.0, 1e6] {
                let mut dataset = scaled(distance, scale);
                dataset.neighbors.distances.iter_mut().for_each(|d| *d = f64::from(*d as f32));
                assert_eq!(doubt(&dataset), None);
            }
        }
    }

    #[test]
    fn ties_may_be_in_any_order() {
        let train = vectors(&[1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0], 2);
        let test = vectors(&[0.0, 0.0], 2);
        for ids in [vec![0, 1], vec![3, 2], vec![2, 0]] {
            let neighbors = Neighbors { count: 2, ids, distances: vec![1.0, 1.0], stored: Stored::Float64 };
            let mut tied = dataset(Distance::Euclidean);
            (tied.train, tied.test, tied.neighbors) = (train.clone(), test.clone(), neighbors);
            assert_eq!(doubt(&tied), None);
        }
    }

    #[test]
    fn units_are_recognised() {
        for &(distance, name, convert) in UNITS {
            let is_dense = Distance::DENSE.contains(&distance);
            let mut dataset = if is_dense { dataset(distance) } else { of_other_points(distance) };
            dataset.neighbors.distances.iter_mut().for_each(|d| *d = convert(*d));
            let doubt = doubt(&dataset).expect("a doubt");
            assert_eq!((doubt.disagreeing, doubt.sampled), (10, 10));
            assert!(matches!(doubt.cause, Cause::Unit { stored: found, .. } if found == name), "{name}: {doubt}");
            let text = doubt.to_string();
            assert!(text.contains(name) && text.contains("stored") && text.contains("again"), "{text}");
        }
    }

    #[test]
    fn another_distance_stale_ids_and_stale_distances_are_told_apart() {
        let mut other = dataset(Distance::Angular);
        other.distance = Distance::Euclidean;
        let cause = doubt(&other).map(|d| d.cause);
        assert!(matches!(cause, Some(Cause::OtherDistance { distance: Distance::Angular, .. })), "{cause:?}");

        let mut stale = dataset(Distance::Euclidean);
        stale.neighbors.ids.iter_mut().for_each(|id| *id = (*id + 50) % 100);
        assert!(matches!(doubt(&stale).map(|d| d.cause), Some(Cause::Ids { right, of: 7, .. }) if right < 7));

        let mut off = dataset(Distance::Euclidean);
        off.neighbors.distances.iter_mut().for_each(|d| *d *= 1.1);
        assert!(matches!(doubt(&off).map(|d| d.cause), Some(Cause::Distances { .. })));

        for (distance, reversed) in
            [(Distance::Euclidean, true), (Distance::Angular, true), (Distance::Euclidean, false)]
        {
            let mut disordered = dataset(distance);
            let rows = disordered.neighbors.ids.chunks_exact_mut(7);
            rows.for_each(|row| if reversed { row.reverse() } else { row.swap(0, 6) });
            let doubt = doubt(&disordered).expect("a doubt");
            assert!(matches!(doubt.cause, Cause::Order { is_reversed, .. } if is_reversed == reversed), "{doubt}");
            let text = doubt.to_string();
            let remedy =
                if reversed { "reverse each row of `neighbors`" } else { "sort each row of `neighbors` by distance" };
            assert!(text.contains(remedy) && !text.contains("computed again"), "{text}");
            disordered.neighbors.distances.iter_mut().for_each(|d| *d *= 1.1);
            let text =
                verify(&Base::new(disordered.train.clone(), distance), &disordered, 1).expect("a doubt").to_string();
            assert!(
                text.contains("computed again, and each row of `neighbors` is sorted by it, the nearest first"),
                "{text}"
            );
        }

        let mut shuffled = dataset(Distance::Euclidean);
        shuffled.neighbors.ids.rotate_left(7);
        assert!(matches!(doubt(&shuffled).map(|d| d.cause), Some(Cause::Ids { .. })));
    }

    #[test]
    fn ids_from_one_and_ids_of_queries_are_recognised() {
        let mut from_one = dataset(Distance::Euclidean);
        let rows = from_one.train.dense().expect("dense");
        let rows = (0..100).flat_map(|i| rows.row(i)).copied();
        let and_one_far_away: Vec<f32> = rows.chain([1e3; 3]).collect();
        from_one.train = vectors(&and_one_far_away, 3);
        from_one.neighbors.ids.iter_mut().for_each(|id| *id += 1);
        assert!(matches!(doubt(&from_one).map(|d| d.cause), Some(Cause::FromOne { .. })));

        let mut among = dataset(Distance::Euclidean);
        let queries = Base::new(among.test.clone(), among.distance);
        for q in 0..among.test.len() {
            let mut all: Vec<u32> = (0..10).filter(|&id| id as usize != q).collect();
            let to = |&id: &u32| queries.distance_to(queries.query(q), id);
            all.sort_by(|a, b| to(a).total_cmp(&to(b)));
            among.neighbors.ids[q * 7..(q + 1) * 7].copy_from_slice(&all[..7]);
        }
        assert!(matches!(doubt(&among).map(|d| d.cause), Some(Cause::AmongQueries { .. })));
    }
}
