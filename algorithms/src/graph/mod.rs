//! Graphs over base vectors, as compressed sparse rows of a stochastic matrix.

mod knn;
mod links;

pub use links::Link;

use crate::base::Base;
use crate::params::Count;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Where edges come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// From each base vector to its nearest others (directed), weighted by the kernel.
    Knn,
    /// The dataset's links, each of weight 1 (parallel links of several relations add up).
    Links,
}

/// Reads a list of sources, at least one.
///
/// # Errors
/// The deserializer's, and where the list is empty.
pub(crate) fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Source>, D::Error> {
    let sources = Vec::<Source>::deserialize(deserializer)?;
    if sources.is_empty() {
        return Err(D::Error::invalid_length(0, &"at least one source of edges: `knn`, `links` or both"));
    }
    Ok(sources)
}

/// What a graph is made of: the build part of every expansion. Expansions that agree on it share the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GraphSpec {
    /// The sources, sorted, each once. Each source's rows are normalised, then averaged over the sources that have
    /// an edge there.
    sources: Vec<Source>,
    /// Neighbours of each row in the kNN graph; `None` where there is no such source.
    neighbors: Option<Count>,
}

impl GraphSpec {
    /// A graph from `sources` (order and repetition do not matter).
    pub fn new(sources: &[Source], neighbors: Count) -> Self {
        let mut sources = sources.to_vec();
        sources.sort_unstable();
        sources.dedup();
        let neighbors = sources.contains(&Source::Knn).then_some(neighbors);
        Self { sources, neighbors }
    }

    /// Whether it needs the dataset's links.
    pub fn needs_links(&self) -> bool {
        self.sources.contains(&Source::Links)
    }

    /// Neighbours per row that it needs of the kNN graph, if any.
    pub fn neighbors(&self) -> Option<usize> {
        self.neighbors.map(Count::size)
    }

    /// Canonical text, equal for equal graphs.
    pub fn key(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Bytes that it will need over `rows` vertices and `links` links. An estimate: links may fall together.
    pub fn estimate(&self, rows: usize, links: usize) -> usize {
        let edges = self.neighbors().map_or(0, |g| rows * g) + if self.needs_links() { links } else { 0 };
        edges * (size_of::<u32>() + size_of::<f64>()) + (rows + 1) * size_of::<usize>()
    }

    /// Builds it, with the threads of the current rayon pool; the result does not depend on them.
    ///
    /// # Panics
    /// If a link's end is not below the number of base vectors.
    pub fn build(&self, base: &Base, links: &[Link]) -> Graph {
        let parts: Vec<Vec<Row>> = self
            .sources
            .iter()
            .map(|source| match source {
                Source::Knn => knn::rows(base, self.neighbors().unwrap_or(0)),
                Source::Links => links::rows(base.len(), links),
            })
            .collect();
        Graph::average(base.len(), &parts)
    }
}

/// Edges out of one vertex: (target, weight above 0).
type Row = Vec<(u32, f64)>;

/// A directed graph over `n` base vectors whose rows of weights each sum to 1, or are empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f64>,
}

impl Graph {
    /// Normalises each part's rows and averages them over the parts that have an edge there.
    fn average(n: usize, parts: &[Vec<Row>]) -> Self {
        let mut graph = Self { offsets: vec![0], targets: Vec::new(), weights: Vec::new() };
        let mut row: Row = Vec::new();
        for i in 0..n {
            row.clear();
            let present = parts.iter().filter(|part| !part[i].is_empty()).count() as f64;
            for part in parts {
                let total: f64 = part[i].iter().map(|&(_, weight)| weight).sum();
                row.extend(part[i].iter().map(|&(target, weight)| (target, weight / total / present)));
            }
            // Stable, so that what adds up at one target adds up in the order of the parts.
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
        Self::average(n, &[rows])
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
        Link { source, target }
    }

    #[test]
    fn knn_rows_are_normalised_kernels_of_the_nearest_without_self() {
        let graph = GraphSpec::new(&[Source::Knn], count(2)).build(&base(), &[]);
        assert_eq!(graph.targets(0), [1, 2]);
        let (near, far) = (10.0_f64.to_radians().cos(), 30.0_f64.to_radians().cos());
        assert!((graph.weights(0)[0] - near / (near + far)).abs() < 1e-6);
        assert!(graph.targets(3).is_empty(), "nothing is similar to the opposite direction");
        assert!(graph.targets(4).is_empty(), "nor to the zero vector");
    }

    #[test]
    fn links_add_up_and_sources_average_where_they_have_edges() {
        let links = [link(0, 3), link(0, 3), link(0, 1), link(3, 4)];
        let only = GraphSpec::new(&[Source::Links], count(9)).build(&base(), &links);
        assert_eq!((only.targets(0), only.weights(0)), ([1, 3].as_slice(), [1.0 / 3.0, 2.0 / 3.0].as_slice()));
        let both = GraphSpec::new(&[Source::Links, Source::Knn], count(1)).build(&base(), &links);
        assert_eq!(both.targets(0), [1, 3]);
        assert!((both.weights(0)[0] - f64::midpoint(1.0, 1.0 / 3.0)).abs() < 1e-12);
        assert_eq!(both.weights(3), [1.0], "only the links have an edge there");
    }

    #[test]
    fn equal_graphs_have_equal_keys() {
        let key = |sources: &[Source], neighbors| GraphSpec::new(sources, count(neighbors)).key();
        assert_eq!(key(&[Source::Links, Source::Knn], 3), key(&[Source::Knn, Source::Links, Source::Knn], 3));
        assert_eq!(key(&[Source::Links], 3), key(&[Source::Links], 4));
        assert_ne!(key(&[Source::Knn], 3), key(&[Source::Knn], 4));
    }

    #[test]
    fn euclidean_rows_use_the_width_of_their_own_neighbourhood() {
        let base = Base::from_values(&[0.0, 1.0, 3.0, 7.0], 1, Distance::Euclidean).expect("finite");
        let graph = GraphSpec::new(&[Source::Knn], count(2)).build(&base, &[]);
        assert_eq!(graph.targets(0), [1, 2]);
        // Distances 1 and 3, median 2.
        let (near, far) = ((-1.0_f64 / 8.0).exp(), (-9.0_f64 / 8.0).exp());
        assert!((graph.weights(0)[0] - near / (near + far)).abs() < 1e-12);
    }
}
