//! Exporters: write a finished run in the formats of other programs.
//!
//! To add one: one file here with a type and its `impl Exporter`, and its line in [`EXPORTERS`]. `swath export` then has its option.

mod ann_benchmarks;
mod finished_run;
mod parquet;
mod trec;

pub use finished_run::FinishedRun;

use crate::config::Failure;
use std::path::{Path, PathBuf};

/// All exporters, in the order of the help.
pub const EXPORTERS: &[&dyn Exporter] = &[
    // One line each.
    &ann_benchmarks::AnnBenchmarks,
    &parquet::Parquet,
    &trec::Trec,
];

/// Writes finished runs for another program.
pub trait Exporter: Sync {
    /// The exporter's name, in lower case with hyphens. Its option has the same name.
    fn name(&self) -> &'static str;

    /// The help of its option, which names the folder DIR; without a full stop.
    fn about(&self) -> &'static str;

    /// An example for the help.
    fn example(&self) -> Example;

    /// Writes a run into the folder `target`. Checks everything before it writes anything. Searches `data_folders` for the
    /// run's dataset, which may take at most `memory` bytes.
    ///
    /// # Errors
    /// [`Failure::Input`] if the other program cannot hold this run, or something else prevents the export; [`Failure::Run`] if
    /// a file cannot be written.
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
    /// The folder to export into.
    pub folder: &'static str,
    /// The content of the folder after the export.
    pub holds: &'static str,
}

/// The result of an export.
#[derive(Debug, Default)]
pub struct Exported {
    /// The files and folders that were written.
    pub written: Vec<Written>,
    /// The next step in the other program: one line, with names escaped for a terminal.
    pub next: Option<String>,
    /// Notes for the user.
    pub notes: Vec<String>,
}

/// A file or folder that was written.
#[derive(Debug)]
pub struct Written {
    /// Its content.
    pub what: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The error for a file that cannot be written.
fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Run(format!("cannot write {}: {error}", path.display()))
}
