//! `swath datasets check` as a user sees it.

mod support;

use serde_json::Value;
use std::path::Path;
use support::{stderr, stdout, swath, write_datasets};
use swath_datasets::hdf5_file::{Hdf5Writer, Values};

/// Two copies, a zero row, a query that is a base point, and squared distances.
fn write_faulty(path: &Path, first: f32) {
    let train = [first, 0.0, 1.0, 0.0, 0.0, 2.0, 3.0, 3.0, 0.0, 2.0, 0.0, 0.0];
    let mut file = Hdf5Writer::new();
    file.text("type", "dense").text("distance", "euclidean").integer("dimension", 2);
    file.array("train", &[6, 2], Values::F32(&train)).array("test", &[2, 2], Values::F32(&[3.0, 3.0, 3.0, 4.5]));
    file.array("neighbors", &[2, 2], Values::I32(&[3, 2, 3, 2]));
    file.array("distances", &[2, 2], Values::F32(&[0.0, 10.0, 2.25, 15.25]));
    file.write(path).expect("written");
}

#[test]
fn faults_are_listed_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    write_faulty(&folder.path().join("faulty.hdf5"), 9.0);
    let output = swath(folder.path(), &["datasets", "check", "faulty.hdf5"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    let after = |start: &str, says: &str, remedy: &str| {
        let at = lines.iter().position(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {text}"));
        assert!(lines[at].contains(says) && lines[at + 1].contains(&format!("- {remedy}")), "{start}: {text}");
    };
    after("empty rows", "note     1 of 6 base points is all zeros; the first is row 5", "find out");
    after("exact copies", "WARNING  1 of 6 base points equals an earlier one: row 4 equals row 2", "keep the first");
    after(
        "queries among the base points",
        "1 of 2 queries equals a base point: query 0 equals base point 3",
        "leave these",
    );
    after("true neighbours", "the stored distances are squared (query ", "metrics that use them will be wrong until");
    after("values", "all values of base vectors are whole numbers, from 0 to 9", "store them as uint8");
    assert_eq!(lines.last(), Some(&"3 warnings, 2 notes"), "{text}");
}

#[test]
fn findings_are_written_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    write_faulty(&folder.path().join("faulty.hdf5"), 9.0);
    let output = swath(folder.path(), &["datasets", "check", "faulty.hdf5", "--json"]);
    assert!(output.status.success());
    let found: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let checks = found["checks"].as_array().expect("a list");
    let of = |name: &str| &checks.iter().find(|check| check["check"] == name).expect("a check")["findings"][0];
    assert_eq!((&of("exact copies")["severity"], &of("exact copies")["share"][0]), (&"warning".into(), &1.into()));
    assert_eq!((&of("repeated queries")["severity"], of("repeated queries").get("remedy")), (&"fine".into(), None));
    assert_eq!((&found["dataset"], &found["seed"]), (&"faulty.hdf5".into(), &0.into()));
}

#[test]
fn sound_data_have_no_warning_and_what_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    let sound = stdout(&swath(folder.path(), &["datasets", "check", "rich.hdf5"]));
    assert!(sound.contains("\n0 warnings, ") && !sound.contains("WARNING"), "{sound}");
    write_faulty(&folder.path().join("nan.hdf5"), f32::NAN);
    let output = swath(folder.path(), &["datasets", "check", "nan.hdf5"]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("`train`, row 0, column 0: the value is NaN; expected a finite number"), "{told}");
}
