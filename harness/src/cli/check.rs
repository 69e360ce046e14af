//! `swath check`.

use super::baseline::{absent, update_command};
use super::measure::MeasureArguments;
use super::outputs::{Outputs, code, report};
use super::places::Places;
use super::terminal::complain;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::ci::check::baseline::{self, Baseline, usual_path};
use swath::ci::check::outputs::Checked;
use swath::ci::check::{self, Snapshot};
use swath::config::Failure;
use swath::{escape, interrupt, version};

/// Run an experiment and compare it with a baseline; exit code 1 if it has become worse or slower
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath check configs/quickstart.yaml                      against configs/baselines/quickstart.yaml
  swath check configs/quickstart.yaml --quality-only       only metrics and evaluations, no times
  swath check my.yaml --baseline my.baseline.yaml --junit check.xml --markdown check.md")]
pub struct Arguments {
    #[command(flatten)]
    look: MeasureArguments,
    /// The baseline [default: baselines/NAME.yaml beside the experiment]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    outputs: Outputs,
}

impl Arguments {
    /// Compares an experiment with its baseline.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let Self { look, baseline, outputs } = self;
        outputs.refuse()?;
        // Errors of the experiment come before those of the baseline.
        look.open()?;
        let file = baseline.unwrap_or_else(|| usual_path(&look.config));
        if !file.exists() {
            return Err(absent(&file, &look.config));
        }
        let before = read(&file, &look.config)?;
        interrupt::say("stopped; nothing was compared".into());
        let (now, findings) = look.look(places, 1, |session, mut now, spec| {
            comparable(&before, &now, &file, &look.config)?;
            let timed_otherwise = before.timing.as_ref().zip(now.timing.as_ref()).and_then(|(was, is)| was.differs(is));
            if let Some(what) = timed_otherwise.filter(|_| !look.quality_only) {
                complain(&format!(
                    "note: times are not compared: {what}; `{}` times the baseline in the same way",
                    update_command(&look.config, &file)
                ));
            }
            let mut findings = check::compare(&before, &now, spec, !look.quality_only);
            let mut suspects = check::suspects(&findings);
            for _ in 0..check::AGAIN {
                if suspects.is_empty() {
                    break;
                }
                let rounds = session.time(&suspects, spec.rounds.size())?;
                let again = suspects.into_iter().zip(rounds).collect();
                suspects = check::look_again(&mut findings, &before, &mut now, again, spec);
            }
            check::give_up(&mut findings, &suspects);
            Ok((now, findings))
        })?;
        interrupt::say(String::new());
        let checked = Checked { before: &before, now: &now, findings: &findings, timed: !look.quality_only };
        report(&checked, &outputs, &file)?;
        Ok(code(&checked))
    }
}

/// Reads a baseline, and checks that this version of swath can compare with it.
fn read(file: &Path, config: &Path) -> Result<Snapshot, Failure> {
    let Baseline { state: before, missing, is_bound } = baseline::read(file)?;
    if let Some(what) = version::differs(&before.swath, version::THIS) {
        return Err(outdated(&what, file, config));
    }
    if !is_bound {
        return Err(Failure::Input(format!(
            "{} has no hash of its values, so they may belong to another baseline\n  \
             save a new baseline: {}",
            escape::path(file),
            update_command(config, file)
        )));
    }
    if missing.is_some() {
        return Err(Failure::Input(format!(
            "{} is missing: without the values of the queries the means cannot be verified\n  \
             restore it beside {}, or write both files again: {}",
            escape::path(&file.with_extension("hdf5")),
            escape::path(file),
            update_command(config, file)
        )));
    }
    Ok(before)
}

/// The error for a baseline of another version of swath.
fn outdated(what: &str, file: &Path, config: &Path) -> Failure {
    Failure::Input(format!(
        "{} is a baseline of another version: {what}; neither quality nor times are compared\n  \
         save a new baseline: {}",
        escape::path(file),
        update_command(config, file)
    ))
}

/// Checks that both snapshots have the same queries of the same dataset.
fn comparable(before: &Snapshot, now: &Snapshot, file: &Path, config: &Path) -> Result<(), Failure> {
    let Some(what) = before.setting.differs(&now.setting) else { return Ok(()) };
    Err(Failure::Input(format!(
        "{} does not fit this experiment: {what}\n  if the change is intended: {}",
        escape::path(file),
        update_command(config, file)
    )))
}
