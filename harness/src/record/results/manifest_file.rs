//! Writes and reads `manifest.json`.

use super::ResultsError;
use crate::record::folder::{self, CellKind, MANIFEST};
use crate::record::manifest::Manifest;
use crate::record::output_folder::{self, OutputFolder};
use std::path::Path;
use swath_datasets::bounded;

/// Writes the manifest.
///
/// # Errors
/// [`ResultsError::Io`].
pub fn write_manifest(out: &OutputFolder, manifest: &Manifest) -> Result<(), ResultsError> {
    let path = out.path().join(MANIFEST);
    let malformed = |error: serde_json::Error| ResultsError::Malformed { path, what: error.to_string() };
    let mut text = serde_json::to_string_pretty(manifest).map_err(malformed)?;
    text.push('\n');
    Ok(out.write(MANIFEST, text.as_bytes())?)
}

/// Reads a run's manifest.
///
/// # Errors
/// It is missing, or this version of swath cannot read it.
pub fn read_manifest(folder: &Path) -> Result<Manifest, ResultsError> {
    let path = folder.join(MANIFEST);
    let text = bounded::read_text(&path, bounded::RECORD).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            ResultsError::Malformed { path: folder.to_owned(), what: why_missing(folder).to_owned() }
        }
        std::io::ErrorKind::NotADirectory => ResultsError::Malformed {
            path: folder.to_owned(),
            what: "this is a file; give the folder of a run".to_owned(),
        },
        _ => ResultsError::Io { path: path.clone(), source },
    })?;
    serde_json::from_str(&text).map_err(|error| {
        let what = format!("this is no manifest that swath {} reads ({error})", env!("CARGO_PKG_VERSION"));
        ResultsError::Malformed { path, what }
    })
}

/// Why a folder has no manifest.
fn why_missing(folder: &Path) -> &'static str {
    if !folder.exists() {
        "there is no such folder"
    } else if output_folder::is_busy(folder) {
        "a run is at work here; wait for its end"
    } else if folder::is_unfinished(folder) {
        "a run here was stopped before its end; the same `swath run` resumes it"
    } else if let Some(kind) = CellKind::of(folder) {
        match kind {
            CellKind::Size => "this is a sweep: each of the folders in it is a run",
            CellKind::Dataset => "this is an experiment on several datasets: each of the folders in it is a run",
        }
    } else {
        "this is not the folder of a run: it has no manifest.json, which `swath run` writes"
    }
}
