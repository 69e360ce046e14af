//! `swath hello`.

use super::places::Places;
use super::terminal::print;
use clap::Args;
use std::process::ExitCode;
use swath::config::Failure;

/// Greet somebody (a recipe's example)
#[derive(Args)]
#[command(after_help = "Example:\n  swath hello world")]
pub struct Arguments {
    /// Who
    name: String,
}

impl Arguments {
    /// Greets.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        print(&format!("hello, {}\n", self.name))
    }
}
