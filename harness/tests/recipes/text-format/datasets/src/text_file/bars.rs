//! Texts with a bar after each (a recipe's example).

use super::{Collected, TextFormat, invalid};
use crate::bounded;
use crate::format::DatasetError;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// Such a file.
pub struct Bars;

impl TextFormat for Bars {
    fn name(&self) -> &'static str {
        "texts between bars"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["bars"]
    }

    fn read(&self, path: &Path, column: Option<&str>, texts: &mut Collected<'_>) -> Result<(), DatasetError> {
        if let Some(column) = column {
            return Err(invalid(path, format!("`{column}`"), "there are no columns", "no name of one"));
        }
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        for text in BufReader::new(bounded::open(path).map_err(io)?.0).split(b'|') {
            texts.add(&text.map_err(io)?)?;
        }
        Ok(())
    }
}
