//! Recall: the share of the true nearest neighbours that are found.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, needs_neighbors};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::Unfit;
use swath_algorithms::params::NonNegative;
use swath_algorithms::points::Point;
use swath_datasets::Stored;

const SOURCE: &str = "Aumueller, Bernhardsson & Faithfull 2020 (ann-benchmarks)";

/// The distance by which a result may be farther than the k-th true neighbour.
const SLACK: f64 = 1e-3;

/// The rounding of distances that are stored as `f32` shares.
const ROUNDING: f64 = 1e-6;

/// Whether 0.001 is more than 1 % of the distance of the k-th true neighbour, and a point can be farther by so little. Recall may
/// then count results that are no neighbours, in the extreme a random pick.
pub fn is_coarse(distance: f64, query: Point<'_>) -> bool {
    SLACK > 0.01 * distance.abs() && slack_reaches(distance, query)
}

/// Whether a point can be farther from the query than `distance`, by at most the slack. Shares of bits and Jaccard distances
/// move in steps, which are mostly larger.
fn slack_reaches(distance: f64, query: Point<'_>) -> bool {
    match query {
        Point::Dense(_) | Point::Sparse(_) => true,
        Point::Bits(bits) => SLACK * bits.dim as f64 >= 1.0,
        Point::Set(members) => {
            // A set that shares `common` members has the similarity common / union, and the union holds the query.
            let below = 1.0 - distance - ROUNDING;
            let next = |common: usize| {
                let union = ((common as f64 / below).floor() + 1.0).max(members.len() as f64);
                common as f64 / union
            };
            below > 0.0 && (1..=members.len()).any(|common| next(common) >= 1.0 - distance - SLACK)
        }
    }
}

/// The distance within which results of a query count as found, and their possible number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Within {
    /// The largest distance that counts.
    pub distance: f64,
    /// The number that could be found.
    pub of: usize,
}

impl Within {
    /// Results within `reach` of the `count`-th true neighbour count as found; `distances` are those of the true
    /// neighbours, ascending, stored as `stored`. If the query has fewer, all of them could be found; `None` if it has
    /// none. The threshold is raised by half a unit in the last place of the stored type, which rounding may have taken
    /// from the stored distance: without that, exact search would have a recall below 1 where distances are large.
    pub fn new(distances: &[f64], stored: Stored, count: usize, reach: impl Fn(f64) -> Option<f64>) -> Option<Self> {
        let count = count.min(distances.len());
        let distance = reach(distances[count.checked_sub(1)?])?;
        Some(Self { distance: distance + stored.half_unit(distance), of: count })
    }

    /// The smallest and the largest recall that returned distances may have had before they were rounded to `f32`. They
    /// differ only if a distance is so near to the threshold that rounding may have moved it across.
    pub fn recalls(&self, rounded: impl Iterator<Item = f32>) -> (f64, f64) {
        let (mut surely, mut perhaps) = (0, 0);
        for rounded in rounded.filter(|distance| !distance.is_nan()) {
            let (below, above) = (f64::from(rounded.next_down()), f64::from(rounded.next_up()));
            surely += usize::from(above <= self.distance);
            perhaps += usize::from(below <= self.distance);
        }
        let share = |count: usize| (count as f64 / self.of as f64).min(1.0);
        (share(surely), share(perhaps))
    }
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
            family: Family::Recall,
            usual: Usual::Always,
            headline: Some(6),
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_neighbors(setting, setting.k, "a k, or a cut as in `recall@5`,")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        answer.recall_of(answer.returned(), answer.k(), |distance| self.reach(distance))
    }

    fn reach(&self, distance: f64) -> Option<f64> {
        Some(distance + SLACK)
    }
}

/// Recall that also counts results nearly as near.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecallEps {
    /// The relative distance by which a result may be farther than the k-th true neighbour.
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
            family: Family::Recall,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_neighbors(setting, setting.k, "a k, or a cut as in `recall-eps@5`,")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        answer.recall_of(answer.returned(), answer.k(), |distance| self.reach(distance))
    }

    fn reach(&self, distance: f64) -> Option<f64> {
        Some(distance + self.epsilon.get() * distance.abs())
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
            family: Family::Recall,
            usual: Usual::Always,
            headline: None,
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

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        needs_neighbors(setting, setting.largest_pool, "pools")
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (found, size) = answer.asked().found;
        answer.recall_of(found, size, |distance| Some(distance + SLACK))
    }
}

#[cfg(test)]
mod tests {
    use super::is_coarse;
    use swath_algorithms::points::{Bits, Point, Sets};

    fn of_bits(distance: f64, dim: usize) -> bool {
        let bits = Bits::pack(std::iter::repeat_n(false, dim), dim).expect("a row");
        is_coarse(distance, Point::Bits(bits.row(0)))
    }

    fn of_set(distance: f64, members: u32) -> bool {
        let sets = Sets::from_rows(&[(0..members).collect::<Vec<u32>>()], 5000).expect("valid");
        is_coarse(distance, Point::Set(sets.row(0)))
    }

    /// One bit of 256 is four times the slack; one of 1,000 is within it.
    #[test]
    fn bits_are_coarse_only_if_one_more_is_within_the_slack() {
        assert!(!of_bits(0.0, 256) && !of_bits(12.0 / 256.0, 256) && !of_bits(0.0, 999));
        assert!(of_bits(0.0, 1000) && of_bits(0.004, 2000));
        assert!(!of_bits(0.2, 2000), "0.001 is less than 1 % of the distance");
    }

    /// Against every set that a query of `members` can meet.
    #[test]
    fn sets_are_coarse_only_if_a_farther_set_is_within_the_slack() {
        let mut coarse = 0;
        for members in 1..=60_u32 {
            for (common, union) in (0..=members).flat_map(|common| (members..70).map(move |union| (common, union))) {
                let distance = 1.0 - f64::from(common) / f64::from(union);
                let farther =
                    (0..=members).flat_map(|c| (members..200).map(move |u| 1.0 - f64::from(c) / f64::from(u)));
                let expected = distance < 0.1
                    && farther.into_iter().any(|other| other > distance + 1e-6 && other <= distance + 0.001);
                assert_eq!(of_set(f64::from(distance as f32), members), expected, "{members}: {common} / {union}");
                coarse += u32::from(expected);
            }
        }
        assert!(coarse > 0);
        assert!(!of_set(0.0, 30) && of_set(0.0, 1000));
    }
}
