//! Runs are fused as ranx fuses them. A Python with ranx (`SWATH_PYTHON`, or `python3`) does so; without one the test says that it
//! is skipped.

use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use swath_algorithms::candidates::Fuse;
use swath_algorithms::{Distance, Points, Vectors};
use swath_datasets::trec_run::{RunLists, RunReader};
use swath_datasets::{Dataset, Labels, Neighbors, Stored};

/// A Python with ranx. Without one the test has nothing to do, unless `SWATH_REQUIRE` names ranx.
fn python() -> Option<String> {
    let python = std::env::var("SWATH_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(&python).args(["-c", "import ranx"]).output();
    if output.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let required = std::env::var("SWATH_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == "ranx"), "SWATH_REQUIRE names ranx, which is not here");
    // Not `eprintln`: that is shown for tests that fail alone.
    let _ = writeln!(std::io::stderr(), "skipped: ranx is not here");
    None
}

/// Base vectors d0 to d199 and queries q0 to q19.
fn dataset() -> Dataset {
    let points = |rows: usize| -> Points {
        Vectors::new(&(0..rows).map(|i| i as f32).collect::<Vec<_>>(), 1).expect("finite").into()
    };
    let ids = |letter: char, rows: usize| Labels {
        ids: Some((0..rows).map(|row| format!("{letter}{row}")).collect()),
        ..Labels::default()
    };
    Dataset {
        train: points(200),
        test: points(20),
        distance: Distance::Euclidean,
        neighbors: Neighbors { count: 1, ids: vec![0; 20], distances: vec![0.0; 20], stored: Stored::Float64 },
        links: None,
        subtopics: None,
        qrels: None,
        aspects: None,
        groups: Vec::new(),
        train_labels: ids('d', 200),
        test_labels: ids('q', 20),
        notes: Vec::new(),
        history: Vec::new(),
    }
}

#[test]
fn runs_are_fused_as_by_ranx() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/fuse_runs.py");
    let output = Command::new(python).arg(script).arg(folder.path()).output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("fused.json")).expect("written");
    let expected: Value = serde_json::from_str(&text).expect("JSON");

    let (dataset, mut memory, mut notes) = (dataset(), 1 << 20, Vec::new());
    let reader = RunReader::new(&dataset);
    let mut read = |name: &str| reader.read(&folder.path().join(name), &mut memory, &mut notes).expect("read").lists;
    let (first, second) = (read("a.trec"), read("b.trec"));
    let check = |fused: &RunLists, expected: &Value| {
        for (query, list) in fused.iter().enumerate() {
            let scores = expected[format!("q{query}")].as_object().expect("a query");
            assert_eq!(list.len(), scores.len());
            assert!(list.is_sorted_by(|a, b| a.1 >= b.1));
            for (item, score) in list {
                let other = scores[&format!("d{item}")].as_f64().expect("a score");
                assert!((score - other).abs() < 1e-12, "q{query}, d{item}: {score} and {other}");
            }
        }
    };
    check(&reader.fuse(&[(&first, 1.0), (&second, 1.0)], Fuse::Rrf, usize::MAX), &expected["rrf"]);
    check(&reader.fuse(&[(&first, 0.3), (&second, 0.7)], Fuse::Sum, usize::MAX), &expected["sum"]);
}
