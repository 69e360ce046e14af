//! Reads files that h5py wrote in the ways that real files are stored; `fixtures/make.py` says how each was made.

use std::path::PathBuf;
use swath_algorithms::points::{Bits, PointType, Sets};
use swath_algorithms::{Distance, Points, Vectors};
use swath_datasets::hdf5_file::{Attribute, Hdf5File, MEMORY};
use swath_datasets::{Dataset, Labels, Links, Texts, format};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.hdf5"))
}

fn read(name: &str) -> Dataset {
    format::read(&path(name), MEMORY).unwrap_or_else(|error| panic!("{error}"))
}

/// The vectors of all fixtures: 6 base vectors and 2 queries.
fn points() -> (Points, Points) {
    let value = |i: i32| (i * 7 % 11 - 5) as f32 + (i % 2) as f32 * 0.5;
    let rows = |range: std::ops::Range<i32>| {
        Points::from(Vectors::new(&range.map(value).collect::<Vec<_>>(), 3).expect("finite"))
    };
    (rows(0..18), rows(18..24))
}

fn is_as_made(dataset: &Dataset) {
    let (train, test) = points();
    assert!(dataset.train == train && dataset.test == test);
    assert_eq!((dataset.distance, dataset.neighbors.count), (Distance::Euclidean, 3));
    for query in 0..2 {
        let mut all: Vec<(f64, u32)> =
            (0..6).map(|id| (Distance::Euclidean.between(test.row(query), train.row(id as usize)), id)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let expected: Vec<u32> = all[..3].iter().map(|&(_, id)| id).collect();
        assert_eq!(dataset.neighbors.ids(query), expected);
        for (found, (right, _)) in dataset.neighbors.distances(query).iter().zip(all) {
            assert!((found - right).abs() < 1e-6, "{found} for {right}");
        }
    }
}

#[test]
fn every_form_of_storage_gives_the_same_numbers() {
    for name in [
        "contiguous",
        "chunked-gzip-shuffle",
        "lzf",
        "latest",
        "growing",
        "two-growing",
        "many-chunks",
        "szip",
        "small-addresses",
        "many-links",
        "big-endian",
        "double",
        "half",
        "long-ids",
        "oldest",
        "byte-strings",
        "additions",
        "extra-objects",
    ] {
        println!("{name}");
        is_as_made(&read(name));
    }
}

#[test]
fn additions_are_read() {
    for name in ["additions", "byte-strings"] {
        let dataset = read(name);
        let links = Links {
            edges: vec![[0, 1], [1, 0], [5, 2]],
            relations: vec!["synonym".into(), "hypernym".into()],
            relation: vec![0, 0, 1],
        };
        assert_eq!(dataset.links, Some(links));
        let subtopics = dataset.subtopics.expect("subtopics");
        assert_eq!(subtopics.of(0), [(1, 2), (3, 1)], "sorted, each once");
        assert_eq!(subtopics.of(1), [(5, 0)]);
        assert_eq!(dataset.train_labels.names.expect("names").gather(&[4, 5]), Texts::from_iter(["4", "fünf"]));
        assert_eq!(dataset.test_labels, Labels::of_names(["first", ""]));
        let header = format::header(&path(name)).expect("a header");
        assert_eq!((header.train, header.test, header.dim, header.neighbors), (6, 2, 3, 3));
        assert_eq!((header.links, header.subtopics, header.labels.names), (Some(3), Some(4), true));
    }
    let plain = read("contiguous");
    assert!(plain.links.is_none() && plain.subtopics.is_none() && plain.train_labels == Labels::default());
}

#[test]
fn attributes_of_all_kinds_are_read() {
    let file = Hdf5File::open(&path("extra-objects"), MEMORY).expect("opened");
    let attributes = file.attributes().expect("read");
    assert_eq!(attributes["distance"], Attribute::Text("euclidean".into()));
    assert_eq!(attributes["expect_extra"], Attribute::Integer(1), "an HDF5 enum of FALSE and TRUE");
    assert_eq!(attributes["ratio"], Attribute::Float(0.5));
    assert!(!attributes.contains_key("versions"), "several values are no single one");
    assert_eq!(file.f64s("metrics/recall").expect("read"), [1.0]);
}

#[test]
fn booleans_and_flat_sets_are_read() {
    let bits = |rows: usize| Points::from(Bits::pack((0..rows * 4).map(|i| i % 3 == 0), 4).expect("whole rows"));
    let hamming = read("hamming");
    assert_eq!((hamming.distance, hamming.notes.len()), (Distance::Hamming, 0));
    assert!(hamming.train == bits(3) && hamming.test == bits(2));
    let sparse = read("sparse");
    let sets = |rows: &[&[u32]]| Points::from(Sets::from_rows(rows, 9).expect("ascending"));
    assert!(sparse.train == sets(&[&[1, 2, 5], &[0, 8]]) && sparse.test == sets(&[&[1, 5]]));
    let header = format::header(&path("sparse")).expect("a header");
    assert_eq!((header.kind, header.members, header.dim), (PointType::Sets, [5, 2], 9));
    assert_eq!(header.bytes_of_points(), 7 * 4 + (3 + 2) * 8);
}
