//! `swath export`.

use super::places::Places;
use super::terminal::{note, print};
use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches, value_parser};
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::exchange::export::{EXPORTERS, Exporter, FinishedRun};
use swath::record::machine::memory;

/// Write a run in the formats of other programs: ann-benchmarks, Parquet, TREC
#[derive(Args)]
#[command(after_help = examples())]
pub struct Arguments {
    /// The folder of a run
    folder: PathBuf,
    #[command(flatten)]
    targets: Targets,
}

/// An exporter with the folder that it writes into.
struct Target {
    exporter: &'static dyn Exporter,
    folder: PathBuf,
}

/// The exporters that the user wants, at least one.
struct Targets(Vec<Target>);

impl Args for Targets {
    fn augment_args(command: Command) -> Command {
        let names = EXPORTERS.iter().map(|exporter| exporter.name());
        let group = ArgGroup::new("to").args(names).required(true).multiple(true);
        let option = |exporter: &&dyn Exporter| path_option(exporter.name(), "DIR", exporter.about());
        command.args(EXPORTERS.iter().map(option)).group(group)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Targets {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let target = |&exporter: &&'static dyn Exporter| {
            Some(Target { exporter, folder: matches.get_one::<PathBuf>(exporter.name())?.clone() })
        };
        Ok(Self(EXPORTERS.iter().filter_map(target).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// An option that a registry adds to a command: its value is a path.
pub fn path_option(name: &'static str, value: &'static str, about: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(about).value_parser(value_parser!(PathBuf))
}

/// An example for each exporter, lined up.
fn examples() -> String {
    let line = |exporter: &&dyn Exporter| {
        let example = exporter.example();
        (format!("  swath export reports/quickstart --{} {}", exporter.name(), example.folder), example.holds)
    };
    let lines: Vec<(String, &str)> = EXPORTERS.iter().map(line).collect();
    let width = lines.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    lines
        .iter()
        .fold("Examples:".to_owned(), |text, (command, holds)| text + &format!("\n{command:<width$}     {holds}"))
}

impl Arguments {
    /// Writes a run for other programs. If one of them cannot have it, the others still do.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let run = FinishedRun::open(&self.folder)?;
        let exported: Vec<_> = self.targets.0.iter().map(|target| target.export(&run, places)).collect();
        exported.into_iter().fold(Ok(ExitCode::SUCCESS), Result::and)
    }
}

impl Target {
    fn export(&self, run: &FinishedRun, places: &Places) -> Result<ExitCode, Failure> {
        let exported = self.exporter.export(run, &self.folder, &places.data, memory())?;
        exported.notes.iter().for_each(|text| note(text));
        let written = exported.written.iter().map(|one| format!("{}: {}\n", one.what, escape::path(&one.path)));
        let next = exported.next.map(|next| next + "\n").unwrap_or_default();
        print(&(written.collect::<String>() + &next))
    }
}
