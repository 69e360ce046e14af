//! The SHA-256 of a download, recorded beside it in the form that `sha256sum -c` reads.

use crate::bounded;
use crate::catalogue::own::is_sha256;
use crate::in_the_way::in_the_way;
use crate::whole_file::write_whole;
use std::io;
use std::path::{Path, PathBuf};

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file's SHA-256.
    pub sha256: String,
    /// Where it came from; empty if the record does not say.
    pub url: String,
}

/// The beginning of the line with the address. `sha256sum` takes it for a comment.
const FROM: &str = "# from ";

/// Where the record of a file lies.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

/// The record of a file; `None` if there is none that can be read.
pub fn read(path: &Path) -> Option<Record> {
    let text = bounded::read_text(&beside(path), bounded::TEXT).ok()?;
    let name = path.file_name()?.to_string_lossy();
    let hash = |line: &str| {
        let (hash, of) = line.split_once([' ', '\t'])?;
        let hash = hash.to_lowercase();
        (is_sha256(&hash) && of.trim_start().trim_start_matches('*') == name).then_some(hash)
    };
    let sha256 = text.lines().find_map(hash)?;
    let url = text.lines().find_map(|line| line.strip_prefix(FROM)).unwrap_or_default().to_owned();
    Some(Record { sha256, url })
}

/// Records the SHA-256 of a file. A record that swath did not write stays as it is; then it returns why.
///
/// # Errors
/// The file system's refusal.
pub fn write(path: &Path, record: &Record) -> io::Result<Option<String>> {
    if let Some(why) = in_the_way(&beside(path), FROM.as_bytes())? {
        return Ok(Some(why));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = format!("{FROM}{}\n{}  {name}\n", record.url, record.sha256);
    write_whole(&beside(path), text.as_bytes()).map(|()| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_so_is_one_by_sha256sum() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.hdf5");
        assert_eq!(read(&path), None);
        let record = Record { sha256: "ab".repeat(32), url: "https://a.org/x".into() };
        write(&path, &record).expect("written");
        assert_eq!(read(&path), Some(record.clone()));
        std::fs::write(beside(&path), format!("{} *x.hdf5\n", "AB".repeat(32))).expect("written");
        assert_eq!(read(&path), Some(Record { url: String::new(), ..record.clone() }));
        let other = format!("{}  y.hdf5\n", "ab".repeat(32));
        std::fs::write(beside(&path), &other).expect("written");
        assert_eq!(read(&path), None, "of another file");
        let why = write(&path, &record).expect("nothing to do");
        assert_eq!(why.as_deref(), Some("swath did not write it: it begins otherwise"));
        assert_eq!(std::fs::read_to_string(beside(&path)).expect("there"), other, "swath did not write it");
    }
}
