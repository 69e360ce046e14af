//! `swath check`, `baseline`, `compare` and `reproduce`, and what CI systems are given.

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use support::{folder_with, stderr, stdout, swath};

const EXPERIMENT: &str = "\
name: small
dataset: rich.hdf5
k: 5
repeats: 2
metrics: [recall, redundancy]
check: { rounds: 3, passes: 2, tolerance: { time: 9 } }
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: 0.9 } } }
";

/// The same with a retriever that has become worse under its old name.
fn worse() -> String {
    EXPERIMENT.replace("lambda: 0.9", "lambda: 0.05")
}

fn saved() -> tempfile::TempDir {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quality-only"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(["check", "small.yaml", "--quality-only", "--quiet"]).args(arguments).current_dir(folder);
    command.env_remove("SWATH_DATA").env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command.env("SWATH_CACHE", folder.join(".cache")).output().expect("the program runs")
}

#[test]
fn what_has_not_changed_passes() {
    let folder = saved();
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "6 measures: 6 unchanged; times were not looked at\n");
}

#[test]
fn what_has_become_worse_fails_and_is_named_with_its_evidence() {
    let folder = saved();
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let files = ["--junit", "o/j.xml", "--markdown", "o/m.md", "--json", "o/c.json", "--bencher", "o/b.json"];
    let output = check(folder.path(), &[&files[..], &["--github-action-benchmark", "o"]].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: mmr: recall regressed, ") && said.contains("0.5 % are let pass"), "{said}");
    assert!(stdout(&output).contains("improved"), "redundancy is less, which is better: {}", stdout(&output));

    let read = |name: &str| std::fs::read_to_string(folder.path().join("o").join(name)).expect("a file");
    let json = |name: &str| serde_json::from_str::<Value>(&read(name)).expect("JSON");
    let junit = read("j.xml");
    assert_eq!(junit.matches("<testcase ").count(), 6, "{junit}");
    assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
    assert!(junit.contains("tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"0\""), "{junit}");
    assert_eq!(junit.matches("<testsuite ").count(), junit.matches("</testsuite>").count());
    let markdown = read("m.md");
    assert!(markdown.starts_with("## swath: 1 regression in small\n"), "{markdown}");
    assert!(markdown.contains("| mmr | recall | ") && markdown.contains("<details><summary>"), "{markdown}");
    let found = json("c.json");
    assert_eq!(found["regressions"], 1);
    let finding = &found["findings"].as_array().expect("findings")[3];
    assert_eq!((&finding["trial"], &finding["measure"]), (&"mmr".into(), &"recall".into()));
    assert_eq!(finding["verdict"], "regressed");
    let metric = &json("b.json")["small/mmr"]["recall"];
    let [value, lower, upper] =
        ["value", "lower_value", "upper_value"].map(|name| metric[name].as_f64().expect("a number"));
    assert!(lower <= value && value <= upper && value == finding["now"].as_f64().expect("a number"));
    let names = |file: &str| {
        let list = json(file);
        list.as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("bigger-is-better.json"), ["small/top-k/recall", "small/mmr/recall"]);
    assert!(names("smaller-is-better.json").contains(&"small/mmr/evaluations".to_owned()));
}

/// A tolerance that is wide enough lets it pass.
#[test]
fn thresholds_are_those_of_the_experiment() {
    let folder = saved();
    let lenient = worse().replace("time: 9", "time: 9, recall: 0.95");
    std::fs::write(folder.path().join("small.yaml"), lenient).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("within noise"), "{}", stdout(&output));
}

#[test]
fn trials_that_come_go_or_fail_are_told_apart() {
    let folder = saved();
    let other = EXPERIMENT.replace("name: mmr", "name: mmr-2");
    std::fs::write(folder.path().join("small.yaml"), other).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("1 new, 1 gone"), "{}", stdout(&output));
    let failing = EXPERIMENT.replace("k: 5", "k: 5\nlimits: { memory: 1 MiB }");
    std::fs::write(folder.path().join("small.yaml"), &failing).expect("written");
    if cfg!(target_os = "linux") {
        let output = check(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("error: mmr failed: its build failed: "), "{}", stderr(&output));
        // Whatever fails first: without the reference nothing can be said.
        let last = failing.replace("k: 5", "k: 5\nreference: mmr");
        std::fs::write(folder.path().join("last.yaml"), last).expect("written");
        let output = swath(folder.path(), &["baseline", "save", "last.yaml", "--quality-only"]);
        assert_eq!(output.status.code(), Some(1));
        let expected = "error: the reference mmr failed, so that there is no baseline: its build failed: ";
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

/// The text is what is compared where the values beside it say something else.
#[test]
fn values_of_another_mean_are_left_aside() {
    let folder = saved();
    let path = folder.path().join("baselines/small.yaml");
    let text = std::fs::read_to_string(&path).expect("a baseline");
    let of_mmr = text.find("  mmr:\n").expect("mmr");
    let (head, tail) = text.split_at(of_mmr);
    let line = tail.lines().find(|line| line.starts_with("    recall: ")).expect("its recall");
    std::fs::write(&path, format!("{head}{}", tail.replacen(line, "    recall: 1", 1))).expect("written");
    let output = check(folder.path(), &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the values of recall of mmr have another mean than it says; means are compared"), "{said}");
    assert!(said.contains("error: mmr: recall regressed, 1.0000 to "), "{said}");
    assert!(stdout(&output).ends_with("6 measures: 1 regressed, 5 unchanged; times were not looked at\n"));
    std::fs::write(&path, format!("{head}{}", tail.replacen(line, "    recall: high", 1))).expect("written");
    let output = check(folder.path(), &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("this is no baseline: line") && said.contains("expected a number, or a list"), "{said}");
}

#[test]
fn a_baseline_of_something_else_is_refused() {
    let folder = saved();
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT.replace("k: 5", "k: 4")).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("the k was 5 and is 4") && said.contains("swath baseline update small.yaml"), "{said}");
    let output = check(folder.path(), &["--baseline", "no.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no such baseline"), "{}", stderr(&output));
    let output = check(folder.path(), &["--baseline", "baselines/small.hdf5"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("a baseline is the file .yaml"), "{}", stderr(&output));
    let sweep = EXPERIMENT.replace("k: 5", "sweep: { k: [4, 5] }");
    std::fs::write(folder.path().join("small.yaml"), sweep).expect("written");
    let output = check(folder.path(), &["--baseline", "no.yaml"]);
    assert!(stderr(&output).contains("a sweep is many experiments"), "before the baseline: {}", stderr(&output));
}

#[test]
fn a_baseline_is_saved_once_shown_and_updated() {
    let folder = saved();
    let output = swath(folder.path(), &["baseline", "save", "small.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is there already; `swath baseline update`"), "{}", stderr(&output));
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--file", "rich.hdf5/small.yaml"]);
    assert_eq!(output.status.code(), Some(2), "before minutes are spent");
    assert!(stderr(&output).contains("there is no folder for it, and none can be made"), "{}", stderr(&output));
    let text = || std::fs::read_to_string(folder.path().join("baselines/small.yaml")).expect("a baseline");
    assert!(text().contains("  mmr:\n    recall: 0."), "{}", text());
    let output = swath(folder.path(), &["baseline", "show", "baselines/small.yaml"]);
    assert!(stdout(&output).starts_with("small: 12 queries of rich, k = 5, seed 0\n"), "{}", stdout(&output));
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let before = text();
    let output = swath(folder.path(), &["baseline", "update", "small.yaml", "--quality-only"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("regressed"), "what changes is said: {}", stdout(&output));
    assert_ne!(before, text());
    assert_eq!(check(folder.path(), &[]).status.code(), Some(0));
}

/// With times: they are written, compared, and here nothing can be slow enough.
#[test]
fn times_are_compared_with_those_of_the_same_machine_alone() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let path = folder.path().join("baselines/small.yaml");
    let text = std::fs::read_to_string(&path).expect("a baseline");
    assert_eq!(text.matches("    time: [").count(), 1, "none of the reference: {text}");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("mmr    time"), "{said}");
    assert!(
        said.contains("top-k  time") && said.contains(" times what it took; the others are timed against it"),
        "{said}"
    );
    let once = EXPERIMENT.replace("rounds: 3", "rounds: 1");
    std::fs::write(folder.path().join("small.yaml"), once).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("not compared (timed once, of which nothing can be said; 3 times are the least)"), "{said}");
    let reference = text.lines().find(|line| line.starts_with("    reference-ms: ")).expect("times of the reference");
    std::fs::write(&path, text.replace(reference, "")).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("small.yaml: `time` of `mmr` needs as many times in `reference-ms`, all above 0"), "{said}");
    let machine = text.lines().find(|line| line.starts_with("machine: ")).expect("a machine");
    std::fs::write(&path, text.replace(machine, "machine: another")).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert!(stdout(&output).contains("not compared (timed on another machine (another))"), "{}", stdout(&output));
}

#[test]
fn two_runs_are_compared_and_a_run_is_reproduced() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let run = |out: &str| {
        let output = swath(folder.path(), &["run", "small.yaml", "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    run("a");
    let output = swath(folder.path(), &["reproduce", "a"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(
        said.contains("reproduced: 2 trials return the same to each of 12 queries, and all metrics agree"),
        "{said}"
    );
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    run("b");
    let output = swath(folder.path(), &["compare", "a", "b"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("regressed") && stderr(&output).contains("mmr: recall regressed"));
    // A run whose results are not what its manifest leads to.
    for entry in std::fs::read_dir(folder.path().join("b/trials")).expect("a folder").flatten() {
        let path = entry.path();
        let same = folder.path().join("a/trials").join(entry.file_name());
        if !same.exists() && path.extension().is_some() {
            let id = path.file_stem().expect("a name").to_str().expect("text").to_owned();
            let text = std::fs::read_to_string(folder.path().join("a/manifest.json")).expect("a manifest");
            let manifest: Value = serde_json::from_str(&text).expect("JSON");
            let mmr = manifest["trials"][1]["trial"].as_str().expect("an id");
            std::fs::write(folder.path().join("a/manifest.json"), text.replace(mmr, &id)).expect("written");
            std::fs::copy(&path, folder.path().join("a/trials").join(entry.file_name())).expect("copied");
        }
    }
    let output = swath(folder.path(), &["reproduce", "a", "--out", "again"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let said = stdout(&output);
    assert!(said.contains("differs: mmr: ") && said.contains("queries return something else; recall 0."), "{said}");
    assert!(folder.path().join("again/index.html").exists());
    for (path, what) in [("none", "none: there is no such folder"), (".", ".: this is not the folder of a run: ")] {
        let output = swath(folder.path(), &["compare", "a", path]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
    }
    let trials = std::fs::read_dir(folder.path().join("b/trials")).expect("a folder").flatten();
    trials.for_each(|trial| std::fs::remove_file(trial.path()).expect("removed"));
    let output = swath(folder.path(), &["report", "b"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains(".hdf5 is not there: what this trial returned was not kept; the same `swath run`"), "{said}");
    std::fs::remove_file(folder.path().join("rich.hdf5")).expect("removed");
    let output = swath(folder.path(), &["reproduce", "a"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

/// The script of the action and of the GitLab job, in surroundings like GitHub's.
#[cfg(unix)]
#[test]
fn the_script_for_ci_annotates_and_summarises() {
    let folder = saved();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/check");
    let run = || {
        let mut command = Command::new("bash");
        command.arg(&script).current_dir(folder.path());
        command.env("SWATH", env!("CARGO_BIN_EXE_swath")).env("SWATH_CONFIG", "small.yaml");
        command.env("SWATH_QUALITY_ONLY", "true").env("SWATH_BASELINE", "").env("SWATH_OUT", "found");
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", folder.path().join("summary.md"));
        command.env_remove("SWATH_DATA").output().expect("bash")
    };
    let output = run();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stdout(&output).contains("::error"), "{}", stdout(&output));
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let output = run();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let annotation = "::error file=baselines/small.yaml,title=swath%3A recall regressed::mmr: recall regressed, ";
    assert!(stdout(&output).contains(annotation), "{}", stdout(&output));
    let summary = std::fs::read_to_string(folder.path().join("summary.md")).expect("a summary");
    assert!(
        summary.contains("no regression in small") && summary.contains("1 regression in small"),
        "appended: {summary}"
    );
    for name in
        ["junit.xml", "summary.md", "check.json", "bencher.json", "bigger-is-better.json", "smaller-is-better.json"]
    {
        assert!(folder.path().join("found").join(name).is_file(), "{name}");
    }
    let action = std::fs::read_to_string(script.with_file_name("../action.yml")).expect("the action");
    for name in ["SWATH_CONFIG", "SWATH_BASELINE", "SWATH_QUALITY_ONLY", "SWATH_OUT"] {
        assert!(action.contains(&format!("        {name}: ${{{{ inputs.")), "{name}");
    }
}
