//! GitHub's workflow commands: an annotation for each finding that a reviewer should see.

use super::Checked;
use crate::ci::check::Verdict;
use crate::escape::{github_message, github_property};
use std::fmt::Write as _;

/// At most this many annotations of a kind: GitHub shows ten per step.
const MOST: usize = 10;

/// A line for each annotation; GitHub shows them at `file`.
pub fn annotations(checked: &Checked<'_>, file: &str) -> String {
    let caution =
        |text: &String| format!("::warning file={},title=swath::{}\n", github_property(file), github_message(text));
    let mut text = checked.caution().as_ref().map_or_else(String::new, caution);
    for (command, shown) in [
        ("error", [Verdict::Failed, Verdict::Regressed].as_slice()),
        ("notice", [Verdict::Improved].as_slice()),
        ("warning", [Verdict::Suspected, Verdict::New, Verdict::Gone].as_slice()),
    ] {
        let found: Vec<_> = checked.findings.iter().filter(|finding| shown.contains(&finding.verdict)).collect();
        for finding in found.iter().take(MOST) {
            let title = github_property(&format!("swath: {} {}", finding.measure, finding.verdict.name()));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "::{command} file={},title={title}::{}",
                github_property(file),
                github_message(&finding.sentence())
            );
        }
        if found.len() > MOST {
            let _ = writeln!(text, "::{command} title=swath::and {} more, in the summary", found.len() - MOST);
        }
    }
    text
}
