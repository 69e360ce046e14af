//! What a user does: the program runs on a small dataset, and every file it leaves behind is read.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{folder_with, stderr, stdout, swath, write_datasets};
use swath_datasets::hdf5_file::{Hdf5File, MEMORY};

const EXPERIMENT: &str = "
name: small
dataset: rich.hdf5
k: 5
seed: 7
THREADS
retrievers:
  - name: top-k
    candidates: { exact: { pool: 20 } }
    select: top-k
  - name: mmr
    candidates: { exact: { pool: 20 } }
    select: { mmr: { lambda: [0.3, 0.7] } }
  - name: facility-location
    candidates: { exact: { pool: 20 } }
    select: facility-location
  - name: hops
    candidates: { exact: { pool: 5 } }
    expand: { hops: { graph: [knn, links], neighbors: 4 } }
    select: top-k
  - name: walk
    candidates: { exact: { pool: 5 } }
    expand: { walk: { graph: [[knn], [links], [knn, links]], neighbors: 4 } }
    select: { mmr: { lambda: 0.7 } }
";

/// Runs the experiment with some settings in a folder of its own.
fn run(settings: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT.replace("THREADS", settings)).expect("written");
    let output = swath(folder.path(), &["run", "small.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "", "no progress where there is no terminal, and nothing to complain of");
    assert!(stdout(&output).ends_with("report: reports/small/index.html\n"), "{}", stdout(&output));
    let reports = folder.path().join("reports/small");
    (folder, reports)
}

/// `runs.csv` as a map from column to values, timings left out if `quality`.
fn table(path: &Path, quality: bool) -> BTreeMap<String, Vec<String>> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in reader.records() {
        for (name, value) in header.iter().zip(&record.expect("a row")) {
            columns.entry(name.clone()).or_default().push(value.to_owned());
        }
    }
    if quality {
        columns.retain(|name, _| {
            !(name.ends_with("_ms")
                || name.ends_with("_peak_bytes")
                || ["qps", "qps_best", "build_seconds"].contains(&name.as_str()))
        });
    }
    columns
}

fn numbers(columns: &BTreeMap<String, Vec<String>>, name: &str) -> Vec<f64> {
    columns[name].iter().map(|value| value.parse().unwrap_or(f64::NAN)).collect()
}

/// Names of the files in a folder, but for hidden ones: those that keep two runs apart.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// Has a run that is there look as if the trials of these retrievers had failed.
fn fail(reports: &Path, is: impl Fn(&str) -> bool) {
    let path = reports.join("manifest.json");
    let text = std::fs::read_to_string(&path).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for trial in manifest["trials"].as_array_mut().expect("trials") {
        if is(trial["retriever"].as_str().expect("a name")) {
            trial["failed"] = "its child was killed".into();
        }
    }
    std::fs::write(path, manifest.to_string()).expect("written");
}

/// A single result has the same breadth for every query, but for rounding: what is known for certain is shown as certain.
#[test]
fn what_is_constant_but_for_rounding_is_certain_everywhere() {
    let text = "
name: one
dataset: plain.hdf5
k: 1
metrics: [recall, { vendi: { q: 2 } }, spectral-entropy, log-volume]
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: 0.5 } } }
";
    let folder = folder_with("one.yaml", text);
    let output = swath(folder.path(), &["run", "one.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let reports = folder.path().join("reports/one");
    let runs = table(&reports.join("runs.csv"), false);
    for (metric, value) in [("vendi(q=2)", 1.0), ("spectral-entropy", 0.0), ("log-volume", 1e-6_f64.ln_1p())] {
        for end in ["", "_lo", "_hi"] {
            let found = numbers(&runs, &format!("{metric}{end}"));
            assert!(found.iter().all(|found| (found - value).abs() < 1e-9), "{metric}{end}: {found:?}");
        }
    }
    let mut files = vec![reports.join("runs.csv"), reports.join("comparisons.csv"), reports.join("index.html")];
    files.extend(names_in(&reports.join("tables")).into_iter().map(|name| reports.join("tables").join(name)));
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        // The script of the page has words of its own.
        let text = text.split("<script>").next().unwrap_or_default();
        for wrong in ["NaN", "inf,", ",inf", ">inf", "inf ", ",-0,", ">-0<", "-0.0000", "-0.000<", " -0 "] {
            assert!(!text.contains(wrong), "{wrong} in {}", file.display());
        }
    }
    assert!(!stdout(&output).contains("NaN") && !stdout(&output).contains("-0.0000"), "{}", stdout(&output));
}

/// The page, the plots and the tables of a run of [`run`].
fn looks_like_a_report(reports: &Path) {
    let page = std::fs::read_to_string(reports.join("index.html")).expect("a page");
    for text in
        ["<!DOCTYPE html>", "rich: 60 base vectors", "graph=knn+links", "subtopic-recall", "Cautions", "name: small"]
    {
        assert!(page.contains(text), "the page lacks {text}");
    }
    assert!(!page.contains("src=") && !page.contains("<link") && !page.contains("@import"), "the page loads nothing");
    let plots = names_in(&reports.join("plots"));
    for name in
        ["recall-qps", "coverage-redundancy", "subtopic-recall-recall", "latency", "metric-recall", "metric-diversity"]
    {
        assert!(
            plots.contains(&format!("{name}.svg")) && plots.contains(&format!("{name}.png")),
            "{name} in {plots:?}"
        );
    }
    let png = std::fs::read(reports.join("plots/recall-qps.png")).expect("a picture");
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(u32::from_be_bytes([png[16], png[17], png[18], png[19]]), 1440, "wide enough for print");
    let svg = std::fs::read_to_string(reports.join("plots/coverage-redundancy.svg")).expect("a picture");
    assert!(svg.contains("coverage (higher is better)") && svg.contains("redundancy (lower is better)"));
    let tables = ["best", "comparisons", "cost", "frontiers", "summary"];
    let tables: Vec<String> =
        tables.iter().flat_map(|table| ["csv", "md", "tex"].map(|end| format!("{table}.{end}"))).collect();
    assert_eq!(names_in(&reports.join("tables")), tables);
}

#[test]
fn a_run_leaves_everything_behind() {
    let (_folder, reports) = run("");
    let expected = [
        "comparisons.csv",
        "frontiers.csv",
        "index.html",
        "manifest.json",
        "paper.tex",
        "plots",
        "queries.json",
        "runs.csv",
        "tables",
        "trials",
    ];
    assert_eq!(names_in(&reports), expected);

    let runs = table(&reports.join("runs.csv"), false);
    assert_eq!(runs["retriever"], ["top-k", "mmr", "mmr", "facility-location", "hops", "walk", "walk", "walk"]);
    assert!(runs["queries"].iter().all(|m| m == "12") && runs["k"].iter().all(|k| k == "5"));
    assert_eq!(runs["recall"][0], "1");
    for name in ["recall", "pool-recall", "relevance", "coverage", "redundancy", "diversity", "subtopic-recall"] {
        let [mean, lo, hi] = ["", "_lo", "_hi"].map(|end| numbers(&runs, &format!("{name}{end}")));
        for i in 0..8 {
            assert!(lo[i] <= mean[i] && mean[i] <= hi[i], "{name} of {i}: {} {} {}", lo[i], mean[i], hi[i]);
        }
    }
    for name in
        ["build_seconds", "qps", "qps_best", "p50_ms", "p95_ms", "p99_ms", "candidates_ms", "expand_ms", "select_ms"]
    {
        assert!(numbers(&runs, name).iter().all(|&value| value >= 0.0), "{name}");
    }
    assert!(numbers(&runs, "qps").iter().all(|&qps| qps > 0.0));
    // ann-benchmarks' throughput is that of the best repeat.
    let best = |id: &String| {
        let file = Hdf5File::open(&reports.join(format!("trials/{id}.hdf5")), MEMORY).expect("a file");
        1.0 / file.attributes().expect("attributes")["best_search_time"].number().expect("a number")
    };
    let close = |(id, qps): (&String, &f64)| (best(id) / qps - 1.0).abs() < 1e-9;
    assert!(runs["trial"].iter().zip(&numbers(&runs, "qps_best")).all(close));
    // A full scan compares with all 60; expansions compare with what they reach; only MMR and facility location compare
    // items with each other.
    assert!(numbers(&runs, "candidates_evaluations").iter().all(|&count| count == 60.0));
    let (expand, select) = (numbers(&runs, "expand_evaluations"), numbers(&runs, "select_evaluations"));
    assert!(expand[..4].iter().all(|&count| count == 0.0) && expand[4..].iter().all(|&count| count > 0.0));
    assert_eq!([select[0], select[3]], [0.0, 210.0], "facility location: 20 * 21 / 2 pairs");
    // MMR leaves out whom it cannot pick any more: of 4 rows of 20, and 1 + 2 + 3 + 4 exact ones.
    assert!(select[1..3].iter().all(|&count| count > 20.0 && count < 90.0), "{select:?}");

    // Every trial has a file, named by its id; no two share one.
    let mut ids = runs["trial"].clone();
    ids.sort();
    assert_eq!(names_in(&reports.join("trials")), ids.iter().map(|id| format!("{id}.hdf5")).collect::<Vec<_>>());

    let comparisons = table(&reports.join("comparisons.csv"), false);
    assert_eq!(
        comparisons["trial"].len(),
        7 * 7 - 4,
        "7 trials against top-k in 7 metrics, 4 of them with smaller pools"
    );
    assert!(comparisons["reference"].iter().all(|id| *id == runs["trial"][0]));
    for i in 0..45 {
        let total: usize =
            ["wins", "ties", "losses"].iter().map(|c| comparisons[*c][i].parse::<usize>().expect("a count")).sum();
        let queries = if comparisons["metric"][i] == "subtopic-recall" { 11 } else { 12 };
        assert_eq!(total, queries, "the last query has no subtopics");
        assert_eq!(comparisons["n"][i], queries.to_string());
        let [mean, reference, difference, p, holm] =
            ["mean", "reference_mean", "difference", "p_permutation", "p_holm"].map(|c| numbers(&comparisons, c)[i]);
        assert!((mean - reference - difference).abs() < 1e-9, "{mean} - {reference} = {difference}");
        assert!(0.0 < p && p <= holm && holm <= 1.0, "{p} and {holm}");
        assert_eq!(comparisons["significant"][i], (holm < 0.05).to_string());
        let is_shown_or_all_the_same = holm < 0.05 || comparisons["ties"][i] == queries.to_string();
        assert_eq!(comparisons["smallest_detectable"][i].is_empty(), is_shown_or_all_the_same);
    }

    looks_like_a_report(&reports);

    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(reports.join("manifest.json")).expect("a manifest")).expect("JSON");
    assert_eq!(manifest["experiment"]["retrievers"][1][1]["select"]["mmr"]["lambda"], 0.7, "grids are written out");
    assert_eq!(manifest["experiment"]["repeats"], 3, "and defaults filled in");
    assert_eq!(manifest["dataset"]["sha256"].as_str().map(str::len), Some(64));
    for key in ["cpu", "cores", "memory", "os", "arch"] {
        assert!(!manifest["machine"][key].is_null(), "{key}");
    }
    assert!(manifest["trials"].as_array().is_some_and(|trials| trials.iter().all(|t| t["failed"].is_null())));
}

/// The layout that ann-benchmarks reads.
#[test]
fn a_trial_is_a_result_file_of_ann_benchmarks() {
    let (_folder, reports) = run("");
    let runs = table(&reports.join("runs.csv"), false);
    let file = Hdf5File::open(&reports.join(format!("trials/{}.hdf5", runs["trial"][1])), MEMORY).expect("a file");
    let attributes = file.attributes().expect("attributes");
    let number = |name: &str| attributes[name].number().expect("a number");
    let text = |name: &str| attributes[name].text().expect("a text").to_owned();
    assert_eq!((text("algo"), text("name"), text("dataset")), ("mmr".into(), "mmr (lambda=0.3)".into(), "rich".into()));
    assert_eq!((text("distance"), number("count"), number("run_count")), ("angular".into(), 5.0, 3.0));
    assert_eq!((number("batch_mode"), number("expect_extra"), number("candidates")), (0.0, 0.0, 5.0));
    assert!(number("build_time") >= 0.0 && number("index_size") > 0.0);
    assert_eq!(file.shape("neighbors").expect("an array"), [12, 5]);
    let times = file.f32s("times").expect("an array");
    let mean = times.iter().map(|&t| f64::from(t)).sum::<f64>() / 12.0;
    assert!((mean - number("best_search_time")).abs() <= 1e-6 * mean, "times are those of the best repeat");
    let distances = file.f32s("distances").expect("an array");
    assert_eq!(distances.len(), 60);
    assert_eq!(file.integers("swath/query_ids").expect("an array"), (0..12).collect::<Vec<_>>());
    // The mean of the per-query values is what the table says.
    let recall = file.f64s("swath/recall").expect("an array");
    assert!((recall.iter().sum::<f64>() / 12.0 - numbers(&runs, "recall")[1]).abs() < 1e-12);
}

#[test]
fn all_but_timings_is_the_same_on_a_second_run_and_with_any_number_of_threads() {
    let quality = |settings: &str| table(&run(settings).1.join("runs.csv"), true);
    let first = quality("threads: 1");
    assert_eq!(first, quality("threads: 1"));
    assert_eq!(first, quality("threads: 2"));
    assert_eq!(first, quality("threads: 3\nrepeats: 1"));
    // In mode batch candidates come from a matrix product: to the same results.
    assert_eq!(first, quality("mode: batch\nthreads: 2"));
}

#[test]
fn a_sample_of_queries_depends_on_the_seed_alone() {
    let queries = |settings: &str| {
        let (_folder, reports) = run(settings);
        let id = table(&reports.join("runs.csv"), false)["trial"][0].clone();
        let file = Hdf5File::open(&reports.join(format!("trials/{id}.hdf5")), MEMORY).expect("a file");
        (id, file.integers("swath/query_ids").expect("an array"))
    };
    let (id, sample) = queries("queries: 6");
    assert_eq!((id, sample.clone()), queries("queries: 6\nrepeats: 1\nthreads: 2"));
    assert_eq!(sample.len(), 6);
    assert!(sample.windows(2).all(|w| w[0] < w[1]));
}

/// A batch has throughput and no latencies.
#[test]
fn a_batch_reports_what_it_knows() {
    let (_folder, reports) = run("mode: batch");
    let runs = table(&reports.join("runs.csv"), false);
    assert!(numbers(&runs, "qps").iter().all(|&qps| qps > 0.0));
    assert!(runs["p50_ms"].iter().chain(&runs["select_ms"]).all(String::is_empty));
    assert!(!reports.join("plots/latency.svg").exists());
}

#[test]
fn a_report_is_made_again_from_the_files_alone() {
    let (folder, reports) = run("");
    let before: Vec<Vec<u8>> = ["runs.csv", "index.html", "plots/recall-qps.png", "tables/summary.tex"]
        .iter()
        .map(|name| std::fs::read(reports.join(name)).expect("a file"))
        .collect();
    std::fs::remove_file(folder.path().join("rich.hdf5")).expect("removed");
    for name in ["runs.csv", "index.html", "plots/recall-qps.png"] {
        std::fs::remove_file(reports.join(name)).expect("removed");
    }
    let output = swath(folder.path(), &["report", "reports/small"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let after: Vec<Vec<u8>> = ["runs.csv", "index.html", "plots/recall-qps.png", "tables/summary.tex"]
        .iter()
        .map(|name| std::fs::read(reports.join(name)).expect("a file"))
        .collect();
    assert!(before == after, "a report is a function of its files");

    for (arguments, what) in [
        (["report", "nowhere"], "nowhere: there is no such folder"),
        (["report", "."], ".: this is not the folder of a run: it has no manifest.json"),
    ] {
        let output = swath(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
    }
    let trials = names_in(&reports.join("trials"));
    std::fs::write(reports.join("trials").join(&trials[0]), "no HDF5").expect("written");
    let output = swath(folder.path(), &["report", "reports/small"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(&trials[0]), "{}", stderr(&output));
}

/// Another plan in the same folder replaces the files of the first.
#[test]
fn a_folder_holds_the_files_of_its_last_run() {
    let (folder, reports) = run("");
    let experiment = EXPERIMENT.replace("THREADS", "metrics: [coverage]").replace("k: 5", "k: 4");
    std::fs::write(folder.path().join("small.yaml"), experiment).expect("written");
    assert_eq!(swath(folder.path(), &["run", "small.yaml"]).status.code(), Some(0));
    assert_eq!(names_in(&reports.join("trials")).len(), 8);
    let plots = names_in(&reports.join("plots"));
    let names: Vec<&str> = plots.iter().filter_map(|name| name.strip_suffix(".pdf")).collect();
    assert_eq!(names, ["latency", "metric-coverage", "neighbourhood", "ranks"]);
    assert_eq!(plots.len(), 13, "each as SVG, PNG and PDF, and their captions: {plots:?}");
}

#[test]
fn a_dry_run_lists_every_trial_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT.replace("THREADS", "")).expect("written");
    let output = swath(folder.path(), &["run", "--dry-run", "small.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("8 trials of 12 queries, k = 5") && text.contains("walk (graph=knn+links)"), "{text}");
    assert!(!folder.path().join("reports").exists());
}

/// Where results cannot be written the run fails, which is not the input's fault.
#[test]
fn a_folder_that_cannot_be_made_is_a_failed_run() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT.replace("THREADS", "")).expect("written");
    std::fs::write(folder.path().join("reports"), "a file in the way").expect("written");
    let output = swath(folder.path(), &["run", "small.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("reports/small"), "{}", stderr(&output));
}

/// What the stored truth gets wrong is said, and the run goes on.
/// Any retriever may be the one that others are compared with, and still is when the report is made again.
#[test]
fn the_reference_is_chosen_by_name() {
    let (folder, reports) = run("reference: mmr");
    let runs = table(&reports.join("runs.csv"), false);
    let read = || std::fs::read(reports.join("comparisons.csv")).expect("a table");
    let first = read();
    let comparisons = table(&reports.join("comparisons.csv"), false);
    assert_eq!(comparisons["retriever"][0], "top-k");
    assert!(comparisons["reference"].iter().all(|id| *id == runs["trial"][1]), "its first trial");
    std::fs::remove_file(reports.join("comparisons.csv")).expect("removed");
    let output = swath(folder.path(), &["report", "reports/small"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(first == read());
}

/// Whether it was named or is plain top-k: nothing is put in the place of a reference that failed, and everything says so.
#[test]
fn a_reference_that_failed_is_not_replaced() {
    let said = "The reference top-k failed (its child was killed): nothing is compared with it.";
    for (settings, failing, sentence) in [
        ("reference: mmr", "mmr", said.replace("top-k", "mmr (lambda=0.3)")),
        ("", "top-k", said.to_owned()),
        ("split: { tune: 0.5 }", "top-k", said.to_owned()),
    ] {
        let (folder, reports) = run(settings);
        let whole = std::fs::read_to_string(reports.join("comparisons.csv")).expect("a table");
        assert!(whole.lines().count() > 1, "or nothing is tested");
        fail(&reports, |retriever| retriever == failing);
        let output = swath(folder.path(), &["report", "reports/small"]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("note: {sentence}\n")), "{}", stderr(&output));
        let read = |name: &str| std::fs::read_to_string(reports.join(name)).expect("a file");
        assert_eq!(read("comparisons.csv").lines().collect::<Vec<_>>(), [whole.lines().next().expect("a header")]);
        let page = read("index.html");
        assert!(page.contains(&format!("<p class=\"first\">{sentence}")), "{page}");
        assert!(!page.contains("id=\"comparisons\"") && !page.contains("Dashed: top-k"), "{page}");
        assert!(!reports.join("tables/comparisons.md").exists());
        let runs = table(&reports.join("runs.csv"), false);
        assert_eq!(runs["retriever"].len(), if failing == "mmr" { 6 } else { 7 });
        if settings.starts_with("split") {
            let chosen = table(&reports.join("chosen.csv"), false);
            assert_eq!(chosen["retriever"], ["mmr", "facility-location", "hops", "walk"]);
            assert!(chosen["difference_coverage"].iter().all(String::is_empty), "{chosen:?}");
            assert!(!read("chosen_pairs.csv").contains("top-k"));
            assert!(page.contains(&format!("which had no part in the choice. {sentence}")), "{page}");
            let table = read("tables/chosen.md");
            assert!(table.contains(&sentence) && !table.contains("Stars"), "{table}");
        } else {
            assert!(read("tables/summary.md").contains(&sentence), "{}", read("tables/summary.md"));
        }
        let add = ["history", "add", "reports/small", "--commit", "1111111", "--file", "history.csv"];
        let output = swath(folder.path(), &add);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let note = format!("note: {sentence} This run has no relative_time.\n");
        assert_eq!(stderr(&output), note);
        let history = std::fs::read_to_string(folder.path().join("history.csv")).expect("a file");
        assert!(!history.contains("relative_time") && history.contains("coverage"), "{history}");
        let output = swath(folder.path(), &["compare", "reports/small", "reports/small"]);
        let label = sentence.split_once(" failed").expect("a label").0.replace("The", "the");
        let why = format!("not compared ({label} failed: its child was killed)");
        assert!(stdout(&output).contains(&why), "{}", stdout(&output));
    }
}

#[test]
fn doubts_about_the_truth_are_said_and_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dataset = support::dataset(swath_algorithms::Distance::Euclidean, true);
    dataset.neighbors.distances.iter_mut().for_each(|distance| *distance *= *distance);
    swath_datasets::ann_benchmarks::write(&folder.path().join("rich.hdf5"), &dataset).expect("written");
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT.replace("THREADS", "")).expect("written");
    let output = swath(folder.path(), &["run", "small.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("the stored distances are squared"), "{}", stderr(&output));
    let page = std::fs::read_to_string(folder.path().join("reports/small/index.html")).expect("a page");
    assert!(page.contains("the stored distances are squared"));
}

#[test]
fn a_data_folder_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = swath(folder.path(), &["--data-dir", "nowhere", "datasets", "list"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    assert!(stderr(&output).contains("--data-dir: the folder nowhere does not exist"), "{}", stderr(&output));
}

#[test]
fn init_writes_an_experiment_that_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    for dataset in ["rich", "plain"] {
        let output = swath(folder.path(), &["--data-dir", ".", "init", dataset]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let output = swath(folder.path(), &["--data-dir", ".", "run", &format!("{dataset}.yaml")]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let again = swath(folder.path(), &["--data-dir", ".", "init", "rich"]);
    assert_eq!(again.status.code(), Some(2), "it does not overwrite");
    std::fs::create_dir(folder.path().join("sub")).expect("created");
    let by_path = swath(folder.path(), &["init", "./rich.hdf5", "--output", "sub/x.yaml"]);
    assert_eq!(by_path.status.code(), Some(0), "{}", stderr(&by_path));
    assert_eq!(swath(folder.path(), &["run", "--dry-run", "sub/x.yaml"]).status.code(), Some(0));
}

/// Every name that `swath algorithms` lists is explained with an experiment that runs as printed, on the dataset that ships
/// with the project.
#[test]
fn every_snippet_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/data");
    let data = data.to_str().expect("a path in UTF-8");
    let list = stdout(&swath(folder.path(), &["algorithms"]));
    let names: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(names.len() >= 21, "{list}");
    for name in names {
        let text = stdout(&swath(folder.path(), &["algorithms", name]));
        assert!(text.contains("Source: "), "{text}");
        let (_, snippet) = text.split_once("YAML, to save and run (`swath run FILE`):\n\n").expect("a snippet");
        if name == "run" {
            // The file that it names: what exact search found for the same queries.
            let export = ["--data-dir", data, "export", "reports/try-exact", "--trec", "trec"];
            assert_eq!(swath(folder.path(), &export).status.code(), Some(0));
            std::fs::copy(folder.path().join("trec/runs/exact.txt"), folder.path().join("bm25.trec")).expect("copied");
        }
        std::fs::write(folder.path().join("x.yaml"), snippet).expect("written");
        if name == "external" {
            // The program that it names is the reader's: docs/your-algorithm.md runs with one.
            let output = swath(folder.path(), &["--data-dir", data, "run", "--dry-run", "x.yaml"]);
            assert_eq!(output.status.code(), Some(0), "{snippet}\n{}", stderr(&output));
            continue;
        }
        let output = swath(folder.path(), &["--data-dir", data, "run", "--quiet", "x.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{snippet}\n{}", stderr(&output));
        assert!(folder.path().join(format!("reports/try-{name}/runs.csv")).exists());
    }
}

/// Parameters chosen on one half of the queries: each retriever once, on the other half, oracles marked and no competitors.
#[test]
fn a_split_chooses_on_some_queries_and_reports_on_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    let experiment = "name: x
dataset: rich.hdf5
k: 3
repeats: 1
split: { tune: 0.5 }
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.1, 0.5, 0.9] } } }
  - { name: best, candidates: { exact: { pool: 20 } }, select: { xquad: { lambda: 1 } } }
";
    std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("reported on the other"), "{}", stdout(&output));
    let longest = stdout(&output).lines().take(4).map(|line| line.chars().count()).max();
    assert!(longest <= Some(120) && stdout(&output).contains("more metrics in the report"), "{}", stdout(&output));
    let report = folder.path().join("reports/x");
    let text = std::fs::read_to_string(report.join("chosen.csv")).expect("chosen.csv");
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.iter().map(|row| row[1]).collect::<Vec<_>>(), ["top-k", "mmr", "best (oracle)"]);
    let columns = table(&report.join("chosen.csv"), false);
    let cells = |name: &str| columns[name].iter().map(|cell| !cell.is_empty()).collect::<Vec<_>>();
    assert_eq!(cells("p_holm_recall"), [false, true, false], "neither the reference nor an oracle competes");
    assert!(!cells("d_z_recall")[0], "nor does the reference differ from itself");
    let pairs = std::fs::read_to_string(report.join("chosen_pairs.csv")).expect("chosen_pairs.csv");
    assert_eq!(pairs.lines().count(), 1 + 3);
    let tables = std::fs::read_to_string(report.join("tables/summary.md")).expect("summary.md");
    let oracle = tables.lines().find(|line| line.contains("best (oracle)")).expect("the oracle's row");
    assert!(!oracle.contains("**"), "{oracle}");
    let manifest = std::fs::read_to_string(report.join("manifest.json")).expect("manifest.json");
    assert!(manifest.contains("\"by\": \"subtopic-recall\""), "the default is filled in");
    let first = |page: &str| {
        let text = std::fs::read_to_string(report.join(page)).expect("a page");
        text.split("<p class=\"first\">")
            .nth(1)
            .and_then(|rest| rest.split("</p>").next())
            .expect("a verdict")
            .to_owned()
    };
    let verdict = first("index.html");
    let said = "ot exploratory, because parameters were chosen on 6 queries and are judged on 6 others";
    assert!(verdict.contains(said), "{verdict}");
    // The report of a run without a split does not keep what an earlier one left.
    std::fs::write(folder.path().join("x.yaml"), experiment.replace("split: { tune: 0.5 }\n", "")).expect("written");
    assert_eq!(swath(folder.path(), &["run", "x.yaml"]).status.code(), Some(0));
    assert!(!report.join("chosen.csv").exists() && !report.join("tables/chosen.md").exists());
    let verdict = first("index.html");
    assert!(
        verdict.contains("xploratory, because the best of 3 trials is picked on the same queries that judge it"),
        "{verdict}"
    );
}

#[test]
fn what_there_is_can_be_listed_and_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, expected) in [
        (vec!["metrics"], "subtopic-recall"),
        (vec!["metrics", "coverage"], "facility location maximises"),
        (vec!["algorithms", "mmr"], "Carbonell & Goldstein 1998"),
        (vec!["algorithms", "walk"], "[default: 0.15]"),
        (vec!["datasets", "list"], "sift-128-euclidean"),
        (vec!["datasets", "list", "--about"], "in swath's repository"),
        (vec!["schema"], "\"$schema\""),
        (vec!["--help"], "Examples:"),
        (vec!["run", "--help"], "--dry-run"),
    ] {
        let output = swath(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(stdout(&output).contains(expected), "{arguments:?}: {}", stdout(&output));
    }
    for arguments in
        [vec!["metrics", "recal"], vec!["algorithms", "mrr"], vec!["datasets", "info", "glove"], vec!["rum"]]
    {
        assert_eq!(swath(folder.path(), &arguments).status.code(), Some(2), "{arguments:?}");
    }
    let near = stderr(&swath(folder.path(), &["metrics", "recal"]));
    assert!(near.contains("did you mean `recall`?"), "{near}");
}

/// The configurations that ship are valid from any folder of the repository, and their schema is the program's. Of one whose datasets
/// recipes build, what the program says here is that the first of them is missing, or nothing where they were built.
#[test]
fn shipped_configurations_are_valid_and_their_schema_is_current() {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    let mut checked = 0;
    for name in names_in(&configs).iter().filter(|name| Path::new(name).extension().is_some_and(|e| e == "yaml")) {
        let text = std::fs::read_to_string(configs.join(name)).expect("a file");
        assert!(text.starts_with("# yaml-language-server: $schema=swath.schema.json\n"), "{name}");
        let output = swath(&configs, &["run", "--dry-run", name]);
        let is_missing = text.contains("/target/recipes/") && stderr(&output).contains("target/recipes/");
        let code = if is_missing { 2 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{name}: {}", stderr(&output));
        assert!(!is_missing || stderr(&output).contains("does not exist"), "{name}: {}", stderr(&output));
        checked += 1;
    }
    assert!(checked >= 2);
    let schema = std::fs::read_to_string(configs.join("swath.schema.json")).expect("a file");
    let current = stdout(&swath(&configs, &["schema"]));
    assert_eq!(schema, current, "write it again: swath schema > configs/swath.schema.json");
}

#[test]
fn vectors_can_be_drawn_instead_of_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let experiment = "
name: drawn
dataset: { generate: clusters, n: 400, dimension: 6, queries: 30 }
k: 5
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: max-min, candidates: { exact: { pool: 20 } }, select: max-min }
";
    std::fs::write(folder.path().join("drawn.yaml"), experiment).expect("written");
    let output = swath(folder.path(), &["run", "drawn.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let runs = table(&folder.path().join("reports/drawn/runs.csv"), true);
    assert_eq!(runs["dataset"], ["clusters-400x6", "clusters-400x6"]);
    assert_eq!(runs["recall"][0], "1");
    assert!(numbers(&runs, "diversity")[1] > numbers(&runs, "diversity")[0]);
    let again = swath(folder.path(), &["report", "reports/drawn"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(table(&folder.path().join("reports/drawn/runs.csv"), true), runs);
}

#[test]
fn a_sweep_runs_every_size_and_draws_how_it_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    let experiment = "
name: grown
dataset: rich.hdf5
k: 2
repeats: 1
sweep: { n: [20, 40, 60], k: [2, 4] }
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: walk, candidates: { exact: { pool: 5 } }, expand: { walk: { graph: [knn, links], neighbors: 4 } }, select: top-k }
";
    std::fs::write(folder.path().join("grown.yaml"), experiment).expect("written");
    let output = swath(folder.path(), &["run", "grown.yaml", "--no-cache"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let reports = folder.path().join("reports/grown");
    let cells = ["n=20,k=2", "n=20,k=4", "n=40,k=2", "n=40,k=4", "n=60,k=2", "n=60,k=4"];
    let mut expected: Vec<&str> = cells.to_vec();
    expected.extend(["index.html", "plots", "scale.csv", "sweep.json"]);
    expected.sort_unstable();
    assert_eq!(names_in(&reports), expected);
    let scale = table(&reports.join("scale.csv"), false);
    assert_eq!(numbers(&scale, "n"), [20.0, 20.0, 20.0, 20.0, 40.0, 40.0, 40.0, 40.0, 60.0, 60.0, 60.0, 60.0]);
    assert_eq!(numbers(&scale, "k")[..4], [2.0, 2.0, 4.0, 4.0]);
    for (i, retriever) in scale["retriever"].iter().enumerate() {
        let cell = table(&reports.join(cells[i / 2]).join("runs.csv"), false);
        for column in ["recall", "coverage", "evaluations"] {
            assert_eq!(scale[column][i], cell[column][i % 2], "{column}");
        }
        // Measured in the cells alone where neighbours are so near that recall says little.
        let relative = cell.get("recall-eps").map_or("", |values| values[i % 2].as_str());
        assert_eq!(scale["recall-eps"][i], relative);
        assert!(retriever != "top-k" || scale["recall"][i] == "1");
    }
    let plots = names_in(&reports.join("plots"));
    for name in ["recall-n-k-2.svg", "queries-s-n-k-4.png", "relative-contrast-n-k-2.svg"] {
        assert!(plots.iter().any(|plot| plot == name), "{name} of {plots:?}");
    }
    let page = std::fs::read(reports.join("index.html")).expect("a page");
    std::fs::remove_file(reports.join("index.html")).expect("removed");
    let again = swath(folder.path(), &["report", "reports/grown"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(std::fs::read(reports.join("index.html")).expect("a page"), page);
    let listed = swath(folder.path(), &["run", "grown.yaml", "--dry-run"]);
    assert!(cells.iter().all(|cell| stdout(&listed).contains(cell)), "{}", stdout(&listed));
}

/// A cell of which nothing is left is said to be one, wherever the sweep speaks, and it is a failed run.
#[test]
fn what_fails_in_a_sweep_is_named_and_a_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    let experiment = "
name: grown
dataset: rich.hdf5
k: 2
repeats: 1
metrics: [recall, coverage]
sweep: { n: [20, 40, 60] }
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 10 } }, select: { mmr: { lambda: [0.3, 0.7] } } }
";
    std::fs::write(folder.path().join("grown.yaml"), experiment).expect("written");
    let output = swath(folder.path(), &["run", "grown.yaml", "--no-cache"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let reports = folder.path().join("reports/grown");
    // All trials of one cell, and the first of another.
    fail(&reports.join("n=40"), |_| true);
    fail(&reports.join("n=60"), |trial| trial == "top-k");
    let output = swath(folder.path(), &["report", "reports/grown"]);
    let (said, complained) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(1), "{said}{complained}");
    assert!(said.contains("n=40\nno trial succeeded"), "{said}");
    for line in [
        "error: at n=40: top-k failed: its child was killed",
        "error: at n=40: mmr (lambda=0.7) failed: its child was killed",
        "error: at n=60: top-k failed: its child was killed",
    ] {
        assert!(complained.lines().any(|other| other == line), "{line}: {complained}");
    }
    assert_eq!(complained.matches("error: ").count(), 4, "{complained}");
    let page = std::fs::read_to_string(reports.join("index.html")).expect("a page");
    assert!(
        page.contains("<strong>n=40</strong>: no trial succeeded") && page.contains("<strong>n=60</strong>"),
        "{page}"
    );
    assert!(!reports.join("n=40/index.html").exists(), "a report of what is not there any more");
    let scale = table(&reports.join("scale.csv"), false);
    assert_eq!(scale["n"], ["20", "20", "20", "60", "60"]);
    assert_eq!(scale["retriever"], ["top-k", "mmr", "mmr", "mmr", "mmr"]);
    if cfg!(target_os = "linux") {
        let none = experiment.replace("k: 2\n", "k: 2\nlimits: { memory: 1 MiB }\n");
        std::fs::write(folder.path().join("none.yaml"), none).expect("written");
        let output = swath(folder.path(), &["run", "none.yaml", "--out", "none", "--no-cache"]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("error: at n=20: top-k failed: "), "{}", stderr(&output));
        let page = std::fs::read_to_string(folder.path().join("none/index.html")).expect("a page");
        assert_eq!(page.matches(": no trial succeeded").count(), 3, "{page}");
    }
}

#[test]
fn several_runs_are_reported_on_one_page() {
    let (folder, _) = run("");
    let file = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("written");
    // The same experiment once more, and another dataset without subtopics.
    let again = EXPERIMENT.replace("THREADS", "queries: 12");
    file("again.yaml", again.clone());
    let plain =
        again.replace("rich", "plain").replace("name: small", "name: plain").replace("[links]", "[knn, mutual]");
    let plain = plain.split("  - name: hops").next().expect("a beginning").to_owned();
    file("plain.yaml", plain);
    for (name, out) in [("again.yaml", "again"), ("plain.yaml", "plain")] {
        let output = swath(folder.path(), &["run", name, "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let output = swath(folder.path(), &["report", "reports/small", "again", "plain", "--out", "all"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    // Two experiments are called small, so that folders name the runs.
    let compared = "Comparing again with small over the same queries gives ";
    for text in ["small: ", "plain: ", compared, " differences (8 trials, ", "report: all/index.html"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(said.contains("0 are significantly better and 0 significantly worse"), "{said}");
    let all = folder.path().join("all");
    assert_eq!(names_in(&all), ["changes.csv", "index.html", "plots", "several.csv", "tables"]);
    let several = table(&all.join("several.csv"), false);
    assert_eq!(several["run"].iter().filter(|run| *run == "plain").count(), 4);
    assert!(several["subtopic-recall"].iter().zip(&several["run"]).all(|(v, run)| v.is_empty() == (run == "plain")));
    let own = table(&folder.path().join("reports/small/runs.csv"), false);
    assert_eq!(several["coverage"][..8], own["coverage"][..], "the figures are the runs' own");
    let changes = table(&all.join("changes.csv"), false);
    assert!(changes["run"].iter().all(|run| run == "again"), "another dataset's queries are others");
    assert!(numbers(&changes, "difference").iter().all(|&difference| difference == 0.0));
    let page = std::fs::read_to_string(all.join("index.html")).expect("a page");
    assert!(page.contains("href=\"../reports/small/index.html\"") && page.contains("Retrievers in each run"));
    assert!(all.join("plots/several-coverage.pdf").is_file() && all.join("tables/coverage.tex").is_file());
    assert!(!all.join("tables/subtopic-recall.tex").exists(), "not all measured it");

    let wrong = |arguments: &[&str], text: &str| {
        let output = swath(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(text), "{}", stderr(&output));
    };
    wrong(&["report", "reports/small", "nowhere"], "nowhere");
    wrong(&["report", "reports/small", "--out", "x"], "--out is for several runs");
    wrong(&["report", "reports/small", "again", "--config", "again.yaml"], "--config is for one run");
}

#[test]
fn a_report_can_be_drawn_anew_as_another_file_says() {
    let (folder, reports) = run("metrics: [coverage, recall]");
    let spec = "report:\n  sizes: [slide]\n  figures:\n    - draw: { frontier: { x: recall, y: coverage } }\n      title: Mine\n      \
                name: mine\n    - draw: { curves: { parameter: theta } }\n";
    let experiment = EXPERIMENT.replace("THREADS\n", spec);
    std::fs::write(folder.path().join("figures.yaml"), experiment).expect("written");
    let output = swath(folder.path(), &["report", "reports/small", "--config", "figures.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("note: the figure `curves` cannot be drawn"), "{}", stderr(&output));
    let plots = names_in(&reports.join("plots"));
    assert_eq!(plots, ["captions.txt", "mine.pdf", "mine.png", "mine.svg", "slide"]);
    assert_eq!(names_in(&reports.join("plots/slide")), ["mine.pdf", "mine.png", "mine.svg"]);
}

/// Whether vectors are compared by codes is decided by the data, kept in the trial's file, and told on the page. It changes no result.
#[test]
fn what_an_index_decided_is_kept_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let experiment = "name: x\ndataset: { generate: gaussian, n: 1500, dimension: 8 }\nk: 5\nrepeats: 1\nretrievers:\n  \
                      - { name: all, candidates: { exact: { pool: 20 } }, select: top-k }\n  \
                      - { name: lists, candidates: { ivf-flat: { lists: 8, nprobe: 8, pool: 20 } }, select: top-k }\n";
    std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
    let page = |command: &[&str]| {
        let output = swath(folder.path(), command);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        std::fs::read_to_string(folder.path().join("reports/x/index.html")).expect("a page")
    };
    for page in [page(&["run", "x.yaml"]), page(&["report", "reports/x"])] {
        let told = page.split("<p class=\"note\">").filter_map(|note| {
            Some(note.split_once(": a query is compared by ").or(note.split_once(": queries are compared by "))?.0)
        });
        let told: Vec<&str> = told.flat_map(|retrievers| retrievers.split(", ")).collect();
        assert_eq!(told, ["all", "lists"]);
    }
}
