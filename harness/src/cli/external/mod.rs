//! `swath external`: a file for each of its commands, and one line for it below.

mod check;
mod new;

use super::places::Places;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use swath::config::Failure;

/// Check a program of yours that swath is to run, or begin a new one
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    // One line each, in the order of the help.
    New(new::Arguments),
    Check(Box<check::Arguments>),
}

impl Arguments {
    /// Runs the command.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        match self.command {
            Command::New(arguments) => arguments.run(places),
            Command::Check(arguments) => arguments.run(places),
        }
    }
}
