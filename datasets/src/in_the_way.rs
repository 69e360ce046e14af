//! What lies under the name of a kept file and is not swath's: it is neither used nor replaced.

use crate::bounded;
use std::fs::Metadata;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Why swath may neither use nor replace what lies at `path`, if it may not: it is no regular file, it belongs to another user,
/// or it begins otherwise than swath's files of this kind, which begin with `magic`. An empty file, and one that ends within
/// these bytes, counts as swath's: a disk that was full leaves such files.
///
/// A link is never followed, so nothing is read or written through it.
///
/// # Errors
/// The file system's refusal.
pub fn in_the_way(path: &Path, magic: &[u8]) -> io::Result<Option<String>> {
    let there = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        there => there?,
    };
    if there.is_symlink() {
        return Ok(Some("it is a link, and swath follows none here".into()));
    }
    if there.is_dir() {
        return Ok(Some("it is a folder".into()));
    }
    if let Some(why) = of_another(&there) {
        return Ok(Some(why));
    }
    let file = match bounded::open(path) {
        Err(error) if error.kind() == ErrorKind::InvalidInput => return Ok(Some(error.to_string())),
        file => file?.0,
    };
    let mut begins = Vec::new();
    file.take(magic.len() as u64).read_to_end(&mut begins)?;
    Ok((!magic.starts_with(&begins)).then(|| "swath did not write it: it begins otherwise".into()))
}

/// The advice that belongs to it.
pub const MOVE_IT: &str = "move it away or remove it";

/// Says that a file belongs to another user.
#[cfg(unix)]
pub(crate) fn of_another(file: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::geteuid().as_raw();
    (file.uid() != user).then(|| format!("it belongs to user {}, not to {user}", file.uid()))
}

#[cfg(not(unix))]
pub(crate) fn of_another(_: &Metadata) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_swaths_is_named_and_what_was_cut_is_swaths() {
        let folder = tempfile::tempdir().expect("a folder");
        let why = |content: &[u8]| {
            let path = folder.path().join("x");
            std::fs::write(&path, content).expect("written");
            in_the_way(&path, b"swathxx").expect("looked at")
        };
        for ours in [&b""[..], b"swa", b"swathxx", b"swathxx\x01 and more"] {
            assert_eq!(why(ours), None, "{ours:?}");
        }
        for other in [&b"mine"[..], b"swathyy", b"\x89HDF"] {
            assert_eq!(why(other).as_deref(), Some("swath did not write it: it begins otherwise"), "{other:?}");
        }
        assert_eq!(in_the_way(&folder.path().join("none"), b"").expect("nothing there"), None);
        assert_eq!(in_the_way(folder.path(), b"").expect("there").as_deref(), Some("it is a folder"));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_files_of_others_are_never_swaths() {
        let folder = tempfile::tempdir().expect("a folder");
        let [file, link, dangling] = ["file", "link", "dangling"].map(|name| folder.path().join(name));
        std::fs::write(&file, "swathxx").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        std::os::unix::fs::symlink("none", &dangling).expect("linked");
        for path in [&link, &dangling] {
            let why = in_the_way(path, b"swathxx").expect("looked at").expect("a link");
            assert!(why.starts_with("it is a link"), "{why}");
        }
        let why = in_the_way(Path::new("/dev/null"), b"").expect("looked at").expect("a device");
        assert!(why.contains("a device") || why.contains("belongs to user"), "{why}");
        // Only root can give a file away.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&file, Some(12345), None).expect("given away");
            let why = in_the_way(&file, b"swathxx").expect("looked at");
            assert_eq!(why.as_deref(), Some("it belongs to user 12345, not to 0"));
        }
    }
}
