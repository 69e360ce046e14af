//! Pipes, sockets, devices and files without end in the place of every file that is read: none is waited for.
#![cfg(unix)]

mod support;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{folder_with, stderr, swath};

const EXPERIMENT: &str = "\
name: small
dataset: rich.hdf5
k: 5
repeats: 1
metrics: [recall]
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - name: walk
    candidates: { exact: { pool: 5 } }
    expand: { walk: { graph: [[knn]], neighbors: 4 } }
    select: top-k
";

/// The longest that any of these may take.
const SECONDS: u64 = 60;

fn pipe(path: &Path) {
    let _ = std::fs::remove_file(path);
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a pipe");
}

/// Runs it; its exit code and what it said. A program that waits for a pipe would wait for ever: that is a failure here.
fn ends(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_swath"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SWATH_DATA")
        .env("SWATH_CACHE", folder.join("kept"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    for _ in 0..SECONDS * 20 {
        if child.try_wait().expect("a child").is_some() {
            let output = child.wait_with_output().expect("it has ended");
            return (output.status.code(), stderr(&output));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().expect("killed");
    panic!("{arguments:?} did not end within {SECONDS} s");
}

#[test]
fn what_is_no_file_is_refused_before_it_is_read() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let at = |name: &str| folder.path().join(name);
    for command in [
        &["run", "small.yaml", "--out", "out"][..],
        &["baseline", "save", "small.yaml", "--file", "base.yaml", "--quality-only"],
        &["history", "add", "out", "--commit", "1234567"],
    ] {
        let output = swath(folder.path(), command);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {}", stderr(&output));
    }
    let trial = std::fs::read_dir(at("out/trials")).expect("trials").flatten().map(|entry| entry.path());
    let trial = trial.filter(|path| path.extension().is_some_and(|end| end == "hdf5")).min().expect("a trial");
    let trial = trial.strip_prefix(folder.path()).expect("inside").to_str().expect("a path in UTF-8").to_owned();
    let cases: [(&str, &[&str], i32); 10] = [
        ("pipe.yaml", &["run", "pipe.yaml"], 2),
        ("pipe.yaml", &["check", "pipe.yaml"], 2),
        ("pipe.yaml", &["report", "out", "--config", "pipe.yaml"], 2),
        ("out/manifest.json", &["report", "out"], 2),
        (trial.as_str(), &["report", "out"], 2),
        ("out/queries.json", &["report", "out"], 2),
        ("base.yaml", &["check", "small.yaml", "--baseline", "base.yaml", "--quality-only"], 2),
        ("base.hdf5", &["check", "small.yaml", "--baseline", "base.yaml", "--quality-only"], 2),
        ("history.csv", &["history", "plot"], 2),
        ("history.csv", &["history", "add", "out", "--commit", "1234567"], 2),
    ];
    for (name, command, code) in cases {
        let kept = at(&format!("{}.kept", name.replace('/', "-")));
        let was = at(name).exists();
        if was {
            std::fs::rename(at(name), &kept).expect("moved");
        }
        pipe(&at(name));
        let (ended, said) = ends(folder.path(), command);
        assert_eq!(ended, Some(code), "{command:?}: {said}");
        assert!(said.contains("it is a pipe, and only regular files are read"), "{command:?}: {said}");
        std::fs::remove_file(at(name)).expect("removed");
        if was {
            std::fs::rename(&kept, at(name)).expect("moved back");
        }
    }
    let _listens = std::os::unix::net::UnixListener::bind(at("socket.yaml")).expect("a socket");
    for (path, what) in [("socket.yaml", "a socket"), ("/dev/zero", "a device")] {
        let (ended, said) = ends(folder.path(), &["run", path]);
        assert_eq!(ended, Some(2), "{said}");
        assert!(said.contains(&format!("it is {what}, and only regular files are read")), "{said}");
    }
}

/// Files of a run's own: it goes on without them, or ends with what is in the way.
#[test]
fn a_run_does_not_wait_for_what_lies_in_its_place() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let at = |name: &str| folder.path().join(name);
    let run = ["run", "small.yaml", "--out", "out", "--quiet"];
    assert_eq!(ends(folder.path(), &run).0, Some(0));
    // What is kept, as a link to what has no end.
    for ending in ["graph", "dataset"] {
        let mut kept = std::fs::read_dir(at("kept")).expect("kept").flatten().map(|entry| entry.path());
        let kept = kept.find(|path| path.extension().is_some_and(|is| is == ending)).expect("one is kept");
        std::fs::remove_file(&kept).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &kept).expect("a link");
        let (ended, said) = ends(folder.path(), &run);
        assert_eq!(ended, Some(0), "{said}");
        assert!(said.contains(&format!(".{ending} is in the way: it is a link")), "{said}");
        assert!(std::fs::read_link(&kept).is_ok(), "it is left as it is");
        std::fs::remove_file(&kept).expect("removed");
    }
    // A lock.
    let lock = std::fs::read_dir(at("out/trials")).expect("trials").flatten().map(|entry| entry.path());
    let lock = lock.filter(|path| path.extension().is_none_or(|end| end != "hdf5")).min().expect("a lock");
    pipe(&lock);
    let (ended, said) = ends(folder.path(), &run);
    assert_eq!(ended, Some(2), "{said}");
    assert!(said.contains("changed since swath wrote it: trials/.lock.children"), "{said}");
}

#[test]
fn a_file_without_an_end_in_sight_is_not_read() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let file = std::fs::File::create(folder.path().join("large.yaml")).expect("a file");
    file.set_len(1 << 40).expect("of nothing");
    for command in
        [&["run", "large.yaml"][..], &["baseline", "show", "large.yaml"], &["history", "plot", "--file", "large.yaml"]]
    {
        let (ended, said) = ends(folder.path(), command);
        assert_eq!(ended, Some(2), "{command:?}: {said}");
        assert!(said.contains("it has 1099511627776 bytes; such a file may have at most "), "{command:?}: {said}");
    }
}

#[test]
fn a_device_is_not_said_to_be_missing() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let (code, said) = ends(folder.path(), &["datasets", "info", "/dev/null"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("the dataset /dev/null is not a regular file"), "{said}");
}
