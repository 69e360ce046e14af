//! The data that the trials of an experiment work on: base vectors, the sample of queries, and the truth about each query.

use crate::metrics::truth::Truth;
use std::collections::BTreeMap;
use std::sync::Arc;
use swath_algorithms::candidates::Lists;
use swath_algorithms::graph::Link;
use swath_algorithms::{Base, Groups, Points, Query};
use swath_datasets::Aspects;

/// Base vectors, queries and truths.
pub struct Workload {
    /// The base vectors.
    pub base: Arc<Base>,
    /// Seed of random choices.
    pub seed: u64,
    /// The sampled queries, `m x d`.
    pub queries: Points,
    /// Their rows in the dataset.
    pub query_ids: Vec<usize>,
    /// The truth about each.
    pub truths: Vec<Truth>,
    /// Their sub-queries, if the dataset has any.
    pub aspects: Option<Aspects>,
    /// The kinds of groups that base vectors belong to, without the labels of groups.
    pub groups: Vec<Groups>,
    /// Links between base vectors.
    pub links: Vec<Link>,
    /// Names of their relations.
    pub relations: Vec<String>,
    /// By build key the lists that files have for the queries.
    pub lists: BTreeMap<String, Lists>,
}

impl Workload {
    /// Query `i` of the sample.
    pub fn query(&self, i: usize) -> Query<'_> {
        Query::row(&self.queries, i)
    }
}
