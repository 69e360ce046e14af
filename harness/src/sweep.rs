//! One experiment at several sizes: every combination of n, dimension and k runs as a whole experiment into a folder of its
//! own, and a report above them shows how metrics and costs grow.

use crate::clock;
use crate::config::{DatasetSource, Experiment, Invalid, ReportSpec, Source, Sweep};
use crate::experiment::{self, Failure, Outline, Prepared, RunOptions};
use crate::manifest::Manifest;
use crate::output_folder::{self, Kind, OutputFolder};
use crate::report::{Size, scale};
use crate::results;
use crate::run::Means;
use crate::run::unfinished::Start;
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
    /// What it found; `None` if no trial succeeded.
    pub summary: Option<Summary>,
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
    experiment::outline(source, experiment, rows, places).map_err(|failure| cell.named(failure))
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
    experiment::plan(source.clone(), experiment, rows, known, places).map_err(|failure| cell.named(failure))
}

/// Stands in a sweep's folder while it runs, and says when it began.
const UNFINISHED: &str = "unfinished";

/// Runs all cells into folders below `folder` and writes the report above them. `said` hears of each cell before it runs.
/// Where a sweep was stopped, its cells that are done are not run again.
///
/// # Errors
/// Everything wrong with the input of any cell, as far as sizes and headers tell, before any runs; then what goes wrong with
/// one.
pub fn run(
    read: (&Source, &Experiment),
    cells: &[Cell],
    folder: &Path,
    options: &RunOptions<'_>,
    said: impl Fn(&Cell, &str),
) -> Result<Vec<Ran>, Failure> {
    let places = (options.means.data_folders, options.means.memory);
    for cell in cells {
        outline(read, cell, places)?;
    }
    // Before the first cell runs, lest the last find its folder taken.
    for cell in cells {
        output_folder::check_unchanged(&output_folder::inside(folder, &cell.folder)?, &[Kind::Run])?;
    }
    let out = OutputFolder::open(folder, &[Kind::Sweep])?;
    out.tidy();
    out.refuse(|_| true, &[FILE, "scale.csv", "plots/captions.txt", "index.html"].map(str::to_owned))?;
    out.work_on([UNFINISHED.to_owned()])?;
    let mark = folder.join(UNFINISHED);
    let began = std::fs::read_to_string(&mark).ok().filter(|_| *options.start == Start::GoOn);
    let start = match &began {
        Some(began) => Start::Reuse(Some(began.clone())),
        None => options.start.clone(),
    };
    if began.is_none() {
        results::write_whole(&mark, clock::timestamp().as_bytes())?;
    }
    for cell in cells {
        let prepared = prepare(read, cell, None, places)?.examined();
        prepared.notes.iter().for_each(|note| said(cell, note));
        let means = Means { cell: Some(cell), ..options.means };
        let options = RunOptions { means, start: &start, say: &|note| said(cell, note), ..*options };
        let (_, _, notes) = prepared.run(&folder.join(&cell.folder), &options)?;
        notes.iter().for_each(|note| said(cell, note));
    }
    let list = serde_json::to_string_pretty(cells).map_err(|error| Failure::Run(error.to_string()))?;
    out.write(FILE, (list + "\n").as_bytes())?;
    let ran = report_into(&out, None)?;
    // What is left of it would have the next run look at cells that are done.
    out.remove(UNFINISHED);
    out.settle();
    Ok(ran)
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
    let out = OutputFolder::open(folder, &[Kind::Sweep])?;
    out.tidy();
    let ran = report_into(&out, spec)?;
    out.settle();
    Ok(ran)
}

/// Whether it can be the name of a cell's folder, which leads nowhere else.
pub fn is_name(folder: &str) -> bool {
    !folder.is_empty() && folder.chars().all(|c| c.is_ascii_alphanumeric() || "=,".contains(c))
}

fn report_into(out: &OutputFolder, spec: Option<&ReportSpec>) -> Result<Vec<Ran>, Failure> {
    let folder = out.path();
    let path = folder.join(FILE);
    let unreadable = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
    let cells: Vec<Cell> = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    if let Some(cell) = cells.iter().find(|cell| !is_name(&cell.folder)) {
        let message = format!("{}: `{}` is no name of a cell, such as `n=1000,k=5`", path.display(), cell.folder);
        return Err(Failure::Input(message + "; it was not written by swath"));
    }
    out.refuse(|name| name != FILE, &["scale.csv", "plots/captions.txt", "index.html"].map(str::to_owned))?;
    let mut ran = Vec::new();
    for cell in cells {
        let (summary, manifest, _) = experiment::report(&output_folder::inside(folder, &cell.folder)?, spec)?;
        ran.push(Ran { cell, summary, manifest });
    }
    scale::write(out, &ran)?;
    Ok(ran)
}
