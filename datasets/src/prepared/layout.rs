//! The layout of a prepared dataset.
//!
//! The magic; the length of the header as `u64`, little-endian; the SHA-256 of the header; the header as JSON; then the arrays,
//! each at a multiple of 64 bytes from the beginning of the file, in the machine's byte order, with zeros between them.

use crate::dataset::Stored;
use crate::stamp::Stamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use swath_algorithms::Distance;

/// The first bytes of every file. The last of them is the layout's version.
pub(super) const MAGIC: &[u8; 8] = b"swathds\x03";

/// Bytes of a SHA-256.
pub(super) const HASH: usize = 32;

/// Bytes before the header.
pub(super) const PREFIX: usize = MAGIC.len() + size_of::<u64>() + HASH;

/// Arrays begin at multiples of this, so that their values are where they may lie in memory.
pub(super) const ALIGNMENT: u64 = 64;

/// The most bytes of a header.
pub(super) const LONGEST_HEADER: u64 = 64 << 20;

/// What the header says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreparedHeader {
    /// The program that wrote the file.
    pub program: String,
    /// The dataset's name.
    pub name: String,
    /// SHA-256 of what the dataset was made of, 64 hexadecimal digits.
    pub sha256: String,
    /// The files that it was made of; none if it was drawn or sampled.
    pub sources: Vec<SourceFile>,
    /// What a user should know of the dataset, as it was found when the file was written.
    pub doubts: Vec<String>,
    /// Whether the machine's numbers begin with their lowest byte.
    pub(super) little_endian: bool,
    /// SHA-256 of all arrays, one after another.
    pub(super) content_sha256: String,
    /// Bytes of the file.
    pub(super) bytes: u64,
    pub(super) distance: Distance,
    pub(super) train: StoredPoints,
    pub(super) test: StoredPoints,
    /// Columns of the true neighbours.
    pub(super) neighbors: usize,
    pub(super) stored: Stored,
    /// Names of the links' relations, if there are links.
    pub(super) relations: Option<Vec<String>>,
    /// Kinds of groups, and what the groups of each are called.
    pub(super) groups: Vec<StoredGroups>,
    pub(super) notes: Vec<String>,
    pub(super) history: Vec<String>,
    /// The arrays, in the order in which they lie in the file.
    pub(super) arrays: Vec<StoredArray>,
}

impl PreparedHeader {
    /// The content in a few words.
    pub fn content(&self) -> String {
        let points = match self.train {
            StoredPoints::Dense(dim) => format!("dense vectors of {dim} dimensions"),
            StoredPoints::Bits(dim) => format!("points of {dim} bits"),
            StoredPoints::Sets(dim) => format!("sets with members below {dim}"),
            StoredPoints::Sparse(dim) => format!("sparse vectors of {dim} dimensions"),
        };
        format!("dataset: {points}, {}", self.distance)
    }
}

/// A file that a prepared dataset was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Where it was.
    pub path: PathBuf,
    /// Tells whether it has changed since.
    pub stamp: Stamp,
}

/// The type and the dimension of points.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StoredPoints {
    Dense(usize),
    Bits(usize),
    Sets(usize),
    Sparse(usize),
}

/// A kind of groups.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredGroups {
    pub name: String,
    pub labels: Vec<String>,
}

/// Where an array lies.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredArray {
    pub name: String,
    /// From the beginning of the arrays.
    pub offset: u64,
    pub bytes: u64,
}

/// The arrays of labels of one kind, such as `train_ids`: where each text ends, and all texts.
pub(super) fn label_arrays(array: &str, kind: &str) -> [String; 2] {
    [format!("{array}_{kind}_ends"), format!("{array}_{kind}")]
}

/// The array of the groups of one kind.
pub(super) fn group_array(number: usize) -> String {
    format!("groups_{number}")
}

/// The array of where the sub-queries of each query begin; their vectors are stored as points.
pub(super) const ASPECT_STARTS: &str = "aspects_starts";

/// The smallest multiple of [`ALIGNMENT`] that is not below `place`.
pub(super) fn aligned(place: u64) -> u64 {
    place.next_multiple_of(ALIGNMENT)
}
