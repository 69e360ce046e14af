//! Opens a prepared dataset.

use super::layout::{
    ASPECT_STARTS, HASH, LONGEST_HEADER, MAGIC, PREFIX, PreparedHeader, StoredArray, StoredGroups, StoredPoints,
    group_array, label_arrays,
};
use crate::aspects::{self, Aspects};
use crate::bounded;
use crate::dataset::{Dataset, Groups, Links, Neighbors, Subtopics};
use crate::in_the_way::{in_the_way, of_another};
use crate::map;
use crate::sha256;
use crate::texts::{Labels, Texts};
use bytemuck::Pod;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use swath_algorithms::points::{Bits, Points, PointsError, Sets, Shared, SparseParts, SparseVectors, Vectors};

/// Why a file is not used as a prepared dataset.
#[derive(Debug, thiserror::Error)]
pub enum PreparedError {
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Somebody else may have written it.
    #[error("{0}")]
    NotOurs(String),
    /// It is no prepared dataset of this version.
    #[error("{0}")]
    OtherLayout(String),
    /// The disk has no room for it.
    #[error("{0}")]
    NoRoom(String),
    /// It is a prepared dataset that was damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// How much of a dataset is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Everything,
    /// What a search needs: no labels. Opening it takes a time that does not depend on the number of base points.
    Search,
}

/// Why a file may neither be used nor replaced as a prepared dataset of any version, if it may not: [`in_the_way()`].
///
/// # Errors
/// The file system's refusal.
pub fn not_ours(path: &Path) -> io::Result<Option<String>> {
    in_the_way(path, &MAGIC[..7])
}

/// Reads the header alone.
///
/// # Errors
/// [`PreparedError`].
pub fn header(path: &Path) -> Result<PreparedHeader, PreparedError> {
    let (mut file, length) = bounded::open(path)?;
    read_header(&mut file, length).map(|(header, _)| header)
}

/// Where an array lies in a prepared dataset's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedArray {
    /// Its name.
    pub name: String,
    /// Its first byte, from the beginning of the file.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Where the arrays of a prepared dataset lie, for another program that maps its file.
///
/// # Errors
/// [`PreparedError`].
pub fn placed(path: &Path) -> Result<Vec<PlacedArray>, PreparedError> {
    let (mut file, length) = bounded::open(path)?;
    let (header, start) = read_header(&mut file, length)?;
    let placed =
        |array: StoredArray| PlacedArray { offset: start + array.offset, bytes: array.bytes, name: array.name };
    Ok(header.arrays.into_iter().map(placed).collect())
}

/// A prepared dataset that another run kept, mapped.
pub(super) struct OpenedKept {
    pub header: PreparedHeader,
    pub dataset: Dataset,
    /// The file, whose content is checked again when it has been used.
    pub file: File,
}

/// Maps a dataset that another run kept, if nobody but the user could have written it. The content of a small file is checked
/// by its SHA-256; that of a large one is not, so that opening it takes a time that does not depend on its size. [`verify_mapped`]
/// checks both when they have been used.
///
/// # Errors
/// [`PreparedError`].
pub(super) fn open_kept(path: &Path, wanted: Wanted) -> Result<OpenedKept, PreparedError> {
    let (file, length) = bounded::open(path)?;
    check_owner(&file)?;
    if length <= LARGE {
        verify_mapped(&file)?;
    }
    let (header, dataset) = open_file(&file, wanted)?;
    Ok(OpenedKept { header, dataset, file })
}

/// Files of more bytes are large: to hash as many takes some hundredths of a second.
const LARGE: u64 = 64 << 20;

/// Maps a dataset that [`write`](super::write()) wrote, after a look at its header and its length.
///
/// # Errors
/// [`PreparedError`].
pub fn open(path: &Path, wanted: Wanted) -> Result<(PreparedHeader, Dataset), PreparedError> {
    open_file(&bounded::open(path)?.0, wanted)
}

fn open_file(file: &File, wanted: Wanted) -> Result<(PreparedHeader, Dataset), PreparedError> {
    let (header, start, bytes) = map_file(file)?;
    let arrays = Arrays { bytes, start, places: &header.arrays };
    let dataset = arrays.dataset(&header, wanted)?;
    Ok((header, dataset))
}

/// The header, where the arrays begin, and all bytes.
fn map_file(file: &File) -> Result<(PreparedHeader, u64, Bytes), PreparedError> {
    let length = file.metadata()?.len();
    // An empty file cannot be mapped.
    let bytes = if length == 0 { Bytes::new() } else { map::read_only(file)? };
    let (header, start) = read_header(&mut &bytes[..], length)?;
    Ok((header, start, bytes))
}

/// Checks the content of a prepared dataset by its SHA-256, which reads all of it.
///
/// # Errors
/// [`PreparedError`].
pub fn verify(path: &Path) -> Result<(), PreparedError> {
    let file = bounded::open(path)?.0;
    check_owner(&file)?;
    verify_mapped(&file)
}

/// The same, of the very file that is mapped, whatever has its name by now.
///
/// # Errors
/// [`PreparedError`].
pub(super) fn verify_mapped(file: &File) -> Result<(), PreparedError> {
    let (header, start, bytes) = map_file(file)?;
    let arrays = Arrays { bytes, start, places: &header.arrays };
    let mut content = Sha256::new();
    for place in &header.arrays {
        content.update(arrays.bytes_at(place)?);
    }
    if sha256::hex(&content.finalize()) != header.content_sha256 {
        return Err(PreparedError::Damaged("its content has another SHA-256 than its header says".into()));
    }
    Ok(())
}

#[cfg(unix)]
fn check_owner(file: &File) -> Result<(), PreparedError> {
    use std::os::unix::fs::MetadataExt as _;
    /// Write permission of the group and of others.
    const OTHERS: u32 = 0o022;
    let metadata = file.metadata()?;
    if let Some(why) = of_another(&metadata) {
        return Err(PreparedError::NotOurs(why));
    }
    if metadata.mode() & OTHERS != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(PreparedError::NotOurs(format!("others may write it: its permissions are {mode:o}, not 600")));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &File) -> Result<(), PreparedError> {
    Ok(())
}

/// The header, and where the arrays begin.
fn read_header(file: &mut impl io::Read, length: u64) -> Result<(PreparedHeader, u64), PreparedError> {
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => PreparedError::Damaged("it is cut short".into()),
        _ => PreparedError::Io(error),
    };
    let (mut begins, mut bytes, mut hash) = (Vec::new(), [0; size_of::<u64>()], [0; HASH]);
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut begins)?;
    if !MAGIC.starts_with(&begins) {
        return Err(PreparedError::OtherLayout("it is no prepared dataset of this version of swath".into()));
    }
    file.read_exact(&mut bytes).map_err(cut)?;
    file.read_exact(&mut hash).map_err(cut)?;
    let size = u64::from_le_bytes(bytes);
    let start = PREFIX as u64 + size.min(LONGEST_HEADER);
    if size > LONGEST_HEADER || start > length {
        return Err(PreparedError::Damaged("its header is longer than the file".into()));
    }
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text).map_err(cut)?;
    if Sha256::digest(&text)[..] != hash {
        return Err(PreparedError::Damaged("its header has another SHA-256 than the file says".into()));
    }
    let header: PreparedHeader = serde_json::from_slice(&text)
        .map_err(|error| PreparedError::Damaged(format!("its header cannot be read: {error}")))?;
    if header.bytes != length {
        let what = format!("it has {length} bytes, and its header says {}", header.bytes);
        return Err(PreparedError::Damaged(what));
    }
    if header.little_endian != cfg!(target_endian = "little") {
        return Err(PreparedError::OtherLayout("it was written on a machine with another byte order".into()));
    }
    Ok((header, start))
}

/// The arrays of a mapped file.
struct Arrays<'h> {
    bytes: Bytes,
    start: u64,
    places: &'h [StoredArray],
}

impl Arrays<'_> {
    fn bytes_at(&self, place: &StoredArray) -> Result<Bytes, PreparedError> {
        let ends = self.start.checked_add(place.offset).and_then(|from| Some((from, from.checked_add(place.bytes)?)));
        match ends {
            Some((from, to)) if to <= self.bytes.len() as u64 => Ok(self.bytes.slice(from as usize..to as usize)),
            _ => Err(PreparedError::Damaged(format!("the array `{}` ends after the file", place.name))),
        }
    }

    fn find(&self, name: &str) -> Option<&StoredArray> {
        self.places.iter().find(|place| place.name == name)
    }

    /// An array of values.
    fn array<T: Pod + Send>(&self, name: &str) -> Result<Shared<T>, PreparedError> {
        let lacks = || PreparedError::Damaged(format!("it has no array `{name}`"));
        let bytes = self.bytes_at(self.find(name).ok_or_else(lacks)?)?;
        let odd = || PreparedError::Damaged(format!("the array `{name}` is not a whole number of values"));
        Shared::of_bytes(bytes).ok_or_else(odd)
    }

    fn points(&self, stored: StoredPoints, name: &str) -> Result<Points, PreparedError> {
        let part = |part: &str| format!("{name}_{part}");
        let damaged = |error: PointsError| PreparedError::Damaged(format!("`{name}`: {error}"));
        Ok(match stored {
            StoredPoints::Dense(dim) => {
                Vectors::of_lines(self.array(name)?, self.array(&part("norms"))?, dim).map_err(damaged)?.into()
            }
            StoredPoints::Bits(dim) => Bits::of_words(self.array(name)?, dim).map_err(damaged)?.into(),
            StoredPoints::Sets(dim) => {
                Sets::of_parts(self.array(name)?, self.array(&part("offsets"))?, dim).map_err(damaged)?.into()
            }
            StoredPoints::Sparse(dim) => {
                let parts = SparseParts {
                    values: self.array(name)?,
                    norms: self.array(&part("norms"))?,
                    offsets: self.array(&part("offsets"))?,
                    columns: self.array(&part("columns"))?,
                };
                SparseVectors::of_parts(parts, dim).map_err(damaged)?.into()
            }
        })
    }

    fn by_query(&self, name: &str, queries: usize) -> Result<Option<Subtopics>, PreparedError> {
        if self.find(name).is_none() {
            return Ok(None);
        }
        Ok(Some(Subtopics::new(queries, self.array::<[u32; 3]>(name)?.to_vec())))
    }

    fn aspects(&self, points: StoredPoints, queries: usize) -> Result<Option<Aspects>, PreparedError> {
        if self.find(aspects::NAME).is_none() {
            return Ok(None);
        }
        let starts = self.array::<u64>(ASPECT_STARTS)?.iter().map(|&start| start as usize).collect();
        let damaged = || PreparedError::Damaged(format!("`{}` cannot be read", aspects::NAME));
        let Points::Dense(vectors) = self.points(points, aspects::NAME)? else { return Err(damaged()) };
        Aspects::of_parts(vectors, starts, queries).ok_or_else(damaged).map(Some)
    }

    fn labels(&self, array: &str, wanted: Wanted) -> Result<Labels, PreparedError> {
        let texts = |kind| -> Result<Option<Texts>, PreparedError> {
            let [ends, texts] = label_arrays(array, kind);
            if wanted == Wanted::Search || self.find(&texts).is_none() {
                return Ok(None);
            }
            let damaged = || PreparedError::Damaged(format!("`{texts}` cannot be read"));
            Texts::of_parts(self.array(&ends)?, self.array(&texts)?).ok_or_else(damaged).map(Some)
        };
        let [ids, names, texts] = Labels::KINDS.map(texts);
        Ok(Labels { ids: ids?, names: names?, texts: texts? })
    }

    fn groups(&self, (number, stored): (usize, &StoredGroups)) -> Result<Groups, PreparedError> {
        let of = self.array(&group_array(number))?.to_vec();
        Ok(Groups { name: stored.name.clone(), of, labels: stored.labels.clone() })
    }

    fn dataset(&self, header: &PreparedHeader, wanted: Wanted) -> Result<Dataset, PreparedError> {
        let train = self.points(header.train, "train")?;
        let test = self.points(header.test, "test")?;
        let m = test.len();
        let ids = self.array::<u32>("neighbors")?.to_vec();
        let distances = self.array::<f64>("distances")?.to_vec();
        if Some(ids.len()) != m.checked_mul(header.neighbors) || ids.len() != distances.len() {
            return Err(PreparedError::Damaged("it does not have its neighbours for each query".into()));
        }
        let links = header.relations.as_ref().map(|relations| -> Result<Links, PreparedError> {
            let (edges, relation) = (self.array("links")?.to_vec(), self.array("link_relations")?.to_vec());
            Ok(Links { edges, relation, relations: relations.clone() })
        });
        Ok(Dataset {
            distance: header.distance,
            neighbors: Neighbors { count: header.neighbors, ids, distances, stored: header.stored },
            links: links.transpose()?,
            subtopics: self.by_query("subtopics", m)?,
            qrels: self.by_query("qrels", m)?,
            aspects: self.aspects(header.test, m)?,
            groups: header.groups.iter().enumerate().map(|groups| self.groups(groups)).collect::<Result<_, _>>()?,
            train_labels: self.labels("train", wanted)?,
            test_labels: self.labels("test", wanted)?,
            notes: header.notes.clone(),
            history: header.history.clone(),
            train,
            test,
        })
    }
}
