//! Importers: turn other programs' results into a run that can be reported.
//!
//! To add one: one file or folder here with a type and its `impl Importer`, and its line in [`IMPORTERS`]. `swath import` then
//! knows its folders.

mod ann_benchmarks;

use crate::config::Failure;
use crate::findings::summary::Summary;
use crate::record::Mode;
use crate::record::manifest::Manifest;
use std::path::{Path, PathBuf};

/// All importers. The first that recognises a folder imports it.
pub const IMPORTERS: &[&dyn Importer] = &[
    // One line each.
    &ann_benchmarks::AnnBenchmarks,
];

/// Reads results of another program.
pub trait Importer: Sync {
    /// Whether a folder looks like one of the other program.
    fn recognises(&self, folder: &Path) -> bool;

    /// The typical content of the other program's folders, to end the sentence "FOLDER has no ...".
    fn expects(&self) -> &'static str;

    /// Advice for a user whose folder is not recognised.
    fn advice(&self) -> &'static str;

    /// Reads results and writes them as a run, with its report. Checks everything before it writes anything. Searches
    /// `data_folders` for the dataset, which may take at most `memory` bytes.
    ///
    /// # Errors
    /// [`Failure::Input`] if nothing can be read, [`Failure::Run`] if a file cannot be written, and the other [`Refusal`]s if the
    /// user has to choose.
    fn import(&self, wanted: &Wanted<'_>, data_folders: &[PathBuf], memory: u64) -> Result<Imported, Refusal>;
}

/// Which results are read.
pub struct Wanted<'a> {
    /// The folder of the other program.
    pub folder: &'a Path,
    /// The dataset's name there.
    pub dataset: &'a str,
    /// Results per query; may be left out if there is only one choice.
    pub count: Option<usize>,
    /// Whether results in mode batch are read if there are both modes.
    pub batch: bool,
    /// The folder for the run; `reports/<dataset>-<k>-imported` if left out.
    pub out: Option<&'a Path>,
    /// Whether an earlier import in that folder is replaced.
    pub fresh: bool,
    /// The command that repeats this import, given the results per query and the mode. The manifest keeps it.
    pub command: &'a dyn Fn(usize, Mode) -> String,
}

/// The result of an import.
pub struct Imported {
    /// The folder of the run.
    pub folder: PathBuf,
    /// The error of each result that was left out.
    pub left_out: Vec<String>,
    /// The results, summarised.
    pub summary: Option<Summary>,
    /// The manifest of the run.
    pub manifest: Manifest,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// An error that no other choice would avoid.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// There are results with several numbers of neighbours per query, and none was chosen.
    #[error("{} has results with several numbers of neighbours per query", folder.display())]
    SeveralCounts {
        /// The folder of the dataset's results.
        folder: PathBuf,
        /// The numbers of neighbours, in order.
        counts: Vec<usize>,
    },
    /// The folder already holds an import.
    #[error("{} already holds an import", .0.display())]
    AlreadyThere(PathBuf),
}

/// Reads results with the first importer that recognises their folder.
///
/// # Errors
/// As [`Importer::import`]; also [`Failure::Input`] if no importer recognises the folder.
pub fn import(wanted: &Wanted<'_>, data_folders: &[PathBuf], memory: u64) -> Result<Imported, Refusal> {
    if let Some(importer) = IMPORTERS.iter().find(|importer| importer.recognises(wanted.folder)) {
        return importer.import(wanted, data_folders, memory);
    }
    if let Err(error) = std::fs::read_dir(wanted.folder) {
        return Err(Failure::Input(format!("cannot read the folder {}: {error}", wanted.folder.display())).into());
    }
    let expected: Vec<&str> = IMPORTERS.iter().map(|importer| importer.expects()).collect();
    let message = format!("{} has no {}", wanted.folder.display(), expected.join(", and no "));
    let advice = IMPORTERS.iter().map(|importer| format!("\n  {}", importer.advice()));
    Err(Failure::Input(advice.fold(message, |text, line| text + &line)).into())
}
