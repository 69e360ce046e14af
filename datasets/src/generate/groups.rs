//! Groups of clusters with the queries between them: what each query's subtopics are, and which base points cover them, is known.

use super::centres::{Centres, SPREAD};
use super::draw::{normalize, normals};
use super::{Planted, PlantedSizes, Row, Rows, Size};
use crate::aspects::Aspects;
use crate::dataset::Subtopics;
use rand_chacha::ChaCha8Rng;
use swath_algorithms::{Unfit, Vectors, random};

/// The distance from a group's middle to its clusters, over the square root of the dimension. Middles are about 1.4 apart.
const RADIUS: f64 = 0.5;

/// Clusters in groups. Base point i is in cluster `i % clusters`; cluster c is in group `c / subtopics`, and is its subtopic
/// `c % subtopics`. Query j is in the middle of group `j % groups`. Clusters that are left over are in no group.
///
/// The clusters of a group lie around its middle, each in a direction at right angles to the others'. The last `hidden` ones of a
/// group lie anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Groups {
    pub(super) clusters: usize,
    pub(super) subtopics: usize,
    pub(super) hidden: usize,
    /// The part of the way to one of the clusters that a query is moved.
    pub(super) lean: f64,
}

/// Where the groups are.
struct Places {
    middles: Centres,
    centres: Centres,
    radius: f64,
}

impl Groups {
    /// Checks that they are possible.
    pub(super) fn check(&self, size: &Size) -> Result<(), Unfit> {
        let Self { clusters, subtopics, hidden, .. } = *self;
        if subtopics > clusters {
            let message = format!("a query has {subtopics} subtopics, but there are {clusters} clusters");
            let help = format!("use `subtopics: {clusters}` or less, or more `clusters`");
            return Err(Unfit::new(message, help).of("subtopics"));
        }
        if hidden >= subtopics {
            let message = format!("{hidden} of {subtopics} subtopics are hidden, which leaves none to find");
            return Err(Unfit::new(message, format!("use `hidden: {}` or less", subtopics - 1)).of("hidden"));
        }
        let (visible, dim) = (subtopics - hidden, size.dim);
        if visible > dim {
            let message =
                format!("{visible} clusters around a query need as many directions, but there are {dim} dimensions");
            return Err(Unfit::new(message, "use fewer `subtopics`, or a larger `dimension`").of("subtopics"));
        }
        Ok(())
    }

    fn groups(&self) -> usize {
        self.clusters / self.subtopics
    }

    /// Number of clusters that lie around a group's middle.
    fn visible(&self) -> usize {
        self.subtopics - self.hidden
    }

    /// The group of a cluster, if it is in one.
    pub(super) fn group_of(&self, cluster: usize) -> Option<usize> {
        Some(cluster / self.subtopics).filter(|&group| group < self.groups())
    }

    /// The clusters of a group.
    pub(super) fn clusters_of(&self, group: usize) -> std::ops::Range<usize> {
        group * self.subtopics..(group + 1) * self.subtopics
    }

    /// Base points in a cluster.
    pub(super) fn count(&self, cluster: usize, n: usize) -> usize {
        (n + self.clusters - 1 - cluster) / self.clusters
    }

    /// The group of a query: each in turn.
    pub(super) fn group_of_query(&self, query: usize) -> usize {
        query % self.groups()
    }

    fn places(&self, size: &Size) -> Places {
        let (visible, radius) = (self.visible(), RADIUS * (size.dim as f64).sqrt());
        let middles = Centres::named(size.seed, "generated group", self.groups(), size.dim);
        let mut centres = Centres::draw(size.seed, self.clusters, size.dim);
        for group in 0..self.groups() {
            let first = self.clusters_of(group).start;
            // Gram & Schmidt, twice for precision.
            for at in first..first + visible {
                for before in (first..at).chain(first..at) {
                    let (other, own) = (centres.of(before).to_vec(), centres.of_mut(at));
                    let along = dot(&other, own);
                    own.iter_mut().zip(&other).for_each(|(x, y)| *x -= along * y);
                }
                normalize(centres.of_mut(at));
            }
            for at in first..first + visible {
                centres.of_mut(at).iter_mut().zip(middles.of(group)).for_each(|(x, middle)| *x = middle + radius * *x);
            }
        }
        Places { middles, centres, radius }
    }

    /// How rows are drawn: base points as normal clouds around the centres of their clusters. A query is as far from all clusters
    /// around it, then it leans to one of them.
    pub(super) fn rows(self, size: Size) -> Rows<'static> {
        let places = self.places(&size);
        Rows::Vectors(Box::new(move |row: Row, rng, values| {
            if row.is_query() {
                self.query(&places, self.group_of_query(row.number), rng, values);
            } else {
                places.centres.around(row.number % self.clusters, rng, values);
            }
        }))
    }

    fn query(&self, places: &Places, group: usize, rng: &mut ChaCha8Rng, values: &mut [f64]) {
        let around = || self.clusters_of(group).take(self.visible());
        let nearest = self.clusters_of(group).start + random::below(rng, self.visible());
        let middle = places.middles.of(group);
        let direction = |cluster: usize| {
            places.centres.of(cluster).iter().zip(middle).map(|(x, middle)| (x - middle) / places.radius)
        };
        normals(rng, values);
        values.iter_mut().for_each(|x| *x *= SPREAD);
        // A step that goes as far along each direction keeps the distances equal.
        let along: Vec<f64> =
            around().map(|cluster| direction(cluster).zip(values.iter()).map(|(a, b)| a * b).sum()).collect();
        let mean = along.iter().sum::<f64>() / along.len() as f64;
        for (cluster, along) in around().zip(along) {
            values.iter_mut().zip(direction(cluster)).for_each(|(x, u)| *x -= (along - mean) * u);
        }
        let lean = self.lean * places.radius;
        let moved = middle.iter().zip(direction(nearest));
        values.iter_mut().zip(moved).for_each(|(x, (middle, u))| *x += middle + lean * u);
    }

    /// Bytes of the centres.
    pub(super) fn bytes(&self, size: &Size) -> u64 {
        Centres::bytes((self.clusters + self.groups()) as u64, size.dim)
    }

    pub(super) fn planted_sizes(&self, size: &Size) -> PlantedSizes {
        let rows = |group: usize| {
            let queries = (size.queries - 1 - group) / self.groups() + 1;
            queries * self.clusters_of(group).map(|cluster| self.count(cluster, size.n)).sum::<usize>()
        };
        let subtopics = (0..self.groups().min(size.queries)).map(rows).sum();
        let aspects = size.queries.saturating_mul(self.subtopics);
        PlantedSizes { subtopics: Some(subtopics), aspects: Some(aspects), ..PlantedSizes::default() }
    }

    pub(super) fn planted(&self, size: &Size) -> Planted {
        let mut rows = Vec::with_capacity(self.planted_sizes(size).subtopics.unwrap_or(0));
        for query in 0..size.queries {
            let clusters = self.clusters_of(self.group_of_query(query));
            for start in (0..size.n).step_by(self.clusters) {
                let items = clusters.clone().map(|cluster| (start + cluster, cluster - clusters.start));
                let there = items.filter(|&(item, _)| item < size.n);
                rows.extend(there.map(|(item, subtopic)| [query as u32, item as u32, subtopic as u32]));
            }
        }
        let subtopics = Some(Subtopics::new(size.queries, rows));
        Planted { subtopics, aspects: self.aspects(size), ..Planted::default() }
    }

    /// For each query the centres of its clusters, in the order of its subtopics; `None` if a centre is beyond the range of `f32`.
    fn aspects(&self, size: &Size) -> Option<Aspects> {
        let centres = self.places(size).centres;
        let clusters = || (0..size.queries).flat_map(|query| self.clusters_of(self.group_of_query(query)));
        let values: Vec<f32> = clusters().flat_map(|cluster| centres.of(cluster)).map(|&x| x as f32).collect();
        let of: Vec<usize> = (0..size.queries).flat_map(|query| std::iter::repeat_n(query, self.subtopics)).collect();
        Some(Aspects::new(size.queries, &of, &Vectors::new(&values, size.dim).ok()?))
    }

    /// The distances from a vector to the centres around a query.
    #[cfg(test)]
    pub(super) fn distances(&self, size: &Size, query: usize, values: &[f32]) -> Vec<f64> {
        let places = self.places(size);
        let to = |cluster: usize| {
            let pairs = places.centres.of(cluster).iter().zip(values);
            pairs.map(|(x, &y)| (x - f64::from(y)).powi(2)).sum::<f64>().sqrt()
        };
        self.clusters_of(self.group_of_query(query)).take(self.visible()).map(to).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
