//! A lock, so that only one process at a time reads a history and writes it again.
//!
//! The file itself cannot be locked: it is replaced, and a lock on the old file guards nothing. So its folder is locked. On
//! systems that cannot lock folders, a file beside it is locked.

use std::fs::File;
use std::io;
use std::path::Path;

/// The lock of a history. It is released when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _lock: Option<File>,
}

/// Waits until no other process holds the lock of a history file.
pub fn wait(file: &Path) -> Turn {
    let lock = place(file).and_then(|place| {
        place.lock()?;
        Ok(place)
    });
    // The file system may have no locks. An error of the folder is reported when the file is read or written.
    Turn { _lock: lock.ok() }
}

#[cfg(unix)]
fn place(file: &Path) -> io::Result<File> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
}

#[cfg(not(unix))]
fn place(file: &Path) -> io::Result<File> {
    let mut name = std::ffi::OsString::from(".lock.");
    name.push(file.file_name().unwrap_or_default());
    std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(file.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("history.csv");
        let first = wait(&file);
        let next = std::thread::spawn(move || drop(wait(&file)));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!next.is_finished());
        drop(first);
        next.join().expect("no panic");
        wait(&folder.path().join("no/history.csv"));
    }
}
