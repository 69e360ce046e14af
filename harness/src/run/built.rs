//! What trials share: an index over the base vectors and, where they walk one, a graph.

use super::kept_indexes;
use crate::clock::Moment;
use crate::plan::Trial;
use crate::plan::workload::Workload;
use crate::record::manifest::GraphRecord;
use crate::run::cache;
use crate::run::cache::Cache;
use std::path::{Path, PathBuf};
use swath_algorithms::candidates::Index;
use swath_algorithms::graph::{Graph, GraphSpec};

/// Where graphs are kept, and the dataset's name and SHA-256.
type Graphs<'a> = Option<(&'a Cache, &'a str, &'a str)>;

/// Where builds are kept.
#[derive(Clone)]
pub struct Kept<'a> {
    /// Graphs, with the dataset's name and SHA-256: for all runs.
    pub graphs: Graphs<'a>,
    /// Indexes: for one check.
    pub indexes: Option<PathBuf>,
}

/// An index and a graph.
pub struct Built {
    /// Finds candidates.
    pub index: Index,
    /// What expansions walk.
    pub graph: Option<Graph>,
    /// Whether an index that is kept was built here, and not read.
    pub is_new: bool,
    /// Seconds that building both took: of a graph in the run that built it, of an index that is read here.
    pub seconds: f64,
    /// The graph's record.
    pub record: Option<GraphRecord>,
    /// What went wrong with what is kept.
    pub notes: Vec<String>,
}

/// What trials must have in common to share a build: the index and the graph.
pub type Key = (String, Option<String>);

/// That of a trial.
pub fn key(trial: &Trial) -> Key {
    (trial.retriever.candidates.build_key(), trial.graph().map(|graph| graph.key()))
}

impl Built {
    /// Builds what `trial` searches and walks.
    pub fn new(trial: &Trial, workload: &Workload, kept: &Kept<'_>) -> Self {
        let mut notes = Vec::new();
        let start = Moment::now();
        let indexes = kept.indexes.as_deref();
        let read = indexes.and_then(|folder| read_index(trial, workload, folder));
        let folder = indexes.filter(|_| read.is_none());
        let index = read.unwrap_or_else(|| trial.retriever.candidates.build(&workload.base));
        let mut seconds = start.elapsed();
        let is_new = folder.is_some_and(|folder| keep_index(trial, &index, folder, &mut notes));
        let (graph, record) = trial.graph().map(|spec| build_graph(&spec, workload, kept.graphs, &mut notes)).unzip();
        seconds += record.as_ref().map_or(0.0, |record| record.seconds);
        Self { index, graph, is_new, seconds, record, notes }
    }
}

/// The index that a trial searches, if it is kept.
fn read_index(trial: &Trial, workload: &Workload, folder: &Path) -> Option<Index> {
    let candidates = &trial.retriever.candidates;
    candidates.restore(&kept_indexes::load(folder, &candidates.build_key())?, &workload.base)
}

/// Keeps the index that a trial searches, if it is one to be kept; returns whether it is.
fn keep_index(trial: &Trial, index: &Index, folder: &Path, notes: &mut Vec<String>) -> bool {
    let candidates = &trial.retriever.candidates;
    let Some(words) = candidates.words(index) else { return false };
    if let Err(error) = kept_indexes::store(folder, &candidates.build_key(), &words) {
        notes.push(format!("indexes are not kept in {}, and built anew in each round: {error}", folder.display()));
    }
    true
}

/// A graph from the cache, or built and kept there.
fn build_graph(
    spec: &GraphSpec,
    workload: &Workload,
    kept: Graphs<'_>,
    notes: &mut Vec<String>,
) -> (Graph, GraphRecord) {
    // Links alone are put together sooner than read.
    let kept = kept.filter(|_| spec.neighbors().is_some());
    let record = |graph: &Graph, seconds, from_cache| GraphRecord {
        graph: spec.key(),
        edges: graph.edges(),
        seconds,
        from_cache,
        knn_recall: graph.knn_recall(),
    };
    if let Some((cache, _, sha256)) = kept {
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
    if let Some((cache, dataset, sha256)) = kept
        && let Err(error) = cache.store(&graph, &cache::label((dataset, sha256), spec, &graph, seconds))
    {
        let note = format!("graphs are not kept in {}: {error}", cache.folder().display());
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let record = record(&graph, seconds, false);
    (graph, record)
}
