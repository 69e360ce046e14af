//! Benchmarking harness that measures how much meaning a vector retriever returns.
//!
//! The rooms, each of which uses only those below it (`tests/rooms.rs` looks):
//!
//! - [`ci`]: is it worse than before? [`exchange`]: other programs' results, in and out.
//! - [`run`]: runs what is planned. [`report`]: writes what was found.
//! - [`findings`]: statistics of results, and what a dataset is like.
//! - [`plan`]: what an experiment will do. [`config`]: what an experiment says.
//! - [`external`]: programs of the user's, as child processes. [`record`]: what files say of a run. [`metrics`]: a number per query.
//! - [`statistics`], [`plot`]: pure functions of numbers, and pictures of them.
//! - [`escape`], [`exact_path`], [`version`], [`progress`], [`interrupt`], [`clock`]: what all of them stand on.

pub mod ci;
pub mod clock;
pub mod config;
pub mod escape;
pub mod exact_path;
pub mod exchange;
pub mod external;
pub mod findings;
pub mod interrupt;
pub mod metrics;
pub mod plan;
pub mod plot;
pub mod progress;
pub mod record;
pub mod report;
pub mod run;
pub mod speed;
pub mod statistics;
pub mod version;
