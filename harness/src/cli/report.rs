//! `swath report`.

use super::places::Places;
use super::results::{finish, finish_cells};
use super::terminal::{note, print, with_help};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::{self, Failure};
use swath::escape;
use swath::record::folder::CellKind;
use swath::record::output_folder::{self, FolderKind};
use swath::report::{cells, from_files};

/// Write the report of a run again from its result files, or one report of several runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath report reports/quickstart
  swath report reports/quickstart --config configs/quickstart.yaml
  swath report reports/words reports/images --out reports/both     several datasets or versions on one page")]
pub struct Arguments {
    /// The folder of a run; if there are several, the others are compared with the first
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Folder for the report of several runs: new, empty, or with an earlier report of several runs [default: reports/several]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    out: Option<PathBuf>,
    /// An experiment whose section `report` is used instead of the run's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Arguments {
    /// Writes the report of one run again, or one of several runs.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        reports(&self.folders, self.config.as_deref(), self.out)
    }
}

/// Writes the report of one run again, or one of several runs.
fn reports(folders: &[PathBuf], config: Option<&Path>, out: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let refuse = |message: &str, help: &str| Err(Failure::Input(with_help(message.into(), &[help.into()])));
    match folders {
        [folder] if out.is_none() => report(folder, config),
        [_] => refuse("--out is for several runs", "the report of one run is written into its own folder"),
        _ if config.is_some() => refuse("--config is for one run", "give one folder"),
        _ => {
            if let Some((folder, kind)) = folders.iter().find_map(|folder| Some((folder, CellKind::of(folder)?))) {
                let message = format!("{} is {} and not a run", escape::path(folder), kind.words());
                return refuse(&message, "give its runs, which are folders in it");
            }
            let out = out.unwrap_or_else(|| Path::new("reports").join("several"));
            output_folder::check_unchanged(&out, &[FolderKind::Several])?;
            let (verdict, lacking) = from_files::report_several(folders, &out)?;
            lacking.iter().for_each(|text| note(text));
            let verdict: Vec<_> = verdict.iter().map(|sentence| escape::terminal(sentence)).collect();
            print(&format!("{}\n\nreport: {}\n", verdict.join("\n\n"), escape::path(&out.join("index.html"))))
        }
    }
}

/// Writes a report again. If `config` is given, its section `report` is used instead of the run's.
fn report(folder: &Path, config: Option<&Path>) -> Result<ExitCode, Failure> {
    let spec = config.map(|config| config::open(config).map(|file| file.experiment.report)).transpose()?;
    if let Some(kind) = CellKind::of(folder) {
        return finish_cells(folder, kind, &cells::report(folder, kind, spec.as_ref())?);
    }
    let (summary, manifest, notes) = from_files::report(folder, spec.as_ref())?;
    notes.iter().for_each(|text| note(text));
    finish(folder, summary.as_ref(), &manifest)
}
