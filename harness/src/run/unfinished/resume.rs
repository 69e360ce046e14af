//! Resumes a run: keeps what an earlier run left and still fits, and removes the rest.

use super::files::{passes_file, remove, trials};
use super::run_file::UnfinishedRun;
use super::{START_AFRESH, TrialProgress, Unfinished};
use crate::clock;
use crate::plan::{Plan, Prepared, Trial};
use crate::record::folder::UNFINISHED_RUN;
use crate::record::output_folder::FolderError;
use crate::record::results::{self, Question, ResultsError};
use crate::run::trial_files::write_trial;

/// What has to be done again, for the notes.
#[derive(Default)]
struct Again {
    /// Trials that are timed again.
    timed: usize,
    /// Trials whose metrics are computed again.
    judged: usize,
    /// The metrics that their files lack.
    metrics: Vec<String>,
}

impl Unfinished {
    /// Keeps what `before` left and still fits, and removes the rest. Returns how far each trial is, and adds notes for the
    /// user.
    pub(super) fn resume(
        &mut self,
        before: &UnfinishedRun,
        prepared: &Prepared,
        notes: &mut Vec<String>,
    ) -> Result<Vec<TrialProgress>, ResultsError> {
        let plan = &prepared.plan;
        notes.extend(self.remove_other_trials(before, plan));
        self.run.started.clone_from(&before.started);
        self.run.resumed = before.resumed.iter().cloned().chain([clock::timestamp()]).collect();
        if before.program == self.run.program {
            self.run.graphs.clone_from(&before.graphs);
        }
        let timed_otherwise = self.run.timed_otherwise(before);
        let (mut done, mut again) = (Vec::new(), Again::default());
        for trial in &plan.trials {
            let asked = Question { k: plan.experiment.k.size(), queries: &plan.queries, metrics: &plan.metrics };
            if let Err(wrong) = results::verify(&self.folder, &trial.id, asked, &prepared.base, &prepared.dataset) {
                notes.push(format!("{} is run again, since its file cannot be used: {wrong}", trial.label()));
                remove(&self.out, &trial.id);
                done.push(TrialProgress::default());
                continue;
            }
            done.push(self.resume_trial(prepared, trial, timed_otherwise.is_some(), &mut again)?);
        }
        notes.extend(again.notes(timed_otherwise));
        let wanted = plan.experiment.repeats.size();
        let whole = done.iter().filter(|done| done.is_whole(wanted)).count();
        let begun = done.iter().filter(|done| **done != TrialProgress::default() && !done.is_whole(wanted)).count();
        let of = format!("of {} trials {whole} are done and {begun} begun", plan.trials.len());
        notes.insert(0, format!("resuming the run of {}: {of}", before.started));
        Ok(done)
    }

    /// Removes the trials that another program ran, whose `run.json` cannot be read. Returns a note if there were any.
    pub(super) fn remove_all_of(&self, program: &str) -> Option<String> {
        let ids = trials(&self.out);
        ids.iter().for_each(|id| remove(&self.out, id));
        let then = format!("the program has changed: {program} then, {} now", self.run.program);
        (!ids.is_empty()).then(|| format!("{} again, since {then}", trials_are(ids.len(), "run")))
    }

    /// Starts from scratch because `run.json` is missing, or damaged as `what` says. Returns a note if it is damaged.
    ///
    /// # Errors
    /// If there are trials: only `run.json` says which run they belong to, and starting would remove them.
    pub(super) fn without_run(&self, what: Option<String>) -> Result<Option<String>, ResultsError> {
        let path = self.folder.join(UNFINISHED_RUN);
        let wrong = what.as_ref().map_or_else(|| "is missing".to_owned(), |what| format!("is damaged ({what})"));
        let wrong = format!("{} {wrong}", path.display());
        let kept = trials(&self.out).len();
        if kept > 0 {
            return Err(FolderError::NotOurs(format!(
                "{wrong}, so that the {} beside it cannot be resumed\n  restore this file; or move the folder {} away {START_AFRESH}",
                if kept == 1 { "unfinished trial".to_owned() } else { format!("{kept} unfinished trials") },
                self.folder.display(),
            ))
            .into());
        }
        Ok(what.map(|_| format!("{wrong}; no unfinished trial is beside it, so the run starts from scratch")))
    }

    /// Removes the trials that another program ran or that the plan no longer has. Returns a note if there were any.
    fn remove_other_trials(&self, before: &UnfinishedRun, plan: &Plan) -> Option<String> {
        let other_program = before.program != self.run.program;
        let mut gone = 0;
        for id in trials(&self.out) {
            if other_program || plan.trials.iter().all(|trial| trial.id != id) {
                gone += 1;
                remove(&self.out, &id);
            }
        }
        if gone == 0 {
            return None;
        }
        Some(if other_program {
            let then = format!("the program has changed: {} then, {} now", before.program, self.run.program);
            format!("{} again, since {then}", trials_are(gone, "run"))
        } else {
            format!("{}, since {}", trials_are(gone, "left out"), self.run.why_gone(before, gone))
        })
    }

    /// Returns how far a trial is. If it has to be timed again, its timed passes are removed. If it then has nothing that can be
    /// used, its files are removed.
    fn resume_trial(
        &self,
        prepared: &Prepared,
        trial: &Trial,
        is_timed_again: bool,
        again: &mut Again,
    ) -> Result<TrialProgress, ResultsError> {
        let metrics = &prepared.plan.metrics;
        let Some(before) = results::read_outcome(&self.folder, &trial.id, &[]) else {
            remove(&self.out, &trial.id);
            return Ok(TrialProgress::default());
        };
        let lacking = results::lacking(&self.folder, &trial.id, metrics);
        let complete = results::read_outcome(&self.folder, &trial.id, metrics);
        let mut done = TrialProgress { measured: complete.is_some(), passes: before.repeats.len() };
        if is_timed_again && done.passes > 0 {
            again.timed += 1;
            done.passes = 0;
            match complete {
                Some(complete) => {
                    self.out.remove(&passes_file(&trial.id));
                    let mut untimed = complete;
                    untimed.keep_passes(0);
                    write_trial(&self.folder, prepared, trial, &untimed)?;
                }
                None => remove(&self.out, &trial.id),
            }
        }
        again.judged += usize::from(!lacking.is_empty());
        for metric in lacking {
            if !again.metrics.contains(&metric) {
                again.metrics.push(metric);
            }
        }
        Ok(done)
    }
}

impl Again {
    /// Notes for the user. `timed_otherwise` is why times cannot be used.
    fn notes(self, timed_otherwise: Option<String>) -> impl Iterator<Item = String> {
        let Self { timed, judged, metrics } = self;
        let timed = timed_otherwise
            .filter(|_| timed > 0)
            .map(|why| format!("{} again, since {why}", trials_are(timed, "timed")));
        let judged =
            (judged > 0).then(|| format!("{} again, for {}", trials_are(judged, "judged"), metrics.join(", ")));
        timed.into_iter().chain(judged)
    }
}

pub(super) fn trials_are(count: usize, what: &str) -> String {
    if count == 1 { format!("1 trial is {what}") } else { format!("{count} trials are {what}") }
}
