//! An experiment's dataset: found by its name or path, read or drawn, and looked at so that it is one file from first to last.

use super::{at_dataset, missing_dataset};
use crate::clock;
use crate::config::{Failure, Invalid, Problem, Source};
use crate::exact_path;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use swath_algorithms::random;
use swath_datasets::{Dataset, DatasetError, Generated, Stamp, catalogue, format, sha256};

/// An experiment's dataset.
pub struct Found {
    /// Its name in files and plots.
    pub name: String,
    /// SHA-256 of its file, or of what else it is a function of.
    pub sha256: String,
    /// Its content.
    pub dataset: Dataset,
    /// The file that it was read from; `None` if it was drawn or sampled.
    pub file: Option<DatasetFile>,
}

impl Found {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn read(path: &Path, memory: u64) -> Result<Self, Failure> {
        // What cannot be read is not hashed first, which may take long.
        format::sizes(path, memory).map_err(|error| dataset_failure(&error))?;
        let sha256 = || format::sha256(path).map_err(|error| dataset_failure(&error));
        let ((sha256, dataset), file) = steady(path, || {
            let (before, young) = (sha256()?, !DatasetFile::at(path)?.stamp.is_settled());
            let dataset = format::read(path, memory).map_err(|error| dataset_failure(&error))?;
            // Written just now it may be written once more without another stamp.
            if young && sha256()? != before {
                return Err(unsteady(path));
            }
            Ok((before, dataset))
        })?;
        Ok(Self { name: file_name(path), sha256, dataset, file: Some(file) })
    }

    /// Draws vectors.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn draw(generated: &Generated) -> Result<Self, Failure> {
        let dataset = generated.dataset().map_err(|error| Failure::Input(error.to_string()))?;
        Ok(Self { name: generated.name(), sha256: sha256::of(generated.key()), dataset, file: None })
    }

    /// The SHA-256 of such a sample of the file of that SHA-256.
    pub fn sampled_sha256(sha256: &str, rows: usize, seed: u64) -> String {
        sha256::of(format!("{sha256} {rows} rows, seed {seed}"))
    }

    /// A seeded sample of `rows` of its base vectors, at most as many as there are.
    #[must_use]
    pub fn sample(self, rows: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..self.dataset.train.rows()).collect();
        random::shuffle(&mut random::stream(seed, "sweep", 0), &mut order);
        order.truncate(rows);
        order.sort_unstable();
        let sha256 = Self::sampled_sha256(&self.sha256, rows, seed);
        Self { dataset: self.dataset.subset(&order), sha256, file: None, ..self }
    }
}

/// The file of a dataset, and what the file system said of it before it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatasetFile {
    /// The file.
    #[serde(with = "exact_path")]
    pub path: PathBuf,
    /// What tells whether it is the same still.
    pub stamp: Stamp,
}

impl DatasetFile {
    /// A file that is there now.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::Input(format!("the dataset {} does not exist", path.display())),
            _ => Failure::Input(format!("{}: {error}", path.display())),
        };
        Ok(Self { path: path.to_owned(), stamp: Stamp::of(path, clock::now()).map_err(unreadable)? })
    }

    /// Reads the file again, whose SHA-256 was the `known` one: it is not computed again where the file system says that
    /// nothing has changed.
    ///
    /// # Errors
    /// [`Failure::Input`], also where it is not the same file any more.
    pub fn read(&self, known: &str, memory: u64) -> Result<Dataset, Failure> {
        let (dataset, _) = steady(&self.path, || {
            let dataset = format::read(&self.path, memory).map_err(|error| dataset_failure(&error))?;
            if !self.stamp.is_of(&self.path) {
                let sha256 = format::sha256(&self.path).map_err(|error| dataset_failure(&error))?;
                if sha256 != known {
                    return Err(changed(known, &sha256));
                }
            }
            Ok(dataset)
        })?;
        Ok(dataset)
    }
}

/// Does what looks at a file more than once, and refuses what came of it where the file was changed or replaced meanwhile:
/// it may be of two files. Returns the file as it was before, too.
fn steady<T>(path: &Path, look: impl FnOnce() -> Result<T, Failure>) -> Result<(T, DatasetFile), Failure> {
    // A file that is gone is said to be so.
    let before = DatasetFile::at(path)?;
    let seen = look()?;
    if before.stamp.agrees(&DatasetFile::at(path)?.stamp) { Ok((seen, before)) } else { Err(unsteady(path)) }
}

/// The refusal of a file that does not stay as it is.
fn unsteady(path: &Path) -> Failure {
    let message = format!("the dataset {} was changed or replaced while it was read", path.display());
    Failure::Input(message + "\n  run again when nothing writes it any more")
}

/// The refusal of a dataset that is not what it was.
pub(super) fn changed(known: &str, sha256: &str) -> Failure {
    Failure::Input(format!("the dataset has changed since the run began (SHA-256 {known:.12} then, {sha256:.12} now)"))
}

pub(super) fn locate(named: &str, source: &Source, folders: &[PathBuf]) -> Result<PathBuf, Failure> {
    let beside = source.path().parent().unwrap_or(Path::new("")).to_owned();
    catalogue::resolve(named, &beside, folders).map_err(|not_found| {
        let help = missing_dataset::help(&not_found);
        let problem = help.iter().fold(Problem::new(at_dataset(), not_found.to_string()), Problem::help);
        Box::new(Invalid { source: source.clone(), problems: vec![problem] }).into()
    })
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// What is wrong with a dataset's file is the input's fault, and so is a refusal of the file system.
pub fn dataset_failure(error: &DatasetError) -> Failure {
    Failure::Input(error.to_string())
}
