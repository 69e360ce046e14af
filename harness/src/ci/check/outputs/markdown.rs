//! Markdown, for a pull request or a step summary.

use super::{Checked, HEADINGS, Output, rows};
use crate::ci::check::Verdict;
use crate::escape::markdown;
use std::fmt::Write as _;

/// The output.
pub struct Markdown;

impl Output for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn about(&self) -> &'static str {
        "Write the findings as Markdown"
    }

    fn words(&self) -> &'static str {
        "Markdown file"
    }

    fn texts(&self, checked: &Checked<'_>) -> Vec<String> {
        vec![text(checked)]
    }

    fn is_of(&self, text: &str) -> bool {
        text.starts_with("## swath: ")
    }
}

/// A heading, a sentence, a table of changes, and a folded table of unchanged measures.
pub fn text(checked: &Checked<'_>) -> String {
    let bad = checked.bad().count();
    let caution = checked.caution();
    let heading = match bad {
        0 if caution.is_some() => "two versions, not compared".to_owned(),
        0 => "no regression".to_owned(),
        1 => "1 regression".to_owned(),
        _ => format!("{bad} regressions"),
    };
    let mut text = format!(
        "## swath: {heading} in {}\n\n{}.\n\n",
        markdown(&checked.now.setting.experiment),
        markdown(&checked.verdict())
    );
    // Writing to a string cannot fail.
    let _ = caution.map(|caution| write!(text, "**Caution: {}.**\n\n", markdown(&caution)));
    let said = rows(checked.findings, false);
    if !said.is_empty() {
        text.push_str(&table(&said));
        text.push('\n');
    }
    let unchanged: Vec<_> = checked.findings.iter().filter(|f| f.verdict == Verdict::Unchanged).cloned().collect();
    if !unchanged.is_empty() {
        let _ = write!(text, "<details><summary>{} unchanged</summary>\n\n", unchanged.len());
        text.push_str(&table(&rows(&unchanged, true)));
        text.push_str("\n</details>\n\n");
    }
    let _ = writeln!(
        text,
        "swath {} against {}, {}. Times are ratios to {}.",
        markdown(&checked.now.swath),
        markdown(&checked.before.swath),
        markdown(&checked.before.saved),
        markdown(&checked.now.reference)
    );
    text
}

fn table(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let headings: Vec<String> = HEADINGS.iter().map(|heading| (*heading).to_owned()).collect();
    let mut text = line(&headings) + "|:---|:---|---:|---:|---:|:---|\n";
    rows.iter().for_each(|row| text.push_str(&line(&row.iter().map(|cell| markdown(cell)).collect::<Vec<_>>())));
    text
}
