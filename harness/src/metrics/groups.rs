//! How the results are spread over the groups that they belong to: documents, sellers.

use super::{About, Answer, Family, Metric, MetricSetting, Usual};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use swath_algorithms::{GroupChoice, Groups as Kind, Unfit};

/// Sizes of the groups of the results, each item without a group for itself; `None` if the dataset does not have the kind.
fn sizes(group: &GroupChoice, answer: &Answer<'_>) -> Option<Vec<usize>> {
    let kind = group.of(answer.asked().groups)?;
    let (mut sizes, mut alone) = (BTreeMap::<i32, usize>::new(), 0);
    for &id in answer.returned() {
        match kind.of[id as usize] {
            Kind::NONE => alone += 1,
            group => *sizes.entry(group).or_default() += 1,
        }
    }
    Some(sizes.into_values().chain(std::iter::repeat_n(1, alone)).collect())
}

fn check(group: &GroupChoice, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
    group.check(setting.groups, "leave it out, or use a dataset with `groups`")
}

/// Number of groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Groups {
    /// The kind of groups, such as `seller`; left out, the only kind that the dataset has.
    #[serde(skip_serializing_if = "GroupChoice::is_default")]
    pub group: GroupChoice,
}

impl Metric for Groups {
    fn about(&self) -> About {
        About {
            plain: "different groups",
            definition: "number of different groups, such as documents or sellers, among the results; an item without a group is \
                         its own",
            range: "0 to k",
            higher_is_better: true,
            source: "by definition",
            family: Family::Groups,
            usual: Usual::WithGroups,
            headline: None,
        }
    }

    fn bounds(&self, k: usize) -> (f64, f64) {
        (0.0, k as f64)
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        check(&self.group, setting)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        sizes(&self.group, answer).map(|sizes| sizes.len() as f64)
    }
}

/// Share of the largest group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LargestGroup {
    /// The kind of groups, such as `seller`; left out, the only kind that the dataset has.
    #[serde(skip_serializing_if = "GroupChoice::is_default")]
    pub group: GroupChoice,
}

impl Metric for LargestGroup {
    fn about(&self) -> About {
        About {
            plain: "of one group",
            definition: "share of the results that belong to the group, such as a document or a seller, with most of them; an item \
                         without a group is its own",
            range: "0 to 1",
            higher_is_better: false,
            source: "by definition",
            family: Family::Groups,
            usual: Usual::WithGroups,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        check(&self.group, setting)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let largest = sizes(&self.group, answer)?.into_iter().max()?;
        Some(largest as f64 / answer.count() as f64)
    }
}
