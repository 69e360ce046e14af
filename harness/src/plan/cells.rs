//! The cells of an experiment: one run for each combination of n, dimension and k of a sweep, or for each of several datasets.

use super::{Outline, Prepared, Resources, outline, prepare_experiment};
use crate::config::{DatasetSource, Experiment, ExperimentFile, Failure, FieldStep, Invalid, Problem, Sweep};
use crate::metrics::MetricName;
use crate::path;
use crate::record::folder::CellKind;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::Count;

/// One run of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its folder, such as `n=1000,k=5`, or the name of its dataset.
    pub folder: String,
    /// Index of its dataset, if the experiment lists several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<usize>,
    /// Base vectors.
    pub n: Option<Count>,
    /// Dimension.
    pub dimension: Option<Count>,
    /// Results per query.
    pub k: Count,
}

/// Why an experiment has cells; `None` if it is one run.
pub fn kind_of_cells(experiment: &Experiment) -> Option<CellKind> {
    match (&experiment.sweep, experiment.datasets.is_empty()) {
        (Some(_), _) => Some(CellKind::Size),
        (None, false) => Some(CellKind::Dataset),
        (None, true) => None,
    }
}

/// The cells of an experiment; none if it is one run.
pub fn cells(experiment: &Experiment) -> Vec<Cell> {
    experiment.sweep.as_ref().map_or_else(|| datasets(experiment), |sweep| sizes(experiment, sweep))
}

/// All combinations of a sweep, the last axis varying fastest.
fn sizes(experiment: &Experiment, sweep: &Sweep) -> Vec<Cell> {
    let axis = |values: &[Count]| -> Vec<Option<Count>> {
        if values.is_empty() { vec![None] } else { values.iter().copied().map(Some).collect() }
    };
    let mut cells = Vec::new();
    for dimension in axis(&sweep.dimension) {
        for n in axis(&sweep.n) {
            for k in axis(&sweep.k) {
                let named = [("dimension", dimension), ("n", n), ("k", k)];
                let parts = named.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?.get())));
                let folder = parts.collect::<Vec<_>>().join(",");
                cells.push(Cell { folder, dataset: None, n, dimension, k: k.unwrap_or(experiment.k) });
            }
        }
    }
    cells
}

/// A cell for each dataset, in a folder of the dataset's name.
fn datasets(experiment: &Experiment) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for (index, dataset) in experiment.datasets.iter().enumerate() {
        let name = folder_name(&dataset.name());
        let is_taken = |folder: &String| {
            CellKind::Dataset.is_file_above(folder) || cells.iter().any(|cell| cell.folder.eq_ignore_ascii_case(folder))
        };
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let folder = std::iter::once(name.clone()).chain(numbered).find(|folder| !is_taken(folder)).unwrap_or(name);
        cells.push(Cell { folder, dataset: Some(index), n: None, dimension: None, k: experiment.k });
    }
    cells
}

/// A dataset's name as a folder can bear it.
fn folder_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).take(60).collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() { "dataset".to_owned() } else { name.to_owned() }
}

impl Cell {
    /// Whether its folder is that of a dataset of this name.
    pub fn is_named_after(&self, dataset: &str) -> bool {
        let rest = self.folder.strip_prefix(&folder_name(dataset));
        rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(|n| n.parse::<u32>().is_ok()))
    }

    /// The experiment of this cell, and the size of the sample if its dataset is a sample.
    pub fn of(&self, whole: &ExperimentFile) -> (ExperimentFile, Option<Count>) {
        let mut file = whole.clone();
        let experiment = &mut file.experiment;
        experiment.sweep = None;
        experiment.k = self.k;
        if let Some(dataset) = self.dataset.and_then(|index| experiment.datasets.get(index)) {
            experiment.dataset = dataset.clone();
            experiment.is_one_of_several = true;
            // Points that are chosen on other datasets are chosen above the cells.
            experiment.split = experiment.split.filter(|split| !split.across);
        }
        experiment.datasets = Vec::new();
        let mut rows = self.n;
        if let (DatasetSource::Generated(generated), None) = (&mut experiment.dataset, self.dataset) {
            generated.n = rows.take().unwrap_or(generated.n);
            generated.dimension = self.dimension.unwrap_or(generated.dimension);
        }
        (file, rows)
    }

    /// Names the cell in the problems of its experiment, and the place of its dataset.
    fn named(&self, failure: Failure) -> Failure {
        let Failure::Invalid(invalid) = failure else { return failure };
        let Invalid { source, problems } = *invalid;
        let named = |problem: Problem| {
            let mut problem = problem.help(format!("this happens at {}", self.folder));
            let path = &mut problem.path.0;
            if let (Some(index), Some(FieldStep::Key(first))) = (self.dataset, path.first())
                && first == "dataset"
            {
                path.splice(..1, [FieldStep::from("datasets"), FieldStep::from(index)]);
            }
            problem
        };
        Box::new(Invalid { source, problems: problems.into_iter().map(named).collect() }).into()
    }
}

/// Plans the experiments of all cells without their data.
///
/// # Errors
/// As [`outline()`], with the cell named; and [`Failure::Invalid`] if no dataset can have a metric that is named, or if points are
/// chosen by a metric that a dataset does not measure.
pub fn outline_cells(
    whole: &ExperimentFile,
    cells: &[Cell],
    resources: Resources<'_>,
) -> Result<Vec<Outline>, Failure> {
    let outline = |cell: &Cell| {
        let (file, rows) = cell.of(whole);
        outline(&file, rows, resources).map_err(|failure| cell.named(failure))
    };
    let outlines = cells.iter().map(outline).collect::<Result<Vec<_>, Failure>>()?;
    let invalid = |problem| Err(Box::new(Invalid { source: whole.source.clone(), problems: vec![problem] }).into());
    let is_again = |&j: &usize| {
        let is_same = |i: &usize| outlines[*i].dataset_path == outlines[j].dataset_path;
        cells[j].dataset.is_some() && outlines[j].dataset_path.is_some() && (0..j).any(|i| is_same(&i))
    };
    if let Some(j) = (0..cells.len()).find(is_again) {
        let problem = Problem::new(path!["datasets", j], "this is the file of a dataset above, by another path");
        return invalid(problem.help("keep one of the two"));
    }
    let is_measured = |metric: &MetricName| outlines.iter().any(|outline| outline.plan.metrics.contains(metric));
    let mut named = whole.experiment.metrics.iter().flatten().enumerate();
    if let Some((i, metric)) = named.find(|(_, metric)| !is_measured(metric)) {
        let problem = Problem::new(path!["metrics", i], format!("no dataset can have `{}`", metric.name()));
        return invalid(problem.help(format!("leave it out; `swath metrics {}` says what it needs", metric.kind())));
    }
    let is_across = whole.experiment.split.is_some_and(|split| split.across);
    let by = whole.experiment.split.filter(|_| is_across).and_then(|split| split.by);
    if is_across && let Some(message) = unit_decides(&outlines, by) {
        let path = if by.is_some() { path!["split", "by"] } else { path!["split", "across"] };
        let problem = Problem::new(path, message);
        return invalid(problem.help("choose by a metric without a unit, such as `recall` or `coverage`, in `by`"));
    }
    let lacks = |by: &MetricName| outlines.iter().position(|outline| !outline.plan.metrics.contains(by));
    let Some((by, cell)) = by.and_then(|by| Some((by, &cells[lacks(&by)?]))) else { return Ok(outlines) };
    let message = format!("`{}` is not measured on {}", by.name(), cell.folder);
    let problem = Problem::new(path!["split", "by"], message);
    let problem = problem.help("choose by a metric that every dataset has, and that `metrics` lists if it is given");
    invalid(problem)
}

/// What is wrong with a choice of points by means over datasets, of `by` or else of the usual metric: a mean over datasets of values in
/// the unit of each one's vectors is mostly that of the dataset with the smallest unit.
fn unit_decides(outlines: &[Outline], by: Option<MetricName>) -> Option<String> {
    let has_unit =
        |metric: &MetricName| outlines.iter().any(|outline| metric.has_unit_on(Some(outline.facts.distance)));
    if let Some(by) = by {
        let what =
            "is in the unit of a dataset's vectors, so it has no mean over datasets by which points could be chosen";
        return has_unit(&by).then(|| format!("`{}` {what}", by.name()));
    }
    let measured = |metric: &&MetricName| outlines.iter().all(|outline| outline.plan.metrics.contains(metric));
    let all: Vec<&MetricName> = outlines.first()?.plan.metrics.iter().filter(measured).collect();
    let what =
        "no metric that all datasets have is free of the unit of their vectors, so none has a mean over datasets";
    all.iter().all(|metric| has_unit(metric)).then(|| what.to_owned())
}

/// Plans the experiment of one cell, with its dataset. If `sha256` is given, the dataset must have it.
///
/// # Errors
/// As [`prepare_experiment`], with the cell named.
pub fn prepare_cell(
    whole: &ExperimentFile,
    cell: &Cell,
    sha256: Option<&str>,
    resources: Resources<'_>,
) -> Result<Prepared, Failure> {
    let (file, rows) = cell.of(whole);
    prepare_experiment(file, rows, sha256, resources).map_err(|failure| cell.named(failure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{YamlSource, parse};

    fn folders(datasets: &str) -> Vec<String> {
        let text = format!("name: x\ndatasets: {datasets}\nretrievers: [{{ name: t, select: top-k }}]\n");
        let file = parse(YamlSource::parse("x.yaml".into(), text).expect("YAML")).expect("an experiment");
        assert_eq!(kind_of_cells(&file.experiment), Some(CellKind::Dataset));
        let cells = cells(&file.experiment);
        for (i, cell) in cells.iter().enumerate() {
            let (one, rows) = cell.of(&file);
            assert_eq!((&one.experiment.dataset, rows), (&file.experiment.datasets[i], None));
            assert_eq!(kind_of_cells(&one.experiment), None, "a cell is one run");
        }
        cells.into_iter().map(|cell| cell.folder).collect()
    }

    #[test]
    fn each_dataset_has_a_folder_of_its_own_that_leads_nowhere_else() {
        assert_eq!(folders("[glove-wordnet-20k, ./a/b.hdf5, ./c/B.h5]"), ["glove-wordnet-20k", "b", "B-2"]);
        let drawn = "{ generate: gaussian, n: 50, dimension: 4";
        let two = format!("[{drawn}, seed: 1 }}, {drawn}, seed: 2 }}]");
        assert_eq!(folders(&two), ["gaussian-50x4", "gaussian-50x4-2"]);
        assert_eq!(
            folders("[./plots, ./x/index.html, ./.., './a b/ä?.hdf5']"),
            ["plots-2", "index.html-2", "dataset", "dataset-2"]
        );
    }
}
