//! Runs of other programs as candidates.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use support::{stderr, stdout, swath};
use swath::record::results;
use swath_algorithms::Distance;
use swath_datasets::{Dataset, Labels, ann_benchmarks};

/// The dataset of the other tests with ids: d0, d1 ... and q0, q1 ...
fn dataset() -> Dataset {
    let ids = |letter: char, rows: usize| Labels {
        ids: Some((0..rows).map(|row| format!("{letter}{row}")).collect()),
        ..Labels::default()
    };
    Dataset { train_labels: ids('d', 60), test_labels: ids('q', 12), ..support::dataset(Distance::Angular, true) }
}

/// Score of document d for query q in the first run: all differ, and none is a similarity.
fn first(q: usize, d: usize) -> f64 {
    ((d * 37 + q * 11) % 61) as f64 - 20.0
}

/// The same in the second.
fn second(q: usize, d: usize) -> f64 {
    ((d * 23 + q * 5) % 67) as f64 / 7.0
}

/// A run with a line for each document, the lines in no order and rank 0 on all, as BEIR writes them.
fn run_of(score: impl Fn(usize, usize) -> f64) -> String {
    let lines = (0..12).flat_map(|q| (0..60).map(move |d| (q, d * 7 % 60)));
    lines.map(|(q, d)| format!("q{q} Q0 d{d} 0 {} other\n", score(q, d))).collect::<Vec<_>>().concat()
}

/// A folder with the dataset, two runs and an experiment.
fn folder_with(retrievers: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    ann_benchmarks::write(&folder.path().join("small.hdf5"), &dataset()).expect("written");
    std::fs::write(folder.path().join("a.trec"), run_of(first)).expect("written");
    std::fs::write(folder.path().join("b.trec"), run_of(second)).expect("written");
    let text = format!("name: listed\ndataset: small.hdf5\nk: 5\nretrievers:\n{retrievers}");
    std::fs::write(folder.path().join("x.yaml"), text).expect("written");
    folder
}

fn runs(folder: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(folder.join("reports/listed/runs.csv")).expect("a table");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.expect("rows")
}

/// What each trial returned, by the retriever's name.
fn returned(folder: &Path) -> BTreeMap<String, Vec<Vec<i32>>> {
    let (_, results) = results::read(&folder.join("reports/listed")).expect("results");
    let of = |trial: &results::TrialResult| trial.returned.chunks(trial.k).map(<[i32]>::to_vec).collect();
    results.trials.iter().map(|trial| (trial.plain_name().to_owned() + &trial.point, of(trial))).collect()
}

/// The first five documents of each query by these scores.
fn best(score: impl Fn(usize, usize) -> f64) -> Vec<Vec<i32>> {
    let of = |q: usize| {
        let mut all: Vec<usize> = (0..60).collect();
        all.sort_by(|&a, &b| score(q, b).total_cmp(&score(q, a)).then(a.cmp(&b)));
        all[..5].iter().map(|&d| d as i32).collect()
    };
    (0..12).map(of).collect()
}

const RETRIEVERS: &str = "  - { name: exact, select: top-k }
  - { name: listed, candidates: { run: { file: a.trec, pool: 20 } }, select: top-k }
  - { name: diverse, candidates: { run: { file: a.trec, pool: 20 } }, select: { mmr: { lambda: 0.2 } } }
  - { name: ranks, candidates: { run: { files: { a.trec: 1, b.trec: 2 }, pool: 60 } }, select: top-k }
  - { name: sums, candidates: { run: { files: { a.trec: 1, b.trec: 2 }, fuse: sum, pool: 60 } }, select: top-k }
  - { name: walked, candidates: { run: { file: b.trec, pool: 10 } }, expand: { walk: { graph: links } }, select: top-k }
";

#[test]
fn selectors_work_on_the_lists_of_other_programs() {
    let folder = folder_with(RETRIEVERS);
    let ran = swath(folder.path(), &["run", "x.yaml", "--quiet"]);
    assert!(ran.status.success(), "{}", stderr(&ran));
    let found = returned(folder.path());
    assert_eq!(found["listed"], best(first));
    assert_ne!(found["diverse"], found["listed"]);
    let pool = |q: usize| {
        let mut all: Vec<i32> = (0..60).collect();
        all.sort_by(|&a, &b| first(q, b as usize).total_cmp(&first(q, a as usize)));
        all.truncate(20);
        all
    };
    assert!(found["diverse"].iter().enumerate().all(|(q, ids)| ids.iter().all(|id| pool(q).contains(id))));
    let rank = |score: &dyn Fn(usize, usize) -> f64, q: usize, d: usize| {
        1 + (0..60).filter(|&other| score(q, other) > score(q, d)).count()
    };
    let by_ranks = |q, d| 1.0 / (60 + rank(&first, q, d)) as f64 + 2.0 / (60 + rank(&second, q, d)) as f64;
    assert_eq!(found["ranks"], best(by_ranks));
    let scaled = |score: &dyn Fn(usize, usize) -> f64, q: usize, d: usize| {
        let all = (0..60).map(|d| score(q, d));
        let (least, most) = (all.clone().fold(f64::INFINITY, f64::min), all.fold(f64::NEG_INFINITY, f64::max));
        (score(q, d) - least) / (most - least)
    };
    assert_eq!(found["sums"], best(|q, d| scaled(&first, q, d) + 2.0 * scaled(&second, q, d)));
    assert_eq!(found["walked"].len(), 12);

    // Only what searches has times of a search.
    for row in runs(folder.path()) {
        let (name, searches) = (&row["retriever"], row["retriever"] == "exact");
        for column in ["qps", "qps_best", "p50_ms", "p95_ms", "p99_ms", "candidates_ms"] {
            assert_eq!(row[column].is_empty(), !searches, "{column} of {name}");
        }
        assert!(!row["select_ms"].is_empty() && !row["expand_ms"].is_empty(), "{name}");
        assert_eq!(row["candidates_evaluations"] == "0", !searches, "{name}");
        assert_eq!(row["index_bytes"] == "0", !searches && name != "walked", "{name}");
    }
    let cost = std::fs::read_to_string(folder.path().join("reports/listed/tables/cost.md")).expect("a table");
    assert!(cost.contains("Candidates of listed, diverse, ranks, sums, walked are lists from files"), "{cost}");
    let manifest = std::fs::read_to_string(folder.path().join("reports/listed/manifest.json")).expect("a manifest");
    let hash = swath_datasets::sha256::of(run_of(first));
    assert!(manifest.contains(&format!("\"a.trec\": \"{hash}\"")), "{manifest}");

    // A second run has the same results, and other times at most.
    let table = |row: &BTreeMap<String, String>| {
        let kept = row.iter().filter(|(name, _)| !name.ends_with("_ms") && !name.starts_with("qps"));
        let kept = kept.filter(|(name, _)| !name.ends_with("_bytes") && *name != "build_seconds");
        kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    let before: Vec<_> = runs(folder.path()).iter().map(table).collect();
    let again = swath(folder.path(), &["run", "x.yaml", "--quiet", "--fresh"]);
    assert!(again.status.success(), "{}", stderr(&again));
    assert_eq!(runs(folder.path()).iter().map(table).collect::<Vec<_>>(), before);
    assert_eq!(returned(folder.path()), found);

    let reproduced = swath(folder.path(), &["reproduce", "reports/listed"]);
    assert!(reproduced.status.success(), "{}{}", stdout(&reproduced), stderr(&reproduced));
    let exported = swath(folder.path(), &["export", "reports/listed", "--ann-benchmarks", "ann"]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    let said = stdout(&exported) + &stderr(&exported);
    assert!(said.contains("5 of 6 trials are not in the export"), "{said}");
    let exported = swath(folder.path(), &["export", "reports/listed", "--parquet", "tables", "--trec", "trec"]);
    assert!(exported.status.success(), "{}", stderr(&exported));

    // A file that has changed since is told.
    std::fs::write(folder.path().join("a.trec"), run_of(second)).expect("written");
    let reproduced = swath(folder.path(), &["reproduce", "reports/listed"]);
    assert_eq!(reproduced.status.code(), Some(2), "{}", stderr(&reproduced));
    assert!(stderr(&reproduced).contains("the run a.trec has changed since the run began"), "{}", stderr(&reproduced));
}

/// The id of a trial follows what is in the file, and not what the file is called.
#[test]
fn a_trial_is_known_by_the_content_of_its_file() {
    let listed = |file: &str| {
        format!("  - {{ name: listed, candidates: {{ run: {{ file: {file}, pool: 20 }} }}, select: top-k }}\n")
    };
    let id = |folder: &Path| {
        let resources = swath::plan::Resources::of_memory(1 << 30);
        let prepared = swath::plan::prepare_file(&folder.join("x.yaml"), resources).expect("planned");
        prepared.plan.trials[0].id.clone()
    };
    let (one, other) = (folder_with(&listed("a.trec")), folder_with(&listed("c.trec")));
    std::fs::rename(other.path().join("a.trec"), other.path().join("c.trec")).expect("renamed");
    let before = id(one.path());
    assert_eq!(id(other.path()), before);
    std::fs::write(one.path().join("a.trec"), run_of(second)).expect("written");
    assert_ne!(id(one.path()), before);
    // A file that is there twice counts twice.
    let fused = |files: &str| {
        let folder = folder_with(&listed("a.trec").replace("file: a.trec", &format!("files: {{ {files} }}")));
        std::fs::copy(folder.path().join("a.trec"), folder.path().join("c.trec")).expect("copied");
        id(folder.path())
    };
    assert_ne!(fused("a.trec: 1, b.trec: 1, c.trec: 1"), fused("a.trec: 1, b.trec: 1"));
    assert_eq!(fused("b.trec: 1, c.trec: 1"), fused("a.trec: 1, b.trec: 1"));
}

/// A finished trial is kept only if its file has not changed.
#[test]
fn a_trial_of_a_changed_file_is_run_again() {
    let folder = folder_with(RETRIEVERS);
    let run = |more: &[&str]| {
        let ran = swath(folder.path(), &[&["run", "x.yaml", "--quiet"], more].concat());
        assert!(ran.status.success(), "{}", stderr(&ran));
        returned(folder.path())
    };
    let before = run(&[]);
    assert_eq!(run(&["--reuse"]), before);
    std::fs::write(folder.path().join("a.trec"), run_of(second)).expect("written");
    let after = run(&["--reuse"]);
    assert_eq!((&before["listed"], &after["listed"]), (&best(first), &best(second)));
    assert_eq!(after["walked"], before["walked"]);
}

/// A check compares results, and no times of lists.
#[test]
fn a_check_compares_the_quality_of_lists() {
    let folder = folder_with(RETRIEVERS);
    let neighbors = dataset().neighbors;
    let nearest = |q: usize, d: usize| {
        let all = &neighbors.ids[q * neighbors.count..][..neighbors.count];
        all.iter().position(|&id| id as usize == d).map_or(0.0, |at| (neighbors.count - at) as f64)
    };
    std::fs::write(folder.path().join("a.trec"), run_of(nearest)).expect("written");
    let saved = swath(folder.path(), &["baseline", "save", "x.yaml"]);
    assert!(saved.status.success(), "{}", stderr(&saved));
    let checked = swath(folder.path(), &["check", "x.yaml"]);
    let said = stdout(&checked) + &stderr(&checked);
    assert!(
        said.contains("5 trials are not timed: candidates that are lists from files are found at no cost"),
        "{said}"
    );
    std::fs::write(folder.path().join("a.trec"), run_of(|q, d| -nearest(q, d))).expect("written");
    let worse = swath(folder.path(), &["check", "x.yaml"]);
    assert_eq!(worse.status.code(), Some(1), "{}{}", stdout(&worse), stderr(&worse));
}

/// Parameters of a run, what is changed before it, and what is said of it.
type Case = (&'static str, Box<dyn Fn(&Path)>, &'static str);

/// Each wrong experiment or file, and what is said of it.
#[test]
fn wrong_runs_are_refused_with_their_place() {
    let listed = |run: &str| format!("  - {{ name: listed, candidates: {{ run: {{ {run} }} }}, select: top-k }}\n");
    let said = |run: &str, change: &dyn Fn(&Path)| {
        let folder = folder_with(&listed(run));
        change(folder.path());
        let ran = swath(folder.path(), &["run", "x.yaml", "--quiet"]);
        assert_eq!(ran.status.code(), Some(2), "{run}: {}", stderr(&ran));
        stderr(&ran)
    };
    let nothing = |_: &Path| ();
    let with = |text: &'static str| move |folder: &Path| std::fs::write(folder.join("a.trec"), text).expect("written");
    let cases: [Case; 8] = [
        ("pool: 20", Box::new(nothing), "it names no file"),
        ("file: none.trec, pool: 20", Box::new(nothing), "cannot read none.trec: No such file"),
        ("files: { a.trec: 1, none.trec: 1 }, pool: 20", Box::new(nothing), "cannot read none.trec: No such file"),
        ("file: a.trec, fuse: rrf, pool: 20", Box::new(nothing), "there is one file, and nothing to fuse"),
        (
            "file: a.trec, pool: 20",
            Box::new(with("q0 Q0 d1 1 2 x\nq0 Q0 d2 1 high x\n")),
            "line 2: the score is `high`",
        ),
        ("file: a.trec, pool: 20", Box::new(with("q0 Q0 d1 1 2\n")), "line 1: it has 5 fields"),
        (
            "file: a.trec, pool: 20",
            Box::new(with("0 Q0 1 1 2 x\n")),
            "its only line is not of a query and a base vector",
        ),
        (
            "file: a.trec, pool: 20",
            Box::new(with("q0 Q0 d1 1 2 x\nq3 Q0 d1 1 2 x\n")),
            "10 of 12 queries have no document of the dataset in a.trec, such as query `q1`",
        ),
    ];
    for (run, change, expected) in cases {
        let text = said(run, change.as_ref());
        assert!(text.contains(expected), "{run}: {text}");
        assert!(text.contains("x.yaml:"), "no place: {text}");
    }
}

/// Unknown ids and short lists are counted and told, and the run goes on.
#[test]
fn what_is_left_out_is_told() {
    let folder = folder_with("  - { name: listed, candidates: { run: { file: a.trec, pool: 20 } }, select: top-k }\n");
    let mut text = run_of(first);
    text.push_str("q0 Q0 unknown 1 99 x\nq77 Q0 d1 1 99 x\n");
    let short: String = text
        .lines()
        .filter(|line| !line.starts_with("q3 ") || line.contains(" d1"))
        .fold(String::new(), |text, line| text + line + "\n");
    std::fs::write(folder.path().join("a.trec"), &short).expect("written");
    let ran = swath(folder.path(), &["run", "x.yaml", "--quiet"]);
    assert!(ran.status.success(), "{}", stderr(&ran));
    let said = stdout(&ran) + &stderr(&ran);
    assert!(
        said.contains("2 of 673 lines in a.trec are left out: their ids are not in the dataset (no base vector has the id `unknown`"),
        "{said}"
    );
    assert!(
        said.contains("1 of 12 queries have fewer than 20 documents in a.trec, such as query `q3` with 11"),
        "{said}"
    );
}

/// Without ids a run calls base vectors by their row numbers. In a sample of them these would be others.
#[test]
fn row_numbers_do_for_ids_but_not_in_a_sample() {
    let folder = folder_with("  - { name: listed, candidates: { run: { file: a.trec, pool: 20 } }, select: top-k }\n");
    let plain = support::dataset(Distance::Angular, false);
    ann_benchmarks::write(&folder.path().join("small.hdf5"), &plain).expect("written");
    std::fs::write(folder.path().join("a.trec"), run_of(first).replace(['q', 'd'], "").replace("Q0", "0"))
        .expect("written");
    let ran = swath(folder.path(), &["run", "x.yaml", "--quiet"]);
    assert!(ran.status.success(), "{}", stderr(&ran));
    assert_eq!(returned(folder.path())["listed"], best(first));
    let text = std::fs::read_to_string(folder.path().join("x.yaml")).expect("read");
    std::fs::write(folder.path().join("y.yaml"), text.replace("k: 5", "k: 5\nsweep: { n: [30, 40] }"))
        .expect("written");
    let refused = swath(folder.path(), &["run", "y.yaml", "--quiet", "--out", "sweep"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("which are others in a sample"), "{}", stderr(&refused));
}
