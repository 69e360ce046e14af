//! The report of a sweep: how metrics and costs change with n, dimension and k.

mod csv;
mod figures;
mod page;

use super::plots::{Picture, Plots};
use super::{ReportError, from_files};
use crate::config::measure::Cost;
use crate::config::{Failure, ReportSpec};
use crate::findings::summary::{Summary, TrialRow};
use crate::metrics::MetricName;
use crate::plan::Cell;
use crate::plot::Size;
use crate::record::folder::SWEEP;
use crate::record::manifest::Manifest;
use crate::record::output_folder::{self, FolderKind, OutputFolder, is_cell_name};
use std::path::Path;
use swath_datasets::bounded;

/// The results of one cell.
pub struct CellReport {
    /// The cell.
    pub cell: Cell,
    /// Its statistics; `None` if no trial succeeded.
    pub summary: Option<Summary>,
    /// How they came about.
    pub manifest: Manifest,
}

impl CellReport {
    /// The sizes of figures that its experiment asks for.
    fn sizes(&self) -> Vec<Size> {
        let report = self.manifest.experiment.report::<ReportSpec>().ok().flatten();
        report.map_or_else(Vec::new, |report| report.sizes)
    }

    /// The relative contrast of its dataset: the mean distance to a base vector over that to the nearest.
    fn contrast(&self) -> Option<f64> {
        let findings = &self.manifest.diagnosis.as_ref()?.findings;
        Some(findings.iter().find(|finding| finding.name == "relative contrast")?.measured?.value)
    }
}

/// What is shown of each trial beside its metrics.
#[derive(Clone, Copy)]
enum Expense {
    /// A cost.
    Cost(Cost),
    /// Similarity evaluations per query in all stages.
    Evaluations,
}

/// All expenses, in the order of columns and figures.
const EXPENSES: [Expense; 3] = [Expense::Cost(Cost::Qps), Expense::Evaluations, Expense::Cost(Cost::BuildSeconds)];

impl Expense {
    /// Its column in `scale.csv`.
    fn column(self) -> &'static str {
        match self {
            Self::Cost(cost) => cost.column(),
            Self::Evaluations => "evaluations",
        }
    }

    /// Its name in figures.
    fn name(self) -> &'static str {
        match self {
            Self::Cost(Cost::Qps) => "queries/s",
            Self::Cost(Cost::BuildSeconds) => "build seconds",
            Self::Cost(cost) => cost.column(),
            Self::Evaluations => "evaluations",
        }
    }

    /// Its value for a trial; NaN where it was not measured.
    fn of(self, row: &TrialRow) -> f64 {
        match self {
            Self::Cost(cost) => row.cost(cost).unwrap_or(f64::NAN),
            Self::Evaluations => row.evaluations.iter().sum(),
        }
    }
}

/// Writes the reports of all cells and of the whole sweep from their result files alone, with `spec` as in
/// [`from_files::report`].
///
/// # Errors
/// As [`from_files::report`].
pub fn report(folder: &Path, spec: Option<&ReportSpec>) -> Result<Vec<CellReport>, Failure> {
    let out = OutputFolder::open(folder, &[FolderKind::Sweep])?;
    out.tidy();
    let cells = report_into(&out, spec)?;
    out.settle();
    Ok(cells)
}

/// Writes the reports of all cells and of the whole sweep into a folder that is open.
///
/// # Errors
/// As [`report()`].
pub fn report_into(out: &OutputFolder, spec: Option<&ReportSpec>) -> Result<Vec<CellReport>, Failure> {
    let folder = out.path();
    let path = folder.join(SWEEP);
    let unreadable = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
    let text = bounded::read_text(&path, bounded::TEXT).map_err(|error| unreadable(&error))?;
    let listed: Vec<Cell> = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    if let Some(cell) = listed.iter().find(|cell| !is_cell_name(&cell.folder)) {
        let message = format!("{}: `{}` is no name of a cell, such as `n=1000,k=5`", path.display(), cell.folder);
        return Err(Failure::Input(message + "; it was not written by swath"));
    }
    out.refuse(|name| name != SWEEP, &["scale.csv", "plots/captions.txt", "index.html"].map(str::to_owned))?;
    let mut cells = Vec::new();
    for cell in listed {
        let (summary, manifest, _) = from_files::report(&output_folder::inside(folder, &cell.folder)?, spec)?;
        cells.push(CellReport { cell, summary, manifest });
    }
    write_above(out, &cells)?;
    Ok(cells)
}

/// Writes `scale.csv`, the figures and `index.html`, each whole.
///
/// # Errors
/// [`ReportError`].
pub(super) fn write_above(out: &OutputFolder, cells: &[CellReport]) -> Result<(), ReportError> {
    out.write("scale.csv", &csv::bytes(cells)?)?;
    let sizes: Vec<Size> = cells.first().map_or_else(Vec::new, CellReport::sizes);
    let mut plots = Plots::new(out, &sizes);
    let picture = |figure: figures::SweepFigure| Picture {
        name: figure.name.clone(),
        caption: figure.caption(),
        draw: Box::new(move |size| figure.draw(size)),
    };
    plots.draw(&figures::figures(cells).into_iter().map(picture).collect::<Vec<_>>())?;
    out.write("index.html", page::page(cells, &plots.finish()?).as_bytes())?;
    Ok(())
}

/// The metrics that any cell measured, each once, in order of appearance: what a cell can measure depends on its k.
fn metrics<'a>(cells: impl IntoIterator<Item = &'a CellReport>) -> Vec<MetricName> {
    let mut metrics = Vec::new();
    for &metric in cells.into_iter().filter_map(|cell| cell.summary.as_ref()).flat_map(|summary| &summary.metrics) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}
