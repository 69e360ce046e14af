//! Where and with what trials are run.

use super::cache::Cache;
use crate::plan::Cell;
use std::path::{Path, PathBuf};

/// Where and with what trials are run.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// The program that is started as a child for each build; `None` runs the trials in this process.
    pub program: Option<&'a Path>,
    /// Folders in which datasets are looked for.
    pub data_folders: &'a [PathBuf],
    /// Bytes that reading the dataset may take.
    pub memory: u64,
    /// Where graphs are kept, if anywhere.
    pub cache: Option<&'a Cache>,
    /// The cell, in a sweep.
    pub cell: Option<&'a Cell>,
}
