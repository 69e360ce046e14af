//! The hidden command that becomes a program outside.

use super::places::Places;
use clap::Args;
use std::ffi::OsString;
use std::process::ExitCode;
use swath::config::Failure;
use swath::external::watch;

/// How programs outside are started
#[derive(Args)]
pub struct Arguments {
    /// The process that watches
    watcher: i32,
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Arguments {
    /// Becomes the program.
    #[allow(clippy::unnecessary_wraps, reason = "as every command")]
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        Ok(watch::become_program(self.watcher, &self.command))
    }
}
