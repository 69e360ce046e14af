//! What a figure shows along an axis: a metric, or a cost.

use crate::metrics::{MetricName, MetricParams};
use crate::plot::axis::{Axis, Ends, axis_title, has_place};
use crate::statistics::Estimate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A cost of a trial: a column of `runs.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Queries per second.
    Qps,
    /// Queries per second in the best repeat.
    QpsBest,
    /// Median milliseconds per query.
    P50,
    /// 95th percentile of milliseconds per query.
    P95,
    /// 99th percentile of milliseconds per query.
    P99,
    /// Seconds to build index and graph.
    BuildSeconds,
    /// Bytes of index and graph.
    IndexBytes,
}

impl Cost {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 7] =
        [Self::Qps, Self::QpsBest, Self::P50, Self::P95, Self::P99, Self::BuildSeconds, Self::IndexBytes];

    /// Its column in `runs.csv`.
    pub fn column(self) -> &'static str {
        match self {
            Self::Qps => "qps",
            Self::QpsBest => "qps_best",
            Self::P50 => "p50_ms",
            Self::P95 => "p95_ms",
            Self::P99 => "p99_ms",
            Self::BuildSeconds => "build_seconds",
            Self::IndexBytes => "index_bytes",
        }
    }

    /// In words, with its unit.
    pub fn title(self) -> &'static str {
        match self {
            Self::Qps => "queries per second",
            Self::QpsBest => "queries per second in the best repeat",
            Self::P50 => "median milliseconds per query",
            Self::P95 => "95th percentile of milliseconds per query",
            Self::P99 => "99th percentile of milliseconds per query",
            Self::BuildSeconds => "seconds to build",
            Self::IndexBytes => "bytes of index and graph",
        }
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        matches!(self, Self::Qps | Self::QpsBest)
    }
}

/// A metric by its name, or a cost by its column.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// A metric.
    Metric(MetricName),
    /// A cost.
    Cost(Cost),
}

/// The scale of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Logarithmic for costs, linear for metrics.
    #[default]
    Auto,
    /// Equal steps add the same.
    Linear,
    /// Equal steps multiply by the same.
    Log,
}

impl Measure {
    /// The cost with that column.
    pub fn cost(column: &str) -> Option<Self> {
        Cost::ALL.into_iter().find(|cost| cost.column() == column).map(Self::Cost)
    }

    /// Its name in YAML and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.name(),
            Self::Cost(cost) => cost.column(),
        }
    }

    /// Its name as part of a file's name.
    pub fn file_name(self) -> String {
        match self {
            Self::Metric(metric) => metric.file_name(),
            Self::Cost(cost) => cost.column().replace('_', "-"),
        }
    }

    /// In words, for a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.name(),
            Self::Cost(cost) => cost.title(),
        }
    }

    /// The title of its axis, with the better direction.
    pub fn title(self) -> String {
        axis_title(self.words(), self.higher_is_better())
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        match self {
            Self::Metric(metric) => metric.higher_is_better(),
            Self::Cost(cost) => cost.higher_is_better(),
        }
    }

    /// The value with its sign changed, if needed, so that larger is better.
    pub fn goodness(self, value: f64) -> f64 {
        if self.higher_is_better() { value } else { -value }
    }

    /// Whether its axis is logarithmic.
    pub fn is_log(self, scale: Scale) -> bool {
        match scale {
            Scale::Auto => matches!(self, Self::Cost(_)),
            Scale::Linear => false,
            Scale::Log => true,
        }
    }

    /// Whether an axis of this scale has a place for the value.
    pub fn has_place(self, scale: Scale, value: &Estimate) -> bool {
        has_place(value.mean, self.is_log(scale))
    }

    /// An axis over these values.
    pub fn axis(self, scale: Scale, values: &[Estimate], places: Ends) -> Axis {
        let ends = values.iter().flat_map(|e| [e.lo, e.mean, e.hi]);
        if self.is_log(scale) { Axis::log(ends, places) } else { Axis::linear(ends, places) }
    }
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if let Some(cost) = Self::cost(&name) {
            return Ok(cost);
        }
        let kind = name.split(['(', '@']).next().unwrap_or("");
        if !MetricParams::NAMES.contains(&kind) {
            let costs: Vec<&str> = Cost::ALL.iter().map(|cost| cost.column()).collect();
            let message =
                format!("there is no measure `{name}`; use a metric of this experiment, or `{}`", costs.join("`, `"));
            return Err(D::Error::custom(message));
        }
        MetricName::deserialize(name.into_deserializer()).map(Self::Metric)
    }
}

impl JsonSchema for Measure {
    fn schema_name() -> Cow<'static, str> {
        "Measure".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let metric = generator.subschema_for::<MetricName>();
        let costs: Vec<&str> = Cost::ALL.iter().map(|cost| cost.column()).collect();
        json_schema!({ "description": "A metric, or a column of costs in runs.csv.", "anyOf": [{ "enum": costs }, metric] })
    }
}
