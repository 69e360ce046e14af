//! Runs a trial's stages: computes its results and metrics, and times it.

use super::built::Built;
use crate::clock::Moment;
use crate::metrics::{AnsweredQuery, MetricName, Seen};
use crate::plan::workload::Workload;
use crate::plan::{Plan, Trial};
use crate::record::{MISSING, Mode, Outcome, Times, stored};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use swath_algorithms::candidates::Index;
use swath_algorithms::graph::Graph;
use swath_algorithms::nearest::Batch;
use swath_algorithms::selector::Request;
use swath_algorithms::spare::{Room, Spare, Taken, reserve};
use swath_algorithms::{Pool, Query, Scratch};

/// The most queries that are answered, not timed, before each timed pass. They bring index and code into the caches, and fill
/// the working memory.
const WARM_UP: usize = 32;

/// One query in this many is answered to warm up, so that most of a pass over few queries is timed.
const WARMED: usize = 32;

/// A trial's stages with the index and graph that they search.
pub struct Searcher<'a> {
    trial: &'a Trial,
    index: &'a Index,
    graph: Option<&'a Graph>,
    build_seconds: f64,
    k: usize,
    #[cfg(feature = "plant")]
    plant: super::plant::Plant,
}

/// One thread's working memory.
#[derive(Default)]
struct Worker {
    scratch: Scratch,
    found: Vec<u32>,
    pool: Pool,
    picked: Vec<usize>,
}

impl Room for Worker {
    fn make_room(&mut self, other: &Self) {
        self.scratch.make_room(&other.scratch);
        reserve(&mut self.found, other.found.capacity());
        self.pool.make_room(&other.pool);
        reserve(&mut self.picked, other.picked.capacity());
    }
}

/// Working memory of searchers, kept from pass to pass and from trial to trial, so that a timed pass does not call the
/// allocator. It grows while each trial answers all queries untimed ([`measure`], [`Searcher::warm_up`]).
#[derive(Default)]
pub struct Memory {
    workers: Spare<Worker>,
    batch: Batch,
    /// The results of a batch, `m x k`.
    returned: Vec<i32>,
}

impl Memory {
    /// Gives each of `threads` threads the largest room that any of them has needed so far.
    pub fn level(&mut self, threads: usize) {
        self.workers.level(threads);
        self.batch.level(threads);
    }
}

impl<'a> Searcher<'a> {
    /// The stages of `trial` on its build.
    pub fn new(trial: &'a Trial, built: &'a Built, k: usize) -> Self {
        Self {
            trial,
            index: &built.index,
            graph: built.graph.as_ref(),
            build_seconds: built.seconds,
            k,
            #[cfg(feature = "plant")]
            plant: super::plant::Plant::of(trial.retriever.name.as_str()),
        }
    }

    fn bytes(&self, workload: &Workload) -> u64 {
        let index = self.trial.retriever.candidates.bytes(self.index, &workload.base);
        (index + self.graph.map_or(0, Graph::bytes)) as u64
    }

    fn candidates(&self, worker: &mut Worker, workload: &Workload, query: Query<'_>) {
        let Worker { scratch, found, pool, .. } = worker;
        self.trial.retriever.candidates.search(self.index, &workload.base, query, scratch, found, pool);
    }

    fn expand(&self, worker: &mut Worker, workload: &Workload, query: Query<'_>) {
        if let (Some(expansion), Some(graph)) = (&self.trial.retriever.expand, self.graph) {
            expansion.expand(graph, &workload.base, query, &mut worker.pool, &mut worker.scratch);
        }
    }

    fn select(&self, worker: &mut Worker, workload: &Workload, i: usize) {
        let Worker { scratch, pool, picked, .. } = worker;
        let request = Request {
            base: &workload.base,
            query: workload.query(i),
            pool,
            k: self.k,
            subtopics: workload.truths[i].subtopics.as_deref().unwrap_or(&[]),
            seed: workload.seed,
            query_id: workload.query_ids[i] as u64,
        };
        self.trial.retriever.select.select(&request, scratch, picked);
        #[cfg(feature = "plant")]
        self.plant.lose(workload.query_ids[i], picked);
    }

    /// Answers one query; returns the seconds from the start to the end of each stage. It does not call the allocator: the
    /// stages take what they need from the worker, which has grown with earlier queries.
    fn time(&self, worker: &mut Worker, workload: &Workload, i: usize) -> [f64; 3] {
        let query = workload.query(i);
        worker.scratch.reset();
        let start = Moment::now();
        self.candidates(worker, workload, query);
        let found = Moment::now();
        self.expand(worker, workload, query);
        let expanded = Moment::now();
        self.select(worker, workload, i);
        #[cfg(feature = "plant")]
        self.plant.slow(start);
        let selected = Moment::now();
        [found.since(start), expanded.since(start), selected.since(start)]
    }

    /// Answers the first `queries` queries untimed, in the mode of the coming passes, with the threads of the current rayon
    /// pool. After that, passes over these queries with no more threads do not call the allocator.
    pub fn warm_up(&self, mode: Mode, workload: &Workload, queries: usize, memory: &mut Memory) {
        match mode {
            Mode::Single => (0..workload.queries.len().min(queries)).into_par_iter().for_each_init(
                || memory.workers.take(),
                |worker, i| {
                    self.time(worker, workload, i);
                },
            ),
            Mode::Batch => {
                self.answer_batch(workload, memory);
            }
        }
        memory.level(rayon::current_num_threads());
    }

    /// Times each query.
    ///
    /// # Errors
    /// A query whose results are not the expected ones.
    pub fn time_single(&self, workload: &Workload, expected: &[i32], memory: &Memory) -> Result<Times, usize> {
        let mut times = vec![[0.0; 3]; workload.queries.len()];
        let share = times.len().div_ceil(rayon::current_num_threads()).max(1);
        times.par_chunks_mut(share).enumerate().try_for_each(|(place, times)| {
            let mut worker = memory.workers.take();
            let first = place * share;
            for i in (first..first + times.len()).take(times.len().div_ceil(WARMED).min(WARM_UP)) {
                self.time(&mut worker, workload, i);
            }
            for (i, times) in (first..).zip(times) {
                *times = self.time(&mut worker, workload, i);
                if !same(&worker, &expected[i * self.k..(i + 1) * self.k]) {
                    return Err(i);
                }
            }
            Ok(())
        })?;
        Ok(Times::Single(times))
    }

    /// Answers all queries together; returns the seconds.
    fn answer_batch(&self, workload: &Workload, memory: &mut Memory) -> f64 {
        let Memory { workers, batch, returned } = memory;
        returned.clear();
        returned.resize(workload.queries.len() * self.k, MISSING);
        let start = Moment::now();
        let candidates = &self.trial.retriever.candidates;
        let found = candidates.search_batch(self.index, &workload.base, &workload.queries, batch);
        let rows = returned.par_chunks_exact_mut(self.k).enumerate();
        rows.for_each_init(
            || workers.take(),
            |worker: &mut Taken<'_, Worker>, (i, row)| {
                let query = workload.query(i);
                worker.scratch.reset();
                if found {
                    worker.pool.copy_from(&batch.pools[i]);
                } else {
                    self.candidates(worker, workload, query);
                }
                self.expand(worker, workload, query);
                self.select(worker, workload, i);
                write(worker, row);
            },
        );
        #[cfg(feature = "plant")]
        self.plant.slow(start);
        start.elapsed()
    }

    /// Times all queries together.
    ///
    /// # Errors
    /// The first query whose results are not the expected ones.
    pub fn time_batch(&self, workload: &Workload, expected: &[i32], memory: &mut Memory) -> Result<Times, usize> {
        let seconds = self.answer_batch(workload, memory);
        let (m, returned) = (workload.queries.len(), &memory.returned);
        match (0..m).find(|i| returned[i * self.k..(i + 1) * self.k] != expected[i * self.k..(i + 1) * self.k]) {
            None => Ok(Times::Batch(m, seconds)),
            Some(query) => Err(query),
        }
    }
}

/// Queries that one of two searchers answers in a turn: few enough that a disturbance of milliseconds hits both, and enough
/// that neither is timed in caches that the other has just filled.
const TURN: usize = 16;

/// Times of two searchers that took turns on the same queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duel {
    /// Queries that each of them answered in a pass.
    pub queries: usize,
    /// Seconds that each of them took for all these queries.
    pub seconds: [f64; 2],
}

/// Times two searchers on the first `queries` queries, one query at a time. The shortest time of all passes counts for each
/// query. They take turns, and each begins every other turn. Each has its own memory, and is warm ([`Searcher::warm_up`]).
pub fn duel_single(
    two: &[Searcher<'_>; 2],
    workload: &Workload,
    memories: &[Memory; 2],
    queries: usize,
    passes: usize,
) -> Duel {
    let m = workload.queries.len().min(queries);
    let share = m.div_ceil(rayon::current_num_threads()).max(1);
    let shares: Vec<usize> = (0..m).step_by(share).collect();
    let duel_share = |&first: &usize| {
        let mut workers = [memories[0].workers.take(), memories[1].workers.take()];
        let share = first..(first + share).min(m);
        for (searcher, worker) in two.iter().zip(&mut workers) {
            // Once is enough: the shortest time of all passes counts.
            share.clone().take(TURN).for_each(|i| {
                searcher.time(worker, workload, i);
            });
        }
        let mut times = vec![[f64::INFINITY; 2]; share.len()];
        for pass in 0..passes {
            for (turn, begin) in share.clone().step_by(TURN).enumerate() {
                for side in [(turn + pass) % 2, (turn + pass + 1) % 2] {
                    for i in begin..(begin + TURN).min(share.end) {
                        let seconds = two[side].time(&mut workers[side], workload, i)[2];
                        let shortest = &mut times[i - first][side];
                        *shortest = shortest.min(seconds);
                    }
                }
            }
        }
        times
    };
    let times: Vec<[f64; 2]> = shares.par_iter().flat_map_iter(duel_share).collect();
    Duel { queries: m, seconds: [0, 1].map(|side| times.iter().map(|two| two[side]).sum()) }
}

/// Times two searchers on all queries together. Each has its own memory, and is warm ([`Searcher::warm_up`]).
pub fn duel_batch(two: &[Searcher<'_>; 2], workload: &Workload, memories: &mut [Memory; 2], passes: usize) -> Duel {
    let pass = |side: usize| two[side].answer_batch(workload, &mut memories[side]);
    Duel { queries: workload.queries.len(), seconds: take_turns(passes, pass) }
}

/// The shortest time of each of two sides over `passes` passes. Each side begins every other pass. `pass` runs one side and
/// returns its seconds.
fn take_turns(passes: usize, mut pass: impl FnMut(usize) -> f64) -> [f64; 2] {
    let mut shortest = [f64::INFINITY; 2];
    for turn in 0..=passes {
        for side in [turn % 2, (turn + 1) % 2] {
            let seconds = pass(side);
            // The first warms the caches.
            if turn > 0 {
                shortest[side] = shortest[side].min(seconds);
            }
        }
    }
    shortest
}

/// Writes the ids of the picked items into a row that holds [`MISSING`].
fn write(worker: &Worker, row: &mut [i32]) {
    for (row, &position) in row.iter_mut().zip(&worker.picked) {
        *row = worker.pool.items[position].id as i32;
    }
}

fn same(worker: &Worker, expected: &[i32]) -> bool {
    let ids = worker.picked.iter().map(|&position| worker.pool.items[position].id as i32);
    ids.chain(std::iter::repeat(MISSING)).zip(expected).all(|(id, &expected)| id == expected)
}

/// A trial's results for one query, with everything that is computed from them.
struct MeasuredQuery {
    returned: Vec<i32>,
    distances: Vec<f32>,
    metrics: Vec<f64>,
    evaluations: [u64; 3],
    filled: bool,
    untimed: [f64; 2],
}

/// Answers every query once, untimed, in `memory`, and computes the metrics. It trusts no claim of an algorithm: it checks
/// positions and computes distances again.
///
/// # Errors
/// An impossible result, or a metric that is not finite.
pub fn measure(
    plan: &Plan,
    trial: &Trial,
    workload: &Workload,
    built: &Built,
    memory: &Memory,
) -> Result<Outcome, String> {
    let k = plan.experiment.k.size();
    let searcher = Searcher::new(trial, built, k);
    let queries = (0..workload.queries.len()).into_par_iter();
    let measure = |worker: &mut Taken<'_, Worker>, i| measure_query(plan, &searcher, workload, worker, i);
    let measured =
        queries.map_init(|| memory.workers.take(), measure).collect::<Result<Vec<MeasuredQuery>, String>>()?;
    let column = |metric: usize| measured.iter().map(|m| m.metrics[metric]).collect();
    Ok(Outcome {
        returned: measured.iter().flat_map(|m| m.returned.iter().copied()).collect(),
        distances: measured.iter().flat_map(|m| m.distances.iter().copied()).collect(),
        metrics: (0..plan.metrics.len()).map(column).collect(),
        evaluations: measured.iter().map(|m| m.evaluations).collect(),
        filled: measured.iter().filter(|m| m.filled).count(),
        build_seconds: searcher.build_seconds,
        index_bytes: searcher.bytes(workload),
        decision: trial.retriever.candidates.decision(searcher.index),
        untimed: [0, 1].map(|part| measured.iter().map(|m| m.untimed[part]).sum()),
        ..Outcome::default()
    })
}

fn measure_query(
    plan: &Plan,
    searcher: &Searcher<'_>,
    workload: &Workload,
    worker: &mut Worker,
    i: usize,
) -> Result<MeasuredQuery, String> {
    let (k, query, truth) = (searcher.k, workload.query(i), &workload.truths[i]);
    worker.scratch.reset();
    let start = Moment::now();
    searcher.candidates(worker, workload, query);
    let found = worker.scratch.evaluations.get();
    let pool: Vec<u32> = worker.pool.items.iter().map(|item| item.id).collect();
    searcher.expand(worker, workload, query);
    let expanded = worker.scratch.evaluations.get();
    searcher.select(worker, workload, i);
    let selected = worker.scratch.evaluations.get();
    let answered = start.elapsed();
    let ids =
        checked_ids(worker, workload, k).map_err(|what| format!("for query {} it {what}", workload.query_ids[i]))?;
    let evaluations = [found, expanded - found, selected - expanded];
    let asked = AnsweredQuery {
        base: &workload.base,
        query,
        returned: &ids,
        k,
        found: (&pool, searcher.trial.retriever.candidates.pool()),
        pool: &worker.pool,
        truth,
        evaluations,
        seen: Seen::default(),
    };
    let value = |metric: &MetricName| match metric.value(&asked) {
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
        untimed: [answered, judged],
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CheckSpec;
    use crate::statistics::Round;
    use crate::statistics::rounds;

    #[test]
    fn two_sides_take_turns_and_the_first_pass_does_not_count() {
        let mut asked = Vec::new();
        let took = |side: usize| [[9.0, 2.0, 3.0, 1.0], [0.1, 5.0, 4.0, 6.0]][side];
        let mut turns = [0, 0];
        let shortest = take_turns(3, |side| {
            asked.push(side);
            turns[side] += 1;
            took(side)[turns[side] - 1]
        });
        assert_eq!(asked, [0, 1, 1, 0, 0, 1, 1, 0]);
        assert_eq!(shortest, [1.0, 4.0]);
    }

    /// Rounds of a batch of 1,000 queries. One query takes the reference 2 us and the trial `ratio` times that; now and then
    /// there is a disturbance.
    fn batch(ratio: f64) -> Vec<Round> {
        let round = |round: usize| {
            let mut passes = 0;
            let seconds = take_turns(3, |side| {
                passes += 1;
                let disturbed = if (round + passes).is_multiple_of(5) { 3.0 } else { 1.0 };
                let noise = 1.0 + 0.002 * (round as f64 * 2.4 + side as f64).sin();
                1000.0 * 2e-6 * [ratio, 1.0][side] * disturbed * noise
            });
            Round::from(Duel { queries: 1000, seconds })
        };
        (0..8).map(round).collect()
    }

    /// Made-up durations stand for the clock: a slowdown of 30 % in mode batch is seen, and no change of an unchanged trial.
    #[test]
    fn a_slowdown_is_seen_in_batch() {
        let change = |ratio: f64| rounds::change(&batch(1.5), &batch(1.5 * ratio), 0.98, 0).expect("rounds");
        let (same, slower) = (change(1.0), change(1.3));
        assert_eq!(same.mean, 0.0);
        assert!(
            (slower.mean - 1.3_f64.ln()).abs() < 0.01 && slower.lo > CheckSpec::default().tolerance("time"),
            "{slower:?}"
        );
        let [first, ..] = batch(1.5)[..] else { panic!("no rounds") };
        assert!((first.reference / 2e-6 - 1.0).abs() < 0.01, "seconds of one query, not of the batch: {first:?}");
        assert_eq!(rounds::by_machine(rounds::pace(&batch(1.5), &batch(1.95))), 0.0, "no tolerance is added");
    }
}
