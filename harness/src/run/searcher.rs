//! The stages of a trial, which answer queries one by one or all together.

use super::answers::Answers;
use super::built::Built;
use super::stages::{Stages, same, time, time_all, time_each};
use super::worker::{Memory, Worker};
use crate::clock::Moment;
use crate::plan::Trial;
use crate::plan::workload::Workload;
use crate::record::{MISSING, Mode, Times};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use swath_algorithms::candidates::Index;
use swath_algorithms::graph::Graph;
use swath_algorithms::nearest::Batch;
use swath_algorithms::selector::Request;
use swath_algorithms::spare::Taken;

/// A trial's stages with the index and graph that they search, and the queries that they answer.
#[derive(Clone)]
pub struct Searcher<'a> {
    pub(super) trial: &'a Trial,
    pub(super) workload: &'a Workload,
    pub(super) k: usize,
    index: &'a Index,
    graph: Option<&'a Graph>,
    /// What programs outside answered in this pass, where some stages are theirs.
    answers: Option<&'a Answers>,
    #[cfg(feature = "plant")]
    plant: super::plant::Plant,
}

impl<'a> Searcher<'a> {
    /// The stages of `trial` on its build.
    pub fn new(trial: &'a Trial, workload: &'a Workload, built: &'a Built, k: usize) -> Self {
        Self {
            trial,
            workload,
            k,
            index: &built.index,
            graph: built.graph.as_ref(),
            answers: None,
            #[cfg(feature = "plant")]
            plant: super::plant::Plant::of(trial.retriever.name.as_str()),
        }
    }

    /// The same, with what programs outside answered.
    #[must_use]
    pub fn with_answers<'b>(self, answers: &'b Answers) -> Searcher<'b>
    where
        'a: 'b,
    {
        Searcher { index: answers.index.as_ref().unwrap_or(self.index), answers: Some(answers), ..self }
    }

    /// How many queries it answers.
    pub fn queries(&self) -> usize {
        self.workload.queries.len()
    }

    /// Whether a program outside did not count its evaluations.
    pub(super) fn is_uncounted(&self) -> bool {
        self.answers.is_some_and(|answers| answers.is_uncounted)
    }

    /// Bytes of index and graph.
    pub fn bytes(&self) -> u64 {
        let index = self.trial.retriever.candidates.bytes(self.index, &self.workload.base);
        (index + self.graph.map_or(0, Graph::bytes)) as u64
    }

    /// Finds the candidates of all queries together; `false` if finding them one by one is as good.
    pub(super) fn find_all(&self, queries: &swath_algorithms::Points, batch: &mut Batch) -> bool {
        self.trial.retriever.candidates.search_batch(self.index, &self.workload.base, queries, batch)
    }

    /// Answers the first `queries` queries untimed, in the mode of the coming passes, with the threads of the current rayon
    /// pool. After that, passes over these queries with no more threads do not call the allocator.
    pub fn warm_up(&self, mode: Mode, queries: usize, memory: &mut Memory) {
        match mode {
            Mode::Single => (0..self.workload.queries.len().min(queries)).into_par_iter().for_each_init(
                || memory.workers.take(),
                |worker, i| {
                    time(self, worker, i);
                },
            ),
            Mode::Batch => {
                self.answer_batch(memory);
            }
        }
        memory.level(rayon::current_num_threads());
    }

    /// Times each query.
    ///
    /// # Errors
    /// A query whose results are not the expected ones.
    pub fn time_single(&self, expected: &[i32], memory: &Memory) -> Result<Times, usize> {
        time_all(self, &memory.workers, expected, self.k).map(Times::Single)
    }

    /// Answers all queries together; returns the seconds.
    pub(super) fn answer_batch(&self, memory: &mut Memory) -> f64 {
        let Memory { workers, batch, returned } = memory;
        returned.clear();
        returned.resize(self.workload.queries.len() * self.k, MISSING);
        let start = Moment::now();
        let found = self.find_all(&self.workload.queries, batch);
        let rows = returned.par_chunks_exact_mut(self.k).enumerate();
        rows.for_each_init(
            || workers.take(),
            |worker: &mut Taken<'_, Worker>, (i, row)| {
                worker.scratch.reset();
                if found {
                    worker.pool.copy_from(&batch.pools[i]);
                } else {
                    self.find(worker, i);
                }
                self.expand(worker, i);
                self.select(worker, i);
                row.iter_mut().zip(worker.ids()).for_each(|(row, id)| *row = id);
            },
        );
        #[cfg(feature = "plant")]
        self.plant.slow(start);
        start.elapsed()
    }

    /// Times all queries with what programs outside answered. Returns the queries whose results are not the expected ones, too.
    pub fn time_outside(&self, mode: Mode, expected: &[i32], memory: &mut Memory) -> (Times, Vec<usize>) {
        let (m, k) = (self.queries(), self.k);
        let expected = |query: usize| &expected[query * k..(query + 1) * k];
        if mode == Mode::Batch {
            let seconds = self.answer_batch(memory);
            let differs = |&i: &usize| memory.returned[i * k..(i + 1) * k] != *expected(i);
            return (Times::Batch(m, seconds), (0..m).filter(differs).collect());
        }
        let otherwise: Vec<AtomicBool> = (0..m).map(|_| AtomicBool::new(false)).collect();
        let times = time_each(self, &memory.workers, m, |query, worker| {
            otherwise[query].store(!same(worker, expected(query)), Ordering::Relaxed);
        });
        (Times::Single(times), (0..m).filter(|&i| otherwise[i].load(Ordering::Relaxed)).collect())
    }

    /// Times all queries together.
    ///
    /// # Errors
    /// The first query whose results are not the expected ones.
    pub fn time_batch(&self, expected: &[i32], memory: &mut Memory) -> Result<Times, usize> {
        let seconds = self.answer_batch(memory);
        let (m, returned) = (self.workload.queries.len(), &memory.returned);
        match (0..m).find(|i| returned[i * self.k..(i + 1) * self.k] != expected[i * self.k..(i + 1) * self.k]) {
            None => Ok(Times::Batch(m, seconds)),
            Some(query) => Err(query),
        }
    }
}

impl Stages for Searcher<'_> {
    fn find(&self, worker: &mut Worker, query: usize) {
        let Worker { scratch, found, pool, .. } = worker;
        let Workload { base, .. } = self.workload;
        self.trial.retriever.candidates.search(self.index, base, self.workload.query(query), scratch, found, pool);
    }

    fn expand(&self, worker: &mut Worker, query: usize) {
        if let (Some(expansion), Some(graph)) = (&self.trial.retriever.expand, self.graph) {
            let query = self.workload.query(query);
            expansion.expand(graph, &self.workload.base, query, &mut worker.pool, &mut worker.scratch);
        }
    }

    fn select(&self, worker: &mut Worker, query: usize) {
        let Worker { scratch, pool, picked, .. } = worker;
        let workload = self.workload;
        let outside = self.answers.and_then(|answers| answers.picked.as_ref());
        if let Some(answered) = outside.filter(|_| !self.trial.retriever.is_whole) {
            scratch.evaluations.set(scratch.evaluations.get() + answered.evaluations(query));
        }
        let request = Request {
            base: &workload.base,
            query: workload.query(query),
            pool,
            k: self.k,
            subtopics: workload.truths[query].subtopics.as_deref().unwrap_or(&[]),
            aspects: workload.aspects.as_ref().map_or(&[], |aspects| aspects.of(query)),
            groups: &workload.groups,
            picked_outside: outside.map_or(&[], |outside| outside.of(query)),
            seed: workload.seed,
            query_id: workload.query_ids[query] as u64,
        };
        self.trial.retriever.select.select(&request, scratch, picked);
        #[cfg(feature = "plant")]
        self.plant.lose(workload.query_ids[query], picked);
    }

    #[cfg(feature = "plant")]
    fn slow(&self, start: Moment) {
        self.plant.slow(start);
    }
}
