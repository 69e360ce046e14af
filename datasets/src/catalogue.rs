//! Datasets by name, and where their files are.

use std::path::{Path, PathBuf};

/// A dataset that swath knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, and that of its file, less `.hdf5`.
    pub name: &'static str,
    /// The distance it is made for, as ann-benchmarks calls it.
    pub distance: &'static str,
    /// Dimension.
    pub dim: usize,
    /// Base vectors.
    pub train: usize,
    /// Queries.
    pub test: usize,
    /// What is special about it.
    pub about: &'static str,
}

const fn entry(
    name: &'static str,
    distance: &'static str,
    dim: usize,
    train: usize,
    test: usize,
    about: &'static str,
) -> Entry {
    Entry { name, distance, dim, train, test, about }
}

/// All of them: what ships with swath, and ann-benchmarks' (sizes from its README).
pub const CATALOGUE: &[Entry] = &[
    entry("glove-wordnet-20k", "angular", 100, 19_000, 1_000, "ships with swath; WordNet links, senses as subtopics"),
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

impl Entry {
    /// Where ann-benchmarks offers the file; `None` for what ships with swath.
    pub fn url(&self) -> Option<String> {
        (self.name != CATALOGUE[0].name).then(|| format!("https://ann-benchmarks.com/{}.hdf5", self.name))
    }

    /// Whether this version can read it.
    pub fn readable(&self) -> bool {
        swath_algorithms::Distance::from_name(self.distance).is_some()
    }
}

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

/// Why no file was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotFound {
    /// What is not there.
    pub message: String,
    /// What can be done, a line each.
    pub help: Vec<String>,
}

/// Folders in which datasets are looked for by name, in order: `given` by the user, then `datasets/data` of the nearest
/// folder at or above `from` that has one, so that any folder inside the repository will do.
pub fn folders(given: &[PathBuf], from: &Path) -> Vec<PathBuf> {
    let shipped = from.ancestors().map(|folder| folder.join("datasets").join("data")).find(|folder| folder.is_dir());
    given.iter().cloned().chain(shipped).collect()
}

/// Whether an experiment means a path by this, and not a name.
pub fn is_path(dataset: &str) -> bool {
    let extension = Path::new(dataset).extension().and_then(|e| e.to_str()).unwrap_or("");
    dataset.contains(['/', '\\']) || ["hdf5", "h5"].contains(&extension)
}

/// The file for what an experiment calls its dataset: a path, if it has a separator or ends in `.hdf5` or `.h5` (a
/// relative one is seen from `beside`), else a name looked for in `folders`.
///
/// # Errors
/// [`NotFound`], with the places that were searched and what can be done.
pub fn resolve(dataset: &str, beside: &Path, folders: &[PathBuf]) -> Result<PathBuf, NotFound> {
    if is_path(dataset) {
        let path = beside.join(dataset);
        if path.is_file() {
            return Ok(path);
        }
        if let Some(path) = shown_as(&path).filter(|path| path.is_file()) {
            return Ok(path);
        }
        let what = if path.is_dir() { "is a folder" } else { "does not exist" };
        let help = vec![format!("a relative path is seen from {}", shown(beside))];
        return Err(NotFound { message: format!("the dataset {} {what}", path.display()), help });
    }
    let file = format!("{dataset}.hdf5");
    if let Some(path) = folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
        return Ok(path);
    }
    let mut help = Vec::new();
    let message = if let Some(entry) = find(dataset) {
        if !entry.readable() {
            help.push(format!("its distance, {}, cannot be read yet", entry.distance));
        } else if let Some(url) = entry.url() {
            help.push(format!("get {url} and put it, as {file}, into a folder that is searched"));
        }
        format!("the dataset `{dataset}` is known, but its file is not here")
    } else {
        let distance = |name: &str| strsim::damerau_levenshtein(name, dataset);
        let nearest = CATALOGUE.iter().map(|entry| entry.name).min_by_key(|name| distance(name));
        let likely = nearest.filter(|name| distance(name) <= name.len() / 3);
        help.extend(likely.map(|name| format!("did you mean `{name}`?")));
        if beside.join(dataset).is_file() {
            help.push(format!(
                "there is a file {dataset}, but a dataset is an HDF5 file, whose name ends in .hdf5 or .h5; ./{dataset} means it all \
                 the same"
            ));
        }
        help.push("`swath datasets list` shows the names that are known; a path to a file works, too".into());
        format!("there is no dataset `{dataset}`")
    };
    let searched: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
    help.push(if searched.is_empty() {
        "no folder was searched: there is no `datasets/data` here or above; use --data-dir DIR or SWATH_DATA".into()
    } else {
        format!("searched: {}; add a folder by --data-dir DIR or SWATH_DATA", searched.join(", "))
    });
    Err(NotFound { message, help })
}

/// The path that is shown as this one, if parts of it are not UTF-8, as files may be called and no text can say: of each
/// part that is not there the one that looks like it. There is none where several do.
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

fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".into() } else { folder.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_end_as_a_dataset_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("v.npz"), "x").expect("written");
        let help = resolve("v.npz", folder.path(), &[]).expect_err("no dataset").help;
        assert!(
            help.iter().any(|line| line.starts_with("there is a file v.npz, but a dataset is an HDF5 file")),
            "{help:?}"
        );
        let help = resolve("w.npz", folder.path(), &[]).expect_err("no dataset").help;
        assert!(!help.iter().any(|line| line.contains("there is a file")), "{help:?}");
    }

    #[test]
    fn names_are_looked_for_in_order_and_from_any_folder_inside() {
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
        assert!(resolve("../../own/x.hdf5", &data, &[]).is_ok(), "a path is seen from the folder given");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_found_by_how_it_is_shown_if_one_alone_is() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join(OsStr::from_bytes(b"a\xff"));
        std::fs::create_dir(&folder).expect("created");
        let file = folder.join(OsStr::from_bytes(b"b\xff.hdf5"));
        std::fs::write(&file, "").expect("written");
        assert_eq!(resolve("a\u{fffd}/b\u{fffd}.hdf5", root.path(), &[]), Ok(file.clone()));
        assert_eq!(resolve("b\u{fffd}.hdf5", &folder, &[]), Ok(file), "a folder that is no text either");
        std::fs::write(folder.join(OsStr::from_bytes(b"b\xfe.hdf5")), "").expect("written");
        assert!(resolve("a\u{fffd}/b\u{fffd}.hdf5", root.path(), &[]).is_err(), "two look like it");
    }

    #[test]
    fn what_is_not_there_comes_with_what_can_be_done() {
        let nowhere = [PathBuf::from("/nowhere")];
        let typo = resolve("glove-wordnet-20", Path::new("."), &nowhere).expect_err("not there");
        assert!(typo.help[0].contains("glove-wordnet-20k"), "{typo:?}");
        let known = resolve("sift-128-euclidean", Path::new("."), &nowhere).expect_err("not there");
        assert!(known.help[0].contains("https://ann-benchmarks.com/sift-128-euclidean.hdf5"), "{known:?}");
        let jaccard = resolve("kosarak-jaccard", Path::new("."), &nowhere).expect_err("not there");
        assert!(jaccard.help[0].contains("cannot be read yet"), "{jaccard:?}");
        assert!(resolve("no/such.hdf5", Path::new("."), &nowhere).is_err());
        assert!(resolve("x", Path::new("."), &[]).expect_err("nothing").help.iter().any(|h| h.contains("SWATH_DATA")));
    }
}
