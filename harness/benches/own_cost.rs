//! What swath itself costs, beside what it measures, as a table:
//!
//! 1. What it adds to a latency: the time of a retriever that does nothing.
//! 2. The start of the program.
//! 3. Whole runs: their wall time over the time of what must be done, which is builds, timed passes, metrics and report.
//! 4. The report of 500 trials: reading, statistics, tables, figures, the page.
//!
//! `cargo bench -p swath --bench own_cost`. The runs take a minute or two. Nothing else should be at work on the machine.

use rayon::ThreadPoolBuilder;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use swath::clock::Moment;
use swath::findings::summary::Summary;
use swath::record::results;
use swath::report::from_files;
use swath::run::Means;
use swath::run::built::{Built, Kept};
use swath::run::experiment::RunOptions;
use swath::run::searcher::Searcher;
use swath::run::stages::{Stages, time_all};
use swath::run::unfinished::Start;
use swath::run::worker::Worker;
use swath::{plan, record};
use swath_algorithms::spare::Spare;

/// Latencies of which a median is taken.
const LATENCIES: usize = 100_000;

/// Starts of the program.
const STARTS: usize = 100;

/// Candidates of a batch in one matrix product, and few selectors: what is timed takes little time.
const BATCH: &str = "\
name: batch
dataset: { generate: clusters, n: 100000, dimension: 100, queries: 1000 }
k: 100
mode: batch
threads: THREADS
retrievers:
  - { name: top-k, select: top-k }
";

/// Exact search, one query at a time: timed passes of some ten seconds.
const SINGLE: &str = "\
name: single
dataset: { generate: clusters, n: 100000, dimension: 100, queries: 1000 }
k: 10
repeats: 5
retrievers:
  - { name: top-k, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 100 } }, select: { mmr: { lambda: 0.7 } } }
";

/// One vector, so that hardly anything is searched.
const ONE: &str = "\
name: one
dataset: { generate: uniform, n: 1, dimension: 4, queries: 1 }
k: 1
metrics: [recall]
retrievers:
  - { name: top-k, select: top-k }
";

/// A retriever that does nothing.
struct Nothing;

impl Stages for Nothing {
    fn find(&self, _: &mut Worker, query: usize) {
        std::hint::black_box(query);
    }
    fn expand(&self, _: &mut Worker, query: usize) {
        std::hint::black_box(query);
    }
    fn select(&self, _: &mut Worker, query: usize) {
        std::hint::black_box(query);
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    latencies(folder.path());
    starts();
    let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/quickstart.yaml");
    println!("\nwhole runs, in seconds: from what is kept of an earlier run, and from nothing");
    println!(
        "{:<20} {:>7} {:>7} {:>8} {:>7} {:>9} {:>7} {:>10} {:>7} {:>8}",
        "run", "wall", "builds", "untimed", "timed", "diagnosis", "report", "metrics", "sum", "wall/sum"
    );
    whole_run(folder.path(), "quickstart", &quickstart);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for (name, text) in [("batch", BATCH), ("single", SINGLE)] {
        let file = folder.path().join(format!("{name}.yaml"));
        std::fs::write(&file, text.replace("THREADS", &threads.to_string())).expect("written");
        whole_run(folder.path(), name, &file);
    }
    report(folder.path());
}

/// The median, in the order of numbers.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What the harness adds to a latency.
fn latencies(folder: &Path) {
    let alone = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let (workers, nothing) = (Spare::default(), vec![record::MISSING; LATENCIES]);
    let times = alone.install(|| time_all(&Nothing, &workers, &nothing, 1)).expect("nothing is found");
    let whole = |times: Vec<[f64; 3]>| 1e9 * median(times.into_iter().map(|ends| ends[2]).collect());
    println!("latency of a retriever that does nothing: {:.0} ns", whole(times));
    let file = folder.join("one.yaml");
    std::fs::write(&file, ONE).expect("written");
    let prepared =
        plan::prepare_file(&file, plan::Resources::of_memory(1 << 30)).unwrap_or_else(|failure| panic!("{failure}"));
    let (workload, trial) = (prepared.workload(), &prepared.plan.trials[0]);
    let built = Built::new(trial, &workload, &Kept { graphs: None, indexes: None });
    let searcher = Searcher::new(trial, &workload, &built, 1);
    let once = || alone.install(|| time_all(&searcher, &workers, &[0], 1)).expect("the one vector")[0];
    let times = (0..LATENCIES / 10).map(|_| once()).collect();
    println!("latency of top-k among one vector: {:.0} ns", whole(times));
}

/// The program, which runs in `folder`.
fn swath(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Seconds until a command has ended.
fn seconds_of(mut command: Command) -> f64 {
    let start = Moment::now();
    let status = command.status().expect("started");
    assert!(status.success(), "{command:?} ended with {status}");
    start.elapsed()
}

fn starts() {
    for argument in ["--version", "--help", "schema"] {
        let times = (0..STARTS).map(|_| seconds_of(swath(&[argument]))).collect();
        println!("`swath {argument}`: {:.1} ms, the median of {STARTS} starts", 1e3 * median(times));
    }
}

/// Runs an experiment twice, and prints how long each run took.
fn whole_run(folder: &Path, name: &str, config: &Path) {
    let text = |path: PathBuf| path.into_os_string().into_string().expect("a path of characters");
    let (out, cache) = (folder.join(format!("reports-{name}")), text(folder.join("cache")));
    let out_text = text(out.clone());
    let config = text(config.to_owned());
    let run = || seconds_of(swath(&["run", "--fresh", "--out", &out_text, "--cache-dir", &cache, &config]));
    for how in ["from nothing", "kept"] {
        let wall = run();
        let report = seconds_of(swath(&["report", &out_text]));
        let (manifest, results) = results::read(&out).expect("results");
        let spent = manifest.seconds.expect("seconds");
        let timed = |trial: &results::TrialResult| trial.repeats.iter().map(record::Times::total).sum::<f64>();
        let threads = manifest.experiment.threads().count().map_or(1.0, f64::from);
        let is_single = manifest.experiment.mode() == record::Mode::Single;
        let timed = results.trials.iter().map(timed).sum::<f64>() / if is_single { threads } else { 1.0 };
        let metrics = manifest.untimed[1] / rayon::current_num_threads() as f64;
        let sum = spent.building + timed + metrics + report;
        let label = format!("{name}, {how}");
        println!(
            "{label:<20} {wall:>7.2} {:>7.2} {:>8.2} {timed:>7.2} {:>9.2} {report:>7.2} {metrics:>10.2} {sum:>7.2} {:>8.2}",
            spent.building,
            spent.answering,
            spent.diagnosing,
            wall / sum
        );
    }
}

/// 5 retrievers of 100 points each, 500 queries, the usual metrics.
fn many_trials() -> String {
    let retriever = |name: &str, select: &str| {
        let values: Vec<String> = (1..=100).map(|i| format!("{:.4}", f64::from(i) / 101.0)).collect();
        let select = select.replace("GRID", &format!("[{}]", values.join(", ")));
        format!("  - {{ name: {name}, candidates: {{ exact: {{ pool: 20 }} }}, select: {{ {select} }} }}\n")
    };
    let mut text =
        "name: many\nk: 10\nrepeats: 1\ndataset: { generate: clusters, n: 2000, dimension: 16, queries: 500 }\n\
                    retrievers:\n"
            .to_owned();
    for (name, select) in [
        ("mmr", "mmr: { lambda: GRID }"),
        ("max-sum", "max-sum: { lambda: GRID }"),
        ("graph-cut", "graph-cut: { lambda: GRID }"),
        ("dpp", "dpp: { theta: GRID }"),
        ("ssd", "ssd: { gamma: GRID }"),
    ] {
        text.push_str(&retriever(name, select));
    }
    text
}

/// Runs the experiment of many trials inside `folder`, and returns the folder of the run.
fn run_many(folder: &Path) -> PathBuf {
    let file = folder.join("many.yaml");
    std::fs::write(&file, many_trials()).expect("written");
    let prepared =
        plan::prepare_file(&file, plan::Resources::of_memory(8 << 30)).unwrap_or_else(|failure| panic!("{failure}"));
    let means = Means { program: None, resources: plan::Resources::of_memory(8 << 30), cache: None, cell: None };
    let options = RunOptions { means, start: &Start::Fresh, quiet: true, say: &|_| {}, again: "" };
    let out = folder.join("out");
    prepared.run(&out, &options).unwrap_or_else(|failure| panic!("{failure}"));
    out
}

fn report(folder: &Path) {
    let start = Moment::now();
    let out = run_many(folder);
    println!("\nrun of 500 trials in this process: {:.2} s", start.elapsed());
    let bytes = std::fs::metadata(out.join("index.html")).expect("a page").len();
    let five = |work: &dyn Fn()| {
        let time = |_| {
            let start = Moment::now();
            work();
            start.elapsed()
        };
        median((0..5).map(time).collect())
    };
    let read = five(&|| drop(results::read(&out).expect("results")));
    let (_, results) = results::read(&out).expect("results");
    let statistics = five(&|| drop(Summary::new(&results).expect("a summary")));
    let whole = five(&|| drop(from_files::report(&out, None).expect("a report")));
    println!("report of 500 trials: {whole:.2} s; reading {read:.2} s, statistics {statistics:.2} s");
    println!("its page has {:.2} MB", bytes as f64 / 1e6);
}
