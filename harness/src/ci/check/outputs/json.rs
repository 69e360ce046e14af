//! JSON, for scripts.

use super::{Checked, Output};
use serde_json::{Value, json};

/// The output.
pub struct Json;

impl Output for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "Write the findings as JSON"
    }

    fn words(&self) -> &'static str {
        "JSON file"
    }

    fn texts(&self, checked: &Checked<'_>) -> Vec<String> {
        vec![text(checked)]
    }

    fn is_of(&self, text: &str) -> bool {
        let keys = ["experiment", "swath", "baseline", "regressions", "findings"];
        serde_json::from_str::<Value>(text).is_ok_and(|value| keys.iter().all(|key| value.get(key).is_some()))
    }
}

/// All findings, and the times of the rounds.
fn text(checked: &Checked<'_>) -> String {
    let rounds = checked.now.trials.iter().filter(|trial| !trial.rounds.is_empty());
    let rounds: serde_json::Map<String, Value> = rounds
        .map(|trial| {
            (trial.label.clone(), json!(trial.rounds.iter().map(|r| [r.own, r.reference]).collect::<Vec<_>>()))
        })
        .collect();
    let value = json!({
        "experiment": checked.now.setting.experiment,
        "swath": checked.now.swath,
        "baseline": { "swath": checked.before.swath, "saved": checked.before.saved },
        "caution": checked.caution(),
        "regressions": checked.bad().count(),
        "findings": checked.findings,
        "rounds": rounds,
    });
    format!("{value:#}\n")
}
