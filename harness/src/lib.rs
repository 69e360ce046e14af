//! Benchmarking harness that measures how wide a swath of meaning a vector retriever cuts.

pub mod cache;
pub mod check;
pub mod chosen;
pub mod clock;
pub mod columns;
pub mod config;
pub mod diagnostics;
pub mod excerpt;
pub mod exchange;
pub mod experiment;
pub mod history;
pub mod interrupt;
mod machine;
pub mod manifest;
pub mod metrics;
pub mod plan;
pub mod point;
pub mod progress;
pub mod reference;
pub mod report;
pub mod reproduce;
pub mod results;
pub mod run;
pub mod statistics;
pub mod summary;
pub mod sweep;
pub mod workload;
