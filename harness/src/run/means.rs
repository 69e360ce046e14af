//! Where and with what trials are run.

use super::cache::Cache;
use crate::plan::{Cell, Resources};
use std::path::Path;

/// Where and with what trials are run.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// The program that is started as a child for each build; `None` runs the trials in this process.
    pub program: Option<&'a Path>,
    /// Where datasets are looked for and kept.
    pub resources: Resources<'a>,
    /// Where graphs are kept, if anywhere.
    pub cache: Option<&'a Cache>,
    /// The cell, in a sweep.
    pub cell: Option<&'a Cell>,
}
