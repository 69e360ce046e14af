//! One experiment on several datasets: the runs, and the report above them, whose every number follows from those of the runs.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use support::{folder_with, stderr, stdout, swath};

/// Drawn datasets with subtopics: three of different sizes.
const DATASETS: &str = "
datasets:
  - { generate: { subtopics: {} }, n: 300, dimension: 6, queries: 24, seed: 1 }
  - { generate: { subtopics: {} }, n: 400, dimension: 8, queries: 30, seed: 2 }
  - { generate: { subtopics: {} }, n: 500, dimension: 10, queries: 36, seed: 3 }
";

const NAMES: [&str; 3] = ["subtopics-300x6", "subtopics-400x8", "subtopics-500x10"];

const RETRIEVERS: &str = "
k: 5
seed: 7
repeats: 1
metrics: [recall, subtopic-recall, diversity]
retrievers:
  - { name: top-k, candidates: { exact: { pool: 30 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 30 } }, select: { mmr: { lambda: [0.1, 0.5, 0.9] } } }
  - { name: random, candidates: { exact: { pool: 30 } }, select: random }
  - { name: xquad, candidates: { exact: { pool: 30 } }, select: xquad }
";

/// Runs the experiment with some settings in a folder of its own; returns what it said.
fn run(settings: &str) -> (tempfile::TempDir, String) {
    let folder = folder_with("x.yaml", &format!("name: x\n{settings}{DATASETS}{RETRIEVERS}"));
    let output = swath(folder.path(), &["run", "x.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    (folder, stdout(&output))
}

/// The rows of a table, each by the names of its columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

/// The rows that have these values.
fn of<'r>(rows: &'r [BTreeMap<String, String>], wanted: &[(&str, &str)]) -> Vec<&'r BTreeMap<String, String>> {
    rows.iter().filter(|row| wanted.iter().all(|(column, value)| row[*column] == *value)).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: `{}`", row[column]))
}

/// Every file of a folder but those with times, by its path, with its content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if entry.is_dir() && !NAMES.contains(&name.as_str()) {
            found.extend(files(&entry).into_iter().map(|(inner, content)| (format!("{name}/{inner}"), content)));
        } else if entry.is_file() && !name.starts_with('.') {
            found.insert(name, std::fs::read(&entry).expect("a file"));
        }
    }
    found
}

#[test]
fn means_over_datasets_and_points_chosen_on_the_others_follow_from_the_runs() {
    let (folder, said) = run("split: { across: true, by: subtopic-recall }\n");
    let reports = folder.path().join("reports/x");
    assert!(said.contains("report across the datasets: reports/x/index.html"), "{said}");
    let runs: Vec<_> = NAMES.iter().map(|name| rows(&reports.join(name).join("runs.csv"))).collect();
    let (each, across) = (rows(&reports.join("datasets.csv")), rows(&reports.join("across.csv")));
    let mut choices = Vec::new();
    for (here, name) in NAMES.iter().enumerate() {
        // The point with the best mean over the two other datasets, found here a second time.
        let value = |run: usize, point: &str| {
            let wanted = point.replace("lambda=", "\"lambda\":");
            let row = of(&runs[run], &[("retriever", "mmr")]).into_iter().find(|row| row["params"].contains(&wanted));
            number(row.expect("the point"), "subtopic-recall")
        };
        let over_others = |point: &&str| (0..3).filter(|&run| run != here).map(|run| value(run, point)).sum::<f64>();
        let best = ["lambda=0.1", "lambda=0.5", "lambda=0.9"]
            .into_iter()
            .max_by(|a, b| over_others(a).total_cmp(&over_others(b)));
        let chosen = of(&each, &[("dataset", name), ("retriever", "mmr"), ("metric", "subtopic-recall")])[0];
        assert_eq!(Some(chosen["point"].as_str()), best, "{name}");
        assert!((number(chosen, "mean") - value(here, &chosen["point"])).abs() < 1e-11, "over all queries of {name}");
        choices.push(chosen["point"].clone());
    }
    for retriever in ["top-k", "mmr", "random", "xquad (oracle)"] {
        for metric in ["recall", "subtopic-recall"] {
            let own = of(&each, &[("retriever", retriever), ("metric", metric)]);
            let together = of(&across, &[("retriever", retriever), ("metric", metric)])[0];
            assert_eq!((own.len(), together["datasets"].as_str()), (3, "3"));
            // Each dataset counts the same, however many queries it has.
            let mean = own.iter().map(|row| number(row, "mean")).sum::<f64>() / 3.0;
            assert!((number(together, "mean") - mean).abs() < 1e-11, "{retriever} {metric}");
            if retriever != "top-k" {
                let gain = own.iter().map(|row| number(row, "difference")).sum::<f64>() / 3.0;
                assert!((number(together, "difference") - gain).abs() < 1e-11, "{retriever} {metric}");
                assert!(number(together, "difference_lo") <= gain && gain <= number(together, "difference_hi"));
            }
        }
        // A distance between vectors is in the unit of each dataset.
        let diversity = of(&across, &[("retriever", retriever), ("metric", "diversity")])[0];
        assert_eq!(diversity["mean"], "");
        assert!(retriever.contains("oracle") || !diversity["mean_rank"].is_empty());
    }
    // One family: two retrievers that compete on three datasets.
    for metric in ["recall", "subtopic-recall"] {
        let family = of(&each, &[("metric", metric)]);
        let mut p: Vec<(f64, f64)> = family
            .iter()
            .filter(|row| !row["p_holm"].is_empty())
            .map(|row| (number(row, "p_permutation"), number(row, "p_holm")))
            .collect();
        assert_eq!(p.len(), 6);
        p.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut least = 0.0_f64;
        for (rank, (p, holm)) in p.into_iter().enumerate() {
            least = least.max(p * (6 - rank) as f64).min(1.0);
            assert!((least - holm).abs() < 1e-9, "{metric}: {p} {holm}");
        }
    }
    assert_eq!(rows(&reports.join("ranks.csv")).len(), 3 * 3, "pairs of three in three metrics, oracles left out");
    let page = std::fs::read_to_string(reports.join("index.html")).expect("a page");
    for text in [
        "cannot give a p below 0.25",
        "chosen for each dataset on all the other datasets",
        "href=\"subtopics-300x6/index.html\"",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn the_report_is_made_again_from_the_files_alone_and_a_stopped_run_goes_on() {
    let (folder, said) = run("split: { tune: 0.5, by: recall }\n");
    let reports = folder.path().join("reports/x");
    let before = files(&reports);
    assert!(
        before.keys().any(|name| name == "tables/across.tex") && before.contains_key("plots/gains-recall.svg"),
        "{:?}",
        before.keys()
    );
    // Chosen and reported on other queries of each dataset: the runs' own choice.
    let each = rows(&reports.join("datasets.csv"));
    for name in NAMES {
        let chosen = rows(&reports.join(name).join("chosen.csv"));
        for row in of(&each, &[("dataset", name), ("metric", "recall")]) {
            let own = of(&chosen, &[("retriever", &row["retriever"])])[0];
            assert_eq!(row["mean"], own["recall"], "{name} {}", row["retriever"]);
        }
    }
    std::fs::remove_file(reports.join("index.html")).expect("removed");
    let again = swath(folder.path(), &["report", "reports/x"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(stdout(&again).ends_with(&said[said.find("\nreport across").expect("said")..]), "{}", stdout(&again));
    assert!(files(&reports) == before, "the same files");
    // A retriever more: the next run keeps the trials that it has.
    let text = std::fs::read_to_string(folder.path().join("x.yaml")).expect("read");
    let more = text + "  - { name: max-min, candidates: { exact: { pool: 30 } }, select: max-min }\n";
    std::fs::write(folder.path().join("x.yaml"), more).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--reuse"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(of(&rows(&reports.join("datasets.csv")), &[("retriever", "max-min"), ("metric", "recall")]).len(), 3);
    // Another kind of experiment does not replace it, and its runs are runs.
    let refused = swath(folder.path(), &["check", "x.yaml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("an experiment on several datasets is many experiments"), "{}", stderr(&refused));
    let refused = swath(folder.path(), &["export", "reports/x", "--ann-benchmarks", "out"]);
    assert!(stderr(&refused).contains("export its runs, which are folders in it"), "{}", stderr(&refused));
    let again = swath(folder.path(), &["reproduce", &format!("reports/x/{}", NAMES[1])]);
    assert_eq!(again.status.code(), Some(0), "{}{}", stdout(&again), stderr(&again));
}

/// No selector here has a best set to compare with.
#[test]
fn a_metric_without_a_value_compares_nothing() {
    let text = format!("name: x\nsplit: {{ across: true, by: optimum-ratio }}\n{DATASETS}{RETRIEVERS}");
    let text =
        text.replace("[recall, subtopic-recall, diversity]", "[recall, optimum-ratio]").replace("pool: 30", "pool: 25");
    let folder = folder_with("x.yaml", &text);
    let output = swath(folder.path(), &["run", "x.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("No query of any dataset has a value of optimum-ratio: nothing is chosen by it"), "{said}");
    assert!(!said.contains("No retriever has a better mean"), "{said}");
}

/// A dataset without results is left out, and said.
#[test]
fn a_dataset_on_which_all_failed_is_left_out() {
    let (folder, _) = run("");
    let reports = folder.path().join("reports/x");
    let manifest = reports.join(NAMES[1]).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for trial in value["trials"].as_array_mut().expect("trials") {
        trial["failed"] = "its child was killed".into();
    }
    std::fs::write(&manifest, serde_json::to_string_pretty(&value).expect("JSON")).expect("written");
    let output = swath(folder.path(), &["report", "reports/x"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let page = std::fs::read_to_string(reports.join("index.html")).expect("a page");
    assert!(page.contains("no trial succeeded, so this dataset is left out"), "{page}");
    let across = rows(&reports.join("across.csv"));
    assert!(across.iter().all(|row| row["datasets"] == "2"));
    assert!(page.contains("exploratory"), "points chosen on the same queries are called so");
}

/// Reports a run again after its manifests were changed; returns the page.
fn reported_after(reports: &Path, dataset: &str, change: impl Fn(&mut serde_json::Value)) -> String {
    let manifest = reports.join(dataset).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    change(&mut value);
    std::fs::write(&manifest, serde_json::to_string_pretty(&value).expect("JSON")).expect("written");
    let output = swath(reports, &["report", "."]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    std::fs::read_to_string(reports.join("index.html")).expect("a page")
}

/// What the first sentence counts is what the table of values has.
#[test]
fn the_verdict_counts_every_comparison() {
    let counted = |reports: &Path, metric: &str, page: &str| {
        let each = rows(&reports.join("datasets.csv"));
        let tested = of(&each, &[("metric", metric)]);
        let p: Vec<f64> =
            tested.iter().filter(|row| !row["p_holm"].is_empty()).map(|row| number(row, "p_holm")).collect();
        let significant = p.iter().filter(|p| **p < 0.05).count();
        assert!(significant > 0, "{p:?}");
        assert!(page.contains(&format!(" of {} comparisons with top-k", p.len())), "{page}");
        assert!(!page.contains("(0 comparisons"), "{page}");
    };
    // Values in the unit of each dataset's vectors have no mean over datasets, but they are compared on each.
    let retrievers =
        RETRIEVERS.replace("[0.1, 0.5, 0.9]", "0.1").replace("[recall, subtopic-recall, diversity]", "[diversity]");
    let folder = folder_with("x.yaml", &format!("name: x\n{DATASETS}{retrievers}"));
    let output = swath(folder.path(), &["run", "x.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let reports = folder.path().join("reports/x");
    counted(&reports, "diversity", &std::fs::read_to_string(reports.join("index.html")).expect("a page"));
    let across = rows(&reports.join("across.csv"));
    for column in ["p_signed_rank", "best_dataset", "worst_dataset", "critical_difference"] {
        assert!(
            across.iter().all(|row| row[column].is_empty()),
            "{column}: a unit says nothing, or there are few datasets"
        );
    }
    assert!(rows(&reports.join("ranks.csv")).iter().all(|row| row["p_nemenyi"].is_empty()));

    // A retriever that failed on one dataset is compared on the others.
    let (folder, _) = run("");
    let reports = folder.path().join("reports/x");
    let page = reported_after(&reports, NAMES[1], |manifest| {
        let trials = manifest["trials"].as_array_mut().expect("trials");
        let random = trials.iter_mut().find(|trial| trial["retriever"] == "random").expect("a trial");
        random["failed"] = "its child was killed".into();
    });
    counted(&reports, "subtopic-recall", &page);
    assert!(page.contains("and so with no mean and no rank over them: random (2 of 3)."), "{page}");
    let across = rows(&reports.join("across.csv"));
    let random = of(&across, &[("retriever", "random"), ("metric", "subtopic-recall")])[0];
    assert!(random["mean"].is_empty() && random["difference"].is_empty() && random["worse"] == "2", "{random:?}");
    let oracle = of(&across, &[("retriever", "xquad (oracle)"), ("metric", "subtopic-recall")])[0];
    assert!(
        oracle["better_significant"].is_empty() && !oracle["better"].is_empty(),
        "oracles are not tested: {oracle:?}"
    );
}

/// A dataset that cannot say anything of the choice leaves it to the others; a metric of one dataset alone is told.
#[test]
fn datasets_without_a_value_take_nothing_from_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = support::dataset(swath_algorithms::Distance::Angular, true);
    // Only one query has subtopics, and it is not asked.
    let rare = swath_datasets::Subtopics::new(12, vec![[0, 1, 0], [0, 2, 1]]);
    for (name, data) in [
        ("whole", whole.clone()),
        ("other", whole.clone()),
        ("rare", swath_datasets::Dataset { subtopics: Some(rare), ..whole }),
    ] {
        swath_datasets::ann_benchmarks::write(&folder.path().join(format!("{name}.hdf5")), &data).expect("written");
    }
    let run = |metrics: &str, split: &str, datasets: &str| {
        let text = format!(
            "name: x\ndatasets: [{datasets}]\nk: 5\nqueries: 4\nseed: 3\nrepeats: 1\n{metrics}{split}retrievers:\n  \
             - {{ name: top-k, candidates: {{ exact: {{ pool: 30 }} }}, select: top-k }}\n  \
             - {{ name: mmr, candidates: {{ exact: {{ pool: 30 }} }}, select: {{ mmr: {{ lambda: [0.1, 0.9] }} }} }}\n"
        );
        std::fs::write(folder.path().join("x.yaml"), text).expect("written");
        let output = swath(folder.path(), &["run", "x.yaml", "--fresh"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (stdout(&output), rows(&folder.path().join("reports/x/datasets.csv")))
    };
    let across = "split: { across: true, by: subtopic-recall }\n";
    let (said, each) = run("metrics: [recall, subtopic-recall]\n", across, "./whole.hdf5, ./other.hdf5, ./rare.hdf5");
    for name in ["whole", "other", "rare"] {
        for retriever in ["top-k", "mmr"] {
            assert_eq!(
                of(&each, &[("dataset", name), ("retriever", retriever), ("metric", "recall")]).len(),
                1,
                "{said}"
            );
        }
    }
    assert!(said.contains("In subtopic-recall on 2 datasets"), "{said}");
    assert!(said.contains("rare has no values of subtopic-recall."), "{said}");

    let (said, _) = run("metrics: [recall, subtopic-recall]\n", "", "./whole.hdf5, ./rare.hdf5");
    assert!(
        said.contains("Only on the page of one dataset, since no other has values: subtopic-recall (whole)."),
        "{said}"
    );
    assert!(said.contains("In recall on 2 datasets"), "{said}");
}

/// A run that was copied there from elsewhere is not taken for the one that belongs there.
#[test]
fn runs_of_another_experiment_are_refused() {
    let (folder, _) = run("");
    let reports = folder.path().join("reports/x");
    let refused = |expected: &str| {
        let output = swath(&reports, &["report", "."]);
        assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(reports.join("across.csv").exists(), "nothing is removed");
    };
    let list = std::fs::read_to_string(reports.join("datasets.json")).expect("a list");
    let write = |text: &str| std::fs::write(reports.join("datasets.json"), text).expect("written");
    write("[]");
    refused("it lists no run");
    write("[");
    refused("this is not the list of runs that swath wrote (EOF");
    write(&list.replace(NAMES[1], NAMES[0]));
    refused("`subtopics-300x6` is listed twice");
    write(&list);
    let manifest = |name: &str| reports.join(name).join("manifest.json");
    let own = std::fs::read_to_string(manifest(NAMES[1])).expect("a manifest");
    std::fs::write(manifest(NAMES[1]), own.replace("\"seed\": 7", "\"seed\": 8")).expect("written");
    refused(
        "the run in `subtopics-400x8` is not of this experiment: its `seed` differs from that of `subtopics-300x6`",
    );
    std::fs::write(manifest(NAMES[1]), own.replace("\"name\": \"subtopics-400x8\"", "\"name\": \"other\""))
        .expect("written");
    refused("it ran on other");
    std::fs::write(manifest(NAMES[1]), &own).expect("written");
    assert_eq!(swath(&reports, &["report", "."]).status.code(), Some(0));
    // As the messages advise.
    write("[");
    assert_eq!(swath(folder.path(), &["run", "x.yaml"]).status.code(), Some(2));
    std::fs::remove_file(reports.join("datasets.json")).expect("removed");
    let again = swath(folder.path(), &["run", "x.yaml"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(std::fs::read_to_string(reports.join("datasets.json")).expect("a list"), list);
}

/// What the terminal says of a dataset names it, in a run and before one. What holds for several is said once.
#[test]
fn a_metric_that_is_left_out_is_said_with_the_dataset() {
    let datasets = "datasets:\n  - { generate: { duplicates: {} }, n: 300, dimension: 6, queries: 24 }\n  \
                    - { generate: { clusters: {} }, n: 300, dimension: 6, queries: 24 }\n  \
                    - { generate: { clusters: {} }, n: 300, dimension: 7, queries: 24 }\n";
    let rest = "k: 5\nrepeats: 1\nmetrics: [recall, groups]\nretrievers:\n  - { name: top-k, select: top-k }\n";
    let folder = folder_with("x.yaml", &format!("name: x\n{datasets}{rest}"));
    let expected = "note: at clusters-300x6: metric `groups` is left out: the dataset has no groups\n";
    for arguments in [&["run", "--dry-run", "x.yaml"][..], &["run", "--quiet", "x.yaml"]] {
        let output = swath(folder.path(), arguments);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), expected));
    }
}
