//! Datasets by name, and where their files are.

use crate::format;
use std::path::{Path, PathBuf};

/// A dataset that swath knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its name: that of its file without `.hdf5`.
    pub name: &'static str,
    /// Its distance, by ann-benchmarks' name.
    pub distance: &'static str,
    /// Dimension.
    pub dim: usize,
    /// Base vectors.
    pub train: usize,
    /// Queries.
    pub test: usize,
    /// What its vectors are.
    pub about: &'static str,
}

const fn entry(
    name: &'static str,
    distance: &'static str,
    dim: usize,
    train: usize,
    test: usize,
    about: &'static str,
) -> CatalogueEntry {
    CatalogueEntry { name, distance, dim, train, test, about }
}

/// All known datasets: the one that ships with swath, and those of ann-benchmarks (sizes from its README).
pub const CATALOGUE: &[CatalogueEntry] = &[
    entry(
        "glove-wordnet-20k",
        "angular",
        100,
        19_000,
        1_000,
        "word vectors with WordNet links, senses as subtopics; in the repository",
    ),
    entry("deep-image-96-angular", "angular", 96, 9_990_000, 10_000, "image descriptors"),
    entry("fashion-mnist-784-euclidean", "euclidean", 784, 60_000, 10_000, "pictures of clothes"),
    entry("gist-960-euclidean", "euclidean", 960, 1_000_000, 1_000, "image descriptors"),
    entry("glove-25-angular", "angular", 25, 1_183_514, 10_000, "word vectors"),
    entry("glove-50-angular", "angular", 50, 1_183_514, 10_000, "word vectors"),
    entry("glove-100-angular", "angular", 100, 1_183_514, 10_000, "word vectors"),
    entry("glove-200-angular", "angular", 200, 1_183_514, 10_000, "word vectors"),
    entry("mnist-784-euclidean", "euclidean", 784, 60_000, 10_000, "handwritten digits"),
    entry("nytimes-256-angular", "angular", 256, 290_000, 10_000, "bags of words"),
    entry("sift-128-euclidean", "euclidean", 128, 1_000_000, 10_000, "image descriptors"),
    entry("lastfm-64-dot", "angular", 65, 292_385, 50_000, "listening habits; inner product stored as angular"),
    entry("coco-i2i-512-angular", "angular", 512, 113_287, 10_000, "pictures to pictures"),
    entry("coco-t2i-512-angular", "angular", 512, 113_287, 10_000, "captions to pictures"),
    entry("kosarak-jaccard", "jaccard", 27_983, 74_962, 500, "sets of clicks"),
    entry("movielens10m-jaccard", "jaccard", 65_134, 69_363, 500, "sets of films"),
    entry("sift-256-hamming", "hamming", 256, 1_000_000, 1_000, "binary codes"),
    entry("word2bits-800-hamming", "hamming", 800, 399_000, 1_000, "binary word vectors"),
];

impl CatalogueEntry {
    /// Where ann-benchmarks offers the file; `None` for the dataset that ships with swath.
    pub fn url(&self) -> Option<String> {
        (self.name != CATALOGUE[0].name).then(|| format!("https://ann-benchmarks.com/{}.hdf5", self.name))
    }

    /// The name of its file.
    pub fn file(&self) -> String {
        file(self.name)
    }
}

/// The name of the file of a dataset that is looked for by name.
fn file(name: &str) -> String {
    format!("{name}.hdf5")
}

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static CatalogueEntry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

/// Why the file of a dataset was not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
        entry: &'static CatalogueEntry,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// The name is not in the catalogue, and none of the folders has a file for it.
    #[error("there is no dataset `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// A known name that is spelled much like it.
        likely: Option<&'static str>,
        /// Whether there is a file of the very name, which does not end as dataset files do.
        is_file: bool,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
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

/// Finds the file of the dataset that an experiment names. A path ([`is_path`]) starts from `beside` if it is relative; a name
/// is looked for in `folders`.
///
/// # Errors
/// [`NotFound`].
pub fn resolve(dataset: &str, beside: &Path, folders: &[PathBuf]) -> Result<PathBuf, NotFound> {
    if is_path(dataset) {
        let path = beside.join(dataset);
        if path.is_file() || format::is_dataset_folder(&path) {
            return Ok(path);
        }
        if let Some(path) = shown_as(&path).filter(|path| path.is_file()) {
            return Ok(path);
        }
        return Err(NotFound::Path { is_folder: path.is_dir(), path, beside: beside.to_owned() });
    }
    let file = file(dataset);
    if let Some(path) = folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
        return Ok(path);
    }
    let searched = folders.to_vec();
    if let Some(entry) = find(dataset) {
        return Err(NotFound::Known { entry, searched });
    }
    let distance = |name: &str| strsim::damerau_levenshtein(name, dataset);
    let nearest = CATALOGUE.iter().map(|entry| entry.name).min_by_key(|name| distance(name));
    let likely = nearest.filter(|name| distance(name) <= name.len() / 3);
    Err(NotFound::Unknown { name: dataset.to_owned(), likely, is_file: beside.join(dataset).is_file(), searched })
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
        assert_eq!(resolve("x", &inner, &here), Ok(data.join("x.hdf5")));
        std::fs::write(own.join("x.hdf5"), "").expect("written");
        assert_eq!(resolve("x", &inner, &folders(std::slice::from_ref(&own), &inner)), Ok(own.join("x.hdf5")));
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
        assert_eq!(resolve("a\u{fffd}/b\u{fffd}.hdf5", root.path(), &[]), Ok(file.clone()));
        assert_eq!(resolve("b\u{fffd}.hdf5", &folder, &[]), Ok(file), "a folder whose name is not UTF-8 either");
        std::fs::write(folder.join(OsStr::from_bytes(b"b\xfe.hdf5")), "").expect("written");
        assert!(resolve("a\u{fffd}/b\u{fffd}.hdf5", root.path(), &[]).is_err(), "two look like it");
    }

    #[test]
    fn what_is_missing_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = [PathBuf::from("/nowhere")];
        let missing = |dataset: &str| resolve(dataset, folder.path(), &nowhere).expect_err("not there");
        std::fs::write(folder.path().join("v.npz"), "x").expect("written");
        let unknown = |name: &str, likely, is_file| NotFound::Unknown {
            name: name.into(),
            likely,
            is_file,
            searched: nowhere.to_vec(),
        };
        assert_eq!(missing("glove-wordnet-20"), unknown("glove-wordnet-20", Some("glove-wordnet-20k"), false));
        assert_eq!(missing("v.npz"), unknown("v.npz", None, true));
        let Some(entry) = find("sift-128-euclidean") else { panic!("in the catalogue") };
        assert_eq!(missing(entry.name), NotFound::Known { entry, searched: nowhere.to_vec() });
        assert_eq!(entry.url().as_deref(), Some("https://ann-benchmarks.com/sift-128-euclidean.hdf5"));
        let (path, beside) = (folder.path().join("no/such.hdf5"), folder.path().to_owned());
        assert_eq!(missing("no/such.hdf5"), NotFound::Path { path, is_folder: false, beside });
        assert!(matches!(missing("./"), NotFound::Path { is_folder: true, .. }));
    }
}
