//! How many of a query's subtopics the results cover.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, default_number, discounted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use swath_algorithms::Unfit;
use swath_algorithms::params::{Fraction, PartialFraction};

pub(super) fn needs_subtopics(setting: &MetricSetting<'_>) -> Result<(), Unfit> {
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

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = answer.subtopics();
        let all = count(pairs.iter().map(|pair| pair.1));
        let found = count(answer.returned().iter().flat_map(|&item| covered(pairs, item)));
        (all > 0).then(|| found as f64 / all as f64)
    }
}

/// Whether all subtopics are covered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllSubtopics {}

impl Metric for AllSubtopics {
    fn about(&self) -> About {
        About {
            plain: "queries with every subtopic covered",
            definition: "1 if the results cover every subtopic of the query, else 0, over the queries that have subtopics: \
                         subtopic-recall counts a part, this counts only the whole",
            range: "0 to 1",
            higher_is_better: true,
            source: "by definition; subtopic recall of Zhai, Cohen & Lafferty 2003 being 1",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        SubtopicRecall {}.value(answer).map(|share| f64::from(u8::from(share == 1.0)))
    }
}

/// Alpha-nDCG.
///
/// As pyndeval's alpha-nDCG but for the greedy ideal: of items that gain equally that takes the one whose id stands last as text,
/// and swath the one with the lowest row. Such a choice can change what later ranks of the ideal gain, and so what the value is
/// divided by. Where ids fall as rows rise, both take the same items, and all values are the same. Where ids rise with the rows,
/// a tenth of the values differ in swath's test (`harness/tests/interop.rs`), by at most 0.011 at rank 10 and 0.051 at rank 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlphaNdcg {
    /// The share of a subtopic's value that is lost each time it was seen before.
    pub alpha: Fraction,
}

impl Default for AlphaNdcg {
    fn default() -> Self {
        Self { alpha: default_number(Fraction::new(0.5)) }
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

/// What a value is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// The value of k results of which each covers every subtopic, as ndeval does.
    Ndeval,
}

impl Normalisation {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Intent-aware expected reciprocal rank.
///
/// With `normalise: ndeval` as ERR-IA of ndeval and pyndeval, for any cut but 1: there ndeval forgets to divide (its loop begins
/// at the second rank), so that ERR-IA@1 is the number of subtopics that the first result covers, and can exceed 1. Here it is
/// the share of the subtopics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ErrIa {
    /// What the value is divided by.
    #[serde(skip_serializing_if = "Normalisation::is_none")]
    pub normalise: Normalisation,
}

impl ErrIa {
    /// What the value for `k` results is divided by: 0.5 * the sum over ranks i of 0.5^(i-1) / i, for ndeval's.
    fn most(&self, k: usize) -> f64 {
        match self.normalise {
            Normalisation::None => 1.0,
            Normalisation::Ndeval => {
                let mut reading = 1.0;
                let step = |rank| {
                    reading *= 0.5;
                    reading / rank as f64
                };
                (1..=k).map(step).sum()
            }
        }
    }
}

impl Metric for ErrIa {
    fn about(&self) -> About {
        About {
            plain: "expected satisfaction of all intents",
            definition: match self.normalise {
                Normalisation::None => {
                    "mean over the query's subtopics of the expected 1 / rank at which a reader stops, who is satisfied by each \
                     result that covers the subtopic with probability 1/2 (not normalised)"
                }
                Normalisation::Ndeval => {
                    "mean over the query's subtopics of the expected 1 / rank at which a reader stops, who is satisfied by each \
                     result that covers the subtopic with probability 1/2, over what k results would reach that each cover all"
                }
            },
            range: "0 to 1",
            higher_is_better: true,
            source: "Chapelle, Metzler, Zhang & Grinspan 2009",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: None,
        }
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
        (all > 0).then(|| total / all as f64 / self.most(answer.k()))
    }
}

/// Novelty- and rank-biased precision.
///
/// As pyndeval's NRBP of a run that ends at rank k; that one has no cut, and reads a run to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nrbp {
    /// The share of a subtopic's value that is lost each time it was seen before.
    pub alpha: Fraction,
    /// The probability that a reader goes on from a result to the next.
    pub beta: PartialFraction,
}

impl Default for Nrbp {
    fn default() -> Self {
        Self { alpha: default_number(Fraction::new(0.5)), beta: default_number(PartialFraction::new(0.5)) }
    }
}

impl Metric for Nrbp {
    fn about(&self) -> About {
        About {
            plain: "novelty to an impatient reader",
            definition: "sum over the results of beta^(rank - 1) * their gain, where a subtopic already seen n times is worth \
                         (1 - alpha)^n, times (1 - (1 - alpha) * beta) / the number of the query's subtopics: 1 is an endless \
                         list of which each result covers all",
            range: "0 to 1",
            higher_is_better: true,
            source: "Clarke, Kolla & Vechtomova 2009",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (pairs, beta) = (answer.subtopics(), self.beta.get());
        let all = count(pairs.iter().map(|pair| pair.1));
        let gains = AlphaNdcg { alpha: self.alpha }.gains(pairs, answer.returned().iter().copied());
        let total = gains.iter().rev().fold(0.0, |later, gain| gain + beta * later);
        (all > 0).then(|| total * (1.0 - (1.0 - self.alpha.get()) * beta) / all as f64)
    }
}

/// Intent-aware precision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PIa {}

impl Metric for PIa {
    fn about(&self) -> About {
        About {
            plain: "results on each subtopic",
            definition: "mean over the query's subtopics of the results that cover it, over k",
            range: "0 to 1",
            higher_is_better: true,
            source: "Agrawal, Gollapudi, Halverson & Ieong 2009; as ndeval computes it",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = answer.subtopics();
        let all = count(pairs.iter().map(|pair| pair.1));
        let found = answer.returned().iter().flat_map(|&item| covered(pairs, item)).count();
        (all > 0).then(|| found as f64 / (answer.k() * all) as f64)
    }
}

/// Intent-aware average precision.
///
/// As pyndeval's MAP-IA of a run that ends at rank k; that one has no cut, and reads a run to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapIa {}

impl Metric for MapIa {
    fn about(&self) -> About {
        About {
            plain: "precision at each result on a subtopic",
            definition: "mean over the query's subtopics of average precision: the sum, over the ranks of the results that cover \
                         the subtopic, of the share of such results up to that rank, over the number of all items that cover it",
            range: "0 to 1",
            higher_is_better: true,
            source: "Agrawal, Gollapudi, Halverson & Ieong 2009; as ndeval computes it",
            family: Family::Subtopics,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let pairs = answer.subtopics();
        // Of each subtopic: the items that cover it, the results so far that do, and the sum of their precisions.
        let mut subtopics: BTreeMap<u32, (u32, u32, f64)> = BTreeMap::new();
        pairs.iter().for_each(|pair| subtopics.entry(pair.1).or_default().0 += 1);
        for (i, &item) in answer.returned().iter().enumerate() {
            for subtopic in covered(pairs, item) {
                let (_, found, sum) = subtopics.entry(subtopic).or_default();
                *found += 1;
                *sum += f64::from(*found) / (i + 1) as f64;
            }
        }
        let total: f64 = subtopics.values().map(|(items, _, sum)| sum / f64::from(*items)).sum();
        (!subtopics.is_empty()).then(|| total / subtopics.len() as f64)
    }
}
