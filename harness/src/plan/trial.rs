//! The trials of an experiment, and what makes two of them the same.

use super::programs::of_retriever;
use super::{Facts, point};
use crate::config::{Experiment, Problem, Retriever};
use crate::external::Role;
use crate::path;
use crate::record::{Parameters, WHOLE, label};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::graph::GraphSpec;
use swath_algorithms::params::Count;
use swath_datasets::sha256;

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

pub(super) fn parameters(retriever: &Retriever) -> Parameters {
    match retriever.program() {
        Some(external) => Parameters::whole(external),
        None => Parameters::new(&retriever.candidates, retriever.expand.as_ref(), &retriever.select),
    }
}

/// Whether the size of the pool is left to swath.
pub(super) fn is_pool_left_out(retriever: &Retriever) -> bool {
    matches!(&retriever.candidates, CandidatesParams::Exact(exact) if exact.pool.is_none())
}

/// The trials of an experiment that is `resolved` from the `written` one, in order. Trials that are the same are a problem.
pub(super) fn list_trials(
    resolved: &Experiment,
    written: &Experiment,
    facts: &Facts,
    problems: &mut Vec<Problem>,
) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    let mut first_with: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (i, (grid, written)) in resolved.retrievers.iter().zip(&written.retrievers).enumerate() {
        // A pool that is not written is no axis, and not part of labels: those are the same at any k.
        let is_exact = |retriever: &&Retriever| matches!(retriever.candidates, CandidatesParams::Exact(_));
        let named = if written.0.iter().filter(is_exact).all(is_pool_left_out) { written } else { grid };
        let labels = point::labels(&named.0.iter().map(parameters).collect::<Vec<_>>());
        for (retriever, point) in grid.0.iter().zip(labels) {
            let trial = Trial { id: trial_id(resolved, retriever, facts), retriever: retriever.clone(), point };
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

/// The stage of the parameters that a program is.
fn stage_of(role: Role) -> &'static str {
    match role {
        Role::Candidates => "candidates",
        Role::Selector => "select",
        Role::Retriever => WHOLE,
    }
}

fn trial_id(experiment: &Experiment, retriever: &Retriever, facts: &Facts) -> String {
    let queries = experiment.queries.map_or(facts.queries, Count::size);
    let mut stages = parameters(retriever).stages().clone();
    if let Some(run) = retriever.candidates.listed() {
        // What is in the files counts, not what they are called.
        let content = |file: &str| facts.lists.get(file).cloned().unwrap_or_else(|| file.to_owned());
        let mut files: Vec<(String, String)> =
            run.files().map(|(file, weight)| (content(file), weight.to_string())).collect();
        files.sort();
        stages["candidates"] = json!({ "run": { "pool": run.pool, "fuse": run.fused(), "files": files } });
    }
    for (stage, command) in of_retriever(retriever).map(|(role, command)| (stage_of(role), command)) {
        stages[stage]["external"]["program"] = json!(facts.programs.of(command));
    }
    let shape = json!({
        "parameters": stages,
        "k": experiment.k,
        "dataset": facts.sha256,
        "queries": queries,
        "seed": experiment.seed,
        "version": env!("CARGO_PKG_VERSION"),
    });
    sha256::hex(&Sha256::digest(shape.to_string())[..8])
}
