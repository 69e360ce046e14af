//! Where a dataset is read from.

use crate::Dataset;
use crate::files::FileSet;
use crate::format::{self, DatasetError, Header};
use crate::scratch::Capacity;
use crate::texts::Texts;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a dataset is read from.
#[derive(Clone, Debug, PartialEq)]
pub enum Location {
    /// A file or folder in one of the [formats](format::FORMATS).
    Path(PathBuf),
    /// Files that are named one by one.
    Files(Box<FileSet>),
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<FileSet> for Location {
    fn from(files: FileSet) -> Self {
        Self::Files(Box::new(files))
    }
}

/// The path; of several files the first, with how many there are.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = match self {
            Self::Path(path) => vec![path.clone()],
            Self::Files(files) => files.files(),
        };
        let first = files.first().map_or_else(String::new, |path| path.display().to_string());
        match files.len() {
            0 | 1 => f.write_str(&first),
            2 => write!(f, "{first} and another file"),
            count => write!(f, "{first} and {} other files", count - 1),
        }
    }
}

impl Location {
    /// The dataset's name in files and plots.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Self::Files(files) => files.name(),
        }
    }

    /// As [`format::header`].
    ///
    /// # Errors
    /// As [`format::header`] and [`FileSet::header`].
    pub fn header(&self) -> Result<Header, DatasetError> {
        match self {
            Self::Path(path) => format::header(path),
            Self::Files(files) => files.header(),
        }
    }

    /// As [`format::sizes`].
    ///
    /// # Errors
    /// As [`format::sizes`] and [`FileSet::sizes`].
    pub fn sizes(&self, capacity: &Capacity) -> Result<Header, DatasetError> {
        match self {
            Self::Path(path) => format::sizes(path, capacity.clone()),
            Self::Files(files) => files.sizes(capacity),
        }
    }

    /// As [`format::read`].
    ///
    /// # Errors
    /// As [`format::read`] and [`FileSet::read`].
    pub fn read(&self, capacity: &Capacity) -> Result<Dataset, DatasetError> {
        match self {
            Self::Path(path) => format::read(path, capacity.clone()),
            Self::Files(files) => files.read(capacity),
        }
    }

    /// As [`format::query_names`].
    ///
    /// # Errors
    /// As [`format::query_names`] and [`FileSet::query_labels`].
    pub fn query_labels(&self, memory: u64) -> Result<Option<Texts>, DatasetError> {
        match self {
            Self::Path(path) => format::query_names(path, memory),
            Self::Files(files) => files.query_labels(memory),
        }
    }

    /// As [`format::files`].
    ///
    /// # Errors
    /// As [`format::files`].
    pub fn files(&self) -> Result<Vec<PathBuf>, DatasetError> {
        match self {
            Self::Path(path) => format::files(path),
            Self::Files(files) => Ok(files.files()),
        }
    }

    /// As [`format::sha256`].
    ///
    /// # Errors
    /// As [`format::sha256`] and [`FileSet::sha256`].
    pub fn sha256(&self) -> Result<String, DatasetError> {
        match self {
            Self::Path(path) => format::sha256(path),
            Self::Files(files) => files.sha256(),
        }
    }
}
