//! How well distances separate vectors.

use super::{Diagnostic, Sample, bootstrap};
use crate::record::diagnosis::DiagnosticValue;
use swath_algorithms::Distance;

/// The ratio of two parts of the spread, each summed over queries: `above` over `below`.
fn ratio(sample: &Sample<'_>, name: &str, above: usize, below: usize) -> Result<DiagnosticValue, &'static str> {
    if sample.base.distance() == Distance::InnerProduct {
        return Err("an inner product is not a distance, and may have any sign");
    }
    if sample.spread.iter().all(|spread| spread[below] == 0.0) {
        return Err("every query is at distance 0 of some base point");
    }
    let total = |part: usize, places: &[usize]| places.iter().map(|&i| sample.spread[i][part]).sum::<f64>();
    Ok(bootstrap(sample.spread.len(), sample.seed, name, |places| total(above, places) / total(below, places)))
}

/// Relative contrast.
pub struct RelativeContrast;

impl Diagnostic for RelativeContrast {
    fn name(&self) -> &'static str {
        "relative contrast"
    }

    fn definition(&self) -> &'static str {
        "mean distance from a query to a base point / mean distance to its nearest (He, Kumar & Chang 2012)"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        ratio(sample, self.name(), 1, 0)
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        let so = match value {
            ..1.5 => "nearness hardly separates points, and the nearest may mean little",
            ..3.0 => "nearness separates points, though not sharply",
            _ => "the nearest stand out clearly",
        };
        format!("An average point is {value:.2} times as far from a query as the nearest: {so}.")
    }
}

/// Farthest over nearest.
pub struct Concentration;

impl Diagnostic for Concentration {
    fn name(&self) -> &'static str {
        "Dmax / Dmin"
    }

    fn definition(&self) -> &'static str {
        "mean distance from a query to the farthest base point / to the nearest (Beyer et al. 1999)"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        ratio(sample, self.name(), 2, 0)
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        let so = if value < 3.0 { "distances are concentrated" } else { "distances are not concentrated" };
        format!("The farthest point is {value:.2} times as far from a query as the nearest: {so}.")
    }
}
