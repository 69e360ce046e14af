//! What can stand along an axis: a metric, or a cost of `runs.csv`.

use super::axis::{Axis, has_place};
use super::figures::axis_title;
use super::found::Found;
use crate::metrics::{MetricName, MetricParams};
use crate::summary::{Estimate, Row};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, IntoDeserializer as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A cost of a trial.
#[derive(Debug)]
pub struct Cost {
    /// Its column in `runs.csv`.
    pub column: &'static str,
    /// What it is, with its unit.
    pub title: &'static str,
    /// Whether more is better.
    pub higher_is_better: bool,
    of: fn(&Row) -> Option<f64>,
    /// The least and the largest value over repeats, where there is one for each.
    range: Option<fn(&Row) -> [f64; 2]>,
}

impl Cost {
    /// A trial's value; `None` where it was not measured, as with a clock too coarse for the
    /// queries, which knows no rate, or imported results, of which the best repeat alone is known.
    pub fn value(&self, row: &Row) -> Option<f64> {
        (self.of)(row).filter(|value| value.is_finite())
    }
}

/// All costs.
pub static COSTS: [Cost; 7] = [
    Cost {
        column: "qps",
        title: "queries per second",
        higher_is_better: true,
        of: |row| Some(row.timing.qps),
        range: Some(|row| [row.timing.qps_least, row.timing.qps_best]),
    },
    Cost {
        column: "qps_best",
        title: "queries per second in the best repeat",
        higher_is_better: true,
        of: |row| Some(row.timing.qps_best),
        range: None,
    },
    Cost {
        column: "p50_ms",
        title: "median milliseconds per query",
        higher_is_better: false,
        of: |row| percentile(row, 0),
        range: None,
    },
    Cost {
        column: "p95_ms",
        title: "95th percentile of milliseconds per query",
        higher_is_better: false,
        of: |row| percentile(row, 1),
        range: None,
    },
    Cost {
        column: "p99_ms",
        title: "99th percentile of milliseconds per query",
        higher_is_better: false,
        of: |row| percentile(row, 2),
        range: None,
    },
    Cost {
        column: "build_seconds",
        title: "seconds to build",
        higher_is_better: false,
        of: |row| Some(row.build_seconds),
        range: None,
    },
    Cost {
        column: "index_bytes",
        title: "bytes of index and graph",
        higher_is_better: false,
        of: |row| Some(row.index_bytes as f64),
        range: None,
    },
];

fn percentile(row: &Row, which: usize) -> Option<f64> {
    row.timing.latency.as_ref().map(|latency| latency.percentiles_ms[which])
}

/// A metric by its name, or a cost by its column.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// A metric.
    Metric(MetricName),
    /// A cost.
    Cost(&'static Cost),
}

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Logarithmic for costs, linear for metrics.
    #[default]
    Auto,
    /// Equal steps add.
    Linear,
    /// Equal steps multiply.
    Log,
}

impl Measure {
    /// The cost of that column.
    pub fn cost(column: &str) -> Option<Self> {
        COSTS.iter().find(|cost| cost.column == column).map(Self::Cost)
    }

    /// Its name in YAML and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.name(),
            Self::Cost(cost) => cost.column,
        }
    }

    /// Its name as part of a file's.
    pub fn file_name(self) -> String {
        match self {
            Self::Metric(metric) => metric.file_name(),
            Self::Cost(cost) => cost.column.replace('_', "-"),
        }
    }

    /// What it is, for a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.name(),
            Self::Cost(cost) => cost.title,
        }
    }

    /// What it is and which direction is better, for an axis.
    pub fn title(self) -> String {
        axis_title(self.words(), self.higher_is_better())
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        match self {
            Self::Metric(metric) => metric.higher_is_better(),
            Self::Cost(cost) => cost.higher_is_better,
        }
    }

    /// A trial's value, with its interval where it has one; of queries per second the range of the repeats.
    pub fn estimate(self, found: &Found, row: usize) -> Option<Estimate> {
        let summary = &found.summary;
        match self {
            Self::Metric(metric) => found.estimate(row, summary.metrics.iter().position(|&other| other == metric)?),
            Self::Cost(cost) => {
                let row = &summary.rows[row];
                let range = |value| cost.range.map_or([value; 2], |range| range(row));
                cost.value(row).map(|mean| {
                    let [lo, hi] = range(mean);
                    Estimate { mean, lo, hi }
                })
            }
        }
    }

    /// The value with larger ones better.
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

    /// Whether a trial of that value can be drawn.
    pub fn has_place(self, scale: Scale, value: &Estimate) -> bool {
        has_place(value.mean, self.is_log(scale))
    }

    /// An axis over these values.
    pub fn axis(self, scale: Scale, values: &[Estimate], places: (f64, f64)) -> Axis {
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
            let costs: Vec<&str> = COSTS.iter().map(|cost| cost.column).collect();
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
        let costs: Vec<&str> = COSTS.iter().map(|cost| cost.column).collect();
        json_schema!({ "description": "A metric, or a column of costs in runs.csv.", "anyOf": [{ "enum": costs }, metric] })
    }
}
