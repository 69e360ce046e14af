//! docs/your-algorithm.md, followed from top to bottom as a newcomer would: its files are made, and every command is run. Skipped where
//! there is no Python with numpy, unless `SWATH_REQUIRE` names numpy.

#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use support::{stderr, stdout};

/// The page's blocks of code in their order, each with its language.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let code = page.split("\n```").skip(1).step_by(2);
    code.filter_map(|block| block.split_once('\n')).collect()
}

/// A folder in which `python3` is the Python with numpy.
fn folder_of_python(python: &str, folder: &Path) {
    let path = folder.join("python3");
    std::fs::write(&path, format!("#!/bin/sh\nexec '{python}' \"$@\"\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("allowed");
}

fn run(here: &Path, programs: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(arguments).current_dir(here).env("PATH", format!("{}:{path}", programs.display()));
    command.env("SWATH_DATA", Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/data"));
    command.env("SWATH_CACHE", here.join(".cache")).output().expect("the program runs")
}

#[test]
fn every_command_of_the_page_runs_as_it_stands_there() {
    let Some(python) = support::python(&["numpy"]) else { return };
    let (folder, programs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let here = folder.path();
    folder_of_python(&python, programs.path());
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/your-algorithm.md"));
    let page = page.expect("the page");
    let (mut commands, mut shown) = (Vec::new(), String::new());
    for (language, block) in blocks(&page) {
        match language {
            "yaml" | "python" => {
                // The first line names the file.
                let name = block.lines().next().and_then(|line| line.strip_prefix("# ")).expect("the name of a file");
                std::fs::write(here.join(name), block).expect("written");
            }
            "sh" => {
                for line in block.lines().filter(|line| !line.is_empty()) {
                    let arguments: Vec<&str> = line.split(' ').collect();
                    assert_eq!(arguments[0], "swath", "{line}");
                    if arguments.contains(&"--allow-external") {
                        is_refused_before(here, programs.path(), &arguments[1..], commands.len());
                    }
                    let output = run(here, programs.path(), &arguments[1..]);
                    assert_eq!(output.status.code(), Some(0), "{line}\n{}{}", stdout(&output), stderr(&output));
                    shown += &stdout(&output);
                    commands.push(line.to_owned());
                }
            }
            other => panic!("a block of {other}, which nobody runs"),
        }
    }
    assert_eq!(commands.len(), 4, "{commands:#?}");
    assert!(shown.contains("mine 1 on 200 points, euclidean") && !shown.contains("WRONG"), "{shown}");
    for (name, trials) in [("mine", 3), ("three-ways", 7)] {
        let report = here.join("reports").join(name);
        let programs = std::fs::read_to_string(report.join("tables/programs.csv")).expect("a table");
        assert_eq!(programs.lines().count(), 1 + trials, "{programs}");
        let html = std::fs::read_to_string(report.join("index.html")).expect("a page");
        assert!(html.contains("Programs outside"), "{name}");
    }
    // Every second of the pool is another choice than its beginning.
    let runs = std::fs::read_to_string(here.join("reports/three-ways/runs.csv")).expect("a table");
    let recall = |label: &str| {
        let row = runs.lines().find(|line| line.contains(label)).expect("a trial").to_owned();
        let header: Vec<&str> = runs.lines().next().unwrap_or_default().split(',').collect();
        // Parameters have commas, so columns are counted from the end.
        let from_end = header.len() - header.iter().position(|name| *name == "recall").expect("a column");
        let cells: Vec<&str> = row.split(',').collect();
        cells[cells.len() - from_end].parse::<f64>().expect("a number")
    };
    assert_eq!(recall("\"\"stride\"\":1"), 1.0);
    // A little more than one half: recall counts near ties.
    let half = recall("\"\"stride\"\":2");
    assert!((0.5..0.6).contains(&half), "{half}");
}

/// A command that was never run from here is shown, and not run, until it is allowed.
fn is_refused_before(here: &Path, programs: &Path, arguments: &[&str], commands_before: usize) {
    let without: Vec<&str> = arguments.iter().copied().filter(|word| *word != "--allow-external").collect();
    let refused = run(here, programs, &without);
    let said = stderr(&refused);
    if commands_before == 2 {
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("python3 mine.py") && said.contains("--allow-external"), "{said}");
    } else {
        // mine.py is known by now.
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("python3 picks.py") && !said.contains("mine.py\n"), "{said}");
    }
}
