//! Two runs do not work in one folder.
//!
//! The system lets go of a lock when its process ends, however it ends. Children hold theirs on a second file: those of a
//! run that was killed may live a moment longer than it, and the next run waits for that moment. The files stay: a lock on a
//! file that was removed would guard nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use swath_datasets::bounded;

/// The run's file in the folder.
const RUN: &str = ".lock";

/// The children's.
const CHILDREN: &str = ".lock.children";

/// A folder that is this run's alone, until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _run: File,
}

/// Why a folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run works there.
    #[error("another run is at work there; wait for it, or give this one a folder of its own with --out")]
    Taken,
    /// The file system's refusal.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Takes a folder that is there, and waits for children that another run left.
///
/// # Errors
/// [`LockError`].
pub fn take(folder: &Path) -> Result<Lock, LockError> {
    let run = open(folder, RUN)?;
    match run.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(LockError::Taken),
        // A file system without locks.
        Err(TryLockError::Error(_)) | Ok(()) => {}
    }
    // They hold it for as long as they live, which without their run is not long.
    let _ = open(folder, CHILDREN)?.lock();
    Ok(Lock { _run: run })
}

/// Marks the folder as one where a child is at work, until the file is closed.
pub fn share(folder: &Path) -> Option<File> {
    let file = open(folder, CHILDREN).ok()?;
    file.lock_shared().ok()?;
    Some(file)
}

fn open(folder: &Path, name: &str) -> io::Result<File> {
    bounded::open_with(OpenOptions::new().create(true).truncate(false).write(true), &folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_had_by_one_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = take(folder.path()).expect("free");
        assert!(matches!(take(folder.path()), Err(LockError::Taken)));
        drop(lock);
        take(folder.path()).expect("free again");
        assert!(matches!(take(&folder.path().join("no")), Err(LockError::Io(_))));
    }

    #[test]
    fn children_of_another_run_are_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let child = share(folder.path()).expect("shared");
        let other = share(folder.path()).expect("shared by two");
        let path = folder.path().to_owned();
        let next = std::thread::spawn(move || take(&path).map(drop));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!next.is_finished());
        drop((child, other));
        next.join().expect("no panic").expect("free");
    }
}
