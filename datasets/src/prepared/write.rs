//! Writes a prepared dataset.

use super::layout::{
    ASPECT_STARTS, MAGIC, PREFIX, PreparedHeader, SourceFile, StoredArray, StoredGroups, StoredPoints, aligned,
    group_array, label_arrays,
};
use crate::aspects;
use crate::dataset::{Dataset, Subtopics};
use crate::sha256;
use crate::texts::Labels;
use crate::whole_file;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use swath_algorithms::{Points, Vectors};

/// An array of a file: its name and its bytes.
type Array<'a> = (Cow<'static, str>, Cow<'a, [u8]>);

/// A dataset, and what there is to know of it.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// Its name.
    pub name: &'a str,
    /// SHA-256 of what it was made of.
    pub sha256: &'a str,
    /// The files that it was made of; none if it was drawn or sampled.
    pub sources: &'a [SourceFile],
    /// What a user should know of it.
    pub doubts: &'a [String],
    /// The dataset.
    pub dataset: &'a Dataset,
}

/// Lets `program` write a dataset under `path`, whole or not at all; nobody but its owner can read the file.
///
/// # Errors
/// The file system's refusal.
pub fn write(path: &Path, program: &str, made: &Made<'_>) -> io::Result<()> {
    let dataset = made.dataset;
    let arrays = arrays(dataset);
    let mut content = Sha256::new();
    arrays.iter().for_each(|(_, bytes)| content.update(bytes));
    let mut end = 0;
    let mut place = |(name, bytes): &Array<'_>| {
        let offset = aligned(end);
        end = offset + bytes.len() as u64;
        StoredArray { name: name.clone().into_owned(), offset, bytes: bytes.len() as u64 }
    };
    let placed: Vec<StoredArray> = arrays.iter().map(&mut place).collect();
    let mut header = PreparedHeader {
        program: program.to_owned(),
        name: made.name.to_owned(),
        sha256: made.sha256.to_owned(),
        sources: made.sources.to_vec(),
        doubts: made.doubts.to_vec(),
        little_endian: cfg!(target_endian = "little"),
        content_sha256: sha256::hex(&content.finalize()),
        bytes: 0,
        distance: dataset.distance,
        train: stored_points(&dataset.train),
        test: stored_points(&dataset.test),
        neighbors: dataset.neighbors.count,
        stored: dataset.neighbors.stored,
        relations: dataset.links.as_ref().map(|links| links.relations.clone()),
        groups: dataset
            .groups
            .iter()
            .map(|groups| StoredGroups { name: groups.name.clone(), labels: groups.labels.clone() })
            .collect(),
        notes: dataset.notes.clone(),
        history: dataset.history.clone(),
        arrays: placed,
    };
    // The header holds the file's length, whose digits are part of that length: room for all of them is kept by spaces.
    let start = |text: &str| aligned((PREFIX + text.len()) as u64);
    header.bytes = u64::MAX;
    let room = start(&serde_json::to_string(&header)?);
    header.bytes = room + end;
    let mut text = serde_json::to_string(&header)?;
    text.extend(std::iter::repeat_n(' ', room as usize - PREFIX - text.len()));
    whole_file::write_private_with(path, |file| {
        file.write_all(MAGIC)?;
        file.write_all(&(text.len() as u64).to_le_bytes())?;
        file.write_all(&Sha256::digest(&text))?;
        file.write_all(text.as_bytes())?;
        write_arrays(file, &header.arrays, &arrays)
    })
}

fn write_arrays(file: &mut dyn Write, places: &[StoredArray], arrays: &[Array<'_>]) -> io::Result<()> {
    let mut at = 0;
    for (place, (_, bytes)) in places.iter().zip(arrays) {
        file.write_all(&vec![0; (place.offset - at) as usize])?;
        file.write_all(bytes)?;
        at = place.offset + place.bytes;
    }
    Ok(())
}

fn stored_points(points: &Points) -> StoredPoints {
    let dim = points.dim();
    match points {
        Points::Dense(_) => StoredPoints::Dense(dim),
        Points::Bits(_) => StoredPoints::Bits(dim),
        Points::Sets(_) => StoredPoints::Sets(dim),
        Points::Sparse(_) => StoredPoints::Sparse(dim),
    }
}

fn arrays(dataset: &Dataset) -> Vec<Array<'_>> {
    let mut arrays = points(&dataset.train, ["train", "train_norms", "train_offsets", "train_columns"]);
    arrays.extend(points(&dataset.test, ["test", "test_norms", "test_offsets", "test_columns"]));
    arrays.push(("neighbors".into(), Cow::Borrowed(bytemuck::cast_slice(&dataset.neighbors.ids))));
    arrays.push(("distances".into(), Cow::Borrowed(bytemuck::cast_slice(&dataset.neighbors.distances))));
    if let Some(links) = &dataset.links {
        arrays.push(("links".into(), Cow::Borrowed(bytemuck::cast_slice(&links.edges))));
        arrays.push(("link_relations".into(), Cow::Borrowed(&links.relation)));
    }
    for (name, pairs) in [("subtopics", &dataset.subtopics), ("qrels", &dataset.qrels)] {
        arrays.extend(pairs.as_ref().map(|pairs| (name.into(), Cow::Owned(by_query(pairs)))));
    }
    if let Some(aspects) = &dataset.aspects {
        let starts: Vec<u64> = aspects.starts().iter().map(|&start| start as u64).collect();
        arrays.extend(dense(aspects.vectors(), [aspects::NAME, "aspects_norms"]));
        arrays.push((ASPECT_STARTS.into(), Cow::Owned(bytemuck::cast_slice(&starts).to_vec())));
    }
    for (number, groups) in dataset.groups.iter().enumerate() {
        arrays.push((group_array(number).into(), Cow::Borrowed(bytemuck::cast_slice(&groups.of))));
    }
    for (array, labels) in [("train", &dataset.train_labels), ("test", &dataset.test_labels)] {
        for (kind, texts) in Labels::KINDS.into_iter().zip(labels.kinds()) {
            let Some(texts) = texts else { continue };
            let [ends, bytes] = label_arrays(array, kind);
            arrays.push((ends.into(), Cow::Borrowed(texts.ends().as_bytes())));
            arrays.push((bytes.into(), Cow::Borrowed(texts.bytes().as_bytes())));
        }
    }
    arrays
}

/// The arrays of points: their values (words, members), norms, offsets and columns, as far as their type has these.
fn points<'a>(points: &'a Points, [values, norms, offsets, columns]: [&'static str; 4]) -> Vec<Array<'a>> {
    let array = |name: &'static str, bytes: &'a [u8]| (name.into(), Cow::Borrowed(bytes));
    match points {
        Points::Dense(vectors) => dense(vectors, [values, norms]).to_vec(),
        Points::Bits(bits) => vec![array(values, bits.words().as_bytes())],
        Points::Sets(sets) => {
            vec![array(values, sets.members().as_bytes()), array(offsets, sets.offsets().as_bytes())]
        }
        Points::Sparse(vectors) => vec![
            array(values, vectors.values().as_bytes()),
            array(norms, vectors.norms().as_bytes()),
            array(offsets, vectors.offsets().as_bytes()),
            array(columns, vectors.columns().as_bytes()),
        ],
    }
}

/// The arrays of dense vectors: their values and norms.
fn dense<'a>(vectors: &'a Vectors, [values, norms]: [&'static str; 2]) -> [Array<'a>; 2] {
    [
        (values.into(), Cow::Borrowed(vectors.all_lines().as_bytes())),
        (norms.into(), Cow::Borrowed(vectors.norms().as_bytes())),
    ]
}

/// Rows (query, item, number).
fn by_query(pairs: &Subtopics) -> Vec<u8> {
    let of_query = |query: usize| pairs.of(query).iter().map(move |&(item, number)| [query as u32, item, number]);
    let rows: Vec<[u32; 3]> = (0..pairs.queries()).flat_map(of_query).collect();
    bytemuck::cast_slice(&rows).to_vec()
}
