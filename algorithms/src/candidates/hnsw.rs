//! HNSW: approximate search along the edges of a proximity graph with layers above it.
//!
//! The graph and the search over it are those of `proximity_graph`.

use super::Candidates;
use super::proximity_graph::{GraphPlan, LayersPlan, ProximityGraph, Rule, Shape, WalkWidths};
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::params::{Count, constant};
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Approximate nearest neighbours by a best-first walk over a hierarchical navigable small world graph (HNSW): every vector has
/// edges to near ones, and layers above the graph, each of a few vectors of the one below, lead a walk to where it starts. Faster
/// than exact search on large datasets; misses some neighbours.
///
/// The graph depends on nothing but vectors and parameters. Every vector can be reached. Vectors that are the same are one in the
/// graph. For ip the graph is built by angle, and a walk compares products. Vectors of upper layers are inserted first.
///
/// Source: Malkov & Yashunin 2018.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hnsw {
    /// Size of the pool.
    pub pool: Count,
    /// How many vectors the walk keeps under consideration; at least `pool`. More find more of the true neighbours and
    /// take longer.
    pub ef: Count,
    /// Edges that a vector chooses when it is inserted into a layer, M of the paper. It has at most as many in upper layers, and
    /// at most twice as many in the lowest. One of M vectors is in the layer above, but of 2 at least.
    pub m: Count,
    /// The `ef` of the walks that find a new vector's neighbours when the graph is built.
    pub ef_construction: Count,
}

impl Default for Hnsw {
    fn default() -> Self {
        Self {
            pool: constant!(Count, 100),
            ef: constant!(Count, 100),
            m: constant!(Count, 16),
            ef_construction: constant!(Count, 200),
        }
    }
}

/// The parameters that shape the graph.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HnswBuild {
    m: Count,
    ef_construction: Count,
}

impl HnswBuild {
    fn plan(self) -> GraphPlan {
        let (m, ef) = (self.m.size(), self.ef_construction.size());
        let shape = |most| Shape { first: m, capacity: most, rule: Rule { degree: most, alpha: 1.0 }, ef };
        GraphPlan { graph: shape(2 * m), layers: Some(LayersPlan { shape: shape(m), part: m.max(2) }) }
    }
}

impl Candidates for Hnsw {
    type Build = HnswBuild;
    type Index = ProximityGraph;

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn exhaustive(&self, pool: Count, rows: usize) -> Self {
        Self { pool, ef: WalkWidths::exhaustive(pool, rows), ..self.clone() }
    }

    fn build_part(&self) -> HnswBuild {
        HnswBuild { m: self.m, ef_construction: self.ef_construction }
    }

    fn build(part: &HnswBuild, base: &Base) -> ProximityGraph {
        ProximityGraph::build(base, &part.plan())
    }

    fn words(graph: &ProximityGraph) -> Option<Vec<u32>> {
        Some(graph.words())
    }

    fn restore(words: &[u32], base: &Base) -> Option<ProximityGraph> {
        ProximityGraph::restore(words, base)
    }

    fn bytes(graph: &ProximityGraph, base: &Base) -> usize {
        base.bytes() + graph.bytes()
    }

    fn decision(graph: &ProximityGraph, base: &Base) -> Option<String> {
        graph.decision(base)
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        ProximityGraph::estimate(&Candidates::build_part(self).plan(), facts)
    }

    fn check(&self, _: &BaseFacts) -> Result<(), Unfit> {
        WalkWidths::of(self.ef, self.pool).check()
    }

    fn search(
        &self,
        graph: &ProximityGraph,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        graph.find(base, query, WalkWidths::of(self.ef, self.pool), scratch, found);
    }
}
