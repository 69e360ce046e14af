//! What the trials of an experiment work on: the dataset, with the sample of queries and what is true of each.

use swath_algorithms::graph::Link;
use swath_algorithms::{Base, Query, Vectors};

/// Base vectors, queries and truths.
pub struct Workload {
    /// The base vectors.
    pub base: Base,
    /// Seed of random choices.
    pub seed: u64,
    /// The sampled queries, `m x d`.
    pub queries: Vectors,
    /// Their rows in the dataset.
    pub query_ids: Vec<usize>,
    /// The truth about each.
    pub truths: Vec<Truth>,
    /// Links between base vectors.
    pub links: Vec<Link>,
    /// Names of their relations.
    pub relations: Vec<String>,
}

/// What is true of a query.
pub struct Truth {
    /// Its stored nearest neighbours, ascending.
    pub neighbors: Vec<u32>,
    /// Their stored distances.
    pub distances: Vec<f64>,
    /// Its (item, subtopic) pairs, if the dataset has subtopics.
    pub subtopics: Option<Vec<(u32, u32)>>,
}

impl Workload {
    /// Query `i` of the sample.
    pub fn query(&self, i: usize) -> Query<'_> {
        Query::row(&self.queries, i)
    }
}
