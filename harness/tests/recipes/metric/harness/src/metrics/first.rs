//! How near the first result is.

use super::{About, Answer, Family, Metric, Usual};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::KernelChoice;

/// Similarity of the first result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct First {
    /// The similarity; left out, `gram` on angular data and `rbf` on euclidean.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for First {
    fn about(&self) -> About {
        About {
            plain: "similarity of the first result",
            definition: "similarity of the first result to the query",
            range: "-1 to 1",
            higher_is_better: true,
            source: "a recipe's example",
            family: Family::Relevance,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (-1.0, 1.0)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let kernel = answer.kernel_or_raw(self.kernel);
        answer.returned().first().map(|&id| answer.relevance(kernel.into(), id))
    }
}
