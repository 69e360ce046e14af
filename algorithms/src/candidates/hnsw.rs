//! HNSW: approximate search along the edges of a proximity graph with layers above it.
//!
//! The graph and the search over it are those of `proximity_graph`.

use super::proximity_graph::{GraphPlan, LayersPlan, Rule, Shape, WalkWidths, WalkedGraph};
use crate::params::{Count, constant};
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

impl WalkedGraph for Hnsw {
    type Build = HnswBuild;

    fn widths(&self) -> WalkWidths {
        WalkWidths::of(self.ef, self.pool)
    }

    fn with_widths(&self, pool: Count, ef: Count) -> Self {
        Self { pool, ef, ..self.clone() }
    }

    fn graph_part(&self) -> HnswBuild {
        HnswBuild { m: self.m, ef_construction: self.ef_construction }
    }

    fn plan(part: &HnswBuild) -> GraphPlan {
        let (m, ef) = (part.m.size(), part.ef_construction.size());
        let shape = |most| Shape { first: m, capacity: most, rule: Rule { degree: most, alpha: 1.0 }, ef };
        GraphPlan { graph: shape(2 * m), layers: Some(LayersPlan { shape: shape(m), part: m.max(2) }) }
    }
}
