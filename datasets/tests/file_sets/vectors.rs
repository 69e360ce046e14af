//! Vectors and true neighbours whose files leave it open what they mean.

use super::{folder, npy_bytes, read};
use serde_json::json;

/// pandas numbers the columns of a table that has no names for them.
#[test]
fn a_first_line_of_the_numbers_of_columns_is_no_vector() {
    let folder = folder(&[
        ("v.csv", "0,1\n0.5,0\n1,0\n"),
        ("q.csv", "1,0\n"),
        ("whole.tsv", "0\t1\n3\t4\n"),
        ("one.csv", "0\n1\n"),
        ("one-query.csv", "2\n"),
    ]);
    let of = |vectors: &str, queries: &str| {
        let all = json!({ "vectors": vectors, "queries": queries, "ids": null, "query-ids": null });
        read(folder.path(), all).expect("read")
    };
    let dataset = of("v.csv", "q.csv");
    assert_eq!((dataset.train.len(), dataset.test.len(), dataset.train.dim()), (2, 1, 2));
    let note = "the first line of v.csv is 0 to 1: it is read as the names of columns";
    assert!(dataset.notes.iter().any(|other| other == note), "{:?}", dataset.notes);
    assert_eq!(of("whole.tsv", "q.csv").train.len(), 1);
    assert_eq!(of("one.csv", "one-query.csv").train.len(), 2);
}

/// A NumPy file of bytes.
fn bytes(kind: &str, rows: &[[i8; 3]]) -> Vec<u8> {
    let values = rows.as_flattened().iter().map(|value| value.cast_unsigned());
    npy_bytes(&format!("|{kind}"), [rows.len(), 3], values)
}

/// Signs are no packed bits, unless it is said how many bits there are.
#[test]
fn signed_bytes_below_0_are_packed_bits_only_with_a_dimension() {
    let folder = folder(&[]);
    let write = |name: &str, kind: &str, rows: &[[i8; 3]]| {
        std::fs::write(folder.path().join(name), bytes(kind, rows)).expect("written");
    };
    write("signs.npy", "i1", &[[1, -1, 1], [-1, -1, 1]]);
    write("query.npy", "i1", &[[1, 1, 0]]);
    write("packed.npy", "u1", &[[1, -1, 1], [-1, -1, 1]]);
    let of = |vectors: &str, queries: &str, dimension: Option<usize>| {
        let mut all =
            json!({ "vectors": vectors, "queries": queries, "ids": null, "query-ids": null, "distance": "hamming" });
        all["dimension"] = json!(dimension);
        read(folder.path(), all).map(|dataset| dataset.train.dim())
    };
    let signs =
        "row 0, column 1: the value is -1 (the first of 3 like it); expected 0 and 1 (with signs, x > 0); or bytes";
    for (vectors, queries) in [("signs.npy", "query.npy"), ("query.npy", "signs.npy")] {
        let message = of(vectors, queries, None).expect_err("signs");
        assert!(message.starts_with(&format!("signs.npy: {signs}")), "{message}");
    }
    assert_eq!(of("signs.npy", "query.npy", Some(24)), Ok(24));
    assert_eq!(of("packed.npy", "query.npy", None), Ok(24));
    assert_eq!(of("query.npy", "query.npy", None), Ok(3));
}

/// True neighbours are one array of several; every column of a Parquet file may be a coordinate; an index may have the ids.
#[test]
fn parts_are_found_in_files_that_have_several() {
    let folder = folder(&[]);
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrays");
    for name in ["truth.npz", "coordinates.parquet", "with-ids.faiss", "little-f4.npy"] {
        std::fs::copy(fixtures.join(name), folder.path().join(name)).expect("copied");
    }
    let all = json!({
        "vectors": "coordinates.parquet", "queries": "little-f4.npy", "query-ids": null,
        "ids": { "file": "with-ids.faiss", "part": "ids" },
        "neighbors": { "file": "truth.npz", "part": "neighbors" },
    });
    let dataset = read(folder.path(), all).expect("read");
    assert_eq!(dataset.train_labels.ids.expect("ids").get(2), "20");
    assert_eq!((dataset.neighbors.count, dataset.neighbors.ids(3)), (1, &[3][..]));
    assert_eq!(dataset.train, dataset.test);
    let note = "each of the 3 columns of coordinates.parquet is read as a coordinate: `x0`, `x1`, `x2`";
    assert!(dataset.notes.iter().any(|other| other == note), "{:?}", dataset.notes);
}

#[test]
fn neighbours_and_ids_that_are_wrong_are_named_as_the_file_has_them() {
    let folder = folder(&[
        ("few.csv", "a\nb\nc\nd\n"),
        ("far.csv", "3,1,2\n2,-1,60\n"),
        ("below.csv", "3,-5,2\n2,-1,0\n"),
        ("again.csv", "2,1,0\n3,3,1\n"),
    ]);
    for (others, expected) in [
        (
            json!({ "ids": "few.csv" }),
            "few.csv: `ids`: it has 3 values; expected 4, one for each base vector; the first line of a table names its columns",
        ),
        (
            json!({ "neighbors": { "file": "docs.npy", "part": "x" } }),
            "docs.npy: `x`: the file has no such part; expected no name",
        ),
        (
            json!({ "neighbors": "far.csv" }),
            "far.csv: `neighbors`, row 1, column 2: the value is 60; expected 0 to 3: the row of a base vector",
        ),
        (
            json!({ "neighbors": "below.csv" }),
            "below.csv: `neighbors`, row 0, column 1: the value is -5; expected 0 to 3",
        ),
        (
            json!({ "neighbors": "again.csv" }),
            "again.csv: `neighbors`, row 1, column 1: the value is 3, which the row has before; expected each neighbour once",
        ),
    ] {
        let message = read(folder.path(), others.clone()).map(drop).expect_err(expected);
        assert!(message.starts_with(expected), "{others}:\n{message}");
    }
}
