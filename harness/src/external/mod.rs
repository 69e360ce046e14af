//! Programs outside swath: candidates, selectors and whole retrievers of the user's, in any language.
//!
//! A program is a child process. swath asks by JSON lines, and both read and write arrays in raw files; docs/protocol.md has all of it.
//!
//! - [`Command`]: what a file names, resolved. [`allowed`]: which commands the user has allowed to run.
//! - [`Session`]: one program that is running, with everything checked that it answers. [`clocks`] compares its clock with swath's.
//! - [`watch`]: the process of swath's own that stands between, so that nothing of a program is left behind.

pub mod allowed;
mod arrays;
pub mod check;
pub mod clocks;
mod command;
mod ending;
#[cfg(unix)]
mod family;
#[cfg(unix)]
mod lines;
mod message;
mod place;
#[cfg(not(unix))]
#[path = "no_process.rs"]
mod process;
#[cfg(unix)]
mod process;
mod session;
#[cfg(unix)]
pub mod watch;

pub use command::Command;
pub use ending::ending;
pub use message::{Hello, Role};
pub use place::BasePlace;
pub use session::{Answered, Block, BuiltIndex, Limits, Op, Opening, Pools, Session};

/// Between what is wrong with a program and the end of its log, in a fault. Each line of the log begins with two spaces, as messages of
/// many lines have it.
pub const SAID: &str = "; it said:\n  ";

/// What keeps a program from being asked further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The user asked swath to stop.
    Stopped,
    /// It refused, and lives on.
    Refused(String),
    /// It ended, or was ended since it did not keep to the protocol or its limits.
    Ended(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Refused(what) | Self::Ended(what) => f.write_str(what),
        }
    }
}
