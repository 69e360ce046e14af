//! JSON, for scripts.

use super::Checked;
use serde_json::json;

/// All findings as they are.
pub fn text(checked: &Checked<'_>) -> String {
    let rounds = checked.now.trials.iter().filter(|trial| !trial.rounds.is_empty());
    let rounds: serde_json::Map<String, serde_json::Value> = rounds
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
