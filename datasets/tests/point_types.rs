//! Bits, sets, sparse vectors and inner products: read as they were written, and refused by name where they are wrong.

use std::path::Path;
use swath_algorithms::points::{Bits, PointType, Sets, SparseVectors};
use swath_algorithms::{Base, Distance, Points, Vectors};
use swath_datasets::hdf5_file::{Hdf5Writer, MEMORY, Values};
use swath_datasets::{Dataset, DatasetError, Stored, ann_benchmarks, format, ground_truth};

fn bits(rows: usize, dim: usize, step: usize) -> Points {
    Bits::pack((0..rows * dim).map(|i| i * i % step < step / 2), dim).expect("whole rows").into()
}

fn sets(rows: &[&[u32]]) -> Points {
    Sets::from_rows(rows, 50).expect("ascending").into()
}

fn sparse(columns: &[u32], values: &[f32], offsets: &[u64]) -> Points {
    SparseVectors::new(columns.to_vec(), values.to_vec(), offsets.to_vec(), 50).expect("ascending").into()
}

fn with_truth(train: Points, test: Points, distance: Distance) -> Dataset {
    let mut neighbors = ground_truth::compute(&Base::new(train.clone(), distance), &test, 2);
    neighbors.distances.iter_mut().for_each(|d| *d = f64::from(*d as f32));
    neighbors.stored = Stored::Float32;
    Dataset::of_points(train, test, distance, neighbors)
}

/// A dataset of each type of points, with rows of all kinds.
fn datasets() -> Vec<Dataset> {
    let vectors = |values: &[f32]| Points::from(Vectors::new(values, 2).expect("finite"));
    vec![
        with_truth(bits(6, 70, 7), bits(2, 70, 11), Distance::Hamming),
        with_truth(bits(5, 8, 7), bits(2, 8, 5), Distance::Hamming),
        with_truth(sets(&[&[1, 5, 49], &[], &[0], &[5, 6]]), sets(&[&[5, 6, 7], &[]]), Distance::Jaccard),
        with_truth(
            sparse(&[1, 49, 0, 3, 7], &[0.5, -2.0, 1e-9, 3e38, 1.0], &[0, 2, 2, 4, 5]),
            sparse(&[1, 3], &[1.0, 0.5], &[0, 2, 2]),
            Distance::InnerProduct,
        ),
        with_truth(vectors(&[1.0, -1.0, 0.0, 0.0, 2e4, 3.0]), vectors(&[0.5, 7.0, -1.0, 0.0]), Distance::InnerProduct),
    ]
}

#[test]
fn points_of_all_types_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("a.hdf5"), folder.path().join("b.hdf5"));
    for dataset in datasets() {
        let kind = dataset.train.kind();
        ann_benchmarks::write(&first, &dataset).expect("written");
        let again = format::read(&first, MEMORY).expect("read");
        assert!(again.same(&dataset) && again.notes.is_empty(), "{kind}: {:?}", again.notes);
        assert_eq!(again.neighbors, dataset.neighbors, "{kind}");
        ann_benchmarks::write(&second, &again).expect("written");
        assert_eq!(std::fs::read(&first).expect("read"), std::fs::read(&second).expect("read"), "equal bytes");
        let header = format::header(&first).expect("a header");
        assert_eq!((header.kind, header.distance, header.dim), (kind, dataset.distance, dataset.train.dim()));
        assert_eq!((header.train, header.test), (dataset.train.len(), dataset.test.len()));
        assert_eq!(header.bytes_of_points(), (dataset.train.bytes() + dataset.test.bytes()) as u64, "{kind}");
        let refused = kind == PointType::Sparse || dataset.distance == Distance::InnerProduct;
        assert_eq!(ann_benchmarks::refusal(&header).is_some(), refused);
        let part = dataset.subset(&[0, 2, 3.min(dataset.train.len() - 1)]);
        assert!(part.check().is_ok() && part.train.kind() == kind);
        let asked = dataset.of_queries(&[1, 0, 1]);
        assert!(asked.check().is_ok() && asked.test == dataset.test.gather(&[1, 0, 1]));
        assert!(!asked.same(&dataset) && dataset.of_queries(&[0, 1]).same(&dataset));
    }
}

#[test]
fn empty_sets_are_told_and_zero_vectors_are_no_trouble_for_products() {
    let all = datasets();
    assert_eq!(
        all[2].doubts(),
        [
            "1 set is empty in `train`: the distance to every query is 1",
            "1 set is empty in `test`: the distance to every base set is 1"
        ]
    );
    assert!([0, 1, 3, 4].iter().all(|&i| all[i].doubts().is_empty()));
    assert_eq!(all[2].neighbors.distances(1), [1.0, 1.0], "an empty query");
}

/// The parts of a file. Each test case changes one part of a right file.
struct Parts {
    kind: &'static str,
    distance: &'static str,
    dimension: Option<i64>,
    members: (Vec<i64>, Vec<i64>),
    sizes: (Vec<i64>, Vec<i64>),
    floats: Option<Vec<f64>>,
    distances: Vec<f64>,
}

fn parts() -> Parts {
    Parts {
        kind: "sparse",
        distance: "jaccard",
        dimension: Some(9),
        members: (vec![1, 2, 5, 0, 8], vec![1, 5]),
        sizes: (vec![3, 0, 2], vec![2]),
        floats: None,
        distances: vec![1.0 / 3.0, 1.0],
    }
}

fn write_parts(path: &Path, parts: &Parts) {
    let mut file = Hdf5Writer::new();
    file.text("type", parts.kind).text("distance", parts.distance);
    if let Some(dimension) = parts.dimension {
        file.integer("dimension", dimension);
    }
    let length = [parts.members.0.len()];
    match &parts.floats {
        Some(floats) => file.array("train", &[floats.len()], Values::F64(floats)),
        None => file.array("train", &length, Values::I64(&parts.members.0)),
    };
    file.array("test", &[parts.members.1.len()], Values::I64(&parts.members.1));
    file.array("size_train", &[parts.sizes.0.len()], Values::I64(&parts.sizes.0));
    file.array("size_test", &[parts.sizes.1.len()], Values::I64(&parts.sizes.1));
    file.array("neighbors", &[1, 2], Values::I64(&[0, 1])).array("distances", &[1, 2], Values::F64(&parts.distances));
    file.write(path).expect("written");
}

fn read_parts(parts: &Parts, memory: u64) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    write_parts(&path, parts);
    format::read(&path, memory)
}

/// A change to the parts, and the message that names it.
type Case = (fn(&mut Parts), &'static str);

const CASES: &[Case] = &[
    (|p| p.kind = "bag", "attribute `type`: it is \"bag\"; expected \"dense\" or \"sparse\""),
    (
        |p| p.distance = "euclidean",
        "attribute `type`: it is \"sparse\"; expected \"dense\" for the distance `euclidean`: sets have the distance \
         `jaccard`, and sparse vectors `ip`",
    ),
    (
        |p| p.distance = "ip",
        "`train`: it is no group; expected a group with `indptr`, `indices` and `data`, as its vec",
    ),
    (|p| p.sizes.0[2] = 3, "`size_train`: its values add up to 6; expected 5, the number of values in `train`"),
    (|p| p.sizes.1[0] = 1, "`size_test`: its values add up to 1; expected 2, the number of values in `test`"),
    (
        |p| p.sizes.0[1] = -1,
        "`size_train`, row 1: the value is -1; expected at least 0, the number of members of a set",
    ),
    (
        |p| p.sizes.0 = vec![i64::MAX, i64::MAX, 7],
        "`size_train`: its values add up to 18446744073709551621; expected 5",
    ),
    (|p| p.sizes.0.clear(), "`size_train`: it is empty; expected the size of at least one set"),
    (|p| p.sizes.1.clear(), "`test`: it is empty; expected at least one query"),
    (|p| p.members.0[4] = 9, "`train`, value 4 (row 2): the value is 9; expected 0 to 8: a number below the dimension"),
    (
        |p| p.members.0[4] = 1 << 31,
        "`train`, value 4 (row 2): the value is 2147483648; expected 0 to 8: a number below",
    ),
    (
        |p| (p.dimension, p.members.0[4]) = (None, 1 << 40),
        "`train`, value 4 (row 2): the value is 1099511627776; expected 0 to 2147483645: a number below the dimension",
    ),
    (
        |p| p.members.1[0] = -1,
        "`test`, value 0 (row 0): the value is -1; expected 0 to 8: a number below the dimension",
    ),
    (|p| p.floats = Some(vec![1.0, 2.5, 5.0, 0.0, 8.0]), "`train`, value 1: it is 2.5; expected a whole number below"),
    (
        |p| p.dimension = Some(i64::MAX),
        "attribute `dimension`: it is 9223372036854775807; expected at least 1, and below",
    ),
    (|p| p.distances[0] = -0.5, "`distances`, row 0, column 0: the value is -0.5; expected at least 0"),
    (
        |p| p.distances = vec![0.5, 0.25],
        "expected distances in ascending order: these descend, as Jaccard similarities do; store 1 minus the similarity",
    ),
];

#[test]
fn every_flaw_of_sets_is_named() {
    assert!(read_parts(&parts(), MEMORY).is_ok());
    for (break_it, message) in CASES {
        let mut broken = parts();
        break_it(&mut broken);
        let found = read_parts(&broken, MEMORY).expect_err(message).to_string();
        assert!(found.contains(message), "{found}\nshould have: {message}");
    }
}

/// Members may be stored as floating-point numbers without a fraction, unsorted, and more than once.
#[test]
fn members_are_put_in_order_and_a_missing_dimension_is_found() {
    let mut odd = parts();
    odd.dimension = None;
    odd.floats = Some(vec![5.0, 1.0, 5.0, 7.0, 0.0]);
    let read = read_parts(&odd, MEMORY).expect("valid");
    let Points::Sets(sets) = &read.train else { panic!("sets") };
    assert_eq!((sets.row(0), sets.row(1), sets.row(2), sets.dim()), (&[1, 5][..], &[][..], &[0, 7][..], 8));
    assert_eq!(
        read.notes,
        [
            "the file does not say its dimension: it is taken as the largest member plus 1, 8",
            "the members of 2 sets in `train` are out of order: they were sorted",
            "1 sets in `train` name a member more than once: it counts once",
        ]
    );
}

#[test]
fn the_budget_of_memory_counts_members_and_not_the_dimension() {
    let mut wide = parts();
    (wide.dimension, wide.members.0[4]) = (None, 1 << 30);
    assert_eq!(read_parts(&wide, 1 << 20).expect("few members").train.dim(), (1 << 30) + 1);
    let message = read_parts(&parts(), 30).expect_err("too large").to_string();
    assert!(message.contains("`train`: it needs 40 bytes of memory; expected at most 30"), "{message}");
}

/// Bits of a file: the attribute `dimension`, the values of `train` and `test`, and the distances.
struct BitParts {
    dimension: Option<i64>,
    train: Vec<u8>,
    distances: Vec<f64>,
}

/// Three rows of `train`, of which `test` is the first; stored as unsigned bytes.
fn read_bits(parts: &BitParts) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let width = parts.train.len() / 3;
    let mut file = Hdf5Writer::new();
    file.text("type", "dense").text("distance", "hamming");
    if let Some(dimension) = parts.dimension {
        file.integer("dimension", dimension);
    }
    file.array("train", &[3, width], Values::U8(&parts.train)).array(
        "test",
        &[1, width],
        Values::U8(&parts.train[..width]),
    );
    file.array("neighbors", &[1, 2], Values::I32(&[0, 1])).array("distances", &[1, 2], Values::F64(&parts.distances));
    file.write(&path).expect("written");
    format::read(&path, MEMORY)
}

/// Three rows of which the first two differ in 2 bits: as numbers 0 and 1, and packed into bytes.
const NUMBERS: &[u8] = &[0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0];
const PACKED: &[u8] = &[0b1010_0000, 0, 0b0110_0000, 0, 0, 0];
/// The same, but they differ in 1 bit: the count is not taken for a share of all.
const ONE_DIFFERS: &[u8] = &[0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0];

/// The attribute `dimension`, the values, the distance to the second row, the dimension as read, and parts of the notes.
type BitCase = (Option<i64>, &'static [u8], f64, usize, &'static [&'static str]);

const BIT_CASES: &[BitCase] = &[
    (Some(4), NUMBERS, 0.5, 4, &[]),
    (None, NUMBERS, 0.5, 4, &[]),
    (None, NUMBERS, 2.0, 4, &["are counts of bits: they are read as shares of 4 bits"]),
    (Some(4), ONE_DIFFERS, 1.0, 4, &["are counts of bits: they are read as shares of 4 bits"]),
    (Some(12), PACKED, 2.0 / 12.0, 12, &[]),
    (Some(16), PACKED, 2.0, 16, &["are counts of bits: they are read as shares of 16 bits"]),
    (None, PACKED, 2.0 / 16.0, 16, &["each byte is read as eight bits, so that the dimension is 16"]),
    (Some(2), PACKED, 2.0, 16, &["each byte is read as eight bits", "are counts of bits"]),
];

#[test]
fn packed_bits_and_rows_of_0_and_1_are_told_apart() {
    for &(dimension, train, stored, dim, notes) in BIT_CASES {
        let parts = BitParts { dimension, train: train.to_vec(), distances: vec![0.0, stored] };
        let read = read_bits(&parts).expect("valid");
        assert_eq!((read.train.dim(), read.notes.len()), (dim, notes.len()), "{:?}", read.notes);
        assert!(read.notes.iter().zip(notes).all(|(note, part)| note.contains(part)), "{:?}", read.notes);
        let recomputed = Distance::Hamming.between(read.test.row(0), read.train.row(1));
        assert_eq!(read.neighbors.distances(0), [0.0, recomputed]);
        let Points::Bits(bits) = &read.train else { panic!("bits") };
        // The first bit of a byte is its highest.
        let expected = if train == PACKED { [true, false, true] } else { [false, true, false] };
        assert_eq!([0, 1, 2].map(|bit| bits.row(0).bit(bit)), expected);
    }
}

#[test]
fn bits_that_do_not_fit_their_dimension_are_named() {
    for (dimension, message) in [
        (
            5,
            "attribute `dimension`: it is 5; expected 2, the width of `train`; or, where eight bits are packed into a byte, 9 to 16",
        ),
        (
            9,
            "`train`, row 0: a bit after its last, 9, is set; expected 0 for the bits that fill up the last byte; or another",
        ),
    ] {
        let mut train = PACKED.to_vec();
        train[1] = 1;
        let parts = BitParts { dimension: Some(dimension), train, distances: vec![0.0, 0.1] };
        let found = read_bits(&parts).expect_err(message).to_string();
        assert!(found.contains(message), "{found}");
    }
}

/// A group with compressed rows: the shape, the offsets, the columns and the values of `train`.
struct GroupParts {
    shape: Option<Vec<i64>>,
    dimension: Option<i64>,
    offsets: Vec<i64>,
    columns: Vec<i64>,
    values: Vec<f64>,
}

fn group_parts() -> GroupParts {
    GroupParts {
        shape: Some(vec![3, 9]),
        dimension: None,
        offsets: vec![0, 2, 2, 3],
        columns: vec![1, 8, 0],
        values: vec![0.5, -1.0, 2.0],
    }
}

fn read_group(parts: &GroupParts) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let mut file = Hdf5Writer::new();
    file.text("distance", "ip");
    if let Some(dimension) = parts.dimension {
        file.integer("dimension", dimension);
    }
    if let Some(shape) = &parts.shape {
        file.array("train/shape", &[shape.len()], Values::I64(shape));
    }
    file.array("train/indptr", &[parts.offsets.len()], Values::I64(&parts.offsets));
    file.array("train/indices", &[parts.columns.len()], Values::I64(&parts.columns));
    file.array("train/values", &[parts.values.len()], Values::F64(&parts.values));
    file.array("test/indptr", &[2], Values::I64(&[0, 1])).array("test/indices", &[1], Values::I32(&[1]));
    file.array("test/data", &[1], Values::F32(&[2.0]));
    file.array("neighbors", &[1, 2], Values::I32(&[0, 1])).array("distances", &[1, 2], Values::F32(&[-1.0, 0.0]));
    file.write(&path).expect("written");
    format::read(&path, MEMORY)
}

/// A change to a group, and the message that names it.
type GroupCase = (fn(&mut GroupParts), &'static str);

const GROUP_CASES: &[GroupCase] = &[
    (
        |p| p.shape = Some(vec![3]),
        "`train/shape`: it is 3; expected 3, one less than the values in `train/indptr`, by the",
    ),
    (
        |p| p.shape = Some(vec![4, 9]),
        "`train/shape`: it is 4 x 9; expected 3, one less than the values in `train/indptr`",
    ),
    (
        |p| p.dimension = Some(5),
        "`train/shape`: it has 9 columns; expected at most 5, as the attribute `dimension` says",
    ),
    (|p| p.offsets[1] = 3, "`train/indptr`, row 2: 2 comes after 3; expected offsets in ascending order"),
    (
        |p| p.offsets[3] = 4,
        "`train/indptr`, row 3: the value is 4; expected 3, the number of values in `train/indices`",
    ),
    (
        |p| p.columns[1] = 9,
        "`train/indices`, value 1 (row 0): the value is 9; expected 0 to 8: a number below the dimen",
    ),
    (|p| p.values[2] = 1e300, "`train/values`, value 2 (row 2): the value is inf; expected a finite number within the"),
    (|p| p.values.truncate(2), "`train/values`: it has 2 values; expected 3, one for each value in `train/indices`"),
    (|p| (p.shape, p.offsets) = (None, vec![0]), "`train`: it is empty; expected at least one vector"),
];

#[test]
fn every_flaw_of_compressed_rows_is_named() {
    let read = read_group(&group_parts()).expect("valid");
    assert_eq!((read.train.kind(), read.train.dim(), read.test.dim()), (PointType::Sparse, 9, 9));
    assert_eq!(ground_truth::verify(&Base::new(read.train.clone(), read.distance), &read, 1), None);
    let mut without = group_parts();
    without.shape = None;
    assert!(read_group(&without).expect("valid").same(&read), "the largest column says the dimension");
    for (break_it, message) in GROUP_CASES {
        let mut broken = group_parts();
        break_it(&mut broken);
        let found = read_group(&broken).expect_err(message).to_string();
        assert!(found.contains(message), "{found}\nshould have: {message}");
    }
}

/// Files of `harness/tests/cases`, which others wrote.
#[test]
fn the_cases_of_others_are_read() {
    let path = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/tests/cases").join(name).with_extension("hdf5")
    };
    let read = |name: &str| {
        let dataset = format::read(&path(name), MEMORY).unwrap_or_else(|error| panic!("{error}"));
        let doubt = ground_truth::verify(&Base::new(dataset.train.clone(), dataset.distance), &dataset, 1);
        (dataset, doubt.map(|doubt| doubt.cause))
    };
    let ((plain, doubt), (packed, other)) = (read("20-hamming-bool"), read("20-hamming-packed-vibe"));
    assert_eq!((doubt, other, plain.distance), (None, None, Distance::Hamming));
    assert!(plain.same(&packed) && plain.notes.is_empty());
    assert_eq!(packed.notes, ["the distances in the file are counts of bits: they are read as shares of 64 bits"]);
    // Its neighbours and distances are those of another file. Few sets have common members, so that any id may be among the
    // hundred nearest.
    let (sets, doubt) = read("20-jaccard-sparse");
    assert_eq!((sets.train.kind(), sets.train.dim(), sets.distance), (PointType::Sets, 1000, Distance::Jaccard));
    assert!(matches!(doubt, Some(ground_truth::Cause::Distances { .. })), "{doubt:?}");
}
