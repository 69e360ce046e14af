//! A dataset whose points are larger than the memory that swath may use runs to its end, and finds the same. What does not fit is
//! told before.
#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use support::{folder_with, stderr, stdout, swath, tool};
use swath_algorithms::{Base, Distance, Points, Vectors, random};
use swath_datasets::{Dataset, Stored, ann_benchmarks, ground_truth};

/// Base vectors: 73 MB.
const ROWS: usize = 140_000;

/// What swath may use: 60 MiB. Without the vectors it needs 44 MiB, most of it to diagnose a dataset of 128 dimensions.
const KILOBYTES: usize = 60 << 10;

const EXPERIMENT: &str = "\
name: x
dataset: large.hdf5
k: 5
repeats: 1
metrics: [recall]
retrievers:
  - { name: exact, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: ivf, candidates: { ivf-flat: { lists: 16, nprobe: 4, iterations: 2, pool: 10 } }, select: top-k }
";

fn write_large(path: &Path) {
    let mut rng = random::stream(1, "large", 0);
    let mut rows = |n: usize| {
        let values: Vec<f32> = (0..n * 128).map(|_| random::uniform(&mut rng) as f32).collect();
        Points::from(Vectors::new(&values, 128).expect("finite"))
    };
    let (train, test) = (rows(ROWS), rows(5));
    assert!(train.bytes() > KILOBYTES << 10);
    let mut neighbors = ground_truth::compute(&Base::new(train.clone(), Distance::Angular), &test, 10);
    neighbors.stored = Stored::Float32;
    let dataset = Dataset::of_points(train, test, Distance::Angular, neighbors);
    ann_benchmarks::write(path, &dataset).expect("written");
}

/// Runs the experiment where swath may use so many KiB of memory, with this folder for its cache.
fn run_within(folder: &Path, kilobytes: usize, cache: &str, out: &str) -> Output {
    let script = format!("ulimit -d {kilobytes}; exec \"$0\" run --quiet x.yaml --out {out}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_swath")]).current_dir(folder);
    // A backtrace takes memory: if none is left, it waits for itself.
    command.env("RUST_BACKTRACE", "0");
    // Each thread has its part of the allocator.
    command.env("SWATH_CACHE", folder.join(cache)).env("RAYON_NUM_THREADS", "2").output().expect("a shell")
}

/// The ids that each retriever returned.
fn returned(out: &Path) -> BTreeMap<String, Vec<i32>> {
    let (manifest, results) = swath::record::results::read(out).expect("a run");
    assert!(manifest.trials.iter().all(|trial| trial.failed.is_none()), "{:?}", manifest.trials);
    let names = manifest.trials.iter().map(|trial| trial.retriever.clone());
    names.zip(results.trials.into_iter().map(|trial| trial.returned)).collect()
}

#[test]
fn points_larger_than_memory_are_searched_as_others_are() {
    let limited = || Command::new("sh").args(["-c", &format!("ulimit -d {KILOBYTES}")]).output().ok();
    if tool("ulimit", || limited().filter(|output| output.status.success())).is_none() {
        return;
    }
    let folder = folder_with("x.yaml", EXPERIMENT);
    write_large(&folder.path().join("large.hdf5"));
    let within = run_within(folder.path(), KILOBYTES, ".cache", "within");
    assert!(within.status.success(), "{}", stderr(&within));
    let free = swath(folder.path(), &["run", "--quiet", "x.yaml", "--out", "free"]);
    assert!(free.status.success(), "{}", stderr(&free));
    let is_told =
        |output: &Output| stderr(output).contains("MiB from the disk again, and the run takes many times as long");
    assert!(is_told(&within) && !is_told(&free), "{}", stderr(&within));
    let [within, free] = ["within", "free"].map(|out| returned(&folder.path().join(out)));
    assert_eq!(within.keys().collect::<Vec<_>>(), ["exact", "ivf"]);
    assert_eq!(within, free);
    let names = std::fs::read_dir(folder.path().join(".cache")).into_iter().flatten().flatten();
    let left: Vec<_> =
        names.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
    // Where no scratch file can be, there is no room.
    if cfg!(target_os = "linux") {
        let none = run_within(folder.path(), KILOBYTES, "x.yaml/none", "none");
        assert_eq!(none.status.code(), Some(2), "{}", stderr(&none));
        assert!(
            stderr(&none).contains("`train`: there is no room for it (a file of 71680000 bytes in "),
            "{}",
            stderr(&none)
        );
    }
}

/// Of three trials that need too much only their retriever is told, once; a dry run tells the same as a run.
#[test]
fn a_retriever_that_does_not_fit_is_told_before_it_runs() {
    let experiment = "name: x\ndataset: { generate: gaussian, n: 5000, dimension: 8, queries: 20 }\nk: 5\nrepeats: 1\n\
                      metrics: [recall]\nlimits: { memory: 1 MiB }\nretrievers:\n  \
                      - { name: exact, candidates: { exact: { pool: 10 } }, select: top-k }\n  \
                      - { name: graph, candidates: { vamana: { pool: [5, 10, 20] } }, select: top-k }\n";
    let folder = folder_with("x.yaml", experiment);
    let dry = swath(folder.path(), &["run", "--dry-run", "x.yaml"]);
    assert!(dry.status.success() && stdout(&dry).contains("4 trials"), "{}", stderr(&dry));
    let notes = |output: &Output| {
        stderr(output).lines().filter(|line| line.contains("is likely to fail")).map(str::to_owned).collect::<Vec<_>>()
    };
    let told = notes(&dry);
    // One note for a retriever, however many trials it has; the program itself needs more than this limit.
    assert_eq!(told.len(), 2, "{}", stderr(&dry));
    for (note, name) in told.iter().zip(["exact", "graph"]) {
        let begin = format!("note: {name} is likely to fail: the program, its index and its results need about ");
        assert!(note.starts_with(&begin), "{told:?}");
    }
    let rest = " MiB beside the dataset, and limits.memory allows 1 MiB; raise limits.memory, or use fewer base vectors \
                (`sweep: { n: [...] }`), a smaller index, or another one";
    assert!(told.iter().all(|note| note.ends_with(rest)), "{told:?}");
    let run = swath(folder.path(), &["run", "--quiet", "x.yaml"]);
    assert_eq!(notes(&run), told, "{}", stderr(&run));
    std::fs::write(folder.path().join("x.yaml"), experiment.replace("1 MiB", "1 GiB")).expect("written");
    assert!(notes(&swath(folder.path(), &["run", "--dry-run", "x.yaml"])).is_empty());
}

/// Where addresses are limited, mapped files count: the dataset, and the copy of an index that lies in a file.
#[test]
fn a_retriever_for_which_addresses_do_not_suffice_is_told_before_it_runs() {
    let experiment = "name: x\ndataset: { generate: gaussian, n: 200000, dimension: 128, queries: 20 }\nk: 5\nrepeats: 1\n\
                      metrics: [recall]\nretrievers:\n  - { name: exact, candidates: { exact: { pool: 10 } }, select: top-k }\n  \
                      - { name: ivf, candidates: { ivf-flat: { lists: 16, nprobe: 4, pool: 10 } }, select: top-k }\n";
    let folder = folder_with("x.yaml", experiment);
    let file = swath::config::open(&folder.path().join("x.yaml")).expect("an experiment");
    let told = |addresses: Option<u64>| {
        let resources = swath::plan::Resources { addresses, ..swath::plan::Resources::of_memory(8 << 30) };
        let notes = swath::plan::outline(&file, None, resources).expect("planned").plan.notes;
        notes.into_iter().filter(|note| note.contains("of addresses, and `ulimit -v` allows")).collect::<Vec<_>>()
    };
    assert!(told(None).is_empty() && told(Some(4 << 30)).is_empty());
    // 98 MiB of points, and in the index a copy of them.
    let tight = told(Some(230 << 20));
    assert!(tight.len() == 1 && tight[0].starts_with("ivf is likely to fail"), "{tight:?}");
    assert_eq!(told(Some(90 << 20)).len(), 2);
}

/// An abort for lack of memory ends with what is known of the limit, and how to go on; its exit code is that of a failed run.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_runs_out_is_told_with_its_limit_and_how_to_go_on() {
    let experiment = "name: x\ndataset: { generate: gaussian, n: 20000, dimension: 512, queries: 20, distance: hamming }\nk: 5\n\
                      repeats: 1\nmetrics: [recall]\nretrievers:\n  \
                      - { name: exact, candidates: { exact: { pool: 10 } }, select: top-k }\n";
    let folder = folder_with("x.yaml", experiment);
    let mut aborts = 0;
    for kilobytes in [12_000, 14_000, 16_000, 20_000] {
        let output = run_within(folder.path(), kilobytes, ".cache", "out");
        let said = stderr(&output);
        assert!(output.status.code().is_some(), "{kilobytes}: {:?} {said}", output.status);
        if said.contains("memory allocation of") {
            aborts += 1;
            assert_eq!(output.status.code(), Some(1), "{said}");
            let limit = format!("swath may use {} MiB here, the limit of `ulimit -d`\n", kilobytes >> 10);
            assert!(said.contains(&limit), "{said}");
            assert!(said.contains("finished work is kept; resume with\n  swath run x.yaml --out out"), "{said}");
        }
    }
    assert!(aborts > 0, "no memory ran out");
}
