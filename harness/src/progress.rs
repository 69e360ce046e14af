//! Progress on a terminal; silence elsewhere.

use crate::escape::terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::time::Duration;

/// How often a step that says nothing shows that it is at work.
const TICK: Duration = Duration::from_millis(200);

/// A bar that shows the trial, the rate of queries and the time left.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar on standard error for `queries` queries in all; hidden if that is no terminal or `quiet`.
    pub fn new(queries: usize, quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(queries as u64), target);
        let template = "{spinner} {msg}\n  [{bar:40}] {percent:>3}%  {rate} queries/s, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                // A bar that cannot be drawn is no reason to stop.
                let _ = write!(text, "{:.0}", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        }
        Self { bar }
    }

    /// A bar for a task of so many steps, of which each is named as it begins; hidden as [`Progress::new`] is.
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

    /// The next step begins.
    pub fn step(&self, name: &str) {
        self.bar.inc(1);
        self.bar.set_message(name.to_owned());
    }

    /// Shows nothing, ever.
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Says what is being done with which trial.
    pub fn trial(&self, what: &str, label: &str) {
        self.bar.set_message(format!("{what} {}", terminal(label)));
        self.bar.tick();
    }

    /// So many queries are answered.
    pub fn answered(&self, queries: usize) {
        self.bar.inc(queries as u64);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
