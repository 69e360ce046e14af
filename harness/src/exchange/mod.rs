//! Exchange with other programs: results out to ann-benchmarks and in from it, and tables as Parquet.

pub mod ann_benchmarks;
pub mod import;
pub mod parquet;

use crate::config::DatasetSource;
use crate::config::Failure;
use crate::plan::LoadedDataset;
use crate::plan::missing_dataset::help;
use crate::record::folder;
use crate::record::manifest::Manifest;
use crate::record::results;
use crate::record::results::Results;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swath_datasets::{catalogue, format};

/// The dataset of a run, found again.
pub struct Refound {
    /// The dataset.
    pub found: LoadedDataset,
    /// The file that it is the whole content of, if there is one.
    pub file: Option<PathBuf>,
    /// Whether it is a sample of a file's base vectors.
    pub is_sample: bool,
}

/// What a run left behind, to be given to others.
pub struct Run {
    /// Its folder.
    pub folder: PathBuf,
    /// Its circumstances.
    pub manifest: Manifest,
    /// Its results, at least one trial.
    pub results: Results,
}

impl Run {
    /// Reads back what is in the folder of a run.
    ///
    /// # Errors
    /// [`Failure::Input`] where there is no run, or nothing to give.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        if folder::is_sweep(folder) {
            let message = format!("{shown} is the folder of a sweep; export its cells, which are the folders in it");
            return Err(Failure::Input(message));
        }
        let (manifest, results) = results::read(folder).map_err(|error| Failure::Input(error.to_string()))?;
        if results.trials.is_empty() {
            return Err(Failure::Input(format!("no trial of {shown} succeeded: there is nothing to export")));
        }
        Ok(Self { folder: folder.to_owned(), manifest, results })
    }

    /// Rows of the dataset's queries that were asked, which are those of every trial.
    ///
    /// # Errors
    /// [`Failure::Input`] where trials differ, or a query is not among those that the dataset has.
    pub fn asked(&self) -> Result<&[usize], Failure> {
        let asked = &self.results.trials[0].query_ids;
        let odd = self.results.trials.iter().find(|trial| trial.query_ids != *asked);
        let stored = self.manifest.dataset.queries;
        if let Some(trial) = odd {
            let path = folder::trial_path(&self.folder, &trial.id);
            return Err(Failure::Input(format!("{}: it asks other queries than the first trial", path.display())));
        }
        if let Some(query) = asked.iter().find(|&&query| query >= stored) {
            let message = format!(
                "{}: the trials ask query {query}, but the dataset has {stored} queries",
                self.folder.display()
            );
            return Err(Failure::Input(message));
        }
        Ok(asked)
    }

    /// Its dataset, found again and checked to be the same.
    ///
    /// What an experiment calls a file is seen from the experiment's folder, as the manifest knows it; it is looked for from
    /// there, then from here, then by its name in `folders`.
    ///
    /// # Errors
    /// [`Failure::Input`] where it is not here, or not as it was.
    pub fn dataset(&self, folders: &[PathBuf], memory: u64) -> Result<Refound, Failure> {
        let record = &self.manifest.dataset;
        let source: DatasetSource = self.manifest.experiment.dataset().map_err(|error| {
            Failure::Input(format!("{}: its dataset: {error}", self.folder.join("manifest.json").display()))
        })?;
        let named = match source {
            DatasetSource::File(named) => named,
            DatasetSource::Generated(generated) if generated.bytes() > memory => {
                let message = format!("drawing {} again takes {} bytes of memory", record.name, generated.bytes());
                return Err(Failure::Input(message + ", more than there is"));
            }
            DatasetSource::Generated(generated) => {
                let found = LoadedDataset::draw(&generated)?;
                if found.sha256 == record.sha256 {
                    return Ok(Refound { found, file: None, is_sample: false });
                }
                let message = format!("this version of swath draws other vectors for {} than the run's", record.name);
                return Err(Failure::Input(message + "; run the experiment again"));
            }
        };
        let mut others = Vec::new();
        let configs = self.manifest.config_paths(&self.folder);
        let mut beside: Vec<&Path> = configs.iter().filter_map(|config| config.parent()).collect();
        beside.push(Path::new(""));
        for path in places(&named, &beside, folders)? {
            let sha256 = format::sha256(&path).map_err(|error| Failure::Input(error.to_string()))?;
            // Read once more, it must be the same still.
            let read = || match LoadedDataset::read(&path, memory) {
                Ok(found) if found.sha256 != sha256 => {
                    Err(Failure::Input(format!("the dataset {} was replaced while it was read", path.display())))
                }
                other => other,
            };
            if sha256 == record.sha256 {
                return Ok(Refound { found: read()?, file: Some(path), is_sample: false });
            }
            let seed = self.results.seed;
            if LoadedDataset::sampled_sha256(&sha256, record.rows, seed) == record.sha256 {
                let found = read()?;
                if found.dataset.train.rows() == record.rows {
                    return Ok(Refound { found, file: Some(path), is_sample: false });
                }
                return Ok(Refound { found: found.sample(record.rows, seed), file: None, is_sample: true });
            }
            others.push(path.display().to_string());
        }
        Err(Failure::Input(format!(
            "{} is not the dataset of this run: its SHA-256 is not {}\n  run the experiment again, or name the folder of the \
             right file with --data-dir DIR",
            others.join(", nor "),
            record.sha256
        )))
    }
}

/// Where the file of a dataset may be, at least one place: a path is seen from each of some folders.
fn places(named: &str, beside: &[&Path], folders: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found: Vec<_> = beside.iter().map(|beside| catalogue::resolve(named, beside, folders)).collect();
    if catalogue::is_path(named) {
        let stem = Path::new(named).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.push(catalogue::resolve(&stem, Path::new(""), folders));
    }
    let (places, missing): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
    let mut tried = BTreeSet::new();
    let new = |path: &PathBuf| tried.insert(path.canonicalize().unwrap_or_else(|_| path.clone()));
    let places: Vec<PathBuf> = places.into_iter().flatten().filter(new).collect();
    if !places.is_empty() {
        return Ok(places);
    }
    let said =
        missing.into_iter().filter_map(Result::err).flat_map(|missing| [vec![missing.to_string()], help(&missing)]);
    let mut lines: Vec<String> = Vec::new();
    said.flatten().for_each(|line| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    });
    Err(Failure::Input(lines.join("\n  ")))
}

/// That a name is that of one file or folder, and leads nowhere else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// A refusal of the file system to what is being written.
fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Run(format!("cannot write {}: {error}", path.display()))
}
