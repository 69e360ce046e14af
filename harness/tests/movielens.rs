//! Real sets: the users of MovieLens-100k, each the set of films that they liked.
//!
//! The ratings may not be passed on. `SWATH_MOVIELENS` names a folder with `ml-100k.inter`, such as that in the package recbole.

mod support;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{stderr, stdout, swath};

const EXPERIMENT: &str = "
name: movielens
dataset: users.hdf5
k: 10
seed: 16
metrics: [recall, pool-recall, coverage, redundancy, relevance, diversity]
retrievers:
  - { name: top-k, candidates: { exact: { pool: 100 } }, select: top-k }
  - { name: inverted, candidates: { inverted: { pool: 100 } }, select: top-k }
  - { name: mmr, candidates: { inverted: { pool: 100 } }, select: { mmr: { lambda: 0.5 } } }
  - { name: facility-location, candidates: { exact: { pool: 100 } }, select: facility-location }
  - name: walk
    candidates: { exact: { pool: 20 } }
    expand: { walk: { graph: [knn], neighbors: 16 } }
    select: facility-location
";

/// A script of `tests/interop`, run by Python in `folder`; what it says.
fn script(python: &str, name: &str, folder: &Path, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name);
    let output = Command::new(python).arg(script).args(arguments).current_dir(folder).output().expect("Python runs");
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

/// The file of ratings, if it is here.
fn ratings() -> Option<PathBuf> {
    support::tool("movielens", || {
        let ratings = Path::new(&std::env::var_os("SWATH_MOVIELENS")?).join("ml-100k.inter");
        ratings.is_file().then(|| std::path::absolute(ratings).expect("a path"))
    })
}

/// The means of a run's metrics: by retriever, then by the name of the column.
fn means(folder: &Path) -> HashMap<String, HashMap<String, f64>> {
    let mut rows = csv::Reader::from_path(folder.join("reports/movielens/runs.csv")).expect("a table");
    let header = rows.headers().expect("a header").clone();
    let number = |(name, cell): (&str, &str)| Some((name.to_owned(), cell.parse().ok()?));
    let row = |row: csv::StringRecord| header.iter().zip(&row).filter_map(number).collect::<HashMap<_, _>>();
    let name = header.iter().position(|column| column == "retriever").expect("the column");
    rows.records().map(|read| read.expect("a row")).map(|read| (read[name].to_owned(), row(read))).collect()
}

#[test]
fn users_of_movielens_run_end_to_end() {
    let (Some(python), Some(ratings)) = (support::python(&["h5py", "numpy"]), ratings()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let made = script(&python, "movielens.py", folder, &[ratings.to_str().expect("text"), "users.hdf5"]);
    assert_eq!(made, "849 94 1574 82520\n", "users, queries, films, and how many were liked");

    let info = swath(folder, &["datasets", "info", "users.hdf5"]);
    assert_eq!(info.status.code(), Some(0), "{}", stderr(&info));
    let said = stdout(&info);
    assert!(said.contains("jaccard") && said.contains("849 with members below 1574"), "{said}");
    assert!(said.contains("agrees with 20 sampled queries"), "{said}");

    std::fs::write(folder.join("movielens.yaml"), EXPERIMENT).expect("written");
    let run = swath(folder, &["run", "movielens.yaml"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let manifest = std::fs::read_to_string(folder.join("reports/movielens/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["notes"], serde_json::json!([]), "no doubt about the dataset, and nothing left out");
    let page = std::fs::read_to_string(folder.join("reports/movielens/index.html")).expect("a page");

    let means = means(folder);
    let mean = |retriever: &str, metric: &str| means[retriever][metric];
    for retriever in ["top-k", "inverted"] {
        assert_eq!((mean(retriever, "recall"), mean(retriever, "pool-recall")), (1.0, 1.0), "{retriever}");
    }
    for retriever in ["top-k", "inverted", "mmr", "facility-location", "walk"] {
        assert!(page.contains(retriever), "the page has no {retriever}");
    }
    for metric in ["coverage", "redundancy", "relevance", "diversity"] {
        assert_eq!(mean("top-k", metric), mean("inverted", metric), "{metric}: the same results by another way");
    }
    assert!(mean("mmr", "redundancy") < mean("top-k", "redundancy"));
    assert!(mean("facility-location", "coverage") > mean("top-k", "coverage"));
    assert!(mean("facility-location", "relevance") < mean("top-k", "relevance"));
    assert!(mean("walk", "recall") < 1.0, "it reaches users beyond the pool, and picks among them");

    let export = swath(folder, &["export", "reports/movielens", "--ann-benchmarks", "ann"]);
    assert_eq!(export.status.code(), Some(0), "{}", stderr(&export));
    let compared = script(&python, "ann_benchmarks.py", folder, &["ann", "reports/movielens/runs.csv"]);
    assert!(compared.ends_with("5 of 5 trials compared, 0 differences\n"), "{compared}");
}
