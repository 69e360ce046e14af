//! What other programs make of what swath writes, and swath of what they write. Each test needs a program that may not be
//! here: then it is skipped, unless `SWATH_REQUIRE` names it.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use support::{stderr, stdout, swath, write_datasets};
use swath::record::results::TrialResult;
use swath_algorithms::random::{below, stream};
use swath_algorithms::{Base, Distance, Points, Vectors};
use swath_datasets::hdf5_file::{Hdf5File, MEMORY};
use swath_datasets::{Dataset, Labels, Subtopics, ann_benchmarks, ground_truth};

const EXPERIMENT: &str = "
name: small
dataset: rich.hdf5
k: 5
seed: 7
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.3, 0.7] } } }
  - { name: few, candidates: { ivf-flat: { pool: 5, lists: 8, nprobe: 1 } }, select: top-k }
  - { name: best, candidates: { exact: { pool: 20 } }, select: { xquad: { lambda: 0.5 } } }
";

/// Runs a script of `tests/interop`.
fn script(python: &str, name: &str, folder: &Path, arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name);
    Command::new(python).arg(script).args(arguments).current_dir(folder).output().expect("Python runs")
}

/// Bits and sets, read from files and drawn; and vectors whose file names their distance otherwise than that project.
const OTHER_POINTS: &[&str] = &[
    "cosine.hdf5",
    "hamming-bool.hdf5",
    "hamming-packed.hdf5",
    "{ generate: clusters, n: 400, dimension: 100, queries: 15, distance: hamming }",
    "{ generate: zipf, n: 400, dimension: 300, queries: 15, distance: jaccard }",
];

const OTHERS: &str = "
name: small
k: 5
seed: 7
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.3, 0.7] } } }
  - { name: few, candidates: { ivf-flat: { pool: 5, lists: 8, nprobe: 1 } }, select: top-k }
  - { name: graph, candidates: { vamana: { pool: 20, ef: 20 } }, select: facility-location }
";

/// Runs an experiment, exports it, and lets that project's own code compare: also after a value of `recall` is changed, which
/// it sees.
fn ann_benchmarks_agrees(python: &str, folder: &Path, experiment: &str, trials: usize) {
    std::fs::write(folder.join("small.yaml"), experiment).expect("written");
    let run = swath(folder, &["run", "small.yaml"]);
    assert_eq!(run.status.code(), Some(0), "{experiment}{}", stderr(&run));
    let export = swath(folder, &["export", "reports/small", "--ann-benchmarks", "ann"]);
    assert_eq!(export.status.code(), Some(0), "{experiment}{}", stderr(&export));
    let compare = || script(python, "ann_benchmarks.py", folder, &["ann", "reports/small/runs.csv"]);
    let compared = compare();
    assert_eq!(compared.status.code(), Some(0), "{experiment}{}{}", stdout(&compared), stderr(&compared));
    let expected = format!("{trials} of {trials} trials compared, 0 differences\n");
    assert!(stdout(&compared).ends_with(&expected), "{experiment}{}", stdout(&compared));
    let runs = folder.join("reports/small/runs.csv");
    let mut rows = csv::Reader::from_path(&runs).expect("a table");
    let header = rows.headers().expect("a header").clone();
    let recall = header.iter().position(|column| column == "recall").expect("the column");
    let mut changed = csv::Writer::from_path(folder.join("changed.csv")).expect("a table");
    changed.write_record(&header).expect("written");
    for (i, row) in rows.records().map(|row| row.expect("a row")).enumerate() {
        let cells = row.iter().enumerate();
        let change = |(at, cell)| if (i, at) == (0, recall) { "0.9999" } else { cell };
        changed.write_record(cells.map(change)).expect("written");
    }
    drop(changed);
    std::fs::rename(folder.join("changed.csv"), &runs).expect("renamed");
    let compared = compare();
    assert_eq!(compared.status.code(), Some(1), "{experiment}");
    // The first trial is exact search.
    assert!(stderr(&compared).contains("recall: swath 0.9999, ann-benchmarks 1.0"), "{}", stderr(&compared));
}

/// Its own code, on all queries, a sample of them, and in mode batch.
#[test]
fn ann_benchmarks_finds_in_an_export_what_the_run_found() {
    let Some(python) = support::python(&["h5py", "numpy"]) else { return };
    for settings in ["", "queries: 7\n", "mode: batch\n"] {
        let folder = tempfile::tempdir().expect("a folder");
        write_datasets(folder.path());
        ann_benchmarks_agrees(&python, folder.path(), &format!("{settings}{EXPERIMENT}"), 5);
    }
}

#[test]
fn ann_benchmarks_finds_in_an_export_of_other_points_what_the_run_found() {
    let Some(python) = support::python(&["h5py", "numpy"]) else { return };
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    for dataset in OTHER_POINTS {
        for settings in ["", "queries: 7\n", "mode: batch\n"] {
            let folder = tempfile::tempdir().expect("a folder");
            for (case, name) in [
                ("20-hamming-bool", "hamming-bool"),
                ("20-hamming-packed-vibe", "hamming-packed"),
                ("21-vibe-cosine", "cosine"),
            ] {
                let to = folder.path().join(name).with_extension("hdf5");
                std::fs::copy(cases.join(case).with_extension("hdf5"), to).expect("copied");
            }
            let experiment = format!("dataset: {dataset}\n{settings}{OTHERS}");
            ann_benchmarks_agrees(&python, folder.path(), &experiment, 5);
        }
    }
}

#[test]
fn results_that_ann_benchmarks_wrote_are_read() {
    let Some(python) = support::python(&["h5py", "numpy"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("ann/data")).expect("created");
    write_datasets(&folder.path().join("ann/data"));
    let written = script(&python, "published.py", folder.path(), &["ann", "rich", "5"]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let import = |arguments: &[&str]| {
        let output = swath(folder.path(), &[&["import", "ann", "--dataset", "rich", "--fresh"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let mut rows = csv::Reader::from_path(folder.path().join("reports/rich-5-imported/runs.csv")).expect("a table");
        let header = rows.headers().expect("a header").clone();
        let at = |name: &str| header.iter().position(|column| column == name).expect("the column");
        let wanted = ["retriever", "recall", "qps", "qps_best", "build_seconds", "p50_ms", "index_bytes"].map(at);
        let cells = |row: csv::StringRecord| wanted.map(|at| row[at].to_owned());
        (stderr(&output), rows.records().map(|row| cells(row.expect("a row"))).collect::<Vec<_>>())
    };
    let (notes, rows) = import(&[]);
    let close = |cell: &str, expected: f64| {
        let value: f64 = cell.parse().expect("a number");
        assert!((value / expected - 1.0).abs() < 1e-6, "{cell}, expected {expected}");
    };
    assert_eq!(rows.len(), 2);
    assert_eq!([&rows[0][0], &rows[0][1], &rows[0][4], &rows[0][6]], ["exact", "1", "0.5", "12000"]);
    assert_eq!([&rows[1][0], &rows[1][1], &rows[1][4], &rows[1][6]], ["old", "0.8", "", "0"]);
    for row in &rows {
        assert_eq!(row[2], "", "of several repeats the best alone is known");
        close(&row[3], 1000.0);
        close(&row[5], 2.0);
    }
    assert!(notes.contains("results of mode batch left out, to be imported separately: 1"), "{notes}");
    assert!(notes.contains("1 of 2 results have no `build_time`"), "{notes}");
    assert!(!notes.contains("differ"), "the distances are right: {notes}");
    let (_, rows) = import(&["--batch"]);
    assert_eq!((rows.len(), &rows[0][0], &rows[0][5]), (1, &"old".to_owned(), &String::new()));
    close(&rows[0][3], 1000.0);
}

/// The file that docs/datasets.md makes is a dataset that an experiment runs on.
#[test]
fn the_documented_way_to_make_a_dataset_makes_one() {
    let Some(python) = support::python(&["h5py", "numpy"]) else { return };
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/datasets.md");
    let text = std::fs::read_to_string(document).expect("a document");
    let code = text.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let folder = tempfile::tempdir().expect("a folder");
    let made = Command::new(python).args(["-c", code]).current_dir(folder.path()).output().expect("Python runs");
    assert!(made.status.success(), "{}", stderr(&made));
    let info = swath(folder.path(), &["datasets", "info", "mine.hdf5"]);
    assert!(stdout(&info).contains("agrees with 20 sampled queries"), "{}{}", stdout(&info), stderr(&info));
    for arguments in [&["init", "mine.hdf5"][..], &["run", "mine.yaml", "--quiet"]] {
        let output = swath(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
}

/// A dataset with judgements and subtopics, of which some queries have none, and ids that are words. They fall as rows rise: of
/// items with equal gains the ideal of alpha-nDCG takes the lower row in swath, and the larger id in ndeval. (With ids that rise,
/// a few queries differ by up to 0.0004.)
fn judged() -> Dataset {
    let mut random = stream(5, "judged", 0);
    let mut points = |rows: usize| {
        let values: Vec<f32> = (0..rows * 12).map(|_| below(&mut random, 2001) as f32 / 1000.0 - 1.0).collect();
        Points::from(Vectors::new(&values, 12).expect("finite"))
    };
    let (train, test) = (points(500), points(60));
    let base = Base::new(train.clone(), Distance::Angular);
    let neighbors = ground_truth::compute(&base, &test, 100);
    let mut random = stream(5, "judgements", 0);
    let (mut grades, mut covered) = (BTreeMap::new(), Vec::new());
    for query in 0..57 {
        for _ in 0..25 {
            let item = neighbors.ids(query)[below(&mut random, 60)];
            grades.insert([query as u32, item], below(&mut random, 4) as u32);
            let item = neighbors.ids(query)[below(&mut random, 60)];
            covered.push([query as u32, item, below(&mut random, 7) as u32]);
        }
    }
    let qrels = grades.into_iter().map(|([query, item], grade)| [query, item, grade]).collect();
    Dataset {
        qrels: Some(Subtopics::new(60, qrels)),
        subtopics: Some(Subtopics::new(60, covered)),
        train_labels: Labels {
            ids: Some((0..500).map(|i| format!("doc-{:03}", 499 - i)).collect()),
            ..Labels::default()
        },
        test_labels: Labels { ids: Some((0..60).map(|i| format!("q{i}")).collect()), ..Labels::default() },
        ..Dataset::of_points(train, test, Distance::Angular, neighbors)
    }
}

/// Names of ir_measures, of swath, and by what swath's value must be divided.
const MEASURES: [(&str, &str, f64); 8] = [
    ("nDCG@10", "ndcg-qrels", 1.0),
    ("R@10", "recall-qrels", 1.0),
    ("RR@10", "mrr", 1.0),
    ("AP@10", "map", 1.0),
    ("P@10", "precision", 1.0),
    ("alpha_nDCG@10", "alpha-ndcg", 1.0),
    ("StRecall@10", "subtopic-recall", 1.0),
    ("ERR_IA@10", "err-ia", f64::NAN),
];

/// Query by query. Those that have nothing relevant, which swath leaves out, are zero there.
#[test]
fn ir_measures_finds_in_an_export_what_the_run_measured() {
    let Some(python) = support::python(&["ir_measures", "pyndeval"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let dataset = judged();
    ann_benchmarks::write(&folder.path().join("judged.hdf5"), &dataset).expect("written");
    let names = MEASURES.map(|(_, name, _)| name).join(", ");
    let experiment = format!(
        "name: small\ndataset: judged.hdf5\nmetrics: [{names}]\nretrievers:\n  - {{ name: top-k, select: top-k }}\n  \
         - {{ name: mmr, select: {{ mmr: {{ lambda: [0.2, 0.6] }} }} }}\n  - {{ name: random, select: random }}\n"
    );
    std::fs::write(folder.path().join("small.yaml"), experiment).expect("written");
    for arguments in [&["run", "small.yaml"][..], &["export", "reports/small", "--trec", "trec"]] {
        let output = swath(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let found = script(&python, "trec.py", folder.path(), &["trec"]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    // What ndeval divides by: the value of a list of which every result covers the only subtopic.
    let ideal: f64 = 0.5 * (1..=10).map(|i| 0.5_f64.powi(i - 1) / f64::from(i)).sum::<f64>();
    let (_, results) = swath::record::results::read(&folder.path().join("reports/small")).expect("a run");
    let exported = |trial: &TrialResult| format!("{} {}", trial.plain_name(), trial.point).trim().replace(' ', "-");
    let ids: BTreeMap<String, String> =
        results.trials.iter().map(|trial| (exported(trial), trial.id.clone())).collect();
    let (mut compared, mut largest) = (BTreeMap::<&str, usize>::new(), BTreeMap::<&str, f64>::new());
    for line in stdout(&found).lines() {
        let [trial, query, measure, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (name, metric, divided) = MEASURES.into_iter().find(|(name, ..)| *name == measure).expect("a measure");
        let file = folder.path().join(format!("reports/small/trials/{}.hdf5", ids[trial]));
        let values = Hdf5File::open(&file, MEMORY).expect("a trial").f64s(&format!("swath/{metric}")).expect("values");
        let query: usize = query.trim_start_matches('q').parse().expect("a number");
        let (ours, theirs): (f64, f64) = (values[query], value.parse().expect("a number"));
        if ours.is_nan() {
            assert_eq!(theirs, 0.0, "{line}");
            continue;
        }
        let difference = (ours / if divided.is_nan() { ideal } else { divided } - theirs).abs();
        assert!(difference < 1e-6, "{line}, swath {ours}");
        *compared.entry(name).or_default() += 1;
        let most = largest.entry(name).or_default();
        *most = most.max(difference);
    }
    println!("values compared: {compared:?}; largest differences: {largest:?}");
    assert_eq!(compared.len(), MEASURES.len());
    assert!(compared.values().all(|&count| count >= 4 * 50), "{compared:?}");
}
