//! The cells of a sweep: one experiment for each combination of n, dimension and k.

use super::{Outline, Prepared, Resources, outline, prepare_experiment};
use crate::config::{DatasetSource, Experiment, ExperimentFile, Failure, Invalid, Sweep};
use serde::{Deserialize, Serialize};
use swath_algorithms::params::Count;

/// One combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its folder, such as `n=1000,k=5`.
    pub folder: String,
    /// Base vectors.
    pub n: Option<Count>,
    /// Dimension.
    pub dimension: Option<Count>,
    /// Results per query.
    pub k: Count,
}

/// All combinations, the last axis varying fastest.
pub fn cells(experiment: &Experiment, sweep: &Sweep) -> Vec<Cell> {
    let axis = |values: &[Count]| -> Vec<Option<Count>> {
        if values.is_empty() { vec![None] } else { values.iter().copied().map(Some).collect() }
    };
    let mut cells = Vec::new();
    for dimension in axis(&sweep.dimension) {
        for n in axis(&sweep.n) {
            for k in axis(&sweep.k) {
                let named = [("dimension", dimension), ("n", n), ("k", k)];
                let parts = named.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?.get())));
                let folder = parts.collect::<Vec<_>>().join(",");
                cells.push(Cell { folder, n, dimension, k: k.unwrap_or(experiment.k) });
            }
        }
    }
    cells
}

impl Cell {
    /// The sweep's experiment at this size, and the size of the sample if its dataset is a sample.
    pub fn of(&self, sweep: &ExperimentFile) -> (ExperimentFile, Option<Count>) {
        let mut file = sweep.clone();
        file.experiment.sweep = None;
        file.experiment.k = self.k;
        let mut rows = self.n;
        if let DatasetSource::Generated(generated) = &mut file.experiment.dataset {
            generated.n = rows.take().unwrap_or(generated.n);
            generated.dimension = self.dimension.unwrap_or(generated.dimension);
        }
        (file, rows)
    }

    /// Names the cell in the problems of its experiment.
    fn named(&self, failure: Failure) -> Failure {
        let Failure::Invalid(invalid) = failure else { return failure };
        let Invalid { source, problems } = *invalid;
        let named = problems.into_iter().map(|problem| problem.help(format!("this happens at {}", self.folder)));
        Box::new(Invalid { source, problems: named.collect() }).into()
    }
}

/// Plans the experiment of one cell without its data.
///
/// # Errors
/// As [`outline()`], with the cell named.
pub fn outline_cell(sweep: &ExperimentFile, cell: &Cell, resources: Resources<'_>) -> Result<Outline, Failure> {
    let (file, rows) = cell.of(sweep);
    outline(&file, rows, resources).map_err(|failure| cell.named(failure))
}

/// Plans the experiment of one cell, with its dataset. If `sha256` is given, the dataset must have it.
///
/// # Errors
/// As [`prepare_experiment`], with the cell named.
pub fn prepare_cell(
    sweep: &ExperimentFile,
    cell: &Cell,
    sha256: Option<&str>,
    resources: Resources<'_>,
) -> Result<Prepared, Failure> {
    let (file, rows) = cell.of(sweep);
    prepare_experiment(file, rows, sha256, resources).map_err(|failure| cell.named(failure))
}
