//! Bits, sets, sparse vectors and inner products as other projects write them: read right, and searched right. A Python with
//! h5py, numpy and scipy (`SWATH_PYTHON`, or `python3`) writes the files; without one the tests say that they are skipped.

use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use swath_algorithms::params::Count;
use swath_algorithms::points::{Point, PointType};
use swath_algorithms::{Base, Distance, Points};
use swath_datasets::generate::{Clusters, Zipf};
use swath_datasets::hdf5_file::{Hdf5File, MEMORY};
use swath_datasets::{Dataset, Distribution, Generated, Neighbors, ann_benchmarks, catalogue, format, ground_truth};

/// A Python that has what the script needs. Without one the test has nothing to do, unless `SWATH_REQUIRE` names h5py.
fn python() -> Option<String> {
    let python = std::env::var("SWATH_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python).args(["-c", "import h5py, numpy, scipy"]).output();
    if output.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let required = std::env::var("SWATH_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "h5py"), "SWATH_REQUIRE names h5py, which is not here");
    // Not `eprintln`: that is shown for tests that fail alone.
    let _ = writeln!(std::io::stderr(), "skipped: h5py is not here");
    None
}

/// The files, written.
fn written() -> Option<tempfile::TempDir> {
    let python = python()?;
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/point_types.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(folder)
}

fn read(path: &Path) -> Dataset {
    format::read(path, MEMORY).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether two lists of the same length are equal item for item, except where distances are tied.
fn agree(found: &Neighbors, query: usize, ids: &[i64], distances: &[f64]) -> Result<(), String> {
    for (i, (&id, &distance)) in ids.iter().zip(distances).enumerate() {
        let (own, own_distance) = (found.ids(query)[i], found.distances(query)[i]);
        let tolerance = 1e-12 * distance.abs().max(1.0);
        let is_tied = (i + 1 < ids.len() && (distances[i + 1] - distance).abs() <= tolerance)
            || (i > 0 && (distances[i - 1] - distance).abs() <= tolerance)
            // The one after the last is not known.
            || i + 1 == ids.len();
        if (own_distance - distance).abs() > tolerance || !(is_tied || i64::from(own) == id) {
            return Err(format!("query {query}, place {i}: {own} at {own_distance}, and not {id} at {distance}"));
        }
    }
    Ok(())
}

/// The share of `found` that is within the stored distance of the last true neighbour, as ann-benchmarks defines recall.
fn recall(found: &Neighbors, stored: &Neighbors, query: usize) -> f64 {
    let threshold = stored.distances(query)[stored.count - 1];
    let threshold = threshold + stored.stored.half_unit(threshold) + 1e-3;
    let within = found.distances(query).iter().filter(|&&distance| distance <= threshold);
    within.count() as f64 / stored.count as f64
}

/// The rows of points, as Python prints what it reads.
fn rows(points: &Points) -> Vec<Value> {
    let row = |point: Point<'_>| match point {
        Point::Dense(_) => panic!("not drawn here"),
        Point::Bits(bits) => json!((0..bits.dim).map(|j| bits.bit(j)).collect::<Vec<_>>()),
        Point::Set(members) => json!(members),
        Point::Sparse(row) => json!([row.columns, row.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>()]),
    };
    (0..points.len()).map(|i| row(points.row(i))).collect()
}

#[test]
fn others_read_what_swath_writes() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let count = |value| Count::new(value).expect("at least 1");
    // HDF5 2.0 is strict about chunks of more than 65,535 values along a dimension: so many members, columns and bits.
    for (generate, n, distance, attributes) in [
        (Distribution::Clusters(Clusters {}), 90, Distance::Hamming, ["dense", "hamming", "bit", "70"]),
        (Distribution::Clusters(Clusters {}), 20, Distance::Hamming, ["dense", "hamming", "bit", "70000"]),
        (Distribution::Zipf(Zipf {}), 4000, Distance::Jaccard, ["sparse", "jaccard", "bit", "70"]),
        (Distribution::Zipf(Zipf {}), 4000, Distance::InnerProduct, ["sparse", "ip", "float", "70"]),
    ] {
        let dimension = count(attributes[3].parse().expect("a number"));
        let generated = Generated { generate, n: count(n), dimension, queries: count(9), distance, seed: 3 };
        let dataset = generated.dataset().expect("it fits");
        ann_benchmarks::write(&path, &dataset).expect("written");
        assert!(read(&path).same(&dataset), "{distance}");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_back.py");
        let output = Command::new(&python).arg(script).arg(&path).output().expect("started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        // Not `assert_eq`, which would print all rows.
        assert!(found == json!([attributes, rows(&dataset.train), rows(&dataset.test), "float32"]), "{distance}");
    }
}

/// The name of a file, its distance, type of points, and the beginnings of its notes.
type Case = (&'static str, Distance, PointType, &'static [&'static str]);

const CASES: &[Case] = &[
    ("sift-256-hamming", Distance::Hamming, PointType::Bits, &[]),
    ("word2bits-800-hamming", Distance::Hamming, PointType::Bits, &[]),
    ("bits-as-uint8", Distance::Hamming, PointType::Bits, &[]),
    ("bits-as-int64", Distance::Hamming, PointType::Bits, &[]),
    (
        "vibe-packed",
        Distance::Hamming,
        PointType::Bits,
        &["the distances in the file are counts of bits: they are read"],
    ),
    ("vibe-ip", Distance::InnerProduct, PointType::Dense, &[]),
    (
        "vibe-normalized",
        Distance::Angular,
        PointType::Dense,
        &["the file calls its distance `normalized`, which is read as `angular`"],
    ),
    ("kosarak-jaccard", Distance::Jaccard, PointType::Sets, &[]),
    (
        "movielens-jaccard",
        Distance::Jaccard,
        PointType::Sets,
        &[
            "the file does not say its dimension",
            "the members of",
            "535 sets in `train` name a member more than once",
            "the members of",
            "37 sets in `test` name a member more than once",
        ],
    ),
    ("jaccard-as-booleans", Distance::Jaccard, PointType::Sets, &[]),
    ("sparse-ip", Distance::InnerProduct, PointType::Sparse, &[]),
];

#[test]
fn exact_search_gives_what_a_brute_force_in_double_precision_gives() {
    let Some(folder) = written() else { return };
    for &(name, distance, kind, notes) in CASES {
        println!("{name}");
        let path = folder.path().join(format!("{name}.hdf5"));
        let dataset = read(&path);
        assert_eq!((dataset.distance, dataset.train.kind()), (distance, kind));
        assert_eq!(dataset.notes.len(), notes.len(), "{:?}", dataset.notes);
        assert!(dataset.notes.iter().zip(notes).all(|(note, start)| note.starts_with(start)), "{:?}", dataset.notes);
        let header = format::sizes(&path, MEMORY).expect("a header");
        assert_eq!((header.kind, header.dim, header.train), (kind, dataset.train.dim(), dataset.train.len()));
        let base = Base::new(dataset.train.clone(), distance);
        assert_eq!(ground_truth::verify(&base, &dataset, 1), None);
        let file = Hdf5File::open(&path, MEMORY).expect("opened");
        let ids = file.integers("exact_ids").expect("ids");
        let distances = file.f64s("exact_distances").expect("distances");
        let found = ground_truth::compute(&base, &dataset.test, dataset.neighbors.count);
        for query in 0..dataset.test.len() {
            let range = query * found.count..(query + 1) * found.count;
            agree(&found, query, &ids[range.clone()], &distances[range]).expect(name);
            assert_eq!(recall(&found, &dataset.neighbors, query), 1.0, "{name}, query {query}");
        }
    }
    let sets = |name: &str| read(&folder.path().join(format!("{name}.hdf5")));
    assert!(sets("movielens-jaccard").neighbors == sets("jaccard-as-booleans").neighbors);
}

#[test]
fn files_of_the_sparse_track_are_found_and_read() {
    let Some(folder) = written() else { return };
    let group = read(&folder.path().join("sparse-ip.hdf5"));
    for (name, count) in [("products", 10), ("negatives", 10), ("none", 100)] {
        let path = folder.path().join(name);
        let dataset = read(&path);
        assert!(dataset.train == group.train && dataset.test == group.test && dataset.neighbors.count == count);
        assert!(read(&path.join("base_small.csr")).same(&dataset), "by the file of base vectors");
        let note = match name {
            "products" => {
                &["the true neighbours are stored with their inner products: the distance is the negative"][..]
            }
            "none" => &["there is no file of true neighbours (.gt): the 100 nearest of each query are computed"],
            _ => &[],
        };
        assert_eq!(dataset.notes, note);
        let base = Base::new(dataset.train.clone(), dataset.distance);
        assert_eq!(ground_truth::verify(&base, &dataset, 1), None);
        let header = format::sizes(&path, MEMORY).expect("a header");
        assert_eq!((header.kind, header.dim, header.neighbors), (PointType::Sparse, 3000, count));
        assert_eq!(header.bytes_of_points(), (dataset.train.bytes() + dataset.test.bytes()) as u64);
        assert_eq!(catalogue::resolve(&path.to_string_lossy(), Path::new("."), &[]), Ok(path.clone().into()));
        let files = format::files(&path).expect("files");
        assert_eq!(files.len(), if name == "none" { 2 } else { 3 });
        assert_eq!(format::sha256(&path).expect("read").len(), 64);
        wrong_rows(&path);
        wrong_names(&path);
        wrong_truth(&path);
    }
}

fn message(path: &Path) -> String {
    format::read(path, MEMORY).expect_err("refused").to_string()
}

/// What must be said after a change to the file of base vectors.
fn wrong_rows(folder: &Path) {
    let base = folder.join("base_small.csr");
    let whole = std::fs::read(&base).expect("read");
    let broken = |place: usize, bytes: &[u8], expected: &str| {
        let mut file = whole.clone();
        file[place..place + bytes.len()].copy_from_slice(bytes);
        std::fs::write(&base, file).expect("written");
        let found = message(folder);
        assert!(found.contains(expected), "{found}\nshould have: {expected}");
    };
    broken(
        0,
        &i64::MAX.to_le_bytes(),
        "the header: it says 9223372036854775807 rows, 3000 columns and 59943 values; exp",
    );
    broken(8, &(-1_i64).to_le_bytes(), "-1 columns and 59943 values; expected rows and columns from 1 to 2^31 - 1");
    broken(16, &(1_i64 << 60).to_le_bytes(), "bytes; the file has");
    broken(
        24,
        &1_i64.to_le_bytes(),
        "`base_small.csr: offsets`, row 0: the value is 1; expected 0, where the first row",
    );
    broken(
        24 + 8 * 1001,
        &(-7_i32).to_le_bytes(),
        "`base_small.csr`, value 0 (row 0): the value is -7; expected 0 to 2999",
    );
    let values = 24 + 8 * 1001 + 4 * 59_943;
    broken(
        values + 4,
        &f32::NAN.to_le_bytes(),
        "`base_small.csr: values`, value 1 (row 0): the value is NaN; expected a",
    );
    std::fs::write(&base, &whole[..20]).expect("written");
    assert!(message(folder).contains("the header: the file has 20 bytes; expected 24 and more"));
    std::fs::write(&base, &whole).expect("written");
}

/// What must be said if files are missing, or if there are too many.
fn wrong_names(folder: &Path) {
    let more: PathBuf = folder.join("base_full.csr");
    std::fs::write(&more, "").expect("written");
    let found = message(folder);
    assert!(
        found.contains(
            "the folder has several files like base*.csr: base_full.csr, base_small.csr; expected one: give the file of base"
        ),
        "{found}"
    );
    std::fs::rename(&more, folder.join("queries.hidden.csr")).expect("renamed");
    let found = message(&folder.join("base_small.csr"));
    assert!(
        found.contains("several files like queries*.csr: queries.dev.csr, queries.hidden.csr; expected"),
        "{found}"
    );
    std::fs::remove_file(folder.join("queries.hidden.csr")).expect("removed");

    let packed = folder.join("packed");
    std::fs::create_dir(&packed).expect("created");
    std::fs::write(packed.join("base_small.csr.gz"), "").expect("written");
    let found = message(&packed);
    assert!(
        found.contains("no file like base*.csr; expected one file like base*.csr; `gunzip` unpacks those"),
        "{found}"
    );
    std::fs::remove_dir_all(&packed).expect("removed");
}

/// What must be said after a change to the file of true neighbours, if there is one.
fn wrong_truth(folder: &Path) {
    let truth = folder.join("base_small.dev.gt");
    let Ok(whole) = std::fs::read(&truth) else { return };
    std::fs::write(&truth, &whole[..whole.len() - 4]).expect("written");
    let found = message(folder);
    assert!(
        found.contains("it says 30 rows of 10, which are 2408 bytes with a header of 8 bytes; the file has 2404"),
        "{found}"
    );
    let mut narrow = whole.clone();
    narrow[..8].copy_from_slice(&[20, 0, 0, 0, 15, 0, 0, 0]);
    std::fs::write(&truth, &narrow).expect("written");
    let found = message(folder);
    assert!(
        found.contains("it says 20 queries with 15 neighbours each; expected 30 queries with 1 to 1000"),
        "{found}"
    );
    narrow.copy_from_slice(&whole);
    narrow[8..12].copy_from_slice(&1000_u32.to_le_bytes());
    std::fs::write(&truth, &narrow).expect("written");
    let found = message(folder);
    assert!(found.contains("`neighbors`, row 0, column 0: the value is 1000; expected 0 to 999"), "{found}");
    std::fs::write(&truth, whole).expect("written");
}
