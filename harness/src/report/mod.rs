//! The report: tables, figures and one page, made from [`LoadedRun`] alone.

mod across;
mod cell_report;
pub mod cells;
mod code_spans;
mod comparisons_csv;
mod diagnosis;
mod failed_trials;
pub(crate) mod figures;
pub mod from_files;
mod frontiers_csv;
mod interval;
mod interval_rows;
mod lacking;
pub(crate) mod page;
mod paper;
pub(crate) mod plots;
mod rank_diagram;
mod runs_csv;
mod several;
mod sweep;
mod tables;
pub mod tuning_tables;

pub use several::Several;

use crate::config::{Failure, ReportSpec};
use crate::escape;
use crate::findings::LoadedRun;
use crate::record::output_folder::{FolderError, OutputFolder};
use lacking::Lacking;
use plots::{Picture, Plots};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file.
    #[error(transparent)]
    File(#[from] FolderError),
    /// A table.
    #[error("a table cannot be written: {0}")]
    Table(#[from] csv::Error),
    /// A figure.
    #[error("the figure {name} cannot be drawn: {reason}")]
    Figure {
        /// Its name.
        name: String,
        /// What the drawing says.
        reason: String,
    },
}

/// The files that every report of a run has.
pub const FILES: [&str; 6] =
    ["runs.csv", "comparisons.csv", "frontiers.csv", "plots/captions.txt", "paper.tex", "index.html"];

/// Writes the whole report into the folder of its run, `index.html` last; a file is written whole or not at all. Returns notes:
/// why figures that were asked for could not be drawn, and which characters cannot be shown.
///
/// # Errors
/// [`ReportError`].
pub fn write(out: &OutputFolder, found: &LoadedRun, spec: &ReportSpec) -> Result<Vec<String>, ReportError> {
    let (summary, manifest) = (&found.summary, &found.manifest);
    out.write("runs.csv", &runs_csv::bytes(summary, manifest)?)?;
    out.write("comparisons.csv", &comparisons_csv::bytes(summary)?)?;
    out.write("frontiers.csv", &frontiers_csv::bytes(summary)?)?;
    if summary.tuning.is_none() {
        // Files of an earlier report.
        ["chosen.csv", "chosen_pairs.csv", "split.csv"].iter().for_each(|name| out.remove(name));
    }
    if let Some(tuning) = &summary.tuning {
        out.write("chosen.csv", &tuning_tables::csv(summary, tuning)?)?;
        out.write("chosen_pairs.csv", &tuning_tables::pairs_csv(summary, tuning)?)?;
        out.write("split.csv", &tuning_tables::split_csv(&found.results)?)?;
    }
    let tables = tables::write(out, found)?;
    let mut plots = Plots::new(out, &spec.sizes);
    let (figures, mut notes) = figures::all(found, spec.figures.as_deref());
    let mut pictures: Vec<Picture<'_>> = Vec::with_capacity(figures.len());
    for figure in &figures {
        let (name, caption) = (figure.name().to_owned(), figure.caption(found));
        pictures.push(Picture { name, caption, draw: Box::new(|size| figure.draw(found, size)) });
    }
    plots.draw(&pictures)?;
    notes.extend(plots.lacking());
    notes.extend(without_tex(found));
    let drawn = plots.finish()?;
    out.write("paper.tex", paper::document(found, &tables, &drawn).as_bytes())?;
    out.write("index.html", page::page(found, &tables, &drawn).as_bytes())?;
    Ok(notes)
}

/// A note on characters of names that tables for LaTeX cannot show, if there are any.
fn without_tex(found: &LoadedRun) -> Option<String> {
    let mut lacking = Lacking::default();
    let labels = found.summary.rows.iter().map(crate::findings::summary::TrialRow::label);
    labels.chain([found.manifest.dataset.name.clone()]).for_each(|name| lacking.add(&name, escape::has_tex));
    lacking.note("LaTeX, as these tables use it,", "tables/*.tex and paper.tex show question marks instead")
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        if let ReportError::File(error) = error { error.into() } else { Self::Run(error.to_string()) }
    }
}

#[cfg(test)]
mod tests;
