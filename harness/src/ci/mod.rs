//! Regression tracking: what an experiment gives now against what it gave.

pub mod check;
pub mod history;
pub mod reproduce;
