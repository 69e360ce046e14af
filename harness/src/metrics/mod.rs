//! Metrics: a number per query, computed outside all timing from what was returned.
//!
//! To add one: one file here with one type implementing [`Metric`], and one line in [`METRICS`].

mod answer;
mod coverage;
mod diversity;
mod pool_recall;
mod recall;
mod redundancy;
mod relevance;
mod subtopic_recall;

pub use answer::Answer;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// All metrics, in the order of tables and of the default set.
pub static METRICS: &[&dyn Metric] = &[
    &recall::Recall,
    &pool_recall::PoolRecall,
    &relevance::Relevance,
    &coverage::Coverage,
    &redundancy::Redundancy,
    &diversity::Diversity,
    &subtopic_recall::SubtopicRecall,
];

/// A number per query.
pub trait Metric: Sync {
    /// Its name everywhere: YAML, CSV, plots.
    fn name(&self) -> &'static str;

    /// What it is, in one sentence.
    fn definition(&self) -> &'static str;

    /// The values it can take.
    fn range(&self) -> &'static str;

    /// Whether larger values are better.
    fn higher_is_better(&self) -> bool;

    /// Where the definition comes from.
    fn source(&self) -> &'static str;

    /// Why it cannot be computed in such a setting, with what can be done; `Ok` where it can.
    ///
    /// # Errors
    /// That reason.
    fn possible(&self, _: &Setting) -> Result<(), Impossible> {
        Ok(())
    }

    /// Its value for one query; `None` where it is not defined for this query.
    fn value(&self, answer: &Answer<'_>) -> Option<f64>;
}

/// What decides whether a metric can be computed.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Items returned.
    pub k: usize,
    /// The largest pool of the experiment's candidates.
    pub largest_pool: usize,
    /// True neighbours stored for each query.
    pub stored_neighbors: usize,
    /// Whether the dataset has subtopics.
    pub subtopics: bool,
}

/// Why a metric cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// What is lacking.
    pub reason: String,
    /// What can be done.
    pub remedy: String,
}

/// The name of a registered metric.
#[derive(Clone, Copy)]
pub struct MetricName(&'static dyn Metric);

impl MetricName {
    /// The metric with that name.
    pub fn find(name: &str) -> Option<Self> {
        METRICS.iter().find(|metric| metric.name() == name).map(|&metric| Self(metric))
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        METRICS.iter().map(|&metric| Self(metric))
    }
}

impl std::ops::Deref for MetricName {
    type Target = dyn Metric;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl std::fmt::Debug for MetricName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for MetricName {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Serialize for MetricName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for MetricName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        static NAMES: std::sync::LazyLock<Vec<&'static str>> =
            std::sync::LazyLock::new(|| METRICS.iter().map(|metric| metric.name()).collect());
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

impl schemars::JsonSchema for MetricName {
    fn schema_name() -> Cow<'static, str> {
        "MetricName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = METRICS.iter().map(|metric| metric.name()).collect();
        schemars::json_schema!({ "type": "string", "enum": names, "description": "A metric, see `swath metrics`." })
    }
}

/// The mean over all pairs of `items` of a symmetric `value`; `None` where there is no pair.
fn mean_over_pairs(items: usize, value: impl Fn(usize, usize) -> f64) -> Option<f64> {
    let pairs = items * items.saturating_sub(1) / 2;
    let total: f64 = (0..items).flat_map(|i| (i + 1..items).map(move |j| (i, j))).map(|(i, j)| value(i, j)).sum();
    (pairs > 0).then(|| total / pairs as f64)
}

/// That a metric over pairs needs two items.
fn needs_pairs(setting: &Setting) -> Result<(), Impossible> {
    if setting.k >= 2 {
        return Ok(());
    }
    Err(Impossible {
        reason: "one result makes no pair".into(),
        remedy: "use a k of at least 2, or leave it out".into(),
    })
}

/// That `wanted` true neighbours are stored.
fn needs_neighbors(setting: &Setting, wanted: usize, what: &str) -> Result<(), Impossible> {
    if wanted <= setting.stored_neighbors {
        return Ok(());
    }
    let stored = setting.stored_neighbors;
    Err(Impossible {
        reason: format!("it compares with the {wanted} true nearest neighbours, but the dataset stores {stored}"),
        remedy: format!("use {what} of at most {stored}, or leave it out"),
    })
}

#[cfg(test)]
mod tests;
