//! Prepared datasets: a dataset of any format, converted once into a file of swath's own that every process maps.
//!
//! The arrays lie in the file as the kernels want them in memory: rows at their stride, norms beside them. A process that opens
//! the file maps them, read-only. It reads nothing of the points before it needs them, and all processes share the pages.
//!
//! 1. A file is written beside its name and renamed, readable and writable by its owner alone, and never changed afterwards. A
//!    new conversion is a new file.
//! 2. A file is used if its header is of this layout and its length is that in the header. One that an earlier run kept must be
//!    the user's and no link, and others may not write it: [`KeptDatasets::find`]. [`verify`] checks the content by its SHA-256: that of a small file
//!    when it is opened, that of a large one when the run has measured everything, before it writes its results.
//! 3. The header names the source: its SHA-256, and the stamps of its files. A dataset of [`KeptDatasets`] whose source has
//!    changed is prepared again, and so is one that another program wrote.

mod kept;
mod layout;
mod read;
mod write;

pub use kept::{DamagedFile, KeptDataset, KeptDatasets, KeptFile, Origin, sources};
pub use layout::{PreparedHeader, SourceFile};
pub use read::{PlacedArray, PreparedError, Wanted, header, open, placed, verify};
pub use write::{Made, write};

#[cfg(test)]
mod tests;
