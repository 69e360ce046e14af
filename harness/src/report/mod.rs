//! The report: tables, figures and one page, from a [`Summary`] and a [`Manifest`] alone.

mod axis;
pub mod chosen_tables;
mod comparisons_csv;
mod diagnosis;
mod drawing;
mod figures;
mod format;
mod frontier_tables;
mod marker;
mod page;
mod pareto;
mod runs_csv;
pub mod scale;
mod tables;

use crate::manifest::Manifest;
use crate::metrics::MetricParams;
use crate::results::{ResultsError, write_whole};
use crate::summary::Summary;
use page::Drawn;
use std::path::{Path, PathBuf};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file.
    #[error(transparent)]
    File(#[from] ResultsError),
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

/// Writes everything of a report into `folder`, each file whole: `runs.csv`, `comparisons.csv`, `plots/`, `tables/` and,
/// last, `index.html`.
///
/// # Errors
/// [`ReportError`].
pub fn write(folder: &Path, summary: &Summary, manifest: &Manifest) -> Result<(), ReportError> {
    write_whole(&folder.join("runs.csv"), &runs_csv::bytes(summary, manifest)?)?;
    write_whole(&folder.join("comparisons.csv"), &comparisons_csv::bytes(summary)?)?;
    write_whole(&folder.join("frontiers.csv"), &frontier_tables::csv(summary)?)?;
    for name in ["chosen.csv", "chosen_pairs.csv", "tables/chosen.md"] {
        if summary.chosen.is_none() {
            // Of an earlier report; one that cannot be removed does no harm, as the page does not name it.
            let _ = std::fs::remove_file(folder.join(name));
        }
    }
    let tables = subfolder(folder, "tables")?;
    write_whole(&tables.join("summary.md"), tables::markdown(summary).as_bytes())?;
    let k = manifest.experiment["k"].as_u64().unwrap_or(0);
    let caption = format!("{}, k = {k}, {} queries", manifest.dataset.name, summary.rows[0].queries);
    write_whole(&tables.join("summary.tex"), tables::latex(summary, &caption).as_bytes())?;
    if let Some(chosen) = &summary.chosen {
        write_whole(&folder.join("chosen.csv"), &chosen_tables::csv(summary, chosen)?)?;
        write_whole(&folder.join("chosen_pairs.csv"), &chosen_tables::pairs_csv(summary, chosen)?)?;
        write_whole(&tables.join("chosen.md"), chosen_tables::markdown(summary, chosen).as_bytes())?;
    }
    let plots = subfolder(folder, "plots")?;
    let mut drawn = Vec::new();
    for figure in figures::all(summary) {
        let failed = |reason| ReportError::Figure { name: figure.name(), reason };
        let (svg, png) = Drawn::new(&*figure, summary).map_err(failed)?;
        write_whole(&plots.join(format!("{}.svg", svg.name)), svg.svg.as_bytes())?;
        write_whole(&plots.join(format!("{}.png", svg.name)), &png)?;
        drawn.push(svg);
    }
    remove_other_plots(&plots, &drawn);
    write_whole(&folder.join("index.html"), page::page(summary, manifest, &drawn).as_bytes())?;
    Ok(())
}

fn subfolder(folder: &Path, name: &str) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    std::fs::create_dir_all(&path).map_err(|source| ResultsError::Io { path: path.clone(), source })?;
    Ok(path)
}

/// Whether this is the [`MetricName::file_name`] of some metric, with whatever parameters.
fn is_of_metric(name: &str) -> bool {
    let follows = |rest: &str| rest.is_empty() || rest.starts_with('-');
    MetricParams::NAMES.iter().any(|kind| name.strip_prefix(kind).is_some_and(follows))
}

/// Removes plots that an earlier report left and this one does not have.
fn remove_other_plots(plots: &Path, drawn: &[Drawn]) {
    let Ok(entries) = std::fs::read_dir(plots) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
        let picture = path.extension().is_some_and(|extension| extension == "svg" || extension == "png");
        let known = ["recall-qps", "coverage-redundancy", "subtopic-recall-recall", "latency"].contains(&stem)
            || stem.strip_prefix("metric-").is_some_and(is_of_metric);
        if picture && known && !drawn.iter().any(|figure| figure.name == stem) {
            // One that cannot be removed does no harm: the page does not show it.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
