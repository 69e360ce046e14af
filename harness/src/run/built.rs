//! What trials share: an index over the base vectors and, where they walk one, a graph.

use crate::cache::{self, Cache};
use crate::clock::Moment;
use crate::manifest::GraphRecord;
use crate::plan::Trial;
use crate::workload::Workload;
use swath_algorithms::candidates::Index;
use swath_algorithms::graph::{Graph, GraphSpec};

/// Where graphs are kept, and the dataset's name and SHA-256.
pub type Kept<'a> = Option<(&'a Cache, &'a str, &'a str)>;

/// An index and a graph.
pub struct Built {
    /// Finds candidates.
    pub index: Index,
    /// What expansions walk.
    pub graph: Option<Graph>,
    /// Seconds that building both took, in the run that built them.
    pub seconds: f64,
    /// The graph's record.
    pub record: Option<GraphRecord>,
    /// What went wrong with the cache of graphs.
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
    pub fn new(trial: &Trial, workload: &Workload, kept: Kept<'_>) -> Self {
        let mut notes = Vec::new();
        let start = Moment::now();
        let index = trial.retriever.candidates.build(&workload.base);
        let mut seconds = start.elapsed();
        let (graph, record) = trial.graph().map(|spec| build_graph(&spec, workload, kept, &mut notes)).unzip();
        seconds += record.as_ref().map_or(0.0, |record| record.seconds);
        Self { index, graph, seconds, record, notes }
    }
}

/// A graph from the cache, or built and kept there.
fn build_graph(spec: &GraphSpec, workload: &Workload, kept: Kept<'_>, notes: &mut Vec<String>) -> (Graph, GraphRecord) {
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
