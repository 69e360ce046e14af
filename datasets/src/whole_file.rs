//! Writes files so that each is whole or absent under its final name, even after a loss of power.
//!
//! 1. The file is written beside its final name and synced to the disk. Without this sync a loss of power may leave an empty
//!    file under the final name.
//! 2. It is renamed, and the folder is synced. Without this sync a loss of power may leave the old file.

use crate::bounded;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Names of unfinished files begin with this. The final name follows, as [`repeated`] shortens it, then `-` and [`RANDOM`]
/// characters.
const PREFIX: &str = ".not-whole-";

/// Random characters at the end of an unfinished file's name.
const RANDOM: usize = 6;

/// At most this many bytes of the final name are repeated: file systems allow names of 255 bytes.
const REPEATED: usize = 200;

/// Removes the unfinished files that killed writers of these `names` left in `folder`. Nobody may be writing there. Nothing
/// else is removed: no other file, no folder, and no link.
pub fn remove_remains(folder: &Path, names: &BTreeSet<String>) {
    let known: BTreeSet<String> = names.iter().map(|name| repeated(name)).collect();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_str().is_some_and(|name| leads_to(name, |of| known.contains(of))) {
            // A file that cannot be removed does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether `name` is that of an unfinished file which a killed writer of the file `of` left.
pub fn is_remains(name: &str, of: &str) -> bool {
    leads_to(name, |repeating| repeating == repeated(of))
}

/// Whether `name` is that of an unfinished file, and the name that it repeats, with `_` for each dot, `is_known`.
pub(crate) fn leads_to(name: &str, is_known: impl Fn(&str) -> bool) -> bool {
    if !name.starts_with(PREFIX) {
        return false;
    }
    // An unfinished file may itself have been written by way of another.
    let mut name = repeated(name);
    while let Some(of) = name.strip_prefix(&repeated(PREFIX)).and_then(without_random) {
        if is_known(of) {
            return true;
        }
        name = of.to_owned();
    }
    false
}

/// The name without `-` and random characters at its end; `None` if it does not end so.
fn without_random(name: &str) -> Option<&str> {
    let (of, random) = name.split_at_checked(name.len().checked_sub(RANDOM)?)?;
    of.strip_suffix('-').filter(|_| random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Creates a folder and the missing ones above it, so that they survive a loss of power.
///
/// # Errors
/// The file system's refusal.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    match std::fs::create_dir(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    // Some file systems cannot sync folders.
    let _ = System.sync_folder(folder_of(path));
    Ok(())
}

/// Checks that [`make_folder`] and [`write_whole`] could write `path`; leaves nothing behind.
///
/// # Errors
/// The file system's refusal; [`io::ErrorKind::IsADirectory`] if the path is the name of a folder.
pub fn can_write(path: &Path) -> io::Result<()> {
    let is_folder_name = path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_folder_name || path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is the name of a folder, expected one of a file"));
    }
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    std::fs::symlink_metadata(path).map(drop).or_else(|error| if is_missing(&error) { Ok(()) } else { Err(error) })?;
    // What would be created in the nearest folder that exists.
    let mut first = path;
    while let Err(error) = std::fs::metadata(folder_of(first)) {
        let folder = folder_of(first);
        if !is_missing(&error) || std::fs::symlink_metadata(folder).is_ok() || folder == first {
            return Err(error);
        }
        first = folder;
    }
    place_beside(first).map(drop)
}

/// The calls that make changes survive a loss of power; tests replace them.
trait Disk: Sync {
    /// Waits until the content of a file is on the disk.
    fn sync_file(&self, file: &File) -> io::Result<()>;
    /// Waits until the names in a folder are on the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The operating system's calls.
struct System;

impl Disk for System {
    fn sync_file(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Other systems cannot open a folder; there the file system decides when a rename is on the disk.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

/// Writes `bytes` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is unchanged.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, &System, |beside| beside.write_all(bytes))
}

/// Lets `write` fill a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is unchanged.
pub fn write_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    replace(path, &System, |beside| {
        let mut buffered = BufWriter::new(beside);
        write(&mut buffered)?;
        buffered.flush()
    })
}

/// As [`write_with`]; only the owner can read or write the file.
///
/// # Errors
/// As [`write_with`].
pub fn write_private_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    replace(path, &System, |beside| {
        make_private(beside)?;
        let mut buffered = BufWriter::new(beside);
        write(&mut buffered)?;
        buffered.flush()
    })
}

#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// Writes a new file as [`write_whole`] does, and replaces none.
///
/// # Errors
/// The file system's refusal; [`io::ErrorKind::AlreadyExists`] if the file exists.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put_new(path, |beside| beside.write_all(bytes))
}

/// Writes a new file as [`write_with`] does, and replaces none, not even one that appears meanwhile.
///
/// # Errors
/// As [`write_new`].
pub fn write_new_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    put_new(path, |beside| {
        let mut buffered = BufWriter::new(beside);
        write(&mut buffered)?;
        buffered.flush()
    })
}

/// Gives the file `beside`, which must be whole and synced, its final name `path` in the same folder.
///
/// # Errors
/// The file system's refusal; then `path` is unchanged.
pub fn rename(beside: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(beside, path)?;
    // As in `replace`.
    let _ = System.sync_folder(folder_of(path));
    Ok(())
}

/// Creates an empty file beside `path` for a caller that fills it and then calls [`rename`].
///
/// # Errors
/// The file system's refusal.
pub fn place_beside(path: &Path) -> io::Result<tempfile::TempPath> {
    Ok(beside(path, |_| Ok(()))?.into_temp_path())
}

/// Writes several files as [`write_whole`] does, but syncs all of them at the same time.
///
/// # Errors
/// The file system's refusal, with the path of the file. Each file is then whole, old or new.
pub fn write_together(files: &[(PathBuf, &[u8])]) -> Result<(), (PathBuf, io::Error)> {
    write_files(files, None, &System)
}

/// As [`write_together`]; the open file `list`, too, is synced before any file gets its final name.
///
/// # Errors
/// As [`write_together`].
pub fn write_listed(files: &[(PathBuf, &[u8])], list: &File) -> Result<(), (PathBuf, io::Error)> {
    write_files(files, Some(list), &System)
}

/// Copies the file `from` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is unchanged.
pub fn copy_whole(from: &Path, path: &Path) -> io::Result<()> {
    replace(path, &System, |beside| io::copy(&mut bounded::open(from)?.0, beside).map(drop))
}

/// Waits until everything written to a file is on the disk, also by other processes.
///
/// # Errors
/// The file system's refusal.
pub fn sync(path: &Path) -> io::Result<()> {
    // Windows syncs only files that are open for writing.
    System.sync_file(&bounded::open_with(File::options().read(true).append(true), path)?)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The part of a final name that the unfinished file's name repeats. Dots become `_`, so that the file does not look like one
/// of the final kind.
fn repeated(name: &str) -> String {
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf8();
        length <= REPEATED
    };
    name.chars().take_while(fits).map(|c| if c == '.' { '_' } else { c }).collect()
}

/// A file beside `path`, filled by `write`.
fn beside(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let name = path.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
    let prefix = format!("{PREFIX}{}-", repeated(&name));
    builder.prefix(&prefix).rand_bytes(RANDOM);
    #[cfg(unix)]
    {
        // A temporary file is private; this one should be readable as the user's umask says.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder_of(path)).map_err(|error| without_path(&error))?;
    write(beside.as_file_mut())?;
    Ok(beside)
}

/// The refusal without the path of the unfinished file, which nobody knows.
fn without_path(error: &io::Error) -> io::Error {
    let text = error.to_string();
    io::Error::new(error.kind(), text.split(" at path \"").next().unwrap_or_default())
}

/// Lets `write` fill a file beside `path`, and renames it if that succeeds.
fn replace(path: &Path, disk: &impl Disk, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path, write)?;
    disk.sync_file(beside.as_file())?;
    beside.persist(path).map_err(|error| error.error)?;
    // Some file systems cannot sync folders; the file is whole in any case.
    let _ = disk.sync_folder(folder_of(path));
    Ok(())
}

/// As [`replace`], but another file is not replaced.
fn put_new(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path, write)?;
    System.sync_file(beside.as_file())?;
    beside.persist_noclobber(path).map_err(|error| error.error)?;
    // As in `replace`.
    let _ = System.sync_folder(folder_of(path));
    Ok(())
}

/// Writes several files: all are written beside their names and synced together with `list`, then all are renamed, then their
/// folders are synced.
fn write_files(files: &[(PathBuf, &[u8])], list: Option<&File>, disk: &impl Disk) -> Result<(), (PathBuf, io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    let written = files.iter().map(|(path, bytes)| beside(path, |beside| beside.write_all(bytes)).map_err(at(path)));
    let written = written.collect::<Result<Vec<_>, _>>()?;
    // A thread for each: they only wait, and the disk syncs many files at a time.
    let waited_for: Vec<&File> = written.iter().map(NamedTempFile::as_file).chain(list).collect();
    let synced: Vec<io::Result<()>> = std::thread::scope(|scope| {
        let waiting: Vec<_> = waited_for.into_iter().map(|file| scope.spawn(move || disk.sync_file(file))).collect();
        let broken = |_| Err(io::Error::other("syncing it panicked"));
        waiting.into_iter().map(|waits| waits.join().unwrap_or_else(broken)).collect()
    });
    for (i, synced) in synced.into_iter().enumerate() {
        // The list comes last; it is in the folder of the first file.
        let (path, _) = files.get(i).unwrap_or(&files[0]);
        synced.map_err(at(path))?;
    }
    for ((path, _), beside) in files.iter().zip(written) {
        beside.persist(path).map_err(|error| (path.clone(), error.error))?;
    }
    let folders: BTreeSet<&Path> = files.iter().map(|(path, _)| folder_of(path)).collect();
    for folder in folders {
        // As in `replace`.
        let _ = disk.sync_folder(folder);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file on a disk that has room for this many bytes.
    struct Full<'a>(&'a mut File, usize);

    impl Write for Full<'_> {
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

    /// A disk that records each sync: the size of the file or the name of the folder, and the content of `paths` at that time.
    struct Remembers<'a> {
        paths: Vec<&'a Path>,
        synced: std::sync::Mutex<Vec<String>>,
        is_broken: bool,
    }

    impl<'a> Remembers<'a> {
        fn new(paths: &[&'a Path], is_broken: bool) -> Self {
            Self { paths: paths.to_vec(), synced: std::sync::Mutex::default(), is_broken }
        }

        /// Records `what` was synced, and the present content of `paths`.
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
    fn a_file_is_synced_before_it_is_renamed_and_its_folder_after() {
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
    fn several_files_are_synced_before_any_is_renamed_and_their_folder_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let [x, y] = ["x", "y"].map(|name| folder.path().join(name));
        let files = [(x.clone(), b"1".as_slice()), (y.clone(), b"1".as_slice())];
        let broken = Remembers::new(&[&x, &y], true);
        write_files(&files, None, &broken).expect_err("they cannot be synced");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
        let disk = Remembers::new(&[&x, &y], false);
        write_files(&files, None, &disk).expect("written");
        let one = "a file of 1 bytes: nothing, nothing";
        assert_eq!(disk.synced(), [one, one, "the folder: 1, 1"]);
        let no = folder.path().join("no/z");
        let (at, _) = write_together(&[(x.clone(), b"2"), (no.clone(), b"2")]).expect_err("there is no such folder");
        assert_eq!((at, std::fs::read_to_string(&x).expect("read")), (no, "1".into()));
        sync(&x).expect("synced");
        assert!(sync(&folder.path().join("z")).is_err(), "there is nothing to sync");
    }

    /// Not removed are files of others that begin alike, folders, links, and files in inner folders.
    #[test]
    fn only_unfinished_files_of_known_names_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.csv");
        let beside = beside(&path, |beside| beside.write_all(b"half")).expect("written").keep().expect("kept").1;
        let nested = place_beside(&beside).expect("made").keep().expect("kept");
        std::fs::create_dir_all(folder.path().join("y/.not-whole-x_csv-abcdef")).expect("created");
        std::fs::create_dir(folder.path().join(".not-whole-x_csv-abcdef")).expect("created");
        let others = [
            ".not-whole-abc",
            ".not-whole-x_csv",
            ".not-whole-x_csv-abcde",
            ".not-whole-x_csv-abcde.",
            ".not-whole-mine_csv-abcdef",
            "y/.not-whole-x_csv-123456",
            ".not-whole-",
            "_not-whole-x_csv-abcdef",
            ".not-whole-Ab3xY9",
        ];
        for other in others {
            std::fs::write(folder.path().join(other), "mine").expect("written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("y"), folder.path().join(".not-whole-x_csv-ABCDEF"))
            .expect("linked");
        let count = |folder: &Path| std::fs::read_dir(folder).expect("read").count();
        let before = count(folder.path());
        remove_remains(folder.path(), &BTreeSet::from(["x.csv".to_owned()]));
        assert_eq!(count(folder.path()), before - 2);
        assert!(!beside.exists() && !nested.exists());
        assert!([&beside, &nested].iter().all(|path| path.extension().is_none()), "they have no ending");
        assert!(others.iter().all(|other| folder.path().join(other).exists()));
        let long = folder.path().join("\u{e4}".repeat(120));
        write_whole(&long, b"1").expect("a name of 240 bytes");
        write_new(&folder.path().join("new"), b"1").expect("written");
        let there = write_new(&folder.path().join("new"), b"2").expect_err("it is there");
        assert_eq!(there.kind(), io::ErrorKind::AlreadyExists);
        // One that appears while the new one is written.
        let appears = |_: &mut dyn Write| std::fs::write(folder.path().join("late"), "mine");
        let there = write_new_with(&folder.path().join("late"), appears).expect_err("it is there");
        assert_eq!(there.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(folder.path().join("late")).expect("read"), b"mine");
        write_new_with(&folder.path().join("newer"), |file| file.write_all(b"3")).expect("written");
        assert_eq!(std::fs::read(folder.path().join("newer")).expect("read"), b"3");
        assert_eq!(std::fs::read(folder.path().join("new")).expect("read"), b"1");
        make_folder(&folder.path().join("a/b/c")).expect("made");
        make_folder(&folder.path().join("a/b/c")).expect("there");
        assert!(make_folder(&folder.path().join("new/a")).is_err(), "a file is in the way");
    }

    #[test]
    fn what_can_be_written_is_known_before_and_no_refusal_names_an_unfinished_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("x"), "").expect("written");
        for name in ["x", "y", "a/b/c", "a/../c"] {
            can_write(&at(name)).expect(name);
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1, "nothing is left");
        let long = "n".repeat(300);
        for name in ["x/y", "x/y/z", "", "a/", "..", &long] {
            can_write(&at(name)).expect_err(name);
        }
        let refused = write_whole(&at("no/x"), b"").expect_err("there is no such folder");
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert!(!refused.to_string().contains(PREFIX) && !refused.to_string().contains("at path"), "{refused}");
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
        assert!(write_whole(&folder.path().join("y"), b"").is_err(), "a folder is in the way");
        assert!(write_whole(&folder.path().join("no/x"), b"").is_err(), "there is no such folder");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 2);
    }
}
