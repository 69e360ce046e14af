//! What an experiment will do: its trials, its metrics, its queries. Everything that can be wrong is found here, before
//! anything runs.

pub mod cells;
pub mod dataset;
pub mod missing_dataset;
pub mod point;
mod prepare;
pub mod workload;

pub use cells::{Cell, cells};
pub use dataset::{DatasetFile, Found, dataset_failure};
pub use prepare::{Outline, Prepared, on, outline, plan, prepare, wanted_query};
pub use workload::Workload;

use crate::config::figures::Mention;
use crate::config::{CheckSpec, Experiment, Grid, Name, Path, Problem, Retriever, Step, suggest};
use crate::metrics::{MetricName, MetricSetting};
use crate::path;
use crate::record::label;
use crate::record::reference;
use crate::record::reference::Planned;
use crate::record::tuned_on;
use crate::record::{Mode, Parameters};
use point::Varying;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::graph::GraphSpec;
use swath_algorithms::selector::SelectorParams;
use swath_algorithms::vectors::LANES;
use swath_algorithms::{Distance, Line, Unfit, random, selector};
use swath_datasets::sha256;
use swath_datasets::{Generated, Header};

/// What a plan needs to know of the dataset.
#[derive(Clone, Debug)]
pub struct Facts {
    /// SHA-256 of its file.
    pub sha256: String,
    /// Base vectors, n.
    pub rows: usize,
    /// Queries stored, m.
    pub queries: usize,
    /// Dimension, d.
    pub dim: usize,
    /// How far apart vectors are.
    pub distance: Distance,
    /// True neighbours stored per query.
    pub neighbors: usize,
    /// Links, if it has any.
    pub links: Option<usize>,
    /// Names of its links' relations; empty where they have none.
    pub relations: Vec<String>,
    /// Whether it has subtopics.
    pub subtopics: bool,
    /// Whether it has judgements of relevance.
    pub qrels: bool,
    /// Bytes that it takes in memory; an estimate where it is not there.
    pub bytes: usize,
}

/// Bytes of a name of usual length.
const NAME: usize = 64;

impl Facts {
    /// Those of a file, but for its SHA-256.
    pub fn of(header: &Header) -> Self {
        let pairs = header.subtopics.unwrap_or(0) + header.qrels.unwrap_or(0);
        let queries = header.test * (2 * size_of::<usize>() + header.neighbors * (size_of::<u32>() + size_of::<f64>()));
        let names = if header.names { header.train * NAME } else { 0 };
        Self {
            sha256: String::new(),
            rows: header.train,
            queries: header.test,
            dim: header.dim,
            distance: header.distance,
            neighbors: header.neighbors,
            links: header.links,
            relations: header.relations.clone(),
            subtopics: header.subtopics.is_some(),
            qrels: header.qrels.is_some(),
            bytes: (header.train + header.test) * vector_bytes(header.dim)
                + queries
                + header.links.unwrap_or(0) * (size_of::<[u32; 2]>() + 1)
                + pairs * size_of::<(u32, u32)>()
                + names,
        }
    }

    /// Those of a dataset that is drawn.
    pub fn drawn(generated: &Generated, sha256: String) -> Self {
        let header = Header {
            distance: generated.distance,
            train: generated.n.size(),
            test: generated.queries.size(),
            dim: generated.dimension.size(),
            neighbors: generated.neighbors(),
            links: None,
            relations: Vec::new(),
            subtopics: None,
            qrels: None,
            names: false,
            is_normalized: false,
            notes: Vec::new(),
        };
        Self { sha256, ..Self::of(&header) }
    }

    /// Those of a sample of so many base vectors, which are at most all; how many links are among them is not known.
    #[must_use]
    pub fn sampled(self, rows: usize) -> Self {
        let fewer = (self.rows - rows) * vector_bytes(self.dim);
        Self { rows, neighbors: self.neighbors.min(rows), bytes: self.bytes.saturating_sub(fewer), ..self }
    }
}

/// Bytes of a vector in memory.
pub fn vector_bytes(dim: usize) -> usize {
    dim.div_ceil(LANES) * size_of::<Line>()
}

/// One retriever at one parameter point.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Hash of all that shapes its result: parameters, k, dataset, queries, seed, version. Not names, threads, repeats.
    pub id: String,
    /// The retriever at this point.
    pub retriever: Retriever,
    /// The parameters in which it differs from the retriever's other points, such as `lambda=0.3`; empty if it is alone.
    pub point: String,
}

impl Trial {
    /// The retriever's name with the point in brackets.
    pub fn label(&self) -> String {
        label(self.retriever.name.as_str(), &self.point)
    }

    /// The point, or all parameters if it is empty.
    fn described(&self) -> String {
        if self.point.is_empty() { self.params().to_string() } else { self.point.clone() }
    }

    /// All parameters, defaults included.
    pub fn params(&self) -> Parameters {
        parameters(&self.retriever)
    }

    /// The graph that it walks, if any.
    pub fn graph(&self) -> Option<GraphSpec> {
        self.retriever.expand.as_ref().map(|expansion| expansion.graph())
    }
}

/// All that will be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment, every default filled in.
    pub experiment: Experiment,
    /// Its trials, in the order in which they are written.
    pub trials: Vec<Trial>,
    /// Its metrics.
    pub metrics: Vec<MetricName>,
    /// Rows of the dataset's queries that are asked, ascending.
    pub queries: Vec<usize>,
    /// What the user should know of choices made for them.
    pub notes: Vec<String>,
}

impl Plan {
    /// Plans `experiment` on such a dataset.
    ///
    /// # Errors
    /// All that is wrong with it: more asked for than there is, metrics that cannot be computed, trials that are the same.
    pub fn new(experiment: Experiment, facts: &Facts) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let written = experiment;
        let experiment = resolved(&written);
        check_sizes(&experiment, &written, facts, &mut problems);
        let (metrics, notes) = choose_metrics(&experiment, facts, &mut problems);
        let wanted = experiment.queries.map_or(facts.queries, swath_algorithms::params::Count::size);
        let queries = random::sample(&mut random::stream(experiment.seed, "queries", 0), facts.queries, wanted);
        let trials = list_trials(&experiment, &written, facts, &mut problems);
        check_reference(&experiment, &mut problems);
        check_figures(&experiment, &metrics, &trials, &mut problems);
        check_tolerances(&experiment, &metrics, &mut problems);
        let mut experiment = experiment;
        if let Some(split) = &mut experiment.split {
            check_split(split.tune.get(), queries.len(), &mut problems);
            split.by = choose_by(split.by, &metrics, &mut problems);
            check_pools(split.by, &experiment.retrievers, &mut problems);
        }
        if problems.is_empty() { Ok(Self { experiment, trials, metrics, queries, notes }) } else { Err(problems) }
    }

    /// The trial that others are compared with, by the rule of [`reference::choose`].
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
        trial.retriever.candidates.estimate(facts.rows, facts.dim) + graph + self.outcome_bytes()
    }

    /// Bytes of what a trial returns, what that is worth, and its times.
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

/// Whether the pool of exact candidates is not written.
fn is_open(retriever: &Retriever) -> bool {
    matches!(&retriever.candidates, CandidatesParams::Exact(exact) if exact.pool.is_none())
}

/// The experiment with every pool written out. Plain top-k returns the first k of its pool, so that more than k exact
/// candidates would be work for nothing.
fn resolved(written: &Experiment) -> Experiment {
    let mut experiment = written.clone();
    for retriever in experiment.retrievers.iter_mut().flat_map(|grid| &mut grid.0) {
        let is_plain = retriever.expand.is_none() && matches!(retriever.select, SelectorParams::TopK(_));
        if let CandidatesParams::Exact(exact) = &mut retriever.candidates {
            *exact = exact.resolved(is_plain.then_some(written.k));
        }
    }
    experiment
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn check_sizes(experiment: &Experiment, written: &Experiment, facts: &Facts, problems: &mut Vec<Problem>) {
    let k = experiment.k.size();
    if let Some(wanted) = experiment.queries
        && wanted.size() > facts.queries
    {
        let message =
            format!("{wanted} queries are asked for, but the dataset has {}", facts.queries, wanted = wanted.size());
        let remedy = format!("use at most {}, or leave `queries` out for all", facts.queries);
        problems.push(Problem::new(path!["queries"], message).help(remedy));
    }
    if k > facts.rows {
        let message = format!("{k} results are asked for, but the dataset has {}", plural(facts.rows, "base vector"));
        problems.push(Problem::new(path!["k"], message).help(format!("use at most {}", facts.rows)));
        return;
    }
    for (i, (grid, written)) in experiment.retrievers.iter().zip(&written.retrievers).enumerate() {
        let mut seen = BTreeSet::new();
        for (retriever, written) in grid.0.iter().zip(&written.0) {
            for problem in check_retriever(retriever, is_open(written), (i, k), facts) {
                // One complaint about an axis is enough.
                if seen.insert(problem.message.clone()) {
                    problems.push(problem);
                }
            }
        }
    }
}

/// What is wrong with the `i`-th retriever at a point of its grid; `by_default` if its pool is not written.
fn check_retriever(retriever: &Retriever, by_default: bool, (i, k): (usize, usize), facts: &Facts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let candidates = retriever.candidates.name();
    let pool = retriever.candidates.pool();
    let pool_path = path!["retrievers", i, "candidates", candidates, "pool"];
    let example = |pool: usize| format!("write `candidates: {{ {candidates}: {{ pool: {pool} }} }}`");
    if pool > facts.rows {
        let wanted = if by_default { "is taken where none is written" } else { "is asked for" };
        let message = format!("a pool of {pool} {wanted}, but the dataset has {}", plural(facts.rows, "base vector"));
        problems.push(Problem::new(pool_path.clone(), message).help(format!("{}, or less", example(facts.rows))));
    } else if pool < k {
        let taken = if by_default { ", which is taken where none is written," } else { "" };
        let message = format!("a pool of {pool}{taken} cannot give {k} results");
        problems.push(
            Problem::new(pool_path, message).help(format!("{}, or more, or use a smaller k", example(k.max(100)))),
        );
    }
    if let Err(unfit) = retriever.candidates.check(facts.rows) {
        problems.push(unfit_problem(path!["retrievers", i, "candidates", candidates], unfit));
    }
    let setting = selector::SelectorSetting { distance: facts.distance, subtopics: facts.subtopics };
    if let Err(unfit) = retriever.select.check(&setting) {
        problems.push(unfit_problem(path!["retrievers", i, "select", retriever.select.name()], unfit));
    }
    let Some(expansion) = &retriever.expand else { return problems };
    let path = |field: &str| path!["retrievers", i, "expand", expansion.name(), field];
    if expansion.limit() < k {
        let message = format!("a limit of {} cannot give {k} results", expansion.limit());
        problems.push(Problem::new(path("limit"), message).help(format!("use at least {k}")));
    }
    let graph = expansion.graph();
    if let Some(neighbors) = graph.neighbors().filter(|&neighbors| neighbors >= facts.rows) {
        let message = format!(
            "{neighbors} neighbours of each vector are asked for, but it has {}",
            plural(facts.rows - 1, "other vector")
        );
        problems.push(Problem::new(path("neighbors"), message).help(format!("use at most {}", facts.rows - 1)));
    }
    if graph.needs_links() && facts.links.is_none() {
        let message = "the graph of links is asked for, but the dataset has no links";
        problems.push(Problem::new(path("graph"), message).help("use `graph: knn`, or a dataset with `links`"));
    } else if let Some(problem) = check_relations(&graph, path("relations"), facts) {
        problems.push(problem);
    }
    problems
}

/// What does not go together at `path`.
fn unfit_problem(mut path: Path, unfit: Unfit) -> Problem {
    path.0.extend(unfit.parameter.map(Step::from));
    Problem::new(path, unfit.message).help(unfit.help)
}

/// What is wrong with a graph's weights of relations, if anything.
fn check_relations(graph: &GraphSpec, mut path: Path, facts: &Facts) -> Option<Problem> {
    let first = graph.relations().next()?;
    if !graph.needs_links() {
        let message = format!("`{first}` is given a weight, but the graph has no links");
        return Some(Problem::new(path, message).help("add `links` to `graph`, or leave `relations` out"));
    }
    if facts.relations.is_empty() {
        let message = format!("`{first}` is given a weight, but the dataset's links have no relations");
        return Some(Problem::new(path, message).help("leave `relations` out"));
    }
    if facts.relations.iter().all(|name| graph.relation_weight(name) == 0.0) {
        let problem = Problem::new(path, "every relation of the dataset weighs 0 here, so that no link is left");
        return Some(problem.help("give one a weight above 0, or take `links` out of `graph`"));
    }
    let unknown = graph.relations().find(|&name| facts.relations.iter().all(|known| known != name))?;
    let known: Vec<&str> = facts.relations.iter().map(String::as_str).collect();
    path.0.push(unknown.into());
    let problem = Problem::new(path, format!("the dataset has no relation `{unknown}`"));
    Some(suggest(unknown, &known).into_iter().fold(problem, Problem::help))
}

fn choose_metrics(
    experiment: &Experiment,
    facts: &Facts,
    problems: &mut Vec<Problem>,
) -> (Vec<MetricName>, Vec<String>) {
    let retrievers = experiment.retrievers.iter().flat_map(|grid| &grid.0);
    let setting = MetricSetting {
        k: experiment.k.size(),
        largest_pool: retrievers.map(|retriever| retriever.candidates.pool()).max().unwrap_or(0),
        stored_neighbors: facts.neighbors,
        subtopics: facts.subtopics,
        qrels: facts.qrels,
    };
    let (mut metrics, mut notes) = (Vec::new(), Vec::new());
    if let Some(named) = &experiment.metrics {
        for (i, &metric) in named.iter().enumerate() {
            metrics.push(metric);
            if let Err(impossible) = metric.possible(&setting) {
                let message = format!("`{}` cannot be computed: {}", metric.name(), impossible.message);
                problems.push(Problem::new(path!["metrics", i], message).help(impossible.help));
            }
        }
    } else {
        for metric in MetricName::usual(facts.qrels) {
            match metric.possible(&setting) {
                Ok(()) => metrics.push(metric),
                Err(impossible) => {
                    notes.push(format!("metric `{}` is left out: {}", metric.name(), impossible.message))
                }
            }
        }
    }
    (metrics, notes)
}

/// Looks whether there is a retriever of the reference's name.
fn check_reference(experiment: &Experiment, problems: &mut Vec<Problem>) {
    let Some(reference) = experiment.reference.as_ref().map(Name::as_str) else { return };
    let names = experiment.retrievers.iter().filter_map(|grid| Some(grid.0.first()?.name.as_str()));
    let names: Vec<&str> = names.collect();
    if !names.contains(&reference) {
        let problem = Problem::new(path!["reference"], format!("no retriever here is called `{reference}`"));
        let problem = suggest(reference, &names).into_iter().fold(problem, Problem::help);
        problems.push(problem);
    }
}

/// Looks whether there is what may get worse.
fn check_tolerances(experiment: &Experiment, metrics: &[MetricName], problems: &mut Vec<Problem>) {
    let mut known: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
    known.extend([CheckSpec::EVALUATIONS, CheckSpec::TIME]);
    for measure in experiment.check.tolerance.keys().filter(|measure| !known.contains(&measure.as_str())) {
        let path = path!["check", "tolerance", measure.as_str()];
        let problem = Problem::new(path, format!("`{measure}` is not measured here"));
        problems.push(suggest(measure, &known).into_iter().fold(problem, Problem::help));
    }
}

/// Looks whether what figures name is there.
fn check_figures(experiment: &Experiment, metrics: &[MetricName], trials: &[Trial], problems: &mut Vec<Problem>) {
    let retrievers: Vec<&str> =
        experiment.retrievers.iter().filter_map(|grid| Some(grid.0.first()?.name.as_str())).collect();
    // As the report finds them again in the trials' files.
    let varying = |name: &str| {
        let points = trials.iter().filter(|trial| trial.retriever.name.as_str() == name);
        point::varying(&points.map(|trial| parameters(&trial.retriever)).collect::<Vec<_>>())
    };
    let grids: Vec<(&str, Vec<Varying>)> = retrievers.iter().map(|&name| (name, varying(name))).collect();
    let figures = experiment.report.figures.iter().flatten();
    for (i, figure) in figures.enumerate() {
        for (parameter, named) in figure.draw.names() {
            let path = path!["report", "figures", i, "draw", figure.draw.name(), parameter];
            match named {
                Mention::Metric(metric) if !metrics.contains(&metric) => {
                    let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
                    let problem = Problem::new(path, format!("`{}` is not measured here", metric.name()));
                    problems.push(problem.help(format!("add it to `metrics`, or use one of `{}`", names.join("`, `"))));
                }
                Mention::Retriever(name) | Mention::Plane(name) if !retrievers.contains(&name.as_str()) => {
                    let problem = Problem::new(path, format!("no retriever here is called `{name}`"));
                    problems.push(suggest(name.as_str(), &retrievers).into_iter().fold(problem, Problem::help));
                }
                Mention::Plane(name) => {
                    let of_name = grids.iter().filter(|(retriever, _)| *retriever == name.as_str());
                    let numbers = of_name.flat_map(|(_, varying)| varying).filter(|axis| axis.numbers().is_some());
                    if numbers.count() < 2 {
                        let problem = Problem::new(path, format!("`{name}` varies fewer than two numbers"));
                        problems.push(
                            problem.help("give two of its parameters lists of numbers, or leave this figure out"),
                        );
                    }
                }
                Mention::Number { name, of } => {
                    let of = of.map(Name::as_str);
                    if of.is_none_or(|of| retrievers.contains(&of)) {
                        problems.extend(not_varied(path, name, of, &grids));
                    }
                }
                _ => {}
            }
        }
    }
}

/// What is wrong with a figure along a number that no retriever's grid varies, or not that of the retriever `of`.
fn not_varied(path: Path, name: &str, of: Option<&str>, grids: &[(&str, Vec<Varying>)]) -> Option<Problem> {
    let concerned = grids.iter().filter(|(retriever, _)| of.is_none_or(|of| of == *retriever));
    let numbers = concerned.flat_map(|(_, varying)| varying).filter(|axis| axis.numbers().is_some());
    let mut known: Vec<&str> = numbers.map(|axis| axis.name.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&name) {
        return None;
    }
    let message = match of {
        Some(of) => format!("`{of}` varies no number called `{name}`"),
        None => format!("no retriever's grid varies a number called `{name}`"),
    };
    let problem = Problem::new(path, message);
    Some(if known.is_empty() {
        problem.help("give a parameter a list of numbers, or leave this out")
    } else {
        suggest(name, &known).into_iter().fold(problem, Problem::help)
    })
}

/// Looks whether either side of a split has queries enough for a mean with an interval.
fn check_split(tune: f64, queries: usize, problems: &mut Vec<Problem>) {
    let tuned = tuned_on(tune, queries);
    if tuned >= 2 && queries - tuned >= 2 {
        return;
    }
    let message = format!(
        "of {} this chooses on {tuned} and reports on {}; it takes 2 for either",
        if queries == 1 { "1 query".into() } else { format!("{queries} queries") },
        queries - tuned
    );
    problems.push(Problem::new(path!["split", "tune"], message).help("ask more queries, or leave `split` out"));
}

/// Looks whether points are chosen among pools of several sizes by what says something only at one.
fn check_pools(by: Option<MetricName>, retrievers: &[Grid<Retriever>], problems: &mut Vec<Problem>) {
    let Some(by) = by.filter(|by| by.params().depends_on_pool()) else { return };
    for grid in retrievers {
        let pools: BTreeSet<usize> = grid.0.iter().map(|retriever| retriever.candidates.pool()).collect();
        if let (Some(name), true) = (grid.0.first().map(|retriever| &retriever.name), pools.len() > 1) {
            let message =
                format!("`{}` cannot choose among the pools of `{name}`, which are of several sizes", by.name());
            let problem = Problem::new(path!["split", "by"], message);
            problems.push(problem.help("choose by another metric, or give the retriever one pool"));
            return;
        }
    }
}

/// The metric by which points are chosen.
fn choose_by(named: Option<MetricName>, metrics: &[MetricName], problems: &mut Vec<Problem>) -> Option<MetricName> {
    let Some(named) = named else {
        let subtopics = metrics.iter().find(|metric| metric.name() == "subtopic-recall");
        let any = metrics.iter().find(|metric| !metric.params().depends_on_pool()).or(metrics.first());
        return subtopics.or(any).copied();
    };
    if !metrics.contains(&named) {
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        let problem = Problem::new(path!["split", "by"], format!("`{}` is not measured here", named.name()));
        problems.push(problem.help(format!("add it to `metrics`, or choose by one of `{}`", names.join("`, `"))));
    }
    Some(named)
}

fn list_trials(
    experiment: &Experiment,
    written: &Experiment,
    facts: &Facts,
    problems: &mut Vec<Problem>,
) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    let mut first_with: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (i, (grid, written)) in experiment.retrievers.iter().zip(&written.retrievers).enumerate() {
        // Pools that are not written are no axis, and have no part in labels: those are the same at any k.
        let is_exact = |retriever: &&Retriever| matches!(retriever.candidates, CandidatesParams::Exact(_));
        let told = if written.0.iter().filter(is_exact).all(is_open) { written } else { grid };
        let labels = point::labels(&told.0.iter().map(parameters).collect::<Vec<_>>());
        for (retriever, point) in grid.0.iter().zip(labels) {
            let trial = Trial { id: trial_id(experiment, retriever, facts), retriever: retriever.clone(), point };
            if let Some((j, other)) = first_with.get(&trial.id) {
                let message = if *j == i {
                    format!("the grid of `{}` has the same point twice: {}", retriever.name, trial.described())
                } else {
                    format!("`{}` is the same trial as `{other}`", trial.label())
                };
                let problem = Problem::new(path!["retrievers", i, "name"], message);
                problems.push(problem.help("change a parameter, or remove one of the two"));
                break;
            }
            first_with.insert(trial.id.clone(), (i, trial.label()));
            trials.push(trial);
        }
    }
    trials
}

fn parameters(retriever: &Retriever) -> Parameters {
    Parameters::new(&retriever.candidates, retriever.expand.as_ref(), &retriever.select)
}

fn trial_id(experiment: &Experiment, retriever: &Retriever, facts: &Facts) -> String {
    let queries = experiment.queries.map_or(facts.queries, swath_algorithms::params::Count::size);
    let shape = json!({
        "parameters": parameters(retriever).stages(),
        "k": experiment.k,
        "dataset": facts.sha256,
        "queries": queries,
        "seed": experiment.seed,
        "version": env!("CARGO_PKG_VERSION"),
    });
    sha256::hex(&Sha256::digest(shape.to_string())[..8])
}

/// Where a problem without a field of its own is shown.
pub fn at_dataset() -> Path {
    path!["dataset"]
}
