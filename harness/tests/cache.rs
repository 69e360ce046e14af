//! Graphs that are kept from run to run, as a user sees them.

mod support;

use std::path::Path;
use support::{stderr, stdout, swath, write_datasets};

const EXPERIMENT: &str = "
name: x
dataset: rich.hdf5
k: 5
repeats: 1
retrievers:
  - name: walk
    candidates: { exact: { pool: 5 } }
    expand: { walk: { graph: [[knn], [links], [knn-symmetric, { links: 2 }]], neighbors: 4, relations: {} } }
    select: top-k
  - name: heat
    candidates: { exact: { pool: 5 } }
    expand: { heat: { graph: [links-shuffled], relations: { next: [0, 2] } } }
    select: top-k
";

/// Runs it; returns what was said, which graphs came from the cache, with their seconds, and the results.
fn run(folder: &Path, more: &[&str]) -> (String, Vec<(bool, f64)>, Vec<Vec<String>>) {
    let output = swath(folder, &[&["run", "x.yaml"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.join("reports/x/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let graphs = manifest["graphs"].as_array().expect("a list").iter();
    let graphs = graphs.map(|g| (g["from_cache"] == true, g["seconds"].as_f64().expect("seconds"))).collect();
    let mut table = csv::Reader::from_path(folder.join("reports/x/runs.csv")).expect("a table");
    let header = table.headers().expect("a header").clone();
    let timed = |name: &str| {
        name.ends_with("_ms") || name.ends_with("_peak_bytes") || ["qps", "qps_best", "build_seconds"].contains(&name)
    };
    let row = |row: csv::StringRecord| {
        header.iter().zip(&row).filter(|(n, _)| !timed(n)).map(|(_, v)| v.to_owned()).collect()
    };
    (stderr(&output), graphs, table.records().map(|record| row(record.expect("a row"))).collect())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    folder
}

#[test]
fn a_kept_graph_gives_the_same_results_and_says_so() {
    let folder = folder();
    let at = ["--cache-dir", "kept"];
    let (said, built, first) = run(folder.path(), &at);
    assert_eq!((said.as_str(), built.len(), built.iter().filter(|g| g.0).count()), ("", 5, 0));
    let (said, kept, second) = run(folder.path(), &at);
    assert_eq!(said, "");
    assert_eq!(kept.iter().map(|g| g.0).collect::<Vec<_>>(), [true, false, true, false, false], "links are not kept");
    assert_eq!((kept[0].1, kept[2].1), (built[0].1, built[2].1), "the seconds of the run that built it");
    assert!(first == second, "the same results");
    assert!(run(folder.path(), &["--cache-dir", "kept", "--no-cache"]).1.iter().all(|g| !g.0));

    let list = stdout(&swath(folder.path(), &["cache", "--cache-dir", "kept"]));
    assert!(list.contains("rich") && list.ends_with("2 graphs in kept\n"), "{list}");

    // A damaged file is said and built again, once.
    let damaged =
        std::fs::read_dir(folder.path().join("kept")).expect("kept").next().expect("one").expect("one").path();
    let bytes = std::fs::read(&damaged).expect("read");
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).expect("cut");
    let (said, _, third) = run(folder.path(), &at);
    assert!(said.contains("is built again: it is damaged"), "{said}");
    assert!(third == first && run(folder.path(), &at).0.is_empty());

    let cleared = stdout(&swath(folder.path(), &["cache", "clear", "--cache-dir", "kept"]));
    assert!(cleared.starts_with("removed 2 graphs, "), "{cleared}");
    assert_eq!(stdout(&swath(folder.path(), &["--cache-dir", "kept", "cache"])), "0 graphs in kept\n");
}

#[test]
fn a_cache_that_cannot_be_written_is_a_note() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "in the way").expect("written");
    let (said, graphs, _) = run(folder.path(), &["--cache-dir", "file/kept"]);
    assert!(said.starts_with("note: graphs are not kept in file/kept"), "{said}");
    assert!(graphs.iter().all(|g| !g.0));
}
