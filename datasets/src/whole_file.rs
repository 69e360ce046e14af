//! Files that under their name are whole or not there, even after a loss of power.
//!
//! Each is written beside its final name and synced to the disk before it is renamed; the folder is synced after that.
//! Without the first sync a loss of power may leave an empty file under the final name, without the second the old one.

use crate::bounded;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Begins the names of files that are not whole yet.
const PREFIX: &str = ".not-whole-";

/// Removes what writers that were killed left in `folder` and the folders in it, where nobody writes now.
pub fn remove_remains(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_remains(&entry.path());
        } else if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            // What cannot be removed does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What makes a change outlast a loss of power.
trait Disk: Sync {
    /// Waits until the content of a file is on the disk.
    fn sync_file(&self, file: &File) -> io::Result<()>;
    /// Waits until the names in a folder are on the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The system's own way.
struct System;

impl Disk for System {
    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened, and a rename is the file system's own affair.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// Writes `bytes` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, &System, |beside| beside.write_all(bytes))
}

/// Writes several files as [`write_whole`] does, and waits for the disk once for all of them.
///
/// # Errors
/// The file system's refusal, with the path at which it refused. Each of the files is then whole, old or new.
pub fn write_together(files: &[(PathBuf, &[u8])]) -> Result<(), (PathBuf, io::Error)> {
    write_files(files, &System)
}

/// Copies the file `from` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn copy_whole(from: &Path, path: &Path) -> io::Result<()> {
    replace(path, &System, |beside| io::copy(&mut bounded::open(from)?.0, beside).map(drop))
}

/// Waits until what other processes, too, have written to a file is on the disk.
///
/// # Errors
/// The file system's refusal.
pub fn sync(path: &Path) -> io::Result<()> {
    // Windows syncs only what may be written to.
    System.sync_file(&bounded::open_with(File::options().read(true).append(true), path)?)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file beside `path`, filled by `write`.
fn beside(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        // A temporary file is private; this one is for whoever the user's umask lets read.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder_of(path))?;
    write(beside.as_file_mut())?;
    Ok(beside)
}

/// Lets `write` fill a file beside `path`, and renames it if all went well.
fn replace(path: &Path, disk: &impl Disk, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path, write)?;
    disk.sync_file(beside.as_file())?;
    beside.persist(path).map_err(|error| error.error)?;
    // Some file systems cannot do that; the file is whole in any case.
    let _ = disk.sync_folder(folder_of(path));
    Ok(())
}

/// Several files: all are written beside and synced, then all are renamed, then their folders are synced.
fn write_files(files: &[(PathBuf, &[u8])], disk: &impl Disk) -> Result<(), (PathBuf, io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    let written = files.iter().map(|(path, bytes)| beside(path, |beside| beside.write_all(bytes)).map_err(at(path)));
    let written = written.collect::<Result<Vec<_>, _>>()?;
    // A thread for each: they do nothing but wait, and the disk takes many at a time.
    let synced: Vec<io::Result<()>> = std::thread::scope(|scope| {
        let sync = |beside: &'_ NamedTempFile| disk.sync_file(beside.as_file());
        let waiting: Vec<_> = written.iter().map(|beside| scope.spawn(move || sync(beside))).collect();
        let broken = |_| Err(io::Error::other("syncing it panicked"));
        waiting.into_iter().map(|waits| waits.join().unwrap_or_else(broken)).collect()
    });
    for ((path, _), synced) in files.iter().zip(synced) {
        synced.map_err(at(path))?;
    }
    for ((path, _), beside) in files.iter().zip(written) {
        beside.persist(path).map_err(|error| (path.clone(), error.error))?;
    }
    let folders: BTreeSet<&Path> = files.iter().map(|(path, _)| folder_of(path)).collect();
    for folder in folders {
        // As above.
        let _ = disk.sync_folder(folder);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file on a disk that has room for so many bytes more.
    struct Full<'a>(&'a mut File, usize);

    impl io::Write for Full<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.1 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let written = self.0.write(&bytes[..bytes.len().min(self.1)])?;
            self.1 -= written;
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    #[test]
    fn a_full_disk_leaves_what_was_there_and_nothing_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "old").expect("written");
        for room in 0..5 {
            let written = replace(&path, &System, |beside| Full(beside, room).write_all(b"12345"));
            assert_eq!(written.expect_err("no room").kind(), io::ErrorKind::StorageFull);
            assert_eq!(std::fs::read_to_string(&path).expect("read"), "old");
            assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1);
        }
        replace(&path, &System, |beside| Full(beside, 5).write_all(b"12345")).expect("room");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "12345");
    }

    /// A disk that remembers what was synced: of a file its size, of a folder what the files of interest held then.
    struct Remembers<'a> {
        paths: Vec<&'a Path>,
        synced: std::sync::Mutex<Vec<String>>,
        is_broken: bool,
    }

    impl<'a> Remembers<'a> {
        fn new(paths: &[&'a Path], is_broken: bool) -> Self {
            Self { paths: paths.to_vec(), synced: std::sync::Mutex::default(), is_broken }
        }

        /// What stands under the final names at this moment.
        fn remember(&self, what: &str) {
            let held = self.paths.iter().map(|path| std::fs::read_to_string(path).unwrap_or("nothing".into()));
            self.synced.lock().expect("no panic").push(format!("{what}: {}", held.collect::<Vec<_>>().join(", ")));
        }

        fn synced(self) -> Vec<String> {
            self.synced.into_inner().expect("no panic")
        }
    }

    impl Disk for Remembers<'_> {
        fn sync_file(&self, file: &File) -> io::Result<()> {
            self.remember(&format!("a file of {} bytes", file.metadata()?.len()));
            if self.is_broken { Err(io::Error::other("broken")) } else { Ok(()) }
        }

        fn sync_folder(&self, folder: &Path) -> io::Result<()> {
            self.remember(if self.paths[0].parent() == Some(folder) { "the folder" } else { "another folder" });
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    #[test]
    fn a_file_is_on_the_disk_before_it_has_its_name_and_its_name_is_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "old").expect("written");
        let broken = Remembers::new(&[&path], true);
        replace(&path, &broken, |beside| beside.write_all(b"12345")).expect_err("it cannot be synced");
        assert_eq!(broken.synced(), ["a file of 5 bytes: old"], "it never got its name");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1);
        let disk = Remembers::new(&[&path], false);
        replace(&path, &disk, |beside| beside.write_all(b"12345")).expect("written");
        assert_eq!(disk.synced(), ["a file of 5 bytes: old", "the folder: 12345"]);
    }

    #[test]
    fn files_that_are_written_together_are_synced_first_and_their_folder_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let [x, y] = ["x", "y"].map(|name| folder.path().join(name));
        let files = [(x.clone(), b"1".as_slice()), (y.clone(), b"1".as_slice())];
        let broken = Remembers::new(&[&x, &y], true);
        write_files(&files, &broken).expect_err("they cannot be synced");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
        let disk = Remembers::new(&[&x, &y], false);
        write_files(&files, &disk).expect("written");
        let one = "a file of 1 bytes: nothing, nothing";
        assert_eq!(disk.synced(), [one, one, "the folder: 1, 1"]);
        let no = folder.path().join("no/z");
        let (at, _) = write_together(&[(x.clone(), b"2"), (no.clone(), b"2")]).expect_err("there is no such folder");
        assert_eq!((at, std::fs::read_to_string(&x).expect("read")), (no, "1".into()));
        sync(&x).expect("synced");
        assert!(sync(&folder.path().join("z")).is_err(), "there is nothing to sync");
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        for text in ["first", "second, longer"] {
            write_whole(&path, text.as_bytes()).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
        copy_whole(&path, &folder.path().join("x")).expect("copied onto itself");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "second, longer");
        assert!(copy_whole(&folder.path().join("z"), &path).is_err(), "there is nothing to copy");
        std::fs::create_dir(folder.path().join("y")).expect("created");
        for remains in [".not-whole-1", "y/.not-whole-2"] {
            std::fs::write(folder.path().join(remains), "half").expect("written");
        }
        remove_remains(folder.path());
        assert_eq!(std::fs::read_dir(folder.path().join("y")).expect("read").count(), 0);
        assert!(write_whole(&folder.path().join("y"), b"").is_err(), "a folder is in the way");
        assert!(write_whole(&folder.path().join("no/x"), b"").is_err(), "there is no such folder");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 2);
    }
}
