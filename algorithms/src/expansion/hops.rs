//! Breadth-first expansion by a fixed number of hops.

use super::{Expansion, Reached};
use crate::base::{Base, Query};
use crate::graph::{Graph, GraphSpec, Relations, Source, WeightedSource};
use crate::params::{Count, Fraction, PositiveFraction, constant};
use crate::pool::Pool;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every vertex within some hops of the pool joins it. Score: `beta * rel + (1 - beta) * max over paths of
/// rel(seed) * decay^hops`, with the pool's items as seeds.
///
/// Source: graph-augmented retrieval of Raja & Vats 2025, with the decay of spreading activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hops {
    /// Graphs to walk, averaged, each a name or `{ NAME: WEIGHT }`. One alone may stand without brackets; a list of lists
    /// is a grid axis.
    #[serde(deserialize_with = "crate::graph::at_least_one")]
    #[schemars(length(min = 1))]
    pub graph: Vec<WeightedSource>,
    /// Neighbours of each vector in the kNN graph. Its edges are weighted by the kernel, on euclidean data as wide as each
    /// vector's median distance to its neighbours.
    pub neighbors: Count,
    /// Weights of the links' relations by name; others weigh 1, and 0 leaves a relation out.
    #[serde(skip_serializing_if = "Relations::is_empty")]
    pub relations: Relations,
    /// How many edges to follow at most.
    pub hops: Count,
    /// What is left of a seed's relevance after each hop.
    pub decay: PositiveFraction,
    /// Weight of an item's own relevance against what reaches it over the graph.
    pub beta: Fraction,
    /// How many of the best by score stay in the pool.
    pub limit: Count,
}

impl Default for Hops {
    fn default() -> Self {
        Self {
            graph: vec![Source::Knn.into()],
            neighbors: constant!(Count, 16),
            relations: Relations::new(),
            hops: constant!(Count, 2),
            decay: constant!(PositiveFraction, 0.5),
            beta: constant!(Fraction, 0.5),
            limit: constant!(Count, 100),
        }
    }
}

impl Expansion for Hops {
    fn graph(&self) -> GraphSpec {
        GraphSpec::new(&self.graph, self.neighbors, &self.relations)
    }

    fn limit(&self) -> usize {
        self.limit.size()
    }

    fn expand(&self, graph: &Graph, base: &Base, query: Query<'_>, pool: &mut Pool, scratch: &mut Scratch) {
        let Scratch { mass, residual: layer, arena, evaluations, .. } = scratch;
        let mut reached = Reached::new(pool, mass, graph.len(), (base, query), evaluations);
        let mut frontier = bumpalo::collections::Vec::with_capacity_in(reached.pool.items.len(), arena);
        for item in &reached.pool.items {
            reached.mass.set(item.id, item.rel);
            frontier.push((item.id, item.rel));
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
        reached.rescore(self.beta.get(), 1.0, self.limit());
    }
}
