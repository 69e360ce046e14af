//! The figures of an experiment, and their parameters in YAML. `report::figures` draws them, and says how to add one.

use super::Name;
use super::measure::{Measure, Scale};
use crate::metrics::MetricName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

swath_algorithms::registry! {
    /// The kinds of figures.
    FigureParams: FigureParameters {
        "frontier" => Frontier,
        "curves" => Curves,
        "heat-map" => HeatMap,
        "ranks" => Ranks,
        "bars" => Bars,
        "latency" => Latencies,
        "neighbourhood" => Neighbourhood,
    }
}

/// The parameters of a figure.
pub trait FigureParameters: Send + Sync {
    /// The metrics, retrievers and numbers that they name, each with the parameter's name. None by default.
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        Vec::new()
    }
}

/// Something that a figure's parameters name, which must exist.
#[derive(Clone, Copy, Debug)]
pub enum Mention<'a> {
    /// A metric. It must be measured.
    Metric(MetricName),
    /// A retriever of the experiment.
    Retriever(&'a Name),
    /// A retriever whose grid varies two numbers.
    Plane(&'a Name),
    /// A number that a grid varies.
    Number {
        /// Its name, as in labels.
        name: &'a str,
        /// The retriever whose grid it is; any, if left out.
        of: Option<&'a Name>,
    },
}

/// A figure that an experiment asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// The kind of figure and its parameters.
    pub draw: FigureParams,
    /// Its file's name, without extension; if left out, one that describes it.
    #[serde(default)]
    pub name: Option<Name>,
    /// A title above it; none, if left out, since papers have captions.
    #[serde(default, deserialize_with = "title")]
    #[schemars(length(max = 300))]
    pub title: Option<String>,
    /// The title of the horizontal axis.
    #[serde(default, deserialize_with = "title")]
    #[schemars(length(max = 300))]
    pub x_title: Option<String>,
    /// The title of the vertical axis.
    #[serde(default, deserialize_with = "title")]
    #[schemars(length(max = 300))]
    pub y_title: Option<String>,
}

/// A title has at most this many characters.
const LONGEST_TITLE: usize = 300;

/// Reads a title that fits.
fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let title = Option::<String>::deserialize(deserializer)?;
    let length = title.as_ref().map_or(0, |title| title.chars().count());
    if length > LONGEST_TITLE {
        let message = format!("this title has {length} characters; at most {LONGEST_TITLE} are allowed");
        return Err(serde::de::Error::custom(message));
    }
    Ok(title)
}

impl From<FigureParams> for FigureSpec {
    fn from(draw: FigureParams) -> Self {
        Self { draw, name: None, title: None, x_title: None, y_title: None }
    }
}

/// One measure of all trials against another, with the Pareto front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Frontier {
    /// Horizontal: a metric, or a column of costs in runs.csv, such as `qps`; recall, if left out.
    pub x: Option<Measure>,
    /// Vertical; if both are left out, the usual pairs are drawn.
    pub y: Option<Measure>,
    /// The scale of the horizontal axis.
    pub x_scale: Scale,
    /// The scale of the vertical axis.
    pub y_scale: Scale,
}

impl FigureParameters for Frontier {
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        let metric = |name, measure: Option<Measure>| match measure {
            Some(Measure::Metric(metric)) => Some((name, Mention::Metric(metric))),
            _ => None,
        };
        metric("x", self.x).into_iter().chain(metric("y", self.y)).collect()
    }
}

/// A metric along a parameter: a line with 95 % intervals for each retriever whose grid varies it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Curves {
    /// The metric; the experiment's headline metric, if left out.
    pub metric: Option<MetricName>,
    /// The parameter, as in labels, such as `lambda`; if left out, one figure for each that has at least 3 values.
    pub parameter: Option<String>,
}

impl FigureParameters for Curves {
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        let metric = self.metric.into_iter().map(|metric| ("metric", Mention::Metric(metric)));
        let parameter = self.parameter.iter().map(|name| ("parameter", Mention::Number { name, of: None }));
        metric.chain(parameter).collect()
    }
}

/// A metric over two parameters of a retriever's grid, as a table of colours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeatMap {
    /// The retriever whose grid it is; if left out, one figure for each that varies two numbers.
    pub retriever: Option<Name>,
    /// The metric; the experiment's headline metric, if left out.
    pub metric: Option<MetricName>,
    /// The horizontal parameter, as in labels; the one with the most values, if left out.
    pub x: Option<String>,
    /// The vertical parameter.
    pub y: Option<String>,
}

impl FigureParameters for HeatMap {
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        let metric = self.metric.into_iter().map(|metric| ("metric", Mention::Metric(metric)));
        let retriever = self.retriever.iter().map(|name| ("retriever", Mention::Plane(name)));
        let axes = [("x", &self.x), ("y", &self.y)];
        let of = self.retriever.as_ref();
        let numbers = axes
            .into_iter()
            .filter_map(move |(axis, name)| Some((axis, Mention::Number { name: name.as_deref()?, of })));
        metric.chain(retriever).chain(numbers).collect()
    }
}

/// Retrievers by their mean rank over queries. A bar joins those that do not differ significantly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ranks {
    /// The metric of the ranks; the experiment's headline metric, if left out.
    pub metric: Option<MetricName>,
}

impl FigureParameters for Ranks {
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        self.metric.into_iter().map(|metric| ("metric", Mention::Metric(metric))).collect()
    }
}

/// A bar with its interval for each trial, or for each retriever's best trial if there are many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bars {
    /// The metric; one figure for each, if left out.
    pub metric: Option<MetricName>,
}

impl FigureParameters for Bars {
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        self.metric.into_iter().map(|metric| ("metric", Mention::Metric(metric))).collect()
    }
}

/// The distribution of query times of each trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Latencies {}

impl FigureParameters for Latencies {}

/// The neighbourhood of a query on the plane of its first two principal components, once for each retriever, with the results of
/// the retriever coloured by subtopic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Neighbourhood {
    /// The query, by its name or its row; the first of the seeded sample, if left out.
    pub query: Option<QueryRef>,
    /// The retrievers, each at its representative point; the reference and three others, if left out.
    pub retrievers: Vec<Name>,
}

impl FigureParameters for Neighbourhood {
    fn names(&self) -> Vec<(&'static str, Mention<'_>)> {
        self.retrievers.iter().map(|name| ("retrievers", Mention::Retriever(name))).collect()
    }
}

/// A query by its name or its row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "found something else, expected the name of a query, or its row")]
pub enum QueryRef {
    /// Its row in the dataset.
    Row(usize),
    /// Its name.
    Name(String),
}

impl QueryRef {
    /// Whether it refers to the query of that row and name.
    pub fn is(&self, row: usize, name: Option<&str>) -> bool {
        match self {
            Self::Row(wanted) => *wanted == row,
            Self::Name(wanted) => name == Some(wanted),
        }
    }
}

impl fmt::Display for QueryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "{row}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
