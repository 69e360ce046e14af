//! What other programs make of what swath writes, and swath of what they write. Each test needs a program that may not be
//! here: then it is skipped, unless `SWATH_REQUIRE` names it.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use support::{stderr, stdout, swath, write_datasets};
use swath::metrics::{Family, MetricName};
use swath::record::results::TrialResult;
use swath_algorithms::random::{below, stream};
use swath_algorithms::{Base, Distance, Points, Vectors};
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

const QUERIES: usize = 300;

/// A dataset with judgements and subtopics, of which some queries have none, and ids that are words. They rise with the rows, or
/// fall as rows rise.
fn judged(ids_rise: bool) -> Dataset {
    let mut random = stream(5, "judged", 0);
    let mut points = |rows: usize| {
        let values: Vec<f32> = (0..rows * 12).map(|_| below(&mut random, 2001) as f32 / 1000.0 - 1.0).collect();
        Points::from(Vectors::new(&values, 12).expect("finite"))
    };
    let (train, test) = (points(500), points(QUERIES));
    let base = Base::new(train.clone(), Distance::Angular);
    let neighbors = ground_truth::compute(&base, &test, 100);
    let mut random = stream(5, "judgements", 0);
    let (mut grades, mut covered) = (BTreeMap::new(), Vec::new());
    for query in 0..QUERIES - 15 {
        // Of some fewer than k items are relevant.
        for _ in 0..2 + query % 40 {
            let item = neighbors.ids(query)[below(&mut random, 60)];
            // Of some queries nothing is relevant.
            let grade = if query % 20 == 7 { 0 } else { below(&mut random, 4) };
            grades.insert([query as u32, item], grade as u32);
        }
        for _ in 0..25 {
            let item = neighbors.ids(query)[below(&mut random, 60)];
            covered.push([query as u32, item, below(&mut random, 2 + query % 6) as u32]);
        }
    }
    let qrels = grades.into_iter().map(|([query, item], grade)| [query, item, grade]).collect();
    let number = |row: usize| if ids_rise { row } else { 499 - row };
    Dataset {
        qrels: Some(Subtopics::new(QUERIES, qrels)),
        subtopics: Some(Subtopics::new(QUERIES, covered)),
        train_labels: Labels {
            ids: Some((0..500).map(|row| format!("doc-{:03}", number(row))).collect()),
            ..Labels::default()
        },
        test_labels: Labels { ids: Some((0..QUERIES).map(|i| format!("q{i}")).collect()), ..Labels::default() },
        ..Dataset::of_points(train, test, Distance::Angular, neighbors)
    }
}

/// Programs with their names of measures, and swath's. Runs end at rank 10, so that what has no cut there is cut there, too.
const MEASURES: [(&str, &str, &str); 42] = [
    ("ir_measures", "nDCG@10", "ndcg-qrels"),
    ("ir_measures", "nDCG@3", "ndcg-qrels@3"),
    ("ir_measures", "nDCG(gains={2:3,3:7})@10", "ndcg-qrels(gain=exponential)"),
    ("ir_measures", "R@10", "recall-qrels"),
    ("ir_measures", "R@3", "recall-qrels@3"),
    ("ir_measures", "RR@10", "mrr"),
    ("ir_measures", "AP@10", "map"),
    ("ir_measures", "AP@3", "map@3"),
    ("ir_measures", "P@10", "precision"),
    ("ir_measures", "P@3", "precision@3"),
    ("ir_measures", "Rprec", "r-precision"),
    ("ir_measures", "Judged@10", "judged"),
    ("ir_measures", "Judged@3", "judged@3"),
    ("ir_measures", "Success@10", "hit"),
    ("ir_measures", "Success@1", "hit@1"),
    ("ir_measures", "alpha_nDCG@10", "alpha-ndcg"),
    ("ir_measures", "alpha_nDCG@3", "alpha-ndcg@3"),
    ("ir_measures", "alpha_nDCG(alpha=0.2)@10", "alpha-ndcg(alpha=0.2)"),
    ("ir_measures", "StRecall@10", "subtopic-recall"),
    ("ir_measures", "StRecall@3", "subtopic-recall@3"),
    ("ir_measures", "StRecall@10==1", "all-subtopics"),
    ("ir_measures", "ERR_IA@10", "err-ia(normalise=ndeval)"),
    ("ir_measures", "ERR_IA@3", "err-ia(normalise=ndeval)@3"),
    (NOT_DIVIDED.0, NOT_DIVIDED.1, "err-ia(normalise=ndeval)@1"),
    ("ir_measures", "P_IA@10", "p-ia"),
    ("ir_measures", "P_IA@3", "p-ia@3"),
    ("ir_measures", "AP_IA", "map-ia"),
    ("ir_measures", "NRBP", "nrbp"),
    ("ir_measures", "NRBP(alpha=0.2,beta=0.8)", "nrbp(alpha=0.2, beta=0.8)"),
    ("pytrec_eval", "ndcg_cut_10", "ndcg-qrels"),
    ("pytrec_eval", "recall_10", "recall-qrels"),
    ("pytrec_eval", "recip_rank", "mrr"),
    ("pytrec_eval", "map", "map"),
    ("pytrec_eval", "P_10", "precision"),
    ("pytrec_eval", "Rprec", "r-precision"),
    ("pytrec_eval", "success_10", "hit"),
    ("pyndeval", "alpha-nDCG@10", "alpha-ndcg"),
    ("pyndeval", "strec@10", "subtopic-recall"),
    ("pyndeval", "ERR-IA@10", "err-ia(normalise=ndeval)"),
    ("pyndeval", "P-IA@10", "p-ia"),
    ("pyndeval", "MAP-IA", "map-ia"),
    ("pyndeval", "NRBP", "nrbp"),
];

/// ndeval does not divide ERR-IA at the first rank: the value is the number of subtopics that the first result covers.
const NOT_DIVIDED: (&str, &str) = ("ir_measures", "ERR_IA@1");

/// What a measure's values have shown.
#[derive(Default)]
struct Agreement {
    /// Values of queries that swath has one for, too.
    compared: usize,
    /// Queries that have nothing relevant, which swath leaves out, and which are 0 there.
    left_out: usize,
    /// Values that are not the same, up to rounding.
    apart: usize,
    /// The largest difference.
    largest: f64,
}

/// Every value of those programs beside swath's, query by query, in the order of [`MEASURES`].
fn agreements(python: &str, ids_rise: bool) -> Vec<Agreement> {
    let folder = tempfile::tempdir().expect("a folder");
    let dataset = judged(ids_rise);
    ann_benchmarks::write(&folder.path().join("judged.hdf5"), &dataset).expect("written");
    let (queries, items) = (dataset.test_labels.row_ids(QUERIES), dataset.train_labels.row_ids(500));
    let line = |query: usize, rank: usize| {
        let item = dataset.neighbors.ids(query)[rank * 5] as usize;
        format!("{} Q0 {} {rank} {} other\n", queries.of(query), items.of(item), 100 - rank)
    };
    let few = (0..QUERIES).flat_map(|query| (0..=query % 12).map(move |rank| (query, rank)));
    let few: String = few.map(|(query, rank)| line(query, rank)).collect();
    std::fs::write(folder.path().join("few.trec"), few).expect("written");
    let mut names = MEASURES.map(|(.., name)| format!("\"{name}\"")).to_vec();
    names.sort_unstable();
    names.dedup();
    let experiment = format!(
        "name: small\ndataset: judged.hdf5\nmetrics: [{}]\nretrievers:\n  - {{ name: top-k, select: top-k }}\n  \
         - {{ name: mmr, select: {{ mmr: {{ lambda: 0.4 }} }} }}\n  - {{ name: random, select: random }}\n  \
         - {{ name: few, candidates: {{ run: {{ file: few.trec, pool: 10 }} }}, select: top-k }}\n",
        names.join(", ")
    );
    std::fs::write(folder.path().join("small.yaml"), experiment).expect("written");
    for arguments in [&["run", "small.yaml"][..], &["export", "reports/small", "--trec", "trec"]] {
        let output = swath(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let found = script(python, "trec.py", folder.path(), &["trec"]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let (_, results) = swath::record::results::read(&folder.path().join("reports/small")).expect("a run");
    let exported = |trial: &TrialResult| format!("{} {}", trial.plain_name(), trial.point).trim().replace(' ', "-");
    let trials: BTreeMap<String, &TrialResult> = results.trials.iter().map(|trial| (exported(trial), trial)).collect();
    let short = trials["few"].returned.iter().filter(|&&id| id < 0).count();
    assert!(short > 0, "lists that end before rank 10");
    let mut agreements: Vec<Agreement> = MEASURES.iter().map(|_| Agreement::default()).collect();
    for line in stdout(&found).lines() {
        let [program, trial, query, measure, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let is_it = |(one, other, _): &(&str, &str, &str)| (*one, *other) == (program, measure);
        let at = MEASURES.iter().position(is_it).unwrap_or_else(|| panic!("{line}"));
        let metric = results.metrics.iter().position(|metric| metric.name() == MEASURES[at].2).expect("measured");
        let query: usize = query.trim_start_matches('q').parse().expect("a number");
        let (ours, theirs): (f64, f64) = (trials[trial].metrics[metric][query], value.parse().expect("a number"));
        let agreement = &mut agreements[at];
        if ours.is_nan() {
            assert_eq!(theirs, 0.0, "{line}");
            agreement.left_out += 1;
            continue;
        }
        let subtopics = dataset.subtopics.as_ref().map_or(0, |subtopics| subtopics.count(query));
        let divided = if (program, measure) == NOT_DIVIDED { theirs / subtopics as f64 } else { theirs };
        let difference = (ours - divided).abs();
        agreement.compared += 1;
        agreement.apart += usize::from(difference > 1e-9);
        agreement.largest = agreement.largest.max(difference);
    }
    agreements
}

/// Query by query, in lists of which some are short, for queries of which some have nothing relevant.
#[test]
fn other_programs_find_in_an_export_what_the_run_measured() {
    let Some(python) = support::python(&["ir_measures", "pytrec_eval", "pyndeval"]) else { return };
    for ids_rise in [false, true] {
        println!("ids {}:", if ids_rise { "rise with the rows" } else { "fall as rows rise" });
        for ((program, measure, name), found) in MEASURES.iter().zip(agreements(&python, ids_rise)) {
            let Agreement { compared, left_out, apart, largest } = found;
            println!(
                "{program} {measure}, {name}: {compared} values, {left_out} left out, {apart} apart, largest {largest:e}"
            );
            assert!(compared >= 4 * 250, "{program} {measure}: {compared} values");
            assert_eq!(left_out > 0, name_is_of_relevance(name), "{program} {measure}: {left_out} left out");
            // Of items with equal gains the ideal of alpha-nDCG takes the lower row in swath, and the larger id in ndeval.
            if ids_rise && name.starts_with("alpha-ndcg") {
                assert!(
                    apart > 0 && apart * 8 < compared && largest < 0.052,
                    "{program} {measure}: {apart} apart, {largest}"
                );
            } else {
                assert_eq!((apart, largest < 1e-9), (0, true), "{program} {measure}, {name}: {largest}");
            }
        }
    }
}

/// Whether a query that has judgements, but none above 0, has no value.
fn name_is_of_relevance(name: &str) -> bool {
    let metric = MetricName::find(name).expect("a metric");
    metric.family() == Family::Judged && metric.kind() != "judged"
}
