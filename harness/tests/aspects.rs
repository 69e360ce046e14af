//! Sub-queries of the dataset as the aspects of xQuAD and PM-2.

mod support;

use std::path::Path;
use support::{stderr, stdout, swath};
use swath::record::results;
use swath_algorithms::points::Point;
use swath_algorithms::{Distance, Vectors};
use swath_datasets::{Aspects, Dataset, ann_benchmarks};

const K: usize = 5;

/// The sub-queries of query `query`; every fifth query has none.
fn sub_queries(query: usize) -> Vec<Vec<f32>> {
    let value = |row: usize, at: usize| ((query * 17 + row * 5 + at) as f32 * 1.7).sin();
    let count = if query.is_multiple_of(5) { 0 } else { 2 + query % 3 };
    (0..count).map(|row| (0..5).map(|at| value(row, at)).collect()).collect()
}

fn dataset() -> Dataset {
    let of: Vec<usize> = (0..12).flat_map(|query| vec![query; sub_queries(query).len()]).collect();
    let values: Vec<f32> = (0..12).flat_map(sub_queries).flatten().collect();
    let aspects = Aspects::new(12, &of, &Vectors::new(&values, 5).expect("finite"));
    Dataset { aspects: Some(aspects), ..support::dataset(Distance::Angular, true) }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn values(point: Point<'_>) -> Vec<f32> {
    let Point::Dense(lines) = point else { panic!("dense") };
    lines.iter().flat_map(|line| line.0).take(5).collect()
}

/// xQuAD by its definition, of new aspects alone: again and again the item that covers most of what is open. All aspects of a query
/// weigh the same; what an item covers is its cosine, if above 0, over the largest one. Of equals the nearest item is first.
fn xquad(dataset: &Dataset, query: usize) -> Vec<u32> {
    let rows: Vec<Vec<f32>> = (0..60).map(|row| values(dataset.train.row(row))).collect();
    let asked = values(dataset.test.row(query));
    let mut items: Vec<usize> = (0..60).collect();
    items.sort_by(|&a, &b| cosine(&asked, &rows[b]).total_cmp(&cosine(&asked, &rows[a])));
    let aspects = sub_queries(query);
    let part = |aspect: &[f32], item: usize| cosine(aspect, &rows[item]).max(0.0);
    let largest: Vec<f64> =
        aspects.iter().map(|aspect| items.iter().map(|&item| part(aspect, item)).fold(0.0, f64::max)).collect();
    let covers = |aspect: usize, item: usize| part(&aspects[aspect], item) / largest[aspect];
    let mut open = vec![1.0; aspects.len()];
    let mut picked: Vec<u32> = Vec::new();
    while picked.len() < K {
        let gain = |item: usize| (0..aspects.len()).map(|aspect| open[aspect] * covers(aspect, item)).sum::<f64>();
        let left = || items.iter().copied().filter(|&item| !picked.contains(&(item as u32)));
        let best = left().map(gain).fold(f64::NEG_INFINITY, f64::max);
        let next = left().find(|&item| gain(item) == best).expect("more items than results");
        open.iter_mut().enumerate().for_each(|(aspect, open)| *open *= 1.0 - covers(aspect, next));
        picked.push(next as u32);
    }
    picked
}

/// Runs an experiment on the dataset and returns the results of each retriever: its queries, and what it returned for each.
fn run(folder: &Path, name: &str, rest: &str) -> Vec<(String, Vec<usize>, Vec<Vec<u32>>)> {
    let text = format!(
        "name: {name}\ndataset: sub.hdf5\nk: {K}\nrepeats: 3\nmetrics: [recall, subtopic-recall]\n{rest}\nretrievers:\n  \
         - {{ name: top-k, candidates: {{ exact: {{ pool: 60 }} }}, select: top-k }}\n  \
         - {{ name: by-queries, candidates: {{ exact: {{ pool: 60 }} }}, select: {{ xquad: {{ aspects: queries, lambda: 1.0 }} }} }}\n  \
         - {{ name: by-clusters, candidates: {{ exact: {{ pool: 60 }} }}, select: {{ xquad: {{ aspects: {{ clusters: 3 }}, lambda: 1.0 }} }} }}\n  \
         - {{ name: seats, candidates: {{ exact: {{ pool: 60 }} }}, select: {{ pm2: {{ aspects: queries }} }} }}\n"
    );
    std::fs::write(folder.join(format!("{name}.yaml")), text).expect("written");
    let output = swath(folder, &["run", &format!("{name}.yaml")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (_, results) = results::read(&folder.join("reports").join(name)).expect("results");
    let of = |trial: &results::TrialResult| {
        let rows = (0..trial.query_ids.len()).map(|position| trial.answer(position).collect()).collect();
        // No oracle is among them: names bear no mark.
        (trial.retriever.clone(), trial.query_ids.clone(), rows)
    };
    results.trials.iter().map(of).collect()
}

/// The results of all queries, of a sample of them, and of a sample of base vectors, through a prepared dataset and from the file
/// itself; and what the page of the dataset says.
#[test]
fn xquad_picks_by_the_sub_queries_of_the_dataset() {
    let (folder, dataset) = (tempfile::tempdir().expect("a folder"), dataset());
    ann_benchmarks::write(&folder.path().join("sub.hdf5"), &dataset).expect("written");
    for (name, rest) in [("all", ""), ("some", "queries: 7"), ("again", "queries: 7")] {
        let ran = run(folder.path(), name, rest);
        let of = |retriever: &str| ran.iter().find(|(name, ..)| name == retriever).expect("a trial");
        let (_, queries, returned) = of("by-queries");
        assert_eq!(queries.len(), if rest.is_empty() { 12 } else { 7 });
        for (&query, returned) in queries.iter().zip(returned) {
            assert_eq!(returned, &xquad(&dataset, query), "{name}, query {query}");
        }
        let differing = |other: &str| of(other).2.iter().zip(returned).filter(|(a, b)| a != b).count();
        assert!(differing("top-k") > 3 && differing("by-clusters") > 3 && differing("seats") > 3, "{name}");
        // A query without sub-queries has nothing to cover.
        let without = queries.iter().position(|query| query.is_multiple_of(5)).expect("one of them");
        assert_eq!(returned[without], of("top-k").2[without]);
    }
    let info = swath(folder.path(), &["datasets", "info", "sub.hdf5"]);
    let text = stdout(&info);
    assert!(
        text.lines().any(|line| line.starts_with("sub-queries") && line.ends_with("27 for 9 of 12 queries")),
        "{text}"
    );
    assert!(text.contains("3 of 12 queries have no sub-queries in `aspects`"), "{text}");
}

/// A sample of base vectors keeps the sub-queries: they belong to queries.
#[test]
fn a_sweep_keeps_sub_queries() {
    let folder = tempfile::tempdir().expect("a folder");
    ann_benchmarks::write(&folder.path().join("sub.hdf5"), &dataset()).expect("written");
    let text = "name: sweep\ndataset: sub.hdf5\nk: 3\nsweep: { n: [30, 60] }\nmetrics: [recall]\nretrievers:\n  \
                - { name: a, candidates: { exact: { pool: 20 } }, select: { xquad: { aspects: queries } } }\n";
    std::fs::write(folder.path().join("x.yaml"), text).expect("written");
    let output = swath(folder.path(), &["run", "x.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
