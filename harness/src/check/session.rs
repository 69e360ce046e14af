//! One check under way: the experiment's trials measured, and timed in rounds.

use super::{State, TrialState, measures, quiet};
use crate::experiment::{Failure, Prepared};
use crate::progress::Progress;
use crate::results;
use crate::run::unfinished::{Done, Start, Unfinished};
use crate::run::{self, Means, Round, Rounds, Stop};
use crate::workload::Workload;

/// A trial is timed at most so many times as often as is wanted, for rounds in which the machine is quiet.
const PATIENCE: usize = 4;

/// An experiment that is checked, in a folder of its own that vanishes with it.
pub struct Session<'a> {
    prepared: &'a Prepared,
    means: Means<'a>,
    workload: Option<Workload>,
    unfinished: Unfinished,
    quiet: bool,
    _folder: tempfile::TempDir,
}

impl<'a> Session<'a> {
    /// Begins.
    ///
    /// # Errors
    /// That there is no room for temporary files.
    pub fn new(prepared: &'a Prepared, means: Means<'a>, quiet: bool) -> Result<Self, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::Run(format!("temporary files cannot be written: {error}"));
        let folder = tempfile::Builder::new().prefix("swath-check-").tempdir().map_err(|error| failed(&error))?;
        let (unfinished, ..) =
            Unfinished::open(folder.path(), prepared, &Start::Fresh).map_err(|error| failed(&error))?;
        let workload = means.program.is_none().then(|| prepared.workload());
        Ok(Self { prepared, means, workload, unfinished, quiet, _folder: folder })
    }

    /// Measures all trials and times them in so many rounds, and more until half as many are quiet; none leaves times out. How quick
    /// the reference is when nothing disturbs it is known from `known`, too. Returns notes, too.
    ///
    /// # Errors
    /// [`Failure::Run`] and [`Failure::Stopped`].
    pub fn look(&mut self, rounds: usize, known: &[&State]) -> Result<(State, Vec<String>), Failure> {
        let plan = &self.prepared.plan;
        let all: Vec<usize> = (0..plan.trials.len()).collect();
        let (failed, timed, notes) = self.run(&all, rounds, vec![Done::default(); all.len()])?;
        let mut state = State::new(self.prepared);
        for ((trial, failed), rounds) in plan.trials.iter().zip(failed).zip(timed) {
            let outcome = results::read_outcome(self.unfinished.folder(), &trial.id, &plan.metrics);
            let gone = || "what it returned could not be read back".to_owned();
            let failed = failed.or_else(|| outcome.is_none().then(gone));
            state.trials.push(TrialState {
                label: trial.label(),
                measures: outcome
                    .filter(|_| failed.is_none())
                    .map_or_else(Vec::new, |outcome| measures(&plan.metrics, &outcome.metrics, &outcome.evaluations)),
                failed,
                rounds,
            });
        }
        let mut timed: Vec<Vec<Round>> =
            state.trials.iter_mut().map(|trial| std::mem::take(&mut trial.rounds)).collect();
        let of: Vec<usize> =
            (0..timed.len()).filter(|&i| i != plan.reference() && state.trials[i].failed.is_none()).collect();
        self.until_quiet(&of, &mut timed, rounds, known)?;
        for (trial, rounds) in state.trials.iter_mut().zip(timed) {
            trial.rounds = rounds;
        }
        Ok((state, notes))
    }

    /// Times some trials, by their labels, in new rounds, as [`Session::look`]; a list for each.
    ///
    /// # Errors
    /// As [`Session::look`].
    pub fn time(&mut self, labels: &[String], rounds: usize, known: &[&State]) -> Result<Vec<Vec<Round>>, Failure> {
        let trials = &self.prepared.plan.trials;
        let of: Vec<usize> =
            labels.iter().filter_map(|label| trials.iter().position(|trial| trial.label() == *label)).collect();
        let mut timed = vec![Vec::new(); trials.len()];
        self.until_quiet(&of, &mut timed, rounds, known)?;
        Ok(of.into_iter().map(|trial| std::mem::take(&mut timed[trial])).collect())
    }

    /// Adds rounds until each of some trials has so many that are quiet, or has been timed [`PATIENCE`] times as often.
    fn until_quiet(
        &mut self,
        of: &[usize],
        timed: &mut [Vec<Round>],
        rounds: usize,
        known: &[&State],
    ) -> Result<(), Failure> {
        loop {
            let lacks = |trial: usize| {
                let label = self.prepared.plan.trials[trial].label();
                let before = known.iter().map(|state| state.least(&label)).fold(f64::INFINITY, f64::min);
                let quickest = timed[trial].iter().map(|round| round.reference).fold(before, f64::min);
                let enough = rounds.div_ceil(2);
                let left = (PATIENCE * rounds).saturating_sub(timed[trial].len());
                let first = rounds.saturating_sub(timed[trial].len());
                (trial, first.max(enough.saturating_sub(quiet(&timed[trial], quickest).len())).min(left))
            };
            let lacking: Vec<(usize, usize)> =
                of.iter().map(|&trial| lacks(trial)).filter(|(_, more)| *more > 0).collect();
            let Some(more) = lacking.iter().map(|(_, more)| *more).max() else { return Ok(()) };
            let of: Vec<usize> = lacking.iter().map(|(trial, _)| *trial).collect();
            let done = vec![Done { measured: true, passes: 0 }; timed.len()];
            let (failed, new, _) = self.run(&of, more, done)?;
            for trial in of {
                if let Some(reason) = &failed[trial] {
                    let label = self.prepared.plan.trials[trial].label();
                    return Err(Failure::Run(format!("{label} failed when it was timed again: {reason}")));
                }
                timed[trial].extend(&new[trial]);
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "taken apart at once")]
    fn run(
        &mut self,
        of: &[usize],
        rounds: usize,
        done: Vec<Done>,
    ) -> Result<(Vec<Option<String>>, Vec<Vec<Round>>, Vec<String>), Failure> {
        let plan = &self.prepared.plan;
        let check = &plan.experiment.check;
        let queries = check.queries.size().min(plan.queries.len());
        let how = Rounds { reference: plan.reference(), rounds, passes: check.passes.size(), queries };
        let to_measure = done.iter().filter(|done| !done.measured).count() * plan.queries.len();
        let progress = Progress::new(to_measure + of.len() * rounds * queries, self.quiet);
        let ran = run::rounds(
            self.prepared,
            self.workload.as_ref(),
            self.means,
            (&mut self.unfinished, done),
            (of, how),
            &progress,
        );
        progress.finish();
        match ran {
            Ok((ran, ratios)) => Ok((ran.failed, ratios, ran.notes)),
            Err(Stop::Asked) => Err(Failure::Stopped("stopped; nothing was compared".into())),
            Err(Stop::Unwritten(what)) => Err(Failure::Run(what)),
        }
    }
}
