//! Runs given to other programs and taken back: what goes out comes in the same, and nothing is replaced or half written.

mod support;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, ListAccessor as _, Row};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{stderr, stdout, swath, write_datasets};
use swath_algorithms::{Distance, Points, Vectors};
use swath_datasets::ann_benchmarks;
use swath_datasets::hdf5_file::{Hdf5File, Hdf5Writer, MEMORY, Values};

const EXPERIMENT: &str = "
name: small
dataset: rich.hdf5
k: 5
seed: 7
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.3, 0.7] } } }
  - { name: best, candidates: { exact: { pool: 20 } }, select: { xquad: { lambda: 0.5 } } }
";

/// Runs the experiment with some settings in a folder of its own.
fn run(settings: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("small.yaml"), format!("{settings}\n{EXPERIMENT}")).expect("written");
    succeeds(folder.path(), &["run", "small.yaml"]);
    let reports = folder.path().join("reports/small");
    (folder, reports)
}

/// Runs swath and returns what it says to both sides.
fn succeeds(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = swath(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    (stdout(&output), stderr(&output))
}

/// Runs swath on wrong input and returns what it complains of.
fn refuses(folder: &Path, arguments: &[&str]) -> String {
    let output = swath(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    assert_eq!(stdout(&output), "", "{arguments:?}");
    stderr(&output)
}

/// A table's rows, each a map from column to cell.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).expect("a table").deserialize().map(|row| row.expect("a row")).collect()
}

/// All files below a folder, as paths in it, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if !entry.ends_with(swath::record::output_folder::LEDGER) {
                found.push(entry.strip_prefix(folder).expect("inside").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// The trial files of a run by retriever and point.
fn trials(reports: &Path) -> BTreeMap<String, Hdf5File> {
    let names = files(&reports.join("trials")).into_iter().filter(|name| !name.starts_with('.'));
    let paths = names.map(|name| reports.join("trials").join(name));
    let label = |file: &Hdf5File| {
        let attributes = file.attributes().expect("attributes");
        ["swath_retriever", "swath_point"].map(|name| attributes[name].text().expect("a text").to_owned()).join(" ")
    };
    paths.map(|path| Hdf5File::open(&path, MEMORY).expect("a file")).map(|file| (label(&file), file)).collect()
}

#[test]
fn what_goes_out_comes_in_the_same() {
    for settings in ["", "queries: 7", "mode: batch"] {
        let (folder, reports) = run(settings);
        let dataset = if settings == "queries: 7" { "rich-7-queries" } else { "rich" };
        let (said, _) = succeeds(folder.path(), &["export", "--ann-benchmarks", "ann", "reports/small"]);
        assert!(said.contains(&format!("--dataset {dataset} --count 5")), "{said}");
        assert_eq!(said.contains("--batch"), settings == "mode: batch");
        let batch = if settings == "mode: batch" { "-batch" } else { "" };
        let expected = [
            format!("data/{dataset}.hdf5"),
            format!("results/{dataset}/5/best{batch}/candidates_exact_pool_20_select_xquad_lambda_0_5.hdf5"),
            format!("results/{dataset}/5/mmr{batch}/candidates_exact_pool_20_select_mmr_lambda_0_3.hdf5"),
            format!("results/{dataset}/5/mmr{batch}/candidates_exact_pool_20_select_mmr_lambda_0_7.hdf5"),
            format!("results/{dataset}/5/top-k{batch}/candidates_exact_pool_20_select_top_k.hdf5"),
        ];
        assert_eq!(files(&folder.path().join("ann")), expected);
        // The same again is no conflict.
        succeeds(folder.path(), &["export", "reports/small", "--ann-benchmarks", "ann"]);
        assert_eq!(files(&folder.path().join("ann")), expected);

        let (table, notes) = succeeds(folder.path(), &["import", "ann", "--dataset", dataset, "--out", "back"]);
        assert!(table.contains("subtopic-recall") && table.ends_with("report: back/index.html\n"), "{table}");
        assert!(notes.contains("metric `pool-recall` is left out") && !notes.contains("differ"), "{notes}");
        let (before, after) = (trials(&reports), trials(&folder.path().join("back")));
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (label, file) in &before {
            let again = &after[label];
            for metric in ["recall", "coverage", "relevance", "redundancy", "diversity", "subtopic-recall"] {
                let [mut a, mut b] = [file, again].map(|file| file.f64s(&format!("swath/{metric}")).expect("values"));
                // The last query has no subtopics.
                [&mut a, &mut b].into_iter().flatten().filter(|value| value.is_nan()).for_each(|value| *value = -1.0);
                assert_eq!(a, b, "{metric} of {label}");
            }
            assert_eq!(file.integers("neighbors").expect("ids"), again.integers("neighbors").expect("ids"));
            assert_eq!(file.f32s("distances").expect("distances"), again.f32s("distances").expect("distances"));
            assert_eq!(file.f32s("times").expect("times"), again.f32s("times").expect("times"));
        }
        let (before, after) = (rows(&reports.join("runs.csv")), rows(&folder.path().join("back/runs.csv")));
        for row in &before {
            let again = after.iter().find(|other| other["params"] == row["params"]).expect("the same trial");
            for column in
                ["retriever", "k", "queries", "recall", "coverage", "build_seconds", "qps_best", "index_bytes"]
            {
                assert_eq!(row[column], again[column], "{column}");
            }
            assert_eq!(again["evaluations"], "", "nobody counted");
        }
        // What was an oracle still is, plain top-k is the reference, and the report can be made again and exported again.
        assert!(after.iter().any(|row| row["retriever"] == "best (oracle)"));
        let comparisons = rows(&folder.path().join("back/comparisons.csv"));
        assert!(comparisons.iter().all(|row| row["retriever"] != "top-k"));
        let page = std::fs::read_to_string(folder.path().join("back/index.html")).expect("a page");
        assert!(page.contains("imported from"), "the page says so");
        std::fs::remove_file(folder.path().join("back/runs.csv")).expect("removed");
        succeeds(folder.path(), &["report", "back"]);
        assert_eq!(rows(&folder.path().join("back/runs.csv")), after);
        succeeds(folder.path(), &["export", "back", "--ann-benchmarks", "twice"]);
        assert_eq!(files(&folder.path().join("twice")), expected);
    }
}

/// Of an imported trial the best repeat alone is known: beside others all are compared by that, and it is said.
#[test]
fn a_trial_that_was_exported_and_imported_is_as_fast_as_before() {
    for mode in ["single", "batch"] {
        let (folder, reports) = run(&format!("mode: {mode}\nrepeats: 7"));
        succeeds(folder.path(), &["export", "--ann-benchmarks", "ann", "reports/small"]);
        let (said, _) = succeeds(folder.path(), &["import", "ann", "--dataset", "rich", "--out", "back"]);
        assert!(said.contains("queries/s, best repeat"), "{said}");
        let page = |path: &str| std::fs::read_to_string(folder.path().join(path)).expect("a page");
        assert!(page("back/index.html").contains("per second, best repeat"));
        assert!(!page("reports/small/index.html").contains("per second, best repeat"));
        let imported = rows(&folder.path().join("back/runs.csv"));
        assert!(imported.iter().all(|row| row["qps"].is_empty() && !row["qps_best"].is_empty()));
        for row in rows(&reports.join("runs.csv")) {
            let [qps, best] = ["qps", "qps_best"].map(|name| row[name].parse::<f64>().expect("a number"));
            assert!(qps <= best, "{qps} of at most {best}");
        }

        let (said, _) = succeeds(folder.path(), &["report", "reports/small", "back", "--out", "both"]);
        assert!(said.contains("Its trials answer 1.00 times as many queries per second"), "{said}");
        assert!(said.contains("all queries per second here are from the best repeat of each trial"), "{said}");
        assert!(page("both/index.html").contains("times as many, best repeat"));
        let both = rows(&folder.path().join("both/several.csv"));
        let (own, back): (Vec<_>, Vec<_>) = both.iter().partition(|row| row["run"] == "small");
        assert_eq!((own.len(), back.len()), (4, 4));
        for row in own {
            let same = |other: &&&BTreeMap<String, String>| ["retriever", "point"].iter().all(|c| other[*c] == row[*c]);
            let again = back.iter().find(same).expect("the same trial");
            assert_eq!(row["qps_best"], again["qps_best"]);
            assert!(!row["qps"].is_empty() && again["qps"].is_empty());
        }
        let (said, _) = succeeds(folder.path(), &["report", "reports/small", "reports/small", "--out", "own"]);
        assert!(!said.contains("best repeat"), "{said}");
    }
}

fn bytes(folder: &tempfile::TempDir, path: &str) -> Vec<u8> {
    std::fs::read(folder.path().join(path)).expect("a file")
}

/// The data file is the very one where all was asked of all, and holds just what was asked where not.
#[test]
fn the_dataset_goes_along() {
    let (folder, _) = run("");
    succeeds(folder.path(), &["export", "reports/small", "--ann-benchmarks", "ann"]);
    assert!(bytes(&folder, "rich.hdf5") == bytes(&folder, "ann/data/rich.hdf5"));

    let (folder, reports) = run("queries: 7");
    succeeds(folder.path(), &["export", "reports/small", "--ann-benchmarks", "ann"]);
    let asked = trials(&reports).into_values().next().expect("a trial").integers("swath/query_ids").expect("ids");
    let asked: Vec<usize> = asked.into_iter().map(|id| id as usize).collect();
    let read = |path: &str| swath_datasets::format::read(&folder.path().join(path), MEMORY).expect("a dataset");
    assert!(read("ann/data/rich-7-queries.hdf5").same(&read("rich.hdf5").of_queries(&asked)));
    // Another sample of as many queries would go by the same name.
    let other = EXPERIMENT.replace("seed: 7", "seed: 8\nqueries: 7").replace("name: small", "name: other");
    std::fs::write(folder.path().join("other.yaml"), other).expect("written");
    succeeds(folder.path(), &["run", "other.yaml"]);
    let before = bytes(&folder, "ann/data/rich-7-queries.hdf5");
    let message = refuses(folder.path(), &["export", "reports/other", "--ann-benchmarks", "ann"]);
    assert!(
        message.contains("ann/data/rich-7-queries.hdf5 already exists and is not the dataset of this run"),
        "{message}"
    );
    assert!(before == bytes(&folder, "ann/data/rich-7-queries.hdf5"));
}

#[test]
fn drawn_vectors_are_drawn_again_and_cells_of_a_sweep_sampled_again() {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    let retriever = "retrievers: [{ name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }]\nk: 3\n";
    let drawn = "name: drawn\ndataset: { generate: clusters, n: 200, dimension: 4, queries: 20 }\n";
    std::fs::write(folder.path().join("drawn.yaml"), format!("{drawn}{retriever}")).expect("written");
    succeeds(folder.path(), &["run", "drawn.yaml"]);
    succeeds(folder.path(), &["export", "reports/drawn", "--ann-benchmarks", "ann"]);
    let swept = "name: swept\ndataset: rich.hdf5\nsweep: { n: [40, 60] }\nseed: 3\n";
    std::fs::write(folder.path().join("swept.yaml"), format!("{swept}{retriever}")).expect("written");
    succeeds(folder.path(), &["run", "swept.yaml", "--no-cache"]);
    succeeds(folder.path(), &["export", "reports/swept/n=40", "--ann-benchmarks", "ann"]);
    succeeds(folder.path(), &["export", "reports/swept/n=60", "--ann-benchmarks", "ann"]);
    let data: Vec<String> =
        files(&folder.path().join("ann")).into_iter().filter(|name| name.starts_with("data")).collect();
    assert_eq!(data, ["data/clusters-200x4.hdf5", "data/rich-40-rows.hdf5", "data/rich.hdf5"]);
    for dataset in ["clusters-200x4", "rich-40-rows"] {
        let (_, notes) = succeeds(folder.path(), &["import", "ann", "--dataset", dataset]);
        assert!(!notes.contains("differ") && !notes.contains("disagree"), "{notes}");
        let back = rows(&folder.path().join(format!("reports/{dataset}-3-imported/runs.csv")));
        assert_eq!((back.len(), back[0]["recall"].as_str()), (1, "1"));
    }
    let message = refuses(folder.path(), &["export", "reports/swept", "--ann-benchmarks", "ann"]);
    assert!(message.contains("the folder of a sweep"), "{message}");
}

#[test]
fn an_export_is_of_the_dataset_of_the_run_or_not_at_all() {
    let (folder, _) = run("");
    let rich = folder.path().join("rich.hdf5");
    let export = ["export", "reports/small", "--ann-benchmarks", "ann"];
    // It is found by its name in a folder for datasets, too.
    std::fs::create_dir(folder.path().join("elsewhere")).expect("created");
    std::fs::rename(&rich, folder.path().join("elsewhere/rich.hdf5")).expect("moved");
    let message = refuses(folder.path(), &export);
    assert!(message.contains("rich.hdf5 does not exist") && message.contains("--data-dir"), "{message}");
    ann_benchmarks::write(&rich, &support::dataset(Distance::Angular, false)).expect("written");
    let message = refuses(folder.path(), &export);
    assert!(message.contains("but these files have a different one: "), "{message}");
    assert!(!folder.path().join("ann").exists(), "nothing is half written");
    succeeds(folder.path(), &[&["--data-dir", "elsewhere"][..], &export].concat());

    // What others left is not replaced.
    let results = folder.path().join("ann/results/rich/5/top-k");
    let name = &files(&results)[0];
    let mut other = Hdf5Writer::new();
    other.text("algo", "top-k").array("times", &[1], Values::F32(&[1.0]));
    other.write(&results.join(name)).expect("written");
    let before = std::fs::read(results.join(name)).expect("a file");
    let message = refuses(folder.path(), &[&["--data-dir", "elsewhere"][..], &export].concat());
    assert!(message.contains("changed since swath wrote it: results/rich/5/top-k/"), "{message}");
    assert!(before == std::fs::read(results.join(name)).expect("a file"));

    let message = refuses(folder.path(), &["export", "nowhere", "--parquet", "tables"]);
    assert!(message.contains("nowhere: there is no such folder"), "{message}");
    assert!(refuses(folder.path(), &["export", "reports/small"]).contains("--parquet"), "one target at least");
}

/// A distance that ann-benchmarks has not.
#[test]
fn what_ann_benchmarks_has_not_is_refused() {
    let (folder, reports) = run("");
    let manifest = reports.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let changed = text.replace("\"distance\": \"angular\"", "\"distance\": \"dot\"");
    std::fs::write(&manifest, changed).expect("written");
    let message = refuses(folder.path(), &["export", "reports/small", "--ann-benchmarks", "ann"]);
    assert!(message.contains("ann-benchmarks has no distance `dot`"), "{message}");
    std::fs::write(&manifest, text.replace("\"name\": \"rich\"", "\"name\": \"../rich\"")).expect("written");
    let message = refuses(folder.path(), &["export", "reports/small", "--ann-benchmarks", "ann"]);
    assert!(message.contains("cannot be the name of a file"), "{message}");
}

fn parquet(path: &Path) -> (Vec<String>, Vec<Row>) {
    let reader = SerializedFileReader::new(std::fs::File::open(path).expect("a file")).expect("Parquet");
    let names = reader.metadata().file_metadata().schema().get_fields().iter().map(|field| field.name().to_owned());
    let names = names.collect();
    (names, reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect())
}

fn cell<'a>(row: &'a Row, name: &str) -> &'a Field {
    row.get_column_iter().find(|(column, _)| *column == name).expect("the column").1
}

#[test]
fn parquet_files_hold_what_the_other_files_do() {
    let (folder, reports) = run("queries: 12\nmetrics: [recall, subtopic-recall, 'recall@2', { vendi: { q: 2 } }]");
    succeeds(folder.path(), &["export", "reports/small", "--parquet", "tables"]);
    assert_eq!(files(&folder.path().join("tables")), ["queries.parquet", "runs.parquet"]);
    let (names, found) = parquet(&folder.path().join("tables/runs.parquet"));
    let header: Vec<String> = csv::Reader::from_path(reports.join("runs.csv"))
        .expect("a table")
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(names, header);
    let expected = rows(&reports.join("runs.csv"));
    assert_eq!(found.len(), expected.len());
    for (row, expected) in found.iter().zip(&expected) {
        for (name, field) in row.get_column_iter() {
            match field {
                Field::Str(text) => assert_eq!(text, &expected[name], "{name}"),
                Field::Long(count) => assert_eq!(count.to_string(), expected[name], "{name}"),
                Field::Double(number) => {
                    let text: f64 = expected[name].parse().expect("a number");
                    assert!((number - text).abs() <= 1e-11 * number.abs(), "{name}: {number} and {text}");
                }
                Field::Null => assert_eq!(expected[name], "", "{name}"),
                other => panic!("{name}: {other}"),
            }
        }
    }

    let (names, found) = parquet(&folder.path().join("tables/queries.parquet"));
    let expected = [
        "trial",
        "retriever",
        "point",
        "query",
        "recall",
        "subtopic-recall",
        "recall@2",
        "recall-eps@2",
        "vendi(q=2)",
        "seconds",
        "ids",
    ];
    assert_eq!(names, expected);
    assert_eq!(found.len(), 4 * 12);
    for (i, row) in found.iter().enumerate() {
        let Field::Str(trial) = cell(row, "trial") else { panic!("a text") };
        let file = Hdf5File::open(&reports.join(format!("trials/{trial}.hdf5")), MEMORY).expect("a file");
        let query = i % 12;
        assert_eq!(cell(row, "query"), &Field::Long(query as i64));
        let ids = file.integers("neighbors").expect("ids");
        let Field::ListInternal(list) = cell(row, "ids") else { panic!("a list") };
        let found: Vec<i64> = (0..list.len()).map(|j| i64::from(list.get_int(j).expect("an id"))).collect();
        assert_eq!(found, ids[query * 5..query * 5 + 5]);
        for metric in ["recall", "subtopic-recall", "vendi(q=2)"] {
            let value = file.f64s(&format!("swath/{metric}")).expect("values")[query];
            let field = if value.is_nan() { Field::Null } else { Field::Double(value) };
            assert_eq!(cell(row, metric), &field, "{metric}");
        }
        assert!(matches!(cell(row, "seconds"), Field::Double(seconds) if *seconds > 0.0));
    }
    assert_eq!(cell(&found[11], "subtopic-recall"), &Field::Null, "the last query has no subtopics");
    let (folder, _) = run("mode: batch");
    succeeds(folder.path(), &["export", "reports/small", "--parquet", "tables"]);
    let (_, found) = parquet(&folder.path().join("tables/queries.parquet"));
    assert!(found.iter().all(|row| cell(row, "seconds") == &Field::Null));
}

/// A result file for `rich`, with things to be wrong.
struct Published {
    count: usize,
    rows: usize,
    neighbors: Vec<i32>,
    distances: Option<Vec<f32>>,
    times: Vec<f32>,
    distance: Option<&'static str>,
}

impl Published {
    /// The true neighbours, and no attribute.
    fn new(count: usize) -> Self {
        let truth = support::dataset(Distance::Angular, true).neighbors;
        let ids = (0..12).flat_map(|query| truth.ids(query)[..count].iter().map(|&id| id as i32)).collect();
        let distances = (0..12).flat_map(|query| truth.distances(query)[..count].iter().map(|&d| d as f32)).collect();
        Self { count, rows: 12, neighbors: ids, distances: Some(distances), times: vec![1e-3; 12], distance: None }
    }

    fn write(&self, folder: &Path, name: &str) {
        self.write_with(folder, name, &[]);
    }

    /// The same with these attributes.
    fn write_with(&self, folder: &Path, name: &str, attributes: &[(&str, f64)]) {
        let path = folder.join(format!("ann/results/rich/5/{name}.hdf5"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        let mut file = Hdf5Writer::new();
        if let Some(distance) = self.distance {
            file.text("distance", distance);
        }
        file.array("neighbors", &[self.rows, self.count], Values::I32(&self.neighbors));
        if let Some(distances) = &self.distances {
            file.array("distances", &[self.rows, self.count], Values::F32(distances));
        }
        file.array("times", &[self.times.len()], Values::F32(&self.times));
        for (name, value) in attributes {
            file.float(name, *value);
        }
        file.write(&path).expect("written");
    }
}

/// A folder with `ann/data/rich.hdf5`.
fn published() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("ann/data")).expect("created");
    write_datasets(&folder.path().join("ann/data"));
    folder
}

#[test]
fn old_and_odd_results_are_read_for_what_they_say() {
    let folder = published();
    Published { distances: None, ..Published::new(5) }.write(folder.path(), "bare/none");
    let mut odd = Published::new(5);
    // Query 0: one is missing in the middle, one stands twice. Query 1: nothing. Query 2: a distance that is not true.
    odd.neighbors[1] = -1;
    odd.neighbors[3] = odd.neighbors[2];
    let distances = odd.distances.as_mut().expect("distances");
    distances[1] = f32::INFINITY;
    distances[5..10].fill(f32::INFINITY);
    distances[10] += 0.5;
    odd.write(folder.path(), "odd/half");
    let (_, notes) = succeeds(folder.path(), &["import", "ann", "--dataset", "rich", "--count", "5"]);
    for expected in [
        "2 of 2 results have no `build_time`",
        "2 of 2 results have no `index_size`",
        "1 returned ids repeat an id of the same list: each id counts once",
        "1 of 2 results store distances that differ by more than 0.001",
        "odd (half), query 2",
    ] {
        assert!(notes.contains(expected), "{expected} in {notes}");
    }
    let reports = folder.path().join("reports/rich-5-imported");
    let table = rows(&reports.join("runs.csv"));
    assert_eq!((table[0]["retriever"].as_str(), table[0]["recall"].as_str()), ("bare", "1"));
    let trials = trials(&reports);
    let odd = &trials["odd half"];
    let recall = odd.f64s("swath/recall").expect("values");
    assert_eq!(recall[..3], [0.6, 0.0, 1.0], "an id counts once, a missing one never, a claimed distance not at all");
    let (ids, distances) = (odd.integers("neighbors").expect("ids"), odd.f32s("distances").expect("distances"));
    assert!(ids[..3].iter().all(|&id| id >= 0) && ids[3..10] == [-1; 7]);
    assert!(distances[3..10].iter().all(|distance| distance.is_infinite()) && distances[10] < 0.5);
    assert!(odd.f64s("swath/relevance").expect("values")[1].is_nan(), "of nothing nothing can be said");
    // Over an import if that is asked for.
    let message = refuses(folder.path(), &["import", "ann", "--dataset", "rich"]);
    assert!(message.contains("reports/rich-5-imported already holds an import\n  --fresh replaces it"), "{message}");
    succeeds(folder.path(), &["import", "ann", "--dataset", "rich", "--fresh"]);
}

#[test]
fn wrong_results_are_answered_with_what_and_where() {
    type Change = fn(&mut Published);
    let cases: &[(Change, &str)] = &[
        (|p| p.neighbors[7] = 60, "odd/one.hdf5: `neighbors`, row 1, column 2: the id is 60, expected 0 to 59"),
        (|p| p.neighbors[7] = -2, "odd/one.hdf5: `neighbors`, row 1, column 2: the id is -2, expected 0 to 59"),
        (|p| *p = Published::new(4), "odd/one.hdf5: the shape of `neighbors` is 12 x 4, expected 12 x 5"),
        (
            |p| {
                p.rows = 11;
                p.neighbors.truncate(55);
                p.distances = None;
            },
            "the shape of `neighbors` is 11 x 5, expected 12 x 5: a row for each of the 12 queries",
        ),
        (|p| p.times.truncate(3), "the shape of `times` is 3, expected 12"),
        (|p| p.times[4] = f32::NAN, "`times`, row 4: NaN is not a time"),
        (|p| p.times[4] = -1.0, "`times`, row 4: -1 is not a time"),
        (|p| p.distance = Some("euclidean"), "its distance is euclidean, but the dataset's is angular"),
    ];
    for (change, expected) in cases {
        let folder = published();
        Published::new(5).write(folder.path(), "fine/one");
        let mut odd = Published::new(5);
        change(&mut odd);
        odd.write(folder.path(), "odd/one");
        // It is named, and the other is read.
        let output = swath(folder.path(), &["import", "ann", "--dataset", "rich"]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{message}");
        let named = message.lines().find(|line| line.starts_with("error: left out: ")).expect("an error");
        assert!(named.contains(expected), "{expected} in {named}");
        assert!(message.contains("results left out because they cannot be read: 1"), "{message}");
        let table = rows(&folder.path().join("reports/rich-5-imported/runs.csv"));
        assert_eq!((table.len(), table[0]["retriever"].as_str()), (1, "fine"));
        // Alone it is refused.
        std::fs::remove_dir_all(folder.path().join("reports")).expect("removed");
        std::fs::remove_file(folder.path().join("ann/results/rich/5/fine/one.hdf5")).expect("removed");
        let message = refuses(folder.path(), &["import", "ann", "--dataset", "rich"]);
        assert!(message.contains("holds no result that can be read\n  ") && message.contains(expected), "{message}");
        assert!(!folder.path().join("reports").exists(), "nothing is half written");
    }

    let folder = published();
    Published::new(5).write(folder.path(), "fine/one");
    let refused = |arguments: &[&str], expected: &str| {
        let message = refuses(folder.path(), &[&["import"], arguments].concat());
        assert!(message.contains(expected), "{expected} in {message}");
        assert!(!folder.path().join("reports").exists(), "nothing is half written");
    };
    refused(&["nowhere", "--dataset", "rich"], "cannot read the folder nowhere: ");
    refused(&["ann/data", "--dataset", "rich"], "ann/data has no folder `results`");
    refused(&["ann", "--dataset", "poor"], "ann/results has no results for `poor`\n  it has rich");
    refused(&["ann", "--dataset", "../rich"], "`../rich` is not the name of a dataset");
    refused(&["ann", "--dataset", "rich", "--count", "7"], "no results with 7 neighbours per query\n  it has 5");
    refused(&["ann", "--dataset", "rich", "--batch"], "holds no result in mode batch");
    let results = folder.path().join("ann/results");
    std::fs::create_dir_all(results.join("rich/3")).expect("created");
    refused(&["ann", "--dataset", "rich"], "choose one with --count: 3, 5");
    refused(&["ann", "--dataset", "rich", "--count", "3"], "holds no result (a file that ends in .hdf5)");
    std::fs::create_dir_all(results.join("rich/70/a")).expect("created");
    refused(
        &["ann", "--dataset", "rich", "--count", "70"],
        "the results have 70 ids per query, but the dataset has only 60 vectors",
    );
    std::fs::create_dir_all(results.join("unknown/5/a")).expect("created");
    refused(
        &["ann", "--dataset", "unknown"],
        "there is no dataset `unknown`\n  ann/data/unknown.hdf5 does not exist, either",
    );
}

/// Whatever lies beside sound results, they are read, and it is named.
#[test]
fn one_bad_file_or_link_does_not_stop_an_import() {
    let folder = published();
    for name in ["fine/one", "fine/two", "other/three"] {
        Published::new(5).write(folder.path(), name);
    }
    let results = folder.path().join("ann/results/rich/5");
    let whole = std::fs::read(results.join("fine/one.hdf5")).expect("a file");
    std::fs::write(results.join("fine/cut.hdf5"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(results.join("fine/empty.hdf5"), "").expect("written");
    std::fs::write(results.join("fine/text.hdf5"), "no HDF5").expect("written");
    Hdf5Writer::new().array("x", &[1], Values::F32(&[1.0])).write(&results.join("fine/other.hdf5")).expect("written");
    std::fs::create_dir(results.join("fine/folder.hdf5")).expect("created");
    let mut bad = vec!["cut", "empty", "other", "text"];
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("..", results.join("fine/loop")).expect("linked");
        symlink(&results, results.join("fine/home")).expect("linked");
        symlink("nowhere", results.join("fine/dangling.hdf5")).expect("linked");
        symlink("two.hdf5", results.join("fine/linked.hdf5")).expect("linked");
        std::fs::write(results.join("fine/new\n::error::line.hdf5"), "").expect("written");
        bad.push("new\\n::error::line");
    }
    let output = swath(folder.path(), &["import", "ann", "--dataset", "rich"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let named: Vec<&str> = said.lines().filter(|line| line.starts_with("error: left out: ")).collect();
    assert_eq!(named.len(), bad.len(), "{said}");
    bad.iter()
        .for_each(|name| assert!(named.iter().any(|line| line.contains(&format!("/{name}.hdf5"))), "{name}: {said}"));
    let read = rows(&folder.path().join("reports/rich-5-imported/runs.csv")).len();
    assert_eq!(read, if cfg!(unix) { 4 } else { 3 }, "{said}");
    assert_eq!(said.contains("links to folders that were not followed: 2"), cfg!(unix), "{said}");
    assert!(said.lines().all(|line| !line.trim_start().starts_with("::")), "{said}");
}

/// Times of 0 make no infinite rates, and lists of fewer than k are said.
#[test]
fn no_time_is_no_rate_and_short_lists_are_said() {
    let folder = published();
    Published { times: vec![0.0; 12], ..Published::new(5) }.write(folder.path(), "quick/none");
    let mut short = Published::new(5);
    short.neighbors[3..5].fill(-1);
    short.neighbors[10..15].fill(-1);
    short.write(folder.path(), "short/one");
    Published::new(5).write(folder.path(), "whole/one");
    let (table, notes) = succeeds(folder.path(), &["import", "ann", "--dataset", "rich"]);
    assert!(notes.contains("1 of 3 results have a time of 0: they have no queries per second"), "{notes}");
    let expected =
        "1 of 3 results have lists with fewer than 5 ids, for up to 2 queries; the shortest list has 0; missing ids";
    assert!(notes.contains(expected), "{notes}");
    let quick = table.lines().find(|line| line.starts_with("quick")).expect("a row");
    assert!(quick.trim_end().ends_with('-') && !table.contains("inf"), "{table}");
    let reports = folder.path().join("reports/rich-5-imported");
    let rows = rows(&reports.join("runs.csv"));
    assert!(rows[0]["qps_best"].is_empty() && !rows[2]["qps_best"].is_empty(), "{rows:?}");
    let written =
        files(&reports).into_iter().filter(|name| [".csv", ".md", ".tex"].iter().any(|end| name.ends_with(end)));
    for name in written {
        let text = std::fs::read_to_string(reports.join(&name)).expect("text").to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphabetic()).collect();
        assert!(!words.contains(&"inf") && !words.contains(&"nan"), "{name}: {text}");
    }
    let again = swath(folder.path(), &["report", "reports/rich-5-imported", "reports/rich-5-imported", "--out", "two"]);
    assert!(!stdout(&again).contains("inf") && !stdout(&again).contains("NaN"), "{}", stdout(&again));
}

/// VIBE keeps in each file of an index a group for each setting of its queries, with its attributes there.
#[test]
fn results_of_vibe_are_read() {
    const WRITE: &str = "
import h5py, sys
truth = h5py.File('ann/data/rich.hdf5')
ids, true = truth['neighbors'][:, :5], truth['distances'][:, :5]
for algo, gpu in [('hnsw', False), ('hnsw', True), ('annoy', False)]:
    import os
    folder = 'ann/results/rich/5/' + algo + ('-gpu' if gpu else '')
    os.makedirs(folder, exist_ok=True)
    with h5py.File(folder + '/cosine_16_200.hdf5', 'w') as f:
        for i, queries in enumerate(['10', '20']):
            g = f.create_group(queries)
            attrs = dict(gpu_mode=gpu, best_search_time=1e-3, candidates=5.0, expect_extra=False, run_count=5,
                         name='%s(M=16, ef=%s)' % (algo, queries if algo == 'hnsw' else 'any'), distance='cosine', count=5,
                         build_time=2.5, index_size=1000.0, algo=algo, dataset='rich')
            for k, v in attrs.items():
                g.attrs[k] = v
            m = len(ids)
            g.create_dataset('times', (m,), 'f')[:] = 1e-3
            neighbors = g.create_dataset('neighbors', (m, 5), 'i')
            neighbors[:] = ids
            g.create_dataset('distances', (m, 5), 'f')[:] = true
            if i == 0:
                neighbors[0] = [ids[0][0], -1, -1, -1, -1]
                g['distances'][0, 1:] = float('inf')
                g['recalls'] = [5.0] * m
        if algo == 'annoy':
            f.create_group('30')['neighbors'] = ids[:3]
";
    let Some(python) = support::python(&["h5py"]) else { return };
    let folder = published();
    let script = std::process::Command::new(python).args(["-c", WRITE]).current_dir(folder.path()).output();
    let script = script.expect("Python runs");
    assert!(script.status.success(), "{}", stderr(&script));
    let output = swath(folder.path(), &["import", "ann", "--dataset", "rich"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cosine_16_200.hdf5: the shape of `30/neighbors` is 3 x 5, expected 12 x 5"), "{said}");
    assert!(said.contains("results of mode batch left out, to be imported separately: 2"), "{said}");
    assert!(!said.contains("do not say") && !said.contains("differ by more"), "{said}");
    let found = rows(&folder.path().join("reports/rich-5-imported/runs.csv"));
    let of = |row: &BTreeMap<String, String>| {
        ["retriever", "recall", "build_seconds", "index_bytes", "qps_best"].map(|c| row[c].clone())
    };
    let short = format!("{}", 1.0 - 4.0 / 60.0);
    for (row, expected) in found.iter().zip([["annoy", &short], ["annoy", "1"], ["hnsw", &short], ["hnsw", "1"]]) {
        let [retriever, recall, build, bytes, qps] = of(row);
        assert_eq!(
            ([retriever.as_str(), build.as_str(), bytes.as_str(), qps.as_str()]),
            [expected[0], "2.5", "1000000", "1000"]
        );
        let (recall, wanted): (f64, f64) = (recall.parse().expect("a number"), expected[1].parse().expect("a number"));
        assert!((recall - wanted).abs() < 1e-9, "{row:?}");
    }
    assert_eq!(found.len(), 4);
    let trials = trials(&folder.path().join("reports/rich-5-imported"));
    let labels: Vec<&str> = trials.keys().map(String::as_str).collect();
    // Where two settings have one label, the group tells them apart.
    assert_eq!(labels, ["annoy M=16, ef=any", "annoy M=16, ef=any, 20", "hnsw M=16, ef=10", "hnsw M=16, ef=20"]);
    succeeds(folder.path(), &["import", "ann", "--dataset", "rich", "--batch", "--out", "gpu"]);
    assert_eq!(rows(&folder.path().join("gpu/runs.csv")).len(), 2);
}

/// An experiment names its dataset as seen from its own folder: an export finds it from wherever it is asked for, and where
/// all was moved together.
#[test]
fn a_relative_dataset_is_found_from_any_folder() {
    let root = tempfile::tempdir().expect("a folder");
    let (work, elsewhere) = (root.path().join("work"), root.path().join("elsewhere"));
    for folder in [&work.join("data"), &work.join("configs"), &elsewhere] {
        std::fs::create_dir_all(folder).expect("made");
    }
    write_datasets(&work.join("data"));
    let experiment = "name: x\ndataset: ../data/plain.hdf5\nk: 5\nretrievers:\n  - { name: top-k, select: top-k }\n";
    std::fs::write(work.join("configs/x.yaml"), experiment).expect("written");
    let good = |folder: &Path, arguments: &[&str]| {
        let output = swath(folder, arguments);
        assert!(output.status.success(), "{arguments:?} in {}: {}", folder.display(), stderr(&output));
    };
    good(&work, &["run", "configs/x.yaml", "--out", "results/x"]);
    good(&work, &["export", "results/x", "--ann-benchmarks", "ann"]);
    good(&elsewhere, &["export", "../work/results/x", "--ann-benchmarks", "ann"]);
    good(&elsewhere, &["reproduce", "../work/results/x"]);
    let (moved, third) = (root.path().join("moved"), root.path().join("third"));
    std::fs::rename(&work, &moved).expect("moved");
    good(
        Path::new("/"),
        &["export", &moved.join("results/x").to_string_lossy(), "--ann-benchmarks", &third.to_string_lossy()],
    );
    good(&elsewhere, &["reproduce", "../moved/results/x"]);
}

/// Vectors so long that their distances are beyond 32 bits: nothing real is at an infinite distance.
#[test]
fn distances_beyond_32_bits_are_not_said_to_be_infinite() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dataset = support::dataset(Distance::Euclidean, false);
    let far = |points: &Points| {
        let vectors = points.dense().expect("dense");
        let rows = (0..vectors.rows())
            .flat_map(|row| vectors.row(row)[..5].iter().map(|value| value * 3e38).collect::<Vec<f32>>());
        Points::from(Vectors::new(&rows.collect::<Vec<f32>>(), 5).expect("finite"))
    };
    (dataset.train, dataset.test) = (far(&dataset.train), far(&dataset.test));
    // Truth is stored in 64 bits.
    dataset.neighbors.distances.iter_mut().for_each(|distance| *distance *= f64::from(3e38_f32));
    ann_benchmarks::write(&folder.path().join("far.hdf5"), &dataset).expect("written");
    let experiment =
        "name: x\ndataset: far.hdf5\nk: 20\nmetrics: [recall]\nretrievers:\n  - { name: top-k, select: top-k }\n";
    std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let (_, results) = swath::record::results::read(&folder.path().join("out")).expect("a run");
    let distances =
        swath::record::results::read_distances(&folder.path().join("out"), &results.trials[0]).expect("distances");
    assert!(distances.iter().all(|distance| distance.is_finite()) && distances.contains(&f32::MAX), "{distances:?}");
    assert!(results.trials[0].returned.iter().all(|&id| id >= 0));
    let output = swath(folder.path(), &["export", "out", "--ann-benchmarks", "ann"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("are too large for ann-benchmarks, which stores 32 bits"), "{}", stderr(&output));
    assert!(!folder.path().join("ann").exists(), "nothing was written");
}

/// A backslash is part of a name here, and would be a folder elsewhere.
#[cfg(unix)]
#[test]
fn a_dataset_of_any_name_is_exported_and_one_refusal_does_not_stop_the_other_exporter() {
    let (folder, _) = run("");
    let text = std::fs::read_to_string(folder.path().join("small.yaml")).expect("an experiment");
    for (name, file) in [("<b>x&y,\"q'%_$\\{}", "<b>x&y,\"q'%_$_{}"), (".hidden", "_.hidden")] {
        std::fs::copy(folder.path().join("rich.hdf5"), folder.path().join(format!("{name}.hdf5"))).expect("copied");
        let named = text.replace("rich.hdf5", &format!("'{}.hdf5'", name.replace('\'', "''")));
        std::fs::write(folder.path().join("odd.yaml"), named).expect("written");
        succeeds(folder.path(), &["run", "odd.yaml", "--out", "odd"]);
        let (_, notes) = succeeds(folder.path(), &["export", "odd", "--ann-benchmarks", "ann"]);
        assert!(notes.contains("in the export"), "{notes}");
        assert!(folder.path().join(format!("ann/data/{file}.hdf5")).is_file(), "{file}");
        std::fs::remove_dir_all(folder.path().join("odd")).expect("removed");
    }
    std::fs::remove_file(folder.path().join("rich.hdf5")).expect("removed");
    let output = swath(folder.path(), &["export", "reports/small", "--ann-benchmarks", "no", "--parquet", "tables"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(folder.path().join("tables/runs.parquet").is_file() && !folder.path().join("no").exists());
}

#[test]
fn an_impossible_size_or_time_is_left_out_with_a_note() {
    let folder = published();
    for (i, size) in [1e17, 1e300, -1.0].into_iter().enumerate() {
        let published = Published { distances: None, ..Published::new(5) };
        published.write_with(folder.path(), &format!("odd/{i}"), &[("index_size", size), ("build_time", 1e300)]);
    }
    let (_, notes) = succeeds(folder.path(), &["import", "ann", "--dataset", "rich"]);
    assert!(notes.contains("3 of 3 results have an impossible `index_size`: it is left out"), "{notes}");
    assert!(notes.contains("3 of 3 results have an impossible `build_time`: it is left out"), "{notes}");
    assert!(!notes.contains("have no `index_size`"), "{notes}");
    let message = refuses(folder.path(), &["import", "missing", "--dataset", "rich"]);
    assert!(message.contains("cannot read the folder missing: "), "{message}");
}
