//! A text on each line. An empty line at the end is none.

use super::{Collected, TextFormat, invalid};
use crate::format::DatasetError;
use crate::line_file::lines;
use std::path::Path;

/// Lines.
pub struct Lines;

impl TextFormat for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        if let Some(column) = column {
            return Err(invalid(path, format!("`{column}`"), "lines have no columns", "no name of one"));
        }
        lines(path, |_, line| texts.add(line).map(|()| true))
    }
}
