//! `swath metrics`.

use super::parameters::{flow, indented, parameters, unknown};
use super::places::Places;
use super::terminal::print;
use clap::Args;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::ExitCode;
use swath::config::Failure;
use swath::metrics::{MetricName, MetricParams};

/// List the metrics, or explain one
#[derive(Args)]
#[command(after_help = "Examples:\n  swath metrics\n  swath metrics coverage")]
pub struct Arguments {
    /// The name of one of them
    name: Option<String>,
}

impl Arguments {
    /// Prints all metrics, or one of them in full.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        match &self.name {
            Some(name) => print(&one(name)?),
            None => print(&all()),
        }
    }
}

fn direction(metric: MetricName) -> &'static str {
    if metric.higher_is_better() { "higher is better" } else { "lower is better" }
}

fn all() -> String {
    let mut text = String::new();
    for metric in MetricName::all() {
        let about = metric.about();
        let _ = writeln!(text, "{}: {}, {}", metric.name(), about.range, direction(metric));
        text.push_str(&indented(&format!("{}. {}.", about.definition, about.source)));
    }
    let usual: Vec<&str> = MetricName::usual(true, true, true).into_iter().map(MetricName::name).collect();
    let _ = writeln!(
        text,
        "\nAn experiment without `metrics` computes these, as far as the dataset has the data for them:\n{}\
         `recall@5` looks at only the first 5 results. `swath metrics NAME` explains one and its parameters.",
        indented(&usual.join(", "))
    );
    text
}

fn one(name: &str) -> Result<String, Failure> {
    let metric = MetricName::find(name).ok_or_else(|| unknown("metric", name, MetricParams::NAMES))?;
    let about = metric.about();
    let mut text = format!(
        "{name}\n\n{}.\n\nrange:  {} ({})\nsource: {}\n",
        about.definition,
        about.range,
        direction(metric),
        about.source
    );
    let kind = metric.kind();
    let plain = MetricName::find(kind).unwrap_or(metric);
    let defaults = serde_json::to_value(plain.params()).unwrap_or_default();
    let parameters = parameters(&metric.params().schema().to_value(), &defaults[kind]);
    if !parameters.is_empty() {
        let _ = write!(text, "\nparameters:\n{parameters}");
    }
    let cut = if metric.params().takes_cut() { format!(", {kind}@5") } else { String::new() };
    let example = match &defaults[kind] {
        Value::Object(given) if !given.is_empty() => format!(", {}", flow(&defaults)),
        _ => String::new(),
    };
    let _ = writeln!(text, "\nYAML:\n  metrics: [{kind}{cut}{example}]");
    Ok(text)
}
