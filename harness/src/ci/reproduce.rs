//! Plans a run again from its manifest, and compares the two runs.

use crate::config::{self, Failure, YamlSource};
use crate::plan::{self, Cell, Prepared, Resources, cells};
use crate::plot::format::decimals;
use crate::record::label;
use crate::record::manifest::Manifest;
use crate::record::results::{Results, TrialResult};
use crate::statistics::Column;
use crate::{path, version};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Metric values that differ by at most this count as equal: different kinds of processors differ that much.
const SAME: f64 = 1e-6;

/// Plans the experiment of a run's folder again. Also returns the cell if the folder is a cell of a sweep.
///
/// # Errors
/// [`Failure`] if the manifest, the experiment in it, or its dataset is wrong.
pub fn planned_again(
    folder: &Path,
    manifest: &Manifest,
    resources: Resources<'_>,
) -> Result<(Prepared, Option<Cell>), Failure> {
    // The path of the experiment matters only if it names its dataset by a path.
    let paths = manifest.config_paths(folder);
    let is_there =
        |path: &&PathBuf| path.parent().is_some_and(|folder| folder.as_os_str().is_empty() || folder.is_dir());
    let path = paths.iter().find(is_there).or(paths.last()).cloned();
    let path = path.unwrap_or_else(|| folder.join("experiment.yaml"));
    let file = config::parse(YamlSource::parse(path, manifest.config.clone())?)?;
    let sha256 = Some(manifest.dataset.sha256.as_str());
    let moved = |failure| if_moved(failure, folder, manifest);
    let same_lists = |prepared: Prepared| match prepared.lists.changed(&manifest.lists) {
        Some(what) => Err(Failure::Input(what)),
        None => Ok(prepared),
    };
    let cells = cells::cells(&file.experiment);
    if cells.is_empty() {
        let prepared = plan::prepare_experiment(file, None, sha256, resources).map_err(moved)?;
        return Ok((same_lists(prepared)?, None));
    }
    let name = folder.canonicalize().ok().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let cell = cells.into_iter().find(|cell| Some(&cell.folder) == name.as_ref());
    let cell = cell.ok_or_else(|| {
        Failure::Input(format!(
            "{}: the experiment in its manifest has no run with this folder's name",
            folder.display()
        ))
    })?;
    let prepared = cells::prepare_cell(&file, &cell, sha256, resources).map_err(moved)?;
    Ok((same_lists(prepared)?, Some(cell)))
}

/// Adds to a problem with the dataset that the run's folder was moved, if its experiment is not where it was.
fn if_moved(failure: Failure, folder: &Path, manifest: &Manifest) -> Failure {
    let paths = manifest.config_paths(folder);
    let Failure::Invalid(mut invalid) = failure else { return failure };
    if paths.iter().any(|path| path.is_file()) {
        return Failure::Invalid(invalid);
    }
    let looked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    for problem in invalid.problems.iter_mut().filter(|problem| problem.path == path!["dataset"]) {
        let mut help = format!(
            "the run's folder or its experiment was moved: the experiment, from whose folder this path starts, is not at {}",
            looked.join(" or ")
        );
        if let Some(way) = &manifest.config_from_here {
            let _ = write!(help, "; bring the dataset to the same place, seen from {}", way.display());
        }
        problem.help.insert(0, help);
    }
    Failure::Invalid(invalid)
}

/// What differs between two runs of one experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunDifferences {
    /// Differences in results, metrics, evaluations and failures, a sentence each.
    pub results: Vec<String>,
    /// Differences in program, compiler and machine, a sentence each. These alone are no failure.
    pub circumstances: Vec<String>,
    /// The number of trials that failed in both runs, and so have no results to compare.
    pub failed: usize,
    /// The second run's query time, divided by the first run's; the median over trials.
    pub times: Option<f64>,
}

/// A caution if `again`, the version of swath that repeats a run, differs from the version that made it.
pub fn caution(manifest: &Manifest, again: &str) -> Option<String> {
    let what = version::differs(&manifest.swath, again)?;
    Some(format!("caution: {what}; to reproduce the run, use swath {} ({})", manifest.swath, manifest.revision))
}

/// A run as its folder records it.
#[derive(Clone, Copy)]
pub struct RecordedRun<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The results of the trials that succeeded.
    pub results: &'a Results,
}

/// Compares a run with its repetition.
pub fn differences(before: RecordedRun<'_>, again: RecordedRun<'_>) -> RunDifferences {
    let mut found = RunDifferences::default();
    let (first, second) = (before.manifest, again.manifest);
    found.circumstances.extend(caution(first, &second.swath));
    let program = |manifest: &Manifest| format!("swath {} ({})", manifest.swath, manifest.revision);
    let machine = |manifest: &Manifest| {
        let machine = &manifest.machine;
        format!("{}, {} cores, {}", machine.cpu, machine.cores, machine.os)
    };
    let pairs = [
        ("program", program(first), program(second)),
        ("compiler", first.rustc.clone(), second.rustc.clone()),
        ("machine", machine(first), machine(second)),
    ];
    for (what, then, now) in pairs.into_iter().filter(|(_, then, now)| then != now) {
        found.circumstances.push(format!("{what} differs: {then} then, {now} now"));
    }
    for then in &first.trials {
        let name = then.label();
        let Some(now) = second.trials.iter().find(|now| now.label() == name) else { continue };
        match (&then.failed, &now.failed) {
            (None, Some(reason)) => found.results.push(format!("{name} fails now: {reason}")),
            (Some(reason), None) => found.results.push(format!("{name} failed then, but not now: {reason}")),
            (Some(_), Some(_)) => found.failed += 1,
            (None, None) => {}
        }
    }
    let mut ratios = Vec::new();
    for then in &before.results.trials {
        let is_same = |now: &&TrialResult| now.plain_name() == then.plain_name() && now.point == then.point;
        let name = label(then.plain_name(), &then.point);
        match again.results.trials.iter().find(is_same) {
            Some(now) => {
                found.results.extend(differs(then, now, before.results).map(|what| format!("{name}: {what}")));
                // Lists from files are found at no cost.
                if !then.params.is_listed() {
                    ratios.push(now.best_search_seconds / then.best_search_seconds);
                }
            }
            None if second.trials.iter().all(|trial| trial.label() != name) => {
                found.results.push(format!("{name} is missing now"));
            }
            None => {}
        }
    }
    ratios.retain(|ratio| ratio.is_finite());
    found.times = (!ratios.is_empty()).then(|| swath_algorithms::kernel::median(&mut ratios));
    found
}

/// What differs between two results of a trial.
fn differs(then: &TrialResult, now: &TrialResult, results: &Results) -> Option<String> {
    if then.query_ids != now.query_ids || then.k != now.k {
        return Some("its queries or its k differ".into());
    }
    let queries = then.query_ids.len();
    let answers = (0..queries).filter(|&query| !then.answer(query).eq(now.answer(query))).count();
    let mut parts = Vec::new();
    if answers > 0 {
        parts.push(format!("{answers} of {queries} queries return different results"));
    }
    for (i, metric) in results.metrics.iter().enumerate() {
        let (Some(then), Some(now)) = (then.metrics.get(i), now.metrics.get(i)) else { continue };
        let apart = |(a, b): &(&f64, &f64)| (*a - *b).abs() > SAME || a.is_nan() != b.is_nan();
        let count = then.iter().zip(now).filter(apart).count();
        if count > 0 {
            let of = |values: &[f64]| decimals(Column::new(values).mean(), 4);
            parts.push(format!("{} {} then, {} now", metric.name(), of(then), of(now)));
        }
    }
    let counts = then.evaluations.iter().zip(&now.evaluations).filter(|(a, b)| a != b).count();
    if counts > 0 && !then.evaluations.is_empty() {
        parts.push(format!("{counts} of {queries} queries take a different number of similarity evaluations"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
