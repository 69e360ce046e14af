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
use swath_datasets::truth_in_parts::{compute, discard, name};
use swath_datasets::{Dataset, ann_benchmarks, truth_file, whole_file};

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
        refuse_existing(&output)?;
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
        dataset.neighbors = computed.map_err(|error| unwritten(&parts, &error))?;
        form.write(&output, &dataset)?;
        discard(&parts).map_err(|error| unwritten(&parts, &error))?;
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

    fn write(self, output: &Path, dataset: &Dataset) -> Result<(), Failure> {
        match self {
            Self::Hdf5 => ann_benchmarks::write(output, dataset).map_err(|error| plan::dataset_failure(&error)),
            Self::Ibin => truth_file::write(output, &dataset.neighbors).map_err(|error| unwritten(output, &error)),
        }
    }
}

/// Refuses to replace a file.
pub(super) fn refuse_existing(output: &Path) -> Result<(), Failure> {
    if std::fs::symlink_metadata(output).is_ok() {
        return Err(Failure::Input(format!(
            "{} exists already; name another file, or remove it",
            escape::path(output)
        )));
    }
    Ok(())
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let message = format!("{}: {error}", escape::path(path));
    if error.kind() == ErrorKind::InvalidData { Failure::Input(message) } else { Failure::Run(message) }
}
