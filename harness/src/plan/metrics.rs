//! Which metrics an experiment computes, and which of them chooses points.

use super::Facts;
use crate::config::{Experiment, Problem};
use crate::metrics::{Family, MetricName, MetricSetting};
use crate::path;
use swath_algorithms::Unfit;

/// Names that look alike are of other things.
const JUDGEMENTS_UNUSED: &str = "no metric uses the dataset's judgements of relevance: `recall` and `ndcg` compare results with the \
                                 nearest vectors; `recall-qrels` and `ndcg-qrels` compare them with what people judged";

/// The metrics that the experiment names. If it names none: the usual metrics, with a note for each that cannot be computed. On one of
/// several datasets those that can be computed there, of the ones that it names.
pub(super) fn choose_metrics(
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
        groups: &facts.groups,
        kind: facts.kind,
    };
    let (mut metrics, mut notes) = (Vec::new(), Vec::new());
    if let Some(named) = &experiment.metrics {
        for (i, &metric) in named.iter().enumerate() {
            match metric.possible(&setting) {
                Ok(()) => metrics.push(metric),
                Err(impossible) if experiment.is_one_of_several => notes.push(left_out(metric, &impossible)),
                Err(impossible) => {
                    metrics.push(metric);
                    let message = format!("`{}` cannot be computed: {}", metric.name(), impossible.message);
                    problems.push(Problem::new(path!["metrics", i], message).help(impossible.help));
                }
            }
        }
        if metrics.is_empty() {
            let problem = Problem::new(path!["metrics"], "this dataset can have none of these metrics");
            problems.push(problem.help("add one that it can have, such as `recall`"));
        }
        if facts.qrels && !metrics.iter().any(|metric| metric.family() == Family::Judged) {
            notes.push(JUDGEMENTS_UNUSED.to_owned());
        }
    } else {
        for metric in MetricName::usual(facts.qrels, facts.subtopics, !facts.groups.is_empty()) {
            match metric.possible(&setting) {
                Ok(()) => metrics.push(metric),
                Err(impossible) => notes.push(left_out(metric, &impossible)),
            }
        }
    }
    (metrics, notes)
}

/// The note on a metric that cannot be computed.
fn left_out(metric: MetricName, impossible: &Unfit) -> String {
    format!("metric `{}` is left out: {}", metric.name(), impossible.message)
}

/// The metric by which points are chosen: the one that is named, else [`MetricName::of_judgements`], else the first that does not
/// depend on the pool, else the first.
pub(super) fn choose_by(
    named: Option<MetricName>,
    metrics: &[MetricName],
    problems: &mut Vec<Problem>,
) -> Option<MetricName> {
    let Some(named) = named else {
        let judged = MetricName::of_judgements(metrics).map(|at| &metrics[at]);
        let any = metrics.iter().find(|metric| !metric.params().depends_on_pool()).or(metrics.first());
        return judged.or(any).copied();
    };
    if !metrics.contains(&named) {
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        let problem = Problem::new(path!["split", "by"], format!("`{}` is not measured here", named.name()));
        problems.push(problem.help(format!("add it to `metrics`, or choose by one of `{}`", names.join("`, `"))));
    }
    Some(named)
}
