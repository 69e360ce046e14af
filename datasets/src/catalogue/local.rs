//! Dataset files that lie in the folders and are in no catalogue.

use super::entry::{Content, Entry, State};
use crate::format::{self, DatasetError, Header};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A dataset file, or a folder that is a dataset, that no catalogue knows.
#[derive(Debug)]
pub struct Local {
    /// Its name in experiments: that of its file without the ending if a search by name finds it, or else its path.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
    /// Its bytes, of all files together.
    pub bytes: u64,
    /// Its header, or why it cannot be read.
    pub header: Result<Header, DatasetError>,
}

/// All dataset files in the folders that none of the entries means, in order of their names. Folders that cannot be read, or
/// do not exist, have none. Of files with one name in several folders, the one that is found by name is listed.
pub fn unlisted(folders: &[PathBuf], entries: &[Entry]) -> Vec<Local> {
    let known: BTreeSet<PathBuf> = entries.iter().flat_map(|entry| of_entry(entry, folders)).collect();
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    for folder in folders {
        let inside = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut inside: Vec<PathBuf> = inside.filter(|path| is_dataset(path) && !known.contains(path)).collect();
        inside.sort();
        for path in inside {
            let name = name(&path);
            if names.insert(name.clone()) {
                found.push(Local { name, bytes: bytes(&path), header: format::header(&path), path });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The paths of an entry's files in the folders.
fn of_entry<'e>(entry: &'e Entry, folders: &'e [PathBuf]) -> Vec<PathBuf> {
    match &entry.content {
        Content::Own(files) => files.files(),
        _ => match entry.state(folders) {
            State::Here(_) => folders.iter().map(|folder| entry.below(folder)).collect(),
            State::Begun(_) | State::Missing => Vec::new(),
        },
    }
}

fn is_dataset(path: &Path) -> bool {
    (path.is_file() && format::has_known_ending(path)) || format::is_dataset_folder(path)
}

/// A file is found by name if it ends in `.hdf5`, and a folder if it is a dataset; others are named by their path.
fn name(path: &Path) -> String {
    let is_found = path.is_dir() || path.extension().is_some_and(|ending| ending == "hdf5");
    let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
    match stem {
        Some(stem) if is_found => stem.to_string_lossy().into_owned(),
        _ => path.display().to_string(),
    }
}

fn bytes(path: &Path) -> u64 {
    let files = format::files(path).unwrap_or_else(|_| vec![path.to_owned()]);
    files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::builtin;

    #[test]
    fn files_of_no_catalogue_are_listed_once_and_a_damaged_one_does_not_stop_the_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        for folder in [&first, &second] {
            std::fs::create_dir(folder).expect("made");
        }
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/contiguous.hdf5");
        for to in [first.join("mine.hdf5"), second.join("mine.hdf5"), second.join("glove-25-angular.hdf5")] {
            std::fs::copy(&fixture, to).expect("copied");
        }
        std::fs::write(second.join("broken.hdf5"), "\u{89}HDF\r\n").expect("written");
        std::fs::write(second.join("notes.txt"), "x").expect("written");
        let folders = [folder.path().join("none"), first.clone(), second.clone()];
        let found = unlisted(&folders, builtin());
        let named: Vec<(&str, &Path)> = found.iter().map(|local| (local.name.as_str(), local.path.as_path())).collect();
        assert_eq!(named, [("broken", &*second.join("broken.hdf5")), ("mine", &*first.join("mine.hdf5"))]);
        assert!(found[0].header.is_err());
        let header = found[1].header.as_ref().expect("whole");
        assert!(header.train > 0 && found[1].bytes > 0);
    }
}
