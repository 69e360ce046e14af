//! What github-action-benchmark reads: two files, since it wants to know whether more is better of all of a file.
//!
//! Source: benchmark-action/github-action-benchmark, tools `customBiggerIsBetter` and `customSmallerIsBetter`.

use super::Checked;
use crate::config::CheckSpec;
use crate::statistics::rounds;
use serde_json::{Value, json};

/// The texts of `bigger-is-better.json` and of `smaller-is-better.json`.
pub fn texts(checked: &Checked<'_>) -> [String; 2] {
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
