//! An experiment that is ready to run: its file read, its dataset loaded, its trials planned.

use super::dataset::{Found, LoadedDataset, Resources, changed, locate};
use super::lists::{self, ListedRuns};
use super::workload::Workload;
use super::{Facts, Plan, Programs, memory_notes, outline};
use crate::config::{self, ExperimentFile, Failure, Invalid, Problem, YamlSource};
use crate::metrics::truth::Truth;
use crate::path;
use crate::plot::format::number;
use crate::record::coarse::{Coarse, Sizes};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swath_algorithms::graph::Link;
use swath_algorithms::params::Count;
use swath_algorithms::{Base, Groups};
use swath_datasets::{Capacity, Dataset, Links, ground_truth};

/// An experiment that is ready to run.
pub struct Prepared {
    /// Its file.
    pub source: YamlSource,
    /// Its trials, metrics and queries.
    pub plan: Plan,
    /// Facts about its dataset.
    pub facts: Facts,
    /// Its dataset.
    pub dataset: Dataset,
    /// The dataset's name in files and plots.
    pub dataset_name: String,
    /// The file from which its dataset is mapped, if that is kept.
    pub dataset_file: Option<PathBuf>,
    /// What a user should know of its dataset; `None` until it is examined.
    pub doubts: Option<Vec<String>>,
    /// The lists that candidates take from files.
    pub lists: ListedRuns,
    /// Its base vectors, with norms.
    pub base: Arc<Base>,
    /// Recalls whose slack is large against the distances.
    pub coarse: Vec<Coarse>,
    /// Notes for the user, which the report shows.
    pub notes: Vec<String>,
    /// Notes on the way to the dataset. They say nothing of the results.
    pub said: Vec<String>,
}

/// Reads an experiment and its dataset, and plans it. Everything that can be wrong with the input is found here.
///
/// # Errors
/// [`Failure::Input`] and [`Failure::Invalid`].
pub fn prepare_file(path: &Path, resources: Resources<'_>) -> Result<Prepared, Failure> {
    prepare_experiment(config::open(path)?, None, None, resources).map(Prepared::examined)
}

/// Plans an experiment as [`outline()`] does, and only then reads or draws its dataset.
///
/// If `rows` is given, the dataset is a sample of `rows` base vectors. If `sha256` is given, the dataset must have it.
///
/// # Errors
/// As [`prepare_file`].
pub fn prepare_experiment(
    file: ExperimentFile,
    rows: Option<Count>,
    sha256: Option<&str>,
    resources: Resources<'_>,
) -> Result<Prepared, Failure> {
    outline(&file, rows, resources)?;
    // Before the dataset is read, which may take long.
    let programs = Programs::meet(&file, resources.outside)?;
    let mut loaded = match locate(&file.experiment.dataset, &file.source, resources.data_folders)? {
        Found::Read(location) => LoadedDataset::load(&location, resources)?,
        Found::Drawn(generated) => LoadedDataset::drawn(generated, resources)?,
    };
    if let Some(rows) = rows {
        check_sample(&file, &loaded.dataset)?;
        loaded = loaded.sampled(rows.size(), file.experiment.seed, resources)?;
    }
    if let Some(sha256) = sha256.filter(|sha256| *sha256 != loaded.sha256) {
        return Err(changed(sha256, &loaded.sha256));
    }
    let source = file.source.clone();
    let invalid = |problems| Failure::from(Box::new(Invalid { source: source.clone(), problems }));
    let lists =
        ListedRuns::read(&file.experiment, &source, &loaded.dataset, resources.memory, None).map_err(invalid)?;
    let mut prepared = prepare_on(file, loaded, lists, programs)?.with_copies_within(&resources.capacity());
    prepared.lists.check(&prepared.plan, &prepared.dataset, &mut prepared.notes).map_err(invalid)?;
    prepared.said.extend(memory_notes(&prepared.plan, &prepared.facts, resources));
    Ok(prepared)
}

/// Refuses lists from files for a sample of base vectors that the files call by their numbers: in the sample they have others.
fn check_sample(file: &ExperimentFile, dataset: &Dataset) -> Result<(), Failure> {
    let has_ids = !dataset.train_labels.row_ids(dataset.train.len()).are_numbers();
    if has_ids || lists::listed(&file.experiment).next().is_none() {
        return Ok(());
    }
    let message = "a run's file calls the base vectors by their row numbers, which are others in a sample";
    let problem = Problem::new(path!["sweep", "n"], message);
    let problem = problem.help("use a dataset with ids of base vectors, or leave `n` out");
    Err(Box::new(Invalid { source: file.source.clone(), problems: vec![problem] }).into())
}

/// Plans an experiment on a dataset that is loaded, with the lists that were read for it and the programs that were met.
///
/// # Errors
/// [`Failure::Invalid`].
pub fn prepare_on(
    file: ExperimentFile,
    loaded: LoadedDataset,
    lists: ListedRuns,
    programs: Programs,
) -> Result<Prepared, Failure> {
    let ExperimentFile { source, experiment } = file;
    let LoadedDataset { name: dataset_name, sha256, dataset, file: dataset_file, doubts, notes: said } = loaded;
    let facts = Facts { lists: lists.sha256.clone(), programs, ..Facts::of_dataset(&dataset, sha256) };
    let mut plan = match Plan::new(experiment, &facts) {
        Ok(plan) => plan,
        Err(problems) => return Err(Box::new(Invalid { source, problems }).into()),
    };
    // The base shares the dataset's vectors.
    let base = Arc::new(Base::new(dataset.train.clone(), dataset.distance));
    let pools = plan.trials.iter().filter(|trial| !trial.retriever.is_whole);
    let pools = pools.map(|trial| trial.retriever.candidates.pool());
    let sizes = Sizes { k: plan.experiment.k.size(), pool: pools.min().unwrap_or(0) };
    let coarse = Coarse::find(&plan.metrics, sizes, &plan.queries, &dataset);
    Coarse::put_relative_beside(&coarse, &mut plan.metrics);
    let notes = coarse.iter().map(Coarse::caution).chain(plan.notes.iter().cloned()).collect();
    Ok(Prepared { source, plan, facts, dataset, dataset_name, dataset_file, doubts, lists, base, coarse, notes, said })
}

impl Prepared {
    /// Indexes that copy all base points put them where `capacity` says.
    #[must_use]
    pub fn with_copies_within(self, capacity: &Capacity) -> Self {
        let copies = capacity.space_for(self.base.bytes() as u64);
        Self { base: Arc::new(Base::clone(&self.base).with_copies_in(copies)), ..self }
    }

    /// Adds notes on doubts about the dataset.
    #[must_use]
    pub fn examined(mut self) -> Self {
        self.notes.extend(self.doubts.take().unwrap_or_else(|| ground_truth::examine(&self.dataset)));
        self.notes.extend(subtopics_beyond_reach(&self.plan, &self.dataset));
        self
    }

    /// All notes for the user.
    pub fn all_notes(&self) -> impl Iterator<Item = &String> {
        self.said.iter().chain(&self.notes)
    }

    /// Gathers the data that the trials work on.
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
            aspects: self.dataset.aspects.as_ref().map(|aspects| aspects.of_queries(&self.plan.queries)),
            groups: self.dataset.groups.iter().map(Groups::without_labels).collect(),
            truths: self.plan.queries.iter().map(|&query| Truth::of(&self.dataset, query)).collect(),
            links: edges.collect(),
            relations: self.facts.relations.clone(),
            lists: self.lists.of_queries(&self.plan.queries),
        }
    }
}

/// A note if k results cannot cover all subtopics of some queries, with an upper bound on the mean `subtopic-recall`: the share
/// that the k items with the most subtopics would cover if they shared none.
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
            "{} of {} queries have more subtopics than {k} results can cover; mean subtopic-recall cannot exceed {mean:.4}",
            number(short as f64),
            number(shares.len() as f64)
        )
    })
}
