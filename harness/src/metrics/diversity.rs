//! How far apart the results are.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, mean_over_pairs, needs_directions, needs_pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::{Distance, KernelChoice, Unfit};

const RANGE: &str = "0 to 1; from 0 (euclidean)";

/// What stands between results.
enum Between {
    /// The angle, divided by pi.
    Angle,
    /// The dataset's distance.
    Distance,
    /// 1 - the similarity by a kernel that is named.
    Dissimilarity,
}

impl Between {
    fn of(kernel: KernelChoice, distance: Distance) -> Self {
        match distance {
            _ if !kernel.is_default() => Self::Dissimilarity,
            Distance::Angular | Distance::InnerProduct => Self::Angle,
            Distance::Euclidean | Distance::Hamming | Distance::Jaccard => Self::Distance,
        }
    }
}

/// Whether distances between results are in the unit of the vectors.
fn has_unit(kernel: KernelChoice, distance: Distance) -> bool {
    kernel.is_default() && distance == Distance::Euclidean
}

/// The values that distances between results can have.
fn range_on(kernel: KernelChoice, distance: Distance) -> &'static str {
    match distance {
        _ if kernel.is(Kernel::Gram) => "0 to 2",
        Distance::Euclidean if kernel.is_default() => "from 0",
        _ => "0 to 1",
    }
}

/// Intra-list distance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Diversity {
    /// Distances are then 1 - similarity; left out, angle / pi on angular data and for ip, else the dataset's own.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for Diversity {
    fn about(&self) -> About {
        About {
            plain: "distance between results",
            definition: "intra-list distance (ILD): mean distance of two results, as angle / pi on angular data and for ip, \
                         else the dataset's own",
            range: RANGE,
            higher_is_better: true,
            source: "Ziegler, McNee, Konstan & Lausen 2005",
            family: Family::Diversity,
            usual: Usual::Always,
            headline: Some(5),
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let definition = match Between::of(self.kernel, distance) {
            Between::Angle => "intra-list distance (ILD): mean angle of two results / pi",
            Between::Distance => "intra-list distance (ILD): mean distance of two results",
            Between::Dissimilarity => "intra-list distance (ILD): mean of 1 - similarity of two results",
        };
        About { definition, range: range_on(self.kernel, distance), ..self.about() }
    }

    fn has_unit_on(&self, distance: Distance) -> bool {
        has_unit(self.kernel, distance)
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_pairs(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        mean_over_pairs(answer.count(), |i, j| answer.distance(self.kernel, i, j))
    }
}

/// Intra-list average distance by cosine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ilad {}

impl Metric for Ilad {
    fn about(&self) -> About {
        About {
            plain: "cosine distance between results",
            definition: "intra-list average distance (ILAD): mean cosine distance, 1 - cosine, of two results",
            range: "0 to 2",
            higher_is_better: true,
            source: "Zhang & Hurley 2008",
            family: Family::Diversity,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_directions(setting, "`diversity`")?;
        needs_pairs(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (0.0, 2.0)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        mean_over_pairs(answer.count(), |i, j| 1.0 - answer.similarity(Kernel::Gram, i, j))
    }
}

/// Smallest distance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MinDistance {
    /// Distances are then 1 - similarity; left out, angle / pi on angular data and for ip, else the dataset's own.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for MinDistance {
    fn about(&self) -> About {
        About {
            plain: "distance between the two closest results",
            definition: "smallest distance of two results, as angle / pi on angular data and for ip, else the dataset's own: what \
                         max-min maximises",
            range: RANGE,
            higher_is_better: true,
            source: "Ravi, Rosenkrantz & Tayi 1994",
            family: Family::Diversity,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let definition = match Between::of(self.kernel, distance) {
            Between::Angle => "smallest angle of two results / pi: what max-min maximises",
            Between::Distance => "smallest distance of two results: what max-min maximises",
            Between::Dissimilarity => "smallest 1 - similarity of two results",
        };
        About { definition, range: range_on(self.kernel, distance), ..self.about() }
    }

    fn has_unit_on(&self, distance: Distance) -> bool {
        has_unit(self.kernel, distance)
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_pairs(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = (0..answer.count()).flat_map(|i| (0..i).map(move |j| (i, j)));
        pairs.map(|(i, j)| answer.distance(self.kernel, i, j)).min_by(f64::total_cmp)
    }
}

/// The mean edge of the minimum spanning tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mst {
    /// Distances are then 1 - similarity; left out, angle / pi on angular data and for ip, else the dataset's own.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for Mst {
    fn about(&self) -> About {
        About {
            plain: "spread",
            definition: "mean edge of the minimum spanning tree of the results, by the distance that `diversity` takes: one \
                         far result does not make a list diverse",
            range: RANGE,
            higher_is_better: true,
            source: "by definition; Prim 1957",
            family: Family::Diversity,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn about_on(&self, distance: Distance) -> About {
        let definition = match Between::of(self.kernel, distance) {
            Between::Angle => {
                "mean edge of the minimum spanning tree of the results, by angle / pi: one far result does not make a list diverse"
            }
            Between::Distance => {
                "mean edge of the minimum spanning tree of the results, by their distance: one far result does not make a list diverse"
            }
            Between::Dissimilarity => {
                "mean edge of the minimum spanning tree of the results, by 1 - similarity: one far result does not make a list diverse"
            }
        };
        About { definition, range: range_on(self.kernel, distance), ..self.about() }
    }

    fn has_unit_on(&self, distance: Distance) -> bool {
        has_unit(self.kernel, distance)
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_pairs(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let count = answer.count();
        if count < 2 {
            return None;
        }
        // Prim's algorithm: the distance of each result to the tree, which begins at the first one.
        let mut off: Vec<Option<f64>> =
            (0..count).map(|i| (i > 0).then(|| answer.distance(self.kernel, 0, i))).collect();
        let mut total = 0.0;
        for _ in 1..count {
            let left = off.iter().enumerate().filter_map(|(i, &off)| Some((i, off?)));
            let (next, distance) = left.min_by(|a, b| a.1.total_cmp(&b.1))?;
            total += distance;
            off[next] = None;
            for (i, off) in off.iter_mut().enumerate() {
                *off = off.map(|off| off.min(answer.distance(self.kernel, next, i)));
            }
        }
        Some(total / (count - 1) as f64)
    }
}
