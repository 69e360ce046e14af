//! Runs one experiment at several sizes: each cell as an experiment into its own folder, and a report above them that shows how
//! metrics and costs grow.

use super::experiment::RunOptions;
use super::means::Means;
use super::unfinished::{START_AFRESH, Start};
use crate::clock;
use crate::config::{ExperimentFile, Failure};
use crate::plan::Cell;
use crate::plan::cells::{outline_cell, prepare_cell};
use crate::record::folder::SWEEP;
use crate::record::output_folder::{self, FolderError, FolderKind, OutputFolder};
use crate::record::results;
use crate::report::sweep::{CellReport, report_into};
use std::io::ErrorKind;
use std::path::Path;
use swath_datasets::bounded;

/// A file in the folder of a running sweep that says when the sweep began.
const UNFINISHED: &str = "unfinished";

/// Runs all cells into folders below `folder` and writes the report above them. `said` takes notes on each cell. A sweep that
/// was stopped is resumed: cells that are done are not run again.
///
/// # Errors
/// Before any cell runs: everything that sizes and headers show to be wrong with the input of any cell. Then the failure of a
/// cell.
pub fn run(
    file: &ExperimentFile,
    cells: &[Cell],
    folder: &Path,
    options: &RunOptions<'_>,
    said: impl Fn(&Cell, &str),
) -> Result<Vec<CellReport>, Failure> {
    let resources = options.means.resources;
    for cell in cells {
        outline_cell(file, cell, resources)?;
    }
    // Before the first cell runs, so that the last does not find its folder taken.
    for cell in cells {
        output_folder::check_unchanged(&output_folder::inside(folder, &cell.folder)?, &[FolderKind::Run])?;
    }
    let out = OutputFolder::open(folder, &[FolderKind::Sweep])?;
    out.tidy();
    out.refuse(|_| true, &[SWEEP, "scale.csv", "plots/captions.txt", "index.html"].map(str::to_owned))?;
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
    out.write(SWEEP, (list + "\n").as_bytes())?;
    let ran = report_into(&out, None)?;
    // If it stayed, the next run would look at cells that are done.
    out.remove(UNFINISHED);
    out.settle();
    Ok(ran)
}

/// When the sweep that was stopped in this folder began; `None` if there is none.
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
        "{} is damaged: it does not say when the sweep began, which decides the cells that are done\n  \
         move this file away {START_AFRESH}",
        mark.display()
    )))
}
