//! What a run meets that it cannot help: a full disk, a folder that cannot be written, a dataset that changes under its
//! hands, and children that die, hang or eat.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use support::{folder_with, stderr, swath};
use swath::clock::Moment;
use swath::experiment::{self, Failure, RunOptions};
use swath::manifest::Manifest;
use swath::run::Means;
use swath::run::unfinished::Start;

const EXPERIMENT: &str = "\
name: x
dataset: rich.hdf5
k: 5
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - name: walk
    candidates: { exact: { pool: 10 } }
    expand: { walk: { graph: [links] } }
    select: { mmr: { lambda: 0.7 } }
";

/// Why trials failed, by the names of their retrievers.
fn failed(manifest: &Manifest) -> Vec<(&str, &str)> {
    manifest.trials.iter().filter_map(|trial| Some((trial.retriever.as_str(), trial.failed.as_deref()?))).collect()
}

fn manifest(out: &Path) -> Manifest {
    swath::results::read_manifest(out).expect("a manifest")
}

/// Runs the program where no file may be larger than so many blocks.
#[cfg(unix)]
fn swath_with_room(folder: &Path, blocks: usize) -> Output {
    let script = format!("ulimit -f {blocks}; exec \"$0\" run --quiet --no-cache x.yaml --out out");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_swath")]).current_dir(folder);
    command.stdin(Stdio::null()).output().expect("a shell")
}

/// Whatever room there is: an error that says where, nothing half written, and once there is room the run goes on.
#[cfg(unix)]
#[test]
fn a_quota_that_is_met_ends_the_run_and_loses_nothing() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let mut met = 0;
    for blocks in [0, 1, 8, 24, 40, 100, 400] {
        let output = swath_with_room(folder.path(), blocks);
        if output.status.success() {
            continue;
        }
        met += 1;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{blocks}: {said}");
        let error = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(error.contains("out") && error.contains("File too large"), "{blocks}: {said}");
        assert_eq!(error.matches("out/").count(), 1, "the place is named once: {error}");
        let mut waiting = vec![folder.path().join("out")];
        while let Some(next) = waiting.pop() {
            for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    waiting.push(entry.path());
                } else if entry.path().extension().is_some_and(|end| end == "hdf5") {
                    let bytes = std::fs::read(entry.path()).expect("a file");
                    assert!(bytes.starts_with(b"\x89HDF"), "{blocks}: {} is not whole", entry.path().display());
                }
            }
        }
    }
    assert!(met >= 3, "the quota was met {met} times only");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(failed(&manifest(&folder.path().join("out"))).is_empty());
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_said_to_be_so() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = folder_with("x.yaml", EXPERIMENT);
    if std::fs::metadata(folder.path()).expect("a folder").uid() == 0 {
        println!("skipped: for uid 0 no folder is read-only");
        return;
    }
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).expect("created");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).expect("set");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "locked/out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot create locked/out"), "{}", stderr(&output));
}

/// A file where the folder should be: what can be tested as anybody.
#[test]
fn a_file_in_the_way_is_said_to_be_so() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    std::fs::write(folder.path().join("out"), "").expect("written");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot create out"), "{}", stderr(&output));
}

/// Plans, does something to the dataset, and runs. Returns why each trial failed.
fn after(change: impl FnOnce(&Path)) -> Vec<String> {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let prepared = experiment::prepare(&folder.path().join("x.yaml"), &[], 1 << 30).expect("planned");
    change(&folder.path().join("rich.hdf5"));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_swath"));
    let means = Means { program: Some(&program), data_folders: &[], memory: 1 << 30, cache: None, cell: None };
    let options = RunOptions { means, start: &Start::GoOn, quiet: true, say: &|_| {}, again: "swath run x.yaml" };
    let out = folder.path().join("out");
    let (summary, manifest, _) = match prepared.run(&out, &options) {
        Ok(ran) => ran,
        Err(Failure::Run(reason) | Failure::Input(reason) | Failure::Stopped(reason)) => panic!("{reason}"),
        Err(Failure::Invalid(invalid)) => panic!("{invalid:?}"),
    };
    assert!(summary.is_none());
    failed(&manifest).into_iter().map(|(_, reason)| reason.to_owned()).collect()
}

#[test]
fn a_dataset_that_changes_vanishes_or_is_cut_after_the_plan_fails_what_needs_it() {
    let changed = after(|path| {
        let dataset = support::dataset(swath_algorithms::Distance::Angular, false);
        std::fs::remove_file(path).expect("removed");
        swath_datasets::ann_benchmarks::write(path, &dataset).expect("written");
    });
    assert_eq!(changed.len(), 2);
    let says_so = |reason: &String| reason.contains("the dataset has changed since the run began (SHA-256 ");
    assert!(changed.iter().all(says_so), "{changed:?}");
    let gone = after(|path| std::fs::remove_file(path).expect("removed"));
    assert!(gone.iter().all(|reason| reason.contains("rich.hdf5 does not exist")), "{gone:?}");
    let cut = after(|path| {
        let file = std::fs::OpenOptions::new().write(true).open(path).expect("opened");
        file.set_len(1000).expect("cut");
    });
    assert!(cut.iter().all(|reason| reason.contains("is cut short: it has 1000 of its")), "{cut:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_beyond_its_memory_ends_alone() {
    let folder = folder_with(
        "x.yaml",
        "name: x\ndataset: { generate: clusters, n: 4000, dimension: 16, queries: 20 }\nk: 5\nrepeats: 1\n\
         limits: { memory: 48 MiB }\nretrievers:\n  - { name: top-k, select: top-k }\n  \
         - { name: large, expand: { walk: { graph: knn, neighbors: 2000 } }, select: mmr }\n  \
         - { name: mmr, select: mmr }\n",
    );
    let begun = Moment::now();
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let manifest = manifest(&folder.path().join("out"));
    let failed = failed(&manifest);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0].0 == "large" && failed[0].1.contains("it needed more than the 48 MiB of limits.memory"),
        "{failed:?}"
    );
    assert!(said.contains("error: large failed: its build failed: it needed more than"), "{said}");
    println!("a child that asked for more than 48 MiB was ended, the others went on, in {:.1} s", begun.elapsed());
}

/// The less memory a child has, the earlier it fails: while it starts threads, while it panics, while it says so. It ends, and
/// memory is the reason, even where a backtrace is wanted, for which there is none.
#[cfg(target_os = "linux")]
#[test]
fn a_run_ends_however_little_memory_its_children_have() {
    for limit in [1, 4, 6, 7, 8, 9, 10, 12] {
        let folder = folder_with(
            "x.yaml",
            &format!(
                "name: x\ndataset: {{ generate: gaussian, n: 3000, dimension: 32, queries: 40 }}\nk: 5\nrepeats: 1\n\
                 limits: {{ memory: {limit} MiB }}\nretrievers:\n  - {{ name: top-k, select: top-k }}\n  \
                 - {{ name: ivf, candidates: {{ ivf-flat: {{ lists: 20 }} }}, select: top-k }}\n"
            ),
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
        command.args(["run", "--quiet", "x.yaml", "--out", "out"]).current_dir(folder.path());
        command.env("RUST_BACKTRACE", "1").stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = command.spawn().expect("started");
        let begun = Moment::now();
        while run.try_wait().expect("asked").is_none() {
            if begun.elapsed() > 60.0 {
                run.kill().expect("killed");
                panic!("with {limit} MiB it does not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let manifest = manifest(&folder.path().join("out"));
        let failed = failed(&manifest);
        assert!(failed.iter().all(|(_, reason)| reason.contains("limits.memory")), "{limit} MiB: {failed:?}");
        assert!(limit > 1 || failed.len() == 2, "1 MiB is too little for any child: {failed:?}");
    }
}

#[test]
fn a_child_beyond_its_time_ends_alone() {
    let folder = folder_with(
        "x.yaml",
        "name: x\ndataset: { generate: clusters, n: 4000, dimension: 64, queries: 200 }\nk: 50\nrepeats: 1\n\
         limits: { seconds: 2 }\nretrievers:\n  - { name: top-k, select: top-k }\n  \
         - { name: slow, candidates: { exact: { pool: 4000 } }, select: { flvmi: {} } }\n  - { name: mmr, select: mmr }\n",
    );
    let begun = Moment::now();
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let manifest = manifest(&folder.path().join("out"));
    let expected = "answering all queries once took longer than the 2 s of limits.seconds";
    assert_eq!(failed(&manifest), [("slow", expected)]);
    println!("a child that took longer than 2 s was ended, the others went on, in {:.1} s", begun.elapsed());
}

/// As Linux does when memory runs out.
#[cfg(target_os = "linux")]
#[test]
fn a_child_that_is_killed_costs_its_trial_alone() {
    let folder = folder_with("x.yaml", &EXPERIMENT.replace("k: 5", "k: 5\nrepeats: 600"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(["run", "--quiet", "x.yaml", "--out", "out"]).current_dir(folder.path()).stdout(Stdio::null());
    let mut run = command.stderr(Stdio::null()).spawn().expect("started");
    let begun = Moment::now();
    let child = loop {
        assert!(begun.elapsed() < 60.0, "there is no child");
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.id())).unwrap_or_default();
        let files = std::fs::read_dir(folder.path().join("out/unfinished/trials")).into_iter().flatten().flatten();
        let measured = files.filter(|file| file.path().extension().is_some_and(|end| end == "hdf5")).count();
        match children.split_whitespace().next() {
            Some(child) if measured == 2 => break child.to_owned(),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(Command::new("kill").args(["-9", &child]).status().expect("kill").success());
    assert_eq!(run.wait().expect("ended").code(), Some(1));
    let manifest = manifest(&folder.path().join("out"));
    let failed = failed(&manifest);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].1.contains("killed by signal 9 (SIGKILL), as Linux does when memory runs out"), "{failed:?}");
}

#[test]
fn children_are_for_runs_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    let output = command.arg(swath::run::child::COMMAND).current_dir(folder.path()).stdin(Stdio::null()).output();
    let output = output.expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("this command is how `swath run` starts its own children"), "{}", stderr(&output));
}

/// With and without processes of their own trials return the same.
#[test]
fn isolation_changes_no_result() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let run = |out: &str, arguments: &[&str]| {
        let output = swath(folder.path(), &[&["run", "x.yaml", "--out", out], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        swath::results::read(&folder.path().join(out)).expect("a run").1.trials
    };
    for (apart, together) in run("apart", &[]).iter().zip(&run("together", &["--no-isolation"])) {
        assert_eq!((&apart.id, &apart.returned), (&together.id, &together.returned));
        assert_eq!(together.peaks, swath::run::Peaks::default(), "nobody's memory");
        if cfg!(target_os = "linux") {
            assert!(apart.peaks.build.is_some_and(|bytes| bytes > 1 << 20), "{:?}", apart.peaks);
            assert!(apart.peaks.search.is_some_and(|bytes| bytes > 1 << 20), "{:?}", apart.peaks);
        }
    }
}
