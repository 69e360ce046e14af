//! The file that `swath check` compares with: text that reads well as a diff, and beside it a value for each query.
//!
//! The text holds the setting, how trials were timed, the means of each trial's measures, and its time against the reference in each
//! round. The HDF5 file beside it holds the values that paired tests need. Without it means are compared.
//!
//! Both decide whether a pull request passes, so neither is believed: the text has the SHA-256 of the values, and each number must
//! be one that its measure can have. Only the files of a baseline are ever replaced.

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
use text::{Number, Ordered, REFERENCE, Text, VERSION};
use values::read_values;

/// The first format that has the hash of its values.
const BOUND: u32 = 3;

/// Where a baseline is kept by default: in `baselines/` beside the experiment, under the experiment's name.
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
    /// Whether it has the hash of its values: those of swath 0.1.0 and 0.2.0 do not.
    pub is_bound: bool,
}

/// Reads a baseline, its text and its values.
///
/// # Errors
/// [`Failure::Input`]: what is wrong with its files.
pub fn read(path: &Path) -> Result<Baseline, Failure> {
    let wrong = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let text = Text::read(path)?;
    if !(1..=VERSION).contains(&text.baseline) {
        let message = format!("a baseline of format {}, and this program reads formats up to {VERSION}", text.baseline);
        return Err(wrong(message + "; remove it, and write it anew with `swath baseline save`"));
    }
    let bound = text.values.clone();
    if (text.baseline >= BOUND) != bound.is_some() {
        return Err(wrong("`values`, the SHA-256 of the file of values, is missing or does not belong here".into()));
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
        return Err(wrong("a baseline's text and its values cannot be one file".into()));
    }
    // If an update was killed half way, the text goes with the earlier values.
    let earlier = earlier_path(path);
    let is_torn = bound.as_deref().is_some_and(|bound| !has_hash(&values, bound) && has_hash(&earlier, bound));
    let values = if is_torn { earlier } else { values };
    let missing = if is_there(&values) {
        read_values(&values, bound.as_deref(), &mut state)
            .map_err(|what| Failure::Input(format!("{}: {what}", values.display())))?;
        None
    } else {
        Some(format!(
            "{}: the values of the queries are not there; means are compared, without tests",
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
            _ => return Err(format!("`{name}` of `{}` is not what it should be", trial.label)),
        }
    }
    let sound = |round: &Round| [round.own, round.reference].iter().all(|time| *time > 0.0 && time.is_finite());
    if !trial.rounds.iter().all(sound) {
        let has =
            format!("`{}` of `{}` needs as many times in `{REFERENCE}`, all above 0", CheckSpec::TIME, trial.label);
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
    "somebody changed it: restore it from where it was kept, or remove it and save another with `swath baseline save`";

/// Whether something exists at a path, even a broken link.
fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Checks that a baseline is possible; the error says what is not.
fn sound(state: &Snapshot) -> Result<(), String> {
    let Scope { k, queries, .. } = state.setting;
    if k == 0 || queries == 0 {
        return Err(format!("{queries} queries of {k} results make no baseline"));
    }
    if state.timing.as_ref().is_some_and(|timing| timing.threads == 0 || timing.queries == 0 || timing.passes == 0) {
        return Err("`timed` holds a count of 0".into());
    }
    let mut labels = HashSet::new();
    for trial in &state.trials {
        if !labels.insert(trial.label.as_str()) {
            return Err(format!("`{}` stands there twice", trial.label));
        }
        let mut names = HashSet::new();
        for MeasureValues { name, mean, .. } in &trial.measures {
            if !names.insert(name.as_str()) {
                return Err(format!("`{name}` of `{}` stands there twice", trial.label));
            }
            possible(name, *mean, k).map_err(|what| format!("`{name}` of `{}` {what}", trial.label))?;
        }
    }
    if labels.contains(state.reference.as_str()) {
        return Ok(());
    }
    Err(format!("its reference `{}` is none of its trials", state.reference))
}

/// Checks that a measure can have a value; the error says why not.
fn possible(name: &str, value: f64, k: usize) -> Result<(), String> {
    let (is_possible, range) = match MetricName::find(name) {
        Some(metric) => (metric.can_be(value, k), metric.about().range),
        None if name == CheckSpec::EVALUATIONS => (value.is_nan() || value.is_finite() && value >= 0.0, "from 0"),
        None => return Err("is no measure of this version of swath".into()),
    };
    if is_possible { Ok(()) } else { Err(format!("is {value}, and its range is {range}")) }
}
