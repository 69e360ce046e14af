//! Files that under their name are whole or not there.

use std::io::{self, Write as _};
use std::path::Path;

/// Writes `bytes` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = beside(path)?;
    beside.write_all(bytes)?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Copies the file `from` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn copy_whole(from: &Path, path: &Path) -> io::Result<()> {
    let mut beside = beside(path)?;
    io::copy(&mut std::fs::File::open(from)?, &mut beside)?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // A temporary file is private; this one is for whoever the user's umask lets read.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

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
