//! `swath datasets convert`.

use super::files::FileOptions;
use super::ground_truth::{check_place, unwritten_output};
use crate::cli::places::Places;
use crate::cli::shown::Shown;
use crate::cli::terminal::{note, print, with_help};
use clap::{Args, value_parser};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::plan::{LoadedDataset, dataset_failure};
use swath::{escape, version};
use swath_algorithms::Unfit;
use swath_algorithms::params::Count;
use swath_datasets::transform::{self, Transformed};
use swath_datasets::{Dataset, Location, ann_benchmarks, format, whole_file};

/// Write a dataset of any format as HDF5, which ann-benchmarks and h5py read
///
/// The file keeps what was done, a line for each step: `swath datasets info` shows it, and the manifest of a run.
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath datasets convert --vectors docs.npy --queries queries.npy --distance angular docs.hdf5
  swath datasets convert --vectors docs.parquet#embedding --ids docs.parquet#_id \\
      --queries queries.npy --query-ids queries.txt --qrels test.tsv --distance angular docs.hdf5
  swath datasets convert glove-wordnet-20k small.hdf5 --subset 5000 --seed 1")]
pub struct Arguments {
    /// The dataset, by its name or path, unless its files are named by options; and the HDF5 file to write
    #[arg(value_name = "[DATASET] OUTPUT", required = true, num_args = 1..=2)]
    paths: Vec<PathBuf>,
    #[command(flatten, next_help_heading = "Files of a dataset")]
    files: FileOptions,
    #[command(flatten, next_help_heading = "Changes, in this order")]
    changes: Changes,
}

// No doc comment: clap would take it for the help of the command.
#[derive(Args)]
pub struct Changes {
    /// Divide vectors by their lengths
    #[arg(long)]
    normalize: bool,
    /// Keep the first of base points that are equal by then
    #[arg(long)]
    dedupe: bool,
    /// Keep a seeded sample of this many base points
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    subset: Option<u32>,
    /// Keep a seeded sample of this many queries
    #[arg(long, value_name = "M", value_parser = value_parser!(u32).range(1..))]
    subset_queries: Option<u32>,
    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Arguments {
    /// Writes a dataset as HDF5.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let Self { mut paths, files, changes } = self;
        let output = paths.pop().unwrap_or_default();
        check_output(&output)?;
        let location = match (files.files()?, paths.pop()) {
            (Some(files), None) => Location::from(files),
            (None, Some(dataset)) => places.find(&dataset)?,
            (Some(_), Some(_)) => {
                return Err(Failure::Input(
                    "name a dataset, or its files by --vectors and other options, not both".into(),
                ));
            }
            (None, None) => {
                return Err(Failure::Input(
                    "name a dataset before the file to write, or its files by --vectors, --queries and --distance"
                        .into(),
                ));
            }
        };
        let LoadedDataset { sha256, dataset, .. } = LoadedDataset::read(&location, &places.resources().capacity())?;
        let made = format!("swath {} converted {} (SHA-256 {sha256})", version::THIS, location.name());
        write(&output, dataset, made, &changes)
    }
}

/// Refuses an output that is there, that cannot be written, or that is not called as HDF5 files are.
pub fn check_output(output: &Path) -> Result<(), Failure> {
    let ending = output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !["hdf5", "h5"].contains(&ending.as_str()) {
        let message = format!("{}: the file to write comes last, and its name ends in .hdf5", escape::path(output));
        return Err(Failure::Input(message));
    }
    check_place(output)
}

/// Changes a dataset and writes it. Its history ends with how it was made, what was noted, and what was changed.
pub fn write(output: &Path, mut dataset: Dataset, made: String, changes: &Changes) -> Result<ExitCode, Failure> {
    dataset.notes.iter().for_each(|text| note(text));
    dataset.history.push(made);
    dataset.history.append(&mut dataset.notes);
    let dataset = changes.apply(dataset)?;
    let folder = output.parent().map_or(Ok(()), whole_file::make_folder);
    folder.map_err(|error| Failure::Run(format!("{}: {error}", escape::path(output))))?;
    let written = ann_benchmarks::write_new(output, &dataset);
    written.map_err(|error| unwritten_output(&error, "name another file, or remove it"))?;
    let header = format::header(output).map_err(|error| dataset_failure(&error))?;
    let init = Shown::new(&["init"]).path(output).whole();
    print(&format!(
        "wrote {}: {} base points of {} dimensions, {} queries, {}\nwrite an experiment: {init}\n",
        escape::path(output),
        header.train,
        header.dim,
        header.test,
        header.distance
    ))
}

impl Changes {
    /// No change.
    pub const NONE: Self = Self { normalize: false, dedupe: false, subset: None, subset_queries: None, seed: 0 };

    /// The changed dataset; each change is noted, and added to the history.
    fn apply(&self, mut dataset: Dataset) -> Result<Dataset, Failure> {
        let keep = |transformed: Transformed| {
            note(&transformed.note);
            let mut dataset = transformed.dataset;
            dataset.history.push(transformed.note);
            dataset
        };
        if self.normalize {
            let unfit = |unfit: Unfit| Failure::Input(with_help(unfit.message, &[unfit.help]));
            dataset = keep(transform::normalize(&dataset).map_err(unfit)?);
        }
        // Vectors that point the same way may be equal only now.
        if self.dedupe {
            dataset = keep(transform::dedupe(&dataset));
        }
        if self.subset.is_some() || self.subset_queries.is_some() {
            let count = |asked: Option<u32>| asked.and_then(|asked| Count::new(asked).ok());
            dataset = keep(transform::subset(&dataset, count(self.subset), count(self.subset_queries), self.seed));
        }
        Ok(dataset)
    }
}
