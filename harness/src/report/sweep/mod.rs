//! The report of a sweep: how metrics and costs change with n, dimension and k.

mod csv;
mod figures;
mod page;

use super::ReportError;
use super::cell_report::CellReport;
use super::plots::{Picture, Plots};
use crate::config::measure::Cost;
use crate::findings::summary::TrialRow;
use crate::metrics::MetricName;
use crate::plot::Size;
use crate::record::output_folder::OutputFolder;

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
