//! `swath compare`.

use super::outputs::{Outputs, code, report};
use super::places::Places;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::ci::check::outputs::Checked;
use swath::ci::check::{self, Snapshot};
use swath::config::{CheckSpec, Failure, is_tolerance};
use swath::escape;
use swath::record::manifest::Manifest;
use swath::record::results;

/// Compare two runs of one experiment by the rules of `check`; exit code 1 if quality has become worse
#[derive(Args)]
#[command(after_help = "Example:\n  swath compare reports/before reports/after --markdown changes.md")]
pub struct Arguments {
    /// The folder of the first run
    before: PathBuf,
    /// The folder of the second run
    after: PathBuf,
    #[command(flatten)]
    outputs: Outputs,
}

impl Arguments {
    /// Compares two runs.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        let Self { before, after, outputs } = self;
        let folders = [before.as_path(), after.as_path()];
        outputs.refuse()?;
        let read = |folder: &Path| results::read(folder).map_err(|error| Failure::Input(error.to_string()));
        let [(first, before), (second, now)] = [read(folders[0])?, read(folders[1])?];
        let (before, now) = (Snapshot::of_run(&first, &before), Snapshot::of_run(&second, &now));
        if let Some(what) = before.setting.differs(&now.setting) {
            let message =
                format!("{} and {} cannot be compared: {what}", escape::path(folders[0]), escape::path(folders[1]));
            return Err(Failure::Input(message));
        }
        let spec = spec(&second, folders[1])?;
        let mut findings = check::compare(&before, &now, &spec, true);
        check::once(&mut findings);
        let checked = Checked { before: &before, now: &now, findings: &findings, timed: true };
        report(&checked, &outputs, folders[1])?;
        Ok(code(&checked))
    }
}

/// The section `check` of a run's experiment.
fn spec(manifest: &Manifest, folder: &Path) -> Result<CheckSpec, Failure> {
    // An imported run has no such section.
    let spec = manifest.experiment.check().map(Option::unwrap_or_default).map_err(|error| error.to_string());
    let spec = spec.and_then(|spec: CheckSpec| match spec.tolerance.iter().find(|(_, share)| !is_tolerance(**share)) {
        Some((measure, share)) => {
            Err(format!("the tolerance of `{measure}` must be a share from 0 to 10, but it is {share:?}"))
        }
        None => Ok(spec),
    });
    spec.map_err(|what| {
        let path = folder.join("manifest.json");
        Failure::Input(format!("{}: its section `check` is wrong: {what}", path.display()))
    })
}
