//! How many of the results people judged relevant, and how many of the relevant items are among the results.
//!
//! An item with a grade of 1 or more is relevant. An item that nobody judged counts as not relevant, as in trec_eval; `judged` says
//! how many of the results were judged at all.

use super::judged::{grade, judgements, relevant_items};
use super::{About, Answer, Family, Metric, Usual};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is said of a metric of this family.
const fn about(plain: &'static str, definition: &'static str, source: &'static str, usual: Usual) -> About {
    About {
        plain,
        definition,
        range: "0 to 1",
        higher_is_better: true,
        source,
        family: Family::Judged,
        usual,
        headline: None,
    }
}

/// Number of relevant items among the first `count` results; a missing result is not relevant.
fn relevant_among(answer: &Answer<'_>, count: usize) -> usize {
    answer.returned().iter().take(count).filter(|&&item| grade(answer, item) > 0).count()
}

/// Precision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Precision {}

impl Metric for Precision {
    fn about(&self) -> About {
        about(
            "relevant results",
            "results that were judged relevant, over k, for the queries for which anything was; a result that nobody judged \
             counts as not relevant",
            "Cleverdon & Keen 1966; as trec_eval computes it",
            Usual::Never,
        )
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        (relevant_items(answer) > 0).then(|| relevant_among(answer, answer.k()) as f64 / answer.k() as f64)
    }
}

/// Recall of judged items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallQrels {}

impl Metric for RecallQrels {
    fn about(&self) -> About {
        about(
            "relevant items found",
            "results that were judged relevant, over all items that were, for the queries for which anything was",
            "Cleverdon & Keen 1966; as trec_eval computes it",
            Usual::WithQrels,
        )
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let all = relevant_items(answer);
        (all > 0).then(|| relevant_among(answer, answer.k()) as f64 / all as f64)
    }
}

/// Average precision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {}

impl Metric for Map {
    fn about(&self) -> About {
        about(
            "precision at each relevant result",
            "the sum, over the ranks of the relevant results, of the share of relevant results up to that rank, over the number \
             of all items that were judged relevant; for the queries for which anything was (average precision: its mean is MAP)",
            "Buckley & Voorhees 2000; as trec_eval computes it",
            Usual::Never,
        )
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let all = relevant_items(answer);
        let (mut found, mut sum) = (0_u32, 0.0);
        for (i, &item) in answer.returned().iter().enumerate() {
            if grade(answer, item) > 0 {
                found += 1;
                sum += f64::from(found) / (i + 1) as f64;
            }
        }
        (all > 0).then(|| sum / all as f64)
    }
}

/// R-precision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RPrecision {}

impl Metric for RPrecision {
    fn about(&self) -> About {
        about(
            "relevant results at the rank where all could be relevant",
            "with R items judged relevant, the share of the first R results that are; a missing result is not relevant, so that \
             it cannot reach 1 where R exceeds k; for the queries for which anything was judged relevant",
            "Buckley & Voorhees 2000; as trec_eval computes it",
            Usual::Never,
        )
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let all = relevant_items(answer);
        (all > 0).then(|| relevant_among(answer, all) as f64 / all as f64)
    }
}

/// The share of results that were judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judged {}

impl Metric for Judged {
    fn about(&self) -> About {
        about(
            "results that people judged",
            "results that were judged, relevant or not, over all results, for the queries for which anything was judged; where \
             it is low, the other metrics of judgements say little",
            "Lu, Moffat & Culpepper 2016",
            Usual::WithQrels,
        )
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let all = judgements(answer);
        let is_judged = |item: &&u32| all.binary_search_by_key(*item, |pair| pair.0).is_ok();
        let judged = answer.returned().iter().filter(is_judged).count();
        (!all.is_empty() && answer.count() > 0).then(|| judged as f64 / answer.count() as f64)
    }
}
