//! Items that belong to documents and sellers: limits on the results of one, and how the results are spread over them.

mod support;

use std::path::Path;
use support::{dataset, stderr, stdout, swath};
use swath_algorithms::{Distance, Groups};
use swath_datasets::ann_benchmarks;
use swath_datasets::hdf5_file::{Hdf5File, MEMORY};

const EXPERIMENT: &str = "
name: limits
dataset: groups.hdf5
k: 5
metrics:
  - recall
  - { groups: { group: document } }
  - { largest-group: { group: document } }
  - { groups: { group: seller } }
retrievers:
  - name: top-k
    candidates: { exact: { pool: 20 } }
    select: top-k
  - name: documents
    candidates: { exact: { pool: 20 } }
    select: { group-limit: { group: document, limit: [1, 2], within: [top-k, { mmr: { lambda: 0.5 } }] } }
  - name: sellers
    candidates: { exact: { pool: 20 } }
    select: { group-limit: { group: seller, limit: 1 } }
  - name: apart
    candidates: { exact: { pool: 20 } }
    select: { threshold: { similarity: 0.5, within: { group-limit: { group: document, limit: 1 } } } }
";

/// Item i is of document i / 4, and of one of three sellers; every tenth is of no document.
fn kinds() -> [Groups; 2] {
    let document = |i: i32| if i % 10 == 9 { Groups::NONE } else { i / 4 };
    let sellers = (0..60).map(|i| ["ann", "bob", "cleo"][i % 3]);
    let documents = Groups { name: "document".into(), of: (0..60).map(document).collect(), labels: Vec::new() };
    [documents, Groups::of_labels("seller", sellers)]
}

/// A folder with the dataset and the experiment.
fn folder(experiment: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut data = dataset(Distance::Angular, false);
    data.groups = kinds().into();
    ann_benchmarks::write(&folder.path().join("groups.hdf5"), &data).expect("written");
    std::fs::write(folder.path().join("limits.yaml"), experiment).expect("written");
    folder
}

/// A trial as its file has it.
struct Stored {
    label: String,
    /// Ids of the results, by query.
    returned: Vec<Vec<usize>>,
    /// Results that break the limit, by query.
    forbidden: Vec<i64>,
    file: Hdf5File,
}

impl Stored {
    fn metric(&self, name: &str) -> Vec<f64> {
        self.file.f64s(&format!("swath/{name}")).expect("values")
    }
}

fn trials(run: &Path) -> Vec<Stored> {
    let manifest = std::fs::read_to_string(run.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let stored = |trial: &serde_json::Value| {
        let path = run.join(format!("trials/{}.hdf5", text(&trial["trial"])));
        let file = Hdf5File::open(&path, MEMORY).expect("a trial");
        let ids = file.integers("neighbors").expect("ids");
        let returned: Vec<Vec<usize>> =
            ids.chunks(5).map(|ids| ids.iter().map(|&id| usize::try_from(id).expect("found")).collect()).collect();
        let forbidden = file.integers("swath/forbidden_results").unwrap_or_else(|_| vec![0; returned.len()]);
        let label = format!("{} {}", text(&trial["retriever"]), text(&trial["point"]));
        Stored { label: label.trim().to_owned(), returned, forbidden, file }
    };
    manifest["trials"].as_array().expect("trials").iter().map(stored).collect()
}

/// Sizes of the groups of some items, each item without one for itself.
fn sizes(kind: &Groups, items: &[usize]) -> Vec<usize> {
    let alike = |&item: &usize| {
        let group = kind.of[item];
        if group == Groups::NONE { 1 } else { items.iter().filter(|&&other| kind.of[other] == group).count() }
    };
    items.iter().map(alike).collect()
}

#[test]
fn a_limit_holds_unless_the_file_says_how_many_break_it() {
    let folder = folder(EXPERIMENT);
    let output = swath(folder.path(), &["run", "limits.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let run = folder.path().join("reports/limits");
    let trials = trials(&run);
    let labels: Vec<&str> = trials.iter().map(|trial| trial.label.as_str()).collect();
    let expected = [
        "top-k",
        "documents limit=1, within=top-k",
        "documents limit=1, within=mmr",
        "documents limit=2, within=top-k",
        "documents limit=2, within=mmr",
        "sellers",
        "apart",
    ];
    assert_eq!(labels, expected);
    let [documents, sellers] = kinds();
    let mut broken_by_top_k = 0;
    for trial in &trials {
        let metrics = ["groups(group=document)", "largest-group(group=document)", "groups(group=seller)"];
        let [count, largest, of_sellers] = metrics.map(|name| trial.metric(name));
        for (query, items) in trial.returned.iter().enumerate() {
            let (of_document, of_seller) = (sizes(&documents, items), sizes(&sellers, items));
            let most = of_document.iter().copied().max().expect("results");
            let distinct = |sizes: &[usize]| sizes.iter().map(|&size| 1.0 / size as f64).sum::<f64>();
            assert!((count[query] - distinct(&of_document)).abs() < 1e-9, "{}, {query}", trial.label);
            assert!((of_sellers[query] - distinct(&of_seller)).abs() < 1e-9, "{}, {query}", trial.label);
            assert!((largest[query] - most as f64 / 5.0).abs() < 1e-9, "{}, {query}", trial.label);
            let forbidden = trial.forbidden[query];
            match trial.label.split(' ').next().expect("a name") {
                "documents" => {
                    let limit = if trial.label.contains("limit=1") { 1 } else { 2 };
                    assert!(most <= limit && forbidden == 0, "{}, {query}: {items:?}", trial.label);
                }
                "sellers" => {
                    // Five results of at most three sellers: one of each, then those that break the limit.
                    let valid = 5 - usize::try_from(forbidden).expect("a count");
                    assert!(valid <= 3 && of_sellers[query] == valid as f64, "{query}: {items:?}, {forbidden}");
                    assert_eq!(sizes(&sellers, &items[..valid]), vec![1; valid], "{query}: {items:?}");
                }
                "top-k" => broken_by_top_k += usize::from(most > 1),
                _ => {}
            }
        }
    }
    assert!(broken_by_top_k > 3, "the limit of documents changes {broken_by_top_k} lists");
    let manifest = std::fs::read_to_string(run.join("manifest.json")).expect("a manifest");
    let broken: i64 = trials[5].forbidden.iter().sum();
    let note = format!(
        "sellers filled up with results that break its limit, since nothing else was left of the pool: in 1 of its 1 trials, up to \
         {broken} of 60 results, for up to 12 of 12 queries; a larger pool leaves fewer"
    );
    assert!(manifest.contains(&note), "{manifest}");
    assert!(!manifest.contains("documents filled up") && !manifest.contains("top-k filled up"), "{manifest}");
    let page = std::fs::read_to_string(run.join("index.html")).expect("a page");
    assert!(page.contains(&note) && page.contains("limit=2, within=mmr"));
    // Single queries show what each result belongs to.
    let queries: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("queries.json")).expect("queries")).expect("JSON");
    for query in queries["queries"].as_array().expect("queries") {
        let position = query["position"].as_u64().expect("a position") as usize;
        for &id in trials.iter().flat_map(|trial| &trial.returned[position]) {
            let items = query["items"].as_array().expect("items");
            let item = items.iter().find(|item| item["id"].as_u64() == Some(id as u64)).expect("a result is shown");
            let group = |kind: &Groups| {
                let number = usize::try_from(kind.of[id]).ok()?;
                let name = kind.labels.get(number).map_or_else(|| number.to_string(), String::clone);
                Some(format!("{}: {name}", kind.name))
            };
            let expected: Vec<String> = kinds().iter().filter_map(group).collect();
            assert_eq!(item.get("groups"), (!expected.is_empty()).then(|| serde_json::json!(expected)).as_ref());
        }
    }
}

/// Groups stay with their items in a sample of the base vectors.
#[test]
fn samples_keep_their_groups() {
    let folder = folder(&EXPERIMENT.replace("k: 5\n", "k: 5\nsweep: { n: [40, 60] }\n"));
    let output = swath(folder.path(), &["run", "limits.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for n in [40, 60] {
        let trials = trials(&folder.path().join(format!("reports/limits/n={n}")));
        let limited = trials.iter().filter(|trial| trial.label.contains("limit=1"));
        let shares = limited.flat_map(|trial| trial.metric("largest-group(group=document)")).collect::<Vec<_>>();
        assert!(shares.len() == 24 && shares.iter().all(|&share| share == 0.2), "n = {n}: {shares:?}");
    }
}

/// Drawn copies are a group with their original: a limit of 1 leaves one of each.
#[test]
fn near_copies_are_groups_that_are_measured_by_default() {
    let experiment = "
name: limits
dataset: { generate: { duplicates: { share: 0.6 } }, n: 400, dimension: 8, queries: 30 }
k: 5
retrievers:
  - name: top-k
    candidates: { exact: { pool: 50 } }
    select: top-k
  - name: one
    candidates: { exact: { pool: 50 } }
    select: { group-limit: { limit: 1, within: max-min } }
";
    let folder = folder(experiment);
    let output = swath(folder.path(), &["run", "limits.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let trials = trials(&folder.path().join("reports/limits"));
    assert!(trials[0].metric("groups").iter().any(|&groups| groups < 5.0), "copies are among the nearest");
    assert!(trials[0].metric("largest-group").iter().any(|&share| share > 0.2));
    assert!(trials[1].metric("groups").iter().all(|&groups| groups == 5.0));
    assert!(trials[1].metric("largest-group").iter().all(|&share| share == 0.2));
    let listed = swath(folder.path(), &["algorithms", "group-limit"]);
    assert!(stdout(&listed).contains("within"), "{}", stdout(&listed));
}

/// Two files of one kind would be one too many.
#[test]
fn a_kind_of_groups_is_named_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("v.csv", "1,0\n0,1\n1,1\n"), ("site.txt", "a\nb\na\n"), ("doc.csv", "x\ny\ny\n")] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let convert = |groups: [&str; 2]| {
        let files = ["datasets", "convert", "--vectors", "v.csv", "--queries", "v.csv", "--distance", "angular"];
        let groups = groups.into_iter().flat_map(|file| ["--groups", file]);
        swath(folder.path(), &files.into_iter().chain(groups).chain(["x.hdf5"]).collect::<Vec<_>>())
    };
    let output = convert(["a=site.txt", "a=doc.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let expected =
        "error: --groups: the kind `a` is named twice, first with site.txt\n  give each file a kind of its own\n";
    assert_eq!(stderr(&output), expected);
    assert!(!folder.path().join("x.hdf5").exists());
    let output = convert(["a=site.txt", "b=doc.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
