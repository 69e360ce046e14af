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
        "`train`, value 4 (row 2): the value is 1099511627776; expected 0 to 2147483646: a number below the dimension",
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

/// Three rows of `train`, or as many as there are bytes if the dimension is 1, of which `test` is the first; stored as unsigned
/// bytes.
fn read_bits(parts: &BitParts) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let rows = if parts.dimension == Some(1) { parts.train.len() } else { 3 };
    let width = parts.train.len() / rows;
    let mut file = Hdf5Writer::new();
    file.text("type", "dense").text("distance", "hamming");
    if let Some(dimension) = parts.dimension {
        file.integer("dimension", dimension);
    }
    file.array("train", &[rows, width], Values::U8(&parts.train)).array(
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
    // One bit in a byte, packed: 0 and 128; and as numbers.
    (Some(1), &[128, 0, 128], 1.0, 1, &[]),
    (Some(1), &[1, 0, 1], 1.0, 1, &[]),
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
        let expected: &[bool] = match (train, dim) {
            (_, 1) => &[true],
            (PACKED, _) => &[true, false, true],
            _ => &[false, true, false],
        };
        assert!(expected.iter().enumerate().all(|(bit, &is_set)| bits.row(0).bit(bit) == is_set), "{train:?}");
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
            2,
            "attribute `dimension`: it is 2; expected 9 to 16: there are bytes above 1, so that each of the 2 bytes in a row \
             holds eight bits",
        ),
        (
            17,
            "attribute `dimension`: it is 17; expected 2, the width of `train`; or, where eight bits are packed into a byte, 9 to 16",
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
    let parts = BitParts { dimension: Some(1), train: vec![128, 64, 0], distances: vec![0.0, 1.0] };
    let found = read_bits(&parts).expect_err("a second bit").to_string();
    assert!(found.contains("`train`, row 1: a bit after its last, 1, is set; expected 0 for the bits"), "{found}");
}

/// The value that says that a bit is packed comes long after those that are read first.
#[test]
fn one_bit_in_a_byte_is_told_from_0_and_1_by_all_values() {
    let mut train = vec![0; 3 << 20];
    train.push(128);
    train.extend([0; 2]);
    let parts = BitParts { dimension: Some(1), train, distances: vec![0.0, 0.0] };
    let read = read_bits(&parts).expect("valid");
    let Points::Bits(bits) = &read.train else { panic!("bits") };
    assert!(bits.dim() == 1 && bits.row(3 << 20).bit(0) && !bits.row(0).bit(0));
}

/// Groups with compressed rows: the shape, the offsets, the columns and the values of `train`, and the shape of `test`.
struct GroupParts {
    shape: Option<Vec<i64>>,
    test_shape: Option<Vec<i64>>,
    dimension: Option<i64>,
    offsets: Vec<i64>,
    columns: Vec<i64>,
    values: Vec<f64>,
}

fn group_parts() -> GroupParts {
    GroupParts {
        shape: Some(vec![3, 9]),
        test_shape: None,
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
    for (name, shape) in [("train/shape", &parts.shape), ("test/shape", &parts.test_shape)] {
        if let Some(shape) = shape {
            file.array(name, &[shape.len()], Values::I64(shape));
        }
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
    (|p| p.shape = Some(vec![3, 9, 1]), "`train/shape`: it is 3 x 9 x 1; expected 3, one less than the values in"),
    (|p| p.shape = Some(vec![]), "`train/shape`: it is ; expected 3, one less than the values in"),
    (
        |p| p.shape = Some(vec![2, 9]),
        "`train/shape`: it is 2 x 9; expected 3, one less than the values in `train/indptr`",
    ),
    (
        |p| p.shape = Some(vec![3, 0]),
        "`train/shape`: it is 3 x 0; expected 3, one less than the values in `train/indptr`, by 1 to 2^31 - 1 columns",
    ),
    (
        |p| p.shape = Some(vec![3, 1 << 31]),
        "`train/shape`: it is 3 x 2147483648; expected 3, one less than the values in `",
    ),
    (
        |p| p.columns[1] = 9,
        "`train/indices`, value 1 (row 0): the value is 9; expected 0 to 8: `train/shape` says that there are 9 columns",
    ),
    (
        |p| (p.shape, p.dimension) = (Some(vec![3, 8]), Some(9)),
        "`train/indices`, value 1 (row 0): the value is 8; expected 0 to 7: `train/shape` says that there are 8 columns",
    ),
    (
        |p| p.test_shape = Some(vec![1, 1]),
        "`test/indices`, value 0 (row 0): the value is 1; expected 0 to 0: `test/shape` says that there are 1 columns",
    ),
    (
        |p| p.test_shape = Some(vec![2, 9]),
        "`test/shape`: it is 2 x 9; expected 1, one less than the values in `test/indptr`",
    ),
    (
        |p| (p.shape, p.dimension) = (None, Some(8)),
        "`train/indices`, value 1 (row 0): the value is 8; expected 0 to 7: a number below the dimension",
    ),
    (
        |p| p.columns[0] = -1,
        "`train/indices`, value 0 (row 0): the value is -1; expected 0 to 8: `train/shape` says that there",
    ),
    (|p| p.dimension = Some(1 << 31), "attribute `dimension`: it is 2147483648; expected at least 1, and below 2^31"),
    (|p| p.offsets[0] = 1, "`train/indptr`, row 0: the value is 1; expected 0, where the first row begins"),
    (
        |p| p.offsets[3] = 2,
        "`train/indptr`, row 3: the value is 2; expected 3, the number of values in `train/indices`",
    ),
    (
        |p| (p.columns[1], p.values) = (1, vec![3e38, 3e38, 1.0]),
        "`train/values`, row 0: the values in column 1 add up to inf; expected a sum within the range of f32, or one value",
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
    let mut narrow = group_parts();
    narrow.test_shape = Some(vec![1, 2]);
    assert!(read_group(&narrow).expect("valid").same(&read), "queries may have fewer columns");
    (narrow.shape, narrow.test_shape) = (Some(vec![3, 9]), Some(vec![1, 12]));
    assert_eq!(read_group(&narrow).expect("valid").train.dim(), 12, "and base vectors, too");
    let largest = i32::MAX as usize;
    for (shape, dimension) in [(vec![3, i64::from(i32::MAX)], None), (vec![3, 9], Some(i64::from(i32::MAX)))] {
        let read = read_group(&GroupParts { shape: Some(shape), dimension, ..group_parts() }).expect("valid");
        assert_eq!((read.train.dim(), read.test.dim()), (largest, largest));
    }
    let mut unsorted = group_parts();
    unsorted.columns[..2].reverse();
    unsorted.values[..2].reverse();
    let sorted = read_group(&unsorted).expect("valid");
    assert!(sorted.same(&read) && sorted.notes.is_empty(), "columns come in any order: {:?}", sorted.notes);
    let mut twice = group_parts();
    twice.columns[1] = 1;
    let added = read_group(&twice).expect("valid");
    let note = "1 rows in `train/indices` have several values in one column: these are added up, as SciPy does";
    assert_eq!(added.notes, [note]);
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
