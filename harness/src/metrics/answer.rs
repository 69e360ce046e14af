//! What one retriever answered to one query, and what it is judged by.

use std::cell::OnceCell;
use swath_algorithms::kernel::{Kernel, median};
use swath_algorithms::{Base, Distance, Query};

/// A returned list with its query and the truth. Ids are valid and different, distances are recomputed here and not
/// what the retriever claimed.
pub struct Answer<'a> {
    base: &'a Base,
    query: Query<'a>,
    returned: &'a [u32],
    k: usize,
    pool: &'a [u32],
    pool_size: usize,
    neighbors: &'a [u32],
    true_distances: &'a [f64],
    subtopics: Option<&'a [(u32, u32)]>,
    measures: OnceCell<Vec<f64>>,
    sigma: OnceCell<f64>,
}

impl<'a> Answer<'a> {
    /// `returned` in the order of picking (at most k); `pool` what the candidates found (at most `pool_size`); of the
    /// query's true nearest neighbours the ids and the stored, ascending distances; of its subtopics the pairs
    /// (item, subtopic), if the dataset has any.
    pub fn new(
        (base, query): (&'a Base, Query<'a>),
        (returned, k): (&'a [u32], usize),
        (pool, pool_size): (&'a [u32], usize),
        (neighbors, true_distances): (&'a [u32], &'a [f64]),
        subtopics: Option<&'a [(u32, u32)]>,
    ) -> Self {
        let (measures, sigma) = (OnceCell::new(), OnceCell::new());
        Self { base, query, returned, k, pool, pool_size, neighbors, true_distances, subtopics, measures, sigma }
    }

    /// The base vectors.
    pub fn base(&self) -> &Base {
        self.base
    }

    /// Returned ids, in order.
    pub fn returned(&self) -> &[u32] {
        self.returned
    }

    /// How many results were asked for.
    pub fn k(&self) -> usize {
        self.k
    }

    /// N: ids of the query's true nearest neighbours.
    pub fn neighbors(&self) -> &[u32] {
        self.neighbors
    }

    /// The pairs (item, subtopic) of this query, if the dataset has subtopics.
    pub fn subtopics(&self) -> Option<&[(u32, u32)]> {
        self.subtopics
    }

    /// What ann-benchmarks calls recall, of the returned list.
    pub fn recall(&self) -> Option<f64> {
        self.recall_of(self.returned, self.k)
    }

    /// The same of the candidates' pool, at its size.
    pub fn pool_recall(&self) -> Option<f64> {
        self.recall_of(self.pool, self.pool_size)
    }

    /// The share of `count` that are within 1e-3 of the distance of the `count`-th true neighbour.
    fn recall_of(&self, ids: &[u32], count: usize) -> Option<f64> {
        let threshold = self.true_distances.get(count.checked_sub(1)?)? + 1e-3;
        let hits = ids.iter().filter(|&&id| self.base.distance_to(self.query, id) <= threshold).count();
        Some(hits as f64 / count as f64)
    }

    /// The width of the rbf kernel in metrics: the median distance from the query to N, so that metrics compare across
    /// trials.
    pub fn sigma(&self) -> f64 {
        *self.sigma.get_or_init(|| match self.base.distance() {
            Distance::Angular => 0.0,
            Distance::Euclidean => {
                median(&mut self.neighbors.iter().map(|&id| self.base.distance_to(self.query, id)).collect::<Vec<_>>())
            }
        })
    }

    /// Relevance of a base vector, raw.
    pub fn relevance(&self, id: u32) -> f64 {
        Kernel::raw(self.base.distance()).value(self.base.measure(self.query, id), self.sigma())
    }

    /// Similarity of two base vectors.
    pub fn similarity(&self, kernel: Kernel, a: u32, b: u32) -> f64 {
        kernel.value(self.base.measure(self.base.query(a as usize), b), self.sigma())
    }

    /// The cosine (angular) or squared distance (euclidean) of the returned items at two positions.
    pub fn measure(&self, i: usize, j: usize) -> f64 {
        let k = self.returned.len();
        let all = self.measures.get_or_init(|| {
            let measure =
                |i: usize, j: usize| self.base.measure(self.base.query(self.returned[i] as usize), self.returned[j]);
            (0..k * k).map(|at| measure(at / k, at % k)).collect()
        });
        all[i * k + j]
    }
}
