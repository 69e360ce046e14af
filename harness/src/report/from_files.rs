//! Reports from the files of runs alone: of one run, and of several.

use super::{FILES, Several};
use crate::config::{Failure, ReportSpec};
use crate::findings::summary::Summary;
use crate::findings::{LoadedRun, load};
use crate::record::excerpt;
use crate::record::folder::{MANIFEST, TRIALS, UNFINISHED};
use crate::record::manifest::Manifest;
use crate::record::output_folder::{FolderKind, OutputFolder};
use std::path::{Path, PathBuf};

/// Writes the report of a run into its folder. `spec`, if given, replaces the experiment's own `report` section. Returns the
/// summary (`None` if no trial succeeded), the manifest, and notes, such as why a figure could not be drawn.
///
/// # Errors
/// As [`load`], and [`Failure::Run`] where the report cannot be written.
pub fn report(folder: &Path, spec: Option<&ReportSpec>) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    // Results that cannot be read are the first error, before a folder that cannot be written.
    let (found, manifest) = load(folder)?;
    let out = OutputFolder::open(folder, &[FolderKind::Run, FolderKind::Import])?;
    out.tidy();
    let reported = report_of(found, manifest, &out, spec)?;
    out.settle();
    Ok(reported)
}

/// Writes a report as [`report()`] does, into a folder that is open.
///
/// # Errors
/// As [`report()`].
pub fn report_into(
    out: &OutputFolder,
    spec: Option<&ReportSpec>,
) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    let (found, manifest) = load(out.path())?;
    report_of(found, manifest, out, spec)
}

/// Writes the report of loaded results.
fn report_of(
    found: Option<LoadedRun>,
    manifest: Manifest,
    out: &OutputFolder,
    spec: Option<&ReportSpec>,
) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    let is_result = |name: &str| {
        let prefixes = [TRIALS, UNFINISHED].map(|folder| name.strip_prefix(folder));
        name == MANIFEST || name == excerpt::FILE || prefixes.iter().flatten().any(|rest| rest.starts_with('/'))
    };
    out.refuse(|name| !is_result(name), &FILES.map(str::to_owned))?;
    let Some(found) = found else {
        // A page of an earlier run must not be taken for this run's.
        out.remove("index.html");
        return Ok((None, manifest, out.kept()));
    };
    let written = manifest.experiment.report::<ReportSpec>().map_err(|error| {
        Failure::Input(format!("{}: its report section cannot be read ({error})", out.path().display()))
    })?;
    let spec = spec.cloned().or(written).unwrap_or_default();
    let notes = super::write(out, &found, &spec)?;
    Ok((Some(found.summary), manifest, notes.into_iter().chain(out.kept()).collect()))
}

/// Writes one report of several runs into `folder`. Returns its verdict, and a note on characters that no figure can show.
///
/// # Errors
/// As [`report()`]; and [`Failure::Input`] if no trial of a run succeeded.
pub fn report_several(folders: &[PathBuf], folder: &Path) -> Result<(Vec<String>, Option<String>), Failure> {
    let load = |folder: &PathBuf| {
        let nothing = || Failure::Input(format!("{}: no trial of this run succeeded", folder.display()));
        Ok((folder.clone(), load(folder)?.0.ok_or_else(nothing)?))
    };
    let runs = folders.iter().map(load).collect::<Result<Vec<_>, Failure>>()?;
    let several = Several::new(runs);
    let out = OutputFolder::open(folder, &[FolderKind::Several])?;
    out.tidy();
    let files = ["several.csv", "changes.csv", "plots/captions.txt", "index.html"];
    out.refuse(|_| true, &files.map(str::to_owned))?;
    let lacking = several.write(&out)?;
    out.settle();
    Ok((several.verdict(), lacking))
}
