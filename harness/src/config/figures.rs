//! The figures that an experiment asks for, and their parameters in YAML. `report::figures` draws them.

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
    /// The metrics, retrievers and numbers that they name, each with the parameter. None by default.
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        Vec::new()
    }
}

/// What a figure's parameters name.
#[derive(Clone, Copy, Debug)]
pub enum NamedByFigure<'a> {
    /// A metric, which must be measured.
    Metric(MetricName),
    /// A retriever, which must be there.
    Retriever(&'a Name),
    /// A retriever, whose grid must vary two numbers.
    Plane(&'a Name),
    /// A number that a grid must vary.
    Number {
        /// Its name, as labels say it.
        name: &'a str,
        /// Whose grid; any, if left out.
        of: Option<&'a Name>,
    },
}

/// A figure that an experiment asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// What to draw.
    pub draw: FigureParams,
    /// Its file's name, without extension; if left out, one that says what it shows.
    #[serde(default)]
    pub name: Option<Name>,
    /// A title above it; none, if left out: papers have captions.
    #[serde(default, deserialize_with = "title")]
    #[schemars(length(max = 300))]
    pub title: Option<String>,
    /// What stands along the axis across.
    #[serde(default, deserialize_with = "title")]
    #[schemars(length(max = 300))]
    pub x_title: Option<String>,
    /// What stands along the axis upwards.
    #[serde(default, deserialize_with = "title")]
    #[schemars(length(max = 300))]
    pub y_title: Option<String>,
}

/// Characters of a title at most.
const LONGEST_TITLE: usize = 300;

/// A title that fits.
fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let title = Option::<String>::deserialize(deserializer)?;
    let length = title.as_ref().map_or(0, |title| title.chars().count());
    if length > LONGEST_TITLE {
        let message = format!("a title of {length} characters; at most {LONGEST_TITLE} find room in a figure");
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
    /// Across: a metric, or a column of costs in runs.csv, such as `qps`; recall, if left out.
    pub x: Option<Measure>,
    /// Upwards; if both are left out, the usual pairs are drawn.
    pub y: Option<Measure>,
    /// How values lie across.
    pub x_scale: Scale,
    /// How values lie upwards.
    pub y_scale: Scale,
}

impl FigureParameters for Frontier {
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        let metric = |name, measure: Option<Measure>| match measure {
            Some(Measure::Metric(metric)) => Some((name, NamedByFigure::Metric(metric))),
            _ => None,
        };
        metric("x", self.x).into_iter().chain(metric("y", self.y)).collect()
    }
}

/// A metric along a parameter, a line with its 95 % intervals for each retriever whose grid varies it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Curves {
    /// Which metric; the one that speaks for the experiment, if left out.
    pub metric: Option<MetricName>,
    /// Which parameter, as labels name it, such as `lambda`; one figure for each of at least 3 values, if left out.
    pub parameter: Option<String>,
}

impl FigureParameters for Curves {
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        let metric = self.metric.into_iter().map(|metric| ("metric", NamedByFigure::Metric(metric)));
        let parameter = self.parameter.iter().map(|name| ("parameter", NamedByFigure::Number { name, of: None }));
        metric.chain(parameter).collect()
    }
}

/// Two parameters of a retriever's grid against a metric, as a table of colours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeatMap {
    /// Whose grid; one figure for each retriever that varies two numbers, if left out.
    pub retriever: Option<Name>,
    /// Which metric; the one that speaks for the experiment, if left out.
    pub metric: Option<MetricName>,
    /// The parameter across, as labels name it; the one of most values, if left out.
    pub x: Option<String>,
    /// The parameter upwards.
    pub y: Option<String>,
}

impl FigureParameters for HeatMap {
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        let metric = self.metric.into_iter().map(|metric| ("metric", NamedByFigure::Metric(metric)));
        let retriever = self.retriever.iter().map(|name| ("retriever", NamedByFigure::Plane(name)));
        let axes = [("x", &self.x), ("y", &self.y)];
        let of = self.retriever.as_ref();
        let numbers = axes
            .into_iter()
            .filter_map(move |(axis, name)| Some((axis, NamedByFigure::Number { name: name.as_deref()?, of })));
        metric.chain(retriever).chain(numbers).collect()
    }
}

/// Retrievers by their mean rank over queries, those that tests cannot tell apart joined by a bar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ranks {
    /// Ranked by which metric; the one that speaks for the experiment, if left out.
    pub metric: Option<MetricName>,
}

impl FigureParameters for Ranks {
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        self.metric.into_iter().map(|metric| ("metric", NamedByFigure::Metric(metric))).collect()
    }
}

/// A bar with its interval for each trial, or for each retriever's best where there are many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bars {
    /// Of which metric; one figure for each, if left out.
    pub metric: Option<MetricName>,
}

impl FigureParameters for Bars {
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        self.metric.into_iter().map(|metric| ("metric", NamedByFigure::Metric(metric))).collect()
    }
}

/// The distribution of query times of each trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Latencies {}

impl FigureParameters for Latencies {}

/// The neighbourhood of a query on the plane of its first two principal components, once for each retriever, with what it
/// picked coloured by subtopic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Neighbourhood {
    /// Which query, by its name or its row; the first of the seeded sample, if left out.
    pub query: Option<QueryRef>,
    /// Which retrievers, each at the point that stands for it; the reference and three others, if left out.
    pub retrievers: Vec<Name>,
}

impl FigureParameters for Neighbourhood {
    fn names(&self) -> Vec<(&'static str, NamedByFigure<'_>)> {
        self.retrievers.iter().map(|name| ("retrievers", NamedByFigure::Retriever(name))).collect()
    }
}

/// A query, by its name or its row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "found something else, expected the name of a query, or its row")]
pub enum QueryRef {
    /// Its row in the dataset.
    Row(usize),
    /// Its name.
    Name(String),
}

impl QueryRef {
    /// Whether it is the query of that row and name.
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
