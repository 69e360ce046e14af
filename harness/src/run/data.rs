//! Where children find the dataset. A run prepares it once: no child generates it, samples it, or searches for its true
//! neighbours again.

use super::Means;
use crate::config::Failure;
use crate::exact_path;
use crate::plan::{DatasetFile, LoadedDataset, Prepared};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use swath_datasets::shared;

/// Where a child finds the dataset.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetLocation {
    /// In the file that the user named.
    File(DatasetFile),
    /// In a file that the run wrote.
    Shared(#[serde(with = "exact_path")] PathBuf),
}

impl DatasetLocation {
    /// Reads the dataset; `name` and `sha256` are those that the run had.
    ///
    /// # Errors
    /// [`Failure::Input`] if the user's file has changed or cannot be read, [`Failure::Run`] if the run's cannot be read.
    pub fn read(&self, name: String, sha256: String, memory: u64) -> Result<LoadedDataset, Failure> {
        let dataset = match self {
            Self::File(file) => file.read(&sha256, memory)?,
            Self::Shared(path) => shared::read(path).map_err(|error| unshared(path, &error))?,
        };
        Ok(LoadedDataset { name, sha256, dataset, file: None })
    }
}

/// The dataset of a run, for as long as it has children.
#[derive(Debug)]
pub struct Shared {
    data: DatasetLocation,
}

impl Shared {
    /// The file's name in the folder of unfinished trials.
    pub const FILE: &str = "dataset";

    /// Writes the dataset into `folder`, unless children can read the user's file. `None` if there will be no children. Removes
    /// the file of an earlier run.
    ///
    /// # Errors
    /// [`Failure::Run`].
    pub fn new(prepared: &Prepared, means: Means<'_>, folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(Self::FILE);
        remove(&path);
        if means.program.is_none() {
            return Ok(None);
        }
        if let Some(file) = &prepared.file {
            return Ok(Some(Self { data: DatasetLocation::File(file.clone()) }));
        }
        // Made first: dropping it removes a file that is written in part.
        let made = Self { data: DatasetLocation::Shared(path.clone()) };
        shared::write(&path, &prepared.dataset).map_err(|error| unshared(&path, &error))?;
        Ok(Some(made))
    }

    /// Where children find the dataset.
    pub fn data(&self) -> &DatasetLocation {
        &self.data
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let DatasetLocation::Shared(path) = &self.data {
            remove(path);
        }
    }
}

fn remove(path: &Path) {
    // A file that cannot be removed now is removed with its folder.
    let _ = std::fs::remove_file(path);
}

fn unshared(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Run(format!("{}: {error}", path.display()))
}
