//! The parameters that all expansions share.

use crate::graph::GraphSpec;

/// What the shared parameters of an expansion say. `parameters!` implements it.
pub trait SharedParameters {
    /// The graph to walk: the part of the parameters that shapes what is built.
    fn graph(&self) -> GraphSpec;

    /// Weight of an item's own relevance against what reaches it over the graph.
    fn beta(&self) -> f64;

    /// Number of items that stay in the pool, the best by score.
    fn limit(&self) -> usize;
}

/// Declares the parameter type of an expansion. Its own parameters, each with its default, stand between those that all
/// expansions share.
///
/// A macro, and no type inside a type: serde's `flatten` cannot refuse unknown fields, and its errors lose their places.
macro_rules! parameters {
    ($(#[$about:meta])* $Name:ident { $($(#[$doc:meta])* $own:ident: $Type:ident = $default:expr,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $Name {
            /// Graphs to walk, averaged, each a name or `{ NAME: WEIGHT }`. One alone may stand without brackets; a list
            /// of lists is a grid axis.
            #[serde(deserialize_with = "crate::graph::at_least_one")]
            #[schemars(length(min = 1))]
            pub graph: Vec<crate::graph::WeightedSource>,
            /// Neighbours of each base point in the kNN graph, for ip those at the smallest angles. Its edges are weighted by
            /// the kernel of coverage: `cosine` for angular and ip, `rbf` for euclidean (as wide as each vector's median
            /// distance to its neighbours), `match` for hamming and `jaccard` for jaccard.
            pub neighbors: crate::params::Count,
            /// Weights of the links' relations by name; others weigh 1, and 0 leaves a relation out.
            #[serde(skip_serializing_if = "crate::graph::Relations::is_empty")]
            pub relations: crate::graph::Relations,
            $(
                $(#[$doc])*
                pub $own: crate::params::$Type,
            )*
            /// Weight of an item's own relevance against what reaches it over the graph.
            pub beta: crate::params::Fraction,
            /// Number of items that stay in the pool, the best by score.
            pub limit: crate::params::Count,
        }

        impl Default for $Name {
            fn default() -> Self {
                Self {
                    graph: vec![crate::graph::EdgeSource::Knn.into()],
                    neighbors: crate::params::constant!(Count, 16),
                    relations: crate::graph::Relations::new(),
                    $($own: crate::params::constant!($Type, $default),)*
                    beta: crate::params::constant!(Fraction, 0.5),
                    limit: crate::params::constant!(Count, 100),
                }
            }
        }

        impl crate::expansion::SharedParameters for $Name {
            fn graph(&self) -> crate::graph::GraphSpec {
                crate::graph::GraphSpec::new(&self.graph, self.neighbors, &self.relations)
            }

            fn beta(&self) -> f64 {
                self.beta.get()
            }

            fn limit(&self) -> usize {
                self.limit.size()
            }
        }
    };
}
pub(super) use parameters;
