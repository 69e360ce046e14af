//! A run that is killed, stopped, out of disk space or changed can be resumed.

mod support;

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{folder_with, names, stderr, stdout, swath, untimed};
use swath::clock::Moment;
use swath::record::output_folder::{FolderKind, OutputFolder};
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
        assert!(said.contains("stopping after the current step"), "{said}");
        assert!(
            said.contains("finished work is kept; resume with\n  swath run x.yaml --out out --no-cache\n"),
            "{said}"
        );
        std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
        let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("note: resuming the run of "), "{}", stderr(&output));
        assert!(!folder.path().join("out/unfinished").exists());
        let (manifest, results) = swath::record::results::read(&folder.path().join("out")).expect("a run");
        assert_eq!(manifest.resumed.len(), 1);
        // Passes beyond those that are wanted now are left out.
        assert!(results.trials.iter().all(|trial| trial.repeats.len() == 3));
    }
}

#[test]
fn two_runs_do_not_work_in_one_folder() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let held = OutputFolder::open(&folder.path().join("out"), &[FolderKind::Run]).expect("free");
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
    // Until each trial has been timed: then all can be resumed.
    let begun = Moment::now();
    let timed = |out: &Path| {
        let trials = std::fs::read_dir(out.join("unfinished/trials")).expect("a folder");
        let metrics: [swath::metrics::MetricName; 0] = [];
        let passes = trials.flatten().filter_map(|entry| {
            let id = entry.path().file_stem()?.to_str()?.to_owned();
            Some(swath::record::results::read_outcome(&out.join("unfinished"), &id, &metrics)?.repeats.len())
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
    assert!(said.contains("1 trial is left out, since it is no longer in the experiment"), "{said}");
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
    let (_, results) = swath::record::results::read(&folder.path().join("out")).expect("a run");
    assert!(results.trials.iter().all(|trial| trial.repeats.len() == 3));

    let (said, folder) = after(|text| text.replace("repeats: 3", "repeats: 3\nmetrics: [recall, vendi(q=2)]"));
    assert!(said.contains("4 trials are judged again, for vendi(q=2)"), "{said}");
    let runs = std::fs::read_to_string(folder.path().join("out/runs.csv")).expect("a table");
    assert!(runs.contains("vendi(q=2)"), "{runs}");
    let (_, results) = swath::record::results::read(&folder.path().join("out")).expect("a run");
    assert!(results.trials.iter().all(|trial| trial.repeats.len() == 3), "times stay");
}

/// Changes fields of a JSON file.
fn change_json(path: &Path, change: impl Fn(&mut Value)) {
    let mut value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    change(&mut value);
    std::fs::write(path, value.to_string()).expect("written");
}

/// What a run says when it goes on with such a one whose record of the circumstances was changed.
fn after_another(change: impl Fn(&mut Value)) -> String {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = unfinished(folder.path(), EXPERIMENT);
    change_json(&out.join("unfinished/run.json"), change);
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let (_, results) = swath::record::results::read(&out).expect("a run");
    assert!(results.trials.iter().all(|trial| trial.repeats.len() == 3));
    stderr(&output)
}

/// Another 4 KiB of memory and a patched system once threw away all that was timed.
#[test]
fn only_what_makes_times_incomparable_has_trials_timed_again_and_it_is_named() {
    let said = after_another(|run| {
        run["machine"]["memory"] = (run["machine"]["memory"].as_u64().expect("bytes") - 4096).into();
        run["machine"]["os"] = "another".into();
    });
    assert!(said.contains("of 4 trials 4 are done and 0 begun") && !said.contains("again"), "{said}");
    let cores = std::thread::available_parallelism().expect("a number");
    let said = after_another(|run| run["machine"]["cores"] = 77.into());
    let why = format!("4 trials are timed again, since the number of cores is another (77 then, {cores} now)\n");
    assert!(said.contains(&why), "{said}");
    assert!(said.contains("of 4 trials 0 are done and 4 begun"), "{said}");
}

#[test]
fn nothing_of_another_version_is_gone_on_with_or_used_again() {
    let version = env!("CARGO_PKG_VERSION");
    let said = after_another(|run| run["program"] = "0.0.9 abc".into());
    let why = format!("4 trials are run again, since the program has changed: 0.0.9 abc then, {version} ");
    assert!(said.contains(&why), "{said}");
    assert!(said.contains("of 4 trials 0 are done and 0 begun"), "{said}");

    let folder = folder_with("x.yaml", EXPERIMENT);
    let run = |arguments: &[&str]| {
        let output = swath(folder.path(), &[&["run", "x.yaml", "--out", "out"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    run(&[]);
    let manifest = folder.path().join("out/manifest.json");
    change_json(&manifest, |manifest| manifest["swath"] = "0.0.9".into());
    support::as_written(&folder.path().join("out"), "manifest.json");
    let said = run(&["--reuse"]);
    assert!(said.contains("4 trials are run again, since the program has changed: 0.0.9 "), "{said}");
    assert!(said.contains(&format!(" then, {version} ")), "{said}");
    // A revision that another begins with, as a clean one does the dirty one after it.
    change_json(&manifest, |manifest| {
        let mut revision = manifest["revision"].as_str().expect("a text").to_owned();
        revision.pop();
        manifest["revision"] = revision.into();
    });
    support::as_written(&folder.path().join("out"), "manifest.json");
    let said = run(&["--reuse"]);
    assert!(said.contains("4 trials are run again, since the program has changed"), "{said}");
    assert!(run(&["--reuse"]).contains("of 4 trials 4 are done"));
}

/// The files of passes are cut, lengthened and damaged where a kill or a full disk may leave them so.
#[test]
fn a_torn_record_of_a_pass_is_dropped_and_the_run_comes_to_the_same_end() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = unfinished(folder.path(), EXPERIMENT);
    let kept = |id: &str| {
        let outcome = swath::record::results::read_outcome(&out.join("unfinished"), id, &[]).expect("an outcome");
        (outcome.repeats, outcome.timed)
    };
    let mut files = swath::record::passes::files(&out.join("unfinished"));
    files.sort_unstable();
    assert_eq!(files.len(), 4);
    let ids: Vec<String> =
        files.iter().map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    let before: Vec<_> = ids.iter().map(|id| kept(id)).collect();
    let bytes: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).expect("a file")).collect();
    let record = bytes[0].len() / before[0].0.len();
    assert!(before.iter().zip(&bytes).all(|(kept, bytes)| bytes.len() / kept.0.len() == record), "all are as long");
    // Cut in the last record; half a record more; a flipped bit in the third; nothing left.
    std::fs::write(&files[0], &bytes[0][..bytes[0].len() - 7]).expect("written");
    std::fs::write(&files[1], [bytes[1].as_slice(), &bytes[1][..record / 2]].concat()).expect("written");
    let mut flipped = bytes[2].clone();
    flipped[2 * record + 40] ^= 1;
    std::fs::write(&files[2], flipped).expect("written");
    std::fs::write(&files[3], "").expect("written");
    let left = [before[0].0.len() - 1, before[1].0.len(), 2, 0];
    for ((id, left), before) in ids.iter().zip(left).zip(&before) {
        assert_eq!(kept(id), (before.0[..left].to_vec(), before.1[..left].to_vec()), "{id}");
    }

    let repeats = before.iter().map(|kept| kept.0.len()).max().expect("four") + 2;
    let text = EXPERIMENT.replace("repeats: 3", &format!("repeats: {repeats}"));
    std::fs::write(folder.path().join("x.yaml"), text).expect("written");
    for out in ["out", "undisturbed"] {
        let output = swath(folder.path(), &["run", "x.yaml", "--out", out, "--no-cache"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output).contains("of 4 trials 0 are done and 4 begun"), out == "out", "{}", stderr(&output));
    }
    let (_, results) = swath::record::results::read(&out).expect("a run");
    for ((id, left), before) in ids.iter().zip(left).zip(&before) {
        let trial = results.trials.iter().find(|trial| trial.id == *id).expect("the trial");
        assert_eq!((trial.repeats.len(), trial.timed.len()), (repeats, repeats));
        assert_eq!(trial.repeats[..left], before.0[..left], "what was whole stays");
        assert_eq!(trial.timed[..left], before.1[..left]);
    }
    assert_eq!(untimed(&out), untimed(&folder.path().join("undisturbed")));
}

/// Writes the files of a finished run's trials anew, after a change to when their repeats were timed.
fn change_times(folder: &Path, change: impl Fn(&mut swath::record::Timed)) {
    let prepared = swath::plan::prepare_file(&folder.join("x.yaml"), swath::plan::Resources::of_memory(u64::MAX))
        .expect("prepared");
    let (out, plan) = (folder.join("out"), &prepared.plan);
    for trial in &plan.trials {
        let mut outcome = swath::record::results::read_outcome(&out, &trial.id, &plan.metrics).expect("an outcome");
        assert_eq!(outcome.timed.len(), outcome.repeats.len());
        outcome.timed.iter_mut().for_each(&change);
        swath::run::write_trial(&out, &prepared, trial, &outcome).expect("written");
        support::as_written(&out, &swath::record::folder::trial_name(&trial.id));
    }
}

#[test]
fn trials_that_were_timed_at_another_hour_or_on_a_busy_machine_are_marked() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let read = |file: &str| std::fs::read_to_string(folder.path().join("out").join(file)).expect("a file");
    let says = |arguments: &[&str]| {
        let output = swath(folder.path(), arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    says(&["run", "x.yaml", "--out", "out"]);
    change_times(folder.path(), |timed| *timed = swath::record::Timed { at: timed.at - 3500, load: 0.0 });
    let more = EXPERIMENT.to_owned() + "  - { name: dpp, candidates: { exact: { pool: 20 } }, select: dpp }\n";
    std::fs::write(folder.path().join("x.yaml"), more).expect("written");
    let said = says(&["run", "x.yaml", "--out", "out", "--reuse"]);
    assert!(!said.contains("apart"), "within the hour: {said}");
    change_times(folder.path(), |timed| timed.load = 0.0);
    assert!(!says(&["report", "out"]).contains("caution"));

    // A day later.
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    says(&["run", "x.yaml", "--out", "out", "--fresh"]);
    change_times(folder.path(), |timed| *timed = swath::record::Timed { at: timed.at - 86_400, load: 0.0 });
    let more = EXPERIMENT.to_owned() + "  - { name: dpp, candidates: { exact: { pool: 20 } }, select: dpp }\n";
    std::fs::write(folder.path().join("x.yaml"), more).expect("written");
    let said = says(&["run", "x.yaml", "--out", "out", "--reuse"]);
    assert!(
        said.contains("\ndpp (timed apart) ") && said.contains("caution: dpp was timed more than an hour from"),
        "{said}"
    );
    assert_eq!(said.matches("timed apart").count(), 2, "{said}");
    assert_eq!(read("index.html").matches(">timed apart<").count(), 2, "in the tables of results and of cost");
    for table in ["tables/cost.md", "tables/summary.md"] {
        assert!(read(table).contains("dpp (timed apart)") && read(table).contains(" Timed apart: more than an hour"));
    }

    let cores = std::thread::available_parallelism().expect("a number").get();
    // Its own threads make a load of all cores, and a little more.
    change_times(folder.path(), |timed| timed.load = cores as f64 + 0.5);
    assert!(!says(&["report", "out"]).contains("load average"));
    change_times(folder.path(), |timed| timed.load = cores as f64 + 0.6);
    let said = says(&["report", "out"]);
    let expected = format!(
        "the load average was {cores}.6 while queries were timed (at most {cores}.6), above the {cores} cores of the machine"
    );
    assert!(
        said.contains(&format!("caution: {expected}")) && read("index.html").contains(&format!("Caution: {expected}")),
        "{said}"
    );
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
        (swath::record::results::read(&folder.path().join("out")).expect("a run").1.trials, stderr(&output))
    };
    let times = |trials: &[swath::record::results::TrialResult]| -> Vec<_> {
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
    let read =
        |cell: &str| swath::record::results::read(&folder.path().join("out").join(cell)).expect("a run").1.trials;
    let before = read("k=3");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("at k=3: resuming the run of") && said.contains("of 4 trials 4 are done"), "{said}");
    let kept = before.iter().zip(read("k=3")).all(|(before, after)| before.repeats == after.repeats);
    assert!(kept, "what was timed stays");
    assert!(stdout(&output).contains("k=5") || folder.path().join("out/k=5/index.html").exists());
    assert!(!folder.path().join("out/unfinished").exists());
    // The next one begins anew.
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(!stderr(&output).contains("going on"), "{}", stderr(&output));
}

/// Only `run.json` says which run the trials belong to. Without it they are not used, and they are not removed either.
#[test]
fn a_damaged_description_of_a_run_loses_no_trials_in_silence() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = unfinished(folder.path(), EXPERIMENT);
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    let path = out.join("unfinished/run.json");
    let whole = std::fs::read(&path).expect("a description");
    let change = |key: &str, value: Value| {
        let mut run: Value = serde_json::from_slice(&whole).expect("JSON");
        run[key] = value;
        run.to_string().into_bytes()
    };
    let mut flipped = whole.clone();
    flipped[0] ^= 4;
    let trials = names(&out.join("unfinished/trials"));
    let damaged = [
        Some(whole[..whole.len() / 2].to_vec()),
        Some(Vec::new()),
        Some(flipped),
        Some(change("k", (-6).into())),
        Some(change("threads", 1e9.into())),
        None,
    ];
    for damaged in damaged {
        match &damaged {
            Some(text) => std::fs::write(&path, text).expect("written"),
            None => std::fs::remove_file(&path).expect("removed"),
        }
        for arguments in [["run", "x.yaml", "--out", "out"].as_slice(), &["run", "x.yaml", "--out", "out", "--reuse"]] {
            let output = swath(folder.path(), arguments);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{said}");
            let what = if damaged.is_some() { "run.json is damaged (" } else { "run.json is missing" };
            assert!(
                said.contains(what) && said.contains("the 4 unfinished trials beside it cannot be resumed"),
                "{said}"
            );
            assert!(said.contains("--fresh"), "{said}");
            assert_eq!(names(&out.join("unfinished/trials")), trials, "nothing is removed");
        }
    }
    std::fs::write(&path, &whole).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(stderr(&output).contains("of 4 trials 4 are done"), "restored: {}", stderr(&output));
    // Without trials nothing is lost, and the run starts.
    std::fs::create_dir(out.join("unfinished")).expect("created");
    std::fs::write(&path, "{").expect("written");
    list_as_worked_on(&out, "unfinished/run.json");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("no unfinished trial is beside it"), "{}", stderr(&output));
}

/// Lists a file that a run works on.
fn list_as_worked_on(out: &Path, name: &str) {
    let ledger = std::fs::OpenOptions::new().append(true).open(out.join(".swath-ledger")).expect("a ledger");
    writeln!(&ledger, "{{\"file\":\"{name}\"}}").expect("written");
}

/// What a run that was ended while it removed its own unfinished files leaves behind.
#[test]
fn trials_that_were_being_removed_are_not_resumed() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = unfinished(folder.path(), EXPERIMENT);
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    std::fs::write(out.join("unfinished/run.json"), "\"discarded\"\n").expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success() && !stderr(&output).contains("resuming"), "{}", stderr(&output));
}

#[test]
fn a_damaged_mark_of_a_sweep_is_named() {
    let folder = folder_with("x.yaml", &EXPERIMENT.replace("k: 5", "sweep: { k: [3, 4] }"));
    assert!(swath(folder.path(), &["run", "x.yaml", "--out", "out"]).status.success());
    let out = folder.path().join("out");
    std::fs::write(out.join("unfinished"), "2026-").expect("written");
    list_as_worked_on(&out, "unfinished");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("unfinished is damaged: "), "{}", stderr(&output));
}

#[test]
fn a_changed_sample_of_queries_is_named_when_trials_are_reused() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    assert!(swath(folder.path(), &["run", "x.yaml", "--out", "out"]).status.success());
    for (change, expected) in [("queries: 6\nk: 5", "the sample of queries has changed"), ("k: 4", "k")] {
        std::fs::write(folder.path().join("x.yaml"), EXPERIMENT.replace("k: 5", change)).expect("written");
        let output = swath(folder.path(), &["run", "x.yaml", "--out", "out", "--reuse"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(&format!("4 trials are left out, since {expected}")), "{said}");
    }
}

#[test]
fn a_run_at_work_is_not_said_to_be_stopped() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = unfinished(folder.path(), EXPERIMENT);
    let report = || stderr(&swath(folder.path(), &["report", "out"]));
    assert!(report().contains("a run here was stopped before its end"), "{}", report());
    let held = OutputFolder::open(&out, &[FolderKind::Run]).expect("free");
    assert!(report().contains("out: a run is at work here; wait for its end"), "{}", report());
    drop(held);
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out/trials"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("out/trials belongs to the folder ") && said.contains("where swath keeps a run"), "{said}");
    let said = stderr(&swath(folder.path(), &["report", "x.yaml"]));
    assert!(said.contains("x.yaml: this is a file; give the folder of a run"), "{said}");
}
