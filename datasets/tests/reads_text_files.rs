//! Reads the texts that others wrote; `fixtures/arrays/make.py` says how each file was made.

use std::path::Path;
use swath_datasets::text_file;

const MEMORY: u64 = 1 << 20;

fn read(name: &str, column: Option<&str>, memory: u64) -> Result<Vec<String>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrays/");
    let texts = text_file::texts(&folder.join(name), column, memory);
    let texts = texts.map(|texts| texts.iter().map(str::to_owned).collect());
    texts.map_err(|error| error.to_string().replace(&*folder.to_string_lossy(), ""))
}

fn texts(name: &str, column: Option<&str>) -> Vec<String> {
    read(name, column, MEMORY).unwrap_or_else(|message| panic!("{message}"))
}

fn refusal(name: &str, column: Option<&str>) -> String {
    read(name, column, MEMORY).expect_err("refused")
}

#[test]
fn texts_of_all_formats_are_read() {
    assert_eq!(texts("lines.txt", None), ["one", "", "fünf", "last"]);
    assert_eq!(texts("texts.csv", Some("text")), ["two\nlines", "a \"quote\""]);
    assert_eq!(texts("texts.csv", Some("name")), ["a, b", "c"]);
    assert_eq!(texts("one-column.csv", None), ["first", "second"]);
    assert_eq!(texts("objects.jsonl", None), ["fünf", ""]);
    assert_eq!(texts("objects.jsonl", Some("_id")), ["7", "8"]);
    assert_eq!(texts("texts.jsonl", None), ["one", "2", "three"]);
    assert_eq!(texts("unicode.npy", None), ["one", "fünf", ""]);
    assert_eq!(texts("big-unicode.npy", None), ["one", "fünf", ""]);
    assert_eq!(texts("bytes.npy", None), ["one", "five", ""]);
    assert_eq!(texts("with-ids.faiss", Some("ids")), ["0", "10", "20", "30", "40"]);
    assert_eq!(texts("one-dimension.npy", None), ["0", "1", "2", "3"]);
    let expected: Vec<String> = (0..5).map(|i| format!("Text {i}, fünf")).collect();
    assert_eq!(texts("groups.parquet", None), expected);
    assert_eq!(texts("numbers.parquet", Some("text")), expected);
    assert_eq!(texts("numbers.parquet", Some("id")), ["100", "101", "102", "103", "104"]);
}

#[test]
fn what_is_wrong_is_named_with_the_row_and_the_number_of_its_like() {
    let missing = "the text is missing";
    let instead = "expected a text for each row; an empty one may stand for none";
    for (name, column, expected) in [
        (
            "latin.txt",
            None,
            "row 1: byte 1 of the text is not UTF-8 (the first of 2 like it); expected UTF-8: `iconv -f LATIN1 -t UTF-8 OLD > \
             NEW` converts, where LATIN1 stands for what the file has"
                .to_owned(),
        ),
        (
            "latin.parquet",
            None,
            "row 1: byte 1 of the text is not UTF-8 (the first of 2 like it); expected UTF-8: `iconv -f LATIN1 -t UTF-8 OLD > \
             NEW` converts, where LATIN1 stands for what the file has"
                .to_owned(),
        ),
        ("objects.jsonl", Some("title"), format!("`title`, row 1: {missing}; {instead}")),
        (
            "objects.jsonl",
            Some("x"),
            "`x`: no line has such a key; expected one of `_id`, `text`, `title`, which the first line has".into(),
        ),
        (
            "text-objects.npy",
            None,
            "the type: it holds Python objects (a pickle), which could run any program; expected texts or whole numbers; in \
             Python: numpy.save(\"texts.npy\", numpy.load(\"text-objects.npy\", allow_pickle=True).astype(str))"
                .into(),
        ),
        (
            "two-dimensions-of-texts.npy",
            None,
            "the shape: it is (2, 2); expected one dimension of texts; in Python: numpy.save(\"texts.npy\", \
             numpy.load(\"two-dimensions-of-texts.npy\")[:, 0])"
                .into(),
        ),
        ("l2.faiss", None, "`ids`: the index has no ids of its own; expected no name of a part".into()),
        ("ids-nulls.parquet", Some("text"), format!("`text`, row 1: {missing} (the first of 2 like it); {instead}")),
        ("ids-nulls.parquet", Some("id"), format!("`id`, row 1: {missing} (the first of 2 like it); {instead}")),
        (
            "texts.csv",
            None,
            "the file: it has 2 columns: `name`, `text`; expected the name of one column, beside the file's".into(),
        ),
        ("texts.csv", Some("x"), "`x`: the first line has no such name; expected one of `name`, `text`".into()),
        ("lines.txt", Some("x"), "`x`: lines have no columns; expected no name of one".into()),
        (
            "lists-none.parquet",
            None,
            "the file: its columns are `id` (int64), `vector` (list of float32); expected the name of one column of texts, beside \
             the file's"
                .into(),
        ),
        (
            "lists-none.parquet",
            Some("vector"),
            "`vector`: it holds list of float32; expected texts or whole numbers".into(),
        ),
        (
            "little-i4.npy",
            None,
            "the shape: it has 5 x 3 numbers; expected one dimension".into(),
        ),
    ] {
        assert_eq!(refusal(name, column), format!("{name}: {expected}"));
    }
    assert!(
        refusal("plain.csr", None)
            .contains("is in no known format; expected lines (.txt); tables as text (.csv, .tsv)")
    );
}

#[test]
fn texts_take_no_more_memory_than_they_may() {
    // Where each ends.
    let each = size_of::<u64>() as u64;
    assert!(read("lines.txt", None, 4 * each + 12).is_ok());
    assert_eq!(
        read("lines.txt", None, 4 * each + 11).expect_err("too many"),
        format!(
            "lines.txt: row 3: the texts up to this one take more than {} bytes of memory; expected fewer or shorter texts, or a \
             higher limit",
            4 * each + 11
        )
    );
}
