//! The dataset of a run, as its children find it: a prepared file that each of them maps. A run prepares it once. No child reads,
//! draws or samples it again, and all share the pages of its points.

use super::Means;
use crate::config::Failure;
use crate::plan::{LoadedDataset, Prepared};
use std::path::{Path, PathBuf};
use swath_datasets::prepared::{self, PreparedError, Wanted};

/// The prepared dataset of a run, for as long as it has children.
#[derive(Debug)]
pub struct SharedDataset {
    path: PathBuf,
}

impl SharedDataset {
    /// The file's name in the folder of unfinished trials.
    pub const FILE: &str = "dataset";

    /// Writes the dataset into `folder`. `None` if there will be no children. Removes the file of an earlier run.
    ///
    /// # Errors
    /// [`Failure::Run`].
    pub fn new(prepared: &Prepared, means: Means<'_>, folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(Self::FILE);
        remove(&path);
        if means.program.is_none() {
            return Ok(None);
        }
        // Made first: dropping it removes a file that is written in part.
        let made = Self { path };
        let Prepared { facts, dataset, dataset_name, .. } = prepared;
        prepared::write(&made.path, dataset_name, &facts.sha256, None, dataset)
            .map_err(|error| unshared(&made.path, &error.into()))?;
        Ok(Some(made))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens the dataset of a run in a child, without the names of its points; `sha256` is that which the run had.
///
/// # Errors
/// [`Failure::Run`] if the file cannot be used, or is that of another run.
pub fn open(path: &Path, sha256: &str) -> Result<LoadedDataset, Failure> {
    let (header, dataset) = prepared::open(path, Wanted::Search).map_err(|error| unshared(path, &error))?;
    if header.sha256 != sha256 {
        let message = format!("{} is the dataset of another run: somebody runs in the same folder", path.display());
        return Err(Failure::Run(message));
    }
    Ok(LoadedDataset { name: header.name, sha256: header.sha256, dataset })
}

impl Drop for SharedDataset {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    // A file that cannot be removed now is removed with its folder.
    let _ = std::fs::remove_file(path);
}

fn unshared(path: &Path, error: &PreparedError) -> Failure {
    Failure::Run(format!("{}: {error}", path.display()))
}
