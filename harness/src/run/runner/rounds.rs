//! Times trials against a reference in rounds, for `swath check`.

use super::step::BenchStep;
use super::{Runner, Stop};
use crate::plan::Prepared;
use crate::plan::workload::Workload;
use crate::progress::Progress;
use crate::run::cache::Cache;
use crate::run::duel::Duel;
use crate::run::means::Means;
use crate::run::order::{Order, Reply};
use crate::run::unfinished::{TrialProgress, Unfinished};
use crate::statistics::Round;

/// The folder, below that of unfinished trials, that keeps builds from round to round.
const INDEXES: &str = "indexes";

/// How trials are timed against a reference. Trials are named by their place in the plan.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    /// The trials that are timed.
    pub trials: &'a [usize],
    /// The reference.
    pub reference: usize,
    /// How many rounds there are. Each has processes of its own.
    pub rounds: usize,
    /// How often each query is timed in a round.
    pub passes: usize,
    /// In mode single: how many queries are timed, from the first on. In mode batch all are.
    pub queries: usize,
}

/// How trials that were timed in rounds ended. Each list has an entry per trial of the plan.
pub struct TimedRounds {
    /// Why it failed, if it did.
    pub failed: Vec<Option<String>>,
    /// Its rounds.
    pub rounds: Vec<Vec<Round>>,
    /// Why it was not timed, though it did not fail.
    pub untimed: Vec<Option<String>>,
    /// How many indexes were built and kept. The processes of the other rounds read them.
    pub builds: usize,
    /// What went wrong with the files that keep builds.
    pub notes: Vec<String>,
}

impl From<Duel> for Round {
    fn from(duel: Duel) -> Self {
        let [own, reference] = duel.seconds.map(|seconds| seconds / duel.queries as f64);
        Self { own, reference }
    }
}

/// Measures the trials that are not measured yet, and times some of them against a reference in rounds.
///
/// Each round has processes of its own: the layout of memory, and times with it, differ from process to process. But each index
/// is built only once. It is kept in the folder of unfinished trials, and later rounds read it to other places in memory.
///
/// If the reference fails, nothing is timed. If it cannot be built beside a trial, that trial is not timed; nor is one whose
/// candidates are lists from a file.
///
/// # Errors
/// [`Stop`].
pub fn rounds(
    prepared: &Prepared,
    workload: Option<&Workload>,
    means: Means<'_>,
    unfinished: &mut Unfinished,
    done: Vec<TrialProgress>,
    asked: Rounds<'_>,
    progress: &Progress,
) -> Result<TimedRounds, Stop> {
    let indexes = unfinished.folder().join(INDEXES);
    // Graphs that no other run keeps are kept for these rounds.
    let graphs = Cache::new(indexes.clone());
    let means = Means { cache: means.cache.or(Some(&graphs)), ..means };
    let mut runner = Runner::new(prepared, workload, means, unfinished, done, progress);
    runner.indexes = Some(indexes);
    let mut rounds = vec![Vec::new(); prepared.plan.trials.len()];
    let mut untimed = without_time(prepared, asked);
    // The reference's group first: whether it fails is known before any trial is timed against it.
    let mut order: Vec<usize> = (0..runner.groups.len()).collect();
    order.sort_by_key(|&group| !runner.groups[group].trials.contains(&asked.reference));
    for round in 0..asked.rounds.max(1) {
        for &group in &order {
            if round == 0 {
                runner.measure(&[group])?;
            }
            for trial in runner.groups[group].trials.clone() {
                let is_wanted = round < asked.rounds && trial != asked.reference && asked.trials.contains(&trial);
                if is_wanted && runner.failed[trial].is_none() && untimed[trial].is_none() {
                    match runner.duel(group, trial, asked)? {
                        Ok(round) => rounds[trial].extend(round),
                        Err(reason) => untimed[trial] = Some(reason),
                    }
                    runner.progress.answered(asked.queries);
                }
            }
            runner.end(group);
        }
    }
    let Runner { failed, builds, notes, .. } = runner;
    Ok(TimedRounds { failed, rounds, untimed, builds, notes })
}

/// Why trials have no time that could be compared; none if nothing is timed.
fn without_time(prepared: &Prepared, asked: Rounds<'_>) -> Vec<Option<String>> {
    let reason = |trial: usize| prepared.plan.trials[trial].params().without_turns();
    let of_reference = || {
        let label = prepared.plan.trials[asked.reference].label();
        reason(asked.reference).map(|reason| format!("the reference {label} has no time: {reason}"))
    };
    let all = (0..prepared.plan.trials.len()).map(|trial| {
        let is_timed = asked.rounds > 0 && trial != asked.reference;
        is_timed.then(|| reason(trial).map(str::to_owned).or_else(of_reference)).flatten()
    });
    all.collect()
}

impl Runner<'_> {
    /// Times a trial against the reference in one round; `None` if the trial fails. The inner error is why it cannot be timed,
    /// though it does not fail.
    fn duel(&mut self, group: usize, trial: usize, asked: Rounds<'_>) -> Result<Result<Option<Round>, String>, Stop> {
        let Rounds { reference, passes, queries, .. } = asked;
        let label = self.prepared.plan.trials[reference].label();
        if self.failed[reference].is_some() {
            return Ok(Err(format!("its reference {label} failed")));
        }
        let is_shared = self.groups[group].trials.contains(&reference);
        if !is_shared && let Err(reason) = self.tell(BenchStep { group, trial, order: Order::Build(reference) })? {
            // If the trial's own build failed, the trial has failed.
            let reason = format!("its reference {label} cannot be built beside it: {reason}");
            return Ok(if self.failed[trial].is_some() { Ok(None) } else { Err(reason) });
        }
        let reply = self.step(BenchStep { group, trial, order: Order::Duel { trial, reference, queries, passes } })?;
        Ok(Ok(match reply {
            Some(Reply::Dueled(duel)) => Some(Round::from(duel)),
            _ => None,
        }))
    }
}
