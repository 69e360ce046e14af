//! Datasets whose parts are files of their own: right ones are read whole, wrong ones are refused with what, where and how many.

mod beir;
mod tables;
mod vectors;

use std::path::Path;
use swath_algorithms::{Distance, Vectors};
use swath_datasets::files::{Part, Parts};
use swath_datasets::{Aspects, Dataset, FileSet, Groups, Labels, Location, ann_benchmarks, format};

/// The bytes of a `.npy` file: values of a type, in rows and columns.
fn npy_bytes(kind: &str, [rows, columns]: [usize; 2], values: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

/// A `.npy` file of `f4` rows.
fn npy(path: &Path, rows: &[[f32; 2]]) {
    let values = rows.as_flattened().iter().flat_map(|value| value.to_le_bytes());
    std::fs::write(path, npy_bytes("<f4", [rows.len(), 2], values)).expect("written");
}

/// A folder with four base vectors, two queries, and what is said of them.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    npy(&folder.path().join("docs.npy"), &[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [5.0, 5.0]]);
    npy(&folder.path().join("queries.npy"), &[[0.1, 0.0], [5.0, 4.0]]);
    let texts = [("ids.txt", "a\nb\nc\nd\n"), ("query-ids.txt", "q1\nq2\n")];
    for (name, text) in texts.iter().chain(files) {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

/// Reads a set of the files above and of others, given as JSON.
fn read(folder: &Path, others: serde_json::Value) -> Result<Dataset, String> {
    let mut all = serde_json::json!({
        "vectors": "docs.npy", "queries": "queries.npy", "distance": "euclidean",
        "ids": "ids.txt", "query-ids": "query-ids.txt",
    });
    let (Some(all_of), serde_json::Value::Object(others)) = (all.as_object_mut(), others) else { panic!("objects") };
    others.into_iter().for_each(|(key, value)| drop(all_of.insert(key, value)));
    all_of.retain(|_, value| !value.is_null());
    let files: FileSet = serde_json::from_value(all).expect("a set of files");
    let location = Location::from(files.beside(folder));
    let shown = folder.to_string_lossy().into_owned() + "/";
    let sizes = location.sizes(&(1 << 30).into()).map_err(|error| error.to_string().replace(&shown, ""))?;
    let dataset = location.read(&(1 << 30).into()).map_err(|error| error.to_string().replace(&shown, ""))?;
    assert_eq!((sizes.train, sizes.test, sizes.dim), (dataset.train.len(), dataset.test.len(), dataset.train.dim()));
    assert_eq!(sizes.neighbors, dataset.neighbors.count);
    assert_eq!((sizes.qrels.is_some(), sizes.links.is_some()), (dataset.qrels.is_some(), dataset.links.is_some()));
    dataset.check().expect("valid");
    Ok(dataset)
}

#[test]
fn all_parts_are_read() {
    let folder = folder(&[
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq2\td\t2\nq1\tb\t1\nq1\ta\t0\n"),
        ("diversity.txt", "q1 1 a 1\nq1 2 a 1\nq1 2 b 1\nq2 1 d 0\nq2 3 c 1\n"),
        ("links.csv", "source,target,relation\na,b,near\nd,a,\"far, away\"\n"),
        ("links2.csv", "a,b,near\nd,a,far\n"),
        ("groups.csv", "item,group\nd,west\na,east\nb,west\n"),
        ("one.csv", "east\nwest\n\"\"\nwest\n"),
        ("names.csv", "name,text\nAnna,the first\nBert,the second\nCleo,\"the third, long\"\nDora,the fourth\n"),
    ]);
    let dataset = read(
        folder.path(),
        serde_json::json!({
            "qrels": "qrels.tsv", "subtopics": "diversity.txt", "links": "links2.csv",
            "groups": { "side": "groups.csv", "other": "one.csv" },
            "names": { "file": "names.csv", "column": "name" }, "texts": { "file": "names.csv", "column": "text" },
        }),
    )
    .expect("read");
    assert_eq!(
        (dataset.distance, dataset.neighbors.ids(0), dataset.neighbors.ids(1)),
        (Distance::Euclidean, &[0, 1, 2, 3][..], &[3, 2, 1, 0][..])
    );
    let qrels = dataset.qrels.expect("judgements");
    assert_eq!((qrels.of(0), qrels.of(1)), (&[(0, 0), (1, 1)][..], &[(3, 2)][..]));
    let subtopics = dataset.subtopics.expect("subtopics");
    assert_eq!((subtopics.of(0), subtopics.of(1)), (&[(0, 1), (0, 2), (1, 2)][..], &[(2, 3)][..]));
    let links = dataset.links.expect("links");
    assert_eq!(
        (links.edges, links.relations, links.relation),
        (vec![[0, 1], [3, 0]], vec!["far".into(), "near".into()], vec![1, 0])
    );
    let of = |name: &str, labels: [&str; 4]| Groups::of_labels(name, labels);
    assert_eq!(dataset.groups, [of("other", ["east", "west", "", "west"]), of("side", ["east", "west", "", "west"])]);
    assert_eq!((dataset.train_labels.name(2), dataset.test_labels.name(1)), (Some("Cleo"), Some("q2")));
    assert_eq!(dataset.train_labels.texts.expect("texts").get(2), "the third, long");
    let refused = read(folder.path(), serde_json::json!({ "links": "links.csv" })).expect_err("a comma");
    assert_eq!(
        refused,
        "links.csv: line 3: the relation is `far, away`; expected the name of a relation, without a comma"
    );
}

/// The number of a query, not its id, stands before each vector.
#[test]
fn sub_queries_are_rows_of_a_query_and_a_vector() {
    let folder = folder(&[
        ("aspects.csv", "1,0.5,0.25\n0,3,4\n1,-1,0.001\n"),
        ("far.csv", "1,0.5,0.25\n2,3,4\n"),
        ("narrow.csv", "1,0.5\n1,0.5\n"),
    ]);
    let of = |file: &str| serde_json::json!({ "aspects": file });
    let aspects = read(folder.path(), of("aspects.csv")).expect("read").aspects.expect("sub-queries");
    let expected = Vectors::new(&[0.5, 0.25, 3.0, 4.0, -1.0, 0.001], 2).expect("finite");
    assert_eq!(aspects, Aspects::new(2, &[1, 0, 1], &expected));
    let refused = |others| read(folder.path(), others).expect_err("wrong");
    assert_eq!(
        refused(of("far.csv")),
        "far.csv: row 1, column 0: the value is 2; expected a whole number, 0 to 1: the number of a query, which stands before its vector"
    );
    assert_eq!(
        refused(of("narrow.csv")),
        "narrow.csv: `aspects`: it has 2 columns; expected 3: the number of a query, then the 2 values of its vector"
    );
    let jaccard = serde_json::json!({ "aspects": "aspects.csv", "vectors": "bits.csv", "queries": "bits.csv", "ids": null, "query-ids": null, "distance": "jaccard" });
    std::fs::write(folder.path().join("bits.csv"), "0,1\n1,1\n").expect("written");
    assert_eq!(
        refused(jaccard),
        "aspects.csv: `aspects`: it has dense vectors, and the dataset has sets; expected dense vectors in the dataset; or leave \
         `aspects` out"
    );
}

/// Without ids rows are numbers; several files are one after another.
#[test]
fn rows_are_numbers_without_ids_and_files_may_be_parts() {
    let folder = folder(&[("qrels.txt", "1 0 7 1\n0 0 4 3\n")]);
    let parts = serde_json::json!({
        "vectors": ["docs.npy", "queries.npy", "docs.npy"], "ids": null, "query-ids": null, "qrels": "qrels.txt",
    });
    let dataset = read(folder.path(), parts).expect("read");
    assert_eq!((dataset.train.len(), dataset.train_labels), (10, Labels::default()));
    let qrels = dataset.qrels.expect("judgements");
    assert_eq!((qrels.of(0), qrels.of(1)), (&[(4, 3)][..], &[(7, 1)][..]));
}

/// The second column of TREC's judgements is a subtopic where it varies.
#[test]
fn a_varying_iteration_is_a_subtopic() {
    let folder = folder(&[("qrels.txt", "q1 1 a 1\nq1 2 a 3\nq1 2 b 0\nq2 0 d 2\nq2 0 c -2\n")]);
    let dataset = read(folder.path(), serde_json::json!({ "qrels": "qrels.txt" })).expect("read");
    let qrels = dataset.qrels.expect("judgements");
    assert_eq!((qrels.of(0), qrels.of(1)), (&[(0, 3), (1, 0)][..], &[(2, 0), (3, 2)][..]));
    let subtopics = dataset.subtopics.expect("subtopics");
    assert_eq!((subtopics.of(0), subtopics.of(1)), (&[(0, 1), (0, 2)][..], &[(3, 0)][..]));
    let has = |note: &str| assert!(dataset.notes.iter().any(|other| other == note), "{:?}", dataset.notes);
    has("the second column of qrels.txt varies: it is read as the number of a subtopic");
    has("1 of 4 grades in qrels.txt is below 0 and counts as 0, not relevant");
}

#[test]
fn nuggets_are_subtopics() {
    let fresh = r#"{"query_id": "q1", "nuggets": [
        {"_id": "n1", "text": "x", "relevant_corpus_ids": ["a", "zz"], "non_relevant_corpus_ids": ["b"]},
        {"_id": "n2", "text": "y", "relevant_corpus_ids": []}, {"_id": "n3", "text": "z", "relevant_corpus_ids": ["b", "a"]}]}"#;
    let covered = r#"[{"topic_id": "q2", "query": "?", "nuggets": ["first fact", "second fact"],
        "labels": [["d", "second fact"], {"doc_id": "c", "nugget": 0}]}]"#;
    let folder = folder(&[("fresh.jsonl", &fresh.replace('\n', " ")), ("covered.json", covered)]);
    let dataset = read(folder.path(), serde_json::json!({ "subtopics": "fresh.jsonl" })).expect("read");
    assert_eq!(dataset.subtopics.expect("subtopics").of(0), [(0, 0), (0, 2), (1, 2)]);
    let has = |part: &str| assert!(dataset.notes.iter().any(|note| note.contains(part)), "{:?}", dataset.notes);
    has("1 of 3 nuggets in fresh.jsonl has no document in the dataset: it is left out");
    has(
        "1 of 4 nuggets' documents in fresh.jsonl is left out: its id is not in the dataset (no base vector has the id `zz`)",
    );
    let dataset = read(folder.path(), serde_json::json!({ "subtopics": "covered.json" })).expect("read");
    assert_eq!(dataset.subtopics.expect("subtopics").of(1), [(2, 0), (3, 1)]);
}

/// What is counted and told, and what goes on.
#[test]
fn unknown_ids_and_repeated_judgements_are_counted() {
    let folder = folder(&[
        ("qrels.txt", "q1 0 a 1\nq1 0 x7 1\nq9 0 a 1\nq1 0 a 1\n"),
        ("links.csv", "source,target\na,b\na,zz\n"),
        ("groups.csv", "item,group\na,east\nzz,west\n"),
    ]);
    let all = serde_json::json!({ "qrels": "qrels.txt", "links": "links.csv", "groups": "groups.csv" });
    let dataset = read(folder.path(), all.clone());
    // The links that the header counts are those of the file.
    let notes = match dataset {
        Ok(dataset) => dataset.notes,
        Err(error) => panic!("{error}"),
    };
    for expected in [
        "2 of 4 judgements in qrels.txt are left out: their ids are not in the dataset (no base vector has the id `x7`)",
        "1 judgement in qrels.txt is there twice, in lines 1 and 4: it counts once",
        "1 of 2 links in links.csv is left out: its id is not in the dataset (no base vector has the id `zz`)",
        "1 of 2 rows in groups.csv is left out: its id is not in the dataset (no base vector has the id `zz`)",
    ] {
        assert!(notes.iter().any(|note| note == expected), "{expected}\n{notes:?}");
    }
}

/// Files that are wrong, each in one thing.
const WRONG: [(&str, &str); 11] = [
    ("twice.txt", "q1 0 a 1\nq2 0 d 1\nq1 0 a 2\nq2 0 d 3\n"),
    ("strangers.txt", "7 0 8 1\n7 0 9 1\n"),
    ("words.txt", "q1 0 a good\nq1 0 b 1.5\n"),
    ("narrow.txt", "q1 a 1\nq1 a\n"),
    ("same-ids.txt", "a\nb\na\nb\n"),
    ("few-ids.txt", "a\nb\n"),
    ("groups.csv", "item,group\na,east\na,west\n"),
    ("group-of-none.csv", "item,group\nzz,east\n"),
    ("links-of-none.csv", "source,target\na,zz\nyy,b\n"),
    ("other.csv", "left,right\na,b\n"),
    ("nuggets.json", r#"{"query_id": "q1", "facts": []}"#),
];

/// Groups and links are of base vectors alone.
#[test]
fn a_file_without_a_known_id_is_told_what_its_rows_should_be_of() {
    let folder = folder(&WRONG);
    for (key, file, is_not) in [
        ("groups", "group-of-none.csv", "its only row is not of a base vector"),
        ("links", "links-of-none.csv", "none of its 2 links is between two base vectors"),
    ] {
        let found = read(folder.path(), serde_json::json!({ key: file })).expect_err(file);
        let expected =
            format!("{file}: the ids: {is_not} of the dataset: no base vector has the id `zz`; expected ids");
        assert!(found.starts_with(&expected), "{found}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_name_and_place() {
    let nan = [[0.0, f32::NAN], [f32::INFINITY, 1.0]];
    let folder = folder(&WRONG);
    npy(&folder.path().join("nan.npy"), &nan);
    std::fs::write(folder.path().join("latin.txt"), b"q1 0 a 1\nq1 0 \xe4 1\n").expect("written");
    for (others, expected) in [
        (
            serde_json::json!({ "qrels": "twice.txt" }),
            "twice.txt: lines 1 and 3: query `q1` and document `a` have grade 1 in the first and 2 in the second (the first of 2 like it); expected one grade for each query and document",
        ),
        (
            serde_json::json!({ "qrels": "strangers.txt" }),
            "strangers.txt: the ids: none of its 2 judgements is of a query and a base vector of the dataset: no query has the id `7`; expected ids such as `q1`; `query-ids` names the file of others",
        ),
        (
            serde_json::json!({ "qrels": "words.txt" }),
            "words.txt: line 1: the grade is `good` (the first of 2 like it); expected a whole number; TREC's",
        ),
        (
            serde_json::json!({ "qrels": "narrow.txt" }),
            "narrow.txt: line 2: it has 2 fields between spaces; expected TREC's",
        ),
        (serde_json::json!({ "qrels": "latin.txt" }), "latin.txt: line 2: it is not UTF-8; expected UTF-8; `iconv"),
        (
            serde_json::json!({ "ids": "same-ids.txt" }),
            "same-ids.txt: `ids`, row 2: the id `a` is that of row 0, too (the first of 2 like it); expected each id once",
        ),
        (
            serde_json::json!({ "ids": "few-ids.txt" }),
            "few-ids.txt: `ids`: it has 2 values; expected 4, one for each base vector",
        ),
        (
            serde_json::json!({ "names": "few-ids.txt" }),
            "few-ids.txt: `names`: it has 2 values; expected 4, one for each base vector",
        ),
        (
            serde_json::json!({ "groups": "groups.csv" }),
            "groups.csv: lines 2 and 3: `a` belongs to `east` in the first and to `west` in the second; expected one group",
        ),
        (
            serde_json::json!({ "qrels": "other.csv" }),
            "other.csv: line 1: it has 2 fields between commas (the first of 2 like it); expected TREC's `topic iteration document grade`",
        ),
        (
            serde_json::json!({ "subtopics": "nuggets.json" }),
            "nuggets.json: the file: it has no list `nuggets`; its keys are facts, query_id; expected for each query",
        ),
        (
            serde_json::json!({ "vectors": "nan.npy", "ids": null }),
            "nan.npy: row 0, column 1: the value is NaN (the first of 2 like it); expected a finite number within the range of f32; leave such rows out",
        ),
        (
            serde_json::json!({ "qrels": "none.txt" }),
            "none.txt: `qrels`: the file does not exist; expected a path that starts",
        ),
        (
            serde_json::json!({ "distance": "hamming" }),
            "docs.npy: row 2, column 1: the value is 2; expected 0 or 1; or bytes with eight bits each",
        ),
        (
            serde_json::json!({ "distance": "jaccard", "dimension": 3 }),
            "docs.npy: row 2, column 1: the value is 2; expected 0 or 1",
        ),
        (
            serde_json::json!({ "dimension": 3 }),
            "docs.npy: `vectors`: its rows have 2 values, and `dimension` is 3; expected the same; or leave `dimension` out",
        ),
        (
            serde_json::json!({ "neighbors": "docs.npy" }),
            "docs.npy: `neighbors`: it has 4 rows of 2 neighbours; expected 2 rows, one for each query",
        ),
    ] {
        let refused = read(folder.path(), others.clone()).map(drop).expect_err(expected);
        assert!(refused.starts_with(expected), "{others}:\n{refused}\n{expected}");
    }
}

/// The same content under other names has the same hash; another distance has another.
#[test]
fn a_hash_is_of_the_content() {
    let folder = folder(&[]);
    std::fs::copy(folder.path().join("docs.npy"), folder.path().join("copy.npy")).expect("copied");
    let of = |vectors: &str, distance| {
        FileSet::new(vectors.into(), "queries.npy".into(), distance).beside(folder.path()).sha256().expect("hashed")
    };
    let plain = of("docs.npy", Distance::Euclidean);
    assert_eq!(of("copy.npy", Distance::Euclidean), plain);
    assert_ne!(of("docs.npy", Distance::Angular), plain);
    assert_ne!(of("queries.npy", Distance::Euclidean), plain);
}

/// Stored neighbours are used, whatever their distances are in, and padded where a query has fewer.
#[test]
fn stored_neighbours_are_used() {
    let folder = folder(&[]);
    let mut truth = [2_u32, 2].map(u32::to_le_bytes).concat();
    [1_u32, 0, 3, u32::MAX].iter().for_each(|id| truth.extend(id.to_le_bytes()));
    [0.81_f32, 0.01, 1.0, 0.0].iter().for_each(|distance| truth.extend(distance.to_le_bytes()));
    std::fs::write(folder.path().join("truth.ibin"), truth).expect("written");
    let dataset = read(folder.path(), serde_json::json!({ "neighbors": "truth.ibin" })).expect("read");
    assert_eq!((dataset.neighbors.ids(0), dataset.neighbors.ids(1)), (&[0, 1][..], &[3][..]));
    assert!((dataset.neighbors.distances(0)[0] - 0.1).abs() < 1e-6 && dataset.neighbors.count == 2);
    assert!(dataset.notes.iter().any(|note| note.contains("computed again from the vectors")), "{:?}", dataset.notes);
}

/// Files that hold the same five rows of three numbers, as each format stores them, and the column or array of those that need its
/// name. (`reads_array_files.rs` compares the numbers themselves.)
const SAME: &[(&str, Option<&str>)] = &[
    ("little-f4.npy", None),
    ("little-f8.npy", None),
    ("little-f2.npy", None),
    ("big-f4.npy", None),
    ("fortran-f4.npy", None),
    ("one.npz", None),
    ("plain.fbin", None),
    ("wide.fbin", None),
    ("plain.f16bin", None),
    ("plain.fvecs", None),
    ("plain.csv", None),
    ("plain.parquet", None),
    ("fixed.parquet", None),
    ("lists-zstd.parquet", None),
    ("one.safetensors", None),
    ("l2.faiss", None),
];

/// Each format gives the dataset that the plainest gives, and it is that dataset again after it was written as HDF5.
#[test]
fn every_format_becomes_the_same_hdf5_file() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrays");
    let folder = tempfile::tempdir().expect("a folder");
    let mut first: Option<(Dataset, Vec<u8>)> = None;
    for (name, part) in SAME {
        let files = Parts(vec![Part { file: fixtures.join(name), part: part.map(str::to_owned) }]);
        let queries = fixtures.join("little-f4.npy");
        let set = FileSet { vectors: files, ..FileSet::new(queries.clone(), queries, Distance::Euclidean) };
        let dataset = set.read(&(1 << 30).into()).map_err(|error| error.to_string()).expect(name);
        let path = folder.path().join("x.hdf5");
        ann_benchmarks::write(&path, &dataset).expect("written");
        let (read, bytes) = (format::read(&path, 1 << 30).expect("read"), std::fs::read(&path).expect("read"));
        assert!(read.same(&dataset), "{name}");
        let (same, same_bytes) = first.get_or_insert_with(|| (read.clone(), bytes.clone()));
        assert!(read.same(same) && bytes == *same_bytes, "{name}");
    }
}
