//! Points that do not fit into memory are read through scratch files: the dataset is the same to the last bit.

use std::path::{Path, PathBuf};
use swath_algorithms::points::{Bits, Sets, SparseVectors, Vectors};
use swath_algorithms::{Base, Distance, Points, random};
use swath_datasets::hdf5_file::{Hdf5Writer, MEMORY, Values};
use swath_datasets::prepared::{self, Made};
use swath_datasets::{Capacity, Dataset, Labels, Stored, ann_benchmarks, format, ground_truth};

/// Base points; three more are queries.
const ROWS: usize = 12_000;

/// Columns.
const DIM: usize = 120;

/// Makes points of rows of columns.
type MakePoints = fn(&[Vec<u32>]) -> Points;

/// Rows of which about every tenth column is set.
fn rows() -> Vec<Vec<u32>> {
    let mut rng = random::stream(3, "larger than memory", 0);
    let mut row = || (0..DIM as u32).filter(|_| random::uniform(&mut rng) < 0.1).collect::<Vec<u32>>();
    (0..ROWS + 3).map(|_| row()).collect()
}

fn dense(rows: &[Vec<u32>]) -> Points {
    let value = |row: &Vec<u32>, j: usize| row.iter().map(|&c| (c as f32 * (j + 1) as f32).sin()).sum::<f32>();
    let values: Vec<f32> = rows.iter().flat_map(|row| (0..24).map(move |j| value(row, j))).collect();
    Vectors::new(&values, 24).expect("finite").into()
}

fn bits(rows: &[Vec<u32>]) -> Points {
    let bits: Vec<bool> = rows.iter().flat_map(|row| (0..DIM as u32).map(|j| row.contains(&j))).collect();
    Bits::pack(bits.into_iter(), DIM).expect("whole rows").into()
}

fn sets(rows: &[Vec<u32>]) -> Points {
    Sets::from_rows(rows, DIM).expect("ascending").into()
}

fn sparse(rows: &[Vec<u32>]) -> Points {
    let sets = Sets::from_rows(rows, DIM).expect("ascending");
    let values: Vec<f32> = (0..sets.members().len()).map(|i| (i as f32).cos()).collect();
    SparseVectors::new(sets.members().clone(), values, sets.offsets().clone(), DIM).expect("valid").into()
}

fn dataset(of: MakePoints, distance: Distance) -> Dataset {
    let rows = rows();
    let (train, test) = (of(&rows[..ROWS]), of(&rows[ROWS..]));
    let mut neighbors = ground_truth::compute(&Base::new(train.clone(), distance), &test, 5);
    neighbors.distances.iter_mut().for_each(|d| *d = f64::from(*d as f32));
    neighbors.stored = Stored::Float32;
    Dataset::of_points(train, test, distance, neighbors)
}

/// Writes points of `width` bytes a row with these neighbours.
fn write_bytes(path: &Path, like: &Dataset, dimension: Option<i64>, width: usize, rows: &[u8]) {
    let (train, test) = rows.split_at(ROWS * width);
    let neighbors = &like.neighbors;
    let shape = [test.len() / width, neighbors.count];
    let ids: Vec<i32> = neighbors.ids.iter().map(|&id| id as i32).collect();
    let mut file = Hdf5Writer::new();
    file.text("distance", like.distance.name());
    if let Some(dimension) = dimension {
        file.integer("dimension", dimension);
    }
    file.array("train", &[ROWS, width], Values::U8(train)).array("test", &[shape[0], width], Values::U8(test));
    file.array("neighbors", &shape, Values::I32(&ids));
    file.array("distances", &shape, Values::F64(&neighbors.distances)).write(path).expect("written");
}

/// Writes the bytes of big-ann-benchmarks' sparse track.
fn write_track(folder: &Path, dataset: &Dataset) {
    std::fs::create_dir(folder).expect("made");
    for (name, points) in [("base_small.csr", &dataset.train), ("queries.dev.csr", &dataset.test)] {
        let Points::Sparse(vectors) = points else { panic!("sparse vectors") };
        let sizes = [vectors.rows(), vectors.dim(), vectors.values().len()].map(|n| n as u64);
        let mut bytes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
        bytes.extend(vectors.offsets().as_bytes());
        bytes.extend(vectors.columns().as_bytes());
        bytes.extend(vectors.values().as_bytes());
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    let neighbors = &dataset.neighbors;
    let mut truth: Vec<u8> = [dataset.test.len() as u32, neighbors.count as u32].map(u32::to_le_bytes).concat();
    truth.extend(neighbors.ids.iter().flat_map(|id| id.to_le_bytes()));
    truth.extend(neighbors.distances.iter().flat_map(|&distance| (-distance as f32).to_le_bytes()));
    std::fs::write(folder.join("base_small.dev.gt"), truth).expect("written");
}

/// A row of bytes for each row of points: 0 and 1 in its first `width` columns.
fn cells(width: u32) -> Vec<u8> {
    rows().iter().flat_map(|row| (0..width).map(|j| u8::from(row.contains(&j))).collect::<Vec<u8>>()).collect()
}

/// The same, eight columns in a byte.
fn packed() -> Vec<u8> {
    cells(DIM as u32).chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// A file of each form of points, and bytes of memory of which the points take more than half.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let path = |name: &str| folder.join(name);
    let own: [(&str, MakePoints, Distance); 3] = [
        ("dense.hdf5", dense, Distance::Angular),
        ("sets.hdf5", sets, Distance::Jaccard),
        ("sparse.hdf5", sparse, Distance::InnerProduct),
    ];
    for (name, of, distance) in own {
        ann_benchmarks::write(&path(name), &dataset(of, distance)).expect("written");
    }
    let of_bits = dataset(bits, Distance::Hamming);
    write_bytes(&path("packed.hdf5"), &of_bits, Some(DIM as i64), DIM / 8, &packed());
    // A row of few bits takes a word, more than its bytes in the file.
    write_bytes(&path("bit-matrix.hdf5"), &of_bits, None, 4, &cells(4));
    write_bytes(&path("set-matrix.hdf5"), &dataset(sets, Distance::Jaccard), None, DIM, &cells(DIM as u32));
    for (name, has_truth) in [("track", true), ("track-without-truth", false)] {
        write_track(&path(name), &dataset(sparse, Distance::InnerProduct));
        if !has_truth {
            std::fs::remove_file(path(name).join("base_small.dev.gt")).expect("removed");
        }
    }
    [
        ("dense.hdf5", 2 << 20),
        ("sets.hdf5", 1 << 20),
        ("sparse.hdf5", 2 << 20),
        ("packed.hdf5", 300_000),
        ("bit-matrix.hdf5", 150_000),
        ("set-matrix.hdf5", 2 << 20),
        ("track", 2 << 20),
        // True neighbours are computed, without an inverted index in memory.
        ("track-without-truth", 2 << 20),
    ]
    .map(|(name, memory)| (path(name), memory))
    .to_vec()
}

#[test]
fn a_dataset_is_the_same_through_scratch_files_and_nothing_is_left_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let scratch = folder.path().join("scratch");
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "").expect("written");
    for (path, memory) in files(folder.path()) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let heap = format::read(&path, MEMORY).unwrap_or_else(|error| panic!("{error}"));
        let capacity = Capacity::with_scratch(memory, Some(&scratch));
        assert_eq!(format::sizes(&path, capacity.clone()).expect("it fits"), format::header(&path).expect("a header"));
        let other = format::read(&path, capacity).unwrap_or_else(|error| panic!("{error}"));
        assert!(other.same(&heap) && other.neighbors == heap.neighbors && other.notes == heap.notes, "{name}");
        assert_eq!(std::fs::read_dir(&scratch).expect("made").count(), 0, "{name}: no scratch file has a name");
        // The same file of its own, to the last byte.
        let written = ["a", "b"].map(|name| folder.path().join(name));
        for (file, dataset) in written.iter().zip([&heap, &other]) {
            prepared::write(file, "swath", &Made { name: "x", sha256: "of", sources: &[], doubts: &[], dataset })
                .expect("written");
        }
        let [a, b] = written.map(|file| std::fs::read(file).expect("read"));
        assert!(a == b, "{name}");
        // It was read through scratch files: where there can be none, it is not; memory that is large enough needs none.
        let refused = format::read(&path, Capacity::with_scratch(memory, Some(&in_the_way.join("x"))));
        let refused = refused.map(drop).expect_err("no scratch files").to_string();
        assert!(refused.contains("there is no room for it (a file of "), "{name}: {refused}");
        assert!(format::read(&path, Capacity::with_scratch(MEMORY, Some(&in_the_way))).is_ok(), "{name}");
        // Without scratch files what does not fit is refused by name.
        let needed = heap.train.bytes() as u64 / 4;
        let message = format::read(&path, needed).map(drop).expect_err("too large").to_string();
        assert!(message.contains("bytes of memory"), "{name}: {message}");
    }
}

/// What else a dataset has must be in memory, and so must what is read of its points at a time.
#[test]
fn what_must_be_in_memory_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, scratch) = (folder.path().join("a.hdf5"), folder.path().join("scratch"));
    let mut whole = dataset(sets, Distance::Jaccard);
    ann_benchmarks::write(&path, &whole).expect("written");
    let message = |memory: u64| {
        let capacity = Capacity::with_scratch(memory, Some(&scratch));
        let found = format::read(&path, capacity.clone()).map(drop).expect_err("too large").to_string();
        assert_eq!(format::sizes(&path, capacity).expect_err("too large").to_string(), found);
        found
    };
    let found = message(90_000);
    assert!(found.contains("`size_train`: it needs 96000 bytes of memory; expected at most 90000"), "{found}");
    whole = dataset(dense, Distance::Angular);
    whole.train_labels = Labels::of_names((0..ROWS).map(|i| i.to_string()));
    whole.test_labels = Labels::of_names((0..3).map(|i| i.to_string()));
    ann_benchmarks::write(&path, &whole).expect("written");
    let found = message(200_000);
    assert!(found.contains("bytes of memory; expected at most 200000"), "{found}");
}

/// Chunks of several shapes, with filters, and files that still grow: each is read in pieces.
#[test]
fn chunked_files_are_read_through_scratch_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["contiguous", "chunked-gzip-shuffle", "lzf", "growing", "two-growing", "many-chunks", "szip", "half"] {
        let path = fixtures.join(format!("{name}.hdf5"));
        let heap = format::read(&path, MEMORY).unwrap_or_else(|error| panic!("{error}"));
        // 8 vectors of a line and a norm are 576 bytes.
        let other = format::read(&path, Capacity::with_scratch(1000, Some(folder.path())));
        assert!(other.unwrap_or_else(|error| panic!("{name}: {error}")).same(&heap), "{name}");
    }
}
