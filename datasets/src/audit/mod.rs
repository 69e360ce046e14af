//! An audit of a dataset that can be read: what a careful user would look for before an experiment, with one line on what to do.
//!
//! To add a check: a type that implements [`Check`], in a file here, and one line in [`CHECKS`].

mod columns;
mod copies;
mod lengths;
mod near;
mod notes;
mod rows;
#[cfg(test)]
mod tests;
mod ties;
mod truth;
mod values;
mod zeros;

pub(crate) use rows::SameRows;

use crate::dataset::Dataset;
use near::Surroundings;
use serde::Serialize;
use std::sync::OnceLock;
use swath_algorithms::Base;

/// All checks, in the order in which they are shown.
pub static CHECKS: &[&dyn Check] = &[
    // One line each.
    &notes::Notes,
    &zeros::Zeros,
    &copies::BaseCopies,
    &copies::QueryCopies,
    &near::NearCopies,
    &copies::Leaks,
    &near::NearLeaks,
    &truth::Truth,
    &ties::Ties,
    &lengths::Lengths,
    &values::WholeNumbers,
    &columns::ConstantColumns,
];

/// Something that a user may want to know of a dataset.
pub trait Check: Sync {
    /// What is looked at, in a few words.
    fn name(&self) -> &'static str;

    /// Looks at a dataset. Every check finds at least one thing, if only that all is fine; nothing where it does not apply.
    fn look(&self, subject: &Subject<'_>) -> Vec<Finding>;
}

/// A dataset to be audited, with what several checks need.
pub struct Subject<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// Its base points.
    pub base: &'a Base,
    /// Seed of all samples.
    pub seed: u64,
    same: OnceLock<SameRows>,
    surroundings: OnceLock<Surroundings>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As it should be.
    Fine,
    /// Worth knowing; results are right.
    Note,
    /// Results may be wrong, or say less than they seem to.
    Warning,
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was found: how many of how many, with the first of them.
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// How many there are, and of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<[usize; 2]>,
    /// The first row of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<usize>,
}

/// All findings of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The check.
    pub check: &'static str,
    /// Its findings.
    pub findings: Vec<Finding>,
}

impl<'a> Subject<'a> {
    /// A dataset with its base points.
    pub fn new(dataset: &'a Dataset, base: &'a Base, seed: u64) -> Self {
        Self { dataset, base, seed, same: OnceLock::new(), surroundings: OnceLock::new() }
    }

    /// Base points that are equal; found once.
    fn same_rows(&self) -> &SameRows {
        self.same.get_or_init(|| SameRows::of(&self.dataset.train))
    }

    /// How base points lie around each other; found once.
    fn surroundings(&self) -> &Surroundings {
        self.surroundings.get_or_init(|| Surroundings::of(self.base, self.seed))
    }
}

impl Finding {
    fn fine(what: impl Into<String>) -> Self {
        Self { severity: Severity::Fine, what: what.into(), remedy: None, share: None, example: None }
    }

    fn note(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Note, remedy: Some(remedy.into()), ..Self::fine(what) }
    }

    fn warning(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::note(what, remedy) }
    }

    /// With how many of how many there are, and the first of them.
    fn of(self, count: usize, all: usize, example: Option<usize>) -> Self {
        Self { share: Some([count, all]), example, ..self }
    }
}

/// Makes all checks. The same seed finds the same, at any number of threads.
pub fn audit(dataset: &Dataset, seed: u64) -> Vec<Checked> {
    let base = Base::new(dataset.train.clone(), dataset.distance);
    let subject = Subject::new(dataset, &base, seed);
    let all = CHECKS.iter().map(|check| Checked { check: check.name(), findings: check.look(&subject) });
    all.filter(|checked| !checked.findings.is_empty()).collect()
}

/// `1 of 8 base points is` or `3 of 8 base points are`, for the verbs `is` and `are`.
fn counted(count: usize, all: usize, what: &str, [one, many]: [&str; 2]) -> String {
    format!("{count} of {all} {what} {}", if count == 1 { one } else { many })
}

/// A share as percent, with two digits where it is small.
fn percent(count: usize, all: usize) -> String {
    let share = 100.0 * count as f64 / all.max(1) as f64;
    if share >= 10.0 { format!("{share:.0} %") } else { format!("{share:.2} %") }
}
