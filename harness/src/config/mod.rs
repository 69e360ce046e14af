//! From YAML to a typed [`Experiment`], once, before any work.

mod check;
mod defaults;
mod experiment;
mod failure;
pub mod figures;
mod limits;
pub mod measure;
mod open;
mod problem;
mod read;
mod retriever;
mod schema;
mod source;
mod starter;

pub use check::{CheckSpec, is_tolerance};
pub use experiment::{DatasetSource, Experiment, Name, ReportSpec, Split, Sweep};
pub use failure::Failure;
pub use limits::{Bytes, ExternalLimits, Limits};
pub use open::open;
pub use problem::{FieldPath, FieldStep, Problem, TextRange, suggest};
pub use read::{Grid, MAX_POINTS};
pub use retriever::Retriever;
pub use schema::schema;
pub use source::{Invalid, YamlKey, YamlNode, YamlSource, YamlValue};
pub use starter::starter;

use crate::path;

/// An experiment with the text that it was read from.
#[derive(Clone, Debug)]
pub struct ExperimentFile {
    /// The text.
    pub source: YamlSource,
    /// The experiment.
    pub experiment: Experiment,
}

/// Reads an experiment from its text.
///
/// # Errors
/// [`Invalid`], with every problem that shows without the dataset: YAML that cannot be read, a field that is unknown, missing
/// or out of range, a name that stands twice.
pub fn parse(source: YamlSource) -> Result<ExperimentFile, Box<Invalid>> {
    if matches!(source.root().value, YamlValue::Null) {
        let problem =
            Problem::new(path![], "this file is empty").help("`swath init` writes an experiment to start from");
        return Err(Box::new(Invalid { source, problems: vec![problem] }));
    }
    let experiment = match read::read::<Experiment>(source.root(), source.text()) {
        Ok(experiment) => experiment,
        Err(problem) => return Err(Box::new(Invalid { source, problems: vec![problem] })),
    };
    let problems = check(&experiment);
    if problems.is_empty() {
        Ok(ExperimentFile { source, experiment })
    } else {
        Err(Box::new(Invalid { source, problems }))
    }
}

/// Problems that no single field shows: names that stand twice, empty lists; and numbers that no machine could bear.
fn check(experiment: &Experiment) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (field, found, most) in [("threads", experiment.threads, 1024), ("repeats", experiment.repeats, 1000)] {
        if found.get() > most {
            let problem = Problem::new(path![field], format!("{} {field} are too many", found.get()));
            problems.push(problem.help(format!("use at most {most}")));
        }
    }
    if experiment.retrievers.is_empty() {
        problems.push(Problem::new(path!["retrievers"], "there is no retriever to run").help("add at least one"));
    }
    let names: Vec<&Name> = experiment.retrievers.iter().filter_map(|grid| grid.0.first()).map(|r| &r.name).collect();
    for (i, name) in names.iter().enumerate() {
        if let Some(first) = names[..i].iter().position(|other| other.as_str().eq_ignore_ascii_case(name.as_str())) {
            let message = format!("the name `{name}` is taken by retrievers[{first}]");
            let problem = Problem::new(path!["retrievers", i, "name"], message);
            problems.push(problem.help("each retriever needs a name of its own (capitals make no difference)"));
        }
    }
    for (measure, tolerance) in &experiment.check.tolerance {
        if !is_tolerance(*tolerance) {
            // Without hundreds of digits.
            let is_plain = *tolerance == 0.0 || (1e-5..1e16).contains(&tolerance.abs());
            let shown = if is_plain { tolerance.to_string() } else { format!("{tolerance:?}") };
            let message = format!("{shown} is no tolerance, which is a share from 0 to 10");
            let problem = Problem::new(path!["check", "tolerance", measure.as_str()], message);
            problems.push(problem.help("write 0.01 for one in a hundred, or 0 for not at all"));
        }
    }
    if experiment.limits.memory.is_some() && !crate::record::machine::CAN_LIMIT {
        let problem = Problem::new(path!["limits", "memory"], "memory can be limited on Linux alone");
        problems.push(problem.help("leave it out here"));
    }
    problems.extend(check_datasets(experiment));
    problems.extend(experiment.split.as_ref().and_then(|split| check_split(split, experiment)));
    problems.extend(experiment.sweep.as_ref().and_then(|sweep| check_sweep(sweep, experiment)));
    if let Some(metrics) = &experiment.metrics {
        if metrics.is_empty() {
            let problem = Problem::new(path!["metrics"], "an empty list leaves nothing to measure");
            problems.push(problem.help("leave `metrics` out for all that the dataset supports"));
        }
        for (j, metric) in metrics.iter().enumerate() {
            if metrics[..j].contains(metric) {
                let message = format!("the metric `{}` is listed twice", metric.name());
                problems.push(Problem::new(path!["metrics", j], message).help("keep one of the two"));
            }
        }
    }
    problems
}

/// The problem of the datasets, if they have one.
fn check_datasets(experiment: &Experiment) -> Option<Problem> {
    let datasets = &experiment.datasets;
    match (experiment.dataset.is_missing(), datasets.len()) {
        (true, 0) => {
            let problem = Problem::new(path![], "the field `dataset` is missing");
            return Some(problem.help("add `dataset: ...` here, or `datasets: [..., ...]` for several"));
        }
        (false, 1..) => {
            let problem = Problem::new(path!["datasets"], "both `dataset` and `datasets` are given");
            return Some(problem.help("keep one of the two: `datasets` is for several"));
        }
        (true, 1) => {
            let problem = Problem::new(path!["datasets"], "one dataset alone is no comparison across datasets");
            return Some(problem.help("add another, or write `dataset:` for one"));
        }
        _ => {}
    }
    if let Some(j) = (1..datasets.len()).find(|&j| datasets[..j].contains(&datasets[j])) {
        return Some(Problem::new(path!["datasets", j], "this dataset is listed twice").help("keep one of the two"));
    }
    if datasets.len() > MOST_DATASETS {
        let message = format!("{} datasets are too many", datasets.len());
        return Some(Problem::new(path!["datasets"], message).help(format!("use at most {MOST_DATASETS}")));
    }
    if !datasets.is_empty() && experiment.sweep.is_some() {
        let problem = Problem::new(path!["sweep"], "a sweep runs on one dataset, but `datasets` lists several");
        return Some(problem.help("write an experiment of its own for the sweep, with `dataset`"));
    }
    None
}

/// The most datasets of one experiment.
const MOST_DATASETS: usize = 100;

/// The problem of a split, if it has one.
fn check_split(split: &Split, experiment: &Experiment) -> Option<Problem> {
    let (message, help) = match (split.tune.is_some(), split.across, experiment.datasets.is_empty()) {
        (true, true, _) => ("both `tune` and `across` are given", "keep one of the two"),
        (false, false, false) => (
            "this split does not say on what parameters are chosen",
            "add `tune: 0.5` for half of each dataset's queries, or `across: true` for the other datasets",
        ),
        (false, false, true) => {
            ("this split does not say on what parameters are chosen", "add `tune: 0.5` for half of the queries")
        }
        (false, true, true) => (
            "`across` chooses on other datasets, but there is one alone",
            "list several under `datasets`, or write `tune: 0.5` to choose on half of the queries",
        ),
        _ => return None,
    };
    Some(Problem::new(path!["split"], message).help(help))
}

/// The problem of a sweep, if it has one.
fn check_sweep(sweep: &Sweep, experiment: &Experiment) -> Option<Problem> {
    if sweep.n.len() + sweep.dimension.len() + sweep.k.len() == 0 {
        let problem = Problem::new(path!["sweep"], "this sweep has no sizes");
        return Some(problem.help("give it sizes, as in `{ n: [1000, 10000] }`, or leave it out"));
    }
    if !sweep.dimension.is_empty() && !matches!(experiment.dataset, DatasetSource::Generated(_)) {
        let problem = Problem::new(path!["sweep", "dimension"], "the dimension of a file's vectors cannot be varied");
        return Some(
            problem.help("draw vectors instead, as in `dataset: { generate: gaussian, n: 10000, dimension: 8 }`"),
        );
    }
    for (field, values) in [("n", &sweep.n), ("dimension", &sweep.dimension), ("k", &sweep.k)] {
        if let Some(j) = (1..values.len()).find(|&j| values[..j].contains(&values[j])) {
            let message = format!("{} is listed twice", values[j].get());
            return Some(Problem::new(path!["sweep", field, j], message).help("keep one of the two"));
        }
    }
    None
}
