//! What a folder holds before swath writes into it.

use super::inspect::listed;
use super::ledger::{FolderKind, LEDGER, Ledger, MOST};
use super::{FolderError, earlier};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use swath_datasets::whole_file;

/// What an existing folder holds, if it is swath's.
#[derive(Debug)]
pub(super) enum Basis {
    /// A ledger.
    Ledger(Ledger),
    /// A ledger whose writer was killed before its first line was whole.
    Begun,
    /// Files of a version without ledgers.
    Earlier(Ledger),
    /// Nothing.
    Nothing,
}

/// Looks what an existing folder holds.
///
/// # Errors
/// It holds files that are not swath's, or another kind of content.
pub(super) fn basis(path: &Path, kinds: &[FolderKind]) -> Result<Basis, FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    let basis = match std::fs::symlink_metadata(path.join(LEDGER)) {
        Ok(_) => read(path)?.map_or(Basis::Begun, Basis::Ledger),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let others = others(path).map_err(io)?;
            match earlier::ledger(path).map_err(io)? {
                Some(ledger) => Basis::Earlier(ledger),
                None if others.is_empty() => Basis::Nothing,
                None => return Err(FolderError::NotOurs(within(path).unwrap_or_else(|| foreign(path, &others)))),
            }
        }
        Err(error) => return Err(io(error)),
    };
    match &basis {
        Basis::Ledger(ledger) | Basis::Earlier(ledger) if !kinds.contains(&ledger.holds) => {
            let (there, wanted) = (ledger.holds.words(), kinds.first().map_or("this", |kind| kind.words()));
            let message = format!("{} holds {there}, which {wanted} would replace", path.display());
            Err(FolderError::NotOurs(message + "\n  name another folder"))
        }
        _ => Ok(basis),
    }
}

/// Reads a folder's ledger; `None` where its writer was killed before the first line was whole.
fn read(folder: &Path) -> Result<Option<Ledger>, FolderError> {
    let path = folder.join(LEDGER);
    let io = |source| FolderError::Io { path: path.clone(), source };
    let wrong = |what: &str| {
        let message = format!("{}: {what}, so that nobody knows which files here are swath's", path.display());
        FolderError::NotOurs(message + "\n  name another folder, or move this file away with what lies beside it")
    };
    let metadata = std::fs::symlink_metadata(&path).map_err(io)?;
    if !metadata.is_file() {
        return Err(wrong("it is no file"));
    }
    if metadata.len() > MOST {
        return Err(wrong("it is too large for a ledger of swath's"));
    }
    let mut text = Vec::new();
    File::open(&path).and_then(|file| file.take(MOST).read_to_end(&mut text)).map_err(io)?;
    Ledger::parse(&text).map_err(|what| wrong(&what))
}

/// Names in a folder, without those of a ledger that was being written.
fn others(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !whole_file::is_remains(&name, LEDGER) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            names.push(if is_folder { name + "/" } else { name });
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The message for a folder inside another folder of swath's, whose ledger lists files in it; `None` if it is not such a folder.
fn within(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let outer = path.ancestors().skip(1).find(|outer| std::fs::symlink_metadata(outer.join(LEDGER)).is_ok())?;
    let ledger = read(outer).ok()??;
    let inside = path.strip_prefix(outer).ok()?;
    let is_part = ledger.files.keys().any(|name| Path::new(name).starts_with(inside));
    is_part.then(|| {
        format!(
            "{} belongs to the folder {}, where swath keeps {}\n  name another folder",
            path.display(),
            outer.display(),
            ledger.holds.words()
        )
    })
}

/// The message for a folder that is not swath's.
fn foreign(path: &Path, names: &[String]) -> String {
    let lost = if names.iter().any(|name| ["manifest.json", "sweep.json", "datasets.json"].contains(&name.as_str())) {
        format!("\n  if a run of swath's was copied here, copy its file {LEDGER}, too")
    } else {
        String::new()
    };
    format!(
        "{} holds files that swath did not write: {}\n  swath writes into a folder that is new, empty or its own: name another, or \
         move these away{lost}",
        path.display(),
        listed(names)
    )
}
