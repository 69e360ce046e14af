//! How many of a query's subtopics the results cover.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, discounted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use swath_algorithms::Unfit;
use swath_algorithms::params::Fraction;

fn needs_subtopics(setting: &MetricSetting) -> Result<(), Unfit> {
    if setting.subtopics {
        return Ok(());
    }
    Err(Unfit::new(
        "the dataset has no subtopics",
        "leave it out, or use a dataset with `subtopics`, such as glove-wordnet-20k",
    ))
}

/// The subtopics that an item covers, of pairs (item, subtopic) in ascending order.
fn covered(pairs: &[(u32, u32)], item: u32) -> impl Iterator<Item = u32> + '_ {
    let first = pairs.partition_point(|pair| pair.0 < item);
    pairs[first..].iter().take_while(move |pair| pair.0 == item).map(|pair| pair.1)
}

/// The number of different subtopics.
fn count(subtopics: impl Iterator<Item = u32>) -> usize {
    let mut all: Vec<u32> = subtopics.collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// Subtopic recall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubtopicRecall {}

impl Metric for SubtopicRecall {
    fn about(&self) -> About {
        About {
            plain: "of the subtopics",
            definition: "share of the query's subtopics that some result covers (S-recall), over the queries that have \
                         subtopics",
            range: "0 to 1",
            higher_is_better: true,
            source: "Zhai, Cohen & Lafferty 2003",
            family: Family::Subtopics,
            usual: Usual::WithSubtopics,
            headline: Some(1),
        }
    }

    fn possible(&self, setting: &MetricSetting) -> Result<(), Unfit> {
        needs_subtopics(setting)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = answer.subtopics();
        let all = count(pairs.iter().map(|pair| pair.1));
        let found = count(answer.returned().iter().flat_map(|&item| covered(pairs, item)));
        (all > 0).then(|| found as f64 / all as f64)
    }
}

/// Alpha-nDCG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlphaNdcg {
    /// The share of a subtopic's value that is lost each time it was seen before.
    pub alpha: Fraction,
}

impl Default for AlphaNdcg {
    fn default() -> Self {
        Self { alpha: super::default_number(Fraction::new(0.5)) }
    }
}

impl AlphaNdcg {
    /// The gain of an item: the sum over its subtopics of (1 - alpha)^n, where n is the number of times it was seen.
    fn gain(&self, pairs: &[(u32, u32)], item: u32, seen: &BTreeMap<u32, i32>) -> f64 {
        let worth = |subtopic: u32| (1.0 - self.alpha.get()).powi(seen.get(&subtopic).copied().unwrap_or(0));
        covered(pairs, item).map(worth).sum()
    }

    /// The gains of items in this order.
    fn gains(&self, pairs: &[(u32, u32)], items: impl Iterator<Item = u32>) -> Vec<f64> {
        let mut seen = BTreeMap::new();
        let step = |item| {
            let gain = self.gain(pairs, item, &seen);
            covered(pairs, item).for_each(|subtopic| *seen.entry(subtopic).or_insert(0) += 1);
            gain
        };
        items.map(step).collect()
    }

    /// The gains of the greedy ideal: always the item with the largest gain, of equals the one with the lowest id.
    fn ideal(&self, pairs: &[(u32, u32)], k: usize) -> Vec<f64> {
        let mut left: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
        left.dedup();
        let (mut seen, mut gains) = (BTreeMap::new(), Vec::with_capacity(k));
        while gains.len() < k {
            let worth = left.iter().enumerate().map(|(at, &item)| (at, self.gain(pairs, item, &seen)));
            let Some((at, gain)) = worth.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { break };
            covered(pairs, left.remove(at)).for_each(|subtopic| *seen.entry(subtopic).or_insert(0) += 1);
            gains.push(gain);
        }
        gains
    }
}

impl Metric for AlphaNdcg {
    fn about(&self) -> About {
        About {
            plain: "discounted novelty",
            definition: "discounted gain, where a subtopic already seen n times is worth (1 - alpha)^n, over that of the \
                         greedy ideal among all items with subtopics",
            range: "0 to 1",
            higher_is_better: true,
            source: "Clarke et al. 2008",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: Some(2),
        }
    }

    fn possible(&self, setting: &MetricSetting) -> Result<(), Unfit> {
        needs_subtopics(setting)
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        // A list may be a little better than the greedy ideal.
        (0.0, 1.6)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = answer.subtopics();
        let ideal = discounted(self.ideal(pairs, answer.k()));
        let found = discounted(self.gains(pairs, answer.returned().iter().copied()));
        (ideal > 0.0).then(|| found / ideal)
    }
}

/// Intent-aware expected reciprocal rank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrIa {}

impl Metric for ErrIa {
    fn about(&self) -> About {
        About {
            plain: "expected satisfaction of all intents",
            definition: "mean over the query's subtopics of the expected 1 / rank at which a reader stops, who is satisfied by \
                         each result that covers the subtopic with probability 1/2 (not normalised)",
            range: "0 to 1",
            higher_is_better: true,
            source: "Chapelle, Metzler, Zhang & Grinspan 2009",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting) -> Result<(), Unfit> {
        needs_subtopics(setting)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = answer.subtopics();
        let all = count(pairs.iter().map(|pair| pair.1));
        // The probability that a reader of each subtopic still reads.
        let mut reading: BTreeMap<u32, f64> = BTreeMap::new();
        let mut total = 0.0;
        for (i, &item) in answer.returned().iter().enumerate() {
            for subtopic in covered(pairs, item) {
                let reading = reading.entry(subtopic).or_insert(1.0);
                *reading *= 0.5;
                total += *reading / (i + 1) as f64;
            }
        }
        (all > 0).then(|| total / all as f64)
    }
}
