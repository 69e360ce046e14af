//! A run waits for children that another run left in its folder.
//!
//! Two runs never work in one folder, since each locks the folder's ledger ([`crate::record::output_folder`]). But the children
//! of a killed run may outlive it for a moment. The system releases a lock when its process ends, in any way. The lock file
//! stays: a lock on a removed file would guard nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use swath_datasets::bounded;

/// The lock file in the folder of trials.
pub const CHILDREN: &str = ".lock.children";

/// Waits until the children that another run left in this folder have ended. The folder must exist.
///
/// # Errors
/// The file system's refusal.
pub fn wait_for_children(folder: &Path) -> io::Result<()> {
    // Children hold the lock while they live, which is not long without their run. Some file systems have no locks.
    let _ = open(folder)?.lock();
    Ok(())
}

/// Marks the folder as one in which a child is at work, until the file is closed. `None` if it cannot be locked.
pub fn share(folder: &Path) -> Option<File> {
    let file = open(folder).ok()?;
    file.lock_shared().ok()?;
    Some(file)
}

fn open(folder: &Path) -> io::Result<File> {
    bounded::open_with(OpenOptions::new().create(true).truncate(false).write(true), &folder.join(CHILDREN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_another_run_are_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let child = share(folder.path()).expect("shared");
        let other = share(folder.path()).expect("shared by two");
        let path = folder.path().to_owned();
        let next = std::thread::spawn(move || wait_for_children(&path));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!next.is_finished());
        drop((child, other));
        next.join().expect("no panic").expect("free");
        assert!(wait_for_children(&folder.path().join("no")).is_err());
    }
}
