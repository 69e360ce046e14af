//! The figures.
//!
//! To add a kind of figure:
//!
//! 1. In `config/figures.rs`: a type for its parameters, with `#[serde(default)]`, and a line in the registry. A line gives the
//!    YAML name.
//! 2. Here: a file that implements [`FigureKind`] for that type, its `mod` line, and a line in [`kind`]. The compiler asks for
//!    the latter.
//!
//! With all parameters at their defaults a kind draws every figure that the results allow; none is no error.

mod bars;
mod curves;
mod frontier;
mod heat_map;
mod latency;
mod neighbourhood;
mod ranks;
mod rows;

use crate::config::figures::{FigureParams, FigureSpec};
use crate::escape;
use crate::findings::LoadedRun;
use crate::metrics::MetricName;
use crate::plot::Size;
use crate::plot::drawing::Drawing;

/// The kind of figure that these parameters are of.
fn kind(parameters: &FigureParams) -> &dyn FigureKind {
    match parameters {
        FigureParams::Frontier(frontier) => frontier,
        FigureParams::Curves(curves) => curves,
        FigureParams::HeatMap(heat_map) => heat_map,
        FigureParams::Ranks(ranks) => ranks,
        FigureParams::Bars(bars) => bars,
        FigureParams::Latencies(latencies) => latencies,
        FigureParams::Neighbourhood(neighbourhood) => neighbourhood,
    }
}

/// A kind of figure. Implemented by the type of its parameters.
pub trait FigureKind {
    /// The figures of this kind: with default parameters any number, else one.
    ///
    /// # Errors
    /// Why the figure that the parameters ask for cannot be drawn.
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String>;
}

/// A picture of an experiment's results.
pub trait Figure: Sync {
    /// Its name, which becomes its file's name.
    fn name(&self) -> String;

    /// Its caption.
    fn caption(&self, found: &LoadedRun) -> String;

    /// The metrics that it shows. Remarks on them are added to the caption.
    fn metrics(&self, _: &LoadedRun) -> Vec<usize> {
        Vec::new()
    }

    /// The picture.
    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing;
}

/// How a figure is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// Its size.
    pub size: Size,
    /// The title of the axis across; the figure's own if `None`.
    pub across: Option<&'a str>,
    /// The title of the axis upwards; the figure's own if `None`.
    pub up: Option<&'a str>,
}

/// A figure with the specification that asked for it.
pub struct RequestedFigure {
    figure: Box<dyn Figure>,
    spec: FigureSpec,
    name: String,
}

impl RequestedFigure {
    /// Its file's name, without extension, unique in the report.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its caption, with remarks on its metrics.
    pub fn caption(&self, found: &LoadedRun) -> String {
        let remarks = found.remarks(self.figure.metrics(found), false);
        remarks.into_iter().fold(self.figure.caption(found), |caption, remark| caption + " " + &remark)
    }

    /// The picture at a size.
    pub fn draw(&self, found: &LoadedRun, size: Size) -> Drawing {
        let style = Style { size, across: self.spec.x_title.as_deref(), up: self.spec.y_title.as_deref() };
        let mut drawing = self.figure.draw(found, &style);
        if let Some(title) = &self.spec.title {
            drawing.entitle(title);
        }
        drawing
    }
}

/// The figures of a report: those asked for, or if `asked` is `None`, all that the results allow. The second list says why
/// figures that were asked for cannot be drawn.
pub fn all(found: &LoadedRun, asked: Option<&[FigureSpec]>) -> (Vec<RequestedFigure>, Vec<String>) {
    let usual = || FigureParams::all().into_iter().map(FigureSpec::from).collect();
    let specs: Vec<FigureSpec> = asked.map_or_else(usual, <[FigureSpec]>::to_vec);
    let (mut wanted, mut refused): (Vec<RequestedFigure>, Vec<String>) = (Vec::new(), Vec::new());
    for spec in specs {
        match kind(&spec.draw).figures(found) {
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
                    wanted.push(RequestedFigure { figure, spec: spec.clone(), name: free.unwrap_or(name) });
                }
            }
            Err(why) => refused.push(format!("the figure `{}` cannot be drawn: {why}", spec.draw.name())),
        }
    }
    (wanted, refused)
}

/// The index of a metric that a figure names.
fn position(found: &LoadedRun, metric: MetricName) -> Result<usize, String> {
    let at = found.summary.metrics.iter().position(|&other| other == metric);
    at.ok_or_else(|| format!("`{}` was not measured", metric.name()))
}

/// The index of the metric that a figure names, or of the headline metric; `None` if nothing was measured.
fn metric_or_headline(found: &LoadedRun, metric: Option<MetricName>) -> Result<Option<usize>, String> {
    metric.map_or_else(|| Ok(found.headline()), |metric| position(found, metric).map(Some))
}

/// The rows of a retriever that a figure names.
fn rows_of(found: &LoadedRun, name: &str) -> Result<Vec<usize>, String> {
    let rows: Vec<usize> = (0..found.summary.rows.len()).filter(|&row| found.summary.rows[row].is_of(name)).collect();
    if rows.is_empty() { Err(format!("there is no retriever `{name}`")) } else { Ok(rows) }
}

/// The text with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
