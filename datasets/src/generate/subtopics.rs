//! Queries between several clusters, each of which is a subtopic.

use super::groups::Groups;
use super::{Draw, Planted, PlantedSizes, Rows, Size, constant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::Unfit;
use swath_algorithms::params::{Count, Fraction};

/// Queries between several clusters, as far from each: the clusters are their subtopics, so that the right coverage is known. Clusters
/// have equal sizes and are normal clouds, a tenth as wide as the centres are apart. A query's sub-queries are the centres of its clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Subtopics {
    /// Number of clusters.
    pub clusters: Count,
    /// Number of clusters around a query: its subtopics.
    pub subtopics: Count,
    /// The part of the way to one of its clusters that a query is moved: at 0 it is as far from all, at 1 in the middle of
    /// one, whose items a search for the nearest then returns alone.
    pub lean: Fraction,
}

impl Default for Subtopics {
    fn default() -> Self {
        Self { clusters: constant!(Count, 100), subtopics: constant!(Count, 4), lean: constant!(Fraction, 0.0) }
    }
}

impl Subtopics {
    pub(super) fn groups(&self) -> Groups {
        let Self { clusters, subtopics, lean } = self;
        Groups { clusters: clusters.size(), subtopics: subtopics.size(), hidden: 0, lean: lean.get() }
    }
}

impl Draw for Subtopics {
    fn check(&self, size: &Size) -> Result<(), Unfit> {
        self.groups().check(size)
    }

    fn rows(&self, size: Size) -> Rows<'_> {
        self.groups().rows(size)
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        self.groups().bytes(size)
    }

    fn planted_sizes(&self, size: &Size) -> PlantedSizes {
        self.groups().planted_sizes(size)
    }

    fn planted(&self, size: &Size) -> Planted {
        self.groups().planted(size)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::tests::{apart, coordinates, drawn, generated, refused};
    use super::*;

    fn with(clusters: u32, subtopics: u32, lean: f64) -> Distribution {
        let count = |value| Count::new(value).expect("in range");
        let lean = Fraction::new(lean).expect("in range");
        Distribution::Subtopics(Subtopics { clusters: count(clusters), subtopics: count(subtopics), lean })
    }

    /// The mean of each cluster, which the subtopics of the queries tell.
    fn means(data: &crate::Dataset, query: usize) -> Vec<(u32, Vec<f32>)> {
        let pairs = data.subtopics.as_ref().expect("subtopics").of(query);
        let mut numbers: Vec<u32> = pairs.iter().map(|&(_, subtopic)| subtopic).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mean = |number: u32| {
            let items: Vec<usize> =
                pairs.iter().filter(|pair| pair.1 == number).map(|&(item, _)| item as usize).collect();
            let column =
                |j: usize| items.iter().map(|&i| coordinates(&data.train, i)[j]).sum::<f32>() / items.len() as f32;
            (0..data.train.dim()).map(column).collect::<Vec<f32>>()
        };
        numbers.into_iter().map(|number| (number, mean(number))).collect()
    }

    /// All subtopics are there, and the nearest items are of them: the coverage of each is known. A query is as far from each.
    #[test]
    fn queries_lie_between_their_subtopics() {
        let (n, dim) = (3000, 40);
        for (clusters, subtopics) in [(20, 4), (23, 5), (30, 1)] {
            let data = drawn(with(clusters, subtopics, 0.0), n, dim);
            let planted = data.subtopics.as_ref().expect("subtopics");
            for query in 0..20 {
                let of_each = (n / clusters) as usize;
                let pairs = planted.of(query);
                assert_eq!(planted.count(query), subtopics as usize);
                assert!((pairs.len() as i64 - (of_each * subtopics as usize) as i64).abs() <= i64::from(subtopics));
                // 0.5 * 40^0.5 = 3.2 to a cluster, plus a step of 0.1 in each of at most 40 directions, of which one is
                // towards it. A cluster's mean is off by 0.1 * (40 / 100)^0.5 = 0.06, of which about 0.01 is along the way.
                let to: Vec<f64> =
                    means(&data, query).iter().map(|(_, mean)| apart(mean, coordinates(&data.test, query))).collect();
                assert!(to.iter().all(|each| (each - to[0]).abs() < 0.05 && (2.8..3.6).contains(each)), "{to:?}");
                let nearest = data.neighbors.ids(query);
                let known: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
                assert!(nearest.iter().all(|id| known.binary_search(id).is_ok()));
            }
        }
    }

    /// By construction, to the precision of `f32`.
    #[test]
    fn the_distances_to_the_centres_are_equal() {
        let size = Size { n: 10, queries: 10, dim: 6, seed: 5 };
        let subtopics = Subtopics { subtopics: constant!(Count, 6), ..Subtopics::default() };
        let (groups, data) = (subtopics.groups(), drawn(with(100, 6, 0.0), 10, 6));
        for query in 0..20 {
            let to = groups.distances(&size, query, coordinates(&data.test, query));
            assert!(to.len() == 6 && to.iter().all(|each| (each - to[0]).abs() < 1e-5), "{to:?}");
        }
    }

    /// Each is the centre of one cluster, which the mean of the cluster's items is near to; in the order of the subtopics.
    #[test]
    fn sub_queries_are_the_centres() {
        let data = drawn(with(23, 5, 0.5), 3000, 40);
        let aspects = data.aspects.as_ref().expect("sub-queries");
        for query in 0..20 {
            let expected = means(&data, query);
            let rows = aspects.of(query).chunks_exact(40_usize.div_ceil(16));
            let found: Vec<Vec<f32>> = rows.map(|row| row.iter().flat_map(|line| line.0).take(40).collect()).collect();
            assert_eq!((found.len(), expected.len()), (5, 5));
            for (found, (_, mean)) in found.iter().zip(&expected) {
                // Off by 0.1 * (40 / 130)^0.5 = 0.055, with a standard deviation of 0.006.
                assert!((0.02..0.1).contains(&apart(found, mean)), "{}", apart(found, mean));
            }
        }
        let bits = generated(with(23, 5, 0.5), 300, 40, swath_algorithms::Distance::Hamming);
        assert_eq!(bits.dataset().expect("bits").aspects, None);
    }

    #[test]
    fn a_query_that_leans_finds_one_subtopic() {
        let subtopics_of_ten = |lean: f64| {
            let data = drawn(with(20, 4, lean), 2000, 40);
            let planted = data.subtopics.as_ref().expect("subtopics");
            let of_query = |query: usize| {
                let of = |id: &u32| planted.of(query).iter().find(|pair| pair.0 == *id).map(|pair| pair.1);
                let mut found: Vec<Option<u32>> = data.neighbors.ids(query)[..10].iter().map(of).collect();
                found.sort_unstable();
                found.dedup();
                found.len()
            };
            (0..20).map(of_query).sum::<usize>() as f64 / 20.0
        };
        // Ten of four equal parts leave a part out with 4 * 0.75^10 = 0.23.
        assert!(subtopics_of_ten(0.0) > 3.0);
        assert_eq!(subtopics_of_ten(0.8), 1.0);
    }

    #[test]
    fn subtopics_that_do_not_fit_are_refused() {
        assert_eq!(
            refused(with(3, 4, 0.0), 50, 8),
            "`generate: subtopics`: a query has 4 subtopics, but there are 3 clusters; use `subtopics: 3` or less, or more \
             `clusters`"
        );
        assert_eq!(
            refused(with(30, 10, 0.0), 50, 8),
            "`generate: subtopics`: 10 clusters around a query need as many directions, but there are 8 dimensions; use fewer \
             `subtopics`, or a larger `dimension`"
        );
    }
}
