//! What trials share: an index over the base vectors and, if they walk one, a graph.

use super::kept_indexes;
use crate::clock::Moment;
use crate::plan::Trial;
use crate::plan::workload::Workload;
use crate::record::manifest::GraphRecord;
use crate::run::cache::{self, Cache};
use std::path::{Path, PathBuf};
use swath_algorithms::candidates::{Index, Lists};
use swath_algorithms::graph::{Graph, GraphSpec};

/// Where the graphs of a dataset are kept.
#[derive(Clone, Copy)]
pub struct GraphCache<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// The dataset's name.
    pub dataset: &'a str,
    /// The dataset's SHA-256.
    pub sha256: &'a str,
}

/// Where builds are kept.
#[derive(Clone)]
pub struct Kept<'a> {
    /// Graphs, for all runs.
    pub graphs: Option<GraphCache<'a>>,
    /// The folder of indexes, for one check.
    pub indexes: Option<PathBuf>,
}

/// An index and a graph.
pub struct Built {
    /// Finds candidates.
    pub index: Index,
    /// The graph that expansions walk.
    pub graph: Option<Graph>,
    /// Whether an index that is kept was built here, not read.
    pub is_new: bool,
    /// Seconds that building both took. Lists from a file count 0, a graph from the cache as in the run that built it, an index from a file as
    /// reading took.
    pub seconds: f64,
    /// The graph's record.
    pub record: Option<GraphRecord>,
    /// What went wrong with the files that keep builds.
    pub notes: Vec<String>,
}

/// What trials must have in common to share a build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuildKey {
    index: String,
    graph: Option<String>,
}

/// The build key of a trial.
pub fn key(trial: &Trial) -> BuildKey {
    BuildKey { index: trial.retriever.candidates.build_key(), graph: trial.graph().map(|graph| graph.key()) }
}

impl Built {
    /// Builds what `trial` searches and walks, or reads what is kept of it.
    pub fn new(trial: &Trial, workload: &Workload, kept: &Kept<'_>) -> Self {
        let mut notes = Vec::new();
        let candidates = &trial.retriever.candidates;
        let listed = candidates.listed().and_then(|_| workload.lists.get(&candidates.build_key()));
        let start = Moment::now();
        let indexes = kept.indexes.as_deref();
        let read = indexes.and_then(|folder| read_index(trial, workload, folder));
        let folder = indexes.filter(|_| read.is_none());
        let index = read.or_else(|| listed.map(Lists::index)).unwrap_or_else(|| candidates.build(&workload.base));
        let mut seconds = if listed.is_some() { 0.0 } else { start.elapsed() };
        let is_new = folder.is_some_and(|folder| keep_index(trial, &index, folder, &mut notes));
        let (graph, record) = trial.graph().map(|spec| build_graph(&spec, workload, kept.graphs, &mut notes)).unzip();
        seconds += record.as_ref().map_or(0.0, |record| record.seconds);
        Self { index, graph, is_new, seconds, record, notes }
    }
}

/// Reads the index that a trial searches; `None` if it is not kept.
fn read_index(trial: &Trial, workload: &Workload, folder: &Path) -> Option<Index> {
    let candidates = &trial.retriever.candidates;
    candidates.restore(&kept_indexes::load(folder, &candidates.build_key())?, &workload.base)
}

/// Keeps the index that a trial searches if its type is worth it, and returns whether it is.
fn keep_index(trial: &Trial, index: &Index, folder: &Path, notes: &mut Vec<String>) -> bool {
    let candidates = &trial.retriever.candidates;
    let Some(words) = candidates.words(index) else { return false };
    if let Err(error) = kept_indexes::store(folder, &candidates.build_key(), &words) {
        notes.push(format!("indexes are not kept in {}, and built again in each round: {error}", folder.display()));
    }
    true
}

/// Reads a graph from the cache, or builds and keeps it.
fn build_graph(
    spec: &GraphSpec,
    workload: &Workload,
    graphs: Option<GraphCache<'_>>,
    notes: &mut Vec<String>,
) -> (Graph, GraphRecord) {
    // Links alone are assembled faster than read.
    let graphs = graphs.filter(|_| spec.neighbors().is_some());
    let record = |graph: &Graph, seconds, from_cache| GraphRecord {
        graph: spec.key(),
        edges: graph.edges(),
        seconds,
        from_cache,
        knn_recall: graph.knn_recall(),
    };
    if let Some(GraphCache { cache, sha256, .. }) = graphs {
        match cache.load(sha256, spec, workload.base.len(), workload.links.len()) {
            Ok(Some((graph, label))) => {
                let record = record(&graph, label.seconds, true);
                return (graph, record);
            }
            Ok(None) => {}
            Err(why) => notes.push(why),
        }
    }
    let start = Moment::now();
    let graph = spec.build(&workload.base, &workload.links, &workload.relations);
    let seconds = start.elapsed();
    if let Some(GraphCache { cache, dataset, sha256 }) = graphs
        && let Err(error) = cache.store(&graph, &cache::label(dataset, sha256, spec, &graph, seconds))
    {
        let note = format!("graphs are not kept in {}: {error}", cache.folder().display());
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let record = record(&graph, seconds, false);
    (graph, record)
}
