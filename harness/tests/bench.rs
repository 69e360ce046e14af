//! `swath bench` as a user runs it.

mod support;

use serde_json::Value;
use support::{stderr, stdout, swath};

const SMALL: [&str; 7] = ["bench", "--rows", "1200", "--dim", "9", "--rounds", "1"];

/// The table names the machine and has a row for each line of the JSON file.
#[test]
fn the_table_and_the_file_have_the_same_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = swath(folder.path(), &[&SMALL[..], &["--json", "bench.json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let table = stdout(&output);
    assert!(table.contains("1200 x 9 vectors, angular; one round"), "{table}");
    let text = std::fs::read_to_string(folder.path().join("bench.json")).expect("a file");
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(found["swath"], env!("CARGO_PKG_VERSION"));
    assert!(found["machine"]["cores"].as_u64().expect("cores") >= 1);
    assert_eq!(found["setting"], serde_json::json!({ "rows": 1200, "dim": 9, "rounds": 1 }));
    let lines = found["lines"].as_array().expect("lines");
    assert_eq!(table.lines().filter(|line| line.starts_with("| ")).count(), lines.len() + 1, "and the head");
    for line in lines {
        let what = line["what"].as_str().expect("what");
        assert!(table.contains(&format!("| {what} | {} |", line["threads"])), "{what}");
        assert!(line["median"].as_f64().expect("a number") > 0.0, "{what}");
    }
}

/// A file that is there stays as it is, and nothing is measured.
#[test]
fn a_file_that_is_there_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.json"), "mine").expect("written");
    let output = swath(folder.path(), &[&SMALL[..], &["--json", "mine.json"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("mine.json already exists; name another file with --json"), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(folder.path().join("mine.json")).expect("still there"), "mine");
    assert_eq!(stdout(&output), "");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for wrong in
        [["--rows", "999"], ["--rows", "100000000"], ["--dim", "65537"], ["--rounds", "0"], ["--json", "folder/"]]
    {
        let output = swath(folder.path(), &[&["bench"][..], &wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(stderr(&output).contains(wrong[0]), "{}", stderr(&output));
    }
}

#[test]
fn growth_needs_two_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = swath(folder.path(), &["bench", "--growth", "--rows", "2999"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("use --rows 3000 or more"), "{}", stderr(&output));
}
