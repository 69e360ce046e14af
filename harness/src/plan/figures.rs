//! Checks that metrics, retrievers, parameters and queries that figures name exist.

use super::point::{self, Varying};
use super::trial::parameters;
use super::{Plan, Trial};
use crate::config::figures::{FigureParams, FigureSpec, Mention, QueryRef};
use crate::config::{Experiment, FieldPath, Name, Problem, suggest};
use crate::metrics::MetricName;
use crate::path;
use swath_datasets::Texts;

/// Metrics, retrievers and parameters that figures name are the experiment's.
pub(super) fn check_figures(
    experiment: &Experiment,
    metrics: &[MetricName],
    trials: &[Trial],
    problems: &mut Vec<Problem>,
) {
    let retrievers: Vec<&str> =
        experiment.retrievers.iter().filter_map(|grid| Some(grid.0.first()?.name.as_str())).collect();
    // As the report finds them in the trials' files.
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

/// The problem of a figure along a number that no retriever's grid varies, or not that of the retriever `of`.
fn not_varied(path: FieldPath, name: &str, of: Option<&str>, grids: &[(&str, Vec<Varying>)]) -> Option<Problem> {
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

/// The queries that figures name are among those that the plan asks. `queries` is the dataset's number of them.
pub(super) fn check_queries(plan: &Plan, names: Option<&Texts>, queries: usize) -> Vec<Problem> {
    let name = |row: usize| names.map(|names| names.get(row));
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
            let names: Vec<&str> = names.into_iter().flat_map(Texts::iter).collect();
            problem = suggest(wanted, &names)
                .into_iter()
                .take_while(|line| line.starts_with("did you"))
                .fold(problem, Problem::help);
        }
        problem.help(format!("queries in the sample are, for example, `{}`", examples.join("`, `")))
    });
    missing.collect()
}

/// The query that a figure names, if it names one.
pub fn wanted_query(figure: &FigureSpec) -> Option<&QueryRef> {
    if let FigureParams::Neighbourhood(neighbourhood) = &figure.draw { neighbourhood.query.as_ref() } else { None }
}
