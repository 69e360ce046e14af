//! How well the results cover the query's neighbourhood.

use super::{About, Answer, Family, Metric, Usual};
use crate::statistics::bootstrap::quantile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::KernelChoice;
use swath_algorithms::params::Fraction;

/// Coverage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Coverage {
    /// The similarity; left out, `cosine` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for Coverage {
    fn about(&self) -> About {
        About {
            plain: "coverage of the neighbourhood",
            definition: "mean over N, the query's stored true neighbours, of the largest similarity to a result: what \
                         facility location maximises when its pool is N",
            range: "0 to 1",
            higher_is_better: true,
            source: "Raja & Vats 2025; Lin & Bilmes 2011",
            family: Family::Coverage,
            usual: Usual::Always,
            headline: Some(4),
        }
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let kernel = answer.kernel_or_coverage(self.kernel);
        let near = answer.neighbors().len();
        let best = |v: usize| (0..answer.count()).map(|i| answer.to_neighbor(kernel, i, v)).fold(0.0, f64::max);
        (near > 0).then(|| (0..near).map(best).sum::<f64>() / near as f64)
    }
}

/// Coverage by balls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BallCoverage {
    /// The radius, as a quantile of the pairwise distances in N.
    pub quantile: Fraction,
    /// Distances are then 1 - similarity; left out, angle / pi on angular data and for ip, else the dataset's own.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for BallCoverage {
    fn default() -> Self {
        Self { quantile: super::default_number(Fraction::new(0.25)), kernel: KernelChoice::DEFAULT }
    }
}

impl Metric for BallCoverage {
    fn about(&self) -> About {
        About {
            plain: "of the neighbourhood within reach",
            definition: "share of N, the query's stored true neighbours, within a radius of some result; the radius is a \
                         quantile of the distances between members of N",
            range: "0 to 1",
            higher_is_better: true,
            source: "Raja & Vats 2025",
            family: Family::Coverage,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let near = answer.neighbors();
        if near.len() < 2 {
            return None;
        }
        let radius = answer.asked().truth.radius((self.quantile.get(), self.kernel.named()), || {
            let pairs = (0..near.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
            let distance = |(a, b): (usize, usize)| answer.distance_between(self.kernel, near[a], near[b]);
            let mut distances: Vec<f64> = pairs.map(distance).collect();
            distances.sort_unstable_by(f64::total_cmp);
            quantile(&distances, self.quantile.get())
        });
        let is_near = |v: usize| (0..answer.count()).any(|i| answer.distance_to_neighbor(self.kernel, i, v) <= radius);
        Some((0..near.len()).filter(|&v| is_near(v)).count() as f64 / near.len() as f64)
    }
}
