//! The runner: builds what trials share, measures what each returns, then times it.

use crate::cache::{self, Cache};
use crate::clock::Moment;
use crate::config::Mode;
use crate::manifest::GraphRecord;
use crate::metrics::{Asked, Seen};
use crate::plan::{Plan, Trial};
use crate::progress::Progress;
use crate::workload::Workload;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use swath_algorithms::candidates::Index;
use swath_algorithms::graph::{Graph, GraphSpec};
use swath_algorithms::selector::Request;
use swath_algorithms::{Pool, Query, Scratch, random};

/// Stands for a result that a retriever did not give.
pub const MISSING: i32 = -1;

/// Queries answered before each timed pass and not counted: they bring index and code into the caches.
const WARM_UP: usize = 32;

/// What one trial gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Ids, `m x k`, [`MISSING`] where there are fewer.
    pub returned: Vec<i32>,
    /// Their distances, recomputed here, `m x k`; infinite where missing.
    pub distances: Vec<f32>,
    /// For each metric of the plan its value for each query; NaN where undefined.
    pub metrics: Vec<Vec<f64>>,
    /// Similarity evaluations of each query in each stage.
    pub evaluations: Vec<[u64; 3]>,
    /// How many queries the selector could answer in part only, and filled the rest by relevance.
    pub filled: usize,
    /// Seconds to build index and graph.
    pub build_seconds: f64,
    /// Bytes of index and graph.
    pub index_bytes: u64,
    /// Seconds of the untimed pass, over all threads: answering, and metrics.
    pub untimed: [f64; 2],
    /// Times of each repeat.
    pub repeats: Vec<Times>,
}

/// Times of one pass over all queries.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// Seconds of each query at the end of each stage, counted from its beginning.
    Single(Vec<[f64; 3]>),
    /// How many queries there were, and the seconds for all of them.
    Batch(usize, f64),
}

/// What trials share, by the text of what shapes it.
struct Built {
    indexes: BTreeMap<String, (Index, f64)>,
    graphs: BTreeMap<String, (Graph, f64)>,
    records: Vec<GraphRecord>,
    notes: Vec<String>,
}

/// Where graphs are kept, and the dataset's name and SHA-256.
pub type Kept<'a> = Option<(&'a Cache, &'a str, &'a str)>;

/// What a run gave.
pub struct Ran {
    /// One for each trial, in the plan's order.
    pub outcomes: Vec<Result<Outcome, String>>,
    /// The graphs that were walked.
    pub graphs: Vec<GraphRecord>,
    /// What went wrong with the cache of graphs.
    pub notes: Vec<String>,
}

/// Runs the plan: one result per trial, in the plan's order; a trial that fails says why and the others go on.
///
/// First every index and graph is built, with all cores. Then each trial answers all queries once, untimed, with all
/// cores: this gives results and metrics. Then come the timed repeats, those of all trials interleaved in an order
/// shuffled by the seed, so that a drift of the machine favours none; each must return what the first pass did.
///
/// # Errors
/// If the threads for timed queries cannot be started.
pub fn run(
    plan: &Plan,
    workload: &Workload,
    kept: Kept<'_>,
    progress: &Progress,
) -> Result<Ran, rayon::ThreadPoolBuildError> {
    let timed = rayon::ThreadPoolBuilder::new().num_threads(plan.experiment.threads.size()).build()?;
    let mut built = build(plan, workload, kept, progress);
    let mut outcomes: Vec<Result<Outcome, String>> = plan
        .trials
        .iter()
        .map(|trial| {
            progress.trial("measuring", &trial.label());
            attempt(|| measure(plan, trial, workload, &built, progress))
        })
        .collect();
    for repeat in 0..plan.experiment.repeats.size() {
        let mut order: Vec<usize> = (0..plan.trials.len()).collect();
        random::shuffle(&mut random::stream(plan.experiment.seed, "order of trials", repeat as u64), &mut order);
        for i in order {
            let Ok(outcome) = &mut outcomes[i] else { continue };
            let trial = &plan.trials[i];
            progress.trial("timing", &trial.label());
            let retriever = Retriever::new(trial, &built, plan.experiment.k.size());
            let pass = || match plan.experiment.mode {
                Mode::Single => timed.install(|| retriever.time_single(workload, &outcome.returned, progress)),
                Mode::Batch => timed.install(|| retriever.time_batch(workload, &outcome.returned, progress)),
            };
            match attempt(|| pass().map_err(|query| disagreement(repeat, workload.query_ids[query]))) {
                Ok(times) => outcome.repeats.push(times),
                Err(reason) => outcomes[i] = Err(reason),
            }
        }
    }
    let (graphs, notes) = (std::mem::take(&mut built.records), std::mem::take(&mut built.notes));
    Ok(Ran { outcomes, graphs, notes })
}

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

fn build(plan: &Plan, workload: &Workload, kept: Kept<'_>, progress: &Progress) -> Built {
    let mut built = Built { indexes: BTreeMap::new(), graphs: BTreeMap::new(), records: Vec::new(), notes: Vec::new() };
    for trial in &plan.trials {
        let candidates = &trial.retriever.candidates;
        built.indexes.entry(candidates.build_key()).or_insert_with(|| {
            progress.trial("building", candidates.name());
            let start = Moment::now();
            (candidates.build(&workload.base), start.elapsed())
        });
        if let Some(spec) = trial.graph()
            && !built.graphs.contains_key(&spec.key())
        {
            progress.trial("building", "graph");
            let (graph, record) = build_graph(&spec, workload, kept, &mut built.notes);
            built.graphs.insert(spec.key(), (graph, record.seconds));
            built.records.push(record);
        }
    }
    built
}

/// A graph from the cache, or built and kept there.
fn build_graph(spec: &GraphSpec, workload: &Workload, kept: Kept<'_>, notes: &mut Vec<String>) -> (Graph, GraphRecord) {
    // Links alone are put together sooner than read.
    let kept = kept.filter(|_| spec.neighbors().is_some());
    let record = |graph: &Graph, seconds, from_cache| GraphRecord {
        graph: spec.key(),
        edges: graph.edges(),
        seconds,
        from_cache,
        knn_recall: graph.knn_recall(),
    };
    if let Some((cache, _, sha256)) = kept {
        match cache.load(sha256, spec, workload.base.len(), workload.links.len()) {
            Ok(Some((graph, label))) => {
                let record = record(&graph, label.seconds, true);
                return (graph, record);
            }
            Ok(None) => {}
            Err(why) => notes.push(why),
        }
    }
    let start = Moment::now();
    let graph = spec.build(&workload.base, &workload.links, &workload.relations);
    let seconds = start.elapsed();
    if let Some((cache, dataset, sha256)) = kept
        && let Err(error) = cache.store(&graph, &cache::label((dataset, sha256), spec, &graph, seconds))
    {
        let note = format!("graphs are not kept in {}: {error}", cache.folder().display());
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let record = record(&graph, seconds, false);
    (graph, record)
}

/// A trial's stages with what they search.
struct Retriever<'a> {
    trial: &'a Trial,
    index: &'a Index,
    graph: Option<&'a Graph>,
    build_seconds: f64,
    k: usize,
}

/// One thread's working memory.
#[derive(Default)]
struct Worker {
    scratch: Scratch,
    found: Vec<u32>,
    pool: Pool,
    picked: Vec<usize>,
}

impl<'a> Retriever<'a> {
    fn new(trial: &'a Trial, built: &'a Built, k: usize) -> Self {
        let (index, index_seconds) = &built.indexes[&trial.retriever.candidates.build_key()];
        let graph = trial.graph().map(|graph| &built.graphs[&graph.key()]);
        let build_seconds = index_seconds + graph.map_or(0.0, |(_, seconds)| *seconds);
        Self { trial, index, graph: graph.map(|(graph, _)| graph), build_seconds, k }
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
    }

    /// Answers one query and says when each stage ended. The harness allocates nothing in here, and what the stages
    /// allocate comes from the scratch that earlier queries have filled.
    fn time(&self, worker: &mut Worker, workload: &Workload, i: usize) -> [f64; 3] {
        let query = workload.query(i);
        worker.scratch.reset();
        let start = Moment::now();
        self.candidates(worker, workload, query);
        let found = Moment::now();
        self.expand(worker, workload, query);
        let expanded = Moment::now();
        self.select(worker, workload, i);
        let selected = Moment::now();
        [found.since(start), expanded.since(start), selected.since(start)]
    }

    /// Times each query. `Err` is the first query whose result is not the expected one.
    fn time_single(&self, workload: &Workload, expected: &[i32], progress: &Progress) -> Result<Times, usize> {
        let m = workload.queries.rows();
        let share = m.div_ceil(rayon::current_num_threads()).max(1);
        let shares: Vec<usize> = (0..m).step_by(share).collect();
        let time_share = |&first: &usize| {
            let mut worker = Worker::default();
            let share = first..(first + share).min(m);
            for i in share.clone().take(WARM_UP) {
                self.time(&mut worker, workload, i);
            }
            let mut times = Vec::with_capacity(share.len());
            for i in share {
                times.push(self.time(&mut worker, workload, i));
                if !same(&worker, &expected[i * self.k..(i + 1) * self.k]) {
                    return Err(i);
                }
                progress.answered(i);
            }
            Ok(times)
        };
        let shares: Result<Vec<_>, _> = shares.par_iter().map(time_share).collect();
        Ok(Times::Single(shares?.into_iter().flatten().collect()))
    }

    /// Times all queries together.
    fn time_batch(&self, workload: &Workload, expected: &[i32], progress: &Progress) -> Result<Times, usize> {
        let start = Moment::now();
        let m = workload.queries.rows();
        let mut returned = vec![MISSING; m * self.k];
        let pools = self.trial.retriever.candidates.search_batch(self.index, &workload.base, &workload.queries);
        let rows = returned.par_chunks_exact_mut(self.k).enumerate();
        rows.for_each_init(Worker::default, |worker, (i, row)| {
            let query = workload.query(i);
            worker.scratch.reset();
            match &pools {
                Some(pools) => worker.pool.clone_from(&pools[i].0),
                None => self.candidates(worker, workload, query),
            }
            self.expand(worker, workload, query);
            self.select(worker, workload, i);
            write(worker, row);
        });
        let seconds = start.elapsed();
        progress.answered_all(m);
        match (0..m).find(|i| returned[i * self.k..(i + 1) * self.k] != expected[i * self.k..(i + 1) * self.k]) {
            None => Ok(Times::Batch(m, seconds)),
            Some(query) => Err(query),
        }
    }
}

/// Writes what was picked as ids into a row that holds [`MISSING`].
fn write(worker: &Worker, row: &mut [i32]) {
    for (row, &position) in row.iter_mut().zip(&worker.picked) {
        *row = worker.pool.items[position].id as i32;
    }
}

fn same(worker: &Worker, expected: &[i32]) -> bool {
    let ids = worker.picked.iter().map(|&position| worker.pool.items[position].id as i32);
    ids.chain(std::iter::repeat(MISSING)).zip(expected).all(|(id, &expected)| id == expected)
}

/// What a trial returns to one query, with all that is computed from it.
struct Measured {
    returned: Vec<i32>,
    distances: Vec<f32>,
    metrics: Vec<f64>,
    evaluations: [u64; 3],
    filled: bool,
    untimed: [f64; 2],
}

/// Answers every query once, untimed, and judges the answers. What an algorithm claims is not believed: positions are
/// checked, and distances computed again.
fn measure(
    plan: &Plan,
    trial: &Trial,
    workload: &Workload,
    built: &Built,
    progress: &Progress,
) -> Result<Outcome, String> {
    let k = plan.experiment.k.size();
    let retriever = Retriever::new(trial, built, k);
    let queries = (0..workload.queries.rows()).into_par_iter();
    let measured: Result<Vec<Measured>, String> = queries
        .map_init(Worker::default, |worker, i| {
            let measured = measure_query(plan, &retriever, workload, worker, i);
            progress.answered(i);
            measured
        })
        .collect();
    let measured = measured?;
    let column = |metric: usize| measured.iter().map(|m| m.metrics[metric]).collect();
    Ok(Outcome {
        returned: measured.iter().flat_map(|m| m.returned.iter().copied()).collect(),
        distances: measured.iter().flat_map(|m| m.distances.iter().copied()).collect(),
        metrics: (0..plan.metrics.len()).map(column).collect(),
        evaluations: measured.iter().map(|m| m.evaluations).collect(),
        filled: measured.iter().filter(|m| m.filled).count(),
        build_seconds: retriever.build_seconds,
        index_bytes: retriever.bytes(workload),
        untimed: [0, 1].map(|part| measured.iter().map(|m| m.untimed[part]).sum()),
        repeats: Vec::new(),
    })
}

fn measure_query(
    plan: &Plan,
    retriever: &Retriever<'_>,
    workload: &Workload,
    worker: &mut Worker,
    i: usize,
) -> Result<Measured, String> {
    let (k, query, truth) = (retriever.k, workload.query(i), &workload.truths[i]);
    worker.scratch.reset();
    let start = Moment::now();
    retriever.candidates(worker, workload, query);
    let found = worker.scratch.evaluations.get();
    let pool: Vec<u32> = worker.pool.items.iter().map(|item| item.id).collect();
    retriever.expand(worker, workload, query);
    let expanded = worker.scratch.evaluations.get();
    retriever.select(worker, workload, i);
    let selected = worker.scratch.evaluations.get();
    let answered = start.elapsed();
    let ids =
        checked_ids(worker, workload, k).map_err(|what| format!("for query {} it {what}", workload.query_ids[i]))?;
    let evaluations = [found, expanded - found, selected - expanded];
    let asked = Asked {
        base: &workload.base,
        query,
        returned: &ids,
        k,
        found: (&pool, retriever.trial.retriever.candidates.pool()),
        pool: &worker.pool,
        truth,
        evaluations,
        seen: Seen::default(),
    };
    let metrics = plan.metrics.iter().map(|metric| metric.value(&asked).unwrap_or(f64::NAN)).collect();
    let judged = start.elapsed() - answered;
    let padding = k - ids.len();
    let distances = ids.iter().map(|&id| workload.base.distance_to(query, id) as f32);
    Ok(Measured {
        returned: ids.iter().map(|&id| id as i32).chain(std::iter::repeat_n(MISSING, padding)).collect(),
        distances: distances.chain(std::iter::repeat_n(f32::INFINITY, padding)).collect(),
        metrics,
        evaluations,
        filled: worker.scratch.filled.get(),
        untimed: [answered, judged],
    })
}

/// The ids that were picked, or what is wrong with them.
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
