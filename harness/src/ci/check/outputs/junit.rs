//! JUnit's XML, which nearly every CI system shows: a test suite for each trial, a test case for each measure.
//!
//! The crate `quick-junit` is not used: it drops tabs and carriage returns; it does not escape line ends in attributes, so readers
//! take them for spaces; and it adds more dependencies than the code below is worth.

use super::{Checked, Output};
use crate::ci::check::{Finding, Verdict};
use crate::escape::xml;
use std::fmt::Write as _;

/// The output.
pub struct Junit;

impl Output for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn about(&self) -> &'static str {
        "Write the findings as JUnit XML"
    }

    fn words(&self) -> &'static str {
        "JUnit file"
    }

    fn texts(&self, checked: &Checked<'_>) -> Vec<String> {
        vec![text(checked)]
    }

    fn is_of(&self, text: &str) -> bool {
        let second = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        second.is_some_and(|second| second.starts_with("<testsuites name=\"swath "))
    }
}

/// All findings as test cases.
fn text(checked: &Checked<'_>) -> String {
    let mut trials: Vec<&str> = Vec::new();
    for finding in checked.findings {
        if trials.last() != Some(&finding.trial.as_str()) && !trials.contains(&finding.trial.as_str()) {
            trials.push(&finding.trial);
        }
    }
    let skipped = |finding: &&Finding| matches!(finding.verdict, Verdict::New | Verdict::Gone | Verdict::NotCompared);
    let counts = |findings: &[&Finding]| {
        let failures = findings.iter().filter(|finding| finding.verdict == Verdict::Regressed).count();
        let errors = findings.iter().filter(|finding| finding.verdict == Verdict::Failed).count();
        let skipped = findings.iter().copied().filter(skipped).count();
        format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"", findings.len())
    };
    let experiment = xml(&checked.now.setting.experiment);
    let all: Vec<&Finding> = checked.findings.iter().collect();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"swath {experiment}\" {}>\n",
        counts(&all)
    );
    for trial in trials {
        let of: Vec<&Finding> = checked.findings.iter().filter(|finding| finding.trial == trial).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  <testsuite name=\"{}\" {}>", xml(trial), counts(&of));
        for finding in of {
            let case = format!(
                "    <testcase classname=\"swath.{experiment}.{}\" name=\"{}\"",
                xml(trial),
                xml(&finding.measure)
            );
            let said = xml(&finding.sentence());
            let _ = match finding.verdict {
                Verdict::Failed => writeln!(text, "{case}>\n      <error message=\"{said}\"/>\n    </testcase>"),
                Verdict::Regressed => writeln!(text, "{case}>\n      <failure message=\"{said}\"/>\n    </testcase>"),
                _ if skipped(&finding) => {
                    writeln!(text, "{case}>\n      <skipped message=\"{said}\"/>\n    </testcase>")
                }
                Verdict::Unchanged => writeln!(text, "{case}/>"),
                _ => writeln!(text, "{case}>\n      <system-out>{said}</system-out>\n    </testcase>"),
            };
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}
