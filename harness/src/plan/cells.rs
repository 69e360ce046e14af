//! The cells of a sweep: one for each combination of n, dimension and k, each a whole experiment.

use super::prepare as whole;
use super::{Outline, Prepared};
use crate::config::{DatasetSource, Experiment, Failure, Invalid, Source, Sweep};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
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
    /// The sweep's experiment at this size, and how many base vectors are to be kept of a dataset that is read.
    pub fn of(&self, experiment: &Experiment) -> (Experiment, Option<Count>) {
        let mut experiment = experiment.clone();
        experiment.sweep = None;
        experiment.k = self.k;
        let mut rows = self.n;
        if let DatasetSource::Generated(generated) = &mut experiment.dataset {
            generated.n = rows.take().unwrap_or(generated.n);
            generated.dimension = self.dimension.unwrap_or(generated.dimension);
        }
        (experiment, rows)
    }

    /// Names the cell in what is wrong with its experiment.
    fn named(&self, failure: Failure) -> Failure {
        let Failure::Invalid(invalid) = failure else { return failure };
        let Invalid { source, problems } = *invalid;
        let named = problems.into_iter().map(|problem| problem.help(format!("this is so at {}", self.folder)));
        Box::new(Invalid { source, problems: named.collect() }).into()
    }
}

/// The experiment of one cell, planned without its data.
///
/// # Errors
/// As [`experiment::outline`], with the cell named.
pub fn outline(
    (source, experiment): (&Source, &Experiment),
    cell: &Cell,
    places: (&[PathBuf], u64),
) -> Result<Outline, Failure> {
    let (experiment, rows) = cell.of(experiment);
    whole::outline(source, experiment, rows, places).map_err(|failure| cell.named(failure))
}

/// The experiment of one cell, planned.
///
/// # Errors
/// As [`experiment::prepare`], with the cell named.
pub fn prepare(
    (source, experiment): (&Source, &Experiment),
    cell: &Cell,
    known: Option<&str>,
    places: (&[PathBuf], u64),
) -> Result<Prepared, Failure> {
    let (experiment, rows) = cell.of(experiment);
    whole::plan(source.clone(), experiment, rows, known, places).map_err(|failure| cell.named(failure))
}
