//! Figures whose right value is known, from the command line to the files: what each case in `cases/` must give.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{dataset, stderr, stdout, swath, write_datasets};
use swath::metrics::truth::Truth;
use swath::metrics::{AnsweredQuery, MetricName, Seen};
use swath_algorithms::random::{below, stream};
use swath_algorithms::{Base, Distance, Points, Pool, Query, Vectors};
use swath_datasets::hdf5_file::{Hdf5File, MEMORY};
use swath_datasets::{Dataset, Stored, Subtopics, ann_benchmarks, ground_truth};

/// What a run left behind.
struct Ran {
    folder: tempfile::TempDir,
    said: String,
    noted: String,
}

/// Runs an experiment called `x` in a folder that has `rich.hdf5`, `plain.hdf5` and the cases.
fn run(experiment: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    write_datasets(folder.path());
    run_in(folder, experiment)
}

fn run_in(folder: tempfile::TempDir, experiment: &str) -> Ran {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/data");
    std::fs::write(folder.path().join("x.yaml"), format!("name: x\n{experiment}")).expect("written");
    let (cases, shipped) = (cases.to_string_lossy(), shipped.to_string_lossy());
    let output = swath(folder.path(), &["--data-dir", &cases, "--data-dir", &shipped, "run", "x.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    Ran { said: stdout(&output), noted: stderr(&output), folder }
}

impl Ran {
    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("reports/x").join(file)
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).expect("a file")
    }

    /// A table's rows, from column to cell.
    fn rows(&self, file: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path(file)).expect("a table");
        reader.deserialize().map(|row| row.expect("a row")).collect()
    }

    /// A column of `runs.csv`.
    fn column(&self, name: &str) -> Vec<f64> {
        self.rows("runs.csv").iter().map(|row| row[name].parse().expect("a number")).collect()
    }

    fn manifest(&self) -> serde_json::Value {
        serde_json::from_str(&self.text("manifest.json")).expect("JSON")
    }

    /// A metric's values of each trial, by query.
    fn values(&self, metric: &str) -> Vec<Vec<f64>> {
        let trials = self.manifest()["trials"].as_array().expect("trials").clone();
        let file = |trial: &serde_json::Value| format!("trials/{}.hdf5", trial["trial"].as_str().expect("an id"));
        let open = |name: String| Hdf5File::open(&self.path(&name), MEMORY).expect("a trial");
        trials.iter().map(|trial| open(file(trial)).f64s(&format!("swath/{metric}")).expect("values")).collect()
    }
}

/// By exact arithmetic with fractions: 2^grade - 1 for grades to 1,600, over the ideal's.
#[test]
fn grades_of_any_size_have_gains() {
    let ran = run("dataset: 70-qrels-big\nmetrics: [ndcg-qrels(gain=exponential)]\nretrievers:\n  \
                   - { name: top-k, select: top-k }\n  - { name: mmr, select: mmr }\n  \
                   - { name: mmr-40, candidates: { exact: { pool: 40 } }, select: mmr }\n");
    let found = ran.column("ndcg-qrels(gain=exponential)");
    for (found, expected) in found.iter().zip([0.1490, 0.0907, 0.1258]) {
        assert!((found - expected).abs() < 5e-5, "{found} for {expected}");
    }
    assert!(
        ran.values("ndcg-qrels(gain=exponential)").iter().flatten().all(|value| value.is_finite()),
        "all 40 queries"
    );
    assert!(!ran.text("runs.csv").contains("_n,"), "a count where it is not all alone");
}

/// In the support's dataset the last of 12 queries has no subtopics.
#[test]
fn means_over_some_queries_say_so() {
    let ran = run(
        "dataset: rich.hdf5\nk: 5\nmetrics: [subtopic-recall, coverage]\nretrievers: [{ name: top-k, select: top-k }]\n",
    );
    let said = "subtopic-recall is defined for some queries alone: its means are over 11 of 12.";
    for (place, text) in [
        ("the terminal", &ran.said),
        ("the page", &ran.text("index.html")),
        ("the table", &ran.text("tables/summary.md")),
        ("captions", &ran.text("plots/captions.txt")),
    ] {
        assert!(text.contains(said), "{place}: {text}");
    }
    let rows = ran.rows("runs.csv");
    assert_eq!((rows[0]["subtopic-recall_n"].as_str(), rows[0].contains_key("coverage_n")), ("11", false));
    assert!(!ran.said.contains("coverage is over"));
}

/// An item is at distance 0 from its copies, so that they cover each other whatever the radius is.
#[test]
fn a_result_covers_itself_and_its_copies() {
    let ran = run("dataset: copies-angular\nmetrics: [ball-coverage]\nretrievers:\n  \
                   - { name: facility-location, select: facility-location }\n");
    let values = &ran.values("ball-coverage")[0];
    assert!(!values.is_empty() && values.iter().all(|value| (value - 0.89).abs() < 1e-9), "{values:?}");
}

/// The ideal is the best by the kernel, not by the distance.
#[test]
fn ndcg_is_at_most_one_whatever_orders() {
    let ran = run("dataset: glove-wordnet-20k\nqueries: 200\nmetrics: [{ ndcg: { kernel: rbf } }, ndcg]\n\
                   retrievers:\n  - { name: top-k, select: top-k }\n  - { name: mmr, select: { mmr: { lambda: 0.95 } } }\n");
    for metric in ["ndcg", "ndcg(kernel=rbf)"] {
        let most = ran.values(metric).into_iter().flatten().fold(0.0, f64::max);
        assert!(most <= 1.0 && most > 0.9, "{metric}: {most}");
    }
}

/// 2,000 x 256 whole numbers from 0 to 65,535, times powers of ten, with the truth in single precision.
fn large(exponent: i32) -> Dataset {
    let mut random = stream(1, "large", 0);
    let mut rows = |count: usize| {
        let values: Vec<f32> =
            (0..count * 256).map(|_| (below(&mut random, 65_536) as f64 * 10_f64.powi(exponent)) as f32).collect();
        Points::from(Vectors::new(&values, 256).expect("finite"))
    };
    let (train, test) = (rows(2000), rows(20));
    let base = Base::new(train.clone(), Distance::Euclidean);
    let neighbors = ground_truth::compute(&base, &test, 100);
    Dataset::of_points(train, test, Distance::Euclidean, neighbors)
}

#[test]
fn exact_search_has_a_recall_of_one_at_any_scale() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.hdf5");
    for exponent in [-40, -30, -12, -3, 0, 3, 12, 30, 32] {
        ann_benchmarks::write(&path, &large(exponent)).expect("written");
        let dataset = swath_datasets::format::read(&path, MEMORY).expect("read");
        assert_eq!(dataset.neighbors.stored, Stored::Float32);
        let base = Base::new(dataset.train.clone(), Distance::Euclidean);
        for query in 0..dataset.test.len() {
            let ids = &dataset.neighbors.ids(query)[..10];
            let asked = AnsweredQuery {
                base: &base,
                query: Query::row(&dataset.test, query),
                returned: ids,
                k: 10,
                found: (ids, 10),
                pool: &Pool::default(),
                truth: &Truth::of(&dataset, query),
                selector: None,
                groups: &[],
                evaluations: None,
                seen: Seen::default(),
            };
            for metric in ["recall", "pool-recall", "recall-eps(epsilon=0)", "recall@1"] {
                let found = MetricName::find(metric).expect("a metric").value(&asked);
                assert_eq!(found, Some(1.0), "{metric} at 10^{exponent}, query {query}");
            }
        }
    }
}

#[test]
fn a_run_of_exact_search_on_large_numbers_has_a_recall_of_one() {
    let folder = tempfile::tempdir().expect("a folder");
    ann_benchmarks::write(&folder.path().join("large.hdf5"), &large(0)).expect("written");
    let ran = run_in(folder, "dataset: large.hdf5\nmetrics: [recall]\nretrievers: [{ name: top-k, select: top-k }]\n");
    assert_eq!(ran.column("recall"), [1.0]);
    assert!(!ran.noted.contains("caution") && !ran.text("runs.csv").contains("recall-eps"));
}

/// On data so small `recall` is 1 for whatever is returned.
#[test]
fn recall_that_says_nothing_is_cautioned_against() {
    let experiment = "metrics: [recall, coverage]\nretrievers:\n  - { name: top-k, select: top-k }\n  \
                      - { name: random, select: random }\n";
    let ran = run(&format!("dataset: 50-scale1e-4-euc\n{experiment}"));
    assert_eq!(ran.column("recall"), [1.0, 1.0]);
    let relative = ran.column("recall-eps");
    assert!(relative[0] == 1.0 && relative[1] < 0.5, "{relative:?}");
    assert!(ran.noted.contains("caution: `recall`") && ran.noted.contains("for 30 of 30 queries"), "{}", ran.noted);
    assert!(ran.said.contains("caution: for 30 of 30 queries the 0.001 of recall"), "{}", ran.said);
    assert!(!ran.said.contains("Caution"), "{}", ran.said);
    let (page, remark) = (ran.text("index.html"), "Caution: for 30 of 30 queries the 0.001 of recall");
    assert!(page.contains("Caution: <code>recall</code> counts") && !page.contains("CAUTION"), "{page}");
    for (place, text) in [
        ("the page", &page),
        ("the table", &ran.text("tables/summary.md")),
        ("captions", &ran.text("plots/captions.txt")),
    ] {
        assert!(text.contains(remark), "{place}: {text}");
    }
    let header = ran.text("runs.csv").lines().next().expect("a header").to_owned();
    assert!(header.contains("recall,recall_lo,recall_hi,recall-eps,"), "beside it: {header}");

    // Near duplicates: every base vector within 1e-3 of the first.
    let folder = tempfile::tempdir().expect("a folder");
    let mut near = dataset(Distance::Angular, false);
    let rows = near.train.dense().expect("dense").clone();
    let rows: Vec<f32> = (0..60)
        .flat_map(|i| rows.row(0).iter().zip(rows.row(i)).map(|(a, b)| a + 1e-3 * b).collect::<Vec<_>>())
        .collect();
    near.train = Vectors::new(&rows, 5).expect("finite").into();
    near.test = near.train.gather(&(0..12).collect::<Vec<_>>());
    near.neighbors = ground_truth::compute(&Base::new(near.train.clone(), near.distance), &near.test, 20);
    ann_benchmarks::write(&folder.path().join("near.hdf5"), &near).expect("written");
    let ran = run_in(
        folder,
        &format!(
            "dataset: near.hdf5\nk: 5\n{}",
            experiment.replace("select: random", "candidates: { exact: { pool: 60 } }, select: random")
        ),
    );
    assert_eq!(ran.column("recall"), [1.0, 1.0]);
    assert!(ran.noted.contains("for 12 of 12 queries") && ran.column("recall-eps")[1] < 0.9, "{}", ran.noted);
}

/// What plain top-k cannot use is not searched for; what is written stays.
#[test]
fn a_pool_that_is_not_written_follows_k() {
    let experiment = "dataset: { generate: gaussian, n: 400, dimension: 8, queries: 20 }\nk: 7\nmetrics: [recall, pool-recall]\nretrievers:\n  \
                      - { name: plain, select: [top-k, mmr] }\n  \
                      - { name: written, candidates: { exact: { pool: 100 } }, select: top-k }\n  \
                      - { name: walk, expand: { hops: { graph: knn } }, select: top-k }\n  \
                      - { name: approximate, candidates: { vamana: {} }, select: top-k }\n";
    let ran = run(experiment);
    assert_eq!(ran.column("pool"), [7.0, 100.0, 100.0, 100.0, 100.0]);
    let pools: Vec<_> = ran.manifest()["experiment"]["retrievers"][0]
        .as_array()
        .expect("points")
        .iter()
        .map(|point| point["candidates"]["exact"]["pool"].clone())
        .collect();
    assert_eq!(pools, [7, 100], "the planned experiment has them written out");
    assert!(ran.rows("runs.csv")[0]["params"].contains("\"pool\":7"));
    assert!(
        ran.said.contains("plain (select=top-k) ") && ran.said.contains("pool"),
        "labels are without it: {}",
        ran.said
    );
    // What the pool's size decides is not compared across sizes.
    let compared = ran.rows("comparisons.csv");
    let of = |metric: &str| compared.iter().filter(|row| row["metric"] == metric).count();
    assert_eq!((of("recall"), of("pool-recall")), (4, 0));
    let said = "pool-recall is compared only at the reference's size of the pool, 7: 4 trials are left out.";
    for file in ["index.html", "tables/comparisons.md"] {
        assert!(ran.text(file).contains(said), "{file}");
    }
    // In a sweep it is each cell's k.
    let ran = run(&format!("sweep: {{ k: [5, 12] }}\n{}", experiment.replace("k: 7\n", "")));
    for k in [5, 12] {
        let manifest = std::fs::read_to_string(ran.path(&format!("k={k}/manifest.json"))).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        assert_eq!(manifest["experiment"]["retrievers"][0][0]["candidates"]["exact"]["pool"], k);
    }
    // Equally large pools are compared.
    let ran = run(
        "dataset: { generate: gaussian, n: 400, dimension: 8, queries: 20 }\nmetrics: [pool-recall]\nretrievers:\n  \
                   - { name: top-k, candidates: { exact: { pool: 50 } }, select: top-k }\n  \
                   - { name: approximate, candidates: { ivf-flat: { pool: 50, nprobe: 1 } }, select: top-k }\n",
    );
    assert_eq!(ran.rows("comparisons.csv").len(), 1);
    assert!(!ran.text("index.html").contains("left out."));
}

#[test]
fn the_halves_of_a_split_are_in_a_file() {
    let ran = run(
        "dataset: rich.hdf5\nk: 5\nqueries: 10\nseed: 3\nsplit: { tune: 0.4, by: coverage }\nmetrics: [coverage]\nretrievers:\n  \
                   - { name: top-k, select: top-k }\n  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.3, 0.7] } } }\n",
    );
    let sides = ran.rows("split.csv");
    let of = |side: &str| {
        sides
            .iter()
            .filter(|row| row["side"] == side)
            .map(|row| row["query"].parse().expect("a row"))
            .collect::<Vec<usize>>()
    };
    let (tune, report) = (of("tune"), of("report"));
    assert_eq!((tune.len(), report.len()), (4, 6));
    let mut all = [tune, report.clone()].concat();
    all.sort_unstable();
    all.dedup();
    assert!(all.len() == 10 && all.iter().all(|&query| query < 12));
    // The mean that is reported is over those that are to be reported on.
    let trial = &ran.rows("chosen.csv")[0];
    let position = |query: &usize| all.iter().position(|other| other == query).expect("asked");
    let values = &ran.values("coverage")[0];
    let mean = report.iter().map(|query| values[position(query)]).sum::<f64>() / 6.0;
    assert!((trial["coverage"].parse::<f64>().expect("a mean") - mean).abs() < 1e-9);
    // Without a split there is none, nor one of an earlier run.
    std::fs::write(
        ran.folder.path().join("x.yaml"),
        "name: x\ndataset: rich.hdf5\nk: 5\nmetrics: [coverage]\nretrievers: [{ name: top-k, select: top-k }]\n",
    )
    .expect("written");
    assert_eq!(swath(ran.folder.path(), &["run", "x.yaml"]).status.code(), Some(0));
    assert!(!ran.path("split.csv").exists());
}

/// Grades below 0 mark spam.
#[test]
fn grades_below_zero_are_zero_and_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut judged = dataset(Distance::Angular, false);
    let nearest: Vec<u32> = (0..12).map(|query| judged.neighbors.ids(query)[0]).collect();
    let rows: Vec<[u32; 3]> = (0..12).map(|query| [query as u32, nearest[query], 1 + query as u32 % 2]).collect();
    judged.qrels = Some(Subtopics::new(12, rows));
    ann_benchmarks::write(&folder.path().join("judged.hdf5"), &judged).expect("written");
    // The file's own bytes: grades 2 become -2, which is spam.
    let path = folder.path().join("judged.hdf5");
    let bytes = std::fs::read(&path).expect("read");
    let row =
        |query: u32, grade: i32| [query as i32, nearest[query as usize] as i32, grade].map(i32::to_le_bytes).concat();
    let mut spam = bytes.clone();
    for query in (1..12).step_by(2) {
        let (old, new) = (row(query, 2), row(query, -2));
        let at = (0..spam.len() - 12).find(|&at| spam[at..at + 12] == old[..]).expect("the row");
        spam[at..at + 12].copy_from_slice(&new);
    }
    std::fs::write(&path, spam).expect("written");
    let ran = run_in(
        folder,
        "dataset: judged.hdf5\nk: 5\nmetrics: [hit, mrr, ndcg-qrels]\nretrievers: [{ name: top-k, select: top-k }]\n",
    );
    let said = "6 of 12 grades in `qrels` are below 0 and count as 0, not relevant";
    assert!(ran.noted.contains(said) && ran.text("index.html").contains("are below 0 and count as 0"), "{}", ran.noted);
    assert_eq!((ran.column("hit"), ran.column("hit_n")), (vec![1.0], vec![6.0]));
    assert!(
        ran.said.contains("ndcg-qrels is defined for some queries alone: its means are over 6 of 12."),
        "{}",
        ran.said
    );
}

/// Of 12 queries one has no true neighbour in the file, and one has 3 of the 5 that k asks for.
#[test]
fn recall_is_of_the_true_neighbours_that_a_query_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut short = dataset(Distance::Euclidean, false);
    let count = short.neighbors.count;
    for (query, known) in [(0, 0), (1, 3)] {
        short.neighbors.ids[query * count + known..(query + 1) * count].fill(swath_datasets::NO_ID);
        short.neighbors.distances[query * count + known..(query + 1) * count].fill(f64::INFINITY);
    }
    ann_benchmarks::write(&folder.path().join("short.hdf5"), &short).expect("written");
    let ran = run_in(
        folder,
        "dataset: short.hdf5\nk: 5\nmetrics: [recall, recall-eps, ndcg, relevance, redundancy, vendi]\nretrievers: [{ name: top-k, select: top-k }]\n",
    );
    let queries = short.test.len();
    assert_eq!(ran.column("recall"), [1.0]);
    assert_eq!(ran.column("recall_n"), [(queries - 1) as f64]);
    // On euclidean data a kernel's width is the median distance to the true neighbours.
    for metric in ["relevance", "redundancy", "vendi"] {
        assert_eq!(ran.column(&format!("{metric}_n")), [(queries - 1) as f64], "{metric}");
    }
    assert!(ran.column("ndcg")[0] <= 1.0 + 1e-12, "gains are of k results, whatever truth there is");
    let note = format!("2 of {queries} queries have fewer than {count} true neighbours in the file");
    assert!(ran.noted.contains(&note), "{}", ran.noted);
    assert!(ran.noted.contains("1 has none, and so no recall") || ran.said.contains("1 has none, and so no recall"));
}
