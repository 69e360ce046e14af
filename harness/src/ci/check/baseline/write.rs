//! Writes both files of a baseline.

use super::text::text;
use super::values::{is_values, values};
use super::{earlier_path, is_there, read, values_path};
use crate::ci::check::Snapshot;
use crate::config::Failure;
use std::fmt;
use std::path::Path;
use swath_datasets::sha256;
use swath_datasets::whole_file::{copy_whole, write_together};

/// Whether a write creates a baseline or replaces one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Creates a new baseline.
    New,
    /// Replaces a baseline.
    InPlace,
}

/// Checks that writing a baseline would replace no other file.
///
/// # Errors
/// [`Failure::Input`] if another file is in the way.
pub fn may_write(path: &Path, writes: Writes) -> Result<(), Failure> {
    let values = values_path(path);
    if values == path {
        let message = format!(
            "{}: the name of a baseline cannot end in .hdf5, because its values are written to such a file",
            path.display()
        );
        return Err(Failure::Input(message + "; name a file that ends in .yaml"));
    }
    match writes {
        // It must be a baseline, and the values beside it must be its own.
        Writes::InPlace => read(path).map(drop),
        Writes::New if is_there(path) => {
            let message = format!("{} already exists", path.display());
            Err(Failure::Input(message + "; `swath baseline update` replaces it and lists the changes"))
        }
        // Values without a text are from a save that was killed half-way.
        Writes::New if is_there(&values) && !is_values(&values) => {
            let message = format!("{} already exists, but it does not hold the values of a baseline", values.display());
            Err(Failure::Input(message + "; move it elsewhere, or name another file for the baseline"))
        }
        Writes::New => Ok(()),
    }
}

/// Writes a baseline of the experiment in `config` into an existing folder.
///
/// # Errors
/// [`Failure::Input`] if another file is in the way (even if [`may_write`] did not find it), [`Failure::Run`] if the files
/// cannot be written.
pub fn write(path: &Path, config: &Path, state: &Snapshot, writes: Writes) -> Result<(), Failure> {
    may_write(path, writes)?;
    let failed = |error: &dyn fmt::Display| Failure::Run(format!("{}: {error}", path.display()));
    let values = values(state).map_err(|error| failed(&error))?;
    let text = text(config, state, &sha256::of(&values));
    // Links are kept: the files that they lead to are written.
    let target = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (kept, earlier) = (values_path(path), earlier_path(path));
    if is_there(&earlier) && !is_values(&earlier) {
        let message = format!(
            "{} is in the way: the old values are kept there while the baseline is replaced",
            earlier.display()
        );
        return Err(Failure::Input(message + "; move it elsewhere"));
    }
    // The two files cannot be replaced at the same instant. Until both are new, the old values are kept for the old text.
    let is_replaced = writes == Writes::InPlace && is_values(&kept);
    if is_replaced && !is_there(&earlier) {
        copy_whole(&kept, &earlier).map_err(|error| failed(&error))?;
    }
    write_together(&[(target(&kept), &values), (target(path), text.as_bytes())])
        .map_err(|(path, error)| Failure::Run(format!("{}: {error}", path.display())))?;
    if is_there(&earlier) {
        // If it cannot be removed, it does no harm: no text belongs to it.
        let _ = std::fs::remove_file(earlier);
    }
    Ok(())
}
