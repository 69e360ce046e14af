//! Results in the folders of ann-benchmarks, so that it plots them beside its own:
//! `data/<dataset>.hdf5` and `results/<dataset>/<k>/<algorithm>[-batch]/<arguments>.hdf5`.
//!
//! That project knows neither samples of queries nor of base vectors: row i of a result answers row i of the dataset. So
//! the dataset goes along, made of what was asked of what, and its name says where that is not all.

use super::{Refound, Run, is_plain, unwritten};
use crate::config::Failure;
use crate::record::Mode;
use crate::record::output_folder;
use crate::record::output_folder::{Kind, OutputFolder};
use crate::record::results;
use crate::record::results::{ResultsError, TrialHeader, TrialResult};
use crate::record::{Outcome, Times};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swath_datasets::{Dataset, format, whole_file};

/// The distances that ann-benchmarks has.
const DISTANCES: &[&str] = &["angular", "euclidean", "hamming", "jaccard"];

/// The longest name of a file of arguments, in bytes: file systems take 255.
const LONGEST: usize = 200;

/// What an export left behind.
pub struct Exported {
    /// The dataset's name there.
    pub dataset: String,
    /// Its file.
    pub data: PathBuf,
    /// The folder of its results at this k.
    pub results: PathBuf,
    /// How many there are.
    pub trials: usize,
    /// Results per query.
    pub k: usize,
    /// How queries were timed.
    pub mode: Mode,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Writes a run into `target`. Everything is checked before anything is written; results that an earlier export left at
/// the same place are replaced, others' are not.
///
/// # Errors
/// [`Failure::Input`] where the dataset is not what it was or ann-benchmarks has no such thing, [`Failure::Run`] where
/// nothing can be written.
pub fn export(run: &Run, target: &Path, folders: &[PathBuf], memory: u64) -> Result<Exported, Failure> {
    let record = &run.manifest.dataset;
    if !DISTANCES.contains(&record.distance.as_str()) {
        return Err(Failure::Input(format!(
            "ann-benchmarks has no distance `{}` (it has {}), so it could not judge these results\n  --parquet takes them",
            record.distance,
            DISTANCES.join(", ")
        )));
    }
    let asked = run.asked()?;
    output_folder::check(target, &[Kind::Export])?;
    let refound = run.dataset(folders, memory)?;
    let is_whole = asked.iter().copied().eq(0..record.queries);
    if !is_plain(&record.name) {
        let message = format!("`{}`, as the run calls its dataset, cannot be the name of a file", record.name);
        return Err(Failure::Input(message));
    }
    let rows = if refound.is_sample { format!("-{}-rows", record.rows) } else { String::new() };
    let queries = if is_whole { String::new() } else { format!("-{}-queries", asked.len()) };
    let dataset = format!("{}{rows}{queries}", record.name);
    let data = Data::new(target, &dataset, refound, (!is_whole).then_some(asked));
    let is_there = data.is_there(memory)?;
    let first = &run.results.trials[0];
    let results = format!("results/{dataset}/{}", first.k);
    let names = names(&results, &run.results.trials);
    for trial in &run.results.trials {
        let distances = distances(run, trial)?;
        let results = trial.returned.iter().zip(&distances).filter(|(id, _)| **id >= 0);
        let beyond = results.filter(|(_, distance)| distance.abs() >= f32::MAX).count();
        if beyond > 0 {
            let message = format!(
                "the distances of {beyond} results of {} are beyond what ann-benchmarks keeps, 32 bits: it could not judge them",
                trial.plain_name()
            );
            return Err(Failure::Input(
                message + "\n  divide the vectors by a power of ten and run again; --parquet takes them",
            ));
        }
    }

    let out = OutputFolder::open(target, &[Kind::Export])?;
    out.tidy();
    out.refuse(|name| names.iter().any(|other| other == name), &names)?;
    if !is_there {
        data.write(&out)?;
    }
    for (trial, name) in run.results.trials.iter().zip(&names) {
        write(run, trial, &dataset, (&out, name))?;
    }
    out.settle();
    let mut notes = Vec::new();
    let failed = run.manifest.trials.len() - run.results.trials.len();
    if failed > 0 {
        notes.push(format!("{failed} of {} trials failed and are not in the export", run.manifest.trials.len()));
    }
    if record.neighbors < first.k {
        notes.push(format!(
            "the dataset stores {} true neighbours of each query: ann-benchmarks cannot compute recall at k = {}",
            record.neighbors, first.k
        ));
    }
    Ok(Exported {
        dataset,
        data: target.join(data.name),
        results: target.join(results),
        trials: run.results.trials.len(),
        k: first.k,
        mode: mode(first),
        notes,
    })
}

/// The dataset's file, as it will be.
struct Data {
    /// Its name in the folder.
    name: String,
    path: PathBuf,
    dataset: Dataset,
    /// That of the file that it was read from.
    sha256: String,
    /// The file that says just this, if there is one.
    copy_of: Option<PathBuf>,
}

impl Data {
    /// Of a dataset, with these of its queries alone if they are given.
    fn new(target: &Path, name: &str, refound: Refound, asked: Option<&[usize]>) -> Self {
        let name = format!("data/{name}.hdf5");
        let path = target.join(&name);
        let (whole, sha256) = (refound.found.dataset, refound.found.sha256);
        match asked {
            None => Self { name, path, dataset: whole, sha256, copy_of: refound.file },
            Some(asked) => Self { name, path, dataset: whole.of_queries(asked), sha256, copy_of: None },
        }
    }

    /// Whether it is there already. What is there and is something else is nobody's to replace.
    fn is_there(&self, memory: u64) -> Result<bool, Failure> {
        if !self.path.exists() {
            return Ok(false);
        }
        match format::read(&self.path, memory) {
            Ok(there) if there.same(&self.dataset) => Ok(true),
            _ => Err(Failure::Input(format!(
                "{} is there already and is another dataset than that of this run\n  export into another folder",
                self.path.display()
            ))),
        }
    }

    fn write(&self, out: &OutputFolder) -> Result<(), Failure> {
        out.write_by(&self.name, |path| {
            let failed = |error: &dyn std::fmt::Display| unwritten(&self.path, error);
            if let Some(file) = &self.copy_of {
                whole_file::copy_whole(file, path).map_err(|error| failed(&error))?;
                // Where the file has changed since it was read, what was read is written.
                if format::sha256(path).is_ok_and(|sha256| sha256 == self.sha256) {
                    return Ok(());
                }
            }
            format::ann_benchmarks::write(path, &self.dataset).map_err(|error| failed(&error))
        })
    }
}

/// A name for each trial's file, from the folder that is exported into; all different.
fn names(results: &str, trials: &[TrialResult]) -> Vec<String> {
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
    trials.iter().map(&mut path).collect()
}

/// A retriever's name as that of a folder.
fn algorithm(name: &str) -> String {
    let safe: String = name.chars().map(|c| if "/\\:\0".contains(c) { '_' } else { c }).collect();
    if safe.is_empty() || safe.starts_with('.') { format!("_{safe}") } else { safe }
}

/// Parameters as ann-benchmarks makes a file's name of arguments: their JSON, every run of what is neither letter nor
/// digit turned into `_`.
fn arguments(params: &str) -> String {
    let words = params.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").trim_matches('_').to_owned()
}

fn mode(trial: &TrialResult) -> Mode {
    if matches!(trial.repeats.first(), Some(Times::Batch(..))) { Mode::Batch } else { Mode::Single }
}

fn distances(run: &Run, trial: &TrialResult) -> Result<Vec<f32>, Failure> {
    results::read_distances(&run.folder, trial).map_err(|error| Failure::Input(error.to_string()))
}

fn write(run: &Run, trial: &TrialResult, dataset: &str, (out, name): (&OutputFolder, &str)) -> Result<(), Failure> {
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
