//! The part of a file that was downloaded so far.
//!
//! `NAME.part` holds its bytes. `NAME.part.json` says what they are a part of; it is there before the first byte is, so that a
//! `NAME.part` without it is not swath's. The part is locked while a process adds to it. A packed file is unpacked into
//! `NAME.part.unpacked`.

use super::error::FetchError;
use crate::bounded;
use crate::catalogue::{Download, part as part_of};
use crate::in_the_way::in_the_way;
use crate::sha256::hex;
use crate::whole_file::write_whole;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What a part is a part of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Where the file comes from.
    swath_downloads: String,
    /// Bytes of all that is downloaded of it; `None` if the server did not say.
    length: Option<u64>,
    /// Only so many bytes are wanted of it.
    first: Option<u64>,
    /// The server's mark of this version of the file.
    mark: Option<String>,
    /// Its weak mark, which it does not compare itself.
    #[serde(default)]
    weak: Option<String>,
}

/// The part of a file that is here, locked.
pub(super) struct Part {
    /// The final path.
    target: PathBuf,
    file: File,
    origin: Origin,
    have: u64,
    hash: Sha256,
    is_ended: bool,
    is_of_unknown_versions: bool,
}

/// What was found.
pub(super) enum Opened {
    /// The part, which may be empty.
    Ready(Box<Part>),
    /// The whole file, which another process has finished meanwhile.
    Finished,
}

fn beside_part(target: &Path, ending: &str) -> PathBuf {
    let mut name = part_of(target).into_os_string();
    name.push(ending);
    PathBuf::from(name)
}

fn origin_of(target: &Path) -> PathBuf {
    beside_part(target, ".json")
}

impl Part {
    /// Opens and locks the part of the file `target`. A part of another file is emptied.
    ///
    /// # Errors
    /// [`FetchError::InTheWay`], [`FetchError::Busy`], [`FetchError::Io`].
    pub(super) fn open(download: &Download, target: &Path) -> Result<Opened, FetchError> {
        let path = part_of(target);
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| FetchError::Io { path, source }
        };
        let first = download.then.first_bytes();
        let wanted = Origin { swath_downloads: download.url.clone(), first, ..Origin::default() };
        loop {
            for path in [&path, &origin_of(target), &beside_part(target, ".unpacked")] {
                if let Some(why) = in_the_way(path, &[]).map_err(io(path))? {
                    return Err(FetchError::InTheWay { path: path.clone(), why });
                }
            }
            if read_origin(target)?.is_none() {
                for path in [&path, &beside_part(target, ".unpacked")] {
                    // Another process may have begun between the two looks.
                    if path.exists() && read_origin(target)?.is_none() && path.exists() {
                        let why = format!("no {} says that it is a download of swath's", origin_of(target).display());
                        return Err(FetchError::InTheWay { path: path.clone(), why });
                    }
                }
                write_origin(target, &wanted)?;
            }
            let options = OpenOptions::new().create(true).truncate(false).read(true).write(true).to_owned();
            let file = bounded::open_with(&options, &path).map_err(io(&path))?;
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                return Err(FetchError::Busy { path: target.to_owned() });
            }
            // Some file systems have no locks. A process that finished the file has renamed the one that was opened here.
            if target.exists() {
                // This one may have been made after that.
                if file.metadata().is_ok_and(|part| part.len() == 0) {
                    let _ = std::fs::remove_file(&path).and_then(|()| std::fs::remove_file(origin_of(target)));
                }
                return Ok(Opened::Finished);
            }
            if !path.exists() {
                continue;
            }
            let have = file.metadata().map_err(io(&path))?.len();
            let origin = read_origin(target)?.unwrap_or_default();
            let hash = Sha256::new();
            let (is_ended, is_of_unknown_versions) = (false, false);
            let target = target.to_owned();
            let mut part = Self { target, file, origin, have, hash, is_ended, is_of_unknown_versions };
            let fits = part.origin.length.is_none_or(|length| have <= length);
            let is_same = (&part.origin.swath_downloads, part.origin.first) == (&wanted.swath_downloads, first);
            if fits && is_same {
                part.hash_again()?;
            } else {
                part.origin = wanted;
                part.restart()?;
            }
            return Ok(Opened::Ready(Box::new(part)));
        }
    }

    fn io(&self) -> impl Fn(io::Error) -> FetchError + use<> {
        let path = self.path();
        move |source| FetchError::Io { path: path.clone(), source }
    }

    /// Its path.
    pub(super) fn path(&self) -> PathBuf {
        part_of(&self.target)
    }

    /// Where it is unpacked.
    pub(super) fn unpacked(&self) -> PathBuf {
        beside_part(&self.target, ".unpacked")
    }

    /// The path of the whole file.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Bytes that are here.
    pub(super) fn have(&self) -> u64 {
        self.have
    }

    /// Bytes of the whole; `None` if the server did not say.
    pub(super) fn length(&self) -> Option<u64> {
        self.origin.length
    }

    /// The server's mark of the version that the part belongs to.
    pub(super) fn mark(&self) -> Option<&str> {
        self.origin.mark.as_deref()
    }

    /// The server's weak mark of that version.
    pub(super) fn weak(&self) -> Option<&str> {
        self.origin.weak.as_deref()
    }

    /// Notes that what is added now may be of another version than what is here: the server does not say.
    pub(super) fn join_unknown(&mut self) {
        self.is_of_unknown_versions = true;
    }

    /// Whether it may be of several versions.
    pub(super) fn is_of_unknown_versions(&self) -> bool {
        self.is_of_unknown_versions
    }

    /// Whether all of it is here.
    pub(super) fn is_whole(&self) -> bool {
        self.is_ended || self.origin.length == Some(self.have)
    }

    /// Notes that the server sent all, and had not said how much that is.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// The SHA-256 of what is here.
    pub(super) fn sha256(&self) -> String {
        hex(&self.hash.clone().finalize())
    }

    /// Makes the part empty again.
    pub(super) fn restart(&mut self) -> Result<(), FetchError> {
        // First the bytes: no origin but theirs may ever lie beside them, not even after a loss of power.
        self.file.set_len(0).and_then(|()| self.file.sync_all()).map_err(self.io())?;
        self.have = 0;
        self.hash = Sha256::new();
        self.is_of_unknown_versions = false;
        self.begin(None, None, None)
    }

    /// Notes what the server says of the file, before its first byte is kept.
    pub(super) fn begin(
        &mut self,
        length: Option<u64>,
        mark: Option<String>,
        weak: Option<String>,
    ) -> Result<(), FetchError> {
        self.origin = Origin { length, mark, weak, ..self.origin.clone() };
        write_origin(&self.target, &self.origin)
    }

    /// Adds bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        let io = self.io();
        self.file.seek(SeekFrom::Start(self.have)).map_err(&io)?;
        self.file.write_all(bytes).map_err(&io)?;
        self.hash.update(bytes);
        self.have += bytes.len() as u64;
        Ok(())
    }

    /// Computes the hash of what is here.
    fn hash_again(&mut self) -> Result<(), FetchError> {
        let io = self.io();
        self.hash = Sha256::new();
        self.file.seek(SeekFrom::Start(0)).map_err(&io)?;
        let (mut buffer, mut left) = (vec![0; 1 << 20], self.have);
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.file.read(&mut buffer[..most]).map_err(&io)? {
                0 => return Err(io(io::ErrorKind::UnexpectedEof.into())),
                count => {
                    self.hash.update(&buffer[..count]);
                    left -= count as u64;
                }
            }
        }
        Ok(())
    }

    /// Puts bytes over the first ones.
    pub(super) fn replace_start(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        let io = self.io();
        self.file.seek(SeekFrom::Start(0)).map_err(&io)?;
        self.file.write_all(bytes).map_err(&io)?;
        self.hash_again()
    }

    /// The first bytes, at most `most`.
    pub(super) fn start(&mut self, most: u64) -> Result<Vec<u8>, FetchError> {
        let io = self.io();
        self.file.seek(SeekFrom::Start(0)).map_err(&io)?;
        let mut start = Vec::new();
        (&self.file).take(most).read_to_end(&mut start).map_err(&io)?;
        Ok(start)
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&self) -> Result<(), FetchError> {
        self.file.sync_all().map_err(self.io())
    }

    /// Removes it: it is no part of a dataset.
    pub(super) fn discard(&self) {
        // A part that cannot be removed is emptied next time.
        let _ = std::fs::remove_file(self.path());
        let _ = std::fs::remove_file(self.unpacked());
        self.forget();
    }

    /// Removes what says where it comes from. The part itself has been renamed or removed.
    pub(super) fn forget(&self) {
        let _ = std::fs::remove_file(origin_of(&self.target));
    }
}

/// What a part is a part of; `None` if nothing says so.
fn read_origin(target: &Path) -> Result<Option<Origin>, FetchError> {
    let path = origin_of(target);
    let text = match bounded::read_text(&path, bounded::TEXT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|source| FetchError::Io { path: path.clone(), source })?,
    };
    let origin = serde_json::from_str(&text);
    origin.map(Some).map_err(|_| FetchError::InTheWay { path, why: "swath did not write it".into() })
}

fn write_origin(target: &Path, origin: &Origin) -> Result<(), FetchError> {
    let path = origin_of(target);
    let io = |source| FetchError::Io { path: path.clone(), source };
    let text = serde_json::to_vec(origin).map_err(|error| io(error.into()))?;
    write_whole(&path, &text).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Role, Then};

    #[test]
    fn a_part_that_comes_too_late_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("x.bin");
        std::fs::write(&target, "whole").expect("written");
        let url = "https://example.org/x.bin".to_owned();
        let download =
            Download { url, file: "x.bin".into(), role: Role::Base, bytes: None, sha256: None, then: Then::Keep };
        assert!(matches!(Part::open(&download, &target), Ok(Opened::Finished)));
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1);
    }
}
