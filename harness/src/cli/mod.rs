//! The command line: words in, text and exit codes out.

mod cache;
mod check;
mod command;
mod describe;
mod exchange;
mod history;
mod reproduce;
mod run;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgGroup, Parser, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::exchange::import::Wanted;
use swath::interrupt;
use swath::run::unfinished::Start;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Measures how wide a swath of meaning a vector retriever cuts.
///
/// A YAML file names a dataset, retrieval algorithms with their parameter grids, and metrics; swath runs it
/// reproducibly and renders a report.
#[derive(Parser)]
#[command(version, styles = STYLES, max_term_width = 100, after_help = "\
Examples:
  swath run configs/quickstart.yaml        run an experiment; its report is reports/quickstart/index.html
  swath run --dry-run configs/paper.yaml   list what would be run
  swath init glove-wordnet-20k             write a commented experiment to start from
  swath algorithms mmr                     what it is, its parameters, a YAML line to copy

Exit codes: 0 all is well; 1 a trial failed, or results could not be written; 2 the input is wrong;\n130 the run was asked to stop, and can be gone on with.")]
struct Cli {
    /// Folder to look for datasets in, before `SWATH_DATA` and the repository's own; may be given several times
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Vec<PathBuf>,
    /// Folder that keeps built graphs, instead of `SWATH_CACHE` or the platform's folder for caches
    #[arg(long, global = true, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an experiment and write its results and report
    #[command(after_help = "\
Examples:
  swath run configs/quickstart.yaml
  swath run --out /tmp/try configs/quickstart.yaml
  swath run --no-cache configs/quickstart.yaml
  swath run --reuse configs/paper.yaml     after adding a retriever: what is there is not run again
  swath run --dry-run configs/paper.yaml")]
    Run {
        /// The experiment, a YAML file
        config: PathBuf,
        /// Folder for what the run leaves behind: a new one, an empty one, or that of an earlier run [default: reports/NAME]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// List the trials with an estimate of memory, from headers alone, and run nothing
        #[arg(long)]
        dry_run: bool,
        /// Build every graph anew and keep none
        #[arg(long)]
        no_cache: bool,
        /// Begin anew, even where a run was stopped in this folder
        #[arg(long, conflicts_with = "reuse")]
        fresh: bool,
        /// Keep the trials of the finished run in this folder that the experiment still has
        #[arg(long)]
        reuse: bool,
        /// Run all in one process, for debugging: a crash ends the run, and limits are not kept
        #[arg(long)]
        no_isolation: bool,
        /// Show no progress
        #[arg(long, short)]
        quiet: bool,
    },
    /// How `run` starts its own children
    #[command(name = swath::run::child::COMMAND, hide = true)]
    Child,
    /// Write the report again from the result files of a run, computing nothing anew; or one report of several runs
    #[command(after_help = "\
Examples:
  swath report reports/quickstart
  swath report reports/quickstart --config configs/quickstart.yaml
  swath report reports/words reports/images --out reports/both     datasets, or versions, on one page")]
    Report {
        /// The folder of a run; of several the first is what the others are compared with
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// Folder for the report of several runs: a new one, an empty one, or that of such a report [default: reports/several]
        #[arg(long, value_name = "DIR", conflicts_with = "config")]
        out: Option<PathBuf>,
        /// An experiment whose section `report` says which figures to draw, instead of the run's own
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Run an experiment and compare it with a baseline: exits with 1 where it has become worse or slower
    #[command(after_help = "\
Examples:
  swath check configs/quickstart.yaml                      against configs/baselines/quickstart.yaml
  swath check configs/quickstart.yaml --quality-only       metrics and evaluations, which no noise can touch
  swath check my.yaml --baseline my.baseline.yaml --junit check.xml --markdown check.md")]
    Check {
        #[command(flatten)]
        look: check::Look,
        /// The baseline [default: baselines/NAME.yaml beside the experiment]
        #[arg(long, value_name = "FILE")]
        baseline: Option<PathBuf>,
        #[command(flatten)]
        outputs: check::Outputs,
    },
    /// Save, show or update what `check` compares with
    Baseline {
        #[command(subcommand)]
        command: BaselineCommand,
    },
    /// Compare two runs of one experiment, as `check` does with a baseline: exits with 1 where quality has become worse
    #[command(after_help = "Example:\n  swath compare reports/before reports/after --markdown changes.md")]
    Compare {
        /// The folder of the first run
        before: PathBuf,
        /// The folder of the second
        after: PathBuf,
        #[command(flatten)]
        outputs: check::Outputs,
    },
    /// Run again what a folder holds the results of, and say what comes out otherwise: exits with 1 if anything does
    #[command(after_help = "\
Examples:
  swath reproduce reports/quickstart
  swath reproduce reports/paper --out /tmp/paper-again      and keep the second run")]
    Reproduce {
        /// The folder of a run
        folder: PathBuf,
        /// Folder that keeps the second run; it is not kept, if left out
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Take graphs that earlier runs have kept, instead of building each anew
        #[arg(long)]
        cached_graphs: bool,
        /// Show no progress
        #[arg(long, short)]
        quiet: bool,
    },
    /// Give a run to other programs: ann-benchmarks, notebooks
    #[command(
        group = ArgGroup::new("to").args(["ann_benchmarks", "parquet"]).required(true).multiple(true),
        after_help = "\
Examples:
  swath export reports/quickstart --ann-benchmarks ann     its folders ann/data and ann/results
  swath export reports/quickstart --parquet tables         tables/runs.parquet and tables/queries.parquet"
    )]
    Export {
        /// The folder of a run
        folder: PathBuf,
        /// Write its results, with their dataset, as ann-benchmarks does, into DIR/results and DIR/data
        #[arg(long, value_name = "DIR")]
        ann_benchmarks: Option<PathBuf>,
        /// Write its tables as DIR/runs.parquet (a row per trial) and DIR/queries.parquet (a row per trial and query)
        #[arg(long, value_name = "DIR")]
        parquet: Option<PathBuf>,
    },
    /// Read results of ann-benchmarks or VIBE, compute the metrics of swath from what they returned, and report them
    #[command(after_help = "\
Examples:
  swath import ann-benchmarks --dataset glove-100-angular --count 10
  swath import ann --dataset glove-wordnet-20k --out reports/again")]
    Import {
        /// The folder with the `results` of ann-benchmarks or VIBE and, where it is there, `data`
        folder: PathBuf,
        /// The dataset's name below `results`
        #[arg(long, value_name = "NAME")]
        dataset: String,
        /// Results per query; may be left out where there is one choice
        #[arg(long, value_name = "K")]
        count: Option<usize>,
        /// Take the results in mode batch where there are both
        #[arg(long)]
        batch: bool,
        /// Folder for the run that is made of them [default: reports/NAME-K-imported]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Replace another import that is in this folder
        #[arg(long)]
        fresh: bool,
    },
    /// Print the JSON Schema of experiments, for editors
    #[command(after_help = "Example:\n  swath schema > configs/swath.schema.json")]
    Schema,
    /// List datasets, or describe one
    Datasets {
        #[command(subcommand)]
        command: DatasetsCommand,
    },
    /// List candidates, expansions and selectors, or explain one
    #[command(after_help = "Examples:\n  swath algorithms\n  swath algorithms facility-location")]
    Algorithms {
        /// Which one
        name: Option<String>,
    },
    /// List the graphs that runs have kept, or remove them
    #[command(after_help = "Examples:\n  swath cache\n  swath cache clear\n  swath --cache-dir /tmp/graphs cache")]
    Cache {
        #[command(subcommand)]
        command: Option<CacheCommand>,
    },
    /// Keep results by commit, and draw where they changed
    History {
        #[command(subcommand)]
        command: HistoryCommand,
    },
    /// List the metrics, or explain one
    #[command(after_help = "Examples:\n  swath metrics\n  swath metrics coverage")]
    Metrics {
        /// Which one
        name: Option<String>,
    },
    /// Write a commented experiment to start from
    #[command(after_help = "\
Examples:
  swath init glove-wordnet-20k
  swath init my-vectors.hdf5 --output experiments/first.yaml")]
    Init {
        /// A dataset's name, or the path of its HDF5 file
        dataset: PathBuf,
        /// The file to write [default: DATASET.yaml]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum DatasetsCommand {
    /// List the datasets that are known by name, and which are here
    List,
    /// Check one and describe what is in it
    #[command(
        after_help = "Examples:\n  swath datasets info glove-wordnet-20k\n  swath datasets info glove-wordnet-20k --diagnose"
    )]
    Info {
        /// A dataset's name, or the path of its HDF5 file
        dataset: PathBuf,
        /// Say what it is like, too: contrast, dimension, hubs, copies, with intervals
        #[arg(long)]
        diagnose: bool,
        /// Seed of the samples that are diagnosed
        #[arg(long, default_value_t = 0, requires = "diagnose")]
        seed: u64,
    },
}

#[derive(Subcommand)]
enum BaselineCommand {
    /// Run an experiment and save what it gives
    #[command(after_help = "Example:\n  swath baseline save configs/quickstart.yaml")]
    Save {
        #[command(flatten)]
        look: check::Look,
        /// The file to write [default: baselines/NAME.yaml beside the experiment]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Run it again, write the file anew, and say what changes
    #[command(after_help = "Example:\n  swath baseline update configs/quickstart.yaml")]
    Update {
        #[command(flatten)]
        look: check::Look,
        /// The file [default: baselines/NAME.yaml beside the experiment]
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show what a file holds
    #[command(after_help = "Example:\n  swath baseline show configs/baselines/quickstart.yaml")]
    Show {
        /// The file
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum HistoryCommand {
    /// Add a run to a CSV of runs by commit, in place of an earlier one of the same commit and experiment
    #[command(after_help = "\
Examples:
  swath history add reports/quickstart
  swath history add reports/quickstart --commit 8be8f3f --time \"$(git show -s --format=%cI 8be8f3f)\"")]
    Add {
        /// The folder of a run
        folder: PathBuf,
        /// The CSV file
        #[arg(long, value_name = "FILE", default_value = "history.csv")]
        file: PathBuf,
        /// The commit that was measured [default: GITHUB_SHA, CI_COMMIT_SHA, or the one that git has checked out]
        #[arg(long, value_name = "SHA")]
        commit: Option<String>,
        /// Its place among commits, a time of RFC 3339 [default: when the run ended]
        #[arg(long, value_name = "TIME")]
        time: Option<String>,
    },
    /// Draw each measure over commits, and mark where it changed
    #[command(after_help = "\
Examples:
  swath history plot
  swath history plot --file bench/history.csv --out public/history")]
    Plot {
        /// The CSV file
        #[arg(long, value_name = "FILE", default_value = "history.csv")]
        file: PathBuf,
        /// Folder for the page
        #[arg(long, value_name = "DIR", default_value = "reports/history")]
        out: PathBuf,
        /// The rate at which noisy series without a change may be said to have one
        #[arg(long, value_name = "RATE", default_value_t = swath::statistics::change_points::LEVEL)]
        level: f64,
    },
}

#[derive(Subcommand)]
enum CacheCommand {
    /// Remove all of them
    #[command(after_help = "Example:\n  swath cache clear")]
    Clear,
}

/// Does what the arguments ask.
pub fn main() -> ExitCode {
    interrupt::let_writes_fail();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    if !matches!(cli.command, Command::Child) {
        interrupt::listen();
    }
    command::remember(&cli.data_dir, cli.cache_dir.as_deref());
    if let Some(missing) = cli.data_dir.iter().find(|folder| !folder.is_dir()) {
        say(&error_line(&format!("--data-dir: there is no folder {}", escape::path(missing)), in_color()));
        return ExitCode::from(2);
    }
    let given = std::env::var_os("SWATH_DATA").unwrap_or_default();
    let mut folders = cli.data_dir;
    folders.extend(std::env::split_paths(&given).filter(|folder| !folder.as_os_str().is_empty()));
    let here = std::env::current_dir().unwrap_or_default();
    let folders = swath_datasets::catalogue::folders(&folders, &here);
    let kept = cli.cache_dir.or_else(swath::run::cache::default_folder).map(swath::run::cache::Cache::new);
    let places = check::Folders { data: &folders, cache: kept.as_ref() };
    let result = match cli.command {
        Command::Run { config, out, dry_run: true, .. } => run::dry_run(&config, &folders).inspect(|_| drop(out)),
        Command::Run { config, out, no_cache, fresh, reuse, no_isolation, quiet, .. } => run::run(&run::Asked {
            config: &config,
            out,
            folders: &folders,
            cache: kept.as_ref().filter(|_| !no_cache),
            start: match (fresh, reuse) {
                (true, _) => Start::Fresh,
                (false, true) => Start::Reuse(None),
                (false, false) => Start::GoOn,
            },
            isolation: !no_isolation,
            quiet,
        }),
        Command::Child => return swath::run::child::work(),
        Command::Cache { command: None } => cache::list(kept.as_ref()),
        Command::Cache { command: Some(CacheCommand::Clear) } => cache::clear(kept.as_ref()),
        Command::Report { folders, config, out } => run::reports(&folders, config.as_deref(), out),
        Command::Check { look, baseline, outputs } => check::check(&look, baseline, &outputs, places),
        Command::Baseline { command: BaselineCommand::Save { look, file } } => check::save(&look, file, places),
        Command::Baseline { command: BaselineCommand::Update { look, file } } => check::update(&look, file, places),
        Command::Baseline { command: BaselineCommand::Show { file } } => check::show(&file),
        Command::Compare { before, after, outputs } => check::compare([&before, &after], &outputs),
        Command::Reproduce { folder, out, cached_graphs, quiet } => {
            reproduce::reproduce(&folder, out, (quiet, cached_graphs), places)
        }
        Command::Export { folder, ann_benchmarks, parquet } => {
            exchange::export(&folder, (ann_benchmarks.as_deref(), parquet.as_deref()), &folders)
        }
        Command::Import { folder, dataset, count, batch, out, fresh } => {
            let wanted = Wanted { folder: &folder, dataset: &dataset, count, batch, out: out.as_deref(), fresh };
            exchange::import(&wanted, &folders)
        }
        Command::History { command: HistoryCommand::Add { folder, file, commit, time } } => {
            history::add(&folder, &file, commit.as_deref(), time.as_deref())
        }
        Command::History { command: HistoryCommand::Plot { file, out, level } } => history::plot(&file, &out, level),
        Command::Schema => print(&format!("{:#}\n", swath::config::schema())),
        Command::Datasets { command: DatasetsCommand::List } => print(&describe::datasets(&folders)),
        Command::Datasets { command: DatasetsCommand::Info { dataset, diagnose, seed } } => {
            describe::dataset(&dataset, &folders, diagnose.then_some(seed))
        }
        Command::Algorithms { name } => describe::algorithms(name.as_deref()).and_then(|text| print(&text)),
        Command::Metrics { name } => describe::metrics(name.as_deref()).and_then(|text| print(&text)),
        Command::Init { dataset, output } => run::init(&dataset, output, &folders),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            let color = in_color();
            let (text, code) = match failure {
                // What it quotes is on one line already.
                Failure::Invalid(invalid) => (escape::no_order(&invalid.render(color)), 2),
                Failure::Input(message) => (error_line(&message, color), 2),
                Failure::Run(message) => (error_line(&message, color), 1),
                Failure::Stopped(said) => (message(&said), interrupt::EXIT_CODE),
            };
            say(&text);
            ExitCode::from(code)
        }
    }
}

/// Whether errors are shown in colour.
fn in_color() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

fn error_line(message: &str, color: bool) -> String {
    // The prefix stands in the same line.
    let message = self::message(message);
    if color { format!("\x1b[1;91merror\x1b[0m: {message}") } else { format!("error: {message}") }
}

/// Answers a command line that cannot be read, or that asks for help.
fn misread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let odd: Vec<String> = arguments().collect();
        let odd: Vec<&String> =
            odd.iter().filter(|word| escape::terminal(word) != **word || word.contains("##")).collect();
        if !odd.is_empty() {
            // Escaped before the whole is: a line's end in a word is not one of the message.
            let text =
                odd.iter().fold(error.render().to_string(), |text, word| text.replace(*word, &escape::terminal(word)));
            say(escape::log(&text).trim_end());
            return ExitCode::from(2);
        }
    }
    // Where nobody listens there is nobody to tell.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// The words of the command line, and what stands behind `=` in them.
fn arguments() -> impl Iterator<Item = String> {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    words.flat_map(|word| word.split_once('=').map(|(_, value)| value.to_owned()).into_iter().chain([word]))
}

/// A message with whatever it names. Where it quotes the command line, an end of a line there is none of the message's.
fn message(text: &str) -> String {
    let odd = arguments().filter(|word| word.contains('\n'));
    escape::message(&odd.fold(text.to_owned(), |text, word| text.replace(&word, &escape::terminal(&word))))
}

/// Writes a message to standard error.
fn complain(text: &str) {
    say(&message(text));
}

/// Writes what is escaped already to standard error; where nobody listens there is nobody to tell.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes lines to standard output, of which none is an order to a CI system. A name in them is escaped before: where it has
/// a line's end, this one could not tell. A reader that has gone away (`swath schema | head`) is no failure.
fn print(text: &str) -> Result<ExitCode, Failure> {
    print_raw(&escape::log(text))
}

/// Writes to standard output what is meant as it is.
fn print_raw(text: &str) -> Result<ExitCode, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Run(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A message with lines of help below it.
fn with_help(message: String, help: &[String]) -> String {
    help.iter().fold(message, |text, line| text + "\n  " + line)
}

/// The widest that a column is made: what is wider still is shown whole, and not lined up.
const WIDEST: usize = 1000;

/// Lines up columns, two spaces apart; the first `left` of them to the left, the others to the right. Names in it are escaped.
fn table(rows: &[Vec<String>], left: usize) -> String {
    let shown = |row: &Vec<String>| row.iter().map(|cell| escape::terminal(cell).into_owned()).collect();
    let rows: &[Vec<String>] = &rows.iter().map(shown).collect::<Vec<_>>();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max().unwrap_or(0).min(WIDEST)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column < left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Padding beyond 65,535 characters panics.
    #[test]
    fn a_cell_of_any_length_has_a_table() {
        let long = "x".repeat(70_000);
        let text = table(&[vec!["a".into(), long.clone()], vec!["b".into(), "1".into()]], 1);
        assert!(text.starts_with(&format!("a  {long}\n")) && text.ends_with("1\n"));
    }
}
