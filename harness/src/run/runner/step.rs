//! One step of a run: an order to a group's bench, which is built first if it is not there.

use super::{AnyBench, Runner, Stop};
use crate::clock::Moment;
use crate::config::Bytes;
use crate::interrupt;
use crate::record::machine;
use crate::run::bench::{Bench, OUT_OF_MEMORY, Workplace};
use crate::run::built::{GraphCache, Kept};
use crate::run::child::{self, Child, Death, Job};
use crate::run::order::{Order, Reply};
use crate::run::outside::roles;
use std::path::Path;
use swath_algorithms::candidates::AnyCandidates;
use swath_algorithms::params::Count;

/// What a child does while it builds, for messages.
const BUILDING: &str = "building";

/// An order to the bench of a group, for one of its trials.
#[derive(Clone, Copy, Debug)]
pub(super) struct BenchStep {
    /// The group.
    pub group: usize,
    /// The trial that fails if the step does, by its place in the plan.
    pub trial: usize,
    /// The order.
    pub order: Order,
}

impl Runner<'_> {
    /// Has a bench carry out an order. `None` if it fails:
    ///
    /// 1. If the order fails, its trial fails.
    /// 2. If the bench dies, its trial fails, and the others of the group get another bench.
    /// 3. If no bench can be built, all trials of the group fail.
    pub(super) fn step(&mut self, step: BenchStep) -> Result<Option<Reply>, Stop> {
        let reply = self.tell(step)?;
        Ok(reply.map_err(|reason| self.failed[step.trial] = Some(reason)).ok())
    }

    /// Has a bench carry out an order; the inner error is why it did not. If no bench can be built, all trials of the group
    /// fail.
    pub(super) fn tell(&mut self, step: BenchStep) -> Result<Result<Reply, String>, Stop> {
        let BenchStep { group, trial, order } = step;
        if interrupt::asked() {
            return Err(Stop::Asked);
        }
        if self.benches[group].is_none() {
            let start = Moment::now();
            let built = self.build(group)?;
            self.seconds.building += start.elapsed();
            if let Err(reason) = built {
                self.fail(group, &reason);
                return Ok(Err(reason));
            }
        }
        let doing = if matches!(order, Order::Measure(_)) { "measuring" } else { "timing" };
        self.progress.trial(doing, &self.prepared.plan.trials[trial].label());
        let seconds = self.seconds();
        let is_build = matches!(order, Order::Build(_));
        let start = Moment::now();
        let reply = match &mut self.benches[group] {
            Some(AnyBench::Here(bench)) => Ok(bench.obey(order)),
            Some(AnyBench::Child(child)) => {
                let replied = child.tell(order).and_then(|()| child.reply(seconds, is_build));
                replied.and_then(|reply| if reply.is_to(order) { Ok(reply) } else { Err(child.misunderstood()) })
            }
            None => return Ok(Err("it has no bench".into())),
        };
        *self.seconds_of(order) += start.elapsed();
        match reply {
            Ok(Reply::Unwritten(what)) => Err(Stop::Unwritten(what)),
            // In this process a request to stop ends a program, too.
            Ok(Reply::Failed(_)) if interrupt::asked() => Err(Stop::Asked),
            Ok(Reply::Failed(reason)) => Ok(Err(self.explained(reason, is_build))),
            Ok(Reply::DoneWith(notes)) => {
                self.remember(&notes);
                Ok(Ok(Reply::Done))
            }
            Ok(reply) => {
                self.note(&reply)?;
                Ok(Ok(reply))
            }
            Err(Death::Stopped) => Err(Stop::Asked),
            Err(death) => {
                self.benches[group] = None;
                Ok(Err(cause(death, seconds, if is_build { BUILDING } else { "answering all queries once" })))
            }
        }
    }

    /// Ends the bench of a group. Programs outside are asked to end by themselves first: they may have something to write.
    pub(super) fn end(&mut self, group: usize) {
        let Some(mut bench) = self.benches[group].take() else { return };
        let has_programs = |&trial: &usize| !roles(&self.prepared.plan.trials[trial]).is_empty();
        if !self.groups[group].trials.iter().any(has_programs) {
            return;
        }
        let ended = match &mut bench {
            AnyBench::Here(bench) => Ok(bench.obey(Order::End)),
            // Programs have a limit of their own for this.
            AnyBench::Child(child) => child.tell(Order::End).and_then(|()| child.reply(None, true)),
        };
        // If the bench itself has died meanwhile, it has done all that it had to do.
        if let Ok(Reply::DoneWith(notes)) = ended {
            self.remember(&notes);
        }
    }

    /// The seconds that carrying out such orders has taken so far.
    fn seconds_of(&mut self, order: Order) -> &mut f64 {
        match order {
            Order::Build(_) => &mut self.seconds.building,
            Order::Measure(_) => &mut self.seconds.answering,
            Order::Time { .. } | Order::Duel { .. } | Order::End => &mut self.seconds.timing,
        }
    }

    /// Fails all trials of a group that are not done.
    fn fail(&mut self, group: usize, reason: &str) {
        for trial in self.groups[group].trials.clone() {
            if self.is_open(trial) {
                self.failed[trial] = Some(reason.to_owned());
            }
        }
    }

    /// Seconds that a step may take.
    fn seconds(&self) -> Option<u32> {
        self.prepared.plan.experiment.limits.seconds.map(Count::get)
    }

    /// Records what a reply says about a build.
    fn note(&mut self, reply: &Reply) -> Result<(), Stop> {
        let Reply::Built { graph, is_new, notes } = reply else { return Ok(()) };
        self.builds += usize::from(*is_new);
        if let Some(graph) = graph {
            self.unfinished.add_graph(graph.clone())?;
        }
        self.remember(notes);
        Ok(())
    }

    /// Keeps notes for the user, each once.
    fn remember(&mut self, notes: &[String]) {
        let new: Vec<String> = notes.iter().filter(|note| !self.notes.contains(note)).cloned().collect();
        self.notes.extend(new);
    }

    /// The reason of a failed step, with the limit on memory where that may have been it.
    fn explained(&self, reason: String, is_build: bool) -> String {
        let is_memory = reason == OUT_OF_MEMORY;
        match self.prepared.plan.experiment.limits.memory {
            Some(limit) if is_build || is_memory => {
                format!("{reason}; it may take {} by limits.memory", child::mib(limit.get()))
            }
            None if is_memory => format!("{reason}; {}", machine::memory_limit()),
            _ => reason,
        }
    }

    /// Builds what a group needs; the inner error is why that failed.
    fn build(&mut self, group: usize) -> Result<Result<(), String>, Stop> {
        let trial = self.groups[group].trials[0];
        self.progress.trial("building for", self.prepared.plan.trials[trial].retriever.name.as_str());
        let failed = |reason: String| Ok(Err(format!("its build failed: {reason}")));
        let mut bench = match self.start(trial) {
            Ok(bench) => bench,
            Err(reason) => return failed(reason),
        };
        let seconds = self.seconds();
        let reply = match &mut bench {
            AnyBench::Here(bench) => Ok(bench.built(trial)),
            AnyBench::Child(child) => child.reply(seconds, true),
        };
        match reply {
            Ok(reply @ Reply::Built { .. }) => {
                self.note(&reply)?;
                self.benches[group] = Some(bench);
                Ok(Ok(()))
            }
            Ok(Reply::Failed(reason)) => failed(self.explained(reason, true)),
            Ok(_) => failed(match &mut bench {
                AnyBench::Here(_) => "it replied to something that it was not asked".into(),
                AnyBench::Child(child) => cause(child.misunderstood(), seconds, BUILDING),
            }),
            Err(Death::Stopped) => Err(Stop::Asked),
            Err(death) => failed(cause(death, seconds, BUILDING)),
        }
    }
}

impl<'a> Runner<'a> {
    /// Starts a bench for the build of `trial`: a child, or one in this process, which is built then.
    fn start(&self, trial: usize) -> Result<AnyBench<'a>, String> {
        match (self.means.program, self.workload) {
            (Some(program), _) => {
                let data = self.unfinished.data().ok_or("its dataset is not shared with children")?;
                let child = Child::start(program, &self.job(data, trial)).map_err(|error| error.to_string())?;
                Ok(AnyBench::Child(child))
            }
            (None, Some(workload)) => {
                let prepared = self.prepared;
                let graphs = self.means.cache.map(|cache| GraphCache {
                    cache,
                    dataset: &prepared.dataset_name,
                    sha256: &prepared.facts.sha256,
                });
                let kept = Kept { graphs, indexes: self.indexes.clone() };
                let place = Workplace {
                    prepared,
                    workload,
                    kept,
                    folder: self.unfinished.folder().to_owned(),
                    data: self.unfinished.data().map(Path::to_owned),
                    starter: self.means.resources.outside.starter.map(Path::to_owned),
                };
                Ok(AnyBench::Here(Box::new(Bench::new(place, trial, false)?)))
            }
            (None, None) => Err("there is neither a program to start nor a workload to run in this process".into()),
        }
    }

    /// The job of a child.
    fn job(&self, data: &Path, trial: usize) -> Job {
        let Self { prepared, means, .. } = self;
        Job {
            config: prepared.source.path().to_owned(),
            text: prepared.source.text().to_owned(),
            cell: means.cell.cloned(),
            data: data.to_owned(),
            sha256: prepared.facts.sha256.clone(),
            lists: prepared.facts.lists.clone(),
            programs: prepared.facts.programs.clone(),
            lists_key: prepared.plan.trials[trial].retriever.candidates.listed().map(AnyCandidates::build_key),
            folder: self.unfinished.folder().to_owned(),
            cache: means.cache.map(|cache| cache.folder().to_owned()),
            indexes: self.indexes.clone(),
            trial,
            limit: prepared.plan.experiment.limits.memory.map(Bytes::get),
        }
    }
}

/// Why a child died, in words. `doing` is what it did.
fn cause(death: Death, seconds: Option<u32>, doing: &str) -> String {
    match death {
        Death::TimeOut => format!("{doing} took longer than the {} s of limits.seconds", seconds.unwrap_or(0)),
        Death::Stopped => "it was stopped".into(),
        Death::Ended(why) => why,
    }
}
