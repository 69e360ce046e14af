//! The files of a run: trials' results, the manifest, the queries that the report shows, and the folder that holds them.

pub mod coarse;
pub mod diagnosis;
pub mod excerpt;
mod experiment_record;
pub mod folder;
mod label;
pub mod machine;
pub mod manifest;
mod mode;
pub mod outcome;
pub mod output_folder;
mod outside;
mod parameters;
mod parting;
pub mod passes;
pub mod reference;
pub mod results;
mod run_seconds;
mod seal;

pub use experiment_record::{ExperimentRecord, StatedCount};
pub use label::label;
pub use machine::Machine;
pub use mode::Mode;
pub use outcome::{MISSING, Outcome, Peaks, Timed, Times, stored};
pub use outside::{Clocks, ProgramRecord};
pub use parameters::{Parameters, WHOLE};
pub use parting::{Parting, tuned_on};
pub use run_seconds::RunSeconds;
