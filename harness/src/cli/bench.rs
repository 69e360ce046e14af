//! `swath bench`.

use super::places::Places;
use super::terminal::{note, print};
use clap::{Args, value_parser};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::plot::format::three_digits;
use swath::progress::Progress;
use swath::record::machine::Machine;
use swath::speed::{Line, Setting, measure};
use swath::{clock, escape};

/// Measure how fast swath's kernels are here, beside what this machine can do
#[derive(Args)]
#[command(after_help = "\
Prints a table in Markdown, to paste into an issue. Each round measures every line once, one after another; the table has \
the median of the rounds, the least and the greatest. A share compares a line with what the machine reached in the same rounds.

Examples:
  swath bench
  swath bench --rows 20000 --dim 768 --json bench.json")]
pub struct Arguments {
    /// Number of vectors, drawn around centres
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(1..=100_000_000))]
    rows: u64,
    /// Their dimension
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u64).range(1..=65_536))]
    dim: u64,
    /// Rounds
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=1_000))]
    rounds: u64,
    /// Also write the table as JSON to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Arguments {
    /// Measures, and prints the table.
    pub fn run(self, _: &Places) -> Result<ExitCode, Failure> {
        let setting = Setting { rows: self.rows as usize, dim: self.dim as usize, rounds: self.rounds as usize };
        // Before anything is measured: a file that cannot be written costs no time.
        let file = self.json.as_deref().map(new_file).transpose()?;
        if cfg!(debug_assertions) {
            note("this build of swath is not optimised, and slow; `cargo run --release -- bench` measures one that is");
        }
        let (machine, at) = (Machine::this(), clock::timestamp());
        let progress = Progress::steps("measuring", setting.rounds, false);
        let lines = measure(setting, |_| progress.step("one round"))
            .map_err(|error| Failure::Run(format!("threads cannot be started: {error}")))?;
        progress.finish();
        if let Some((mut file, path)) = file.zip(self.json.as_deref()) {
            let version = env!("CARGO_PKG_VERSION");
            let found = json!({ "swath": version, "at": at, "machine": machine, "setting": setting, "lines": lines });
            let text = format!("{found:#}\n");
            let unwritten = |error| Failure::Run(format!("{}: {error}", escape::path(path)));
            file.write_all(text.as_bytes()).map_err(unwritten)?;
        }
        print(&text(&machine, setting, &lines))
    }
}

/// A new file.
fn new_file(path: &Path) -> Result<std::fs::File, Failure> {
    OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        let help =
            if error.kind() == ErrorKind::AlreadyExists { "; name another file, or move this one away" } else { "" };
        Failure::Input(format!("--json {}: {error}{help}", escape::path(path)))
    })
}

/// The table in Markdown, with what it is of.
fn text(machine: &Machine, setting: Setting, lines: &[Line]) -> String {
    let Setting { rows, dim, rounds } = setting;
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "swath {version}, {}, {} cores, {}; {rows} x {dim} vectors, angular; {}\n\n\
         | what | threads | median | least to greatest | share of the limit |\n|---|---|---|---|---|\n",
        escape::terminal(&machine.cpu),
        machine.cores,
        escape::terminal(&machine.os),
        if rounds == 1 { "one round".into() } else { format!("medians of {rounds} rounds") }
    );
    for line in lines {
        let share =
            line.share.zip(line.limit.as_ref()).map(|(share, limit)| format!("{:.0} % of {limit}", 100.0 * share));
        let [median, least, greatest] = [line.median, line.least, line.greatest].map(three_digits);
        let numbers = format!("{median} {} | {least} to {greatest}", line.unit.name());
        // Writing into a text does not fail.
        let _ = writeln!(text, "| {} | {} | {numbers} | {} |", line.what, line.threads, share.unwrap_or_default());
    }
    text
}
