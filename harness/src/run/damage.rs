//! A kept dataset that is damaged. A small one is checked when it is opened; each one when it has been used, before any result is
//! written, before a run that was stopped says that its work is kept, and before a failure is put down to anything else.

use crate::config::Failure;
use crate::escape;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::path::Path;
use swath_datasets::prepared::{self, DamagedFile, KeptDatasets, PreparedError};

/// What to tell the user beside the damage.
#[derive(Clone, Copy)]
pub struct Consequence<'a> {
    /// What does not come of it.
    pub lost: &'a str,
    /// The command that does it again, if it is known.
    pub again: Option<&'a str>,
}

/// Runs a command. If it fails or panics, and a kept dataset that it used is damaged, that is the failure, and the damaged file is
/// removed. Any other panic stays one.
///
/// # Errors
/// Those of the command; [`Failure::Run`] if a dataset is damaged.
pub fn or_damaged<T>(kept: Option<&KeptDatasets>, command: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let Some(kept) = kept else { return command() };
    let (usual, used) = (take_hook(), kept.clone());
    set_hook(Box::new(move |panic| {
        // The message of a panic would hide the reason.
        if !used.is_damaged() {
            usual(panic);
        }
    }));
    let ran = catch_unwind(AssertUnwindSafe(command));
    if !matches!(ran, Ok(Ok(_) | Err(Failure::Stopped(_)))) {
        check(Some(kept), None, Consequence { lost: "nothing comes of this", again: None })?;
    }
    ran.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Checks the content of the kept datasets that were used, and removes those that are damaged. `shared` is where children
/// found a dataset: the same file by another name, or a copy.
///
/// # Errors
/// [`Failure::Run`]: one is damaged.
pub fn check(kept: Option<&KeptDatasets>, shared: Option<&Path>, consequence: Consequence<'_>) -> Result<(), Failure> {
    let Consequence { lost, again } = consequence;
    let run_again = again.map_or_else(|| "run again".to_owned(), |again| format!("run again:\n  {again}"));
    let damaged = kept.map_or_else(Vec::new, KeptDatasets::check);
    if !damaged.is_empty() {
        let mut message = String::new();
        for DamagedFile { path, why, removed } in damaged {
            let then = match removed {
                Ok(true) => "it is removed, and is prepared again when it is needed".to_owned(),
                Ok(false) => "another file has its name by now, and stays".to_owned(),
                Err(error) => format!("it cannot be removed ({error}): remove it"),
            };
            let _ = write!(message, "the prepared dataset {}: {why}; {lost}\n  {then}\n  ", escape::path(&path));
        }
        return Err(Failure::Run(message + &run_again));
    }
    // A second name of a file that was just checked needs no check of its own.
    let other = shared.filter(|shared| !kept.is_some_and(|kept| kept.has_mapped(shared)));
    match other.map(|shared| (shared, prepared::verify(shared))) {
        Some((shared, Err(why @ PreparedError::Damaged(_)))) => Err(Failure::Run(format!(
            "{}, the copy of the dataset for child processes: {why}; {lost}\n  {run_again}",
            escape::path(shared)
        ))),
        _ => Ok(()),
    }
}
