//! How trials are run.

use super::cache::Cache;
use crate::plan::Cell;
use std::path::{Path, PathBuf};

/// How trials are run.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// The program that is started for each build; `None` runs them in this process.
    pub program: Option<&'a Path>,
    /// Where datasets are looked for.
    pub data_folders: &'a [PathBuf],
    /// Bytes that reading the dataset may take.
    pub memory: u64,
    /// Where graphs are kept.
    pub cache: Option<&'a Cache>,
    /// The cell, of a sweep.
    pub cell: Option<&'a Cell>,
}
