//! What selectors are made of: greedy maximisation of set functions, the functions, and cheap bounds on their gains.

pub(super) mod aspects;
pub(super) mod bounded;
pub(super) mod coarse;
pub(super) mod constrained;
pub(super) mod cosine_tiles;
pub(super) mod coverage;
pub(super) mod directions;
pub mod exact;
pub(super) mod exponentials;
pub mod greedy;
pub(super) mod lazily;
pub(super) mod mean;
pub(super) mod means;
pub(super) mod novelty;
pub(super) mod order;
mod queue;
pub(super) mod span;
pub(super) mod spectrum;
pub(super) mod spread;
pub(super) mod totals;
pub(super) mod units;
pub(super) mod walk;
pub(super) mod weights;
