//! Selectors against their definitions and their theorems, on points of every type.

mod aspects;
mod definitions;
mod guarantees;
mod invariance;
mod large_pools;
mod limits;
#[path = "../naive/mod.rs"]
mod naive;
mod optimizers;
mod pools;
mod refusals;
mod support;
