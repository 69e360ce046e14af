//! `swath datasets list`.

use crate::cli::places::Places;
use crate::cli::table::table;
use crate::cli::terminal::print;
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath_datasets::catalogue::{CATALOGUE, resolve};

/// List the datasets known by name, and whether they are on this machine
#[derive(Args)]
pub struct Arguments {}

impl Arguments {
    /// Lists the datasets.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        print(&list(&places.data))
    }
}

/// The datasets that are known by name.
fn list(folders: &[PathBuf]) -> String {
    let mut rows = vec![["name", "here", "distance", "about", "points", "queries", "dim"].map(str::to_owned).to_vec()];
    for entry in CATALOGUE {
        let found = resolve(entry.name, Path::new(""), folders).is_ok();
        let here = if found { "yes" } else { "no" };
        let mut cells = [entry.name, here, entry.distance, entry.about].map(str::to_owned).to_vec();
        cells.extend([entry.train, entry.test, entry.dim].map(|n| n.to_string()));
        rows.push(cells);
    }
    let mut text = table(&rows, 4..);
    let _ = writeln!(
        text,
        "\n{} is in the repository's datasets/data; elsewhere, give that folder with --data-dir or SWATH_DATA.\n\
         To get another dataset that is not here, download https://ann-benchmarks.com/NAME.hdf5 into a folder of --data-dir or\n\
         SWATH_DATA. To use any other HDF5 file of ann-benchmarks, give its path.",
        CATALOGUE[0].name
    );
    text
}
