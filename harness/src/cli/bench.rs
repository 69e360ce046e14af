//! `swath bench`.

use super::places::Places;
use super::terminal::{complain, note, print};
use clap::{Args, value_parser};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::plot::format::{decimals, three_digits};
use swath::progress::Progress;
use swath::record::machine::{self, Machine};
use swath::speed::growth::{self, Growth};
use swath::speed::{Line, Setting, Unmeasured, measure};
use swath::{clock, escape};
use swath_datasets::whole_file;

/// Measure how fast swath's kernels are here, beside what this machine can do
#[derive(Args)]
#[command(after_help = "\
Prints a table in Markdown, to paste into an issue. Each round measures every line once, one after another; the table has \
the median of the rounds, the least and the greatest. A share compares a line with what the machine reached in the same round, and \
is the median of the rounds. There are no lines of codes where search would not use codes.

With --growth, three tables tell how time grows: with the number of vectors (a hundredth to all of --rows, at least 1000, of --dim \
values), with their dimension (32 to 1536), and with the size of the pool that selectors pick from. All rounds of a line at one size \
follow each other, so caches are warm. The exponent is that of the power of the size that fits the times best: 1 where time is in \
proportion to the size. What takes longer than three seconds is done once. A dash stands where search would not use codes, \
and where grasshopper would take minutes.

Examples:
  swath bench
  swath bench --growth
  swath bench --rows 20000 --dim 768 --json bench.json")]
pub struct Arguments {
    /// Number of vectors, drawn around centres; at least 1000 [default: 100000, with --growth 1000000]
    #[arg(long, value_parser = value_parser!(u64).range(1_000..=100_000_000))]
    rows: Option<u64>,
    /// Their dimension
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u64).range(1..=65_536))]
    dim: u64,
    /// Rounds
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=1_000))]
    rounds: u64,
    /// Measure how time grows with the number of vectors, their dimension and the size of pools
    #[arg(long)]
    growth: bool,
    /// Also write the table as JSON to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Arguments {
    /// Measures, and prints the tables.
    pub fn run(self, _: &Places) -> Result<ExitCode, Failure> {
        let rows = self.rows.unwrap_or(if self.growth { 1_000_000 } else { 100_000 });
        let setting = Setting { rows: rows as usize, dim: self.dim as usize, rounds: self.rounds as usize };
        // Before anything is measured: a file that cannot be written costs no time.
        self.json.as_deref().map_or(Ok(()), may_write)?;
        self.check(setting)?;
        if cfg!(debug_assertions) {
            note("this build of swath is not optimised, and slow; `cargo run --release -- bench` measures one that is");
        }
        let (machine, at) = (Machine::this(), clock::timestamp());
        let load = machine::load();
        if let Some(load) = load.filter(|load| *load > machine.cores as f64 / 2.0) {
            complain(&format!(
                "caution: the load average is {load:.1} on {} cores: another program runs, or did in the minute before, such as a \
                 build. If it runs on, times are longer, and shares and exponents mean little",
                machine.cores
            ));
        }
        let mut found = json!({
            "swath": env!("CARGO_PKG_VERSION"), "at": at, "machine": machine, "load": load, "setting": setting
        });
        if self.growth {
            found["growth"] = json!(grow(setting, &machine)?);
        } else {
            found["lines"] = json!(tabulate(setting, &machine)?);
        }
        let Some(path) = &self.json else { return Ok(ExitCode::SUCCESS) };
        let folder = path.parent().map_or(Ok(()), whole_file::make_folder);
        let written = folder.and_then(|()| whole_file::write_new(path, format!("{found:#}\n").as_bytes()));
        let unwritten = |error| Failure::Run(format!("cannot write {}: {error}", escape::path(path)));
        written.map(|()| ExitCode::SUCCESS).map_err(unwritten)
    }

    /// Whether this can be measured here.
    fn check(&self, setting: Setting) -> Result<(), Failure> {
        let Setting { rows, dim, .. } = setting;
        if self.growth && growth::numbers_of_rows(setting).len() < 2 {
            return Err(Failure::Input(format!(
                "--growth compares numbers of vectors from {} on, the second largest of which is a third of --rows; use \
                 --rows {} or more",
                growth::FEWEST,
                3 * growth::FEWEST
            )));
        }
        let bytes = if self.growth { growth::bytes(setting) } else { setting.bytes() };
        if bytes > machine::memory() {
            let (needed, limit) = (bytes.div_ceil(1 << 20), machine::memory_limit());
            return Err(Failure::Input(format!(
                "to measure {rows} vectors of {dim} values takes about {needed} MiB, and {limit}; use fewer --rows"
            )));
        }
        Ok(())
    }
}

/// Measures the lines of the table, and prints it.
fn tabulate(setting: Setting, machine: &Machine) -> Result<Vec<Line>, Failure> {
    let progress = Progress::steps("measuring", setting.rounds, false);
    let lines = measure(setting, |_| progress.step("one round")).map_err(|error| unmeasured(&error))?;
    progress.finish();
    print(&text(machine, setting, &lines)).map(|_| lines)
}

/// Measures the tables of growth, and prints each when it is whole, so that what was measured is not lost if it is stopped.
fn grow(setting: Setting, machine: &Machine) -> Result<Vec<Growth>, Failure> {
    let (progress, mut tables) = (Progress::steps("measuring", growth::steps(setting), false), Vec::new());
    print(&head(machine, "vectors drawn around centres", setting.rounds))?;
    let mut printed = Ok(ExitCode::SUCCESS);
    let take = |table: Growth| {
        let text = growth_text(&table);
        progress.above(|| {
            if printed.is_ok() {
                printed = print(&text);
            }
        });
        tables.push(table);
    };
    growth::measure(setting, |of, size| progress.step(&format!("{of} {size}")), take)
        .map_err(|error| unmeasured(&error))?;
    progress.finish();
    printed.map(|_| tables)
}

fn unmeasured(error: &Unmeasured) -> Failure {
    Failure::Run(format!("{error}; {}", machine::memory_limit()))
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

/// What the tables are of.
fn head(machine: &Machine, vectors: &str, rounds: usize) -> String {
    format!(
        "swath {}, {}, {} cores, {}; {vectors}, angular; {}\n",
        env!("CARGO_PKG_VERSION"),
        escape::terminal(&machine.cpu),
        machine.cores,
        escape::terminal(&machine.os),
        if rounds == 1 { "one round".into() } else { format!("medians of {rounds} rounds") }
    )
}

/// The table in Markdown.
fn text(machine: &Machine, setting: Setting, lines: &[Line]) -> String {
    let Setting { rows, dim, rounds } = setting;
    let mut text = format!(
        "{}\n\
         | what | threads | median | least to greatest | share of the limit |\n|---|---|---|---|---|\n",
        head(machine, &format!("{rows} x {dim} vectors"), rounds)
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

/// A table of growth in Markdown.
fn growth_text(table: &Growth) -> String {
    let name = match table.of {
        "vectors" => "number of vectors",
        "pool" => "size of the pool",
        other => other,
    };
    let sizes: Vec<String> = table.sizes.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "\nBy the {name}; {}; milliseconds each\n\n| what | threads | {} | exponent |\n|---|---|{}---|\n",
        table.at,
        sizes.join(" | "),
        "---|".repeat(sizes.len())
    );
    for line in &table.lines {
        let times = line.milliseconds.iter().map(|time| time.map_or("-".into(), three_digits));
        let times = times.collect::<Vec<_>>().join(" | ");
        let exponent = line.exponent.map_or("-".into(), |exponent| decimals(exponent, 2));
        let _ = writeln!(text, "| {} | {} | {times} | {exponent} |", line.what, line.threads);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath::speed::growth::GrownLine;

    #[test]
    fn a_table_of_growth_has_a_column_for_each_size() {
        let line = |what: &str, milliseconds: [Option<f64>; 2], exponent| GrownLine {
            what: what.into(),
            threads: 2,
            milliseconds: milliseconds.to_vec(),
            exponent,
        };
        let lines = vec![
            line("hnsw: an index", [Some(12.3456), Some(130.0)], Some(1.024)),
            line("by codes", [None, Some(7.0)], None),
        ];
        let table = Growth { of: "vectors", at: "100 values each".into(), sizes: vec![1_000, 10_000], lines };
        let expected = "
By the number of vectors; 100 values each; milliseconds each

| what | threads | 1000 | 10000 | exponent |
|---|---|---|---|---|
| hnsw: an index | 2 | 12.3 | 130 | 1.02 |
| by codes | 2 | - | 7.00 | - |
";
        assert_eq!(growth_text(&table), expected);
    }
}
