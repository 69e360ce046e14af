//! Runs experiments: builds what trials share, measures each trial, and times it.
//!
//! Trials that share a build share a process ([`child`]), which does one step at a time:
//!
//! 1. It answers all queries once, untimed, with all cores ([`untimed`]). This gives the results and metrics, which are written
//!    into the trial's file ([`unfinished`]).
//! 2. Again and again it times all queries once, and appends the times to a file beside that one ([`passes`]). Each pass must
//!    return the same results as the first step.
//!
//! The timed passes of all trials are interleaved in an order shuffled by the seed, so that a drift of the machine favours no
//! trial.
//!
//! [`passes`]: crate::record::passes

pub mod answers;
pub mod bench;
pub mod built;
pub mod cache;
pub mod cells;
pub mod child;
mod crowd;
pub mod damage;
pub mod data;
pub mod duel;
pub mod experiment;
pub mod group;
mod kept_indexes;
pub mod lock;
mod means;
mod memory;
pub mod order;
pub mod outside;
#[cfg(feature = "plant")]
mod plant;
pub mod runner;
pub mod searcher;
pub mod stages;
mod trial_files;
pub mod unfinished;
pub mod untimed;
pub mod worker;

pub use experiment::RunOptions;
pub use means::Means;
pub use runner::{Rounds, Stop, TimedRounds, TrialEndings, rounds, run};
pub use trial_files::write_trial;
