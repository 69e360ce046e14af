//! Lengths of vectors.

use super::{Check, Finding, Subject};
use swath_algorithms::Distance;
use swath_algorithms::points::PointType;

/// Whether vectors have one length, and what that means for the distance.
pub struct Lengths;

/// Lengths are equal within this part: sums of 4096 squares of half precision are.
const TOLERANCE: f64 = 2e-3;

impl Check for Lengths {
    fn name(&self) -> &'static str {
        "lengths"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let dataset = subject.dataset;
        if !matches!(dataset.train.kind(), PointType::Dense | PointType::Sparse) {
            return Vec::new();
        }
        let norms = dataset.train.norms();
        let (shortest, longest) =
            norms.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &norm| (low.min(norm), high.max(norm)));
        let is_one = |norm: f64| (norm - 1.0).abs() <= TOLERANCE;
        let ratio = longest / shortest.max(f64::MIN_POSITIVE);
        let range = format!("base vectors are {} to {} long", digits(shortest), digits(longest));
        let finding = match dataset.distance {
            _ if is_one(shortest) && is_one(longest) => match dataset.distance {
                Distance::Angular => {
                    Finding::fine("all base vectors have length 1: angular and ip give the same order")
                }
                Distance::InnerProduct => Finding::note(
                    "all base vectors have length 1: angular, ip and euclidean give the same order",
                    "use angular, which more indexes and diagnostics know, unless the size of the product matters",
                ),
                _ => Finding::note(
                    "all base vectors look like unit vectors: euclidean and angular give the same order",
                    "check that euclidean is meant: unit vectors are usually compared by angle",
                ),
            },
            Distance::InnerProduct if ratio > 1.0 + TOLERANCE => Finding::note(
                format!("{range}: by ip, long vectors are near to many queries, whatever their angle"),
                "use indexes that are made for inner products, or angular if lengths mean nothing",
            ),
            Distance::InnerProduct => Finding::note(
                format!("{range}, all alike: ip gives the same order as angular"),
                "use angular, which more indexes and diagnostics know",
            ),
            _ => Finding::fine(range),
        };
        vec![finding]
    }
}

/// A length with four digits; with an exponent where it is very small or large.
fn digits(length: f64) -> String {
    let magnitude = length.log10().floor();
    if length == 0.0 {
        // 0 has no sign.
        "0".into()
    } else if (-3.0..6.0).contains(&magnitude) {
        format!("{length:.*}", (3.0 - magnitude).max(0.0) as usize)
    } else {
        format!("{length:.3e}")
    }
}
