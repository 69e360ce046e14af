//! Drives the benches of a run: which trial does what and when, and what happens if one fails.

mod rounds;
mod step;

use super::bench::Bench;
use super::child::Child;
use super::crowd;
use super::group::{self, BuildGroup};
use super::means::Means;
use super::order::Order;
use super::unfinished::{TrialProgress, Unfinished};
use crate::plan::Prepared;
use crate::plan::workload::Workload;
use crate::progress::Progress;
use crate::record::results::ResultsError;
use crate::record::{RunSeconds, machine};
use std::path::PathBuf;
use step::BenchStep;
use swath_algorithms::random;

pub use rounds::{Rounds, TimedRounds, rounds};

/// Why a run ended early. Finished work is kept.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The user asked it to stop.
    #[error("stopped")]
    Asked,
    /// A result could not be written.
    #[error("{0}")]
    Unwritten(String),
}

impl From<ResultsError> for Stop {
    fn from(error: ResultsError) -> Self {
        Self::Unwritten(error.to_string())
    }
}

/// How the trials ended.
pub struct TrialEndings {
    /// Why each trial failed, if it did, in the plan's order.
    pub failed: Vec<Option<String>>,
    /// What went wrong with the files that keep builds.
    pub notes: Vec<String>,
    /// The seconds that building, answering and timing took.
    pub seconds: RunSeconds,
}

/// A bench in this process or in a child.
enum AnyBench<'a> {
    Here(Box<Bench<'a>>),
    Child(Child),
}

/// One run in progress.
struct Runner<'a> {
    prepared: &'a Prepared,
    /// Set if trials run in this process.
    workload: Option<&'a Workload>,
    means: Means<'a>,
    unfinished: &'a mut Unfinished,
    /// Where indexes are kept.
    indexes: Option<PathBuf>,
    groups: Vec<BuildGroup>,
    /// The bench of each group, while it lives.
    benches: Vec<Option<AnyBench<'a>>>,
    done: Vec<TrialProgress>,
    failed: Vec<Option<String>>,
    builds: usize,
    notes: Vec<String>,
    seconds: RunSeconds,
    progress: &'a Progress,
}

/// Runs what is left of the plan; `done` says how far each trial is. A trial that fails says why, and the others still run.
///
/// # Errors
/// [`Stop`].
pub fn run(
    prepared: &Prepared,
    workload: Option<&Workload>,
    means: Means<'_>,
    unfinished: &mut Unfinished,
    done: Vec<TrialProgress>,
    progress: &Progress,
) -> Result<TrialEndings, Stop> {
    let mut runner = Runner::new(prepared, workload, means, unfinished, done, progress);
    let children = means.program.map(|_| crowd::children(prepared.plan.experiment.threads.size()));
    for shift in shifts(&runner.groups, machine::memory() / 2, children.unwrap_or(usize::MAX)) {
        runner.measure(&shift)?;
        runner.time(&shift)?;
        shift.iter().for_each(|&group| runner.end(group));
    }
    let Runner { failed, notes, seconds, .. } = runner;
    Ok(TrialEndings { failed, notes, seconds })
}

/// Divides the groups into shifts. The groups of a shift are in memory together, so that their timed passes can be
/// interleaved: as many as fit into `memory` bytes, where what they share counts once, and at most `children`.
fn shifts(groups: &[BuildGroup], memory: u64, children: usize) -> Vec<Vec<usize>> {
    let mut shifts: Vec<Vec<usize>> = Vec::new();
    let mut left = 0;
    for (i, group) in groups.iter().enumerate() {
        let own = group.memory - group.shared;
        match shifts.last_mut() {
            Some(shift) if own <= left && shift.len() < children => shift.push(i),
            _ => {
                shifts.push(vec![i]);
                left = memory.saturating_sub(group.shared);
            }
        }
        left = left.saturating_sub(own);
    }
    shifts
}

impl<'a> Runner<'a> {
    fn new(
        prepared: &'a Prepared,
        workload: Option<&'a Workload>,
        means: Means<'a>,
        unfinished: &'a mut Unfinished,
        done: Vec<TrialProgress>,
        progress: &'a Progress,
    ) -> Self {
        let groups = group::groups(&prepared.plan, &prepared.facts);
        let benches = groups.iter().map(|_| None).collect();
        let failed = vec![None; done.len()];
        Self {
            prepared,
            workload,
            means,
            unfinished,
            indexes: None,
            groups,
            benches,
            done,
            failed,
            builds: 0,
            notes: Vec::new(),
            seconds: RunSeconds::default(),
            progress,
        }
    }

    /// Whether something is left to do for a trial.
    fn is_open(&self, trial: usize) -> bool {
        self.failed[trial].is_none() && !self.done[trial].is_whole(self.prepared.plan.experiment.repeats.size())
    }

    fn queries(&self) -> usize {
        self.prepared.plan.queries.len()
    }

    /// Measures the trials of some groups, except those that are measured already.
    fn measure(&mut self, shift: &[usize]) -> Result<(), Stop> {
        for &group in shift {
            for trial in self.groups[group].trials.clone() {
                if self.failed[trial].is_some() {
                    continue;
                }
                if !self.done[trial].measured {
                    self.step(BenchStep { group, trial, order: Order::Measure(trial) })?;
                    self.done[trial].measured = self.failed[trial].is_none();
                }
                self.progress.answered(self.queries() * (1 + self.done[trial].passes));
            }
        }
        Ok(())
    }

    /// Times the trials of some groups until each has as many passes as the experiment has repeats.
    fn time(&mut self, shift: &[usize]) -> Result<(), Stop> {
        let experiment = &self.prepared.plan.experiment;
        let group_of = |trial: usize| shift.iter().copied().find(|&group| self.groups[group].trials.contains(&trial));
        let trials: Vec<Option<usize>> = (0..self.done.len()).map(group_of).collect();
        for repeat in 0..experiment.repeats.size() {
            let mut order: Vec<usize> = (0..trials.len()).collect();
            random::shuffle(&mut random::stream(experiment.seed, "order of trials", repeat as u64), &mut order);
            for trial in order {
                let Some(group) = trials[trial] else { continue };
                if self.is_open(trial) && self.done[trial].passes == repeat {
                    self.step(BenchStep { group, trial, order: Order::Time { trial, after: repeat } })?;
                    self.done[trial].passes += 1;
                    self.progress.answered(self.queries());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_together_as_long_as_they_fit_and_what_they_share_counts_once() {
        let group = |own: u64, shared| BuildGroup { trials: Vec::new(), memory: own + shared, shared };
        let of = |groups: &[BuildGroup], memory, children| shifts(groups, memory, children);
        let four = [group(30, 40), group(30, 40), group(30, 40), group(30, 40)];
        assert_eq!(of(&four, 100, 9), [[0, 1], [2, 3]]);
        assert_eq!(of(&four, 160, 9), [[0, 1, 2, 3]]);
        assert_eq!(of(&four, 160, 3), [vec![0, 1, 2], vec![3]]);
        // One is always tried.
        assert_eq!(of(&four[..2], 10, 9), [[0], [1]]);
        assert_eq!(of(&[group(10, 0), group(80, 0), group(20, 0)], 100, 9), [vec![0, 1], vec![2]]);
    }
}
