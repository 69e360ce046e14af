//! What is needed to run an experiment again and to trust it: `manifest.json`.

use super::{ExperimentRecord, Machine};
use crate::record::coarse::Coarse;
use crate::record::diagnosis::Diagnosis;
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// What was run, on what, with what, and how each trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of swath.
    pub swath: String,
    /// Git revision it was built from; `unknown` outside a checkout, with `-dirty` behind it where files were changed.
    pub revision: String,
    /// The compiler.
    pub rustc: String,
    /// When the run began, UTC.
    pub started: String,
    /// When it was gone on with after it had been stopped, UTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<String>,
    /// When it ended, UTC.
    pub finished: String,
    /// The experiment, every default filled in, every grid point written out.
    pub experiment: ExperimentRecord,
    /// The YAML as it was read.
    pub config: String,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact_path::option")]
    pub config_path: Option<PathBuf>,
    /// The same, seen from the folder of the run: it is found from anywhere, and where both were moved together.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact_path::option")]
    pub config_from_here: Option<PathBuf>,
    /// The dataset.
    pub dataset: DatasetRecord,
    /// The machine.
    pub machine: Machine,
    /// The graphs that trials walk.
    #[serde(default)]
    pub graphs: Vec<GraphRecord>,
    /// Each trial, in the order of the experiment.
    pub trials: Vec<TrialRecord>,
    /// What the dataset is like.
    #[serde(default)]
    pub diagnosis: Option<Diagnosis>,
    /// Names of the metrics, in the order of tables.
    pub metrics: Vec<String>,
    /// Recalls whose slack is not small, and for how many queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coarse: Vec<Coarse>,
    /// Seconds of the untimed pass, over all threads: answering, and metrics.
    #[serde(default)]
    pub untimed: [f64; 2],
    /// What the user should know: metrics left out, doubts about the dataset.
    pub notes: Vec<String>,
}

/// The dataset of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file, hexadecimal.
    pub sha256: String,
    /// Its distance.
    pub distance: String,
    /// Base vectors.
    pub rows: usize,
    /// Queries stored.
    pub queries: usize,
    /// Dimension.
    pub dim: usize,
    /// True neighbours stored per query.
    pub neighbors: usize,
    /// Links, if it has any.
    pub links: Option<usize>,
    /// Whether it has subtopics.
    pub subtopics: bool,
}

/// A graph of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphRecord {
    /// What it is made of.
    pub graph: String,
    /// Its edges.
    pub edges: usize,
    /// Seconds that building it took, in the run that built it.
    pub seconds: f64,
    /// Whether an earlier run built it.
    pub from_cache: bool,
    /// Share of the true neighbours in its kNN part, where that is not exact.
    pub knn_recall: Option<f64>,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Its id; its file is `trials/<id>.hdf5`.
    pub trial: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points.
    pub point: String,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

impl TrialRecord {
    /// The retriever's name with the point in brackets.
    pub fn label(&self) -> String {
        crate::record::label(&self.retriever, &self.point)
    }
}

/// A file as it is seen from a folder, both of which are there.
pub fn seen_from(folder: &Path, file: &Path) -> Option<PathBuf> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // On Windows there is no way from drive to drive.
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - shared);
    (shared > 0).then(|| up.chain(to[shared..].iter().copied()).collect())
}

impl Manifest {
    /// Where its experiment may have been, the likeliest first, for a manifest that lies in `folder`.
    pub fn config_paths(&self, folder: &Path) -> Vec<PathBuf> {
        let from_here = self.config_from_here.as_ref().map(|way| folder.join(way));
        from_here.into_iter().chain(self.config_path.clone()).collect()
    }

    /// The trials that failed, with the reason of each.
    pub fn failed(&self) -> impl Iterator<Item = (&TrialRecord, &str)> {
        self.trials.iter().filter_map(|trial| Some((trial, trial.failed.as_deref()?)))
    }
}
