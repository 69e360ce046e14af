//! `swath schema`.

use super::places::Places;
use super::terminal::print;
use clap::Args;
use std::process::ExitCode;
use swath::config::{self, Failure};

/// Print the JSON Schema of experiments, for editors
#[derive(Args)]
#[command(after_help = "Example:\n  swath schema > configs/swath.schema.json")]
pub struct Arguments {}

impl Arguments {
    /// Prints the schema.
    #[allow(clippy::unused_self, reason = "as every command")]
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        print(&format!("{:#}\n", config::schema()))
    }
}
