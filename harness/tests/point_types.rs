//! Bits, sets, inner products and sparse vectors from the experiment to the export and back, as a user takes them.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{stderr, stdout, swath};
use swath_algorithms::Distance;
use swath_algorithms::params::Count;
use swath_datasets::generate::{Clusters, Lengths, Zipf};
use swath_datasets::{Distribution, Generated, ann_benchmarks};

/// A dataset of one type of points.
struct Kind {
    name: &'static str,
    distribution: Distribution,
    distance: Distance,
    dim: u32,
    /// Candidates that find every neighbour.
    exact: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "bits",
        distribution: Distribution::Clusters(Clusters {}),
        distance: Distance::Hamming,
        dim: 64,
        exact: "exact",
    },
    Kind {
        name: "sets",
        distribution: Distribution::Zipf(Zipf {}),
        distance: Distance::Jaccard,
        dim: 300,
        exact: "inverted",
    },
    Kind {
        name: "ip",
        distribution: Distribution::Lengths(Lengths {}),
        distance: Distance::InnerProduct,
        dim: 16,
        exact: "exact",
    },
    Kind {
        name: "sparse",
        distribution: Distribution::Zipf(Zipf {}),
        distance: Distance::InnerProduct,
        dim: 300,
        exact: "inverted",
    },
];

impl Kind {
    /// Whether ann-benchmarks has points of this type.
    fn is_exported(&self) -> bool {
        self.distance != Distance::InnerProduct
    }

    /// Writes the dataset and an experiment on it, both by its name, into a folder.
    fn write(&self, folder: &Path) {
        let Kind { name, distance, dim, .. } = *self;
        let [n, dimension, queries] = [300, dim, 20].map(|count| Count::new(count).expect("a count"));
        let drawn = Generated { generate: self.distribution.clone(), n, dimension, queries, distance, seed: 5 };
        let dataset = drawn.dataset().expect("points");
        ann_benchmarks::write(&folder.join(format!("{name}.hdf5")), &dataset).expect("written");
        std::fs::write(folder.join(format!("{name}.yaml")), self.experiment("")).expect("written");
    }

    /// An experiment, with more retrievers.
    fn experiment(&self, more: &str) -> String {
        let Kind { name, exact, .. } = self;
        format!(
            "name: {name}\ndataset: {name}.hdf5\nk: 5\nrepeats: 1\nmetrics: [recall, coverage, relevance, diversity]\nretrievers:\n\
             \x20 - {{ name: top-k, candidates: exact, select: top-k }}\n\
             \x20 - {{ name: second, candidates: {{ {exact}: {{ pool: 20 }} }}, select: top-k }}\n\
             \x20 - {{ name: mmr, candidates: {{ exact: {{ pool: 30 }} }}, select: {{ mmr: {{ lambda: 0.5 }} }} }}\n\
             \x20 - {{ name: walk, candidates: {{ exact: {{ pool: 10 }} }}, expand: {{ walk: {{ graph: knn, neighbors: 4 }} }}, \
             select: top-k }}\n{more}"
        )
    }
}

/// Runs swath and returns what it says.
fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = swath(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    stdout(&output) + &stderr(&output)
}

/// Each metric of each retriever of a run.
fn metrics(run: &Path) -> BTreeMap<String, [String; 4]> {
    let mut table = csv::Reader::from_path(run.join("runs.csv")).expect("a table");
    let rows = table.deserialize().map(|row| row.expect("a row"));
    let row = |row: BTreeMap<String, String>| {
        (row["retriever"].clone(), ["recall", "coverage", "relevance", "diversity"].map(|name| row[name].clone()))
    };
    rows.map(row).collect()
}

#[test]
fn a_run_is_right_and_its_report_and_its_trials_can_be_had_again() {
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let (at, name) = (folder.path(), kind.name);
        kind.write(at);
        let file = format!("{name}.yaml");
        let said = succeeds(at, &["run", &file]);
        assert!(!said.contains("disagree") && !said.contains("random pick"), "{name}: {said}");
        let run = at.join("reports").join(name);
        let found = metrics(&run);
        assert_eq!((&*found["top-k"][0], &*found["second"][0]), ("1", "1"), "{name}: {found:?}");
        assert_ne!(found["mmr"][3], found["top-k"][3], "{name}: MMR picks others");

        let page = std::fs::read_to_string(run.join("index.html")).expect("a page");
        let points = match name {
            "bits" => "300 base points of 64 bits, hamming distance",
            "sets" => "300 base sets with members below 300, jaccard distance",
            "ip" => "300 base vectors of 16 dimensions, compared by inner product; ",
            _ => "300 sparse base vectors of 300 dimensions, compared by inner product; ",
        };
        assert!(page.contains(points), "{name}");
        std::fs::remove_file(run.join("runs.csv")).expect("removed");
        succeeds(at, &["report", &run.to_string_lossy()]);
        assert_eq!(metrics(&run), found, "{name}: reported again");

        // One more retriever: the others are kept.
        let more = "  - { name: far, candidates: { exact: { pool: 20 } }, select: { max-min: {} } }\n";
        std::fs::write(at.join(&file), kind.experiment(more)).expect("written");
        let said = succeeds(at, &["run", "--reuse", &file]);
        assert!(said.contains('4'), "{name}: {said}");
        let again = metrics(&run);
        assert_eq!(again.len(), 5, "{name}");
        for (retriever, values) in &found {
            assert_eq!(&again[retriever], values, "{name}: {retriever}");
        }
    }
}

/// Killed after the first trial has answered, each run goes on, and finds what an undisturbed one does.
#[test]
fn a_killed_run_is_resumed() {
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let (at, name) = (folder.path(), kind.name);
        kind.write(at);
        let file = format!("{name}.yaml");
        std::fs::write(at.join(&file), kind.experiment("").replace("repeats: 1", "repeats: 100")).expect("written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_swath"))
            .args(["run", "--quiet", "--no-cache", &file])
            .current_dir(at)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let run = at.join("reports").join(name);
        let is_under_way = || {
            let files = std::fs::read_dir(run.join("unfinished/trials")).into_iter().flatten().flatten();
            files.into_iter().any(|file| file.path().extension().is_some_and(|extension| extension == "hdf5"))
        };
        while !is_under_way() && child.try_wait().expect("a state").is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(!run.join("manifest.json").exists(), "{name} was too quick to be killed");
        succeeds(at, &["run", "--no-cache", &file]);
        let resumed = metrics(&run);
        let (manifest, _) = swath::record::results::read(&run).expect("a run");
        assert_eq!(manifest.resumed.len(), 1, "{name}");
        succeeds(at, &["run", "--no-cache", &file, "--out", "whole"]);
        assert_eq!(metrics(&at.join("whole")), resumed, "{name}");
    }
}

#[test]
fn drawn_points_run_as_those_of_a_file_do() {
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        kind.write(folder.path());
        succeeds(folder.path(), &["run", &format!("{}.yaml", kind.name)]);
        let before = metrics(&folder.path().join("reports").join(kind.name));
        let Kind { name, distribution, distance, dim, .. } = &kind;
        let drawn = format!(
            "{{ generate: {}, n: 300, dimension: {dim}, queries: 20, distance: {distance}, seed: 5 }}",
            distribution.name()
        );
        let experiment = kind.experiment("").replace(&format!("{name}.hdf5"), &drawn).replace("name: ", "name: drawn-");
        let experiment = experiment.replace("{ name: drawn-", "{ name: ");
        std::fs::write(folder.path().join("drawn.yaml"), experiment).expect("written");
        succeeds(folder.path(), &["run", "drawn.yaml"]);
        assert_eq!(metrics(&folder.path().join(format!("reports/drawn-{name}"))), before, "{name}");
    }
}

#[test]
fn exports_are_read_again_and_what_ann_benchmarks_has_not_is_refused_by_name() {
    let python = support::python(&["h5py", "numpy"]);
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let (at, name) = (folder.path(), kind.name);
        kind.write(at);
        succeeds(at, &["run", &format!("{name}.yaml")]);
        let run = format!("reports/{name}");
        succeeds(at, &["export", &run, "--parquet", "tables"]);
        assert!(at.join("tables/runs.parquet").exists() && at.join("tables/queries.parquet").exists(), "{name}");
        if !kind.is_exported() {
            let output = swath(at, &["export", &run, "--ann-benchmarks", "ann"]);
            assert_eq!(output.status.code(), Some(2), "{name}");
            assert!(stderr(&output).contains("ann-benchmarks has no distance `ip`"), "{name}: {}", stderr(&output));
            assert!(!at.join("ann").exists(), "{name} left something behind");
            continue;
        }
        succeeds(at, &["export", &run, "--ann-benchmarks", "ann"]);
        let info = succeeds(at, &["datasets", "info", &format!("ann/data/{name}.hdf5")]);
        assert!(info.contains("agrees with 20 sampled queries"), "{name}: {info}");
        let said = succeeds(at, &["import", "ann", "--dataset", name, "--out", "back"]);
        assert!(!said.contains("differ"), "{name}: {said}");
        assert_eq!(metrics(&at.join("back")), metrics(&at.join(&run)), "{name}");
        if let Some(python) = &python {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/ann_benchmarks.py");
            let runs = format!("{run}/runs.csv");
            let compared =
                Command::new(python).arg(script).args(["ann", &runs]).current_dir(at).output().expect("runs");
            assert_eq!(compared.status.code(), Some(0), "{name}: {}{}", stdout(&compared), stderr(&compared));
            assert!(stdout(&compared).ends_with("4 of 4 trials compared, 0 differences\n"), "{}", stdout(&compared));
        }
    }
}

#[test]
fn a_dataset_is_described_and_diagnosed_and_init_writes_an_experiment_that_runs() {
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let (at, name) = (folder.path(), kind.name);
        kind.write(at);
        let data = format!("{name}.hdf5");
        let info = succeeds(at, &["datasets", "info", &data, "--diagnose"]);
        let lines = match name {
            "bits" => ["points           bits\n", "base points      300 of 64 bits\n"],
            "sets" => ["points           sets\n", "base points      300 with members below 300\nmembers          "],
            "ip" => ["points           dense vectors\n", "base points      300 of 16 dimensions\n"],
            _ => ["points           sparse vectors\n", "base points      300 of 300 dimensions\nvalues           "],
        };
        assert!(lines.iter().all(|line| info.contains(line)) && info.contains("hubness: "), "{name}: {info}");
        assert_eq!(info.contains(" per base point on average\n"), !matches!(name, "bits" | "ip"), "{name}: {info}");
        assert_eq!(info.contains("an inner product is not a distance"), !kind.is_exported(), "{name}: {info}");
        succeeds(at, &["init", &data, "--output", "first.yaml"]);
        succeeds(at, &["run", "first.yaml", "--out", "first"]);
        assert!(at.join("first/index.html").exists(), "{name}");
    }
}

#[test]
fn a_baseline_of_an_unchanged_program_holds() {
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let (at, name) = (folder.path(), kind.name);
        kind.write(at);
        let file = format!("{name}.yaml");
        succeeds(at, &["baseline", "save", &file, "--quality-only"]);
        let said = succeeds(at, &["check", &file, "--quality-only"]);
        assert!(said.contains("unchanged"), "{name}: {said}");
    }
}
