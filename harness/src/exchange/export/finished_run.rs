//! A finished run, as exporters see it, and the search for its dataset.

use crate::config::{DatasetSource, Failure};
use crate::plan::LoadedDataset;
use crate::plan::missing_dataset::help;
use crate::record::folder::{self, CellKind};
use crate::record::manifest::Manifest;
use crate::record::results::{self, Results};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use swath_datasets::{Capacity, FileSet, Generated, Location, catalogue};

/// The dataset of a run, found or generated again.
pub struct Refound {
    /// The dataset.
    pub found: LoadedDataset,
    /// The file that holds just this dataset, if there is one.
    pub file: Option<PathBuf>,
    /// Whether it is a sample of a file's base vectors.
    pub is_sample: bool,
}

/// A finished run in which at least one trial succeeded.
pub struct FinishedRun {
    /// The run's folder.
    pub folder: PathBuf,
    /// The manifest of the run.
    pub manifest: Manifest,
    /// The results of the trials that succeeded, at least one.
    pub results: Results,
}

impl FinishedRun {
    /// Reads a run from its folder.
    ///
    /// # Errors
    /// [`Failure::Input`] if the folder has no run, or no trial succeeded.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let shown = folder.display();
        if let Some(kind) = CellKind::of(folder) {
            let what = kind.words();
            let message = format!("{shown} is the folder of {what}; export its runs, which are folders in it");
            return Err(Failure::Input(message));
        }
        let (manifest, results) = results::read(folder).map_err(|error| Failure::Input(error.to_string()))?;
        if results.trials.is_empty() {
            return Err(Failure::Input(format!("no trial of {shown} succeeded, so there is nothing to export")));
        }
        Ok(Self { folder: folder.to_owned(), manifest, results })
    }

    /// The queries of every trial, as rows of the dataset's queries.
    ///
    /// # Errors
    /// [`Failure::Input`] if trials have different queries, or a query that the dataset does not have.
    pub fn asked(&self) -> Result<&[usize], Failure> {
        let asked = &self.results.trials[0].query_ids;
        let odd = self.results.trials.iter().find(|trial| trial.query_ids != *asked);
        let stored = self.manifest.dataset.queries;
        if let Some(trial) = odd {
            let path = folder::trial_path(&self.folder, &trial.id);
            return Err(Failure::Input(format!(
                "{}: its queries differ from those of the first trial",
                path.display()
            )));
        }
        if let Some(query) = asked.iter().find(|&&query| query >= stored) {
            let message = format!(
                "{}: the trials have query {query}, but the dataset has only {stored} queries",
                self.folder.display()
            );
            return Err(Failure::Input(message));
        }
        Ok(asked)
    }

    /// Finds the run's dataset again and checks that it is the same.
    ///
    /// A path is searched for
    ///
    /// 1. relative to the experiment's folder, which the manifest names,
    /// 2. relative to the current folder,
    /// 3. in `folders`, by the file's name.
    ///
    /// A generated dataset is generated again.
    ///
    /// # Errors
    /// [`Failure::Input`] if the dataset is not found, has changed, or does not fit into `memory` bytes.
    pub fn dataset(&self, folders: &[PathBuf], memory: u64) -> Result<Refound, Failure> {
        let source: DatasetSource = self.manifest.experiment.dataset().map_err(|error| {
            Failure::Input(format!("{}: its dataset: {error}", self.folder.join("manifest.json").display()))
        })?;
        match source {
            DatasetSource::File(named) => self.of_files(places(&named, &self.beside(), folders)?, memory),
            DatasetSource::Files(files) => self.of_files(self.beside_all(&files)?, memory),
            DatasetSource::Generated(generated) => self.drawn(&generated, memory),
        }
    }

    /// Generates a generated dataset again.
    fn drawn(&self, generated: &Generated, memory: u64) -> Result<Refound, Failure> {
        let record = &self.manifest.dataset;
        if generated.bytes() > memory {
            let message = format!("generating {} again takes {} bytes of memory", record.name, generated.bytes());
            return Err(Failure::Input(format!("{message}, but only {memory} are available")));
        }
        let found = LoadedDataset::draw(generated)?;
        if found.sha256 == record.sha256 {
            return Ok(Refound { found, file: None, is_sample: false });
        }
        let message =
            format!("this version of swath generates other vectors for {} than the version of the run", record.name);
        Err(Failure::Input(message + "; run the experiment again"))
    }

    /// The folders from which relative paths of the experiment may start.
    fn beside(&self) -> Vec<PathBuf> {
        let configs = self.manifest.config_paths(&self.folder);
        configs.iter().filter_map(|config| config.parent()).map(Path::to_owned).chain([PathBuf::new()]).collect()
    }

    /// The files of a dataset, seen from each folder in which all of them are.
    ///
    /// # Errors
    /// [`Failure::Input`] if there is no such folder.
    fn beside_all(&self, files: &FileSet) -> Result<Vec<Location>, Failure> {
        let seen = self.beside().into_iter().map(|folder| files.clone().beside(&folder));
        let (found, missing): (Vec<FileSet>, Vec<FileSet>) =
            seen.partition(|seen| seen.files().iter().all(|file| file.is_file()));
        if !found.is_empty() {
            return Ok(found.into_iter().map(Location::from).collect());
        }
        let lacking = missing.first().and_then(|seen| seen.files().into_iter().find(|file| !file.is_file()));
        let lacking = lacking.unwrap_or_default();
        Err(Failure::Input(format!("the dataset's file {} does not exist", lacking.display())))
    }

    /// Finds the dataset of the run among several.
    fn of_files(&self, places: Vec<Location>, memory: u64) -> Result<Refound, Failure> {
        let record = &self.manifest.dataset;
        let mut others = Vec::new();
        let capacity = Capacity::with_scratch(memory, None);
        for place in places {
            let sha256 = place.sha256().map_err(|error| Failure::Input(error.to_string()))?;
            // Files are read twice. Their content must be the same both times.
            let read = || match LoadedDataset::read(&place, &capacity) {
                Ok(found) if found.sha256 != sha256 => {
                    Err(Failure::Input(format!("the dataset {place} was replaced while it was read")))
                }
                other => other,
            };
            let file = match &place {
                Location::Path(path) => Some(path.clone()),
                Location::Files(_) => None,
            };
            if sha256 == record.sha256 {
                return Ok(Refound { found: read()?, file, is_sample: false });
            }
            let seed = self.results.seed;
            if LoadedDataset::sampled_sha256(&sha256, record.rows, seed) == record.sha256 {
                let found = read()?;
                if found.dataset.train.len() == record.rows {
                    return Ok(Refound { found, file, is_sample: false });
                }
                return Ok(Refound { found: found.sample(record.rows, seed, &capacity), file: None, is_sample: true });
            }
            others.push(place.to_string());
        }
        Err(Failure::Input(format!(
            "the SHA-256 of this run's dataset is {}, but these files have a different one: {}\n  \
             run the experiment again, or name the folder of the right file",
            record.sha256,
            others.join(", "),
        )))
    }
}

/// The files that may be the dataset, at least one. A path is tried relative to each of the folders `beside`.
///
/// # Errors
/// [`Failure::Input`] if there is no such file.
fn places(named: &str, beside: &[PathBuf], folders: &[PathBuf]) -> Result<Vec<Location>, Failure> {
    let mut found: Vec<_> = beside.iter().map(|beside| catalogue::resolve(named, beside, folders)).collect();
    if catalogue::is_path(named) {
        let stem = Path::new(named).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.push(catalogue::resolve(&stem, Path::new(""), folders));
    }
    let (places, missing): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
    let mut tried = BTreeSet::new();
    let new = |place: &Location| match place {
        Location::Path(path) => tried.insert(path.canonicalize().unwrap_or_else(|_| path.clone())),
        Location::Files(_) => true,
    };
    let places: Vec<Location> = places.into_iter().flatten().filter(new).collect();
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
