//! What people judged relevant: the dataset's `qrels`.
//!
//! Values are trec_eval's, query by query. Where nothing is relevant to a query, all but `judged` have no value, so that the query
//! does not count in the mean; trec_eval gives 0 if the query was judged, and its mean is lower.

use super::{About, Answer, Family, Metric, MetricSetting, Usual, discounted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::Unfit;

pub(super) fn needs_qrels(setting: &MetricSetting<'_>) -> Result<(), Unfit> {
    if setting.qrels {
        return Ok(());
    }
    Err(Unfit::new(
        "the dataset has no judgements of relevance",
        "leave it out, or use a dataset with `qrels`: rows (query, item, grade)",
    ))
}

/// The pairs (item, grade) of the query, ascending.
pub(super) fn judgements<'a>(answer: &Answer<'a>) -> &'a [(u32, u32)] {
    answer.asked().truth.qrels.as_deref().unwrap_or(&[])
}

/// Number of items that were judged relevant.
pub(super) fn relevant_items(answer: &Answer<'_>) -> usize {
    ideal(answer).len()
}

/// The highest grade of an item; 0 if nobody judged it.
pub(super) fn grade(answer: &Answer<'_>, item: u32) -> u32 {
    let qrels = judgements(answer);
    let first = qrels.partition_point(|pair| pair.0 < item);
    qrels[first..].iter().take_while(|pair| pair.0 == item).map(|pair| pair.1).max().unwrap_or(0)
}

/// Grades above 0 of the query's items, the highest first.
fn ideal(answer: &Answer<'_>) -> Vec<u32> {
    let mut items: Vec<u32> = judgements(answer).iter().map(|pair| pair.0).collect();
    items.dedup();
    let mut grades: Vec<u32> = items.iter().map(|&item| grade(answer, item)).filter(|&grade| grade > 0).collect();
    grades.sort_unstable_by(|a, b| b.cmp(a));
    grades
}

/// The rank of the first result that was judged relevant, from 1.
fn first_relevant(answer: &Answer<'_>) -> Option<usize> {
    answer.returned().iter().position(|&item| grade(answer, item) > 0).map(|at| at + 1)
}

/// Whether anything relevant was returned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hit {}

impl Metric for Hit {
    fn about(&self) -> About {
        About {
            plain: "queries with a relevant result",
            definition: "1 if some result was judged relevant, else 0, over the queries for which anything was",
            range: "0 to 1",
            higher_is_better: true,
            source: "by definition",
            family: Family::Judged,
            usual: Usual::WithQrels,
            headline: None,
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        (!ideal(answer).is_empty()).then(|| f64::from(u8::from(first_relevant(answer).is_some())))
    }
}

/// Mean reciprocal rank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mrr {}

impl Metric for Mrr {
    fn about(&self) -> About {
        About {
            plain: "nearness of the first relevant result to the top",
            definition: "1 / the rank of the first result that was judged relevant, 0 if none was, over the queries for which \
                         anything was",
            range: "0 to 1",
            higher_is_better: true,
            source: "Voorhees 1999",
            family: Family::Judged,
            usual: Usual::WithQrels,
            headline: None,
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        (!ideal(answer).is_empty()).then(|| first_relevant(answer).map_or(0.0, |rank| 1.0 / rank as f64))
    }
}

/// The gain of a grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gain {
    /// The grade.
    #[default]
    Linear,
    /// 2^grade - 1.
    Exponential,
}

/// Discounted gain by judgements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NdcgQrels {
    /// The gain of a grade.
    pub gain: Gain,
}

impl Metric for NdcgQrels {
    fn about(&self) -> About {
        About {
            plain: "rank-weighted judged relevance",
            definition: "sum of the gain of each result's grade / log2(1 + rank), over that of the ideal order of all judged \
                         items; over the queries for which anything was judged relevant",
            range: "0 to 1",
            higher_is_better: true,
            source: "Jarvelin & Kekalainen 2002; Burges et al. 2005 (exponential)",
            family: Family::Judged,
            usual: Usual::WithQrels,
            headline: Some(3),
        }
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let grades = ideal(answer);
        // Each gain is divided by 2^(the largest grade), since 2^grade alone could exceed the range of numbers.
        let largest = f64::from(*grades.first()?);
        let gain = |grade: u32| match self.gain {
            Gain::Linear => f64::from(grade),
            Gain::Exponential => (f64::from(grade) - largest).exp2() - (-largest).exp2(),
        };
        let ideal = discounted(grades.into_iter().take(answer.k()).map(gain));
        (ideal > 0.0).then(|| discounted(answer.returned().iter().map(|&item| gain(grade(answer, item)))) / ideal)
    }
}
