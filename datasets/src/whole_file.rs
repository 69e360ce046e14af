//! Files that under their name are whole or not there.

use std::io;
use std::path::Path;

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

/// Writes `bytes` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |beside| io::Write::write_all(beside, bytes))
}

/// Copies the file `from` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn copy_whole(from: &Path, path: &Path) -> io::Result<()> {
    replace(path, |beside| io::copy(&mut std::fs::File::open(from)?, beside).map(drop))
}

/// Lets `write` fill a file beside `path`, and renames it if all went well.
fn replace(path: &Path, write: impl FnOnce(&mut std::fs::File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        // A temporary file is private; this one is for whoever the user's umask lets read.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder)?;
    write(beside.as_file_mut())?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file on a disk that has room for so many bytes more.
    struct Full<'a>(&'a mut std::fs::File, usize);

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
            let written = replace(&path, |beside| io::Write::write_all(&mut Full(beside, room), b"12345"));
            assert_eq!(written.expect_err("no room").kind(), io::ErrorKind::StorageFull);
            assert_eq!(std::fs::read_to_string(&path).expect("read"), "old");
            assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1);
        }
        replace(&path, |beside| io::Write::write_all(&mut Full(beside, 5), b"12345")).expect("room");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "12345");
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
