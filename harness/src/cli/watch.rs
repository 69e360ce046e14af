//! The hidden commands by which swath runs programs outside.

use super::places::Places;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::external::watch;

/// How programs outside are watched
#[derive(Args)]
pub struct Arguments {
    /// The process that it works for
    of: i32,
    /// The folder that the program works in
    folder: PathBuf,
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Arguments {
    /// Watches a program until it ends.
    #[allow(clippy::unnecessary_wraps, reason = "as every command")]
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        Ok(watch::watch(self.of, &self.folder, &self.command))
    }
}
