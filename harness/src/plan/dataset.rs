//! An experiment's dataset: located by its name or path, read or drawn. A file that changes while it is read is refused.

use super::{Outside, at_dataset, missing_dataset};
use crate::clock;
use crate::config::{DatasetSource, Failure, Invalid, Problem, YamlSource};
use std::path::{Path, PathBuf};
use swath_algorithms::random;
use swath_datasets::prepared::{self, KeptDataset, KeptDatasets, Made, Origin, PreparedHeader, SourceFile};
use swath_datasets::{Capacity, Dataset, DatasetError, FileSet, Generated, Location, catalogue, ground_truth, sha256};

/// Where datasets are looked for and kept, and how much memory they may take.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    /// Folders with datasets.
    pub data_folders: &'a [PathBuf],
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of addresses, in which mapped files count, if they are limited (`ulimit -v`).
    pub addresses: Option<u64>,
    /// Where prepared datasets are kept, if anywhere.
    pub kept: Option<&'a KeptDatasets>,
    /// Where arrays are put that do not fit into memory; the system's folder for temporary files if `None`.
    pub scratch: Option<&'a Path>,
    /// By what programs outside are started.
    pub outside: Outside<'a>,
}

impl Resources<'_> {
    /// No folders, and nothing is kept.
    pub fn of_memory(memory: u64) -> Self {
        Self { data_folders: &[], memory, addresses: None, kept: None, scratch: None, outside: Outside::default() }
    }

    /// The memory, and the folder for what does not fit.
    pub fn capacity(&self) -> Capacity {
        Capacity::with_scratch(self.memory, self.scratch)
    }

    /// The same, but nothing is kept unless `may_keep`, and nothing that is kept is used.
    #[must_use]
    pub fn keeping_if(self, may_keep: bool) -> Self {
        Self { kept: self.kept.filter(|_| may_keep), ..self }
    }
}

/// A dataset that was read or drawn.
pub struct LoadedDataset {
    /// Its name in files and plots.
    pub name: String,
    /// SHA-256 of its file, or of the description from which it was drawn or sampled.
    pub sha256: String,
    /// Its content.
    pub dataset: Dataset,
    /// The file from which it is mapped, if it is kept.
    pub file: Option<PathBuf>,
    /// What a user should know of it; `None` until it is examined.
    pub doubts: Option<Vec<String>>,
    /// Why it had to be prepared again, or is not kept.
    pub notes: Vec<String>,
}

impl LoadedDataset {
    /// A dataset in memory.
    pub fn new(name: String, sha256: String, dataset: Dataset) -> Self {
        Self { name, sha256, dataset, file: None, doubts: None, notes: Vec::new() }
    }

    /// Maps the dataset at a location if it is kept and has not changed; otherwise [reads](Self::read) it, and keeps it.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn load(location: &Location, resources: Resources<'_>) -> Result<Self, Failure> {
        let loaded = Self::load_kept(location, resources)?;
        // A file that bears two names is kept once.
        Ok(Self { name: location.name(), ..loaded })
    }

    fn load_kept(location: &Location, resources: Resources<'_>) -> Result<Self, Failure> {
        let capacity = resources.capacity();
        let Some(folder) = resources.kept else { return Self::read(location, &capacity) };
        // Hashing may take long: a file that cannot be read is refused first.
        location.sizes(&capacity).map_err(|error| dataset_failure(&error))?;
        let before = sources(location)?;
        let origin = Origin::Location(location);
        let (found, mut notes) = find(folder, origin);
        if let Some(found) = found {
            if found.is_current(&before) {
                return Ok(Self::of_kept(found));
            }
            let sha256 = steady(location, || content(location))?;
            if sha256 == found.header.sha256 {
                // Only the stamps are others.
                return Ok(Self { notes, ..Self::of_kept(found) }.keep(folder, origin, &before));
            }
            notes.push(format!("{location}: changed since the dataset was prepared, which is prepared again"));
        }
        let read = Self::read(location, &capacity)?;
        Ok(Self { notes, ..read }.keep(folder, origin, &before))
    }

    /// Reads a file, or several.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn read(location: &Location, capacity: &Capacity) -> Result<Self, Failure> {
        // Hashing may take long: a file that cannot be read is refused first.
        location.sizes(capacity).map_err(|error| dataset_failure(&error))?;
        let (sha256, dataset) = steady(location, || {
            let (before, young) = (content(location)?, sources(location)?.iter().any(|file| !file.stamp.is_settled()));
            let dataset = location.read(capacity).map_err(|error| dataset_failure(&error))?;
            // A file that was just written may be written again without a new stamp.
            if young && content(location)? != before {
                return Err(unsteady(location));
            }
            Ok((before, dataset))
        })?;
        Ok(Self::new(location.name(), sha256, dataset))
    }

    /// Maps what [`draw`](Self::draw) draws if it is kept; otherwise draws it, and keeps it.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn drawn(generated: &Generated, resources: Resources<'_>) -> Result<Self, Failure> {
        let key = generated.key();
        let drawn = Self::found_or_made(&key, &sha256::of(&key), resources, || Self::draw(generated))?;
        Ok(Self { name: generated.name(), ..drawn })
    }

    /// Draws points.
    ///
    /// # Errors
    /// [`Failure::Input`].
    pub fn draw(generated: &Generated) -> Result<Self, Failure> {
        let dataset = generated.dataset().map_err(|error| Failure::Input(error.to_string()))?;
        Ok(Self::new(generated.name(), sha256::of(generated.key()), dataset))
    }

    /// Maps what `description` tells how to make if it is kept, with the SHA-256 that it must have; otherwise makes it, and
    /// keeps it.
    fn found_or_made(
        description: &str,
        sha256: &str,
        resources: Resources<'_>,
        make: impl FnOnce() -> Result<Self, Failure>,
    ) -> Result<Self, Failure> {
        let Some(folder) = resources.kept else { return make() };
        let origin = Origin::Description(description);
        let (found, mut notes) = find(folder, origin);
        if let Some(found) = found {
            if found.header.sha256 == sha256 {
                return Ok(Self::of_kept(found));
            }
            notes.push(format!("{} holds another dataset, which is prepared again", found.path.display()));
        }
        let mut made = make()?;
        made.notes.extend(notes);
        Ok(made.keep(folder, origin, &[]))
    }

    fn of_kept(kept: KeptDataset) -> Self {
        let PreparedHeader { name, sha256, doubts, .. } = kept.header;
        Self { file: Some(kept.path), doubts: Some(doubts), ..Self::new(name, sha256, kept.dataset) }
    }

    /// Keeps it, and maps it from the file: what it takes in memory until then is free afterwards. A dataset that cannot be kept
    /// stays as it is, with a note.
    fn keep(mut self, folder: &KeptDatasets, origin: Origin<'_>, sources: &[SourceFile]) -> Self {
        let doubts = self.doubts.take().unwrap_or_else(|| ground_truth::examine(&self.dataset));
        let Self { name, sha256, dataset, .. } = &self;
        let made = Made { name, sha256, sources, doubts: &doubts, dataset };
        let kept = folder.keep(origin, &made);
        self.doubts = Some(doubts);
        match kept {
            Ok(kept) => {
                let mut notes = self.notes;
                let mapped = Self::of_kept(kept);
                notes.extend(mapped.notes);
                Self { notes, ..mapped }
            }
            Err(error) => {
                let place = folder.folder().display();
                self.notes.push(format!("the prepared dataset is not kept in {place}: {error}"));
                self
            }
        }
    }

    /// The SHA-256 of a seeded sample of `rows` base vectors of the file with this SHA-256.
    pub fn sampled_sha256(sha256: &str, rows: usize, seed: u64) -> String {
        sha256::of(format!("{sha256} {rows} rows, seed {seed}"))
    }

    /// Maps what [`sample`](Self::sample) takes if it is kept; otherwise samples it, and keeps it.
    ///
    /// # Errors
    /// [`Failure::Run`] if it is kept, and damaged: a sample would be kept as if it were right.
    pub fn sampled(self, rows: usize, seed: u64, resources: Resources<'_>) -> Result<Self, Failure> {
        let (name, before) = (self.name.clone(), self.notes.clone());
        let sha256 = Self::sampled_sha256(&self.sha256, rows, seed);
        let description = format!("sample {sha256}");
        let sampled = Self::found_or_made(&description, &sha256, resources, || {
            if resources.kept.is_some_and(KeptDatasets::is_damaged) {
                return Err(Failure::Run("a prepared dataset is damaged".into()));
            }
            Ok(Self { notes: Vec::new(), ..self }.sample(rows, seed, &resources.capacity()))
        })?;
        Ok(Self { name, notes: [before, sampled.notes].concat(), ..sampled })
    }

    /// A seeded sample of its base vectors: `rows` of them, or all if there are fewer.
    #[must_use]
    pub fn sample(self, rows: usize, seed: u64, capacity: &Capacity) -> Self {
        let mut order: Vec<usize> = (0..self.dataset.train.len()).collect();
        random::shuffle(&mut random::stream(seed, "sweep", 0), &mut order);
        order.truncate(rows);
        order.sort_unstable();
        let sha256 = Self::sampled_sha256(&self.sha256, rows, seed);
        // About as many bytes as the sample's share.
        let bytes = self.dataset.train.bytes() as u128 * order.len() as u128 / self.dataset.train.len().max(1) as u128;
        let dataset = self.dataset.subset_in(&order, &capacity.space_for(bytes as u64));
        Self { dataset, sha256, file: None, doubts: None, ..self }
    }
}

/// A kept dataset, and a note if there is one that cannot be used.
fn find(folder: &KeptDatasets, origin: Origin<'_>) -> (Option<KeptDataset>, Vec<String>) {
    match folder.find(origin, clock::now()) {
        Ok(found) => (found, Vec::new()),
        Err(why) => (None, vec![why]),
    }
}

/// The SHA-256 of a dataset's files.
fn content(location: &Location) -> Result<String, Failure> {
    location.sha256().map_err(|error| dataset_failure(&error))
}

/// A dataset's files as they are now.
fn sources(location: &Location) -> Result<Vec<SourceFile>, Failure> {
    prepared::sources(location, clock::now()).map_err(|error| match error {
        DatasetError::Io { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
            Failure::Input(format!("the dataset {} does not exist", path.display()))
        }
        error => dataset_failure(&error),
    })
}

/// Reads files with `look`, which may open them more than once.
///
/// # Errors
/// `look` fails; or a file was changed or replaced meanwhile, so that the result may mix two files.
fn steady<T>(location: &Location, look: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // First: a missing file has a message of its own.
    let before = sources(location)?;
    let seen = look()?;
    let after = sources(location)?;
    let agree = |(a, b): (&SourceFile, &SourceFile)| a.path == b.path && a.stamp.agrees(&b.stamp);
    let is_steady = before.len() == after.len() && before.iter().zip(&after).all(agree);
    if is_steady { Ok(seen) } else { Err(unsteady(location)) }
}

/// The error for a file that changes while it is read.
fn unsteady(location: &Location) -> Failure {
    let message = format!("the dataset {location} was changed or replaced while it was read");
    Failure::Input(message + "\n  run again when nothing writes it any more")
}

/// The error for a dataset that has changed since the run began.
pub(super) fn changed(known: &str, sha256: &str) -> Failure {
    Failure::Input(format!("the dataset has changed since the run began (SHA-256 {known:.12} then, {sha256:.12} now)"))
}

/// What an experiment's dataset comes from.
pub(super) enum Found<'e> {
    /// Files, which are there.
    Read(Location),
    /// A description.
    Drawn(&'e Generated),
}

/// What the dataset of an experiment comes from; paths are seen from the experiment's folder.
pub(super) fn locate<'e>(
    dataset: &'e DatasetSource,
    source: &YamlSource,
    folders: &[PathBuf],
) -> Result<Found<'e>, Failure> {
    let beside = source.path().parent().unwrap_or(Path::new("")).to_owned();
    let named = match dataset {
        DatasetSource::File(named) => named,
        DatasetSource::Files(files) => return Ok(Found::Read(FileSet::clone(files).beside(&beside).into())),
        DatasetSource::Generated(generated) => return Ok(Found::Drawn(generated)),
    };
    let found = catalogue::resolve(named, &beside, folders).map_err(|not_found| {
        let help = missing_dataset::help(&not_found);
        let problem = help.iter().fold(Problem::new(at_dataset(), not_found.to_string()), Problem::help);
        Failure::from(Box::new(Invalid { source: source.clone(), problems: vec![problem] }))
    });
    found.map(Found::Read)
}

/// A dataset's file that cannot be read is wrong input, also if the file system refuses it.
pub fn dataset_failure(error: &DatasetError) -> Failure {
    Failure::Input(error.to_string())
}
