//! `swath datasets`: a file for each of its commands, and one line for it below.

mod check;
mod convert;
mod fetch;
mod files;
mod ground_truth;
mod import;
mod info;
mod list;

use super::places::Places;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use swath::config::Failure;

/// List, download, describe, check and prepare datasets
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    // One line each, in the order of the help.
    List(list::Arguments),
    Fetch(fetch::Arguments),
    Info(info::Arguments),
    Check(check::Arguments),
    Convert(Box<convert::Arguments>),
    Import(import::Arguments),
    GroundTruth(ground_truth::Arguments),
}

impl Arguments {
    /// Runs the command.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        match self.command {
            Command::List(arguments) => arguments.run(places),
            Command::Fetch(arguments) => arguments.run(places),
            Command::Info(arguments) => arguments.run(places),
            Command::Check(arguments) => arguments.run(places),
            Command::Convert(arguments) => arguments.run(places),
            Command::Import(arguments) => arguments.run(places),
            Command::GroundTruth(arguments) => arguments.run(places),
        }
    }
}
