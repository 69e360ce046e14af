//! Datasets that a user downloads by name, from a server on localhost.

#[path = "../../datasets/tests/fetch/server.rs"]
#[allow(dead_code, reason = "the tests of swath-datasets need more of it")]
mod server;
mod support;

use server::{Reply, Server};
use std::path::Path;
use support::{stderr, stdout, swath};
use swath_datasets::sha256;

const EXPERIMENT: &str = "name: first\ndataset: mine\nk: 5\nretrievers: [{ name: top-k, select: top-k }]\n";

/// A server that sends a whole dataset, once it has broken off in its middle.
fn server() -> (Server, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    support::write_datasets(folder.path());
    let content = std::fs::read(folder.path().join("rich.hdf5")).expect("read");
    let served = content.clone();
    let server = Server::new(move |i, request| match i {
        0 => Reply::new(200, &[("Content-Length", &served.len().to_string()), ("ETag", "\"a\"")])
            .then(&served[..served.len() / 2]),
        _ => Reply::ranged(request, &served, "\"a\""),
    });
    (server, content)
}

/// A folder with the user's own catalogue in `data`.
fn folder_with(data: &str, catalogue: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join(data)).expect("made");
    std::fs::write(folder.path().join(data).join("catalogue.yaml"), catalogue).expect("written");
    std::fs::write(folder.path().join("first.yaml"), EXPERIMENT).expect("written");
    folder
}

/// The cells of a row of the list.
fn row(folder: &Path, name: &str) -> String {
    let output = swath(folder, &["datasets", "list", "--data-dir", "data"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name)).expect("listed");
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_dataset_of_the_users_own_catalogue_is_downloaded_and_used() {
    let (server, content) = server();
    let catalogue =
        format!("mine: {{ about: ours, licence: internal, source: us, url: '{}' }}\n", server.url("x.hdf5"));
    let folder = folder_with("data", &catalogue);
    let run = |arguments: &[&str]| swath(folder.path(), &[arguments, &["--data-dir", "data"]].concat());
    assert_eq!(row(folder.path(), "mine"), "no - internal - - - -");
    let missing = run(&["run", "first.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
    let said = stderr(&missing);
    assert!(said.contains("the dataset `mine` is known, but its file is not here"), "{said}");
    assert!(said.contains("`swath datasets fetch mine` downloads it"), "{said}");

    let fetched = run(&["datasets", "fetch", "mine"]);
    assert!(fetched.status.success(), "{}", stderr(&fetched));
    assert!(stderr(&fetched).contains("the connection ended early; tries again in 2"), "{}", stderr(&fetched));
    let path = folder.path().join("data/mine.hdf5");
    assert!(std::fs::read(&path).expect("there") == content);
    let said = stdout(&fetched);
    assert!(said.contains(&format!(" kB, SHA-256 {}\ndownloaded in ", sha256::of(&content))), "{said}");
    assert!(said.ends_with("write an experiment: swath init mine --data-dir data\n"), "{said}");
    let half = format!("bytes={}-", content.len() / 2);
    assert_eq!(server.requests()[1].header("range"), Some(half.as_str()));

    assert!(row(folder.path(), "mine").starts_with("yes angular internal 60 12 5 "));
    let info = run(&["datasets", "info", "mine"]);
    assert!(info.status.success() && stdout(&info).contains(&sha256::of(&content)), "{}", stderr(&info));
    let again = run(&["datasets", "fetch", "mine"]);
    assert!(stdout(&again).contains("was here and is whole") && server.requests().len() == 2, "{}", stdout(&again));
    assert!(run(&["run", "first.yaml"]).status.success());
}

#[test]
fn without_options_the_users_own_folder_is_used() {
    let (server, content) = server();
    let folder = folder_with(".data/swath/datasets", &format!("mine: {{ url: '{}' }}\n", server.url("x.hdf5")));
    let fetched = swath(folder.path(), &["datasets", "fetch", "mine"]);
    assert!(stdout(&fetched).ends_with("write an experiment: swath init mine\n"), "{}", stderr(&fetched));
    assert!(std::fs::read(folder.path().join(".data/swath/datasets/mine.hdf5")).expect("there") == content);
    assert!(swath(folder.path(), &["datasets", "info", "mine"]).status.success());
    // Another folder is named in the commands that are shown.
    let fetched = swath(folder.path(), &["datasets", "fetch", "mine", "--to", "else where"]);
    assert!(stdout(&fetched).ends_with("swath init mine --data-dir 'else where'\n"), "{}", stderr(&fetched));
    assert!(std::fs::read(folder.path().join("else where/mine.hdf5")).expect("there") == content);
}

#[test]
fn what_cannot_be_downloaded_is_said() {
    let server = Server::new(|_, _| Reply::whole(b"<html><title>Sign in</title>"));
    let folder = folder_with("data", &format!("mine: {{ url: '{}' }}\n", server.url("x.hdf5")));
    let fetch = |name: &str| {
        let output = swath(folder.path(), &["datasets", "fetch", name, "--data-dir", "data"]);
        (output.status.code(), stderr(&output))
    };
    let (code, said) = fetch("mine");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the server sent a web page (\u{201c}Sign in\u{201d}), not a dataset"), "{said}");
    let names = std::fs::read_dir(folder.path().join("data")).expect("read").count();
    assert_eq!(names, 1, "only the catalogue");
    let (code, said) = fetch("minee");
    assert_eq!(code, Some(2));
    assert!(said.contains("there is no dataset `minee` in a catalogue\n  did you mean `mine`?"), "{said}");
    let (code, said) = fetch("glove-wordnet-20k");
    assert_eq!(code, Some(2));
    assert!(said.contains("glove-wordnet-20k.hdf5 is in the folder datasets/data of swath's repository"), "{said}");
    std::fs::write(folder.path().join("data/catalogue.yaml"), "mine:\n  ur: x\n").expect("written");
    let (code, said) = fetch("mine");
    assert_eq!(code, Some(2));
    assert!(said.contains("catalogue.yaml, line 2, column 3: ") && said.contains("ur"), "{said}");
    let listed = swath(folder.path(), &["datasets", "list", "--data-dir", "data"]);
    assert_eq!((listed.status.code(), stderr(&listed)), (Some(2), said));
}

#[test]
fn files_of_no_catalogue_are_listed_and_a_damaged_one_says_so() {
    let folder = folder_with("data", "");
    support::write_datasets(&folder.path().join("data"));
    std::fs::write(folder.path().join("data/broken.hdf5"), "x").expect("written");
    assert!(row(folder.path(), "rich").starts_with("yes angular - 60 12 5 "));
    assert!(row(folder.path(), "broken").starts_with("damaged - - "));
    let json = swath(folder.path(), &["datasets", "list", "--json", "--data-dir", "data"]);
    let listed: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let find = |name: &str| listed.as_array().expect("a list").iter().find(|one| one["name"] == name).expect("listed");
    assert_eq!((&find("rich")["points"], &find("rich")["here"]), (&60.into(), &"yes".into()));
    assert!(find("broken")["damage"].as_str().is_some_and(|why| why.contains("broken.hdf5")));
    assert_eq!(find("sift-128-euclidean")["urls"][0], "https://ann-benchmarks.com/sift-128-euclidean.hdf5");
    let about = stdout(&swath(folder.path(), &["datasets", "list", "--about"]));
    assert!(about.contains("\n    https://ann-benchmarks.com/gist-960-euclidean.hdf5\n"), "{about}");
}

#[cfg(unix)]
#[test]
fn a_download_that_the_user_stops_leaves_its_part() {
    let server = Server::new(|_, _| Reply::new(200, &[("Content-Length", "1000000")]).then([7; 5000]).pause(20_000));
    let folder = folder_with("data", &format!("mine: {{ url: '{}' }}\n", server.url("x.hdf5")));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_swath"))
        .args(["datasets", "fetch", "mine", "--data-dir", "data"])
        .current_dir(folder.path())
        .env_remove("SWATH_DATA")
        .env("XDG_DATA_HOME", folder.path())
        .env("no_proxy", "*")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    let part = folder.path().join("data/mine.hdf5.part");
    while !part.metadata().is_ok_and(|metadata| metadata.len() == 5000) {
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(child.try_wait().expect("runs").is_none());
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("asked to stop");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(stderr(&output), "stopped; swath datasets fetch mine --data-dir data goes on from here\n");
    assert!(part.is_file() && !folder.path().join("data/mine.hdf5").exists());
}
