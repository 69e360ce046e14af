//! An experiment that is planned without its data: from sizes, headers and its own text.

use super::dataset::{Found, Resources, dataset_failure, locate};
use super::figures::{check_queries, wanted_query};
use super::{Facts, Plan, at_dataset, lists, memory_notes};
use crate::config::{ExperimentFile, Failure, Invalid, Problem};
use crate::path;
use std::path::PathBuf;
use swath_algorithms::params::Count;
use swath_datasets::{Location, sha256};

/// An experiment that is planned without its data.
pub struct Outline {
    /// Its trials, metrics and queries.
    pub plan: Plan,
    /// Facts about the dataset: without the SHA-256 of a file, and with all links of the dataset that a sample is of.
    pub facts: Facts,
    /// The dataset's name in files and plots.
    pub dataset_name: String,
    /// The file or folder that the dataset is read from, if it is one, without links and detours.
    pub dataset_path: Option<PathBuf>,
}

/// Plans an experiment without reading or drawing its dataset, for a sample of `rows` base vectors if `rows` is given.
///
/// # Errors
/// Those of [`prepare_experiment`](super::prepare_experiment) that sizes, headers and the experiment's own text show.
pub fn outline(file: &ExperimentFile, rows: Option<Count>, resources: Resources<'_>) -> Result<Outline, Failure> {
    let ExperimentFile { source, experiment } = file;
    let Resources { data_folders, memory, .. } = resources;
    let invalid = |problems| Failure::from(Box::new(Invalid { source: source.clone(), problems }));
    let (dataset_name, mut facts, location) = match locate(&experiment.dataset, source, data_folders)? {
        Found::Read(location) => {
            let header = location.sizes(&resources.capacity()).map_err(|error| dataset_failure(&error))?;
            (location.name(), Facts::of_header(&header), Some(location))
        }
        Found::Drawn(generated) => {
            let needed = generated.bytes();
            if needed > memory {
                let message = format!("drawing these vectors takes {needed} bytes of memory");
                let help = "swath may use less; use a smaller `n` or `dimension`";
                return Err(invalid(vec![Problem::new(at_dataset(), message).help(help)]));
            }
            let facts = Facts::of_generated(generated, sha256::of(generated.key()))
                .map_err(|error| invalid(vec![Problem::new(at_dataset(), error.to_string()).help(error.help())]))?;
            (generated.name(), facts, None)
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
    let problems = lists::check_files(experiment, source);
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let mut plan = Plan::new(experiment.clone(), &facts).map_err(invalid)?;
    plan.notes.extend(memory_notes(&plan, &facts, resources));
    let dataset_path = match &location {
        Some(Location::Path(path)) => path.canonicalize().ok(),
        Some(Location::Files(_)) | None => None,
    };
    let names_one = plan.experiment.report.figures.iter().flatten().any(|figure| wanted_query(figure).is_some());
    let names = match location.filter(|_| names_one) {
        Some(location) => location.query_labels(memory).map_err(|error| dataset_failure(&error))?,
        None => None,
    };
    let problems = check_queries(&plan, names.as_ref(), facts.queries);
    if problems.is_empty() { Ok(Outline { plan, facts, dataset_name, dataset_path }) } else { Err(invalid(problems)) }
}
