//! Why results could not be written or read back.

use crate::record::output_folder::FolderError;
use std::path::{Path, PathBuf};
use swath_datasets::hdf5_file::Hdf5Error;

/// Why results could not be written or read back.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file system's refusal.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// A trial's file is wrong.
    #[error("{}", of_trial(path, source))]
    Trial {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Hdf5Error,
    },
    /// The output folder's refusal.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file has other content than this version of swath writes.
    #[error("{path}: {what}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// What is wrong with a trial's file, and what to do. Unlike a dataset, it cannot be downloaded again.
fn of_trial(path: &Path, source: &Hdf5Error) -> String {
    let file = path.display();
    let again = "the same `swath run` makes it again";
    let afresh = format!("remove the file, and {again}");
    match source {
        Hdf5Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            format!("{file} is not there: what this trial returned was not kept; {again}")
        }
        Hdf5Error::CutShort { size, stated, .. } => {
            format!("{file} is cut short: it has {size} of its {stated} bytes; {afresh}")
        }
        Hdf5Error::Io { .. } => source.to_string(),
        Hdf5Error::NotHdf5 { .. } => format!("{source}; {afresh}"),
        // Nothing is wrong with the file.
        Hdf5Error::LargerThanMemory { .. } => format!("{file}: {source}"),
        _ => format!("{file}: {source}; {afresh}"),
    }
}
