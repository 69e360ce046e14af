//! Regression tracking: compares an experiment's results with earlier ones.

pub mod check;
pub mod history;
pub mod reproduce;
