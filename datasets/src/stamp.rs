//! Is a file still the one that was looked at? Told without reading it.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file system may round times to this: a file that was changed later than this before it was looked at may change
/// again without another time.
const COARSEST: Duration = Duration::from_secs(2);

/// What a file system says of a file: another file, and a changed one, has another stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    bytes: u64,
    /// Since 1970.
    modified: Duration,
    /// Device, inode, and when the inode changed; zeros where there are no such.
    unix: [i64; 4],
    /// Whether it had been as it was for long enough that any change gives another stamp.
    is_settled: bool,
}

impl Stamp {
    /// That of a file that is looked at `now`.
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

    /// Whether nothing tells that the file was changed or replaced between the two.
    pub fn agrees(&self, later: &Self) -> bool {
        Self { is_settled: later.is_settled, ..self.clone() } == *later
    }

    /// Whether any change after it would be told by another stamp: the file had not been written for long enough.
    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Whether the file is surely the one that this is the stamp of. Where not it may be so still.
    pub fn is_of(&self, path: &Path) -> bool {
        // Whether it is settled by now has no part in that.
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
    fn what_is_changed_replaced_or_too_young_is_not_surely_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "1234").expect("written");
        let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
        let later = |seconds| Stamp::of(&path, modified + Duration::from_secs(seconds)).expect("there");
        assert!(!later(1).is_of(&path), "it may be written once more within the same tick");
        let stamp = later(3);
        assert!(stamp.is_of(&path) && stamp.agrees(&later(1)) && stamp.is_settled() && !later(1).is_settled());
        // As long as before, and said to be as old.
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
