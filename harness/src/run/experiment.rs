//! Runs one experiment: runs what is left of its plan, and writes everything that a run leaves behind.

use super::damage::{self, Consequence};
use super::lock;
use super::means::Means;
use super::runner::{self, Stop, TrialEndings};
use super::unfinished::{Start, TrialProgress, Unfinished};
use crate::clock::Moment;
use crate::config::Failure;
use crate::findings::diagnostics::diagnose;
use crate::findings::summary::Summary;
use crate::plan::{Prepared, Trial, wanted_query};
use crate::plot::format::number;
use crate::progress::Progress;
use crate::record::excerpt::{self, Answers, Excerpt};
use crate::record::folder::{MANIFEST, TRIALS, trial_name};
use crate::record::manifest::{self, DatasetRecord, Manifest, TrialRecord};
use crate::record::output_folder::{FolderKind, OutputFolder};
use crate::record::results::{self, ResultsError};
use crate::record::{ExperimentRecord, Machine, Outcome};
use crate::{clock, interrupt, report};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;

/// How an experiment is run.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// Where and with what trials are run.
    pub means: Means<'a>,
    /// How the run starts.
    pub start: &'a Start,
    /// Show no progress.
    pub quiet: bool,
    /// Takes what the user should know before the trials run.
    pub say: &'a dyn Fn(&str),
    /// The command that resumes the run after it was stopped.
    pub again: &'a str,
}

impl RunOptions<'_> {
    /// What to tell the user of a run that ends early.
    fn kept(&self) -> String {
        format!("finished work is kept; resume with\n  {}", self.again)
    }

    /// The failure of a run whose trials are done.
    fn unwritten(&self, error: &impl std::fmt::Display) -> Failure {
        Failure::Run(format!("{error}\n  {}", self.kept()))
    }
}

impl Prepared {
    /// Runs what is left of the plan and writes everything that a run leaves behind into `folder`. Returns the summary, the
    /// manifest, and what went wrong with the cache or a figure.
    ///
    /// # Errors
    /// [`Failure::Input`] if another run is at work in the folder, [`Failure::Run`] if a file cannot be written,
    /// [`Failure::Stopped`] if the user asked the run to stop.
    pub fn run(
        &self,
        folder: &Path,
        options: &RunOptions<'_>,
    ) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
        let begun = Moment::now();
        let out = self.open(folder)?;
        let (mut unfinished, done, said) = Unfinished::open(&out, self, options.start)?;
        unfinished.share(self, options.means)?;
        said.iter().for_each(|note| (options.say)(note));
        let ran = catch_unwind(AssertUnwindSafe(|| self.run_trials(&mut unfinished, done, options)));
        let consequence = Consequence { lost: "no result is written", again: Some(options.again) };
        if let Err(damaged) = damage::check(options.means.resources.kept, unfinished.data(), consequence) {
            // What was measured on it is worth nothing.
            unfinished.remove();
            return Err(damaged);
        }
        let TrialEndings { failed, notes, mut seconds } = ran.unwrap_or_else(|panic| resume_unwind(panic))?;
        let finish = |(trial, reason): (&Trial, Option<String>)| match reason {
            Some(reason) => Ok(Err(reason)),
            None => unfinished.finish(self, trial).map(Ok),
        };
        let unwritten = |error: ResultsError| options.unwritten(&error);
        let outcomes = self.plan.trials.iter().zip(failed).map(finish).collect::<Result<Vec<_>, _>>();
        let outcomes = outcomes.map_err(unwritten)?;
        self.excerpt(&outcomes).write(&out).map_err(unwritten)?;
        let start = Moment::now();
        let diagnosis = diagnose(&self.base, &self.dataset.test, self.plan.experiment.seed, options.quiet);
        (seconds.diagnosing, seconds.whole) = (start.elapsed(), begun.elapsed());
        let manifest = Manifest {
            diagnosis: Some(diagnosis),
            seconds: Some(seconds),
            ..self.manifest(out.path(), &unfinished, &outcomes)?
        };
        results::write_manifest(&out, &manifest).map_err(unwritten)?;
        remove_other_trials(&out, &manifest);
        let (summary, manifest, refused) =
            report::from_files::report_into(&out, None).map_err(|failure| match failure {
                Failure::Input(what) | Failure::Run(what) => options.unwritten(&what),
                failure => failure,
            })?;
        unfinished.remove();
        out.settle();
        Ok((summary, manifest, notes.into_iter().chain(refused).collect()))
    }

    /// Opens the run's folder, once no child of an earlier run is at work there.
    fn open(&self, folder: &Path) -> Result<Arc<OutputFolder>, Failure> {
        let out = Arc::new(OutputFolder::open(folder, &[FolderKind::Run])?);
        let trials = folder.join(TRIALS);
        out.work_on([format!("{TRIALS}/{}", lock::CHILDREN)])?;
        lock::wait_for_children(&trials).map_err(|error| Failure::Run(format!("{}: {error}", trials.display())))?;
        out.tidy();
        out.refuse(|_| true, &self.files())?;
        Ok(out)
    }

    /// Runs what is left of the plan; `done` says how far each trial is.
    fn run_trials(
        &self,
        unfinished: &mut Unfinished,
        done: Vec<TrialProgress>,
        options: &RunOptions<'_>,
    ) -> Result<TrialEndings, Failure> {
        // Children make their own.
        let workload = options.means.program.is_none().then(|| self.workload());
        let passes = self.plan.trials.len() * (1 + self.plan.experiment.repeats.size());
        let progress = Progress::new(passes * self.plan.queries.len(), options.quiet);
        interrupt::say(format!("stopped; {}", options.kept()));
        let hold = interrupt::hold();
        let ran = runner::run(self, workload.as_ref(), options.means, unfinished, done, &progress);
        progress.finish();
        match ran {
            Ok(endings) => Ok(endings),
            Err(Stop::Asked) => {
                hold.for_ever();
                unfinished.sync();
                Err(Failure::Stopped(format!("stopped; {}", options.kept())))
            }
            Err(Stop::Unwritten(what)) => Err(options.unwritten(&what)),
        }
    }

    /// The files that every run of it writes.
    fn files(&self) -> Vec<String> {
        let trials = self.plan.trials.iter().map(|trial| trial_name(&trial.id));
        let all = [MANIFEST, excerpt::FILE].into_iter().chain(report::FILES).map(str::to_owned);
        all.chain(trials).collect()
    }

    /// The manifest without diagnosis and seconds.
    fn manifest(
        &self,
        folder: &Path,
        unfinished: &Unfinished,
        outcomes: &[Result<Outcome, String>],
    ) -> Result<Manifest, Failure> {
        let experiment = ExperimentRecord::new(&self.plan.experiment)
            .map_err(|error| Failure::Run(format!("the manifest cannot be written: {error}")))?;
        let (started, resumed) = unfinished.times();
        let record = |(trial, outcome): (&Trial, &Result<Outcome, String>)| TrialRecord {
            trial: trial.id.clone(),
            retriever: trial.retriever.name.to_string(),
            point: trial.point.clone(),
            failed: outcome.as_ref().err().cloned(),
        };
        Ok(Manifest {
            swath: env!("CARGO_PKG_VERSION").into(),
            revision: env!("SWATH_REVISION").into(),
            rustc: env!("SWATH_RUSTC").into(),
            started,
            resumed,
            finished: clock::timestamp(),
            experiment,
            config: self.source.text().to_owned(),
            config_path: Some(self.source.path().to_owned()),
            config_from_here: manifest::seen_from(folder, self.source.path()),
            dataset: DatasetRecord {
                name: self.dataset_name.clone(),
                sha256: self.facts.sha256.clone(),
                distance: self.dataset.distance.name().into(),
                rows: self.facts.rows,
                queries: self.facts.queries,
                dim: self.facts.dim,
                neighbors: self.facts.neighbors,
                links: self.facts.links,
                subtopics: self.facts.subtopics,
                history: self.dataset.history.clone(),
                sparse: matches!(self.dataset.train, swath_algorithms::Points::Sparse(_)),
            },
            lists: self.facts.lists.clone(),
            machine: Machine::this(),
            graphs: unfinished.graphs(),
            trials: self.plan.trials.iter().zip(outcomes).map(record).collect(),
            metrics: self.plan.metrics.iter().map(|metric| metric.name().to_owned()).collect(),
            coarse: self.coarse.clone(),
            diagnosis: None,
            // An empty sum is -0.
            untimed: [0, 1]
                .map(|part| outcomes.iter().flatten().map(|outcome| outcome.untimed[part]).sum::<f64>() + 0.0),
            seconds: None,
            notes: self.notes.iter().cloned().chain(self.filled(outcomes)).chain(self.forbidden(outcomes)).collect(),
        })
    }

    /// The single queries that the report shows.
    fn excerpt(&self, outcomes: &[Result<Outcome, String>]) -> Excerpt {
        let experiment = &self.plan.experiment;
        let name = |row: usize| self.dataset.test_labels.name(row);
        let figures = || experiment.report.figures.iter().flatten();
        let is_named = |row: usize| figures().filter_map(wanted_query).any(|wanted| wanted.is(row, name(row)));
        let returned: Vec<&[i32]> = outcomes.iter().flatten().map(|outcome| outcome.returned.as_slice()).collect();
        let count = experiment.report.queries as usize;
        let (queries, seed, k) = (&self.plan.queries, experiment.seed, experiment.k.size());
        Excerpt::new(&self.dataset, Answers { queries, seed, k, returned: &returned }, count, is_named)
    }

    /// Notes on retrievers whose selectors filled results by relevance, since no item gained anything any more.
    fn filled(&self, outcomes: &[Result<Outcome, String>]) -> Vec<String> {
        let mut by_retriever: BTreeMap<&str, Filled> = BTreeMap::new();
        for (trial, outcome) in self.plan.trials.iter().zip(outcomes) {
            let Ok(outcome) = outcome else { continue };
            let filled = by_retriever.entry(trial.retriever.name.as_str()).or_default();
            filled.trials += 1;
            filled.concerned += usize::from(outcome.filled > 0);
            filled.most = outcome.filled.max(filled.most);
        }
        let k = self.plan.experiment.k.get();
        let concerned = by_retriever.into_iter().filter(|(_, filled)| filled.concerned > 0);
        let say = |(name, Filled { trials, concerned, most })| {
            format!(
                "{name} found no further gain before {k} results and filled the rest by relevance: in {concerned} of its \
                 {trials} trials, for up to {} of {} queries",
                number(most as f64),
                number(self.plan.queries.len() as f64)
            )
        };
        concerned.map(say).collect()
    }

    /// Notes on retrievers that could not keep the limit that their selectors set.
    fn forbidden(&self, outcomes: &[Result<Outcome, String>]) -> Vec<String> {
        let mut by_retriever: BTreeMap<&str, Forbidden> = BTreeMap::new();
        for (trial, outcome) in self.plan.trials.iter().zip(outcomes) {
            let Ok(outcome) = outcome else { continue };
            let forbidden = by_retriever.entry(trial.retriever.name.as_str()).or_default();
            let results = outcome.forbidden.iter().map(|&count| count as usize).sum();
            let queries = outcome.forbidden.iter().filter(|&&count| count > 0).count();
            forbidden.trials += 1;
            forbidden.concerned += usize::from(results > 0);
            forbidden.most = forbidden.most.max([results, queries]);
        }
        let (queries, k) = (self.plan.queries.len(), self.plan.experiment.k.size());
        let concerned = by_retriever.into_iter().filter(|(_, forbidden)| forbidden.concerned > 0);
        let say = |(name, Forbidden { trials, concerned, most })| {
            let of = |count: usize, all: usize| format!("{} of {}", number(count as f64), number(all as f64));
            format!(
                "{name} filled up with results that break its limit, since nothing else was left of the pool: in {concerned} of its \
                 {trials} trials, up to {} results, for up to {} queries; a larger pool leaves fewer",
                of(most[0], queries * k),
                of(most[1], queries)
            )
        };
        concerned.map(say).collect()
    }
}

/// How often a retriever's selector filled up with results that break its limit.
#[derive(Default)]
struct Forbidden {
    trials: usize,
    /// Trials in which it did so.
    concerned: usize,
    /// The most results, and the most queries, of a trial for which it did so: those of the trial with most results.
    most: [usize; 2],
}

/// How often a retriever's selector filled results by relevance.
#[derive(Default)]
struct Filled {
    trials: usize,
    /// Trials in which it did so.
    concerned: usize,
    /// The most queries of a trial for which it did so.
    most: usize,
}

/// Removes files of trials that an earlier run of another plan left in this folder, since they do not belong to the report.
pub fn remove_other_trials(out: &OutputFolder, manifest: &Manifest) {
    let kept = manifest.trials.iter().filter(|trial| trial.failed.is_none());
    let kept: BTreeSet<String> = kept.map(|trial| trial_name(&trial.trial)).collect();
    let listed = out.listed(&format!("{TRIALS}/"));
    for name in listed.iter().filter(|name| name.strip_suffix(".hdf5").is_some() && !kept.contains(*name)) {
        out.remove(name);
    }
}
