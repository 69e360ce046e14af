//! Reading a damaged file ends soon, in an error or a dataset, without a panic or a large allocation.
//!
//! There is only one test in this file, because the allocator counts for the whole process.

mod damage;

use damage::limits::{Counting, Trials, mutations, watched};
use damage::{checksums, mutate};
use std::path::{Path, PathBuf};
use swath_algorithms::params::Count;
use swath_algorithms::random::stream;
use swath_algorithms::{Distance, Points, Vectors};
use swath_datasets::generate::{Gaussian, Zipf};
use swath_datasets::{
    Aspects, Dataset, Distribution, Generated, Groups, Labels, Links, Neighbors, Stored, Subtopics, ann_benchmarks,
    format,
};

/// Bytes that one array may take.
const MEMORY: u64 = 64 << 20;

/// Bytes that reading a file may take in all.
const BUDGET: usize = 256 << 20;

/// Files that are damaged at random, unless `SWATH_MUTATIONS` gives another number.
const MUTATIONS: usize = 6000;

#[global_allocator]
static COUNTING: Counting = Counting;

fn dataset() -> Dataset {
    let (n, m, d) = (300, 3, 16);
    let values = |range: std::ops::Range<usize>| range.map(|i| (i * i % 101) as f32).collect::<Vec<_>>();
    Dataset {
        train: Vectors::new(&values(0..n * d), d).expect("finite").into(),
        test: Vectors::new(&values(n * d..(n + m) * d), d).expect("finite").into(),
        distance: Distance::Euclidean,
        neighbors: Neighbors {
            count: 2,
            ids: vec![5, 1, 2, 3, 4, 0],
            distances: vec![0.5, 1.0, 0.0, 0.0, 2.0, 3.0],
            stored: Stored::Float32,
        },
        links: Some(Links {
            edges: vec![[0, 299], [7, 8]],
            relations: vec!["a".into(), "b".into()],
            relation: vec![1, 0],
        }),
        subtopics: Some(Subtopics::new(m, vec![[0, 1, 2], [2, 299, 0]])),
        qrels: Some(Subtopics::new(m, vec![[1, 4, 2]])),
        aspects: Some(Aspects::new(m, &[0, 2], &Vectors::new(&values(0..2 * d), d).expect("finite"))),
        groups: vec![Groups::of_labels("seller", (0..n).map(|i| (i % 5).to_string()))],
        train_labels: Labels::of_names((0..n).map(|i| format!("name {i}"))),
        test_labels: Labels::default(),
        notes: Vec::new(),
        history: Vec::new(),
    }
}

/// A small dataset, whose neighbours take no time.
fn drawn(generate: Distribution, distance: Distance) -> Dataset {
    let count = |value| Count::new(value).expect("at least 1");
    let (n, queries, dimension) = (count(60), count(3), count(90));
    Generated { generate, n, dimension, queries, distance, seed: 1 }.dataset().expect("it fits")
}

/// Reads the file and its header; returns whether the file was found valid.
fn reads(path: &Path, what: &str, trials: &mut Trials) -> bool {
    trials.read(what, || {
        drop(format::header(path));
        format::read(path, MEMORY).is_ok()
    })
}

/// A file that swath wrote and all that h5py wrote: old and new versions, chunks, filters, texts, links, subtopics.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let own = folder.join("own.hdf5");
    ann_benchmarks::write(&own, &dataset()).expect("written");
    let others = [
        (Distribution::Gaussian(Gaussian {}), Distance::Hamming),
        (Distribution::Zipf(Zipf {}), Distance::Jaccard),
        (Distribution::Zipf(Zipf {}), Distance::InnerProduct),
    ];
    let others = others.map(|(generate, distance)| {
        let path = folder.join(format!("own-{distance}.hdf5"));
        ann_benchmarks::write(&path, &drawn(generate, distance)).expect("written");
        path
    });
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = std::fs::read_dir(fixtures).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut sources: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "hdf5")).collect();
    sources.push(own);
    sources.extend(others);
    sources.sort();
    sources
}

/// Damages each file many times. Every other time the checksums are repaired, so that they do not reveal the damage.
fn damage_at_random(trials: &mut Trials) {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = sources(folder.path());
    let whole: Vec<Vec<u8>> = sources.iter().map(|path| std::fs::read(path).expect("readable")).collect();
    let blocks: Vec<_> = whole.iter().map(|file| checksums::blocks(file)).collect();
    let path = folder.path().join("damaged.hdf5");
    for i in 0..mutations(MUTATIONS) {
        let at = i % sources.len();
        let mut random = stream(i as u64, "damaged files", 0);
        let mut bytes = mutate::bytes(&mut random, &whole[at], &whole[(i * 7 + 3) % sources.len()]);
        if (i / sources.len()).is_multiple_of(2) {
            checksums::mend(&mut bytes, &blocks[at]);
        }
        std::fs::write(&path, &bytes).expect("written");
        let name = sources[at].file_name().expect("a name").to_string_lossy().into_owned();
        reads(&path, &format!("{name}, mutation {i}"), trials);
    }
}

/// Overwrites each place that holds the bytes `truth` by each of `lies` in turn. A lie may be accepted at a place where it
/// changes nothing, such as the largest shape that an array may grow to, but not at every place.
fn lie(name: &str, truth: &[u8], lies: &[Vec<u8>], trials: &mut Trials) {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.hdf5"));
    let whole = std::fs::read(source).expect("readable");
    let places: Vec<usize> = (0..whole.len() - truth.len()).filter(|&at| whole[at..].starts_with(truth)).collect();
    assert!(!places.is_empty(), "{name} does not hold what is to be damaged");
    let file = tempfile::NamedTempFile::new().expect("a file");
    for lie in lies {
        let mut believed = 0;
        for &at in &places {
            let mut bytes = whole.clone();
            bytes[at..at + lie.len()].copy_from_slice(lie);
            std::fs::write(file.path(), bytes).expect("written");
            believed += usize::from(reads(file.path(), &format!("{name}, {lie:?} at {at}"), trials));
        }
        assert!(believed < places.len(), "{name}: {lie:?} was believed everywhere");
    }
}

/// Writes rows as big-ann-benchmarks' sparse track does.
fn csr(points: &Points) -> Vec<u8> {
    let Points::Sparse(vectors) = points else { panic!("sparse vectors") };
    let sizes = [vectors.rows(), vectors.dim(), vectors.values().len()].map(|n| n as u64);
    let mut bytes = wide(&sizes);
    bytes.extend(vectors.offsets().as_bytes());
    bytes.extend(vectors.columns().as_bytes());
    bytes.extend(vectors.values().as_bytes());
    bytes
}

/// Damages one of the files of a dataset of the sparse track at a time.
fn damage_the_sparse_track(trials: &mut Trials) {
    let folder = tempfile::tempdir().expect("a folder");
    let dataset = drawn(Distribution::Zipf(Zipf {}), Distance::InnerProduct);
    let Neighbors { count, ids, distances, .. } = &dataset.neighbors;
    let mut truth = narrow(&[dataset.test.len() as u32, *count as u32]);
    truth.extend(narrow(ids));
    truth.extend(distances.iter().flat_map(|&d| (-d as f32).to_le_bytes()));
    let files = [
        ("base_small.csr", csr(&dataset.train)),
        ("queries.dev.csr", csr(&dataset.test)),
        ("base_small.dev.gt", truth),
    ];
    for (name, bytes) in &files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    assert!(reads(folder.path(), "the whole sparse track", trials));
    for i in 0..mutations(MUTATIONS) / 6 {
        let (name, whole) = &files[i % 3];
        let mut random = stream(i as u64, "damaged sparse track", 0);
        let bytes = mutate::bytes(&mut random, whole, &files[(i + 1) % 3].1);
        std::fs::write(folder.path().join(name), bytes).expect("written");
        reads(folder.path(), &format!("{name}, mutation {i}"), trials);
        std::fs::write(folder.path().join(name), whole).expect("written");
    }
}

fn wide(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn narrow(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Claims shapes and chunk sizes that need far more than the file or the memory has. `train` is 6 x 3 in chunks of 2 x 3 or
/// 1 x 3; the files are of an old version without checksums, which would reveal the change.
fn lie_about_sizes(trials: &mut Trials) {
    // 2^28 x 3 floats are 3 GiB; the largest numbers make every product of sizes overflow.
    let shapes = [1_u64 << 12, 1 << 24, 1 << 28, 1 << 31, 1 << 40, u64::MAX / 4, u64::MAX];
    for name in ["contiguous", "chunked-gzip-shuffle", "lzf"] {
        lie(name, &wide(&[6, 3]), &shapes.map(|n| wide(&[n, 3])), trials);
        lie(name, &wide(&[6, 3]), &shapes.map(|n| wide(&[n, n])), trials);
    }
    for (name, rows) in [("chunked-gzip-shuffle", 2), ("lzf", 1)] {
        let chunks = [1_u32 << 24, 1 << 28, 1 << 31, u32::MAX, 0];
        lie(name, &narrow(&[rows, 3, 4]), &chunks.map(|n| narrow(&[n, 3, 4])), trials);
        lie(name, &narrow(&[rows, 3, 4]), &chunks.map(|n| narrow(&[n, n, n])), trials);
    }
    // The bytes of a chunk in the file, and the mark that its filter was not applied.
    lie("lzf", &narrow(&[12, 1]), &[1 << 14, 1 << 30, u32::MAX].map(|n| narrow(&[n, 1])), trials);
}

/// `SWATH_MUTATIONS=200000 cargo test -p swath-datasets --test damaged_files -- --nocapture` damages that many files.
#[test]
fn reading_a_damaged_file_ends_soon_without_a_panic_or_a_large_allocation() {
    watched("damaged HDF5 files", BUDGET, |trials| {
        lie_about_sizes(trials);
        damage_at_random(trials);
        damage_the_sparse_track(trials);
        let (tried, valid) = trials.counts();
        assert!(valid > 0 && valid < tried, "all files were refused, or none");
    });
}
