//! `swath datasets ground-truth`.

use crate::cli::places::Places;
use crate::cli::terminal::{note, print};
use clap::{Args, value_parser};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::clock::Moment;
use swath::config::Failure;
use swath::plan::{self, LoadedDataset};
use swath::progress::Progress;
use swath::{escape, interrupt};
use swath_algorithms::Base;
use swath_datasets::truth_in_parts::{compute, name};
use swath_datasets::{Dataset, DatasetError, ann_benchmarks, truth_file, whole_file};

/// Compute the true nearest neighbours of a dataset's queries, at any k
///
/// All cores compare every query with every base vector, exactly: in float64, ties by the lower row. Finished blocks of queries are
/// kept in OUTPUT.computed, so that the same command goes on where another was stopped.
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath datasets ground-truth glove-wordnet-20k glove-1000.hdf5 --k 1000
  swath datasets ground-truth my-vectors.hdf5 truth.ibin")]
pub struct Arguments {
    /// A dataset's name, or the path of its HDF5 file or folder
    dataset: PathBuf,
    /// The file to write: with `.hdf5` the dataset with these neighbours, with `.ibin` the neighbours alone, as
    /// big-ann-benchmarks stores them
    output: PathBuf,
    /// Neighbours of each query
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..))]
    k: u32,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl Arguments {
    /// Computes true neighbours, and writes them.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let Self { dataset, output, k, quiet } = self;
        let form = Form::of(&output)?;
        check_place(&output)?;
        let location = places.find(&dataset)?;
        let loaded = LoadedDataset::load(&location, places.resources())?;
        let LoadedDataset { sha256, mut dataset, notes, .. } = loaded;
        notes.iter().for_each(|text| note(text));
        let k = k as usize;
        if k > dataset.train.len() {
            let message =
                format!("{k} neighbours are asked for, but the dataset has {} base vectors", dataset.train.len());
            return Err(Failure::Input(message));
        }
        // Reading may take long, and another process may have finished meanwhile.
        refuse_existing(&output)?;
        let parts = name(&output);
        interrupt::say("stopped; the same command goes on where this one was".into());
        let progress = Progress::new(dataset.test.len(), quiet);
        let base = Base::new(dataset.train.clone(), dataset.distance);
        let (start, mut known) = (Moment::now(), None);
        let folder = parts.parent().map_or(Ok(()), whole_file::make_folder);
        let computed = folder.and_then(|()| {
            compute(&base, &dataset.test, k, &sha256, &parts, |done| {
                progress.answered(done - known.map_or(0, |(before, _)| before));
                known = Some((done, known.map_or(done, |(_, first)| first)));
            })
        });
        progress.finish();
        let (neighbors, kept) = computed.map_err(|error| unwritten(&parts, &error))?;
        dataset.neighbors = neighbors;
        let then = format!("move it away: the same command goes on with what {} keeps", escape::path(&parts));
        form.write(&output, &dataset).map_err(|error| unwritten_output(&error, &then))?;
        kept.discard().map_err(|error| unwritten(&parts, &error))?;
        let before = known.map_or(0, |(_, first)| first);
        let resumed = if before > 0 { format!(", {before} of them computed before") } else { String::new() };
        print(&format!(
            "wrote the {k} nearest of {} queries to {}{resumed}; {:.1} s\n",
            dataset.test.len(),
            escape::path(&output),
            start.elapsed()
        ))
    }
}

/// What is written.
#[derive(Clone, Copy)]
enum Form {
    /// The dataset.
    Hdf5,
    /// Its neighbours alone.
    Ibin,
}

impl Form {
    fn of(output: &Path) -> Result<Self, Failure> {
        match output.extension().unwrap_or_default().to_string_lossy().to_lowercase().as_str() {
            "hdf5" | "h5" => Ok(Self::Hdf5),
            "ibin" => Ok(Self::Ibin),
            _ => Err(Failure::Input(format!(
                "{}: the name of the file to write says what it is: .hdf5 for the dataset with these neighbours, .ibin for the \
                 neighbours alone",
                escape::path(output)
            ))),
        }
    }

    fn write(self, output: &Path, dataset: &Dataset) -> Result<(), DatasetError> {
        match self {
            Self::Hdf5 => ann_benchmarks::write_new(output, dataset),
            Self::Ibin => truth_file::write(output, &dataset.neighbors)
                .map_err(|source| DatasetError::Io { path: output.to_owned(), source }),
        }
    }
}

/// Refuses to replace a file, and a place where none can be written, before anything is computed.
pub(super) fn check_place(output: &Path) -> Result<(), Failure> {
    refuse_existing(output)?;
    whole_file::can_write(output).map_err(|error| Failure::Run(format!("{}: {error}", escape::path(output))))
}

/// Refuses to replace a file.
fn refuse_existing(output: &Path) -> Result<(), Failure> {
    if std::fs::symlink_metadata(output).is_ok() {
        return Err(Failure::Input(format!(
            "{} exists already; name another file, or remove it",
            escape::path(output)
        )));
    }
    Ok(())
}

/// Why a dataset was not written. `then` says what to do about a file that appeared since the start: it is not replaced.
pub(super) fn unwritten_output(error: &DatasetError, then: &str) -> Failure {
    match error {
        DatasetError::Io { path, source } if source.kind() == ErrorKind::AlreadyExists => {
            Failure::Input(format!("{} has appeared since the start, and is not replaced; {then}", escape::path(path)))
        }
        DatasetError::Io { path, source } => Failure::Run(format!("{}: {source}", escape::path(path))),
        error => plan::dataset_failure(error),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let message = format!("{}: {error}", escape::path(path));
    if error.kind() == ErrorKind::InvalidData { Failure::Input(message) } else { Failure::Run(message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_no_wrong_input_but_a_file_in_the_way_is() {
        let of = |kind: ErrorKind| {
            let error = DatasetError::Io { path: "x.hdf5".into(), source: kind.into() };
            unwritten_output(&error, "name another")
        };
        assert!(matches!(of(ErrorKind::StorageFull), Failure::Run(said) if said.starts_with("x.hdf5: ")));
        let there = "x.hdf5 has appeared since the start, and is not replaced; name another";
        assert!(matches!(of(ErrorKind::AlreadyExists), Failure::Input(said) if said == there));
        let busy = unwritten(Path::new("x"), &ErrorKind::ResourceBusy.into());
        let foreign = unwritten(Path::new("x"), &ErrorKind::InvalidData.into());
        assert!(matches!((busy, foreign), (Failure::Run(_), Failure::Input(_))));
    }
}
