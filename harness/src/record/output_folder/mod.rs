//! A folder that swath writes into: its own, and nobody else's.
//!
//! A folder is swath's if its ledger says so, or if it is what a version without ledgers left (`earlier`). Any other must
//! be empty, or not be there. All that is written into it, replaced or removed goes through [`OutputFolder`], which touches
//! only files that the ledger lists and that are as swath wrote them: a file that somebody has changed since, and one that
//! was never swath's, is kept and named. No link is followed, and a folder inside that has a ledger of its own is another's.
//! One process writes into a folder at a time; the ledger is what it locks.

mod earlier;
mod ledger;

pub use ledger::{Kind, LEDGER};

use ledger::{Ledger, Listed, MOST, head, is_inside, line};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use swath_datasets::sha256;
use swath_datasets::whole_file;

/// How often a ledger is opened that is replaced each time.
const TRIES: usize = 100;

/// How many files a message names.
const NAMED: usize = 5;

/// Why a folder cannot be had, or a file in it not be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The file system's refusal.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The folder cannot be made.
    #[error("cannot create {path}: {source}", path = path.display())]
    Unmade {
        /// The folder.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// What lies there is not swath's to replace: what it is, and what to do.
    #[error("{0}")]
    NotOurs(String),
}

/// What is found under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Nothing.
    Nothing,
    /// A file as swath wrote it, or one that it works on.
    Ours,
    /// A file that swath wrote and somebody has changed.
    Changed,
    /// What swath never wrote.
    Foreign,
}

/// What may change while the folder is written into.
#[derive(Debug)]
struct State {
    ledger: Ledger,
    /// The ledger's file, locked. Lines are appended to it.
    file: File,
    /// What was kept, in words.
    kept: Vec<String>,
}

/// A folder of swath's, locked until this is dropped.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    state: Mutex<State>,
}

/// Looks whether a folder can be had for this, without making or changing anything.
///
/// # Errors
/// [`FolderError::NotOurs`] where it cannot, with the reason.
pub fn check(path: &Path, kinds: &[Kind]) -> Result<(), FolderError> {
    in_the_way(path)?;
    if path.is_dir() { basis(path, kinds).map(drop) } else { Ok(()) }
}

/// Refuses what is there and no folder.
fn in_the_way(path: &Path) -> Result<(), FolderError> {
    if !path.exists() || path.is_dir() {
        return Ok(());
    }
    let message = format!("{} is there already and is no folder", path.display());
    Err(FolderError::NotOurs(message + "\n  name a folder, or move this away"))
}

/// Looks whether a folder can be had, as [`check`] does, and whether all that swath wrote there is as it was.
///
/// # Errors
/// [`FolderError::NotOurs`] where it is not, with what somebody has changed.
pub fn check_unchanged(path: &Path, kinds: &[Kind]) -> Result<(), FolderError> {
    in_the_way(path)?;
    if !path.is_dir() {
        return Ok(());
    }
    // What an earlier version wrote has the hash that it has now.
    let Basis::Ledger(ledger) = basis(path, kinds)? else { return Ok(()) };
    let mut changed = Vec::new();
    for name in ledger.files.keys() {
        if look(path, &ledger, name)? == Found::Changed {
            changed.push(name.clone());
        }
    }
    if changed.is_empty() { Ok(()) } else { Err(refusal(path, &changed, &[])) }
}

/// The path of a folder inside another, which is no link to elsewhere.
///
/// # Errors
/// [`FolderError::NotOurs`] where it is one.
pub fn inside(folder: &Path, name: &str) -> Result<PathBuf, FolderError> {
    let path = folder.join(name);
    if std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(linked(&path));
    }
    Ok(path)
}

/// The refusal of a link.
fn linked(path: &Path) -> FolderError {
    let message = format!("{} is a link, and swath follows none where it writes", path.display());
    FolderError::NotOurs(message + "\n  move it away, or write into another folder")
}

/// What a folder that is there holds already, if it is swath's.
#[derive(Debug)]
enum Basis {
    /// A ledger.
    Ledger(Ledger),
    /// A ledger whose writer was killed before its first line was whole.
    Begun,
    /// What a version without ledgers left.
    Earlier(Ledger),
    /// Nothing.
    Nothing,
}

/// What is in a folder that is there.
fn basis(path: &Path, kinds: &[Kind]) -> Result<Basis, FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    let basis = match std::fs::symlink_metadata(path.join(LEDGER)) {
        Ok(_) => read(path)?.map_or(Basis::Begun, Basis::Ledger),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let others = others(path).map_err(io)?;
            match earlier::ledger(path).map_err(io)? {
                Some(ledger) => Basis::Earlier(ledger),
                None if others.is_empty() => Basis::Nothing,
                None => return Err(FolderError::NotOurs(foreign(path, &others))),
            }
        }
        Err(error) => return Err(io(error)),
    };
    match &basis {
        Basis::Ledger(ledger) | Basis::Earlier(ledger) if !kinds.contains(&ledger.holds) => {
            let (there, wanted) = (ledger.holds.words(), kinds.first().map_or("this", |kind| kind.words()));
            let message = format!("{} holds {there}, which {wanted} would replace", path.display());
            Err(FolderError::NotOurs(message + "\n  name another folder"))
        }
        _ => Ok(basis),
    }
}

/// Reads a folder's ledger; `None` where its writer was killed before the first line was whole.
fn read(folder: &Path) -> Result<Option<Ledger>, FolderError> {
    let path = folder.join(LEDGER);
    let io = |source| FolderError::Io { path: path.clone(), source };
    let wrong = |what: &str| {
        let message = format!("{}: {what}, so that nobody knows which files here are swath's", path.display());
        FolderError::NotOurs(message + "\n  name another folder, or move this file away with what lies beside it")
    };
    let metadata = std::fs::symlink_metadata(&path).map_err(io)?;
    if !metadata.is_file() {
        return Err(wrong("it is no file"));
    }
    if metadata.len() > MOST {
        return Err(wrong("it is too large for a ledger of swath's"));
    }
    let mut text = Vec::new();
    File::open(&path).and_then(|file| file.take(MOST).read_to_end(&mut text)).map_err(io)?;
    Ledger::parse(&text).map_err(|what| wrong(&what))
}

/// What lies in a folder but for a ledger that was being written.
fn others(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !whole_file::is_remains(&name, LEDGER) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            names.push(if is_folder { name + "/" } else { name });
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The refusal of a folder that is not swath's.
fn foreign(path: &Path, names: &[String]) -> String {
    let lost = if names.iter().any(|name| name == "manifest.json" || name == "sweep.json") {
        format!("\n  if a run of swath's was copied here, copy its file {LEDGER}, too")
    } else {
        String::new()
    };
    format!(
        "{} holds what swath did not write: {}\n  swath writes into a folder that is new, empty or its own: name another, or \
         move these away{lost}",
        path.display(),
        listed(names)
    )
}

/// Names, the first few of them.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The SHA-256 of a file, hexadecimal; `None` for what is no file, or is not there.
///
/// # Errors
/// The file system's refusal.
pub fn hash_of(path: &Path) -> io::Result<Option<String>> {
    if !std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    sha256::of_file(path).map(Some)
}

/// Whether a folder is there, and not by way of a link.
fn is_real_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Whether an open file is the one that bears this name now.
fn is_current(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |(a, b): (std::fs::Metadata, std::fs::Metadata)| (a.dev(), a.ino()) == (b.dev(), b.ino());
        file.metadata().ok().zip(std::fs::symlink_metadata(path).ok()).is_some_and(same)
    }
    #[cfg(not(unix))]
    {
        // Nobody replaces a file there that another process has open.
        let _ = (file, path);
        true
    }
}

/// Ends a line that was cut short, so that the next begins anew.
fn end_line(file: &mut File) -> io::Result<()> {
    let mut last = [b'\n'];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

/// What is found under a name.
fn look(folder: &Path, ledger: &Ledger, name: &str) -> Result<Found, FolderError> {
    let path = place(folder, name)?;
    let Ok(metadata) = std::fs::symlink_metadata(&path) else { return Ok(Found::Nothing) };
    match ledger.files.get(name) {
        None => Ok(Found::Foreign),
        Some(_) if !metadata.is_file() => Ok(Found::Changed),
        Some(Listed::WorkedOn) => Ok(Found::Ours),
        Some(Listed::Written(hashes)) => {
            let hash = hash_of(&path).map_err(|source| FolderError::Io { path, source })?;
            Ok(if hash.is_some_and(|hash| hashes.contains(&hash)) { Found::Ours } else { Found::Changed })
        }
    }
}

/// The path of a file, to which no link leads and no folder of another run.
fn place(within: &Path, name: &str) -> Result<PathBuf, FolderError> {
    if !is_inside(name) {
        return Err(FolderError::NotOurs(format!("`{name}` is no name of a file in {}", within.display())));
    }
    for (end, _) in name.match_indices('/') {
        let folder = within.join(&name[..end]);
        let Ok(metadata) = std::fs::symlink_metadata(&folder) else { break };
        if metadata.is_symlink() {
            return Err(linked(&folder));
        }
        let what = if !metadata.is_dir() {
            "is in the way: a folder should be there"
        } else if std::fs::symlink_metadata(folder.join(LEDGER)).is_ok() {
            "is the folder of something else that swath wrote"
        } else {
            continue;
        };
        let message = format!("{} {what}", folder.display());
        return Err(FolderError::NotOurs(message + "\n  move it away, or write into another folder"));
    }
    Ok(within.join(name))
}

/// The refusal of files.
fn refusal(folder: &Path, changed: &[String], foreign: &[String]) -> FolderError {
    let mut parts = Vec::new();
    if !changed.is_empty() {
        parts.push(format!("changed since swath wrote it: {}", listed(changed)));
    }
    if !foreign.is_empty() {
        parts.push(format!("not written by swath: {}", listed(foreign)));
    }
    FolderError::NotOurs(format!(
        "{} holds what would be replaced, and is not as swath left it\n  {}\n  nothing of it is touched: move it away, \
         or write into another folder",
        folder.display(),
        parts.join("\n  ")
    ))
}

impl OutputFolder {
    /// Takes a folder that holds one of these kinds; a new or an empty one is made to hold the first.
    ///
    /// # Errors
    /// [`FolderError`]: what lies there is not swath's, or another process is at work there.
    pub fn open(path: &Path, kinds: &[Kind]) -> Result<Self, FolderError> {
        in_the_way(path)?;
        whole_file::make_folder(path).map_err(|source| FolderError::Unmade { path: path.to_owned(), source })?;
        let holds = kinds.first().copied().unwrap_or(Kind::Run);
        let place = path.join(LEDGER);
        let io = |source| FolderError::Io { path: place.clone(), source };
        let mut tries = 0;
        loop {
            tries += 1;
            match basis(path, kinds)? {
                Basis::Ledger(_) | Basis::Begun => {}
                Basis::Earlier(ledger) => whole_file::write_whole(&place, ledger.text().as_bytes()).map_err(io)?,
                Basis::Nothing => match OpenOptions::new().create_new(true).append(true).open(&place) {
                    // Another process was faster.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                    made => drop(made.map_err(io)?),
                },
            }
            let mut file = OpenOptions::new().read(true).append(true).open(&place).map_err(io)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    return Err(FolderError::NotOurs(format!(
                        "{}: another run is at work there; wait for it, or give this one a folder of its own",
                        path.display()
                    )));
                }
                // A file system without locks.
                Err(TryLockError::Error(_)) | Ok(()) => {}
            }
            // Another process has written it anew meanwhile; but not on and on.
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
            let state = Mutex::new(State { ledger, file, kept: Vec::new() });
            return Ok(Self { path: path.to_owned(), state });
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds.
    pub fn holds(&self) -> Kind {
        self.state().ledger.holds
    }

    /// What was kept though a report has it no longer, since somebody has changed it.
    pub fn kept(&self) -> Vec<String> {
        self.state().kept.clone()
    }

    /// Whether a file is listed.
    pub fn lists(&self, name: &str) -> bool {
        self.state().ledger.files.contains_key(name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all that is listed and `may_be_written`, and at what bears one of the `names` that will be.
    ///
    /// # Errors
    /// [`FolderError::NotOurs`] with what somebody has changed, or put there.
    pub fn refuse(&self, may_be_written: impl Fn(&str) -> bool, names: &[String]) -> Result<(), FolderError> {
        let state = self.state();
        let listed = state.ledger.files.keys().filter(|name| may_be_written(name)).cloned();
        let all: BTreeSet<String> = listed.chain(names.iter().cloned()).collect();
        let (mut changed, mut foreign) = (Vec::new(), Vec::new());
        for name in all {
            match look(&self.path, &state.ledger, &name)? {
                Found::Changed => changed.push(name),
                Found::Foreign => foreign.push(name),
                Found::Nothing | Found::Ours => {}
            }
        }
        if changed.is_empty() && foreign.is_empty() { Ok(()) } else { Err(refusal(&self.path, &changed, &foreign)) }
    }

    /// The path of a file whose folder is there, for what nobody else has put there.
    fn free(&self, state: &State, name: &str) -> Result<PathBuf, FolderError> {
        match look(&self.path, &state.ledger, name)? {
            Found::Nothing | Found::Ours => {}
            Found::Changed => return Err(refusal(&self.path, &[name.to_owned()], &[])),
            Found::Foreign => return Err(refusal(&self.path, &[], &[name.to_owned()])),
        }
        let path = place(&self.path, name)?;
        let folder = path.parent().unwrap_or(&self.path);
        whole_file::make_folder(folder).map_err(|source| FolderError::Unmade { path: folder.to_owned(), source })?;
        Ok(path)
    }

    /// Appends to the ledger.
    fn list(&self, state: &mut State, lines: &str) -> Result<(), FolderError> {
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

    /// Writes several files, each whole, and waits for the disk once.
    ///
    /// # Errors
    /// [`FolderError`]. Each of the files is then whole, old or new.
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
        // Should the writing fail, each file has its old hash or its new one.
        for ((name, _), hash) in files.iter().zip(&hashes) {
            state.ledger.expect(name, hash.clone());
        }
        whole_file::write_listed(&placed, &state.file).map_err(|(path, source)| FolderError::Io { path, source })?;
        for ((name, _), hash) in files.iter().zip(hashes) {
            state.ledger.written(name, hash);
        }
        Ok(())
    }

    /// Lets `write` make a file at a path beside its own, whole and synced, and gives it its name.
    ///
    /// # Errors
    /// [`FolderError`], and what `write` says.
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
        // It has another name now.
        let _ = beside.keep();
        state.ledger.written(name, hash);
        Ok(())
    }

    /// Removes a file that a report has no longer. One that somebody has changed is kept, and named by [`OutputFolder::kept`];
    /// one that is not swath's is left alone.
    pub fn remove(&self, name: &str) {
        let mut state = self.state();
        match look(&self.path, &state.ledger, name) {
            Ok(Found::Ours) => {
                // One that cannot be removed does no harm: nothing names it any more. One that is worked on is listed still: it
                // may be written again.
                let is_gone = std::fs::remove_file(self.path.join(name)).is_ok();
                if is_gone && state.ledger.files.get(name) != Some(&Listed::WorkedOn) {
                    state.ledger.files.remove(name);
                }
            }
            Ok(Found::Changed) => {
                let said = format!(
                    "{} belongs to an earlier report and was changed since swath wrote it: it is kept",
                    self.path.join(name).display()
                );
                state.kept.push(said);
            }
            Ok(Found::Nothing | Found::Foreign) | Err(_) => {}
        }
    }

    /// The listed files whose name begins so.
    pub fn listed(&self, prefix: &str) -> Vec<String> {
        self.state().ledger.files.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Removes a folder inside if nothing is in it.
    pub fn remove_empty(&self, name: &str) {
        let path = self.path.join(name);
        if is_inside(name) && is_real_folder(&path) {
            let _ = std::fs::remove_dir(path);
        }
    }

    /// Lists files that a run is going to work on, and makes their folders.
    ///
    /// # Errors
    /// [`FolderError::NotOurs`] where one is there that is not listed so.
    pub fn work_on(&self, names: impl IntoIterator<Item = String>) -> Result<(), FolderError> {
        let mut state = self.state();
        let (mut lines, mut foreign) = (String::new(), Vec::new());
        for name in names {
            match look(&self.path, &state.ledger, &name)? {
                Found::Nothing | Found::Ours => {}
                Found::Changed | Found::Foreign => {
                    foreign.push(name);
                    continue;
                }
            }
            if state.ledger.files.get(&name) != Some(&Listed::WorkedOn) {
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

    /// Removes what killed writers of listed files left, where nobody else writes now.
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

    /// Writes the ledger anew, with a line for each file that is there: what was written is written.
    pub fn settle(&self) {
        let mut state = self.state();
        let is_there = |name: &String| std::fs::symlink_metadata(self.path.join(name)).is_ok();
        state.ledger.files.retain(|name, _| is_there(name));
        let place = self.path.join(LEDGER);
        // The old one says the same at greater length.
        if whole_file::write_whole(&place, state.ledger.text().as_bytes()).is_ok()
            && let Ok(file) = OpenOptions::new().read(true).append(true).open(&place)
        {
            let _ = file.try_lock();
            state.file = file;
        }
    }
}

/// Whether it can be the name of a cell's folder, which leads nowhere else.
pub fn is_cell_name(folder: &str) -> bool {
    !folder.is_empty() && folder.chars().all(|c| c.is_ascii_alphanumeric() || "=,".contains(c))
}

#[cfg(test)]
mod tests;
