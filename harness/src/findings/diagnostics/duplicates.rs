//! The share of vectors that have near copies.

use super::{Diagnostic, Sample, bootstrap, mean_at};
use crate::record::diagnosis::DiagnosticValue;
use swath_algorithms::Distance;
use swath_algorithms::kernel::median;

/// The share of near duplicates.
pub struct NearDuplicates;

impl Diagnostic for NearDuplicates {
    fn name(&self) -> &'static str {
        "near duplicates"
    }

    fn definition(&self) -> &'static str {
        "share of base points whose nearest other is nearly the same: a cosine, a share of equal bits or a Jaccard similarity \
         above 0.95, or on euclidean data within 5 % of the median distance to the nearest other that is not the same"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        let nearest: Vec<f64> = sample.near.iter().filter_map(|near| near.first().copied()).collect();
        if nearest.is_empty() {
            return Err("there is no other point");
        }
        let within = match sample.base.distance() {
            Distance::Angular | Distance::InnerProduct => (2.0_f64 * 0.05).sqrt(),
            Distance::Hamming | Distance::Jaccard => 0.05,
            Distance::Euclidean => {
                let mut apart: Vec<f64> = nearest.iter().copied().filter(|&distance| distance > 0.0).collect();
                if apart.is_empty() { 0.0 } else { 0.05 * median(&mut apart) }
            }
        };
        let is_near: Vec<f64> = nearest.iter().map(|&distance| f64::from(u8::from(distance <= within))).collect();
        Ok(bootstrap(is_near.len(), sample.seed, self.name(), |places| mean_at(&is_near, places)))
    }

    fn meaning(&self, value: f64, distance: Distance) -> String {
        // A share of the bits is no copy: 5 % of 256 are 12.
        let is_bits = distance == Distance::Hamming;
        let so = match value {
            ..0.01 if is_bits => "points that are nearly the same hardly matter",
            ..0.01 => "copies hardly matter",
            ..0.1 => "some results will repeat others, which a diverse selector avoids",
            _ if is_bits => "the nearest are often alike, and a diverse selector will change answers much",
            _ => "the nearest are often copies, and a diverse selector will change answers much",
        };
        let what = if is_bits { "another within 5 % of the bits" } else { "a near copy" };
        format!("{:.1} % of points have {what}: {so}.", 100.0 * value)
    }
}
