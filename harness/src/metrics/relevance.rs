//! How near the results are to the query.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, discounted, needs_directions, needs_neighbors};
use crate::statistics::ROUNDING;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::{Distance, KernelChoice, Unfit};

/// Whether relevance by that kernel is the inner product.
fn is_product(kernel: KernelChoice, distance: Distance) -> bool {
    kernel.is_default() && distance == Distance::InnerProduct
}

/// Relevance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Relevance {
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for Relevance {
    fn about(&self) -> About {
        About {
            plain: "similarity to the query",
            definition: "mean similarity of the results to the query; for ip their mean inner product with it",
            range: "-1 to 1; any for ip",
            higher_is_better: true,
            source: "by definition",
            family: Family::Relevance,
            usual: Usual::Always,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let (definition, range) = if is_product(self.kernel, distance) {
            ("mean inner product of the results with the query", "any")
        } else {
            let is_signed = self.kernel.or_raw(distance) == Kernel::Gram;
            ("mean similarity of the results to the query", if is_signed { "-1 to 1" } else { "0 to 1" })
        };
        About { definition, range, ..self.about() }
    }

    fn has_unit_on(&self, distance: Distance) -> bool {
        is_product(self.kernel, distance)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        // An inner product has none.
        if self.kernel.is_default() { (f64::NEG_INFINITY, f64::INFINITY) } else { (-1.0, 1.0) }
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let total: f64 = answer.returned().iter().map(|&id| answer.relevance(self.kernel, id)).sum();
        (answer.count() > 0).then(|| total / answer.count() as f64)
    }
}

/// Discounted relevance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ndcg {
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for Ndcg {
    fn about(&self) -> About {
        About {
            plain: "similarity, the first results weighing most",
            definition: "sum of max(0, similarity to the query; for ip the inner product) / log2(1 + rank) over the results, \
                         over that of the k base vectors where it is largest",
            range: "0 to 1",
            higher_is_better: true,
            source: "Jarvelin & Kekalainen 2002",
            family: Family::Relevance,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let definition = if is_product(self.kernel, distance) {
            "sum of max(0, inner product with the query) / log2(1 + rank) over the results, over that of the k base vectors \
             where it is largest"
        } else {
            "sum of max(0, similarity to the query) / log2(1 + rank) over the results, over that of the k base points where \
             it is largest"
        };
        About { definition, ..self.about() }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_neighbors(setting, setting.k, "a k, or a cut as in `ndcg@5`,")
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let gain = |&id: &u32| answer.relevance(self.kernel, id).max(0.0);
        let ideal = discounted(answer.ideal(self.kernel).into_iter().map(|similarity| similarity.max(0.0)));
        (ideal > 0.0).then(|| discounted(answer.returned().iter().map(gain)) / ideal)
    }
}

/// The cosine of the query and the sum of the results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SumCosine {}

impl Metric for SumCosine {
    fn about(&self) -> About {
        About {
            plain: "likeness of all results together to the query",
            definition: "cosine of the query and the sum of the results; on angular data each result has length 1 in the sum",
            range: "-1 to 1",
            higher_is_better: true,
            source: "VRSD, arXiv 2407.04573: what it maximises",
            family: Family::Relevance,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let definition = match distance {
            Distance::Angular => "cosine of the query and the sum of the results, each scaled to length 1",
            _ => "cosine of the query and the sum of the results",
        };
        About { definition, ..self.about() }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_directions(setting, "`relevance`")
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (-1.0, 1.0)
    }

    /// From cosines c and lengths l: the sum of l_i c(q, i) over the root of the sum of l_i l_j c(i, j). 0 where the results
    /// cancel out, as a vector of zeros has it with any other.
    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (base, returned) = (answer.asked().base, answer.returned());
        let length = |&id: &u32| match (base.distance(), base.norms()[id as usize]) {
            (Distance::Angular, norm) => f64::from(u8::from(norm > 0.0)),
            (_, norm) => norm,
        };
        let lengths: Vec<f64> = returned.iter().map(length).collect();
        let along: f64 = returned.iter().zip(&lengths).map(|(&id, length)| length * answer.cosine(id)).sum();
        let squares: f64 = lengths.iter().map(|length| length * length).sum();
        let pairs = (0..returned.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
        let products = pairs.map(|(i, j)| lengths[i] * lengths[j] * answer.similarity(Kernel::Gram, i, j));
        let squared = squares + 2.0 * products.sum::<f64>();
        let is_nothing = squared <= ROUNDING * squares;
        (answer.count() > 0).then(|| if is_nothing { 0.0 } else { (along / squared.sqrt()).clamp(-1.0, 1.0) })
    }
}
