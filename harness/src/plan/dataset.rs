//! An experiment's dataset: located by its name or path, read or drawn. A file that changes while it is read is refused.

use super::{at_dataset, missing_dataset};
use crate::clock;
use crate::config::{Failure, Invalid, Problem, YamlSource};
use std::path::{Path, PathBuf};
use swath_algorithms::random;
use swath_datasets::{Capacity, Dataset, DatasetError, Generated, Stamp, catalogue, format, sha256};

/// Where datasets are looked for, how much memory may be used, and where what does not fit is put.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    /// Folders with datasets.
    pub data_folders: &'a [PathBuf],
    /// Bytes of memory.
    pub memory: u64,
    /// The folder of scratch files; `None` for that of the system's temporary files.
    pub scratch: Option<&'a Path>,
}

impl Resources<'_> {
    /// The memory, and the folder for what does not fit.
    pub fn capacity(&self) -> Capacity {
        Capacity::with_scratch(self.memory, self.scratch)
    }
}

/// A dataset that was read or drawn.
pub struct LoadedDataset {
    /// Its name in files and plots.
    pub name: String,
    /// SHA-256 of its file, or of the description from which it was drawn or sampled.
    pub sha256: String,
    /// Its content.
    pub dataset: Dataset,
}

impl LoadedDataset {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn read(path: &Path, capacity: &Capacity) -> Result<Self, Failure> {
        // Hashing may take long: a file that cannot be read is refused first.
        format::sizes(path, capacity.clone()).map_err(|error| dataset_failure(&error))?;
        let sha256 = || format::sha256(path).map_err(|error| dataset_failure(&error));
        let (sha256, dataset) = steady(path, || {
            let (before, young) = (sha256()?, !stamp(path)?.is_settled());
            let dataset = format::read(path, capacity.clone()).map_err(|error| dataset_failure(&error))?;
            // A file that was just written may be written again without a new stamp.
            if young && sha256()? != before {
                return Err(unsteady(path));
            }
            Ok((before, dataset))
        })?;
        Ok(Self { name: file_name(path), sha256, dataset })
    }

    /// Draws vectors.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn draw(generated: &Generated) -> Result<Self, Failure> {
        let dataset = generated.dataset().map_err(|error| Failure::Input(error.to_string()))?;
        Ok(Self { name: generated.name(), sha256: sha256::of(generated.key()), dataset })
    }

    /// The SHA-256 of a seeded sample of `rows` base vectors of the file with this SHA-256.
    pub fn sampled_sha256(sha256: &str, rows: usize, seed: u64) -> String {
        sha256::of(format!("{sha256} {rows} rows, seed {seed}"))
    }

    /// A seeded sample of its base vectors: `rows` of them, or all if there are fewer.
    #[must_use]
    pub fn sample(self, rows: usize, seed: u64, capacity: &Capacity) -> Self {
        let mut order: Vec<usize> = (0..self.dataset.train.len()).collect();
        random::shuffle(&mut random::stream(seed, "sweep", 0), &mut order);
        order.truncate(rows);
        order.sort_unstable();
        let sha256 = Self::sampled_sha256(&self.sha256, rows, seed);
        // About as many bytes as the sample's share.
        let bytes = self.dataset.train.bytes() as u128 * order.len() as u128 / self.dataset.train.len().max(1) as u128;
        let dataset = self.dataset.subset_in(&order, &capacity.space_for(bytes as u64));
        Self { sha256, dataset, ..self }
    }
}

/// The stamp of a dataset's file as it is now.
fn stamp(path: &Path) -> Result<Stamp, Failure> {
    Stamp::of(path, clock::now()).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::Input(format!("the dataset {} does not exist", path.display())),
        _ => Failure::Input(format!("{}: {error}", path.display())),
    })
}

/// Reads a file with `look`, which may open it more than once.
///
/// # Errors
/// `look` fails; or the file was changed or replaced meanwhile, so that the result may mix two files.
fn steady<T>(path: &Path, look: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // First: a missing file has a message of its own.
    let before = stamp(path)?;
    let seen = look()?;
    if before.agrees(&stamp(path)?) { Ok(seen) } else { Err(unsteady(path)) }
}

/// The error for a file that changes while it is read.
fn unsteady(path: &Path) -> Failure {
    let message = format!("the dataset {} was changed or replaced while it was read", path.display());
    Failure::Input(message + "\n  run again when nothing writes it any more")
}

/// The error for a dataset that has changed since the run began.
pub(super) fn changed(known: &str, sha256: &str) -> Failure {
    Failure::Input(format!("the dataset has changed since the run began (SHA-256 {known:.12} then, {sha256:.12} now)"))
}

/// The path of the dataset that an experiment names, seen from the experiment's folder.
pub(super) fn locate(named: &str, source: &YamlSource, folders: &[PathBuf]) -> Result<PathBuf, Failure> {
    let beside = source.path().parent().unwrap_or(Path::new("")).to_owned();
    catalogue::resolve(named, &beside, folders).map_err(|not_found| {
        let help = missing_dataset::help(&not_found);
        let problem = help.iter().fold(Problem::new(at_dataset(), not_found.to_string()), Problem::help);
        Box::new(Invalid { source: source.clone(), problems: vec![problem] }).into()
    })
}

/// A dataset's name in files and plots.
pub(super) fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A dataset's file that cannot be read is wrong input, also if the file system refuses it.
pub fn dataset_failure(error: &DatasetError) -> Failure {
    Failure::Input(error.to_string())
}
