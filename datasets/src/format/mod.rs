//! Formats of dataset files. A format is one file here and one line in [`FORMATS`]. Callers use the functions of this
//! module, which find the format of a file.

pub mod ann_benchmarks;
pub mod big_ann_sparse;
pub(crate) mod bit_rows;
pub(crate) mod compressed_rows;

use crate::bounded;
use crate::check::Flaw;
use crate::dataset::Dataset;
use crate::hdf5_file::Hdf5Error;
use crate::scratch::Capacity;
use crate::sha256 as hash;
use crate::texts::Texts;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use swath_algorithms::points::PointType;
use swath_algorithms::points::vectors::LANES;
use swath_algorithms::{Distance, Line};

/// All formats. The first that recognises a file reads it.
pub const FORMATS: &[&dyn Format] = &[
    // One line each.
    &ann_benchmarks::AnnBenchmarks,
    &big_ann_sparse::BigAnnSparse,
];

/// [`Format::sniff`] sees at most this many first bytes of a file.
const START: u64 = 4096;

/// A format of dataset files.
pub trait Format: Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Endings of its files' names, without the dot, in lower case.
    fn endings(&self) -> &'static [&'static str];

    /// Whether a file or folder looks like this format. `start` has the first bytes of the file, at most 4096; it is empty for a
    /// folder. A format without a signature returns `false`: its files are recognised by their endings.
    fn sniff(&self, path: &Path, start: &[u8]) -> bool;

    /// Reads only the header: shapes and attributes.
    ///
    /// # Errors
    /// As [`Format::read`], as far as the header goes.
    fn header(&self, path: &Path) -> Result<Header, DatasetError>;

    /// Reads the header, and checks by sizes alone that [`Format::read`] could read the arrays: each is complete, has the right
    /// type, and fits into memory or, if it holds points, may be put into a scratch file.
    ///
    /// # Errors
    /// As [`Format::read`], as far as sizes and headers tell.
    fn sizes(&self, path: &Path, capacity: &Capacity) -> Result<Header, DatasetError>;

    /// Reads and checks a dataset. Points go where [`Capacity::space_for`] says; no other array may be larger than memory.
    ///
    /// # Errors
    /// The error in the file, its place, and what would be right.
    fn read(&self, path: &Path, capacity: &Capacity) -> Result<Dataset, DatasetError>;

    /// Reads only the names of the queries, or their ids; `None` if they have neither.
    ///
    /// # Errors
    /// As [`Format::read`].
    fn query_names(&self, path: &Path, memory: u64) -> Result<Option<Texts>, DatasetError>;

    /// The files that the dataset at `path` consists of.
    ///
    /// # Errors
    /// As [`Format::header`], if one of several is not found.
    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
        Ok(vec![path.to_owned()])
    }

    /// SHA-256 of the dataset's bytes, 64 hexadecimal digits; of several files, that of their hashes one after another.
    ///
    /// # Errors
    /// [`DatasetError::Io`], and as [`Format::files`].
    fn sha256(&self, path: &Path) -> Result<String, DatasetError> {
        let of = |path: PathBuf| hash::of_file(&path).map_err(|source| DatasetError::Io { path, source });
        let mut hashes = self.files(path)?.into_iter().map(of).collect::<Result<Vec<String>, _>>()?;
        match hashes.len() {
            1 => Ok(hashes.remove(0)),
            _ => Ok(hash::of(hashes.concat())),
        }
    }
}

/// Why a dataset cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file system reported an error.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The HDF5 file itself is wrong.
    #[error(transparent)]
    Hdf5(Hdf5Error),
    /// The dataset in it is wrong.
    #[error("{path}: {flaw}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        flaw: Flaw,
    },
    /// The file is in no known format.
    #[error("{path} is in no known format; expected {known}", path = path.display())]
    NoFormat {
        /// The file.
        path: PathBuf,
        /// The known formats, with their endings.
        known: String,
    },
}

impl From<Hdf5Error> for DatasetError {
    fn from(error: Hdf5Error) -> Self {
        match error {
            Hdf5Error::Io { path, source } => Self::Io { path, source },
            error => Self::Hdf5(error),
        }
    }
}

/// The header of a dataset, without its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The distance from a query to a base point.
    pub distance: Distance,
    /// The type of the points.
    pub kind: PointType,
    /// Base points, n.
    pub train: usize,
    /// Queries, m.
    pub test: usize,
    /// Dimension, d.
    pub dim: usize,
    /// Members of all sets, or values of all sparse vectors, in base points and in queries; 0 of others.
    pub members: [usize; 2],
    /// Neighbours stored per query.
    pub neighbors: usize,
    /// Number of links; `None` if the dataset has none.
    pub links: Option<usize>,
    /// Names of the links' relations; empty if they have none.
    pub relations: Vec<String>,
    /// Rows of subtopics; `None` if the dataset has none.
    pub subtopics: Option<usize>,
    /// Rows of relevance judgements; `None` if the dataset has none.
    pub qrels: Option<usize>,
    /// Rows of sub-queries; `None` if the dataset has none.
    pub aspects: Option<usize>,
    /// Kinds of groups that base vectors belong to; a kind may have an empty name if it is the only one.
    pub groups: Vec<String>,
    /// Which labels base vectors have.
    pub labels: HasLabels,
    /// Whether the file says that its vectors have length 1.
    pub is_normalized: bool,
    /// Notes on unusual parts of the header, and how they are read.
    pub notes: Vec<String>,
}

/// Which labels rows have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasLabels {
    /// Ids.
    pub ids: bool,
    /// Names.
    pub names: bool,
    /// Texts.
    pub texts: bool,
}

impl Header {
    /// Bytes that its points take in memory, base points and queries.
    pub fn bytes_of_points(&self) -> u64 {
        let (rows, members) = ((self.train + self.test) as u64, (self.members[0] + self.members[1]) as u64);
        let offsets = (rows + 2) * size_of::<u64>() as u64;
        let norms = rows * size_of::<f64>() as u64;
        match self.kind {
            PointType::Dense => rows * (self.dim.div_ceil(LANES) * size_of::<Line>()) as u64 + norms,
            PointType::Bits => rows * self.dim.div_ceil(64) as u64 * size_of::<u64>() as u64,
            PointType::Sets => offsets + members * size_of::<u32>() as u64,
            PointType::Sparse => offsets + members * (size_of::<u32>() + size_of::<f32>()) as u64 + norms,
        }
    }
}

/// The format of a file:
///
/// 1. the first that recognises its first bytes,
/// 2. otherwise the first that has the ending of the file's name,
/// 3. otherwise the only format, if there is just one; its error says what is wrong with the file.
///
/// # Errors
/// [`DatasetError::NoFormat`], [`DatasetError::Io`].
pub fn of(path: &Path) -> Result<&'static dyn Format, DatasetError> {
    choose(FORMATS, path)
}

fn choose<'f>(formats: &[&'f dyn Format], path: &Path) -> Result<&'f dyn Format, DatasetError> {
    let start = start(path);
    let seen = start.as_deref().unwrap_or_default();
    let sniffed = formats.iter().find(|format| format.sniff(path, seen));
    let by_name = || formats.iter().find(|format| has_ending(path, format.endings()));
    let only = || if let [only] = formats { Some(only) } else { None };
    if let Some(format) = sniffed.or_else(by_name).or_else(only) {
        return Ok(*format);
    }
    let path = path.to_owned();
    Err(match start {
        Err(source) => DatasetError::Io { path, source },
        Ok(_) => DatasetError::NoFormat { path, known: list(formats) },
    })
}

/// The first bytes of a file, at most [`START`]; empty for a folder.
fn start(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    if !path.is_dir() {
        bounded::open(path)?.0.take(START).read_to_end(&mut start)?;
    }
    Ok(start)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.contains(&ending.as_str())
}

/// The names of formats, with their endings.
fn list(formats: &[&dyn Format]) -> String {
    let named = |format: &&dyn Format| {
        let endings: Vec<String> = format.endings().iter().map(|ending| format!(".{ending}")).collect();
        format!("{} ({})", format.name(), endings.join(", "))
    };
    formats.iter().map(named).collect::<Vec<_>>().join(", or ")
}

/// Endings of the names of dataset files, without the dot.
pub fn endings() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().flat_map(|format| format.endings()).copied()
}

/// Whether a file's name has one of the [`endings`].
pub fn has_known_ending(path: &Path) -> bool {
    FORMATS.iter().any(|format| has_ending(path, format.endings()))
}

/// As [`Format::header`].
///
/// # Errors
/// As [`of`] and [`Format::header`].
pub fn header(path: &Path) -> Result<Header, DatasetError> {
    of(path)?.header(path)
}

/// As [`Format::sizes`].
///
/// # Errors
/// As [`of`] and [`Format::sizes`].
pub fn sizes(path: &Path, capacity: impl Into<Capacity>) -> Result<Header, DatasetError> {
    of(path)?.sizes(path, &capacity.into())
}

/// As [`Format::read`].
///
/// # Errors
/// As [`of`] and [`Format::read`].
pub fn read(path: &Path, capacity: impl Into<Capacity>) -> Result<Dataset, DatasetError> {
    of(path)?.read(path, &capacity.into())
}

/// As [`Format::query_names`].
///
/// # Errors
/// As [`of`] and [`Format::query_names`].
pub fn query_names(path: &Path, memory: u64) -> Result<Option<Texts>, DatasetError> {
    of(path)?.query_names(path, memory)
}

/// As [`Format::files`].
///
/// # Errors
/// As [`of`] and [`Format::files`].
pub fn files(path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    of(path)?.files(path)
}

/// Whether a folder is a dataset.
pub fn is_dataset_folder(path: &Path) -> bool {
    path.is_dir() && FORMATS.iter().any(|format| format.sniff(path, &[]))
}

/// As [`Format::sha256`].
///
/// # Errors
/// As [`of`] and [`Format::sha256`].
pub fn sha256(path: &Path) -> Result<String, DatasetError> {
    of(path)?.sha256(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A format that recognises files by its own name and reads none.
    struct FakeFormat(&'static str, &'static [&'static str]);

    impl Format for FakeFormat {
        fn name(&self) -> &'static str {
            self.0
        }

        fn endings(&self) -> &'static [&'static str] {
            self.1
        }

        fn sniff(&self, _: &Path, start: &[u8]) -> bool {
            start.starts_with(self.0.as_bytes())
        }

        fn header(&self, path: &Path) -> Result<Header, DatasetError> {
            Err(DatasetError::NoFormat { path: path.to_owned(), known: self.0.into() })
        }

        fn sizes(&self, path: &Path, _: &Capacity) -> Result<Header, DatasetError> {
            self.header(path)
        }

        fn read(&self, path: &Path, _: &Capacity) -> Result<Dataset, DatasetError> {
            Err(DatasetError::NoFormat { path: path.to_owned(), known: self.0.into() })
        }

        fn query_names(&self, _: &Path, _: u64) -> Result<Option<Texts>, DatasetError> {
            Ok(None)
        }
    }

    #[test]
    fn content_counts_before_the_name() {
        let (one, two) = (FakeFormat("one", &["1", "i"]), FakeFormat("two", &["2"]));
        let folder = tempfile::tempdir().expect("a folder");
        let chosen = |formats: &[&dyn Format], name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).expect("written");
            choose(formats, &path).map(|format| format.name().to_owned()).map_err(|error| error.to_string())
        };
        let both: [&dyn Format; 2] = [&one, &two];
        assert_eq!(chosen(&both, "x.1", "two ..."), Ok("two".into()));
        assert_eq!(chosen(&both, "x.I", "..."), Ok("one".into()), "by its ending in any case");
        assert_eq!(chosen(&[&one], "x", "..."), Ok("one".into()), "the only one says what is wrong");
        let message = chosen(&both, "x", "...").expect_err("in neither");
        assert!(message.ends_with("x is in no known format; expected one (.1, .i), or two (.2)"), "{message}");
        let missing = choose(&both, &folder.path().join("y")).map(Format::name);
        assert!(matches!(missing, Err(DatasetError::Io { .. })));
        let wrong = choose(&both, folder.path()).map(Format::name);
        assert!(matches!(wrong, Err(DatasetError::NoFormat { .. })), "a folder");
    }

    #[test]
    fn an_hdf5_file_is_known_by_its_signature_behind_a_user_block_of_any_size() {
        let hdf5 = ann_benchmarks::AnnBenchmarks;
        for at in [0, 512, 1024, 2048] {
            let mut start = vec![0; 4096];
            start[at..at + 8].copy_from_slice(b"\x89HDF\r\n\x1a\n");
            assert!(hdf5.sniff(Path::new("x"), &start), "{at}");
        }
        assert!(!hdf5.sniff(Path::new("x.hdf5"), b"\x89PNG\r\n\x1a\n"));
        assert!(has_known_ending(Path::new("x.hdf5")) && !has_known_ending(Path::new("x.npz")));
    }
}
