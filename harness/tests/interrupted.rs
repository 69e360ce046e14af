//! Ctrl-C in every step that takes long: the program ends within two seconds, with the exit code of a stop, and what was
//! computed is kept.
#![cfg(unix)]

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{stderr, swath};
use swath::clock::Moment;

/// The exit code of what was asked to stop.
const STOPPED: i32 = 130;

/// How long it may take, on a machine that does other things as well.
const SOON: f64 = 2.0;

/// Whether a process hears SIGINT, as Linux says; before that it is not at work yet.
fn listens(process: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else { return true };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

/// Runs the program and asks it to stop after so many milliseconds; its exit code, how long it took from then on, and what it
/// said. `None` where it had ended by then.
fn stopped_after(folder: &Path, arguments: &[&str], milliseconds: u64) -> Option<(Option<i32>, f64, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(arguments).current_dir(folder).env_remove("SWATH_DATA").env("SWATH_CACHE", folder.join(".cache"));
    let mut run = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    std::thread::sleep(Duration::from_millis(milliseconds));
    let begun = Moment::now();
    while run.try_wait().expect("asked").is_none() && !listens(run.id()) {
        assert!(begun.elapsed() < 60.0, "{arguments:?} does not listen");
        std::thread::sleep(Duration::from_millis(2));
    }
    if run.try_wait().expect("asked").is_some() {
        return None;
    }
    let asked = Moment::now();
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill").success());
    while run.try_wait().expect("asked").is_none() {
        if asked.elapsed() > 60.0 {
            run.kill().expect("killed");
            panic!("{arguments:?} after {milliseconds} ms: it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = asked.elapsed();
    let output = run.wait_with_output().expect("ended");
    // It may have come to its end in the very moment in which it was asked.
    (output.status.code() != Some(0)).then(|| (output.status.code(), took, stderr(&output)))
}

/// Asks a command to stop at several times of its life, one of which at least must meet it at work.
fn stops_soon(folder: &Path, arguments: &[&str], at: &[u64]) {
    let mut met = 0;
    for &milliseconds in at {
        let Some((code, took, said)) = stopped_after(folder, arguments, milliseconds) else { break };
        met += 1;
        assert_eq!(code, Some(STOPPED), "{arguments:?} after {milliseconds} ms: {said}");
        assert!(took < SOON, "{arguments:?} after {milliseconds} ms took {took:.1} s to stop");
        assert!(said.contains("stopped"), "{arguments:?} after {milliseconds} ms: {said}");
    }
    assert!(met > 0, "{arguments:?} had ended before it was asked to stop");
    println!("{arguments:?}: asked {met} times, and stopped soon");
}

/// Vectors enough that each step takes a while.
const LONG: &str = "\
name: x
dataset: { generate: clusters, n: 60000, dimension: 64, queries: 200 }
k: 10
repeats: 1
retrievers:
  - { name: top-k, select: top-k }
";

/// Reading, drawing, true neighbours, the check of the dataset: before any trial.
#[test]
fn what_comes_before_the_trials_is_ended_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.yaml"), LONG).expect("written");
    let times = [100, 300, 600, 1200];
    for arguments in [
        &["run", "--quiet", "x.yaml", "--out", "out"][..],
        &["run", "--quiet", "--no-isolation", "x.yaml", "--out", "out"],
        &["baseline", "save", "--quiet", "--quality-only", "x.yaml"],
    ] {
        stops_soon(folder.path(), arguments, &times);
    }
}

/// Diagnosis, excerpt, statistics, figures: after the trials, which are not lost.
#[test]
fn what_comes_after_the_trials_is_ended_at_once_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let experiment = "\
name: x
dataset: { generate: clusters, n: 3000, dimension: 256, queries: 60 }
k: 10
repeats: 1
retrievers:
  - { name: top-k, select: top-k }
  - { name: mmr, select: { mmr: { lambda: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] } } }
";
    std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
    let run = ["run", "--quiet", "x.yaml", "--out", "out"];
    // Until it is through: each time a little further, and all that was measured is there still.
    let (mut milliseconds, mut before, mut met) = (150, 0, 0);
    while let Some((code, took, said)) = stopped_after(folder.path(), &run, milliseconds) {
        met += 1;
        assert_eq!(code, Some(STOPPED), "after {milliseconds} ms: {said}");
        assert!(took < SOON, "after {milliseconds} ms took {took:.1} s to stop: {said}");
        let count = |folder: &Path| {
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            files.filter(|file| file.path().extension().is_some_and(|end| end == "hdf5")).count()
        };
        let out = folder.path().join("out");
        let kept = count(&out.join("unfinished/trials")).max(count(&out.join("trials")));
        assert!(kept >= before, "{before} trials were measured, and {kept} are left");
        before = kept;
        milliseconds += 150;
        assert!(milliseconds < 60_000, "it does not come to its end");
    }
    assert!(met >= 2 && before == 9, "asked {met} times, of 9 trials {before} were measured");
    let output = swath(folder.path(), &["run", "--quiet", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    for arguments in [
        &["report", "out"][..],
        &["export", "out", "--ann-benchmarks", "ann", "--parquet", "tables"],
        &["reproduce", "--quiet", "out"],
    ] {
        stops_soon(folder.path(), arguments, &[30, 100]);
    }
    let export = swath(folder.path(), &["export", "out", "--ann-benchmarks", "ann"]);
    assert!(export.status.success(), "{}", stderr(&export));
    let names = std::fs::read_dir(folder.path().join("ann/results")).expect("results").flatten();
    let name = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).next().expect("a dataset");
    stops_soon(folder.path(), &["import", "ann", "--dataset", &name, "--out", "again"], &[30, 100]);
    let output = swath(folder.path(), &["report", "out"]);
    assert!(output.status.success(), "what was stopped left it whole: {}", stderr(&output));
}

/// A dataset in a file: hashed, read, checked, diagnosed; imported; a long history.
#[test]
fn datasets_imports_and_histories_are_ended_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let values: Vec<f32> = (0..20_000 * 128).map(|i| ((i as f32 * 12.9898).sin() * 437.585).fract()).collect();
    let mut dataset = support::dataset(swath_algorithms::Distance::Euclidean, false);
    dataset.train = swath_algorithms::Vectors::new(&values, 128).expect("finite");
    dataset.test = swath_algorithms::Vectors::new(&values[..12 * 128], 128).expect("finite");
    swath_datasets::ann_benchmarks::write(&folder.path().join("large.hdf5"), &dataset).expect("written");
    stops_soon(folder.path(), &["datasets", "info", "large.hdf5", "--diagnose"], &[30, 200, 600, 1500]);

    let mut csv = "time,commit,swath,experiment,dataset,retriever,point,trial,measure,value,lo,hi\n".to_owned();
    for commit in 0..1500 {
        for trial in 0..12 {
            let value = f64::from((commit * 7919 + trial * 104_729) % 1000) / 1000.0;
            let written = writeln!(
                csv,
                "2026-01-01T{:02}:{:02}:{:02}Z,{commit:07x},0.2.0,x,d,r{trial},,{trial:016x},recall,{value},{value},{value}",
                commit / 3600,
                commit / 60 % 60,
                commit % 60
            );
            written.expect("a text grows");
        }
    }
    std::fs::write(folder.path().join("history.csv"), csv).expect("written");
    stops_soon(folder.path(), &["history", "plot"], &[50, 300, 1000]);
}

/// What did not happen is said of the command that was given.
#[test]
fn a_baseline_that_is_stopped_says_that_none_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.yaml"), LONG.replace("queries: 200", "queries: 5000")).expect("written");
    let save = ["baseline", "save", "x.yaml", "-q"];
    let met = [700, 300, 1500, 3000].into_iter().filter_map(|after| stopped_after(folder.path(), &save, after));
    let said: Vec<String> = met.map(|(_, _, said)| said).collect();
    assert!(said.iter().any(|said| said.contains("stopped; no baseline was written")), "{said:?}");
    assert!(said.iter().all(|said| !said.contains("nothing was compared")), "{said:?}");
    // One that came to its end before it was asked has written its baseline.
    assert!(said.len() < 4 || !folder.path().join("baselines").exists(), "no empty folder is left");
}
