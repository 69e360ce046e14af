//! What `swath datasets` writes: nobody's file is replaced, nothing costly is lost, and a place that cannot be written is no wrong input.

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use support::{stderr, stdout};
use swath_datasets::hdf5_file::{Hdf5Writer, Values};

/// The folder of the shipped dataset.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/data");

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command
        .current_dir(folder)
        .arg("datasets")
        .args(arguments)
        .env("SWATH_CACHE", folder.join(".cache"))
        .env("SWATH_DATA", DATA);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn datasets(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("it runs")
}

#[test]
fn a_file_that_appears_meanwhile_stays_and_so_do_finished_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let arguments = ["ground-truth", "glove-wordnet-20k", "x.ibin", "--k", "7"];
    let child = command(folder.path(), &arguments).spawn().expect("it runs");
    for _ in 0..100_000 {
        if at("x.ibin.computed").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    std::fs::write(at("x.ibin"), "mine").expect("written");
    let output = child.wait_with_output().expect("it ends");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("x.ibin has appeared since the start, and is not replaced; move it away"), "{said}");
    assert_eq!(std::fs::read(at("x.ibin")).expect("there"), b"mine");
    std::fs::remove_file(at("x.ibin")).expect("removed");
    // Another k does not throw away what is finished, and a process that computes the same is waited for by none.
    let output = datasets(folder.path(), &["ground-truth", "glove-wordnet-20k", "x.ibin", "--k", "5"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("k is 7 there, and 5 is asked for"), "{said}");
    let held = std::fs::File::open(at("x.ibin.computed")).expect("there");
    held.lock().expect("locked");
    let output = datasets(folder.path(), &arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("x.ibin.computed: another process computes these true neighbours now"), "{said}");
    drop(held);
    let output = datasets(folder.path(), &arguments);
    assert!(stdout(&output).contains(", 1000 of them computed before"), "{}", stderr(&output));
    assert!(!at("x.ibin.computed").exists());
}

/// The exit code says that results could not be written.
#[test]
fn an_output_that_cannot_be_written_is_no_wrong_input() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("written");
    for arguments in
        [["convert", "glove-wordnet-20k", "file/x.hdf5"], ["ground-truth", "glove-wordnet-20k", "file/x.hdf5"]]
    {
        let output = datasets(folder.path(), &arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("file/x.hdf5: "), "{said}");
    }
    #[cfg(unix)]
    for arguments in ["convert glove-wordnet-20k x.hdf5", "ground-truth glove-wordnet-20k x.hdf5 --k 3"] {
        // The dataset takes more than 128 blocks, and true neighbours fewer.
        let script = format!("trap '' XFSZ; ulimit -f 128; exec \"$0\" datasets {arguments}");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_swath")]).current_dir(folder.path());
        command.env("SWATH_CACHE", folder.path().join(".cache")).env("SWATH_DATA", DATA);
        let output = command.stdin(Stdio::null()).output().expect("a shell");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("x.hdf5: ") && !folder.path().join("x.hdf5").exists(), "{said}");
    }
}

/// Rows that point the same way become equal only when they are divided by their lengths.
#[test]
fn copies_are_left_out_after_lengths_are() {
    let folder = tempfile::tempdir().expect("a folder");
    // Row 1 is row 0 twice, row 3 is row 2 four times.
    let rows = [3.0, 4.0, 6.0, 8.0, 1.0, 0.0, 4.0, 0.0, 0.0, 2.0];
    let mut file = Hdf5Writer::new();
    file.text("type", "dense").text("distance", "angular").integer("dimension", 2);
    file.array("train", &[5, 2], Values::F32(&rows)).array("test", &[1, 2], Values::F32(&[0.6, 0.8]));
    file.array("neighbors", &[1, 1], Values::I32(&[0])).array("distances", &[1, 1], Values::F32(&[0.0]));
    file.write(&folder.path().join("x.hdf5")).expect("written");
    let output = datasets(folder.path(), &["convert", "x.hdf5", "y.hdf5", "--dedupe", "--normalize"]);
    assert!(stdout(&output).starts_with("wrote y.hdf5: 3 base points of 2 dimensions"), "{}", stderr(&output));
    let told = stdout(&datasets(folder.path(), &["info", "y.hdf5"]));
    let at = |what: &str| told.find(what).unwrap_or_else(|| panic!("{what}: {told}"));
    assert!(at("were divided by their lengths") < at("2 of 5 base points were left out as exact copies"), "{told}");
}
