//! What a process was thought to hold is no less than what it held.
#![cfg(target_os = "linux")]

mod support;

use support::{folder_with, stderr, swath};
use swath::plan;
use swath::run::group::groups;

/// Runs it, and compares each group's estimate with the peaks of its trials, in MiB.
fn estimates_and_peaks(experiment: &str) -> Vec<(u64, u64)> {
    let folder = folder_with("x.yaml", experiment);
    let prepared = plan::prepare_file(
        &folder.path().join("x.yaml"),
        plan::Resources { data_folders: &[], memory: 8 << 30, scratch: None },
    )
    .expect("planned");
    let output = swath(folder.path(), &["run", "x.yaml", "--out", "out", "--no-cache"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let results = swath::record::results::read(&folder.path().join("out")).expect("a run").1;
    let pair = |group: swath::run::group::BuildGroup| {
        let peaks = group.trials.iter().map(|&trial| {
            let peaks = results.trials[trial].peaks;
            peaks.build.max(peaks.search).expect("measured")
        });
        (group.memory >> 20, peaks.max().unwrap_or(0) >> 20)
    };
    groups(&prepared.plan, &prepared.facts).into_iter().map(pair).collect()
}

/// Many queries, results and repeats; vectors; indexes and graphs; batches.
#[test]
fn an_estimate_is_not_below_what_is_held() {
    let outcomes = "dataset: { generate: uniform, n: 1000, dimension: 2, queries: 10000 }\nk: 100\nrepeats: 1\n\
                    metrics: [recall]\nretrievers:\n  - { name: top-k, select: top-k }\n  \
                    - { name: again, candidates: { exact: { pool: [101, 102, 103] } }, select: top-k }\n";
    let vectors = "dataset: { generate: gaussian, n: 30000, dimension: 128, queries: 50 }\nk: 10\nrepeats: 1\n\
                   metrics: [recall]\nretrievers:\n  - { name: top-k, select: top-k }\n  \
                   - { name: ivf, candidates: { ivf-flat: { lists: 64 } }, select: mmr }\n";
    let graphs = "dataset: { generate: clusters, n: 4000, dimension: 16, queries: 200 }\nk: 10\nrepeats: 1\n\
                  metrics: [recall]\nretrievers:\n  - { name: vamana, candidates: { vamana: {} }, select: top-k }\n  \
                  - { name: walk, expand: { walk: { graph: [knn, knn-symmetric], neighbors: 64 } }, select: mmr }\n";
    let batches = "dataset: { generate: uniform, n: 1000, dimension: 2, queries: 10000 }\nk: 10\nrepeats: 1\n\
                   mode: batch\nmetrics: [recall]\nretrievers:\n  \
                   - { name: top-k, candidates: { exact: { pool: 200 } }, select: top-k }\n";
    for (name, experiment) in [("outcomes", outcomes), ("vectors", vectors), ("graphs", graphs), ("batches", batches)] {
        for (estimate, peak) in estimates_and_peaks(&format!("name: x\n{experiment}")) {
            println!("{name}: {estimate} MiB estimated, {peak} MiB held");
            assert!(estimate >= peak, "{name}: {estimate} MiB estimated, {peak} MiB held");
            assert!(estimate < 8 * peak, "{name}: {estimate} MiB estimated, {peak} MiB held, which is no estimate");
        }
    }
}
