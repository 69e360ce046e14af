//! How much an item of the pool is worth covering.

use crate::scratch::Scratch;
use crate::selector::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much an item of the pool is worth covering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// All the same.
    #[default]
    Uniform,
    /// Its relevance (0 if that is negative).
    Relevance,
    /// Its share of `exp(rel / temperature)`.
    Softmax,
}

impl Weights {
    /// The weight of each item of the pool.
    pub fn of<'s>(self, request: &Request<'_>, temperature: f64, scratch: &'s Scratch) -> &'s [f64] {
        let scores = request.pool.items.iter().map(|item| item.score);
        match self {
            Self::Uniform => scratch.arena.alloc_slice_fill_copy(scores.len(), 1.0),
            Self::Relevance => scratch.arena.alloc_slice_fill_iter(scores.map(|score| score.max(0.0))),
            Self::Softmax => {
                let highest = scores.clone().fold(f64::NEG_INFINITY, f64::max);
                let weights = scratch.arena.alloc_slice_fill_iter(scores.map(|s| ((s - highest) / temperature).exp()));
                let total: f64 = weights.iter().sum();
                weights.iter_mut().for_each(|weight| *weight /= total);
                weights
            }
        }
    }
}
