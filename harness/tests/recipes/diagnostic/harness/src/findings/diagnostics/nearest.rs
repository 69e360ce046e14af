//! How far the nearest other vector is.

use super::{Diagnostic, Sample, bootstrap, mean_at};
use crate::record::diagnosis::DiagnosticValue;
use swath_algorithms::Distance;

/// The mean distance to the nearest other.
pub struct Nearest;

impl Diagnostic for Nearest {
    fn name(&self) -> &'static str {
        "nearest other"
    }

    fn definition(&self) -> &'static str {
        "mean distance of a base vector to the nearest other (a recipe's example)"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        let nearest: Vec<f64> = sample.near.iter().filter_map(|near| near.first().copied()).collect();
        if nearest.is_empty() {
            return Err("there is no other vector");
        }
        Ok(bootstrap(nearest.len(), sample.seed, self.name(), |places| mean_at(&nearest, places)))
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        format!("The nearest other vector is {value:.3} away.")
    }
}
