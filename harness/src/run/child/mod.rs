//! A bench in a process of its own. A crash, a memory limit or a time-out ends that process, and the run carries on.
//!
//! The child is the same program. It reads a [`Job`] from its standard input, then one [`Order`] per line, and writes a
//! [`Reply`] to each to its standard output: JSON, one message per line. [`Channel`] keeps both streams for these messages, so
//! that an algorithm that prints or reads does not disturb them. The child ends when its input ends, so it never outlives the
//! run. While it lives it holds a lock that the next run in the same folder waits for.
//!
//! `process.rs` is the run's side, `work.rs` the child's side, `line.rs` what both share.
//!
//! [`Order`]: super::order::Order
//! [`Reply`]: super::order::Reply

mod channel;
mod exit;
mod line;
mod process;
mod work;

use crate::exact_path;
use crate::plan::{Cell, Programs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use channel::Channel;
pub use exit::mib;
pub use process::{Child, Death};
pub use work::{work, work_for};

/// The command that makes a program a child.
pub const COMMAND: &str = "work-for-a-run";

/// What a child builds, and where it works.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The experiment's file.
    #[serde(with = "exact_path")]
    pub config: PathBuf,
    /// The file's text when the run began.
    pub text: String,
    /// The cell, in a sweep.
    pub cell: Option<Cell>,
    /// The prepared dataset.
    #[serde(with = "exact_path")]
    pub data: PathBuf,
    /// The dataset's SHA-256 when the run was planned.
    pub sha256: String,
    /// SHA-256 of each file of lists when the run was planned.
    pub lists: BTreeMap<String, String>,
    /// The programs outside as they were when the run was planned.
    pub programs: Programs,
    /// The build key of the lists that the trials take their candidates from, if they do.
    pub lists_key: Option<String>,
    /// The folder that holds the folder of unfinished trials.
    #[serde(with = "exact_path")]
    pub folder: PathBuf,
    /// Where graphs are kept.
    #[serde(with = "exact_path::option")]
    pub cache: Option<PathBuf>,
    /// Where indexes are kept.
    #[serde(with = "exact_path::option")]
    pub indexes: Option<PathBuf>,
    /// One of the trials that share the build, by its place in the plan.
    pub trial: usize,
    /// The most bytes that the child may allocate.
    pub limit: Option<u64>,
}
