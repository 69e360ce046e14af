//! A run that is finished, as exporters see it, and the search for its dataset.

use crate::config::{DatasetSource, Failure};
use crate::plan::LoadedDataset;
use crate::plan::missing_dataset::help;
use crate::record::folder;
use crate::record::manifest::Manifest;
use crate::record::results::{self, Results};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swath_datasets::{Generated, catalogue, format};

/// The dataset of a run, found again.
pub struct Refound {
    /// The dataset.
    pub found: LoadedDataset,
    /// The file that holds just this dataset, if there is one.
    pub file: Option<PathBuf>,
    /// Whether it is a sample of a file's base vectors.
    pub is_sample: bool,
}

/// A run that is finished, at least one trial of which succeeded.
pub struct FinishedRun {
    /// The run's folder.
    pub folder: PathBuf,
    /// The circumstances of the run.
    pub manifest: Manifest,
    /// The results of the trials that succeeded, at least one.
    pub results: Results,
}

impl FinishedRun {
    /// Reads a run from its folder.
    ///
    /// # Errors
    /// [`Failure::Input`] where there is no run, or none of its trials succeeded.
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

    /// The queries that every trial was asked, as rows of the dataset's queries.
    ///
    /// # Errors
    /// [`Failure::Input`] where trials were asked different queries, or one that the dataset does not have.
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

    /// Finds the run's dataset again and checks that it is the same.
    ///
    /// A path is searched for 1. from the experiment's folder, which the manifest names, 2. from the current folder, 3. by the
    /// file's name in `folders`. A generated dataset is drawn again.
    ///
    /// # Errors
    /// [`Failure::Input`] where the dataset is not found, has changed, or does not fit into `memory` bytes.
    pub fn dataset(&self, folders: &[PathBuf], memory: u64) -> Result<Refound, Failure> {
        let source: DatasetSource = self.manifest.experiment.dataset().map_err(|error| {
            Failure::Input(format!("{}: its dataset: {error}", self.folder.join("manifest.json").display()))
        })?;
        match source {
            DatasetSource::File(named) => self.of_file(&named, folders, memory),
            DatasetSource::Generated(generated) => self.drawn(&generated, memory),
        }
    }

    /// Draws a generated dataset again.
    fn drawn(&self, generated: &Generated, memory: u64) -> Result<Refound, Failure> {
        let record = &self.manifest.dataset;
        if generated.bytes() > memory {
            let message = format!("drawing {} again takes {} bytes of memory", record.name, generated.bytes());
            return Err(Failure::Input(message + ", more than there is"));
        }
        let found = LoadedDataset::draw(generated)?;
        if found.sha256 == record.sha256 {
            return Ok(Refound { found, file: None, is_sample: false });
        }
        let message = format!("this version of swath draws other vectors for {} than the run's", record.name);
        Err(Failure::Input(message + "; run the experiment again"))
    }

    /// Finds the file of a dataset by the name or path that the experiment has for it.
    fn of_file(&self, named: &str, folders: &[PathBuf], memory: u64) -> Result<Refound, Failure> {
        let record = &self.manifest.dataset;
        let mut others = Vec::new();
        let configs = self.manifest.config_paths(&self.folder);
        let mut beside: Vec<&Path> = configs.iter().filter_map(|config| config.parent()).collect();
        beside.push(Path::new(""));
        for path in places(named, &beside, folders)? {
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
                if found.dataset.train.len() == record.rows {
                    return Ok(Refound { found, file: Some(path), is_sample: false });
                }
                return Ok(Refound { found: found.sample(record.rows, seed), file: None, is_sample: true });
            }
            others.push(path.display().to_string());
        }
        Err(Failure::Input(format!(
            "{} is not the dataset of this run: its SHA-256 is not {}\n  run the experiment again, or name the folder of the \
             right file",
            others.join(", nor "),
            record.sha256
        )))
    }
}

/// The files that may be the dataset, at least one. A path is taken relative to each of the folders `beside`.
///
/// # Errors
/// [`Failure::Input`] where there is no such file.
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
