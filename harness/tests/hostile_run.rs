//! An experiment, its dataset, relations and items of hostile names, through every command: each file that is written is what its
//! readers take it for, every name comes back, and no log obeys one.
#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{stderr, stdout};
use swath::escape::{self, is_unseen};
use swath_algorithms::Distance;
use swath_datasets::hdf5_file::{Hdf5Writer, Values};
use swath_datasets::{Labels, ann_benchmarks};

/// Names of relations, which stand in the labels of trials. (A comma parts them in the file.)
const RELATIONS: [&str; 4] = [
    "\x1b[31mred\x07\u{202e}",
    "a\n::error::x\n##[error]y",
    "</script><script>alert(1)</script> | `b` *c* [d](e) ]]> & \"f\"",
    "=1+1 \\input{x} $x$ %y #z ~^_{}\n\nafter",
];

const ITEMS: [&str; 3] = [
    "\x1b[31mRED\x1b[0m\x07\x1b]0;title\x07\rx",
    "<script>alert(1)</script>\"&'\n\t\\ \u{202e}",
    "\u{fffe}\u{0} </script> \u{4e2d}\u{6587}",
];

/// The dataset's file, and the experiment's.
const DATASET: &str = "=d \x1b[31m<b>|`'$(touch x)\n::error::d\u{202e}.hdf5";
const CONFIG: &str = "-e '\" \x07$(touch x)\n##[error].yaml";

fn experiment(pool: usize) -> String {
    let relations: Vec<String> =
        RELATIONS.iter().enumerate().map(|(i, name)| format!("{}: [{i}, 1.5]", escape::yaml(name))).collect();
    format!(
        "name: hostile\ndataset: {}\nk: 5\nseed: 7\nrepeats: 1\nmetrics: [recall, coverage, redundancy]\n\
         report:\n  figures:\n    - {{ draw: ranks, title: {}, x_title: {} }}\n    - draw: bars\n    - draw: curves\n    - draw: neighbourhood\n\
         retrievers:\n  - {{ name: top-k, select: top-k }}\n  - name: walk\n    candidates: {{ exact: {{ pool: {pool} }} }}\n    \
         expand: {{ walk: {{ graph: links, relations: {{ {} }} }} }}\n    select: top-k\n",
        escape::yaml(DATASET),
        escape::yaml(RELATIONS[2]),
        escape::yaml(ITEMS[2]),
        relations.join(", ")
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dataset = support::dataset(Distance::Angular, true);
    dataset.train_labels = Labels::of_names((0..60).map(|i| ITEMS[i % 3]));
    dataset.test_labels = Labels::of_names((0..12).map(|i| format!("{i} {}", ITEMS[i % 3])));
    let links = dataset.links.as_mut().expect("links");
    links.relations = RELATIONS.map(str::to_owned).to_vec();
    links.relation = (0..120).map(|i| i % 4).collect();
    // A slash is all that a name of a file lacks.
    ann_benchmarks::write(&folder.path().join(DATASET), &dataset).expect("written");
    std::fs::write(folder.path().join(CONFIG), experiment(20)).expect("written");
    folder
}

/// Runs swath as in a CI job; its output is tame: each line is seen whole, and orders are ours alone.
fn tame(folder: &Path, arguments: &[&str], code: i32) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_swath"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SWATH_DATA")
        .env("SWATH_CACHE", folder.join(".cache"))
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    for text in [stdout(&output), stderr(&output)] {
        for line in text.lines() {
            assert!(!line.contains(is_unseen), "{arguments:?}: {line:?}");
            let order = line.trim_start();
            let ours = ["::error file=", "::warning file=", "::notice file="];
            assert!(!order.starts_with("::") || ours.iter().any(|begin| order.starts_with(begin)), "{line:?}");
            assert!(!line.contains("##["), "{line:?}");
        }
    }
    output
}

/// All files below a folder.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for path in std::fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|other| other == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("text")
}

/// Text and cells of Markdown; nothing in it may be code, a link, or HTML but ours.
fn markdown(text: &str) -> String {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM | Options::ENABLE_MATH;
    let mut read = String::new();
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Text(text) => read.push_str(&text),
            Event::Html(html) => {
                let html = html.trim();
                assert!(
                    html.starts_with("<details><summary>") || html == "</details>" || html.is_empty(),
                    "{html} in {text}"
                );
            }
            Event::InlineHtml(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Rule
            | Event::Start(
                Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_) | Tag::List(_) | Tag::BlockQuote(_),
            ) => panic!("{event:?} in {text}"),
            Event::End(_) => read.push('\n'),
            _ => {}
        }
    }
    read
}

/// Labels of the trials as they are in the files, and as people see them.
fn points(folder: &Path) -> BTreeSet<String> {
    let mut reader = csv::Reader::from_path(folder.join("runs.csv")).expect("a table");
    let params = reader.headers().expect("a header").iter().position(|name| name == "params").expect("a column");
    let rows = reader.records().map(|row| row.expect("a row")[params].to_owned());
    rows.map(|cell| escape::csv_back(&cell).to_owned()).collect()
}

#[test]
fn a_run_of_hostile_names_is_reported_compared_kept_and_checked() {
    let folder = folder();
    let here = folder.path();
    // `--` keeps the experiment's name from being an option.
    let dry = tame(here, &["run", "--dry-run", "--", CONFIG], 0);
    assert!(stdout(&dry).contains("17 trials"), "{}", stdout(&dry));
    let run = tame(here, &["run", "--quiet", "--", CONFIG], 0);
    let seen: Vec<String> = RELATIONS.iter().map(|name| escape::terminal(name).into_owned()).collect();
    assert!(stdout(&run).contains(&seen[0]) && stdout(&run).contains("\\n::error::x\\n#"), "{}", stdout(&run));
    assert!(stderr(&run).contains("the font of figures cannot show \u{4e2d} (U+4E2D, in `"), "{}", stderr(&run));
    let report = here.join("reports/hostile");
    let trials = points(&report);
    assert_eq!(trials.len(), 17);
    for name in RELATIONS {
        let json = serde_json::to_string(name).expect("JSON");
        assert!(trials.iter().filter(|params| params.contains(&json)).count() >= 8, "{name:?} in {trials:?}");
    }

    reads_well(&report, &seen);
    tame(here, &["report", "reports/hostile"], 0);
    assert_eq!(points(&report), trials);
    tame(here, &["datasets", "info", &format!("./{DATASET}")], 0);
    tame(here, &["export", "reports/hostile", "--parquet", "out\n::error::p"], 0);
    tame(here, &["reproduce", "reports/hostile", "--quiet"], 0);

    // Two runs on one page, and against each other.
    let again = "second\n::error::run =<b>";
    tame(here, &["run", "--quiet", &format!("--out={again}"), "--", CONFIG], 0);
    tame(here, &["report", "reports/hostile", again, "--out", "both\n::error::o"], 0);
    let outputs = |name: &str| {
        let file = |end: &str| format!("{name}.{end}");
        ["--junit", &file("xml"), "--markdown", &file("md"), "--json", &file("json"), "--bencher", &file("bmf")]
            .map(str::to_owned)
            .into_iter()
            .chain(["--github-action-benchmark".to_owned(), format!("{name}-gab")])
            .collect::<Vec<String>>()
    };
    let with = |words: &[&str], name: &str, code: i32| {
        let outputs = outputs(name);
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        // The experiment stands last.
        let (words, file) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
        tame(here, &[words, &outputs, file].concat(), code)
    };
    with(&["compare", "reports/hostile", again], "compared", 0);
    judged(here, "compared", &seen);

    // By commit.
    for (i, run) in ["reports/hostile", again].into_iter().enumerate() {
        let (commit, time) = (format!("{i}").repeat(40), format!("2026-01-0{}T00:00:00Z", i + 1));
        tame(here, &["history", "add", run, "--commit", &commit, "--time", &time], 0);
    }
    let history = swath::ci::history::History::read(&here.join("history.csv")).expect("read back");
    let labels: BTreeSet<&str> = history.rows.iter().map(|row| row.point.as_str()).collect();
    assert!(
        labels.len() == 17 && RELATIONS.iter().all(|name| labels.iter().any(|label| label.contains(name))),
        "{labels:?}"
    );
    assert!(history.rows.iter().all(|row| row.dataset == DATASET.trim_end_matches(".hdf5")));
    tame(here, &["history", "plot"], 0);

    // Against a baseline of the same names, then of something worse.
    let baseline = "base\n::error::l.yaml";
    tame(here, &["baseline", "save", "--quality-only", "--quiet", "--file", baseline, "--", CONFIG], 0);
    let check = ["check", "--quality-only", "--quiet", "--baseline", baseline, "--", CONFIG];
    let same = with(&check, "checked", 0);
    let expected = format!("{0} measures: {0} unchanged; times were not compared (--quality-only)\n", 17 * 4);
    assert_eq!(stdout(&same), expected, "every name is found again");
    tame(here, &["baseline", "show", baseline], 0);
    std::fs::write(here.join(CONFIG), experiment(6)).expect("written");
    let worse = with(&check, "worse", 1);
    judged(here, "worse", &seen);
    let annotations = stdout(&worse).lines().filter(|line| line.starts_with("::error file=")).count();
    assert!(annotations >= 1, "{}", stdout(&worse));
    markdown(&read(&here.join("summary.md")));
    tame(here, &["baseline", "update", "--quality-only", "--quiet", "--file", baseline, "--", CONFIG], 0);

    // The command that a message names, in a shell with another program of that name.
    std::fs::write(here.join(CONFIG), experiment(6).replace("seed: 7", "seed: 8")).expect("written");
    let wrong = tame(here, &[&["--data-dir", "."][..], &check].concat(), 2);
    let said = stderr(&wrong);
    let command =
        said.lines().find_map(|line| line.trim_start().strip_prefix("if the change is intended: ")).expect("a command");
    let words = words_of(here, command);
    assert_eq!(words, ["baseline", "update", &format!("./{CONFIG}"), "--file", baseline, "--data-dir", "."]);
    assert!(!here.join("x").exists(), "nothing ran");
}

/// Every file of a report is what it should be.
fn reads_well(report: &Path, seen: &[String]) {
    for path in files(report, "svg") {
        let text = read(&path);
        let svg = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let odd: Vec<_> =
            svg.descendants().filter(|node| ["script", "b", "image"].contains(&node.tag_name().name())).collect();
        assert!(odd.is_empty() && !text.contains(|c| is_unseen(c) && !"\n\t".contains(c)), "{}", path.display());
    }
    assert!(files(report, "svg").len() >= 4);
    let tables = files(&report.join("tables"), "md");
    assert!(tables.len() >= 3);
    for path in tables {
        let text = markdown(&read(&path));
        let has_trials =
            ["summary", "comparisons", "cost"].iter().any(|name| path.file_stem().is_some_and(|stem| stem == *name));
        assert!(!has_trials || text.contains(&seen[2]) && text.contains(&seen[3]), "{}: {text}", path.display());
    }
    for path in files(report, "csv") {
        for record in csv::ReaderBuilder::new().flexible(true).from_path(&path).expect("a table").records() {
            let record = record.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            // What is no number is no formula.
            let texts = record.iter().filter(|cell| cell.parse::<f64>().is_err());
            let odd: Vec<&str> = texts.filter(|cell| cell.starts_with(['=', '@', '\t', '\r'])).collect();
            assert!(odd.is_empty(), "{}: {odd:?}", path.display());
        }
    }
    let page = read(&report.join("index.html"));
    assert!(!page.contains("<script>alert") && !page.contains(|c| is_unseen(c) && !"\n\t".contains(c)));
    if support::program("pdflatex", &["pdflatex"]).is_some() {
        let arguments = ["-interaction=nonstopmode", "-halt-on-error", "paper.tex"];
        let output = Command::new("pdflatex").args(arguments).current_dir(report).output().expect("pdflatex runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && !said.contains("Missing character"), "{said}");
    }
}

/// The words that a command in a shell gives to `swath`.
fn words_of(here: &Path, command: &str) -> Vec<String> {
    let echo = format!("swath() {{ printf '%s\\0' \"$@\"; }}; {command}");
    let output = Command::new("bash").args(["-c", &echo]).current_dir(here).output().expect("bash runs");
    assert!(output.status.success(), "{command}: {}", stderr(&output));
    stdout(&output).split_terminator('\0').map(str::to_owned).collect()
}

/// What a check or comparison wrote is read by readers of each form.
fn judged(here: &Path, name: &str, seen: &[String]) {
    let junit = read(&here.join(format!("{name}.xml")));
    let junit = roxmltree::Document::parse(&junit).unwrap_or_else(|error| panic!("{error}: {junit}"));
    let suites: Vec<&str> = junit
        .descendants()
        .filter_map(|node| node.has_tag_name("testsuite").then(|| node.attribute("name"))?)
        .collect();
    assert_eq!(suites.len(), 17);
    assert!(suites.iter().any(|suite| escape::terminal(suite).contains(&seen[1])), "{suites:?}");
    markdown(&read(&here.join(format!("{name}.md"))));
    for file in [format!("{name}.json"), format!("{name}.bmf"), format!("{name}-gab/bigger-is-better.json")] {
        let text = read(&here.join(file));
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(
            json.to_string().contains(&serde_json::to_string(RELATIONS[2]).expect("JSON").trim_matches('"').to_owned())
        );
    }
}

/// Results from elsewhere may be of any name.
#[test]
fn imported_names_are_only_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::create_dir_all(here.join("ann/data")).expect("created");
    let dataset = support::dataset(Distance::Angular, true);
    ann_benchmarks::write(&here.join("ann/data/rich.hdf5"), &dataset).expect("written");
    let ids: Vec<i32> =
        (0..12).flat_map(|query| dataset.neighbors.ids(query)[..5].iter().map(|&id| id as i32)).collect();
    let params = serde_json::json!({ "select": { "mmr": { "../../escaped": 1, "lambda": 2 } } }).to_string();
    for (i, name) in RELATIONS.into_iter().chain(["../../up"]).enumerate() {
        let result = here.join(format!("ann/results/rich/5/a{i}/x.hdf5"));
        std::fs::create_dir_all(result.parent().expect("a folder")).expect("created");
        for point in 1..4 {
            let mut file = Hdf5Writer::new();
            file.text("algo", name).text("name", &format!("{name}({point}{name})"));
            file.text("swath_params", &params.replace(":1", &format!(":{point}"))).text("swath_retriever", name);
            file.text("swath_point", &format!("../../escaped={point}"));
            file.array("neighbors", &[12, 5], Values::I32(&ids)).array("times", &[12], Values::F32(&[1e-3; 12]));
            file.write(&result.with_file_name(format!("{point}.hdf5"))).expect("written");
        }
    }
    tame(here, &["import", "ann", "--dataset", "rich", "--out", "inside/run"], 0);
    tame(here, &["report", "inside/run"], 0);
    let outside: Vec<_> =
        std::fs::read_dir(here).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(outside.len(), 2, "{outside:?}");
    assert_eq!(std::fs::read_dir(here.join("inside")).expect("a folder").count(), 1, "nothing beside the run");
    tame(here, &["history", "add", "inside/run", "--commit", &"a".repeat(40)], 0);
    let history = swath::ci::history::History::read(&here.join("history.csv")).expect("read back");
    let names: BTreeSet<&str> = history.rows.iter().map(|row| row.retriever.as_str()).collect();
    assert_eq!(names, RELATIONS.into_iter().chain(["../../up"]).collect());
    tame(here, &["compare", "inside/run", "inside/run", "--junit", "x.xml"], 0);
    roxmltree::Document::parse(&read(&here.join("x.xml"))).expect("XML");
}

/// What is wrong is said, whatever is quoted; and commands can be copied into a shell.
#[test]
fn messages_quote_names_and_commands_run() {
    let folder = folder();
    let here = folder.path();
    let hostile = "\x1b[31m\n::error::x\u{202e}##[error]";
    for arguments in [
        &["run", hostile][..],
        &["run", "--out", hostile, "nowhere"],
        &["report", hostile],
        &["compare", hostile, hostile],
        &["baseline", "show", hostile],
        &["history", "plot", "--file", hostile],
        &["history", "add", "reports/x", "--commit", hostile],
        &["datasets", "info", hostile],
        &["init", hostile],
        &["algorithms", hostile],
        &["metrics", hostile],
        &["import", hostile, "--dataset", "x"],
        &["import", "x", "--dataset", hostile],
        &["export", hostile, "--parquet", "x"],
        &["--data-dir", hostile, "algorithms"],
        &[hostile],
        &["run", "--\n::error::x"],
        &["history", "plot", "--level", hostile],
    ] {
        tame(here, arguments, 2);
    }
    // A name's end of a line is never the message's.
    for arguments in [&["run", "a\n  b"][..], &["report", "a\n  b"], &["import", "a\n  b", "--dataset=x"]] {
        let output = tame(here, arguments, 2);
        assert!(stderr(&output).contains("a\\n  b"), "{}", stderr(&output));
    }
    for (line, what) in [
        ("name: ", "a name"),
        ("k: ", "a number"),
        ("dataset: ", "a dataset"),
        ("metrics: ", "a metric"),
        ("reference: ", "a retriever"),
        ("", "a field"),
    ] {
        let field = if line.is_empty() {
            format!("{}: 1\n", escape::yaml(hostile))
        } else {
            format!("{line}{}\n", escape::yaml(hostile))
        };
        let usual = experiment(20);
        let text =
            usual.lines().filter(|other| line.is_empty() || !other.starts_with(line)).collect::<Vec<_>>().join("\n");
        std::fs::write(here.join("wrong.yaml"), format!("{field}{text}\n")).expect("written");
        let output = tame(here, &["run", "wrong.yaml"], 2);
        assert!(stderr(&output).contains("::error::x"), "{what}: {}", stderr(&output));
    }

    // A starter, and the command that it says, in a shell.
    let output = "-start '\n$(touch x).yaml";
    let init = tame(here, &["init", &format!("./{DATASET}"), &format!("--output={output}"), "--data-dir", "."], 0);
    let command = stdout(&init);
    let command = command.lines().find_map(|line| line.strip_prefix("run it: ")).expect("a command").to_owned();
    assert!(command.contains("--data-dir ."), "{command}");
    let programs = Path::new(env!("CARGO_BIN_EXE_swath")).parent().expect("a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"));
    let mut shell = Command::new("bash");
    shell.args(["-c", &command]).current_dir(here).env("PATH", path).env("SWATH_CACHE", here.join(".cache"));
    let shell = shell.output().expect("bash runs");
    assert_eq!(shell.status.code(), Some(0), "{command}: {}", stderr(&shell));
    assert!(!here.join("x").exists(), "nothing else ran");
}

/// In a browser a page of hostile names has swath's own scripts and no others, and shows each name whole.
#[test]
fn no_script_in_a_name_runs_on_a_page() {
    const WATCH: &str = "<head><script>window.ran = 0; window.alert = () => { ran += 1; };</script>";
    const LOOK: &str = "<script>
        const seen = {
          ran,
          scripts: document.scripts.length,
          images: document.images.length,
          queries: [...document.querySelectorAll('#query option')].map((option) => option.textContent),
          text: document.body.textContent,
        };
        document.body.append(Object.assign(document.createElement('pre'), { id: 'seen', textContent: JSON.stringify(seen) }));
        </script></body>";
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = folder();
    let here = folder.path();
    tame(here, &["run", "--quiet", "--", CONFIG], 0);
    let page = read(&here.join("reports/hostile/index.html"));
    let watched = page.replacen("<head>", WATCH, 1).replace("</body>", LOOK);
    std::fs::write(here.join("opened.html"), watched).expect("written");
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", here.join("profile").display()))
        .arg(format!("file://{}", here.join("opened.html").display()))
        .output()
        .expect("Chromium runs");
    let dom = stdout(&output);
    let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("seen");
    let seen = seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let seen: serde_json::Value = serde_json::from_str(&seen).expect("JSON");
    // Two are swath's, two of this test.
    assert_eq!((&seen["ran"], &seen["scripts"], &seen["images"]), (&0.into(), &4.into(), &0.into()), "{seen:#}");
    let text = seen["text"].as_str().expect("text");
    assert!(!text.contains(|c| is_unseen(c) && !"\n\t".contains(c)), "nothing unseen");
    for name in RELATIONS {
        assert!(text.contains(&*escape::terminal(name)), "{name:?}");
    }
    let queries: Vec<&str> =
        seen["queries"].as_array().expect("a list").iter().filter_map(|query| query.as_str()).collect();
    assert!(queries.iter().any(|query| query.contains(&*escape::terminal(ITEMS[1]))), "{queries:?}");
}
