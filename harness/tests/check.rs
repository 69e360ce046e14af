//! `swath check`, `baseline`, `compare` and `reproduce`, and what CI systems are given.

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{folder_with, stderr, stdout, swath};
use swath::ci::check::Session;
use swath::metrics::{MetricName, MetricSetting};
use swath::plan;
use swath::run::Means;

const EXPERIMENT: &str = "\
name: small
dataset: rich.hdf5
k: 5
repeats: 2
metrics: [recall, redundancy]
check: { rounds: 3, passes: 2, tolerance: { time: 9, evaluations: 9 } }
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
    assert_eq!(stdout(&output), "6 measures: 6 unchanged; times were not compared (--quality-only)\n");
}

#[test]
fn what_has_become_worse_fails_and_is_named_with_its_evidence() {
    let folder = saved();
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let files = ["--junit", "o/j.xml", "--markdown", "o/m.md", "--json", "o/c.json", "--bencher", "o/b.json"];
    let output = check(folder.path(), &[&files[..], &["--github-action-benchmark", "o"]].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: mmr: recall regressed, ") && said.contains("tolerance 0.5 %"), "{said}");
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
        let expected = "error: the reference mmr failed, so no baseline was written: its build failed: ";
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

/// What the text says and the values beside it do not is neither believed nor passed over.
#[test]
fn a_baseline_that_was_changed_is_refused() {
    let folder = saved();
    let path = folder.path().join("baselines/small.yaml");
    let text = std::fs::read_to_string(&path).expect("a baseline");
    let of_mmr = text.find("  mmr:\n").expect("mmr");
    let (head, tail) = text.split_at(of_mmr);
    let line = tail.lines().find(|line| line.starts_with("    recall: ")).expect("its recall");
    for (now, expected) in [
        ("    recall: 1", "recall of mmr: the values have the mean 0."),
        ("    recall: 4.9", "`recall` of `mmr` is 4.9, but its range is 0 to 1; the file was edited"),
        ("    recall: high", "this is not a baseline: line"),
    ] {
        std::fs::write(&path, format!("{head}{}", tail.replacen(line, now, 1))).expect("written");
        let output = check(folder.path(), &[]);
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    // A mean less.
    let lacking: Vec<&str> = text.lines().collect();
    let last = lacking.iter().rposition(|line| line.trim_start().starts_with("recall: ")).expect("a mean");
    let lacking = [&lacking[..last], &lacking[last + 1..]].concat().join("\n") + "\n";
    std::fs::write(&path, lacking).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there are values of recall of "), "{}", stderr(&output));
    std::fs::write(&path, &text).expect("written");
    assert_eq!(check(folder.path(), &[]).status.code(), Some(0));
    // The values of another baseline of the same experiment.
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let other = swath(folder.path(), &["baseline", "save", "small.yaml", "--quality-only", "--file", "other.yaml"]);
    assert_eq!(other.status.code(), Some(0), "{}", stderr(&other));
    std::fs::copy(folder.path().join("other.hdf5"), folder.path().join("baselines/small.hdf5")).expect("copied");
    let output = check(folder.path(), &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("small.hdf5: these are not the values of this baseline: their SHA-256 is "), "{said}");
    // Without any nobody knows whose the means are.
    std::fs::remove_file(folder.path().join("baselines/small.hdf5")).expect("removed");
    let output = check(folder.path(), &[]);
    let said = stderr(&output);
    assert!(
        said.contains("small.hdf5 is missing: without the values of the queries the means cannot be verified"),
        "{said}"
    );
    assert!(said.contains("swath baseline update small.yaml --file baselines/small.yaml"), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}

/// A dataset where the values of a baseline would be, and other files that are none of a baseline's.
#[test]
fn a_baseline_replaces_no_other_file() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
    let dataset = read("rich.hdf5");
    let at_once = |arguments: &[&str], file: &str, expected: &str| {
        let output = swath(folder.path(), &[arguments, &["small.yaml", "--quality-only", "--file", file]].concat());
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    at_once(
        &["baseline", "save"],
        "rich.yaml",
        "rich.hdf5 already exists, but it does not hold the values of a baseline",
    );
    at_once(&["baseline", "save"], "rich.hdf5", "the name of a baseline cannot end in .hdf5");
    std::fs::write(folder.path().join("mine.yaml"), "name: mine\n").expect("written");
    at_once(&["baseline", "save"], "mine.yaml", "mine.yaml already exists");
    at_once(&["baseline", "update"], "mine.yaml", "mine.yaml: this is not a baseline");
    assert!(!folder.path().join("rich.yaml").exists() && read("mine.yaml") == b"name: mine\n");
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quality-only", "--file", "base.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    std::fs::copy(folder.path().join("rich.hdf5"), folder.path().join("base.hdf5")).expect("copied");
    at_once(&["baseline", "update"], "base.yaml", "base.hdf5: these are not the values of this baseline");
    assert!(read("base.hdf5") == dataset && read("rich.hdf5") == dataset);
}

/// A tolerance that no experiment could have would let anything pass.
#[test]
fn a_run_whose_tolerance_cannot_be_is_not_compared() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", "a", "--quiet"]).status.code(), Some(0));
    let path = folder.path().join("a/manifest.json");
    let text = std::fs::read_to_string(&path).expect("a manifest");
    assert_eq!(swath(folder.path(), &["compare", "a", "a"]).status.code(), Some(0));
    for (tolerance, expected) in [
        ("1e99", "the tolerance of `time` must be"),
        ("-1", "the tolerance of `time` must be"),
        ("\"all\"", "invalid type"),
    ] {
        let changed = text.replacen("\"time\": 9.0", &format!("\"time\": {tolerance}"), 1);
        assert_ne!(text, changed);
        std::fs::write(&path, changed).expect("written");
        let output = swath(folder.path(), &["compare", "a", "a"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("manifest.json: its section `check` is wrong: ") && said.contains(expected), "{said}");
    }
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
    assert!(stderr(&output).contains("this baseline does not exist"), "{}", stderr(&output));
    let output = check(folder.path(), &["--baseline", "baselines/small.hdf5"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("name the .yaml file of the baseline"), "{}", stderr(&output));
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
    assert!(
        stderr(&output).contains("already exists; `swath baseline update small.yaml --file "),
        "{}",
        stderr(&output)
    );
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--file", "rich.hdf5/small.yaml"]);
    assert_eq!(output.status.code(), Some(2), "before minutes are spent");
    assert!(stderr(&output).contains("a baseline cannot be written there: "), "{}", stderr(&output));
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
    assert!(said.contains("top-k  time") && said.contains(" times its time before; its time has no verdict"), "{said}");
    let once = EXPERIMENT.replace("rounds: 3", "rounds: 1");
    std::fs::write(folder.path().join("small.yaml"), once).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("not compared (timed once; at least 3 rounds are needed)"), "{said}");
    let reference = text.lines().find(|line| line.starts_with("    reference-ms: ")).expect("times of the reference");
    std::fs::write(&path, text.replace(reference, "")).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("small.yaml: `time` and `reference-ms` of `mmr` must have a number for each round, all above 0"),
        "{said}"
    );
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
        said.contains("reproduced: 2 trials return the same results for all 12 queries, and all metrics agree"),
        "{said}"
    );
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    run("b");
    let output = swath(folder.path(), &["compare", "a", "b"]);
    assert_eq!(output.status.code(), Some(1), "as a check: {}", stderr(&output));
    assert!(stdout(&output).contains("regressed") && stderr(&output).contains("error: mmr: recall regressed"));
    let output = swath(folder.path(), &["compare", "a", "a"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
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
    assert!(said.contains("differs: mmr: ") && said.contains("queries return different results; recall 0."), "{said}");
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

/// All queries are answered in batch, whatever `check.queries` says. What was timed stands in the baseline, and times of
/// something else are not compared.
#[test]
fn batch_times_are_those_of_all_queries() {
    const BATCH: &str = "\
name: batch
dataset: { generate: clusters, n: 300, dimension: 8, queries: 1000 }
k: 5
mode: batch
metrics: [recall]
check: { rounds: 3, passes: 1, queries: 1000, tolerance: { time: 9 } }
retrievers:
  - { name: top-k, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: 0.9 } } }
";
    let folder = folder_with("small.yaml", BATCH);
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(folder.path().join("baselines/small.yaml")).expect("a baseline");
    assert!(text.contains("timed: { mode: batch, threads: 1, queries: 1000, passes: 1 }\n"), "{text}");
    let checked = |experiment: &str| {
        std::fs::write(folder.path().join("small.yaml"), experiment).expect("written");
        let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let (said, notes) = checked(&BATCH.replace("queries: 1000, tolerance", "queries: 10, tolerance"));
    assert!(!said.contains("timed differently") && !notes.contains("not compared"), "{said}{notes}");
    let otherwise = |experiment: &str, what: &str| {
        let (said, notes) = checked(experiment);
        assert!(said.contains(&format!("not compared (timed differently: {what})")), "{said}");
        assert!(notes.contains(&format!("note: times are not compared: {what}; `swath baseline update")), "{notes}");
    };
    otherwise(&BATCH.replace("passes: 1", "passes: 2"), "the number of passes was 1 and is 2");
    let single = BATCH.replace("mode: batch", "mode: single").replace("queries: 1000, tol", "queries: 10, tol");
    otherwise(&single, "the mode was batch and is single, the number of timed queries was 1000 and is 10");
}

const INDEXES: &str = "\
name: small
dataset: rich.hdf5
k: 5
metrics: [recall]
check: { rounds: 3, passes: 1 }
reference: vamana
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: ivf, candidates: { ivf-flat: { lists: 4, pool: 10, nprobe: 2 } }, select: top-k }
  - { name: ivf-mmr, candidates: { ivf-flat: { lists: 4, pool: 10, nprobe: 4 } }, select: mmr }
  - { name: vamana, candidates: { vamana: { pool: 10, ef: 20 } }, select: top-k }
";

/// An index is built once, and not in every round and beside every trial; the rounds are no fewer, and suspects are timed
/// again with what is there.
#[test]
fn each_index_is_built_once_for_all_rounds() {
    let folder = folder_with("small.yaml", INDEXES);
    let prepared =
        plan::prepare_file(&folder.path().join("small.yaml"), plan::Resources::of_memory(1 << 30)).expect("planned");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_swath"));
    for program in [Some(program.as_path()), None] {
        let means = Means { program, resources: plan::Resources::of_memory(1 << 30), cache: None, cell: None };
        let mut session = Session::new(&prepared, means, true).expect("a folder");
        let (state, notes) = session.look(4).expect("measured");
        assert_eq!(notes, [""; 0]);
        let rounds: Vec<(&str, usize)> =
            state.trials.iter().map(|trial| (trial.label.as_str(), trial.rounds.len())).collect();
        assert_eq!(rounds, [("top-k", 4), ("ivf", 4), ("ivf-mmr", 4), ("vamana", 0)]);
        assert!(state.trials.iter().all(|trial| trial.failed.is_none() && trial.measures.len() == 2), "{state:?}");
        assert_eq!(session.builds(), 2, "one for ivf, one for vamana");
        let again = session.time(&["ivf".into(), "top-k".into()], 3).expect("timed");
        assert_eq!(again.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(session.builds(), 2);
    }
}

/// What fails is the reference, and that alone: the others are measured and judged, and their times left out.
#[cfg(target_os = "linux")]
#[test]
fn a_reference_that_cannot_be_built_fails_alone() {
    let experiment = |neighbors: usize, limits: &str, lambda: f64| {
        format!(
            "name: small\ndataset: {{ generate: clusters, n: 4000, dimension: 16, queries: 40 }}\nk: 5\nreference: large\n\
             metrics: [recall]\ncheck: {{ rounds: 2, passes: 1 }}\n{limits}retrievers:\n  - {{ name: top-k, select: top-k }}\n  \
             - {{ name: large, expand: {{ walk: {{ graph: knn, neighbors: {neighbors} }} }}, select: mmr }}\n  \
             - {{ name: mmr, select: {{ mmr: {{ lambda: {lambda} }} }} }}\n"
        )
    };
    let folder = folder_with("small.yaml", &experiment(4, "", 0.9));
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let limits = "limits: { memory: 48 MiB }\n";
    std::fs::write(folder.path().join("small.yaml"), experiment(2000, limits, 0.9)).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet", "--json", "c.json"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("error: ").count(), 1, "{said}");
    assert!(said.contains("error: large failed: its build failed: it needed more than the 48 MiB"), "{said}");
    let why = "its reference large failed";
    assert!(said.contains(&format!("note: 2 trials are not timed: {why}\n")), "{said}");
    let found = std::fs::read_to_string(folder.path().join("c.json")).expect("a file");
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let found: Vec<[&str; 4]> = (found["findings"].as_array().expect("findings").iter())
        .map(|finding| ["trial", "measure", "verdict", "note"].map(|key| finding[key].as_str().expect("text")))
        .map(|[trial, measure, verdict, note]| [trial, measure, verdict, if measure == "trial" { "" } else { note }])
        .collect();
    let of = |trial| {
        [
            [trial, "recall", "unchanged", ""],
            [trial, "evaluations", "unchanged", ""],
            [trial, "time", "not-compared", why],
        ]
    };
    assert_eq!(found, [&of("top-k")[..], &[["large", "trial", "failed", ""]], &of("mmr")].concat());
    // A trial that has become worse is seen, all the same.
    std::fs::write(folder.path().join("small.yaml"), experiment(2000, limits, 0.1)).expect("written");
    let output = swath(folder.path(), &["check", "small.yaml", "--quiet"]);
    assert!(stderr(&output).contains("error: mmr: recall regressed, "), "{}", stderr(&output));
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quiet", "--file", "new.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("large failed, so no baseline was written: its build failed: it needed"));
}

/// What an update says of a change is by the experiment's own tolerances.
#[test]
fn an_update_judges_as_a_check_does() {
    let folder = saved();
    let lenient = worse().replace("time: 9", "time: 9, recall: 0.95, redundancy: 0.99");
    std::fs::write(folder.path().join("small.yaml"), lenient).expect("written");
    let output = swath(folder.path(), &["baseline", "update", "small.yaml", "--quality-only", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("within noise") && !said.contains("regressed") && !said.contains("improved"), "{said}");
}

/// The metric and the measure of the same name are one.
#[test]
fn a_metric_that_is_a_cost_too_stands_once() {
    let metrics = EXPERIMENT.replace("[recall, redundancy]", "[recall, evaluations]");
    let folder = folder_with("small.yaml", &metrics);
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quality-only"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = check(folder.path(), &["--bencher", "b.json"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!(stdout(&output), "4 measures: 4 unchanged; times were not compared (--quality-only)\n");
    for out in ["a", "b"] {
        assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", out]).status.code(), Some(0));
    }
    let output = swath(folder.path(), &["compare", "a", "b"]);
    assert!(stdout(&output).contains("4 unchanged"), "{}", stdout(&output));
}

/// Every metric has a name of its own beside all that tables, files and baselines have besides, and comes back from them.
#[test]
fn every_metric_is_written_once_and_read_back() {
    let setting = MetricSetting {
        k: 5,
        largest_pool: 20,
        stored_neighbors: 20,
        subtopics: true,
        qrels: false,
        groups: &[],
        kind: swath_algorithms::points::PointType::Dense,
    };
    let metrics = MetricName::all().filter(|metric| metric.possible(&setting).is_ok());
    let metrics: Vec<&str> = metrics.map(MetricName::name).collect();
    assert!(metrics.contains(&"evaluations") && metrics.len() > 15, "{metrics:?}");
    let experiment = EXPERIMENT.replace("[recall, redundancy]", &format!("[{}]", metrics.join(", ")));
    let folder = folder_with("small.yaml", &experiment);
    let output = swath(folder.path(), &["run", "small.yaml", "--out", "a"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let table = std::fs::read_to_string(folder.path().join("a/runs.csv")).expect("a table");
    let mut columns: Vec<&str> = table.lines().next().expect("a header").split(',').collect();
    let count = columns.len();
    columns.sort_unstable();
    columns.dedup();
    assert_eq!(columns.len(), count, "{columns:?}");
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quality-only", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = check(folder.path(), &[]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let measures = 2 * metrics.len();
    assert_eq!(
        stdout(&output),
        format!("{measures} measures: {measures} unchanged; times were not compared (--quality-only)\n")
    );
    for commit in ["1111111", "2222222"] {
        let output = swath(folder.path(), &["history", "add", "a", "--commit", commit]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let output = swath(folder.path(), &["history", "plot"]);
    assert_eq!(output.status.code(), Some(0), "no row stands twice: {}", stderr(&output));
}

/// Replaces this program's version in a file by another.
fn of_another_version(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a file");
    let version = env!("CARGO_PKG_VERSION");
    let other = text.replacen(&format!("swath: {version}"), "swath: 0.0.9", 1);
    let other = other.replacen(&format!("\"swath\": \"{version}\""), "\"swath\": \"0.0.9\"", 1);
    let other = other.replacen(&format!("swath: \"{version}"), "swath: \"0.0.9", 1);
    assert_ne!(text, other);
    std::fs::write(path, other).expect("written");
}

/// What is said of results of that version and of this one.
const VERSIONS: &str = concat!("the version of swath was 0.0.9 and is ", env!("CARGO_PKG_VERSION"), "; ");

#[test]
fn a_baseline_of_another_version_must_be_saved_anew() {
    let folder = saved();
    let path = folder.path().join("baselines/small.yaml");
    of_another_version(&path);
    // As the version that knew no other format wrote it.
    let text = std::fs::read_to_string(&path).expect("a baseline");
    let first = text.lines().filter(|line| !line.starts_with("values: ")).collect::<Vec<_>>().join("\n");
    std::fs::write(&path, first.replacen("baseline: 3", "baseline: 1", 1)).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    let said = stderr(&output);
    assert!(said.contains(&format!("baselines/small.yaml is a baseline of another version: {VERSIONS}")), "{said}");
    assert!(said.contains("save a new baseline: swath baseline update small.yaml --file "), "{said}");
    let output = swath(folder.path(), &["baseline", "show", "baselines/small.yaml"]);
    assert!(stdout(&output).contains("swath 0.0.9"), "{}", stderr(&output));
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let output = swath(folder.path(), &["baseline", "update", "small.yaml", "--quality-only", "--quiet"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(said.starts_with(&format!("caution: {VERSIONS}")), "{said}");
    assert!(said.contains("not compared (another version of swath)") && !said.contains("regressed"), "{said}");
    assert_eq!(check(folder.path(), &[]).status.code(), Some(0));
}

#[test]
fn runs_of_two_versions_are_set_beside_each_other_and_not_judged() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", "a"]).status.code(), Some(0));
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", "b"]).status.code(), Some(0));
    of_another_version(&folder.path().join("a/manifest.json"));
    let output = swath(folder.path(), &["compare", "a", "b", "--markdown", "m.md", "--json", "c.json"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let said = stdout(&output);
    assert!(said.starts_with(&format!("caution: {VERSIONS}")), "{said}");
    assert!(said.contains("not compared (another version of swath)"), "{said}");
    assert!(!said.contains("regressed") && !said.contains("improved"), "{said}");
    let markdown = std::fs::read_to_string(folder.path().join("m.md")).expect("a file");
    assert!(markdown.starts_with("## swath: two versions, not compared in small\n\n"), "{markdown}");
    assert!(markdown.contains(&format!("**Caution: {VERSIONS}")), "{markdown}");
    let json = std::fs::read_to_string(folder.path().join("c.json")).expect("a file");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert!(json["caution"].as_str().expect("a caution").starts_with(VERSIONS) && json["regressions"] == 0);

    let output = swath(folder.path(), &["reproduce", "a", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let caution = format!("caution: {VERSIONS}");
    assert!(stderr(&output).starts_with(&caution), "before it runs: {}", stderr(&output));
    let said = stdout(&output);
    assert!(said.starts_with(&caution) && said.contains("to reproduce the run, use swath 0.0.9 ("), "{said}");

    let output = swath(folder.path(), &["report", "a", "b", "--out", "both"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = std::fs::read_to_string(folder.path().join("both/index.html")).expect("a page");
    assert!(page.contains("Caution: from ") && page.contains(VERSIONS), "the page says so");
}

/// An update that was killed between its two files leaves the old text, the new values, and the old ones beside.
#[test]
fn an_update_that_was_killed_half_way_leaves_the_old_baseline() {
    let folder = saved();
    let at = |name: &str| folder.path().join("baselines").join(name);
    let old = ["small.yaml", "small.hdf5"].map(|name| std::fs::read(at(name)).expect("read"));
    std::fs::write(folder.path().join("small.yaml"), worse()).expect("written");
    let update = || swath(folder.path(), &["baseline", "update", "small.yaml", "--quality-only"]);
    assert_eq!(update().status.code(), Some(0));
    assert!(!at(".small.hdf5.swath-before").exists());
    std::fs::write(at("small.yaml"), &old[0]).expect("written");
    std::fs::write(at(".small.hdf5.swath-before"), &old[1]).expect("written");
    let output = check(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "worse than the old one: {}", stderr(&output));
    let output = update();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!at(".small.hdf5.swath-before").exists() && std::fs::read(at("small.yaml")).expect("read") != old[0]);
    // A save that was killed leaves the values alone; the same command goes on.
    std::fs::remove_file(at("small.yaml")).expect("removed");
    let output = swath(folder.path(), &["baseline", "save", "small.yaml", "--quality-only"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Names that differ only in their ending have one file of values.
#[test]
fn a_baseline_does_not_replace_the_values_of_another() {
    let folder = saved();
    let values = || std::fs::read(folder.path().join("baselines/small.hdf5")).expect("values");
    let before = values();
    std::fs::write(folder.path().join("seven.yaml"), EXPERIMENT.replace("k: 5", "k: 7")).expect("written");
    for name in ["small", "small.yml", "small.json"] {
        let file = format!("baselines/{name}");
        let output = swath(folder.path(), &["baseline", "save", "seven.yaml", "--quality-only", "--file", &file]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let expected =
            "baselines/small.hdf5 holds the values of the baseline baselines/small.yaml, and would be replaced";
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(!folder.path().join(&file).exists() && values() == before, "{name}");
    }
    // A damaged baseline is one, too.
    let text = folder.path().join("baselines/small.yaml");
    let conflict = format!("<<<<<<< ours\n{}", std::fs::read_to_string(&text).expect("a text"));
    std::fs::write(&text, conflict).expect("written");
    let output =
        swath(folder.path(), &["baseline", "save", "seven.yaml", "--quality-only", "--file", "baselines/small"]);
    assert_eq!((output.status.code(), values() == before), (Some(2), true), "{}", stderr(&output));
}

#[test]
fn the_name_of_a_baseline_is_refused_with_its_own_reason_and_leaves_nothing() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    std::fs::write(folder.path().join("wrong.yaml"), EXPERIMENT.replace("rich.hdf5", "missing.hdf5")).expect("written");
    let names = || {
        let entries = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    for (arguments, expected) in [
        (["save", "/", "--quality-only", "-q"].as_slice(), "cannot read /: "),
        (&["save", "..", "-q"], "cannot read ..: "),
        (&["save", "small.yaml", "--file", "new/b.dir/"], "it is the name of a folder, expected one of a file"),
        (&["save", "small.yaml", "--file", ".."], "it is the name of a folder, expected one of a file"),
        (
            &["save", "small.yaml", "--file", "wrong.yaml"],
            "wrong.yaml already exists and is not a baseline that can be read",
        ),
        (&["save", "wrong.yaml"], "missing.hdf5 does not exist"),
    ] {
        let output = swath(folder.path(), &[&["baseline"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
        assert_eq!(names(), before, "{arguments:?} leaves nothing");
    }
    let output = swath(folder.path(), &["baseline", "show", "small.yaml"]);
    assert_eq!(
        stderr(&output).lines().count(),
        1,
        "the lines of YAML are not mixed into the message: {}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("small.yaml: this is not a baseline: line 1, column 1: unknown field `name`"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains("\\n"), "{}", stderr(&output));
}

/// Before minutes are spent, and before the other outputs are lost.
#[test]
fn outputs_that_cannot_all_be_written_are_refused_first() {
    let folder = saved();
    let same = "are one file";
    for (arguments, expected) in [
        (["--markdown", "z", "--json", "z"], same),
        (["--markdown", "z", "--bencher", "./z"], same),
        (["--markdown", "z", "--json", "new/../z"], same),
        (["--json", "d/smaller-is-better.json", "--github-action-benchmark", "d"], same),
        (["--markdown", "z", "--json", "z/x.json"], "cannot be a file and a folder at once"),
        (["--json", "o.json", "--markdown", "small.yaml/x.md"], "--markdown: cannot write small.yaml/x.md: "),
        (
            ["--json", "o.json", "--github-action-benchmark", "rich.hdf5"],
            "--github-action-benchmark: cannot write rich.hdf5/",
        ),
        (
            ["--json", "o.json", "--markdown", "baselines"],
            "--markdown: cannot write baselines: it is the name of a folder",
        ),
    ] {
        let output = check(folder.path(), &arguments);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
        assert!(["z", "d", "o.json", "new"].iter().all(|name| !folder.path().join(name).exists()), "{arguments:?}");
    }
    let output = check(folder.path(), &["--markdown", "z/x.md", "--json", "z/x.json"]);
    assert_eq!(output.status.code(), Some(0), "two files of one folder: {}", stderr(&output));
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_whose_trials_failed_is_not_reproduced() {
    let folder = folder_with("small.yaml", &EXPERIMENT.replace("k: 5", "k: 5\nlimits: { memory: 1 MiB }"));
    assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", "a"]).status.code(), Some(1));
    let output = swath(folder.path(), &["reproduce", "a", "-q"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let said = stdout(&output);
    assert!(said.contains("not reproduced: 2 of 2 trials failed in both runs") && !said.contains("agree"), "{said}");
}

#[test]
fn a_run_that_was_moved_says_so_when_its_dataset_is_not_found() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", "a/b/c"]).status.code(), Some(0));
    let other = tempfile::tempdir().expect("a folder");
    std::fs::rename(folder.path().join("a/b/c"), other.path().join("moved")).expect("moved");
    let output = swath(other.path(), &["reproduce", "moved"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("the run's folder or its experiment was moved") && said.contains("../small.yaml"), "{said}");
}

/// A message is no place for all of somebody's file.
#[test]
fn messages_are_of_bounded_length() {
    let folder = folder_with("small.yaml", EXPERIMENT);
    assert_eq!(swath(folder.path(), &["run", "small.yaml", "--out", "a"]).status.code(), Some(0));
    let manifest = folder.path().join("a/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let long = format!("\"seed\": \"{}\"", "x".repeat(100_000));
    std::fs::write(&manifest, text.replace("\"seed\": 0", &long)).expect("written");
    let output = swath(folder.path(), &["compare", "a", "a"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{}", said.len());
    assert!(
        said.len() < 6_000 && said.contains("[... ") && said.contains("expected u64"),
        "{}: {said:.300}",
        said.len()
    );
    std::fs::write(folder.path().join("small.yaml"), EXPERIMENT.replace("time: 9", "recall: 1.0e300"))
        .expect("written");
    let said = stderr(&swath(folder.path(), &["run", "small.yaml"]));
    assert!(said.contains("1e300 is no tolerance"), "{said}");
}
