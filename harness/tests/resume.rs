//! A run survives what happens to it: it is killed, stopped, out of room, changed, and goes on.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{folder_with, stderr, stdout, swath};
use swath::clock::Moment;
use swath::run::lock;
use swath_algorithms::random;

/// Two builds, one of them with a graph that is not kept, four trials.
const EXPERIMENT: &str = "\
name: x
dataset: rich.hdf5
k: 5
repeats: 3
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - name: mmr
    candidates: { exact: { pool: 20 } }
    select: { mmr: { lambda: [0.3, 0.7] } }
  - name: walk
    candidates: { exact: { pool: 10 } }
    expand: { walk: { graph: [knn, links], neighbors: 5 } }
    select: { mmr: { lambda: 0.7 } }
";

fn start(folder: &Path, out: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(["run", "--quiet", "--no-cache", "x.yaml", "--out", out]).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
}

/// All that a run leaves behind that is not a time: by file, its text.
fn untimed(out: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (manifest, results) = swath::results::read(out).expect("a run");
    let mut manifest = serde_json::to_value(manifest).expect("JSON");
    for field in ["started", "finished", "resumed", "untimed"] {
        manifest.as_object_mut().expect("an object").remove(field);
    }
    for graph in manifest["graphs"].as_array_mut().expect("graphs") {
        graph["seconds"] = Value::Null;
    }
    found.insert("manifest.json".into(), format!("{manifest:#}"));
    for trial in &results.trials {
        let distances = swath::results::read_distances(out, trial).expect("distances");
        let what = (&trial.retriever, &trial.point, &trial.params, &trial.query_ids, &trial.returned, &trial.metrics);
        let sizes = (trial.evaluations.clone(), trial.index_bytes, trial.repeats.len(), trial.filled);
        found.insert(format!("trials/{}", trial.id), format!("{what:?} {distances:?} {sizes:?}"));
    }
    for file in ["comparisons.csv", "frontiers.csv", "queries.json"] {
        found.insert(file.into(), std::fs::read_to_string(out.join(file)).expect("a file"));
    }
    let mut runs = csv::Reader::from_path(out.join("runs.csv")).expect("a table");
    let is_time = |column: &str| {
        column.contains("second") || column.contains("_ms") || column.contains("qps") || column.contains("peak")
    };
    let timed: Vec<bool> = runs.headers().expect("headings").iter().map(is_time).collect();
    for (i, row) in runs.records().enumerate() {
        let row = row.expect("a row");
        let cells: Vec<&str> = row.iter().zip(&timed).filter(|(_, timed)| !**timed).map(|(cell, _)| cell).collect();
        found.insert(format!("runs.csv/{i}"), cells.join(","));
    }
    found.extend(names(out).into_iter().map(|name| (format!("there: {name}"), String::new())));
    found
}

/// The files of a folder and of those in it.
fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            if entry.path().is_dir() {
                waiting.push(entry.path());
            }
            found.push(entry.path().strip_prefix(folder).expect("inside").display().to_string());
        }
    }
    found.sort_unstable();
    found
}

/// How often the test below kills: 30 times, or as often as `SWATH_KILLS` says.
fn kills() -> usize {
    std::env::var("SWATH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

/// `SWATH_KILLS=200 cargo test -p swath --test resume killed -- --nocapture` kills 200 times.
#[test]
fn a_run_that_is_killed_at_any_moment_comes_to_the_same_end() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let begun = Moment::now();
    assert!(start(folder.path(), "undisturbed").wait().expect("ended").success());
    let whole = begun.elapsed();
    let expected = untimed(&folder.path().join("undisturbed"));
    let mut rng = random::stream(5, "moments", 0);
    let (mut killed, mut runs, mut in_vain) = (0, 0, 0);
    while killed < kills() {
        runs += 1;
        let out = format!("run-{runs}");
        // Up to five times in a row, then left alone.
        for _ in 0..5 {
            let mut child = start(folder.path(), &out);
            // A little longer than a run takes, so that its last steps are met, too.
            let moment = Duration::from_secs_f64(whole * random::below(&mut rng, 1150) as f64 / 1000.0);
            std::thread::sleep(moment);
            if child.try_wait().expect("asked").is_some() {
                in_vain += 1;
                break;
            }
            child.kill().expect("killed");
            child.wait().expect("ended");
            killed += 1;
            // What is there can be read at every moment, or is not there.
            for name in names(&folder.path().join(&out)).iter().filter(|name| name.contains(".hdf5")) {
                let file = std::fs::read(folder.path().join(&out).join(name));
                assert!(file.is_err() || file.is_ok_and(|bytes| bytes.starts_with(b"\x89HDF")), "{name} is not whole");
            }
        }
        let mut last = start(folder.path(), &out);
        let mut said = String::new();
        last.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert!(last.wait().expect("ended").success(), "{said}");
        let found = untimed(&folder.path().join(&out));
        for (name, text) in &expected {
            assert_eq!(found.get(name), Some(text), "{out}: {name}\n{said}");
        }
        assert_eq!(found.len(), expected.len(), "{:?}", names(&folder.path().join(&out)));
        std::fs::remove_dir_all(folder.path().join(&out)).expect("removed");
    }
    println!(
        "killed {killed} times in {runs} runs of {whole:.1} s ({in_vain} had ended before); all came to the same end"
    );
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill");
    assert!(done.success());
}

/// Waits until a run has begun its trials.
fn wait_for_trials(out: &Path) {
    let begun = Moment::now();
    while !out.join("unfinished/run.json").exists() {
        assert!(begun.elapsed() < 60.0, "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An experiment that takes a while: many passes.
fn long() -> String {
    EXPERIMENT.replace("repeats: 3", "repeats: 1000")
}

#[cfg(unix)]
#[test]
fn what_asks_a_run_to_stop_is_heard_and_the_run_goes_on_later() {
    for name in ["INT", "TERM"] {
        let folder = folder_with("x.yaml", &long());
        let mut child = start(folder.path(), "out");
        wait_for_trials(&folder.path().join("out"));
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, name);
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert_eq!(child.wait().expect("ended").code(), Some(130), "{said}");
        assert!(said.contains("stopping when the step at hand is done"), "{said}");
        assert!(said.contains("what is done is kept; go on with\n  swath run x.yaml --out out\n"), "{said}");
        std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
        let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("note: going on with the run of "), "{}", stderr(&output));
        assert!(!folder.path().join("out/unfinished").exists());
        let (manifest, results) = swath::results::read(&folder.path().join("out")).expect("a run");
        assert_eq!(manifest.resumed.len(), 1);
        // Passes beyond those that are wanted now are left out.
        assert!(results.trials.iter().all(|trial| trial.repeats.len() == 3));
    }
}

#[test]
fn two_runs_do_not_work_in_one_folder() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let trials = folder.path().join("out/trials");
    std::fs::create_dir_all(&trials).expect("created");
    let held = lock::take(&trials).expect("free");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("another run is at work there"), "{}", stderr(&output));
    drop(held);
    assert!(swath(folder.path(), &["run", "x.yaml", "--out", "out"]).status.success());
}

/// Leaves a run unfinished after its trials are done: its trials' files and what it was.
fn unfinished(folder: &Path, experiment: &str) -> PathBuf {
    std::fs::write(folder.join("x.yaml"), experiment.replace("repeats: 3", "repeats: 1000")).expect("written");
    let mut child = start(folder, "out");
    let out = folder.join("out");
    wait_for_trials(&out);
    // Until each trial has been timed: then all can be gone on with.
    let begun = Moment::now();
    let timed = |out: &Path| {
        let trials = std::fs::read_dir(out.join("unfinished/trials")).expect("a folder");
        let metrics: [swath::metrics::MetricName; 0] = [];
        let passes = trials.flatten().filter_map(|entry| {
            let id = entry.path().file_stem()?.to_str()?.to_owned();
            Some(swath::results::read_outcome(&out.join("unfinished"), &id, &metrics)?.repeats.len())
        });
        passes.filter(|passes| *passes >= 4).count()
    };
    while timed(&out) < 4 {
        assert!(begun.elapsed() < 60.0, "it does not get on");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    out
}

/// What a run says when it goes on with such a one after the experiment was changed.
fn after(change: impl Fn(&str) -> String) -> (String, tempfile::TempDir) {
    let folder = folder_with("x.yaml", EXPERIMENT);
    unfinished(folder.path(), EXPERIMENT);
    std::fs::write(folder.path().join("x.yaml"), change(EXPERIMENT)).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    (stderr(&output), folder)
}

#[test]
fn a_change_takes_out_exactly_what_it_touches_and_says_so() {
    let (said, _) = after(str::to_owned);
    assert!(said.contains("of 4 trials 4 are done and 0 begun"), "{said}");
    assert_eq!(said.matches("note: ").count(), 1, "{said}");

    let (said, folder) = after(|text| text.replace("name: mmr", "name: diverse"));
    assert!(said.contains("of 4 trials 4 are done and 0 begun"), "names are no part of a trial: {said}");
    let runs = std::fs::read_to_string(folder.path().join("out/runs.csv")).expect("a table");
    assert!(runs.contains(",diverse,") && !runs.contains(",mmr,"), "{runs}");

    let (said, _) = after(|text| text.replace("lambda: [0.3, 0.7]", "lambda: [0.3, 0.8]"));
    assert!(said.contains("1 trial is left out, since the experiment has them no longer"), "{said}");
    assert!(said.contains("of 4 trials 3 are done and 0 begun"), "{said}");

    let (said, _) = after(|text| text.replace("k: 5", "k: 4"));
    assert!(said.contains("4 trials are left out, since k has changed"), "{said}");
    assert!(said.contains("of 4 trials 0 are done and 0 begun"), "{said}");

    let (said, folder) = after(|text| text.replace("repeats: 3", "repeats: 3\nthreads: 2"));
    assert!(
        said.contains("4 trials are timed again, since the number of threads has changed (1 then, 2 now)"),
        "{said}"
    );
    assert!(said.contains("of 4 trials 0 are done and 4 begun"), "{said}");
    let (_, results) = swath::results::read(&folder.path().join("out")).expect("a run");
    assert!(results.trials.iter().all(|trial| trial.repeats.len() == 3));

    let (said, folder) = after(|text| text.replace("repeats: 3", "repeats: 3\nmetrics: [recall, vendi(q=2)]"));
    assert!(said.contains("4 trials are judged again, for vendi(q=2)"), "{said}");
    let runs = std::fs::read_to_string(folder.path().join("out/runs.csv")).expect("a table");
    assert!(runs.contains("vendi(q=2)"), "{runs}");
}

#[test]
fn another_dataset_under_the_same_name_leaves_nothing_of_the_run() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    unfinished(folder.path(), EXPERIMENT);
    let dataset = support::dataset(swath_algorithms::Distance::Euclidean, true);
    swath_datasets::ann_benchmarks::write(&folder.path().join("rich.hdf5"), &dataset).expect("written");
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("4 trials are left out, since the dataset has changed"), "{said}");
}

#[test]
fn a_finished_run_is_run_anew_or_used_again_as_one_asks() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let run = |arguments: &[&str]| {
        let output = swath(folder.path(), &[&["run", "x.yaml", "--out", "out"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        (swath::results::read(&folder.path().join("out")).expect("a run").1.trials, stderr(&output))
    };
    let times = |trials: &[swath::results::TrialResult]| -> Vec<_> {
        trials.iter().map(|trial| trial.repeats.clone()).collect()
    };
    let (first, _) = run(&[]);
    let (again, said) = run(&[]);
    assert_ne!(times(&first), times(&again), "run anew");
    assert!(!said.contains("going on"), "{said}");
    let more = EXPERIMENT.to_owned() + "  - { name: dpp, candidates: { exact: { pool: 20 } }, select: dpp }\n";
    std::fs::write(folder.path().join("x.yaml"), more).expect("written");
    let (more, said) = run(&["--reuse"]);
    assert_eq!(times(&more)[..4], times(&again)[..], "only the new one is run");
    assert!(said.contains("of 5 trials 4 are done"), "{said}");
    unfinished(folder.path(), EXPERIMENT);
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    assert!(!run(&["--fresh"]).1.contains("going on"));
}

#[test]
fn a_sweep_that_is_killed_does_not_run_again_what_is_done() {
    let text = EXPERIMENT.replace("k: 5", "sweep: { k: [3, 4, 5] }").replace("repeats: 3", "repeats: 200");
    let folder = folder_with("x.yaml", &text);
    let mut child = start(folder.path(), "out");
    let begun = Moment::now();
    while !folder.path().join("out/k=3/index.html").exists() || !folder.path().join("out/k=4/unfinished").exists() {
        assert!(begun.elapsed() < 120.0, "it does not get on");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let read = |cell: &str| swath::results::read(&folder.path().join("out").join(cell)).expect("a run").1.trials;
    let before = read("k=3");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("at k=3: going on with the run of") && said.contains("of 4 trials 4 are done"), "{said}");
    let kept = before.iter().zip(read("k=3")).all(|(before, after)| before.repeats == after.repeats);
    assert!(kept, "what was timed stays");
    assert!(stdout(&output).contains("k=5") || folder.path().join("out/k=5/index.html").exists());
    assert!(!folder.path().join("out/unfinished").exists());
    // The next one begins anew.
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(!stderr(&output).contains("going on"), "{}", stderr(&output));
}
