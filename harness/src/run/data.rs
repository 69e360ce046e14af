//! What children read: each a whole dataset, and none of them draws it, samples it, or looks for its true neighbours again.

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
pub enum Data {
    /// In the file that the user named.
    File(DatasetFile),
    /// In a file that the run wrote.
    Shared(#[serde(with = "exact_path")] PathBuf),
}

impl Data {
    /// Reads it as the dataset of that name and SHA-256.
    ///
    /// # Errors
    /// [`Failure::Input`] where it has changed or cannot be read, [`Failure::Run`] for what the run wrote.
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
    data: Data,
}

impl Shared {
    /// The file's name in the folder of what is not finished.
    pub const FILE: &str = "dataset";

    /// Writes the dataset into `folder` if there is no file that children could read; `None` where there will be no children.
    /// What an earlier run left there is removed.
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
            return Ok(Some(Self { data: Data::File(file.clone()) }));
        }
        // Made first: what is written in part is removed, too.
        let made = Self { data: Data::Shared(path.clone()) };
        shared::write(&path, &prepared.dataset).map_err(|error| unshared(&path, &error))?;
        Ok(Some(made))
    }

    /// Where children find it.
    pub fn data(&self) -> &Data {
        &self.data
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Data::Shared(path) = &self.data {
            remove(path);
        }
    }
}

fn remove(path: &Path) {
    // What cannot be removed goes with its folder.
    let _ = std::fs::remove_file(path);
}

fn unshared(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Run(format!("{}: {error}", path.display()))
}
