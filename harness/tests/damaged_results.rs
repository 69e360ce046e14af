//! However the files that swath itself wrote are damaged, reading them ends soon, in an error or in what they held, without a
//! panic or a large allocation: results, baselines, histories and graphs that are kept.
//!
//! One test alone in this file: the allocator counts for the whole process.

#[path = "../../datasets/tests/damage/mod.rs"]
mod damage;
mod support;

use damage::limits::{Counting, Trials, mutations, watched};
use damage::{checksums, mutate};
use std::path::{Path, PathBuf};
use support::{folder_with, stderr, swath};
use swath::ci::check::baseline;
use swath::ci::history::History;
use swath::record::results;
use swath::run::cache::Cache;
use swath::{findings, plan};
use swath_algorithms::graph::GraphSpec;
use swath_algorithms::random::stream;

/// What reading one file of some hundred KB at most may take.
const BUDGET: usize = 256 << 20;

/// How many files of each kind are damaged, unless it is said.
const MUTATIONS: usize = 5000;

/// Of so many inputs one is put to use as well, which takes longer.
const USED: usize = 200;

#[global_allocator]
static COUNTING: Counting = Counting;

const EXPERIMENT: &str = "\
name: x
dataset: rich.hdf5
k: 5
repeats: 2
check: { rounds: 2, passes: 1 }
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - name: walk
    candidates: { exact: { pool: 10 } }
    expand: { walk: { graph: knn, neighbors: 4 } }
    select: { mmr: { lambda: [0.3, 0.7] } }
";

/// Damages `files` in turn, `usual` times in all, and has each read while it lies in its place. What is beside it is whole.
fn damage(name: &'static str, files: Vec<PathBuf>, read: impl Fn(usize) -> bool + Send + 'static) {
    assert!(!files.is_empty(), "{name}: there is nothing to damage");
    watched(name, BUDGET, move |trials: &mut Trials| {
        let whole: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).expect("readable")).collect();
        let blocks: Vec<_> = whole.iter().map(|file| checksums::blocks(file)).collect();
        assert!(read(0), "{name}: what is whole is read");
        for i in 0..mutations(MUTATIONS) {
            let at = i % files.len();
            let mut random = stream(i as u64, name, 0);
            let mut bytes = mutate::bytes(&mut random, &whole[at], &whole[(i * 7 + 3) % files.len()]);
            if (i / files.len()).is_multiple_of(2) {
                checksums::mend(&mut bytes, &blocks[at]);
            }
            std::fs::write(&files[at], &bytes).expect("written");
            trials.read(&format!("{}, mutation {i}", files[at].display()), || read(i));
            std::fs::write(&files[at], &whole[at]).expect("written");
        }
        let (tried, valid) = trials.counts();
        assert!(valid < tried, "{name}: nothing was damaged");
    });
}

/// The files in a folder that end so, in order.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    files.sort();
    files
}

/// `SWATH_MUTATIONS=20000 cargo test -p swath --test damaged_results -- --nocapture` damages so many of each kind.
#[test]
fn reading_damaged_results_ends_soon_without_a_panic_or_a_large_allocation() {
    let folder = folder_with("x.yaml", EXPERIMENT);
    let root = folder.path().to_owned();
    for arguments in [
        &["run", "--quiet", "x.yaml", "--out", "out"][..],
        &["history", "add", "out", "--commit", "8be8f3f", "--time", "2026-01-02T03:04:05Z"],
        &["history", "add", "out", "--commit", "1234567", "--time", "2026-01-03T03:04:05Z"],
        &["baseline", "save", "--quiet", "x.yaml", "--file", "base.yaml"],
    ] {
        let output = swath(&root, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }

    let out = root.join("out");
    let of_run = [files(&out.join("trials"), ".hdf5"), files(&out, ".json")].concat();
    damage("damaged results", of_run, move |i| {
        let read = results::read(&out).is_ok();
        if i.is_multiple_of(USED) {
            drop(findings::load(&out));
        }
        read
    });

    let path = root.join("base.yaml");
    // The YAML more often than the values: it is the shorter, and most of what is said stands there.
    let of_baseline = [vec![path.clone(); 2], vec![path.with_extension("hdf5")]].concat();
    let sound = std::fs::read_to_string(&path).expect("a baseline");
    damage("damaged baselines", of_baseline, move |i| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if text == sound && i.is_multiple_of(2) {
            // The values are damaged: every other time their hash is made right, so that it does not give them away.
            let hash = swath_datasets::format::sha256(&path.with_extension("hdf5")).expect("read");
            let (before, after) = sound.split_once("\nvalues: ").expect("a hash");
            let after = after.split_once('\n').expect("a line").1;
            std::fs::write(&path, format!("{before}\nvalues: {hash}\n{after}")).expect("written");
            let read = baseline::read(&path);
            std::fs::write(&path, &sound).expect("written");
            return read.is_ok_and(|read| read.missing.is_none());
        }
        baseline::read(&path).is_ok_and(|read| read.missing.is_none())
    });

    let path = root.join("history.csv");
    damage("damaged histories", vec![path.clone()], move |i| {
        let read = History::read(&path);
        if let (Ok(history), true) = (&read, i.is_multiple_of(USED)) {
            drop(history.experiments(0.05));
        }
        read.is_ok()
    });

    let prepared =
        plan::prepare_file(&root.join("x.yaml"), plan::Resources { data_folders: &[], memory: 1 << 30, scratch: None })
            .expect("planned");
    let specs: Vec<GraphSpec> = prepared.plan.trials.iter().filter_map(plan::Trial::graph).collect();
    let sha256 = swath_datasets::format::sha256(&root.join("rich.hdf5")).expect("read");
    let (cache, links) = (Cache::new(root.join(".cache")), prepared.facts.links.unwrap_or(0));
    let of_cache = files(cache.folder(), ".graph");
    damage("damaged graphs that are kept", of_cache, move |_| {
        let listed = cache.entries().is_ok();
        listed && specs.iter().all(|spec| matches!(cache.load(&sha256, spec, 60, links), Ok(Some(_))))
    });
}
