//! Finds results below a folder.

use crate::config::Failure;
use crate::escape;
use crate::record::Mode;
use std::collections::HashMap;
use std::fs::read_dir;
use std::path::{Path, PathBuf};
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, MEMORY};

/// Results may be at most this deep below the folder of a dataset and k.
const DEPTH: usize = 8;

/// The place of a result.
pub struct Place {
    /// Its file, relative to the folder of results.
    pub file: PathBuf,
    /// The group of the file that holds the result, with a `/` behind it; empty for the file itself. For each
    /// setting of an index's queries, VIBE has a group in one file, and ann-benchmarks has a file.
    pub group: String,
    /// The attributes of the result.
    pub attributes: HashMap<String, Attribute>,
}

impl Place {
    /// Finds the results in a file.
    fn all(folder: &Path, file: &Path) -> Result<Vec<Self>, Failure> {
        let path = folder.join(file);
        let hdf5 = open(&path)?;
        let failed = |error: Hdf5Error| wrong(&path, &error);
        let has_result = |group: &str| -> Result<bool, Failure> {
            Ok(hdf5.names(group).map_err(failed)?.iter().any(|name| name == "neighbors"))
        };
        let at = |group: String, attributes| Self { file: file.to_owned(), group, attributes };
        if has_result("/")? {
            return Ok(vec![at(String::new(), hdf5.attributes().map_err(failed)?)]);
        }
        let mut places = Vec::new();
        for group in hdf5.groups().map_err(failed)? {
            if has_result(&group)? {
                let attributes = hdf5.attributes_of_group(&group).map_err(failed)?;
                places.push(at(format!("{group}/"), attributes));
            }
        }
        if places.is_empty() {
            return Err(wrong(&path, &"it is not a result: neither the file nor a group in it has `neighbors`"));
        }
        Ok(places)
    }

    /// A name that distinguishes this result from others with the same label.
    pub fn name(&self) -> String {
        if self.group.is_empty() { stem(&self.file) } else { self.group.trim_end_matches('/').to_owned() }
    }

    /// Whether the result is of mode batch. For old files, and VIBE's on a GPU, only the name of the folder tells.
    pub fn is_batch(&self) -> bool {
        let folder = self.file.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        let said = ["batch_mode", "gpu_mode"].map(|name| self.attributes.get(name).and_then(Attribute::number));
        let named = || folder.ends_with("-batch") || folder.ends_with("-gpu");
        let said: Vec<f64> = said.into_iter().flatten().collect();
        if said.is_empty() { named() } else { said.iter().any(|value| *value != 0.0) }
    }
}

/// The results below a folder.
#[derive(Default)]
pub struct Listed {
    /// The results, by their files' names.
    pub places: Vec<Place>,
    /// What is wrong with files that cannot be read.
    pub odd: Vec<String>,
    /// The number of links to folders. They are not followed, as they may lead in a circle.
    pub links: usize,
}

/// Lists the results below a folder.
///
/// # Errors
/// [`Failure::Input`] if there are none.
pub fn list(folder: &Path) -> Result<Listed, Failure> {
    let mut listed = Listed::default();
    let mut files = Vec::new();
    let mut open = vec![(PathBuf::new(), DEPTH)];
    while let Some((inside, depth)) = open.pop() {
        let here = folder.join(&inside);
        let entries = match read_dir(&here).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                listed.odd.push(format!("cannot read {}: {error}", here.display()));
                continue;
            }
        };
        for entry in entries {
            let inside = inside.join(entry.file_name());
            let path = entry.path();
            // For a link, the type of the link itself and not of its target.
            let is_folder = entry.file_type().is_ok_and(|of| of.is_dir());
            if is_folder && depth > 0 {
                open.push((inside, depth - 1));
            } else if path.is_dir() && !is_folder {
                listed.links += 1;
            } else if path.is_file() && path.extension().is_some_and(|extension| extension == "hdf5") {
                files.push(inside);
            }
        }
    }
    files.sort();
    for file in files {
        match Place::all(folder, &file) {
            Ok(places) => listed.places.extend(places),
            Err(what) => listed.odd.push(what.to_string()),
        }
    }
    if listed.places.is_empty() { Err(nothing(folder, &listed.odd)) } else { Ok(listed) }
}

/// The results of one mode. Results of the two modes are never compared.
pub struct OneMode {
    /// The results.
    pub places: Vec<Place>,
    /// Their mode.
    pub mode: Mode,
    /// A note if results of the other mode are left out.
    pub note: Option<String>,
}

impl OneMode {
    /// Chooses mode single, or batch if `batch` is set or there are no other results.
    ///
    /// # Errors
    /// [`Failure::Input`] if there is no result in the wanted mode.
    pub fn choose(listed: Vec<Place>, batch: bool, folder: &Path, odd: &[String]) -> Result<Self, Failure> {
        let (batches, single): (Vec<Place>, Vec<Place>) = listed.into_iter().partition(Place::is_batch);
        let mode = if batch || single.is_empty() { Mode::Batch } else { Mode::Single };
        let (places, others, other) = match mode {
            Mode::Batch => (batches, single, Mode::Single),
            Mode::Single => (single, batches, Mode::Batch),
        };
        if places.is_empty() {
            let message = format!("{} holds no result in mode batch{}", folder.display(), below(odd));
            return Err(Failure::Input(message));
        }
        let note = format!("results of mode {} left out, to be imported separately: {}", other.name(), others.len());
        Ok(Self { places, mode, note: (!others.is_empty()).then_some(note) })
    }
}

/// Lines below a message: the error of each result.
fn below(odd: &[String]) -> String {
    odd.iter().fold(String::new(), |text, what| text + "\n  " + &escape::terminal(what))
}

/// The error for a folder without a result that can be read.
pub fn nothing(folder: &Path, odd: &[String]) -> Failure {
    let what =
        if odd.is_empty() { "holds no result (a file that ends in .hdf5)" } else { "holds no result that can be read" };
    Failure::Input(format!("{} {what}{}", folder.display(), below(odd)))
}

/// Opens a file of results.
pub fn open(path: &Path) -> Result<Hdf5File, Failure> {
    Hdf5File::open(path, MEMORY).map_err(|error| match error {
        Hdf5Error::Io { .. } | Hdf5Error::NotHdf5 { .. } | Hdf5Error::CutShort { .. } => {
            Failure::Input(error.to_string())
        }
        other => wrong(path, &other),
    })
}

/// The error for a file in which something is wrong.
pub fn wrong(path: &Path, what: &dyn std::fmt::Display) -> Failure {
    Failure::Input(format!("{}: {what}", path.display()))
}

/// A file's name without its extension.
fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
