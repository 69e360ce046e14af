//! Tells whether a file has changed, without reading it.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// File systems round times by up to this much: a file that was changed within this time before a look may change again and
/// keep its time.
const COARSEST: Duration = Duration::from_secs(2);

/// What the file system says about a file: a changed or replaced file has another stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    bytes: u64,
    /// Since 1970.
    modified: Duration,
    /// Device, inode, and the inode's time of change; zeros on other systems.
    unix: [i64; 4],
    /// Whether the file was unchanged for so long that any change gives another stamp.
    is_settled: bool,
}

impl Stamp {
    /// The stamp of a file at the time `now`.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn of(path: &Path, now: SystemTime) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let modified = metadata.modified()?;
        Ok(Self {
            bytes: metadata.len(),
            modified: modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            unix: unix(&metadata),
            is_settled: now.duration_since(modified).is_ok_and(|age| age > COARSEST),
        })
    }

    /// Whether the file shows no change between the two stamps.
    pub fn agrees(&self, later: &Self) -> bool {
        Self { is_settled: later.is_settled, ..self.clone() } == *later
    }

    /// Whether any later change gives another stamp, because the file had not been written for long enough.
    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Whether the file is certainly unchanged since this stamp. If `false`, it may be unchanged, too.
    pub fn is_of(&self, path: &Path) -> bool {
        // The comparison ignores whether it is settled by now.
        let now = Self::of(path, SystemTime::UNIX_EPOCH);
        self.is_settled && now.is_ok_and(|now| Self { is_settled: true, ..now } == *self)
    }
}

#[cfg(unix)]
fn unix(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    [metadata.dev() as i64, metadata.ino() as i64, metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn unix(_: &Metadata) -> [i64; 4] {
    [0; 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_changed_replaced_or_too_young_is_not_certainly_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "1234").expect("written");
        let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
        let later = |seconds| Stamp::of(&path, modified + Duration::from_secs(seconds)).expect("there");
        assert!(!later(1).is_of(&path), "it may be written once more within the same tick");
        let stamp = later(3);
        assert!(stamp.is_of(&path) && stamp.agrees(&later(1)) && stamp.is_settled() && !later(1).is_settled());
        // Of the same length, and with the same time.
        std::fs::rename(&path, folder.path().join("y")).expect("moved");
        assert!(!stamp.is_of(&path), "there is none");
        std::fs::write(&path, "4321").expect("written");
        let file = std::fs::File::options().write(true).open(&path).expect("opened");
        file.set_modified(modified).expect("set");
        assert!(!cfg!(unix) || !stamp.is_of(&path));
        std::fs::write(&path, "12345").expect("written");
        assert!(!stamp.is_of(&path) && !stamp.agrees(&later(3)));
    }
}
