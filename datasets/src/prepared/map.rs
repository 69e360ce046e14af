//! Maps a file into memory.

use bytes::Bytes;
use memmap2::Mmap;
use std::fs::File;
use std::io;

/// All bytes of a file, mapped read-only.
///
/// # Errors
/// The operating system's refusal.
pub(super) fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: mapped bytes must not change, and the file must not become shorter, while they are read. Only prepared datasets
    // come here, see the parent module: swath writes each beside its name, renames it, and never changes it again; a file that
    // another user could change is refused before. What is left is the user's own hand on a file in their cache folder. It
    // cannot make swath write anywhere: values that changed give other results, and a file that is cut ends the process.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
