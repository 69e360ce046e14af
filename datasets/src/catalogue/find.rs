//! Finds the file of a dataset by its name or path.

use super::entry::{Entry, file};
use super::own::{self, CatalogueError};
use super::{builtin, find};
use crate::format;
use crate::location::Location;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Why the file of a dataset was not found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotFound {
    /// A path leads to no file.
    #[error("the dataset {} {}", path.display(), what_is_there(path, *is_folder))]
    Path {
        /// The path, as it was looked up.
        path: PathBuf,
        /// Whether it leads to a folder.
        is_folder: bool,
        /// The folder that a relative path starts from.
        beside: PathBuf,
    },
    /// The name is in the catalogue, but none of the folders has the file.
    #[error("the dataset `{}` is known, but its file is not here", entry.name)]
    Known {
        /// Its entry.
        entry: Box<Entry>,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// The name is not in the catalogue, and none of the folders has a file for it.
    #[error("there is no dataset `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// A known name that is spelled much like it.
        likely: Option<String>,
        /// Whether there is a file of the very name, which does not end as dataset files do.
        is_file: bool,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// The user's own catalogue is wrong, so that it is not known what the name means.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

/// Why a path is not that of a dataset's file, to end the sentence "the dataset PATH ...".
fn what_is_there(path: &Path, is_folder: bool) -> String {
    match std::fs::metadata(path) {
        _ if is_folder => "is a folder".into(),
        Ok(_) => "is not a regular file".into(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "does not exist".into(),
        Err(error) => format!("cannot be read: {error}"),
    }
}

/// Folders in which datasets are looked for by name, in order: those `given` by the user, then `datasets/data` of the nearest
/// folder at or above `from` that has one. So the shipped dataset is found from any folder inside the repository.
pub fn folders(given: &[PathBuf], from: &Path) -> Vec<PathBuf> {
    let shipped = from.ancestors().map(|folder| folder.join("datasets").join("data")).find(|folder| folder.is_dir());
    given.iter().cloned().chain(shipped).collect()
}

/// Whether an experiment means a path by this, and not a name: it has a separator, or ends as dataset files do.
pub fn is_path(dataset: &str) -> bool {
    dataset.contains(['/', '\\']) || format::has_known_ending(Path::new(dataset))
}

/// The entry of that name: of the first of the user's own catalogues that has it, or else of those that swath knows.
///
/// # Errors
/// One of the user's catalogues is wrong.
pub fn known(name: &str, folders: &[PathBuf]) -> Result<Option<Entry>, CatalogueError> {
    for folder in folders {
        if let Some(entry) = own::read(folder)?.into_iter().find(|entry| entry.name == name) {
            return Ok(Some(entry));
        }
    }
    Ok(find(name).cloned())
}

/// All entries: those of the user's own catalogues, in the order of the folders, and those that swath knows and they do not name.
///
/// # Errors
/// One of the user's catalogues is wrong.
pub fn all(folders: &[PathBuf]) -> Result<Vec<Entry>, CatalogueError> {
    let mut entries: Vec<Entry> = Vec::new();
    for folder in folders {
        for entry in own::read(folder)? {
            if entries.iter().all(|known| known.name != entry.name) {
                entries.push(entry);
            }
        }
    }
    let known: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
    entries.extend(builtin().iter().filter(|entry| !known.contains(&entry.name)).cloned());
    Ok(entries)
}

/// Longer names are not compared with others: that takes time for each pair of letters, and so long a name is no slip.
const LONGEST: usize = 200;

/// The known name that is spelled much like this one, if there is one.
pub fn nearest(name: &str, folders: &[PathBuf]) -> Option<String> {
    if name.len() > LONGEST {
        return None;
    }
    // A catalogue that is wrong has said so where its names matter.
    let own = folders.iter().flat_map(|folder| own::read(folder).unwrap_or_default()).map(|entry| entry.name);
    let names = own.chain(builtin().iter().map(|entry| entry.name.clone()));
    let distances = names.map(|known| (strsim::damerau_levenshtein(&known, name), known));
    distances.filter(|(distance, known)| *distance <= known.len() / 3).min().map(|(_, known)| known)
}

/// Finds the file of the dataset that an experiment names. A path ([`is_path`]) starts from `beside` if it is relative; a name
/// is looked for in `folders`: first the file `NAME.hdf5`, then all files of the entry of that name ([`known`]). Without an entry,
/// a folder of that name that is a dataset will do.
///
/// # Errors
/// [`NotFound`].
pub fn resolve(dataset: &str, beside: &Path, folders: &[PathBuf]) -> Result<Location, NotFound> {
    if is_path(dataset) {
        let path = beside.join(dataset);
        if path.is_file() || format::is_dataset_folder(&path) {
            return Ok(path.into());
        }
        if let Some(path) = shown_as(&path).filter(|path| path.is_file()) {
            return Ok(path.into());
        }
        return Err(NotFound::Path { is_folder: path.is_dir(), path, beside: beside.to_owned() });
    }
    let file = file(dataset);
    if let Some(path) = folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
        return Ok(path.into());
    }
    let entry = known(dataset, folders)?;
    if let Some(location) = entry.as_ref().and_then(|entry| entry.location(folders)) {
        return Ok(location);
    }
    let searched = folders.to_vec();
    if let Some(entry) = entry {
        return Err(NotFound::Known { entry: Box::new(entry), searched });
    }
    if let Some(path) = folders.iter().map(|folder| folder.join(dataset)).find(|path| format::is_dataset_folder(path)) {
        return Ok(path.into());
    }
    let (name, likely) = (dataset.to_owned(), nearest(dataset, folders));
    Err(NotFound::Unknown { name, likely, is_file: beside.join(dataset).is_file(), searched })
}

/// The existing path that is displayed as this one. Names of files need not be UTF-8, but a text must be: each part that does
/// not exist is replaced by the one name in its folder that is displayed alike. `None` if several names are.
fn shown_as(path: &Path) -> Option<PathBuf> {
    if !path.to_string_lossy().contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    let mut found = PathBuf::new();
    for part in path.components() {
        let next = found.join(part);
        if next.exists() {
            found = next;
            continue;
        }
        let folder = if found.as_os_str().is_empty() { Path::new(".") } else { &found };
        let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
        let mut alike = names.filter(|name| name.to_string_lossy() == part.as_os_str().to_string_lossy());
        let name = alike.next().filter(|_| alike.next().is_none())?;
        found.push(name);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_for_in_order_and_from_any_folder_inside_the_repository() {
        let root = tempfile::tempdir().expect("a folder");
        let (inner, data, own) = (root.path().join("a/b"), root.path().join("datasets/data"), root.path().join("own"));
        for folder in [&inner, &data, &own] {
            std::fs::create_dir_all(folder).expect("created");
        }
        std::fs::write(data.join("x.hdf5"), "").expect("written");
        let here = folders(&[], &inner);
        assert_eq!(resolve("x", &inner, &here), Ok(data.join("x.hdf5").into()));
        std::fs::write(own.join("x.hdf5"), "").expect("written");
        assert_eq!(resolve("x", &inner, &folders(std::slice::from_ref(&own), &inner)), Ok(own.join("x.hdf5").into()));
        assert!(resolve("../../own/x.hdf5", &data, &[]).is_ok(), "a relative path starts from the folder given");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_is_found_by_how_it_is_displayed_unless_two_are_displayed_alike() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join(OsStr::from_bytes(b"a\xff"));
        std::fs::create_dir(&folder).expect("created");
        let file = folder.join(OsStr::from_bytes(b"b\xff.hdf5"));
        std::fs::write(&file, "").expect("written");
        assert_eq!(resolve("a\u{fffd}/b\u{fffd}.hdf5", root.path(), &[]), Ok(file.clone().into()));
        assert_eq!(resolve("b\u{fffd}.hdf5", &folder, &[]), Ok(file.into()), "a folder whose name is not UTF-8 either");
        std::fs::write(folder.join(OsStr::from_bytes(b"b\xfe.hdf5")), "").expect("written");
        assert!(resolve("a\u{fffd}/b\u{fffd}.hdf5", root.path(), &[]).is_err(), "two look like it");
    }

    #[test]
    fn what_is_missing_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = [PathBuf::from("/nowhere")];
        let missing = |dataset: &str| resolve(dataset, folder.path(), &nowhere).expect_err("not there");
        std::fs::write(folder.path().join("v.npz"), "x").expect("written");
        let unknown = |name: &str, likely: Option<&str>, is_file| NotFound::Unknown {
            name: name.into(),
            likely: likely.map(str::to_owned),
            is_file,
            searched: nowhere.to_vec(),
        };
        assert_eq!(missing("glove-wordnet-20"), unknown("glove-wordnet-20", Some("glove-wordnet-20k"), false));
        assert_eq!(missing("v.npz"), unknown("v.npz", None, true));
        let Some(entry) = find("sift-128-euclidean").cloned() else { panic!("in the catalogue") };
        assert_eq!(entry.downloads()[0].url, "https://ann-benchmarks.com/sift-128-euclidean.hdf5");
        assert_eq!(
            missing("sift-128-euclidean"),
            NotFound::Known { entry: Box::new(entry), searched: nowhere.to_vec() }
        );
        let (path, beside) = (folder.path().join("no/such.hdf5"), folder.path().to_owned());
        assert_eq!(missing("no/such.hdf5"), NotFound::Path { path, is_folder: false, beside });
        assert!(matches!(missing("./"), NotFound::Path { is_folder: true, .. }));
    }

    #[test]
    fn the_users_own_catalogue_gives_names_and_stands_above_the_built_in_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = [folder.path().to_owned()];
        let text = "mine: { url: 'https://a.org/x', file: other.hdf5 }\nglove-25-angular: { url: 'https://a.org/y' }\n\
                    files: { files: { vectors: x.npy, queries: q.npy, distance: ip } }\n";
        std::fs::write(folder.path().join(own::FILE), text).expect("written");
        let found = |name: &str| resolve(name, Path::new(""), &folders);
        assert!(matches!(found("mine"), Err(NotFound::Known { .. })));
        std::fs::write(folder.path().join("other.hdf5"), "").expect("written");
        assert_eq!(found("mine"), Ok(folder.path().join("other.hdf5").into()));
        let Ok(Some(entry)) = known("glove-25-angular", &folders) else { panic!("known") };
        assert_eq!(entry.downloads()[0].url, "https://a.org/y");
        let all = all(&folders).expect("right");
        assert_eq!(all.len(), builtin().len() + 2, "one takes the place of another");
        assert_eq!(all[1].name, "glove-25-angular");
        assert_eq!(nearest("mins", &folders).as_deref(), Some("mine"));
        std::fs::write(folder.path().join("x.npy"), "").expect("written");
        assert!(matches!(found("files"), Err(NotFound::Known { .. })), "one of its files is not here");
        std::fs::write(folder.path().join("q.npy"), "").expect("written");
        assert!(matches!(found("files"), Ok(Location::Files(_))));
        std::fs::write(folder.path().join(own::FILE), "mine: [\n").expect("written");
        let wrong = found("glove-25-angular").expect_err("no YAML").to_string();
        assert!(wrong.contains("catalogue.yaml, line "), "{wrong}");
        assert_eq!(found("other"), Ok(folder.path().join("other.hdf5").into()), "a file needs no catalogue");
    }

    #[test]
    fn a_folder_that_is_a_dataset_is_found_by_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = [folder.path().to_owned()];
        let found = |name: &str| resolve(name, Path::new(""), &folders);
        for name in ["sparse-small", "my-own"] {
            std::fs::create_dir(folder.path().join(name)).expect("made");
            assert!(found(name).is_err());
            for file in ["base_small.csr", "queries.dev.csr"] {
                std::fs::write(folder.path().join(name).join(file), "").expect("written");
            }
        }
        assert_eq!(found("my-own"), Ok(folder.path().join("my-own").into()), "true neighbours can be computed");
        assert!(matches!(found("sparse-small"), Err(NotFound::Known { .. })), "these have a file of true neighbours");
        std::fs::write(folder.path().join("sparse-small/base_small.dev.gt"), "").expect("written");
        assert_eq!(found("sparse-small"), Ok(folder.path().join("sparse-small").into()));
    }
}
