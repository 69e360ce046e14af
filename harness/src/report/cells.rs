//! The reports of an experiment with cells: one of each cell, and one above them.

pub use super::cell_report::CellReport;

use super::{across, from_files, sweep};
use crate::config::{Failure, ReportSpec};
use crate::escape;
use crate::plan::Cell;
use crate::record::folder::CellKind;
use crate::record::manifest::Manifest;
use crate::record::output_folder::{self, OutputFolder, is_cell_name};
use std::path::Path;
use swath_datasets::bounded;

/// The reports of all cells, and what the one above them says.
pub struct CellReports {
    /// The cells.
    pub cells: Vec<CellReport>,
    /// The verdict above them, in sentences; a sweep has none.
    pub verdict: Vec<String>,
}

/// Writes the reports of all cells and the one above them from their result files alone, with `spec` as in
/// [`from_files::report`].
///
/// # Errors
/// As [`from_files::report`].
pub fn report(folder: &Path, kind: CellKind, spec: Option<&ReportSpec>) -> Result<CellReports, Failure> {
    let out = OutputFolder::open(folder, &[kind.into()])?;
    out.tidy();
    let reports = report_into(&out, kind, spec)?;
    out.settle();
    Ok(reports)
}

/// Writes the same into a folder that is open.
///
/// # Errors
/// As [`report()`].
pub fn report_into(out: &OutputFolder, kind: CellKind, spec: Option<&ReportSpec>) -> Result<CellReports, Failure> {
    let (folder, list) = (out.path(), kind.list());
    let path = folder.join(list);
    let unreadable = |error| Failure::Input(format!("{}: {error}", path.display()));
    let text = bounded::read_text(&path, bounded::TEXT).map_err(unreadable)?;
    let remedy = "remove the file, and run the experiment again into the same folder: that writes it";
    let listed: Vec<Cell> = serde_json::from_str(&text).map_err(|error| {
        let what = format!("this is not the list of runs that swath wrote ({error})");
        Failure::Input(format!("{}: {what}\n  {remedy}", path.display()))
    })?;
    if let Some(cell) = listed.iter().find(|cell| !is_cell_name(&cell.folder)) {
        let example = match kind {
            CellKind::Size => "`n=1000,k=5`",
            CellKind::Dataset => "`glove-wordnet-20k`",
        };
        let message = format!("{}: `{}` is no name of a cell, such as {example}", path.display(), cell.folder);
        return Err(Failure::Input(message + "; it was not written by swath"));
    }
    if listed.is_empty() {
        let message = format!("{}: it lists no run, so there is nothing to report", path.display());
        return Err(Failure::Input(format!("{message}\n  {remedy}")));
    }
    let is_again = |&i: &usize| listed[..i].iter().any(|one| one.folder.eq_ignore_ascii_case(&listed[i].folder));
    if let Some(again) = (0..listed.len()).find(is_again) {
        let message = format!("{}: `{}` is listed twice", path.display(), listed[again].folder);
        return Err(Failure::Input(message + "; it was not written by swath"));
    }
    out.refuse(|name| name != list, &kind.report().iter().map(|&file| file.to_owned()).collect::<Vec<_>>())?;
    let mut cells = Vec::new();
    for cell in listed {
        let (summary, manifest, _) = from_files::report(&output_folder::inside(folder, &cell.folder)?, spec)?;
        cells.push(CellReport { cell, summary, manifest });
    }
    belong_together(folder, &cells)?;
    let verdict = match kind {
        CellKind::Size => {
            sweep::write_above(out, &cells)?;
            Vec::new()
        }
        CellKind::Dataset => across::write_above(out, &cells)?,
    };
    Ok(CellReports { cells, verdict })
}

/// Checks that the runs are of one experiment, each of what its cell says: runs that were copied here from elsewhere are not.
fn belong_together(folder: &Path, cells: &[CellReport]) -> Result<(), Failure> {
    let Some(first) = cells.first() else { return Ok(()) };
    let retrievers =
        |manifest: &Manifest| -> Vec<String> { manifest.trials.iter().map(|trial| trial.retriever.clone()).collect() };
    for CellReport { cell, manifest, .. } in cells {
        let differs = if manifest.experiment.k() != cell.k.size() {
            Some(format!("its k is {}, and that of the list {}", manifest.experiment.k(), cell.k.size()))
        } else if cell.dataset.is_some() && !cell.is_named_after(&manifest.dataset.name) {
            Some(format!("it ran on {}", escape::terminal(&manifest.dataset.name)))
        } else if retrievers(manifest) != retrievers(&first.manifest) {
            Some(format!("it has other retrievers, or other numbers of their points, than `{}`", first.cell.folder))
        } else {
            let other = first.manifest.experiment.differs_beside_size(&manifest.experiment);
            other.map(|field| format!("its `{field}` differs from that of `{}`", first.cell.folder))
        };
        if let Some(what) = differs {
            return Err(Failure::Input(format!(
                "{}: the run in `{}` is not of this experiment: {what}\n  put the run back that belongs there, or run the \
                 experiment again into another folder",
                escape::path(folder),
                cell.folder
            )));
        }
    }
    Ok(())
}
