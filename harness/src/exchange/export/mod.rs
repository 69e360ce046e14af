//! Exporters: a finished run in the files of other programs.
//!
//! To add one: one file here with a type and its `impl Exporter`, and its line in [`EXPORTERS`]. `swath export` then has its option.

mod ann_benchmarks;
mod finished_run;
mod parquet;

pub use finished_run::FinishedRun;

use crate::config::Failure;
use std::path::{Path, PathBuf};

/// All exporters, in the order of the help.
pub const EXPORTERS: &[&dyn Exporter] = &[
    // One line each.
    &ann_benchmarks::AnnBenchmarks,
    &parquet::Parquet,
];

/// Writes finished runs for another program.
pub trait Exporter: Sync {
    /// The exporter's name, in lower case with hyphens; its option has the same.
    fn name(&self) -> &'static str;

    /// What it writes into the folder DIR, without a full stop.
    fn about(&self) -> &'static str;

    /// An example for the help.
    fn example(&self) -> Example;

    /// Writes a run into the folder `target`. Everything is checked before anything is written. `data_folders` are searched
    /// for the run's dataset, which may take `memory` bytes.
    ///
    /// # Errors
    /// [`Failure::Input`] where the other program cannot hold this run or something else is in the way, [`Failure::Run`] where
    /// nothing can be written.
    fn export(
        &self,
        run: &FinishedRun,
        target: &Path,
        data_folders: &[PathBuf],
        memory: u64,
    ) -> Result<Exported, Failure>;
}

/// An example for the help.
pub struct Example {
    /// The folder that is exported into.
    pub folder: &'static str,
    /// What is in it afterwards.
    pub holds: &'static str,
}

/// What an export left behind.
#[derive(Debug, Default)]
pub struct Exported {
    /// What was written.
    pub written: Vec<Written>,
    /// How to go on in the other program: one line, with names escaped for a terminal.
    pub next: Option<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A file or folder that was written.
#[derive(Debug)]
pub struct Written {
    /// What it holds.
    pub what: String,
    /// Where it is.
    pub path: PathBuf,
}

/// A refusal of the file system.
fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Run(format!("cannot write {}: {error}", path.display()))
}
