//! Files for github-action-benchmark. There are two: the better direction must be the same for all numbers of a file.
//!
//! Source: benchmark-action/github-action-benchmark, tools `customBiggerIsBetter` and `customSmallerIsBetter`.

use super::{Checked, Output, Place};
use crate::config::CheckSpec;
use crate::statistics::rounds;
use serde_json::{Value, json};

/// The output.
pub struct ActionBenchmark;

impl Output for ActionBenchmark {
    fn name(&self) -> &'static str {
        "github-action-benchmark"
    }

    fn about(&self) -> &'static str {
        "Write the current measures for github-action-benchmark: DIR/bigger-is-better.json and \
         DIR/smaller-is-better.json"
    }

    fn words(&self) -> &'static str {
        "github-action-benchmark file"
    }

    fn place(&self) -> Place {
        Place::Folder(&["bigger-is-better.json", "smaller-is-better.json"])
    }

    fn texts(&self, checked: &Checked<'_>) -> Vec<String> {
        texts(checked).into()
    }

    fn is_of(&self, text: &str) -> bool {
        serde_json::from_str::<Value>(text).ok().as_ref().and_then(Value::as_array).is_some_and(|entries| {
            entries.iter().all(|entry| ["name", "unit", "value"].iter().all(|key| entry.get(key).is_some()))
        })
    }
}

/// The texts of `bigger-is-better.json` and of `smaller-is-better.json`.
fn texts(checked: &Checked<'_>) -> [String; 2] {
    let mut lists: [Vec<Value>; 2] = Default::default();
    let experiment = &checked.now.setting.experiment;
    for trial in checked.now.trials.iter().filter(|trial| trial.failed.is_none()) {
        let name = |measure: &str| format!("{experiment}/{}/{measure}", trial.label);
        for measured in trial.measures.iter().filter(|measured| measured.mean.is_finite()) {
            let unit = if measured.name == CheckSpec::EVALUATIONS { "similarities/query" } else { "mean" };
            let entry = json!({ "name": name(&measured.name), "unit": unit, "value": measured.mean });
            lists[usize::from(!measured.higher_is_better())].push(entry);
        }
        if !trial.rounds.is_empty() {
            let ratios: Vec<f64> = trial.rounds.iter().map(|round| round.log_ratio().exp()).collect();
            let typical = rounds::log_ratio(&trial.rounds).exp();
            let spread = ratios.iter().map(|ratio| (ratio - typical).abs()).fold(0.0, f64::max);
            let unit = format!("x {}", checked.now.reference);
            let entry = json!({ "name": name(CheckSpec::TIME), "unit": unit, "value": typical, "range": format!("± {spread:.3}") });
            lists[1].push(entry);
        }
    }
    lists.map(|list| format!("{:#}\n", Value::Array(list)))
}
