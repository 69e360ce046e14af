//! Folders of BEIR.

use super::npy;
use swath_algorithms::Distance;
use swath_datasets::Dataset;
use swath_datasets::files::Parts;
use swath_datasets::files::beir::Beir;

const CORPUS: &str = "{\"_id\": \"a\", \"title\": \"Alpha\", \"text\": \"x\"}\n{\"_id\": \"b\", \"title\": null, \"text\": \"y\"}\n\
                      {\"_id\": \"c\", \"text\": \"z\"}\n";
const QUERIES: &str = "{\"_id\": \"q1\", \"text\": \"?\"}\n{\"_id\": \"q2\", \"text\": \"!\"}\n";
const QRELS: &str = "query-id\tcorpus-id\tscore\nq2\tc\t1\n";

fn import(corpus: &str, qrels: &str, part: &str) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("qrels")).expect("made");
    for (name, text) in [("corpus.jsonl", corpus), ("queries.jsonl", QUERIES), ("qrels/test.tsv", qrels)] {
        std::fs::write(path(name), text).expect("written");
    }
    npy(&path("c.npy"), &[[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]);
    npy(&path("q.npy"), &[[0.0, 1.0], [2.0, 2.0]]);
    let files = |name: &str| Parts(vec![path(name).into()]);
    let (corpus_vectors, query_vectors) = (files("c.npy"), files("q.npy"));
    let (split, distance) = ("test".into(), Distance::Euclidean);
    let beir = Beir { folder: path(part), split, corpus_vectors, query_vectors, distance, neighbors: 2 };
    let shown = folder.path().to_string_lossy().into_owned() + "/";
    beir.read(&(1 << 30).into()).map_err(|error| error.to_string().replace(&shown, ""))
}

#[test]
fn titles_that_are_missing_are_empty_names() {
    let dataset = import(CORPUS, QRELS, "").expect("read");
    let names: Vec<String> = dataset.train_labels.names.expect("names").iter().map(str::to_owned).collect();
    assert_eq!(names, ["Alpha", "", ""]);
    assert_eq!(dataset.test_labels.ids.expect("ids").get(0), "q2");
    let note = "1 of 2 queries is judged in test: the others are left out";
    assert!(dataset.notes.iter().any(|other| other == note), "{:?}", dataset.notes);
    let untitled = CORPUS.replace("\"title\": \"Alpha\", ", "");
    assert_eq!(import(&untitled, QRELS, "").expect("read").train_labels.names, None);
}

#[test]
fn what_is_wrong_in_a_folder_is_told() {
    for (corpus, qrels, part, expected) in [
        (
            CORPUS.replace("null", "7.5"),
            QRELS,
            "",
            "corpus.jsonl: line 2: it is a number that is not whole; expected a text",
        ),
        (
            CORPUS.replace("\"_id\": \"b\"", "\"id\": \"b\""),
            QRELS,
            "",
            "corpus.jsonl: `_id`, row 1: the text is missing; expected",
        ),
        (
            CORPUS.into(),
            "query-id\tcorpus-id\tscore\n",
            "",
            "qrels/test.tsv: the table: it has no rows; expected at least one",
        ),
        (CORPUS.into(), QRELS, "none", "none: the folder: it does not exist; expected a folder with the corpus"),
        (CORPUS.into(), QRELS, "q.npy", "q.npy: the folder: it is no folder; expected a folder with the corpus"),
    ] {
        let message = import(&corpus, qrels, part).map(drop).expect_err(expected);
        assert!(message.starts_with(expected), "{message}");
    }
}
