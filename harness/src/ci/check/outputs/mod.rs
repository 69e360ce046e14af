//! Outputs: the findings of a check in the forms that people and CI systems read.
//!
//! To add one: one file here with a type and its `impl Output`, and its line in [`OUTPUTS`]. `swath check` and `swath compare` then
//! have its option.

mod action_benchmark;
mod bencher;
pub mod github;
mod json;
mod junit;
pub mod markdown;
mod replace;

use super::{ChangeIs, Finding, Snapshot, Verdict};
use crate::config::CheckSpec;
use crate::plot::format::{decimals, signed};
use crate::version;
use std::path::{Path, PathBuf};

/// All outputs, in the order of the help.
pub const OUTPUTS: &[&dyn Output] = &[
    // One line each.
    &markdown::Markdown,
    &junit::Junit,
    &json::Json,
    &bencher::Bencher,
    &action_benchmark::ActionBenchmark,
];

/// A form of file in which findings are written.
pub trait Output: Sync {
    /// The output's name, in lower case with hyphens. Its option has the same name.
    fn name(&self) -> &'static str;

    /// The help of its option, without a full stop.
    fn about(&self) -> &'static str;

    /// The word for such a file in messages.
    fn words(&self) -> &'static str;

    /// Whether the option's value is a file or a folder.
    fn place(&self) -> Place {
        Place::File
    }

    /// The text of each file.
    fn texts(&self, checked: &Checked<'_>) -> Vec<String>;

    /// Whether a text is of this form. Only such files are replaced.
    fn is_of(&self, text: &str) -> bool;
}

/// Where an output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File,
    /// A folder, in which these files are written.
    Folder(&'static [&'static str]),
}

impl dyn Output {
    /// The files that this output writes; `at` is the option's value.
    pub fn files(&self, at: &Path) -> Vec<PathBuf> {
        match self.place() {
            Place::File => vec![at.to_owned()],
            Place::Folder(names) => names.iter().map(|name| at.join(name)).collect(),
        }
    }

    /// Whether a file may be written to a path: it is free, or holds an empty file or one of this form.
    pub fn may_replace(&self, path: &Path) -> bool {
        replace::may_replace(path, |text| self.is_of(text))
    }
}

/// A comparison and its findings.
#[derive(Clone, Copy)]
pub struct Checked<'a> {
    /// The baseline.
    pub before: &'a Snapshot,
    /// The current results.
    pub now: &'a Snapshot,
    /// The finding of each measure.
    pub findings: &'a [Finding],
    /// Whether times were compared.
    pub timed: bool,
}

impl Checked<'_> {
    /// The number of findings with a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// The findings that make a check fail.
    pub fn bad(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict.is_bad())
    }

    /// A caution if the two sides were made by different versions of swath.
    pub fn caution(&self) -> Option<String> {
        version::differs(&self.before.swath, &self.now.swath)
    }

    /// The findings counted by verdict, in a sentence.
    pub fn verdict(&self) -> String {
        let verdicts = [
            Verdict::Failed,
            Verdict::Regressed,
            Verdict::Suspected,
            Verdict::Improved,
            Verdict::WithinNoise,
            Verdict::Unchanged,
            Verdict::New,
            Verdict::Gone,
            Verdict::NotCompared,
        ];
        let counted = verdicts.iter().map(|&verdict| (self.count(verdict), verdict.name()));
        let parts: Vec<String> =
            counted.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
        let times = if self.timed { "" } else { "; times were not compared" };
        format!("{} measures: {}{times}", self.findings.len(), parts.join(", "))
    }
}

impl Finding {
    /// The change as text: `-1.2 % (-1.5 to -0.9)`, or `+0.1200 (+0.0900 to +0.1500)` if the value before was 0.
    pub fn change_text(&self) -> String {
        let Some(change) = self.change else { return String::new() };
        let (scale, digits, unit) = match self.change_is {
            ChangeIs::Share => (100.0, 1, " %"),
            ChangeIs::Difference => (1.0, self.digits(), ""),
        };
        let text = |change: f64| signed(scale * change, digits);
        let fine = |change: f64| {
            let text = text(change);
            if change == 0.0 || text.starts_with(['+', '-']) { text } else { format!("±{text}") }
        };
        match self.interval {
            Some([lo, hi]) if self.verdict != Verdict::Unchanged => {
                format!("{}{unit} ({} to {})", fine(change), text(lo), text(hi))
            }
            _ if change == 0.0 => "0".into(),
            _ => format!("{}{unit}", fine(change)),
        }
    }

    /// The number of decimals for values of this measure.
    fn digits(&self) -> usize {
        match self.measure.as_str() {
            CheckSpec::EVALUATIONS => 1,
            CheckSpec::TIME => 3,
            _ => 4,
        }
    }

    /// A value of this measure as text.
    pub fn number(&self, value: Option<f64>) -> String {
        match value {
            None => "-".into(),
            Some(value) if self.measure == CheckSpec::TIME => format!("{} x", decimals(value, self.digits())),
            Some(value) if self.measure == CheckSpec::EVALUATIONS && value.fract() == 0.0 => decimals(value, 0),
            Some(value) => decimals(value, self.digits()),
        }
    }

    /// The measure in words.
    fn what(&self) -> &str {
        if self.measure == CheckSpec::TIME { "time against the reference" } else { &self.measure }
    }

    /// The finding in a sentence.
    pub fn sentence(&self) -> String {
        if self.measure == "trial" {
            return format!("{} {}: {}", self.trial, self.verdict.name(), self.note);
        }
        let note = if self.note.is_empty() { String::new() } else { format!("; {}", self.note) };
        if self.before.is_none() || self.now.is_none() {
            let values = [("before", self.before), ("now", self.now)].into_iter();
            let value = |(when, value): (&str, Option<f64>)| Some(format!(", {} {when}", self.number(Some(value?))));
            let value: String = values.filter_map(value).collect();
            return format!("{}: {} {}{value}{note}", self.trial, self.what(), self.verdict.name());
        }
        let tolerance = match self.change_is {
            ChangeIs::Share => format!("tolerance {:.1} %", 100.0 * self.tolerance),
            ChangeIs::Difference => "no tolerance, because the value was 0".to_owned(),
        };
        format!(
            "{}: {} {}, {} to {}, {}; {tolerance}{note}",
            self.trial,
            self.what(),
            self.verdict.name(),
            self.number(self.before),
            self.number(self.now),
            self.change_text(),
        )
    }
}

/// Rows of a table of findings: trial, measure, before, now, change, verdict. Contains unchanged findings only if `all` is set.
pub fn rows(findings: &[Finding], all: bool) -> Vec<Vec<String>> {
    let says = |finding: &&Finding| all || finding.verdict != Verdict::Unchanged;
    let row = |finding: &Finding| {
        let verdict = match finding.note.as_str() {
            "" => finding.verdict.name().to_owned(),
            note => format!("{} ({note})", finding.verdict.name()),
        };
        vec![
            finding.trial.clone(),
            finding.measure.clone(),
            finding.number(finding.before),
            finding.number(finding.now),
            finding.change_text(),
            verdict,
        ]
    };
    let mut chosen: Vec<&Finding> = findings.iter().filter(says).collect();
    chosen.sort_by_key(|finding| finding.verdict);
    chosen.into_iter().map(row).collect()
}

/// Headings of [`rows`].
pub const HEADINGS: [&str; 6] = ["trial", "measure", "before", "now", "change", "verdict"];
