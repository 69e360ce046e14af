//! The command by which `swath run` starts its own children.

use super::places::Places;
use clap::Args;
use std::process::ExitCode;
use swath::config::Failure;
use swath::run::child;

/// How `run` starts its own children
#[derive(Args)]
pub struct Arguments {}

impl Arguments {
    /// Works for the parent until it hangs up.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as every command")]
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        Ok(child::work())
    }
}
