//! The time of a report of 500 trials from result files: reading, statistics, tables, figures, the page.
//!
//! `cargo bench -p swath --bench report`. The experiment runs once before, on generated vectors.

use criterion::{Criterion, criterion_group, criterion_main};
use std::path::{Path, PathBuf};
use swath::findings::summary::Summary;
use swath::plan;
use swath::record::results;
use swath::report::from_files;
use swath::run::Means;
use swath::run::experiment::RunOptions;
use swath::run::unfinished::Start;

/// 5 retrievers of 100 points each, 500 queries, the usual metrics.
fn experiment() -> String {
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

/// Runs the experiment inside `folder`, and returns the folder of the run.
fn run(folder: &Path) -> PathBuf {
    let file = folder.join("many.yaml");
    std::fs::write(&file, experiment()).expect("written");
    let prepared = plan::prepare_file(&file, plan::Resources { data_folders: &[], memory: 8 << 30, scratch: None })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let means = Means { program: None, data_folders: &[], memory: 8 << 30, cache: None, cell: None };
    let options = RunOptions { means, start: &Start::Fresh, quiet: true, say: &|_| {}, again: "" };
    let out = folder.join("out");
    prepared.run(&out, &options).unwrap_or_else(|failure| panic!("{failure}"));
    out
}

fn report(bench: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = run(folder.path());
    let bytes = std::fs::metadata(out.join("index.html")).expect("a page").len();
    println!("500 trials: the page has {:.2} MB", bytes as f64 / 1e6);
    let mut group = bench.benchmark_group("500 trials");
    group.sample_size(10);
    group.bench_function("read", |b| b.iter(|| results::read(&out).expect("results")));
    let (_, results) = results::read(&out).expect("results");
    group.bench_function("statistics", |b| b.iter(|| Summary::new(&results).expect("a summary")));
    group.bench_function("whole report", |b| b.iter(|| from_files::report(&out, None).expect("a report")));
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
