//! Expansion: the optional stage that adds to the pool by walking a graph, and rescores it.
//!
//! To add one: one file here with its parameters' type implementing [`Expansion`], and one line in the registry
//! below.

mod heat;
mod hops;
mod walk;

pub use heat::Heat;
pub use hops::Hops;
pub use walk::Walk;

use crate::base::{Base, Query};
use crate::graph::{Graph, GraphSpec};
use crate::pool::Pool;
use crate::registry;
use crate::scratch::Scratch;

/// A way to widen a pool. Implemented by the type of its parameters.
pub trait Expansion: Send + Sync {
    /// The graph to walk: the part of the parameters that shapes what is built.
    fn graph(&self) -> GraphSpec;

    /// How many of the best by score stay in the pool.
    fn limit(&self) -> usize;

    /// Adds to the pool what the graph reaches from it and sets every score; one thread, one query.
    /// Afterwards the pool is cut to [`Expansion::limit`], best first.
    fn expand(&self, graph: &Graph, base: &Base, query: Query<'_>, pool: &mut Pool, scratch: &mut Scratch);
}

registry! {
    /// Expansions by name.
    ExpansionParams: Expansion {
        "hops" => Hops,
        "walk" => Walk,
        "heat" => Heat,
    }
}

/// Replaces each value by its share of `exp(value / temperature)`.
fn softmax(seeds: &mut [(u32, f64)], temperature: f64) {
    let highest = seeds.iter().map(|&(_, value)| value).fold(f64::NEG_INFINITY, f64::max);
    for (_, value) in seeds.iter_mut() {
        *value = ((*value - highest) / temperature).exp();
    }
    let total: f64 = seeds.iter().map(|&(_, value)| value).sum();
    for (_, value) in seeds {
        *value /= total;
    }
}

/// Ends an expansion: what it reached joins the pool, and every item is scored
/// `beta * rel + (1 - beta) * scale * reached`.
///
/// `scratch.mass` holds what was reached; the first places it touched are the pool's items, in their order.
fn rescore(pool: &mut Pool, (beta, scale, limit): (f64, f64, usize), base: &Base, query: Query<'_>, scratch: &Scratch) {
    for &id in &scratch.mass.touched()[pool.items.len()..] {
        pool.push(base, query, id, scratch);
    }
    for item in &mut pool.items {
        item.score = beta * item.rel + (1.0 - beta) * (scale * scratch.mass.get(item.id));
    }
    pool.keep_best(limit);
}
