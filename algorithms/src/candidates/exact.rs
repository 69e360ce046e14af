//! Exact search: every base vector is compared.

use super::Candidates;
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::nearest::{self, Batch, Scan};
use crate::params::{Count, constant};
use crate::points::{PointType, Points};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The exact nearest neighbours, by comparing the query with every base vector: the pool that every other index
/// is judged by. Sparse vectors are searched by an inverted index, unless they are larger than memory; `evaluations` counts every
/// base vector even so.
///
/// Source: by definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exact {
    /// Size of the pool. Left out: k if plain top-k picks from it without an expansion, which needs no more; else 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Count")]
    pub pool: Option<Count>,
}

/// The default size of a pool from which a stage chooses.
fn usual() -> Count {
    constant!(Count, 100)
}

impl Exact {
    /// The same with its pool written out. If none is given, it is `needed`, the most that the later stages can use, or
    /// the usual size if `needed` is `None`. (Approximate candidates keep their default: some search until the pool is
    /// full, so that a smaller one would make them another stage.)
    #[must_use]
    pub fn resolved(&self, needed: Option<Count>) -> Self {
        Self { pool: self.pool.or(needed).or_else(|| Some(usual())) }
    }
}

impl Candidates for Exact {
    type Build = ();
    type Index = Scan;

    fn pool(&self) -> usize {
        self.pool.unwrap_or_else(usual).size()
    }

    fn exhaustive(&self, pool: Count, _: usize) -> Self {
        Self { pool: Some(pool) }
    }

    fn build_part(&self) {}

    fn build((): &(), base: &Base) -> Scan {
        Scan::new(base)
    }

    fn bytes(index: &Scan, base: &Base) -> usize {
        base.bytes() + index.bytes()
    }

    fn decision(index: &Scan, _: &Base) -> Option<String> {
        index.decision()
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        Scan::estimate(facts)
    }

    fn copied(&self, facts: &BaseFacts) -> usize {
        Scan::copied(facts)
    }

    fn estimate_outside(&self, facts: &BaseFacts) -> usize {
        // Sparse vectors are then compared without an inverted index.
        if facts.kind == PointType::Sparse { 0 } else { Scan::estimate(facts) - Scan::copied(facts) }
    }

    fn search(&self, index: &Scan, base: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>) {
        index.nearest(base, query, Candidates::pool(self), scratch, found);
    }

    fn search_batch(&self, index: &Scan, base: &Base, queries: &Points, batch: &mut Batch) -> bool {
        nearest::nearest_of_all(base, index, queries, Candidates::pool(self), batch);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Distance, Pool, Vectors};

    /// Three copies of the query, so sigma is 0 and all others are equally irrelevant: in pools the lower id stands first
    /// though it is farther away, while nearest neighbours stand by distance.
    #[test]
    fn a_batch_finds_the_pools_of_single_queries_in_their_order() {
        let base = Base::from_values(&[7.0, 0.0, 0.0, 0.0, 5.0, 9.0], 1, Distance::Euclidean).expect("finite");
        let queries = Points::from(Vectors::new(&[0.0], 1).expect("finite"));
        let exact = Exact { pool: Some(constant!(Count, 5)) };
        let index = Exact::build(&(), &base);
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        exact.search(&index, &base, Query::row(&queries, 0), &mut scratch, &mut found);
        pool.fill(&base, Query::row(&queries, 0), found.iter().copied(), 5, &scratch);
        let ids = |pool: &Pool| pool.items.iter().map(|item| item.id).collect::<Vec<_>>();
        assert_eq!(ids(&pool), [1, 2, 3, 0, 4]);
        let mut batch = Batch::default();
        assert!(exact.search_batch(&index, &base, &queries, &mut batch));
        assert_eq!(batch.pools, [pool]);
        let nearest = nearest::for_each_nearest(&base, &index, &queries, 5, |_, pool| ids(pool));
        assert_eq!(nearest, [[1, 2, 3, 4, 0]]);
    }
}
