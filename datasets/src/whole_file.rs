//! Files that under their name are whole or not there.

use std::io::{self, Write as _};
use std::path::Path;

/// Writes `bytes` to a file beside `path` and renames it.
///
/// # Errors
/// The file system's refusal; then `path` is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // A temporary file is private; this one is for whoever the user's umask lets read.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
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
        std::fs::create_dir(folder.path().join("y")).expect("created");
        assert!(write_whole(&folder.path().join("y"), b"").is_err(), "a folder is in the way");
        assert!(write_whole(&folder.path().join("no/x"), b"").is_err(), "there is no such folder");
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 2);
    }
}
