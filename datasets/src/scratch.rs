//! Scratch files: arrays that do not fit into memory. The kernel writes their pages to the disk when memory is short, and reads
//! them back when they are needed.
//!
//! A scratch file has no name, so that nobody else opens it, and nothing is left behind, however the process ends.

use crate::map;
use crate::whole_file::make_folder;
use memmap2::MmapMut;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swath_algorithms::points::{Outside, OutsideBytes, Space};

/// How much memory may be used, and where arrays are put that are too large for it.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// Bytes of memory.
    pub memory: u64,
    /// The folder of scratch files. `None`: there are none, and what does not fit into memory is refused.
    pub scratch: Option<PathBuf>,
}

impl From<u64> for Capacity {
    /// Memory alone.
    fn from(memory: u64) -> Self {
        Self { memory, scratch: None }
    }
}

impl Capacity {
    /// Memory, and a folder for scratch files: the system's for temporary files if `scratch` is `None`.
    pub fn with_scratch(memory: u64, scratch: Option<&Path>) -> Self {
        Self { memory, scratch: Some(scratch.map_or_else(std::env::temp_dir, Path::to_owned)) }
    }

    /// Where points of `bytes` bytes are put: into scratch files if they take more than half of the memory. The rest of it is for
    /// indexes, results, and the other pages of files that the kernel keeps.
    pub fn space_for(&self, bytes: u64) -> Space {
        match &self.scratch {
            Some(folder) if bytes > self.memory / 2 => Space::Outside(Arc::new(ScratchFolder(folder.clone()))),
            _ => Space::Heap,
        }
    }

    /// The most bytes that an array of points may take.
    pub(crate) fn of_points(&self) -> u64 {
        if self.scratch.is_some() { u64::MAX } else { self.memory }
    }
}

/// A folder in which scratch files are made.
#[derive(Debug)]
struct ScratchFolder(PathBuf);

/// A scratch file and its bytes.
struct ScratchFile {
    folder: PathBuf,
    file: File,
    bytes: MmapMut,
}

impl Outside for ScratchFolder {
    fn zeros(&self, bytes: usize) -> io::Result<Box<dyn OutsideBytes>> {
        let Self(folder) = self;
        let file = make_folder(folder).and_then(|()| tempfile::tempfile_in(folder));
        let file = file.map_err(|error| refused(folder, bytes, &error))?;
        let mapped = allocated(&file, bytes).map_err(|error| refused(folder, bytes, &error))?;
        Ok(Box::new(ScratchFile { folder: folder.clone(), file, bytes: mapped }))
    }
}

impl OutsideBytes for ScratchFile {
    fn lengthen(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes = allocated(&self.file, bytes).map_err(|error| refused(&self.folder, bytes, &error))?;
        Ok(())
    }
}

impl AsRef<[u8]> for ScratchFile {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsMut<[u8]> for ScratchFile {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

fn refused(folder: &Path, bytes: usize, error: &io::Error) -> io::Error {
    let mut what = format!("a file of {bytes} bytes in {}: {error}", folder.display());
    if error.kind() == ErrorKind::OutOfMemory {
        what += "; `ulimit -v` counts files that are mapped, too";
    }
    io::Error::new(error.kind(), what)
}

/// Gives a file so many bytes, at least one, and maps them.
fn allocated(file: &File, bytes: usize) -> io::Result<MmapMut> {
    allocate(file, bytes.max(1) as u64)?;
    map::writable(file)
}

/// Gives a file `bytes` bytes, with blocks on the disk for all of them: a write to a mapped page that finds no block ends the
/// process.
#[cfg(all(unix, not(any(target_os = "netbsd", target_os = "openbsd", target_os = "dragonfly"))))]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::{Errno, retry_on_intr};
    match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, bytes)) {
        // This file system allocates a block when it is first written.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => lengthen_if_free(file, bytes),
        allocated => Ok(allocated?),
    }
}

#[cfg(not(all(unix, not(any(target_os = "netbsd", target_os = "openbsd", target_os = "dragonfly")))))]
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    lengthen_if_free(file, bytes)
}

/// Gives a file `bytes` bytes if so many are free now.
fn lengthen_if_free(file: &File, bytes: u64) -> io::Result<()> {
    if free(file).is_some_and(|free| free < bytes) {
        return Err(ErrorKind::StorageFull.into());
    }
    file.set_len(bytes)
}

/// Bytes that are free where the file or folder lies; `None` if the system does not say.
#[cfg(unix)]
fn free(file: &File) -> Option<u64> {
    let file_system = rustix::fs::fstatvfs(file).ok()?;
    file_system.f_bavail.checked_mul(file_system.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &File) -> Option<u64> {
    None
}

/// Bytes that are free on the disk of a folder, or of the nearest folder above it that exists; `None` if the system does not
/// say.
pub fn free_in(folder: &Path) -> Option<u64> {
    // An empty path is the current folder.
    let above = folder.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    { above }.find_map(|path| File::open(path).ok()).and_then(|folder| free(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::points::Filling;

    fn scratch(folder: &Path) -> Space {
        Capacity::with_scratch(100, Some(folder)).space_for(51)
    }

    #[test]
    fn points_above_half_of_the_memory_go_into_a_scratch_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let is_heap = |capacity: &Capacity, bytes| matches!(capacity.space_for(bytes), Space::Heap);
        let capacity = Capacity::with_scratch(100, Some(folder.path()));
        assert!(is_heap(&capacity, 50) && !is_heap(&capacity, 51));
        assert!(is_heap(&Capacity::from(100), 101), "there is no folder");
        assert_eq!((Capacity::from(100).of_points(), capacity.of_points()), (100, u64::MAX));
        assert!(Capacity::with_scratch(100, None).scratch.is_some_and(|folder| folder.is_dir()));
    }

    #[test]
    fn a_scratch_file_grows_and_has_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let within = folder.path().join("new/folder");
        let mut array = Filling::<u32>::with_capacity(&scratch(&within), 2).expect("room");
        for i in 0..10_000 {
            array.extend(&[i]).expect("room");
        }
        assert_eq!(std::fs::read_dir(&within).expect("made").count(), 0);
        let shared = array.finish();
        assert!(shared.iter().copied().eq(0..10_000) && free_in(&within.join("none")).is_none_or(|free| free > 0));
        let empty = Filling::<u32>::with_capacity(&scratch(&within), 0).expect("room").finish();
        assert!(empty.is_empty());
    }

    /// No disk holds so much: an error that says what was refused, and no signal.
    #[cfg(unix)]
    #[test]
    fn a_disk_without_room_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = Filling::<u64>::with_capacity(&scratch(folder.path()), 1 << 52).expect_err("no disk").to_string();
        assert!(
            refused.starts_with(&format!("a file of {} bytes in {}: ", 1_u64 << 55, folder.path().display())),
            "{refused}"
        );
        let file = tempfile::tempfile_in(folder.path()).expect("a file");
        let free = free(&file).expect("known");
        let full = lengthen_if_free(&file, free.saturating_mul(2).saturating_add(1 << 40)).expect_err("not free");
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        assert_eq!(file.metadata().expect("there").len(), 0);
        lengthen_if_free(&file, 4096).expect("free");
    }
}
