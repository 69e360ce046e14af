//! Runs kept by commit: what `swath history` writes, replaces, finds and refuses.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use support::{stderr, stdout, swath, write_datasets};

const EXPERIMENT: &str = "
name: small
dataset: rich.hdf5
k: 5
seed: 7
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.3, 0.7] } } }
";

const HEADER: &str = "time,commit,swath,experiment,dataset,retriever,point,trial,measure,value,lo,hi\n";

const FIRST: &str = "1111111111111111111111111111111111111111";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const SECOND: &str = "2222222222222222222222222222222222222222";

/// What the program says, where all is well.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = swath(folder, arguments);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{arguments:?}");
    stdout(&output)
}

/// What the program says of a wrong input.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = swath(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stdout(&output));
    stderr(&output)
}

fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).expect("a file").lines().map(str::to_owned).collect()
}

/// Runs `small.yaml`, whose folder is `reports/small`.
fn run_small(folder: &Path) {
    write_datasets(folder);
    std::fs::write(folder.join("small.yaml"), EXPERIMENT).expect("written");
    assert_eq!(swath(folder, &["run", "small.yaml"]).status.code(), Some(0));
}

#[test]
fn runs_are_added_and_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    run_small(folder);
    let add = |commit: &str, time: &str| {
        said(folder, &["history", "add", "reports/small", "--commit", commit, "--time", time])
    };
    let file = folder.join("history.csv");
    let text = add(FIRST, "2026-01-02T01:00:00+02:00");
    assert!(text.starts_with("history.csv: ") && text.ends_with(" rows of small at 111111111111\n"), "{text}");
    let first = lines(&file);
    assert_eq!(first[0], HEADER.trim_end());
    let rows = &first[1..];
    assert!(
        rows.iter().all(|row| row.starts_with(&format!("2026-01-01T23:00:00Z,{FIRST},{VERSION},small,rich,"))),
        "{rows:?}"
    );
    // Seven metrics with intervals, evaluations, six costs, and the relative time, of three trials.
    assert_eq!(rows.len(), 3 * (7 + 1 + 6 + 1));
    let of = |measure: &str| {
        rows.iter().filter(|row| row.contains(&format!(",{measure},"))).map(String::as_str).collect::<Vec<_>>()
    };
    assert!(of("recall")[0].ends_with(",recall,1,1,1"), "{:?}", of("recall"));
    assert!(of("relative_time")[0].ends_with(",relative_time,1,,"), "{:?}", of("relative_time"));
    for measure in ["evaluations", "qps", "p50_ms", "p95_ms", "p99_ms", "build_seconds", "index_bytes"] {
        assert_eq!(of(measure).len(), 3, "{measure}");
    }

    add(SECOND, "2026-01-02T00:00:00Z");
    let both = lines(&file);
    assert_eq!(
        both[..=rows.len()],
        [HEADER.trim_end().to_owned()].into_iter().chain(rows.to_vec()).collect::<Vec<_>>()
    );
    // By a short SHA, too.
    let text = add(&SECOND[..9], "2026-01-02T00:00:00Z");
    assert!(text.contains("replacing 45 earlier rows of this commit and experiment"), "{text}");
    assert_eq!(lines(&file).len(), both.len());

    let output = swath(folder, &["history", "plot"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "note: small has 2 commits; at least 4 are needed to find a change\n");
    assert_eq!(stdout(&output), "no change found\npage: reports/history/index.html\n");
}

#[test]
fn the_commit_is_that_of_the_surroundings() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    run_small(folder);
    let run = |variable: Option<(&str, &str)>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_swath"));
        command.args(["history", "add", "reports/small"]).current_dir(folder);
        // No repository above the folder is to be found.
        command.env("GIT_CEILING_DIRECTORIES", folder.parent().expect("a folder"));
        command.env_remove("GITHUB_SHA").env_remove("CI_COMMIT_SHA").env_remove("GIT_DIR").envs(variable);
        command.output().expect("the program runs")
    };
    assert!(stdout(&run(Some(("GITHUB_SHA", FIRST)))).contains("at 111111111111\n"));
    assert!(stdout(&run(Some(("CI_COMMIT_SHA", SECOND)))).contains("at 222222222222\n"));
    let wrong = run(Some(("CI_COMMIT_SHA", "main")));
    assert!(
        stderr(&wrong).contains("the variable CI_COMMIT_SHA: `main` is not the SHA of a commit"),
        "{}",
        stderr(&wrong)
    );
    let unknown = run(None);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("give the commit with --commit SHA"), "{}", stderr(&unknown));
}

/// A history of 40 commits in which coverage steps at the 20th and qps falls by a fifth at the 30th, amid noise.
fn history() -> String {
    let mut text = HEADER.to_owned();
    for i in 0..40_u32 {
        let noise = (f64::from(i) * 12.9898).sin() * 437.585;
        let qps = 1000.0 * (1.0 + 0.02 * (noise - noise.floor() - 0.5)) * if i < 30 { 1.0 } else { 0.8 };
        let coverage = if i < 20 { 0.5 } else { 0.51 };
        let mut row = |measure: &str, value: f64, ends: &str| {
            let (day, month) = (i % 28 + 1, i / 28 + 1);
            let _ = writeln!(
                text,
                "2026-{month:02}-{day:02}T00:00:00Z,{i:07x}aaaa,0.2.0,small,rich,mmr,\"lambda=0.5, pool=20\",0123456789abcdef,{measure},\
                 {value},{ends}"
            );
        };
        row("coverage", coverage, "0.4,0.6");
        row("qps", qps, ",");
        row("index_bytes", 1000.0, ",");
    }
    text
}

#[test]
fn changes_are_found_listed_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // As a spreadsheet leaves it.
    std::fs::write(folder.join("h.csv"), format!("\u{feff}{}", history().replace('\n', "\r\n"))).expect("written");
    let text = said(folder, &["history", "plot", "--file", "h.csv", "--out", "out"]);
    let listed: Vec<&str> = text.lines().collect();
    assert_eq!(listed[0], "2 changes, newest first");
    assert!(listed[1].starts_with("  000001e: qps of mmr (lambda=0.5, pool=20): 1,000 -> 80"), "{text}");
    assert!(listed[1].ends_with(" %, worse)"), "{text}");
    assert_eq!(listed[2], "  0000014: coverage of mmr (lambda=0.5, pool=20): 0.500 -> 0.510 (+2.0 %, better)");
    assert_eq!(listed[3..], ["page: out/index.html"]);

    let mut changes = csv::Reader::from_path(folder.join("out/changes.csv")).expect("a table");
    let rows: Vec<csv::StringRecord> = changes.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0][0], &rows[0][4], &rows[0][12]), ("000001eaaaa", "qps", "worse"));
    assert!(rows[0][11].parse::<f64>().expect("a p-value") <= 0.001);
    let step: Vec<&str> = rows[1].iter().skip(8).collect();
    assert_eq!(step, ["0.5", "0.51", "2", "", "better"]);

    let page = std::fs::read_to_string(folder.join("out/index.html")).expect("a page");
    for part in ["<script", "http://", "https://"] {
        assert!(!page.replace("http://www.w3.org", "").contains(part), "{part}");
    }
    assert!(page.contains("2 of 3 series changed.") && page.contains("no noise"), "the verdict and the table");
    for measure in ["coverage", "qps", "index-bytes"] {
        assert!(page.contains(&format!("id=\"history-small-{measure}\"")), "{measure}");
        for extension in ["svg", "png", "pdf"] {
            assert!(
                folder.join(format!("out/plots/history-small-{measure}.{extension}")).exists(),
                "{measure}.{extension}"
            );
        }
    }
    let svg = std::fs::read_to_string(folder.join("out/plots/history-small-coverage.svg")).expect("a figure");
    assert!(svg.contains("0000014"), "the commit of the step is named");
    // The same file has the same page.
    said(folder, &["history", "plot", "--file", "h.csv", "--out", "again"]);
    assert_eq!(std::fs::read_to_string(folder.join("again/index.html")).expect("a page"), page);
}

#[test]
fn wrong_inputs_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let good = history();
    let third = good.lines().nth(2).expect("a line");
    let of = |text: &str| {
        std::fs::write(folder.join("history.csv"), text).expect("written");
        refused(folder, &["history", "plot"])
    };
    let cases = [
        (String::new(), "history.csv, line 1: the file is empty"),
        ("a;b\n1;2\n".into(), "line 1: this is not a history of swath: it begins with `a;b`"),
        (good.trim_end().to_owned(), "line 121: the file is cut off in this line"),
        (good.replacen(third, "x,y", 1), "line 3: it has 2 fields, expected 12: time,commit,swath"),
        (good.replacen(third, &third.replace(",qps,", ",qps,fast"), 1), "line 3: value is `fast"),
        (good.replacen("2026-01-01T00:00:00Z", "1.1.2026", 1), "line 2: `1.1.2026` is not a time of RFC 3339"),
        (
            good.replacen("0000000aaaa", "HEAD", 1),
            "line 2: `HEAD` is not the SHA of a commit; expected 7 to 64 hexadecimal digits",
        ),
        (good.replacen("0.4,0.6", "0.4,", 1), "line 2: one of lo and hi is missing"),
        (format!("{good}{third}\n"), "line 122: qps of mmr (lambda=0.5, pool=20) at this commit is already in line 3"),
        (
            good.replacen(third, &third.replace(",0.2.0,", ",0.3.0,"), 1),
            "line 3: small at this commit was run by swath 0.3.0, but by 0.2.0 in line 2; add the run again",
        ),
        (HEADER.into(), "history.csv has no rows; add a run with `swath history add --file history.csv RUN_FOLDER`"),
    ];
    for (text, expected) in cases {
        let found = of(&text);
        assert!(found.contains(expected), "{found}\nlacks\n{expected}");
    }
    std::fs::remove_file(folder.join("history.csv")).expect("removed");
    let missing = refused(folder, &["history", "plot"]);
    assert!(
        missing.contains("cannot read history.csv") && missing.contains("swath history add RUN_FOLDER"),
        "{missing}"
    );
    let nothing = refused(folder, &["history", "add", "nowhere", "--commit", FIRST]);
    assert!(nothing.contains("nowhere"), "{nothing}");
    let commit = refused(folder, &["history", "add", "nowhere", "--commit", "HEAD"]);
    assert!(commit.contains("`HEAD` is not the SHA of a commit"), "{commit}");
    std::fs::write(folder.join("history.csv"), &good).expect("written");
    let level = refused(folder, &["history", "plot", "--level", "2"]);
    assert!(level.contains("--level is 2, expected a number from 0.000001 to 0.5"), "{level}");
    // A file stands where the folder should be.
    let output = swath(folder, &["history", "plot", "--out", "history.csv/page"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

/// From one version of swath to the next a definition may change: that is marked, and no change of the program. Within a
/// version changes are found as ever. A file of the time before the column is of the first version.
#[test]
fn versions_are_marked_and_their_steps_are_no_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let plot = |text: &str| {
        std::fs::write(folder.join("h.csv"), text).expect("written");
        said(folder, &["history", "plot", "--file", "h.csv", "--out", "out"])
    };
    let is_before = |line: &str| (0..20).any(|i| line.contains(&format!(",{i:07x}aaaa,")));
    let two: String = history()
        .lines()
        .map(|line| if is_before(line) { line.replace(",0.2.0,", ",0.1.0,") } else { line.to_owned() } + "\n")
        .collect();
    let caution = "caution: small: at 0000014 the version of swath was 0.1.0 and is 0.2.0; ";
    let text = plot(&two);
    let listed: Vec<&str> = text.lines().collect();
    assert!(listed[0].starts_with(caution), "{text}");
    assert_eq!(listed[1], "1 change");
    assert!(listed[2].starts_with("  000001e: qps of mmr"), "the step of coverage at 0000014 is not called: {text}");
    let svg = std::fs::read_to_string(folder.join("out/plots/history-small-coverage.svg")).expect("a figure");
    assert!(svg.contains("swath 0.2.0") && !svg.contains("swath 0.1.0"), "the version is named where it begins");
    let page = std::fs::read_to_string(folder.join("out/index.html")).expect("a page");
    assert!(page.contains("Caution: small on rich: at 0000014 the version of swath was 0.1.0 and is 0.2.0; "));
    assert!(page.contains("The vertical line marks a new version of swath"), "the caption says what it is");

    let old = history().replace("time,commit,swath,", "time,commit,").replace("aaaa,0.2.0,", "aaaa,");
    assert!(plot(&old).starts_with("2 changes, newest first\n"), "one version: as ever");

    run_small(folder);
    std::fs::write(folder.join("h.csv"), &old).expect("written");
    let add = || swath(folder, &["history", "add", "reports/small", "--file", "h.csv", "--commit", FIRST]);
    assert_eq!(add().status.code(), Some(0));
    let rows = lines(&folder.join("h.csv"));
    assert!(rows[1].starts_with("2026-01-01T00:00:00Z,0000000aaaa,0.1.0,small,"), "{}", rows[1]);
    let manifest = folder.join("reports/small/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let other = text.replacen(&format!("\"swath\": \"{VERSION}\""), "\"swath\": \"0.0.9\"", 1);
    std::fs::write(&manifest, other).expect("written");
    let output = add();
    assert_eq!(output.status.code(), Some(0));
    let said = stderr(&output);
    let ran = format!(
        "caution: another version of swath made this run; its means and times are computed by this version: \
         the version of swath was 0.0.9 and is {VERSION}; "
    );
    assert!(said.contains(&ran), "{said}");
    assert!(said.contains("caution: the version of swath was 0.1.0 and is 0.0.9; "), "{said}");
}

#[test]
fn a_history_is_added_to_a_new_folder_and_refused_without_names_of_unfinished_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    run_small(folder);
    said(folder, &["history", "add", "reports/small", "--commit", FIRST, "--file", "new/folder/h.csv"]);
    assert!(folder.join("new/folder/h.csv").is_file());
    let message =
        refused(folder, &["history", "add", "reports/small", "--commit", FIRST, "--file", "small.yaml/h.csv"]);
    assert!(message.contains("cannot write small.yaml/h.csv: ") && !message.contains(".not-whole-"), "{message}");
    std::fs::write(folder.join("e.csv"), "").expect("written");
    let message = refused(folder, &["history", "plot", "--file", "e.csv"]);
    assert!(message.contains("e.csv, line 1: the file is empty"), "{message}");
    std::fs::write(folder.join("q.csv"), format!("{HEADER}\"2026,a\nb\n")).expect("written");
    let message = refused(folder, &["history", "plot", "--file", "q.csv"]);
    assert!(message.contains("q.csv, line 2: a quotation mark in this line is not closed"), "{message}");
}
