//! Wrong dataset files, made here, each with the very message that its owner sees, `wrong/dataset-*.snap`.

mod support;

use std::path::Path;
use support::{stderr, swath, write_datasets};
use swath_datasets::hdf5_file::{Hdf5File, Hdf5Writer, MEMORY, Values};

/// A right file of 4 base vectors, 2 queries and 2 neighbours, with one thing replaced.
struct Parts {
    distance: Option<&'static str>,
    kind: &'static str,
    dimension: i64,
    train: (Vec<usize>, Vec<f32>),
    test: (Vec<usize>, Vec<f32>),
    neighbors: (Vec<usize>, Vec<i32>),
    distances: (Vec<usize>, Vec<f32>),
    links: Option<(Vec<usize>, Vec<i32>)>,
    relations: Vec<i8>,
    subtopics: Option<Vec<i32>>,
    qrels: Option<Vec<i32>>,
    /// Its columns and values.
    aspects: Option<(usize, Vec<f32>)>,
    names: Option<Vec<&'static str>>,
    text_train: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            distance: Some("euclidean"),
            kind: "dense",
            dimension: 2,
            train: (vec![4, 2], vec![0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 3.0, 3.0]),
            test: (vec![2, 2], vec![0.0, 0.0, 3.0, 4.0]),
            neighbors: (vec![2, 2], vec![0, 1, 3, 2]),
            distances: (vec![2, 2], vec![0.0, 1.0, 1.0, 13.0_f32.sqrt()]),
            links: None,
            relations: Vec::new(),
            subtopics: None,
            qrels: None,
            aspects: None,
            names: None,
            text_train: false,
        }
    }
}

impl Parts {
    fn write(&self, path: &Path) {
        let mut file = Hdf5Writer::new();
        file.text("type", self.kind).integer("dimension", self.dimension);
        if let Some(distance) = self.distance {
            file.text("distance", distance);
        }
        let texts = vec!["0"; self.train.1.len()];
        let train = if self.text_train { Values::Text(&texts) } else { Values::F32(&self.train.1) };
        if !self.train.0.is_empty() {
            file.array("train", &self.train.0, train);
        }
        file.array("test", &self.test.0, Values::F32(&self.test.1));
        file.array("neighbors", &self.neighbors.0, Values::I32(&self.neighbors.1));
        file.array("distances", &self.distances.0, Values::F32(&self.distances.1));
        if let Some((shape, links)) = &self.links {
            file.array("links", shape, Values::I32(links)).array_text("relations", "is,has");
            file.array("link_relations", &[self.relations.len()], Values::I8(&self.relations));
        }
        if let Some(subtopics) = &self.subtopics {
            file.array("subtopics", &[subtopics.len() / 3, 3], Values::I32(subtopics));
        }
        if let Some(qrels) = &self.qrels {
            file.array("qrels", &[qrels.len() / 3, 3], Values::I32(qrels));
        }
        if let Some((columns, aspects)) = &self.aspects {
            file.array("aspects", &[aspects.len() / columns, *columns], Values::F32(aspects));
        }
        if let Some(names) = &self.names {
            file.array("train_names", &[names.len()], Values::Text(names));
        }
        file.write(path).expect("written");
    }
}

fn check(name: &str, prepare: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(&folder.path().join("x.hdf5"));
    let output = swath(folder.path(), &["datasets", "info", "x.hdf5"]);
    assert_eq!(output.status.code(), Some(2), "{name}: {}{}", support::stdout(&output), stderr(&output));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("wrong");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // A checksum depends on all that is in the file, and no reader of the message on its digits.
    let message = stderr(&output);
    let mut parts = message.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    let masked =
        parts.fold(first, |text, part| text + "0x..." + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    settings.bind(|| insta::assert_snapshot!(format!("dataset-{name}"), masked));
}

fn wrong(name: &str, change: impl FnOnce(&mut Parts)) {
    check(name, |path| {
        let mut parts = Parts::default();
        change(&mut parts);
        parts.write(path);
    });
}

#[test]
fn the_parts_are_right_before_something_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    Parts::default().write(&folder.path().join("x.hdf5"));
    let output = swath(folder.path(), &["datasets", "info", "x.hdf5"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(support::stdout(&output).contains("agrees with 2 sampled queries"));
}

#[test]
fn files_that_are_no_datasets() {
    check("missing", |_| ());
    check("folder", |path| std::fs::create_dir(path).expect("created"));
    check("empty", |path| std::fs::write(path, "").expect("written"));
    check("not-hdf5", |path| std::fs::write(path, "train,test\n1,2\n").expect("written"));
    check("cut-short", |path| {
        let folder = tempfile::tempdir().expect("a folder");
        write_datasets(folder.path());
        let bytes = std::fs::read(folder.path().join("rich.hdf5")).expect("read");
        std::fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
    });
}

/// The shape in a file that h5py wrote is made to claim 2^30 rows: a reader that believed it would ask for gigabytes.
#[test]
fn a_shape_that_the_file_cannot_hold() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/tests/fixtures/contiguous.hdf5");
    let shape = Hdf5File::open(&fixture, MEMORY).and_then(|file| file.shape("train")).expect("a shape");
    check("huge-shape", |path| {
        let mut bytes = std::fs::read(&fixture).expect("read");
        let shape: Vec<u8> = shape.iter().flat_map(|n| n.to_le_bytes()).collect();
        let places: Vec<usize> = (0..bytes.len() - 16).filter(|&at| bytes[at..at + 16] == shape[..]).collect();
        assert!(!places.is_empty(), "the shape of `train` stands in the file");
        for at in places {
            bytes[at..at + 8].copy_from_slice(&(1_u64 << 30).to_le_bytes());
        }
        std::fs::write(path, bytes).expect("written");
    });
}

/// The same in a file whose headers have checksums.
#[test]
fn a_header_that_does_not_match_its_checksum() {
    check("checksum", |path| {
        Parts::default().write(path);
        let mut bytes = std::fs::read(path).expect("read");
        let shape: Vec<u8> = [4_u64, 2].iter().flat_map(|n| n.to_le_bytes()).collect();
        let at = (0..bytes.len() - 16).find(|&at| bytes[at..at + 16] == shape[..]).expect("the shape of `train`");
        bytes[at..at + 8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        std::fs::write(path, bytes).expect("written");
    });
}

#[test]
fn headers() {
    wrong("no-train", |parts| parts.train.0 = vec![]);
    wrong("flat-train", |parts| parts.train.0 = vec![8]);
    wrong("text-train", |parts| parts.text_train = true);
    wrong("no-distance", |parts| parts.distance = None);
    wrong("unknown-distance", |parts| parts.distance = Some("cos"));
    wrong("jaccard", |parts| parts.distance = Some("jaccard"));
    wrong("sparse", |parts| parts.kind = "sparse");
    wrong("dimension", |parts| parts.dimension = 3);
    wrong("test-width", |parts| parts.test = (vec![1, 3], vec![0.0; 3]));
    wrong("neighbors-rows", |parts| parts.neighbors = (vec![1, 2], vec![0, 1]));
    wrong("distances-shape", |parts| parts.distances = (vec![2, 1], vec![0.0, 1.0]));
}

/// Sparse vectors with fewer columns than indices that occur, and bits with a dimension that their bytes do not have.
#[test]
fn dimensions_of_other_points() {
    let neighbors = |file: &mut Hdf5Writer| {
        file.array("neighbors", &[1, 1], Values::I32(&[0])).array("distances", &[1, 1], Values::F32(&[0.0]));
    };
    check("sparse-shape", |path| {
        let mut file = Hdf5Writer::new();
        file.text("distance", "ip").array("train/shape", &[2], Values::I64(&[1, 3]));
        for name in ["train", "test"] {
            file.array(&format!("{name}/indptr"), &[2], Values::I64(&[0, 2]));
            file.array(&format!("{name}/indices"), &[2], Values::I32(&[1, 3]));
            file.array(&format!("{name}/data"), &[2], Values::F32(&[1.0, 2.0]));
        }
        neighbors(&mut file);
        file.integer("dimension", 9).write(path).expect("written");
    });
    check("packed-dimension", |path| {
        let mut file = Hdf5Writer::new();
        file.text("distance", "hamming").integer("dimension", 2);
        file.array("train", &[1, 2], Values::U8(&[200, 1])).array("test", &[1, 2], Values::U8(&[200, 1]));
        neighbors(&mut file);
        file.write(path).expect("written");
    });
}

#[test]
fn values() {
    wrong("nan", |parts| parts.train.1[5] = f32::NAN);
    wrong("infinite-query", |parts| parts.test.1[2] = f32::INFINITY);
    wrong("neighbor-out-of-range", |parts| parts.neighbors.1[3] = 4);
    wrong("negative-neighbor", |parts| parts.neighbors.1[0] = -1);
    wrong("neighbor-twice", |parts| parts.neighbors.1 = vec![0, 1, 3, 3]);
    wrong("descending-distances", |parts| parts.distances.1.swap(2, 3));
    wrong("nearest-last", |parts| {
        parts.neighbors.1 = vec![1, 0, 2, 3];
        parts.distances.1 = vec![1.0, 0.0, 13.0_f32.sqrt(), 1.0];
    });
    wrong("nan-distance", |parts| parts.distances.1[1] = f32::NAN);
    wrong("negative-distance", |parts| parts.distances.1[0] = -0.5);
}

#[test]
fn additions() {
    wrong("link-out-of-range", |parts| {
        parts.links = Some((vec![1, 2], vec![0, 9]));
        parts.relations = vec![0];
    });
    wrong("links-shape", |parts| {
        parts.links = Some((vec![1, 3], vec![0, 1, 2]));
        parts.relations = vec![0];
    });
    wrong("link-relations-length", |parts| {
        parts.links = Some((vec![1, 2], vec![0, 1]));
        parts.relations = vec![0, 1];
    });
    wrong("link-relation-out-of-range", |parts| {
        parts.links = Some((vec![1, 2], vec![0, 1]));
        parts.relations = vec![2];
    });
    wrong("subtopic-of-no-query", |parts| parts.subtopics = Some(vec![0, 1, 5, 2, 1, 5]));
    wrong("negative-subtopic", |parts| parts.subtopics = Some(vec![0, 1, -5]));
    wrong("aspect-of-no-query", |parts| parts.aspects = Some((3, vec![1.0, 3.0, 4.0, 2.0, 3.0, 4.0, 0.5, 3.0, 4.0])));
    wrong("aspects-width", |parts| parts.aspects = Some((2, vec![1.0, 3.0, 0.0, 3.0])));
    wrong("infinite-aspect", |parts| parts.aspects = Some((3, vec![1.0, 3.0, f32::INFINITY])));
    wrong("aspects-of-bits", |parts| {
        (parts.distance, parts.aspects) = (Some("hamming"), Some((3, vec![1.0, 3.0, 4.0])));
        (parts.train.1, parts.test.1) = (vec![0.0; 8], vec![0.0; 4]);
        parts.distances.1 = vec![0.0; 4];
    });
    wrong("names-length", |parts| parts.names = Some(vec!["a", "b"]));
}

/// The same judgement twice is one; the row before it is of another query.
#[test]
fn judgements() {
    wrong("two-grades", |parts| parts.qrels = Some(vec![0, 1, 2, 1, 1, 3, 0, 3, 1, 0, 1, 2, 0, 1, -2, 1, 1, 4]));
    wrong("qrels-of-no-item", |parts| parts.qrels = Some(vec![0, 1, -2, 0, 4, -2]));
    let folder = tempfile::tempdir().expect("a folder");
    let judged = Parts { qrels: Some(vec![0, 1, 2, 0, 1, 2, 1, 0, i32::MAX, 1, 2, -7]), ..Parts::default() };
    judged.write(&folder.path().join("x.hdf5"));
    let output = swath(folder.path(), &["datasets", "info", "x.hdf5"]);
    let text = support::stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("1 of 4 grades in `qrels` is below 0 and counts as 0, not relevant"), "{text}");
}
