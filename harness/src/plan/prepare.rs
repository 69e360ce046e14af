//! An experiment that is ready to run: its file read, its dataset found, its trials planned.

use super::dataset::{DatasetFile, Found, changed, dataset_failure, file_name, locate};
use super::workload::Workload;
use super::{Facts, Plan, at_dataset};
use crate::config::figures::{FigureParams, FigureSpec, QueryRef};
use crate::config::{self, DatasetSource, Experiment, Failure, Invalid, Problem, Source, suggest};
use crate::metrics::truth::Truth;
use crate::path;
use crate::record::coarse::{Coarse, Sizes};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swath_algorithms::Base;
use swath_algorithms::graph::Link;
use swath_algorithms::params::Count;
use swath_datasets::{Dataset, Links, format, ground_truth, sha256};

/// An experiment that is ready to run.
pub struct Prepared {
    /// Its file.
    pub source: Source,
    /// What will be done.
    pub plan: Plan,
    /// What it is done on.
    pub facts: Facts,
    /// Its dataset.
    pub dataset: Dataset,
    /// The dataset's name in files and plots.
    pub dataset_name: String,
    /// The file that it was read from; `None` if it was drawn or sampled.
    pub file: Option<DatasetFile>,
    /// Its base vectors, with norms.
    pub base: Arc<Base>,
    /// Measured recalls whose slack is not small.
    pub coarse: Vec<Coarse>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// An experiment, as far as it can be planned without its data: from sizes, headers and its own text.
pub struct Outline {
    /// What will be done.
    pub plan: Plan,
    /// What is known of the dataset; of a file not its SHA-256, and of a sample at most how many links there are.
    pub facts: Facts,
    /// The dataset's name in files and plots.
    pub dataset_name: String,
}

/// Reads an experiment and its dataset, and plans it: everything that can be wrong with the input is found here.
///
/// # Errors
/// [`Failure::Input`] and [`Failure::Invalid`].
pub fn prepare(file: &Path, data_folders: &[PathBuf], memory: u64) -> Result<Prepared, Failure> {
    let (source, experiment) = config::open(file)?;
    plan(source, experiment, None, None, (data_folders, memory)).map(Prepared::examined)
}

/// Plans an experiment without reading or drawing its dataset, of which `rows` base vectors are kept if that is given.
///
/// # Errors
/// As [`prepare`], as far as sizes, headers and the experiment's own text tell.
pub fn outline(
    source: &Source,
    experiment: Experiment,
    rows: Option<Count>,
    (data_folders, memory): (&[PathBuf], u64),
) -> Result<Outline, Failure> {
    let invalid = |problems| Failure::from(Box::new(Invalid { source: source.clone(), problems }));
    let (dataset_name, mut facts, file) = match &experiment.dataset {
        DatasetSource::File(named) => {
            let path = locate(named, source, data_folders)?;
            let header = format::sizes(&path, memory).map_err(|error| dataset_failure(&error))?;
            (file_name(&path), Facts::of(&header), Some(path))
        }
        DatasetSource::Generated(generated) => {
            let needed = generated.bytes();
            if needed > memory {
                let message = format!("drawing these vectors takes {needed} bytes of memory");
                let help = "that is more than there is; use a smaller `n` or `dimension`";
                return Err(invalid(vec![Problem::new(at_dataset(), message).help(help)]));
            }
            (generated.name(), Facts::drawn(generated, sha256::of(generated.key())), None)
        }
    };
    if let Some(rows) = rows {
        let (rows, all) = (rows.size(), facts.rows);
        if rows > all {
            let message = format!("{rows} base vectors are asked for, but the dataset has {all}");
            return Err(invalid(vec![Problem::new(path!["sweep", "n"], message).help(format!("use at most {all}"))]));
        }
        facts = facts.sampled(rows);
    }
    let plan = Plan::new(experiment, &facts).map_err(invalid)?;
    let names_one = plan.experiment.report.figures.iter().flatten().any(|figure| wanted_query(figure).is_some());
    let names = match file.filter(|_| names_one) {
        Some(path) => format::query_names(&path, memory).map_err(|error| dataset_failure(&error))?,
        None => None,
    };
    let problems = check_queries(&plan, names.as_deref(), facts.queries);
    if problems.is_empty() { Ok(Outline { plan, facts, dataset_name }) } else { Err(invalid(problems)) }
}

/// Plans an experiment as [`outline`] does, and only then reads or draws its dataset, of which `rows` base vectors are kept if
/// that is given. Its SHA-256 must be the `known` one, if there is one.
///
/// # Errors
/// As [`prepare`].
pub fn plan(
    source: Source,
    experiment: Experiment,
    rows: Option<Count>,
    known: Option<&str>,
    (data_folders, memory): (&[PathBuf], u64),
) -> Result<Prepared, Failure> {
    outline(&source, experiment.clone(), rows, (data_folders, memory))?;
    let mut found = match &experiment.dataset {
        DatasetSource::File(named) => Found::read(&locate(named, &source, data_folders)?, memory)?,
        DatasetSource::Generated(generated) => Found::draw(generated)?,
    };
    if let Some(rows) = rows {
        found = found.sample(rows.size(), experiment.seed);
    }
    if let Some(known) = known.filter(|known| *known != found.sha256) {
        return Err(changed(known, &found.sha256));
    }
    on(source, experiment, found)
}

/// Plans an experiment on a dataset that is here.
///
/// # Errors
/// [`Failure::Invalid`].
pub fn on(source: Source, experiment: Experiment, found: Found) -> Result<Prepared, Failure> {
    let Found { name: dataset_name, sha256, dataset, file } = found;
    let facts = Facts {
        bytes: dataset.bytes(),
        sha256,
        rows: dataset.train.rows(),
        queries: dataset.test.rows(),
        dim: dataset.train.dim(),
        distance: dataset.distance,
        neighbors: dataset.neighbors.count,
        links: dataset.links.as_ref().map(|links| links.edges.len()),
        relations: dataset.links.as_ref().map_or_else(Vec::new, |links| links.relations.clone()),
        subtopics: dataset.subtopics.is_some(),
        qrels: dataset.qrels.is_some(),
    };
    let mut plan = match Plan::new(experiment, &facts) {
        Ok(plan) => plan,
        Err(problems) => return Err(Box::new(Invalid { source, problems }).into()),
    };
    // The vectors themselves are the dataset's.
    let base = Arc::new(Base::new(dataset.train.clone(), dataset.distance));
    let pools = plan.trials.iter().map(|trial| trial.retriever.candidates.pool());
    let sizes = Sizes { k: plan.experiment.k.size(), pool: pools.min().unwrap_or(0) };
    let coarse = Coarse::find(&plan.metrics, sizes, &plan.queries, &dataset.neighbors);
    Coarse::put_relative_beside(&coarse, &mut plan.metrics);
    let notes = coarse.iter().map(Coarse::caution).chain(plan.notes.iter().cloned()).collect();
    Ok(Prepared { source, plan, facts, dataset, dataset_name, file, base, coarse, notes })
}

impl Prepared {
    /// Looks for what is doubtful about the dataset, and notes it.
    #[must_use]
    pub fn examined(mut self) -> Self {
        let doubt = ground_truth::verify(&self.base, &self.dataset, self.plan.experiment.seed);
        self.notes.extend(doubt.map(|doubt| doubt.to_string()));
        self.notes.extend(self.dataset.doubts());
        self.notes.extend(subtopics_beyond_reach(&self.plan, &self.dataset));
        self
    }

    /// Gathers what the trials work on.
    pub fn workload(&self) -> Workload {
        let relation = |links: &Links, i: usize| links.relation.get(i).copied().unwrap_or(0);
        let edges = self.dataset.links.iter().flat_map(|links| {
            let link =
                move |(i, &[source, target]): (usize, &[u32; 2])| Link { source, target, relation: relation(links, i) };
            links.edges.iter().enumerate().map(link)
        });
        Workload {
            base: Arc::clone(&self.base),
            seed: self.plan.experiment.seed,
            queries: self.dataset.test.gather(&self.plan.queries),
            query_ids: self.plan.queries.clone(),
            truths: self.plan.queries.iter().map(|&query| Truth::of(&self.dataset, query)).collect(),
            links: edges.collect(),
            relations: self.facts.relations.clone(),
        }
    }

    /// The dataset, with its name.
    pub fn names(&self) -> (&str, &Dataset) {
        (&self.dataset_name, &self.dataset)
    }
}

/// That no list of k can cover all subtopics of some queries, if so, and how far it can come: each of its items covers at
/// most what the k items with the most subtopics do.
fn subtopics_beyond_reach(plan: &Plan, dataset: &Dataset) -> Option<String> {
    let measured = plan.metrics.iter().any(|metric| metric.name() == "subtopic-recall");
    let subtopics = dataset.subtopics.as_ref().filter(|_| measured)?;
    let k = plan.experiment.k.size();
    let reach = |&query: &usize| {
        let mut covered: BTreeMap<u32, usize> = BTreeMap::new();
        subtopics.of(query).iter().for_each(|(item, _)| *covered.entry(*item).or_default() += 1);
        let mut covered: Vec<usize> = covered.into_values().collect();
        covered.sort_unstable_by(|a, b| b.cmp(a));
        let all = subtopics.count(query);
        (all > 0).then(|| (covered.iter().take(k).sum::<usize>() as f64 / all as f64).min(1.0))
    };
    let shares: Vec<f64> = plan.queries.iter().filter_map(reach).collect();
    let short = shares.iter().filter(|&&share| share < 1.0).count();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    (short > 0).then(|| {
        format!(
            "for {short} of {} queries no {k} results cover all subtopics: a mean subtopic-recall of {mean:.4} is the most \
             that could be reached",
            shares.len()
        )
    })
}

/// Looks whether the queries that figures name are among those asked of so many, which may have names.
fn check_queries(plan: &Plan, names: Option<&[String]>, queries: usize) -> Vec<Problem> {
    let name = |row: usize| names.map(|names| names[row].as_str());
    let is_asked = |wanted: &QueryRef| plan.queries.iter().any(|&row| wanted.is(row, name(row)));
    let figures = plan.experiment.report.figures.iter().flatten().enumerate();
    let named = figures.filter_map(|(i, figure)| Some((i, figure.draw.name(), wanted_query(figure)?)));
    let missing = named.filter(|(_, _, wanted)| !is_asked(wanted)).map(|(i, kind, wanted)| {
        let known = (0..queries).any(|row| wanted.is(row, name(row)));
        let message = if known {
            format!("the query `{wanted}` is not in the sample that is asked")
        } else {
            format!("the dataset has no query `{wanted}`")
        };
        let examples: Vec<String> =
            plan.queries.iter().take(5).map(|&row| name(row).map_or_else(|| row.to_string(), str::to_owned)).collect();
        let mut problem = Problem::new(path!["report", "figures", i, "draw", kind, "query"], message);
        if let QueryRef::Name(wanted) = wanted
            && !known
        {
            let names: Vec<&str> = names.iter().copied().flatten().map(String::as_str).collect();
            problem = suggest(wanted, &names)
                .into_iter()
                .take_while(|line| line.starts_with("did you"))
                .fold(problem, Problem::help);
        }
        problem.help(format!("asked are, for example, `{}`", examples.join("`, `")))
    });
    missing.collect()
}

/// The query that a figure names.
pub fn wanted_query(figure: &FigureSpec) -> Option<&QueryRef> {
    if let FigureParams::Neighbourhood(neighbourhood) = &figure.draw { neighbourhood.query.as_ref() } else { None }
}
