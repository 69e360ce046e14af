//! Writes both files of a baseline.

use super::text::text;
use super::values::{is_values, values};
use super::{earlier_path, is_there, read, values_path};
use crate::ci::check::Snapshot;
use crate::config::Failure;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use swath_datasets::whole_file::{can_write, copy_whole, make_folder, write_together};
use swath_datasets::{bounded, sha256};

/// Whether a write creates a baseline or replaces one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Creates a new baseline.
    New,
    /// Replaces a baseline.
    InPlace,
}

/// Checks that a baseline can be written, and that this would replace no other file.
///
/// # Errors
/// [`Failure::Input`] if another file is in the way, or the file system refuses.
pub fn may_write(path: &Path, writes: Writes) -> Result<(), Failure> {
    let values = values_path(path);
    let unwritable = |path: &Path| {
        let refused = can_write(&target(path)).err()?;
        Some(Failure::Input(format!("{}: a baseline cannot be written there: {refused}", path.display())))
    };
    if let Some(refused) = unwritable(path) {
        return Err(refused);
    }
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
        Writes::New if is_there(path) => Err(Failure::Input(match read(path) {
            Ok(_) => {
                format!("{} already exists; `swath baseline update` replaces it and lists the changes", path.display())
            }
            Err(_) => format!(
                "{} already exists and is not a baseline that can be read; move it elsewhere, or name another file for \
                 the baseline",
                path.display()
            ),
        })),
        // Values without a text are from a save that was killed half-way.
        Writes::New if is_there(&values) && !is_values(&values) => {
            let message = format!("{} already exists, but it does not hold the values of a baseline", values.display());
            Err(Failure::Input(message + "; move it elsewhere, or name another file for the baseline"))
        }
        Writes::New => match other_text(path, &values) {
            Some(other) => Err(Failure::Input(format!(
                "{} holds the values of the baseline {}, and would be replaced; give the new baseline a name that differs \
                 in more than its ending",
                values.display(),
                other.display()
            ))),
            None => unwritable(&values).map_or(Ok(()), Err),
        },
    }
}

/// The text of another baseline whose values have the same file: its name differs from `path` only in its ending.
fn other_text(path: &Path, values: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A baseline that is damaged counts, too.
    let is_baseline = |path: &Path| {
        let text = bounded::read_text(path, bounded::TEXT);
        text.is_ok_and(|text| text.lines().any(|line| line.starts_with("baseline:")))
    };
    let shares = |name: &OsString| {
        let other = path.with_file_name(name);
        other != path && other != values && values_path(&other) == values && is_baseline(&other)
    };
    let mut names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.find(shares).map(|name| path.with_file_name(name))
}

/// The file that is written: that behind a link, if `path` is one.
fn target(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Writes a baseline of the experiment in `config`, and creates its folder.
///
/// # Errors
/// [`Failure::Input`] if another file is in the way (even if [`may_write`] did not find it), [`Failure::Run`] if the files
/// cannot be written.
pub fn write(path: &Path, config: &Path, state: &Snapshot, writes: Writes) -> Result<(), Failure> {
    may_write(path, writes)?;
    let failed = |error: &dyn fmt::Display| Failure::Run(format!("{}: {error}", path.display()));
    let values = values(state).map_err(|error| failed(&error))?;
    let text = text(config, state, &sha256::of(&values));
    let (kept, earlier) = (values_path(path), earlier_path(path));
    if is_there(&earlier) && !is_values(&earlier) {
        let message = format!(
            "{} is in the way: the old values are kept there while the baseline is replaced",
            earlier.display()
        );
        return Err(Failure::Input(message + "; move it elsewhere"));
    }
    make_folder(path.parent().unwrap_or(Path::new(""))).map_err(|error| failed(&error))?;
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
