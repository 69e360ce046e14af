//! The runner: builds what trials share, measures what each returns, then times it.
//!
//! The trials that share a build share a process of their own ([`child`]), which does one step at a time, as it is told:
//! answer all queries once, untimed, with all cores, which gives results and metrics; then, again and again, time all
//! queries once. The timed passes of all trials are interleaved in an order shuffled by the seed, so that a drift of the
//! machine favours none; each must return what the first pass did. What is measured is written into the trial's file
//! ([`unfinished`]), and each timed pass appended to another beside it ([`passes`]).

pub mod bench;
pub mod built;
pub mod cache;
pub mod child;
mod crowd;
pub mod data;
pub mod experiment;
pub mod group;
mod kept_indexes;
pub mod lock;
mod means;
mod memory;
#[cfg(feature = "plant")]
mod plant;
pub mod retriever;
pub mod runner;
pub mod sweep;
mod trial_files;
pub mod unfinished;

pub use experiment::RunOptions;
pub use means::Means;
pub use runner::{Ran, Rounds, Stop, TimedRounds, rounds, run};
pub use trial_files::write_trial;
