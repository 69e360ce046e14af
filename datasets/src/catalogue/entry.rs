//! What is known of a dataset without its files.

use crate::files::{FileSet, Part};
use crate::location::Location;
use std::path::{Path, PathBuf};
use swath_algorithms::Distance;

/// A dataset that swath knows by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What its vectors are.
    pub about: String,
    /// Its distance, by ann-benchmarks' name; `None` if that is not stated.
    pub distance: Option<String>,
    /// Base points, n; `None` if that is not stated.
    pub train: Option<usize>,
    /// Queries, m; `None` if that is not stated.
    pub test: Option<usize>,
    /// Dimension, d; `None` if that is not stated, or not known before the file is read.
    pub dim: Option<usize>,
    /// Who offers it.
    pub source: String,
    /// The licence of its data, as its source states it; `None` if that is not stated.
    pub licence: Option<String>,
    /// Its files.
    pub content: Content,
}

/// The files of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A file that is in swath's repository.
    Shipped,
    /// One file, in a folder of datasets.
    File(Download),
    /// Several files, in a folder that has the dataset's name.
    Folder(Vec<Download>),
    /// Files of the user's own, which are nowhere offered.
    Own(Box<FileSet>),
}

/// A file that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Its address.
    pub url: String,
    /// The file's name on this machine, without a folder.
    pub file: String,
    /// What it holds.
    pub role: Role,
    /// Bytes that are downloaded, as far as the source states them: they may be rounded. `None` if it does not.
    pub bytes: Option<u64>,
    /// SHA-256 of the file that is downloaded, 64 hexadecimal digits in lower case, where it is known.
    pub sha256: Option<String>,
    /// What is done with it beyond keeping it.
    pub then: Then,
}

/// What a downloaded file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The whole dataset.
    Dataset,
    /// Base vectors.
    Base,
    /// Queries.
    Queries,
    /// True neighbours of the queries.
    Truth,
}

/// What is done with a file while it is downloaded, or after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is kept as it is.
    Keep,
    /// It is unpacked: it was packed by gzip.
    Unpack,
    /// Only its first rows are downloaded, and its header gets their number: this is how big-ann-benchmarks makes 10 million
    /// vectors of a file of a billion. The file begins with the numbers of rows and of values per row, as little-endian uint32;
    /// its values follow, row by row.
    Crop {
        /// Rows that are kept.
        rows: u32,
        /// Values per row, as the header must say.
        dim: u32,
        /// Bytes of a value.
        width: u8,
    },
}

impl Then {
    /// The bytes of the file that are downloaded, if these are not all.
    pub fn first_bytes(self) -> Option<u64> {
        match self {
            Self::Crop { rows, dim, width } => Some(8 + u64::from(rows) * u64::from(dim) * u64::from(width)),
            Self::Keep | Self::Unpack => None,
        }
    }
}

/// Whether the files of a dataset are on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// All are here: the file of the dataset, or the folder with its files.
    Here(PathBuf),
    /// Some bytes were downloaded, at most this many.
    Begun(u64),
    /// Nothing is here.
    Missing,
}

impl Entry {
    /// The downloads that it consists of; none if it cannot be downloaded.
    pub fn downloads(&self) -> &[Download] {
        match &self.content {
            Content::File(download) => std::slice::from_ref(download),
            Content::Folder(downloads) => downloads,
            Content::Shipped | Content::Own(_) => &[],
        }
    }

    /// Bytes that are downloaded for it, as far as its source states them; `None` if it does not state those of its base vectors.
    pub fn bytes(&self) -> Option<u64> {
        let downloads = self.downloads();
        let largest = downloads.iter().find(|download| matches!(download.role, Role::Dataset | Role::Base))?;
        largest.bytes?;
        Some(downloads.iter().filter_map(|download| download.bytes).sum())
    }

    /// Where its file or its folder lies below a folder of datasets.
    pub fn below(&self, folder: &Path) -> PathBuf {
        match &self.content {
            Content::Shipped => folder.join(file(&self.name)),
            Content::File(download) => folder.join(&download.file),
            Content::Folder(_) => folder.join(&self.name),
            Content::Own(files) => files.vectors.0.first().map_or_else(PathBuf::new, |part| part.file.clone()),
        }
    }

    /// The downloads, with the path that each has below a folder of datasets.
    pub fn targets(&self, folder: &Path) -> Vec<(&Download, PathBuf)> {
        let folder = if let Content::Folder(_) = self.content { self.below(folder) } else { folder.to_owned() };
        self.downloads().iter().map(|download| (download, folder.join(&download.file))).collect()
    }

    /// Whether its files are in one of the folders; the first that has all of them counts.
    pub fn state(&self, folders: &[PathBuf]) -> State {
        if let Content::Own(files) = &self.content {
            let is_whole = files.files().iter().all(|path| path.is_file());
            return if is_whole { State::Here(self.below(Path::new(""))) } else { State::Missing };
        }
        let is_whole = |folder: &&PathBuf| match &self.content {
            Content::Folder(_) => self.targets(folder).iter().all(|(_, path)| path.is_file()),
            _ => self.below(folder).is_file(),
        };
        if let Some(folder) = folders.iter().find(is_whole) {
            return State::Here(self.below(folder));
        }
        let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
        let of_file = |path: &Path| length(path) + length(&part(path));
        let of_folder = |folder: &PathBuf| self.targets(folder).iter().map(|(_, path)| of_file(path)).sum::<u64>();
        match folders.iter().map(of_folder).max() {
            Some(bytes) if bytes > 0 => State::Begun(bytes),
            _ => State::Missing,
        }
    }
}

impl Entry {
    /// Where it is read from, if all its files are in one of the folders.
    pub fn location(&self, folders: &[PathBuf]) -> Option<Location> {
        let State::Here(path) = self.state(folders) else { return None };
        Some(match &self.content {
            Content::Own(files) => Location::Files(files.clone()),
            Content::Folder(_) => {
                self.file_set().map_or_else(|| path.clone().into(), |files| files.beside(&path).into())
            }
            Content::Shipped | Content::File(_) => path.into(),
        })
    }

    /// The files of a folder by their roles, if each part of the dataset is a matrix. (Sparse vectors are known by their folder.)
    fn file_set(&self) -> Option<FileSet> {
        let of = |role: Role| {
            self.downloads().iter().find(|download| download.role == role).map(|of| PathBuf::from(&of.file))
        };
        let (base, queries) = (of(Role::Base)?, of(Role::Queries)?);
        let is_matrix = base.extension().is_some_and(|ending| ending != "csr");
        let distance = self.distance.as_deref().and_then(Distance::from_name)?;
        is_matrix
            .then(|| FileSet { neighbors: of(Role::Truth).map(Part::from), ..FileSet::new(base, queries, distance) })
    }
}

/// The name of the file of a dataset that is looked for by name.
pub(super) fn file(name: &str) -> String {
    format!("{name}.hdf5")
}

/// Where a download is kept until it is whole: beside its final name, with `.part` at the end.
pub fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn download(file: &str, role: Role, bytes: Option<u64>) -> Download {
        let url = format!("https://example.org/{file}");
        Download { url, file: file.into(), role, bytes, sha256: None, then: Then::Keep }
    }

    fn entry(content: Content) -> Entry {
        let (name, about, source) = ("x".into(), String::new(), String::new());
        Entry { name, about, distance: None, train: None, test: None, dim: None, source, licence: None, content }
    }

    #[test]
    fn a_dataset_of_several_files_is_here_when_all_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = [folder.path().join("none"), folder.path().to_owned()];
        let base = download("base.fbin", Role::Base, Some(10));
        let several = entry(Content::Folder(vec![base, download("queries.fbin", Role::Queries, None)]));
        assert_eq!((several.state(&folders), several.bytes()), (State::Missing, Some(10)));
        let own = folder.path().join("x");
        std::fs::create_dir(&own).expect("made");
        std::fs::write(own.join("base.fbin"), "12345").expect("written");
        std::fs::write(own.join("queries.fbin.part"), "12").expect("written");
        assert_eq!(several.state(&folders), State::Begun(7));
        std::fs::rename(own.join("queries.fbin.part"), own.join("queries.fbin")).expect("renamed");
        assert_eq!(several.state(&folders), State::Here(own.clone()));
        let files = FileSet::new("base.fbin".into(), "queries.fbin".into(), Distance::Euclidean).beside(&own);
        let known = Entry { distance: Some("euclidean".into()), ..several };
        assert_eq!(known.location(&folders), Some(files.into()));
        let unknown =
            entry(Content::Folder(vec![download("q", Role::Queries, Some(1)), download("b", Role::Base, None)]));
        assert_eq!(unknown.bytes(), None);
    }

    #[test]
    fn own_files_are_here_if_all_of_them_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = FileSet::new("docs.npy".into(), "queries.npy".into(), Distance::Angular).beside(folder.path());
        let own = entry(Content::Own(Box::new(files.clone())));
        std::fs::write(folder.path().join("docs.npy"), "").expect("written");
        assert_eq!((own.state(&[]), own.bytes(), own.location(&[])), (State::Missing, None, None));
        std::fs::write(folder.path().join("queries.npy"), "").expect("written");
        assert_eq!(own.state(&[]), State::Here(folder.path().join("docs.npy")));
        assert_eq!(own.location(&[]), Some(files.into()));
    }

    #[test]
    fn a_cropped_file_is_its_header_and_its_rows() {
        let then = Then::Crop { rows: 10_000_000, dim: 128, width: 1 };
        assert_eq!(then.first_bytes(), Some(1_280_000_008));
        assert_eq!(Then::Unpack.first_bytes(), None);
    }
}
