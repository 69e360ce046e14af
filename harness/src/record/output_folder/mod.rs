//! A folder that swath writes into: its own, and nobody else's.
//!
//! 1. A folder is swath's if it has a ledger, or if a version without ledgers left it (`earlier`). Any other must be empty or new.
//! 2. Every write, replacement and removal goes through [`OutputFolder`]. It touches only files that the ledger lists and that
//!    are as swath wrote them. A file that somebody has changed, and one that swath never wrote, is kept and named.
//! 3. No link is followed. A folder inside with a ledger of its own belongs to another run.
//! 4. One process writes into a folder at a time: it locks the ledger.

mod basis;
mod earlier;
mod inspect;
mod ledger;

pub use inspect::hash_of;
pub use ledger::{FolderKind, LEDGER};

use basis::{Basis, basis};
use inspect::{FileState, is_real_folder, linked, look, place, refusal};
use ledger::{Ledger, ListedState, head, is_inside, line};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use swath_datasets::{bounded, sha256, whole_file};

/// A ledger that is replaced each time is opened at most this many times.
const TRIES: usize = 100;

/// How long to wait for a lock, so many times. A program that is killed while it starts a child lets go of its lock when the child
/// has begun: on a busy machine a moment later.
const WAIT: Duration = Duration::from_millis(20);
const WAITS: usize = 50;

/// Why swath cannot write into a folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The file system's refusal.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The folder cannot be created.
    #[error("cannot create {path}: {source}", path = path.display())]
    Unmade {
        /// The folder.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// Files there are not swath's to replace: which, and what to do.
    #[error("{0}")]
    NotOurs(String),
}

/// What changes while the folder is written into.
#[derive(Debug)]
struct Writing {
    ledger: Ledger,
    /// The ledger's file, locked. Lines are appended to it.
    file: File,
    /// Files that were kept, in words.
    kept: Vec<String>,
}

/// A folder of swath's. It is locked until this is dropped.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    state: Mutex<Writing>,
}

/// Checks that swath may write one of these kinds into a folder; changes nothing.
///
/// # Errors
/// [`FolderError::NotOurs`], with the reason.
pub fn check(path: &Path, kinds: &[FolderKind]) -> Result<(), FolderError> {
    in_the_way(path)?;
    if path.is_dir() { basis(path, kinds).map(drop) } else { Ok(()) }
}

/// Whether a process writes into a folder.
pub fn is_busy(path: &Path) -> bool {
    let locked = |(file, _): (File, u64)| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    bounded::open(&path.join(LEDGER)).is_ok_and(locked)
}

/// Refuses a path that leads to something other than a folder.
fn in_the_way(path: &Path) -> Result<(), FolderError> {
    if !path.exists() || path.is_dir() {
        return Ok(());
    }
    let message = format!("{} already exists and is not a folder", path.display());
    Err(FolderError::NotOurs(message + "\n  name a folder, or move this away"))
}

/// Checks a folder as [`check`] does, and that all files of swath's there are as it wrote them.
///
/// # Errors
/// [`FolderError::NotOurs`], with the files that somebody has changed.
pub fn check_unchanged(path: &Path, kinds: &[FolderKind]) -> Result<(), FolderError> {
    in_the_way(path)?;
    if !path.is_dir() {
        return Ok(());
    }
    // Files of an earlier version have no hash to compare with.
    let Basis::Ledger(ledger) = basis(path, kinds)? else { return Ok(()) };
    let mut changed = Vec::new();
    for name in ledger.files.keys() {
        if look(path, &ledger, name)? == FileState::Changed {
            changed.push(name.clone());
        }
    }
    if changed.is_empty() { Ok(()) } else { Err(refusal(path, &changed, &[])) }
}

/// The path of a folder inside another.
///
/// # Errors
/// [`FolderError::NotOurs`] if it is a link.
pub fn inside(folder: &Path, name: &str) -> Result<PathBuf, FolderError> {
    let path = folder.join(name);
    if std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(linked(&path));
    }
    Ok(path)
}

/// Whether an open file still has this name.
fn is_current(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |(a, b): (std::fs::Metadata, std::fs::Metadata)| (a.dev(), a.ino()) == (b.dev(), b.ino());
        file.metadata().ok().zip(std::fs::symlink_metadata(path).ok()).is_some_and(same)
    }
    #[cfg(not(unix))]
    {
        // Other systems do not let an open file be replaced.
        let _ = (file, path);
        true
    }
}

/// Ends a line that was cut short.
fn end_line(file: &mut File) -> io::Result<()> {
    let mut last = [b'\n'];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

impl OutputFolder {
    /// Opens a folder that holds one of these kinds. A new or empty folder will hold the first.
    ///
    /// # Errors
    /// [`FolderError`]: files there are not swath's, or another process writes there.
    pub fn open(path: &Path, kinds: &[FolderKind]) -> Result<Self, FolderError> {
        in_the_way(path)?;
        whole_file::make_folder(path).map_err(|source| FolderError::Unmade { path: path.to_owned(), source })?;
        let holds = kinds.first().copied().unwrap_or(FolderKind::Run);
        let place = path.join(LEDGER);
        let io = |source| FolderError::Io { path: place.clone(), source };
        let (mut tries, mut waits) = (0, 0);
        loop {
            tries += 1;
            match basis(path, kinds)? {
                Basis::Ledger(_) | Basis::Begun => {}
                Basis::Earlier(ledger) => whole_file::write_whole(&place, ledger.text().as_bytes()).map_err(io)?,
                Basis::Nothing => match OpenOptions::new().create_new(true).append(true).open(&place) {
                    // Another process has just created it.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                    made => drop(made.map_err(io)?),
                },
            }
            let mut file = OpenOptions::new().read(true).append(true).open(&place).map_err(io)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if waits < WAITS => {
                    (tries, waits) = (tries - 1, waits + 1);
                    std::thread::sleep(WAIT);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(FolderError::NotOurs(format!(
                        "{}: another run is at work there; wait for it, or give this one a folder of its own",
                        path.display()
                    )));
                }
                // A file system without locks.
                Err(TryLockError::Error(_)) | Ok(()) => {}
            }
            // Another process may have replaced the ledger meanwhile.
            if tries < TRIES && !is_current(&file, &place) {
                continue;
            }
            let ledger = match basis(path, kinds)? {
                Basis::Ledger(ledger) | Basis::Earlier(ledger) => {
                    end_line(&mut file).map_err(io)?;
                    ledger
                }
                Basis::Begun | Basis::Nothing => {
                    file.set_len(0).and_then(|()| file.write_all(head(holds).as_bytes())).map_err(io)?;
                    file.sync_all().map_err(io)?;
                    Ledger::new(holds)
                }
            };
            let state = Mutex::new(Writing { ledger, file, kept: Vec::new() });
            return Ok(Self { path: path.to_owned(), state });
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of its content.
    pub fn holds(&self) -> FolderKind {
        self.state().ledger.holds
    }

    /// Files that no report has any longer, but that were kept since somebody has changed them.
    pub fn kept(&self) -> Vec<String> {
        self.state().kept.clone()
    }

    /// Whether the ledger lists a file.
    pub fn lists(&self, name: &str) -> bool {
        self.state().ledger.files.contains_key(name)
    }

    fn state(&self) -> MutexGuard<'_, Writing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks all listed files that `may_be_written`, and the `names` that will be.
    ///
    /// # Errors
    /// [`FolderError::NotOurs`], with the files that somebody has changed or put there.
    pub fn refuse(&self, may_be_written: impl Fn(&str) -> bool, names: &[String]) -> Result<(), FolderError> {
        let state = self.state();
        let listed = state.ledger.files.keys().filter(|name| may_be_written(name)).cloned();
        let all: BTreeSet<String> = listed.chain(names.iter().cloned()).collect();
        let (mut changed, mut foreign) = (Vec::new(), Vec::new());
        for name in all {
            match look(&self.path, &state.ledger, &name)? {
                FileState::Changed => changed.push(name),
                FileState::Foreign => foreign.push(name),
                FileState::Nothing | FileState::Ours => {}
            }
        }
        if changed.is_empty() && foreign.is_empty() { Ok(()) } else { Err(refusal(&self.path, &changed, &foreign)) }
    }

    /// The path of a file that may be written. Creates its folder.
    fn free(&self, state: &Writing, name: &str) -> Result<PathBuf, FolderError> {
        match look(&self.path, &state.ledger, name)? {
            FileState::Nothing | FileState::Ours => {}
            FileState::Changed => return Err(refusal(&self.path, &[name.to_owned()], &[])),
            FileState::Foreign => return Err(refusal(&self.path, &[], &[name.to_owned()])),
        }
        let path = place(&self.path, name)?;
        let folder = path.parent().unwrap_or(&self.path);
        whole_file::make_folder(folder).map_err(|source| FolderError::Unmade { path: folder.to_owned(), source })?;
        Ok(path)
    }

    /// Appends to the ledger.
    fn list(&self, state: &mut Writing, lines: &str) -> Result<(), FolderError> {
        let io = |source| FolderError::Io { path: self.path.join(LEDGER), source };
        state.file.write_all(lines.as_bytes()).map_err(io)
    }

    /// Writes a file, whole.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        self.write_together(&[(name.to_owned(), bytes)])
    }

    /// Writes several files, each whole, and syncs once.
    ///
    /// # Errors
    /// [`FolderError`]. Each of the files is then the old one or the new one, whole.
    pub fn write_together(&self, files: &[(String, &[u8])]) -> Result<(), FolderError> {
        let mut state = self.state();
        let mut placed = Vec::with_capacity(files.len());
        let mut lines = String::new();
        let mut hashes = Vec::with_capacity(files.len());
        for (name, bytes) in files {
            placed.push((self.free(&state, name)?, *bytes));
            let hash = sha256::of(bytes);
            lines += &line(name, Some(&hash));
            hashes.push(hash);
        }
        self.list(&mut state, &lines)?;
        // If writing fails, each file has its old hash or its new one.
        for ((name, _), hash) in files.iter().zip(&hashes) {
            state.ledger.expect(name, hash.clone());
        }
        whole_file::write_listed(&placed, &state.file).map_err(|(path, source)| FolderError::Io { path, source })?;
        for ((name, _), hash) in files.iter().zip(hashes) {
            state.ledger.written(name, hash);
        }
        Ok(())
    }

    /// Writes a file with `write`, which is given a path beside the file's own. Then it gets its name.
    ///
    /// # Errors
    /// [`FolderError`], and those of `write`.
    pub fn write_by<E: From<FolderError>>(
        &self,
        name: &str,
        write: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.state();
        let path = self.free(&state, name)?;
        let io = |source| FolderError::Io { path: path.clone(), source };
        let beside = whole_file::place_beside(&path).map_err(io)?;
        write(&beside)?;
        let hash = hash_of(&beside).map_err(io)?.ok_or_else(|| io(ErrorKind::NotFound.into()))?;
        self.list(&mut state, &line(name, Some(&hash)))?;
        state.ledger.expect(name, hash.clone());
        state.file.sync_data().map_err(io)?;
        whole_file::rename(&beside, &path).map_err(io)?;
        // The file has its final name now.
        let _ = beside.keep();
        state.ledger.written(name, hash);
        Ok(())
    }

    /// Removes a file that a report has no longer. A file that somebody has changed is kept, see [`OutputFolder::kept`]. A file
    /// that is not swath's is left alone.
    pub fn remove(&self, name: &str) {
        let mut state = self.state();
        match look(&self.path, &state.ledger, name) {
            Ok(FileState::Ours) => {
                // A file that cannot be removed does no harm: nothing names it any more. A file that is worked on stays listed, as
                // it may be written again.
                let is_gone = std::fs::remove_file(self.path.join(name)).is_ok();
                if is_gone && state.ledger.files.get(name) != Some(&ListedState::WorkedOn) {
                    state.ledger.files.remove(name);
                }
            }
            Ok(FileState::Changed) => {
                let said = format!(
                    "{} belongs to an earlier report and was changed since swath wrote it: it is kept",
                    self.path.join(name).display()
                );
                state.kept.push(said);
            }
            Ok(FileState::Nothing | FileState::Foreign) | Err(_) => {}
        }
    }

    /// The listed files whose names begin with `prefix`.
    pub fn listed(&self, prefix: &str) -> Vec<String> {
        self.state().ledger.files.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Removes a folder inside if it is empty.
    pub fn remove_empty(&self, name: &str) {
        let path = self.path.join(name);
        if is_inside(name) && is_real_folder(&path) {
            let _ = std::fs::remove_dir(path);
        }
    }

    /// Lists files that a run is going to work on, and creates their folders.
    ///
    /// # Errors
    /// [`FolderError::NotOurs`] if one of them exists and is not listed as worked on.
    pub fn work_on(&self, names: impl IntoIterator<Item = String>) -> Result<(), FolderError> {
        let mut state = self.state();
        let (mut lines, mut foreign) = (String::new(), Vec::new());
        for name in names {
            match look(&self.path, &state.ledger, &name)? {
                FileState::Nothing | FileState::Ours => {}
                FileState::Changed | FileState::Foreign => {
                    foreign.push(name);
                    continue;
                }
            }
            if state.ledger.files.get(&name) != Some(&ListedState::WorkedOn) {
                lines += &line(&name, None);
                state.ledger.work_on(&name);
            }
            self.free(&state, &name)?;
        }
        if !foreign.is_empty() {
            return Err(refusal(&self.path, &[], &foreign));
        }
        self.list(&mut state, &lines)?;
        state.file.sync_data().map_err(|source| FolderError::Io { path: self.path.join(LEDGER), source })
    }

    /// Removes the remains of writers of listed files that were killed.
    pub fn tidy(&self) {
        let mut names: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let state = self.state();
        for name in state.ledger.files.keys().map(String::as_str).chain([LEDGER]) {
            let (folder, name) = name.rsplit_once('/').unwrap_or(("", name));
            names.entry(folder).or_default().insert(name.to_owned());
        }
        for (folder, names) in names {
            if let Ok(place) = place(&self.path, format!("{folder}/x").trim_start_matches('/'))
                && let Some(folder) = place.parent()
            {
                whole_file::remove_remains(folder, &names);
            }
        }
    }

    /// Writes the ledger again, with one line for each existing file.
    pub fn settle(&self) {
        let mut state = self.state();
        let is_there = |name: &String| std::fs::symlink_metadata(self.path.join(name)).is_ok();
        state.ledger.files.retain(|name, _| is_there(name));
        let place = self.path.join(LEDGER);
        // If this fails, the old ledger still lists the same files.
        if whole_file::write_whole(&place, state.ledger.text().as_bytes()).is_ok()
            && let Ok(file) = OpenOptions::new().read(true).append(true).open(&place)
        {
            let _ = file.try_lock();
            state.file = file;
        }
    }
}

/// Whether a name can be that of a cell's folder: it leads nowhere else.
pub fn is_cell_name(folder: &str) -> bool {
    let is_plain = folder.chars().all(|c| c.is_ascii_alphanumeric() || "=,-_.".contains(c));
    is_plain && folder.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
