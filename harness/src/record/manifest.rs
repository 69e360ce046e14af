//! `manifest.json`: everything that is needed to run an experiment again, and to trust its results.

use super::{ExperimentRecord, Machine, RunSeconds};
use crate::plot::format::number;
use crate::record::coarse::Coarse;
use crate::record::diagnosis::Diagnosis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use swath_algorithms::Distance;

/// The manifest of a run: experiment, dataset, machine, program, and how each trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of swath.
    pub swath: String,
    /// Git revision of the build; `unknown` outside a checkout. It ends in `-dirty` if files were changed.
    pub revision: String,
    /// The compiler.
    pub rustc: String,
    /// When the run began, UTC.
    pub started: String,
    /// Times at which the run was resumed, UTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<String>,
    /// When it ended, UTC.
    pub finished: String,
    /// The experiment, every default filled in, every grid point written out.
    pub experiment: ExperimentRecord,
    /// The experiment's YAML.
    pub config: String,
    /// The path of the YAML.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact_path::option")]
    pub config_path: Option<PathBuf>,
    /// The same, seen from the folder of the run: it leads there from anywhere, also if both were moved together.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact_path::option")]
    pub config_from_here: Option<PathBuf>,
    /// The dataset.
    pub dataset: DatasetRecord,
    /// SHA-256 of each file of lists that candidates were taken from, by its path as the experiment has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, String>,
    /// The machine.
    pub machine: Machine,
    /// The graphs that trials walk.
    #[serde(default)]
    pub graphs: Vec<GraphRecord>,
    /// Each trial, in the order of the experiment.
    pub trials: Vec<TrialRecord>,
    /// Diagnostics of the dataset.
    #[serde(default)]
    pub diagnosis: Option<Diagnosis>,
    /// Names of the metrics, in the order of tables.
    pub metrics: Vec<String>,
    /// Recalls whose slack is large against the distances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coarse: Vec<Coarse>,
    /// Seconds of the untimed pass, over all threads: answering, and metrics.
    #[serde(default)]
    pub untimed: [f64; 2],
    /// The time that the run took, by phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<RunSeconds>,
    /// Notes for the user: metrics left out, doubts about the dataset.
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
    /// How its file was made, as the file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
    /// Whether its points are sparse vectors.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sparse: bool,
}

impl DatasetRecord {
    /// Its base points, and how large each is, as text.
    pub fn points(&self) -> String {
        let [rows, dim] = [self.rows, self.dim].map(|count| number(count as f64));
        match Distance::from_name(&self.distance) {
            Some(Distance::Hamming) => format!("{rows} base points of {dim} bits"),
            Some(Distance::Jaccard) => format!("{rows} base sets with members below {dim}"),
            _ if self.sparse => format!("{rows} sparse base vectors of {dim} dimensions"),
            _ => format!("{rows} base vectors of {dim} dimensions"),
        }
    }

    /// What queries and base points are compared by, as text.
    pub fn compared(&self) -> String {
        match Distance::from_name(&self.distance) {
            Some(Distance::InnerProduct) => "compared by inner product".to_owned(),
            _ => format!("{} distance", self.distance),
        }
    }

    /// What is meant by a distance and a similarity where there is more than one of them, as a sentence.
    pub fn terms(&self) -> Option<&'static str> {
        (Distance::from_name(&self.distance)? == Distance::InnerProduct).then_some(
            "The distance of a base point from a query is minus their inner product; results are compared with each other by \
             their angle, and their similarity is its cosine.",
        )
    }

    /// Its distance; `None` if this version does not know it.
    pub fn known_distance(&self) -> Option<Distance> {
        Distance::from_name(&self.distance)
    }

    /// How a map of the neighbourhood of a query places points that are not vectors as they are, as a sentence.
    pub fn placed(&self) -> Option<&'static str> {
        match Distance::from_name(&self.distance)? {
            Distance::Hamming => Some("A bit counts as a coordinate of 0 or 1."),
            Distance::Jaccard => {
                Some("Each member counts as a coordinate: 1 in the sets that have it, 0 in the others.")
            }
            Distance::InnerProduct => Some("The map shows directions only; an inner product also depends on length."),
            Distance::Euclidean | Distance::Angular => None,
        }
    }
}

/// A graph of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphRecord {
    /// Its description.
    pub graph: String,
    /// Its edges.
    pub edges: usize,
    /// Seconds to build it, in the run that built it.
    pub seconds: f64,
    /// Whether an earlier run built it.
    pub from_cache: bool,
    /// Share of the true neighbours in its kNN part, where that is not exact.
    pub knn_recall: Option<f64>,
}

/// A trial, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Its id; its file is `trials/<id>.hdf5`.
    pub trial: String,
    /// The retriever's name.
    pub retriever: String,
    /// The parameters in which it differs from the retriever's other points.
    pub point: String,
    /// The reason, if it failed.
    pub failed: Option<String>,
}

impl TrialRecord {
    /// The retriever's name with the point in brackets.
    pub fn label(&self) -> String {
        crate::record::label(&self.retriever, &self.point)
    }
}

/// The path from a folder to a file; `None` if one of them does not exist, or on different drives.
pub fn seen_from(folder: &Path, file: &Path) -> Option<PathBuf> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // On Windows no path leads from drive to drive.
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - shared);
    (shared > 0).then(|| up.chain(to[shared..].iter().copied()).collect())
}

impl Manifest {
    /// Possible paths of its experiment, the likeliest first, for a manifest in `folder`.
    pub fn config_paths(&self, folder: &Path) -> Vec<PathBuf> {
        let from_here = self.config_from_here.as_ref().map(|way| folder.join(way));
        from_here.into_iter().chain(self.config_path.clone()).collect()
    }

    /// The trials that failed, with the reason of each.
    pub fn failed(&self) -> impl Iterator<Item = (&TrialRecord, &str)> {
        self.trials.iter().filter_map(|trial| Some((trial, trial.failed.as_deref()?)))
    }
}
