//! Inverted index: exact search that looks only at rows with something in common with the query.

use super::Candidates;
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::inverted::InvertedIndex;
use crate::params::{Count, constant};
use crate::points::{Point, PointType, Points, sets};
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The exact nearest neighbours among sets or sparse vectors, by an inverted index: only rows that share a member or a column
/// with the query are compared. All others are equally far, at Jaccard distance 1 or product 0; where the pool has room for
/// them, those with the lowest ids fill it.
///
/// Source: Zobel & Moffat 2006, term-at-a-time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Inverted {
    /// Size of the pool.
    pub pool: Count,
}

impl Default for Inverted {
    fn default() -> Self {
        Self { pool: constant!(Count, 100) }
    }
}

impl Candidates for Inverted {
    type Build = ();
    type Index = InvertedIndex;

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn exhaustive(&self, pool: Count, _: usize) -> Self {
        Self { pool }
    }

    fn build_part(&self) {}

    fn build((): &(), base: &Base) -> InvertedIndex {
        InvertedIndex::new(base.points())
    }

    fn bytes(index: &InvertedIndex, base: &Base) -> usize {
        base.bytes() + index.bytes()
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        InvertedIndex::estimate(facts)
    }

    fn check(&self, facts: &BaseFacts) -> Result<(), Unfit> {
        if matches!(facts.kind, PointType::Sets | PointType::Sparse) {
            return Ok(());
        }
        let message =
            format!("an inverted index lists the rows of each member or column, and {} have none", facts.kind);
        Err(Unfit::new(
            message,
            "use `exact`, `ivf-flat`, `hnsw` or `vamana`; `inverted` is for sets and sparse vectors",
        ))
    }

    fn search(
        &self,
        index: &InvertedIndex,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        found.clear();
        let pool = self.pool.size();
        let products = &mut scratch.mass;
        products.clear(base.len());
        index.add_to(query.point, products);
        let sizes = |row: u32| match (base.points(), query.point) {
            (Points::Sets(sets), Point::Set(of)) => Some([of.len(), sets.row(row as usize).len()]),
            _ => None,
        };
        // What base points are compared by, to the last bit.
        let similarity = |row: u32| match sizes(row) {
            Some(sizes) => sets::similarity(products.get(row) as usize, sizes, 0.0),
            None => products.get(row),
        };
        let scored = scratch.arena.alloc_slice_fill_iter(products.touched().iter().map(|&row| (similarity(row), row)));
        scratch.evaluations.set(scratch.evaluations.get() + scored.len() as u64);
        let best_first = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if scored.len() > pool {
            scored.select_nth_unstable_by(pool - 1, best_first);
        }
        let best = &scored[..pool.min(scored.len())];
        found.extend(best.iter().map(|&(_, row)| row));
        // The others are at 0: behind those above it, among those at it by id, before those below it.
        let above = best.iter().filter(|(similarity, _)| *similarity > 0.0).count();
        let others = (0..base.len() as u32).filter(|&row| !products.contains(row));
        found.extend(others.take(pool - above));
    }
}
