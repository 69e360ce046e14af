//! Folders that hold nothing to import.

use super::{Imported, Importer, Refusal, Wanted};
use crate::config::Failure;
use std::path::{Path, PathBuf};

/// The importer.
pub struct Nothing;

impl Importer for Nothing {
    fn recognises(&self, folder: &Path) -> bool {
        folder.join("nothing.txt").is_file()
    }

    fn expects(&self) -> &'static str {
        "nothing.txt"
    }

    fn advice(&self) -> &'static str {
        "a folder with nothing.txt is a recipe's example"
    }

    fn import(&self, _: &Wanted<'_>, _: &[PathBuf], _: u64) -> Result<Imported, Refusal> {
        Err(Failure::Input("a recipe's example imports nothing".into()).into())
    }
}
