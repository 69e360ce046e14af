//! The dataset of a run, as its children find it: a prepared file that each of them maps. A run prepares it once. No child reads,
//! draws or samples it again, and all share the pages of its points.

use super::Means;
use crate::config::Failure;
use crate::plan::{LoadedDataset, Prepared};
use crate::version;
use std::path::{Path, PathBuf};
use swath_datasets::prepared::{self, Made, PreparedError, Wanted};

/// The prepared dataset of a run, for as long as the run takes.
#[derive(Debug)]
pub struct SharedDataset {
    path: PathBuf,
}

impl SharedDataset {
    /// The file's name in the folder of unfinished trials.
    pub const FILE: &str = "dataset";

    /// Gives the dataset a name in `folder`: the kept file a second one, or else that of a file that is written. `None` if there will
    /// be no children and it is not kept. Removes the file of an earlier run, for which see [`damage_of_earlier`].
    ///
    /// # Errors
    /// [`Failure::Run`].
    pub fn new(prepared: &Prepared, means: Means<'_>, folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(Self::FILE);
        remove(&path);
        // Made first: dropping it removes a file that is written in part.
        let made = Self { path };
        let Prepared { facts, dataset, dataset_name, dataset_file, .. } = prepared;
        if dataset_file.as_deref().is_some_and(|kept| link(kept, &made.path, &facts.sha256)) {
            return Ok(Some(made));
        }
        if means.program.is_none() {
            return Ok(None);
        }
        let contents = Made { name: dataset_name, sha256: &facts.sha256, sources: &[], doubts: &[], dataset };
        prepared::write(&made.path, &version::program(), &contents)
            .map_err(|error| unshared(&made.path, &error.into()))?;
        Ok(Some(made))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Why the dataset that an earlier run measured on, and that is still in `folder` because the run was killed, is damaged, if it is.
/// What was measured on it is worth nothing.
pub fn damage_of_earlier(folder: &Path) -> Option<PreparedError> {
    prepared::verify(&folder.join(SharedDataset::FILE)).err().filter(|why| matches!(why, PreparedError::Damaged(_)))
}

/// Opens what is `wanted` of the dataset of a run in a child; `sha256` is that which the run had.
///
/// # Errors
/// [`Failure::Run`] if the file cannot be used, or is that of another run.
pub fn open(path: &Path, sha256: &str, wanted: Wanted) -> Result<LoadedDataset, Failure> {
    let (header, dataset) = prepared::open(path, wanted).map_err(|error| unshared(path, &error))?;
    if header.sha256 != sha256 {
        let message = format!("{} is the dataset of another run: somebody runs in the same folder", path.display());
        return Err(Failure::Run(message));
    }
    Ok(LoadedDataset::new(header.name, header.sha256, dataset))
}

impl Drop for SharedDataset {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Gives the kept dataset a second name, so that the children find this very file whatever becomes of the first name. Returns
/// whether that went well: not every file system knows second names, and the file may just have been replaced by another.
fn link(kept: &Path, path: &Path, sha256: &str) -> bool {
    let linked = std::fs::hard_link(kept, path).is_ok();
    let is_same = linked
        && prepared::header(path).is_ok_and(|header| header.sha256 == sha256 && header.program == version::program());
    if linked && !is_same {
        remove(path);
    }
    is_same
}

fn remove(path: &Path) {
    // A file that cannot be removed now is removed with its folder.
    let _ = std::fs::remove_file(path);
}

fn unshared(path: &Path, error: &PreparedError) -> Failure {
    Failure::Run(format!("{}: {error}", path.display()))
}
