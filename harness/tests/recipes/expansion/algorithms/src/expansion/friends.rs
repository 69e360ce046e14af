//! The neighbours of the pool.

use super::shared::{SharedParameters, parameters};
use super::{Expansion, Reached};
use crate::base::{Base, Query};
use crate::graph::Graph;
use crate::pool::Pool;
use crate::scratch::Scratch;

parameters! {
    /// Every neighbour of an item of the pool joins it, with a share of the relevance of the best such item as its mass.
    ///
    /// Source: a recipe's example.
    Friends {
        /// That share.
        share: PositiveFraction = 0.5,
    }
}

impl Expansion for Friends {
    fn expand(&self, graph: &Graph, base: &Base, query: Query<'_>, pool: &mut Pool, scratch: &mut Scratch) {
        let Scratch { mass, evaluations, .. } = scratch;
        let mut reached = Reached::new(pool, mass, graph.len(), base, query, evaluations);
        let seeds = reached.pool.items.len();
        for seed in 0..seeds {
            // Between 0 and 1, also for inner products.
            let (vertex, relevance) = (reached.vertex(seed), reached.pool.scaled(reached.pool.items[seed].rel));
            reached.mass.set(vertex, reached.mass.get(vertex).max(relevance));
            for &target in graph.targets(vertex) {
                reached.position(target);
                let passed = relevance * self.share.get();
                reached.mass.set(target, reached.mass.get(target).max(passed));
            }
        }
        reached.rescore(self.beta(), 1.0, self.limit());
    }
}
