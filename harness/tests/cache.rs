//! Datasets and graphs that are kept from run to run, as a user sees them.

mod support;

use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use support::{stderr, stdout, swath, write_datasets};

const EXPERIMENT: &str = "
name: x
dataset: rich.hdf5
k: 5
repeats: 1
retrievers:
  - name: walk
    candidates: { exact: { pool: 5 } }
    expand: { walk: { graph: [[knn], [links], [knn-symmetric, { links: 2 }]], neighbors: 4, relations: {} } }
    select: top-k
  - name: heat
    candidates: { exact: { pool: 5 } }
    expand: { heat: { graph: [links-shuffled], relations: { next: [0, 2] } } }
    select: top-k
";

/// Runs it; returns what was said, which graphs came from the cache, with their seconds, and the results.
fn run(folder: &Path, more: &[&str]) -> (String, Vec<(bool, f64)>, Vec<Vec<String>>) {
    let output = swath(folder, &[&["run", "x.yaml"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.join("reports/x/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let graphs = manifest["graphs"].as_array().expect("a list").iter();
    let graphs = graphs.map(|g| (g["from_cache"] == true, g["seconds"].as_f64().expect("seconds"))).collect();
    let mut table = csv::Reader::from_path(folder.join("reports/x/runs.csv")).expect("a table");
    let header = table.headers().expect("a header").clone();
    let timed = |name: &str| {
        name.ends_with("_ms") || name.ends_with("_peak_bytes") || ["qps", "qps_best", "build_seconds"].contains(&name)
    };
    let row = |row: csv::StringRecord| {
        header.iter().zip(&row).filter(|(n, _)| !timed(n)).map(|(_, v)| v.to_owned()).collect()
    };
    (stderr(&output), graphs, table.records().map(|record| row(record.expect("a row"))).collect())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    std::fs::write(folder.path().join("x.yaml"), EXPERIMENT).expect("written");
    folder
}

#[test]
fn a_kept_graph_gives_the_same_results_and_says_so() {
    let folder = folder();
    let at = ["--cache-dir", "kept"];
    let (said, built, first) = run(folder.path(), &at);
    assert_eq!((said.as_str(), built.len(), built.iter().filter(|g| g.0).count()), ("", 5, 0));
    let (said, kept, second) = run(folder.path(), &at);
    assert_eq!(said, "");
    assert_eq!(kept.iter().map(|g| g.0).collect::<Vec<_>>(), [true, false, true, false, false], "links are not kept");
    assert_eq!((kept[0].1, kept[2].1), (built[0].1, built[2].1), "the seconds of the run that built it");
    assert!(first == second, "the same results");
    assert!(run(folder.path(), &["--cache-dir", "kept", "--no-cache"]).1.iter().all(|g| !g.0));

    let list = stdout(&swath(folder.path(), &["cache", "--cache-dir", "kept"]));
    assert!(list.contains("rich") && list.ends_with("1 dataset and 2 graphs in kept\n"), "{list}");

    // A damaged file is said and built again, once.
    let damaged = entries(&folder.path().join("kept")).remove(0);
    let bytes = std::fs::read(&damaged).expect("read");
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).expect("cut");
    let (said, _, third) = run(folder.path(), &at);
    assert!(said.contains("is built again: it is damaged"), "{said}");
    assert!(third == first && run(folder.path(), &at).0.is_empty());

    let cleared = stdout(&swath(folder.path(), &["cache", "clear", "--cache-dir", "kept"]));
    assert!(cleared.starts_with("removed 1 dataset and 2 graphs, "), "{cleared}");
    assert_eq!(stdout(&swath(folder.path(), &["--cache-dir", "kept", "cache"])), "0 datasets and 0 graphs in kept\n");
}

#[test]
fn a_cache_that_cannot_be_written_is_a_note() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "in the way").expect("written");
    let (said, graphs, _) = run(folder.path(), &["--cache-dir", "file/kept"]);
    assert!(said.starts_with("note: the prepared dataset is not kept in file/kept: "), "{said}");
    assert!(said.contains("note: graphs are not kept in file/kept"), "{said}");
    assert!(graphs.iter().all(|g| !g.0));
}

/// Sets the time of a file's last change to so many seconds ago.
fn age(path: &Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).expect("opened");
    file.set_modified(swath::clock::now() - std::time::Duration::from_secs(seconds)).expect("set");
}

#[test]
fn a_kept_dataset_gives_the_same_results_until_its_source_changes() {
    let folder = folder();
    let (at, place) = (["--cache-dir", "kept"], folder.path().join("kept"));
    let source = folder.path().join("rich.hdf5");
    age(&source, 60);
    let (said, _, first) = run(folder.path(), &["--no-cache"]);
    assert!(said.is_empty() && !place.exists(), "{said}");
    let (said, _, second) = run(folder.path(), &at);
    assert!(said.is_empty() && second == first, "{said}");
    let [file] = &kept(&place, "dataset")[..] else { panic!("one dataset") };
    #[cfg(unix)]
    let number = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(file).expect("there"));
    #[cfg(not(unix))]
    let number = || 0;
    let before = number();
    let (said, _, third) = run(folder.path(), &at);
    assert!(said.is_empty() && third == first && number() == before, "{said}");
    let list = stdout(&swath(folder.path(), &["cache", "--cache-dir", "kept"]));
    assert!(list.contains("dataset: dense vectors of ") && list.contains(" dimensions, angular"), "{list}");

    // The same content, written again: its hash tells, and nothing is said.
    age(&source, 50);
    let (said, _, again) = run(folder.path(), &at);
    assert!(said.is_empty() && again == first && (number() != before || cfg!(not(unix))), "{said}");

    // Other content: what is found is that of the file itself.
    std::fs::copy(folder.path().join("plain.hdf5"), &source).expect("copied");
    age(&source, 40);
    let plain = WALK.replace("rich.hdf5", "plain.hdf5");
    for (name, text) in [("x.yaml", WALK), ("plain.yaml", &plain)] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let (said, _, changed) = run(folder.path(), &at);
    assert!(said.contains("rich.hdf5: changed since the dataset was prepared, which is prepared again"), "{said}");
    assert_eq!(kept(&place, "dataset").len(), 1);
    std::fs::rename(folder.path().join("plain.yaml"), folder.path().join("x.yaml")).expect("renamed");
    let (_, _, itself) = run(folder.path(), &["--no-cache"]);
    let without_name = |rows: &[Vec<String>]| {
        let unnamed =
            |row: &Vec<String>| row.iter().filter(|cell| *cell != "rich" && *cell != "plain").cloned().collect();
        rows.iter().map(unnamed).collect::<Vec<Vec<String>>>()
    };
    assert_eq!(without_name(&changed), without_name(&itself));
    assert!(changed != first);
}

#[test]
fn a_kept_dataset_that_is_damaged_or_open_to_others_is_prepared_again() {
    let folder = folder();
    let (at, place) = (["--cache-dir", "kept"], folder.path().join("kept"));
    age(&folder.path().join("rich.hdf5"), 60);
    let (_, _, first) = run(folder.path(), &at);
    let file = kept(&place, "dataset").remove(0);
    let verified = || {
        let output = swath(folder.path(), &["cache", "verify", "--cache-dir", "kept"]);
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    assert_eq!(verified(), (Some(0), "1 dataset and 2 graphs in kept: all are whole\n".into()));
    let whole = std::fs::read(&file).expect("read");
    let mut damaged = whole.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    std::fs::write(&file, &damaged).expect("written");
    let graph = entries(&place).remove(0);
    let graph_bytes = std::fs::read(&graph).expect("read");
    std::fs::write(&graph, &graph_bytes[..graph_bytes.len() - 1]).expect("cut");
    let (code, said) = verified();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("another SHA-256 than its header says") && said.contains("2 of 3 files are not whole"),
        "{said}"
    );
    std::fs::write(&graph, &graph_bytes).expect("mended");

    let (said, _, again) = run(folder.path(), &at);
    assert!(
        said.contains("is prepared again: it is damaged: its content has another SHA-256") && again == first,
        "{said}"
    );
    assert_eq!(verified().0, Some(0));
    damaged[20] ^= 1;
    std::fs::write(&file, &damaged).expect("written");
    let (said, _, again) = run(folder.path(), &at);
    assert!(said.contains("is not used, and the dataset is prepared again: it is damaged: "), "{said}");
    assert!(again == first && verified().0 == Some(0) && run(folder.path(), &at).0.is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o606)).expect("changed");
        let (said, _, again) = run(folder.path(), &at);
        assert!(said.contains("others may write it: its permissions are 606, not 600") && again == first, "{said}");
        assert!(run(folder.path(), &at).0.is_empty());
    }
}

/// Two drawn datasets in each other's place: each is known by what it was made of.
#[test]
fn a_kept_dataset_in_anothers_place_is_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let experiment = |seed: u32| {
        format!(
            "name: x\ndataset: {{ generate: gaussian, n: 300, dimension: 8, queries: 20, seed: {seed} }}\nk: 3\nrepeats: 1\n\
             retrievers:\n  - {{ name: top-k, candidates: {{ exact: {{ pool: 5 }} }}, select: top-k }}\n"
        )
    };
    let run = |seed: u32, out: &str, more: &[&str]| {
        std::fs::write(folder.path().join("x.yaml"), experiment(seed)).expect("written");
        let output = swath(folder.path(), &[&["run", "x.yaml", "--quiet", "--out", out], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let results = swath::record::results::read(&folder.path().join(out)).expect("a run").1;
        (stderr(&output), results.trials[0].returned.clone())
    };
    let at = ["--cache-dir", "kept"];
    let (_, one) = run(1, "one", &at);
    let (_, two) = run(2, "two", &at);
    assert_ne!(one, two);
    let files = kept(&folder.path().join("kept"), "dataset");
    let [a, b] = &files[..] else { panic!("two datasets") };
    let aside = folder.path().join("aside");
    for (from, to) in [(a, &aside), (b, a), (&aside, b)] {
        std::fs::rename(from, to).expect("moved");
    }
    let (said, again) = run(2, "again", &at);
    assert!(said.contains("holds another dataset, which is prepared again"), "{said}");
    assert_eq!(again, two);
}

#[test]
fn a_cache_among_results_is_refused() {
    let folder = folder();
    for cache in ["out", "out/kept", "./out/trials"] {
        let output = swath(folder.path(), &["run", "x.yaml", "--out", "out", "--cache-dir", cache]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(" lies in the folder of the results, out\n  name another"), "{said}");
        assert!(!folder.path().join("out").exists());
    }
}

/// A large dataset is checked when all is measured: nothing that was measured on damaged points is written.
#[test]
fn a_large_kept_dataset_that_is_damaged_gives_no_results() {
    let folder = tempfile::tempdir().expect("a folder");
    // 66 MiB of points.
    let experiment = top_k("{ generate: gaussian, n: 17000, dimension: 1024, queries: 5 }");
    std::fs::write(folder.path().join("x.yaml"), experiment).expect("written");
    let run = || {
        let output = swath(folder.path(), &["run", "x.yaml", "--quiet", "--out", "out", "--cache-dir", "kept"]);
        (output.status.code(), stderr(&output))
    };
    let (code, said) = run();
    assert_eq!(code, Some(0), "{said}");
    let before = std::fs::read(folder.path().join("out/runs.csv")).expect("results");
    let file = kept(&folder.path().join("kept"), "dataset").remove(0);
    let mut bytes = std::fs::read(&file).expect("read");
    assert!(bytes.len() > 64 << 20);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, &bytes).expect("damaged");
    let (code, said) = run();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("it is damaged: its content has another SHA-256 than its header says; no result is written"),
        "{said}"
    );
    assert!(
        said.contains("it is removed, and is prepared again when it is needed\n  run again:\n  swath run x.yaml"),
        "{said}"
    );
    assert!(!file.exists() && !folder.path().join("out/unfinished").exists());
    assert_eq!(std::fs::read(folder.path().join("out/runs.csv")).expect("those of before"), before);
    let (code, said) = run();
    assert_eq!((code, file.exists()), (Some(0), true), "{said}");
}

/// Sets, whose damaged offsets make a search panic. 75 MiB.
const LARGE_SETS: &str = "{ generate: zipf, n: 700000, dimension: 5000, queries: 5, distance: jaccard }";

/// An experiment with one quick trial.
fn top_k(dataset: &str) -> String {
    let trial = "{ name: top-k, candidates: { exact: { pool: 5 } }, select: top-k }";
    format!("name: x\ndataset: {dataset}\nk: 3\nrepeats: 1\nmetrics: [recall]\nretrievers:\n  - {trial}\n")
}

/// Overwrites some numbers of an array of a prepared dataset.
fn damage(file: &Path, array: &str) {
    let mut bytes = std::fs::read(file).expect("read");
    let length = u64::from_le_bytes(bytes[8..16].try_into().expect("8 bytes")) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[48..48 + length]).expect("a header");
    let arrays = header["arrays"].as_array().expect("arrays");
    let place = arrays.iter().find(|place| place["name"] == array).expect("there");
    let [offset, size] = ["offset", "bytes"].map(|key| place[key].as_u64().expect("a number") as usize);
    let middle = 48 + length + offset + size / 16 * 8;
    bytes[middle..middle + 800].iter_mut().for_each(|byte| *byte ^= 0x7f);
    std::fs::write(file, bytes).expect("written");
}

/// Where a large kept dataset is damaged, no panic and no failed trial hides it: of the run itself, of its children, of a check.
#[test]
fn damage_is_the_reason_whoever_panics_over_it() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("x.yaml"), top_k(LARGE_SETS)).expect("written");
    let swath = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_swath"));
        command.args(arguments).args(["--quiet", "--cache-dir", "kept"]).current_dir(folder.path());
        let output = command.env("RUST_BACKTRACE", "1").output().expect("started");
        (output.status.code(), stderr(&output))
    };
    let run = ["run", "x.yaml", "--out", "out"];
    assert_eq!(swath(&run).0, Some(0));
    let file = kept(&folder.path().join("kept"), "dataset").remove(0);
    let whole = folder.path().join("whole");
    std::fs::copy(&file, &whole).expect("copied");
    let before = std::fs::read(folder.path().join("out/runs.csv")).expect("results");
    assert_eq!(swath(&["baseline", "save", "x.yaml", "--cached-graphs", "--quality-only"]).0, Some(0));
    let here = [&run[..], &["--no-isolation"]].concat();
    let check = ["check", "x.yaml", "--cached-graphs", "--quality-only"];
    let checked_here = [&check[..], &["--no-isolation"]].concat();
    let commands = [&run[..], &here, &check, &checked_here];
    for (command, array) in commands.iter().flat_map(|command| [(command, "train_offsets"), (command, "train")]) {
        std::fs::copy(&whole, &file).expect("copied");
        damage(&file, array);
        let (code, said) = swath(command);
        assert_eq!(code, Some(1), "{command:?} {array}: {said}");
        assert!(said.starts_with("error: the prepared dataset kept"), "{command:?} {array}: {said}");
        assert!(said.contains("another SHA-256 than its header says; no"), "{command:?} {array}: {said}");
        assert!(said.contains("it is removed, and is prepared again when it is needed\n  run again"), "{said}");
        assert!(!said.contains("panicked") && !file.exists(), "{command:?} {array}: {said}");
        assert_eq!(std::fs::read(folder.path().join("out/runs.csv")).expect("those of before"), before);
    }
    assert_eq!(swath(&run), (Some(0), String::new()));
}

/// A kept dataset of any size that is damaged during a run gives no results: neither if the run goes on to its end, nor if it is
/// stopped, nor if it is killed, the damaged file is removed, and the run is resumed.
#[cfg(unix)]
#[test]
fn what_was_measured_on_a_dataset_that_was_damaged_meanwhile_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let experiment = top_k("{ generate: gaussian, n: 1000, dimension: 32, queries: 100 }");
    std::fs::write(folder.path().join("x.yaml"), &experiment).expect("written");
    std::fs::write(folder.path().join("long.yaml"), experiment.replace("repeats: 1", "repeats: 500")).expect("written");
    assert_eq!(swath(folder.path(), &["run", "x.yaml", "--quiet", "--cache-dir", "kept"]).status.code(), Some(0));
    let file = kept(&folder.path().join("kept"), "dataset").remove(0);
    let whole = std::fs::read(&file).expect("read");
    let unfinished = folder.path().join("out/unfinished");
    for (signal, here) in [("", false), ("", true), ("INT", false), ("INT", true), ("KILL", false), ("KILL", true)] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_swath"));
        command.args(["run", "long.yaml", "--quiet", "--out", "out", "--cache-dir", "kept"]);
        command.args(here.then_some("--no-isolation")).current_dir(folder.path());
        let child = command.stderr(std::process::Stdio::piped()).spawn().expect("started");
        let is_measured = || {
            let files = std::fs::read_dir(unfinished.join("trials")).into_iter().flatten().flatten();
            files.map(|file| file.path()).any(|path| path.extension().is_some_and(|ending| ending == "hdf5"))
        };
        while !is_measured() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        // In place: a file that is cut would end the process.
        let at = (whole.len() / 2) as u64;
        let damaged = std::fs::OpenOptions::new().write(true).open(&file).expect("there");
        std::os::unix::fs::FileExt::write_all_at(&damaged, &[0x55; 64], at).expect("written");
        if !signal.is_empty() {
            let id = child.id().to_string();
            assert!(
                std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("kill").success()
            );
        }
        let output = child.wait_with_output().expect("ended");
        let said = stderr(&output);
        if signal == "KILL" {
            assert!(unfinished.join("dataset").is_file(), "{said}");
            assert_eq!(swath(folder.path(), &["cache", "clear", "--cache-dir", "kept"]).status.code(), Some(0));
            let output = swath(folder.path(), &["run", "x.yaml", "--out", "out", "--cache-dir", "kept"]);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(0), "{said}");
            assert!(said.contains("run again, since the dataset was damaged then: it is damaged"), "{here}: {said}");
            assert_eq!(std::fs::read(&file).expect("kept again").len(), whole.len());
        } else {
            assert_eq!(output.status.code(), Some(1), "{signal} {here}: {said}");
            assert!(said.contains("another SHA-256 than its header says; no result is written"), "{said}");
            assert!(!unfinished.exists() && !folder.path().join("out/runs.csv").exists() && !file.exists(), "{said}");
            assert_eq!(
                swath(folder.path(), &["run", "x.yaml", "--quiet", "--cache-dir", "kept"]).status.code(),
                Some(0)
            );
        }
    }
}

/// A sample of a damaged dataset would be kept as if it were right.
#[test]
fn no_sample_is_taken_of_a_large_kept_dataset_that_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = swath_datasets::Generated {
        generate: swath_datasets::Distribution::Zipf(swath_datasets::generate::Zipf {}),
        n: swath_algorithms::params::Count::new(700_000).expect("in range"),
        dimension: swath_algorithms::params::Count::new(5000).expect("in range"),
        queries: swath_algorithms::params::Count::new(5).expect("in range"),
        distance: swath_algorithms::Distance::Jaccard,
        seed: 0,
    };
    let path = folder.path().join("large.hdf5");
    swath_datasets::ann_benchmarks::write(&path, &data.dataset().expect("points")).expect("written");
    age(&path, 60);
    let experiment = top_k("large.hdf5");
    std::fs::write(folder.path().join("x.yaml"), &experiment).expect("written");
    let sampled = experiment.replace("k: 3\n", "k: 3\nsweep: { n: [1000] }\n");
    std::fs::write(folder.path().join("swept.yaml"), sampled).expect("written");
    let swath = |name: &str, out: &str| {
        let output = swath(folder.path(), &["run", name, "--out", out, "--quiet", "--cache-dir", "kept"]);
        (output.status.code(), stderr(&output))
    };
    assert_eq!(swath("x.yaml", "out").0, Some(0));
    let file = kept(&folder.path().join("kept"), "dataset").remove(0);
    damage(&file, "train");
    let (code, said) = swath("swept.yaml", "swept");
    assert!(code == Some(1) && said.starts_with("error: the prepared dataset kept"), "{said}");
    assert!(kept(&folder.path().join("kept"), "dataset").is_empty());
    let (code, said) = swath("swept.yaml", "swept");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(kept(&folder.path().join("kept"), "dataset").len(), 2);
}

/// What is not swath's stays where a dataset or a graph would be kept, and every command says what to do about it; an empty or
/// damaged file is made anew.
#[test]
fn what_lies_in_the_place_of_kept_files_is_named_and_what_is_empty_is_made_anew() {
    let folder = folder();
    let (at, place) = (["--cache-dir", "kept"], folder.path().join("kept"));
    age(&folder.path().join("rich.hdf5"), 60);
    let (_, _, first) = run(folder.path(), &at);
    let files = || [kept(&place, "dataset").remove(0), kept(&place, "graph").remove(0)];
    let verified = || {
        let output = swath(folder.path(), &["cache", "verify", "--cache-dir", "kept"]);
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    files().iter().for_each(|file| std::fs::write(file, "").expect("emptied"));
    let (code, said) = verified();
    assert!(code == Some(1) && said.contains("2 of 3 files are not whole\n  runs make anew what they need"), "{said}");
    let (said, _, again) = run(folder.path(), &at);
    assert!(said.contains("the dataset is prepared again: it is damaged") && said.contains("built again"), "{said}");
    assert_eq!((again, verified().0), (first.clone(), Some(0)));
    let mut foreign: Vec<fn(&Path)> = vec![|file| std::fs::write(file, "mine").expect("written")];
    if cfg!(unix) {
        foreign.push(|file| {
            let elsewhere = file.with_extension("elsewhere");
            std::fs::rename(file, &elsewhere).expect("moved");
            #[cfg(unix)]
            std::os::unix::fs::symlink(elsewhere, file).expect("linked");
        });
    }
    for put in foreign {
        let files = files();
        files.iter().for_each(|file| put(file));
        let content =
            || files.each_ref().map(|file| (std::fs::read(file).expect("read"), std::fs::read_link(file).ok()));
        let before = content();
        let (said, _, again) = run(folder.path(), &at);
        for file in &files {
            let name = file.file_name().expect("a name").to_string_lossy();
            assert!(said.contains(&format!("kept/{name} is in the way: ")), "{said}");
        }
        assert!(said.contains("move it away or remove it") && again == first && content() == before, "{said}");
        let (code, said) = verified();
        assert!(code == Some(1) && said.contains("2 of 3 files are in the way: "), "{said}");
        let listed = stdout(&swath(folder.path(), &["cache", "--cache-dir", "kept"]));
        assert_eq!(listed.matches("in the way: ").count(), 2, "{listed}");
        files.iter().for_each(|file| std::fs::remove_file(file).expect("removed"));
        assert_eq!((run(folder.path(), &at).2, verified().0), (first.clone(), Some(0)));
    }
}

/// What is drawn and what is sampled is kept, too, each under what it is made of.
#[test]
fn drawn_and_sampled_datasets_are_kept() {
    const SWEPT: &str = "
name: swept
dataset: plain.hdf5
k: 3
repeats: 1
metrics: [recall]
sweep: { n: [20, 30] }
retrievers:
  - { name: top-k, candidates: { exact: { pool: 5 } }, select: top-k }
";
    let folder = folder();
    let drawn = SWEPT.replace("swept", "drawn").replace("sweep: { n: [20, 30] }\n", "");
    let drawn = drawn.replace("plain.hdf5", "{ generate: clusters, n: 300, dimension: 6, queries: 20 }");
    std::fs::write(folder.path().join("drawn.yaml"), drawn).expect("written");
    std::fs::write(folder.path().join("swept.yaml"), SWEPT).expect("written");
    age(&folder.path().join("plain.hdf5"), 60);
    let results = |out: &str, cell: &str| {
        let read = swath::record::results::read(&folder.path().join(out).join(cell)).expect("a run").1;
        read.trials.into_iter().map(|trial| (trial.returned, trial.metrics)).collect::<Vec<_>>()
    };
    let place = folder.path().join("kept");
    for (name, cells, files) in [("drawn", &[""][..], 1), ("swept", &["n=20", "n=30"], 4)] {
        let run = |out: &str, more: &[&str]| {
            let file = format!("{name}.yaml");
            let output = swath(folder.path(), &[&["run", &file, "--out", out, "--quiet"], more].concat());
            assert!(output.status.success() && !stderr(&output).contains("prepared"), "{}", stderr(&output));
        };
        run(&format!("{name}-0"), &["--no-cache"]);
        run(&format!("{name}-1"), &["--cache-dir", "kept"]);
        assert_eq!(kept(&place, "dataset").len(), files, "the file, and what is sampled from it");
        run(&format!("{name}-2"), &["--cache-dir", "kept"]);
        assert_eq!(kept(&place, "dataset").len(), files);
        for cell in cells {
            let [none, first, second] = [0, 1, 2].map(|i| results(&format!("{name}-{i}"), cell));
            assert!(none == first && first == second, "{name} {cell}");
        }
    }
}

#[path = "../../algorithms/build/hash.rs"]
mod hash;

/// Small enough to be checked, and its graph decides what it returns.
const WALK: &str = "
name: x
dataset: rich.hdf5
k: 5
repeats: 1
metrics: [recall, coverage]
retrievers:
  - { name: top-k, candidates: { exact: { pool: 5 } }, select: top-k }
  - name: walk
    candidates: { exact: { pool: 5 } }
    expand: { walk: { graph: [[knn]], neighbors: 4 } }
    select: top-k
";

/// The kept files with this ending.
fn kept(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).expect("kept").map(|file| file.expect("a file").path());
    let mut paths: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|is| is == ending)).collect();
    paths.sort();
    paths
}

/// The kept graphs.
fn entries(folder: &Path) -> Vec<PathBuf> {
    kept(folder, "graph")
}

/// Writes a kept graph anew: its label and what follows it changed, its checksum right.
fn change(path: &Path, change: impl Fn(&mut serde_json::Value, &mut [u8])) {
    let bytes = std::fs::read(path).expect("read");
    let length = u32::from_le_bytes(bytes[8..12].try_into().expect("four bytes")) as usize;
    let mut label: serde_json::Value = serde_json::from_slice(&bytes[12..12 + length]).expect("a label");
    let mut rest = bytes[12 + length..bytes.len() - 32].to_vec();
    change(&mut label, &mut rest);
    let label = serde_json::to_vec(&label).expect("JSON");
    let mut changed = [&bytes[..8], &(label.len() as u32).to_le_bytes(), &label, &rest].concat();
    changed.extend(Sha256::digest(&changed));
    std::fs::write(path, changed).expect("written");
}

/// Lets every edge lead to the next vector but one.
fn mislead(_: &mut serde_json::Value, rest: &mut [u8]) {
    let size = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().expect("eight bytes")) as usize;
    let (n, edges) = (size(0), size(8));
    let targets = 16 + 8 * (n + 1);
    let offset =
        |row: usize| u64::from_le_bytes(rest[16 + 8 * row..24 + 8 * row].try_into().expect("eight bytes")) as usize;
    let offsets: Vec<usize> = (0..=n).map(offset).collect();
    assert_eq!(offsets[n], edges);
    for row in 0..n {
        let others = (0..n).filter(|&other| other != row);
        for (edge, other) in (offsets[row]..offsets[row + 1]).zip(others.skip(row / 2)) {
            rest[targets + 4 * edge..][..4].copy_from_slice(&(other as u32).to_le_bytes());
        }
    }
}

#[test]
fn a_graph_of_another_build_or_in_anothers_place_is_built_again() {
    let folder = folder();
    let at = ["--cache-dir", "kept"];
    let (_, _, first) = run(folder.path(), &at);
    let kept = entries(&folder.path().join("kept"));
    let build = swath_algorithms::BUILD;
    for (name, value, expected) in [
        ("build", "0123456789abcdef", "it was written by another program (swath "),
        ("swath", "0.0.9", "it was written by another program (swath 0.0.9, build "),
        ("owner", "other", "it was written by another program (other "),
        ("sha256", "ab", "it holds another graph"),
    ] {
        change(&kept[0], |label, _| {
            assert_eq!(label["build"], build);
            label[name] = value.into();
        });
        let (said, graphs, again) = run(folder.path(), &at);
        assert!(said.contains(expected) && said.contains("is not used, and the graph is built again"), "{said}");
        assert!(again == first && graphs.iter().filter(|graph| graph.0).count() == 1);
    }
    let list = stdout(&swath(folder.path(), &["cache", "--cache-dir", "kept"]));
    assert!(list.contains(&format!("swath {} {}", env!("CARGO_PKG_VERSION"), &build[..8])), "{list}");
    // Each in the other's place.
    let [one, other] = [&kept[0], &kept[1]].map(|path| std::fs::read(path).expect("read"));
    std::fs::write(&kept[0], &other).expect("written");
    std::fs::write(&kept[1], &one).expect("written");
    let (said, _, again) = run(folder.path(), &at);
    assert_eq!(said.matches("is built again: it holds another graph").count(), 2, "{said}");
    assert!(again == first && run(folder.path(), &at).0.is_empty());
}

/// What builds graphs has changed, and the kept graph is as before, or the other way round: a check and a repetition see it.
#[test]
fn a_kept_graph_hides_no_change_from_check_and_reproduce() {
    let folder = folder();
    std::fs::write(folder.path().join("x.yaml"), WALK).expect("written");
    let swath = |arguments: &[&str]| {
        let output = swath(folder.path(), &[&["--cache-dir", "kept"], arguments].concat());
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let save = ["baseline", "save", "x.yaml", "--quality-only", "--quiet", "--file"];
    let (code, said) = swath(&[&save[..], &["b.yaml"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(!folder.path().join("kept").exists(), "a baseline keeps none and takes none");
    assert_eq!(swath(&["run", "x.yaml", "--out", "out", "--quiet"]).0, Some(0));
    let kept = entries(&folder.path().join("kept"));
    assert_eq!(kept.len(), 1);
    change(&kept[0], mislead);
    let check = ["check", "x.yaml", "--baseline", "b.yaml", "--quality-only", "--quiet"];
    let (code, said) = swath(&check);
    assert_eq!((code, said.contains("unchanged")), (Some(0), true), "{said}");
    assert!(!said.contains("regressed") && !said.contains("improved") && !said.contains("changed by"), "{said}");
    let unchanged = said;
    let (_, said) = swath(&[&check[..], &["--cached-graphs"]].concat());
    assert_ne!(said, unchanged, "asked to, it takes the graph that is kept");
    let (code, said) = swath(&["reproduce", "out", "--quiet"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("reproduced: "), "{said}");
    let (code, said) = swath(&["reproduce", "out", "--quiet", "--cached-graphs"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("differs: walk: "), "{said}");
    // A baseline of the graph that is kept is another one.
    assert_eq!(swath(&[&save[..], &["c.yaml", "--cached-graphs"]].concat()).0, Some(0));
    let trials = |name: &str| {
        let text = std::fs::read_to_string(folder.path().join(name)).expect("a baseline");
        text.split_once("trials:\n").expect("trials").1.to_owned()
    };
    assert_ne!(trials("b.yaml"), trials("c.yaml"));
}

/// The hash by which graphs are kept is of the sources, wherever they are, and of the versions of the crates they use.
#[test]
fn the_hash_of_a_build_is_of_its_sources_and_its_crates() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../algorithms");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("elsewhere");
    for source in walk(&package.join("src")).into_iter().chain([package.join("Cargo.toml")]) {
        let to = copy.join(source.strip_prefix(&package).expect("inside"));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::copy(&source, to).expect("copied");
    }
    let lock = folder.path().join("Cargo.lock");
    std::fs::copy(package.join("../Cargo.lock"), &lock).expect("copied");
    let of = |package: &Path, lock: &Path| hash::of(package, Some(lock), &["rustc"]).expect("read");
    let here = of(&package, &package.join("../Cargo.lock"));
    assert_eq!(here.len(), 64);
    assert_eq!(here, of(&copy, &lock), "the same in another place");
    assert_ne!(here, hash::of(&copy, Some(&lock), &["another rustc"]).expect("read"));
    assert_ne!(here, hash::of(&copy, None, &["rustc"]).expect("read"));
    assert!(swath_algorithms::BUILD.len() == 64 && swath_algorithms::BUILD != here, "the compiler is part of it");
    let changed = |path: &Path, change: &str| {
        let text = std::fs::read_to_string(path).expect("a source");
        std::fs::write(path, text.clone() + change).expect("written");
        let now = of(&copy, &lock);
        std::fs::write(path, text).expect("restored");
        now
    };
    for path in [copy.join("src/graph/knn.rs"), copy.join("src/lib.rs"), copy.join("Cargo.toml"), lock.clone()] {
        assert_ne!(here, changed(&path, "\n"), "{}", path.display());
    }
    std::fs::rename(copy.join("src/unfit.rs"), copy.join("src/misfit.rs")).expect("renamed");
    assert_ne!(here, of(&copy, &lock));
}

/// The files in a folder and those in it.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
