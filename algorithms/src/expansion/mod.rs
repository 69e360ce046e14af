//! Expansion: the optional stage that adds to the pool by walking a graph, and rescores it.
//!
//! To add one: one file here that declares its parameters with `parameters!` and implements [`Expansion`], and one line in
//! the registry below.

mod heat;
mod hops;
mod shared;
mod waiting;
mod walk;

pub use heat::Heat;
pub use hops::Hops;
pub use shared::SharedParameters;
pub use walk::Walk;

use crate::base::{Base, Query};
use crate::graph::Graph;
use crate::pool::{Pool, larger_first, scaled};
use crate::registry;
use crate::scratch::{Scratch, SparseVector};
use std::cell::Cell;
use std::cmp::Ordering;

/// A way to widen a pool. Implemented by the type of its parameters.
pub trait Expansion: SharedParameters + Send + Sync {
    /// Adds to the pool what the graph reaches from it and sets every score; one thread, one query. Where an order
    /// matters, the larger comes first, then the more relevant, then the lower id. Afterwards the pool is cut to
    /// [`SharedParameters::limit`], best first.
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

/// What an expansion has reached so far: the growing pool, and a mass for each of its items.
///
/// The mass's places are touched in the order of the pool's items.
struct Reached<'r> {
    pool: &'r mut Pool,
    mass: &'r mut SparseVector,
    base: &'r Base,
    query: Query<'r>,
    evaluations: &'r Cell<u64>,
}

impl<'r> Reached<'r> {
    /// The pool's items, with no mass yet, in a graph of `n` vertices.
    fn new(
        pool: &'r mut Pool,
        mass: &'r mut SparseVector,
        n: usize,
        base: &'r Base,
        query: Query<'r>,
        evaluations: &'r Cell<u64>,
    ) -> Self {
        mass.clear(n);
        pool.items.iter().for_each(|item| mass.set(item.id, 0.0));
        Self { pool, mass, base, query, evaluations }
    }

    /// The position of `vertex` in the pool, which it joins if it is not there yet.
    #[inline]
    fn position(&mut self, vertex: u32) -> usize {
        self.mass.order(vertex).unwrap_or_else(|| {
            self.mass.set(vertex, 0.0);
            self.pool.push(self.base, self.query, vertex, self.evaluations);
            self.pool.items.len() - 1
        })
    }

    /// The vertex at a position.
    fn vertex(&self, position: usize) -> u32 {
        self.pool.items[position].id
    }

    /// Adds to the mass of the vertex at a position.
    fn add(&mut self, position: usize, mass: f64) {
        let vertex = self.vertex(position);
        self.mass.set(vertex, self.mass.get(vertex) + mass);
    }

    /// The order in which vertices, each (mass, position), pass on their mass: the largest mass first, then the more
    /// relevant, then the lower id. Neither it nor the sums in its order depend on how vertices are numbered, unless
    /// two agree in mass and relevance.
    #[inline]
    fn most_first(&self, a: (f64, usize), b: (f64, usize)) -> Ordering {
        let items = &self.pool.items;
        let equal = || larger_first(items[a.1].rel, items[b.1].rel).then_with(|| items[a.1].id.cmp(&items[b.1].id));
        larger_first(a.0, b.0).then_with(equal)
    }

    /// Ends the expansion: every item is scored `beta * rel + (1 - beta) * mass / unit`, and the best `limit` stay. If
    /// `unit` is 0, so are all masses.
    fn rescore(self, beta: f64, unit: f64, limit: usize) {
        let scale = if unit > 0.0 { 1.0 / unit } else { 0.0 };
        let range = self.pool.range;
        for item in &mut self.pool.items {
            item.score = beta * scaled(item.rel, range) + (1.0 - beta) * (scale * self.mass.get(item.id));
        }
        self.pool.keep_best(limit);
    }

    /// The largest mass.
    fn highest(&self) -> f64 {
        self.mass.touched().iter().map(|&vertex| self.mass.get(vertex)).fold(0.0, f64::max)
    }
}

/// A pool of these vertices, each with its share as relevance, among vectors that are all the same.
#[cfg(test)]
fn pool_of(graph: &Graph, seeds: &[(u32, f64)]) -> (Base, Pool) {
    let base = Base::from_values(&vec![1.0; graph.len()], 1, crate::Distance::Angular).expect("finite");
    let item = |&(id, share)| crate::Item { id, distance: 0.0, rel: share, score: share };
    (base, Pool { items: seeds.iter().map(item).collect(), ..Pool::default() })
}
