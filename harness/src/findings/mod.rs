//! What was found: statistics of a run's results, and what its dataset is like.

pub mod across;
pub mod ceiling;
pub mod columns;
pub mod diagnostics;
mod loaded_run;
mod measure;
pub mod outside;
mod partial;
pub mod summary;
pub mod timing;
pub mod tradeoffs;
pub mod tuning;

pub use loaded_run::{LoadedRun, load};
