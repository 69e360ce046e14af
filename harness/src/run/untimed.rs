//! The untimed pass: answers all queries once, with all cores, and computes the metrics of the answers.
//!
//! Where the candidates of many queries are found together faster than one by one, they are, in either mode. Timed passes of
//! mode single find them one by one, and must return the same.

use super::answers::Answers;
use super::built::Built;
use super::searcher::Searcher;
use super::stages::Stages as _;
use super::worker::{Memory, Worker};
use crate::clock::Moment;
use crate::metrics::{AnsweredQuery, MetricName, Seen};
use crate::plan::workload::Workload;
use crate::plan::{Plan, Trial};
use crate::record::{MISSING, Mode, Outcome, stored};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::ops::Range;
use swath_algorithms::Item;
use swath_algorithms::nearest::Batch;
use swath_algorithms::spare::Taken;

/// In mode single: queries that are answered one by one after the candidates were found together, so that the workers have
/// the memory that this takes.
const WARM_UP: usize = 8;

/// The most bytes of pools that are found together in mode single, if these are of more than [`LEAST`] queries.
const POOLS: usize = 64 << 20;

/// So many queries are searched for together in any case.
const LEAST: usize = 256;

/// How many queries' pools of this size are held at once in mode single.
pub fn pools_at_once(pool: usize) -> usize {
    (POOLS / (pool.max(1) * size_of::<Item>())).max(LEAST)
}

/// A trial's results for one query, with everything that is computed from them.
struct MeasuredQuery {
    returned: Vec<i32>,
    distances: Vec<f32>,
    metrics: Vec<f64>,
    evaluations: [u64; 3],
    filled: bool,
    forbidden: u32,
    untimed: [f64; 2],
}

/// Answers every query once, untimed, and computes the metrics. It trusts no claim of an algorithm: it checks positions and
/// computes distances again.
///
/// Afterwards `memory` has what passes over the same queries need with the threads of `timed`. In mode single a query may need
/// more if the candidates were found together; it is then timed again ([`super::stages::time`]).
///
/// # Errors
/// An impossible result, or a metric that is not finite.
///
/// `answers` are those of programs outside, where some stages are theirs.
pub fn measure(
    plan: &Plan,
    trial: &Trial,
    workload: &Workload,
    built: &Built,
    answers: Option<&Answers>,
    memory: &mut Memory,
    timed: &ThreadPool,
) -> Result<Outcome, String> {
    let searcher = Searcher::new(trial, workload, built, plan.experiment.k.size());
    let searcher = answers.map_or_else(|| searcher.clone(), |answers| searcher.clone().with_answers(answers));
    let is_uncounted = searcher.is_uncounted();
    let pass = UntimedPass { plan, searcher };
    let (measured, searching) = match plan.experiment.mode {
        Mode::Single => pass.single(memory, timed)?,
        Mode::Batch => pass.batch(memory, timed)?,
    };
    memory.level(timed.current_num_threads());
    let column = |metric: usize| measured.iter().map(|m| m.metrics[metric]).collect();
    let untimed = [0, 1].map(|part| measured.iter().map(|m| m.untimed[part]).sum::<f64>());
    Ok(Outcome {
        returned: measured.iter().flat_map(|m| m.returned.iter().copied()).collect(),
        distances: measured.iter().flat_map(|m| m.distances.iter().copied()).collect(),
        metrics: (0..plan.metrics.len()).map(column).collect(),
        evaluations: if is_uncounted { Vec::new() } else { measured.iter().map(|m| m.evaluations).collect() },
        filled: measured.iter().filter(|m| m.filled).count(),
        forbidden: if measured.iter().all(|m| m.forbidden == 0) {
            Vec::new()
        } else {
            measured.iter().map(|m| m.forbidden).collect()
        },
        build_seconds: built.seconds,
        index_bytes: pass.searcher.bytes(),
        decision: trial.retriever.candidates.decision(&built.index, &workload.base),
        untimed: [untimed[0] + searching, untimed[1]],
        ..Outcome::default()
    })
}

/// The untimed pass of a trial.
struct UntimedPass<'a> {
    plan: &'a Plan,
    searcher: Searcher<'a>,
}

/// The queries in their order, and the seconds of all threads that finding their candidates together took.
type Measured = Result<(Vec<MeasuredQuery>, f64), String>;

impl UntimedPass<'_> {
    /// In mode batch the threads of timed passes find the candidates, in the memory that is theirs.
    fn batch(&self, memory: &mut Memory, timed: &ThreadPool) -> Measured {
        let queries = &self.searcher.workload.queries;
        memory.returned.reserve((queries.len() * self.searcher.k).saturating_sub(memory.returned.len()));
        let start = Moment::now();
        let found = timed.install(|| self.searcher.find_all(queries, &mut memory.batch));
        let searching = if found { start.elapsed() * timed.current_num_threads() as f64 } else { 0.0 };
        let measured = self.queries(0..queries.len(), found.then_some(&memory.batch), memory)?;
        Ok((measured, searching))
    }

    /// In mode single the memory of a batch is not needed any more afterwards.
    fn single(&self, memory: &mut Memory, timed: &ThreadPool) -> Measured {
        let queries = &self.searcher.workload.queries;
        let pool = self.searcher.trial.retriever.candidates.pool().min(self.searcher.workload.base.len());
        let together = pools_at_once(pool);
        let (mut batch, mut measured, mut searching) = (Batch::default(), Vec::with_capacity(queries.len()), 0.0);
        for first in (0..queries.len()).step_by(together) {
            let range = first..(first + together).min(queries.len());
            let some = queries.gather(&range.clone().collect::<Vec<_>>());
            let start = Moment::now();
            if !self.searcher.find_all(&some, &mut batch) {
                return Ok((self.queries(0..queries.len(), None, memory)?, 0.0));
            }
            searching += start.elapsed() * rayon::current_num_threads() as f64;
            measured.extend(self.queries(range, Some(&batch), memory)?);
        }
        timed.install(|| self.searcher.warm_up(Mode::Single, WARM_UP, memory));
        memory.allow_for(pool, timed.current_num_threads());
        Ok((measured, searching))
    }

    /// Measures some queries, whose candidates are in `batch` if that is given.
    fn queries(
        &self,
        range: Range<usize>,
        batch: Option<&Batch>,
        memory: &Memory,
    ) -> Result<Vec<MeasuredQuery>, String> {
        let first = range.start;
        let measure = |worker: &mut Taken<'_, Worker>, i: usize| {
            worker.scratch.reset();
            if let Some(batch) = batch {
                worker.pool.copy_from(&batch.pools[i - first]);
                worker.scratch.evaluations.set(batch.evaluations[i - first]);
            }
            self.query(i, batch.is_some(), worker)
        };
        range.into_par_iter().map_init(|| memory.workers.take(), measure).collect()
    }

    /// Answers a query in a worker that is reset, unless its candidates are `found` there, and measures the answer.
    fn query(&self, i: usize, found: bool, worker: &mut Worker) -> Result<MeasuredQuery, String> {
        let Self { plan, searcher } = self;
        let workload = searcher.workload;
        let trial_is_whole = searcher.trial.retriever.is_whole;
        let (k, query, truth) = (searcher.k, workload.query(i), &workload.truths[i]);
        let start = Moment::now();
        if !found {
            searcher.find(worker, i);
        }
        let found = worker.scratch.evaluations.get();
        let pool: Vec<u32> = worker.pool.items.iter().map(|item| item.id).collect();
        searcher.expand(worker, i);
        let expanded = worker.scratch.evaluations.get();
        searcher.select(worker, i);
        let selected = worker.scratch.evaluations.get();
        let answered = start.elapsed();
        let ids = checked_ids(worker, workload, k)
            .map_err(|what| format!("for query {} it {what}", workload.query_ids[i]))?;
        let evaluations = [found, expanded - found, selected - expanded];
        let asked = AnsweredQuery {
            base: &workload.base,
            query,
            returned: &ids,
            k,
            found: (&pool, searcher.trial.retriever.candidates.pool()),
            pool: &worker.pool,
            truth,
            selector: Some(&searcher.trial.retriever.select),
            groups: &workload.groups,
            evaluations: (!searcher.is_uncounted()).then_some(evaluations),
            seen: Seen::default(),
        };
        // A whole retriever outside has no pool, and no stages.
        let is_hidden = |metric: &MetricName| trial_is_whole && metric.params().looks_inside();
        let value = |metric: &MetricName| match Some(metric).filter(|m| !is_hidden(m)).and_then(|m| m.value(&asked)) {
            Some(value) if !value.is_finite() => {
                // A mean would silently leave out such a query.
                let (name, query) = (metric.name(), workload.query_ids[i]);
                Err(format!("{name} of query {query} is {value}: that is a bug in swath"))
            }
            value => Ok(value.unwrap_or(f64::NAN)),
        };
        let metrics = plan.metrics.iter().map(value).collect::<Result<_, _>>()?;
        let judged = start.elapsed() - answered;
        let padding = k - ids.len();
        let distances = ids.iter().map(|&id| stored(workload.base.distance_to(query, id)));
        Ok(MeasuredQuery {
            returned: ids.iter().map(|&id| id as i32).chain(std::iter::repeat_n(MISSING, padding)).collect(),
            distances: distances.chain(std::iter::repeat_n(f32::INFINITY, padding)).collect(),
            metrics,
            evaluations,
            filled: worker.scratch.filled.get(),
            forbidden: worker.scratch.forbidden.get() as u32,
            untimed: [answered, judged],
        })
    }
}

/// The ids of the picked items.
///
/// # Errors
/// What is wrong with the picked items.
fn checked_ids(worker: &Worker, workload: &Workload, k: usize) -> Result<Vec<u32>, String> {
    let items = &worker.pool.items;
    if worker.picked.len() > k {
        return Err(format!("returned {} results for k = {k}", worker.picked.len()));
    }
    let mut ids = Vec::with_capacity(k);
    for &position in &worker.picked {
        let id = items.get(position).map(|item| item.id).filter(|&id| (id as usize) < workload.base.len());
        match id {
            Some(id) if ids.contains(&id) => return Err(format!("returned item {id} twice")),
            Some(id) => ids.push(id),
            None => return Err(format!("returned position {position}, which is not in its pool of {}", items.len())),
        }
    }
    Ok(ids)
}
