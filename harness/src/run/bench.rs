//! One build with the trials that share it: measures them, times them, and keeps what comes out in their files.
//!
//! It works in a child process ([`super::child`]) or, without isolation, in that of the run.

use super::built;
use super::built::{Built, Kept};
use super::memory;
use super::retriever;
use super::retriever::{Duel, Memory, Retriever};
use super::write_trial;
use crate::clock;
use crate::plan::Plan;
use crate::plan::Prepared;
use crate::plan::workload::Workload;
use crate::record::Mode;
use crate::record::machine;
use crate::record::manifest::GraphRecord;
use crate::record::passes;
use crate::record::passes::Pass;
use crate::record::results;
use crate::record::{Outcome, Timed};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// What a bench is told to do with a trial, which is named by its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Answer all queries once, untimed, and judge the answers.
    Measure(usize),
    /// Time all queries once, after so many passes that are kept.
    Time {
        /// Which trial.
        trial: usize,
        /// How many passes there are.
        after: usize,
    },
    /// Build what another trial needs, beside what is built.
    Build(usize),
    /// Time a trial against another that is [built](Order::Build), taking turns.
    Duel {
        /// Which trial.
        trial: usize,
        /// Against which.
        reference: usize,
        /// The first so many queries, in mode single.
        queries: usize,
        /// How often each is timed.
        passes: usize,
    },
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It is built.
    Built {
        /// The graph.
        graph: Option<GraphRecord>,
        /// Whether an index that is kept was built, and not read.
        is_new: bool,
        /// What went wrong with what is kept.
        notes: Vec<String>,
    },
    /// It is done, and in the trial's files.
    Done,
    /// What the trial and the reference took.
    Dueled(Duel),
    /// The trial failed.
    Failed(String),
    /// What was done could not be written.
    Unwritten(String),
}

impl Reply {
    /// Whether it answers that order.
    pub fn is_to(&self, order: Order) -> bool {
        match self {
            Self::Failed(_) | Self::Unwritten(_) => true,
            Self::Built { .. } => matches!(order, Order::Build(_)),
            Self::Done => matches!(order, Order::Measure(_) | Order::Time { .. }),
            Self::Dueled(_) => matches!(order, Order::Duel { .. }),
        }
    }
}

/// Where a bench works.
#[derive(Clone)]
pub struct Place<'a> {
    /// What is run.
    pub prepared: &'a Prepared,
    /// What it is run on.
    pub workload: &'a Workload,
    /// Where builds are kept.
    pub kept: Kept<'a>,
    /// The folder with the folder of trials that are not finished.
    pub folder: PathBuf,
}

/// One build with the trials that share it.
pub struct Bench<'a> {
    plan: &'a Plan,
    prepared: &'a Prepared,
    workload: &'a Workload,
    kept: Kept<'a>,
    folder: PathBuf,
    timed: ThreadPool,
    /// By what trials must have in common: the build, and that of a reference that has another.
    built: BTreeMap<built::Key, Built>,
    peak: Option<u64>,
    /// Whether the process does nothing else, so that its memory is this build's.
    is_alone: bool,
    /// By trial what it returned, which each timed pass must return again.
    returned: BTreeMap<usize, Vec<i32>>,
    /// What a trial works in, and what its reference does in a duel.
    memories: [Memory; 2],
    /// How many queries a trial has answered in one of the two memories, so that it needs no more room there.
    warm: BTreeMap<(usize, usize), usize>,
}

impl<'a> Bench<'a> {
    /// Builds what `trial` needs.
    ///
    /// # Errors
    /// That it panicked, or that there are no threads.
    pub fn new(place: Place<'a>, trial: usize, is_alone: bool) -> Result<Self, String> {
        let Place { prepared, workload, kept, folder } = place;
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
            peak: None,
            is_alone,
            returned: BTreeMap::new(),
            memories: Default::default(),
            warm: BTreeMap::new(),
        };
        memory::reset_peak();
        bench.build(trial)?;
        bench.peak = memory::peak().filter(|_| is_alone);
        Ok(bench)
    }

    /// Builds what a trial needs, unless it is there.
    fn build(&mut self, trial: usize) -> Result<(), String> {
        let trial = &self.plan.trials[trial];
        if !self.built.contains_key(&built::key(trial)) {
            let built = attempt(|| Ok(Built::new(trial, self.workload, &self.kept)))?;
            self.built.insert(built::key(trial), built);
        }
        Ok(())
    }

    /// The reply to what `trial` needs being built.
    pub fn built(&self, trial: usize) -> Reply {
        let built = self.built.get(&built::key(&self.plan.trials[trial]));
        Reply::Built {
            graph: built.and_then(|built| built.record.clone()),
            is_new: built.is_some_and(|built| built.is_new),
            notes: built.map_or_else(Vec::new, |built| built.notes.clone()),
        }
    }

    /// Does as it is told.
    pub fn obey(&mut self, order: Order) -> Reply {
        match order {
            Order::Measure(trial) => self.measure(trial),
            Order::Time { trial, after } => self.time(trial, after),
            Order::Build(trial) => self.build(trial).map_or_else(Reply::Failed, |()| self.built(trial)),
            Order::Duel { trial, reference, queries, passes } => self.duel([trial, reference], queries, passes),
        }
    }

    /// Lets a trial answer the first so many queries untimed in one of the two memories, if it has not done so.
    fn warm_up(&mut self, side: usize, trial: usize, queries: usize) {
        let warm = self.warm.entry((side, trial)).or_default();
        if *warm < queries {
            *warm = queries;
            let retriever = retriever(self.plan, &self.built, trial);
            let (mode, memory) = (self.plan.experiment.mode, &mut self.memories[side]);
            self.timed.install(|| retriever.warm_up(mode, self.workload, queries, memory));
        }
    }

    fn measure(&mut self, trial: usize) -> Reply {
        let built = &self.built[&built::key(&self.plan.trials[trial])];
        let (plan, memory) = (self.plan, &self.memories[0]);
        let measured = attempt(|| retriever::measure(plan, &plan.trials[trial], self.workload, built, memory));
        let mut outcome = match measured {
            Ok(outcome) => outcome,
            Err(reason) => return Reply::Failed(reason),
        };
        // The threads that time may be fewer than those that measured.
        self.memories[0].level(self.plan.experiment.threads.size());
        if self.plan.experiment.mode == Mode::Single {
            self.warm.insert((0, trial), self.workload.queries.rows());
        }
        outcome.peaks.build = self.peak;
        // What was timed before stays, whatever it was judged by.
        if let Some(before) = results::read_outcome(&self.folder, self.id(trial), &[])
            && !before.repeats.is_empty()
        {
            if before.returned != outcome.returned {
                let what = "it returned something else when it was timed, before the run was stopped; run the experiment afresh";
                return Reply::Failed(what.into());
            }
            (outcome.repeats, outcome.timed) = (before.repeats, before.timed);
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
        let id = self.id(trial);
        let timed = Timed { at: clock::unix_seconds(), load: machine::load().unwrap_or(f64::NAN) };
        memory::reset_peak();
        let times = attempt(|| {
            self.warm_up(0, trial, self.workload.queries.rows());
            let retriever = retriever(self.plan, &self.built, trial);
            let (workload, memory, expected) = (self.workload, &mut self.memories[0], &self.returned[&trial]);
            let times = match self.plan.experiment.mode {
                Mode::Single => self.timed.install(|| retriever.time_single(workload, expected, memory)),
                Mode::Batch => self.timed.install(|| retriever.time_batch(workload, expected, memory)),
            };
            times.map_err(|query| disagreement(after, workload.query_ids[query]))
        });
        let times = match times {
            Ok(times) => times,
            Err(reason) => return Reply::Failed(reason),
        };
        let peak = memory::peak().filter(|_| self.is_alone);
        let appended = passes::append(&self.folder, id, &Pass { index: after, times, timed, peak });
        appended.map_or_else(|error| self.unwritten(trial, &error), |()| Reply::Done)
    }

    /// Reads what a trial returned, and sees to it that its files hold no more than the passes before the next one.
    fn take_up(&mut self, trial: usize, after: usize) -> Result<(), Reply> {
        let gone = || Reply::Failed("what it returned is no longer in its file".into());
        let kept = results::read_outcome(&self.folder, self.id(trial), &self.plan.metrics).ok_or_else(gone)?;
        if kept.repeats.len() < after {
            return Err(Reply::Failed("passes that were timed are no longer in its file".into()));
        }
        if kept.repeats.len() > after {
            let mut fewer = kept.clone();
            fewer.repeats.truncate(after);
            fewer.timed.truncate(after);
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

    fn duel(&mut self, [trial, reference]: [usize; 2], queries: usize, passes: usize) -> Reply {
        let dueled = attempt(|| {
            self.warm_up(0, trial, queries);
            self.warm_up(1, reference, queries);
            let two = [trial, reference].map(|trial| retriever(self.plan, &self.built, trial));
            let (workload, memories) = (self.workload, &mut self.memories);
            Ok(match self.plan.experiment.mode {
                Mode::Single => {
                    self.timed.install(|| retriever::duel_single(&two, workload, memories, queries, passes))
                }
                Mode::Batch => self.timed.install(|| retriever::duel_batch(&two, workload, memories, passes)),
            })
        });
        dueled.map_or_else(Reply::Failed, Reply::Dueled)
    }

    /// Writes a trial's file with all that there is, in which passes that were beside it are then, too.
    fn keep(&mut self, trial: usize, outcome: Outcome) -> Reply {
        let names = self.prepared.names();
        let written = write_trial(&self.folder, self.plan, &self.plan.trials[trial], names, &outcome);
        if let Err(error) = written {
            return Reply::Unwritten(error.to_string());
        }
        self.returned.insert(trial, outcome.returned);
        let removed = passes::remove(&self.folder, self.id(trial));
        removed.map_or_else(|error| self.unwritten(trial, &error), |()| Reply::Done)
    }
}

/// A trial on what is built.
fn retriever<'a>(plan: &'a Plan, built: &'a BTreeMap<built::Key, Built>, trial: usize) -> Retriever<'a> {
    let trial = &plan.trials[trial];
    Retriever::new(trial, &built[&built::key(trial)], plan.experiment.k.size())
}

/// Names the query for which a pass returned something else.
fn disagreement(repeat: usize, query: usize) -> String {
    format!("timed repeat {repeat} returned something else for query {query} than the first pass did")
}

/// Turns a panic, which is a bug in an algorithm, into a reason; the other trials go on.
fn attempt<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(format!("it panicked: {text}"))
    })
}
