//! The report of one experiment on several datasets.

mod csv;
mod figures;
mod page;
mod tables;
mod verdict;

use super::cell_report::CellReport;
use super::plots::{Picture, Plots};
use crate::config::{self, Failure, YamlSource};
use crate::findings::across::{Across, OnDataset, common_headline};
use crate::findings::load;
use crate::metrics::MetricName;
use crate::record::output_folder::{self, OutputFolder};

/// Writes the files of the report above the runs, `index.html` last. Returns the verdict.
///
/// # Errors
/// [`Failure::Input`] if the results of a run cannot be read, [`Failure::Run`] if a file cannot be written.
pub fn write_above(out: &OutputFolder, cells: &[CellReport]) -> Result<Vec<String>, Failure> {
    let mut datasets = Vec::new();
    for one in cells {
        let name = one.cell.folder.clone();
        if let (Some(found), _) = load(&output_folder::inside(out.path(), &name)?)? {
            datasets.push(OnDataset { name, found });
        }
    }
    let by = chosen_across(cells, &datasets)?;
    let across = Across::new(datasets, by);
    Report { cells, across: across.as_ref() }.write(out)?;
    Ok(across.as_ref().map_or_else(Vec::new, verdict::verdict))
}

/// The metric by which points are chosen on the other datasets; `None` if the experiment does not choose so.
fn chosen_across(cells: &[CellReport], datasets: &[OnDataset]) -> Result<Option<MetricName>, Failure> {
    let Some(manifest) = cells.first().map(|one| &one.manifest) else { return Ok(None) };
    let file = config::parse(YamlSource::parse("manifest.json".into(), manifest.config.clone())?)?;
    let split = file.experiment.split.filter(|split| split.across);
    Ok(split.and_then(|split| split.by.or_else(|| common_headline(datasets))))
}

/// The report.
struct Report<'a> {
    /// The runs, one for each dataset.
    cells: &'a [CellReport],
    /// What they show together; `None` if fewer than two have results.
    across: Option<&'a Across>,
}

impl Report<'_> {
    fn write(&self, out: &OutputFolder) -> Result<(), super::ReportError> {
        let sizes = self.cells.first().map_or_else(Vec::new, CellReport::sizes);
        let mut plots = Plots::new(out, &sizes);
        let mut written = Vec::new();
        if let Some(across) = self.across {
            out.write("datasets.csv", &csv::datasets(across)?)?;
            out.write("across.csv", &csv::across(across)?)?;
            out.write("ranks.csv", &csv::ranks(across)?)?;
            let tables = tables::all(across);
            for (name, table) in &tables {
                super::tables::write_one(out, name, table)?;
                written.extend(["tex", "md", "csv"].map(|extension| format!("tables/{name}.{extension}")));
            }
            plots.draw(
                &figures::all(across).into_iter().map(figures::AcrossFigure::picture).collect::<Vec<Picture<'_>>>(),
            )?;
        } else {
            ["datasets.csv", "across.csv", "ranks.csv"].iter().for_each(|name| out.remove(name));
        }
        // Tables of an earlier report.
        for name in out.listed("tables/").iter().filter(|name| !written.contains(name)) {
            out.remove(name);
        }
        let drawn = plots.finish()?;
        let page = page::Page { cells: self.cells, across: self.across, figures: &drawn };
        out.write("index.html", page.text().as_bytes())?;
        Ok(())
    }
}
