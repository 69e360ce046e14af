//! How many measures were compared.

use super::{Checked, Output};

/// The output.
pub struct Count;

impl Output for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn about(&self) -> &'static str {
        "Write how many measures were compared (a recipe's example)"
    }

    fn words(&self) -> &'static str {
        "number"
    }

    fn texts(&self, checked: &Checked<'_>) -> Vec<String> {
        vec![format!("{}\n", checked.findings.len())]
    }

    fn is_of(&self, text: &str) -> bool {
        text.trim().parse::<usize>().is_ok()
    }
}
