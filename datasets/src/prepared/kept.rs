//! Prepared datasets that are kept from run to run in a folder, each named by what it was made of.

use super::layout::{PreparedHeader, SourceFile};
use super::read::{OpenedKept, PreparedError, Wanted, header, not_ours, open_kept, verify, verify_mapped};
use super::write::{Made, write};
use crate::dataset::Dataset;
use crate::format::DatasetError;
use crate::in_the_way::MOVE_IT;
use crate::location::Location;
use crate::sha256;
use crate::stamp::Stamp;
use crate::whole_file::{leads_to, make_folder};
use sha2::{Digest as _, Sha256};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// How the names of the files end.
const ENDING: &str = ".dataset";

/// Prepared datasets may take one part in so many of the disk's free space, theirs counted.
const SHARE: u64 = 4;

/// Bytes of a SHA-256 that name a file.
const KEY: usize = 16;

/// A folder of prepared datasets.
#[derive(Clone, Debug)]
pub struct KeptDatasets {
    folder: PathBuf,
    program: String,
    /// The files that were mapped.
    mapped: Arc<Mutex<Vec<Arc<MappedFile>>>>,
}

/// A file that is mapped.
#[derive(Debug)]
struct MappedFile {
    path: PathBuf,
    file: File,
}

/// A file that was mapped, and whose content is not what swath wrote.
#[derive(Debug)]
pub struct DamagedFile {
    /// Its name when it was mapped.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: PreparedError,
    /// Whether it has been removed: `false` if another file, which is whole, has its name by now.
    pub removed: io::Result<bool>,
}

/// What a dataset is made of.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A file, or several.
    Location(&'a Location),
    /// The description from which it is drawn or sampled.
    Description(&'a str),
}

/// A dataset that is mapped from a kept file.
#[derive(Debug)]
pub struct KeptDataset {
    /// The file.
    pub path: PathBuf,
    /// Its header.
    pub header: PreparedHeader,
    /// The dataset.
    pub dataset: Dataset,
}

/// A file in the folder.
#[derive(Debug)]
pub struct KeptFile {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was written or last used, if the system says.
    pub used: Option<SystemTime>,
    /// Its header, or why it cannot be read.
    pub header: Result<PreparedHeader, String>,
    /// Why swath may neither use nor replace it, if it may not.
    pub in_the_way: Option<String>,
}

/// The files that a dataset consists of, with their stamps at the time `now`.
///
/// # Errors
/// A file is missing.
pub fn sources(location: &Location, now: SystemTime) -> Result<Vec<SourceFile>, DatasetError> {
    let source = |path: PathBuf| match Stamp::of(&path, now) {
        Ok(stamp) => Ok(SourceFile { path: std::path::absolute(&path).unwrap_or(path), stamp }),
        Err(source) => Err(DatasetError::Io { path, source }),
    };
    location.files()?.into_iter().map(source).collect()
}

impl KeptDatasets {
    /// The datasets in `folder` that `program` can use: those that it wrote itself. The folder is created with the first one.
    pub fn new(folder: PathBuf, program: String) -> Self {
        Self { folder, program, mapped: Arc::default() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the dataset that is made of `origin`.
    fn path(&self, origin: Origin<'_>) -> PathBuf {
        let mut key = Sha256::new();
        match origin {
            Origin::Location(Location::Path(path)) => {
                key.update("file\n");
                let path = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
                path.iter().for_each(|path| key.update(path.as_os_str().as_encoded_bytes()));
            }
            Origin::Location(Location::Files(files)) => {
                key.update("files\n");
                let here = std::env::current_dir().unwrap_or_default();
                key.update(files.clone().beside(&here).description());
            }
            Origin::Description(description) => {
                key.update("description\n");
                key.update(description);
            }
        }
        self.folder.join(sha256::hex(&key.finalize()[..KEY]) + ENDING)
    }

    /// Maps the dataset that is made of `origin`, which is then used at the time `now`; `None` if it is not kept, or if what has
    /// its name is not swath's, as [`KeptDatasets::keep`] says then. Whether its files have changed is for
    /// [`KeptDataset::is_current`] to say.
    ///
    /// # Errors
    /// Why the file that is there cannot be used.
    pub fn find(&self, origin: Origin<'_>, now: SystemTime) -> Result<Option<KeptDataset>, String> {
        let path = self.path(origin);
        let not_used =
            |what: String| format!("{} is not used, and the dataset is prepared again: {what}", path.display());
        if !path.exists() || not_ours(&path).is_ok_and(|foreign| foreign.is_some()) {
            return Ok(None);
        }
        let opened = open_kept(&path, Wanted::Everything).map_err(|error| not_used(error.to_string()))?;
        if opened.header.program != self.program {
            return Err(not_used("another version or build of swath wrote it".into()));
        }
        used(&path, now);
        Ok(Some(self.mapped(path, opened)))
    }

    /// Keeps the dataset that is made of `origin`, and maps it.
    ///
    /// # Errors
    /// The refusal of the file system, or that what is not swath's has its name.
    pub fn keep(&self, origin: Origin<'_>, made: &Made<'_>) -> Result<KeptDataset, PreparedError> {
        make_folder(&self.folder)?;
        let path = self.path(origin);
        if let Some(why) = not_ours(&path)? {
            return Err(PreparedError::NotOurs(format!("{} is in the way: {why}; {MOVE_IT}", path.display())));
        }
        self.make_room(&path, made.dataset.bytes() as u64)?;
        write(&path, &self.program, made)?;
        let opened = open_kept(&path, Wanted::Everything)?;
        Ok(self.mapped(path, opened))
    }

    /// Remembers a file, to check its content when it has been used.
    fn mapped(&self, path: PathBuf, opened: OpenedKept) -> KeptDataset {
        let OpenedKept { header, dataset, file } = opened;
        self.all_mapped().push(Arc::new(MappedFile { path: path.clone(), file }));
        KeptDataset { path, header, dataset }
    }

    fn all_mapped(&self) -> MutexGuard<'_, Vec<Arc<MappedFile>>> {
        self.mapped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the content of a file that was mapped is damaged. Nothing is removed.
    pub fn is_damaged(&self) -> bool {
        let mapped = self.all_mapped().clone();
        mapped.iter().any(|mapped| mapped.damage().is_some())
    }

    /// Checks the content of the files that were mapped: of these very files, whatever has their names by now. A file that
    /// is damaged is removed if it still has its name, returned, and not looked at again.
    pub fn check(&self) -> Vec<DamagedFile> {
        let mapped = self.all_mapped().clone();
        let damaged = mapped.iter().filter_map(|mapped| Some((Arc::clone(mapped), mapped.damage()?)));
        let damaged: Vec<_> = damaged.collect();
        self.all_mapped().retain(|mapped| !damaged.iter().any(|(damaged, _)| Arc::ptr_eq(damaged, mapped)));
        let removed = |(mapped, why): (Arc<MappedFile>, PreparedError)| {
            let path = mapped.path.clone();
            DamagedFile { removed: discard(&path), path, why }
        };
        damaged.into_iter().map(removed).collect()
    }

    /// Whether the file at `path` is one of those that were mapped, by this or another name.
    pub fn has_mapped(&self, path: &Path) -> bool {
        let Ok(there) = std::fs::symlink_metadata(path) else { return false };
        let is_it = |mapped: &Arc<MappedFile>| mapped.file.metadata().is_ok_and(|mapped| is_same(&mapped, &there));
        self.all_mapped().iter().any(is_it)
    }

    /// Forgets the files that were mapped so far: they are no longer used.
    pub fn forget(&self) {
        self.all_mapped().clear();
    }

    /// Removes datasets that were not used for the longest time until one of `bytes` bytes can be kept at `path`. All of them may
    /// take a part of the disk's free space, [`SHARE`].
    ///
    /// # Errors
    /// It has no room even alone.
    fn make_room(&self, path: &Path, bytes: u64) -> Result<(), PreparedError> {
        let Some(free) = free(&self.folder) else { return Ok(()) };
        let is_other = |file: &KeptFile| file.path != path && !file.is_unfinished() && file.in_the_way.is_none();
        let others = self.files()?.into_iter().filter(is_other);
        let (room, unused) = unused(others.collect(), free, bytes);
        if bytes > room {
            let what =
                format!("it takes {bytes} bytes, and prepared datasets may take {room}, a quarter of the free disk");
            return Err(PreparedError::NoRoom(what));
        }
        // A run that uses one of them has opened it already.
        unused.iter().try_for_each(|file| remove(&file.path))?;
        Ok(())
    }

    /// The files in the folder that bear a dataset's name, sorted; those that a killed program did not finish have a header that
    /// says so. A missing folder has none.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn files(&self) -> io::Result<Vec<KeptFile>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_unfinished = is_unfinished(&name);
            let is_kept = is_name(&name) || is_unfinished && entry.file_type()?.is_file();
            if !is_kept {
                continue;
            }
            let (path, metadata) = match entry.metadata() {
                // Another run has just given it its final name, or removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => (entry.path(), metadata?),
            };
            let in_the_way =
                if is_unfinished { None } else { not_ours(&path).unwrap_or_else(|error| Some(error.to_string())) };
            let header = if let Some(why) = &in_the_way {
                Err(why.clone())
            } else if is_unfinished {
                Err("it is not finished: a run is writing it, or was killed".to_owned())
            } else {
                header(&path).map_err(|error| error.to_string())
            };
            files.push(KeptFile { path, bytes: metadata.len(), used: metadata.modified().ok(), header, in_the_way });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Removes the kept datasets and what killed programs left of others, and nothing else. Returns the removed files, and those
    /// that bear a dataset's name but were not written by swath.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn clear(&self) -> io::Result<(Vec<KeptFile>, Vec<PathBuf>)> {
        let (mut removed, mut kept) = (Vec::new(), Vec::new());
        for file in self.files()? {
            if file.in_the_way.is_none() {
                remove(&file.path)?;
                removed.push(file);
            } else {
                kept.push(file.path);
            }
        }
        Ok((removed, kept))
    }
}

impl KeptDataset {
    /// Whether the files that it was made of are certainly unchanged since. If `false`, they may be unchanged, too.
    pub fn is_current(&self, sources: &[SourceFile]) -> bool {
        let ours = &self.header.sources;
        let same =
            |(a, b): (&SourceFile, &SourceFile)| a.path == b.path && a.stamp.is_settled() && a.stamp.agrees(&b.stamp);
        ours.len() == sources.len() && ours.iter().zip(sources).all(same)
    }
}

/// Whether both are of one file; `false` where the system does not tell.
#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

impl MappedFile {
    /// What is wrong with its content, if anything is.
    fn damage(&self) -> Option<PreparedError> {
        verify_mapped(&self.file).err().filter(|error| matches!(error, PreparedError::Damaged(_)))
    }
}

impl KeptFile {
    /// The file's name without its ending: a hash of what the dataset is made of. An unfinished file has its own name.
    pub fn key(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(ENDING).unwrap_or(&name).to_owned()
    }

    /// Whether a run is writing it, or was killed while it did.
    pub fn is_unfinished(&self) -> bool {
        self.path.file_name().is_some_and(|name| is_unfinished(&name.to_string_lossy()))
    }

    /// Checks its content by its SHA-256, which reads all of it.
    ///
    /// # Errors
    /// [`PreparedError`].
    pub fn verify(&self) -> Result<(), PreparedError> {
        verify(&self.path)
    }
}

/// Removes a damaged file, unless another one that is whole, or is not swath's, has its name by now. Returns whether it is gone.
fn discard(path: &Path) -> io::Result<bool> {
    if !matches!(not_ours(path), Ok(None)) || verify(path).is_ok() {
        return Ok(false);
    }
    remove(path).map(|()| true)
}

/// Removes a file, which another run may have removed.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Notes that a kept dataset was used at the time `now`. Where this fails, it is taken for one that was not, and may be prepared again some day.
fn used(path: &Path, now: SystemTime) {
    let _ = File::open(path).and_then(|file| file.set_modified(now));
}

/// The bytes that prepared datasets may take on a disk with `free` bytes, and those of `files` that must go before one of `bytes`
/// bytes has room among them.
pub(super) fn unused(mut files: Vec<KeptFile>, free: u64, bytes: u64) -> (u64, Vec<KeptFile>) {
    let mut taken: u64 = files.iter().map(|file| file.bytes).sum();
    let room = free.saturating_add(taken) / SHARE;
    files.sort_by_key(|file| file.used);
    let mut must_go = |file: &KeptFile| {
        let is_full = taken.saturating_add(bytes) > room;
        taken -= if is_full { file.bytes } else { 0 };
        is_full
    };
    let gone = files.into_iter().filter(|file| must_go(file)).collect();
    (room, gone)
}

/// Bytes that are free on the disk of a folder, if the system says.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Whether a file's name is that of a prepared dataset.
fn is_name(name: &str) -> bool {
    name.strip_suffix(ENDING).is_some_and(is_key)
}

fn is_key(key: &str) -> bool {
    key.len() == 2 * KEY && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a file's name is that of a prepared dataset which is being written, or never was to its end.
fn is_unfinished(name: &str) -> bool {
    leads_to(name, |of| of.strip_suffix("_dataset").is_some_and(is_key))
}
