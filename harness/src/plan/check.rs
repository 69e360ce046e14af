//! What can be wrong with an experiment on a dataset. Each function adds to the problems.

use super::Facts;
use super::trial::is_pool_left_out;
use crate::config::{CheckSpec, Experiment, FieldPath, FieldStep, Grid, Name, Problem, Retriever, suggest};
use crate::metrics::MetricName;
use crate::path;
use crate::record::tuned_on;
use std::collections::BTreeSet;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::graph::GraphSpec;
use swath_algorithms::{Unfit, selector};

/// Checks sizes against the dataset's: of queries, of results, and of every retriever's stages.
pub(super) fn check_sizes(experiment: &Experiment, written: &Experiment, facts: &Facts, problems: &mut Vec<Problem>) {
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
            let place = RetrieverPlace { index: i, k, is_pool_left_out: is_pool_left_out(written) };
            for problem in check_retriever(retriever, place, facts) {
                // One problem for an axis is enough.
                if seen.insert(problem.message.clone()) {
                    problems.push(problem);
                }
            }
        }
    }
}

/// Where a retriever stands in its experiment.
#[derive(Clone, Copy)]
struct RetrieverPlace {
    /// Its index among the retrievers.
    index: usize,
    /// Results per query.
    k: usize,
    /// Whether the size of its pool is left to swath.
    is_pool_left_out: bool,
}

/// Problems of a retriever at one point of its grid.
fn check_retriever(retriever: &Retriever, place: RetrieverPlace, facts: &Facts) -> Vec<Problem> {
    let i = place.index;
    let mut problems: Vec<Problem> = check_pool(&retriever.candidates, place, facts).into_iter().collect();
    if let Err(unfit) = retriever.candidates.check(&facts.base()) {
        problems.push(unfit_problem(path!["retrievers", i, "candidates", retriever.candidates.name()], unfit));
    }
    let Facts { distance, kind, subtopics, aspects, ref groups, .. } = *facts;
    // What an expansion leaves may be more than what the candidates found.
    let limit = retriever.expand.as_ref().map(|expansion| expansion.limit());
    let pool = Some(limit.unwrap_or(retriever.candidates.pool()));
    let setting = selector::SelectorSetting { distance, kind, subtopics, aspects, groups, pool, programs: true };
    if let Err(unfit) = retriever.select.check(&setting) {
        problems.push(unfit_problem(path!["retrievers", i, "select", retriever.select.name()], unfit));
    }
    if let Some(expansion) = &retriever.expand {
        problems.extend(check_expansion(expansion, place, facts));
    }
    problems
}

/// The problem of a pool that is larger than the dataset, or smaller than k.
fn check_pool(candidates: &CandidatesParams, place: RetrieverPlace, facts: &Facts) -> Option<Problem> {
    let RetrieverPlace { index: i, k, is_pool_left_out: by_default } = place;
    let pool = candidates.pool();
    let is_listed = candidates.listed().is_some();
    let candidates = candidates.name();
    let pool_path = path!["retrievers", i, "candidates", candidates, "pool"];
    let example = |pool: usize| {
        // Lists need their file beside it.
        let others = if is_listed { "..., " } else { "" };
        format!("write `candidates: {{ {candidates}: {{ {others}pool: {pool} }} }}`")
    };
    if pool > facts.rows {
        let wanted = match (by_default, is_listed) {
            (true, _) => "is the default",
            (false, true) => "is more than there can be (100 is the default)",
            (false, false) => "is asked for",
        };
        let message = format!("a pool of {pool} {wanted}, but the dataset has {}", plural(facts.rows, "base vector"));
        return Some(Problem::new(pool_path, message).help(format!("{}, or less", example(facts.rows))));
    }
    if pool < k {
        let default = if by_default { ", the default," } else { "" };
        let message = format!("a pool of {pool}{default} cannot give {k} results");
        // The default, unless the dataset is smaller.
        let enough = if facts.rows >= 100 { k.max(100) } else { k };
        let more = if enough < facts.rows { ", or more" } else { "" };
        let help = format!("{}{more}, or use a smaller k", example(enough));
        return Some(Problem::new(pool_path, message).help(help));
    }
    None
}

/// Problems of an expansion: its limit, its graph, the relations of its links.
fn check_expansion(expansion: &ExpansionParams, place: RetrieverPlace, facts: &Facts) -> Vec<Problem> {
    let RetrieverPlace { index: i, k, .. } = place;
    let mut problems = Vec::new();
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

/// The problem of parameters at `path` that do not fit the dataset or each other.
fn unfit_problem(mut path: FieldPath, unfit: Unfit) -> Problem {
    path.0.extend(unfit.inside.into_iter().chain(unfit.parameter).map(FieldStep::from));
    Problem::new(path, unfit.message).help(unfit.help)
}

/// The problem of a graph's weights of relations, if any.
fn check_relations(graph: &GraphSpec, mut path: FieldPath, facts: &Facts) -> Option<Problem> {
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

/// A retriever has the reference's name.
pub(super) fn check_reference(experiment: &Experiment, problems: &mut Vec<Problem>) {
    let Some(reference) = experiment.reference.as_ref().map(Name::as_str) else { return };
    let names = experiment.retrievers.iter().filter_map(|grid| Some(grid.0.first()?.name.as_str()));
    let names: Vec<&str> = names.collect();
    if !names.contains(&reference) {
        let problem = Problem::new(path!["reference"], format!("no retriever here is called `{reference}`"));
        let problem = suggest(reference, &names).into_iter().fold(problem, Problem::help);
        problems.push(problem);
    }
}

/// Every tolerance is for a measure of this experiment.
pub(super) fn check_tolerances(experiment: &Experiment, metrics: &[MetricName], problems: &mut Vec<Problem>) {
    let mut known: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
    known.extend([CheckSpec::EVALUATIONS, CheckSpec::TIME]);
    for measure in experiment.check.tolerance.keys().filter(|measure| !known.contains(&measure.as_str())) {
        let path = path!["check", "tolerance", measure.as_str()];
        let problem = Problem::new(path, format!("`{measure}` is not measured here"));
        problems.push(suggest(measure, &known).into_iter().fold(problem, Problem::help));
    }
}

/// Both parts of a split have enough queries for a mean with an interval.
pub(super) fn check_split(tune: f64, queries: usize, problems: &mut Vec<Problem>) {
    let tuned = tuned_on(tune, queries);
    if tuned >= 2 && queries - tuned >= 2 {
        return;
    }
    let message = format!(
        "of {} this chooses on {tuned} and reports on {}, but each part needs at least 2",
        if queries == 1 { "1 query".into() } else { format!("{queries} queries") },
        queries - tuned
    );
    problems.push(Problem::new(path!["split", "tune"], message).help("ask more queries, or leave `split` out"));
}

/// A metric that depends on the pool chooses only among pools of one size.
pub(super) fn check_pools(by: Option<MetricName>, retrievers: &[Grid<Retriever>], problems: &mut Vec<Problem>) {
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

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
