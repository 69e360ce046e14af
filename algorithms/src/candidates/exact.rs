//! Exact search: every base vector is compared.

use super::Candidates;
use crate::base::{Base, Query};
use crate::filter::Filter;
use crate::nearest;
use crate::params::{Count, constant};
use crate::pool::Pool;
use crate::scratch::Scratch;
use crate::vectors::Vectors;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The exact nearest neighbours, by comparing the query with every base vector: the pool that every other index
/// is judged by.
///
/// Source: by definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exact {
    /// How many nearest base vectors make the pool.
    pub pool: Count,
}

impl Default for Exact {
    fn default() -> Self {
        Self { pool: constant!(Count, 100) }
    }
}

impl Candidates for Exact {
    type Build = ();
    type Index = Filter;

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn build_part(&self) {}

    fn build((): &(), base: &Base) -> Filter {
        Filter::new(base)
    }

    fn bytes(index: &Filter, base: &Base) -> usize {
        base.vectors().bytes() + size_of_val(base.norms()) + index.bytes()
    }

    fn estimate(&self, rows: usize, _: usize) -> usize {
        rows * size_of::<f32>()
    }

    fn search(&self, index: &Filter, base: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>) {
        nearest::nearest(base, index, query, self.pool.size(), scratch, found);
    }

    fn search_batch(&self, index: &Filter, base: &Base, queries: &Vectors) -> Option<Vec<(Pool, u64)>> {
        let each = |_, pool: &Pool| (pool.clone(), base.len() as u64);
        Some(nearest::for_each_nearest(base, index, queries, self.pool.size(), each))
    }
}
