//! A run waits for children that another run left in its folder.
//!
//! Two runs do not work in one folder: each locks its ledger ([`crate::record::output_folder`]). But children of a run that was killed
//! may live a moment longer than it. The system lets go of a lock when its process ends, however it ends. The file stays: a
//! lock on a file that was removed would guard nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use swath_datasets::bounded;

/// The file in the folder of trials.
pub const CHILDREN: &str = ".lock.children";

/// Waits for children that another run left in a folder that is there.
///
/// # Errors
/// The file system's refusal.
pub fn wait_for_children(folder: &Path) -> io::Result<()> {
    // They hold it for as long as they live, which without their run is not long. A file system without locks has none.
    let _ = open(folder)?.lock();
    Ok(())
}

/// Marks the folder as one where a child is at work, until the file is closed.
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
