//! Baselines: the results that `swath check` compares with. A baseline has two files.
//!
//! The text is YAML that reads well as a diff. It holds the setting, the timing setup, the means of each trial's measures, and its
//! time relative to the reference in each round. The HDF5 file beside it holds a value for each query, which paired tests need.
//!
//! Both files decide whether a pull request passes, so both are checked: the text has the SHA-256 of the values, and each number
//! must be possible for its measure. Writing a baseline replaces no other file.

#[cfg(test)]
mod tests;
mod text;
mod values;
mod write;

pub use text::is_written_as;
pub use write::{Writes, may_write, write};

use super::{MeasureValues, Scope, Snapshot, TrialSnapshot};
use crate::config::{CheckSpec, Failure};
use crate::metrics::MetricName;
use crate::statistics::Round;
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use swath_datasets::sha256;
use text::{Number, Ordered, REFERENCE, Text, VERSION, number};
use values::read_values;

/// The first format that has the hash of its values.
const BOUND: u32 = 3;

/// The default path of a baseline: in `baselines/` beside the experiment, with the same file name.
pub fn usual_path(config: &Path) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new("")).join("baselines");
    folder.join(config.file_name().unwrap_or(config.as_os_str()))
}

/// The file of a baseline's values.
fn values_path(path: &Path) -> PathBuf {
    path.with_extension("hdf5")
}

/// Where the earlier values are kept while a baseline is replaced.
fn earlier_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_stem().unwrap_or_default());
    name.push(".hdf5.swath-before");
    path.with_file_name(name)
}

/// A baseline that was read.
#[derive(Debug)]
pub struct Baseline {
    /// Its content.
    pub state: Snapshot,
    /// A note if its values are missing.
    pub missing: Option<String>,
    /// Whether it has the hash of its values. Baselines of swath 0.1.0 and 0.2.0 have none.
    pub is_bound: bool,
}

/// Reads both files of a baseline.
///
/// # Errors
/// [`Failure::Input`]: the error in one of its files.
pub fn read(path: &Path) -> Result<Baseline, Failure> {
    let wrong = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let text = Text::read(path)?;
    if !(1..=VERSION).contains(&text.baseline) {
        let message =
            format!("the baseline has format {}, but this program reads formats 1 to {VERSION}", text.baseline);
        return Err(wrong(message + "; remove it, and save a new one with `swath baseline save`"));
    }
    let bound = text.values.clone();
    if (text.baseline >= BOUND) != bound.is_some() {
        return Err(wrong(format!(
            "`values`, the SHA-256 of the file of values, is required from format {BOUND} on, and not allowed before"
        )));
    }
    let trials = text.trials.0.into_iter().map(|(label, measures)| trial(label, measures).map_err(wrong));
    let trials = trials.collect::<Result<Vec<_>, _>>()?;
    let mut state = Snapshot {
        setting: Scope {
            experiment: text.experiment,
            dataset: text.dataset,
            sha256: text.sha256,
            k: text.k,
            queries: text.queries,
            seed: text.seed,
        },
        swath: text.swath,
        saved: text.saved,
        machine: text.machine,
        timing: text.timed,
        reference: text.reference,
        trials,
    };
    sound(&state).map_err(|what| wrong(format!("{what}; {RESTORE}")))?;
    let values = values_path(path);
    if values == path {
        return Err(wrong("a baseline's text and its values cannot be in the same file".into()));
    }
    // If an update was killed half-way, the text belongs to the earlier values.
    let earlier = earlier_path(path);
    let is_torn = bound.as_deref().is_some_and(|bound| !has_hash(&values, bound) && has_hash(&earlier, bound));
    let values = if is_torn { earlier } else { values };
    let missing = if is_there(&values) {
        read_values(&values, bound.as_deref(), &mut state)
            .map_err(|what| Failure::Input(format!("{}: {what}", values.display())))?;
        None
    } else {
        Some(format!(
            "{}: the file of the queries' values is missing; only means are compared, without tests",
            values.display()
        ))
    };
    Ok(Baseline { state, missing, is_bound: bound.is_some() })
}

/// A trial of the text.
fn trial(label: String, measures: Ordered<Number>) -> Result<TrialSnapshot, String> {
    let mut trial = TrialSnapshot { label, ..TrialSnapshot::default() };
    for (name, number) in measures.0 {
        match number {
            Number::Rounds(ratios) if name == CheckSpec::TIME => {
                let round = |ratio| Round { own: ratio, reference: f64::NAN };
                trial.rounds = ratios.into_iter().map(round).collect();
            }
            Number::Rounds(seconds) if name == REFERENCE && seconds.len() == trial.rounds.len() => {
                for (round, milliseconds) in trial.rounds.iter_mut().zip(seconds) {
                    let reference = milliseconds / 1e3;
                    *round = Round { own: round.own * reference, reference };
                }
            }
            Number::Mean(mean) if name != CheckSpec::TIME && name != REFERENCE => {
                trial.measures.push(MeasureValues { name, mean, values: Vec::new() });
            }
            _ => {
                return Err(format!(
                    "`{name}` of `{}` has the wrong form; expected a number, or for times a list of numbers",
                    trial.label
                ));
            }
        }
    }
    let sound = |round: &Round| [round.own, round.reference].iter().all(|time| *time > 0.0 && time.is_finite());
    if !trial.rounds.iter().all(sound) {
        let has = format!(
            "`{}` and `{REFERENCE}` of `{}` must have a number for each round, all above 0",
            CheckSpec::TIME,
            trial.label
        );
        return Err(has);
    }
    Ok(trial)
}

/// Whether a file has this SHA-256.
fn has_hash(path: &Path, hash: &str) -> bool {
    sha256::of_file(path).is_ok_and(|found| found == hash)
}

/// Advice for a baseline with impossible content.
const RESTORE: &str =
    "the file was edited: restore it, or remove it and save a new baseline with `swath baseline save`";

/// Whether something exists at a path, even a broken link.
fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Checks that the content of a baseline is possible; the error says what is not.
fn sound(state: &Snapshot) -> Result<(), String> {
    let Scope { k, queries, .. } = state.setting;
    if k == 0 || queries == 0 {
        return Err(format!(
            "a baseline has at least 1 query and 1 result per query, but this one has {queries} queries and k = {k}"
        ));
    }
    if state.timing.as_ref().is_some_and(|timing| timing.threads == 0 || timing.queries == 0 || timing.passes == 0) {
        return Err("`timed` has a count of 0; expected at least 1".into());
    }
    let mut labels = HashSet::new();
    for trial in &state.trials {
        if !labels.insert(trial.label.as_str()) {
            return Err(format!("trial `{}` is listed twice", trial.label));
        }
        let mut names = HashSet::new();
        for MeasureValues { name, mean, .. } in &trial.measures {
            if !names.insert(name.as_str()) {
                return Err(format!("`{name}` of `{}` is listed twice", trial.label));
            }
            possible(name, *mean, k).map_err(|what| format!("`{name}` of `{}` {what}", trial.label))?;
        }
    }
    if labels.contains(state.reference.as_str()) {
        return Ok(());
    }
    Err(format!("the reference `{}` is not among the trials", state.reference))
}

/// Checks that a value is possible for a measure; the error says why not.
fn possible(name: &str, value: f64, k: usize) -> Result<(), String> {
    let (is_possible, range) = match MetricName::find(name) {
        Some(metric) => (metric.can_be(value, k), metric.about().range),
        None if name == CheckSpec::EVALUATIONS => (value.is_nan() || value.is_finite() && value >= 0.0, "from 0"),
        None => return Err("is not a measure of this version of swath".into()),
    };
    if is_possible { Ok(()) } else { Err(format!("is {}, but its range is {range}", number(value))) }
}
