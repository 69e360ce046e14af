//! `swath reproduce`.

use super::places::{Places, own_graphs};
use super::shown::Shown;
use super::terminal::{complain, note, print};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::ci::reproduce::{self, RecordedRun};
use swath::config::Failure;
use swath::record::folder::CellKind;
use swath::record::output_folder::{self, FolderKind};
use swath::record::results;
use swath::run::Means;
use swath::run::cache::Cache;
use swath::run::experiment::RunOptions;
use swath::run::unfinished::Start;
use swath::{escape, interrupt, version};

/// Run an experiment again from a run's folder and list the differences; exit code 1 if results differ or trials fail
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath reproduce reports/quickstart
  swath reproduce reports/paper --out /tmp/paper-again      and keep the second run")]
pub struct Arguments {
    /// The folder of a run
    folder: PathBuf,
    /// Folder for the second run [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Use the dataset and graphs that earlier runs kept, instead of reading and building each again
    #[arg(long)]
    cached_graphs: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl Arguments {
    /// Runs the experiment of a run's folder again and lists the differences.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let Self { folder, out, cached_graphs, quiet } = self;
        if let Some(kind) = CellKind::of(&folder) {
            let message = format!("{} is {} and not a run", escape::path(&folder), kind.words());
            return Err(Failure::Input(message + "\n  give one of its runs, which are folders in it"));
        }
        let (manifest, before) = results::read(&folder).map_err(|error| Failure::Input(error.to_string()))?;
        // Printed before the run, which takes time.
        reproduce::caution(&manifest, version::THIS).iter().for_each(|caution| complain(caution));
        if let Some(out) = &out {
            is_elsewhere(out, &folder)?;
        }
        // Its dataset is read again, too, unless builds may be taken from the cache.
        let resources = places.resources().keeping_if(cached_graphs);
        let (prepared, cell) = reproduce::planned_again(&folder, &manifest, resources)?;
        let failed = |error: std::io::Error| Failure::Run(format!("temporary files cannot be written: {error}"));
        let temporary = tempfile::Builder::new().prefix("swath-again-").tempdir().map_err(failed)?;
        let _vanishing = interrupt::Vanishing::new(temporary.path());
        let kept = out.is_some();
        let out = out.unwrap_or_else(|| temporary.path().join("again"));
        let own = own_graphs()?;
        let graphs = Cache::new(own.path().to_owned());
        let program = version::program_file();
        let means = Means {
            program: Some(&program),
            resources,
            cache: if cached_graphs { places.cache.as_ref() } else { Some(&graphs) },
            cell: cell.as_ref(),
        };
        let again = Shown::new(&["reproduce"]).path(&folder).option("--out", Some(&out)).whole();
        let start = if kept { Start::GoOn } else { Start::Fresh };
        prepared.run(&out, &RunOptions { means, start: &start, quiet, say: &note, again: &again })?;
        let (second, now) = results::read(&out).map_err(|error| Failure::Run(error.to_string()))?;
        let found = reproduce::differences(
            RecordedRun { manifest: &manifest, results: &before },
            RecordedRun { manifest: &second, results: &now },
        );
        let mut lines = found.circumstances.clone();
        lines.extend(found.results.iter().map(|what| format!("differs: {what}")));
        if found.failed > 0 {
            let (failed, all) = (found.failed, manifest.trials.len());
            lines.push(format!(
                "not reproduced: {failed} of {all} trials failed in both runs, and have no results to compare"
            ));
        }
        if found.results.is_empty() && !now.trials.is_empty() {
            let (trials, queries) = (now.trials.len(), prepared.plan.queries.len());
            let trials = if trials == 1 { "1 trial returns".into() } else { format!("{trials} trials return") };
            let queries = if queries == 1 { "the 1 query".into() } else { format!("all {queries} queries") };
            lines.push(format!("reproduced: {trials} the same results for {queries}, and all metrics agree"));
        }
        lines.extend(found.times.map(|times| format!("queries took {times:.2} times as long (median over trials)")));
        lines.extend(kept.then(|| format!("the second run: {}", out.display())));
        let lines: Vec<_> = lines.iter().map(|line| escape::terminal(line)).collect();
        print(&(lines.join("\n") + "\n"))?;
        Ok(if found.results.is_empty() && found.failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// Checks that the second run can be written to a folder without replacing the first.
fn is_elsewhere(out: &Path, first: &Path) -> Result<(), Failure> {
    output_folder::check_unchanged(out, &[FolderKind::Run])?;
    let is_same = std::fs::canonicalize(out).is_ok_and(|out| std::fs::canonicalize(first).is_ok_and(|run| run == out));
    if !is_same {
        return Ok(());
    }
    let message = format!("{} is the folder of the run to reproduce", escape::path(out));
    Err(Failure::Input(message + "\n  name another folder with --out"))
}
