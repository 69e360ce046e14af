//! Intra-list distance.

use super::{Answer, Impossible, Metric, Setting, mean_over_pairs, needs_pairs};
use std::f64::consts::PI;
use swath_algorithms::Distance;

/// See [`Metric::definition`].
pub struct Diversity;

impl Metric for Diversity {
    fn name(&self) -> &'static str {
        "diversity"
    }

    fn definition(&self) -> &'static str {
        "intra-list distance (ILD): mean distance of two results, as angle / pi on angular data, else the dataset's own"
    }

    fn range(&self) -> &'static str {
        "0 to 1 (angular), from 0 (euclidean)"
    }

    fn higher_is_better(&self) -> bool {
        true
    }

    fn source(&self) -> &'static str {
        "Ziegler, McNee, Konstan & Lausen 2005"
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        needs_pairs(setting)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        mean_over_pairs(answer.returned().len(), |i, j| match answer.base().distance() {
            Distance::Angular => answer.measure(i, j).acos() / PI,
            Distance::Euclidean => answer.measure(i, j).sqrt(),
        })
    }
}
