//! Writes reports into folders, from the files of runs alone.

use super::{FILES, Several};
use crate::config::{Failure, ReportSpec};
use crate::findings::summary::Summary;
use crate::findings::{Found, load};
use crate::record::excerpt;
use crate::record::folder::{MANIFEST, TRIALS, UNFINISHED};
use crate::record::manifest::Manifest;
use crate::record::output_folder::{Kind, OutputFolder};
use std::path::{Path, PathBuf};

/// Writes the report of a folder from its result files alone, with `spec` in place of what its experiment says of the
/// report if that is given; the summary is `None` if no trial succeeded. Returns, too, why figures could not be drawn.
///
/// # Errors
/// As [`load`], and [`Failure::Run`] where the report cannot be written.
pub fn report(folder: &Path, spec: Option<&ReportSpec>) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    // What cannot be reported is said before what cannot be written.
    let loaded = load(folder)?;
    let out = OutputFolder::open(folder, &[Kind::Run, Kind::Import])?;
    out.tidy();
    let reported = report_of(loaded, &out, spec)?;
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
    report_of(load(out.path())?, out, spec)
}

/// Writes the report of what was loaded.
fn report_of(
    (found, manifest): (Option<Found>, Manifest),
    out: &OutputFolder,
    spec: Option<&ReportSpec>,
) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    let is_result = |name: &str| {
        let prefixes = [TRIALS, UNFINISHED].map(|folder| name.strip_prefix(folder));
        name == MANIFEST || name == excerpt::FILE || prefixes.iter().flatten().any(|rest| rest.starts_with('/'))
    };
    out.refuse(|name| !is_result(name), &FILES.map(str::to_owned))?;
    let Some(found) = found else {
        // Nobody shall take what an earlier run left here for this one's.
        out.remove("index.html");
        return Ok((None, manifest, out.kept()));
    };
    let written = manifest.experiment.report::<ReportSpec>().map_err(|error| {
        Failure::Input(format!("{}: what it says of the report cannot be read ({error})", out.path().display()))
    })?;
    let spec = spec.cloned().or(written).unwrap_or_default();
    let notes = super::write(out, &found, &spec)?;
    Ok((Some(found.summary), manifest, notes.into_iter().chain(out.kept()).collect()))
}

/// Writes one report of several runs into `folder`; returns what it says on top, and which characters no figure can show.
///
/// # Errors
/// As [`report()`]; and [`Failure::Input`] where a run has nothing to report.
pub fn report_several(folders: &[PathBuf], folder: &Path) -> Result<(Vec<String>, Option<String>), Failure> {
    let load = |folder: &PathBuf| {
        let nothing = || Failure::Input(format!("{}: no trial of this run succeeded", folder.display()));
        Ok((folder.clone(), load(folder)?.0.ok_or_else(nothing)?))
    };
    let runs = folders.iter().map(load).collect::<Result<Vec<_>, Failure>>()?;
    let several = Several::new(runs);
    let out = OutputFolder::open(folder, &[Kind::Several])?;
    out.tidy();
    let files = ["several.csv", "changes.csv", "plots/captions.txt", "index.html"];
    out.refuse(|_| true, &files.map(str::to_owned))?;
    let lacking = several.write(&out)?;
    out.settle();
    Ok((several.verdict(), lacking))
}
