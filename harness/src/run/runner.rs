//! Drives the benches of a run: which trial does what, when, and what becomes of one that fails.

use super::means::Means;
use super::retriever::Duel;
use crate::statistics::Round;

use super::bench::{Bench, Order, Place, Reply};
use super::built::Kept;
use super::cache::Cache;
use super::child::{self, Child, Death, Job};
use super::crowd;
use super::data::Data;
use super::group::{self, Group};
use super::unfinished::{Done, Unfinished};
use crate::config::Bytes;
use crate::interrupt;
use crate::plan::Prepared;
use crate::plan::workload::Workload;
use crate::progress::Progress;
use crate::record::machine;
use crate::record::results::ResultsError;
use std::path::{Path, PathBuf};
use swath_algorithms::params::Count;
use swath_algorithms::random;

/// Why a run ended before its end. What is done is kept.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// It was asked to.
    #[error("stopped")]
    Asked,
    /// What was done could not be written.
    #[error("{0}")]
    Unwritten(String),
}

impl From<ResultsError> for Stop {
    fn from(error: ResultsError) -> Self {
        Self::Unwritten(error.to_string())
    }
}

/// How the trials ended.
pub struct Ran {
    /// Why each failed, if it did, in the plan's order.
    pub failed: Vec<Option<String>>,
    /// What went wrong with what is kept.
    pub notes: Vec<String>,
}

/// How trials that were timed in rounds ended; a place for each trial of the plan.
pub struct TimedRounds {
    /// Why each failed, if it did.
    pub failed: Vec<Option<String>>,
    /// Its rounds.
    pub rounds: Vec<Vec<Round>>,
    /// Why it was not timed, though it did not fail.
    pub untimed: Vec<Option<String>>,
    /// How many indexes were built that are kept; the processes of all other rounds read them.
    pub builds: usize,
    /// What went wrong with what is kept.
    pub notes: Vec<String>,
}

/// A bench, wherever it works.
enum Hands<'a> {
    Here(Box<Bench<'a>>),
    Child(Child),
}

/// One run under way.
struct Runner<'a> {
    prepared: &'a Prepared,
    /// Where trials run in this process.
    workload: Option<&'a Workload>,
    means: Means<'a>,
    unfinished: &'a mut Unfinished,
    /// Where indexes are kept.
    indexes: Option<PathBuf>,
    groups: Vec<Group>,
    hands: Vec<Option<Hands<'a>>>,
    done: Vec<Done>,
    failed: Vec<Option<String>>,
    builds: usize,
    notes: Vec<String>,
    progress: &'a Progress,
}

/// Runs what is not done of the plan. A trial that fails says why, and the others go on.
///
/// # Errors
/// [`Stop`].
pub fn run(
    prepared: &Prepared,
    workload: Option<&Workload>,
    means: Means<'_>,
    (unfinished, done): (&mut Unfinished, Vec<Done>),
    progress: &Progress,
) -> Result<Ran, Stop> {
    let mut runner = Runner::new(prepared, workload, means, (unfinished, done), progress);
    let children = means.program.map(|_| crowd::children(prepared.plan.experiment.threads.size()));
    for shift in shifts(&runner.groups, (machine::memory() / 2, children.unwrap_or(usize::MAX))) {
        runner.measure(&shift)?;
        runner.time(&shift)?;
        shift.iter().for_each(|&group| runner.hands[group] = None);
    }
    Ok(Ran { failed: runner.failed, notes: runner.notes })
}

/// Which groups are in memory together, so that their timed passes can be interleaved: as many as `memory` holds, and at
/// most `children`.
fn shifts(groups: &[Group], (memory, children): (u64, usize)) -> Vec<Vec<usize>> {
    let mut shifts: Vec<Vec<usize>> = Vec::new();
    let mut left = 0;
    for (i, group) in groups.iter().enumerate() {
        match shifts.last_mut() {
            Some(shift) if group.memory <= left && shift.len() < children => shift.push(i),
            _ => {
                shifts.push(vec![i]);
                left = memory;
            }
        }
        left = left.saturating_sub(group.memory);
    }
    shifts
}

/// How trials are timed against a reference.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// The reference, by its place in the plan.
    pub reference: usize,
    /// How often: each round has processes of its own.
    pub rounds: usize,
    /// How often in a round each query is timed.
    pub passes: usize,
    /// The first so many queries, in mode single; in mode batch all are asked.
    pub queries: usize,
}

impl From<Duel> for Round {
    fn from(duel: Duel) -> Self {
        let [own, reference] = duel.seconds.map(|seconds| seconds / duel.queries as f64);
        Self { own, reference }
    }
}

/// Measures the trials that are not, and times `of` against a reference in rounds.
///
/// Each round has processes of its own, since where things lie in memory differs from process to process and times with it.
/// An index is built once, though: it is kept in the folder of what is unfinished, from which later rounds read it into
/// other places of memory.
///
/// Where the reference fails, nothing is timed; where it cannot be built beside a trial, that trial is not.
///
/// # Errors
/// [`Stop`].
pub fn rounds(
    prepared: &Prepared,
    workload: Option<&Workload>,
    means: Means<'_>,
    (unfinished, done): (&mut Unfinished, Vec<Done>),
    (of, how): (&[usize], Rounds),
    progress: &Progress,
) -> Result<TimedRounds, Stop> {
    let indexes = unfinished.folder().join(INDEXES);
    // Where graphs are kept for no other run, they are for these rounds.
    let graphs = Cache::new(indexes.clone());
    let means = Means { cache: means.cache.or(Some(&graphs)), ..means };
    let mut runner = Runner::new(prepared, workload, means, (unfinished, done), progress);
    runner.indexes = Some(indexes);
    let mut rounds = vec![Vec::new(); prepared.plan.trials.len()];
    let mut untimed: Vec<Option<String>> = vec![None; rounds.len()];
    // The reference's first: whether it fails is known before anything is timed against it.
    let mut order: Vec<usize> = (0..runner.groups.len()).collect();
    order.sort_by_key(|&group| !runner.groups[group].trials.contains(&how.reference));
    for round in 0..how.rounds.max(1) {
        for &group in &order {
            if round == 0 {
                runner.measure(&[group])?;
            }
            for trial in runner.groups[group].trials.clone() {
                let is_wanted = round < how.rounds && trial != how.reference && of.contains(&trial);
                if is_wanted && runner.failed[trial].is_none() && untimed[trial].is_none() {
                    match runner.duel((group, trial), how)? {
                        Ok(round) => rounds[trial].extend(round),
                        Err(reason) => untimed[trial] = Some(reason),
                    }
                    runner.progress.answered(how.queries);
                }
            }
            runner.hands[group] = None;
        }
    }
    let Runner { failed, builds, notes, .. } = runner;
    Ok(TimedRounds { failed, rounds, untimed, builds, notes })
}

/// The folder, in that of what is unfinished, that keeps builds from round to round.
const INDEXES: &str = "indexes";

impl<'a> Runner<'a> {
    fn new(
        prepared: &'a Prepared,
        workload: Option<&'a Workload>,
        means: Means<'a>,
        (unfinished, done): (&'a mut Unfinished, Vec<Done>),
        progress: &'a Progress,
    ) -> Self {
        let groups = group::groups(&prepared.plan, &prepared.facts);
        let hands = groups.iter().map(|_| None).collect();
        let failed = vec![None; done.len()];
        let (indexes, builds, notes) = (None, 0, Vec::new());
        Self { prepared, workload, means, unfinished, indexes, groups, hands, done, failed, builds, notes, progress }
    }

    fn is_open(&self, trial: usize) -> bool {
        self.failed[trial].is_none() && !self.done[trial].is_whole(self.prepared.plan.experiment.repeats.size())
    }

    fn queries(&self) -> usize {
        self.prepared.plan.queries.len()
    }

    /// Measures those trials of some groups that are not.
    fn measure(&mut self, shift: &[usize]) -> Result<(), Stop> {
        for &group in shift {
            for trial in self.groups[group].trials.clone() {
                if self.failed[trial].is_some() {
                    continue;
                }
                if !self.done[trial].measured {
                    self.step(group, (trial, Order::Measure(trial)))?;
                    self.done[trial].measured = self.failed[trial].is_none();
                }
                self.progress.answered(self.queries() * (1 + self.done[trial].passes));
            }
        }
        Ok(())
    }

    /// Times all trials of some groups as often as is wanted.
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
                    self.step(group, (trial, Order::Time { trial, after: repeat }))?;
                    self.done[trial].passes += 1;
                    self.progress.answered(self.queries());
                }
            }
        }
        Ok(())
    }

    /// Has a group's bench do one thing. Where it fails, its trial does; where it dies, its trial fails and the others of
    /// its group get another bench; where none can be built, all of them fail.
    fn step(&mut self, group: usize, (trial, order): (usize, Order)) -> Result<Option<Reply>, Stop> {
        let reply = self.tell(group, (trial, order))?;
        Ok(reply.map_err(|reason| self.failed[trial] = Some(reason)).ok())
    }

    /// A trial's time against the reference, in one round; none where the trial fails. The inner error is why it cannot be
    /// timed, though it does not fail.
    fn duel(&mut self, (group, trial): (usize, usize), how: Rounds) -> Result<Result<Option<Round>, String>, Stop> {
        let Rounds { reference, passes, queries, .. } = how;
        let plan = &self.prepared.plan;
        let label = plan.trials[reference].label();
        if self.failed[reference].is_some() {
            return Ok(Err(format!("{label}, against which it would be timed, failed")));
        }
        let is_shared = self.groups[group].trials.contains(&reference);
        if !is_shared && let Err(reason) = self.tell(group, (trial, Order::Build(reference)))? {
            // Where its own build failed, so has the trial.
            let reason = format!("{label}, against which it would be timed, cannot be built beside it: {reason}");
            return Ok(if self.failed[trial].is_some() { Ok(None) } else { Err(reason) });
        }
        let reply = self.step(group, (trial, Order::Duel { trial, reference, queries, passes }))?;
        Ok(Ok(match reply {
            Some(Reply::Dueled(duel)) => Some(Round::from(duel)),
            _ => None,
        }))
    }

    /// Has a group's bench do one thing for one of its trials; the inner error is why it was not done. Where no bench can
    /// be built, all trials of the group fail.
    fn tell(&mut self, group: usize, (trial, order): (usize, Order)) -> Result<Result<Reply, String>, Stop> {
        if interrupt::asked() {
            return Err(Stop::Asked);
        }
        if self.hands[group].is_none()
            && let Err(reason) = self.build(group)?
        {
            for trial in self.groups[group].trials.clone() {
                if self.is_open(trial) {
                    self.failed[trial] = Some(reason.clone());
                }
            }
            return Ok(Err(reason));
        }
        let doing = if matches!(order, Order::Measure(_)) { "measuring" } else { "timing" };
        self.progress.trial(doing, &self.prepared.plan.trials[trial].label());
        let seconds = self.prepared.plan.experiment.limits.seconds.map(Count::get);
        let is_build = matches!(order, Order::Build(_));
        let reply = match &mut self.hands[group] {
            Some(Hands::Here(bench)) => Ok(bench.obey(order)),
            Some(Hands::Child(child)) => {
                let replied = child.tell(order).and_then(|()| child.reply(seconds, is_build));
                replied.and_then(|reply| if reply.is_to(order) { Ok(reply) } else { Err(child.misunderstood()) })
            }
            None => return Ok(Err("it has no bench".into())),
        };
        match reply {
            Ok(Reply::Unwritten(what)) => Err(Stop::Unwritten(what)),
            Ok(Reply::Failed(reason)) => Ok(Err(if is_build { reason + &self.memory_limit() } else { reason })),
            Ok(reply) => {
                self.heed(&reply)?;
                Ok(Ok(reply))
            }
            Err(Death::Stopped) => Err(Stop::Asked),
            Err(death) => {
                self.hands[group] = None;
                Ok(Err(cause(death, seconds, if is_build { "building" } else { "answering all queries once" })))
            }
        }
    }

    /// Notes what a reply says of a build.
    fn heed(&mut self, reply: &Reply) -> Result<(), Stop> {
        let Reply::Built { graph, is_new, notes } = reply else { return Ok(()) };
        self.builds += usize::from(*is_new);
        if let Some(graph) = graph {
            self.unfinished.add_graph(graph.clone())?;
        }
        let new: Vec<String> = notes.iter().filter(|note| !self.notes.contains(note)).cloned().collect();
        self.notes.extend(new);
        Ok(())
    }

    /// What a build that failed may take, for its reason; nothing where that is not limited.
    fn memory_limit(&self) -> String {
        let limit = self.prepared.plan.experiment.limits.memory;
        limit.map_or_else(String::new, |limit| format!("; it may take {} by limits.memory", child::mib(limit.get())))
    }

    /// Builds what a group needs; the inner error is why it cannot be.
    fn build(&mut self, group: usize) -> Result<Result<(), String>, Stop> {
        let trial = self.groups[group].trials[0];
        let plan = &self.prepared.plan;
        self.progress.trial("building for", plan.trials[trial].retriever.name.as_str());
        let started = match (self.means.program, self.workload) {
            (Some(program), _) => match self.unfinished.data() {
                Some(data) => {
                    let places = Places { data, folder: self.unfinished.folder(), indexes: self.indexes.as_deref() };
                    let job = job(self.prepared, self.means, &places, trial);
                    Child::start(program, &job).map_err(|error| error.to_string()).map(Hands::Child)
                }
                None => Err("its dataset is not shared with children".into()),
            },
            (None, Some(workload)) => {
                let (dataset, _) = self.prepared.names();
                let graphs = self.means.cache.map(|cache| (cache, dataset, self.prepared.facts.sha256.as_str()));
                let kept = Kept { graphs, indexes: self.indexes.clone() };
                let place =
                    Place { prepared: self.prepared, workload, kept, folder: self.unfinished.folder().to_owned() };
                Bench::new(place, trial, false).map(|bench| Hands::Here(Box::new(bench)))
            }
            (None, None) => Err("there is neither a program to start nor anything to run here".into()),
        };
        let mut hands = match started {
            Ok(hands) => hands,
            Err(reason) => return Ok(Err(format!("its build failed: {reason}"))),
        };
        let seconds = plan.experiment.limits.seconds.map(Count::get);
        let reply = match &mut hands {
            Hands::Here(bench) => Ok(bench.built(trial)),
            Hands::Child(child) => child.reply(seconds, true),
        };
        match reply {
            Ok(reply @ Reply::Built { .. }) => {
                self.heed(&reply)?;
                self.hands[group] = Some(hands);
                Ok(Ok(()))
            }
            Ok(Reply::Failed(reason)) => Ok(Err(format!("its build failed: {reason}{}", self.memory_limit()))),
            Ok(_) => {
                let misunderstood = match &mut hands {
                    Hands::Here(_) => "it replied to something that it was not asked".into(),
                    Hands::Child(child) => cause(child.misunderstood(), seconds, "building"),
                };
                Ok(Err(format!("its build failed: {misunderstood}")))
            }
            Err(Death::Stopped) => Err(Stop::Asked),
            Err(death) => Ok(Err(format!("its build failed: {}", cause(death, seconds, "building")))),
        }
    }
}

/// Where a child reads and writes.
struct Places<'a> {
    /// The dataset.
    data: &'a Data,
    /// What is not finished.
    folder: &'a Path,
    /// Indexes that are kept from round to round.
    indexes: Option<&'a Path>,
}

/// What a child is told to build.
fn job(prepared: &Prepared, means: Means<'_>, places: &Places<'_>, trial: usize) -> Job {
    let Places { data, folder, indexes } = *places;
    Job {
        config: prepared.source.path().to_owned(),
        text: prepared.source.text().to_owned(),
        cell: means.cell.cloned(),
        data: data.clone(),
        memory: means.memory,
        dataset_name: prepared.dataset_name.clone(),
        sha256: prepared.facts.sha256.clone(),
        folder: folder.to_owned(),
        cache: means.cache.map(|cache| cache.folder().to_owned()),
        indexes: indexes.map(Path::to_owned),
        trial,
        limit: prepared.plan.experiment.limits.memory.map(Bytes::get),
    }
}

/// Why a child died, in words.
fn cause(death: Death, seconds: Option<u32>, doing: &str) -> String {
    match death {
        Death::TimeOut => format!("{doing} took longer than the {} s of limits.seconds", seconds.unwrap_or(0)),
        Death::Stopped => "it was stopped".into(),
        Death::Ended(why) => why,
    }
}
