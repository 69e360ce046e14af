//! The errors of reading and writing HDF5 files.

use std::path::PathBuf;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Hdf5Error {
    /// The file system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// The file is not HDF5.
    #[error("{path} is not an HDF5 file, or its beginning is damaged ({reason})", path = path.display())]
    NotHdf5 {
        /// The file.
        path: PathBuf,
        /// What the HDF5 reader says.
        reason: String,
    },
    /// The file has fewer bytes than it says itself.
    #[error("{path} is cut short: it has {size} of its {stated} bytes; copy or download it again", path = path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
        /// Bytes it has.
        size: u64,
        /// Bytes it says it has.
        stated: u64,
    },
    /// The file is cut short or damaged, and the program that wrote it did not close it.
    #[error("{path}: {reason}; the program that wrote it did not close it; if that program has ended, `h5clear -s FILE` and then `h5repack` may save it", path = path.display())]
    NotClosed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An object is of a kind that is not read.
    #[error("`{name}`: {what}; expected {remedy}")]
    NotRead {
        /// Its path in the file.
        name: String,
        /// What it is.
        what: String,
        /// What would be right.
        remedy: String,
    },
    /// A number is not whole, or too large.
    #[error("`{name}`, value {at}: it is {found}; expected a whole number below 2^63")]
    NotWhole {
        /// Its path in the file.
        name: String,
        /// The place of the value, in row-major order.
        at: usize,
        /// The value.
        found: String,
    },
    /// An object is missing.
    #[error("`{name}` is missing; the file has {present}")]
    Missing {
        /// Its path in the file.
        name: String,
        /// What the file has instead.
        present: String,
    },
    /// An object cannot be read.
    #[error("`{name}` cannot be read: {reason}")]
    Unreadable {
        /// Its path in the file.
        name: String,
        /// What the HDF5 reader says.
        reason: String,
    },
    /// An array claims more bytes than the file can hold.
    #[error(
        "`{name}` claims {claimed} bytes, which a file of {file} bytes cannot hold: the file is damaged or cut short"
    )]
    LargerThanFile {
        /// Its path in the file.
        name: String,
        /// Bytes its header claims.
        claimed: u128,
        /// Bytes the file has.
        file: u64,
    },
    /// A part of an array is not in the file.
    #[error("`{name}`: {found} of its {expected} blocks are in the file: it is damaged, or was not written to the end")]
    Incomplete {
        /// Its path in the file.
        name: String,
        /// Blocks that the file holds.
        found: u128,
        /// Blocks that its shape needs.
        expected: u128,
    },
    /// An array needs more memory than the budget allows.
    #[error("`{name}` needs {needed} bytes of memory, more than the limit of {limit}")]
    LargerThanMemory {
        /// Its path in the file.
        name: String,
        /// Bytes it needs.
        needed: u128,
        /// The limit.
        limit: u64,
    },
    /// Elements have another type than wanted.
    #[error("`{name}` holds {found}, expected {expected}")]
    WrongType {
        /// Its path in the file.
        name: String,
        /// What it holds.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
}
