//! `swath bench`.

use super::places::Places;
use super::terminal::{note, print};
use clap::{Args, value_parser};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::plot::format::three_digits;
use swath::progress::Progress;
use swath::record::machine::{self, Machine};
use swath::speed::{Line, Setting, measure};
use swath::{clock, escape};
use swath_datasets::whole_file;

/// Measure how fast swath's kernels are here, beside what this machine can do
#[derive(Args)]
#[command(after_help = "\
Prints a table in Markdown, to paste into an issue. Each round measures every line once, one after another; the table has \
the median of the rounds, the least and the greatest. A share compares a line with what the machine reached in the same round, and \
is the median of the rounds.

Examples:
  swath bench
  swath bench --rows 20000 --dim 768 --json bench.json")]
pub struct Arguments {
    /// Number of vectors, drawn around centres; at least 1000
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(1_000..=100_000_000))]
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
        self.json.as_deref().map_or(Ok(()), may_write)?;
        if setting.bytes() > machine::memory() {
            let (needed, limit) = (setting.bytes().div_ceil(1 << 20), machine::memory_limit());
            let Setting { rows, dim, .. } = setting;
            return Err(Failure::Input(format!(
                "to measure {rows} vectors of {dim} values takes about {needed} MiB, and {limit}; use fewer --rows"
            )));
        }
        if cfg!(debug_assertions) {
            note("this build of swath is not optimised, and slow; `cargo run --release -- bench` measures one that is");
        }
        let (machine, at) = (Machine::this(), clock::timestamp());
        let progress = Progress::steps("measuring", setting.rounds, false);
        let lines = measure(setting, |_| progress.step("one round"))
            .map_err(|error| Failure::Run(format!("{error}; {}", machine::memory_limit())))?;
        progress.finish();
        if let Some(path) = &self.json {
            let version = env!("CARGO_PKG_VERSION");
            let found = json!({ "swath": version, "at": at, "machine": machine, "setting": setting, "lines": lines });
            let folder = path.parent().map_or(Ok(()), whole_file::make_folder);
            let written = folder.and_then(|()| whole_file::write_new(path, format!("{found:#}\n").as_bytes()));
            // What was measured is not lost with the file.
            print(&text(&machine, setting, &lines))?;
            let unwritten = |error| Failure::Run(format!("cannot write {}: {error}", escape::path(path)));
            return written.map(|()| ExitCode::SUCCESS).map_err(unwritten);
        }
        print(&text(&machine, setting, &lines))
    }
}

/// Whether this file can be written, and is new.
fn may_write(path: &Path) -> Result<(), Failure> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(refused(path, &ErrorKind::AlreadyExists.into()));
    }
    whole_file::can_write(path).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let path = escape::path(path);
    if error.kind() == ErrorKind::AlreadyExists {
        return Failure::Input(format!("{path} already exists; name another file with --json"));
    }
    Failure::Input(format!("--json: cannot write {path}: {error}"))
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
        let share = line
            .share
            .zip(line.limit.as_ref())
            .map(|(share, limit)| format!("{} % of {limit}", three_digits(100.0 * share)));
        let [median, least, greatest] = [line.median, line.least, line.greatest].map(three_digits);
        let numbers = format!("{median} {} | {least} to {greatest}", line.unit.name());
        // Writing into a text does not fail.
        let _ = writeln!(text, "| {} | {} | {numbers} | {} |", line.what, line.threads, share.unwrap_or_default());
    }
    text
}
