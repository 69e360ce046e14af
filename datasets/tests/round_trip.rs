//! A dataset is read as it was written; a wrong file is refused with what is wrong, where, and what would be right.

use std::path::Path;
use swath_algorithms::{Distance, Vectors};
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, Hdf5Writer, MEMORY, Values};
use swath_datasets::{
    Aspects, Dataset, DatasetError, Groups, Labels, Links, Neighbors, Stored, Subtopics, ann_benchmarks, format,
};

fn dataset() -> Dataset {
    Dataset {
        train: Vectors::new(&(0..3000).map(|i| (i * i % 97) as f32).collect::<Vec<_>>(), 2).expect("finite").into(),
        test: Vectors::new(&[0.5, -1.0, 1e-30, 3.4e38], 2).expect("finite").into(),
        distance: Distance::Angular,
        neighbors: Neighbors {
            count: 2,
            ids: vec![7, 1499, 0, 3],
            distances: vec![-5e-7, 0.25, 1.0, 1.5],
            stored: Stored::Float32,
        }
        .rounded(),
        links: Some(Links {
            edges: vec![[0, 1499], [3, 4]],
            relations: vec!["a".into(), "b".into()],
            relation: vec![1, 0],
        }),
        subtopics: Some(Subtopics::new(2, vec![[1, 2, 3], [0, 9, 0]])),
        qrels: Some(Subtopics::new(2, vec![[1, 4, 2], [1, 5, 0]])),
        aspects: Some(Aspects::new(
            2,
            &[1, 0, 1],
            &Vectors::new(&[0.1, 1e-30, -3.4e38, 7.0, 0.25, 1.0 / 3.0], 2).expect("finite"),
        )),
        groups: vec![
            Groups { name: "number".into(), of: (0..1500).map(|i| i % 7 - 1).collect(), labels: Vec::new() },
            Groups::of_labels(
                "séller",
                (0..1500).map(|i| if i % 3 == 0 { String::new() } else { format!("s{}", i % 11) }),
            ),
        ],
        train_labels: Labels {
            ids: Some((0..1500).map(|i| format!("d{i}")).collect()),
            texts: Some((0..1500).map(|i| "text ".repeat(i % 50)).collect()),
            ..Labels::of_names((0..1500).map(|i| format!("nämé {i}")))
        },
        test_labels: Labels::of_names(["", "漢字"]),
        notes: Vec::new(),
        history: vec!["drawn".into(), "sampled".into()],
    }
}

trait Rounded {
    fn rounded(self) -> Self;
}

impl Rounded for Neighbors {
    /// With distances in single precision, as they are stored.
    fn rounded(mut self) -> Self {
        self.distances.iter_mut().for_each(|d| *d = f64::from(*d as f32));
        self
    }
}

fn same(a: &Dataset, b: &Dataset) {
    assert!(a.train == b.train && a.test == b.test);
    assert_eq!((&a.neighbors, &a.links, &a.subtopics, &a.qrels), (&b.neighbors, &b.links, &b.subtopics, &b.qrels));
    assert_eq!(a.aspects, b.aspects);
    assert_eq!((a.distance, &a.groups, &a.history), (b.distance, &b.groups, &b.history));
    assert_eq!((&a.train_labels, &a.test_labels), (&b.train_labels, &b.test_labels));
}

#[test]
fn a_dataset_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("a.hdf5"), folder.path().join("b.hdf5"));
    let mut dataset = dataset();
    for strip in [false, true] {
        if strip {
            (dataset.links, dataset.subtopics, dataset.groups) = (None, None, Vec::new());
            dataset.aspects = Some(Aspects::new(2, &[], &Vectors::new(&[], 2).expect("none")));
            (dataset.train_labels, dataset.test_labels) = (Labels::default(), Labels::default());
        }
        ann_benchmarks::write(&first, &dataset).expect("written");
        ann_benchmarks::write(&second, &dataset).expect("written");
        same(&format::read(&first, MEMORY).expect("read"), &dataset);
        assert_eq!(std::fs::read(&first).expect("read"), std::fs::read(&second).expect("read"), "equal bytes");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing else is left behind");
}

#[test]
fn nothing_is_written_that_could_not_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let mut wrong = dataset();
    wrong.neighbors.ids[0] = 1500;
    assert!(matches!(ann_benchmarks::write(&path, &wrong), Err(DatasetError::Invalid { .. })));
    assert!(ann_benchmarks::write(&folder.path().join("no/such/a.hdf5"), &dataset()).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    let mut far = dataset();
    far.distance = Distance::Euclidean;
    far.neighbors.distances = vec![0.0, 1e39, 0.0, 0.1];
    far.neighbors.stored = Stored::Float64;
    ann_benchmarks::write(&path, &far).expect("written");
    same(&format::read(&path, MEMORY).expect("read"), &far);
}

#[cfg(unix)]
#[test]
fn a_written_file_is_readable_as_other_new_files_are() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, plain) = (folder.path().join("a.hdf5"), folder.path().join("plain"));
    Hdf5Writer::new().text("a", "b").write(&ours).expect("written");
    std::fs::write(&plain, "").expect("written");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

#[test]
fn groups_attributes_and_empty_arrays_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let mut file = Hdf5Writer::new();
    file.text("text", "später").integer("count", -3).float("time", 0.1).boolean("batch_mode", true).text("none", "");
    file.array("top", &[2, 2], Values::I64(&[i64::MIN, -1, 0, i64::MAX])).array_text("of", "it");
    file.array("swath/ids", &[3], Values::I32(&[-1, 0, 5]));
    file.array("swath/values", &[2], Values::F64(&[f64::NAN, f64::INFINITY]));
    file.array("empty", &[0, 3], Values::F32(&[])).array("no_names", &[0], Values::Text(&[]));
    file.write(&path).expect("written");
    let file = Hdf5File::open(&path, MEMORY).expect("opened");
    let attributes = file.attributes().expect("read");
    let expected = [
        ("text", Attribute::Text("später".into())),
        ("count", Attribute::Integer(-3)),
        ("time", Attribute::Float(0.1)),
        ("batch_mode", Attribute::Integer(1)),
        ("none", Attribute::Text(String::new())),
    ];
    assert_eq!(attributes, expected.map(|(name, value)| (name.to_owned(), value)).into());
    assert_eq!(file.integers("top").expect("read"), [i64::MIN, -1, 0, i64::MAX]);
    assert_eq!(file.attribute_of("top", "of").expect("read"), Some(Attribute::Text("it".into())));
    assert_eq!(file.integers("swath/ids").expect("read"), [-1, 0, 5]);
    assert_eq!(file.names("swath").expect("read"), ["ids", "values"]);
    let values = file.f64s("swath/values").expect("read");
    assert!(values[0].is_nan() && values[1] == f64::INFINITY);
    assert_eq!(file.shape("empty").expect("read"), [0, 3]);
    assert!(file.f32s("empty").expect("read").is_empty() && file.texts("no_names").expect("read").is_empty());
}

/// Flat links, the attribute `relations`, and `link_relations`.
type StoredLinks = (Vec<i32>, &'static str, Option<Vec<i8>>);

/// The parts of a file. Each test case changes one part of a right file.
struct Parts {
    distance: &'static str,
    dimension: i64,
    train: (Vec<usize>, Vec<f64>),
    test: (Vec<usize>, Vec<f32>),
    ids: (Vec<usize>, Vec<i64>),
    distances: (Vec<usize>, Vec<f64>),
    omit: &'static str,
    text_train: bool,
    links: Option<StoredLinks>,
    names: Option<usize>,
    groups: Option<[f64; 3]>,
}

fn parts() -> Parts {
    Parts {
        distance: "euclidean",
        dimension: 2,
        train: (vec![3, 2], vec![0.0, 0.0, 1.0, 0.0, 0.0, 2.0]),
        test: (vec![1, 2], vec![0.0, 0.0]),
        ids: (vec![1, 2], vec![0, 1]),
        distances: (vec![1, 2], vec![0.0, 1.0]),
        omit: "",
        text_train: false,
        links: None,
        names: None,
        groups: None,
    }
}

fn read(parts: &Parts) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    let names: Vec<&str> = vec!["name"; parts.names.unwrap_or(0)];
    let texts = vec!["0"; parts.train.1.len()];
    let mut file = Hdf5Writer::new();
    file.text("distance", parts.distance).integer("dimension", parts.dimension);
    let train = if parts.text_train { Values::Text(&texts) } else { Values::F64(&parts.train.1) };
    let arrays = [
        ("train", &parts.train.0, train),
        ("test", &parts.test.0, Values::F32(&parts.test.1)),
        ("neighbors", &parts.ids.0, Values::I64(&parts.ids.1)),
        ("distances", &parts.distances.0, Values::F64(&parts.distances.1)),
    ];
    for (name, shape, values) in arrays.into_iter().filter(|(name, ..)| *name != parts.omit) {
        file.array(name, shape, values);
    }
    if let Some((links, relations, relation)) = &parts.links {
        file.array("links", &[links.len() / 2, 2], Values::I32(links));
        if !relations.is_empty() {
            file.array_text("relations", relations);
        }
        if let Some(relation) = relation {
            file.array("link_relations", &[relation.len()], Values::I8(relation));
        }
    }
    if parts.names.is_some() {
        file.array("train_names", &[names.len()], Values::Text(&names));
    }
    if let Some(groups) = &parts.groups {
        file.array("groups", &[3], Values::F64(groups));
    }
    file.write(&path).expect("written");
    format::read(&path, MEMORY)
}

/// A change to the parts, and the message that names it.
type Case = (fn(&mut Parts), &'static str);

const CASES: &[Case] = &[
    (|p| p.omit = "train", "`train`: it is missing; expected an ann-benchmarks dataset"),
    (|p| p.omit = "distances", "`distances`: it is missing"),
    (
        |p| p.distance = "cos",
        "attribute `distance`: it is \"cos\"; expected \"euclidean\" or \"angular\" or \"ip\" or \"hamming\" or \
         \"jaccard\", or one of their other names: cosine, l2, dot, inner, inner_product, mips, normalized",
    ),
    (
        |p| p.distance = "jaccard",
        "`train`, row 2, column 1: the value is 2; expected 0 or 1, for each member whether the set has it; or the members \
         of all sets, with their number in `size_train` and `size_test`",
    ),
    (
        |p| p.distance = "hamming",
        "`train`, row 2, column 1: the value is 2; expected 0 or 1; or, where eight bits are packed into a byte, their",
    ),
    (|p| p.dimension = 0, "attribute `dimension`: it is 0; expected at least 1, and below 2^31"),
    (|p| p.dimension = 3, "attribute `dimension`: it is 3; expected 2, the width of `train`"),
    (|p| p.train.0 = vec![6], "`train`: its shape is 6; expected rows and columns"),
    (
        |p| (p.distance, p.train.0) = ("jaccard", vec![6]),
        "`train`: its shape is 6; expected rows and columns, or, for sets one after another, their sizes as `size_train`",
    ),
    (|p| p.train = (vec![0, 2], vec![]), "`train`: its shape is 0 x 2; expected at least one vector"),
    (|p| p.test = (vec![0, 2], vec![]), "`test`: it is empty; expected at least one query"),
    (|p| p.test = (vec![1, 3], vec![0.0; 3]), "`test`: its vectors have 3 values; expected 2, as those of `train`"),
    (|p| p.text_train = true, "`train`: it holds values of variable length; expected numbers"),
    (|p| p.distance = "normalized", "`train`, row 0: its length is 0.0000; expected 1, because the distance is"),
    (
        |p| (p.distance, p.distances.1) = ("IP", vec![2.0, 1.0]),
        "1 comes after 2; expected distances in ascending order: these descend, as inner products do; store their negatives",
    ),
    (|p| p.train.1[3] = f64::NAN, "`train`, row 1, column 1: the value is NaN; expected a finite number"),
    (
        |p| p.train.1[4] = 1e300,
        "`train`, row 2, column 0: the value is 1e300; expected a finite number within the range",
    ),
    (|p| p.train.1.fill(-f64::INFINITY), "row 0, column 0: the value is -inf (the first of 6 like it)"),
    (|p| p.ids = (vec![2, 1], vec![0, 1]), "`neighbors`: it has 2 rows; expected 1, one for each query in `test`"),
    (|p| p.distances = (vec![1, 1], vec![0.0]), "`distances`: its shape is 1 x 1; expected 1 x 2, as `neighbors`"),
    (|p| p.ids.1[1] = -2, "`neighbors`, row 0, column 1: the value is -2; expected 0 to 2: a row of `train`"),
    (|p| p.ids.1[1] = 1 << 32, "`neighbors`, row 0, column 1: the value is 4294967296; expected 0 to 2"),
    (|p| p.ids.1[1] = 0, "`neighbors`, row 0: id 0 appears twice; expected each neighbour once"),
    (
        |p| p.ids.1[0] = -1,
        "`neighbors`, row 0, column 1: it comes after -1, which means no neighbour; expected -1 only",
    ),
    (|p| p.distances.1[1] = f64::NAN, "`distances`, row 0, column 1: the value is NaN; expected a finite number"),
    (
        |p| p.distances.1[0] = 2.0,
        "`distances`, row 0, column 1: 1 comes after 2; expected distances in ascending order",
    ),
    (|p| p.links = Some((vec![0, 3], "", None)), "`links`, row 0, column 1: the value is 3; expected 0 to 2: a row of"),
    (|p| p.links = Some((vec![0, 1], "a", None)), "`link_relations`: it is missing"),
    (|p| p.links = Some((vec![0, 1], "", Some(vec![0]))), "attribute `relations` of `links`: it is missing"),
    (|p| p.links = Some((vec![0, 1], "a", Some(vec![0, 0]))), "`link_relations`: it has 2 values; expected 1, one for"),
    (
        |p| p.links = Some((vec![0, 1], "a", Some(vec![-1]))),
        "`link_relations`, row 0: the value is -1; expected 0 to 0",
    ),
    (|p| p.links = Some((vec![0, 1], "a,,b", Some(vec![0]))), "a relation is called \"\""),
    (
        |p| p.groups = Some([0.0, 1.0 / 3.0, 0.0]),
        "`groups`, value 1: it is 0.3333333333333333; expected a whole number, 0 to 2^31 - 1, or -1 for none",
    ),
    (
        |p| p.groups = Some([0.0, 1.0, f64::NAN]),
        "`groups`, value 2: it is NaN; expected a whole number, 0 to 2^31 - 1, or",
    ),
    (|p| p.groups = Some([1e300, 1.0, 0.0]), "expected a whole number, 0 to 2^31 - 1, or -1 for none"),
    (
        |p| p.groups = Some([0.0, 2_147_483_648.0, -2.0]),
        "`groups`, row 1: the value is 2147483648 (the first of 2 like it); expected a whole number, 0 to 2^31 - 1, or -1",
    ),
    (|p| p.names = Some(2), "`train_names`: it has 2 values; expected 3, one for each row"),
];

#[test]
fn every_flaw_of_a_file_is_named() {
    assert!(read(&parts()).is_ok());
    for (break_it, message) in CASES {
        let mut broken = parts();
        break_it(&mut broken);
        let found = read(&broken).expect_err(message).to_string();
        assert!(found.contains(message), "{found}\nshould have: {message}");
        assert!(found.contains("a.hdf5: "), "{found}");
    }
}

#[test]
fn other_names_of_a_distance_are_noted() {
    for (alias, distance) in [
        ("COSINE", Distance::Angular),
        ("L2", Distance::Euclidean),
        ("Euclidean", Distance::Euclidean),
        ("IP", Distance::InnerProduct),
        ("dot", Distance::InnerProduct),
        ("inner", Distance::InnerProduct),
        ("inner_product", Distance::InnerProduct),
        ("MIPS", Distance::InnerProduct),
    ] {
        let mut other = parts();
        other.distance = alias;
        let read = read(&other).expect("valid");
        assert_eq!(read.distance, distance);
        assert_eq!(read.notes, [format!("the file calls its distance `{alias}`, which is read as `{distance}`")]);
    }
    let mut unit = parts();
    unit.distance = "normalized";
    unit.train.1 = vec![0.6, 0.8, 1.0, 0.0, 0.0, -1.0];
    unit.test.1 = vec![1.0, 0.0];
    assert_eq!(read(&unit).expect("of length 1").distance, Distance::Angular);
}

#[test]
fn a_query_with_fewer_true_neighbours_is_read_as_it_was_written() {
    let mut short = parts();
    short.ids.1 = vec![1, -1];
    let dataset = read(&short).expect("valid");
    assert_eq!((dataset.neighbors.ids(0), dataset.neighbors.distances(0)), (&[1][..], &[0.0][..]));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("again.hdf5");
    ann_benchmarks::write(&path, &dataset).expect("written");
    let again = format::read(&path, MEMORY).expect("read");
    assert!(again.same(&dataset));
    let file = Hdf5File::open(&path, MEMORY).expect("opened");
    assert_eq!(file.integers("neighbors").expect("ids"), [1, -1]);
    assert_eq!(file.f64s("distances").expect("distances"), [0.0, f64::INFINITY]);
}

#[test]
fn a_file_that_is_not_hdf5_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let failure = |path: &Path| format::read(path, MEMORY).expect_err("no dataset");
    let path = folder.path().join("a.hdf5");
    assert!(matches!(failure(&path), DatasetError::Io { .. }), "missing");
    assert!(matches!(failure(folder.path()), DatasetError::NoFormat { .. }), "a folder");
    std::fs::write(&path, "").expect("written");
    assert!(failure(&path).to_string().contains("it is empty"));
    std::fs::write(&path, "name,value\n".repeat(1000)).expect("written");
    assert!(matches!(failure(&path), DatasetError::Hdf5(Hdf5Error::NotHdf5 { .. })), "text");
    ann_benchmarks::write(&path, &dataset()).expect("written");
    let whole = std::fs::read(&path).expect("read");
    for length in [8, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).expect("written");
        let message = failure(&path).to_string();
        assert!(message.contains("a.hdf5"), "cut to {length}: {message}");
    }
}

/// If the file were mapped, the process would be killed by a signal.
#[test]
fn a_file_that_is_cut_while_it_is_read_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    ann_benchmarks::write(&path, &dataset()).expect("written");
    let file = Hdf5File::open(&path, MEMORY).expect("opened");
    assert!(file.f32s("train").is_ok());
    std::fs::File::options().write(true).open(&path).and_then(|file| file.set_len(512)).expect("cut");
    assert!(matches!(file.f32s("train"), Err(Hdf5Error::Unreadable { .. })));
}

/// The header claims 1.6 GB in a file of 2 MB: gzip could pack zeros so far.
#[test]
fn little_that_unpacks_to_very_much_is_refused_and_said() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/chunked-gzip-shuffle.hdf5");
    let mut bytes = std::fs::read(source).expect("readable");
    let pair = |rows: u64| [rows.to_le_bytes(), 3_u64.to_le_bytes()].concat();
    let places: Vec<usize> = (0..bytes.len() - 16).filter(|&at| bytes[at..].starts_with(&pair(6))).collect();
    for at in places {
        bytes[at..at + 16].copy_from_slice(&pair(1 << 27));
    }
    bytes.resize(2 << 20, 0);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    let message = format::sizes(file.path(), MEMORY).expect_err("refused").to_string();
    assert!(message.contains("`train`: its 1610612736 bytes are packed into a file of 2097152"), "{message}");
}

/// Names are shown in pages and tables.
#[test]
fn a_name_has_a_bound() {
    let mut long = dataset();
    let (rows, longest) = (long.train.len(), "x".repeat(1 << 16));
    let labels = |name: &str| Labels::of_names((0..rows).map(|row| if row == 1 { name } else { "" }));
    long.train_labels = labels(&longest);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    ann_benchmarks::write(&path, &long).expect("written");
    assert!(format::read(&path, MEMORY).is_ok());
    long.train_labels = labels(&(longest + "x"));
    ann_benchmarks::write(&path, &long).expect("written");
    let message = format::read(&path, MEMORY).expect_err("refused").to_string();
    assert!(
        message.contains("`train_names`, row 1: it has 65537 bytes; expected a name of at most 65536"),
        "{message}"
    );
}

/// Such a file would take hours to hash.
#[test]
fn a_file_with_very_much_behind_it_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    ann_benchmarks::write(&path, &dataset()).expect("written");
    let file = std::fs::File::options().write(true).open(&path).expect("opened");
    file.set_len(1 << 40).expect("a file with a hole");
    let message = format::read(&path, MEMORY).expect_err("refused").to_string();
    assert!(message.contains("the file has 1099511627776 bytes, and says that it has "), "{message}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_not_regular_is_not_opened() {
    for path in ["/dev/zero", "/dev/null"] {
        let message = format::read(Path::new(path), MEMORY).expect_err("refused").to_string();
        assert!(message.contains("only regular files are read"), "{message}");
    }
}

#[test]
fn the_budget_of_memory_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.hdf5");
    ann_benchmarks::write(&path, &dataset()).expect("written");
    let message = format::read(&path, 1000).expect_err("too large").to_string();
    assert!(message.contains("`train`: it needs 12000 bytes of memory; expected at most 1000"), "{message}");
    assert!(format::header(&path).is_ok(), "a header needs none");
}

#[test]
fn the_shipped_dataset_is_what_its_page_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/glove-wordnet-20k.hdf5");
    let page = std::fs::read_to_string(path.with_file_name("README.md")).expect("a page");
    assert!(page.contains(&format::sha256(&path).expect("read")));
    let dataset = format::read(&path, MEMORY).expect("sound");
    let base = swath_algorithms::Base::new(dataset.train.clone(), dataset.distance);
    assert_eq!(swath_datasets::ground_truth::verify(&base, &dataset, 1), None);
    assert!(dataset.doubts().is_empty());
    let entry = swath_datasets::catalogue::find("glove-wordnet-20k").expect("known");
    let sizes = [dataset.train.len(), dataset.test.len(), dataset.train.dim()];
    assert_eq!([entry.train, entry.test, entry.dim], sizes.map(Some));
    let links = dataset.links.expect("links");
    for (i, name) in links.relations.iter().enumerate() {
        let count = links.relation.iter().filter(|&&relation| usize::from(relation) == i).count();
        let digits = count.to_string();
        let count = if digits.len() > 3 {
            format!("{},{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..])
        } else {
            digits
        };
        assert!(page.contains(&format!("| {name} | {count} |")), "{name}: {count}");
    }
}
