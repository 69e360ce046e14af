//! A planted knowledge graph.

use super::groups::Groups;
use super::{Draw, Planted, PlantedSizes, Rows, Size, constant};
use crate::dataset::Links;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::{Count, Fraction};
use swath_algorithms::{Unfit, random};

/// The relations: with items of the same cluster, with items of the other clusters of its group, with any items.
pub(super) const RELATIONS: [&str; 3] = ["same-topic", "related-topic", "noise"];

/// A knowledge graph over communities, and queries between several of them. As `subtopics`, but some of a query's subtopics are hidden:
/// their clusters lie elsewhere, so that no search near the query finds them. Links lead there. Each item has links of three
/// relations: `same-topic` to items of its cluster, `related-topic` to items of the other subtopics of the queries near it, and
/// `noise` to any items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Graph {
    /// Number of clusters.
    pub clusters: Count,
    /// Number of subtopics of a query, each a cluster.
    pub subtopics: Count,
    /// How many of them lie elsewhere than around the query.
    pub hidden: u32,
    /// Links of each relation that an item has; fewer if there are fewer items to link to.
    pub links: Count,
    /// The part of the way to one of its clusters that a query is moved, as in `subtopics`.
    pub lean: Fraction,
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            clusters: constant!(Count, 100),
            subtopics: constant!(Count, 4),
            hidden: 2,
            links: constant!(Count, 4),
            lean: constant!(Fraction, 0.0),
        }
    }
}

impl Graph {
    pub(super) fn groups(&self) -> Groups {
        let Self { clusters, subtopics, hidden, lean, .. } = self;
        let (clusters, subtopics) = (clusters.size(), subtopics.size());
        Groups { clusters, subtopics, hidden: *hidden as usize, lean: lean.get() }
    }

    /// For an item of a cluster: how many items there are that each relation may lead to.
    fn reachable(&self, cluster: usize, n: usize) -> [usize; 3] {
        let groups = self.groups();
        let own = groups.count(cluster, n);
        let of_group = groups
            .group_of(cluster)
            .map_or(own, |group| groups.clusters_of(group).map(|cluster| groups.count(cluster, n)).sum());
        [own - 1, of_group - own, n - 1]
    }

    /// The links of an item: relation and target.
    fn links_of(&self, item: usize, size: &Size) -> Vec<(u8, u32)> {
        let (groups, links, n) = (self.groups(), self.links.size(), size.n);
        let cluster = item % groups.clusters;
        let [own, related, any] = self.reachable(cluster, n);
        let mut rng = random::stream(size.seed, "generated link", item as u64);
        let member = |cluster: usize, at: usize| cluster + at * groups.clusters;
        // Item number `place` of those without the item itself.
        let without = |place: usize, itself: usize| place + usize::from(place >= itself);
        let in_group = |mut place: usize| {
            let clusters = groups.group_of(cluster).map_or(0..0, |group| groups.clusters_of(group));
            for other in clusters.filter(|&other| other != cluster) {
                let count = groups.count(other, n);
                if place < count {
                    return member(other, place);
                }
                place -= count;
            }
            item
        };
        let mut found = Vec::with_capacity(3 * links.min(any));
        let same = different(&mut rng, own, links);
        found.extend(same.into_iter().map(|at| (0, member(cluster, without(at, item / groups.clusters)) as u32)));
        found.extend(different(&mut rng, related, links).into_iter().map(|at| (1, in_group(at) as u32)));
        found.extend(different(&mut rng, any, links).into_iter().map(|at| (2, without(at, item) as u32)));
        found
    }
}

/// `count` different numbers below `n`, or all, ascending (Floyd's algorithm).
pub(super) fn different(rng: &mut ChaCha8Rng, n: usize, count: usize) -> Vec<usize> {
    let mut found = std::collections::BTreeSet::new();
    for last in n.saturating_sub(count)..n {
        let drawn = random::below(rng, last + 1);
        if !found.insert(drawn) {
            found.insert(last);
        }
    }
    found.into_iter().collect()
}

impl Draw for Graph {
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
        let (groups, links) = (self.groups(), self.links.size());
        let of_cluster = |cluster: usize| {
            let each: usize = self.reachable(cluster, size.n).iter().map(|&items| items.min(links)).sum();
            each.saturating_mul(groups.count(cluster, size.n))
        };
        // Clusters beyond the number of items are empty.
        let links = (0..groups.clusters.min(size.n)).map(of_cluster).fold(0, usize::saturating_add);
        let relations = RELATIONS.map(str::to_owned).to_vec();
        PlantedSizes { links: Some(links), relations, ..groups.planted_sizes(size) }
    }

    fn planted(&self, size: &Size) -> Planted {
        let of_item = |item: usize| {
            let links = self.links_of(item, size).into_iter();
            links.map(move |(relation, target)| ([item as u32, target], relation)).collect::<Vec<_>>()
        };
        let (edges, relation) = (0..size.n).into_par_iter().flat_map_iter(of_item).unzip();
        let relations = RELATIONS.map(str::to_owned).to_vec();
        Planted { links: Some(Links { edges, relations, relation }), ..self.groups().planted(size) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::tests::{drawn, generated, refused};
    use super::*;
    use swath_algorithms::Distance;

    fn small(hidden: u32) -> Graph {
        let count = |value| Count::new(value).expect("in range");
        Graph { clusters: count(22), subtopics: count(4), hidden, links: count(3), ..Graph::default() }
    }

    /// Each item has as many different links of each relation as it can; those of the first two lead where they say, and noise
    /// leads anywhere.
    #[test]
    fn relations_are_what_they_say() {
        let (n, graph) = (2000, small(2));
        let groups = graph.groups();
        let data = drawn(Distribution::Graph(graph), n, 40);
        let links = data.links.expect("links");
        let mut by_item = vec![[0; 3]; n as usize];
        let (mut inside, mut noise) = (0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for (&[source, target], &relation) in links.edges.iter().zip(&links.relation) {
            by_item[source as usize][usize::from(relation)] += 1;
            assert!(source != target && seen.insert((source, relation, target)));
            let [from, to] = [source, target].map(|item| item as usize % 22);
            match relation {
                0 => assert_eq!(from, to),
                1 => {
                    assert!(
                        from != to && groups.group_of(from) == groups.group_of(to) && groups.group_of(to).is_some()
                    );
                }
                _ => {
                    noise += 1;
                    inside += usize::from(from == to);
                }
            }
        }
        for (item, found) in by_item.iter().enumerate() {
            // Clusters 20 and 21 are left over.
            assert_eq!(*found, [3, if item % 22 < 20 { 3 } else { 0 }, 3], "item {item}");
        }
        // A twenty-second of the noise, with a standard deviation of (6000 * 21)^0.5 / 22 = 16.
        assert!((f64::from(noise) / 22.0 - inside as f64).abs() < 65.0, "{inside} of {noise}");
    }

    /// No hidden subtopic is among the nearest 100, and links of `related-topic` from these reach all of them.
    #[test]
    fn hidden_subtopics_are_found_by_links_alone() {
        for hidden in [0, 2] {
            let data = drawn(Distribution::Graph(small(hidden)), 4000, 40);
            let (links, planted) = (data.links.as_ref().expect("links"), data.subtopics.as_ref().expect("subtopics"));
            for query in 0..20 {
                let covered = |items: &[u32]| {
                    let pairs = planted.of(query).iter().filter(|(item, _)| items.contains(item));
                    let mut found: Vec<u32> = pairs.map(|&(_, subtopic)| subtopic).collect();
                    found.sort_unstable();
                    found.dedup();
                    found
                };
                let nearest = data.neighbors.ids(query);
                let visible: Vec<u32> = (0..4 - hidden).collect();
                assert_eq!((covered(nearest), planted.count(query)), (visible, 4));
                let reached = |relation: u8| {
                    let all = links.edges.iter().zip(&links.relation);
                    let from = all.filter(|(edge, of)| **of == relation && nearest.contains(&edge[0]));
                    from.map(|(edge, _)| edge[1]).collect::<Vec<u32>>()
                };
                assert_eq!(covered(&reached(1)), [0, 1, 2, 3]);
                assert!(covered(&reached(0)).len() as u32 == 4 - hidden);
                // Of 300 links of noise about 4 / 22 are of the query's clusters.
                let noise =
                    reached(2).iter().filter(|item| planted.of(query).iter().any(|pair| pair.0 == **item)).count();
                assert!(noise < 100, "{noise}");
            }
        }
    }

    #[test]
    fn few_items_have_few_links() {
        for n in [1, 2, 21, 45] {
            let graph = generated(Distribution::Graph(small(1)), n, 40, Distance::Euclidean);
            let (header, data) = (graph.header().expect("it fits"), graph.dataset().expect("points"));
            data.check().expect("valid");
            assert_eq!(header.links, Some(data.links.expect("links").edges.len()), "{n}");
            assert_eq!(header.subtopics, Some(data.subtopics.expect("subtopics").len()), "{n}");
        }
    }

    #[test]
    fn different_numbers_are_drawn_evenly() {
        let mut rng = random::stream(3, "test", 0);
        let mut counts = [0_u32; 10];
        for _ in 0..2000 {
            let drawn = different(&mut rng, 10, 3);
            assert!(drawn.len() == 3 && drawn.windows(2).all(|pair| pair[0] < pair[1]));
            drawn.into_iter().for_each(|number| counts[number] += 1);
        }
        // 600 each, with a standard deviation of (2000 * 0.3 * 0.7)^0.5 = 20.5.
        assert!(counts.iter().all(|count| (498..=702).contains(count)), "{counts:?}");
        assert_eq!(different(&mut rng, 4, 9), [0, 1, 2, 3]);
        assert!(different(&mut rng, 0, 3).is_empty());
    }

    #[test]
    fn a_graph_without_visible_subtopics_is_refused() {
        assert_eq!(
            refused(Distribution::Graph(small(4)), 50, 40),
            "`generate: graph`: 4 of 4 subtopics are hidden, which leaves none to find; use `hidden: 3` or less"
        );
    }
}
