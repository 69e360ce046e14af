//! Is what the file calls the nearest neighbours true? A seeded sample of queries is computed again.

use crate::dataset::Dataset;
use std::fmt;
use swath_algorithms::{Base, Distance, Query, random};

/// Queries that are computed again.
pub const SAMPLE: usize = 20;

/// A disagreement between the stored neighbours and those computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The query of the largest disagreement.
    pub query: usize,
    /// Queries that disagree, of those looked at.
    pub disagreeing: (usize, usize),
    /// What the disagreement looks like.
    pub cause: Cause,
}

/// What a disagreement looks like.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The stored ids are the nearest, but their distances are in another unit.
    Unit {
        /// What the stored distances are.
        stored: &'static str,
        /// (stored, recomputed) distance of the first neighbour that differs.
        example: (f64, f64),
    },
    /// The stored ids are the nearest, but their distances are off.
    Distances {
        /// (stored, recomputed) distance of the first neighbour that differs.
        example: (f64, f64),
    },
    /// The stored ids are the nearest by another distance.
    OtherDistance(Distance),
    /// The stored ids are not the nearest.
    Ids {
        /// How many of the stored neighbours are as near as the true ones.
        right: usize,
        /// How many are stored.
        of: usize,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (disagreeing, looked_at) = self.disagreeing;
        write!(
            f,
            "the stored neighbours disagree with recomputed ones for {disagreeing} of {looked_at} sampled queries: "
        )?;
        match &self.cause {
            Cause::Unit { stored, example: (found, right) } => write!(
                f,
                "the ids are right, but the stored distances are {stored} (query {}: {found} for {right}); recall by \
                 distance will be wrong until `distances` is computed again",
                self.query
            ),
            Cause::Distances { example: (found, right) } => write!(
                f,
                "the ids are right, but the stored distances are not (query {}: {found} for {right}); were the vectors \
                 changed after `distances` was computed?",
                self.query
            ),
            Cause::OtherDistance(distance) => write!(
                f,
                "they are the nearest by {distance} distance; is the attribute `distance` wrong, or were they computed by \
                 another one?"
            ),
            Cause::Ids { right, of } => write!(
                f,
                "for query {} only {right} of {of} stored neighbours are as near as the true ones; were they computed on \
                 other vectors, or approximately?",
                self.query
            ),
        }
    }
}

/// Compares the stored neighbours of a seeded sample of at most [`SAMPLE`] queries with exact ones; `None` where they
/// agree, up to the rounding of `f32`. Neighbours at equal distances may stand in any order.
pub fn verify(base: &Base, dataset: &Dataset, seed: u64) -> Option<Doubt> {
    let m = dataset.test.rows();
    let queries = random::sample(&mut random::stream(seed, "ground truth", 0), m, SAMPLE);
    let causes: Vec<(usize, Cause)> =
        queries.iter().filter_map(|&query| Some((query, judge(base, dataset, query)?))).collect();
    // Ids that are wrong are the graver doubt, and may be what a few odd distances hint at.
    let gravest = causes.iter().max_by_key(|(_, cause)| match cause {
        Cause::Distances { .. } => 0,
        Cause::Unit { .. } => 1,
        Cause::OtherDistance(_) => 2,
        Cause::Ids { .. } => 3,
    });
    let (query, cause) = gravest?;
    Some(Doubt { query: *query, disagreeing: (causes.len(), queries.len()), cause: cause.clone() })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-3 * b.abs().max(1e-1)
}

fn judge(base: &Base, dataset: &Dataset, at: usize) -> Option<Cause> {
    let query = Query::row(&dataset.test, at);
    let (ids, stored) = (dataset.neighbors.ids(at), dataset.neighbors.distances(at));
    let recomputed: Vec<f64> = ids.iter().map(|&id| base.distance_to(query, id)).collect();
    let mut nearest: Vec<f64> = (0..base.len() as u32).map(|id| base.distance_to(query, id)).collect();
    nearest.sort_unstable_by(f64::total_cmp);
    let farthest = nearest[ids.len() - 1];
    let right = recomputed.iter().filter(|&&d| d <= farthest || close(d, farthest)).count();
    if right < ids.len() {
        let other = Distance::ALL.into_iter().find(|&d| d != base.distance() && nearest_by(d, dataset, at));
        return Some(other.map_or(Cause::Ids { right, of: ids.len() }, Cause::OtherDistance));
    }
    let wrong = |convert: &dyn Fn(f64) -> f64| recomputed.iter().zip(stored).position(|(&d, &s)| !close(s, convert(d)));
    let first = wrong(&|d| d)?;
    let example = (stored[first], recomputed[first]);
    let conversions: &[(&'static str, fn(f64) -> f64)] = match base.distance() {
        Distance::Euclidean => &[("squared", |d| d * d)],
        Distance::Angular => &[
            ("euclidean distances of normalised vectors", |d| (2.0 * d).max(0.0).sqrt()),
            ("angles in radians", |d| (1.0 - d).clamp(-1.0, 1.0).acos()),
            ("angles divided by pi", |d| (1.0 - d).clamp(-1.0, 1.0).acos() / std::f64::consts::PI),
            ("cosine similarities", |d| 1.0 - d),
        ],
    };
    // For near neighbours an angle and the chord below it are nearly equal: of the units that fit, the best.
    let error =
        |convert: fn(f64) -> f64| recomputed.iter().zip(stored).map(|(&d, &s)| (convert(d) - s).abs()).sum::<f64>();
    let fitting = conversions.iter().filter(|(_, convert)| wrong(convert).is_none());
    let unit = fitting.min_by(|(_, a), (_, b)| error(*a).total_cmp(&error(*b)));
    Some(unit.map_or(Cause::Distances { example }, |&(stored, _)| Cause::Unit { stored, example }))
}

/// Whether the stored neighbours are the nearest by `distance`.
fn nearest_by(distance: Distance, dataset: &Dataset, at: usize) -> bool {
    use swath_algorithms::distance::between;
    let query = dataset.test.lines(at);
    let measure = |id: usize| between(distance, query, dataset.train.lines(id));
    let ids = dataset.neighbors.ids(at);
    let farthest = ids.iter().map(|&id| measure(id as usize)).fold(0.0, f64::max);
    let nearer =
        (0..dataset.train.rows()).filter(|&id| measure(id) < farthest && !close(measure(id), farthest)).count();
    nearer < ids.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Neighbors;
    use swath_algorithms::Vectors;

    fn dataset(distance: Distance) -> Dataset {
        let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract() * 3.0;
        let train = Vectors::new(&(0..300).map(value).collect::<Vec<_>>(), 3).expect("finite");
        let test = Vectors::new(&(300..330).map(value).collect::<Vec<_>>(), 3).expect("finite");
        let base = Base::new(train.clone(), distance);
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        for q in 0..test.rows() {
            let mut all: Vec<_> = (0..100_u32).map(|id| (base.distance_to(Query::row(&test, q), id), id)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            ids.extend(all[..7].iter().map(|&(_, id)| id));
            distances.extend(all[..7].iter().map(|&(d, _)| d));
        }
        let neighbors = Neighbors { count: 7, ids, distances };
        Dataset { train, test, distance, neighbors, links: None, subtopics: None, train_names: None, test_names: None }
    }

    fn doubt(dataset: &Dataset) -> Option<Doubt> {
        verify(&Base::new(dataset.train.clone(), dataset.distance), dataset, 1)
    }

    #[test]
    fn truth_is_believed_and_so_is_its_rounding() {
        for distance in Distance::ALL {
            let mut dataset = dataset(distance);
            dataset.neighbors.distances.iter_mut().for_each(|d| *d = f64::from(*d as f32));
            assert_eq!(doubt(&dataset), None);
        }
    }

    #[test]
    fn units_are_recognised() {
        let cases: [(Distance, &str, fn(f64) -> f64); 3] = [
            (Distance::Euclidean, "squared", |d| d * d),
            (Distance::Angular, "euclidean distances of normalised vectors", |d| (2.0 * d).sqrt()),
            (Distance::Angular, "angles in radians", |d| (1.0 - d).acos()),
        ];
        for (distance, stored, convert) in cases {
            let mut dataset = dataset(distance);
            dataset.neighbors.distances.iter_mut().for_each(|d| *d = convert(*d));
            let doubt = doubt(&dataset).expect("a doubt");
            assert_eq!(doubt.disagreeing, (10, 10));
            assert!(matches!(doubt.cause, Cause::Unit { stored: found, .. } if found == stored), "{doubt}");
            assert!(doubt.to_string().contains(stored), "{doubt}");
        }
    }

    #[test]
    fn another_distance_stale_ids_and_stale_distances_are_told_apart() {
        let mut other = dataset(Distance::Angular);
        other.distance = Distance::Euclidean;
        assert_eq!(doubt(&other).map(|d| d.cause), Some(Cause::OtherDistance(Distance::Angular)));

        let mut stale = dataset(Distance::Euclidean);
        stale.neighbors.ids.iter_mut().for_each(|id| *id = (*id + 50) % 100);
        assert!(matches!(doubt(&stale).map(|d| d.cause), Some(Cause::Ids { right, of: 7 }) if right < 7));

        let mut off = dataset(Distance::Euclidean);
        off.neighbors.distances.iter_mut().for_each(|d| *d *= 1.1);
        assert!(matches!(doubt(&off).map(|d| d.cause), Some(Cause::Distances { .. })));
    }
}
