//! Nothing that is not swath's is ever replaced or removed: in folders of others, in its own, by way of links, from two
//! processes at once.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{folder_with, stderr, swath};

const EXPERIMENT: &str = "\
name: small
dataset: rich.hdf5
k: 3
repeats: 2
retrievers:
  - { name: top-k, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.3, 0.7] } } }
";

const SWEEP: &str = "\
name: swept
dataset: rich.hdf5
k: 3
repeats: 2
sweep: { n: [40, 60] }
retrievers:
  - { name: top-k, select: top-k }
";

/// All that lies in a folder but for what runs keep, and what it is: links are not followed.
fn snapshot(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.ends_with(".cache") {
                continue;
            }
            let kind = std::fs::symlink_metadata(&entry).expect("metadata");
            let what = if kind.is_symlink() {
                format!("a link to {}", std::fs::read_link(&entry).expect("a link").display())
            } else if kind.is_dir() {
                waiting.push(entry.clone());
                "a folder".to_owned()
            } else {
                swath::record::output_folder::hash_of(&entry).expect("read").unwrap_or_else(|| "no file".into())
            };
            found.insert(entry.strip_prefix(folder).expect("inside").display().to_string(), what);
        }
    }
    found
}

/// Asserts that nothing is otherwise, and names what is.
fn assert_same(after: &BTreeMap<String, String>, before: &BTreeMap<String, String>, what: &str) {
    let all = after.keys().chain(before.keys());
    let mut other: Vec<_> = all.filter(|name| after.get(*name) != before.get(*name)).collect();
    other.dedup();
    assert!(other.is_empty(), "{what}: {other:?}");
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = swath(folder, arguments);
    (output.status.code().expect("a code"), stderr(&output))
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let (code, said) = run(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {said}");
    said
}

fn refuses(folder: &Path, arguments: &[&str]) -> String {
    let (code, said) = run(folder, arguments);
    assert_eq!(code, 2, "{arguments:?}: {said}");
    said
}

/// Files of somebody whose names are such as swath gives.
fn tempting(folder: &Path) {
    let names = [
        "paper.tex",
        "index.html",
        "runs.csv",
        "comparisons.csv",
        "chosen.csv",
        "chosen-mine.csv",
        "split.csv",
        "several.csv",
        "changes.csv",
        "manifest.json",
        "sweep.json",
        "scale.csv",
        "queries.json",
        ".not-whole-abc",
        ".not-whole-index_html-abc123",
        "trials/a.hdf5",
        "trials/.not-whole-x",
        "trials/0123456789abcdef.hdf5",
        "unfinished/x",
        "unfinished/trials/0123456789abcdef.hdf5",
        "unfinished/.not-whole-y",
        "plots/captions.txt",
        "plots/mine.svg",
        "plots/page/mine.svg",
        "tables/summary.md",
        "n=40/index.html",
        "data/rich.hdf5",
        "results/rich/3/top-k/x.hdf5",
        "runs.parquet",
        "queries.parquet",
        "bigger-is-better.json",
        "history.csv",
        "mine.yaml",
        "mine.hdf5",
        "0123456789abcdef0123456789abcdef.graph",
        "baselines/small.yaml",
        ".lock",
        "x.xml",
        "x.json",
        "x.md",
    ];
    for name in names {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(path, format!("mine: {name}\n")).expect("written");
    }
    // Lines that look like a list of swath's own figures, as its versions without ledgers went by.
    std::fs::write(folder.join("plots/captions.txt"), "mine: a figure\n").expect("written");
    std::fs::write(folder.join("manifest.json"), "{\"swath\": \"mine\", \"trials\": []}").expect("written");
    std::fs::write(folder.join("sweep.json"), "[{\"folder\": \"n=40\", \"n\": 40, \"dimension\": null, \"k\": 3}]")
        .expect("written");
}

/// A folder with two runs, an export, a history and a baseline, and in `theirs/` somebody's work.
fn prepared() -> tempfile::TempDir {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let place = folder.path();
    std::fs::write(place.join("sweep.yaml"), SWEEP).expect("written");
    succeeds(place, &["run", "x.yaml", "--out", "a"]);
    succeeds(place, &["run", "x.yaml", "--out", "b"]);
    succeeds(place, &["export", "a", "--ann-benchmarks", "ann"]);
    succeeds(place, &["history", "add", "a", "--commit", "0123456789", "--file", "h.csv"]);
    succeeds(place, &["baseline", "save", "x.yaml", "--quality-only"]);
    tempting(&place.join("theirs"));
    let outside = place.join("outside");
    tempting(&outside);
    #[cfg(unix)]
    for link in ["linked", "plots/slide", "unfinished/linked"] {
        std::os::unix::fs::symlink(&outside, place.join("theirs").join(link)).expect("linked");
    }
    folder
}

#[test]
fn every_writing_command_leaves_the_folder_of_somebody_else_as_it_was() {
    let folder = prepared();
    let before = snapshot(folder.path());
    let ours = |name: &str| ["theirs", "outside"].iter().all(|of| !name.starts_with(of)) && !name.starts_with(".cache");
    let commands: &[&[&str]] = &[
        &["run", "x.yaml", "--out", "theirs"],
        &["run", "x.yaml", "--out", "theirs", "--fresh"],
        &["run", "x.yaml", "--out", "theirs", "--reuse"],
        &["run", "x.yaml", "--out", "theirs", "--no-isolation"],
        &["run", "x.yaml", "--out", "theirs/unfinished"],
        &["run", "x.yaml", "--out", "theirs/trials"],
        &["run", "sweep.yaml", "--out", "theirs"],
        &["run", "sweep.yaml", "--out", "theirs", "--fresh"],
        &["report", "theirs"],
        &["report", "a", "b", "--out", "theirs"],
        &["reproduce", "a", "--out", "theirs"],
        &["import", "ann", "--dataset", "rich", "--out", "theirs"],
        &["import", "ann", "--dataset", "rich", "--out", "theirs", "--fresh"],
        &["export", "a", "--ann-benchmarks", "theirs"],
        &["export", "a", "--parquet", "theirs"],
        &["history", "plot", "--file", "h.csv", "--out", "theirs"],
        &["history", "add", "a", "--commit", "0123456789", "--file", "theirs/runs.csv"],
        &["history", "add", "a", "--commit", "0123456789", "--file", "theirs/history.csv"],
        &["check", "x.yaml", "--quality-only", "--junit", "theirs/x.xml"],
        &["check", "x.yaml", "--quality-only", "--markdown", "theirs/x.md"],
        &["check", "x.yaml", "--quality-only", "--json", "theirs/x.json"],
        &["check", "x.yaml", "--quality-only", "--bencher", "theirs/manifest.json"],
        &["check", "x.yaml", "--quality-only", "--github-action-benchmark", "theirs"],
        &["compare", "a", "b", "--json", "theirs/mine.hdf5"],
        &["baseline", "save", "x.yaml", "--quality-only", "--file", "theirs/mine.yaml"],
        &["baseline", "update", "x.yaml", "--quality-only", "--file", "theirs/mine.yaml"],
        &["init", "rich.hdf5", "--output", "theirs/mine.yaml"],
        &["init", "./rich.hdf5", "--output", "theirs/paper.tex"],
    ];
    for arguments in commands {
        let said = refuses(folder.path(), arguments);
        assert!(said.contains("theirs"), "it is named: {said}");
        assert_same(&snapshot(folder.path()), &before, &format!("{arguments:?}"));
    }
    let said = refuses(folder.path(), &["run", "x.yaml", "--out", "theirs"]);
    let expected = "error: theirs holds files that swath did not write: .lock, .not-whole-abc, .not-whole-index_html-abc123, \
                    0123456789abcdef0123456789abcdef.graph, baselines/ and ";
    assert!(said.contains(expected) && said.contains("a folder that is new, empty or its own"), "{said}");
    // The cache's folder may hold other things.
    let said = succeeds(folder.path(), &["cache", "clear", "--cache-dir", "theirs"]);
    assert!(said.contains("0123456789abcdef0123456789abcdef.graph stays: it is not swath's"), "{said}");
    assert_same(&snapshot(folder.path()), &before, "");
    // And by way of a link to it.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("theirs", folder.path().join("link")).expect("linked");
        let before = snapshot(folder.path());
        for arguments in [&["run", "x.yaml", "--out", "link"][..], &["export", "a", "--parquet", "link"]] {
            refuses(folder.path(), arguments);
            assert_same(&snapshot(folder.path()), &before, "");
        }
    }
    assert!(before.keys().any(|name| ours(name)));
}

/// In swath's own folder, too.
#[test]
fn files_that_somebody_adds_to_a_run_stay() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = folder.path().join("out");
    succeeds(folder.path(), &["run", "x.yaml", "--out", "out"]);
    let names = [
        "chosen-mine.csv",
        "chosen.csv.bak",
        ".not-whole-abc",
        "trials/mine.hdf5",
        "trials/0123456789abcdef.hdf5",
        "trials/.not-whole-x",
        "unfinished/x",
        "unfinished/trials/0123456789abcdef.hdf5",
        "unfinished/indexes/x",
        "plots/mine.svg",
        "plots/page/mine.svg",
        "tables/best.md.orig",
        "notes.txt",
    ];
    for name in names {
        std::fs::create_dir_all(out.join(name).parent().expect("a folder")).expect("created");
        std::fs::write(out.join(name), format!("mine: {name}")).expect("written");
    }
    let changed = EXPERIMENT.replace("[0.3, 0.7]", "0.5");
    for (text, arguments) in [
        (EXPERIMENT, &["run", "x.yaml", "--out", "out"][..]),
        (&changed, &["run", "x.yaml", "--out", "out", "--reuse"]),
        (EXPERIMENT, &["run", "x.yaml", "--out", "out", "--fresh"]),
        (EXPERIMENT, &["report", "out"]),
    ] {
        std::fs::write(folder.path().join("x.yaml"), text).expect("written");
        succeeds(folder.path(), arguments);
        for name in names {
            assert_eq!(
                std::fs::read_to_string(out.join(name)).expect("kept"),
                format!("mine: {name}"),
                "{arguments:?}"
            );
        }
        assert!(!out.join("unfinished/run.json").exists());
    }
    // The files of trials that the experiment has no longer are gone, but for the two that are not swath's.
    let trials = std::fs::read_dir(out.join("trials")).expect("a folder").flatten();
    let trials = trials.filter(|entry| entry.path().extension().is_some_and(|end| end == "hdf5")).count();
    assert_eq!(trials, 3 + 2);
}

#[test]
fn a_file_that_somebody_changed_is_kept_and_named_before_anything_is_computed() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = folder.path().join("out");
    let again: [&[&str]; 4] = [
        &["run", "x.yaml", "--out", "out"],
        &["run", "x.yaml", "--out", "out", "--fresh"],
        &["run", "x.yaml", "--out", "out", "--reuse"],
        &["reproduce", "out", "--out", "out"],
    ];
    succeeds(folder.path(), again[0]);
    let trial = std::fs::read_dir(out.join("trials")).expect("a folder").flatten();
    let trial = trial
        .map(|entry| format!("trials/{}", entry.file_name().display()))
        .find(|name| name.strip_suffix(".hdf5").is_some());
    for name in
        ["paper.tex", "index.html", "tables/summary.md", "plots/latency.svg", "manifest.json", &trial.expect("one")]
    {
        let was = std::fs::read(out.join(name)).expect("a file");
        std::fs::write(out.join(name), [&was[..], b" "].concat()).expect("written");
        let before = snapshot(&out);
        for arguments in again {
            // A manifest or a trial that cannot be read is said to be so first.
            let said = if arguments[0] == "reproduce" && name.starts_with("trials") {
                continue;
            } else {
                refuses(folder.path(), arguments)
            };
            assert!(said.contains(&format!("out holds what would be replaced, and is not as swath left it\n  changed since swath wrote it: {name}\n")), "{said}");
            assert_same(&snapshot(&out), &before, "");
        }
        let is_of_report = !name.starts_with("trials") && name != "manifest.json";
        let (code, said) = run(folder.path(), &["report", "out"]);
        assert_eq!(code, if is_of_report { 2 } else { 0 }, "{name}: {said}");
        // Moved away, or put back, it hinders nobody.
        if name == "paper.tex" {
            std::fs::rename(out.join(name), out.join("my-paper.tex")).expect("moved");
        } else {
            std::fs::write(out.join(name), was).expect("written");
        }
        succeeds(folder.path(), again[2]);
    }
    assert!(out.join("paper.tex").exists() && out.join("my-paper.tex").exists());
}

/// What is there only when the run comes to write it is kept as well, and nothing that was computed is lost.
#[test]
fn a_file_that_appears_while_a_run_works_is_kept_and_the_run_goes_on_after() {
    let folder = folder_with("x.yaml", &EXPERIMENT.replace("repeats: 2", "repeats: 1000"));
    let out = folder.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(["run", "--quiet", "x.yaml", "--out", "out"]).current_dir(folder.path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    while !out.join("unfinished/run.json").exists() {
        assert!(child.try_wait().expect("asked").is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::fs::write(out.join("index.html"), "mine").expect("written");
    let output = child.wait_with_output().expect("ended");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("not written by swath: index.html") && said.contains("finished work is kept; resume with"),
        "{said}"
    );
    assert_eq!(std::fs::read(out.join("index.html")).expect("kept"), b"mine");
    std::fs::rename(out.join("index.html"), out.join("mine.html")).expect("moved");
    let said = succeeds(folder.path(), &["run", "x.yaml", "--out", "out"]);
    assert!(said.contains("of 3 trials 3 are done and 0 begun"), "{said}");
    assert!(out.join("index.html").exists() && !out.join("unfinished").exists());
}

/// The gallery was written by 0.2.0, which kept no ledger.
#[test]
fn a_run_of_a_version_without_ledgers_is_swaths_and_what_was_added_to_it_is_not() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let out = folder.path().join("out");
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/gallery/quickstart");
    copy(&gallery, &out);
    let manifest = swath::record::results::read_manifest(&out).expect("a manifest");
    if !["0.1.0", "0.2.0"].contains(&manifest.swath.as_str()) {
        // Rendered anew it has a ledger.
        std::fs::write(
            out.join("manifest.json"),
            std::fs::read_to_string(out.join("manifest.json")).expect("read").replacen(&manifest.swath, "0.2.0", 1),
        )
        .expect("written");
        let _ = std::fs::remove_file(out.join(swath::record::output_folder::LEDGER));
    }
    let mine = [
        "notes.txt",
        "trials/mine.hdf5",
        "plots/mine.svg",
        "tables/mine.md",
        ".not-whole-abc",
        "unfinished/x",
        "chosen-mine.csv",
    ];
    for name in mine {
        std::fs::create_dir_all(out.join(name).parent().expect("a folder")).expect("created");
        std::fs::write(out.join(name), "mine").expect("written");
    }
    // What bears a name of swath's but is something else is somebody's.
    let runs = std::fs::read(out.join("runs.csv")).expect("a file");
    std::fs::write(out.join("runs.csv"), "my,own,runs\n").expect("written");
    // It is swath's afterwards, and says so. Where the gallery was rendered there are trials, too.
    let look = || {
        let mut all = snapshot(&out);
        all.retain(|name, _| ![".swath-ledger", "trials/.lock.children"].contains(&name.as_str()));
        all
    };
    let before = look();
    let said = refuses(folder.path(), &["run", "x.yaml", "--out", "out", "--fresh"]);
    assert!(said.contains("not written by swath: runs.csv"), "{said}");
    let after = look();
    assert_same(&after, &before, "refused");
    std::fs::write(out.join("runs.csv"), runs).expect("written");
    std::fs::remove_file(out.join(swath::record::output_folder::LEDGER)).expect("removed");

    succeeds(folder.path(), &["run", "x.yaml", "--out", "out", "--fresh"]);
    assert!(mine.iter().all(|name| std::fs::read(out.join(name)).expect("kept") == b"mine"));
    // Figures of the gallery that this run has not are gone.
    assert!(gallery.join("plots/curves-lambda.svg").exists() && !out.join("plots/curves-lambda.svg").exists());
    assert_eq!(swath::record::results::read(&out).expect("a run").1.trials.len(), 3);
    succeeds(folder.path(), &["run", "x.yaml", "--out", "out"]);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("created");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).map(drop).expect("copied");
        }
    }
}

#[test]
fn one_kind_of_folder_does_not_become_another() {
    let folder = prepared();
    let place = folder.path();
    succeeds(place, &["import", "ann", "--dataset", "rich", "--out", "back"]);
    succeeds(place, &["report", "a", "b", "--out", "both"]);
    succeeds(place, &["history", "plot", "--file", "h.csv", "--out", "page"]);
    succeeds(place, &["run", "sweep.yaml", "--out", "swept"]);
    let before = snapshot(place);
    for (arguments, expected) in [
        (&["report", "a", "b", "--out", "a"][..], "a holds a run, which a report of several runs would replace"),
        (&["import", "ann", "--dataset", "rich", "--out", "a"], "a holds a run, which an import would replace"),
        (
            &["import", "ann", "--dataset", "rich", "--out", "back"],
            "back already holds an import\n  --fresh replaces it",
        ),
        (&["run", "x.yaml", "--out", "back"], "back holds an import, which a run would replace"),
        (&["run", "x.yaml", "--out", "both"], "both holds a report of several runs, which a run would replace"),
        (&["run", "x.yaml", "--out", "swept"], "swept holds a sweep, which a run would replace"),
        (&["run", "sweep.yaml", "--out", "a"], "a holds a run, which a sweep would replace"),
        (
            &["history", "plot", "--file", "h.csv", "--out", "a"],
            "a holds a run, which the page of a history would replace",
        ),
        (&["export", "a", "--parquet", "a"], "a holds a run, which an export would replace"),
        (
            &["export", "a", "--ann-benchmarks", "page"],
            "page holds the page of a history, which an export would replace",
        ),
    ] {
        let said = refuses(place, arguments);
        assert!(said.contains(expected), "{said}");
        assert_same(&snapshot(place), &before, &format!("{arguments:?}"));
    }
    // Each again into its own.
    succeeds(place, &["import", "ann", "--dataset", "rich", "--out", "back", "--fresh"]);
    succeeds(place, &["report", "b", "a", "--out", "both"]);
    succeeds(place, &["history", "plot", "--file", "h.csv", "--out", "page"]);
    succeeds(place, &["run", "sweep.yaml", "--out", "swept"]);
    succeeds(place, &["report", "swept"]);
    succeeds(place, &["export", "a", "--ann-benchmarks", "ann", "--parquet", "ann"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let place = folder.path();
    std::fs::write(place.join("sweep.yaml"), SWEEP).expect("written");
    tempting(&place.join("outside"));
    std::fs::write(place.join("target"), "mine").expect("written");
    succeeds(place, &["run", "x.yaml", "--out", "out"]);
    succeeds(place, &["run", "sweep.yaml", "--out", "swept"]);
    let link = |to: &str, name: &str| {
        let name = place.join(name);
        if name.is_dir() {
            std::fs::remove_dir_all(&name).expect("removed");
        } else {
            let _ = std::fs::remove_file(&name);
        }
        std::os::unix::fs::symlink(place.join(to), name).expect("linked");
    };
    let again: [&[&str]; 3] =
        [&["run", "x.yaml", "--out", "out"], &["run", "x.yaml", "--out", "out", "--fresh"], &["report", "out"]];
    for (to, name) in [
        ("outside", "out/unfinished"),
        ("outside/plots", "out/plots"),
        ("outside/tables", "out/tables"),
        ("outside/trials", "out/trials"),
        ("target", "out/paper.tex"),
        ("target", "out/trials/.lock.children"),
        ("target", "out/.swath-ledger"),
    ] {
        let kept = place.join("kept");
        copy(&place.join("out"), &kept);
        link(to, name);
        let before = snapshot(place);
        for arguments in again {
            // A report writes no trials and no work.
            if arguments[0] == "report" && ["out/unfinished", "out/trials", "out/trials/.lock.children"].contains(&name)
            {
                continue;
            }
            refuses(place, arguments);
            assert_same(&snapshot(place), &before, &format!("{name}: {arguments:?}"));
        }
        std::fs::remove_dir_all(place.join("out")).expect("removed");
        std::fs::rename(kept, place.join("out")).expect("put back");
    }
    // A cell that is a link, even to a folder of swath's.
    std::fs::rename(place.join("swept/n=40"), place.join("elsewhere")).expect("moved");
    link("elsewhere", "swept/n=40");
    let before = snapshot(place);
    for arguments in [&["run", "sweep.yaml", "--out", "swept"][..], &["report", "swept"]] {
        assert!(refuses(place, arguments).contains("swept/n=40 is a link"));
        assert_same(&snapshot(place), &before, "");
    }
}

#[test]
fn a_sweep_does_not_lead_out_of_its_folder() {
    let folder = folder_with("sweep.yaml", SWEEP);
    let place = folder.path();
    succeeds(place, &["run", "sweep.yaml", "--out", "swept"]);
    std::fs::write(place.join("x.yaml"), EXPERIMENT).expect("written");
    succeeds(place, &["run", "x.yaml", "--out", "victim"]);
    let list = place.join("swept/sweep.json");
    let text = std::fs::read_to_string(&list).expect("a list");
    let absolute = place.join("victim");
    for name in
        ["../victim", "..", "", ".", "n=40/../../victim", absolute.to_str().expect("text"), "n=40/", "..\\\\victim"]
    {
        std::fs::write(&list, text.replacen("n=40", name, 1)).expect("written");
        // Whoever writes such a file can write a ledger that fits it.
        support::as_written(&place.join("swept"), "sweep.json");
        let before = snapshot(place);
        let said = refuses(place, &["report", "swept"]);
        assert!(said.contains("is no name of a cell, such as `n=1000,k=5`"), "{name}: {said}");
        assert_same(&snapshot(place), &before, name);
    }
}

/// Puts something in the place of a ledger.
#[cfg(unix)]
type Make<'a> = Box<dyn Fn() + 'a>;

/// One process is kept waiting by no file that never ends, and believes no ledger that is none.
#[cfg(unix)]
#[test]
fn a_ledger_that_is_none_is_refused() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let place = folder.path();
    succeeds(place, &["run", "x.yaml", "--out", "out"]);
    let ledger = place.join("out/.swath-ledger");
    let was = std::fs::read(&ledger).expect("a ledger");
    let mut make: Vec<(&str, Make<'_>)> = vec![
        ("a pipe", Box::new(|| assert!(Command::new("mkfifo").arg(&ledger).status().expect("mkfifo").success()))),
        ("a folder", Box::new(|| std::fs::create_dir(&ledger).expect("created"))),
        ("a device", Box::new(|| std::os::unix::fs::symlink("/dev/zero", &ledger).expect("linked"))),
        ("notes", Box::new(|| std::fs::write(&ledger, "my notes\n").expect("written"))),
        ("a newer one", Box::new(|| std::fs::write(&ledger, "{\"ledger\":2,\"holds\":\"run\"}\n").expect("written"))),
        (
            "a large one",
            Box::new(|| std::fs::File::create(&ledger).and_then(|file| file.set_len(1 << 33)).expect("written")),
        ),
    ];
    for (what, make) in make.drain(..) {
        std::fs::remove_file(&ledger).or_else(|_| std::fs::remove_dir(&ledger)).expect("removed");
        make();
        for arguments in
            [&["run", "x.yaml", "--out", "out"][..], &["report", "out"], &["reproduce", "out", "--out", "out"]]
        {
            let said = refuses(place, arguments);
            assert!(said.contains("out/.swath-ledger: "), "{what}: {said}");
        }
    }
    // Whatever it lists, nothing outside is touched.
    std::fs::remove_file(&ledger).expect("removed");
    let hash = swath::record::output_folder::hash_of(&place.join("plain.hdf5")).expect("read").expect("a file");
    let lines = ["../plain.hdf5", "../out/../plain.hdf5", "trials/../../plain.hdf5", "plots/../../plain.hdf5"];
    let lines = lines.map(|name| format!("{{\"file\":\"{name}\",\"sha256\":\"{hash}\"}}\n"));
    std::fs::write(&ledger, [&was[..], lines.concat().as_bytes()].concat()).expect("written");
    succeeds(place, &["run", "x.yaml", "--out", "out", "--fresh"]);
    assert!(place.join("plain.hdf5").exists());
}

/// One run's folder inside another's: whoever comes second is refused, or does no harm, whenever either runs again.
#[test]
fn nested_runs_do_not_harm_each_other() {
    for inner in [
        "out/inner",
        "out/trials/inner",
        "out/unfinished",
        "out/unfinished/trials",
        "out/plots",
        "out/trials",
        "out/plots/page",
    ] {
        let folder = folder_with("x.yaml", &EXPERIMENT.replace("repeats: 2", "repeats: 200"));
        let place = folder.path();
        let start = |out: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
            command
                .args(["run", "--quiet", "x.yaml", "--out", out])
                .current_dir(place)
                .env("SWATH_CACHE", place.join(".cache"));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
        };
        // Both at once.
        let children = [start("out"), start(inner)];
        let mut codes = Vec::new();
        for child in children {
            let output = child.wait_with_output().expect("ended");
            let code = output.status.code().expect("a code");
            // One that was too late may have found the other's folder: it says so, and keeps what it did.
            assert!([0, 1, 2].contains(&code), "{inner}: {}", stderr(&output));
            assert!(code == 0 || stderr(&output).contains("swath"), "{inner}: {}", stderr(&output));
            codes.push(code);
        }
        assert!(codes.contains(&0), "{inner}: {codes:?}");
        let whole =
            |out: &str| swath::record::results::read(&place.join(out)).map(|(_, results)| results.trials.len()).ok();
        // One that found the other's folder as late as its report has all its results, and says that it failed.
        for (out, code) in ["out", inner].into_iter().zip(codes) {
            assert!(code != 0 || whole(out) == Some(3), "{inner}: {out} has {:?} trials", whole(out));
        }
        // And again, in turns.
        for (again, other) in [("out", inner), (inner, "out"), ("out", inner)] {
            let files = |out: &str| {
                let mut files = snapshot(&place.join(out));
                files.retain(|name, _| out != "out" || !format!("out/{name}/").starts_with(&format!("{inner}/")));
                files
            };
            let before = if place.join(other).is_dir() { files(other) } else { BTreeMap::new() };
            let was_whole = whole(other);
            let (code, said) = run(place, &["run", "x.yaml", "--out", again]);
            assert!(code == 0 || code == 2, "{inner}: {said}");
            if was_whole.is_some() {
                assert_same(&files(other), &before, &format!("{inner}: {again} has changed {other}"));
                assert_eq!(whole(other), was_whole);
            }
        }
    }
}

/// Ten processes add a commit each.
#[test]
fn no_commit_is_lost_where_several_processes_add_to_a_history() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let place = folder.path();
    succeeds(place, &["run", "x.yaml", "--out", "out"]);
    for round in 0..3 {
        let file = format!("h{round}.csv");
        let commits: Vec<String> = (0..10).map(|i| format!("{i:07x}")).collect();
        let add = |commit: &String| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
            command.args(["history", "add", "out", "--file", &file, "--commit", commit]).current_dir(place);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
        };
        let children: Vec<_> = commits.iter().map(add).collect();
        for child in children {
            let output = child.wait_with_output().expect("ended");
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        }
        let history = swath::ci::history::History::read(&place.join(&file)).expect("a history");
        let mut found: Vec<&str> = history.rows.iter().map(|row| row.commit.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, commits, "round {round}");
        assert_eq!(history.rows.len() % 10, 0, "each with all its rows");
    }
    let names: Vec<String> =
        snapshot(place).into_keys().filter(|name| name.contains("lock") && !name.contains('/')).collect();
    assert_eq!(names, [""; 0], "no lock is left beside it");
}

/// Files are made, replaced and removed by few hands: those that write them whole, and those that know what is swath's.
#[test]
fn every_file_is_written_by_those_who_write_it_whole() {
    // Where else, and why.
    let known: &[(&str, &str, usize)] = &[
        // The hands themselves.
        ("datasets/src/whole_file.rs", "", 99),
        ("harness/src/record/output_folder/mod.rs", "OpenOptions::new", 3),
        ("harness/src/record/output_folder/mod.rs", "fs::remove", 2),
        // Empty, and never read.
        ("harness/src/run/lock.rs", "OpenOptions::new", 1),
        ("harness/src/ci/history/turn.rs", "OpenOptions::new", 1),
        // Appended to, record by record; a record that is cut is noticed.
        ("harness/src/record/passes.rs", "OpenOptions::new", 2),
        ("harness/src/record/passes.rs", "fs::remove", 1),
        ("datasets/src/truth_in_parts.rs", "OpenOptions::new", 1),
        ("datasets/src/truth_in_parts.rs", "fs::remove", 1),
        // What the run wrote for its children, in its own folder, listed as worked on.
        ("harness/src/run/data.rs", "fs::remove", 1),
        // Entries that begin as the cache's do.
        ("harness/src/run/cache.rs", "fs::remove", 1),
        // The CI system's own file, to which others append, too.
        ("harness/src/cli/outputs.rs", "OpenOptions::new", 1),
        // A kept dataset that is ours.
        ("datasets/src/prepared/kept.rs", "fs::remove", 1),
        // The values of before, once both files of a baseline are new.
        ("harness/src/ci/check/baseline/write.rs", "fs::remove", 1),
        // Only to read.
        ("datasets/src/bounded.rs", "OpenOptions::new", 1),
        // A command's own folder of temporary files.
        ("harness/src/interrupt.rs", "fs::remove", 1),
        // The part of a download, which must stay if it breaks off; it is renamed when it is whole.
        ("datasets/src/fetch/part.rs", "OpenOptions::new", 1),
        ("datasets/src/fetch/part.rs", "fs::remove", 5),
        ("datasets/src/fetch/finish.rs", "File::create", 1),
        ("datasets/src/fetch/finish.rs", "fs::remove", 1),
        // In the folder of one program alone: arrays that both write; and the folder itself, once all in it have ended.
        ("harness/src/external/arrays.rs", "OpenOptions::new", 1),
        ("harness/src/external/watch.rs", "fs::remove", 1),
        // No file: nothing is read from it, and what is written is gone.
        ("harness/src/external/watch.rs", "File::options", 1),
        // No file: a switch of the kernel's.
        ("harness/src/run/memory.rs", "fs::write", 1),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut waiting: Vec<PathBuf> =
        ["harness/src", "datasets/src", "algorithms/src"].map(|folder| root.join(folder)).to_vec();
    let (mut unknown, mut files) = (Vec::new(), 0);
    while let Some(next) = waiting.pop() {
        if next.is_dir() {
            waiting.extend(std::fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let name = next.strip_prefix(&root).expect("inside").to_string_lossy().replace('\\', "/");
        if name.strip_suffix(".rs").is_none_or(|name| name.ends_with("tests")) {
            continue;
        }
        files += 1;
        let text = std::fs::read_to_string(&next).expect("text");
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for call in [
            "fs::write",
            "File::create",
            "OpenOptions::new",
            "File::options",
            "fs::remove",
            "fs::rename",
            "fs::copy",
            "fs::create_dir",
        ] {
            let found = code.lines().filter(|line| !line.trim_start().starts_with("//") && line.contains(call)).count();
            let may = known
                .iter()
                .filter(|(of, what, _)| *of == name && (what.is_empty() || *what == call))
                .map(|(.., most)| most);
            if found > may.sum() {
                unknown.push(format!("{name}: {found} times {call}"));
            }
        }
    }
    assert!(files > 100, "{files}");
    assert_eq!(unknown, [""; 0]);
}
