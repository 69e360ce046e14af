//! Runs the cells of an experiment, the sizes of a sweep or several datasets: each as an experiment into its own folder, and a
//! report above them.

use super::experiment::RunOptions;
use super::means::Means;
use super::unfinished::{START_AFRESH, Start};
use crate::clock;
use crate::config::{ExperimentFile, Failure};
use crate::plan::Cell;
use crate::plan::cells::{outline_cells, prepare_cell};
use crate::record::folder::CellKind;
use crate::record::output_folder::{self, FolderError, FolderKind, OutputFolder};
use crate::record::results;
use crate::report::cells::{CellReports, report_into};
use std::io::ErrorKind;
use std::path::Path;
use swath_datasets::bounded;

/// A file in the folder above running cells that says when the first began.
const UNFINISHED: &str = "unfinished";

/// Runs all cells into folders below `folder` and writes the report above them. `said` takes notes on each cell. What was
/// stopped is resumed: cells that are done are not run again.
///
/// # Errors
/// Before any cell runs: everything that sizes and headers show to be wrong with the input of any cell. Then the failure of a
/// cell.
pub fn run(
    file: &ExperimentFile,
    kind: CellKind,
    cells: &[Cell],
    folder: &Path,
    options: &RunOptions<'_>,
    said: impl Fn(&Cell, &str),
) -> Result<CellReports, Failure> {
    let resources = options.means.resources;
    outline_cells(file, cells, resources)?;
    // Before the first cell runs, so that the last does not find its folder taken.
    for cell in cells {
        output_folder::check_unchanged(&output_folder::inside(folder, &cell.folder)?, &[FolderKind::Run])?;
    }
    let out = OutputFolder::open(folder, &[kind.into()])?;
    out.tidy();
    let files: Vec<String> = std::iter::once(&kind.list()).chain(kind.report()).map(|&file| file.to_owned()).collect();
    out.refuse(|_| true, &files)?;
    out.work_on([UNFINISHED.to_owned()])?;
    let mark = folder.join(UNFINISHED);
    let began = if *options.start == Start::GoOn { begin_of(&mark)? } else { None };
    let start = match &began {
        Some(began) => Start::Reuse(Some(began.clone())),
        None => options.start.clone(),
    };
    if began.is_none() {
        results::write_whole(&mark, clock::timestamp().as_bytes())?;
    }
    for cell in cells {
        let prepared = prepare_cell(file, cell, None, resources)?.examined();
        prepared.all_notes().for_each(|note| said(cell, note));
        let means = Means { cell: Some(cell), ..options.means };
        let options = RunOptions { means, start: &start, say: &|note| said(cell, note), ..*options };
        let (_, _, notes) = prepared.run(&folder.join(&cell.folder), &options)?;
        notes.iter().for_each(|note| said(cell, note));
        // They have been checked.
        if let Some(kept) = resources.kept {
            kept.forget();
        }
    }
    let list = serde_json::to_string_pretty(cells).map_err(|error| Failure::Run(error.to_string()))?;
    out.write(kind.list(), (list + "\n").as_bytes())?;
    let ran = report_into(&out, kind, None)?;
    // If it stayed, the next run would look at cells that are done.
    out.remove(UNFINISHED);
    out.settle();
    Ok(ran)
}

/// When the cells that were stopped in this folder began; `None` if there is none.
fn begin_of(mark: &Path) -> Result<Option<String>, FolderError> {
    let io = |source| FolderError::Io { path: mark.to_owned(), source };
    let text = match bounded::read_text(mark, bounded::TEXT) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(io(error)),
    };
    if clock::parsed(&text).is_some() {
        return Ok(Some(text));
    }
    Err(FolderError::NotOurs(format!(
        "{} is damaged: it does not say when the first cell began, which decides the cells that are done\n  \
         move this file away {START_AFRESH}",
        mark.display()
    )))
}
