//! One check: measures the trials of an experiment, and times them in rounds.

use super::{Snapshot, TrialSnapshot, measures};
use crate::config::Failure;
use crate::interrupt::{self, Vanishing};
use crate::plan::Prepared;
use crate::plan::workload::Workload;
use crate::progress::Progress;
use crate::record::output_folder::{FolderKind, OutputFolder};
use crate::record::results::{self, ResultsError};
use crate::run::damage::{self, Consequence};
use crate::run::unfinished::{Start, TrialProgress, Unfinished};
use crate::run::{self, Means, Rounds, Stop, TimedRounds};
use crate::statistics::Round;
use std::sync::Arc;

/// A check of one experiment, in its own temporary folder.
pub struct Session<'a> {
    prepared: &'a Prepared,
    means: Means<'a>,
    workload: Option<Workload>,
    unfinished: Unfinished,
    quiet: bool,
    builds: usize,
    _vanishing: Vanishing,
    _folder: tempfile::TempDir,
}

impl<'a> Session<'a> {
    /// Starts a check.
    ///
    /// # Errors
    /// [`Failure::Run`] if temporary files cannot be written.
    pub fn new(prepared: &'a Prepared, means: Means<'a>, quiet: bool) -> Result<Self, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::Run(format!("temporary files cannot be written: {error}"));
        let folder = tempfile::Builder::new().prefix("swath-check-").tempdir().map_err(|error| failed(&error))?;
        let vanishing = Vanishing::new(folder.path());
        let out = OutputFolder::open(folder.path(), &[FolderKind::Run]).map_err(|error| failed(&error))?;
        let (mut unfinished, ..) =
            Unfinished::open(&Arc::new(out), prepared, &Start::Fresh).map_err(|error| failed(&error))?;
        unfinished.share(prepared, means)?;
        let workload = means.program.is_none().then(|| prepared.workload());
        Ok(Self { prepared, means, workload, unfinished, quiet, builds: 0, _vanishing: vanishing, _folder: folder })
    }

    /// The number of indexes built so far, of those that are kept from round to round.
    pub fn builds(&self) -> usize {
        self.builds
    }

    /// Measures all trials and times them in this many rounds; 0 times nothing. Also returns notes.
    ///
    /// # Errors
    /// [`Failure::Run`] and [`Failure::Stopped`].
    pub fn look(&mut self, rounds: usize) -> Result<(Snapshot, Vec<String>), Failure> {
        let plan = &self.prepared.plan;
        let all: Vec<usize> = (0..plan.trials.len()).collect();
        let TimedRounds { failed, rounds, untimed, mut notes, .. } =
            self.run(&all, rounds, vec![TrialProgress::default(); all.len()])?;
        notes.extend(not_timed(&untimed));
        let mut state = Snapshot::new(self.prepared);
        for (((trial, failed), rounds), untimed) in plan.trials.iter().zip(failed).zip(rounds).zip(untimed) {
            let outcome = results::outcome(self.unfinished.folder(), &trial.id, &plan.metrics);
            let gone = |error: &ResultsError| format!("its results could not be read back: {error}");
            let failed = failed.or_else(|| outcome.as_ref().err().map(gone));
            state.trials.push(TrialSnapshot {
                label: trial.label(),
                measures: outcome
                    .ok()
                    .filter(|_| failed.is_none())
                    .map_or_else(Vec::new, |outcome| measures(&plan.metrics, &outcome.metrics, &outcome.evaluations)),
                failed,
                rounds,
                untimed,
            });
        }
        Ok((state, notes))
    }

    /// Times the trials with these labels again. Returns a list of rounds for each.
    ///
    /// # Errors
    /// As [`Session::look`]; also [`Failure::Run`] if one of them fails or cannot be timed.
    pub fn time(&mut self, labels: &[String], rounds: usize) -> Result<Vec<Vec<Round>>, Failure> {
        let trials = &self.prepared.plan.trials;
        let of: Vec<usize> =
            labels.iter().filter_map(|label| trials.iter().position(|trial| trial.label() == *label)).collect();
        let done = vec![TrialProgress { measured: true, passes: 0 }; trials.len()];
        let mut timed = self.run(&of, rounds, done)?;
        let why = |trial: usize| timed.failed[trial].as_ref().or(timed.untimed[trial].as_ref());
        if let Some((trial, reason)) = of.iter().find_map(|&trial| Some((trial, why(trial)?))) {
            let label = trials[trial].label();
            return Err(Failure::Run(format!("{label} failed when it was timed again: {reason}")));
        }
        Ok(of.into_iter().map(|trial| std::mem::take(&mut timed.rounds[trial])).collect())
    }

    fn run(&mut self, of: &[usize], rounds: usize, done: Vec<TrialProgress>) -> Result<TimedRounds, Failure> {
        let plan = &self.prepared.plan;
        let check = &plan.experiment.check;
        let queries = check.queries.size().min(plan.queries.len());
        let asked = Rounds { trials: of, reference: plan.reference(), rounds, passes: check.passes.size(), queries };
        let to_measure = done.iter().filter(|done| !done.measured).count() * plan.queries.len();
        let progress = Progress::new(to_measure + of.len() * rounds * queries, self.quiet);
        let hold = interrupt::hold();
        let ran = run::rounds(
            self.prepared,
            self.workload.as_ref(),
            self.means,
            &mut self.unfinished,
            done,
            asked,
            &progress,
        );
        progress.finish();
        match ran {
            Ok(timed) => {
                let consequence = Consequence { lost: "nothing is compared or saved", again: None };
                damage::check(self.means.resources.kept, self.unfinished.data(), consequence)?;
                self.builds += timed.builds;
                Ok(timed)
            }
            Err(Stop::Asked) => {
                hold.for_ever();
                Err(Failure::Stopped("stopped; nothing was compared".into()))
            }
            Err(Stop::Unwritten(what)) => Err(Failure::Run(what)),
        }
    }
}

/// A note for each reason, with the number of trials that were not timed because of it.
fn not_timed(untimed: &[Option<String>]) -> Vec<String> {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for reason in untimed.iter().flatten() {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    let say = |(reason, count): (&str, usize)| {
        let trials = if count == 1 { "1 trial is".to_owned() } else { format!("{count} trials are") };
        format!("{trials} not timed: {reason}")
    };
    reasons.into_iter().map(say).collect()
}
