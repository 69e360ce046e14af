//! `frontiers.csv`: each retriever's metrics at the same recalls, and the areas below its Pareto fronts.

use crate::escape;
use crate::findings::summary::Summary;
use crate::findings::tradeoffs::RECALLS;
use crate::plot::format::{cell, cell_or_empty};
use crate::statistics::Estimate;

/// A row for each retriever and metric: the area below its front, and the metric at given recalls, each with its interval;
/// empty where no point reaches that recall.
///
/// # Errors
/// The writer's.
pub fn bytes(summary: &Summary) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = ["retriever", "metric", "points"].map(str::to_owned).to_vec();
    let names =
        std::iter::once("hypervolume".to_owned()).chain(RECALLS.iter().map(|recall| format!("at_recall_{recall}")));
    header.extend(names.flat_map(|name| ["", "_lo", "_hi"].map(|suffix| format!("{name}{suffix}"))));
    table.write_record(header)?;
    for tradeoff in &summary.tradeoffs {
        let metric = summary.metrics[tradeoff.metric].name();
        let mut cells =
            vec![escape::csv(&tradeoff.retriever).into_owned(), metric.to_owned(), tradeoff.points.to_string()];
        cells.extend([tradeoff.hypervolume.mean, tradeoff.hypervolume.lo, tradeoff.hypervolume.hi].map(cell));
        for estimate in &tradeoff.at_recall {
            let of = |part: fn(&Estimate) -> f64| cell_or_empty(estimate.as_ref().map(part));
            cells.extend([of(|e| e.mean), of(|e| e.lo), of(|e| e.hi)]);
        }
        table.write_record(cells)?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
