//! What an experiment will do: its trials, its metrics, its queries. Everything that can be wrong is found here, before
//! anything runs.

pub mod cells;
mod check;
pub mod dataset;
mod facts;
mod figures;
pub mod lists;
mod memory;
mod metrics;
pub mod missing_dataset;
mod outline;
pub mod point;
mod prepare;
pub mod programs;
mod trial;
pub mod workload;

pub use cells::Cell;
pub use dataset::{LoadedDataset, Resources, dataset_failure};
pub use facts::Facts;
pub use figures::wanted_query;
pub use lists::ListedRuns;
pub use memory::{PROGRAM, memory_notes};
pub use outline::{Outline, outline};
pub use prepare::{Prepared, prepare_experiment, prepare_file, prepare_on};
pub use programs::{Outside, Programs};
pub use trial::Trial;
pub use workload::Workload;

use crate::config::{Experiment, FieldPath, Name, Problem};
use crate::metrics::MetricName;
use crate::path;
use crate::record::reference::{self, Planned};
use crate::record::{Mode, Parameters};
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::params::Count;
use swath_algorithms::random;
use swath_algorithms::selector::SelectorParams;

/// All that will be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment, every default filled in.
    pub experiment: Experiment,
    /// Its trials, in the order of the experiment.
    pub trials: Vec<Trial>,
    /// Its metrics.
    pub metrics: Vec<MetricName>,
    /// Rows of the dataset's queries that are asked, ascending.
    pub queries: Vec<usize>,
    /// Notes for the user on choices that swath made.
    pub notes: Vec<String>,
}

impl Plan {
    /// Plans an experiment on a dataset of these facts.
    ///
    /// # Errors
    /// All that is wrong with it: sizes beyond the dataset's, metrics that cannot be computed, trials that are the same.
    pub fn new(experiment: Experiment, facts: &Facts) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let written = experiment;
        let experiment = resolved(&written);
        check::check_sizes(&experiment, &written, facts, &mut problems);
        let (metrics, notes) = metrics::choose_metrics(&experiment, facts, &mut problems);
        let wanted = experiment.queries.map_or(facts.queries, Count::size);
        let queries = random::sample(&mut random::stream(experiment.seed, "queries", 0), facts.queries, wanted);
        let trials = trial::list_trials(&experiment, &written, facts, &mut problems);
        check::check_reference(&experiment, &mut problems);
        figures::check_figures(&experiment, &metrics, &trials, &mut problems);
        check::check_tolerances(&experiment, &metrics, &mut problems);
        let mut experiment = experiment;
        if let Some(split) = &mut experiment.split {
            if let Some(tune) = split.tune {
                check::check_split(tune.get(), queries.len(), &mut problems);
            }
            split.by = metrics::choose_by(split.by, &metrics, &mut problems);
            check::check_pools(split.by, &experiment.retrievers, &mut problems);
        }
        if problems.is_empty() { Ok(Self { experiment, trials, metrics, queries, notes }) } else { Err(problems) }
    }

    /// Index of the trial that the others are compared with, see [`reference::choose`].
    pub fn reference(&self) -> usize {
        let parameters: Vec<Parameters> = self.trials.iter().map(Trial::params).collect();
        let planned = self.trials.iter().zip(&parameters).map(|(trial, parameters)| Planned {
            retriever: trial.retriever.name.as_str(),
            parameters: Some(parameters),
        });
        let planned: Vec<Planned<'_>> = planned.collect();
        reference::choose(&planned, self.experiment.reference.as_ref().map(Name::as_str))
    }

    /// Bytes that a trial needs beside the dataset: index, graph, and its outcome. An estimate from sizes.
    pub fn memory(&self, trial: &Trial, facts: &Facts) -> usize {
        let graph = trial.graph().map_or(0, |graph| graph.estimate(facts.rows, facts.links.unwrap_or(0)));
        let index = trial.retriever.candidates.estimate(&facts.base()) + self.list_bytes(trial);
        index + graph + self.outcome_bytes()
    }

    /// Bytes of the lists that a trial takes its candidates from; 0 if it searches.
    pub fn list_bytes(&self, trial: &Trial) -> usize {
        let listed = trial.retriever.candidates.listed();
        listed.map_or(0, |run| self.queries.len().saturating_mul(run.pool.size() * size_of::<(u32, f64)>()))
    }

    /// Bytes of a trial's results, their metrics and times.
    pub fn outcome_bytes(&self) -> usize {
        let returned = self.experiment.k.size() * (size_of::<i32>() + size_of::<f32>());
        let times = match self.experiment.mode {
            Mode::Single => self.experiment.repeats.size() * size_of::<[f64; 3]>(),
            Mode::Batch => 0,
        };
        let judged = self.metrics.len() * size_of::<f64>() + size_of::<[u64; 3]>();
        self.queries.len().saturating_mul(returned + judged + times)
    }
}

/// The experiment with every pool written out. Plain top-k gets a pool of k: it returns the first k, so more exact candidates
/// would be wasted work.
fn resolved(written: &Experiment) -> Experiment {
    let mut experiment = written.clone();
    for retriever in experiment.retrievers.iter_mut().flat_map(|grid| &mut grid.0) {
        *retriever = retriever.clone().asked_for(written.k);
        let is_plain = retriever.expand.is_none() && matches!(retriever.select, SelectorParams::TopK(_));
        if let CandidatesParams::Exact(exact) = &mut retriever.candidates {
            *exact = exact.resolved(is_plain.then_some(written.k));
        }
    }
    experiment
}

/// The field at which problems are shown that have no field of their own.
pub fn at_dataset() -> FieldPath {
    path!["dataset"]
}
