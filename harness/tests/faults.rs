//! What a run meets that it cannot help: a full disk, a folder that cannot be written, a dataset that changes under its
//! hands, and children that die, hang or eat.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use support::{folder_with, stderr, swath};
use swath::clock::Moment;
use swath::config::Failure;
use swath::plan;
use swath::record::manifest::Manifest;
use swath::run::Means;
use swath::run::experiment::RunOptions;
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
    swath::record::results::read_manifest(out).expect("a manifest")
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
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("out already exists and is not a folder"), "{}", stderr(&output));
}

/// Plans, does something to the dataset, and runs. Returns the recall of each trial; none may fail.
fn after(change: impl FnOnce(&Path)) -> Vec<Vec<f64>> {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let prepared =
        plan::prepare_file(&folder.path().join("x.yaml"), plan::Resources::of_memory(1 << 30)).expect("planned");
    change(&folder.path().join("rich.hdf5"));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_swath"));
    let means =
        Means { program: Some(&program), resources: plan::Resources::of_memory(1 << 30), cache: None, cell: None };
    let options = RunOptions { means, start: &Start::GoOn, quiet: true, say: &|_| {}, again: "swath run x.yaml" };
    let out = folder.path().join("out");
    let (summary, manifest, _) = match prepared.run(&out, &options) {
        Ok(ran) => ran,
        Err(Failure::Run(reason) | Failure::Input(reason) | Failure::Stopped(reason)) => panic!("{reason}"),
        Err(Failure::Invalid(invalid)) => panic!("{invalid:?}"),
    };
    assert!(summary.is_some() && failed(&manifest).is_empty(), "{:?}", failed(&manifest));
    let results = swath::record::results::read(&out).expect("a run").1;
    let recall = results.metrics.iter().position(|metric| metric.name() == "recall").expect("measured");
    results.trials.iter().map(|trial| trial.metrics[recall].clone()).collect()
}

/// A run reads its dataset once: what happens to the file afterwards makes no difference.
#[test]
fn a_dataset_that_changes_vanishes_or_is_cut_after_the_plan_is_the_one_that_was_read() {
    let right = after(|_| {});
    assert_eq!(right.len(), 2);
    let changed = after(|path| {
        let dataset = support::dataset(swath_algorithms::Distance::Euclidean, false);
        std::fs::remove_file(path).expect("removed");
        swath_datasets::ann_benchmarks::write(path, &dataset).expect("written");
    });
    assert_eq!(changed, right);
    assert_eq!(after(|path| std::fs::remove_file(path).expect("removed")), right);
    let cut = after(|path| {
        let file = std::fs::OpenOptions::new().write(true).open(path).expect("opened");
        file.set_len(1000).expect("cut");
    });
    assert_eq!(cut, right);
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

/// Writes a shell script that can be started. Another process writes it: a child that another test starts meanwhile would
/// hold it open for writing, and what is open so cannot be started.
#[cfg(unix)]
fn write_program(program: &Path, script: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod +x \"$0\""]).arg(program).arg(script);
    assert!(command.status().expect("a shell").success());
}

/// What comes of a run whose children are a shell script: why its trial failed, and after how many seconds.
#[cfg(unix)]
fn failed_with(script: &str) -> (String, f64) {
    failed_after(script, "")
}

/// The same, with a comment in the experiment, of which the job tells the child.
#[cfg(unix)]
fn failed_after(script: &str, comment: &str) -> (String, f64) {
    let experiment = "name: x\ndataset: rich.hdf5\nk: 5\nretrievers:\n  - { name: top-k, select: top-k }\n";
    let folder = folder_with("x.yaml", &format!("{experiment}{comment}"));
    let prepared =
        plan::prepare_file(&folder.path().join("x.yaml"), plan::Resources::of_memory(1 << 30)).expect("planned");
    let program = folder.path().join("child");
    write_program(&program, script);
    let means =
        Means { program: Some(&program), resources: plan::Resources::of_memory(1 << 30), cache: None, cell: None };
    let options = RunOptions { means, start: &Start::GoOn, quiet: true, say: &|_| {}, again: "swath run x.yaml" };
    let begun = Moment::now();
    let Ok((_, manifest, _)) = prepared.run(&folder.path().join("out"), &options) else { panic!("{script}: no end") };
    (manifest.trials[0].failed.clone().expect("failed"), begun.elapsed())
}

/// A child that lives on though nothing can come of it is ended, and what it did wrong is the trial's reason.
#[cfg(unix)]
#[test]
fn a_child_that_breaks_off_the_talk_costs_its_trial_with_the_reason() {
    let lives = ", and lived on until it was ended";
    let cases = [
        ("exec 1>&-; exec sleep 100", format!("it closed its channel to the run{lives}")),
        ("printf '{\"built'; exec sleep 100", format!("its reply ends in the middle of a line{lives}")),
        ("printf '{\"built'", "its reply ends in the middle of a line, and it ended with exit code 0".into()),
        ("echo nonsense; exec sleep 100", "it replied `nonsense`, which is no reply (".into()),
        ("printf '\\377\\n'; exec sleep 100", "its reply cannot be read (".into()),
        ("echo '\"done\"'; exec sleep 100", format!("it replied to something that it was not asked{lives}")),
        ("exit 0", "it closed its channel to the run, and it ended with exit code 0".into()),
        // A program that it started has its channel and its standard error.
        ("echo so it goes >&2; sleep 100 & exit 3", "it ended with exit code 3; its last words: so it goes".into()),
        ("kill -9 $$", "it was killed by signal 9".into()),
    ];
    for (script, expected) in cases {
        let (reason, seconds) = failed_with(script);
        assert!(reason.starts_with(&format!("its build failed: {expected}")), "{script}: {reason}");
        assert!(seconds < 30.0, "{script}: {seconds} s");
    }
}

/// Orders that a child no longer takes are not the reason where it has ended, whichever of both is noticed first.
#[cfg(unix)]
#[test]
fn what_a_child_said_is_the_reason_and_not_that_it_no_longer_hears() {
    let comment = format!("# {}\n", "x".repeat(120)).repeat(2000);
    for _ in 0..20 {
        let (reason, _) = failed_after("printf '{\"built'", &comment);
        assert!(reason.starts_with("its build failed: its reply ends in the middle of a line"), "{reason}");
    }
}

/// A job that is longer than a pipe is written while the child does not read it.
#[cfg(unix)]
#[test]
fn a_child_that_does_not_listen_is_ended_after_the_time_that_it_has() {
    let comment = format!("# {}\n", "x".repeat(120)).repeat(2000);
    let experiment = "name: x\ndataset: rich.hdf5\nk: 5\nlimits: { seconds: 2 }\n\
                      retrievers:\n  - { name: top-k, select: top-k }\n";
    let folder = folder_with("x.yaml", &(comment + experiment));
    let prepared =
        plan::prepare_file(&folder.path().join("x.yaml"), plan::Resources::of_memory(1 << 30)).expect("planned");
    let program = folder.path().join("child");
    write_program(&program, "exec sleep 100");
    let means =
        Means { program: Some(&program), resources: plan::Resources::of_memory(1 << 30), cache: None, cell: None };
    let options = RunOptions { means, start: &Start::GoOn, quiet: true, say: &|_| {}, again: "swath run x.yaml" };
    let Ok((_, manifest, _)) = prepared.run(&folder.path().join("out"), &options) else { panic!("no end") };
    let expected = "its build failed: building took longer than the 2 s of limits.seconds";
    assert_eq!(failed(&manifest), [("top-k", expected)]);
}

/// Runs the program, and ends it where it does not end by itself.
#[cfg(unix)]
fn ended(folder: &Path, arguments: &[&std::ffi::OsStr]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(arguments).current_dir(folder).env_remove("SWATH_DATA").stdin(Stdio::null());
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let begun = Moment::now();
    while run.try_wait().expect("asked").is_none() {
        if begun.elapsed() > 60.0 {
            run.kill().expect("killed");
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    run.wait_with_output().expect("ended")
}

/// Datasets, experiments, folders of results, of data and of graphs, baselines: all may be called what is no text.
#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_work_from_end_to_end() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = |name: &'static [u8]| OsStr::from_bytes(name);
    let root = tempfile::tempdir().expect("a folder");
    let data = root.path().join(bytes(b"data\xff"));
    std::fs::create_dir(&data).expect("created");
    support::write_datasets(&data);
    std::fs::rename(data.join("rich.hdf5"), data.join(bytes(b"rich\xff.hdf5"))).expect("renamed");
    // Once by the path that a text can say, once by a name in a folder of data.
    for (file, dataset) in
        [(bytes(b"path\xff.yaml"), "data\u{fffd}/rich\u{fffd}.hdf5"), (bytes(b"name\xff.yaml"), "plain")]
    {
        let text = format!(
            "name: x\ndataset: \"{dataset}\"\nk: 5\nrepeats: 1\nretrievers:\n  - {{ name: top-k, select: top-k }}\n  \
             - {{ name: walk, candidates: {{ exact: {{ pool: 10 }} }}, expand: {{ walk: {{ graph: knn }} }}, select: top-k }}\n"
        );
        std::fs::write(root.path().join(file), text).expect("written");
    }
    let good = |arguments: &[&OsStr]| {
        let cache = root.path().join(bytes(b"graphs\xff"));
        let places = [OsStr::new("--data-dir"), bytes(b"data\xff"), OsStr::new("--cache-dir"), cache.as_os_str()];
        let output = ended(root.path(), &[&places, arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        support::stdout(&output)
    };
    let words = |text: &'static str| text.split(' ').map(OsStr::new);
    for experiment in [bytes(b"path\xff.yaml"), bytes(b"name\xff.yaml")] {
        let out = bytes(b"out\xff");
        let all = |before: &'static str, rest: &[&'static OsStr]| {
            let arguments: Vec<&OsStr> = words(before).chain(rest.iter().copied()).collect();
            good(&arguments)
        };
        let said = all("run --fresh --out", &[out, experiment]);
        assert!(said.contains("report: out\u{fffd}/index.html"), "shown as well as it can be: {said}");
        all("report", &[out]);
        let again = all("reproduce --quiet", &[out]);
        assert!(again.contains("reproduced: 2 trials"), "{again}");
        all("export --ann-benchmarks", &[bytes(b"ann\xff"), OsStr::new("--parquet"), bytes(b"tables\xff"), out]);
        all("history add --commit 8be8f3f --file", &[bytes(b"history\xff.csv"), out]);
        all("baseline save --quality-only --file", &[bytes(b"base\xff.yaml"), experiment]);
        all("check --quality-only --baseline", &[bytes(b"base\xff.yaml"), experiment]);
        std::fs::remove_dir_all(root.path().join(out)).expect("removed");
        std::fs::remove_dir_all(root.path().join(bytes(b"ann\xff"))).expect("removed");
        for file in [bytes(b"base\xff.yaml"), bytes(b"base\xff.hdf5")] {
            std::fs::remove_file(root.path().join(file)).expect("removed");
        }
    }
    let told = good(&[OsStr::new("datasets"), OsStr::new("info"), bytes(b"data\xff/rich\xff.hdf5")]);
    assert!(told.contains("data\u{fffd}/rich\u{fffd}.hdf5"), "{told}");
    let file = bytes(b"begun\xff.yaml");
    good(&[OsStr::new("init"), bytes(b"data\xff/rich\xff.hdf5"), OsStr::new("--output"), file]);
    good(&[OsStr::new("run"), OsStr::new("--dry-run"), file]);
}

/// More builds than the system lets a run have children.
#[cfg(unix)]
#[test]
fn many_builds_take_turns_where_few_files_may_be_open() {
    let lists: Vec<String> = (2..42).map(|lists| lists.to_string()).collect();
    let experiment = format!(
        "name: x\ndataset: plain.hdf5\nk: 5\nrepeats: 1\nretrievers:\n  \
         - {{ name: ivf, candidates: {{ ivf-flat: {{ lists: [{}], nprobe: 1, pool: 10 }} }}, select: top-k }}\n",
        lists.join(", ")
    );
    let folder = folder_with("x.yaml", &experiment);
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -n 40; exec \"$0\" run --quiet --no-cache x.yaml --out out",
        env!("CARGO_BIN_EXE_swath"),
    ]);
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().expect("a shell");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(manifest(&folder.path().join("out")).trials.len(), 40);
}

/// What a file system shows may change between any two looks: what is hashed is what is read, or the change is found.
#[test]
fn a_dataset_that_is_swapped_while_it_is_read_is_never_taken_for_the_other() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use swath_algorithms::{Distance, Vectors};
    use swath_datasets::ann_benchmarks;
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("x.hdf5"), folder.path().join("y.hdf5"));
    let mut hashes = Vec::new();
    for (first, file) in [(1.0_f32, &path), (2.0, &other)] {
        let mut dataset = support::dataset(Distance::Angular, false);
        let mut values: Vec<f32> = vec![0.5; 200_000 * 5];
        values[..300].copy_from_slice(
            &(0..60).flat_map(|i| dataset.train.dense().expect("dense").row(i)[..5].to_vec()).collect::<Vec<_>>(),
        );
        values[1500] = first;
        dataset.train = Vectors::new(&values, 5).expect("finite").into();
        ann_benchmarks::write(file, &dataset).expect("written");
        hashes.push((swath_datasets::format::sha256(file).expect("read"), first));
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (third, mut wait) = (folder.path().join("z"), 7);
            let swap = |from: &Path, to: &Path| std::fs::rename(from, to).expect("renamed");
            while !stop.load(Ordering::SeqCst) {
                swap(&path, &third);
                swap(&other, &path);
                swap(&third, &other);
                // Now too short for a look, now long enough.
                wait = (wait * 5 + 3) % 257;
                std::thread::sleep(Duration::from_millis(wait));
            }
        });
        let (mut read, mut found) = (0, 0);
        let begun = Moment::now();
        while begun.elapsed() < 4.0 {
            match plan::LoadedDataset::read(&path.clone().into(), &(1 << 30).into()) {
                Ok(same) => {
                    read += 1;
                    let first = same.dataset.train.dense().expect("dense").row(300)[0];
                    assert!(hashes.contains(&(same.sha256.clone(), first)), "{} is not that of {first}", same.sha256);
                }
                Err(Failure::Input(message)) => {
                    let expected = ["was changed or replaced while it was read", "does not exist", "No such file"];
                    assert!(expected.iter().any(|part| message.contains(part)), "{message}");
                    found += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        stop.store(true, Ordering::SeqCst);
        println!("{read} times it was read while it stayed, {found} times a change was found");
        assert!(found > 0 && read > 0, "swapped at the wrong moment {found} times, at none {read} times");
    });
}

/// In a namespace of its own, where nothing is mounted at `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn without_proc_a_run_goes_through_all_the_same() {
    let script = "mount -t tmpfs none /proc && exec \"$@\"";
    let apart = |program: &str, arguments: &[&str], folder: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", program]).args(arguments);
        command.current_dir(folder).env_remove("SWATH_DATA").stdin(Stdio::null()).output()
    };
    let folder = folder_with("x.yaml", EXPERIMENT);
    let can = || apart("true", &[], folder.path()).ok().filter(|output| output.status.success()).map(drop);
    if support::tool("unshare", can).is_none() {
        return;
    }
    let run = |arguments: &[&str]| {
        let output = apart(env!("CARGO_BIN_EXE_swath"), arguments, folder.path()).expect("unshare");
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    };
    run(&["run", "--quiet", "--no-cache", "x.yaml", "--out", "out"]);
    run(&["report", "out"]);
    run(&["reproduce", "--quiet", "out"]);
    let manifest = manifest(&folder.path().join("out"));
    assert!(manifest.machine.memory > 0 && manifest.machine.cores > 0, "{:?}", manifest.machine);
    let (_, results) = swath::record::results::read(&folder.path().join("out")).expect("a run");
    assert!(results.trials.iter().all(|trial| trial.peaks == swath::record::Peaks::default()), "nobody said how much");
    assert!(results.trials.iter().flat_map(|trial| &trial.timed).all(|timed| timed.load.is_nan()), "nor how busy");
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
        swath::record::results::read(&folder.path().join(out)).expect("a run").1.trials
    };
    for (apart, together) in run("apart", &[]).iter().zip(&run("together", &["--no-isolation"])) {
        assert_eq!((&apart.id, &apart.returned), (&together.id, &together.returned));
        assert_eq!(together.peaks, swath::record::Peaks::default(), "nobody's memory");
        if cfg!(target_os = "linux") {
            assert!(apart.peaks.build.is_some_and(|bytes| bytes > 1 << 20), "{:?}", apart.peaks);
            assert!(apart.peaks.search.is_some_and(|bytes| bytes > 1 << 20), "{:?}", apart.peaks);
        }
    }
}
