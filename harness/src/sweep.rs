//! One experiment at several sizes: every combination of n, dimension and k runs as a whole experiment into a folder of its
//! own, and a report above them shows how metrics and costs grow.

use crate::cache::Cache;
use crate::config::{DatasetSource, Experiment, Invalid, ReportSpec, Source, Sweep};
use crate::experiment::{self, Failure, Prepared};
use crate::manifest::Manifest;
use crate::report::{Size, scale};
use crate::results::write_whole;
use crate::summary::Summary;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use swath_algorithms::params::Count;

/// Names the cells in the sweep's folder.
const FILE: &str = "sweep.json";

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

/// A cell that ran.
pub struct Ran {
    /// Which one.
    pub cell: Cell,
    /// What it found.
    pub summary: Summary,
    /// Under what circumstances.
    pub manifest: Manifest,
}

impl Ran {
    /// For what room its experiment wants figures.
    pub fn sizes(&self) -> Vec<Size> {
        serde_json::from_value(self.manifest.experiment["report"]["sizes"].clone()).unwrap_or_default()
    }
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

/// The experiment of one cell, planned.
///
/// # Errors
/// As [`experiment::prepare`], with the cell named.
pub fn prepare(
    (source, experiment): (&Source, &Experiment),
    cell: &Cell,
    folders: &[PathBuf],
    memory: u64,
) -> Result<Prepared, Failure> {
    let mut experiment = experiment.clone();
    experiment.sweep = None;
    experiment.k = cell.k;
    let mut rows = cell.n;
    if let DatasetSource::Generated(generated) = &mut experiment.dataset {
        generated.n = rows.take().unwrap_or(generated.n);
        generated.dimension = cell.dimension.unwrap_or(generated.dimension);
    }
    let name = |invalid: Box<Invalid>| {
        let Invalid { source, problems } = *invalid;
        let named = problems.into_iter().map(|problem| problem.help(format!("this is so at {}", cell.folder)));
        Failure::from(Box::new(Invalid { source, problems: named.collect() }))
    };
    experiment::plan(source.clone(), experiment, rows, folders, memory).map_err(|failure| match failure {
        Failure::Invalid(invalid) => name(invalid),
        other => other,
    })
}

/// Runs all cells into folders below `folder` and writes the report above them. `said` hears of each cell before it runs.
///
/// # Errors
/// Everything wrong with the input of any cell, before any runs; then what goes wrong with one.
pub fn run(
    read: (&Source, &Experiment),
    cells: &[Cell],
    folder: &Path,
    (folders, memory): (&[PathBuf], u64),
    (cache, quiet): (Option<&Cache>, bool),
    mut said: impl FnMut(&Cell, &[String]),
) -> Result<Vec<Ran>, Failure> {
    for cell in cells {
        prepare(read, cell, folders, memory)?;
    }
    for cell in cells {
        let prepared = prepare(read, cell, folders, memory)?;
        said(cell, &prepared.notes);
        let (_, _, notes) = prepared.run(&folder.join(&cell.folder), cache, quiet)?;
        said(cell, &notes);
    }
    let list = serde_json::to_string_pretty(cells).map_err(|error| Failure::Run(error.to_string()))?;
    write_whole(&folder.join(FILE), (list + "\n").as_bytes()).map_err(|error| Failure::Run(error.to_string()))?;
    report(folder, None)
}

/// Whether a folder is that of a sweep.
pub fn is_sweep(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Writes the reports of all cells and the one above them from their result files alone, with `spec` as in
/// [`experiment::report`].
///
/// # Errors
/// As [`experiment::report`].
pub fn report(folder: &Path, spec: Option<&ReportSpec>) -> Result<Vec<Ran>, Failure> {
    let path = folder.join(FILE);
    let unreadable = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
    let cells: Vec<Cell> = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    let mut ran = Vec::new();
    for cell in cells {
        let (summary, manifest, _) = experiment::report(&folder.join(&cell.folder), spec)?;
        ran.extend(summary.map(|summary| Ran { cell, summary, manifest }));
    }
    scale::write(folder, &ran).map_err(|error| Failure::Run(error.to_string()))?;
    Ok(ran)
}
