//! Graphs over base vectors, as compressed sparse rows of a stochastic matrix.

mod knn;
mod links;
mod mutual;
mod nn_descent;
mod regions;
mod source;

pub use links::Link;
pub use source::{EdgeSource, WeightedSource};

pub(crate) use source::at_least_one;

use crate::base::Base;
use crate::base_facts::BaseFacts;
use crate::items::GridRows;
use crate::params::{Count, NonNegative};
use crate::points::PointType;
use serde_json::json;
use std::collections::BTreeMap;

/// What a graph is built from: the build part of every expansion. Expansions whose [`GraphSpec::key`] agrees share the
/// graph.
#[derive(Clone, Debug)]
pub struct GraphSpec {
    /// The sources, each once, with weights of which the greatest is 1.
    sources: BTreeMap<EdgeSource, f64>,
    neighbors: Count,
    /// Weights of relations by name, as given; others weigh 1.
    relations: Relations,
}

/// Weights of relations by name.
pub type Relations = BTreeMap<String, NonNegative>;

impl GraphSpec {
    /// A graph from `sources`. Their order makes no difference, nor do repetitions (the greatest weight counts). Only
    /// the ratios of their weights matter.
    pub fn new(sources: &[WeightedSource], neighbors: Count, relations: &Relations) -> Self {
        let greatest = sources.iter().map(|source| source.weight.get()).fold(0.0, f64::max);
        let mut weights = BTreeMap::new();
        for &WeightedSource { source, weight } in sources {
            let entry = weights.entry(source).or_insert(0.0_f64);
            *entry = entry.max(weight.get() / greatest);
        }
        Self { sources: weights, neighbors, relations: relations.clone() }
    }

    /// Whether it needs the dataset's links.
    pub fn needs_links(&self) -> bool {
        self.sources.keys().any(|source| source.is_links())
    }

    /// Neighbours per row that it needs of the kNN graph, if any.
    pub fn neighbors(&self) -> Option<usize> {
        self.sources.keys().any(|source| !source.is_links()).then_some(self.neighbors.size())
    }

    /// Names of the relations that are given weights.
    pub fn relations(&self) -> impl Iterator<Item = &str> {
        self.relations.keys().map(String::as_str)
    }

    /// The weight of the relation with this name, as given; 1 by default.
    pub fn relation_weight(&self, name: &str) -> f64 {
        self.relations.get(name).map_or(1.0, |weight| weight.get())
    }

    /// Canonical text, equal for equal graphs: it leaves out what makes no difference, such as a weight of 1.
    pub fn key(&self) -> String {
        let relations = self.relations.iter().filter(|(_, weight)| self.needs_links() && weight.get() != 1.0);
        let key = json!({
            "sources": self.sources.iter().collect::<Vec<_>>(),
            "neighbors": self.neighbors(),
            "relations": relations.collect::<BTreeMap<_, _>>(),
        });
        key.to_string()
    }

    /// The largest number of edges over `rows` vertices and `links` links.
    pub fn most_edges(&self, rows: usize, links: usize) -> usize {
        let edges = |source: &EdgeSource| match source {
            EdgeSource::Knn | EdgeSource::KnnMutual => rows.saturating_mul(self.neighbors.size()),
            EdgeSource::KnnSymmetric => rows.saturating_mul(2 * self.neighbors.size()),
            EdgeSource::Links | EdgeSource::LinksShuffled => links,
        };
        self.sources.keys().map(edges).fold(0, usize::saturating_add)
    }

    /// Bytes that it will need over `rows` vertices and `links` links. An estimate: edges may fall together.
    pub fn estimate(&self, rows: usize, links: usize) -> usize {
        self.most_edges(rows, links) * (size_of::<u32>() + size_of::<f64>()) + (rows + 1) * size_of::<usize>()
    }

    /// Bytes that it will need over such points and `links` links while it is built, itself included. An estimate, rather too high
    /// than too low.
    pub fn peak(&self, facts: &BaseFacts, links: usize) -> usize {
        let rows = facts.rows;
        // Lists of edges: those of the nearest neighbours during their search, then those of each source.
        let row = size_of::<EdgeList>() + 16;
        let edge = size_of::<(u32, f64)>();
        let grid = if facts.kind == PointType::Dense { GridRows::bytes(rows, facts.dim) } else { 0 };
        let near = self.neighbors().map_or(0, |neighbors| grid + rows * (2 * row + (4 * neighbors + 64) * edge));
        let lists = self.sources.len() * rows * row + 2 * self.most_edges(rows, links) * edge;
        self.estimate(rows, links).saturating_add(near).saturating_add(lists)
    }

    /// Builds it, with the threads of the current rayon pool; the result does not depend on them. `relations` are the
    /// names that the links' relations index; a weight for any other name has no effect.
    ///
    /// # Panics
    /// If a link's end is not below the number of base vectors.
    pub fn build(&self, base: &Base, links: &[Link], relations: &[String]) -> Graph {
        let (knn, recall) = self.neighbors().map_or((Vec::new(), None), |neighbors| knn::rows(base, neighbors));
        let weight = |name: &String| self.relation_weight(name);
        // At most 1, so that no row's sum overflows.
        let greatest = relations.iter().map(weight).fold(1.0, f64::max);
        let weights: Vec<f64> = relations.iter().map(|name| weight(name) / greatest).collect();
        let rows = |source: &EdgeSource| match source {
            EdgeSource::Knn => knn.clone(),
            EdgeSource::KnnMutual => mutual::mutual(&knn),
            EdgeSource::KnnSymmetric => mutual::symmetric(&knn),
            EdgeSource::Links => links::rows(base.len(), links, &weights),
            EdgeSource::LinksShuffled => links::rows(base.len(), &links::shuffled(links), &weights),
        };
        let parts: Vec<(Vec<EdgeList>, f64)> =
            self.sources.iter().map(|(source, &share)| (rows(source), share)).collect();
        Graph::average(base.len(), &parts).with_knn_recall(recall)
    }
}

/// Edges out of one vertex: (target, weight above 0).
type EdgeList = Vec<(u32, f64)>;

/// A directed graph over `n` base vectors whose rows of weights each sum to 1, or are empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f64>,
    knn_recall: Option<f64>,
}

/// Why compressed sparse rows are no graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAGraph(&'static str);

impl Graph {
    /// Normalises the rows of each part, and averages each row by the parts' weights over the parts that have an edge
    /// there.
    fn average(n: usize, parts: &[(Vec<EdgeList>, f64)]) -> Self {
        let mut graph = Self { offsets: vec![0], targets: Vec::new(), weights: Vec::new(), knn_recall: None };
        let (mut row, mut part) = (EdgeList::new(), EdgeList::new());
        for i in 0..n {
            row.clear();
            let present: f64 = parts.iter().filter(|(rows, _)| !rows[i].is_empty()).map(|(_, share)| share).sum();
            for (rows, share) in parts {
                part.clone_from(&rows[i]);
                // In an order that does not depend on how vertices are numbered, so that sums round the same.
                part.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
                let total: f64 = part.iter().map(|&(_, weight)| weight).sum();
                row.extend(part.iter().map(|&(target, weight)| (target, weight / total * (share / present))));
            }
            // A weight that rounds to 0 is no edge.
            row.retain(|&(_, weight)| weight > 0.0);
            // Stable, so that weights at one target are added in the order of the parts, the smallest first.
            row.sort_by_key(|&(target, _)| target);
            row.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    earlier.1 += later.1;
                }
                same
            });
            graph.targets.extend(row.iter().map(|&(target, _)| target));
            graph.weights.extend(row.iter().map(|&(_, weight)| weight));
            graph.offsets.push(graph.targets.len());
        }
        graph
    }

    /// A graph from rows of (target, weight above 0), normalised. For tests and library use.
    ///
    /// # Panics
    /// If a target is not below the number of rows.
    pub fn from_rows(rows: Vec<Vec<(u32, f64)>>) -> Self {
        let n = rows.len();
        assert!(rows.iter().flatten().all(|&(target, _)| (target as usize) < n), "a target is not below {n}");
        Self::average(n, &[(rows, 1.0)])
    }

    /// A graph from its compressed sparse rows, as [`Graph::parts`] gives them: `n + 1` offsets, then a target and a
    /// weight for each of e edges.
    ///
    /// # Errors
    /// [`NotAGraph`] where offsets do not ascend from 0 to e, a row's targets do not ascend below n, a weight is not in
    /// `(0, 1]`, or a row with edges does not sum to 1 within 1e-9.
    pub fn from_parts(offsets: Vec<usize>, targets: Vec<u32>, weights: Vec<f64>) -> Result<Self, NotAGraph> {
        if offsets.first() != Some(&0)
            || offsets.last() != Some(&targets.len())
            || offsets.windows(2).any(|w| w[0] > w[1])
        {
            return Err(NotAGraph("its offsets do not ascend from 0 to the number of edges"));
        }
        if weights.len() != targets.len() {
            return Err(NotAGraph("it does not have one weight for each edge"));
        }
        let n = offsets.len() - 1;
        for row in offsets.windows(2).map(|w| w[0]..w[1]).filter(|row| !row.is_empty()) {
            let (targets, weights) = (&targets[row.clone()], &weights[row]);
            if targets.windows(2).any(|w| w[0] >= w[1]) || targets.last().is_some_and(|&last| last as usize >= n) {
                return Err(NotAGraph("the targets of a row do not ascend below the number of vertices"));
            }
            if !weights.iter().all(|&weight| weight > 0.0 && weight <= 1.0 + 1e-9) {
                return Err(NotAGraph("a weight is not above 0 and at most 1"));
            }
            if (weights.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
                return Err(NotAGraph("the weights of a row do not sum to 1"));
            }
        }
        Ok(Self { offsets, targets, weights, knn_recall: None })
    }

    /// Its compressed sparse rows: offsets, targets, weights.
    pub fn parts(&self) -> (&[usize], &[u32], &[f64]) {
        (&self.offsets, &self.targets, &self.weights)
    }

    /// The share of the true nearest neighbours in its kNN part, measured on a sample; `None` where that part is exact,
    /// or there is none.
    pub fn knn_recall(&self) -> Option<f64> {
        self.knn_recall
    }

    /// Notes [`Graph::knn_recall`].
    #[must_use]
    pub fn with_knn_recall(self, knn_recall: Option<f64>) -> Self {
        Self { knn_recall, ..self }
    }

    /// Vertices, n.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no vertices.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Edges, e.
    pub fn edges(&self) -> usize {
        self.targets.len()
    }

    /// Targets of the edges out of `vertex`, ascending, each once.
    #[inline]
    pub fn targets(&self, vertex: u32) -> &[u32] {
        &self.targets[self.offsets[vertex as usize]..self.offsets[vertex as usize + 1]]
    }

    /// Weights of the edges out of `vertex`, as [`Graph::targets`] orders them; they sum to 1.
    #[inline]
    pub fn weights(&self, vertex: u32) -> &[f64] {
        &self.weights[self.offsets[vertex as usize]..self.offsets[vertex as usize + 1]]
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.offsets.as_slice())
            + size_of_val(self.targets.as_slice())
            + size_of_val(self.weights.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Distance, Vectors};

    fn base() -> Base {
        // Angles 0, 10, 30 and 180 degrees, and a zero vector.
        let rows: Vec<f32> =
            [0.0_f32, 10.0, 30.0, 180.0].iter().flat_map(|a| [a.to_radians().cos(), a.to_radians().sin()]).collect();
        Base::new(Vectors::new(&[rows, vec![0.0, 0.0]].concat(), 2).expect("finite"), Distance::Angular)
    }

    fn count(value: u32) -> Count {
        Count::new(value).expect("in range")
    }

    fn link(source: u32, target: u32) -> Link {
        Link { source, target, relation: 0 }
    }

    fn spec(sources: &[EdgeSource], neighbors: u32) -> GraphSpec {
        let sources: Vec<WeightedSource> = sources.iter().map(|&source| source.into()).collect();
        GraphSpec::new(&sources, count(neighbors), &Relations::new())
    }

    fn weighted(source: EdgeSource, weight: f64) -> WeightedSource {
        WeightedSource { source, weight: crate::params::Positive::new(weight).expect("in range") }
    }

    fn relations(weights: &[(&str, f64)]) -> Relations {
        weights.iter().map(|&(name, w)| (name.to_owned(), NonNegative::new(w).expect("in range"))).collect()
    }

    #[test]
    fn knn_rows_are_normalised_kernels_of_the_nearest_without_self() {
        let graph = spec(&[EdgeSource::Knn], 2).build(&base(), &[], &[]);
        assert_eq!(graph.targets(0), [1, 2]);
        let (near, far) = (10.0_f64.to_radians().cos(), 30.0_f64.to_radians().cos());
        assert!((graph.weights(0)[0] - near / (near + far)).abs() < 1e-6);
        assert!(graph.targets(3).is_empty(), "nothing is similar to the opposite direction");
        assert!(graph.targets(4).is_empty(), "nor to the zero vector");
    }

    #[test]
    fn links_add_up_and_sources_average_where_they_have_edges() {
        let links = [link(0, 3), link(0, 3), link(0, 1), link(3, 4)];
        let only = spec(&[EdgeSource::Links], 9).build(&base(), &links, &[]);
        assert_eq!((only.targets(0), only.weights(0)), ([1, 3].as_slice(), [1.0 / 3.0, 2.0 / 3.0].as_slice()));
        let both = spec(&[EdgeSource::Links, EdgeSource::Knn], 1).build(&base(), &links, &[]);
        assert_eq!(both.targets(0), [1, 3]);
        assert!((both.weights(0)[0] - f64::midpoint(1.0, 1.0 / 3.0)).abs() < 1e-12);
        assert_eq!(both.weights(3), [1.0], "only the links have an edge there");
    }

    #[test]
    fn equal_graphs_have_equal_keys() {
        let key = |sources: &[EdgeSource], neighbors| spec(sources, neighbors).key();
        assert_eq!(
            key(&[EdgeSource::Links, EdgeSource::Knn], 3),
            key(&[EdgeSource::Knn, EdgeSource::Links, EdgeSource::Knn], 3)
        );
        assert_eq!(key(&[EdgeSource::Links], 3), key(&[EdgeSource::Links], 4));
        assert_ne!(key(&[EdgeSource::Knn], 3), key(&[EdgeSource::Knn], 4));
        let key =
            |sources: &[WeightedSource], by: &[(&str, f64)]| GraphSpec::new(sources, count(3), &relations(by)).key();
        let (knn, links) = (|w| weighted(EdgeSource::Knn, w), |w| weighted(EdgeSource::Links, w));
        assert_eq!(key(&[knn(1.0), links(2.0)], &[]), key(&[links(4.0), knn(2.0)], &[("x", 1.0)]));
        assert_eq!(key(&[links(7.0)], &[("x", 0.5)]), key(&[links(1.0)], &[("x", 0.5), ("y", 1.0)]));
        assert_ne!(key(&[knn(1.0), links(2.0)], &[]), key(&[knn(1.0), links(1.0)], &[]));
        assert_ne!(key(&[links(1.0)], &[("x", 0.5)]), key(&[links(1.0)], &[("y", 0.5)]));
        assert_ne!(key(&[links(1.0)], &[]), key(&[weighted(EdgeSource::LinksShuffled, 1.0)], &[]));
        assert_eq!(key(&[knn(1.0)], &[("x", 0.0)]), key(&[knn(1.0)], &[]), "no links, nothing to weigh");
    }

    #[test]
    fn euclidean_rows_use_the_width_of_their_own_neighbourhood() {
        let base = Base::from_values(&[0.0, 1.0, 3.0, 7.0], 1, Distance::Euclidean).expect("finite");
        let graph = spec(&[EdgeSource::Knn], 2).build(&base, &[], &[]);
        assert_eq!(graph.targets(0), [1, 2]);
        // Distances 1 and 3, median 2.
        let (near, far) = ((-1.0_f64 / 8.0).exp(), (-9.0_f64 / 8.0).exp());
        assert!((graph.weights(0)[0] - near / (near + far)).abs() < 1e-12);
    }

    #[test]
    fn sources_are_averaged_by_their_weights_and_links_weighed_by_relation() {
        let links = [
            Link { source: 0, target: 3, relation: 0 },
            Link { source: 0, target: 1, relation: 1 },
            Link { source: 3, target: 4, relation: 1 },
        ];
        let names = ["far".to_owned(), "near".to_owned()];
        let sources = [weighted(EdgeSource::Knn, 1.0), weighted(EdgeSource::Links, 3.0)];
        let build =
            |by: &[(&str, f64)]| GraphSpec::new(&sources, count(1), &relations(by)).build(&base(), &links, &names);
        let graph = build(&[("far", 3.0)]);
        // kNN: 1 alone. Links: 3/4 to 3, 1/4 to 1.
        assert_eq!(
            (graph.targets(0), graph.weights(0)),
            ([1, 3].as_slice(), [0.25 + 0.75 / 4.0, 0.75 * 0.75].as_slice())
        );
        assert_eq!(graph.weights(3), [1.0], "only the links have an edge there");
        let dropped = build(&[("near", 0.0)]);
        assert_eq!((dropped.targets(0), dropped.weights(0)), ([1, 3].as_slice(), [0.25, 0.75].as_slice()));
        assert!(dropped.targets(3).is_empty(), "its one link is of a dropped relation");
    }

    #[test]
    fn mutual_and_symmetric_graphs_part_where_only_one_end_chose() {
        // On a line 0, 1, 3, 7: 1 is 3's nearest, 3 is 7's, 0 and 1 are each other's.
        let base = Base::from_values(&[0.0, 1.0, 3.0, 7.0], 1, Distance::Euclidean).expect("finite");
        let edges = |source| {
            let graph = spec(&[source], 1).build(&base, &[], &[]);
            (0..4).map(|v| graph.targets(v).to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(edges(EdgeSource::Knn), [vec![1], vec![0], vec![1], vec![2]]);
        assert_eq!(edges(EdgeSource::KnnMutual), [vec![1], vec![0], vec![], vec![]]);
        assert_eq!(edges(EdgeSource::KnnSymmetric), [vec![1], vec![0, 2], vec![1, 3], vec![2]]);
    }

    /// On a line at 0, 1, 3 and 7, with two neighbours each. The widths are the rows' own: 2, 1.5, 2.5 and 5.
    #[test]
    fn a_symmetric_graph_keeps_two_weights_on_euclidean_data() {
        let base = Base::from_values(&[0.0, 1.0, 3.0, 7.0], 1, Distance::Euclidean).expect("finite");
        let graph = spec(&[EdgeSource::KnnSymmetric], 2).build(&base, &[], &[]);
        let rbf = |distance: f64, sigma: f64| (-distance * distance / (2.0 * sigma * sigma)).exp();
        let rows = [
            vec![(1, rbf(1.0, 2.0)), (2, rbf(3.0, 2.0))],
            // 3 has 1 among its nearest, but not the other way round: its weight goes back.
            vec![(0, rbf(1.0, 1.5)), (2, rbf(2.0, 1.5)), (3, rbf(6.0, 5.0))],
            vec![(0, rbf(3.0, 2.5)), (1, rbf(2.0, 2.5)), (3, rbf(4.0, 5.0))],
            vec![(1, rbf(6.0, 5.0)), (2, rbf(4.0, 5.0))],
        ];
        for (vertex, row) in (0..).zip(rows) {
            let total: f64 = row.iter().map(|(_, weight)| weight).sum();
            assert_eq!(graph.targets(vertex), row.iter().map(|&(target, _)| target).collect::<Vec<_>>());
            for (found, (_, weight)) in graph.weights(vertex).iter().zip(row) {
                assert!((found - weight / total).abs() < 1e-12, "vertex {vertex}: {found} for {}", weight / total);
            }
        }
    }

    #[test]
    fn a_weight_of_zero_is_no_edge() {
        let edges = |values: &[f32], dim, distance, source| {
            let base = Base::from_values(values, dim, distance).expect("finite");
            let graph = spec(&[source], 3).build(&base, &[], &[]);
            (0..4).map(|v| graph.targets(v).to_vec()).collect::<Vec<_>>()
        };
        // Three copies: the median distance of each to its neighbours is 0, and a kernel of that width is 0 at 5.
        let copies = |source| edges(&[0.0, 0.0, 0.0, 5.0], 1, Distance::Euclidean, source);
        assert_eq!(copies(EdgeSource::Knn), [vec![1, 2], vec![0, 2], vec![0, 1], vec![0, 1, 2]]);
        assert_eq!(copies(EdgeSource::KnnSymmetric), [vec![1, 2, 3], vec![0, 2, 3], vec![0, 1, 3], vec![0, 1, 2]]);
        // Four directions at right angles: cosines of 0 and -1.
        let cross = [1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0];
        assert_eq!(edges(&cross, 2, Distance::Angular, EdgeSource::KnnSymmetric), [[0_u32; 0]; 4]);
    }

    #[test]
    fn only_stochastic_rows_are_a_graph() {
        let graph = Graph::from_rows(vec![vec![(1, 2.0), (2, 1.0)], vec![], vec![(0, 1.0)]]);
        let (offsets, targets, weights) = graph.parts();
        let from = |offsets: &[usize], targets: &[u32], weights: &[f64]| {
            Graph::from_parts(offsets.to_vec(), targets.to_vec(), weights.to_vec())
        };
        assert_eq!(from(offsets, targets, weights).as_ref(), Ok(&graph));
        for (offsets, targets, weights) in [
            (&[][..], &[][..], &[][..]),
            (&[1, 2, 2, 3], targets, weights),
            (&[0, 3, 2, 3], targets, weights),
            (&[0, 2, 2, 4], targets, weights),
            (offsets, &[2, 1, 0], weights),
            (offsets, &[1, 3, 0], weights),
            (offsets, &[1, 1, 0], weights),
            (offsets, targets, &[0.5, 0.5]),
            (offsets, targets, &[0.5, 0.4, 1.0]),
            (offsets, targets, &[1.5, -0.5, 1.0]),
            (offsets, targets, &[0.5, 0.5, f64::NAN]),
        ] {
            assert!(from(offsets, targets, weights).is_err(), "{offsets:?} {targets:?} {weights:?}");
        }
    }
}
