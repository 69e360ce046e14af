//! Intrinsic dimension: the number of directions in which the data spread around a vector.

use super::{Diagnostic, Sample, bootstrap, mean_at};
use crate::record::diagnosis::DiagnosticValue;
use swath_algorithms::Distance;

/// Local intrinsic dimension.
pub struct Lid;

impl Diagnostic for Lid {
    fn name(&self) -> &'static str {
        "local intrinsic dimension"
    }

    fn definition(&self) -> &'static str {
        "maximum likelihood from the distances to the 20 nearest others (Levina & Bickel 2004), inverses averaged over base \
         points (MacKay & Ghahramani 2005); distances of 0 are left out"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        let inverse = |near: &Vec<f64>| {
            let apart: Vec<f64> = near.iter().copied().filter(|&distance| distance > 0.0).collect();
            let (last, nearer) = apart.split_last()?;
            let total: f64 = nearer.iter().map(|distance| (last / distance).ln()).sum();
            (nearer.len() >= 2).then(|| total / nearer.len() as f64)
        };
        let inverses: Vec<f64> = sample.near.iter().filter_map(inverse).collect();
        if inverses.iter().all(|&inverse| inverse == 0.0) {
            return Err("no point has three others at different distances above 0");
        }
        Ok(bootstrap(inverses.len(), sample.seed, self.name(), |places| 1.0 / mean_at(&inverses, places)))
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        let so = match value {
            ..8.0 => "approximate indexes will find nearly all neighbours cheaply",
            ..20.0 => "approximate indexes will need some effort for high recall",
            _ => "approximate indexes will need much effort for high recall",
        };
        format!("Around a point the data spread in about {value:.0} directions: {so}.")
    }
}

/// Intrinsic dimension from two neighbours.
pub struct TwoNn;

impl Diagnostic for TwoNn {
    fn name(&self) -> &'static str {
        "TwoNN dimension"
    }

    fn definition(&self) -> &'static str {
        "maximum likelihood from the ratio of the distances to the two nearest others (Facco et al. 2017); others at distance \
         0, and copies of the nearest, are left out"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        let ratio = |near: &Vec<f64>| {
            let first = near.iter().find(|&&distance| distance > 0.0)?;
            let second = near.iter().find(|&distance| distance > first)?;
            Some((second / first).ln())
        };
        let ratios: Vec<f64> = sample.near.iter().filter_map(ratio).collect();
        if ratios.len() < 2 {
            return Err("too few points have two others at different distances above 0");
        }
        Ok(bootstrap(ratios.len(), sample.seed, self.name(), |places| 1.0 / mean_at(&ratios, places)))
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        format!(
            "At the smallest scale, between a point and its two nearest, the data have about {value:.0} dimensions. If that is \
             far from the local intrinsic dimension, their structure depends on the scale."
        )
    }
}
