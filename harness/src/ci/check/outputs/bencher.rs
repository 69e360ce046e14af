//! Bencher Metric Format: JSON of benchmarks, each with its measures.
//!
//! Source: bencher.dev, "Bencher Metric Format".

use super::{Checked, Output};
use crate::ci::check::MeasureValues;
use crate::config::CheckSpec;
use crate::statistics::bootstrap::estimates;
use crate::statistics::{Column, rounds};
use serde_json::{Map, Value, json};

/// The output.
pub struct Bencher;

impl Output for Bencher {
    fn name(&self) -> &'static str {
        "bencher"
    }

    fn about(&self) -> &'static str {
        "Write the current measures in Bencher Metric Format"
    }

    fn words(&self) -> &'static str {
        "Bencher file"
    }

    fn texts(&self, checked: &Checked<'_>) -> Vec<String> {
        vec![text(checked)]
    }

    fn is_of(&self, text: &str) -> bool {
        serde_json::from_str::<Value>(text).ok().as_ref().and_then(Value::as_object).is_some_and(is_bencher)
    }
}

/// Each trial's measures with their 95 % intervals.
fn text(checked: &Checked<'_>) -> String {
    let mut benchmarks = Map::new();
    for trial in checked.now.trials.iter().filter(|trial| trial.failed.is_none()) {
        let mut measures = Map::new();
        for MeasureValues { name, mean, values } in trial.measures.iter().filter(|measured| measured.mean.is_finite()) {
            let estimate = estimates(&[Column::new(values)], checked.now.setting.seed).into_iter().flatten().next();
            let [lower, upper] = estimate.map_or([*mean; 2], |estimate| [estimate.lo, estimate.hi]);
            measures.insert(name.clone(), metric(*mean, lower, upper));
        }
        if !trial.rounds.is_empty() {
            let ratios: Vec<f64> = trial.rounds.iter().map(|round| round.log_ratio().exp()).collect();
            let typical = rounds::log_ratio(&trial.rounds).exp();
            let end = |pick: fn(f64, f64) -> f64| ratios.iter().copied().fold(typical, pick);
            measures.insert(CheckSpec::TIME.into(), metric(typical, end(f64::min), end(f64::max)));
        }
        benchmarks.insert(format!("{}/{}", checked.now.setting.experiment, trial.label), Value::Object(measures));
    }
    format!("{:#}\n", Value::Object(benchmarks))
}

fn metric(value: f64, lower: f64, upper: f64) -> Value {
    json!({ "value": value, "lower_value": lower, "upper_value": upper })
}

/// Whether all benchmarks have only measures with a value and its interval.
fn is_bencher(benchmarks: &Map<String, Value>) -> bool {
    let is_measure =
        |measure: &Value| ["value", "lower_value", "upper_value"].iter().all(|key| measure.get(key).is_some());
    let is_benchmark = |measures: &Value| measures.as_object().is_some_and(|all| all.values().all(is_measure));
    benchmarks.values().all(is_benchmark)
}
