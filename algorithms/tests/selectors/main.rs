//! Selectors against their definitions and their theorems.

mod definitions;
mod guarantees;
mod invariance;
mod support;
