//! `swath import`.

use super::places::Places;
use super::results;
use super::terminal::{complain, note};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::exchange::import::{Refusal, Wanted, import};
use swath::record::Mode;
use swath::record::machine::memory;

/// Read results of ann-benchmarks or VIBE, compute the metrics of swath, and report them
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath import ann-benchmarks --dataset glove-100-angular --count 10
  swath import ann --dataset glove-wordnet-20k-500-queries --out reports/again")]
pub struct Arguments {
    /// The folder of ann-benchmarks or VIBE with `results` and, optionally, `data`
    folder: PathBuf,
    /// The dataset's name below `results`
    #[arg(long, value_name = "NAME")]
    dataset: String,
    /// Results per query; needed only if there are several choices
    #[arg(long, value_name = "K")]
    count: Option<usize>,
    /// Read the results in mode batch if there are both modes
    #[arg(long)]
    batch: bool,
    /// Folder for the imported run [default: reports/NAME-K-imported]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace another import in this folder
    #[arg(long)]
    fresh: bool,
}

impl Arguments {
    /// Reads results of another program and reports them.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let command = |k: usize, mode: Mode| {
            format!(
                "swath import {} --dataset {} --count {k}{}",
                escape::shell(self.folder.as_os_str()),
                escape::shell(self.dataset.as_ref()),
                if mode == Mode::Batch { " --batch" } else { "" }
            )
        };
        let wanted = Wanted {
            folder: &self.folder,
            dataset: &self.dataset,
            count: self.count,
            batch: self.batch,
            out: self.out.as_deref(),
            fresh: self.fresh,
            command: &command,
        };
        let imported = import(&wanted, &places.data, memory()).map_err(helped)?;
        imported.manifest.notes.iter().for_each(|text| note(text));
        let left_out = &imported.left_out;
        left_out.iter().for_each(|what| complain(&format!("error: left out: {what}")));
        let ended = results::finish(&imported.folder, imported.summary.as_ref(), &imported.manifest)?;
        Ok(if left_out.is_empty() { ended } else { ExitCode::from(1) })
    }
}

/// A refusal with the option that helps.
fn helped(refusal: Refusal) -> Failure {
    let message = refusal.to_string();
    match refusal {
        Refusal::Failure(failure) => failure,
        Refusal::SeveralCounts { counts, .. } => {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            Failure::Input(format!("{message}\n  choose one with --count: {}", counts.join(", ")))
        }
        Refusal::AlreadyThere(_) => Failure::Input(message + "\n  --fresh replaces it; --out names another folder"),
    }
}
