//! How much the results repeat each other.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, mean_over_pairs, needs_pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::Fraction;
use swath_algorithms::{Distance, KernelChoice, Unfit};

/// Mean similarity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redundancy {
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for Redundancy {
    fn about(&self) -> About {
        About {
            plain: "repetition",
            definition: "mean similarity of two results",
            range: "-1 to 1",
            higher_is_better: false,
            source: "Raja & Vats 2025",
            family: Family::Redundancy,
            usual: Usual::Always,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let range = if self.kernel.or_raw(distance) == Kernel::Gram { "-1 to 1" } else { "0 to 1" };
        About { range, ..self.about() }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_pairs(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (-1.0, 1.0)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let kernel = answer.kernel_or_raw(self.kernel);
        mean_over_pairs(answer.count(), |i, j| answer.similarity(kernel, i, j))
    }
}

/// Mean of the largest similarities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxRedundancy {
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for MaxRedundancy {
    fn about(&self) -> About {
        About {
            plain: "near repetition",
            definition: "mean over the results of the similarity to the most similar other",
            range: "-1 to 1",
            higher_is_better: false,
            source: "Raja & Vats 2025",
            family: Family::Redundancy,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let range = if self.kernel.or_raw(distance) == Kernel::Gram { "-1 to 1" } else { "0 to 1" };
        About { range, ..self.about() }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_pairs(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (-1.0, 1.0)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (kernel, count) = (answer.kernel_or_raw(self.kernel), answer.count());
        let largest = |i: usize| {
            let others = (0..count).filter(|&j| j != i).map(|j| answer.similarity(kernel, i, j));
            others.fold(f64::NEG_INFINITY, f64::max)
        };
        (count >= 2).then(|| (0..count).map(largest).sum::<f64>() / count as f64)
    }
}

/// Share of near duplicates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Duplicates {
    /// The similarity above which two are duplicates.
    pub above: Fraction,
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self { above: super::default_number(Fraction::new(0.95)), kernel: KernelChoice::DEFAULT }
    }
}

impl Metric for Duplicates {
    fn about(&self) -> About {
        About {
            plain: "near duplicates",
            definition: "share of the pairs of results that are nearly the same: more similar than `above`",
            range: "0 to 1",
            higher_is_better: false,
            source: "by definition",
            family: Family::Redundancy,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_pairs(setting)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let kernel = answer.kernel_or_raw(self.kernel);
        let is_same = |i, j| f64::from(u8::from(answer.similarity(kernel, i, j) > self.above.get()));
        mean_over_pairs(answer.count(), is_same)
    }
}
