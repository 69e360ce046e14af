//! The commented experiment that `swath init` writes.

use crate::escape::yaml;
use crate::metrics::MetricName;
use std::fmt::Write as _;
use swath_datasets::Header;

/// A starter named `name`, for the dataset that is called `dataset` and has this header.
pub fn starter(name: &str, dataset: &str, header: &Header) -> String {
    let links = header.links.is_some();
    let (graph, source) =
        if links { ("[knn, links]", "its kNN graph and its links") } else { ("knn", "its kNN graph") };
    let (k, queries, neighbors) =
        (header.train.min(10), header.test.min(100), header.train.saturating_sub(1).clamp(1, 16));
    let metrics = metrics(header, k);
    let sample = if queries < header.test {
        "a seeded sample; leave out for all"
    } else {
        "all of them; a smaller number draws a seeded sample"
    };
    let (pool, seeds) = (header.train.min(100), header.train.min(20));
    // One vector makes no graph.
    let walk = if header.train < 2 {
        String::new()
    } else {
        format!(
            "
  - name: graph-augmented    # walks {source} from the nearest few
    candidates: {{ exact: {{ pool: {seeds} }} }}
    expand: {{ walk: {{ graph: {graph}, neighbors: {neighbors}, restart: 0.15 }} }}
    select: {{ mmr: {{ lambda: 0.7 }} }}
"
        )
    };
    let others = others(header, pool);
    // Comments stand in one column, unless an entry reaches into it.
    let entry = |entry: &str, comment: &str| format!("{entry:<26}   # {comment}");
    let settings = [
        entry(&format!("name: {}", yaml(name)), "also the folder under reports/"),
        entry(
            &format!("dataset: {}", yaml(dataset)),
            "a name from `swath datasets list`, a path to an HDF5 file, or files of your own (docs/your-data.md)",
        ),
        entry(&format!("k: {k}"), "results per query"),
        entry(&format!("queries: {queries}"), sample),
        entry("seed: 42", "of every random choice"),
        entry("mode: single", "one query at a time (latency), or batch (throughput)"),
        entry("threads: 1", "for timed queries; building uses all cores"),
        entry("repeats: 3", "how often each query is timed"),
        entry(&format!("metrics: [{metrics}]"), "`swath metrics` explains them; leave out for the usual ones"),
    ]
    .join("\n");
    format!(
        "# yaml-language-server: $schema=swath.schema.json
# (Write that file with `swath schema > swath.schema.json`, and an editor checks and completes what you type.)
#
# Run:      swath run THIS_FILE
# Look at:  reports/{name}/index.html

{settings}

# A retriever is candidates (a pool near the query), an optional expansion over a graph, and a selector that picks k of
# the pool. In its parameters a list is a grid axis: one trial for each value. `swath algorithms` lists all components.
retrievers:
  - name: top-k              # what a vector database returns: the reference; its pool is k
    select: top-k

  - name: mmr                # trades relevance against novelty
    candidates: {{ exact: {{ pool: {pool} }} }}
    select: {{ mmr: {{ lambda: [0.3, 0.5, 0.7] }} }}

  - name: facility-location  # covers the pool with k of its items
    candidates: {{ exact: {{ pool: {pool} }} }}
    select: facility-location
{others}{walk}"
    )
}

/// Retrievers for what the dataset has beside vectors: groups, and sub-queries.
fn others(header: &Header, pool: usize) -> String {
    let mut text = String::new();
    if let Some(kind) = group(header) {
        let group = if kind.is_empty() { String::new() } else { format!("group: {}, ", yaml(kind)) };
        let _ = write!(
            text,
            "
  - name: group-limit        # takes by relevance, at most so many results of one group
    candidates: {{ exact: {{ pool: {pool} }} }}
    select: {{ group-limit: {{ limit: 2, {group}within: top-k }} }}
"
        );
    }
    if header.aspects.is_some_and(|rows| rows > 0) {
        let _ = write!(
            text,
            "
  - name: xquad              # covers the sub-queries of each query
    candidates: {{ exact: {{ pool: {pool} }} }}
    select: {{ xquad: {{ aspects: queries }} }}
"
        );
    }
    text
}

/// The kind of groups to begin with, if there are any: the first, or without a name the only one.
fn group(header: &Header) -> Option<&str> {
    let first = header.groups.first()?;
    Some(if header.groups.len() > 1 { first } else { "" })
}

/// Metrics that the dataset supports: recall needs as many stored neighbours as results, and one result makes no pairs.
fn metrics(header: &Header, k: usize) -> String {
    let recall = match header.neighbors {
        0 => None,
        stored if stored < k => Some(format!("recall@{stored}")),
        _ => Some("recall".to_owned()),
    };
    let about = if header.subtopics.is_some() { "subtopic-recall" } else { "relevance" };
    let judged: &[&str] = if header.qrels.is_some() { &["ndcg-qrels", "recall-qrels", "judged"] } else { &[] };
    let of_pairs = ["redundancy", "diversity"].into_iter().filter(|_| k > 1);
    let others = judged.iter().copied().chain([about, "coverage"]).chain(of_pairs).map(str::to_owned);
    // A metric's name has its parameters, and no name has all characters.
    let can_be_named = |kind: &str| kind.len() <= 64 && MetricName::find(&format!("groups(group={kind})")).is_some();
    let groups = group(header).filter(|kind| kind.is_empty() || can_be_named(kind)).map(|kind| match kind {
        "" => "groups".to_owned(),
        kind => format!("{{ groups: {{ group: {} }} }}", yaml(kind)),
    });
    recall.into_iter().chain(others).chain(groups).collect::<Vec<_>>().join(", ")
}
