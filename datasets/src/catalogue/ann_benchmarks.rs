//! The datasets of ann-benchmarks, each one HDF5 file.
//!
//! Sizes are those of that project's README. Bytes are stated where a public project states those of its copy: such a file
//! holds `train` and `test` as float32, `neighbors` and `distances` in 4 bytes each, 100 per query, and 8,288 bytes beside. Others
//! are stored in other ways. The SHA-256 is stated where several public projects state the same.

use super::entry::{Content, Download, Entry, Role, Then, file};

/// Who offers them.
const SOURCE: &str = "ann-benchmarks";

/// A dataset: name, distance, base points, queries, dimension, how it is stored, what it is.
type Set = (&'static str, &'static str, usize, usize, usize, Stored, &'static str);

/// How the vectors of a file are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// As float32, so that the bytes of the file are known.
    Float32,
    /// In another way, or in one that is not known.
    Otherwise,
}
use Stored::{Float32, Otherwise};

/// All of them, one line each.
const SETS: &[Set] = &[
    ("deep-image-96-angular", "angular", 9_990_000, 10_000, 96, Float32, "image descriptors"),
    ("fashion-mnist-784-euclidean", "euclidean", 60_000, 10_000, 784, Float32, "pictures of clothes"),
    ("gist-960-euclidean", "euclidean", 1_000_000, 1_000, 960, Float32, "image descriptors"),
    ("glove-25-angular", "angular", 1_183_514, 10_000, 25, Float32, "word vectors"),
    ("glove-50-angular", "angular", 1_183_514, 10_000, 50, Float32, "word vectors"),
    ("glove-100-angular", "angular", 1_183_514, 10_000, 100, Float32, "word vectors"),
    ("glove-200-angular", "angular", 1_183_514, 10_000, 200, Float32, "word vectors"),
    ("mnist-784-euclidean", "euclidean", 60_000, 10_000, 784, Float32, "handwritten digits"),
    ("nytimes-256-angular", "angular", 290_000, 10_000, 256, Float32, "bags of words"),
    ("sift-128-euclidean", "euclidean", 1_000_000, 10_000, 128, Float32, "image descriptors"),
    ("lastfm-64-dot", "angular", 292_385, 50_000, 65, Otherwise, "listening habits; inner product stored as angular"),
    ("coco-i2i-512-angular", "angular", 113_287, 10_000, 512, Otherwise, "pictures to pictures"),
    ("coco-t2i-512-angular", "angular", 113_287, 10_000, 512, Otherwise, "captions to pictures"),
    ("kosarak-jaccard", "jaccard", 74_962, 500, 27_983, Otherwise, "sets of clicks"),
    ("movielens10m-jaccard", "jaccard", 69_363, 500, 65_134, Otherwise, "sets of films"),
    ("sift-256-hamming", "hamming", 1_000_000, 1_000, 256, Otherwise, "binary codes"),
    ("word2bits-800-hamming", "hamming", 399_000, 1_000, 800, Otherwise, "binary word vectors"),
];

/// SHA-256 of files, where several public projects state the same.
const HASHES: &[(&str, &str)] = &[
    ("gist-960-euclidean", "8e95831936bfdbfa0a56086942e2cf98cd703517c67f985914183eb4cdbf026a"),
    ("glove-100-angular", "544af1d5e84e112cd4749571dcfd8ca109818a572f850af75a3a09e093a953c4"),
    ("glove-200-angular", "4839085e5a8bb293434a1a66e1aa0193afc3f07c6797a85f1dbd91656172da20"),
    ("sift-128-euclidean", "dd6f0a6ed6b7ebb8934680f861a33ed01ff33991eaee4fd60914d854a0ca5984"),
];

/// Their entries.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
    SETS.iter().map(entry)
}

fn entry(&(name, distance, train, test, dim, stored, about): &Set) -> Entry {
    let bytes = (4 * (train + test) * dim + 800 * test + 8288) as u64;
    let download = Download {
        url: format!("https://ann-benchmarks.com/{name}.hdf5"),
        file: file(name),
        role: Role::Dataset,
        bytes: (stored == Float32).then_some(bytes),
        sha256: HASHES.iter().find(|(of, _)| *of == name).map(|(_, hash)| (*hash).into()),
        then: Then::Keep,
    };
    Entry {
        name: name.into(),
        about: about.into(),
        distance: Some(distance.into()),
        train: Some(train),
        test: Some(test),
        dim: Some(dim),
        source: SOURCE.into(),
        licence: None,
        content: Content::File(download),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that public copies of these files have.
    #[test]
    fn the_bytes_of_the_files_follow_from_their_shapes() {
        let known = [
            ("sift-128-euclidean", 525_128_288),
            ("glove-25-angular", 127_359_688),
            ("glove-50-angular", 246_711_088),
            ("glove-100-angular", 485_413_888),
            ("glove-200-angular", 962_819_488),
            ("fashion-mnist-784-euclidean", 227_528_288),
            ("mnist-784-euclidean", 227_528_288),
            ("nytimes-256-angular", 315_208_288),
            ("gist-960-euclidean", 3_844_648_288),
            ("deep-image-96-angular", 3_848_008_288),
        ];
        assert_eq!(entries().filter(|entry| entry.bytes().is_some()).count(), known.len());
        for (name, bytes) in known {
            assert_eq!(
                entries().find(|entry| entry.name == name).and_then(|entry| entry.bytes()),
                Some(bytes),
                "{name}"
            );
        }
    }
}
