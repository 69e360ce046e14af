//! Looks at single files in an output folder: which of them may be replaced.

use super::FolderError;
use super::ledger::{LEDGER, Ledger, ListedState, is_inside};
use std::io;
use std::path::{Path, PathBuf};
use swath_datasets::sha256;

/// A message names at most this many files.
const NAMED: usize = 5;

/// The state of a file in the folder, against the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    /// There is no file.
    Nothing,
    /// It is as swath wrote it, or swath works on it.
    Ours,
    /// Swath wrote it, and somebody has changed it.
    Changed,
    /// Swath never wrote it.
    Foreign,
}

/// The state of the file with this name.
pub(super) fn look(folder: &Path, ledger: &Ledger, name: &str) -> Result<FileState, FolderError> {
    let path = place(folder, name)?;
    let Ok(metadata) = std::fs::symlink_metadata(&path) else { return Ok(FileState::Nothing) };
    match ledger.files.get(name) {
        None => Ok(FileState::Foreign),
        Some(_) if !metadata.is_file() => Ok(FileState::Changed),
        Some(ListedState::WorkedOn) => Ok(FileState::Ours),
        Some(ListedState::Written(hashes)) => {
            let hash = hash_of(&path).map_err(|source| FolderError::Io { path, source })?;
            Ok(if hash.is_some_and(|hash| hashes.contains(&hash)) { FileState::Ours } else { FileState::Changed })
        }
    }
}

/// The path of a file. It leads through no link, and through no folder with a ledger of its own.
pub(super) fn place(within: &Path, name: &str) -> Result<PathBuf, FolderError> {
    if !is_inside(name) {
        return Err(FolderError::NotOurs(format!("`{name}` is no name of a file in {}", within.display())));
    }
    for (end, _) in name.match_indices('/') {
        let folder = within.join(&name[..end]);
        let Ok(metadata) = std::fs::symlink_metadata(&folder) else { break };
        if metadata.is_symlink() {
            return Err(linked(&folder));
        }
        let what = if !metadata.is_dir() {
            "is in the way: a folder should be there"
        } else if std::fs::symlink_metadata(folder.join(LEDGER)).is_ok() {
            "is the folder of something else that swath wrote"
        } else {
            continue;
        };
        let message = format!("{} {what}", folder.display());
        return Err(FolderError::NotOurs(message + "\n  move it away, or write into another folder"));
    }
    Ok(within.join(name))
}

/// The error for files that would be replaced.
pub(super) fn refusal(folder: &Path, changed: &[String], foreign: &[String]) -> FolderError {
    let mut parts = Vec::new();
    if !changed.is_empty() {
        parts.push(format!("changed since swath wrote it: {}", listed(changed)));
    }
    if !foreign.is_empty() {
        parts.push(format!("not written by swath: {}", listed(foreign)));
    }
    FolderError::NotOurs(format!(
        "{} holds what would be replaced, and is not as swath left it\n  {}\n  nothing of it is touched: move it away, \
         or write into another folder",
        folder.display(),
        parts.join("\n  ")
    ))
}

/// The error for a link.
pub(super) fn linked(path: &Path) -> FolderError {
    let message = format!("{} is a link, and swath follows no links where it writes", path.display());
    FolderError::NotOurs(message + "\n  move it away, or write into another folder")
}

/// The first few of these names, as a list.
pub(super) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The SHA-256 of a file, hexadecimal; `None` if there is no file.
///
/// # Errors
/// The file system's refusal.
pub fn hash_of(path: &Path) -> io::Result<Option<String>> {
    if !std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    sha256::of_file(path).map(Some)
}

/// Whether there is a folder, and not a link to one.
pub(super) fn is_real_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}
