//! Breadth-first expansion by a fixed number of hops.

use super::shared::{SharedParameters, parameters};
use super::{Expansion, Reached};
use crate::base::{Base, Query};
use crate::graph::Graph;
use crate::pool::Pool;
use crate::scratch::Scratch;

parameters! {
    /// Every vertex within some hops of the pool joins it. Score:
    /// `beta * rel + (1 - beta) * max over paths of rel(seed) * decay^hops`, with the pool's items as seeds.
    ///
    /// Source: graph-augmented retrieval of Raja & Vats 2025, with the decay of spreading activation.
    Hops {
        /// Number of edges to follow, at most.
        hops: Count = 2,
        /// Factor by which a seed's relevance falls with each hop.
        decay: PositiveFraction = 0.5,
    }
}

impl Expansion for Hops {
    fn expand(&self, graph: &Graph, base: &Base, query: Query<'_>, pool: &mut Pool, scratch: &mut Scratch) {
        let Scratch { mass, residual: layer, arena, evaluations, .. } = scratch;
        let mut reached = Reached::new(pool, mass, graph.len(), base, query, evaluations);
        let mut frontier = bumpalo::collections::Vec::with_capacity_in(reached.pool.items.len(), arena);
        for item in &reached.pool.items {
            let rel = reached.pool.scaled(item.rel);
            reached.mass.set(item.id, rel);
            frontier.push((item.id, rel));
        }
        for _ in 0..self.hops.size() {
            layer.clear(graph.len());
            for &(vertex, value) in &frontier {
                let passed = value * self.decay.get();
                for &target in graph.targets(vertex) {
                    if !layer.contains(target) || passed > layer.get(target) {
                        layer.set(target, passed);
                    }
                }
            }
            // Only what improved can improve anything further.
            frontier.clear();
            for &vertex in layer.touched() {
                let value = layer.get(vertex);
                if !reached.mass.contains(vertex) || value > reached.mass.get(vertex) {
                    reached.position(vertex);
                    reached.mass.set(vertex, value);
                    frontier.push((vertex, value));
                }
            }
            if frontier.is_empty() {
                break;
            }
        }
        reached.rescore(self.beta(), 1.0, self.limit());
    }
}
