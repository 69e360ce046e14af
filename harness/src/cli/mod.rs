//! The command line: words in, text and exit codes out.
//!
//! To add a command: write one file here with its `Arguments`, which hold the help, and their `run`; and add its line to the list
//! below. Only this room names options: the other rooms report what is wrong, and this one adds the option that helps.

#[cfg(unix)]
mod abort;
mod algorithms;
mod baseline;
mod bench;
mod cache;
mod check;
mod child;
mod compare;
mod datasets;
mod export;
mod external;
mod history;
mod import;
mod init;
mod measure;
mod metrics;
mod outputs;
mod parameters;
mod places;
mod report;
mod reproduce;
mod results;
mod run;
mod schema;
mod shown;
#[cfg(unix)]
mod starter;
mod table;
mod terminal;
#[cfg(unix)]
mod watch;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};
use places::Places;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::interrupt;
use swath::plan::programs::ALLOW;
use swath::record::machine;
use swath::run::damage;

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
  swath run --dry-run configs/paper.yaml   list the trials and run nothing
  swath init glove-wordnet-20k             write a commented experiment to start from
  swath algorithms mmr                     explain an algorithm: its parameters, YAML to copy

Exit codes: 0 success; 1 a trial failed, or results could not be written; 2 the input is wrong;
130 the run was stopped, and can be resumed.")]
struct Cli {
    /// Folder with datasets, searched before those of `SWATH_DATA`, of the repository and of the user; may be given several times
    #[arg(long, global = true, display_order = 100, value_name = "DIR")]
    data_dir: Vec<PathBuf>,
    /// Folder for prepared datasets and built graphs [default: `SWATH_CACHE`, or the platform's folder for caches]
    #[arg(long, global = true, display_order = 101, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// Run commands that experiments name although they were not run from there before: they are code
    #[arg(long, global = true, display_order = 102)]
    allow_external: bool,
    #[command(subcommand)]
    command: Command,
}

/// Defines the subcommands from their modules, in the order of the help.
macro_rules! commands {
    ($($(#[cfg($on:meta)])? $(#[command($($shown:tt)*)])? $name:ident: $module:ident,)*) => {
        #[derive(Subcommand)]
        enum Command {
            $($(#[cfg($on)])? $(#[command($($shown)*)])? $name($module::Arguments),)*
        }

        impl Command {
            fn run(self, places: &Places) -> Result<ExitCode, Failure> {
                match self {
                    $($(#[cfg($on)])? Self::$name(arguments) => arguments.run(places),)*
                }
            }
        }
    };
}

commands! {
    Init: init,
    Run: run,
    Report: report,
    Compare: compare,
    Reproduce: reproduce,
    Baseline: baseline,
    Check: check,
    History: history,
    Export: export,
    Import: import,
    Datasets: datasets,
    Algorithms: algorithms,
    External: external,
    Metrics: metrics,
    Schema: schema,
    Cache: cache,
    Bench: bench,
    #[command(name = swath::run::child::COMMAND, hide = true)]
    Child: child,
    #[cfg(unix)]
    #[command(name = swath::external::watch::WATCH, hide = true)]
    Watch: watch,
    #[cfg(unix)]
    #[command(name = swath::external::watch::BECOME, hide = true)]
    Become: starter,
}

impl Command {
    /// Whether swath starts this command by itself, so that it takes no requests to stop and has no threads.
    fn is_inner(&self) -> bool {
        match self {
            Self::Child(_) => true,
            #[cfg(unix)]
            Self::Watch(_) | Self::Become(_) => true,
            _ => false,
        }
    }
}

/// Runs the command of the command line.
pub fn main() -> ExitCode {
    interrupt::let_writes_fail();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return terminal::misread(&error),
    };
    if !cli.command.is_inner() {
        interrupt::listen();
        #[cfg(unix)]
        abort::explain();
        if let Err(error) = rayon::ThreadPoolBuilder::new().build_global() {
            let limit = machine::memory_limit();
            return terminal::failed(Failure::Run(format!("threads cannot be started ({error}); {limit}")));
        }
    }
    shown::remember(&cli.data_dir, cli.cache_dir.as_deref());
    let places = Places::new(cli.data_dir, cli.cache_dir, cli.allow_external);
    match places.and_then(|places| damage::or_damaged(places.kept.as_ref(), || cli.command.run(&places))) {
        Ok(code) => code,
        Err(failure) => terminal::failed(or_allow(failure)),
    }
}

/// Adds the option that allows commands to a message that advises to do so.
fn or_allow(failure: Failure) -> Failure {
    match failure {
        Failure::Input(message) => Failure::Input(message.replace(ALLOW, &format!("{ALLOW} with --allow-external"))),
        failure => failure,
    }
}
