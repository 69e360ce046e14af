//! `swath datasets import`.

use super::convert::{Changes, check_output, write};
use super::files::{distance, parts};
use crate::cli::places::Places;
use clap::{Args, Subcommand, value_parser};
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::plan::dataset_failure;
use swath::version;
use swath_algorithms::Distance;
use swath_datasets::files::beir;

/// Write what other projects keep in folders as one HDF5 file
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    project: Project,
}

#[derive(Subcommand)]
enum Project {
    // One line each.
    Beir(Beir),
}

/// A BEIR folder, as JSON lines or Parquet, with vectors of its documents and queries
///
/// Row i of the vectors belongs to document i of the corpus, and so for queries. The queries that the split judges are kept. Ids,
/// titles, texts and judgements are kept with them.
#[derive(Args)]
#[command(after_help = "\
Example:
  swath datasets import beir scifact --corpus-vectors docs.npy --query-vectors queries.npy \\
      --distance angular scifact.hdf5")]
struct Beir {
    /// The folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv
    folder: PathBuf,
    /// The HDF5 file to write
    output: PathBuf,
    /// Vectors of the corpus, in any format of `swath datasets convert`; FILE#NAME takes one of several arrays or columns
    #[arg(long, value_name = "FILE", required = true)]
    corpus_vectors: Vec<PathBuf>,
    /// Vectors of all queries, or of those that the split judges, in the order of queries.jsonl
    #[arg(long, value_name = "FILE", required = true)]
    query_vectors: Vec<PathBuf>,
    /// The distance: euclidean, angular, ip
    #[arg(long, value_parser = distance)]
    distance: Distance,
    /// The part of the judgements
    #[arg(long, default_value = "test")]
    split: String,
    /// True neighbours to compute for each query
    #[arg(long, default_value_t = 100, value_name = "K", value_parser = value_parser!(u32).range(1..))]
    neighbors: u32,
}

impl Arguments {
    /// Writes a dataset.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        match self.project {
            Project::Beir(arguments) => arguments.run(places),
        }
    }
}

impl Beir {
    fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let Self { folder, output, corpus_vectors, query_vectors, distance, split, neighbors } = self;
        check_output(&output)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let made = format!("swath {} imported the BEIR folder {name} ({split})", version::THIS);
        let (corpus_vectors, query_vectors) = (parts(&corpus_vectors), parts(&query_vectors));
        let neighbors = neighbors as usize;
        let beir = beir::Beir { folder, split, corpus_vectors, query_vectors, distance, neighbors };
        let dataset = beir.read(&places.resources().capacity()).map_err(|error| dataset_failure(&error))?;
        write(&output, dataset, made, &Changes::NONE)
    }
}
