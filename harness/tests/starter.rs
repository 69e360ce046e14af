//! What `init` writes runs, whatever the dataset has; and whole numbers are read however YAML writes them.

mod support;

use std::path::Path;
use support::{stderr, stdout, swath, write_datasets};
use swath_algorithms::{Base, Distance, Groups, Points, Query, Vectors};
use swath_datasets::{Aspects, Dataset, Neighbors, Stored, Subtopics, ann_benchmarks};

/// So many base vectors and queries, with so many stored neighbours.
fn dataset(rows: usize, queries: usize, count: usize, subtopics: bool) -> Dataset {
    let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
    let vectors = |from: usize, n: usize| {
        Points::from(Vectors::new(&(3 * from..3 * (from + n)).map(value).collect::<Vec<_>>(), 3).expect("finite"))
    };
    let (train, test) = (vectors(0, rows), vectors(rows, queries));
    let base = Base::new(train.clone(), Distance::Euclidean);
    let (mut ids, mut distances) = (Vec::new(), Vec::new());
    for query in 0..queries {
        let mut all: Vec<_> = (0..rows as u32).map(|id| (base.distance_to(Query::row(&test, query), id), id)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ids.extend(all[..count].iter().map(|&(_, id)| id));
        distances.extend(all[..count].iter().map(|&(distance, _)| distance));
    }
    let neighbors = Neighbors { count, ids, distances, stored: Stored::Float64 };
    Dataset {
        subtopics: subtopics.then(|| Subtopics::new(queries, (0..queries as u32).map(|q| [q, 0, 0]).collect())),
        ..Dataset::of_points(train, test, Distance::Euclidean, neighbors)
    }
}

fn init_runs(folder: &Path, arguments: &[&str]) -> String {
    let init = swath(folder, &[&["init"], arguments].concat());
    assert_eq!(init.status.code(), Some(0), "{arguments:?}: {}", stderr(&init));
    let file = stdout(&init).lines().find_map(|line| line.strip_prefix("wrote ")).expect("a file").to_owned();
    let text = std::fs::read_to_string(folder.join(&file)).expect("an experiment");
    let run = swath(folder, &["run", "--quiet", &file]);
    assert_eq!(run.status.code(), Some(0), "{arguments:?}: {}\n{text}", stderr(&run));
    text
}

#[test]
fn what_init_writes_runs_with_any_dataset() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = [
        (300, 4, 5, false, "metrics: [recall@5, relevance,"),
        (300, 4, 1, true, "metrics: [recall@1, subtopic-recall,"),
        (300, 4, 10, false, "metrics: [recall, relevance,"),
        (12, 1, 12, false, "metrics: [recall, relevance,"),
        (7, 2, 3, false, "metrics: [recall@3, relevance,"),
        (2, 2, 2, true, "metrics: [recall, subtopic-recall,"),
        (1, 1, 1, false, "metrics: [recall, relevance, coverage]"),
    ];
    for (i, (rows, queries, count, subtopics, expected)) in cases.into_iter().enumerate() {
        let file = format!("data{i}.hdf5");
        ann_benchmarks::write(&folder.path().join(&file), &dataset(rows, queries, count, subtopics)).expect("written");
        let text = init_runs(folder.path(), &[&file]);
        assert!(text.contains(expected), "{text}");
    }
}

/// What a dataset has beside vectors is used: groups, of one kind or of several, and sub-queries.
#[test]
fn what_init_writes_uses_groups_and_sub_queries() {
    let folder = tempfile::tempdir().expect("a folder");
    let kind = |name: &str| Groups::of_labels(name, (0..300).map(|row| format!("{}", row % 7)));
    let vectors = Vectors::new(&[0.5, 1.0, 0.0, 1.0, 0.0, 0.5], 3).expect("finite");
    let cases = [
        (vec![kind("")], ", groups]", "{ group-limit: { limit: 2, within: top-k } }"),
        (vec![kind("site")], ", groups]", "{ group-limit: { limit: 2, within: top-k } }"),
        (
            vec![kind("shop-2"), kind("site")],
            ", { groups: { group: shop-2 } }]",
            "{ group-limit: { limit: 2, group: shop-2, within: top-k } }",
        ),
        // No metric can be called by these.
        (
            vec![kind("a, b"), kind("site")],
            ", diversity]",
            "{ group-limit: { limit: 2, group: \"a, b\", within: top-k } }",
        ),
        (vec![kind("12"), kind("site")], ", diversity]", "{ group-limit: { limit: 2, group: \"12\", within: top-k } }"),
    ];
    for (i, (groups, metric, selector)) in cases.into_iter().enumerate() {
        let (file, aspects) = (format!("data{i}.hdf5"), Aspects::new(4, &[0, 2], &vectors));
        let dataset = Dataset { groups, aspects: (i == 0).then_some(aspects), ..dataset(300, 4, 10, false) };
        ann_benchmarks::write(&folder.path().join(&file), &dataset).expect("written");
        let text = init_runs(folder.path(), &[&file]);
        assert!(text.contains(metric) && text.contains(selector), "{text}");
        assert_eq!(text.contains("select: { xquad: { aspects: queries } }"), i == 0, "{text}");
    }
}

/// A name that YAML would take for something else is a name.
#[test]
fn a_starter_is_read_whatever_its_dataset_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    for name in ["123", "true", "null", "1e5", "0x1", "a: b #c", "'\"$(touch x)`"] {
        std::fs::copy(folder.path().join("plain.hdf5"), folder.path().join(format!("{name}.hdf5"))).expect("copied");
        init_runs(folder.path(), &[&format!("{name}.hdf5")]);
    }
}

#[test]
fn whole_numbers_are_read_however_they_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    for (k, seed, memory) in
        [("5.0", "1e4", "1e9"), ("0.5e1", "10000", "1_000_000_000"), ("5", "1.0E+4", "1000000000.0")]
    {
        let experiment = format!(
            "name: x\ndataset: rich.hdf5\nk: {k}\nseed: {seed}\nqueries: 1.2e1\nlimits: {{ memory: {memory} }}\nretrievers:\n  \
             - {{ name: top-k, candidates: {{ exact: {{ pool: [1e1, 2.0e1] }} }}, select: top-k }}\n"
        );
        std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
        let run = swath(folder.path(), &["run", "--quiet", "x.yaml"]);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
        let manifest = std::fs::read_to_string(folder.path().join("reports/x/manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        let experiment = &manifest["experiment"];
        let read = ["k", "seed", "queries"].map(|field| experiment[field].as_u64());
        assert_eq!(read, [Some(5), Some(10_000), Some(12)]);
        assert_eq!(experiment["limits"]["memory"], 1_000_000_000_u64);
        assert_eq!(manifest["trials"].as_array().map(Vec::len), Some(2));
    }
}
