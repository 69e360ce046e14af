//! The dataset of a run is prepared once: its children map what it wrote.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use support::{folder_with, stderr, swath};
use swath::clock::Moment;
use swath::config::Failure;
use swath::plan::{self, Prepared};
use swath::record::output_folder::{FolderKind, OutputFolder};
use swath::record::results::Results;
use swath::run::Means;
use swath::run::data::{self, SharedDataset};
use swath::run::experiment::RunOptions;
use swath::run::unfinished::{Start, Unfinished};
use swath_datasets::prepared::Wanted;

const DRAWN: &str = "\
name: x
dataset: { generate: clusters, n: 300, dimension: 6, queries: 20 }
k: 5
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 10 } }, select: mmr }
";

/// A sample of a file, with links, subtopics and names.
const SAMPLED: &str = "\
name: x
dataset: rich.hdf5
k: 3
sweep: { n: [40] }
retrievers:
  - name: walk
    candidates: { exact: { pool: 10 } }
    expand: { walk: { graph: [links, knn], neighbors: 5 } }
    select: { xquad: {} }
";

fn prepared(folder: &Path) -> Prepared {
    plan::prepare_file(&folder.join("x.yaml"), plan::Resources::of_memory(1 << 30)).expect("planned")
}

fn means(program: Option<&Path>) -> Means<'_> {
    Means { program, resources: plan::Resources::of_memory(1 << 30), cache: None, cell: None }
}

/// Runs with children.
fn run(prepared: &Prepared, out: &Path) -> Results {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_swath"));
    let options =
        RunOptions { means: means(Some(&program)), start: &Start::GoOn, quiet: true, say: &|_| {}, again: "again" };
    match prepared.run(out, &options) {
        Ok((_, manifest, _)) => assert!(manifest.trials.iter().all(|trial| trial.failed.is_none()), "{manifest:?}"),
        Err(Failure::Invalid(invalid)) => panic!("{invalid:?}"),
        Err(failure) => panic!("{failure}"),
    }
    swath::record::results::read(out).expect("a run").1
}

#[test]
fn children_read_what_the_run_drew_and_neither_draw_nor_look_for_neighbours() {
    let folder = folder_with("x.yaml", DRAWN);
    let mut prepared = prepared(folder.path());
    let recall = |results: &Results| {
        let at = results.metrics.iter().position(|metric| metric.name() == "recall").expect("measured");
        results.trials[0].metrics[at].clone()
    };
    assert_eq!(recall(&run(&prepared, &folder.path().join("right"))), [1.0; 20]);
    // Were the truth drawn again by the children, they would not believe this.
    prepared.dataset.neighbors.distances.fill(-1.0);
    assert_eq!(recall(&run(&prepared, &folder.path().join("wrong"))), [0.0; 20]);
}

#[test]
fn what_is_shared_is_the_dataset_to_the_last_bit_and_goes_with_the_run() {
    let folder = folder_with("x.yaml", DRAWN);
    let prepared = prepared(folder.path());
    let program = PathBuf::from(env!("CARGO_BIN_EXE_swath"));
    let out = folder.path().join("out");
    let out = Arc::new(OutputFolder::open(&out, &[FolderKind::Run]).expect("opened"));
    let (mut unfinished, ..) = Unfinished::open(&out, &prepared, &Start::GoOn).expect("opened");
    let file = unfinished.folder().join(SharedDataset::FILE);
    unfinished.share(&prepared, means(None)).expect("nobody to share with");
    assert!(unfinished.data().is_none() && !file.exists());
    unfinished.share(&prepared, means(Some(&program))).expect("shared");
    assert!(file.is_file());
    let shared = unfinished.data().expect("shared");
    let read =
        data::open(shared, &prepared.facts.sha256, Wanted::Search).map_err(|error| error.to_string()).expect("opened");
    assert!(read.dataset.same(&prepared.dataset));
    let other = data::open(shared, "another", Wanted::Search).map(drop).map_err(|error| error.to_string());
    assert!(other.is_err_and(|why| why.contains("is the dataset of another run")));
    assert_eq!(read.dataset.neighbors.distances, prepared.dataset.neighbors.distances);
    drop(unfinished);
    assert!(!file.exists());
    // A user's own file is prepared, too: what happens to it later makes no difference.
    std::fs::write(
        folder.path().join("x.yaml"),
        DRAWN.replace("{ generate: clusters, n: 300, dimension: 6, queries: 20 }", "plain.hdf5"),
    )
    .expect("written");
    let of_file = self::prepared(folder.path());
    let (mut unfinished, ..) = Unfinished::open(&out, &of_file, &Start::GoOn).expect("opened");
    unfinished.share(&of_file, means(Some(&program))).expect("shared");
    assert!(file.is_file());
    std::fs::remove_file(folder.path().join("plain.hdf5")).expect("removed");
    let read =
        data::open(&file, &of_file.facts.sha256, Wanted::Search).map_err(|error| error.to_string()).expect("opened");
    assert!(read.dataset.same(&of_file.dataset));
}

/// With and without children every metric is the same to the last bit.
#[test]
fn isolation_changes_no_metric_of_drawn_and_sampled_data() {
    for (experiment, cell) in [(DRAWN, ""), (SAMPLED, "n=40")] {
        let folder = folder_with("x.yaml", experiment);
        let [apart, together] = [("apart", None), ("together", Some("--no-isolation"))].map(|(out, more)| {
            let arguments: Vec<&str> = ["run", "x.yaml", "--out", out].into_iter().chain(more).collect();
            let output = swath(folder.path(), &arguments);
            assert!(output.status.success(), "{}", stderr(&output));
            assert!(!folder.path().join(out).join(cell).join("unfinished").exists());
            swath::record::results::read(&folder.path().join(out).join(cell)).expect("a run").1
        });
        for (apart, together) in apart.trials.iter().zip(&together.trials) {
            let bits = |trial: &swath::record::results::TrialResult| -> Vec<Vec<u64>> {
                trial.metrics.iter().map(|values| values.iter().map(|value| value.to_bits()).collect()).collect()
            };
            assert_eq!((&apart.returned, bits(apart)), (&together.returned, bits(together)));
        }
    }
}

/// Starts a run and waits until its trials are measured.
fn begun(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(["run", "--quiet", "--no-cache", "x.yaml", "--out", "out"]).current_dir(folder);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    let begun = Moment::now();
    while std::fs::read_dir(folder.join("out/unfinished/trials")).map_or(0, Iterator::count) < 2 {
        assert!(begun.elapsed() < 120.0, "nothing is measured");
        assert!(run.try_wait().expect("its state").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    run
}

#[cfg(unix)]
#[test]
fn what_is_shared_does_not_outlive_a_run_that_is_stopped_and_is_removed_after_one_that_is_killed() {
    let folder = folder_with("x.yaml", &DRAWN.replace("k: 5", "k: 5\nrepeats: 1000"));
    let signal = |run: &Child, signal: &str| {
        assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().expect("kill").success());
    };
    let unfinished = folder.path().join("out/unfinished");
    let file = unfinished.join(SharedDataset::FILE);
    let mut run = begun(folder.path());
    assert!(file.is_file());
    signal(&run, "-INT");
    run.wait().expect("ended");
    assert!(unfinished.join("run.json").is_file() && !file.exists(), "stopped");
    let mut run = begun(folder.path());
    while !file.is_file() {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&run, "-KILL");
    run.wait().expect("ended");
    assert!(file.is_file(), "nobody could remove it");
    std::fs::write(folder.path().join("x.yaml"), DRAWN).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!unfinished.exists());
}
