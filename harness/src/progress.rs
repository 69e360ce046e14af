//! Progress on a terminal. Elsewhere nothing is shown.

use crate::escape::terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::time::Duration;

/// How often the bar moves during a step that reports nothing.
const TICK: Duration = Duration::from_millis(200);

/// A progress bar, for instance with the trial, the rate of queries and the time left.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar on standard error for `queries` queries in total. Hidden if that is no terminal, or if `quiet`.
    pub fn new(queries: usize, quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(queries as u64), target);
        let template = "{spinner} {msg}\n  [{bar:40}] {percent:>3}%  {rate} queries/s, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                // A failure to draw the bar is ignored.
                let _ = write!(text, "{:.0}", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        }
        Self { bar }
    }

    /// A bar for a task of `count` steps, which shows the current step's name. Hidden as [`Progress::new`].
    pub fn steps(task: &str, count: usize, quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target).with_prefix(task.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}, step {pos} of {len}, {elapsed}: {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self { bar }
    }

    /// A bar for bytes that come; its length is given later. Hidden as [`Progress::new`].
    pub fn bytes(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { bar: ProgressBar::with_draw_target(None, target) }
    }

    /// Begins the bytes of another file, of which `have` are here already. The file may be of unknown length.
    pub fn begin(&self, name: &str, have: u64, length: Option<u64>) {
        let template = match length {
            Some(_) => "{spinner} {msg}\n  [{bar:40}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{spinner} {msg}\n  {bytes}, {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_length(length.unwrap_or(0));
        self.bar.set_message(terminal(name).into_owned());
        self.bar.reset_eta();
        // What was here before says nothing of the speed.
        self.bar.set_position(have);
        self.bar.reset_eta();
    }

    /// Shows how many bytes are here.
    pub fn has(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Begins the next step.
    pub fn step(&self, name: &str) {
        self.bar.inc(1);
        self.bar.set_message(name.to_owned());
    }

    /// Prints something else while the bar is away.
    pub fn above(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// A bar that is never shown.
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Shows what is being done with which trial.
    pub fn trial(&self, what: &str, label: &str) {
        self.bar.set_message(format!("{what} {}", terminal(label)));
        self.bar.tick();
    }

    /// Adds answered queries.
    pub fn answered(&self, queries: usize) {
        self.bar.inc(queries as u64);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
