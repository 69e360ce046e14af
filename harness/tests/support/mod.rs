//! A small dataset, and the program run as a user runs it.

use std::path::Path;
use std::process::{Command, Output};
use swath_algorithms::{Base, Distance, Query, Vectors};
use swath_datasets::{Dataset, Links, Neighbors, Subtopics, ann_benchmarks};

/// 60 base vectors and 12 queries of 5 dimensions, 20 true neighbours of each; links and subtopics if `rich`.
pub fn dataset(distance: Distance, rich: bool) -> Dataset {
    let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
    let train = Vectors::new(&(0..300).map(value).collect::<Vec<_>>(), 5).expect("finite");
    let test = Vectors::new(&(300..360).map(value).collect::<Vec<_>>(), 5).expect("finite");
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
        neighbors: Neighbors { count: 20, ids, distances },
        links: rich.then_some(links),
        subtopics: rich.then(|| Subtopics::new(12, subtopics)),
        qrels: None,
        train_names: rich.then(|| (0..60).map(|i| format!("item {i}")).collect()),
        test_names: None,
    }
}

/// Writes `rich.hdf5` and `plain.hdf5`, with and without links and subtopics, into a folder.
pub fn write_datasets(folder: &Path) {
    for (name, rich) in [("rich", true), ("plain", false)] {
        ann_benchmarks::write(&folder.join(format!("{name}.hdf5")), &dataset(Distance::Angular, rich))
            .expect("written");
    }
}

/// Runs `swath` in `folder` with these arguments.
pub fn swath(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_swath"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SWATH_DATA")
        .env("SWATH_CACHE", folder.join(".cache"))
        .output()
        .expect("the program runs")
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// The first of `programs` that is here. Where none is, a test is skipped with this printed reason, unless the
/// environment's `SWATH_REQUIRE` (names between commas) contains `name`: then it fails.
pub fn tool(name: &str, programs: &[&str]) -> Option<String> {
    let runs =
        |program: &&&str| Command::new(program).arg("--version").output().is_ok_and(|found| found.status.success());
    let found = programs.iter().find(runs).map(|program| (*program).to_owned());
    let required = std::env::var("SWATH_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|required| required.trim() == name);
    assert!(found.is_some() || !is_required, "SWATH_REQUIRE names {name}, but none of {programs:?} runs here");
    if found.is_none() {
        println!("skipped: {name} is not here (none of {programs:?} runs)");
    }
    found
}
