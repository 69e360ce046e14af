//! Recall: how many of the true nearest are found.

use super::{About, Answer, Impossible, Metric, Setting, needs_neighbors};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::NonNegative;

const SOURCE: &str = "Aumueller, Bernhardsson & Faithfull 2020 (ann-benchmarks)";

/// How much farther than the k-th true neighbour a result may be.
const SLACK: f64 = 1e-3;

/// Whether 0.001 is not small against the distance of the k-th true neighbour: more than 1 % of it. Then recall may count
/// what is no neighbour, in the extreme a random pick.
pub fn is_coarse(distance: f64) -> bool {
    SLACK > 0.01 * distance.abs()
}

/// ann-benchmarks' recall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recall {}

impl Metric for Recall {
    fn about(&self) -> About {
        About {
            plain: "of the true neighbours",
            definition: "share of the k results whose distance is at most that of the k-th true neighbour + 0.001 (and half a \
                         unit in the last place of what distances are stored as, as with every recall)",
            range: "0 to 1",
            higher_is_better: true,
            source: SOURCE,
        }
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        needs_neighbors(setting, setting.k, "a k, or a cut as in `recall@5`,")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        answer.recall_of(answer.returned(), answer.k(), |distance| distance + SLACK)
    }
}

/// Recall of what is nearly as near.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecallEps {
    /// How much farther than the k-th true neighbour a result may be, relatively.
    pub epsilon: NonNegative,
}

impl Default for RecallEps {
    fn default() -> Self {
        Self { epsilon: super::default_number(NonNegative::new(0.01)) }
    }
}

impl Metric for RecallEps {
    fn about(&self) -> About {
        About {
            plain: "of what is nearly as near",
            definition: "share of the k results whose distance is at most that of the k-th true neighbour + epsilon times its \
                         absolute value",
            range: "0 to 1",
            higher_is_better: true,
            source: SOURCE,
        }
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        needs_neighbors(setting, setting.k, "a k, or a cut as in `recall-eps@5`,")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        answer.recall_of(answer.returned(), answer.k(), |distance| distance + self.epsilon.get() * distance.abs())
    }
}

/// Recall of the candidates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolRecall {}

impl Metric for PoolRecall {
    fn about(&self) -> About {
        About {
            plain: "of the true neighbours in the pool",
            definition: "recall of the candidates' pool at its own size, so that a poor pool is not blamed on the selector; \
                         compared only between trials whose pools are equally large",
            range: "0 to 1",
            higher_is_better: true,
            source: SOURCE,
        }
    }

    fn takes_cut(&self) -> bool {
        false
    }

    fn looks_inside(&self) -> bool {
        true
    }

    fn depends_on_pool(&self) -> bool {
        true
    }

    fn possible(&self, setting: &Setting) -> Result<(), Impossible> {
        needs_neighbors(setting, setting.largest_pool, "pools")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (found, size) = answer.asked().found;
        answer.recall_of(found, size, |distance| distance + SLACK)
    }
}
