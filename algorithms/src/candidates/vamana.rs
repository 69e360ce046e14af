//! Vamana: approximate search along the edges of a proximity graph.
//!
//! The graph and the search over it are those of `proximity_graph`.

use super::proximity_graph::{GraphPlan, Rule, Shape, WalkWidths, WalkedGraph};
use crate::params::{Count, Stretch, constant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Approximate nearest neighbours by a best-first walk over a Vamana graph, in which every vector has edges to near
/// ones and to some farther off. Faster than exact search on large datasets; misses some neighbours.
///
/// The graph depends on nothing but vectors and parameters. Walks start in the middle: at the vector nearest the mean, or, of
/// bits, sets and sparse vectors, at the one of a sample that is nearest to others. Every vector can be reached from there.
/// Vectors that are the same are one in the graph. For ip the graph is built by angle, and a walk compares products.
///
/// Source: Jayaram Subramanya et al. 2019 (DiskANN); Fu et al. 2019 (NSG) for reaching every vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vamana {
    /// Size of the pool.
    pub pool: Count,
    /// How many vectors the walk keeps under consideration; at least `pool`. More find more of the true neighbours and
    /// take longer.
    pub ef: Count,
    /// Edges that each vector keeps when the graph is built; up to a third more while it is built.
    pub degree: Count,
    /// The `ef` of the walks that find a new vector's neighbours when the graph is built.
    pub ef_construction: Count,
    /// How much shorter a detour must be to replace an edge when the graph is built: a larger value keeps more long
    /// edges.
    pub alpha: Stretch,
}

impl Default for Vamana {
    fn default() -> Self {
        Self {
            pool: constant!(Count, 100),
            ef: constant!(Count, 100),
            degree: constant!(Count, 32),
            ef_construction: constant!(Count, 100),
            alpha: constant!(Stretch, 1.2),
        }
    }
}

/// The parameters that shape the graph.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct VamanaBuild {
    degree: Count,
    ef_construction: Count,
    alpha: Stretch,
}

impl WalkedGraph for Vamana {
    type Build = VamanaBuild;

    fn widths(&self) -> WalkWidths {
        WalkWidths::of(self.ef, self.pool)
    }

    fn with_widths(&self, pool: Count, ef: Count) -> Self {
        Self { pool, ef, ..self.clone() }
    }

    fn graph_part(&self) -> VamanaBuild {
        VamanaBuild { degree: self.degree, ef_construction: self.ef_construction, alpha: self.alpha }
    }

    fn plan(part: &VamanaBuild) -> GraphPlan {
        let degree = part.degree.size();
        let graph = Shape {
            first: degree,
            capacity: degree + degree.div_ceil(3),
            rule: Rule { degree, alpha: part.alpha.get() },
            ef: part.ef_construction.size(),
        };
        GraphPlan { graph, layers: None }
    }
}
