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

/// Whether a baseline is written where there is none, or in place of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Where there is none.
    New,
    /// In place of one.
    InPlace,
}

/// Checks that writing a baseline replaces nothing but a baseline.
///
/// # Errors
/// [`Failure::Input`]: what is in the way.
pub fn may_write(path: &Path, writes: Writes) -> Result<(), Failure> {
    let values = values_path(path);
    if values == path {
        let message = format!("{}: a baseline's text cannot end in .hdf5, as the values beside it do", path.display());
        return Err(Failure::Input(message + "; name a file that ends in .yaml"));
    }
    match writes {
        // It must be a baseline, and the values beside it must be its own.
        Writes::InPlace => read(path).map(drop),
        Writes::New if is_there(path) => {
            let message = format!("{} is there already", path.display());
            Err(Failure::Input(message + "; `swath baseline update` writes it anew and says what changes"))
        }
        // Values alone were left by a save that was killed half way.
        Writes::New if is_there(&values) && !is_values(&values) => {
            let message = format!("{} is there already, where the values of the baseline would be", values.display());
            Err(Failure::Input(message + "; it is left as it is: move it elsewhere, or name another file"))
        }
        Writes::New => Ok(()),
    }
}

/// Writes a baseline of the experiment in `config` into an existing folder.
///
/// # Errors
/// [`Failure::Input`]: what is in the way, though it may not have been before; [`Failure::Run`]: the file system's refusal.
pub fn write(path: &Path, config: &Path, state: &Snapshot, writes: Writes) -> Result<(), Failure> {
    may_write(path, writes)?;
    let failed = |error: &dyn fmt::Display| Failure::Run(format!("{}: {error}", path.display()));
    let values = values(state).map_err(|error| failed(&error))?;
    let text = text(config, state, &sha256::of(&values));
    // Links stay: the files behind them are written.
    let target = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (kept, earlier) = (values_path(path), earlier_path(path));
    if is_there(&earlier) && !is_values(&earlier) {
        let message = format!("{} is in the way: the values of before are kept there for a moment", earlier.display());
        return Err(Failure::Input(message + "; move it elsewhere"));
    }
    // Both files cannot be replaced at one instant. Until both are new, the old values stay beside for the old text.
    let is_replaced = writes == Writes::InPlace && is_values(&kept);
    if is_replaced && !is_there(&earlier) {
        copy_whole(&kept, &earlier).map_err(|error| failed(&error))?;
    }
    write_together(&[(target(&kept), &values), (target(path), text.as_bytes())])
        .map_err(|(path, error)| Failure::Run(format!("{}: {error}", path.display())))?;
    if is_there(&earlier) {
        // If it stays, it does no harm: no text goes with it.
        let _ = std::fs::remove_file(earlier);
    }
    Ok(())
}
