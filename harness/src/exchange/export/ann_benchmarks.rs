//! Exports results into the folders of ann-benchmarks, so that ann-benchmarks can plot them beside its own:
//! `data/<dataset>.hdf5` and `results/<dataset>/<k>/<algorithm>[-batch]/<arguments>.hdf5`.
//!
//! ann-benchmarks has no samples of queries or base vectors: row i of a result belongs to query i of the dataset. So the dataset
//! is exported, too, with only the queries and base vectors of the run. Its name says whether it is a sample.

use super::finished_run::{FinishedRun, Refound};
use super::{Example, Exported, Exporter, Written, unwritten};
use crate::config::Failure;
use crate::escape;
use crate::record::output_folder::{self, FolderKind, OutputFolder};
use crate::record::results::{self, ResultsError, TrialHeader, TrialResult};
use crate::record::{Mode, Outcome, Times};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swath_algorithms::points::PointType;
use swath_datasets::{Dataset, format, whole_file};

/// The distances that ann-benchmarks has.
const DISTANCES: &[&str] = &["angular", "euclidean", "hamming", "jaccard"];

/// The longest name of a file of arguments, in bytes. File systems allow 255.
const LONGEST: usize = 200;

/// The exporter.
pub struct AnnBenchmarks;

impl Exporter for AnnBenchmarks {
    fn name(&self) -> &'static str {
        "ann-benchmarks"
    }

    fn about(&self) -> &'static str {
        "Write the results and their dataset in the format of ann-benchmarks, into DIR/results and DIR/data"
    }

    fn example(&self) -> Example {
        Example { folder: "ann", holds: "its folders ann/data and ann/results" }
    }

    /// Replaces results of an earlier export at the same place, but no other results.
    fn export(
        &self,
        run: &FinishedRun,
        target: &Path,
        data_folders: &[PathBuf],
        memory: u64,
    ) -> Result<Exported, Failure> {
        has_distance(run)?;
        let asked = run.asked()?;
        output_folder::check(target, &[FolderKind::Export])?;
        let refound = run.dataset(data_folders, memory)?;
        let dataset = dataset_name(run, asked, &refound)?;
        let is_whole = is_whole(run, asked);
        let data = Data::new(target, &dataset, refound, (!is_whole).then_some(asked));
        let is_there = data.is_there(memory)?;
        let trials: Vec<&TrialResult> = run.results.trials.iter().filter(|trial| !trial.params.is_listed()).collect();
        let Some(&first) = trials.first() else { return Err(only_lists()) };
        let results = format!("results/{dataset}/{}", first.k);
        let names = names(&results, &trials);
        trials.iter().try_for_each(|trial| fits(run, trial))?;

        let out = OutputFolder::open(target, &[FolderKind::Export])?;
        out.tidy();
        out.refuse(|name| names.iter().any(|other| other == name), &names)?;
        if !is_there {
            data.write(&out)?;
        }
        for (trial, name) in trials.iter().zip(&names) {
            write(run, trial, &dataset, &out, name)?;
        }
        out.settle();
        let batch = if mode(first) == Mode::Batch { " --batch" } else { "" };
        Ok(Exported {
            written: vec![
                Written { what: format!("{} results", trials.len()), path: target.join(results) },
                Written { what: "their dataset".into(), path: target.join(data.name) },
            ],
            next: Some(format!(
                "plot them, in a checkout of ann-benchmarks that has these folders: \
                 python plot.py --dataset {} --count {}{batch}",
                escape::shell(dataset.as_ref()),
                first.k,
            )),
            notes: notes(run, first),
        })
    }
}

/// The error for a run that searches nothing.
fn only_lists() -> Failure {
    let message = "all candidates of this run are lists from files, and ann-benchmarks compares times, which they do not have\n  \
                   export it as Parquet or as runs of TREC";
    Failure::Input(message.into())
}

/// Checks that ann-benchmarks has the distance of a run.
fn has_distance(run: &FinishedRun) -> Result<(), Failure> {
    let distance = &run.manifest.dataset.distance;
    if DISTANCES.contains(&distance.as_str()) {
        return Ok(());
    }
    Err(Failure::Input(format!(
        "ann-benchmarks has no distance `{distance}` (it has {}), so it cannot evaluate these results\n  \
         export them as Parquet, which allows any distance",
        DISTANCES.join(", ")
    )))
}

/// Checks that the distances of a trial's results fit into 32 bits.
fn fits(run: &FinishedRun, trial: &TrialResult) -> Result<(), Failure> {
    let distances = distances(run, trial)?;
    let results = trial.returned.iter().zip(&distances).filter(|(id, _)| **id >= 0);
    let beyond = results.filter(|(_, distance)| distance.abs() >= f32::MAX).count();
    if beyond == 0 {
        return Ok(());
    }
    Err(Failure::Input(format!(
        "the distances of {beyond} results of {} are too large for ann-benchmarks, which stores 32 bits\n  \
         divide the vectors by a power of ten and run again, or export them as Parquet",
        trial.plain_name()
    )))
}

/// Whether all queries of the dataset were asked, in order.
fn is_whole(run: &FinishedRun, asked: &[usize]) -> bool {
    asked.iter().copied().eq(0..run.manifest.dataset.queries)
}

/// The dataset's name in the export, which says how many vectors or queries a sample has.
fn dataset_name(run: &FinishedRun, asked: &[usize], refound: &Refound) -> Result<String, Failure> {
    let record = &run.manifest.dataset;
    if record.name.is_empty() || record.name.contains(['/', '\0']) {
        let message = format!("the run's dataset is called `{}`, which cannot be the name of a file", record.name);
        return Err(Failure::Input(message));
    }
    let rows = if refound.is_sample { format!("-{}-rows", record.rows) } else { String::new() };
    let queries = if is_whole(run, asked) { String::new() } else { format!("-{}-queries", asked.len()) };
    Ok(format!("{}{rows}{queries}", file_name(&record.name)))
}

/// The name under which a dataset is exported: without `\\`, which leads into a folder on some systems, and visible.
fn file_name(dataset: &str) -> String {
    let name = dataset.replace('\\', "_");
    if name.starts_with('.') { format!("_{name}") } else { name }
}

/// Notes on an export, for the user.
fn notes(run: &FinishedRun, first: &TrialResult) -> Vec<String> {
    let mut notes = Vec::new();
    let failed = run.manifest.trials.len() - run.results.trials.len();
    if failed > 0 {
        notes.push(format!("{failed} of {} trials failed and are not in the export", run.manifest.trials.len()));
    }
    let listed = run.results.trials.iter().filter(|trial| trial.params.is_listed()).count();
    if listed > 0 {
        notes.push(format!(
            "{listed} of {} trials are not in the export: their candidates are lists from files, and ann-benchmarks compares times",
            run.manifest.trials.len()
        ));
    }
    let name = &run.manifest.dataset.name;
    if file_name(name) != *name {
        notes.push(format!("the dataset `{name}` is called `{}` in the export", file_name(name)));
    }
    let neighbors = run.manifest.dataset.neighbors;
    if neighbors < first.k {
        notes.push(format!(
            "the dataset stores only {neighbors} true neighbours per query; ann-benchmarks cannot compute recall at {}",
            first.k
        ));
    }
    notes
}

/// The file of the dataset that goes with the results.
struct Data {
    /// The file's name in the folder.
    name: String,
    path: PathBuf,
    dataset: Dataset,
    /// SHA-256 of the file that the dataset was read from.
    sha256: String,
    /// A file that holds just this dataset, in that project's own form, if there is one.
    copy_of: Option<PathBuf>,
}

impl Data {
    /// The dataset; if `asked` is given, with only these queries.
    fn new(target: &Path, name: &str, refound: Refound, asked: Option<&[usize]>) -> Self {
        let name = format!("data/{name}.hdf5");
        let path = target.join(&name);
        let (whole, sha256) = (refound.found.dataset, refound.found.sha256);
        match asked {
            None => {
                let copy_of = refound.file.filter(|file| is_theirs(file));
                Self { name, path, dataset: whole, sha256, copy_of }
            }
            Some(asked) => Self { name, path, dataset: whole.of_queries(asked), sha256, copy_of: None },
        }
    }

    /// Whether the file already exists. A file with other content is an error, and is never replaced.
    fn is_there(&self, memory: u64) -> Result<bool, Failure> {
        if !self.path.exists() {
            return Ok(false);
        }
        match format::read(&self.path, memory) {
            Ok(there) if there.same(&self.dataset) => Ok(true),
            _ => Err(Failure::Input(format!(
                "{} already exists and is not the dataset of this run\n  export into another folder",
                self.path.display()
            ))),
        }
    }

    fn write(&self, out: &OutputFolder) -> Result<(), Failure> {
        out.write_by(&self.name, |path| {
            let failed = |error: &dyn std::fmt::Display| unwritten(&self.path, error);
            if let Some(file) = &self.copy_of {
                whole_file::copy_whole(file, path).map_err(|error| failed(&error))?;
                // If the file has changed since it was read, the copy is overwritten with the dataset that was read.
                if format::sha256(path).is_ok_and(|sha256| sha256 == self.sha256) {
                    return Ok(());
                }
            }
            format::ann_benchmarks::write(path, &self.dataset).map_err(|error| failed(&error))
        })
    }
}

/// Whether ann-benchmarks reads a file as swath does. Of bits and sets it reads one form of several, and of distances its own
/// names alone: a file with another name has a note.
fn is_theirs(file: &Path) -> bool {
    format::header(file).is_ok_and(|header| header.kind == PointType::Dense && header.notes.is_empty())
}

/// A unique name for each trial's file, relative to the export's folder.
fn names(results: &str, trials: &[&TrialResult]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut path = |trial: &TrialResult| {
        let batch = if mode(trial) == Mode::Batch { "-batch" } else { "" };
        let folder = format!("{results}/{}{batch}", algorithm(trial.plain_name()));
        let mut name = arguments(trial.params.text());
        if name.is_empty() || name.len() > LONGEST || !taken.insert(format!("{folder}/{name}")) {
            let mut length = 0;
            name.retain(|c| {
                length += c.len_utf8();
                length <= LONGEST
            });
            name = format!("{name}_{}", trial.id);
        }
        format!("{folder}/{name}.hdf5")
    };
    trials.iter().map(|trial| path(trial)).collect()
}

/// A folder's name for a retriever.
fn algorithm(name: &str) -> String {
    let safe: String = name.chars().map(|c| if "/\\:\0".contains(c) { '_' } else { c }).collect();
    if safe.is_empty() || safe.starts_with('.') { format!("_{safe}") } else { safe }
}

/// The name that ann-benchmarks gives a file with these parameters: their JSON, with `_` in place of every sequence of
/// characters that are neither letters nor digits.
fn arguments(params: &str) -> String {
    let words = params.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").trim_matches('_').to_owned()
}

fn mode(trial: &TrialResult) -> Mode {
    if matches!(trial.repeats.first(), Some(Times::Batch(..))) { Mode::Batch } else { Mode::Single }
}

fn distances(run: &FinishedRun, trial: &TrialResult) -> Result<Vec<f32>, Failure> {
    results::read_distances(&run.folder, trial).map_err(|error| Failure::Input(error.to_string()))
}

fn write(run: &FinishedRun, trial: &TrialResult, dataset: &str, out: &OutputFolder, name: &str) -> Result<(), Failure> {
    let header = TrialHeader {
        id: &trial.id,
        retriever: trial.plain_name(),
        algo: &trial.retriever,
        point: &trial.point,
        params: trial.params.text(),
        dataset,
        distance: &run.manifest.dataset.distance,
        k: trial.k,
        mode: mode(trial),
        query_ids: &trial.query_ids,
        metrics: &[],
        best_search_seconds: trial.best_search_seconds,
        rows: run.manifest.dataset.rows,
        within: &[],
    };
    let outcome = Outcome {
        returned: trial.returned.clone(),
        distances: distances(run, trial)?,
        build_seconds: trial.build_seconds,
        index_bytes: trial.index_bytes,
        repeats: trial.repeats.clone(),
        ..Outcome::default()
    };
    let written: Result<(), ResultsError> = out.write_by(name, |path| results::write_plain(path, &header, &outcome));
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_those_of_ann_benchmarks() {
        // re.sub(r"\W+", "_", json.dumps(["angular", {"M": 12}, 0.5])).strip("_")
        assert_eq!(arguments(r#"["angular", {"M": 12}, 0.5]"#), "angular_M_12_0_5");
        assert_eq!(arguments(r#"{"select":{"mmr":{"lambda":0.3}}}"#), "select_mmr_lambda_0_3");
        assert_eq!(["a/b", "..", "mmr"].map(algorithm), ["a_b", "_..", "mmr"]);
    }
}
