//! A small dataset, and the program run as a user runs it.
#![allow(dead_code, reason = "each test has its own copy of this module, and few need all of it")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use swath_algorithms::{Base, Distance, Points, Query, Vectors};
use swath_datasets::{Dataset, Labels, Links, Neighbors, Stored, Subtopics, ann_benchmarks};

/// 60 base vectors and 12 queries of 5 dimensions, 20 true neighbours of each; links and subtopics if `rich`.
pub fn dataset(distance: Distance, rich: bool) -> Dataset {
    let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
    let points = |range: std::ops::Range<usize>| {
        Points::from(Vectors::new(&range.map(value).collect::<Vec<_>>(), 5).expect("finite"))
    };
    let (train, test) = (points(0..300), points(300..360));
    let base = Base::new(train.clone(), distance);
    let (mut ids, mut distances) = (Vec::new(), Vec::new());
    for q in 0..12 {
        let mut all: Vec<_> = (0..60_u32).map(|id| (base.distance_to(Query::row(&test, q), id), id)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.extend(all[..20].iter().map(|&(_, id)| id));
        distances.extend(all[..20].iter().map(|&(distance, _)| distance));
    }
    // Every other neighbour covers one of three subtopics; the last query has none.
    let rows = (0..11_u32).flat_map(|q| (0..10_u32).map(move |i| (q, i)));
    let subtopics = rows.map(|(q, i)| [q, ids[q as usize * 20 + 2 * i as usize], i % 3]).collect();
    let links = Links {
        edges: (0..60).flat_map(|a| [[a, (a + 7) % 60], [a, (a * 5 + 1) % 60]]).collect(),
        relations: vec!["next".into(), "far".into()],
        relation: (0..120).map(|i| i % 2).collect(),
    };
    Dataset {
        train,
        test,
        distance,
        neighbors: Neighbors { count: 20, ids, distances, stored: Stored::Float64 },
        links: rich.then_some(links),
        subtopics: rich.then(|| Subtopics::new(12, subtopics)),
        qrels: None,
        aspects: None,
        groups: Vec::new(),
        train_labels: if rich { Labels::of_names((0..60).map(|i| format!("item {i}"))) } else { Labels::default() },
        test_labels: Labels::default(),
        notes: Vec::new(),
        history: Vec::new(),
    }
}

/// Writes `rich.hdf5` and `plain.hdf5`, with and without links and subtopics, into a folder.
pub fn write_datasets(folder: &Path) {
    for (name, rich) in [("rich", true), ("plain", false)] {
        ann_benchmarks::write(&folder.join(format!("{name}.hdf5")), &dataset(Distance::Angular, rich))
            .expect("written");
    }
}

/// A folder with the datasets and an experiment.
pub fn folder_with(file: &str, experiment: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join(file), experiment).expect("written");
    folder
}

/// Runs `swath` in `folder` with these arguments.
pub fn swath(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_swath"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SWATH_DATA")
        .env("SWATH_CACHE", folder.join(".cache"))
        .env("XDG_DATA_HOME", folder.join(".data"))
        .env("no_proxy", "*")
        .output()
        .expect("the program runs")
}

/// Lists a file of an output folder as swath would have, had it written it: for tests that need results of another version,
/// machine or hour.
pub fn as_written(folder: &Path, name: &str) {
    let hash = swath::record::output_folder::hash_of(&folder.join(name)).expect("read").expect("a file");
    let line = format!("{{\"file\":\"{name}\",\"sha256\":\"{hash}\"}}\n");
    let ledger = std::fs::OpenOptions::new().append(true).open(folder.join(swath::record::output_folder::LEDGER));
    ledger.expect("a ledger").write_all(line.as_bytes()).expect("written");
}

/// All that a run leaves behind that is not a time: by file, its text.
pub fn untimed(out: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (manifest, results) = swath::record::results::read(out).expect("a run");
    let mut manifest = serde_json::to_value(manifest).expect("JSON");
    for field in ["started", "finished", "resumed", "untimed", "seconds"] {
        manifest.as_object_mut().expect("an object").remove(field);
    }
    for graph in manifest["graphs"].as_array_mut().expect("graphs") {
        graph["seconds"] = Value::Null;
    }
    found.insert("manifest.json".into(), format!("{manifest:#}"));
    for trial in &results.trials {
        let distances = swath::record::results::read_distances(out, trial).expect("distances");
        let what = (&trial.retriever, &trial.point, &trial.params, &trial.query_ids, &trial.returned, &trial.metrics);
        let sizes = (trial.evaluations.clone(), trial.index_bytes, trial.repeats.len(), trial.filled, &trial.forbidden);
        found.insert(format!("trials/{}", trial.id), format!("{what:?} {distances:?} {sizes:?}"));
    }
    for file in ["comparisons.csv", "frontiers.csv", "queries.json"] {
        found.insert(file.into(), std::fs::read_to_string(out.join(file)).expect("a file"));
    }
    let mut runs = csv::Reader::from_path(out.join("runs.csv")).expect("a table");
    let is_time = |column: &str| {
        ["second", "_ms", "_us", "qps", "peak", "swath_clock_share"].iter().any(|part| column.contains(part))
    };
    let timed: Vec<bool> = runs.headers().expect("headings").iter().map(is_time).collect();
    for (i, row) in runs.records().enumerate() {
        let row = row.expect("a row");
        let cells: Vec<&str> = row.iter().zip(&timed).filter(|(_, timed)| !**timed).map(|(cell, _)| cell).collect();
        found.insert(format!("runs.csv/{i}"), cells.join(","));
    }
    found.extend(names(out).into_iter().map(|name| (format!("there: {name}"), String::new())));
    found
}

/// The files of a folder and of those in it.
pub fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            if entry.path().is_dir() {
                waiting.push(entry.path());
            }
            found.push(entry.path().strip_prefix(folder).expect("inside").display().to_string());
        }
    }
    found.sort_unstable();
    found
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// What a test needs from outside, if it is here. Where it is not, the test has nothing to do, and says so; but where the
/// environment variable `SWATH_REQUIRE`, names with commas between, has this name, that is a failure.
pub fn tool<T>(name: &str, find: impl FnOnce() -> Option<T>) -> Option<T> {
    let found = find();
    if found.is_none() {
        let required = std::env::var("SWATH_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|other| other.trim() == name),
            "SWATH_REQUIRE names {name}, which is not here"
        );
        // Not `eprintln`: that is shown for tests that fail alone.
        let _ = writeln!(std::io::stderr(), "skipped: {name} is not here");
    }
    found
}

/// A Python (`SWATH_PYTHON`, or `python3`) that has these modules, by the name of the first.
pub fn python(modules: &[&str]) -> Option<String> {
    tool(modules[0], || {
        let python = std::env::var("SWATH_PYTHON").unwrap_or_else(|_| "python3".into());
        let import = format!("import {}", modules.join(", "));
        let output = Command::new(&python).args(["-c", &import]).output().ok()?;
        output.status.success().then_some(python)
    })
}

/// The first of these programs that runs here, as the tool of that name.
pub fn program(name: &str, programs: &[&'static str]) -> Option<&'static str> {
    let runs =
        |program: &&&'static str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    tool(name, || programs.iter().find(runs).copied())
}
