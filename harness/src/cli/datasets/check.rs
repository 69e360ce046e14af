//! `swath datasets check`.

use crate::cli::places::Places;
use crate::cli::terminal::{print, print_raw};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::plan::dataset_failure;
use swath::record::machine::memory;
use swath_datasets::audit::{Checked, Severity, audit};
use swath_datasets::{Capacity, Location};

/// Look for what is wrong or odd in a dataset: copies, leaks, ties, wrong units
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath datasets check glove-wordnet-20k
  swath datasets check vectors.hdf5 --json

Exit codes: 0 the dataset can be read, whatever was found; 2 it cannot.")]
pub struct Arguments {
    /// A dataset's name, or the path of its HDF5 file or folder
    dataset: PathBuf,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Checks a dataset.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let location = places.find(&self.dataset)?;
        // What the reader refuses, such as values that are NaN, is the finding.
        let capacity = Capacity::with_scratch(memory(), None);
        let dataset = location.read(&capacity).map_err(|error| dataset_failure(&error))?;
        let found = audit(&dataset, self.seed);
        if self.json { print_raw(&json_text(&location, self.seed, &found)) } else { print(&text(&location, &found)) }
    }
}

/// A line for each finding, and what to do below it.
fn text(location: &Location, found: &[Checked]) -> String {
    let mut text = format!("{}\n", escape::terminal(&location.to_string()));
    let width = found.iter().map(|checked| checked.check.chars().count()).max().unwrap_or(0);
    for Checked { check, findings } in found {
        for finding in findings {
            let severity = match finding.severity {
                Severity::Fine => "fine",
                Severity::Note => "note",
                Severity::Warning => "WARNING",
            };
            let _ = writeln!(text, "{check:width$}  {severity:7}  {}", escape::terminal(&finding.what));
            if let Some(remedy) = &finding.remedy {
                let _ = writeln!(text, "{:width$}  - {}", "", escape::terminal(remedy));
            }
        }
    }
    let count = |severity: Severity| {
        found.iter().flat_map(|checked| &checked.findings).filter(|finding| finding.severity == severity).count()
    };
    let (warnings, notes) = (count(Severity::Warning), count(Severity::Note));
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let _ = writeln!(text, "{}, {}", plural(warnings, "warning"), plural(notes, "note"));
    text
}

/// The findings as JSON, with a line end.
fn json_text(location: &Location, seed: u64, found: &[Checked]) -> String {
    let document = json!({ "dataset": location.to_string(), "seed": seed, "checks": found });
    format!("{document:#}\n")
}
