//! The results of one cell, as the report above the cells sees them.

use crate::config::ReportSpec;
use crate::findings::summary::Summary;
use crate::plan::Cell;
use crate::plot::Size;
use crate::record::manifest::Manifest;

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
    pub fn sizes(&self) -> Vec<Size> {
        let report = self.manifest.experiment.report::<ReportSpec>().ok().flatten();
        report.map_or_else(Vec::new, |report| report.sizes)
    }

    /// The relative contrast of its dataset: the mean distance to a base vector over that to the nearest.
    pub fn contrast(&self) -> Option<f64> {
        let findings = &self.manifest.diagnosis.as_ref()?.findings;
        Some(findings.iter().find(|finding| finding.name == "relative contrast")?.measured?.value)
    }
}
