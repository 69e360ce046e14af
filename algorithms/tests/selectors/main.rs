//! Selectors against their definitions and their theorems, on points of every type.

mod definitions;
mod guarantees;
mod invariance;
mod large_pools;
#[path = "../naive/mod.rs"]
mod naive;
mod pools;
mod refusals;
mod support;
