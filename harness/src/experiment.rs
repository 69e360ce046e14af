//! One experiment from its file to its report: read, plan, run, write.

use crate::clock;
use crate::coarse::{Coarse, Sizes};
use crate::config::{self, DatasetSource, Experiment, Invalid, Problem, ReportSpec, Source, suggest};
use crate::diagnostics::diagnose;
use crate::exact_path;
use crate::excerpt::{self, Excerpt};
use crate::interrupt;
use crate::manifest::{self, DatasetRecord, Machine, Manifest, TrialRecord};
use crate::missing_dataset;
use crate::output_folder::{FolderError, Kind, OutputFolder};
use crate::path;
use crate::plan::{Facts, Plan, Trial, at_dataset};
use crate::progress::Progress;
use crate::report::{self, FigureParams, FigureSpec, QueryRef, ReportError, Several};
use crate::results::{self, ResultsError};
use crate::run::unfinished::{FOLDER, Start, Unfinished};
use crate::run::{self, Means, Outcome, Ran, Stop, lock};
use crate::summary::Summary;
use crate::workload::{Truth, Workload};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use swath_algorithms::graph::Link;
use swath_algorithms::params::Count;
use swath_algorithms::{Base, random};
use swath_datasets::sha256;
use swath_datasets::{Dataset, DatasetError, Generated, Links, Stamp, bounded, catalogue, format, ground_truth};

/// Why an experiment did not come to its report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user's input is wrong: what, where, and what would be right.
    #[error("{0}")]
    Input(String),
    /// The experiment's file is wrong.
    #[error(transparent)]
    Invalid(#[from] Box<Invalid>),
    /// The run failed.
    #[error("{0}")]
    Run(String),
    /// The run was asked to stop, and did.
    #[error("{0}")]
    Stopped(String),
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::NotOurs(what) => Self::Input(what),
            error => Self::Run(error.to_string()),
        }
    }
}

impl From<ResultsError> for Failure {
    fn from(error: ResultsError) -> Self {
        if let ResultsError::Folder(error) = error { error.into() } else { Self::Run(error.to_string()) }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        if let ReportError::File(error) = error { error.into() } else { Self::Run(error.to_string()) }
    }
}

/// How an experiment is run.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// Where and with what trials are run.
    pub means: Means<'a>,
    /// What the run begins with.
    pub start: &'a Start,
    /// Show no progress.
    pub quiet: bool,
    /// Hears what the user should know before it runs.
    pub say: &'a dyn Fn(&str),
    /// The command that goes on with the run after it was stopped.
    pub again: &'a str,
}

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

/// The file of a dataset, and what the file system said of it before it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatasetFile {
    /// The file.
    #[serde(with = "exact_path")]
    pub path: PathBuf,
    /// What tells whether it is the same still.
    pub stamp: Stamp,
}

/// Reads an experiment and its dataset, and plans it: everything that can be wrong with the input is found here.
///
/// # Errors
/// [`Failure::Input`] and [`Failure::Invalid`].
pub fn prepare(file: &Path, data_folders: &[PathBuf], memory: u64) -> Result<Prepared, Failure> {
    let (source, experiment) = open(file)?;
    plan(source, experiment, None, None, (data_folders, memory)).map(Prepared::examined)
}

/// Reads an experiment.
///
/// # Errors
/// [`Failure::Input`] and [`Failure::Invalid`].
pub fn open(file: &Path) -> Result<(Source, Experiment), Failure> {
    let text = bounded::read_text(file, bounded::TEXT).map_err(|error| unreadable(file, &error))?;
    Ok(config::parse(Source::parse(file.to_owned(), text)?)?)
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

/// The refusal of a dataset that is not what it was.
fn changed(known: &str, sha256: &str) -> Failure {
    Failure::Input(format!("the dataset has changed since the run began (SHA-256 {known:.12} then, {sha256:.12} now)"))
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

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "; give the path of a YAML experiment, or write one with `swath init DATASET`",
        std::io::ErrorKind::InvalidData => "; an experiment is UTF-8 text",
        std::io::ErrorKind::IsADirectory => "; give a file inside it",
        _ => "",
    };
    Failure::Input(format!("cannot read {}: {error}{hint}", file.display()))
}

/// What is wrong with a dataset's file is the input's fault, and so is a refusal of the file system.
pub fn dataset_failure(error: &DatasetError) -> Failure {
    Failure::Input(error.to_string())
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
fn wanted_query(figure: &FigureSpec) -> Option<&QueryRef> {
    if let FigureParams::Neighbourhood(neighbourhood) = &figure.draw { neighbourhood.query.as_ref() } else { None }
}

/// An experiment's dataset.
pub struct Found {
    /// Its name in files and plots.
    pub name: String,
    /// SHA-256 of its file, or of what else it is a function of.
    pub sha256: String,
    /// Its content.
    pub dataset: Dataset,
    /// The file that it was read from; `None` if it was drawn or sampled.
    pub file: Option<DatasetFile>,
}

fn file_name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

impl DatasetFile {
    /// A file that is there now.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::Input(format!("the dataset {} does not exist", path.display())),
            _ => Failure::Input(format!("{}: {error}", path.display())),
        };
        Ok(Self { path: path.to_owned(), stamp: Stamp::of(path, clock::now()).map_err(unreadable)? })
    }

    /// Reads the file again, whose SHA-256 was the `known` one: it is not computed again where the file system says that
    /// nothing has changed.
    ///
    /// # Errors
    /// [`Failure::Input`], also where it is not the same file any more.
    pub fn read(&self, known: &str, memory: u64) -> Result<Dataset, Failure> {
        let (dataset, _) = steady(&self.path, || {
            let dataset = format::read(&self.path, memory).map_err(|error| dataset_failure(&error))?;
            if !self.stamp.is_of(&self.path) {
                let sha256 = format::sha256(&self.path).map_err(|error| dataset_failure(&error))?;
                if sha256 != known {
                    return Err(changed(known, &sha256));
                }
            }
            Ok(dataset)
        })?;
        Ok(dataset)
    }
}

/// Does what looks at a file more than once, and refuses what came of it where the file was changed or replaced meanwhile:
/// it may be of two files. Returns the file as it was before, too.
fn steady<T>(path: &Path, look: impl FnOnce() -> Result<T, Failure>) -> Result<(T, DatasetFile), Failure> {
    // A file that is gone is said to be so.
    let before = DatasetFile::at(path)?;
    let seen = look()?;
    if before.stamp.agrees(&DatasetFile::at(path)?.stamp) { Ok((seen, before)) } else { Err(unsteady(path)) }
}

/// The refusal of a file that does not stay as it is.
fn unsteady(path: &Path) -> Failure {
    let message = format!("the dataset {} was changed or replaced while it was read", path.display());
    Failure::Input(message + "\n  run again when nothing writes it any more")
}

impl Found {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn read(path: &Path, memory: u64) -> Result<Self, Failure> {
        // What cannot be read is not hashed first, which may take long.
        format::sizes(path, memory).map_err(|error| dataset_failure(&error))?;
        let sha256 = || format::sha256(path).map_err(|error| dataset_failure(&error));
        let ((sha256, dataset), file) = steady(path, || {
            let (before, young) = (sha256()?, !DatasetFile::at(path)?.stamp.is_settled());
            let dataset = format::read(path, memory).map_err(|error| dataset_failure(&error))?;
            // Written just now it may be written once more without another stamp.
            if young && sha256()? != before {
                return Err(unsteady(path));
            }
            Ok((before, dataset))
        })?;
        Ok(Self { name: file_name(path), sha256, dataset, file: Some(file) })
    }

    /// Draws vectors.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn draw(generated: &Generated) -> Result<Self, Failure> {
        let dataset = generated.dataset().map_err(|error| Failure::Input(error.to_string()))?;
        Ok(Self { name: generated.name(), sha256: sha256::of(generated.key()), dataset, file: None })
    }

    /// The SHA-256 of such a sample of the file of that SHA-256.
    pub fn sampled_sha256(sha256: &str, rows: usize, seed: u64) -> String {
        sha256::of(format!("{sha256} {rows} rows, seed {seed}"))
    }

    /// A seeded sample of `rows` of its base vectors, at most as many as there are.
    #[must_use]
    pub fn sample(self, rows: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..self.dataset.train.rows()).collect();
        random::shuffle(&mut random::stream(seed, "sweep", 0), &mut order);
        order.truncate(rows);
        order.sort_unstable();
        let sha256 = Self::sampled_sha256(&self.sha256, rows, seed);
        Self { dataset: self.dataset.subset(&order), sha256, file: None, ..self }
    }
}

fn locate(named: &str, source: &Source, folders: &[PathBuf]) -> Result<PathBuf, Failure> {
    let beside = source.path().parent().unwrap_or(Path::new("")).to_owned();
    catalogue::resolve(named, &beside, folders).map_err(|not_found| {
        let help = missing_dataset::help(&not_found);
        let problem = help.iter().fold(Problem::new(at_dataset(), not_found.to_string()), Problem::help);
        Box::new(Invalid { source: source.clone(), problems: vec![problem] }).into()
    })
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

    /// Runs what is not done of the plan and writes everything a run leaves behind into `folder`. Returns the summary, the
    /// manifest, and what went wrong with the cache or a figure.
    ///
    /// # Errors
    /// [`Failure::Input`] where another run is at work in the folder, [`Failure::Run`] where nothing can be written,
    /// [`Failure::Stopped`] where the run was asked to stop.
    pub fn run(
        &self,
        folder: &Path,
        options: &RunOptions<'_>,
    ) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
        let out = Arc::new(OutputFolder::open(folder, &[Kind::Run])?);
        let trials = folder.join(results::TRIALS);
        out.work_on([format!("{}/{}", results::TRIALS, lock::CHILDREN)])?;
        lock::wait_for_children(&trials).map_err(|error| Failure::Run(format!("{}: {error}", trials.display())))?;
        out.tidy();
        out.refuse(|_| true, &self.files())?;
        let (mut unfinished, done, said) = Unfinished::open(&out, self, options.start)?;
        unfinished.share(self, options.means)?;
        said.iter().for_each(|note| (options.say)(note));
        // Children gather their own.
        let workload = options.means.program.is_none().then(|| self.workload());
        let passes = self.plan.trials.len() * (1 + self.plan.experiment.repeats.size());
        let progress = Progress::new(passes * self.plan.queries.len(), options.quiet);
        let kept = || format!("what is done is kept; go on with\n  {}", options.again);
        interrupt::say(format!("stopped; {}", kept()));
        let hold = interrupt::hold();
        let ran = run::run(self, workload.as_ref(), options.means, (&mut unfinished, done), &progress);
        progress.finish();
        let Ran { failed: reasons, notes } = match ran {
            Ok(ran) => ran,
            Err(Stop::Asked) => {
                hold.for_ever();
                unfinished.sync();
                return Err(Failure::Stopped(format!("stopped; {}", kept())));
            }
            Err(Stop::Unwritten(what)) => return Err(Failure::Run(format!("{what}\n  {}", kept()))),
        };
        drop(hold);
        let finish = |(trial, reason): (&Trial, Option<String>)| match reason {
            Some(reason) => Ok(Err(reason)),
            None => unfinished.finish(self, trial).map(Ok),
        };
        let finished = |error: ResultsError| Failure::Run(format!("{error}\n  {}", kept()));
        let outcomes = self.plan.trials.iter().zip(reasons).map(finish).collect::<Result<Vec<_>, _>>();
        let outcomes = outcomes.map_err(finished)?;
        let manifest = self.manifest(out.path(), &unfinished, &outcomes, options.quiet);
        self.excerpt(&outcomes).write(&out).map_err(finished)?;
        results::write_manifest(&out, &manifest).map_err(finished)?;
        remove_other_trials(&out, &manifest);
        let (summary, manifest, refused) = report_into(&out, None).map_err(|failure| match failure {
            Failure::Input(what) | Failure::Run(what) => Failure::Run(format!("{what}\n  {}", kept())),
            failure => failure,
        })?;
        unfinished.remove();
        out.settle();
        Ok((summary, manifest, notes.into_iter().chain(refused).collect()))
    }

    /// The files that it will surely write.
    fn files(&self) -> Vec<String> {
        let trials = self.plan.trials.iter().map(|trial| results::trial_name(&trial.id));
        let all = [results::MANIFEST, excerpt::FILE].into_iter().chain(report::FILES).map(str::to_owned);
        all.chain(trials).collect()
    }

    fn manifest(
        &self,
        folder: &Path,
        unfinished: &Unfinished,
        outcomes: &[Result<Outcome, String>],
        quiet: bool,
    ) -> Manifest {
        let (started, resumed) = unfinished.times();
        let record = |(trial, outcome): (&Trial, &Result<Outcome, String>)| TrialRecord {
            trial: trial.id.clone(),
            retriever: trial.retriever.name.to_string(),
            point: trial.point.clone(),
            failed: outcome.as_ref().err().cloned(),
        };
        Manifest {
            swath: env!("CARGO_PKG_VERSION").into(),
            revision: env!("SWATH_REVISION").into(),
            rustc: env!("SWATH_RUSTC").into(),
            started,
            resumed,
            finished: clock::timestamp(),
            experiment: serde_json::to_value(&self.plan.experiment).unwrap_or_default(),
            config: self.source.text().to_owned(),
            config_path: Some(self.source.path().to_owned()),
            config_from_here: manifest::seen_from(folder, self.source.path()),
            dataset: DatasetRecord {
                name: self.dataset_name.clone(),
                sha256: self.facts.sha256.clone(),
                distance: self.dataset.distance.name().into(),
                rows: self.facts.rows,
                queries: self.facts.queries,
                dim: self.facts.dim,
                neighbors: self.facts.neighbors,
                links: self.facts.links,
                subtopics: self.facts.subtopics,
            },
            machine: Machine::this(),
            graphs: unfinished.graphs(),
            trials: self.plan.trials.iter().zip(outcomes).map(record).collect(),
            metrics: self.plan.metrics.iter().map(|metric| metric.name().to_owned()).collect(),
            coarse: self.coarse.clone(),
            diagnosis: Some(diagnose(&self.base, &self.dataset.test, self.plan.experiment.seed, quiet)),
            // An empty sum is -0.
            untimed: [0, 1]
                .map(|part| outcomes.iter().flatten().map(|outcome| outcome.untimed[part]).sum::<f64>() + 0.0),
            notes: self.notes.iter().cloned().chain(self.filled(outcomes)).collect(),
        }
    }

    /// What the report shows of single queries.
    fn excerpt(&self, outcomes: &[Result<Outcome, String>]) -> Excerpt {
        let experiment = &self.plan.experiment;
        let name = |row: usize| self.dataset.test_names.as_ref().map(|names| names[row].as_str());
        let figures = || experiment.report.figures.iter().flatten();
        let is_named = |row: usize| figures().filter_map(wanted_query).any(|wanted| wanted.is(row, name(row)));
        let returned: Vec<&[i32]> = outcomes.iter().flatten().map(|outcome| outcome.returned.as_slice()).collect();
        let count = experiment.report.queries as usize;
        let queries = (self.plan.queries.as_slice(), experiment.seed);
        Excerpt::new(&self.dataset, queries, count, is_named, (&returned, experiment.k.size()))
    }

    /// What to say of trials whose selector could not tell all items apart.
    fn filled(&self, outcomes: &[Result<Outcome, String>]) -> Vec<String> {
        let mut by_retriever: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
        for (trial, outcome) in self.plan.trials.iter().zip(outcomes) {
            let Ok(outcome) = outcome else { continue };
            let (trials, concerned, most) = by_retriever.entry(trial.retriever.name.as_str()).or_default();
            *trials += 1;
            *concerned += usize::from(outcome.filled > 0);
            *most = outcome.filled.max(*most);
        }
        let k = self.plan.experiment.k.get();
        let concerned = by_retriever.into_iter().filter(|(_, (_, concerned, _))| *concerned > 0);
        let say = |(name, (trials, concerned, most))| {
            format!(
                "{name} found no more to gain before {k} results, and filled the rest by relevance: in {concerned} of its \
                 {trials} trials, for up to {most} of {} queries",
                self.plan.queries.len()
            )
        };
        concerned.map(say).collect()
    }
}

/// Removes files of trials that an earlier run of another plan left in this folder: they would not belong to its report.
pub fn remove_other_trials(out: &OutputFolder, manifest: &Manifest) {
    let kept = manifest.trials.iter().filter(|trial| trial.failed.is_none());
    let kept: BTreeSet<String> = kept.map(|trial| results::trial_name(&trial.trial)).collect();
    let listed = out.listed(&format!("{}/", results::TRIALS));
    for name in listed.iter().filter(|name| name.strip_suffix(".hdf5").is_some() && !kept.contains(*name)) {
        out.remove(name);
    }
}

/// Reads back what a run left in a folder; there is nothing to report, but the manifest, where no trial succeeded.
///
/// # Errors
/// [`Failure::Input`] where the folder holds no results that can be read.
pub fn load(folder: &Path) -> Result<(Option<report::Found>, Manifest), Failure> {
    let unreadable = |error: ResultsError| Failure::Input(error.to_string());
    let (manifest, results) = results::read(folder).map_err(unreadable)?;
    let excerpt = Excerpt::read(folder).map_err(unreadable)?;
    let asked = results.trials.first().map_or(&[][..], |trial| &trial.query_ids);
    if let Some(shown) =
        excerpt.iter().flat_map(|excerpt| &excerpt.queries).find(|q| asked.get(q.position) != Some(&q.row))
        && !asked.is_empty()
    {
        let message =
            format!("{}: the excerpt shows query {} in a place where it was not asked", folder.display(), shown.row);
        return Err(Failure::Input(message + "\n  run it again, or remove its excerpt"));
    }
    let summary = Summary::new(&results);
    let found = summary.map(|summary| report::Found { summary, results, manifest: manifest.clone(), excerpt });
    Ok((found, manifest))
}

/// Writes the report of a folder from its result files alone, with `spec` in place of what its experiment says of the
/// report if that is given; the summary is `None` if no trial succeeded. Returns, too, why figures could not be drawn.
///
/// # Errors
/// As [`load`], and [`Failure::Run`] where the report cannot be written.
pub fn report(folder: &Path, spec: Option<&ReportSpec>) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    // What cannot be reported is said before what cannot be written.
    let loaded = load(folder)?;
    let out = OutputFolder::open(folder, &[Kind::Run, Kind::Import])?;
    out.tidy();
    let reported = report_of(loaded, &out, spec)?;
    out.settle();
    Ok(reported)
}

/// Writes a report as [`report()`] does, into a folder that is open.
///
/// # Errors
/// As [`report()`].
pub fn report_into(
    out: &OutputFolder,
    spec: Option<&ReportSpec>,
) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    report_of(load(out.path())?, out, spec)
}

/// Writes the report of what was loaded.
fn report_of(
    (found, manifest): (Option<report::Found>, Manifest),
    out: &OutputFolder,
    spec: Option<&ReportSpec>,
) -> Result<(Option<Summary>, Manifest, Vec<String>), Failure> {
    let is_result = |name: &str| {
        let prefixes = [results::TRIALS, FOLDER].map(|folder| name.strip_prefix(folder));
        name == results::MANIFEST
            || name == excerpt::FILE
            || prefixes.iter().flatten().any(|rest| rest.starts_with('/'))
    };
    out.refuse(|name| !is_result(name), &report::FILES.map(str::to_owned))?;
    let Some(found) = found else {
        // Nobody shall take what an earlier run left here for this one's.
        out.remove("index.html");
        return Ok((None, manifest, out.kept()));
    };
    let written = manifest.experiment.get("report").map(|value| serde_json::from_value(value.clone()));
    // A manifest of an earlier version says nothing of the report.
    let written = written.transpose().map_err(|error| {
        Failure::Input(format!("{}: what it says of the report cannot be read ({error})", out.path().display()))
    })?;
    let spec = spec.cloned().or(written).unwrap_or_default();
    let notes = report::write(out, &found, &spec)?;
    Ok((Some(found.summary), manifest, notes.into_iter().chain(out.kept()).collect()))
}

/// Writes one report of several runs into `folder`; returns what it says on top, and which characters no figure can show.
///
/// # Errors
/// As [`report()`]; and [`Failure::Input`] where a run has nothing to report.
pub fn report_several(folders: &[PathBuf], folder: &Path) -> Result<(Vec<String>, Option<String>), Failure> {
    let load = |folder: &PathBuf| {
        let nothing = || Failure::Input(format!("{}: no trial of this run succeeded", folder.display()));
        Ok((folder.clone(), load(folder)?.0.ok_or_else(nothing)?))
    };
    let runs = folders.iter().map(load).collect::<Result<Vec<_>, Failure>>()?;
    let several = Several::new(runs);
    let out = OutputFolder::open(folder, &[Kind::Several])?;
    out.tidy();
    let files = ["several.csv", "changes.csv", "plots/captions.txt", "index.html"];
    out.refuse(|_| true, &files.map(str::to_owned))?;
    let lacking = several.write(&out)?;
    out.settle();
    Ok((several.verdict(), lacking))
}
