//! One build with the trials that share it: measures them, times them, and writes the results into their files.
//!
//! A bench works in a child process ([`super::child`]) or, without isolation, in the process of the run.

use super::built::{self, BuildKey, Built, Kept};
use super::order::{Order, Reply};
use super::outside::{Asking, PassEnd, Programs, roles};
use super::searcher::Searcher;
use super::worker::Memory;
use super::{duel, memory, untimed, write_trial};
use crate::clock;
use crate::external::Role;
use crate::plan::workload::Workload;
use crate::plan::{Plan, Prepared};
use crate::record::passes::{self, Pass};
use crate::record::{Mode, Outcome, Timed, machine, results};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Why a trial failed for which there was no memory.
pub const OUT_OF_MEMORY: &str = "it ran out of memory";

/// Where a bench works.
#[derive(Clone)]
pub struct Workplace<'a> {
    /// The experiment.
    pub prepared: &'a Prepared,
    /// The vectors and queries.
    pub workload: &'a Workload,
    /// Where builds are kept.
    pub kept: Kept<'a>,
    /// The folder that holds the folder of unfinished trials.
    pub folder: PathBuf,
    /// The prepared dataset, if it has a file.
    pub data: Option<PathBuf>,
    /// The program that starts programs outside: swath itself.
    pub starter: Option<PathBuf>,
}

/// One build with the trials that share it.
pub struct Bench<'a> {
    plan: &'a Plan,
    prepared: &'a Prepared,
    workload: &'a Workload,
    kept: Kept<'a>,
    folder: PathBuf,
    timed: ThreadPool,
    /// Built indexes by build key: the trials' own and, if it differs, the reference's.
    built: BTreeMap<BuildKey, Built>,
    /// The programs outside that the trials need.
    programs: Programs<'a>,
    peak: Option<u64>,
    /// Whether the process does nothing else, so that its memory is this build's.
    is_alone: bool,
    /// Results by trial. Each timed pass must return the same.
    returned: BTreeMap<usize, Vec<i32>>,
    /// Working memory of a trial and, in a duel, of its reference.
    memories: [Memory; 2],
    /// For each of the two memories, by trial: how many queries it has answered there, so that these need no more room.
    warm: [BTreeMap<usize, usize>; 2],
}

impl<'a> Bench<'a> {
    /// Builds what `trial` needs.
    ///
    /// # Errors
    /// The panic of an algorithm, or that threads cannot be started.
    pub fn new(place: Workplace<'a>, trial: usize, is_alone: bool) -> Result<Self, String> {
        let Workplace { prepared, workload, kept, folder, data, starter } = place;
        let plan = &prepared.plan;
        let timed = ThreadPoolBuilder::new().num_threads(plan.experiment.threads.size()).build();
        let timed = timed.map_err(|error| format!("threads for timed queries cannot be started: {error}"))?;
        let mut bench = Self {
            plan,
            prepared,
            workload,
            kept,
            folder,
            timed,
            built: BTreeMap::new(),
            programs: Programs::new(prepared, starter, data),
            peak: None,
            is_alone,
            returned: BTreeMap::new(),
            memories: Default::default(),
            warm: Default::default(),
        };
        memory::reset_peak();
        bench.build(trial)?;
        bench.peak = memory::peak().filter(|_| is_alone);
        Ok(bench)
    }

    /// Builds what a trial needs, unless it is built already.
    fn build(&mut self, trial: usize) -> Result<(), String> {
        let trial = &self.plan.trials[trial];
        if !self.built.contains_key(&built::key(trial)) {
            let built = attempt(|| Ok(Built::new(trial, self.workload, &self.kept)))?;
            self.built.insert(built::key(trial), built);
        }
        // The one that finds ids is part of what the trials share.
        match roles(trial).into_iter().find(|&role| role != Role::Selector) {
            Some(role) => self.programs.ready(trial, role),
            None => Ok(()),
        }
    }

    /// The reply once `trial`'s build is there.
    pub fn built(&self, trial: usize) -> Reply {
        let built = self.built.get(&built::key(&self.plan.trials[trial]));
        Reply::Built {
            graph: built.and_then(|built| built.record.clone()),
            is_new: built.is_some_and(|built| built.is_new),
            notes: built.map_or_else(Vec::new, |built| built.notes.clone()),
        }
    }

    /// Does what an order says.
    pub fn obey(&mut self, order: Order) -> Reply {
        match order {
            Order::Measure(trial) => self.measure(trial),
            Order::Time { trial, after } => self.time(trial, after),
            Order::Build(trial) => self.build(trial).map_or_else(Reply::Failed, |()| self.built(trial)),
            Order::Duel { trial, reference, queries, passes } => self.duel(trial, reference, queries, passes),
            Order::End => done_with(self.programs.end()),
        }
    }

    /// Has a trial answer the first `queries` queries untimed in one of the two memories, unless it has done so before.
    fn warm_up(&mut self, side: usize, trial: usize, queries: usize) {
        let warm = self.warm[side].entry(trial).or_default();
        if *warm < queries {
            *warm = queries;
            let searcher = searcher(self.plan, self.workload, &self.built, trial);
            let (mode, memory) = (self.plan.experiment.mode, &mut self.memories[side]);
            self.timed.install(|| searcher.warm_up(mode, queries, memory));
        }
    }

    fn measure(&mut self, trial: usize) -> Reply {
        let built = &self.built[&built::key(&self.plan.trials[trial])];
        let (plan, memory) = (self.plan, &mut self.memories[0]);
        let (workload, timed) = (self.workload, &self.timed);
        let asking = asking(plan, workload, trial, 0, timed);
        let programs = &mut self.programs;
        let measured = attempt(|| {
            let trial = &plan.trials[trial];
            if roles(trial).is_empty() {
                return untimed::measure(plan, trial, workload, built, None, memory, timed);
            }
            let searcher = Searcher::new(trial, workload, built, asking.k);
            let (answers, clocks) = programs.answers(asking, &searcher, memory)?;
            let mut outcome = untimed::measure(plan, trial, workload, built, Some(&answers), memory, timed)?;
            programs.note_measured(trial);
            (outcome.clocks, outcome.programs) = (vec![clocks], programs.records(trial));
            let (seconds, bytes) = programs.built(trial);
            outcome.build_seconds += seconds;
            outcome.index_bytes += bytes;
            Ok(outcome)
        });
        let mut outcome = match measured {
            Ok(outcome) => outcome,
            Err(reason) => return Reply::Failed(reason),
        };
        self.warm[0].insert(trial, self.workload.queries.len());
        outcome.peaks.build = self.programs.build_peak(&plan.trials[trial]).or(self.peak);
        // Passes that were timed before stay, whichever metrics the file held.
        if let Some(before) = results::read_outcome(&self.folder, self.id(trial), &[])
            && !before.repeats.is_empty()
        {
            if before.returned != outcome.returned {
                let what = "it returned something else when it was timed, before the run was stopped; run the experiment afresh";
                return Reply::Failed(what.into());
            }
            (outcome.repeats, outcome.timed) = (before.repeats, before.timed);
            outcome.clocks.truncate(1);
            outcome.clocks.extend(before.clocks.into_iter().skip(1));
            outcome.peaks.search = before.peaks.search;
        }
        self.keep(trial, outcome)
    }

    fn time(&mut self, trial: usize, after: usize) -> Reply {
        if !self.returned.contains_key(&trial)
            && let Err(reply) = self.take_up(trial, after)
        {
            return reply;
        }
        if !roles(&self.plan.trials[trial]).is_empty() {
            return self.time_outside(trial, after);
        }
        let id = self.id(trial);
        let timed = Timed { at: clock::unix_seconds(), load: machine::load().unwrap_or(f64::NAN) };
        memory::reset_peak();
        let times = attempt(|| {
            self.warm_up(0, trial, self.workload.queries.len());
            let searcher = searcher(self.plan, self.workload, &self.built, trial);
            let (memory, expected) = (&mut self.memories[0], &self.returned[&trial]);
            let times = match self.plan.experiment.mode {
                Mode::Single => self.timed.install(|| searcher.time_single(expected, memory)),
                Mode::Batch => self.timed.install(|| searcher.time_batch(expected, memory)),
            };
            times.map_err(|query| disagreement(after, self.workload.query_ids[query]))
        });
        let times = match times {
            Ok(times) => times,
            Err(reason) => return Reply::Failed(reason),
        };
        let peak = memory::peak().filter(|_| self.is_alone);
        let appended = passes::append(&self.folder, id, &Pass { index: after, times, timed, peak, clocks: None });
        appended.map_or_else(|error| self.unwritten(trial, &error), |()| Reply::Done)
    }

    /// Times a trial of whose stages some are programs outside.
    fn time_outside(&mut self, trial: usize, after: usize) -> Reply {
        let id = self.id(trial);
        let timed = Timed { at: clock::unix_seconds(), load: machine::load().unwrap_or(f64::NAN) };
        let (plan, workload) = (self.plan, self.workload);
        let ended = attempt(|| {
            let asking = asking(plan, workload, trial, after + 1, &self.timed);
            let searcher = searcher(plan, workload, &self.built, trial);
            let (memory, expected) = (&mut self.memories[0], &self.returned[&trial]);
            self.programs.peak(&plan.trials[trial]);
            self.programs.time(asking, &searcher, memory, expected)
        });
        let PassEnd { times, clocks, notes } = match ended {
            Ok(ended) => ended,
            Err(reason) => return Reply::Failed(reason),
        };
        let peak = self.programs.peak(&plan.trials[trial]);
        let pass = Pass { index: after, times, timed, peak, clocks: Some(clocks) };
        match passes::append(&self.folder, id, &pass) {
            Ok(()) => done_with(notes),
            Err(error) => self.unwritten(trial, &error),
        }
    }

    /// Reads the results of a trial, and removes passes from its files that are to be timed again: all but the first `after`.
    fn take_up(&mut self, trial: usize, after: usize) -> Result<(), Reply> {
        let gone = || Reply::Failed("its results are no longer in its file".into());
        let kept = results::read_outcome(&self.folder, self.id(trial), &self.plan.metrics).ok_or_else(gone)?;
        if kept.repeats.len() < after {
            return Err(Reply::Failed("its timed passes are no longer in its file".into()));
        }
        if kept.repeats.len() > after {
            let mut fewer = kept.clone();
            fewer.keep_passes(after);
            let removed = passes::remove(&self.folder, self.id(trial));
            removed.map_err(|error| self.unwritten(trial, &error))?;
            if let reply @ Reply::Unwritten(_) = self.keep(trial, fewer) {
                return Err(reply);
            }
        }
        passes::mend(&self.folder, self.id(trial)).map_err(|error| self.unwritten(trial, &error))?;
        self.returned.insert(trial, kept.returned);
        Ok(())
    }

    fn id(&self, trial: usize) -> &'a str {
        &self.plan.trials[trial].id
    }

    fn unwritten(&self, trial: usize, error: &std::io::Error) -> Reply {
        Reply::Unwritten(format!("{}: {error}", passes::path(&self.folder, self.id(trial)).display()))
    }

    fn duel(&mut self, trial: usize, reference: usize, queries: usize, passes: usize) -> Reply {
        let dueled = attempt(|| {
            self.warm_up(0, trial, queries);
            self.warm_up(1, reference, queries);
            let two = [trial, reference].map(|trial| searcher(self.plan, self.workload, &self.built, trial));
            let memories = &mut self.memories;
            Ok(match self.plan.experiment.mode {
                Mode::Single => self.timed.install(|| duel::duel_single(&two, memories, queries, passes)),
                Mode::Batch => self.timed.install(|| duel::duel_batch(&two, memories, passes)),
            })
        });
        dueled.map_or_else(Reply::Failed, Reply::Dueled)
    }

    /// Writes a trial's file with its whole outcome, and removes the file of passes beside it.
    fn keep(&mut self, trial: usize, outcome: Outcome) -> Reply {
        let written = write_trial(&self.folder, self.prepared, &self.plan.trials[trial], &outcome);
        if let Err(error) = written {
            return Reply::Unwritten(error.to_string());
        }
        self.returned.insert(trial, outcome.returned);
        let removed = passes::remove(&self.folder, self.id(trial));
        removed.map_or_else(|error| self.unwritten(trial, &error), |()| Reply::Done)
    }
}

/// The reply to an order that is done, with notes for the user.
fn done_with(notes: Vec<String>) -> Reply {
    if notes.is_empty() { Reply::Done } else { Reply::DoneWith(notes) }
}

/// The searcher of a trial whose build is there.
fn searcher<'a>(
    plan: &'a Plan,
    workload: &'a Workload,
    built: &'a BTreeMap<BuildKey, Built>,
    trial: usize,
) -> Searcher<'a> {
    let trial = &plan.trials[trial];
    Searcher::new(trial, workload, &built[&built::key(trial)], plan.experiment.k.size())
}

/// How a trial's programs are asked in a pass.
fn asking<'a>(plan: &'a Plan, workload: &'a Workload, trial: usize, pass: usize, timed: &'a ThreadPool) -> Asking<'a> {
    let (k, mode) = (plan.experiment.k.size(), plan.experiment.mode);
    Asking { trial: &plan.trials[trial], workload, k, mode, pass, timed }
}

/// Says for which query a timed pass returned something else.
fn disagreement(repeat: usize, query: usize) -> String {
    format!("timed repeat {repeat} returned other results for query {query} than the first pass")
}

/// Turns a panic, which is a bug in an algorithm, into a reason, so that other trials can run.
fn attempt<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        // So working memory says that there is no more; other allocations end the process.
        if text == "out of memory" { Err(OUT_OF_MEMORY.into()) } else { Err(format!("it panicked: {text}")) }
    })
}
