//! The figures.
//!
//! To add a kind: one file here with one type implementing [`Kind`], and one line in the registry. The type's fields are
//! its parameters in YAML; with all of them at their defaults it draws whatever of its kind the results have to show.

mod bars;
mod curves;
mod frontier;
mod heat_map;
mod latency;
mod neighbourhood;
mod ranks;
mod rows;

pub use bars::Bars;
pub use curves::Curves;
pub use frontier::Frontier;
pub use heat_map::HeatMap;
pub use latency::Latencies;
pub use neighbourhood::{Neighbourhood, QueryRef};
pub use ranks::Ranks;

use super::drawing::{Drawing, Size};
use super::found::Found;
use crate::config::Name;
use crate::escape;
use crate::metrics::MetricName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

swath_algorithms::registry! {
    /// The kinds of figures.
    FigureParams: Kind {
        "frontier" => Frontier,
        "curves" => Curves,
        "heat-map" => HeatMap,
        "ranks" => Ranks,
        "bars" => Bars,
        "latency" => Latencies,
        "neighbourhood" => Neighbourhood,
    }
}

/// A kind of figure. Implemented by the type of its parameters.
pub trait Kind: Send + Sync {
    /// The metrics, retrievers and numbers that its parameters name, each with the parameter.
    fn names(&self) -> Vec<(&'static str, Named<'_>)>;

    /// The figures of this kind that these results have to show: at its defaults any number, else one.
    ///
    /// # Errors
    /// Why what its parameters ask for cannot be drawn.
    fn figures(&self, found: &Found) -> Result<Vec<Box<dyn Figure>>, String>;
}

/// What a figure's parameters name.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
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

/// A picture of an experiment's results.
pub trait Figure {
    /// What its file is named after.
    fn name(&self) -> String;

    /// What it shows, as a caption says it.
    fn caption(&self, found: &Found) -> String;

    /// The metrics that it shows, of which the caption goes on to say what must be known to read them.
    fn metrics(&self, _: &Found) -> Vec<usize> {
        Vec::new()
    }

    /// The picture.
    fn draw(&self, found: &Found, style: &Style<'_>) -> Drawing;
}

/// How a figure is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// For what room.
    pub size: Size,
    /// What stands along the axis across, if not what the figure itself would write.
    pub across: Option<&'a str>,
    /// What stands along the axis upwards.
    pub up: Option<&'a str>,
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

/// A figure with what was asked of it.
pub struct Wanted {
    figure: Box<dyn Figure>,
    spec: FigureSpec,
    name: String,
}

impl Wanted {
    /// Its file's name, without extension: no two figures of a report have the same.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows.
    pub fn caption(&self, found: &Found) -> String {
        let remarks = found.remarks(self.figure.metrics(found), false);
        remarks.into_iter().fold(self.figure.caption(found), |caption, remark| caption + " " + &remark)
    }

    /// The picture for some room.
    pub fn draw(&self, found: &Found, size: Size) -> Drawing {
        let style = Style { size, across: self.spec.x_title.as_deref(), up: self.spec.y_title.as_deref() };
        let mut drawing = self.figure.draw(found, &style);
        if let Some(title) = &self.spec.title {
            drawing.entitle(title);
        }
        drawing
    }
}

/// The figures of a report: those asked for, or if none were named, all that the results have to show. Beside them why
/// any of those asked for cannot be drawn.
pub fn all(found: &Found, asked: Option<&[FigureSpec]>) -> (Vec<Wanted>, Vec<String>) {
    let usual = || FigureParams::all().into_iter().map(FigureSpec::from).collect();
    let specs: Vec<FigureSpec> = asked.map_or_else(usual, <[FigureSpec]>::to_vec);
    let (mut wanted, mut refused): (Vec<Wanted>, Vec<String>) = (Vec::new(), Vec::new());
    for spec in specs {
        match spec.draw.figures(found) {
            Ok(figures) if figures.is_empty() && asked.is_some() => {
                refused.push(format!("the figure `{}` has nothing to show in these results", spec.draw.name()));
            }
            Ok(figures) => {
                for figure in figures {
                    let name = spec
                        .name
                        .as_ref()
                        .map_or_else(|| escape::file(&figure.name()), |name| name.as_str().to_owned());
                    let taken = |name: &str| wanted.iter().any(|other| other.name == name);
                    let numbered = (2..).map(|number| format!("{name}-{number}"));
                    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name));
                    wanted.push(Wanted { figure, spec: spec.clone(), name: free.unwrap_or(name) });
                }
            }
            Err(why) => refused.push(format!("the figure `{}` cannot be drawn: {why}", spec.draw.name())),
        }
    }
    (wanted, refused)
}

/// `coverage (higher is better)`.
pub fn axis_title(words: &str, higher_is_better: bool) -> String {
    let direction = if higher_is_better { "higher" } else { "lower" };
    format!("{words} ({direction} is better)")
}

/// The position of a metric that a figure names.
fn position(found: &Found, metric: MetricName) -> Result<usize, String> {
    let at = found.summary.metrics.iter().position(|&other| other == metric);
    at.ok_or_else(|| format!("`{}` was not measured", metric.name()))
}

/// The metric that a figure names, or the one that speaks for the experiment; `None` where nothing was measured.
fn metric_or_headline(found: &Found, metric: Option<MetricName>) -> Result<Option<usize>, String> {
    metric.map_or_else(|| Ok(found.headline()), |metric| position(found, metric).map(Some))
}

/// The rows of a retriever that a figure names.
fn rows_of(found: &Found, name: &str) -> Result<Vec<usize>, String> {
    let rows: Vec<usize> = (0..found.summary.rows.len()).filter(|&row| found.summary.rows[row].is_of(name)).collect();
    if rows.is_empty() { Err(format!("there is no retriever `{name}`")) } else { Ok(rows) }
}

/// With its first letter large.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
