//! Maps files into memory. The only module of this crate with `unsafe`.

use bytes::Bytes;
use memmap2::{Mmap, MmapMut};
use std::fs::File;
use std::io;

/// All bytes of a prepared dataset, mapped read-only.
///
/// # Errors
/// The operating system's refusal.
pub(crate) fn read_only(file: &File) -> io::Result<Bytes> {
    // SAFETY: mapped bytes must not change, and the file must not become shorter, while they are read. Only prepared datasets
    // come here, see `prepared`: swath writes each beside its name, renames it, and never changes it again; a file that another
    // user could change is refused before. What is left is the user's own hand on a file in their cache folder. It cannot make
    // swath write anywhere: values that changed give other results, and a file that is cut ends the process.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}

/// All bytes of a scratch file, mapped so that they can be written. What is written is the file's content, so the kernel can
/// write it to the disk when memory is short.
///
/// # Errors
/// The operating system's refusal.
pub(crate) fn writable(file: &File) -> io::Result<MmapMut> {
    // SAFETY: mapped bytes must not be changed by others, and the file must not become shorter. Only scratch files come here,
    // see `scratch`: this process made the file, it has no name any more, no other process has it open, and `scratch` alone
    // writes it: through its newest map, which replaces the one before when the file has become longer. Its blocks are on
    // the disk before, as far as the file system does so: where it has none left for a page, the process ends.
    unsafe { MmapMut::map_mut(file) }
}
