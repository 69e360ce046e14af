//! Importers: other programs' results as a run that can be reported.
//!
//! To add one: one file or folder here with a type and its `impl Importer`, and its line in [`IMPORTERS`]. `swath import` then
//! knows its folders.

mod ann_benchmarks;

use crate::config::Failure;
use crate::findings::summary::Summary;
use crate::record::Mode;
use crate::record::manifest::Manifest;
use std::path::{Path, PathBuf};

/// All importers. A folder goes to the first that recognises it.
pub const IMPORTERS: &[&dyn Importer] = &[
    // One line each.
    &ann_benchmarks::AnnBenchmarks,
];

/// Reads results of another program.
pub trait Importer: Sync {
    /// Whether a folder looks like one of the other program.
    fn recognises(&self, folder: &Path) -> bool;

    /// What a folder of the other program has, to end the sentence "FOLDER has no ...".
    fn expects(&self) -> &'static str;

    /// Advice for a user whose folder is not recognised.
    fn advice(&self) -> &'static str;

    /// Reads results and writes them as a run, with its report. Everything is checked before anything is written.
    /// `data_folders` are searched for the dataset, which may take `memory` bytes.
    ///
    /// # Errors
    /// [`Failure::Input`] with what is wrong where, if nothing can be read, [`Failure::Run`] where nothing can be written, and
    /// where the user has to choose.
    fn import(&self, wanted: &Wanted<'_>, data_folders: &[PathBuf], memory: u64) -> Result<Imported, Refusal>;
}

/// Which results are read.
pub struct Wanted<'a> {
    /// The folder of the other program.
    pub folder: &'a Path,
    /// The dataset's name there.
    pub dataset: &'a str,
    /// Results per query; may be left out where there is one choice.
    pub count: Option<usize>,
    /// Whether results in mode batch are read where there are both modes.
    pub batch: bool,
    /// The folder for the run; `reports/<dataset>-<k>-imported` if left out.
    pub out: Option<&'a Path>,
    /// Whether an earlier import in that folder is replaced.
    pub fresh: bool,
    /// The command that repeats this import, given the results per query and the mode. The manifest keeps it.
    pub command: &'a dyn Fn(usize, Mode) -> String,
}

/// What an import left behind.
pub struct Imported {
    /// The folder of the run.
    pub folder: PathBuf,
    /// What is wrong with each result that was left out.
    pub left_out: Vec<String>,
    /// The results, summarised.
    pub summary: Option<Summary>,
    /// The manifest of the run.
    pub manifest: Manifest,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something is wrong that no other choice would help.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// There are results of several numbers of neighbours, and none was chosen.
    #[error("{} has results of several numbers of neighbours", folder.display())]
    SeveralCounts {
        /// The folder of the dataset's results.
        folder: PathBuf,
        /// The numbers of neighbours, in order.
        counts: Vec<usize>,
    },
    /// An earlier import is in the way.
    #[error("{} holds an import already", .0.display())]
    AlreadyThere(PathBuf),
}

/// Reads results with the first importer that recognises their folder.
///
/// # Errors
/// As [`Importer::import`]; also [`Failure::Input`] where no importer recognises the folder.
pub fn import(wanted: &Wanted<'_>, data_folders: &[PathBuf], memory: u64) -> Result<Imported, Refusal> {
    if let Some(importer) = IMPORTERS.iter().find(|importer| importer.recognises(wanted.folder)) {
        return importer.import(wanted, data_folders, memory);
    }
    let expected: Vec<&str> = IMPORTERS.iter().map(|importer| importer.expects()).collect();
    let message = format!("{} has no {}", wanted.folder.display(), expected.join(", and no "));
    let advice = IMPORTERS.iter().map(|importer| format!("\n  {}", importer.advice()));
    Err(Failure::Input(advice.fold(message, |text, line| text + &line)).into())
}
